"""Rounds in which every bench runs once: what builds the benches, runs them and takes their samples."""

import csv
import json
import os
import pathlib
import subprocess
import tempfile
import time

from bench import common
from bench.samples import Sample, Samples


def build(package, benches):
    """The executable of each bench of a package."""
    named = [word for bench in benches for word in ("--bench", bench)]
    out = common.command(
        *("cargo", "bench", "--quiet", "-p", package, *named, "--no-run", "--message-format=json"),
        stdout=subprocess.PIPE,
    ).stdout
    messages = [json.loads(line) for line in out.splitlines()]
    built = [message for message in messages if message.get("executable")]
    return {message["target"]["name"]: message["executable"] for message in built}


def rust_bench(name, command, printed):
    """Samples of one run of a bench, as (bench, case, sample, seconds); keeps what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "samples.csv"
        out = common.command(*command, "--bench", "--csv", str(path), stdout=subprocess.PIPE).stdout
        printed[name] = out.rstrip()
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    return [(name, row, int(row.pop("sample")), float(row.pop("seconds"))) for row in rows]


def sample(works, rounds, patience):
    """All samples, from rounds in which each part runs once."""
    samples = []
    for round in range(rounds):
        for part, work in works.items():
            patience, start = common.wait_for_quiet(patience), time.perf_counter()
            measured, others = common.watched(work)
            load = os.getloadavg()[0]
            samples += [Sample(bench, case, round, i, s, others, load) for bench, case, i, s in measured]
            took = time.perf_counter() - start
            print(f"round {round + 1}/{rounds} {part:8} {took:5.1f} s, others {others:.0%}, load {load:.2f}", flush=True)
    return Samples(samples)
