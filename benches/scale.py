"""Measures commands against the number of operators: `python3 benches/scale.py`, or

    python3 benches/scale.py [--operators 10000 100000 1000000] [--repeat 3] [--json FILE] [--keep FOLDER]
                             [--spinlock PROGRAM] [--segments 2] [--only COMMAND …]

For each number of operators a new cache is filled with entries that hold nothing (`spinlock bench fill`), and
whole processes are timed: a plan of a new experiment, then, everything there, plan, build, status, graph,
explain, cache status and gc. Seconds are the best of the runs, since the machine only ever adds; memory is
ru_maxrss of the child. The exponent is the slope of log seconds against log operators: 1 is linear. Where
`ninja` is found, a null build of as many nodes stands beside.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

EXPERIMENT = """\
parameter_space:
  architecture:
    num_layers: {type: integer, bounds: [2, 5]}
    base_channels: {type: integer, bounds: [16, 64]}
    kernel_size: [3, 5, 7]
    activation: [relu, gelu, silu]
    dropout_rate: {type: continuous, bounds: [0.0, 0.3]}
  stochastic:
    noise_type: [gaussian, laplace]
    noise_scale: {type: continuous, bounds: [1.0e-5, 1.0], log_scale: true}
    noise_schedule: [constant, periodic]
    schedule_period: {type: integer, bounds: [50, 200]}
    spatial_correlation: {type: continuous, bounds: [0.0, 0.3]}
  operator:
    normalization: [none, instance, batch]
    grid_size: 64
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [1.0e-3, 0.1], log_scale: true}
sampling: {total_samples: %d}
simulation: {device: cpu, num_realizations: 5, num_timesteps: %d}
"""

# What is measured with a filled cache, in this order.
COMMANDS = {
    "plan": ["plan", "experiments/scale"],
    "plan --json": ["plan", "experiments/scale", "--json"],
    "null build": ["build", "experiments/scale"],
    "status": ["status"],
    "explain": ["explain", "experiments/scale"],
    "graph --json": ["graph", "experiments/scale", "--format", "json"],
    "cache status": ["cache", "status"],
    "gc --dry-run": ["cache", "gc", "--dry-run"],
    "gc": ["cache", "gc"],
}


def child(command, folder):
    """Seconds, megabytes and standard error of one process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], cwd=folder, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}: {said[-2000:]}")
    return seconds, usage.ru_maxrss / 1024, said


def best(command, folder, repeat):
    """The best seconds and the largest memory."""
    runs = [child(command, folder) for _ in range(repeat)]
    return {"s": min(r[0] for r in runs), "mb": max(r[1] for r in runs), "said": runs[-1][2]}


def ninja(program, folder, nodes):
    """A null build of so many nodes: a chain per eight of them, as the plan has."""
    folder.mkdir()
    lines = ["rule touch", "  command = touch $out"]
    for at in range(nodes):
        before = f" out/{at % 256:02x}/{at - 1}" if at % 8 else " source"
        if at % 8 and (at - 1) % 256 != at % 256:
            before = f" out/{(at - 1) % 256:02x}/{at - 1}"
        lines.append(f"build out/{at % 256:02x}/{at}: touch{before}")
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    (folder / "source").touch()
    for at in range(256):
        (folder / "out" / f"{at:02x}").mkdir(parents=True)
    for at in range(nodes):
        (folder / "out" / f"{at % 256:02x}" / str(at)).touch()
    # Files without a log count as made by another command line: let ninja take them over.
    child([program, "-t", "restat"], folder)
    subprocess.run([program, "-j", "2"], cwd=folder, stdout=subprocess.DEVNULL, check=True)



def exponent(figures):
    """The slope of log seconds against log operators, by least squares."""
    points = [(math.log(n), math.log(f["s"])) for n, f in figures.items()]
    if len(points) < 2:
        return None
    x, y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--operators", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--segments", type=int, default=2, help="segments of 64 states")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--spinlock", type=pathlib.Path, default=ROOT / "target" / "release" / "spinlock")
    parser.add_argument("--keep", type=pathlib.Path, help="work here and leave everything")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    program = args.spinlock.resolve()
    work = args.keep or pathlib.Path(tempfile.mkdtemp(prefix="spinlock-scale-"))
    found = shutil.which("ninja")
    figures, nodes = {}, {}
    try:
        for n in args.operators:
            space = work / str(n)
            (space / "experiments").mkdir(parents=True, exist_ok=True)
            (space / "experiments" / "scale.yaml").write_text(EXPERIMENT % (n, 64 * args.segments))
            note = lambda name, figure: figures.setdefault(name, {}).__setitem__(n, figure)
            if not (space / "cache").exists():
                note("plan, nothing there", best([program, "plan", "experiments/scale"], space, args.repeat))
                filled = child([program, "bench", "fill", "experiments/scale", "--json"], space)
                note("fill", {"s": filled[0], "mb": filled[1]})
            for name in args.only:
                # The first build writes the lock file; what is measured has nothing to write.
                if name == "null build":
                    child([program, "build", "experiments/scale"], space)
                note(name, best([program, *COMMANDS[name]], space, args.repeat))
            for line in figures.get("null build", {}).get(n, {}).get("said", "").splitlines():
                if line.startswith("up to date: "):
                    nodes[n] = int(line.split()[3])
            if found and n in nodes:
                folder = work / f"ninja-{n}"
                if not folder.exists():
                    ninja(found, folder, nodes[n])
                note("ninja, as many nodes", best([found], folder, args.repeat))
    finally:
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)
    if not found:
        print("ninja is not installed: left out (pip install ninja)", file=sys.stderr)
    counts = ", ".join(f"{n:,} operators are {nodes[n]:,} artifacts" for n in nodes)
    if counts:
        print(counts + "\n")
    heads = [f"{n:,} | ns/operator | MB" for n in args.operators]
    print("| command | " + " | ".join(heads) + " | exponent |")
    print("| --- |" + " --- |" * (3 * len(heads) + 1))
    for name, by_count in figures.items():
        cells = []
        for n in args.operators:
            f = by_count.get(n)
            cells += [f"{f['s']:.3f} s", f"{f['s'] / n * 1e9:,.0f}", f"{f['mb']:.0f}"] if f else ["–"] * 3
        slope = exponent(by_count)
        print(f"| {name} | " + " | ".join(cells) + f" | {'–' if slope is None else f'{slope:.2f}'} |")
    if args.json:
        strip = {name: {n: {"s": f["s"], "mb": f["mb"]} for n, f in by.items()} for name, by in figures.items()}
        args.json.write_text(json.dumps({"nodes": nodes, "figures": strip}, indent=1))


if __name__ == "__main__":
    main()
