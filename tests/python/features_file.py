"""Data sets that spinlock did not make, and what `spinlock features` puts into files.

usage: features_file.py make FOLDER                 writes data sets in the Python reference's form, and wrong ones
       features_file.py check STATES TABLES [N]     some features of N operators against NumPy; prints how many values
       features_file.py same A B                    tables, names, labels, codes of two files are equal
       features_file.py kept BEFORE AFTER           all but /features/sdf is equal
       features_file.py memory PROGRAM FOLDER       most memory that PROGRAM takes for 4 and for 64 operators, in MB
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

GROUP = "features/sdf"
NO_OPERATOR, NOT_REQUESTED, SINGLE_STEP = 11, 6, 2


def states(shape, seed):
    """Smooth in space, moving in time, different in every channel and realization."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    x = x + np.roll(x, 1, -1) + np.roll(x, 1, -2)
    if len(shape) == 6:
        x = np.cumsum(0.3 * x, axis=2) + 2
    return x


def make(folder):
    def write(name, values, dtype, **how):
        with h5py.File(folder / f"{name}.h5", "w") as f:
            f.create_dataset("outputs/fields", data=values.astype(dtype), **how)
            f["metadata/grid_sizes"] = np.full(len(values), values.shape[-1], "i4")
            f["features/notes"] = "of others"
            f["features"].attrs["family_versions"] = json.dumps({"sdf": "1.0.0"})
            f.attrs["creation"] = np.arange(3, dtype="u2")

    # As the reference writes them: one state, chunks of many operators and one realization.
    reference = states((130, 2, 3, 16, 16), 1)
    write("reference", reference, "f4", chunks=(100, 1, 3, 16, 16), compression="gzip", compression_opts=4)
    write("half", states((3, 2, 6, 2, 12, 16), 2), "f2")
    write("double", states((3, 2, 25, 2, 16, 12), 3), ">f8", chunks=(2, 2, 4, 1, 16, 7), compression=1, shuffle=True)
    padded = np.zeros((4, 2, 3, 1, 16, 16))
    sides = [16, 11, 16, 8]
    for i, side in enumerate(sides):
        at = (16 - side) // 2
        padded[i, ..., at : at + side, at : at + side] = states((2, 3, 1, side, side), 10 + i)
    write("padded", padded, "f4")
    with h5py.File(folder / "padded.h5", "r+") as f:
        f["metadata/grid_sizes"][:] = sides
    # Tables of somebody else.
    write("occupied", reference[:3], "f4")
    with h5py.File(folder / "occupied.h5", "r+") as f:
        f[f"{GROUP}/per_timestep/features"] = np.zeros((3, 1, 46), "f4")
        f[f"{GROUP}/aggregated/metadata/extraction_time"] = np.zeros(3)
        f[GROUP].attrs["version"] = "1.0.0"
        f[GROUP].attrs["num_features"] = 155
    # A state of NaN, a constant one, one channel.
    odd = states((2, 1, 4, 1, 8, 8), 5)
    odd[0, 0, 1, 0, 3, 3] = np.nan
    odd[1, 0, 2] = 7
    write("odd", odd, "f4")

    wrong = folder / "wrong"
    wrong.mkdir()
    with h5py.File(wrong / "flat.h5", "w") as f:
        f["outputs/fields"] = np.zeros((3, 4), "f4")
    with h5py.File(wrong / "whole.h5", "w") as f:
        f["outputs/fields"] = np.zeros((2, 1, 1, 4, 4), "i4")
    with h5py.File(wrong / "none.h5", "w") as f:
        f["trajectories/fields"] = np.zeros((2, 1, 1, 4, 4), "f4")
    with h5py.File(wrong / "empty.h5", "w") as f:
        f["outputs/fields"] = np.zeros((0, 1, 1, 4, 4), "f4")
    with h5py.File(wrong / "unfinished.h5", "w") as f:
        d = f.create_dataset("outputs/fields", (4, 1, 1, 4, 4), "f4", chunks=(1, 1, 1, 4, 4))
        d[:3] = 1
    with h5py.File(wrong / "sizes.h5", "w") as f:
        f["outputs/fields"] = np.ones((2, 1, 1, 4, 4), "f4")
        f["metadata/grid_sizes"] = [4, 5]
    with h5py.File(wrong / "filter.h5", "w") as f:
        f.create_dataset("outputs/fields", data=np.ones((2, 1, 1, 4, 4), "f4"), compression="lzf")
    (wrong / "text.h5").write_text("no HDF5")


def fields(path):
    """The states of every operator, [M, T, C, h, w]."""
    with h5py.File(path) as f:
        sizes = f["metadata/grid_sizes"][:]
        for i in range(len(sizes)):
            if "fields" in f["outputs"]:
                own = f["outputs/fields"][i].astype("f8")
            else:
                own = f[f"outputs/{f['metadata/grid_group'][i]}/fields"][f["metadata/row"][i]].astype("f8")
            own = own if own.ndim == 5 else own[:, None]
            if own.shape[-1] == own.shape[-2] and sizes[i] < own.shape[-1]:
                at = (own.shape[-1] - sizes[i]) // 2
                own = own[..., at : at + sizes[i], at : at + sizes[i]]
            yield own


def laplacian(u):
    return sum(np.roll(u, s, a) for s in (1, -1) for a in (-1, -2)) - 4 * u


def correlations(u):
    """Mean of Pearson's r over pairs of channels; u is [..., C, H, W]."""
    flat = u.reshape(*u.shape[:-2], -1)
    flat = flat - flat.mean(-1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=-1, keepdims=True)
    r = flat @ np.swapaxes(flat, -1, -2)
    return r[..., *np.triu_indices(u.shape[-3], 1)].mean(-1)


# Of states, averaged over channels where there are any.
OF_STATES = {
    "spatial_mean": lambda u: u.mean((-1, -2)).mean(-1),
    "spatial_variance": lambda u: u.var((-1, -2), ddof=1).mean(-1),
    "spatial_max": lambda u: u.max((-1, -2)).mean(-1),
    "spatial_iqr": lambda u: np.subtract(*np.percentile(u, [75, 25], axis=(-1, -2))).mean(-1),
    "gradient_x_mean": lambda u: abs(np.roll(u, -1, -1) - u).mean((-1, -2)).mean(-1),
    "laplacian_energy": lambda u: (laplacian(u) ** 2).mean((-1, -2)).mean(-1),
}
OF_PAIRS = {"cross_channel_corr_mean": correlations}


def energy(u):
    return (u**2).mean((-1, -2))  # [M, T, C]


def growth(u):
    e = np.log(energy(u))
    t = np.arange(e.shape[1]) - (e.shape[1] - 1) / 2
    return np.einsum("t,mtc->mc", t, e - e.mean(1, keepdims=True)).mean(-1) / (t**2).sum()


OF_TRAJECTORIES = {
    "final_to_initial_ratio": lambda u: (energy(u)[:, -1] / energy(u)[:, 0]).mean(-1),
    "energy_growth_rate": growth,
}


def check(source, target, count=None):
    with h5py.File(target) as f:
        g = f[GROUP]
        step, path, over = (g[f"{x}/features"] for x in ("per_timestep", "per_trajectory", "aggregated"))
        spread = g["per_timestep/realization_std"]
        compared = 0

        def close(what, found, wanted):
            nonlocal compared
            compared += np.size(wanted)
            np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-6, err_msg=what)

        def columns(table):
            return {name: i for i, name in enumerate(table.attrs["names"])}

        names, ways = columns(path), columns(over)
        for i, u in enumerate(fields(source)):
            if count is not None and i >= count:
                break
            m, t, c = u.shape[:3]
            of_states = OF_STATES | (OF_PAIRS if c > 1 else {})
            for name, feature in of_states.items():
                values = feature(u)  # [M, T]
                at = columns(step)[name]
                close(f"{i} {name}", step[i, :, at], values.mean(0))
                close(f"{i} {name} spread", spread[i, :, at], values.std(0, ddof=1))
                assert not g["per_timestep/validity"][i, :, at].any()
            for name, feature in OF_TRAJECTORIES.items():
                codes = g["per_trajectory/validity"][i, :, names[name]]
                if t == 1:
                    assert (codes == SINGLE_STEP).all() and np.isnan(path[i, :, names[name]]).all()
                    continue
                values = feature(u)
                assert not codes.any()
                close(f"{i} {name}", path[i, :, names[name]], values)
                for way, value in [("mean", values.mean()), ("std", values.std(ddof=1))]:
                    close(f"{i} {way} {name}", over[i, ways[f"{way}_{name}"]], value)
        for table in (step, path, over):
            assert len(table.attrs["names"]) == table.shape[-1], table
            codes = table.parent["validity"]
            assert table.dtype == "f4" and codes.dtype == "u1" and codes.shape == table.shape
            assert ((codes[()] != 0) == np.isnan(table[()])).all(), f"{table}: a NaN without its code"
            assert codes.attrs["codes"].startswith("0 defined, 1 constant field")
        from_file = json.loads(g.attrs["provenance"])["input"]
        assert set(from_file["fields"]) and from_file["operators"] <= from_file["of_operators"]
        print(compared)


def same(a, b):
    with h5py.File(a) as a, h5py.File(b) as b:
        ours = "spinlock_digest" in a.attrs and "spinlock_digest" in b.attrs
        if ours:
            # Scales know the arrays that use them, and no others.
            users = [[f[r].name for r, _ in f["metadata/operator"].attrs["REFERENCE_LIST"]] for f in (a, b)]
            assert sorted(users[0]) == sorted(users[1]), users
        a, b = a[GROUP], b[GROUP]
        tables = []
        a.visititems(lambda n, o: tables.append(n) if isinstance(o, h5py.Dataset) else None)
        assert len(tables) >= 8, tables
        for name in tables:
            x, y = a[name], b[name]
            form = [(d.dtype, d.shape, d.maxshape, [x.label for x in d.dims]) for d in (x, y)]
            assert form[0] == form[1], f"{name}: {form}"
            if ours:
                assert [len(d) for d in x.dims] == [len(d) for d in y.dims], name
            np.testing.assert_array_equal(x[()], y[()], err_msg=name)
            assert [list(v.attrs.get("names", [])) for v in (x, y)][0] == list(y.attrs.get("names", []))
            assert x.attrs.get("codes") == y.attrs.get("codes"), name
        for name in ["version", "definitions", "feature_registry"]:
            assert a.attrs[name] == b.attrs[name], name


def kept(before, after):
    with h5py.File(before) as a, h5py.File(after) as b:
        found = [{}, {}]
        for file, out in zip((a, b), found):
            file.visititems(lambda n, o: out.update({n: o}))
        names = [{n for n in out if n != GROUP and not n.startswith(f"{GROUP}/")} for out in found]
        assert names[0] - {"features"} == names[1] - {"features"}, names
        for name in names[0]:
            x, y = found[0][name], found[1][name]
            if isinstance(x, h5py.Dataset):
                assert x.dtype == y.dtype and x.chunks == y.chunks and x.compression == y.compression
                np.testing.assert_array_equal(x[()], y[()], err_msg=name)
            for key in x.attrs:
                if key not in ("REFERENCE_LIST", "DIMENSION_LIST"):
                    assert np.array_equal(x.attrs[key], y.attrs[key]), (name, key)


def memory(program, folder):
    most, two = [], os.environ | {"RAYON_NUM_THREADS": "2"}
    for n in (4, 64):
        # 3.1 MB for an operator, in one run.
        values = np.random.default_rng(n).standard_normal((n, 2, 8, 3, 64, 128))
        with h5py.File(folder / "large.h5", "w") as f:
            f["outputs/fields"] = values
        del values
        categories = ["--categories", "spectral", "-q", "--overwrite", "-o", str(folder / "side.h5")]
        command = [program, "features", str(folder / "large.h5"), *categories]
        script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
        script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)"
        ran = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, env=two)
        most.append(int(ran.stdout))
    print(*most)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "make":
        make(Path(rest[0]))
    elif what == "check":
        check(rest[0], rest[1], *map(int, rest[2:]))
    elif what == "memory":
        memory(rest[0], Path(rest[1]))
    else:
        {"same": same, "kept": kept}[what](*rest)
