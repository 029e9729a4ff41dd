#!/usr/bin/env bash
# Puts the pinned libtorch into .libtorch/ of the checkout, digests checked; does nothing if it is there.
#
# The wheels are the only published x86-64 build. On a machine without an NVIDIA driver only the CPU
# library is kept (`libtorch.so` becomes a linker script, so nothing asks for CUDA); with a driver, or
# with SPINLOCK_CUDA=1, the CUDA libraries are unpacked beside it and the worker opens them at run time.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.11.0
flavour=cpu
if [ "${SPINLOCK_CUDA:-}" = 1 ] || { [ -z "${SPINLOCK_CUDA:-}" ] && [ -e /proc/driver/nvidia/version ]; }; then
  flavour=cuda
fi
have=$(cat .libtorch/flavour 2>/dev/null || true)
if [ "$(cat .libtorch/build-version 2>/dev/null)" = "$version" ] &&
   { [ "$have" = "$flavour" ] || [ "$have" = cuda ]; }; then
  exit 0
fi
echo "fetching libtorch $version ($flavour)" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() {
  python3 -m pip download --quiet --no-deps --only-binary=:all: --no-cache-dir --require-hashes \
    --disable-pip-version-check -d "$work" "$@"
}
fetch --platform manylinux_2_28_x86_64 --python-version 311 -r .setup/libtorch-cpu.txt
fetch -r .setup/libtorch-cudart.txt
[ "$flavour" = cpu ] || fetch -r .setup/libtorch-cuda.txt
python3 .setup/unpack_libtorch.py "$work" .libtorch.part "$version" "$flavour"
rm -rf .libtorch
mv .libtorch.part .libtorch
