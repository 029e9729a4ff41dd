"""Opens a data set and says what it holds. usage: demo.py FILE"""

import sys
from collections import Counter

import h5py
import numpy as np

with h5py.File(sys.argv[1], "r") as f:
    y = f["outputs/fields"]
    axes = ", ".join(f"{d.label} {n}" for d, n in zip(y.dims, y.shape))
    names = f["parameters/params"].attrs["names"]
    split = f["metadata/split"].asstr()[:]
    policy = f["metadata/evolution_policies"].asstr()[:]
    sound = f["metadata/valid"][:] == 0

    print(f"{sys.argv[1]}: {y.dtype}, {axes}")
    print("sampled:  " + ", ".join(names))
    for name, values in [("splits", split), ("policies", policy)]:
        print(f"{name + ':':9} " + ", ".join(f"{n} {v}" for v, n in Counter(values).most_common()))

    # How far apart the noise drives the realizations of the first operator by the end.
    end = y[0].reshape(y.shape[1], -1, *y.shape[-3:])[:, -1].astype(np.float64)
    print(f"sound:    {sound.mean():.1%} of {sound.size} states")
    print(f"spread:   {end.std(axis=0).mean():.2g} between realizations of operator 0 at the end, "
          f"where states have standard deviation {end.std():.2g}")  # fmt: skip
