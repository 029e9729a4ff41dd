"""Computes some features of a data set again and compares them with its tables.

usage: check_features.py FILE
"""

import sys

import h5py
import numpy as np

faults = []


def check(what, found, wanted, tolerance=2e-5):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    size = np.nanmax(abs(wanted))
    if found.shape != wanted.shape or not np.allclose(found, wanted, tolerance, 1e-3 * tolerance * size):
        faults.append(f"{what}: {found.ravel()[:4]} instead of {wanted.ravel()[:4]}")


def table(group, array="features"):
    """Columns by name, and their codes."""
    values, names = group[array][:], group[array].attrs["names"]
    codes = group["validity" if array == "features" else array + "_validity"][:]
    if (np.isnan(values) != (codes != 0)).any():
        faults.append(f"{group.name}/{array}: a NaN without a code, or a code beside a number")
    return {n: values[..., i] for i, n in enumerate(names)}, {n: codes[..., i] for i, n in enumerate(names)}


with h5py.File(sys.argv[1], "r") as f:
    u = f["outputs/fields"][:].astype(float)  # (N, M, T, C, H, W)
    sdf = f["features/sdf"]
    steps, _ = table(sdf["per_timestep"])
    spreads, _ = table(sdf["per_timestep"], "realization_std")
    paths, codes = table(sdf["per_trajectory"])
    blocks, _ = table(sdf["aggregated"])

mean = u.mean((-2, -1)).mean(-1)  # (N, M, T)
check("spatial_mean", steps["spatial_mean"], mean.mean(1))
check("spatial_mean, spread", spreads["spatial_mean"], mean.std(1, ddof=1))
deviation = u.std((-2, -1), ddof=1).mean(-1)
check("spatial_std", steps["spatial_std"], deviation.mean(1))
check("spatial_max", steps["spatial_max"], u.max((-2, -1)).mean(-1).mean(1))
lap = sum(np.roll(u, k, a) for k in (1, -1) for a in (-1, -2)) - 4 * u
check("laplacian_energy", steps["laplacian_energy"], (lap**2).mean((-2, -1)).mean(-1).mean(1))
l1 = abs(u).mean((-2, -1))  # (N, M, T, C)
drift = ((l1[:, :, -1] - l1[:, :, 0]) / (u.shape[2] - 1)).mean(-1)
check("L1_mean_drift_raw", paths["L1_mean_drift_raw"], drift)
check("mean of it", blocks["mean_L1_mean_drift_raw"], drift.mean(1))
check("std of it", blocks["std_L1_mean_drift_raw"], drift.std(1, ddof=1), 1e-3)
lipschitz = paths["lipschitz_eps_1e-03"]
if not (lipschitz == lipschitz[:, :1]).all() or not (lipschitz > 0).all():
    faults.append("the operator's own features differ between realizations, or are missing")
if not (codes["L2_monotonicity_raw"] == 6).all():
    faults.append("an excluded feature is not marked as not requested")
if faults:
    sys.exit("\n".join(faults))
print(f"{len(steps)} + {len(paths)} columns, {len(blocks)} aggregated")
