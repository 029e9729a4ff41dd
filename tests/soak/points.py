"""Builds, `gc` and `fsck` killed at every effect that they have, one after the other.

`spinlock` writes down every site that it passes and how often; then it dies right before each of them. Most builds die
with their workers; some alone, so that workers outlive them, or the worker alone, which is started again. Promised: as
in `kill.py`; and what a killed `gc` or `fsck` was about to do is done by the next one.
"""

import collections
import glob
import os
import shutil
import signal

import common


class Scenario:
    """A command, and what it finds."""

    def __init__(self, name, settings, args, prepared=None):
        self.name, self.settings, self.args, self.prepared = name, settings, args, prepared

    def project(self):
        project = common.Project(self.settings, "points", common.TINY)
        if self.prepared:
            shutil.copytree(self.prepared, project.path("cache"))
        return project

    def points(self):
        """Every site with the number of a hit."""
        project = self.project()
        path = project.path("hits")
        project.run(*self.args, points=f"list:{path}")
        with open(path) as file:
            counted = collections.Counter(tuple(line.split()) for line in file)
        project.done()
        most = collections.Counter()
        for (_, site), count in counted.items():
            most[site] = max(most[site], count)
        return [(self, site, n) for site, count in most.items() for n in range(1, count + 1)]


def run(settings):
    rng = settings.random("points")
    reference = common.Undisturbed(settings, common.TINY)
    built = common.Project(settings, "built", common.TINY)
    built.build("-j1")
    whole, damaged = built.path("cache"), built.path("damaged")
    # Without its lock file nothing keeps the entries.
    os.remove(built.path("experiments/x.lock"))
    shutil.copytree(whole, damaged)
    for kind in ["rollout", "features"]:
        common.flip(sorted(glob.glob(f"{damaged}/objects/{kind}/*/*/part-0.bin"))[0], rng)
    scenarios = [
        Scenario("build", settings, ["build", "experiments/x", "--json", "-j1"]),
        Scenario("gc", settings, ["cache", "gc", "--keep-builds", "0"], whole),
        Scenario("fsck", settings, ["cache", "fsck"], damaged),
        Scenario("repair", settings, ["build", "experiments/x", "--json", "-j1"], damaged),
    ]
    everything = [point for scenario in scenarios for point in scenario.points()]
    wanted = settings.amount("points", 12, len(everything))
    rng.shuffle(everything)
    # Every site once before any site twice.
    everything.sort(key=lambda point: point[2] > 1)
    died = collections.Counter()
    for scenario, site, n in everything[:wanted]:
        action = rng.choice(["kill-group"] * 3 + ["kill"])
        point = f"{site}={action}@{n}"
        project = scenario.project()
        try:
            ran = project.run(*scenario.args, points=point)
            # A worker that dies alone is started again; where it always dies, the build gives up.
            allowed = {-signal.SIGKILL, 0} | ({4} if scenario.name == "fsck" else set())
            allowed |= {1, 3} if action == "kill" else set()
            project.require(ran.code in allowed, f"ends with {ran.code}: {ran.err}")
            died[scenario.name] += ran.code == -signal.SIGKILL
            if scenario.prepared is None or scenario.name == "gc":
                project.fsck(*rng.choice([[], ["--dry-run"]]))
            else:
                project.run("cache", "fsck")
            reference.same(project, project.build("-j1"))
            project.fsck()
            project.require(not project.leftovers(), f"left beside outputs: {project.leftovers()}")
        except common.Broken as broken:
            raise common.Broken(f"{scenario.name} with {point}: {broken}") from None
        project.done()
    built.done()
    sites = {site for _, site, _ in everything}
    deaths = ", ".join(f"{died[s.name]} of {s.name}" for s in scenarios)
    return (
        f"{min(wanted, len(everything))} of {len(everything)} moments at {len(sites)} sites; died there: {deaths}; all "
        "digests equal, fsck clean after each"
    )
