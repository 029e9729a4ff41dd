"""Computes a data set again in NumPy, from inputs, weights and parameters, and compares.

usage: oracle.py CHECK FILE [+ CHECK FILE]...
  rollouts FILE       states, codes and metrics of operators without noise (`network.py`)
  noise FILE          noise against its law: what is left of each noisy state after taking away the
                      noise-free one that follows from the state before
  points FILE         coordinates and values of an unscrambled sample      (this one and below: `laws.py`)
  weights FILE        moments of the weights
  inputs FILE         variance and covariance of Gaussian inputs
  splits FILE         shares of the splits
  grown SMALL LARGE   what a larger data set must have in common with a smaller one
Rollouts, noise and weights need `data_to_store: [..., operator_weights]`. Prints what it found; exits
1 on faults.
"""

import sys

import numpy as np

import laws
from network import DataSet, post_process

# In single precision, against 64 bits: relative to the greatest value of the state.
ONE_STEP, ROLLOUT = 1e-5, 1e-4


def distance(found, wanted):
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30)


def rollouts(data, faults):
    settings, terminal = data.config["simulation"]["rollout"], (1, 3)
    worst = {"one step": 0.0, "rollout": 0.0}
    seen = {}
    for row in range(data.count):
        operator = data.operator(row)
        values = operator.values
        stored, codes = data.fields("outputs", row), data.file["metadata/valid"][row]
        x = data.fields("inputs", row)[None]
        steps = stored.shape[1]
        for name in ("num_layers", "activation", "normalization", "update_policy", "init"):
            seen.setdefault(name, set()).add(values[name])
        name = f"operator {row}"
        for m in range(1, len(stored)):
            if not np.array_equal(stored[m], stored[0], equal_nan=True):
                faults.append(f"{name}: realization {m} differs without noise")
        if steps == 1:
            states = [operator(x)]
        else:
            states = [post_process(x, settings)]
            while len(states) < steps:
                x = states[-1]
                states.append(post_process(operator.update(x, operator(x)), settings))
        for t, state in enumerate(states):
            if codes[0, t] in terminal:
                break
            limit = ONE_STEP if t <= 1 else ROLLOUT
            kind = "one step" if t <= 1 else "rollout"
            off = distance(stored[0, t], state[0])
            worst[kind] = max(worst[kind], off)
            if not off < limit:
                faults.append(f"{name}, state {t}: off by {off:.1e} ({values})")
            if t > 0 and codes[0, t - 1] not in terminal:
                # From the stored state before: no error is carried along.
                before = stored[:1, t - 1]
                once = post_process(operator.update(before, operator(before)), settings)
                off = distance(stored[0, t], once[0])
                worst["one step"] = max(worst["one step"], off)
                if not off < ONE_STEP:
                    faults.append(f"{name}, step to {t}: off by {off:.1e} ({values})")
        laws.check_metrics(data, row, stored, codes, faults)
    print(f"{data.count} operators: " + ", ".join(f"{k} off by {v:.1e}" for k, v in worst.items()))
    print("; ".join(f"{k}: {', '.join(map(str, sorted(v)))}" for k, v in sorted(seen.items())))


def scale(values, step, steps):
    """Noise scale at application `step` of a rollout of `steps` states."""
    factor = {
        "constant": lambda: 1.0,
        "annealing": lambda: 1 - step / (steps - 1) if steps > 1 else 1.0,
        "periodic": lambda: 1 + np.sin(2 * np.pi * step / values["schedule_period"]) / 2,
    }[values["noise_schedule"]]()
    return values["noise_scale"] * factor


def covariance_of(operator, n):
    """Covariance [C, C] of one pixel of `O(x)` if noise of variance 1 enters where it does.

    At the output it is the identity, on the features W Wᵀ. Before or between the blocks it follows
    from the impulse responses, and only of a linear network.
    """
    location, c = operator.values["noise_location"], operator.values["channels"]
    if location == "output":
        return np.eye(c)
    w = operator.weight[:, :, 0, 0]
    if location == "features":
        return w @ w.T
    assert operator.values["activation"] == "none" and operator.values["normalization"] == "batch"
    total = np.zeros((c, c))
    widths, x = [c], np.zeros((1, c, n, n))
    for block in operator.blocks:
        x = block(x)
        widths.append(x.shape[1])
    starts = [0] if location == "input" else range(1, len(operator.blocks) + 1)
    for start in starts:
        impulses = np.zeros((widths[start], widths[start], n, n))
        impulses[np.arange(widths[start]), np.arange(widths[start]), 0, 0] = 1
        response = operator(impulses, start)
        total += np.einsum("ioyx,ipyx->op", response, response)
    return total


def noise(data, faults):
    pooled = {}
    for row in range(data.count):
        operator = data.operator(row)
        values, x = operator.values, data.fields("inputs", row)
        stored = data.fields("outputs", row)
        steps, n = stored.shape[1], x.shape[-1]
        law, location = values["noise_type"], values["noise_location"]
        part = {"autoregressive": 1, "residual": values["dt"], "convex": 1 - values["alpha"]}
        part = part[values["update_policy"]] if steps > 1 else 1
        for step in range(max(steps - 1, 1)):
            before = stored[:, step] if steps > 1 else np.repeat(x[None], len(stored), axis=0)
            after = stored[:, step + 1] if steps > 1 else stored[:, 0]
            output = operator(before)
            left = after - (operator.update(before, output) if steps > 1 else output)
            name, strength = f"operator {row}, step {step}", scale(values, step, steps)
            if law == "dropout":
                noisy = output + left / part
                laws.check_dropout(operator, before, noisy, strength, pooled, name, faults)
                continue
            left = left / (part * strength)
            if law == "multiplicative" and location == "features":
                laws.check_multiplicative(operator, before, left, pooled)
                continue
            if law == "multiplicative":
                left = left / output
            rho = values["spatial_correlation"]
            # In units of its standard deviation, with independent channels.
            root = np.linalg.cholesky(covariance_of(operator, n))
            left = np.linalg.solve(root, left.reshape(len(left), len(root), -1)).reshape(left.shape)
            key = (law, location, values["noise_schedule"], "correlated" if rho > 0 else "white")
            laws.gather(pooled, key, left, rho)
    laws.check_pooled(pooled, faults)


CHECKS = {
    "rollouts": rollouts, "noise": noise, "points": laws.points, "weights": laws.weights,
    "inputs": laws.inputs, "splits": laws.splits, "grown": laws.grown,
}  # fmt: skip


def main(arguments):
    wrong = 0
    while arguments:
        end = arguments.index("+") if "+" in arguments else len(arguments)
        (command, *paths), arguments = arguments[:end], arguments[end + 1 :]
        print(f"--- {command} {' '.join(paths)}")
        faults = []
        CHECKS[command](*map(DataSet, paths), faults)
        print("\n".join(f"fault: {fault}" for fault in faults[:20]) or "as the specification says")
        wrong += len(faults)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
