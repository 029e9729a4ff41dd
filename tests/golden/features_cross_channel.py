"""Golden values of the category `cross_channel`, from its definitions with NumPy and SciPy.

usage: python3 tests/golden/features_cross_channel.py > tests/golden/features_cross_channel.json
"""

import json
from itertools import combinations

import numpy as np
from features_states import ROLLOUTS, rollout

BINS = 16


def codes(x, bins, compat):
    low, high = x.min(1, keepdims=True), x.max(1, keepdims=True)
    if compat:
        x, low, high = (v.astype(np.float32) for v in (x, low, high))
        return (np.float32(bins - 1) * (x - low) / (high - low + np.float32(1e-8))).astype(int)
    return np.minimum((bins * ((x - low) / (high - low))).astype(int), bins - 1)


def entropy(*channels, corrected):
    counts = np.unique(np.stack(channels), axis=1, return_counts=True)[1]
    p = counts / counts.sum()
    return -(p * np.log(p)).sum() + corrected * (len(p) - 1) / (2 * counts.sum())


def mutual(x, y, compat):
    if not compat:
        return sum(entropy(*c, corrected=True) * s for c, s in (((x,), 1), ((y,), 1), ((x, y), -1)))
    joint = np.histogram2d(x, y, BINS, [[-0.5, BINS - 0.5]] * 2)[0] / len(x)
    outer = np.outer(joint.sum(1) + 1e-10, joint.sum(0) + 1e-10)
    return (joint[joint > 0] * np.log(joint[joint > 0] / outer[joint > 0])).sum()


def conditional(x, y, z, compat):
    h = lambda *c: entropy(*c, corrected=not compat)
    return h(x, z) + h(y, z) - h(z) - h(x, y, z)


def coherence(u):
    """Squared coherence (pair, shell), over the whole plane."""
    h, w = u.shape[1:]
    f = np.fft.fft2(u)
    kappa = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None, :]) * min(h, w)
    out = []
    for x, y in combinations(f, 2):
        row = []
        for r in range(1, min(h, w) // 2 + 1):
            m = (kappa >= r - 0.5) & (kappa < r + 0.5)
            cross = (x[m] * y[m].conj()).sum()
            row.append(abs(cross) ** 2 / ((abs(x[m]) ** 2).sum() * (abs(y[m]) ** 2).sum()))
        out.append(row)
    return np.array(out)


def spectral(u, compat):
    h, w = u.shape[1:]
    if compat:
        f = np.fft.rfft2(u, norm="ortho")
        g = np.array([abs(x * y.conj()) ** 2 / (abs(x) ** 2 * abs(y) ** 2 + 1e-8) for x, y in combinations(f, 2)])
        rows, columns = h // 2 + 1, w // 2 + 1
        edges = [(s * rows // 3, (s + 1) * rows // 3, s * columns // 3, (s + 1) * columns // 3) for s in range(3)]
        bands = [g[:, a:b, c:d].mean() for a, b, c, d in edges]
        product = np.array([abs(x) ** 2 * abs(y) ** 2 for x, y in combinations(f, 2)])
        peak = product.argmax() / product.size
    else:
        g = coherence(u)
        n = min(h, w)
        r = np.arange(1, n // 2 + 1)
        bands = [g[:, m].mean() for m in (r < n / 6, (r >= n / 6) & (r < n / 3), r >= n / 3)]
        peak = r[g.max(0).argmax()] / n
    names = ("low", "mid", "high", "max", "peak_freq")
    return {f"cross_spectral_coherence_{k}": v for k, v in zip(names, (*bands, g.max(), peak))}


def features(u, compat):
    """All features of one state, (C, H, W)."""
    c, n = len(u), u[0].size
    x = u.reshape(c, n)
    if compat:
        z = (x - x.mean(1, keepdims=True)) / (x.std(1, ddof=1, keepdims=True) + 1e-8)
        r = z @ z.T / n
        l = np.linalg.eigvalsh(r)[::-1]
        own = dict(
            trace=np.trace(r), condition_number=l[0] / (l[-1] + 1e-8), participation_ratio=l.sum() ** 2 / ((l**2).sum() + 1e-8)
        )
    else:
        r = np.corrcoef(x)
        l = np.linalg.eigvalsh(r)[::-1]
        own = dict(
            trace=np.trace(np.cov(x)), condition_number=np.log10(np.linalg.cond(r)), participation_ratio=c**2 / (r**2).sum()
        )
    out = {f"cross_channel_eigen_top_{k + 1}": l[k] for k in range(3)}
    out |= {f"cross_channel_{'eigen_' * (k == 'trace')}{k}": v for k, v in own.items()}
    pairs = r[np.triu_indices(c, 1)]
    stats = dict(mean=pairs.mean(), max=pairs.max(), min=pairs.min(), std=pairs.std(ddof=1))
    out |= {f"cross_channel_corr_{k}": v for k, v in stats.items()}
    # 16 × 24 pixels: 5 b² ≤ 384 for b = 8, 5 b³ ≤ 384 for b = 4.
    b = codes(x, BINS if compat else 8, compat)
    mi = [mutual(p, q, compat) for p, q in combinations(b, 2)]
    b = b if compat else codes(x, 4, False)
    cmi = [conditional(b[i], b[j], b[3 - i - j], compat) for i, j in combinations(range(3), 2)]
    for name, values in (("mi", mi), ("cmi", cmi)):
        out |= {f"cross_channel_{name}_mean": np.mean(values), f"cross_channel_{name}_max": max(values)}
    return out | spectral(u, compat)


def table(compat):
    rows = [features(rollout(r)[0].astype(float), compat) for r in range(ROLLOUTS)]
    return {k: [float(f"{row[k]:.9g}") for row in rows] for k in rows[0]}


print(json.dumps({"standard": table(False), "compat": table(True)}, separators=(",", ":")))
