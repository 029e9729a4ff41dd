"""Reads a data set with h5py alone and compares its form with what the experiment asked for.

usage: read_data_set.py FILE EXPECTED.json [FILE EXPECTED.json]...
EXPECTED: {"operators": N, "realizations": M, "timesteps": T, "channels": C, "grids": [n, ...],
           "padded": bool, "dtype": "float32", "block": realizations in a unit,
           "segment": states in a unit, "features": bool, "types": [initial conditions],
           "sampled": {name: [kind, low, high, scale]}, "fixed": {name: value}}
Checks every path, shape, type, attribute, label, scale, chunk and filter that docs/data-set.md names,
and the digest with the program that stands there. Prints what is wrong; exits 1 on faults.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

METRICS = ["energy", "entropy", "autocorrelation", "variance", "mean_magnitude"]
DOCUMENTS = ["config", "sampling_metrics", "provenance"]
WORDS = ["ic_types", "ic_families", "ic_settings", "evolution_policies", "rollout_policies"]
WORDS += ["noise_regimes", "split"]
TYPES = {"integer": "int64", "continuous": "float64"}


def digest_program():
    """`digest(filename)` as docs/data-set.md shows it, without the lines that run it."""
    page = Path(__file__).parents[2].joinpath("docs/data-set.md").read_text()
    code = page.split("<!-- digest -->\n```python\n")[1].split("```")[0]
    names = {}
    exec(code[: code.rindex("\n\ncomputed, stored")], names)
    return names["digest"]


class Reading:
    def __init__(self, path, want):
        self.file, self.want, self.faults, self.seen = h5py.File(path, "r"), want, [], set()

    def check(self, what, found, wanted):
        if found != wanted:
            self.faults.append(f"{what}: {found!r} instead of {wanted!r}")

    def array(self, path, shape, dtype, labels, extensible, chunk=None):
        """Checks one array and gives it."""
        self.seen.add(path)
        if path not in self.file:
            self.faults.append(f"{path}: absent")
            return None
        d = self.file[path]
        self.check(f"{path} shape", list(d.shape), list(shape))
        if dtype == "text":
            self.check(f"{path} type", tuple(h5py.check_string_dtype(d.dtype) or ()), ("utf-8", None))
        else:
            self.check(f"{path} type", d.dtype.str, np.dtype(dtype).newbyteorder("<").str)
        self.check(f"{path} labels", [x.label for x in d.dims], labels)
        limits = [None if i in extensible else n for i, n in enumerate(d.shape)]
        self.check(f"{path} maximal shape", list(d.maxshape), limits)
        if chunk:
            self.check(f"{path} chunk", list(d.chunks), list(chunk))
            self.check(f"{path} filters", (d.shuffle, d.compression), (True, "gzip"))
        return d

    def scales(self, path, wanted):
        """The scale of each axis counts what the label says."""
        for axis, values in enumerate(wanted):
            if values is not None:
                found = self.file[path].dims[axis].values()
                self.check(f"{path} scales of axis {axis}", [s[:].tolist() for s in found], [list(values)])

    def read(self):
        self.parameters()
        self.metadata()
        self.fields()
        self.features()
        paths = []
        self.file.visititems(lambda name, o: paths.append(name) if isinstance(o, h5py.Dataset) else None)
        others = {p for p in paths if not p.startswith("metadata/axes/")} - self.seen
        self.check("arrays that docs/data-set.md does not name", sorted(others), [])
        root = self.file.attrs
        for name in ("spinlock_digest", "spinlock_key"):
            self.check(f"{name} is hexadecimal", (len(root[name]), int(root[name], 16) >= 0), (64, True))
        self.check("generator", root["generator"].split()[0], "spinlock")

    def parameters(self):
        want, sampled = self.want, self.want["sampled"]
        n, params = want["operators"], "parameters/params"
        d = self.array(params, [n, len(sampled)], "float64", ["operator", "parameter"], [0])
        u = d[:]
        self.check("coordinates in [0, 1)", bool(((u >= 0) & (u < 1)).all()), True)
        names = list(d.attrs["names"])
        self.check("names", sorted(names), sorted(sampled))
        of = {x: dict(zip(names, list(d.attrs[x]))) for x in ("kinds", "bounds", "scales", "choices")}
        self.check("bounds shape", d.attrs["bounds"].shape, (len(names), 2))
        listed = [k.rpartition("/")[2] for k in self.file["parameters/values"]]
        self.check("values", sorted(listed), sorted([*sampled, *want["fixed"]]))
        for name, (kind, low, high, scale) in sampled.items():
            found = [of["kinds"][name], *of["bounds"][name].tolist(), of["scales"][name]]
            self.check(f"{name}: kind, bounds, scale", found, [kind, low, high, scale])
            choices = json.loads(of["choices"][name]) if kind == "choice" else []
            text = any(isinstance(c, str) for c in choices)
            real = any(isinstance(c, float) for c in choices)
            dtype = TYPES.get(kind, "text" if text else "float64" if real else "int64")
            path = f"parameters/values/{name}"
            v = self.array(path, [n], dtype, ["operator"], [0])
            values = v.asstr()[:].tolist() if text else v[:].tolist()
            if kind == "choice":
                self.check(f"{name} among its choices", set(values) <= set(choices), True)
            else:
                self.check(f"{name} in its bounds", min(values) >= low and max(values) <= high, True)
        for name, value in want["fixed"].items():
            dtype = {str: "text", int: "int64", float: "float64"}[type(value)]
            v = self.array(f"parameters/values/{name}", [n], dtype, ["operator"], [0])
            self.check(name, set(v.asstr()[:] if dtype == "text" else v[:].tolist()), {value})

    def metadata(self):
        want, group = self.want, self.file["metadata"]
        n, m, t = want["operators"], want["realizations"], want["timesteps"]
        for name in DOCUMENTS:
            d = self.array(f"metadata/{name}", [], "text", [], [])
            text = d.asstr()[()]
            self.check(f"{name} as attribute", group.attrs[name], text)
            self.check(f"{name} is JSON", type(json.loads(text)), dict)
        self.words = {}
        for name in WORDS:
            d = self.array(f"metadata/{name}", [n], "text", ["operator"], [0])
            self.words[name] = d.asstr()[:].tolist()
        self.check("ic_types", set(self.words["ic_types"]) <= set(want["types"]), True)
        self.check("policies", self.words["evolution_policies"], self.words["rollout_policies"])
        self.check("splits", set(self.words["split"]) <= {"train", "validation", "test"}, True)
        regimes = {"none", "low", "medium", "high"}
        self.check("regimes", set(self.words["noise_regimes"]) <= regimes, True)
        for text in self.words["ic_settings"]:
            self.check("ic_settings are JSON", type(json.loads(text)), dict)
        operator = self.array("metadata/operator", [n], "int64", ["operator"], [0])
        self.check("operator", operator[:].tolist(), list(range(n)))
        self.sides = self.array("metadata/grid_sizes", [n], "int64", ["operator"], [0])[:]
        self.check("grid sizes", set(self.sides.tolist()) <= set(want["grids"]), True)
        labels = ["operator", "realization", "time"]
        valid = self.array("metadata/valid", [n, m, t], "uint8", labels, [0, 1, 2])
        self.valid = valid[:]
        self.check("codes", set(np.unique(self.valid).tolist()) <= {0, 1, 2, 3}, True)
        self.scales("metadata/valid", [range(n), range(m), range(t)])
        self.dynamics(n, t)
        for name in METRICS:
            path = f"outputs/metrics/{name}"
            values = self.array(path, [n, m, t], "float32", labels, [0, 1, 2])[:]
            self.check(f"{name} of sound states", np.isfinite(values[self.valid == 0]).all(), True)
            self.scales(path, [range(n), range(m), range(t)])

    def dynamics(self, n, t):
        """Gains are numbers, codes what the attribute says; nothing is iterated if T = 1."""
        gain = self.array("metadata/one_step_gain", [n], "float32", ["operator"], [0])
        self.check("gains", bool((np.isnan(gain[:]) | (gain[:] >= 0)).all()), True)
        self.check("gain defined", gain.attrs["definition"].startswith("std(O(x))/std(x)"), True)
        collapsed = self.array("metadata/collapsed", [n], "uint8", ["operator"], [0])
        codes = {int(word.split()[0]) for word in collapsed.attrs["codes"].partition(" (")[0].split(", ")}
        self.check("codes of collapse", codes, {0, 1, 255})
        found = set(collapsed[:].tolist())
        self.check("collapsed", found <= (codes if t > 1 else {255}), True)
        for path in ("metadata/one_step_gain", "metadata/collapsed"):
            self.scales(path, [range(n)])

    def fields(self):
        want = self.want
        m, t, c = want["realizations"], want["timesteps"], want["channels"]
        everyone = np.arange(want["operators"])
        if want["padded"] or len(want["grids"]) == 1:
            parts = [("", max(want["grids"]), everyone)]
        else:
            parts = [(f"{side}/", side, everyone[self.sides == side]) for side in want["grids"]]
            n = want["operators"]
            groups = self.array("metadata/grid_group", [n], "int64", ["operator"], [0])[:]
            self.check("grid_group", groups.tolist(), self.sides.tolist())
            rows = self.array("metadata/row", [n], "int64", ["operator"], [0])[:]
            for _, side, members in parts:
                self.check(f"rows of {side}", rows[members].tolist(), list(range(len(members))))
        time = [t] if t > 1 else []
        for prefix, side, members in parts:
            state, plane = [c, side, side], ["channel", "y", "x"]
            counts = [range(c), range(side), range(side)]
            path = f"inputs/{prefix}fields"
            shape = [len(members), *state]
            x = self.array(path, shape, "float32", ["operator", *plane], [0], [1, *state])
            self.scales(path, [members, *counts])
            path = f"outputs/{prefix}fields"
            labels = ["operator", "realization", *["time"][: len(time)], *plane]
            unit = [1, min(want["block"], m), *[min(want["segment"], k) for k in time], *state]
            axes = list(range(2 + len(time)))
            y = self.array(path, [len(members), m, *time, *state], want["dtype"], labels, axes, unit)
            self.scales(path, [members, range(m), *[range(k) for k in time], *counts])
            self.states(x[:], y[:].reshape(len(members), m, t, *state), members, side)

    def states(self, x, y, members, side):
        """Codes say what is in the states; the margin of a padded field is zero."""
        sound = np.isfinite(y).all(axis=(3, 4, 5))
        codes = self.valid[members]
        self.check("non-finite states have a terminal code", bool(sound[codes % 2 == 0].all()), True)
        self.check("inputs are finite", bool(np.isfinite(x).all()), True)
        for row, own in enumerate(self.sides[members]):
            low = (side - own) // 2
            inner = np.s_[..., low : low + own, low : low + own]
            for field in (x[row], y[row]):
                rest = field.copy()
                rest[inner] = 0
                self.check(f"margin of operator {members[row]}", bool(np.any(rest)), False)
                self.check(f"operator {members[row]} is there", bool(np.any(field[inner])), True)

    def features(self):
        self.check("features", "features" in self.file, self.want["features"])
        if not self.want["features"]:
            return
        shape, labels = [self.want["operators"], 10], ["operator", "feature"]
        group = "features/sdf/operator_sensitivity/"
        values = self.array(group + "values", shape, "float32", labels, [0])
        validity = self.array(group + "validity", shape, "uint8", labels, [0])
        names = list(values.attrs["names"])
        self.check("names", (len(names), names[0], names[7]), (10, "lipschitz_eps_1e-04", "linearity_r2"))
        self.check("validity", bool(((validity[:] == 0) == np.isfinite(values[:])).all()), True)
        self.check("some are defined", bool((validity[:] == 0).any()), True)


def main(arguments):
    digest, wrong = digest_program(), 0
    for path, expected in zip(arguments[::2], arguments[1::2]):
        reading = Reading(path, json.loads(Path(expected).read_text()))
        reading.read()
        reading.check("digest", *digest(path))
        print(f"{path}: {len(reading.seen)} arrays")
        print("\n".join(f"fault: {fault}" for fault in reading.faults[:30]) or "as asked for")
        wrong += len(reading.faults)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
