"""Golden values of the category `temporal`, from its definitions with NumPy and SciPy.

usage: python3 tests/golden/features_temporal.py > tests/golden/features_temporal.json
"""

import json

import numpy as np
from features_states import LONG, ROLLOUTS, SHAPE, rollout
from scipy import optimize, signal, spatial

LEVEL, NONE = np.exp(-1), None


def correlations(y):
    d = y - y.mean()
    return signal.correlate(d, d)[len(y) - 1 :]


def decay(y, longest):
    """Lag of the crossing of 1/e."""
    c = correlations(y)
    r = c / c[0]
    below = np.flatnonzero(r[: longest + 1] < LEVEL)
    if not len(below):
        return None
    return float(np.interp(-LEVEL, -r[below[0] - 1 : below[0] + 1], [below[0] - 1, below[0]]))


def window(y):
    found = decay(y, len(y) // 4)
    return max(1, len(y) // 4 if found is None else int(np.ceil(found)))


def delays(y):
    return np.lib.stride_tricks.sliding_window_view(y, 3)


def separations(y, count, within):
    """Distances of the first delay vectors, infinite within a window in time."""
    d = spatial.distance.cdist(delays(y)[:count], delays(y)[:count])
    t = np.arange(count)
    d[abs(t[:, None] - t) <= within] = np.inf
    return d


def lyapunov(y):
    v, count = delays(y), len(y) - 6
    i = np.arange(count)
    j = separations(y, count, window(y)).argmin(1)
    apart = [np.log(np.linalg.norm(v[i + k] - v[j + k], axis=1)).mean() for k in range(5)]
    return np.polyfit(range(5), apart, 1)[0]


def dominant(energy):
    T = len(energy)
    t = np.arange(T)
    w = np.sin(np.pi * (t + 0.5) / T) ** 2
    line = np.polynomial.Polynomial.fit(t, energy, 1, w=np.sqrt(w))
    r = (energy - line(t)) * w
    power = lambda f: -abs(np.exp(-2j * np.pi * np.outer(np.atleast_1d(f), t)) @ r) ** 2
    grid = np.linspace(1 / T, 0.5, 16 * T)
    k = power(grid).argmin()
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
    best = optimize.minimize_scalar(lambda f: power(f)[0], bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return best if power(best) < power(grid[k]) else grid[k]


def switches(y):
    s = y.std()
    state, count = 0, 0
    for d in y - y.mean():
        new = 1 if d > s / 2 else -1 if d < -s / 2 else state
        count += new != state and state != 0
        state = new
    return count


def standard(u, T):
    """All features of one channel, (T, H, W)."""
    t = np.arange(T)
    y, energy, variance = u.mean((1, 2)), (u**2).mean((1, 2)), u.var((1, 2), ddof=1)
    d = np.diff(y)
    left = signal.detrend(y)
    f = dominant(energy)
    return dict(
        energy_growth_rate=np.polyfit(t, np.log(energy), 1)[0],
        energy_growth_accel=2 * np.polyfit(t, np.log(energy), 2)[0],
        variance_growth_rate=np.polyfit(t, np.log(variance), 1)[0],
        temporal_freq_dominant=f,
        oscillation_amplitude=np.sqrt(2 * (signal.detrend(energy) ** 2).mean()),
        oscillation_period=1 / f,
        autocorr_decay_time=decay(y, 20),
        lyapunov_approx=lyapunov(y) if T >= 20 else NONE,
        trajectory_smoothness=(1 + 2 * (d[1:] @ d[:-1]) / (d[1:] @ d[1:] + d[:-1] @ d[:-1])) / 2,
        regime_switches=switches(y),
        final_to_initial_ratio=energy[-1] / energy[0],
        trend_strength=np.corrcoef(t, y)[0, 1] ** 2,
        detrended_variance=left @ left / (T - 2),
    )


def compat(u, T):
    t = np.arange(T)
    y, energy, variance = u.mean((1, 2)), (u**2).sum((1, 2)), u.var((1, 2), ddof=1)
    d, eps = np.diff(y), 1e-8
    left = y - np.polyval(np.polyfit(t, y, 1), t)
    c = correlations(y)
    below = np.flatnonzero(np.append(c, 0)[:20] / (c[0] + eps) < LEVEL)
    f = (1 + (abs(np.fft.rfft(energy - energy.mean())) ** 2)[1:].argmax()) / T
    return dict(
        energy_growth_rate=np.polyfit(t, np.log(abs(energy) + eps), 1)[0],
        energy_growth_accel=abs(np.diff(energy, 2)).mean(),
        variance_growth_rate=np.polyfit(t, np.log(abs(variance) + eps), 1)[0],
        temporal_freq_dominant=f,
        oscillation_amplitude=np.ptp(energy),
        oscillation_period=1 / (f + eps),
        autocorr_decay_time=below[0] if len(below) else 20,
        lyapunov_approx=np.log(abs(d) + eps).mean(),
        trajectory_smoothness=abs(np.diff(y, 2)).sum(),
        regime_switches=(np.diff(np.sign(d)) != 0).sum(),
        final_to_initial_ratio=(abs(y[-1]) + eps) / (abs(y[0]) + eps),
        trend_strength=np.clip(1 - (left @ left) / (c[0] + eps), 0, 1),
        detrended_variance=left.var(ddof=1),
    )


def table(of, shape):
    """Means over channels."""
    columns = {}
    for r in range(ROLLOUTS):
        channels = [of(c, shape[0]) for c in rollout(r, shape).astype(float).transpose(1, 0, 2, 3)]
        for name in channels[0]:
            found = [c[name] for c in channels if c[name] is not None]
            columns.setdefault(name, []).append(float(f"{np.mean(found):.9g}") if found else None)
    return columns


if __name__ == "__main__":
    both = lambda shape: {"standard": table(standard, shape), "compat": table(compat, shape)}
    print(json.dumps({"short": both(SHAPE), "long": both(LONG)}, separators=(",", ":")))
