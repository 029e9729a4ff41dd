"""Writes `tests/golden/pytorch.json` and `tests/golden/pytorch.safetensors`: what PyTorch makes of 200 of
our operators. Run from the root of the repository after `make build`, with torch 2.x, safetensors, h5py and
numpy on the path:

    PYTHONPATH=.python:/path/to/torch python3 tests/golden/pytorch.py

`spinlock build` samples the operators and stores their weights; the states come from `torch.nn.functional` in
64-bit arithmetic, iterated without noise under each operator's own policy. Kept are the states after one step and
after ten. Some operators are chaotic: rounding alone, measured by running this same program in 32-bit arithmetic
(`single` in the JSON file, the largest difference over the largest magnitude), moves them by more than a tenth of
what is allowed after ten steps. Their second state is the last one before that.

The input is a formula that both sides compute exactly (`input_state`), so it is not stored. Of each state at most
LIMIT pixels per channel are kept, spread evenly, besides its largest magnitude.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

STEPS = 10
ROUNDING = 1e-4
LIMIT = 256
SEED = 2024
SPINLOCK = pathlib.Path("target/release/spinlock").resolve()

HEAD = """
parameter_space:
  architecture:
    num_layers: {{type: integer, bounds: {layers}}}
    base_channels: {{type: integer, bounds: {width}}}
    kernel_size: {kernels}
    activation: [relu, gelu, silu, tanh, none]
    init: [torch, he]
    weight_gain: {{type: continuous, bounds: [0.5, 1.2], log_scale: true}}
  stochastic: {{}}
  operator:
    normalization: [none, instance, batch, group, layer]
    grid_size: {grids}
    channels: {channels}
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {{type: continuous, bounds: [0.1, 0.9]}}
    dt: {{type: continuous, bounds: [0.01, 0.5], log_scale: true}}
sampling: {{total_samples: {count}, sobol: {{seed: {seed}}}}}
simulation: {{device: cpu, num_realizations: 1, num_timesteps: 1}}
dataset:
  output_path: {name}.h5
  data_to_store: [operator_parameters, operator_weights]
"""

# Narrow networks of every kind, and wide ones, whose convolutions may be computed in another way.
NARROW = dict(layers=[1, 6], width=[1, 12], kernels=[1, 3, 5, 7, 9], grids=[9, 12, 16], count=44)
WIDE = dict(layers=[1, 3], width=[32, 64], kernels=[3, 5, 7])
FAMILIES = [dict(NARROW, channels=c) for c in (1, 2, 3, 4)] + [
    dict(WIDE, grids=[32], channels=3, count=16),
    dict(WIDE, grids=[64], channels=3, count=4),
    dict(WIDE, layers=[4, 5], width=[32, 40], kernels=[3, 5], grids=[32], channels=3, count=4),
]


def input_state(channels, side):
    """`[C, n, n]`: the 32-bit finaliser of MurmurHash3 over the element index, as a multiple of 2^-22 in [-2, 2)."""
    h = np.arange(channels * side * side, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    h = (h + np.uint64(1)) * np.uint64(0x9E3779B9) & mask
    h ^= h >> np.uint64(16)
    h = h * np.uint64(0x85EBCA6B) & mask
    h ^= h >> np.uint64(13)
    h = h * np.uint64(0xC2B2AE35) & mask
    h ^= h >> np.uint64(16)
    values = (h >> np.uint64(8)).astype(np.float64) / 2**22 - 2.0
    return values.reshape(channels, side, side)


def operator(theta, tensors, dtype):
    """`O` as a function of `[1, C, n, n]`, from the tensors of one operator."""
    tensors = {name: torch.from_numpy(value).to(dtype) for name, value in tensors.items()}
    layers, norm = int(theta["num_layers"]), theta["normalization"]

    def conv(x, name):
        weight = tensors[f"{name}.weight"]
        pad = weight.shape[-1] // 2
        x = F.pad(x, (pad,) * 4, mode="circular")
        return F.conv2d(x, weight, tensors.get(f"{name}.bias"))

    def normalise(x, layer):
        if norm == "none":
            return x
        if norm == "batch":
            zero, one = torch.zeros(x.shape[1], dtype=dtype), torch.ones(x.shape[1], dtype=dtype)
            return F.batch_norm(x, zero, one, eps=1e-5)
        affine = tensors[f"{layer}.norm.weight"], tensors[f"{layer}.norm.bias"]
        if norm == "instance":
            return F.instance_norm(x, weight=affine[0], bias=affine[1], eps=1e-5)
        groups = max(g for g in range(1, 33) if x.shape[1] % g == 0) if norm == "group" else 1
        return F.group_norm(x, groups, *affine, eps=1e-5)

    activate = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh, "none": lambda x: x}

    def block(x, layer):
        return activate[theta["activation"]](normalise(conv(x, f"{layer}.conv"), layer))

    def apply(x):
        x, layer = block(x, 0), 1
        for _ in range(layers):
            if layers <= 3:
                x, layer = block(x, layer), layer + 1
            else:
                skip = conv(x, f"{layer + 1}.proj") if f"{layer + 1}.proj.weight" in tensors else x
                x, layer = block(block(x, layer), layer + 1) + skip, layer + 2
        return conv(x, f"{layer}.conv")

    return apply


def rollout(theta, tensors, dtype):
    """The states after 1 to STEPS steps, `[C, n, n]`, in 64 bits."""
    apply = operator(theta, tensors, dtype)
    x = torch.from_numpy(input_state(theta["channels"], theta["grid_size"])).to(dtype)[None]
    # The scalars of the policies are 32-bit numbers, as they are in the kernels.
    alpha, keep = (float(np.float32(v)) for v in (theta["alpha"], 1.0 - theta["alpha"]))
    update = {
        "autoregressive": lambda x, o: o,
        "residual": lambda x, o: x + float(np.float32(theta["dt"])) * o,
        "convex": lambda x, o: alpha * x + keep * o,
    }[theta["update_policy"]]
    states = []
    for _ in range(STEPS):
        x = update(x, apply(x))
        states.append(x[0].double().numpy())
    return states


def main():
    operators, arrays = [], {}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for number, family in enumerate(FAMILIES):
            name = f"family{number}"
            root = pathlib.Path(folder)
            (root / "experiments").mkdir(exist_ok=True)
            text = HEAD.format(name=name, seed=SEED + number, **family)
            (root / "experiments" / f"{name}.yaml").write_text(text)
            subprocess.run([SPINLOCK, "build", f"experiments/{name}"], cwd=root, check=True)
            tensors = {}
            for file in sorted((root / f"{name}.weights").glob("*.safetensors")):
                tensors.update(load_file(file))
            with h5py.File(root / f"{name}.h5") as f:
                values = {key: column[:] for key, column in f["parameters/values"].items()}
                count = f["metadata/operator"].shape[0]
            for index in range(count):
                theta = {key: column[index] for key, column in values.items()}
                theta = {k: v.decode() if isinstance(v, bytes) else v.item() for k, v in theta.items()}
                own = {k.removeprefix(f"{index}."): v for k, v in tensors.items() if k.startswith(f"{index}.")}
                exact = rollout(theta, own, torch.float64)
                single = rollout(theta, own, torch.float32)
                largest = [float(np.abs(state).max()) for state in exact]
                assert all(0 < size < 1e36 for size in largest), (theta, largest)
                errors = [float(np.abs(a - b).max() / m) for a, b, m in zip(single, exact, largest)]
                pixels = theta["grid_size"] ** 2
                kept = np.arange(0, pixels, -(-pixels // LIMIT))
                last = max(at for at in range(STEPS) if max(errors[: at + 1]) < ROUNDING)
                flat = np.stack([exact[at].reshape(theta["channels"], -1)[:, kept] for at in (0, last)])
                arrays[str(len(operators))] = np.ascontiguousarray(flat, dtype=np.float32)
                operators.append(
                    dict(
                        seed=SEED + number,
                        index=index,
                        values=theta,
                        steps=[1, last + 1],
                        largest=[largest[0], largest[last]],
                        single=[errors[0], errors[last]],
                    )
                )
                print(len(operators), last + 1, errors[0], errors[last], file=sys.stderr)
    save_file(arrays, "tests/golden/pytorch.safetensors")
    about = dict(torch=torch.__version__, limit=LIMIT)
    with open("tests/golden/pytorch.json", "w") as out:
        head = json.dumps(about, separators=(",", ":"))[:-1]
        rows = ",\n".join(json.dumps(o, separators=(",", ":")) for o in operators)
        out.write(f'{head},"operators":[\n{rows}\n]}}\n')
    for at in (0, 1):
        worst = sorted((o["single"][at] for o in operators), reverse=True)
        print(f"32-bit PyTorch, state {at}: worst {worst[:3]}, median {worst[len(worst) // 2]:.1e}")
    print(sum(o["steps"][1] == STEPS for o in operators), f"operators over {STEPS} steps")


main()
