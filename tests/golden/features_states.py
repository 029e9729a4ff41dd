"""Random rollouts for the golden files of features.

Sums and products of dyadic and rounded numbers in one order, so that `src/features/tests/golden.rs` makes
the same states to the bit. Shape (T, C, H, W) = SHAPE, or LONG for what needs time, float32: noise by a counter
(SplitMix64), correlated in time, smoothed in space, channel 1 driven by channel 0 a step before.
"""

import numpy as np

SHAPE = STEPS, CHANNELS, HEIGHT, WIDTH = 7, 3, 16, 24
LONG = 64, 3, 8, 8
ROLLOUTS = 50


def noise(start, count):
    """Uniform in [-1, 1): SplitMix64 of start, start + 1, ..., the high 24 bits."""
    with np.errstate(over="ignore"):
        z = (np.arange(start, start + count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def rollout(r, shape=SHAPE):
    """The states (T, C, H, W) float32 of rollout r."""
    size = int(np.prod(shape))
    n = noise(r * size, size).reshape(shape)
    u = np.empty(shape)
    u[0] = n[0]
    for t in range(1, shape[0]):
        u[t] = 0.625 * u[t - 1] + 0.75 * n[t]
        u[t, 1] = u[t, 1] + 0.5 * u[t - 1, 0]
    for axis in (3, 2):
        u = 0.25 * (np.roll(u, 1, axis) + np.roll(u, -1, axis)) + 0.5 * u
    return ((0.5 + r * 0.03125) * u + r * 0.0625).astype(np.float32)
