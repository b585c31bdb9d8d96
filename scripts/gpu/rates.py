#!/usr/bin/env python3
"""Prints the environment steps a second of the jobs of a run after their warm-up, and their sum over jobs.

    scripts/gpu/rates.py FOLDER
"""

import csv
import pathlib
import sys


def rate(metrics):
    """Steps a second from the second row of losses, which the warm-up is not part of, to the last; 0 of a run that is
    over before."""
    with metrics.open() as file:
        rows = [row for row in csv.DictReader(file) if row["tag"] == "losses/critic"][1:]
    if not rows:
        return 0.0
    steps, seconds = (float(rows[-1][key]) - float(rows[0][key]) for key in ("env_step", "wall_s"))
    return steps / seconds if seconds else 0.0


def main():
    folder = pathlib.Path(sys.argv[1])
    variants = {}
    for metrics in sorted(folder.rglob("metrics.csv")):
        variants.setdefault(metrics.parent.parent.name, []).append(rate(metrics))
    for variant, found in variants.items():
        each = ", ".join(f"{rate:.0f}" for rate in found)
        print(f"{variant:24} {len(found)} jobs: {sum(found):8.0f} steps/s in sum ({each})")


if __name__ == "__main__":
    main()
