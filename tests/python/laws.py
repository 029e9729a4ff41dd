"""Checks of a data set against laws: of sampling, weights, inputs, splits, metrics and noise.

Statistics must lie within four standard errors. Every check prints what it found and adds what is
wrong to a list of faults; `oracle.py` runs them.
"""

import itertools
from math import exp, log

import h5py
import numpy as np

from network import DataSet

# The Sobol dimension of each parameter; the type of the initial condition has number 0.
DIMENSIONS = {
    "num_layers": 1, "base_channels": 2, "kernel_size": 3, "activation": 4, "dropout_rate": 5,
    "weight_gain": 6, "noise_type": 7, "noise_scale": 8, "noise_location": 9, "noise_schedule": 10,
    "schedule_period": 11, "spatial_correlation": 12, "normalization": 13, "grid_size": 14,
    "update_policy": 15, "alpha": 16, "dt": 17, "channels": 18, "init": 19,
    "architecture": 20,
}  # fmt: skip


def mapped(spec, u):
    """The value at coordinate u."""
    if spec["type"] == "choice":
        return spec["choices"][int(u * len(spec["choices"]))]
    low, high = spec["bounds"]
    if spec["type"] == "integer":
        return low + int(u * (high - low + 1))
    if spec["log_scale"]:
        return exp(log(low) + u * (log(high) - log(low)))
    return low + u * (high - low)


def points(data, faults):
    """Coordinates and values against SciPy's sequences, for an unscrambled sample."""
    from scipy.stats import qmc  # Takes a second to import; the other checks need not wait for it.

    count, params = data.count, data.file["parameters/params"]
    dimensions, sampling = max(DIMENSIONS.values()) + 1, data.config["sampling"]
    strategy = sampling.get("strategy", "sobol")
    if strategy == "halton":
        assert sampling["scramble"] is False
        # SciPy adds digit by digit, which rounds more than once.
        sequence, error = qmc.Halton(d=dimensions, scramble=False).random(count), 1e-15
    else:
        assert (strategy, sampling["scramble"]) == ("sobol", "none")
        bits = max(count - 1, 1).bit_length()
        walk = qmc.Sobol(d=dimensions, scramble=False).random(2**bits)
        order = np.arange(2**bits)
        sequence, error = np.empty_like(walk), 0.0
        sequence[order ^ (order >> 1)] = walk  # SciPy goes in Gray-code order.
    groups = data.config["parameter_space"].values()
    specs = {name: spec for group in groups for name, spec in group.items()}
    sampled = [name for name, spec in specs.items() if isinstance(spec, dict)]
    names = list(params.attrs["names"])
    if sorted(names) != sorted(sampled):
        faults.append(f"columns {names}, sampled {sampled}")
    for column, name in enumerate(names):
        u = sequence[:count, DIMENSIONS[name]]
        if np.abs(params[:, column] - u).max() > error:
            faults.append(f"{name}: not dimension {DIMENSIONS[name]} of the {strategy} sequence")
        for row in range(count):
            found, wanted = data.values(row)[name], mapped(specs[name], params[row, column])
            same = found == wanted if type(wanted) is not float else abs(found / wanted - 1) < 1e-14
            if not same:
                faults.append(f"{name} of operator {row}: {found!r} instead of {wanted!r}")
    for name in set(specs) - set(sampled):
        found = {data.values(row).get(name, 0.0) for row in range(count)}
        if found != {specs[name]}:
            faults.append(f"{name}: {found} instead of {specs[name]!r}")
    weights = np.cumsum([i["weight"] for i in data.config["simulation"]["inputs"]])
    types = [i["type"] for i in data.config["simulation"]["inputs"]]
    wanted = [types[k] for k in np.searchsorted(weights / weights[-1], sequence[:count, 0], "right")]
    found = data.file["metadata/ic_families"].asstr()[:].tolist()
    if found != wanted:
        faults.append(f"types of initial conditions: {found} instead of {wanted}")
    print(f"{count} points, {len(names)} dimensions, {len(types)} types of initial conditions")


class Means:
    """Means of independent samples, each against what it must be."""

    def __init__(self):
        self.checked = []

    def add(self, name, samples, wanted):
        samples = np.asarray(samples, np.float64).reshape(-1)
        error = samples.std(ddof=1) / np.sqrt(samples.size) + 1e-12
        self.checked.append(((samples.mean() - wanted) / error, name, samples.mean(), wanted))

    def report(self, faults):
        lines = [
            f"{name}: {mean:.5f} instead of {wanted:.5f}, {z:+.1f} standard errors"
            for z, name, mean, wanted in sorted(self.checked, key=lambda c: -abs(c[0]))
        ]
        faults.extend(line for line, z in zip(lines, sorted(-abs(c[0]) for c in self.checked)) if z < -4)
        print(f"{len(lines)} means; the furthest: {lines[0]}")


def weights(data, faults):
    """Moments of the weights beside the data set."""
    pooled, first, means = {}, [], Means()
    for row in range(data.count):
        values = data.values(row)
        for name, tensor in data.tensors.items():
            if not name.startswith(f"{row}.") or ".norm." in name:
                continue
            if name.endswith("bias"):
                fan_in = np.prod(data.tensors[name.replace("bias", "weight")].shape[1:])
                gain = 1.0
            else:
                fan_in, gain = np.prod(tensor.shape[1:]), values["weight_gain"]
            kind = (values["init"], name.rsplit(".", 1)[1])
            if kind == ("he", "bias"):
                if np.any(tensor):
                    faults.append(f"{name}: not zero")
                continue
            scale = gain / np.sqrt(fan_in) * (np.sqrt(2) if values["init"] == "he" else np.sqrt(1 / 3))
            pooled.setdefault(kind, []).append(tensor.reshape(-1) / scale)
            if values["init"] == "torch" and np.abs(tensor).max() > gain / np.sqrt(fan_in) * (1 + 1e-6):
                faults.append(f"{name}: beyond gain/sqrt(fan-in)")
        z = data.tensors[f"{row}.0.conv.weight"].reshape(-1)[:8]
        first.append(z / np.linalg.norm(z))
    for (init, role), parts in pooled.items():
        z = np.concatenate(parts)
        for name, power, wanted in [
            ("mean", 1, 0), ("variance", 2, 1), ("fourth moment", 4, 3 if init == "he" else 9 / 5),
        ]:  # fmt: skip
            means.add(f"{init} {role}: {name}", z**power, wanted)
    means.report(faults)
    cosines = np.abs(np.array(first) @ np.array(first).T)[np.triu_indices(len(first), 1)]
    if cosines.max() > 0.9999:
        faults.append("two operators have the same first weights")


def inputs(data, faults):
    """Fields [N, C, n, n] of one length scale and variance: exact on the torus, without mean."""
    x = data.file["inputs/fields"][:].astype(np.float64)
    settings = data.config["simulation"]["inputs"][0]["settings"]
    n, (length, variance) = x.shape[-1], (settings["length_scale"], settings["variance"])
    m = np.fft.fftfreq(n, 1 / n)
    power = np.exp(-2 * np.pi**2 * length**2 * (m[:, None] ** 2 + m**2))
    power[0, 0] = 0
    covariance = variance * np.fft.fft2(power / power.sum()).real
    means = Means()
    if np.abs(x.mean(axis=(2, 3))).max() > 1e-6:
        faults.append("inputs have a mean")
    for lag in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 3), (n // 2, 0)]:
        product = (x * np.roll(x, lag, axis=(2, 3))).mean(axis=(2, 3))
        means.add(f"covariance at {lag}", product, covariance[lag])
    means.add("product of two channels", (x[:, 0] * x[:, 1]).mean(axis=(1, 2)), 0)
    operators = (x[:-1, 0] * x[1:, 0]).mean(axis=(1, 2))
    means.add("product of two operators", operators, 0)
    means.report(faults)


def splits(data, faults):
    """Shares of the splits."""
    shares = dict(zip(("train", "validation", "test"), (0.8, 0.1, 0.1)))
    found = data.file["metadata/split"].asstr()[:]
    for name, share in shares.items():
        error = np.sqrt(share * (1 - share) / data.count)
        z = (np.mean(found == name) - share) / error
        print(f"{name}: {np.mean(found == name):.4f}, {z:+.1f} standard errors from {share}")
        if abs(z) > 4:
            faults.append(f"{name}: {np.mean(found == name)} of the operators instead of {share}")


def grown(small, large, faults):
    """Everything per operator, realization and state that the smaller one has is in the larger."""
    compared = []

    def visit(path, d):
        if not isinstance(d, h5py.Dataset) or d.ndim == 0 or path.startswith("metadata/axes"):
            return
        other = large.file[path]
        if d.ndim == 5 and other.ndim == 6:
            faults.append(f"{path}: one has a time axis")
            return
        same = d[()] == other[tuple(slice(n) for n in d.shape)]
        if d.dtype.kind == "f":
            same |= np.isnan(d[()])
        compared.append(path)
        if not np.all(same):
            faults.append(f"{path}: {np.mean(same):.1%} of {d.shape} are the same in {other.shape}")

    small.file.visititems(visit)
    print(f"{len(compared)} arrays begin alike")
    if not {"outputs/fields", "inputs/fields", "parameters/params", "metadata/split"} <= set(compared):
        faults.append(f"only {compared} were there to compare")


def check_metrics(data, row, states, codes, faults):
    """The five numbers of every sound state [M, T, C, n, n], from the states as stored."""
    found = {k: d[row] for k, d in data.file["outputs/metrics"].items()}
    for m, t in np.argwhere((codes == 0) | (codes == 2)):
        x = states[m, t].reshape(-1)
        before = states[m, t - 1].reshape(-1) if t > 0 else None
        counts = np.histogram(x, 50)[0] if np.ptp(x) > 0 else np.array([x.size])
        p = counts[counts > 0] / x.size
        wanted = {
            "energy": np.sum(x**2),
            "entropy": -np.sum(p * np.log(p)),
            "autocorrelation": 0.0 if before is None else np.corrcoef(x, before)[0, 1],
            "variance": x.var(ddof=1),
            "mean_magnitude": np.abs(x).mean(),
        }
        for name, value in wanted.items():
            # A value on the edge of a bin of the histogram may fall on its other side.
            tolerance = 4 * log(x.size) / x.size if name == "entropy" else 1e-4 * abs(value) + 1e-6
            if codes[m, t] == 0 and not abs(found[name][m, t] - value) <= tolerance:
                faults.append(f"{name} of ({row}, {m}, {t}): {found[name][m, t]} instead of {value}")


def check_dropout(operator, before, noisy, rate, pooled, name, faults):
    """Noisy outputs [M, C, n, n] are those of a network with some planes dropped, the others scaled."""
    location, c = operator.values["noise_location"], operator.values["channels"]
    if location == "output":
        planes, weight, bias = operator(before), np.eye(c), np.zeros(c)
    else:
        planes, weight, bias = operator.features(before), operator.weight[:, :, 0, 0], operator.bias
    masks = np.array(list(itertools.product([0, 1], repeat=planes.shape[1])))
    for m, own in enumerate(planes):
        outputs = np.einsum("kc,oc,cyx->koyx", masks / (1 - rate), weight, own) + bias[:, None, None]
        off = np.abs(outputs - noisy[m]).max(axis=(1, 2, 3))
        if off.min() > 1e-4 * np.abs(outputs).max():
            faults.append(f"{name}, realization {m}: no dropped planes explain it ({off.min():.1e})")
        kept = masks[off.argmin()] - (1 - rate)
        pooled.setdefault(("dropout", location, "share kept"), []).extend(kept)


def check_multiplicative(operator, before, left, pooled):
    """What is left [M, C, n, n] of `W (z(1 + s·noise)) + b`, divided by s, has variance `W² z²`."""
    weight = operator.weight[:, :, 0, 0]
    wanted = np.einsum("oc,mcyx->moyx", weight**2, operator.features(before) ** 2)
    key = ("multiplicative", "features")
    pooled.setdefault((*key, "mean"), []).extend(left.mean(axis=(1, 2, 3)))
    ratio = (left**2).mean(axis=(1, 2, 3)) / wanted.mean(axis=(1, 2, 3))
    pooled.setdefault((*key, "variance"), []).extend(ratio - 1)


def gather(pooled, key, left, rho):
    """Moments of noise [M, C, n, n] in units of its law, less what they must be; per realization."""
    n, (law, location) = left.shape[-1], key[:2]
    axes = (1, 2, 3)

    def add(name, values):
        pooled.setdefault((*key, name), []).extend(values)

    add("mean", left.mean(axis=axes))
    add("variance", (left**2).mean(axis=axes) - 1)
    add("product of two channels", (left[:, 0] * left[:, 1]).mean(axis=(1, 2)))
    add("product of two realizations", (left[1:] * left[:-1]).mean(axis=axes))
    if location in ("input", "hidden"):
        return
    if law != "laplace":
        add("fourth moment", (left**4).mean(axis=axes) - 3)
    elif location == "output":
        add("fourth moment", (left**4).mean(axis=axes) - 6)
    if law != "laplace" or rho == 0:
        length = rho * n / (np.pi * np.sqrt(2))
        kappa = 2 * np.pi * np.fft.fftfreq(n)
        power = np.exp(-(kappa[:, None] ** 2 + kappa**2) * length**2 / 2)
        covariance = np.fft.fft2(power / power.sum()).real
        for lag in [(0, 1), (1, 0), (2, 1), (0, n // 2)]:
            product = (left * np.roll(left, lag, axis=(2, 3))).mean(axis=axes)
            add(f"covariance at {lag}", product - covariance[lag])


def check_pooled(pooled, faults):
    means = Means()
    for key, values in sorted(pooled.items()):
        means.add(", ".join(key), values, 0)
    means.report(faults)
    print("; ".join(sorted({", ".join(key[:2]) for key in pooled})))
