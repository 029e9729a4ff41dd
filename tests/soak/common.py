"""What the campaigns share: temporary projects, the programs, and what was promised of them.

Nothing but the standard library. A promise that is not kept raises `Broken`, which says how to see it again.
"""

import collections
import contextlib
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
VARIABLE = "SPINLOCK_FAILPOINTS"

BASE = """\
parameter_space:
  architecture:
    num_layers: 1
    base_channels: {type: integer, bounds: [2, 4]}
  stochastic:
    noise_type: gaussian
    noise_scale: {type: continuous, bounds: [0.01, 0.1], log_scale: true}
  operator: {grid_size: GRID, channels: 2}
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [0.01, 0.1], log_scale: true}
sampling: {total_samples: OPERATORS, sobol: {seed: SEED}}
simulation: {device: cpu, num_realizations: 2, num_timesteps: STEPS}
execution: {chunk: 4, realization_block: 1, segment: 4}
"""

FEATURES = "features: {exclude: [L2_monotonicity_raw]}\n"
RENDERS = """\
renders:
  film: {operators: 2, columns: ["realization:0", stddev], export: [frames, gif], cell: {scale: 2}}
  still: {kind: strip, operators: [1, 0], columns: ["realization:1"], times: [0, 3], cell: {scale: 2}}
"""


def experiment(grid=8, operators=8, steps=8, seed=42, more=""):
    """The text of an experiment file."""
    text = BASE
    for name, value in [("GRID", grid), ("OPERATORS", operators), ("STEPS", steps), ("SEED", seed)]:
        text = text.replace(name, str(value))
    return text + more


ROLLOUTS = experiment()
TINY = experiment(
    grid=16,
    operators=2,
    steps=4,
    more=FEATURES + RENDERS + "dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}\n",
)


class Broken(Exception):
    """A promise was not kept."""


class Ran(collections.namedtuple("Ran", "code out err")):
    """A command that ended; `code` is minus the signal if one killed it."""

    def json(self):
        return json.loads(self.out)


class Settings:
    """How to run: the program, the seed, how much, and where."""

    def __init__(self, spinlock, seed, long, folder, scale=None):
        self.spinlock, self.seed, self.long, self.folder = spinlock, seed, long, folder
        self.scale = scale

    def random(self, campaign):
        """Numbers of one campaign, the same for the same seed."""
        return random.Random(f"{self.seed} {campaign}")

    def amount(self, campaign, short, long):
        """How much of a campaign: `--scale campaign=N` wins."""
        return (self.scale or {}).get(campaign, long if self.long else short)


class Project:
    """A temporary project with a cache of its own."""

    def __init__(self, settings, name, text=None):
        self.settings = settings
        self.root = tempfile.mkdtemp(prefix=f"{name}-", dir=settings.folder)
        os.mkdir(self.path("experiments"))
        if text is not None:
            self.write("experiments/x.yaml", text)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def command(self, *args):
        return [self.settings.spinlock, *args]

    def environment(self, points=None, more=None):
        known = {k: v for k, v in os.environ.items() if not k.startswith("SPINLOCK_FAIL")}
        known.update({"NO_COLOR": "1", **(more or {})})
        if points:
            known[VARIABLE] = points
        return known

    def run(self, *args, points=None, limit=300):
        """Runs `spinlock` in a process group of its own to its end."""
        process = self.start(*args, points=points)
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Broken(f"`spinlock {' '.join(args)}` ran longer than {limit} s in {self.root}")
        return Ran(process.returncode, out, err)

    def start(self, *args, points=None):
        return subprocess.Popen(
            self.command(*args), cwd=self.root, env=self.environment(points), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def ok(self, *args, points=None):
        ran = self.run(*args, points=points)
        self.require(ran.code == 0, f"`{' '.join(args)}` ends with {ran.code}: {ran.err[-2000:]}")
        return ran

    def build(self, *args, points=None, name="x"):
        """A build that succeeds: its answer."""
        return self.ok("build", f"experiments/{name}", "--json", *args, points=points).json()

    def fsck(self, *args):
        """Nothing is damaged."""
        ran = self.run("cache", "fsck", "--json", *args)
        self.require(ran.code == 0, f"fsck ends with {ran.code}: {ran.out[-2000:]}{ran.err[-2000:]}")
        found = ran.json()
        for what in ["damaged", "damaged_records", "foreign"]:
            self.require(not found[what], f"fsck found {what}: {found[what]}")
        return found

    def require(self, holds, why):
        if not holds:
            raise Broken(f"{why}\n  everything is as it was in {self.root}")

    def entries(self):
        """Digests of all entries by kind and key."""
        found = {}
        for path in glob.glob(self.path("cache/objects/*/*/*/entry.json")):
            with open(path) as file:
                entry = json.load(file)["entry"]
            found[entry["kind"], entry["key"]] = entry["digest"]
        return found

    def logs(self):
        """The event logs by path, each a list of events; a last line that was cut is left out."""
        found = {}
        for path in sorted(glob.glob(self.path("cache/log/*.jsonl"))):
            events = []
            with open(path) as file:
                for line in file:
                    with contextlib.suppress(json.JSONDecodeError):
                        events.append(json.loads(line))
            found[path] = events
        return found

    def clear(self):
        """Removes everything that builds made."""
        for name in ["cache", "datasets"]:
            shutil.rmtree(self.path(name), ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path("experiments/x.lock"))

    def leftovers(self):
        """Temporary files outside the cache."""
        hidden = glob.glob(self.path("**/.*"), recursive=True)
        return [path for path in hidden if "/cache/" not in path and "tmp" in os.path.basename(path)]

    def done(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Undisturbed:
    """What an experiment comes to if nothing happens."""

    def __init__(self, settings, text):
        project = Project(settings, "undisturbed", text)
        start = time.monotonic()
        answer = project.build("-j2")
        self.seconds = time.monotonic() - start
        self.outputs = outputs(project, answer)
        self.entries = project.entries()
        (log,) = project.logs().values()
        self.units = units_needed([log])
        #: Seconds until workers have work: before it there is little to lose.
        self.first = next(e["t"] for e in log if e["event"] == "job_started")
        project.done()

    def same(self, project, answer):
        """This build came to the same."""
        found = outputs(project, answer)
        project.require(found == self.outputs, f"outputs differ: {found}, not {self.outputs}")
        entries = project.entries()
        project.require(
            entries == self.entries,
            f"entries differ: {sorted(set(entries.items()) ^ set(self.entries.items()))}",
        )


def outputs(project, answer):
    """Digests of all output files."""
    return {os.path.relpath(o["path"], project.root): o["digest"] for o in answer["outputs"]}


def pieces(event):
    """Units of a job: artifact and operator."""
    first, last = event["units"]
    return [(label, unit) for label in event["labels"] for unit in range(first, last)]


def units_needed(logs):
    return {unit for log in logs for e in log if e["event"] == "job_started" for unit in pieces(e)}


class Work:
    """What all builds of one cache together computed."""

    def __init__(self, logs):
        #: Units whose job was handed out, with how often.
        self.started = collections.Counter()
        #: Units that were handed out again after a build had seen them finished.
        self.again = []
        #: Units that were being computed when their build was killed.
        self.in_flight = 0
        done = set()
        for log in logs:
            jobs = {}
            for event in log:
                if event["event"] == "job_started":
                    jobs[event["job"]] = pieces(event)
                    self.started.update(jobs[event["job"]])
                    self.again += [unit for unit in jobs[event["job"]] if unit in done]
                elif event["event"] == "job_done":
                    done.update(jobs.pop(event["job"]))
            self.in_flight += sum(len(units) for units in jobs.values())

    @property
    def lost(self):
        """Units computed more often than once."""
        return sum(self.started.values()) - len(self.started)


def hits(project, *args, points=""):
    """How often each site is hit at most by one process during a build that succeeds."""
    path = project.path("hits")
    answer = project.build(*args, points=f"list:{path}" + points)
    with open(path) as file:
        counted = collections.Counter(tuple(line.split()) for line in file)
    os.remove(path)
    most = collections.Counter()
    for (_, site), count in counted.items():
        most[site] = max(most[site], count)
    return most, answer


def flip(path, rng):
    """Flips one bit of a file, or cuts it short now and then; says which."""
    os.chmod(path, 0o644)
    size = os.path.getsize(path)
    if rng.random() < 0.1:
        length = rng.randrange(size)
        os.truncate(path, length)
        return f"cut to {length} of {size} bytes"
    bit = rng.randrange(size * 8)
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))
    return f"bit {bit} of {size * 8}"
