"""Golden values of the category `invariant_drift`, from its definitions with NumPy and SciPy.

usage: python3 tests/golden/features_invariant_drift.py > tests/golden/features_invariant_drift.json
"""

import json

import numpy as np
from features_states import ROLLOUTS, rollout
from scipy import ndimage, stats

BINS, SIGMA = 32, 2.0
AXES = (-2, -1)


def scales(u, compat):
    """Raw, low-pass and the rest of (T, H, W)."""
    if compat:
        taps = stats.norm.pdf(np.arange(-4, 5), scale=SIGMA)
        low = u
        for axis in (1, 2):
            low = ndimage.convolve1d(low, taps / taps.sum(), axis=axis, mode="constant")
    else:
        low = ndimage.gaussian_filter(u, SIGMA, axes=(1, 2), mode="wrap", truncate=4)
    return dict(raw=u, lowpass=low, highpass=u - low)


def entropy(v, compat):
    if compat:
        out = []
        for field in v.astype(np.float32):
            low, high = field.min(), field.max()
            bins = ((field - low) * np.float32(BINS) / (high - low)).astype(int).clip(0, BINS - 1)
            p = np.bincount(bins.ravel(), minlength=BINS) / field.size
            out.append(-(p * np.log((p.astype(np.float32) + np.float32(1e-10)).astype(float))).sum())
        return np.array(out)
    low, high = v[0].min(), v[0].max()
    bins = np.where(v == high, BINS - 1, np.floor(BINS * ((v - low) / (high - low))))
    return np.array([stats.entropy(np.unique(b, return_counts=True)[1]) for b in bins])


def invariants(v, compat):
    """Each invariant of (T, H, W), and the size against which it is small."""
    if compat:
        dx = (np.roll(v, -1, 2) - np.roll(v, 1, 2)) / 2
        dy = (np.roll(v, -1, 1) - np.roll(v, 1, 1)) / 2
        steep, reduce, root = dx**2 + dy**2, np.sum, 1e-8
    else:
        steep = np.diff(v, axis=2, append=v[:, :, :1]) ** 2 + np.diff(v, axis=1, append=v[:, :1]) ** 2
        reduce, root = np.mean, 0
    of = lambda x: reduce(x, axis=AXES)
    found = dict(
        L1=of(abs(v)),
        L2=np.sqrt(of(v**2) + root),
        Linf=abs(v).max(AXES),
        entropy=entropy(v, compat),
        tv=of(np.sqrt(steep + root)),
        mass=of(v),
        L2_energy=of(v**2),
        gradient_energy=of(steep),
    )
    return {k: (series, found["L1"] if k == "mass" else series) for k, series in found.items()}


def metrics(series, size, compat):
    d = np.diff(series)
    band = 0 if compat else 1e-6 * size.max()
    if compat:
        ratio = series[-1] / (series[0] + 1e-8)
    else:
        ratio = series[-1] / series[0] if abs(series[0]) > 1e-6 * size[0] else None
    return dict(
        mean_drift=d.mean(),
        drift_variance=d.var(ddof=1),
        final_initial_ratio=ratio,
        monotonicity=np.where(abs(d) > band, np.sign(d), 0).mean(),
    )


def dissipation(u, compat):
    if compat:
        power = abs(np.fft.rfft2(u)) ** 2
        fx = np.fft.rfftfreq(u.shape[2])
    else:
        power = abs(np.fft.fft2(u)) ** 2
        fx = np.fft.fftfreq(u.shape[2])
        power[:, 0, 0] = 0
    rho = np.hypot(np.fft.fftfreq(u.shape[1])[:, None], fx[None, :])
    low, high = power[:, rho < 0.125].sum(1), power[:, rho > 0.375].sum(1)
    if compat:
        rate = lambda e: -np.diff(np.log(e + 1e-8)).mean()
        selectivity, direction = rate(high) / (rate(low) + 1e-8), -np.sign(rate(low))
    else:
        rate = lambda e: -np.polyfit(np.arange(len(e)), np.log(e), 1)[0]
        selectivity = (rate(high) - rate(low)) / (abs(rate(high)) + abs(rate(low)))
        k = (power * rho).sum(AXES) / power.sum(AXES)
        direction = (k[-1] - k[0]) / abs(np.diff(k)).sum()
    return dict(
        dissipation_rate_lowfreq=rate(low),
        dissipation_rate_highfreq=rate(high),
        dissipation_selectivity=selectivity,
        energy_cascade_direction=direction,
    )


def features(u, compat):
    """All features of one channel, (T, H, W)."""
    found = {}
    for scale, v in scales(u, compat).items():
        for name, (series, size) in invariants(v, compat).items():
            for metric, value in metrics(series, size, compat).items():
                found[f"{name}_{metric}_{scale}"] = value
    return found | dissipation(u, compat)


def table(compat):
    rows = [
        {k: [d[k] for d in ds] for k in ds[0]}
        for ds in (
            [features(u, compat) for u in rollout(r).astype(float).swapaxes(0, 1)] for r in range(ROLLOUTS)
        )
    ]

    # The mean of what a periodic low-pass leaves is nothing: rounding is written as the zero it is.
    def tidy(values):
        if None in values:
            return None
        v = np.mean(values)
        return 0.0 if abs(v) < 1e-14 else float(f"{v:.9g}")

    return {k: [tidy(row[k]) for row in rows] for k in rows[0]}


print(json.dumps({"standard": table(False), "compat": table(True)}, separators=(",", ":")))
