"""Computes a data set again in NumPy, from inputs, weights and parameters, and compares.

usage: oracle.py CHECK FILE [+ CHECK FILE]...
  rollouts FILE       states, codes and metrics of operators without noise (`network.py`)
  dynamics FILE       one-step gains and collapse, of any operators
  features FILE       operator-sensitivity features of operators without noise
  dropout FILE        Monte-Carlo dropout of operators with one hidden block
  noise FILE          noise against its law: what is left of each noisy state after taking away the
                      noise-free one that follows from the state before
  weights FILE        moments of the weights (this one and below: `laws.py`)
  points FILE         coordinates and values of an unscrambled sample
  inputs FILE         variance and covariance of Gaussian inputs
  splits FILE         shares of the splits
  grown SMALL LARGE   what a larger data set must have in common with a smaller one
All but the last four need `data_to_store: [..., operator_weights]`. Prints what it found; exits 1 on
faults.
"""

import itertools
import sys

import numpy as np

import laws
from network import DataSet, convolve, post_process

# Of single precision against 64 bits, relative to the greatest value of the state.
ONE_STEP, ROLLOUT = 1e-5, 1e-4
STORED = {"float32": 0.0, "float16": 2.0**-11}


def distance(found, wanted):
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30)


def states_of(operator, x, steps, settings):
    """The states of a rollout from the input [C, n, n]; of one step, O(x) alone."""
    if steps == 1:
        return [operator(x[None])[0]]
    states = [post_process(x[None], settings)]
    while len(states) < steps:
        states.append(following(operator, states[-1], settings))
    return [state[0] for state in states]


def following(operator, x, settings):
    return post_process(operator.update(x, operator(x)), settings)


def rollouts(data, faults):
    settings = data.config["simulation"]["rollout"]
    worst, ended, seen = {"one step": 0.0, "rollout": 0.0}, 0, {}
    rounding = STORED[data.output_type()]
    limit = min(settings["blowup_limit"], 65504 if rounding else np.inf)

    def compare(name, found, wanted, kind):
        off = distance(found, wanted)
        worst[kind] = max(worst[kind], off)
        if not off < {"one step": ONE_STEP, "rollout": ROLLOUT}[kind] + rounding:
            faults.append(f"{name}: off by {off:.1e} in {kind} ({operator.values})")

    for row in range(data.count):
        operator = data.operator(row)
        for name in ("architecture", "num_layers", "activation", "normalization", "update_policy", "init"):
            seen.setdefault(name, set()).add(operator.values[name])
        stored, codes = data.fields("outputs", row), data.file["metadata/valid"][row]
        for m in range(1, len(stored)):
            if not np.array_equal(stored[m], stored[0], equal_nan=True):
                faults.append(f"operator {row}: realization {m} differs without noise")
        steps = stored.shape[1]
        states = states_of(operator, data.fields("inputs", row), steps, settings)
        for t, state in enumerate(states):
            name, greatest = f"operator {row}, state {t}", np.abs(state).max()
            if abs(greatest / limit - 1) > ROLLOUT and (codes[0, t] == 3) != (greatest > limit):
                faults.append(f"{name}: code {codes[0, t]}, greatest value {greatest}")
            if codes[0, t] == 3:
                if np.any(codes[:, t:] != 3) or not np.isnan(stored[:, t + 1 :]).all():
                    faults.append(f"{name}: something follows the end")
                ended += 1
                break
            compare(name, stored[0, t], state, "one step" if t <= 1 else "rollout")
            if t > 0 and not rounding:
                # From the stored state before, so that no error is carried along.
                compare(name, stored[0, t], following(operator, stored[:1, t - 1], settings)[0], "one step")
        laws.check_metrics(data, row, stored, codes, faults)
    off = ", ".join(f"{kind} off by {value:.1e}" for kind, value in worst.items())
    print(f"{data.count} operators, {ended} ended early: {off}")
    print("; ".join(f"{k}: {', '.join(map(str, sorted(v)))}" for k, v in sorted(seen.items())))


def dynamics(data, faults):
    """Gain and collapse without noise; close to a threshold either code will do."""
    settings, gains, found = data.config["simulation"]["rollout"], [], []
    for row in range(data.count):
        operator, x = data.operator(row), data.fields("inputs", row)[None]
        steps = data.file["metadata"].attrs["num_timesteps"]
        x = post_process(x, settings) if steps > 1 else x
        y = operator(x)
        gain, wanted = data.file["metadata/one_step_gain"][row], y.std() / x.std()
        if not abs(gain - wanted) < 1e-4 * wanted + 1e-6 * np.abs(y).max() / x.std():
            faults.append(f"one-step gain of operator {row}: {gain} instead of {wanted}")
        code = data.file["metadata/collapsed"][row]
        codes = {255} if steps == 1 else {collapse(operator, x, 1 + d) for d in (-1e-3, 0, 1e-3)}
        if code not in codes:
            faults.append(f"collapse of operator {row}: {code} instead of {codes}")
        gains.append(gain)
        found.append(code)
    counts = ", ".join(f"{found.count(code)} × {code}" for code in sorted(set(found)))
    print(f"{data.count} operators, gains {min(gains):.2g} to {max(gains):.2g}, collapse {counts}")


def collapse(operator, x, slack):
    """1 if the iteration of `operator` from x wears its structure away, 0 if not."""
    spread = lambda state: state.std(axis=(2, 3), ddof=1).max()
    start = before = spread(x)
    for application in range(1, 11):
        x = operator(x)
        now = spread(x)
        if now <= 1e-6 * slack * np.abs(x).max():
            return 1
        if application > 1 and now > before / 2 * slack:
            return 0
        if application > 1 and now <= 1e-3 * slack * start:
            return 1
        before = now
    return 0


def features(data, faults):
    """Operator sensitivity. Its directions are random: Lipschitz constants agree within a half."""
    d, draws = data.file["features/sdf/operator_sensitivity/values"], np.random.default_rng(1)
    names, off = list(d.attrs["names"]), 0.0
    for row in range(data.count):
        operator, x = data.operator(row), data.fields("inputs", row)[None]
        found, base = dict(zip(names, d[row].astype(np.float64))), operator(x)
        a = np.array([0.5, 0.75, 1.25, 1.5])
        g = np.array([np.linalg.norm(operator(k * x)) for k in a]) / np.linalg.norm(base)
        wanted = {f"gain_scale_{k:.2f}": gain for k, gain in zip(a, g)} | {
            "linearity_r2": (a @ g) ** 2 / (a @ a) / (g @ g),
            "saturation_degree": 1.5 - g[3],
            "compression_ratio": (g[0] / 0.5) / (g[3] / 1.5),
        }
        for name, value in wanted.items():
            off = max(off, abs(found[name] - value))
            if not abs(found[name] - value) < 1e-4 * max(1, abs(value)):
                faults.append(f"{name} of operator {row}: {found[name]} instead of {value}")
        for epsilon in (1e-2, 1e-3):
            name = f"lipschitz_eps_{epsilon:.0e}"
            moved = epsilon * draws.standard_normal((16, *x.shape[1:]))
            axes = (1, 2, 3)
            gains = np.sqrt(((operator(x + moved) - base) ** 2).sum(axes) / (moved**2).sum(axes))
            if not 2 / 3 < found[name] / gains.mean() < 3 / 2:
                faults.append(f"{name} of operator {row}: {found[name]}, here {gains.mean()}")
    print(f"{data.count} operators, gains off by {off:.1e}")


def dropout(data, faults):
    """One hidden block with Monte-Carlo dropout: some choice of dropped channels gives each output."""
    kept = []
    for row in range(data.count):
        operator, x = data.operator(row), data.fields("inputs", row)[None]
        rate, first = operator.values["dropout_rate"], operator.blocks[0]([x])
        widths = first.shape[1], operator.weight.shape[1]
        masks = [np.array(list(itertools.product([0, 1], repeat=width))) for width in widths]
        outputs, choices = [], []
        for mask in masks[0]:
            second = operator.blocks[1]([first * mask[:, None, None] / (1 - rate)])
            planes = second * masks[1][:, :, None, None] / (1 - rate)
            outputs.append(convolve(planes, operator.weight, operator.bias))
            choices.extend(np.concatenate([mask, other]) for other in masks[1])
        outputs = np.concatenate(outputs)
        for m, state in enumerate(data.fields("outputs", row)[:, 0]):
            off = np.abs(outputs - state).max(axis=(1, 2, 3))
            if not off.min() < ONE_STEP * np.abs(state).max():
                faults.append(f"operator {row}, realization {m}: no dropped channels explain it")
            kept.extend(choices[off.argmin()] - (1 - rate))
    means = laws.Means()
    means.add("share of channels kept", kept, 0)
    means.report(faults)


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
    from the impulse responses, and only of a linear network; of an encoder-decoder it is a mean over
    pixels, which differ by their place in the coarsest grid.
    """
    location, c = operator.values["noise_location"], operator.values["channels"]
    if location == "output":
        return np.eye(c)
    w = operator.weight[:, :, 0, 0]
    if location == "features":
        return w @ w.T
    assert operator.values["activation"] == "none" and operator.values["normalization"] == "batch"
    total = np.zeros((c, c))
    coarsest = max(factor for _, factor in operator.shapes)
    starts = [0] if location == "input" else range(1, len(operator.blocks) + 1)
    for start in starts:
        width, factor = operator.shapes[start]
        # The response to a pixel of the noise repeats with the coarsest grid.
        period, side = coarsest // factor, n // factor
        for y, x in itertools.product(range(period), repeat=2):
            impulses = np.zeros((width, width, side, side))
            impulses[np.arange(width), np.arange(width), y, x] = 1
            response = operator(impulses, start)
            total += np.einsum("ioyx,ipyx->op", response, response) / coarsest**2
    return total


def noise(data, faults):
    pooled = {}
    for row in range(data.count):
        operator = data.operator(row)
        values, x = operator.values, data.fields("inputs", row)
        stored = data.fields("outputs", row)
        steps, n = stored.shape[1], x.shape[-1]
        law, location = values["noise_type"], values["noise_location"]
        part = {
            "autoregressive": 1,
            "residual": values["dt"],
            "euler_maruyama": values["dt"] ** 0.5,
            "convex": 1 - values["alpha"],
        }
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
    "rollouts": rollouts, "dynamics": dynamics, "features": features, "noise": noise, "dropout": dropout,
    "weights": laws.weights, "points": laws.points, "inputs": laws.inputs, "splits": laws.splits,
    "grown": laws.grown,
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
