"""Disks that are full at random moments, and caches that cannot be written.

Promised: the build ends with exit 3 and says what to do (or goes on, where only a service such as the trace was hit);
the cache is whole; with room again the same command comes to the same.
"""

import os
import subprocess

import common

WRITING = ("write", "sync", "create", "folder", "link", "rename", "close", "copy")
# These write to pipes, which no disk makes full: `points` kills there.
PIPES = {"exec.worker.write", "worker.reply.write", "encode.ffmpeg.write"}


def run(settings):
    rng = settings.random("disk")
    reference = common.Undisturbed(settings, common.TINY)
    first = common.Project(settings, "disk", common.TINY)
    most, _ = common.hits(first, "-j1")
    first.done()
    sites = sorted(site for site in most if site.endswith(WRITING) and site not in PIPES)
    wanted = settings.amount("disk", 6, 200)
    refused = 0
    for number in range(wanted):
        project = common.Project(settings, "disk", common.TINY)
        site = rng.choice(sites)
        fault = rng.choice(["error:ENOSPC", "error:ENOSPC", "short", "error:EDQUOT", "error:EIO"])
        point = f"{site}={fault}@{rng.randint(1, most[site])}{rng.choice(['', '+'])}"
        ran = project.run("build", "experiments/x", "--json", "-j1", points=point)
        check(project, point, ran, "input/output error" if "EIO" in fault else None)
        refused += ran.code != 0
        after(project, reference, point)
    text = f"{wanted} faults at {len(sites)} sites ({refused} builds ended by them)"
    mounted = settings.amount("mounts", 1, 40)
    if may_mount():
        for _ in range(mounted):
            full(settings, rng, reference)
        text += f", {mounted} full disks"
    else:
        text += ", no full disks: mounts are refused to this user"
    return text + ": exit 3 with advice, cache whole, same digests with room again"


def check(project, what, ran, words=None):
    """The build ended well, or kindly."""
    if ran.code == 134 and "H5F__dest: Assertion" in ran.err:
        # HDF5 as built for debugging aborts where the one that people use gives the error back.
        return
    project.require(ran.code in (0, 3), f"{what}: exit {ran.code}: {ran.err}")
    said = ran.err.lower()
    full = ["no space left on device", "quota exceeded", "cannot start"]
    if ran.code == 3:
        named = words in said if words else any(text in said for text in full)
        project.require(named, f"{what}: does not say why: {ran.err}")
        helped = words or "help:" in said
        project.require(helped, f"{what}: does not say what to do: {ran.err}")


def after(project, reference, what):
    """The cache is whole, and with room again everything comes to the same."""
    try:
        project.fsck()
        reference.same(project, project.build("-j1"))
        project.fsck()
        project.require(not project.leftovers(), f"left beside outputs: {project.leftovers()}")
    except common.Broken as broken:
        raise common.Broken(f"after {what}: {broken}") from None
    project.done()


def may_mount():
    asked = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    try:
        return subprocess.run(asked, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def full(settings, rng, reference):
    """A small disk under the cache or under the data set, which is then given room."""
    project = common.Project(settings, "disk", common.TINY)
    folder = rng.choice(["cache", "cache", "datasets"])
    os.mkdir(project.path(folder))
    size = rng.randrange(16, 600)
    script = (
        f"mount -t tmpfs -o size={size}k tmpfs {folder}\n"
        '"$1" build experiments/x --json -j1 --force >first.out 2>first.err; echo $? >first.code\n'
        '"$1" cache fsck --json >fsck.out 2>fsck.err; echo $? >fsck.code\n'
        f"mount -o remount,size=256m {folder}\n"
        '"$1" build experiments/x --json -j1 >second.out 2>second.err; echo $? >second.code\n'
        f"cp -a {folder} kept\n"
    )
    command = ["unshare", "-m", "sh", "-uc", script, "sh", settings.spinlock]
    subprocess.run(command, cwd=project.root, env=project.environment(), check=False)

    def ran(step):
        texts = []
        for end in ["code", "out", "err"]:
            with open(project.path(f"{step}.{end}")) as file:
                texts.append(file.read())
        return common.Ran(int(texts[0]), texts[1], texts[2])

    what = f"a disk of {size} KiB under {folder}"
    check(project, what, ran("first"))
    project.require(ran("fsck").code == 0, f"{what}: fsck says {ran('fsck')}")
    second = ran("second")
    project.require(second.code == 0, f"{what}: with room again {second.err}")
    os.rmdir(project.path(folder))
    os.rename(project.path("kept"), project.path(folder))
    reference.same(project, second.json())
    project.done()
