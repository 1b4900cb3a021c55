"""Repeats one seed, or runs many.

usage: python -m simulation --seed N [--safety]
       python -m simulation --seeds 5000 [--from 0]
"""

from __future__ import annotations

import argparse
import sys
import time

from simulation.world import Violation, simulate


PROGRESS = 250


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--safety", action="store_true")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--from", type=int, default=0, dest="first")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        runs = [(arguments.seed, arguments.safety)]
    else:
        last = arguments.first + arguments.seeds
        runs = [(seed, seed % 2 == 1) for seed in range(arguments.first, last)]
    failed = 0
    began = time.monotonic()
    for done, (seed, safety) in enumerate(runs):
        if done and done % PROGRESS == 0:
            rate = done / (time.monotonic() - began)
            print(f"{done} of {len(runs)}, {failed} failed, {rate:.1f} a second", flush=True)
        try:
            simulate(seed, safety=safety)
        except Violation as violation:
            failed += 1
            print(violation, flush=True)
    print(f"{len(runs) - failed} passed, {failed} failed in {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
