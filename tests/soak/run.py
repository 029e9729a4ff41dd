"""Runs the campaigns of faults and prints what they found.

    python3 tests/soak/run.py [--short | --long] [--seed N] [--only kill,flips] [--scale kill=100] [--spinlock PATH]

Ends at the first promise that is not kept, with all that is needed to see it again: the seed, what was done, and the
folder as it was left.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time

import clock
import common
import crowd
import disk
import flips
import kill
import points

#: In this order, the quick ones first.
CAMPAIGNS = {
    "clock": clock.run,
    "points": points.run,
    "flips": flips.run,
    "disk": disk.run,
    "kill": kill.run,
    "crowd": crowd.run,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--short", action="store_true", help="a minute or two (the default)")
    how.add_argument("--long", action="store_true", help="an hour or two")
    parser.add_argument("--seed", type=int, help="what is drawn; a new one each time if left out")
    parser.add_argument("--only", help="campaigns, with commas")
    parser.add_argument("--scale", action="append", default=[], help="amount of a campaign: kill=100")
    parser.add_argument("--folder", help="where to work; a temporary folder if left out")
    release = os.path.join(common.REPOSITORY, "target/release/spinlock")
    parser.add_argument("--spinlock", default=release, help="the program; its worker lies beside it")
    return parser.parse_args()


def main():
    args = arguments()
    names = args.only.split(",") if args.only else list(CAMPAIGNS)
    unknown = [name for name in names if name not in CAMPAIGNS]
    if unknown:
        sys.exit(f"no campaign is called {unknown[0]}; there are {', '.join(CAMPAIGNS)}")
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "little")
    scale = {name: int(amount) for name, amount in (item.split("=") for item in args.scale)}
    # Whole paths: programs start in folders of their own.
    base = os.path.abspath(args.folder) if args.folder else None
    folder = tempfile.mkdtemp(prefix="spinlock-soak-", dir=base)
    settings = common.Settings(os.path.abspath(args.spinlock), seed, args.long, folder, scale)
    rows = []
    for name in names:
        start = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            found = CAMPAIGNS[name](settings)
        except common.Broken as broken:
            again = f"--seed {seed} --only {name}" + (" --long" if args.long else "")
            print(f"{name}: a promise is broken\n  {broken}\n  again: {again}", file=sys.stderr)
            return 1
        rows.append((name, f"{time.monotonic() - start:.0f} s", found))
    shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {seed}")
    for name, seconds, found in rows:
        print(f"{name:<8}{seconds:>7}  {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
