#!/usr/bin/env bash
# Runs the fuzzers one after the other, each until it has done RUNS runs or EACH seconds are over, and prints a
# table. TARGETS names some of them. What is found lies in tests/fuzz/found: reduce it, mend the fault, and keep
# it in tests/fuzz/corpus. The last row is of data sets, which a fuzzer in one process cannot survive: random
# changes of a small file, given to the program itself.
set -euo pipefail
cd "$(dirname "$0")"
runs=${RUNS:-1000000}
seconds=${EACH:-300}
sancov=(-Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  sancov+=("-Cllvm-args=-sanitizer-coverage-$option")
done
host=$(rustc -vV | sed -n 's/^host: //p')
# Only with a target named are build scripts left as they are.
RUSTFLAGS="${sancov[*]} --cfg fuzzing" cargo build --release --locked --quiet --target "$host"
fuzzer=target/$host/release/spinlock-fuzz
mkdir -p found
# Thousands of small files a second are made for the targets of the cache.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
failed=0
printf '%-14s %10s %8s %9s %9s\n' target runs seconds runs/s findings
row() { printf '%-14s %10s %8s %9s %9s\n' "$1" "$2" "$3" "$(($2 / ($3 > 0 ? $3 : 1)))" "$4"; }
for folder in corpus/*/; do
  name=$(basename "$folder")
  if [ -n "${TARGETS:-}" ] && [[ " $TARGETS " != *" $name "* ]]; then continue; fi
  work=$(mktemp -d)
  begin=$(date +%s)
  findings=0
  SPINLOCK_FUZZ=$name "$fuzzer" "$work" "$folder" -runs="$runs" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -max_len=8192 -artifact_prefix="found/$name-" -print_final_stats=1 \
    >"found/$name.log" 2>&1 || findings=1
  done=$(sed -n 's/^stat::number_of_executed_units: *//p' "found/$name.log")
  row "$name" "${done:-0}" "$(($(date +%s) - begin))" "$findings"
  rm -rf "$work"
  failed=$((failed + findings))
done
if [ -z "${TARGETS:-}" ] || [[ " $TARGETS " == *" dataset "* ]]; then
  begin=$(date +%s)
  findings=0
  (cd ../.. && SPINLOCK_MUTATIONS_S=$seconds cargo test --release --locked --quiet --test it -- \
    --exact hostile::no_mutation_of_a_data_set_ends_the_tool_by_a_signal --nocapture) \
    >found/dataset.log 2>&1 || findings=1
  done=$(sed -n 's/^\([0-9]*\) mutations.*/\1/p' found/dataset.log)
  row dataset "${done:-0}" "$(($(date +%s) - begin))" "$findings"
  failed=$((failed + findings))
fi
if [ "$failed" -gt 0 ]; then
  echo "something was found: see tests/fuzz/found" >&2
  exit 1
fi
