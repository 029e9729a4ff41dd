"""Writes `src/sampling/joe_kuo.bin` and `tests/golden/sampling.json`; run from the root of the repository.

Needs numpy and SciPy. SciPy ships the direction numbers of Joe and Kuo ("new-joe-kuo-6", 21,201
dimensions); the first 1,280 are kept. The golden numbers come from `scipy.stats.qmc`, which walks
the sequence in Gray-code order: its n-th point has natural index n ^ (n >> 1).
"""

import itertools
import json
import os
import struct

import numpy as np
import scipy.stats
from scipy.stats import qmc

DIMENSIONS, DEGREE, BITS = 1280, 14, 53

# One record per dimension from the second on: the primitive polynomial as bits, highest power
# first, and the initial m_1.. padded with zeros; 16-bit little-endian numbers.
source = np.load(
    os.path.join(os.path.dirname(scipy.stats.__file__), "_sobol_direction_numbers.npz")
)
with open("src/sampling/joe_kuo.bin", "wb") as out:
    for polynomial, initial in zip(source["poly"][1:DIMENSIONS], source["vinit"][1:DIMENSIONS]):
        assert not initial[DEGREE:].any()
        out.write(struct.pack(f"<{1 + DEGREE}H", polynomial, *initial[:DEGREE]))

engine = qmc.Sobol(d=DIMENSIONS, scramble=False, bits=BITS)
directions = [[int(v) for v in row] for row in engine._sv]
checksum = 0
for place, value in enumerate(v for row in directions for v in row):
    checksum = (checksum + (place + 1) * value) % 2**64

count = 1 << 12
points = engine.random(count)
natural = np.empty_like(points)
order = np.arange(count)
natural[order ^ (order >> 1)] = points

dimensions = [0, 1, 2, 3, 7, 13, 100, 255, 777, 1279]
indices = [0, 1, 2, 3, 4, 5, 6, 7, 100, 1000, 2047, 2048, 3333, 4095]

# The plain Halton sequence; a large base needs an engine of so many dimensions.
halton_dimensions = [0, 1, 2, 7, 19, 100, 1279]
halton = qmc.Halton(d=DIMENSIONS, scramble=False).random(12_001)[:, halton_dimensions]
halton_indices = [0, 1, 2, 3, 5, 70, 71, 5040, 10_458, 10_459, 12_000]

# Random points, nets, a grid with its corners, points that lie on each other.
sets = [np.random.default_rng(n).random((n, d)) for n, d in [(1, 3), (9, 1), (37, 5), (100, 14)]]
sets.append(natural[:64, :6])
sets.append(qmc.Halton(d=3, scramble=False).random(50))
sets.append(np.array(list(itertools.product([0.0, 0.5, 1.0], repeat=3))))
sets.append(np.full((12, 4), 0.3))
cases = []
for x in sets:
    d = x.shape[1]
    cases.append(
        {
            "columns": x.T.tolist(),
            "centred": qmc.discrepancy(x, method="CD"),
            "wrap_around": qmc.discrepancy(x, method="WD"),
            "mixture": qmc.discrepancy(x, method="MD"),
            # SciPy gives the root of this one, and the square of the others.
            "l2_star": qmc.discrepancy(x, method="L2-star") ** 2,
            "planes": [
                qmc.discrepancy(x[:, [a, b]], method="CD") for a, b in itertools.combinations(range(d), 2)
            ],
        }
    )

golden = {
    "checksum": str(checksum),
    "dimensions": dimensions,
    "directions": [directions[d] for d in dimensions],
    "indices": indices,
    "points": [[float(natural[i, d]) for i in indices] for d in dimensions],
    "halton": {
        "dimensions": halton_dimensions,
        "indices": halton_indices,
        "points": halton[halton_indices].T.tolist(),
    },
    "discrepancies": cases,
}
with open("tests/golden/sampling.json", "w") as out:
    json.dump(golden, out, separators=(",", ":"))
    out.write("\n")
