"""Reads numbers back from figures and holds them against the data set, with h5py and numpy.

usage: check_figures.py DATASET.h5 FOLDER

`FOLDER` holds what `spinlock report --figures` wrote. Checks, as far as they are there: `rollouts.svg`, every point of
every median; `divergence.svg`, the shares of operators over time; `features_*.svg`, the ends of each histogram. Prints
how many numbers were compared.
"""

import json
import re
import sys
import warnings
import xml.etree.ElementTree as xml
from pathlib import Path

import h5py
import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
# Labels stand so far below the middle of what they are beside.
BASELINE = 0.36 * 10.5


def number(text):
    """What a chart writes: 0.25, −3, 10⁻³, 1.5×10⁻⁶."""
    text = text.replace("\u2212", "-").replace("\xa0", "")
    if match := re.fullmatch(r"(-?)(?:([\d.]+)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        sign, digits, power = match.groups()
        return (-1 if sign else 1) * float(digits or 1) * 10.0 ** int(power.translate(RAISED))
    return float(text)


def points(data):
    """The points of a path of `M`, `l`, `h`, `v` in tenths of a pixel."""
    out, at = [], (0.0, 0.0)
    for letter, rest in re.findall(r"([MLlhvz])([^MLlhvz]*)", data):
        v = [float(x) for x in re.findall(r"-?\d*\.?\d+", rest)]
        if letter == "z":
            continue
        at = {"M": lambda: (v[0], v[1]), "L": lambda: (v[0], v[1]), "l": lambda: (at[0] + v[0], at[1] + v[1]),
              "h": lambda: (at[0] + v[0], at[1]), "v": lambda: (at[0], at[1] + v[0])}[letter]()
        out.append(at)
    return out


def tip(mark):
    title = mark.find(SVG + "title")
    return None if title is None else title.text


def panels(root):
    """Title → (from heights to values, the named paths of the panel)."""
    out, ticks = {}, []
    for mark in root:
        if mark.tag == SVG + "text" and mark.get("text-anchor") == "end":
            ticks.append((float(mark.get("y")) - BASELINE, number(mark.text)))
        elif mark.tag == SVG + "text" and mark.get("font-size") == "11.5" and ticks:
            y, value = np.array(ticks).T
            ratio = value[1:] / np.where(value[:-1] == 0, np.nan, value[:-1])
            log = len(value) > 2 and (value > 0).all() and not np.allclose(np.diff(value), value[1] - value[0])
            assert not log or np.allclose(ratio, ratio[0], rtol=0.3), value
            slope, base = np.polyfit(y, np.log(value) if log else value, 1)
            to_y = lambda v, s=slope, b=base, log=log: ((np.log(v) if log else v) - b) / s
            current = out[mark.text] = (to_y, [])
            ticks = []
        elif mark.tag == SVG + "path" and tip(mark) and out:
            current[1].append((tip(mark), points(mark.get("d"))))
    return out


def rollouts(data, root):
    policy = data["metadata/evolution_policies"].asstr()[:]
    names = {name.replace("_", " "): name for name in data["outputs/metrics"]}
    found = {title: panel for title, panel in panels(root).items() if title in names}
    assert set(found) == set(names), (set(found), set(names))
    compared = 0
    for title, (to_y, curves) in found.items():
        values = data[f"outputs/metrics/{names[title]}"][:].astype(float)
        values[~np.isfinite(values)] = np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            own = np.nanmean(values, axis=1)
            assert len(curves) == len(set(policy))
            for name, at in curves:
                rows = own[policy == name.split(" (")[0].replace(" ", "_")]
                assert name.endswith(f"({len(rows)})"), name
                median = np.nanmedian(rows, axis=0)
                # There is no point where nothing is finite.
                expected = to_y(median[np.isfinite(median)])
                assert len(at) == len(expected), (title, name, len(at), len(expected))
                assert np.allclose([y for _, y in at], expected, atol=0.3), (title, name, at, expected)
                compared += len(at)
    return compared


NAMES = {1: "not finite", 2: "constant", 3: "blown up"}
ORDER = {0: 0, 2: 1, 3: 2, 1: 3}


def divergence(data, root):
    codes = data["metadata/valid"][:]
    worst = np.vectorize({v: k for k, v in ORDER.items()}.get)(np.vectorize(ORDER.get)(codes).max(axis=1))
    n, t = worst.shape
    gone = int((worst != 0).any(axis=1).sum())
    said = root.find(SVG + "desc").text.replace("\xa0", "")
    assert said.startswith(f"{gone} of {n} operators"), said
    (to_y, paths), = [panel for title, panel in panels(root).items() if title.startswith("share")]
    base, compared = np.zeros(t), 0
    for code in [1, 3, 2]:
        share = 100.0 * (worst == code).mean(axis=0)
        if not share.any():
            continue
        base = base + share
        (_, at), = [path for path in paths if path[0] == NAMES[code]]
        left, right = min(x for x, _ in at), max(x for x, _ in at)
        middles = left + (right - left) * (np.arange(t) + 0.5) / t
        # Steps: the higher of the two edges that lie above a moment.
        edges = list(zip(at, at[1:]))
        upper = [min(a[1] for a, b in edges if min(a[0], b[0]) <= x <= max(a[0], b[0])) for x in middles]
        assert np.allclose(upper, to_y(base), atol=0.3), (code, upper, to_y(base))
        compared += t
    assert compared
    return compared


def features(data, root):
    values = {}
    for table in ["per_timestep", "per_trajectory"]:
        array = data[f"features/sdf/{table}/features"]
        numbers = array[:].astype(float)
        numbers[~np.isfinite(numbers)] = np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values |= dict(zip(array.attrs["names"], np.nanmean(numbers, axis=1).T))
    texts = [mark for mark in root if mark.tag == SVG + "text"]
    compared = 0
    for name, low, high, after in zip(texts, texts[1:], texts[2:], texts[3:] + texts[:1]):
        # Where a few lie far away, the ends are others.
        if "outside" in after.text:
            continue
        if name.text in values and (low.get("text-anchor"), high.get("text-anchor")) == (None, "end"):
            own = values[name.text]
            ends = [np.nanmin(own), np.nanmax(own)]
            assert np.allclose([number(low.text), number(high.text)], ends, rtol=6e-3), (name.text, ends, low.text)
            compared += 2
    return compared


def main():
    data, folder = h5py.File(sys.argv[1]), Path(sys.argv[2])
    compared = {}
    for path in sorted(folder.glob("*.svg")):
        kind = path.stem.split("_")[0]
        check = {"rollouts": rollouts, "divergence": divergence, "features": features}.get(kind)
        if check:
            compared[kind] = compared.get(kind, 0) + check(data, xml.parse(path).getroot())
    print(json.dumps(compared))


main()
