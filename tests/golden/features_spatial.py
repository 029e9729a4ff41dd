"""Golden values of the category `spatial`, from its definitions with NumPy and SciPy.

usage: python3 tests/golden/features_spatial.py > tests/golden/features_spatial.json
"""

import json

import numpy as np
from features_states import ROLLOUTS, rollout
from scipy import stats


def features(u, compat):
    """All features of one channel, (H, W)."""
    s, m = u.std(ddof=1), u.mean()
    dx = (np.roll(u, -1, 1) - np.roll(u, 1, 1)) / 2
    dy = (np.roll(u, -1, 0) - np.roll(u, 1, 0)) / 2
    g = np.hypot(dx, dy)
    lap = sum(np.roll(u, k, a) for k in (1, -1) for a in (0, 1)) - 4 * u
    if compat:
        z = (u - m) / (s + 1e-8)
        low = lambda x: np.sort(x, axis=None)[(x.size - 1) // 2]
        own = dict(
            spatial_skewness=(z**3).mean(),
            spatial_kurtosis=(z**4).mean() - 3,
            spatial_mad=low(abs(u - low(u))),
            gradient_x_mean=dx.mean(),
            gradient_y_mean=dy.mean(),
            gradient_anisotropy=abs(dx).mean() / (abs(dy).mean() + 1e-8),
            laplacian_mean=lap.mean(),
        )
    else:
        own = dict(
            spatial_skewness=stats.skew(u, axis=None),
            spatial_kurtosis=stats.kurtosis(u, axis=None),
            spatial_mad=stats.median_abs_deviation(u, axis=None),
            gradient_x_mean=abs(np.roll(u, -1, 1) - u).mean(),
            gradient_y_mean=abs(np.roll(u, -1, 0) - u).mean(),
            gradient_anisotropy=((dx**2).sum() - (dy**2).sum()) / ((dx**2).sum() + (dy**2).sum()),
            laplacian_mean=abs(lap).mean(),
        )
    return own | dict(
        spatial_mean=m,
        spatial_variance=s**2,
        spatial_std=s,
        spatial_min=u.min(),
        spatial_max=u.max(),
        spatial_range=np.ptp(u),
        spatial_iqr=stats.iqr(u),
        gradient_magnitude_mean=g.mean(),
        gradient_magnitude_std=g.std(ddof=1),
        gradient_magnitude_max=g.max(),
        laplacian_std=lap.std(ddof=1),
        laplacian_energy=(lap**2).mean(),
    )


def extended(u, compat):
    """The features beyond sdf-2.0."""
    dx = (np.roll(u, -1, 1) - np.roll(u, 1, 1)) / 2
    dy = (np.roll(u, -1, 0) - np.roll(u, 1, 0)) / 2
    g = np.hypot(dx, dy)
    h, w = u.shape
    field = u if compat else u - u.mean()
    s = np.linalg.svd(field, compute_uv=False)
    # The correlation by its definition, a sum for every displacement.
    c = np.array([[(field * np.roll(field, (y, x), (0, 1))).sum() for x in range(w)] for y in range(h)])
    y, x = np.meshgrid(*(np.minimum(np.arange(k), k - np.arange(k)) for k in (h, w)), indexing="ij")
    distance = np.hypot(x, y)
    p = abs(np.fft.fft2(u - u.mean(), norm="ortho")) ** 2
    rho = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None, :])
    out = dict(gradient_saturation_ratio=(g < g.max() / 20).mean())
    if compat:
        r = c / (c[0, 0] + 1e-8)
        q = s**2 / ((s**2).sum() + 1e-8)
        low = distance[r < np.exp(-1)]
        out |= dict(
            effective_rank=(s**2).sum() / (s[0] ** 2 + 1e-8),
            gradient_flatness=(((g - g.mean()) / (g.std(ddof=1) + 1e-8)) ** 4).mean() - 3,
            coherence_length=low.min() if low.size else max(h, w) / 2,
            correlation_anisotropy=abs(r[0]).mean() / (abs(r[:, 0]).mean() + 1e-8),
            structure_factor_peak=1 / (rho.flat[np.argmax(np.where(rho > 0.01, p, 0))] + 1e-8),
        )
    else:
        r = c / c[0, 0]
        q = s**2 / (s**2).sum()
        ring = np.rint(distance).astype(int).ravel()
        count = np.bincount(ring)
        at, mean = (np.bincount(ring, v.ravel()) / count for v in (distance, r))
        k = np.argmax(mean <= np.exp(-1))
        a, b = abs(r[0]).mean(), abs(r[:, 0]).mean()
        shell = np.maximum(np.rint(rho * min(h, w)).astype(int), 1).ravel()
        shell[0] = 0
        power = np.bincount(shell, p.ravel())
        best = np.argmax(power / np.bincount(shell))
        out |= dict(
            effective_rank=np.exp(stats.entropy(s)),
            gradient_flatness=stats.kurtosis(g, axis=None),
            coherence_length=np.interp(np.exp(-1), mean[[k, k - 1]], at[[k, k - 1]]),
            correlation_anisotropy=(a - b) / (a + b),
            structure_factor_peak=np.bincount(shell, (p * rho).ravel())[best] / power[best],
        )
    out["participation_ratio"] = 1 / (q**2).sum()
    out["explained_variance_90"] = 1 + (np.cumsum(q) < 0.9).sum()
    return out


def table(compat):
    rows = [
        {k: [d[k] for d in ds] for k in ds[0]}
        for ds in ([features(c, compat) | extended(c, compat) for c in rollout(r)[0].astype(float)] for r in range(ROLLOUTS))
    ]
    # Differences over a torus sum to nothing: rounding alone is left, and is written as the zero it is.
    tidy = lambda v: 0.0 if abs(v) < 1e-14 else float(f"{v:.9g}")
    return {k: [tidy(np.mean(row[k])) for row in rows] for k in rows[0]}


print(json.dumps({"standard": table(False), "compat": table(True)}, separators=(",", ":")))
