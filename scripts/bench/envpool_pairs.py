"""Pairs of samples of EnvPool and of ours, taken in turn, and the table of them.

What a user gives is `Rows`: one for each env, in the order of the table.
"""

import dataclasses
import os
import statistics
import time

from bench import common
from bench.common import command, spread

ACTION_SETS = 16
HEADER = ["env", "repeat", "engine", "env_steps", "seconds", "env_steps_per_second", "others_share", "load_1min"]


@dataclasses.dataclass
class Row:
    """An env: its name in EnvPool and in Sparring, the multiple to reach, and what EnvPool is told."""

    theirs: str
    ours: str
    bar: float
    options: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Work:
    """How each env is stepped. Warm-up is counted in batches."""

    num_envs: int
    threads: int
    warm_up: int
    seconds: float


def build(*features):
    parts = ["--features", ",".join(features)] if features else []
    command("cargo", "build", "--release", "--quiet", "-p", "sparring-envs", "--example", "throughput", *parts)
    return common.target() / "release" / "examples" / "throughput"


class EnvPool:
    def __init__(self, row, work):
        import envpool
        import numpy

        self.env = envpool.make(
            row.theirs,
            env_type="gymnasium",
            num_envs=work.num_envs,
            num_threads=work.threads,
            seed=0,
            **row.options,
        )
        space = self.env.action_space
        space.seed(0)
        kind = space.dtype if hasattr(space, "low") else numpy.int32
        self.actions = [
            numpy.array([space.sample() for _ in range(work.num_envs)], dtype=kind) for _ in range(ACTION_SETS)
        ]
        self.env.reset()
        ends = 0
        for batch in range(work.warm_up):
            _, _, terminated, truncated, _ = self.env.step(self.actions[batch % ACTION_SETS])
            ends += int(numpy.logical_or(terminated, truncated).sum())
        # As many steps are resets as episodes end.
        self.steps_per_batch = work.num_envs - ends / work.warm_up

    def run(self, batches):
        """Env steps and seconds. The loop does nothing but step."""
        step, actions = self.env.step, self.actions
        start = time.perf_counter()
        for batch in range(batches):
            step(actions[batch % ACTION_SETS])
        seconds = time.perf_counter() - start
        return round(batches * self.steps_per_batch), seconds


class Engine:
    """The engine's example `throughput`, a process a sample."""

    def __init__(self, binary, row, work):
        self.words = [str(binary), row.ours, str(work.num_envs), str(work.threads - 1)]

    def run(self, batches):
        out = command(*self.words, str(batches), "1", capture_output=True).stdout
        _, _, _, steps, seconds = out.strip().split(",")
        return int(steps), float(seconds)


def sample(ours, rows, work, repeats, patience, first):
    """Rows of the record; `ours(row, work)` is to run like an `EnvPool`. `first` batches are timed to see how many a
    sample takes."""
    record = []
    for row in rows:
        pool, engine = EnvPool(row, work), ours(row, work)
        _, took = pool.run(first)
        theirs = max(1, int(first * work.seconds / took))
        _, took = engine.run(first)
        mine = max(1, int(first * work.seconds / took))
        for repeat in range(repeats):
            patience = common.wait_for_quiet(patience)
            for name, job in (
                ("envpool", lambda: pool.run(theirs)),
                ("sparring", lambda: engine.run(mine)),
            ):
                (steps, took), others = common.watched(job)
                rate, load = steps / took, os.getloadavg()[0]
                record.append(
                    [row.ours, repeat, name, steps, f"{took:.6f}", f"{rate:.0f}", f"{others:.3f}", f"{load:.2f}"]
                )
                print(
                    f"{row.ours} {repeat:2} {name:8} {rate:12,.0f} steps/s, others {others:.0%}, load {load:.2f}",
                    flush=True,
                )
        # Before the next pool starts its threads.
        del pool, engine
    return record


def quiet_pairs(record, env_id):
    """The pairs of rates of an env, EnvPool's first: the quiet ones if there are enough, else all."""
    theirs = [row for row in record if row[0] == env_id and row[2] == "envpool"]
    mine = [row for row in record if row[0] == env_id and row[2] == "sparring"]
    pairs = list(zip(theirs, mine, strict=True))
    chosen, words = common.quiet_or_all(pairs, lambda pair: [float(row[6]) for row in pair])
    return [tuple(float(row[5]) for row in pair) for pair in chosen], words


def table(rows, record, unit, letter):
    """The table of the README in steps per second over `unit`: medians, quartiles and the ratio of the medians."""
    lines = [
        f"| env | EnvPool, {letter} steps/s (quartiles) | Sparring, {letter} steps/s (quartiles) "
        "| ratio of medians | ratio of pairs (quartiles) | bar | pairs |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        rates, pairs = quiet_pairs(record, row.ours)
        theirs, mine = zip(*rates, strict=True)
        ratio = statistics.median(mine) / statistics.median(theirs)
        ratios = [b / a for a, b in rates]
        met = "met" if ratio >= row.bar else "not met"
        theirs, mine = ([rate / unit for rate in rates] for rates in (theirs, mine))
        lines.append(
            f"| {row.ours} | {spread(theirs, 2)} | {spread(mine, 2)} "
            f"| {ratio:.2f} | {spread(ratios, 2)} | {row.bar}: {met} | {pairs} |"
        )
    return "\n".join(lines)
