"""Builds killed with all their workers at random moments, and built on to the end.

Promised: after each kill the cache is whole; the data set, every other output and every entry are those of an
undisturbed build; what is computed again was in flight when its build was killed.
"""

import os
import signal
import subprocess
import time

import common

#: Large enough that most of the time something is being computed.
EXPERIMENTS = [
    common.experiment(grid=64, operators=12, steps=16),
    common.experiment(
        grid=48, steps=12, more=common.FEATURES + "storage: {store_trajectories: false}\n"
    ),
    common.experiment(grid=32, operators=4, more=common.RENDERS),
]


def run(settings):
    rng = settings.random("kill")
    wanted = settings.amount("kill", 9, 500)
    known = [common.Undisturbed(settings, text) for text in EXPERIMENTS]
    kills = builds = lost = in_flight = needed = 0
    while kills < wanted:
        number = builds % len(EXPERIMENTS)
        project = common.Project(settings, "kill", EXPERIMENTS[number])
        reference = known[number]
        while True:
            process = project.start("build", "experiments/x", "--json", "-j2")
            try:
                # Half a second more: a machine that is busy needs longer. Mostly while workers work.
                earliest = rng.choice([0, reference.first, reference.first])
                moment = rng.uniform(earliest, reference.seconds + 0.5) if kills < wanted else 600
                out, err = process.communicate(timeout=moment)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                gone(process.pid)
                kills += 1
                # What is left behind stays half of the time, for the next build to meet.
                project.fsck(*rng.choice([[], ["--dry-run"]]))
                continue
            project.require(process.returncode == 0, f"a build ends with {process.returncode}: {err}")
            break
        reference.same(project, common.Ran(0, out, err).json())
        project.fsck("--deep")
        project.require(not project.leftovers(), f"left beside outputs: {project.leftovers()}")
        work = common.Work(project.logs().values())
        project.require(not work.again, f"finished units were computed again: {work.again}")
        project.require(
            work.lost <= work.in_flight, f"{work.lost} units lost, {work.in_flight} in flight"
        )
        project.require(set(work.started) == reference.units, "other units than undisturbed")
        builds += 1
        lost += work.lost
        in_flight += work.in_flight
        needed += len(work.started)
        project.done()
    return (
        f"{kills} kills over {builds} builds of {len(EXPERIMENTS)} experiments: all digests equal, fsck clean "
        f"after each; {needed} units needed, {in_flight} in flight at kills, {lost} computed again"
    )


def gone(group):
    """Waits until no process of a group is left: a worker may need a moment to die."""
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise common.Broken(f"processes of the group {group} do not die")
