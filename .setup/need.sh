#!/usr/bin/env bash
# Names every tool that must be on the machine beforehand and is not, with how to get it.
set -u
missing=0
need() { # COMMAND WHAT HOW
  command -v "$1" >/dev/null 2>&1 && return
  echo "missing: $2 (\`$1\`)" >&2
  echo "  get it: $3" >&2
  missing=1
}
need cargo "a Rust toolchain" "https://rustup.rs, then open a new shell"
need cc "a C compiler" "Debian/Ubuntu: apt-get install build-essential; Fedora: dnf install gcc gcc-c++"
need c++ "a C++ compiler" "Debian/Ubuntu: apt-get install build-essential; Fedora: dnf install gcc gcc-c++"
need python3 "Python 3.11 or newer" "Debian/Ubuntu: apt-get install python3 python3-pip"
if command -v python3 >/dev/null 2>&1; then
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "missing: Python 3.11 or newer (\`python3\` is $(python3 --version 2>&1))" >&2
    missing=1
  fi
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "missing: pip for python3" >&2
    echo "  get it: Debian/Ubuntu: apt-get install python3-pip; else python3 -m ensurepip" >&2
    missing=1
  fi
fi
case "$(uname -sm)" in
  "Linux x86_64") ;;
  *) echo "unsupported machine: $(uname -sm); spinlock runs on Linux x86-64" >&2; missing=1 ;;
esac
[ "$missing" = 0 ] || { echo "install what is missing, then run make again" >&2; exit 3; }
