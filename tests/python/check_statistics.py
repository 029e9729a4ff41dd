"""Computes the statistics and the cleaning recipe of a data set again and compares.

usage: check_statistics.py FILE STATS.yaml
Written from docs/features.md alone: from the tables of the file and its splits, with NumPy. The program that
the page shows for cleaning is run too. Prints how many columns met which fate, as JSON; exits 1 on faults.
"""

import json
import re
import sys
from pathlib import Path

import h5py
import numpy as np

STATISTICS = ["count", "nan_count", "mean", "std", "min", "max", "median", "mad"]
TABLES = ["per_timestep", "per_trajectory", "aggregated"]
faults = []


def check(what, found, wanted, tolerance=1e-12):
    size = np.nanmax(np.abs(wanted), initial=0.0)
    if not np.allclose(found, wanted, tolerance, tolerance * size, equal_nan=True):
        faults.append(f"{what}: {found} instead of {wanted}")


def clean_program():
    """`clean(path, table)` as docs/features.md shows it."""
    page = Path(__file__).parents[2].joinpath("docs/features.md").read_text()
    names = {}
    exec(page.split("<!-- clean -->\n```python\n")[1].split("```")[0], names)
    return names["clean"]


def scalar(text):
    if text in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[text]
    # Numbers as YAML 1.1 knows them: real ones with a point, exponents with a sign.
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if re.fullmatch(r"[-+]?\d+\.\d*([eE][-+]\d+)?", text):
        return float(text)
    return text


def flow(text):
    pairs = (item.split(": ") for item in text.strip("{}").split(", ") if item)
    return {name: scalar(value) for name, value in pairs}


def read_yaml(path):
    """The subset that the file uses: nested mappings by indentation, flow mappings of scalars."""
    root, stack = {}, []
    stack.append((-1, root))
    for line in Path(path).read_text().splitlines():
        if line.startswith("#"):
            continue
        depth, (name, _, rest) = (len(line) - len(line.lstrip())) // 2, line.strip().partition(":")
        while stack[-1][0] >= depth:
            stack.pop()
        rest = rest.strip()
        value = {} if not rest else flow(rest) if rest.startswith("{") else scalar(rest)
        stack[-1][1][name] = value
        if not rest:
            stack.append((depth, value))
    return root


def statistics(x):
    n = np.isnan(x).sum()
    x = x[~np.isnan(x)]
    if not len(x):
        return [0, n] + 6 * [np.nan]
    middle = np.median(x)
    std = np.std(x, ddof=1) if len(x) > 1 else np.nan
    return [len(x), n, np.mean(x), std, x.min(), x.max(), middle, np.median(np.abs(x - middle))]


def constant(low, high, tolerance):
    return high - low <= tolerance * max(abs(low), abs(high))


def recipe(columns, settings):
    """The fate of each column: a reason, or (low, high, mean, std)."""
    fates, kept = [], []
    for j, x in enumerate(columns):
        there = x[~np.isnan(x)]
        tolerance = settings["constant_tolerance"]
        if not len(there) or 1 - len(there) / len(x) > settings["max_missing"]:
            fates.append("missing")
            continue
        if constant(there.min(), there.max(), tolerance):
            fates.append("constant")
            continue
        low, high = -np.inf, np.inf
        if settings["clip"] == "mad":
            middle = np.median(there)
            away = np.abs(there - middle)
            spread = np.median(away) or 0.8453475393951493 * np.mean(away)
            low, high = middle - settings["clip_mad"] * spread, middle + settings["clip_mad"] * spread
        elif settings["clip"] == "quantile":
            low, high = np.quantile(there, [settings["clip_quantile"], 1 - settings["clip_quantile"]])
        clipped = np.clip(x, low, high)
        if constant(np.nanmin(clipped), np.nanmax(clipped), tolerance):
            fates.append("constant")
            continue
        alike = None
        for i, other in kept:
            both = ~np.isnan(clipped) & ~np.isnan(other)
            a, b = clipped[both], other[both]
            if len(a) < 2 or a.std() == 0 or b.std() == 0:
                continue
            r = np.corrcoef(a, b)[0, 1]
            if abs(abs(r) - settings["max_correlation"]) < 1e-9:
                faults.append(f"columns {i} and {j} are too close to the threshold to be compared")
            if abs(r) > settings["max_correlation"]:
                alike = (i, r)
                break
        if alike:
            fates.append(("correlated", *alike))
            continue
        kept.append((j, clipped))
        fates.append((low, high, np.nanmean(clipped), np.nanstd(clipped, ddof=1)))
    return fates


def table(f, name, beside):
    """Compares one table; how many columns met which fate."""
    features = f[f"features/sdf/{name}/features"]
    names, values = list(features.attrs["names"]), features[:].astype(float)
    train = f["metadata/split"].asstr()[:] == "train"
    columns = values[train].reshape(-1, len(names)).T
    d = f[f"features/sdf/statistics/{name}"]
    if list(d.attrs["names"]) != names or list(d.attrs["statistics"]) != STATISTICS:
        faults.append(f"{name}: other names")
    if d.dtype != np.float64 or [x.label for x in d.dims] != ["feature", "statistic"]:
        faults.append(f"{name}: {d.dtype} {[x.label for x in d.dims]}")
    for column, found, what in zip(columns, d[:], names):
        check(f"{name}/{what}", found, statistics(column))
    told = beside["statistics"][name]
    if told["rows"] != columns.shape[1] or list(told["columns"]) != names:
        faults.append(f"{name}: the file beside the data set names other columns or rows")
    for found, what in zip(d[:], names):
        line = [told["columns"][what][s] for s in STATISTICS]
        line = np.array([np.nan if v is None else v for v in line], float)
        if not np.array_equal(line, found, equal_nan=True):
            faults.append(f"{name}/{what}: {line} beside the data set, {found} in it")

    cleaning = json.loads(f["features/sdf/statistics/cleaning"].asstr()[()])
    if cleaning != beside["cleaning"]:
        faults.append("the recipe beside the data set is another")
    if cleaning["version"] != 1:
        faults.append(f"recipe of version {cleaning['version']}")
    told, counts = cleaning["tables"][name], dict(missing=0, constant=0, correlated=0, kept=0)
    for fate, what in zip(recipe(columns, cleaning["settings"]), names):
        found = told["columns"][what]
        if isinstance(fate, str):
            counts[fate] += 1
            wanted = {"kept": False, "why": fate}
            if found != wanted:
                faults.append(f"{name}/{what}: {found} instead of {wanted}")
        elif fate[0] == "correlated":
            counts["correlated"] += 1
            wanted = {"kept": False, "why": "correlated", "with": names[fate[1]]}
            if {k: v for k, v in found.items() if k != "r"} != wanted:
                faults.append(f"{name}/{what}: {found} instead of {wanted}")
            else:
                check(f"{name}/{what} r", found["r"], fate[2], 1e-9)
        else:
            counts["kept"] += 1
            wanted = [v if np.isfinite(v) else np.nan for v in fate]
            if not found["kept"]:
                faults.append(f"{name}/{what}: {found} instead of {fate}")
                continue
            line = [found[k] for k in ("low", "high", "mean", "std")]
            for a, b, part in zip(line, wanted, ("low", "high", "mean", "std")):
                check(f"{name}/{what} {part}", np.nan if a is None else a, b, 1e-11)
    if (told["kept"], told["of"]) != (counts["kept"], len(names)):
        faults.append(f"{name}: {told['kept']} of {told['of']} kept")

    z, kept = clean_program()(sys.argv[1], name)
    if z.shape != (*values.shape[:-1], counts["kept"]) or not np.isfinite(z).all():
        faults.append(f"{name}: cleaned to {z.shape} with values that are not there")
    for column, what in zip(z[train].reshape(columns.shape[1], len(kept)).T, kept):
        there = ~np.isnan(columns[names.index(what)])
        check(f"{name}/{what} cleaned", [column[there].mean(), column[there].std(ddof=1)], [0, 1], 1e-8)
    return dict(counts, of=len(names))


beside = read_yaml(sys.argv[2])
with h5py.File(sys.argv[1], "r") as f:
    train = f["metadata/split"].asstr()[:] == "train"
    if beside["split"] != {"name": "train", "operators": int(train.sum()), "of": len(train)}:
        faults.append(f"split: {beside['split']}")
    found = {name: table(f, name, beside) for name in TABLES if name in f["features/sdf"]}
if faults:
    sys.exit("\n".join(faults))
print(json.dumps(found))
