"""Golden values of the category `causality`, from its definitions with NumPy and SciPy.

usage: python3 tests/golden/features_causality.py > tests/golden/features_causality.json
"""

import json
import warnings
from itertools import permutations

import numpy as np
from features_states import LONG, ROLLOUTS, SHAPE, rollout
from features_temporal import delays, separations, window
from scipy import stats

warnings.simplefilter("ignore", stats.ConstantInputWarning)
EPS, BINS, ORDER = 1e-8, 3, 2


def central(u):
    """Differences along x and y, on the last two axes."""
    return tuple((np.roll(u, -1, a) - np.roll(u, 1, a)) / 2 for a in (-1, -2))


def entropy(*symbols):
    _, counts = np.unique(np.stack(symbols), axis=1, return_counts=True)
    return stats.entropy(counts)


def transfer(x, y):
    """Of symbols: x are those at t, y those at t and after."""
    now, after = y[:-1], y[1:]
    return entropy(after, now) - entropy(now) - entropy(after, now, x) + entropy(now, x)


def effective(x, y):
    bins = lambda v: ((stats.rankdata(v) - 0.5) * BINS / len(v)).astype(int)
    x, y = bins(x)[:-1], bins(y)
    shifted = [transfer(np.roll(x, -(q * len(x) // 20)), y) for q in range(1, 20)]
    return transfer(x, y) - np.mean(shifted)


def transfer_compat(x, y):
    def bins(v):
        part = np.float32(BINS - 1) * np.float32(v - v.min()) / (np.float32(np.ptp(v)) + np.float32(EPS))
        return np.minimum(np.floor(part), BINS - 1)

    return transfer(bins(x)[:-1], bins(y))


def granger(x, y):
    T = len(y)
    past = lambda v: [v[ORDER - k : T - k] for k in range(1, ORDER + 1)]
    rss = lambda columns: np.linalg.lstsq(np.stack([np.ones(T - ORDER), *columns], 1), y[ORDER:])[1][0]
    return np.log(rss(past(y)) / rss(past(y) + past(x)))


def granger_compat(x, y):
    before, own = slice(ORDER - 1, -1), y[ORDER:]
    mse = lambda forecast: ((own - forecast) ** 2).mean()
    alone, both = mse(y[before]), mse((y[before] + x[before]) / 2)
    return (alone - both) / (alone + EPS)


def prediction(y, lag):
    count = len(y) - 2 - lag
    d = separations(y, count, window(y))
    near = np.isfinite(d).any(1)
    return abs(y[2 + lag :][near] - y[2 + lag :][d.argmin(1)][near]).mean()


def velocity(u, v):
    """Least squares of v - u + w . grad of either, by stacking both."""
    (ax, ay), (bx, by) = central(u), central(v)
    g = np.concatenate([np.stack([ax.ravel(), ay.ravel()], 1), np.stack([bx.ravel(), by.ravel()], 1)])
    return np.linalg.lstsq(g, np.tile((u - v).ravel(), 2), rcond=3e-5)[0]


def pc(x, y):
    return np.cov(x, y, ddof=0)[0, 1] / ((x.std(ddof=1) + EPS) * (y.std(ddof=1) + EPS))


def standard(u):
    """All features of the states (T, C, H, W)."""
    T, C = u.shape[:2]
    ys, out = u.mean((2, 3)).T, {}
    pairs = list(permutations(range(C), 2))
    triangle = [(i, j) for i, j in pairs if i < j]
    for lag in (1, 2, 3):
        r = lambda i, j: stats.pearsonr(ys[i][: T - lag], ys[j][lag:])[0]
        a = [abs(r(i, j) - r(j, i)) for i, j in triangle]
        out[f"lag_corr_asymmetry_mean_lag{lag}"] = np.mean(a)
        out[f"lag_corr_asymmetry_max_lag{lag}"] = max(a)
    for lag in (1, 2):
        if T < 20:
            out |= {f"pred_error_{k}_lag{lag}": None for k in ("ratio", "diff")}
            continue
        f, b = (np.array([prediction(y[::s].copy(), lag) for y in ys]) for s in (1, -1))
        out[f"pred_error_ratio_lag{lag}"] = (f / b).mean()
        out[f"pred_error_diff_lag{lag}"] = ((f - b) / ys.std(1)).mean()
    d = np.diff(ys)
    out["time_irreversibility"] = (d**3).mean()
    out["time_asymmetry_index"] = ((d**3).mean(1) / (d**2).mean(1) ** 1.5).mean()
    v = np.array([[velocity(u[t, c], u[t + 1, c]) for t in range(T - 1)] for c in range(C)])
    s = (v**2).sum(1)
    out["spatial_flow_magnitude"] = np.hypot(v[..., 0], v[..., 1]).mean()
    out["spatial_flow_anisotropy"] = ((s[:, 0] - s[:, 1]) / s.sum(1)).mean()
    for name, f, enough in (
        ("transfer_entropy", effective, T - 1 >= BINS**3),
        ("granger_score", granger, T - ORDER >= 2 * (1 + 2 * ORDER)),
    ):
        if enough:
            m = {(i, j): f(ys[i], ys[j]) for i, j in pairs}
            three = np.mean(list(m.values())), max(m.values()), np.mean([abs(m[i, j] - m[j, i]) for i, j in triangle])
        else:
            three = [None] * 3
        out |= {f"{name}_{k}": v for k, v in zip(("mean", "max", "asymmetry"), three)}
    return out


def compat(u):
    T, C = u.shape[:2]
    ys, out = u.mean((2, 3)).T, {}
    pairs = list(permutations(range(C), 2))
    for lag in (1, 2, 3):
        a = [pc(ys[i][: T - lag], ys[j][lag:]) - pc(ys[i][lag:], ys[j][: T - lag]) for i, j in pairs]
        out[f"lag_corr_asymmetry_mean_lag{lag}"] = np.mean(a)
        out[f"lag_corr_asymmetry_max_lag{lag}"] = np.abs(a).max()
    for lag in (1, 2):
        f = abs(ys[:, lag:] - ys[:, : T - lag]).mean(1)
        b = abs(ys[:, : T - lag] - ys[:, lag:]).mean(1)
        out[f"pred_error_ratio_lag{lag}"] = (f / (b + EPS)).mean()
        out[f"pred_error_diff_lag{lag}"] = (f - b).mean()
    d = np.diff(ys)
    odd = (d**3).mean(1) - (-d[:, ::-1] ** 3).mean(1)
    out["time_irreversibility"] = odd.mean()
    out["time_asymmetry_index"] = (odd / (ys.var(1, ddof=1) + EPS)).mean()
    F = np.array([[[pc(g.ravel(), u[t + 1, c].ravel()) for g in central(u[t, c])] for t in range(T - 1)] for c in range(C)])
    x, y = F[..., 0], F[..., 1]
    out["spatial_flow_magnitude"] = np.sqrt(x**2 + y**2 + EPS).mean()
    out["spatial_flow_anisotropy"] = (abs(x) / (abs(y) + EPS)).mean()
    for name, f in (("transfer_entropy", transfer_compat), ("granger_score", granger_compat)):
        m = [f(ys[i], ys[j]) for i, j in pairs]
        out |= {f"{name}_mean": np.mean(m), f"{name}_max": max(m), f"{name}_asymmetry": np.std(m, ddof=1)}
    return out


def table(of, shape):
    # What cancels is written as the zero it is.
    tidy = lambda v: None if v is None else 0.0 if abs(v) < 1e-14 else float(f"{v:.9g}")
    rows = [of(rollout(r, shape).astype(float)) for r in range(ROLLOUTS)]
    return {f"causality_{k}": [tidy(row[k]) for row in rows] for k in rows[0]}


both = lambda shape: {"standard": table(standard, shape), "compat": table(compat, shape)}
print(json.dumps({"short": both(SHAPE), "long": both(LONG)}, separators=(",", ":")))
