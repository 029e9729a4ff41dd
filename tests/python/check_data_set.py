"""Compares a data set, read with h5py, with what the JSON file beside it says it holds.

usage: check_data_set.py FILE EXPECTED.json
EXPECTED: {"arrays": {path: {dtype, shape, labels, unlimited, blake3, texts, attributes}},
           "attributes": {path: {name: value}}, "scales": [[path, axis, scale path]]}
"""

import json
import sys

import h5py
import numpy as np
from blake3 import blake3

file, expected = h5py.File(sys.argv[1], "r"), json.load(open(sys.argv[2]))
faults = []


def check(what, found, wanted):
    if found != wanted:
        faults.append(f"{what}: {found!r} instead of {wanted!r}")


def plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


arrays = {}
file.visititems(lambda name, o: arrays.update({"/" + name: o}) if isinstance(o, h5py.Dataset) else None)
check("paths", sorted(arrays), sorted(expected["arrays"]))
for path, want in expected["arrays"].items():
    d = arrays[path]
    check(path + " shape", list(d.shape), want["shape"])
    check(path + " labels", [x.label for x in d.dims], want["labels"])
    check(path + " unlimited", [i for i, n in enumerate(d.maxshape or ()) if n is None], want["unlimited"])
    if want["dtype"] == "text":
        check(path + " type", tuple(h5py.check_string_dtype(d.dtype) or ()), ("utf-8", None))
        found = d.asstr()[()]
        check(path + " texts", [found] if d.ndim == 0 else found.tolist(), want["texts"])
    else:
        check(path + " type", d.dtype.str.lstrip("<|"), np.dtype(want["dtype"]).str.lstrip("<|"))
        check(path + " values", blake3(np.ascontiguousarray(d[()]).tobytes()).hexdigest(), want["blake3"])
    for name, value in want["attributes"].items():
        check(f"{path}@{name}", plain(d.attrs[name]), value)
for path, attributes in expected["attributes"].items():
    for name, value in attributes.items():
        check(f"{path}@{name}", plain(file[path].attrs[name]), value)
for path, axis, scale in expected["scales"]:
    check(f"{path} scale of axis {axis}", [s.name for s in file[path].dims[axis].values()], [scale])
print("\n".join(faults) or "as expected")
sys.exit(bool(faults))
