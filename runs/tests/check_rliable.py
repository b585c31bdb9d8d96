"""Holds Sparring's statistics against those of rliable 1.2.0.

    python runs/tests/check_rliable.py STATISTICS
    python runs/tests/check_rliable.py coverage

STATISTICS is the program that runs/tests/rliable/statistics.rs becomes. Of fifty random sets of scores all values must be
equal to 1e-12 of the largest score, and each end of rliable's intervals must lie among those that Sparring has from
sixty seeds and as many resamples. Then the CPU seconds of both are compared, on one core.

coverage asks rliable alone how often its intervals hold a known truth, with which a test in runs/tests/rliable.rs
compares.
"""

import csv
import itertools
import json
import math
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from rliable import library, metrics
from scipy.integrate import quad
from scipy.optimize import brentq

AGGREGATES = {
    "iqm": metrics.aggregate_iqm,
    "mean": metrics.aggregate_mean,
    "median": metrics.aggregate_median,
    "optimality-gap": metrics.aggregate_optimality_gap,
}
MATRICES = 50
SEEDS = 60
RESAMPLES = 300
# scipy's test takes half a millisecond a task.
RESAMPLES_OF_IMPROVEMENT = 30
BARS = {"iqm": 50, "profile": 50, "improvement": 500}

def ours(what, file, *options):
    told = subprocess.run([sys.argv[1], what, file, *map(str, options)], check=True, capture_output=True, text=True)
    return json.loads(told.stdout)


def write(file, methods):
    with open(file, "w", newline="") as to:
        lines = csv.writer(to)
        lines.writerow(["method", "run", "task", "score"])
        for method, scores in methods.items():
            for (run, task), score in np.ndenumerate(scores):
                lines.writerow([method, run, task, repr(float(score))])


def random_methods(rng):
    """Two methods on the same tasks: runs x tasks each."""
    kind = rng.choice(["gamma", "ties", "scales", "negative", "constant"])
    tasks = rng.integers(1, 7)
    methods = {}
    for method in ["x", "y"]:
        scores = rng.gamma(2.0, 0.4, size=(rng.integers(2, 13), tasks))
        if kind == "ties":
            scores = np.round(scores * 3) / 3
        if kind == "scales":
            scores = scores * 10.0 ** rng.uniform(-3, 5, size=tasks)
        if kind == "negative":
            scores = scores - 0.9
        if kind == "constant":
            scores[:, 0] = 0.5
        methods[method] = scores
    return methods


class Checks:
    def __init__(self):
        self.values, self.ends, self.worst, self.failed = 0, 0, 0.0, []

    def value(self, name, ours, theirs, scale):
        self.values += 1
        off = abs(ours - theirs) / max(scale, 1.0)
        self.worst = max(self.worst, off)
        if not off <= 1e-12:
            self.failed.append(f"{name}: {ours} is not {theirs}")

    def interval(self, name, ours, theirs, step=0.0):
        """`ours` are the intervals from many seeds; `step` is the least by which values differ."""
        for end, other in zip(["low", "high"], theirs):
            self.ends += 1
            ends = [interval[end] for interval in ours]
            low, high = min(ends), max(ends)
            # Twice as wide as sixty seeds are: about 4.6 standard deviations.
            slack = max((high - low) / 2, step) + 1e-9 * max(1.0, abs(high))
            if not low - slack <= other <= high + slack:
                self.failed.append(f"{name}: {end} {other} is not among [{low}, {high}]")


def compare(checks, name, methods, file):
    write(file, methods)
    scale = max(np.abs(scores).max() for scores in methods.values())
    every = ["--seeds", SEEDS, "--threads", 2]
    functions = list(AGGREGATES.values())
    points, intervals = library.get_interval_estimates(
        methods, lambda scores: np.array([of(scores) for of in functions]), reps=RESAMPLES)
    for n, aggregate in enumerate(AGGREGATES):
        found = ours(aggregate, file, "--resamples", RESAMPLES, *every)
        for method, estimates in found.items():
            label = f"{name} {method} {aggregate}"
            checks.value(label, estimates[0]["value"], points[method][n], scale)
            checks.interval(label, [it["interval"] for it in estimates], intervals[method][:, n])
    # At scores, where above and not below is told apart.
    taus = np.unique(np.concatenate([scores.ravel() for scores in methods.values()]))[::3]
    points, intervals = library.create_performance_profile(methods, taus, reps=RESAMPLES)
    listed = "--taus=" + ",".join(repr(float(tau)) for tau in taus)
    found = ours("profile", file, listed, "--resamples", RESAMPLES, *every)
    for method, profiles in found.items():
        for n, tau in enumerate(taus):
            label = f"{name} {method} above {tau}"
            checks.value(label, profiles[0][n]["value"], points[method][n], 1.0)
            ends = [profile[n]["interval"] for profile in profiles]
            checks.interval(label, ends, intervals[method][:, n], 1 / methods[method].size)
    points, intervals = library.get_interval_estimates(
        {"x > y": (methods["x"], methods["y"])}, metrics.probability_of_improvement, reps=RESAMPLES_OF_IMPROVEMENT)
    estimates = ours("improvement", file, "--resamples", RESAMPLES_OF_IMPROVEMENT, *every)["x > y"]
    checks.value(f"{name} x > y", estimates[0]["value"], points["x > y"], 1.0)
    step = 0.5 / (len(methods["x"]) * methods["y"].size)
    checks.interval(f"{name} x > y", [it["interval"] for it in estimates], intervals["x > y"], step)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of_ours(*args):
    before = children()
    ours(*args)
    return children() - before


def cpu_of_rliable(work, resamples, of):
    """CPU seconds of `of` resamples, from fewer."""
    before = time.process_time()
    work(resamples)
    return (time.process_time() - before) * of / resamples


def speed(file):
    """15 tasks, 10 runs, 5 methods, 50,000 resamples; of ten pairs."""
    rng = np.random.default_rng(1)
    methods = {f"m{n}": rng.gamma(1.0 + n / 5, 0.8, size=(10, 15)) for n in range(5)}
    write(file, methods)
    taus = np.linspace(0.0, 2.0, 11)
    pairs = {f"{x} > {y}": (methods[x], methods[y]) for x, y in itertools.combinations(methods, 2)}

    def interquartile_means(n):
        library.get_interval_estimates(methods, lambda scores: np.array([metrics.aggregate_iqm(scores)]), reps=n)

    def profiles(n):
        library.create_performance_profile(methods, taus, reps=n)

    def improvements(n):
        library.get_interval_estimates(pairs, metrics.probability_of_improvement, reps=n)

    theirs = {"iqm": (interquartile_means, 500), "profile": (profiles, 500), "improvement": (improvements, 10)}
    slow = []
    print("| 50,000 resamples, CPU s of one core | rliable | of resamples | Sparring | times as fast | bar |")
    print("|---|---|---|---|---|---|")
    for what, (work, resamples) in theirs.items():
        options = ["--taus", ",".join(map(str, taus))] if what == "profile" else []
        of_ours = min(cpu_of_ours(what, file, *options, "--resamples", 50_000) for _ in range(3))
        of_theirs = cpu_of_rliable(work, resamples, 50_000)
        times = of_theirs / of_ours
        print(f"| {what} | {of_theirs:.1f} | {resamples:,} | {of_ours:.3f} | {times:.0f} | {BARS[what]} |")
        if times < BARS[what]:
            slow.append(f"{what} is {times:.0f} times as fast, and not {BARS[what]}")
    return slow


def planted(experiment):
    """As `planted` of runs/tests/rliable.rs."""
    mask, state, scores = 2**64 - 1, experiment, np.empty((10, 5))
    for task in range(5):
        for run in range(10):
            state = (state + 0x9E3779B97F4A7C15) & mask
            z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            uniform = ((z ^ (z >> 31)) >> 11) / 2**53
            scores[run, task] = 0.1 * task - (0.2 + 0.1 * task) * math.log(1.0 - uniform)
    return scores


def truth():
    """The mean between the quartiles of all scores that `planted` might draw."""
    begins, means = [0.1 * task for task in range(5)], [0.2 + 0.1 * task for task in range(5)]
    tasks = list(zip(begins, means))

    def below(x):
        return sum(1.0 - math.exp(-(x - begin) / mean) for begin, mean in tasks if x > begin) / len(tasks)

    def density(x):
        return sum(math.exp(-(x - begin) / mean) / mean for begin, mean in tasks if x > begin) / len(tasks)

    low, high = (brentq(lambda x: below(x) - part, 0.0, 10.0, xtol=1e-14) for part in [0.25, 0.75])
    return quad(lambda x: x * density(x), low, high, points=[b for b in begins if low < b < high], epsabs=1e-13)[0] * 2


def coverage():
    known, covered = truth(), 0
    for experiment in range(1_000):
        _, intervals = library.get_interval_estimates(
            {"m": planted(experiment)}, lambda s: np.array([metrics.aggregate_iqm(s)]), reps=2_000)
        low, high = intervals["m"][:, 0]
        covered += low <= known <= high
    print(f"rliable's intervals of 2,000 resamples hold {known!r} in {covered} of 1,000 experiments")


def against_rliable():
    rng = np.random.default_rng(14)
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "scores.csv"
        for n in range(MATRICES):
            compare(checks, f"matrix {n}", random_methods(rng), file)
        print(f"{MATRICES} random sets of scores: {checks.values} values, off by at most {checks.worst:.1e}; "
              f"{checks.ends} ends of intervals; {len(checks.failed)} differ")
        failed = checks.failed + speed(file)
    for line in failed:
        print(line)
    sys.exit(1 if failed else 0)


np.random.seed(14)  # rliable draws from numpy's global generator.
if sys.argv[1] == "coverage":
    coverage()
else:
    against_rliable()
