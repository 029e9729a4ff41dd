#!/usr/bin/env bash
# Puts the Python packages of .setup/python.txt into .python/ of the checkout; no virtual environment
# is needed, so a Python without `venv` will do. Does nothing if they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
cmp -s .setup/python.txt .python/installed.txt && exit 0
echo "fetching cmake, h5py, numpy, scipy, blake3" >&2
rm -rf .python
python3 -m pip install --quiet --only-binary=:all: --disable-pip-version-check --no-warn-script-location \
  --root-user-action=ignore --target .python -r .setup/python.txt
cp .setup/python.txt .python/installed.txt
