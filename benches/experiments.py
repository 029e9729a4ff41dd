"""Times whole builds from an empty cache: `make bench`, or

    python3 benches/experiments.py [--runs 3] [--json FILE] [EXPERIMENT …]

Prints per experiment the median wall time, the processor time, the direct-equivalent arithmetic
(2 · multiply-adds per pixel · pixels · realizations · applications, no credit for cleverness), the rate,
and the peak of the memory of all processes together (proportional set size). The rows of the Python
reference, where there is one, were measured on two cores of a Xeon with both cores free; they are
shown as they are, not measured again.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPINLOCK = ROOT / "target" / "release" / "spinlock"
REFERENCE = {"mvp100": 96.1, "mvp100s": 26.1, "temporal64": 55.1, "temporal128": 173.7}
DEFAULT = [f"experiments/bench/{n}" for n in (*REFERENCE, "temporal64k7")]


def multiply_adds(architecture, layers, width, kernel, channels):
    """Multiply-adds of all convolutions of one operator, per pixel of its grid."""
    if architecture == "encoder_decoder":
        full = (channels * width + 3 * width * width) * kernel**2 + width * channels
        half = (2 * width**2 + 12 * width**2) * kernel**2
        bottom = (8 * width**2 + layers * (1 + (layers > 3)) * 16 * width**2) * kernel**2
        return full + half / 4 + bottom / 16
    total, now = channels * width * kernel**2, width
    for i in range(layers):
        after = width * 2 ** min(i, 2)
        total += now * after * kernel**2
        if layers > 3:
            total += after * after * kernel**2 + (now * after if now != after else 0)
        now = after
    return total + now * channels


def gflop(path):
    """Direct-equivalent arithmetic of a data set."""
    with h5py.File(path) as f:
        rows = f["/metadata/operator"].shape[0]
        value = lambda name, default: (
            f[f"/parameters/values/{name}"][:] if f"/parameters/values/{name}" in f else [default] * rows
        )
        about = f["/metadata"].attrs
        m, t, c = (int(about[k]) for k in ("num_realizations", "num_timesteps", "num_channels"))
        applications = 1 if t == 1 else t - 1
        table = zip(value("architecture", b"simple_cnn"), value("num_layers", 3), value("base_channels", 32), value("kernel_size", 3),
                    f["/metadata/grid_sizes"][:])
        return sum(
            2e-9 * multiply_adds(a.decode(), int(l), int(b), int(k), c) * int(n) ** 2 * m * applications
            for a, l, b, k, n in table
        )


class Memory(threading.Thread):
    """Samples the proportional set size of a process and everything it started."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, False

    def tree(self, pid):
        yield pid
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as f:
                    for child in f.read().split():
                        yield from self.tree(int(child))
        except OSError:
            return

    def run(self):
        while not self.over:
            total = 0
            for pid in self.tree(self.pid):
                try:
                    with open(f"/proc/{pid}/smaps_rollup") as f:
                        total += next(int(l.split()[1]) for l in f if l.startswith("Pss:"))
                except (OSError, StopIteration):
                    pass
            self.peak = max(self.peak, total)
            time.sleep(0.05)


def run(experiment, extra):
    """One build from an empty cache."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(ROOT / "experiments", folder / "experiments")
        shutil.copytree(ROOT / "configs", folder / "configs")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        build = subprocess.Popen(
            [SPINLOCK, "build", experiment, "--json", *extra], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        memory = Memory(build.pid)
        memory.start()
        out, err = build.communicate()
        wall = time.perf_counter() - start
        memory.over = True
        if build.returncode != 0:
            sys.exit(f"{experiment}: exit {build.returncode}\n{err}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        again = time.perf_counter()
        subprocess.run([SPINLOCK, "build", experiment, "--json", *extra], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        null = time.perf_counter() - again
        report = json.loads(out)
        output = next(o for o in report["outputs"] if o["kind"] == "dataset")
        return {
            "wall_s": wall,
            "processor_s": (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime),
            "null_s": null,
            "gflop": gflop(output["path"]),
            "peak_mb": memory.peak / 1000,
            "bytes": output["bytes"],
            "stages": report["stages"],
            "busy_s": report["busy_s"],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiments", nargs="*", default=DEFAULT)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--set", action="append", default=[], help="passed to spinlock build")
    parser.add_argument("-j", "--jobs", help="passed to spinlock build")
    args = parser.parse_args()
    extra = [x for s in args.set for x in ("--set", s)] + (["-j", args.jobs] if args.jobs else [])
    results = {}
    print("| experiment | wall s | processor s | GFLOP | GFLOP/s | peak MB | again ms | reference s | factor |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for experiment in args.experiments:
        name = pathlib.Path(experiment).stem
        runs = [run(experiment, extra) for _ in range(args.runs)]
        mid = lambda key: statistics.median(r[key] for r in runs)
        wall, reference = mid("wall_s"), REFERENCE.get(name) if not args.set else None
        results[name] = runs
        print(f"| {name} | {wall:.2f} | {mid('processor_s'):.1f} | {runs[0]['gflop']:.0f} "
              f"| {runs[0]['gflop'] / wall:.0f} | {max(r['peak_mb'] for r in runs):.0f} "
              f"| {1000 * mid('null_s'):.0f} | {reference or '-'} "
              f"| {f'{reference / wall:.1f}' if reference else '-'} |", flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
