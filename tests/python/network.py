"""One operator in NumPy and 64 bits, from its description and the weights beside a data set.

Written from the specification alone: circular convolutions, norms, activations, residual blocks, the
way down and up of encoder-decoders, the 1x1 output layer; update policies, normalisation, clamp. Shares
no code with what it checks.
"""

import json
import re
from pathlib import Path

import h5py
import numpy as np
from scipy.special import erf, expit

DEFAULTS = {
    "architecture": "simple_cnn", "num_layers": 3, "base_channels": 32, "kernel_size": 3,
    "activation": "gelu", "dropout_rate": 0.0, "init": "torch", "weight_gain": 1.0, "noise_type": "none", "noise_location": "features",
    "noise_schedule": "constant", "schedule_period": 100, "spatial_correlation": 0.0,
    "normalization": "instance", "grid_size": 64, "channels": 3, "update_policy": "convex",
    "alpha": 0.5, "dt": 0.01,
}  # fmt: skip

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "tanh": np.tanh,
    "none": lambda x: x,
}


def safetensors(path):
    """All tensors of a file: 8 bytes that say how long the JSON header is, the header, the data."""
    raw = Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", (name, entry)
            begin, end = entry["data_offsets"]
            values = np.frombuffer(raw[8 + size + begin : 8 + size + end], "<f4")
            tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


class DataSet:
    """A data set with the weights beside it; rows as plain arrays whatever its layout."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        self.config = json.loads(self.file["metadata"].attrs["config"])
        self.count = len(self.file["metadata/operator"])
        self.tensors = {}
        for part in sorted(Path(path).with_suffix(".weights").glob("*.safetensors")):
            self.tensors |= safetensors(part)

    def values(self, row):
        """Every parameter of an operator: sampled, fixed or the default."""
        out = dict(DEFAULTS)
        for name, d in self.file["parameters/values"].items():
            out[name] = d.asstr()[row] if d.dtype.kind == "O" else d[row].item()
        return out

    def fields(self, group, row):
        """Row of `/inputs/fields` or `/outputs/fields`, in 64 bits; with a time axis in the latter."""
        d, side = self.file[group], self.file["metadata/grid_sizes"][row]
        if "grid_group" in self.file["metadata"]:
            d = d[str(self.file["metadata/grid_group"][row])]
            row = self.file["metadata/row"][row]
        x = d["fields"][row].astype(np.float64)
        low = (x.shape[-1] - side) // 2  # Padded fields lie in the middle.
        x = x[..., low : low + side, low : low + side]
        return x[:, None] if x.ndim == 4 else x

    def output_type(self):
        """Type of the stored states."""
        d = self.file["outputs"]
        sides = [g for g in d.values() if isinstance(g, h5py.Group) and "fields" in g]
        return (d if "fields" in d else sides[0])["fields"].dtype.name

    def operator(self, row):
        return Operator(self.values(row), {
            re.sub(r"^\d+\.", "", name): t
            for name, t in self.tensors.items() if name.startswith(f"{row}.")
        })  # fmt: skip


def convolve(x, weight, bias=None):
    """Cross-correlation of x [B, C, n, n] with weight [D, C, k, k] on the torus."""
    batch, channels, n, _ = x.shape
    k, out = weight.shape[2], 0
    for dy in range(k):
        for dx in range(k):
            moved = np.roll(x, (k // 2 - dy, k // 2 - dx), axis=(2, 3))
            out = out + weight[:, :, dy, dx] @ moved.reshape(batch, channels, n * n)
    if bias is not None:
        out = out + bias[:, None]
    return out.reshape(batch, -1, n, n)


def normalise(x, law):
    """Zero mean and unit variance (biased, epsilon 1e-5) over groups of channels and space."""
    channels = x.shape[1]
    if law == "none":
        return x
    if law == "batch":
        return x / np.sqrt(1 + 1e-5)
    groups = {
        "instance": channels,
        "layer": 1,
        "group": max(g for g in range(1, min(32, channels) + 1) if channels % g == 0),
    }[law]
    parts = x.reshape(len(x), groups, -1)
    centred = parts - parts.mean(axis=2, keepdims=True)
    return (centred / np.sqrt(parts.var(axis=2, keepdims=True) + 1e-5)).reshape(x.shape)


def double(x):
    """Every pixel of x [B, C, n, n] four times."""
    return np.repeat(np.repeat(x, 2, axis=2), 2, axis=3)


class Operator:
    """O: [B, C, n, n] -> [B, C, n, n], without noise and dropout.

    A block is a function of the states before it, a list of which the last is what it reads; noise may
    enter at the input and behind every block. `shapes` says of each of those states how many channels
    it has, and how much smaller its side is.
    """

    def __init__(self, values, tensors):
        self.values, self.tensors = values, dict(tensors)
        self.used, self.layers = set(), 0
        count, b = values["num_layers"], values["base_channels"]
        self.blocks, self.shapes = [], [(values["channels"], 1)]
        self.add(self.layer(), b, 1)
        if values["architecture"] == "simple_cnn":
            for i in range(count):
                self.hidden(b * 2 ** min(i, 2))
        else:
            for factor in (2, 4):
                self.add(self.layer(stride=2), factor * b, factor)
            for _ in range(count):
                self.hidden(4 * b)
            # The states behind the first downsampling and behind the input block.
            self.up(2 * b, 2, skip=2)
            self.up(b, 1, skip=1)
        number, width = self.layers, self.shapes[-1][0]
        self.weight, self.bias = self.take(f"{number}.conv.weight"), self.take(f"{number}.conv.bias")
        assert self.weight.shape == (values["channels"], width, 1, 1), self.weight.shape
        unused = set(self.tensors) - self.used
        assert not unused, f"tensors that the specification does not name: {sorted(unused)}"

    def add(self, function, width, factor):
        """A block that looks at nothing but the state before it."""
        self.blocks.append(lambda states: function(states[-1]))
        self.shapes.append((width, factor))

    def hidden(self, width):
        before, factor = self.shapes[-1]
        if self.values["num_layers"] <= 3:
            self.add(self.layer(), width, factor)
            return
        first, second = self.layer(), self.layer()
        skip = self.take(f"{self.layers - 1}.proj.weight") if before != width else None
        self.add(self.residual(first, second, skip), width, factor)

    def up(self, width, factor, skip):
        layer = self.layer()
        assert self.shapes[skip] == (width, factor), self.shapes

        def block(states):
            x = double(states[-1])
            kept = states[skip]
            if kept is None:  # Nothing of it: what is run began behind it.
                kept = np.zeros((len(x), width, *x.shape[2:]))
            return layer(np.concatenate([x, kept], axis=1))

        self.blocks.append(block)
        self.shapes.append((width, factor))

    def take(self, name):
        self.used.add(name)
        return self.tensors[name]

    def layer(self, stride=1):
        """Convolution, norm, activation; only without a norm has the convolution a bias.

        One of stride 2 is every other row and column of one of stride 1.
        """
        number, self.layers = self.layers, self.layers + 1
        law, k = self.values["normalization"], self.values["kernel_size"]
        act = ACTIVATIONS[self.values["activation"]]
        weight = self.take(f"{number}.conv.weight")
        assert weight.shape[2:] == (k, k), weight.shape
        bias = self.take(f"{number}.conv.bias") if law == "none" else None
        if law in ("instance", "group", "layer"):
            assert np.all(self.take(f"{number}.norm.weight") == 1)
            assert np.all(self.take(f"{number}.norm.bias") == 0)
        return lambda x: act(normalise(convolve(x, weight, bias)[:, :, ::stride, ::stride], law))

    @staticmethod
    def residual(first, second, skip):
        return lambda x: second(first(x)) + (x if skip is None else convolve(x, skip))

    def features(self, x, start=0):
        """The state before the output layer; from block `start` on, as if states before it were 0."""
        states = [None] * start + [x]
        for block in self.blocks[start:]:
            states.append(block(states))
        return states[-1]

    def __call__(self, x, start=0):
        return convolve(self.features(x, start), self.weight, self.bias)

    def update(self, x, output):
        policy, alpha = self.values["update_policy"], self.values["alpha"]
        if policy == "autoregressive":
            return output
        if policy in ("residual", "euler_maruyama"):
            return x + self.values["dt"] * output
        return alpha * x + (1 - alpha) * output


def post_process(x, rollout):
    """x [B, C, n, n]: normalise each realization over its state or each channel, then clamp."""
    axes = (1, 2, 3) if rollout.get("normalize_scope", "state") == "state" else (2, 3)
    law = rollout.get("normalize", "none")
    if law == "minmax":
        low, high = x.min(axis=axes, keepdims=True), x.max(axis=axes, keepdims=True)
        wide = high - low > 1e-8
        x = np.where(wide, (x - low) / np.where(wide, high - low, 1), x)
    elif law == "zscore":
        x = (x - x.mean(axis=axes, keepdims=True)) / (x.std(axis=axes, ddof=1, keepdims=True) + 1e-8)
    if rollout.get("clamp"):
        x = np.clip(x, *rollout["clamp"])
    return x
