"""Clocks that jump, files with times of another age, and a cache that cannot be written.

Promised: neither keys nor digests know the time; nothing that an experiment needs is removed; reading needs no writing.
"""

import glob
import os
import time

import common

YEAR = 365 * 24 * 3600
SEALED = ("*.write", "*.create", "*.folder", "*.rename", "*.remove", "*.permit", "*.link", "*.copy")


def run(settings):
    jumps(settings)
    times(settings)
    read_only(settings)
    return "clocks a year off, files of other ages, a cache that is read-only: nothing lost, nothing made again"


def nothing_to_do(project, points=None):
    answer = project.build(points=points)
    project.require(not any(answer["built"].values()), f"made again: {answer['built']}")


def jumps(settings):
    """Builds while the clock goes back and forth."""
    project = common.Project(settings, "clock", common.experiment(operators=4))
    reference = common.Undisturbed(settings, common.ROLLOUTS)
    project.build("-j1", points=f"*.clock=skew:{YEAR}")
    project.write("experiments/x.yaml", common.ROLLOUTS)
    back = f"*.clock=skew:{-YEAR}"
    # The chunk of the four operators is there.
    answer = project.build("-j1", points=back)
    project.require(answer["cached"]["weights"] == 1, f"{answer['cached']}")
    digests = common.outputs(project, answer)
    project.require(digests == reference.outputs, f"outputs are {digests}")
    for points in [None, back, f"*.clock=skew:{YEAR}"]:
        nothing_to_do(project, points)
        project.ok("status", "--json", points=points)
        project.ok("cache", "gc", "--json", "--older-than", "1", points=points)
        project.fsck()
        nothing_to_do(project, points)
    project.ok("cache", "gc", "--json", points=f"*.clock=skew:{YEAR}")
    nothing_to_do(project)
    # A clock that stands still for a while gives no name twice.
    project.clear()
    answer = project.build("-j2", points=f"cache.name.clock=skew:{-1 << 40}")
    project.require(common.outputs(project, answer) == reference.outputs, "a clock that stands still")
    project.done()


def times(settings):
    """Modification times in the future and in the past."""
    project = common.Project(settings, "clock", common.ROLLOUTS)
    project.build("-j1")
    for moment in [time.time() + 10 * YEAR, 0]:
        for path in glob.glob(project.path("cache/**/*"), recursive=True):
            os.utime(path, (moment, moment))
        project.ok("cache", "gc", "--json", "--older-than", "30")
        nothing_to_do(project)
        project.fsck()
        project.ok("plan", "experiments/x", "--json")
    project.done()


def read_only(settings):
    """Reading a cache that cannot be written, whole and damaged."""
    project = common.Project(settings, "clock", common.ROLLOUTS)
    answer = project.build("-j1")
    sealed = ",".join(f"{site}=error:EROFS" for site in SEALED)
    for args in [
        ["plan", "experiments/x", "--json"],
        ["status", "--json"],
        ["cache", "status", "--json"],
        ["cache", "fsck", "--json", "--dry-run"],
        ["info", "experiments/x", "--json"],
        ["validate", "datasets/x.h5"],
        ["explain", "experiments/x"],
    ]:
        project.ok(*args, points=sealed)
    again = project.build(points=sealed)
    project.require(again["outputs"] == answer["outputs"], "a build with nothing to do")
    project.write("experiments/x.yaml", common.experiment(operators=12))
    ran = project.run("build", "experiments/x", points=sealed)
    project.require(ran.code == 3, f"a build with something to do ends with {ran.code}: {ran.err}")
    project.require("read-only" in ran.err and "help:" in ran.err, f"says {ran.err}")
    # Damage is found, and said to be damage, where it cannot be set aside.
    rng = settings.random("clock")
    path = rng.choice(sorted(glob.glob(project.path("cache/objects/rollout/*/*/part-0.bin"))))
    how = common.flip(path, rng)
    ran = project.run("cache", "fsck", "--json", points=sealed)
    project.require(ran.code == 4, f"{how}: fsck ends with {ran.code}: {ran.err}")
    found = ran.json()["damaged"]
    project.require(len(found) == 1 and found[0]["quarantined"] is None, f"{how}: fsck finds {found}")
    project.done()
