"""Golden values of the category `spectral`, from its definitions with NumPy.

usage: python3 tests/golden/features_spectral.py > tests/golden/features_spectral.json

`standard` works on the whole plane of modes, without weights; `compat` on the half plane.
"""

import json

import numpy as np
from features_states import HEIGHT as H
from features_states import ROLLOUTS, rollout
from features_states import WIDTH as W

BANDS = 5


def standard(u):
    p = abs(np.fft.fft2(u, norm="ortho")) ** 2
    n = u.size
    fy, fx = np.meshgrid(np.fft.fftfreq(H), np.fft.fftfreq(W), indexing="ij")
    rho = np.hypot(fx, fy)
    kappa = rho * min(H, W)
    waves = rho > 0
    total = p[waves].sum()
    mean = lambda x: (p * x)[waves].sum() / total
    out = {}
    edges = np.linspace(np.sqrt(0.5), np.sqrt(kappa.max()), BANDS + 1) ** 2
    edges[0], edges[-1] = 1e-9, np.inf
    for s in range(BANDS):
        own = p[(kappa >= edges[s]) & (kappa < edges[s + 1])]
        out[f"fft_power_scale_{s}_mean"] = own.mean()
        out[f"fft_power_scale_{s}_max"] = own.max()
        out[f"fft_power_scale_{s}_std"] = own.std(ddof=1)
    # Of a wave and its conjugate the one with fx > 0, or on the axis fy > 0, or fy = 1/2.
    half = waves & ((fx > 0) | (fx == -0.5) | ((fx == 0) & ((fy > 0) | (fy == -0.5))))
    a, b = np.unravel_index(np.argmax(np.where(half, p, -1)), p.shape)
    alone = a in (0, H // 2) and b in (0, W // 2)
    out["dominant_freq_x"] = abs(fx[a, b])
    out["dominant_freq_y"] = 0.5 if fy[a, b] == -0.5 else fy[a, b]
    out["dominant_freq_magnitude"] = (1 if alone else 2) * np.sqrt(p[a, b] / n)
    out["spectral_centroid_x"] = mean(abs(fx))
    out["spectral_centroid_y"] = mean(abs(fy))
    out["spectral_bandwidth"] = np.sqrt(mean((rho - mean(rho)) ** 2))
    out["low_freq_ratio"] = mean(rho < 1 / 16)
    out["mid_freq_ratio"] = mean((rho >= 1 / 16) & (rho < 1 / 8))
    out["high_freq_ratio"] = mean(rho >= 1 / 8)
    m = p[waves].mean()
    out["spectral_flatness"] = np.exp(np.log(p[waves] + 1e-12 * m).mean()) / (m * (1 + 1e-12))
    order = np.argsort(rho[waves], kind="stable")
    sums = np.cumsum(p[waves][order])
    out["spectral_rolloff"] = rho[waves][order][np.searchsorted(sums, 0.85 * total)]
    cross = np.where((abs(fx) == 0.5) | (abs(fy) == 0.5), 0, fx * fy)
    tensor = np.array([[mean(fx * fx), mean(cross)], [mean(cross), mean(fy * fy)]])
    low, high = np.linalg.eigvalsh(tensor)
    out["spectral_anisotropy"] = (high - low) / (high + low)

    def wave(times):
        row, column = a if 2 * a <= H else a - H, b if 2 * b <= W else b - W
        row, column = row * times, column * times
        if 2 * abs(row) > H or 2 * abs(column) > W:
            return None
        both = {(row % H, column % W), (-row % H, -column % W)}
        return sum(p[at] for at in both)

    ratios = [None if wave(k) is None else wave(k) / wave(1) for k in range(2, max(H, W))]
    out["harmonic_ratio_2f"], out["harmonic_ratio_3f"] = ratios[:2]
    some = [r for r in ratios if r is not None]
    out["total_harmonic_distortion"] = np.sqrt(sum(some)) if some else None
    out["fundamental_purity"] = wave(1) / total
    return out


def compat(u):
    p = abs(np.fft.rfft2(u, norm="ortho")) ** 2
    fy, fx = np.meshgrid(np.fft.fftfreq(H), np.fft.rfftfreq(W), indexing="ij")
    rho = np.sqrt(fx**2 + fy**2)
    total = p.sum() + 1e-8
    out = {}
    # Which band a mode is in is decided in 32 bits.
    f32 = np.float32
    kappa = np.sqrt(fx.astype(f32) ** 2 + fy.astype(f32) ** 2) * f32(min(H, W))
    edges = np.linspace(np.sqrt(f32(0.5)), np.sqrt(kappa.max()), BANDS + 1, dtype=f32) ** 2
    for s in range(BANDS):
        mask = (kappa >= edges[s]) & (kappa < edges[s + 1])
        out[f"fft_power_scale_{s}_mean"] = p[mask].sum() / (mask.sum() + 1e-8)
        out[f"fft_power_scale_{s}_max"] = (p * mask).max()
        out[f"fft_power_scale_{s}_std"] = (p * mask).std(ddof=1)
    a, b = np.unravel_index(np.argmax(p >= p.max() * (1 - 1e-6)), p.shape)
    x, y = (p * fx).sum() / total, (p * fy).sum() / total
    out["dominant_freq_x"], out["dominant_freq_y"] = b / W, a / H
    out["dominant_freq_magnitude"] = p[a, b]
    out["spectral_centroid_x"], out["spectral_centroid_y"] = x, y
    out["spectral_bandwidth"] = np.sqrt((p * ((fx - x) ** 2 + (fy - y) ** 2)).sum() / total + 1e-8)
    low, mid = min(H, W) / 16, min(H, W) / 8
    out["low_freq_ratio"] = p[rho < low].sum() / total
    out["mid_freq_ratio"] = p[(rho >= low) & (rho < mid)].sum() / total
    out["high_freq_ratio"] = p[rho >= mid].sum() / total
    out["spectral_flatness"] = np.exp(np.log(p + 1e-10).mean()) / (p.mean() + 1e-10)
    sums = np.cumsum(np.sort(p, axis=None)[::-1])
    out["spectral_rolloff"] = np.argmax(sums >= 0.85 * p.sum()) / p.size
    out["spectral_anisotropy"] = p.sum() / total

    def ratio(k):
        near = abs(rho - k * rho[a, b]) <= 0.1 * k * rho[a, b] * (1 + 1e-9)
        return p[near].mean() / (p[a, b] + 1e-8) if near.any() else 0.0

    out["harmonic_ratio_2f"], out["harmonic_ratio_3f"] = ratio(2), ratio(3)
    out["total_harmonic_distortion"] = np.hypot(ratio(2), ratio(3))
    out["fundamental_purity"] = p[a, b] / total
    return out


def table(features, skip):
    """Means over the channels; over those that have a value if `skip`."""

    def of(values):
        found = [v for v in values if v is not None]
        if not found or (len(found) < len(values) and not skip):
            return None
        return float(f"{np.mean(found):.9g}")

    rows = [[features(c) for c in rollout(r)[0].astype(float)] for r in range(ROLLOUTS)]
    return {k: [of([d[k] for d in row]) for row in rows] for k in rows[0][0]}


print(json.dumps({"standard": table(standard, True), "compat": table(compat, False)}, separators=(",", ":")))
