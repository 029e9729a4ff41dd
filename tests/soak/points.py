"""Builds killed at every effect that they have, one after the other, and built on to the end.

`spinlock` writes down every site that a small build passes and how often; then one build for each of them dies
right before it. Most die with their workers; some alone, so that workers outlive them, or the worker alone, which is
started again. Promised: as in `kill.py`.
"""

import signal

import common


def run(settings):
    rng = settings.random("points")
    reference = common.Undisturbed(settings, common.TINY)
    first = common.Project(settings, "points", common.TINY)
    most, _ = common.hits(first, "-j1")
    first.done()
    everything = [(site, n) for site, count in sorted(most.items()) for n in range(1, count + 1)]
    wanted = settings.amount("points", 16, len(everything))
    rng.shuffle(everything)
    # Every site once before any site twice.
    everything.sort(key=lambda point: point[1] > 1)
    chosen = everything[:wanted]
    died = 0
    for site, n in chosen:
        action = rng.choice(["kill-group"] * 3 + ["kill"])
        point = f"{site}={action}@{n}"
        project = common.Project(settings, "points", common.TINY)
        ran = project.run("build", "experiments/x", "--json", "-j1", points=point)
        allowed = {-signal.SIGKILL, 0} if action == "kill-group" else {-signal.SIGKILL, 0, 1, 3}
        project.require(ran.code in allowed, f"{point} ends with {ran.code}: {ran.err}")
        died += ran.code == -signal.SIGKILL
        try:
            project.fsck(*rng.choice([[], ["--dry-run"]]))
            reference.same(project, project.build("-j1"))
            project.fsck()
            project.require(not project.leftovers(), f"left beside outputs: {project.leftovers()}")
        except common.Broken as broken:
            raise common.Broken(f"after {point}: {broken}") from None
        project.done()
    return (
        f"{len(chosen)} of {len(everything)} moments at {len(most)} sites: {died} builds died there; all digests "
        "equal, fsck clean after each"
    )
