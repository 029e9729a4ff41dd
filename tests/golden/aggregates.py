"""Golden values of the aggregates of pictures, from their definitions with NumPy, SciPy and scikit-image.

usage: python3 tests/golden/aggregates.py > tests/golden/aggregates.json
scikit-image comes with its own NumPy and SciPy: python3 -m pip install --target /tmp/skimage scikit-image

Of each panel every STRIDE-th number, null where there is none. `src/render/aggregate/tests/golden.rs` makes the
same ensembles to the bit: sums and products of dyadic numbers in one order.
"""

import json
import warnings

import numpy as np
from features_states import noise
from scipy.signal.windows import hann
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from skimage.metrics import structural_similarity

STRIDE = 7
#        name: (M, C, H, W), whether numbers are missing
CASES = {"few": ((7, 3, 13, 18), False), "many": ((20, 2, 12, 11), False), "gaps": ((8, 3, 16, 14), True)}


def ensemble(shape, start):
    """[M, C, H, W] float32: what realizations share, and noise of their own, both smoothed; levels by channel."""
    own = noise(start, int(np.prod(shape))).reshape(shape)
    x = 0.5 * own + own[:1]
    for axis in (3, 2):
        x = 0.25 * (np.roll(x, 1, axis) + np.roll(x, -1, axis)) + 0.5 * x
    c = np.arange(shape[1]).reshape(-1, 1, 1)
    return ((1.0 + c) * x + 0.5 * c).astype(np.float32)


def modes(x):
    """Unit modes [K, C, H, W] and their variances."""
    flat = x.reshape(len(x), -1)
    _, s, v = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    return v.reshape(-1, *x.shape[1:]), s**2 / (len(x) - 1)


def signed(mode):
    c = len(mode)
    direction = np.linalg.svd(mode.reshape(c, -1), full_matrices=False)[0][:, 0]
    a = np.tensordot(direction, mode, 1)
    return a * np.sign(a.flat[np.argmax(abs(a))])


def standard(x, span):
    x = np.where(np.isfinite(x), x, np.nan).astype(np.float64)
    m, c, h, w = x.shape
    mean = np.nanmean(x, 0)
    n = np.isfinite(x).sum(0)
    variance = np.where(n < 2, np.nan, np.nanvar(x, 0, ddof=1)).sum(0)
    extent = np.nanmax(x, 0) - np.nanmin(x, 0)

    width = span[:, 1] - span[:, 0]
    overlay, spread = np.full((c, h, w), np.nan), np.empty((h, w))
    bins = max(4, int(np.ceil(np.sqrt(m))))
    for i, j in np.ndindex(h, w):
        whole = x[np.isfinite(x[:, :, i, j]).all(1), :, i, j]
        if len(whole):
            overlay[:, i, j] = whole[cdist(whole / width, whole / width).sum(1).argmin()]
        values = []
        for k in range(c):
            one = x[np.isfinite(x[:, k, i, j]), k, i, j]
            counts = np.histogram(one, bins, tuple(span[k]))[0]
            bits = entropy(counts, base=2) + (np.sum(counts > 0) - 1) / (2 * len(one) * np.log(2))
            values.append(bits / np.log2(min(bins, len(one))))
        spread[i, j] = np.clip(np.mean(values), 0, 1)

    whole = x[np.isfinite(x).all((1, 2, 3))]
    v, share = modes(whole)
    a = np.stack([signed(v[k]) * np.sqrt(share[k]) for k in range(3)])

    similarity = np.empty((c, m, h, w))
    for k in range(c):
        for r in range(m):
            similarity[k, r] = structural_similarity(
                x[r, k], mean[k], data_range=width[k], gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False, full=True,
            )[1]

    window = np.outer(hann(h, sym=False), hann(w, sym=False))
    f = np.fft.fft2((whole - whole.mean((2, 3), keepdims=True)) * window)
    power = (abs(f) ** 2).sum(1).mean(0) / (h * w) ** 2
    return dict(
        mean=mean,
        variance=variance,
        stddev=np.sqrt(variance),
        envelope=np.sqrt((extent**2).sum(0)),
        overlay=overlay,
        entropy=spread,
        pca=0.5 + 0.5 * a / abs(a).max(),
        ssim=np.nanmean(np.nanmean(similarity, 1), 0),
        spectral=10 * np.log10(np.fft.fftshift(power)),
    )


def compat(x):
    x = x.astype(np.float64)
    m, c, h, w = x.shape
    s2 = x.var(0, ddof=1)
    low, wide = x.min(), (np.ptp(x) + 1e-10) / 32
    spread = np.zeros((h, w))
    for i, j in np.ndindex(h, w):
        k = np.clip(np.trunc((x[:, :, i, j] - low) / wide), 0, 31).astype(int).ravel()
        p = np.bincount(k, minlength=32) / (m * c + 1e-10)
        spread[i, j] = -(p * np.log2(p + 1e-10)).sum()
    p = np.sqrt((modes(x)[0][:3] ** 2).sum(1))
    low, high = p.min((1, 2), keepdims=True), p.max((1, 2), keepdims=True)
    mu, v = x.mean(1), x.var(1, ddof=1)
    pairs = []
    for a in range(m):
        for b in range(a + 1, m):
            cov = ((x[a] - mu[a]) * (x[b] - mu[b])).mean(0)
            above = (2 * mu[a] * mu[b] + 1e-4) * (2 * cov + 9e-4)
            pairs.append(above / ((mu[a] ** 2 + mu[b] ** 2 + 1e-4) * (v[a] + v[b] + 9e-4)))
    power = (abs(np.fft.fft2(mu)) ** 2).mean(0)
    lo, hi = np.quantile(x, [0.01, 0.99])
    return dict(
        mean=x.mean(0),
        variance=np.sqrt((s2**2).sum(0)),
        stddev=np.sqrt(s2.sum(0)),
        envelope=np.sqrt((np.ptp(x, 0) ** 2).sum(0)),
        overlay=((x - lo) / (hi - lo)).mean(0).clip(0, 1) if c == 3 else None,
        entropy=spread,
        pca=(p - low) / (high - low),
        ssim=np.mean(pairs, 0),
        spectral=np.log10(np.fft.fftshift(power) + 1e-10),
    )


def sampled(panel):
    if panel is None:
        return None
    return [float(f"{v:.11g}") if np.isfinite(v) else None for v in panel.ravel()[::STRIDE]]


def main():
    golden = {}
    for name, (shape, gaps) in CASES.items():
        size = int(np.prod(shape))
        x, other = ensemble(shape, 0), ensemble(shape, size)
        if gaps:
            x[1, 0, 5, 6], x[4, 2, 11, 3], x[4, 1, 15, 13] = np.nan, np.inf, -np.inf
        both = np.concatenate([x, other]).astype(np.float64)
        both[~np.isfinite(both)] = np.nan
        span = np.stack([np.nanmin(both, (0, 2, 3)), np.nanmax(both, (0, 2, 3))], 1)
        panels = {"standard": standard(x, span)} | ({} if gaps else {"compat": compat(x)})
        golden[name] = {"shape": shape} | {
            method: {key: sampled(panel) for key, panel in of.items()} for method, of in panels.items()
        }
    print(json.dumps(golden))


with warnings.catch_warnings():
    warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing are NaN, as meant
    main()
