"""Single bits flipped, and files cut short, in every file of a cache and in the data set.

Promised: `fsck` finds each and sets the entry aside; a build that meets one makes the entry again; the data set's digest
stays. In the data set, `validate` finds it.
"""

import os
import shutil

import common


def files(folder):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


def run(settings):
    rng = settings.random("flips")
    wanted = settings.amount("flips", 60, 1200)
    text = common.TINY
    reference = common.Undisturbed(settings, text)
    project = common.Project(settings, "flips", text)
    project.build("-j1")
    backup = project.path("backup")
    shutil.copytree(project.path("cache"), backup)
    every = files(project.path("cache/objects"))
    order = []
    found_by_fsck = rebuilt = met = 0
    for number in range(wanted):
        if not order:
            order = list(every)
            rng.shuffle(order)
        path = order.pop()
        entry = os.path.dirname(path)
        kind, key = entry.split(os.sep)[-3], os.path.basename(entry)
        how = f"flip {number}, {os.path.relpath(path, project.root)}: {common.flip(path, rng)}"
        building = number % 20 == 19
        if building:
            # The data set has to be put together again, out of what was damaged or not.
            os.remove(project.path("datasets/x.h5"))
            answer = project.build("-j1")
            digests = common.outputs(project, answer)
            project.require(digests == reference.outputs, f"{how}: outputs are {digests}")
        if not building or not os.path.exists(project.path("cache/quarantine")):
            ran = project.run("cache", "fsck", "--json")
            project.require(ran.code == 4, f"{how}: fsck ends with {ran.code}: {ran.out}{ran.err}")
            damaged = [(d["kind"], d["key"]) for d in ran.json()["damaged"]]
            project.require(damaged == [(kind, key)], f"{how}: fsck finds {damaged}")
            found_by_fsck += 1
        else:
            met += 1
        aside = os.listdir(project.path("cache/quarantine"))
        named = len(aside) == 1 and aside[0].startswith(f"{kind}-{key}-")
        project.require(named, f"{how}: set aside are {aside}")
        if building:
            project.build("-j1")
            project.fsck()
            rebuilt += 1
            project.require(
                project.entries() | reference.entries == project.entries(), f"{how}: entries differ"
            )
        else:
            project.require(not os.path.exists(entry), f"{how}: the entry still stands")
            shutil.copytree(os.path.join(backup, os.path.relpath(entry, project.path("cache"))), entry)
        shutil.rmtree(project.path("cache/quarantine"))
    reference.same(project, project.build("-j1"))
    in_file, unused = data_set(settings, project, rng)
    project.done()
    return (
        f"{wanted} faults in {len(every)} files of the cache: {found_by_fsck} found by fsck, {met} met by builds, "
        f"{rebuilt} times built again to the same digests; data set: {in_file} found by validate, {unused} in bytes "
        "that hold nothing"
    )


def data_set(settings, project, rng):
    """Flips in the data set; how many were found, and how many changed nothing that is stored."""
    path = project.path("datasets/x.h5")
    with open(path, "rb") as file:
        whole = file.read()
    found = unused = 0
    for _ in range(settings.amount("flips-file", 20, 300)):
        how = common.flip(path, rng)
        ran = project.run("validate", "datasets/x.h5")
        if ran.code == 0:
            # Then it must be a byte that HDF5 keeps free: what is in the file is the same.
            with open(project.path("datasets/whole.h5"), "wb") as file:
                file.write(whole)
            same = project.run("diff", "datasets/whole.h5", "datasets/x.h5")
            project.require(same.code == 0, f"data set, {how}: validate finds nothing, diff {same.out}")
            unused += 1
        else:
            project.require(ran.code == 4, f"data set, {how}: validate ends with {ran.code}: {ran.err}")
            found += 1
        with open(path, "wb") as file:
            file.write(whole)
    return found, unused
