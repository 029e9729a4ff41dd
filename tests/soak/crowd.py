"""Eight builds, plans, `gc` and `fsck` at once on one cache, for some time.

Promised: every command succeeds; nothing is computed twice; in the end the cache is whole. Experiments overlap: each is
built by two builds at once, and shares operators with the others. New ones come with each round, and the old ones are
removed so that `gc` has something to do.
"""

import contextlib
import glob
import os
import threading
import time

import common

BUILDERS = 8
KINDS = 4


def texts(seed):
    return [
        common.experiment(operators=8, seed=seed),
        common.experiment(operators=12, seed=seed),
        common.experiment(operators=8, steps=12, seed=seed),
        common.experiment(operators=8, seed=seed, more="storage: {layout: padded}\n"),
    ]


def run(settings):
    seconds = settings.amount("crowd", 8, 600)
    project = common.Project(settings, "crowd")
    end = time.monotonic() + seconds
    counts = {"build": 0, "plan": 0, "gc": 0, "fsck": 0}
    broken, guard, over = [], threading.Lock(), threading.Event()

    def act(kind, *args):
        ran = project.run(*args)
        with guard:
            counts[kind] += 1
            if ran.code != 0:
                broken.append(f"`{' '.join(args)}` ends with {ran.code}: {ran.out[-1000:]}{ran.err[-2000:]}")

    def beside(kind, *args):
        while not over.is_set() and not broken:
            act(kind, *args)
            over.wait(0.05)

    def guarded(work, *args):
        try:
            work(*args)
        except Exception as error:
            with guard:
                broken.append(repr(error))

    for number, text in enumerate(texts(0)):
        project.write(f"experiments/r0_{number}.yaml", text)
    others = [
        ("fsck", "cache", "fsck", "--json"),
        ("gc", "cache", "gc", "--json", "--keep-builds", str(2 * KINDS)),
        ("plan", "plan", "experiments/plan", "--json"),
    ]
    project.write("experiments/plan.yaml", texts(0)[1])
    project.build("-j1", name="plan")
    threads = [threading.Thread(target=guarded, args=(beside, *other)) for other in others]
    for thread in threads:
        thread.start()
    rounds = 0
    while time.monotonic() < end and not broken:
        for number, text in enumerate(texts(rounds + 1)):
            project.write(f"experiments/r{rounds}_{number}.yaml", text)
        builders = [
            threading.Thread(
                target=guarded,
                args=(act, "build", "build", f"experiments/r{rounds}_{i % KINDS}", "--json", "-j1"),
            )
            for i in range(BUILDERS)
        ]
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        if rounds > 0:
            for path in glob.glob(project.path(f"*/r{rounds - 1}_*")):
                with contextlib.suppress(IsADirectoryError):
                    os.remove(path)
        rounds += 1
    over.set()
    for thread in threads:
        thread.join()
    project.require(not broken, "\n".join(broken))
    project.fsck("--deep")
    made = {}
    for path, log in project.logs().items():
        for event in log:
            if event["event"] == "built":
                made.setdefault(event["key"], []).append((event["label"], os.path.basename(path)))
    twice = {key: by for key, by in made.items() if len(by) > 1}
    project.require(not twice, f"computed more than once: {twice}")
    project.done()
    done = ", ".join(f"{count} of {kind}" for kind, count in counts.items())
    return f"{seconds} s, {rounds} rounds: {done}; {len(made)} artifacts, none made twice; fsck clean"
