"""Checks the initial conditions of a data set, read with h5py.

usage: check_types.py FILE WEIGHTS.json
WEIGHTS: {type: weight}, the weights of the experiment, of any sum

The Sobol coordinate of an operator chooses its type: the counts of N operators are within 2 + log2 N
of N times the weights. Every field is finite and not constant, no two operators have the same, and
what was drawn is written down.
"""

import json
import math
import sys
from collections import Counter

import h5py

weights = json.load(open(sys.argv[2]))
total = sum(weights.values())
faults = []
with h5py.File(sys.argv[1], "r") as f:
    types = f["metadata/ic_types"].asstr()[:]
    settings = [json.loads(text) for text in f["metadata/ic_settings"].asstr()[:]]
    fields = f["inputs/fields"][:]
n = len(types)
counts, slack = Counter(types), 2 + math.log2(n)
for name in sorted(set(weights) | set(counts)):
    wanted = n * weights.get(name, 0) / total
    if abs(counts[name] - wanted) > slack:
        faults.append(f"{name}: {counts[name]} of {n}, expected {wanted:.1f} +- {slack:.1f}")
seen = {}
for i, (name, field, drawn) in enumerate(zip(types, fields, settings)):
    if not (field == field).all() or not (abs(field) < 1e30).all():
        faults.append(f"{i} ({name}): not finite")
    if any(c.min() == c.max() for c in field):
        faults.append(f"{i} ({name}): a constant channel")
    twin = seen.setdefault(field.tobytes(), i)
    if twin != i:
        faults.append(f"{i} ({name}): the field of {twin}")
    if "family" not in drawn or "stream" not in drawn:
        faults.append(f"{i} ({name}): no record of what was drawn")
if faults:
    sys.exit("\n".join(faults))
print(f"{n} operators, {len(counts)} types, counts within {slack:.0f}")
