#!/usr/bin/env bash
# Builds an experiment twice on CUDA from empty caches: the digests must be equal. Then once on the CPU,
# whose states must be as sound. From the root of the repository; `make test-gpu` runs it.
set -euo pipefail
cd "$(dirname "$0")/../.."
experiment=${1:-experiments/quickstart}
spinlock=target/release/spinlock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build() { # name, device
  "$spinlock" build "$experiment" --device "$2" --cache "$work/$1" --force --json \
    --set "dataset.output_path=datasets/test-gpu-$1.h5" > "$work/$1.json"
  python3 -c 'import json, sys; r = json.load(open(sys.argv[1]))
print(r["outputs"][0]["digest"], "%.2f s" % r["wall_s"])' "$work/$1.json"
}
first=$(build first cuda)
second=$(build second cuda)
cpu=$(build cpu cpu)
rm -f datasets/test-gpu-{first,second,cpu}.h5
printf 'cuda  %s\ncuda  %s\ncpu   %s\n' "$first" "$second" "$cpu"
if [ "${first%% *}" != "${second%% *}" ]; then
  echo "two builds on CUDA differ" >&2
  exit 1
fi
if [ "${first%% *}" = "${cpu%% *}" ]; then
  echo "CUDA gave the bytes of the CPU: was it used?" >&2
  exit 1
fi
