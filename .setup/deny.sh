#!/usr/bin/env bash
# Looks at what is built in: faults that are known, licences, versions, sources (.cargo/deny.toml). Installs
# cargo-deny into .tools first, built quickly rather than fast.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2
tool=.tools/bin/cargo-deny
if ! "$tool" --version 2>/dev/null | grep -qF "$version"; then
  echo "building cargo-deny $version into .tools (two minutes)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install cargo-deny --version "$version" --locked --quiet --no-default-features \
    --root .tools --target-dir target/deny
  rm -rf target/deny
fi
deny=("$tool" --config .cargo/deny.toml)
"${deny[@]}" --offline check licenses bans sources
# The list of known faults is a repository on GitHub, which some machines cannot reach.
if timeout 120 "${deny[@]}" fetch db >/dev/null 2>&1; then
  "${deny[@]}" check advisories
elif [ -n "${SPINLOCK_REQUIRE_ADVISORIES:-}" ]; then
  echo "the list of known faults (RustSec) cannot be fetched" >&2
  exit 1
else
  echo "WARNING: advisories were NOT checked: the list of known faults (RustSec) cannot be fetched" >&2
fi
