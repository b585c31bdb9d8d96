"""The record of scripts/returns: what every run of its folder scored, against the bars of the table."""

import datetime
import pathlib
import re
import sys
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from bench.common import write_record  # noqa: E402


class Bar(NamedTuple):
    """A row of the table: what is learned, where it was run, and the least lower end of its interval."""

    task: str
    run: str
    variant: str
    least: float | None


CARTPOLE = [
    Bar("DQN CartPole-v0, paper's settings, ε as its code, dense", "dqn-cartpole-dense", "dense,id=CartPole-v0", 190),
    Bar("… RigL 90 %", "dqn-cartpole-rigl", "rigl,id=CartPole-v0,sparsity=0.9", 190),
    Bar("… pruning 90 %", "dqn-cartpole-pruning", "pruning,id=CartPole-v0,sparsity=0.9", 190),
    Bar("… static 98 %, ERK", "dqn-cartpole-98-erk", "static,id=CartPole-v0,sparsity=0.98", None),
    Bar("… static 98 %, uniform", "dqn-cartpole-98-uniform", "static-uniform,id=CartPole-v0,sparsity=0.98", None),
]

CLASSIC = [
    Bar("DQN Acrobot-v1, paper's settings, dense", "dqn-acrobot-dense", "dense,id=Acrobot-v1", -90),
    Bar("… RigL 90 %", "dqn-acrobot-rigl", "rigl,id=Acrobot-v1,sparsity=0.9", -90),
    Bar("… pruning 90 %", "dqn-acrobot-pruning", "pruning,id=Acrobot-v1,sparsity=0.9", -90),
    Bar("PPO CartPole-v1, 200k steps", "ppo-cartpole", "dense", 475),
    Bar("PPO Acrobot-v1, 500k steps", "ppo-acrobot", "dense", -95),
    Bar("SAC Pendulum-v1, 20k steps, dense", "sac-pendulum", "dense", -180),
    Bar("… RigL 90 %", "sac-pendulum", "rigl", -220),
    Bar("SAC MountainCarContinuous-v0, 50k steps", "sac-mountaincar", "dense", 85),
]

SIMULATORS = [
    Bar("SAC HalfCheetah-v5, paper's settings, 100k steps, dense", "sac-halfcheetah-dense", "dense,id=HalfCheetah-v5", 2500),
    Bar("… RigL 90 %", "sac-halfcheetah-rigl", "rigl,id=HalfCheetah-v5,sparsity=0.9", 2500),
    Bar("DQN MinAtar Breakout, 1 M frames, dense", "dqn-breakout-dense", "dense,id=MinAtar_Breakout-v1,width=1", 5),
    Bar("… pruning 90 %", "dqn-breakout-pruning", "pruning,id=MinAtar_Breakout-v1,width=1,sparsity=0.9", 5),
]

PUBLISHED = [
    Bar("SAC HalfCheetah-v5, JAXRL's settings, 100k steps, dense", "sac-halfcheetah-jaxrl-dense", "dense,id=HalfCheetah-v5", 2500),
    Bar("… RigL 90 %", "sac-halfcheetah-jaxrl-rigl", "rigl,id=HalfCheetah-v5,sparsity=0.9", 2500),
]

THREE = "Three seeds are few for an interval: it is their spread."
FIVE = "Five seeds where one run takes more than three minutes."
# What a table is made of, the name of its record and what its README says beside.
TABLES = {
    "cartpole": (CARTPOLE, "returns-cartpole", FIVE),
    "classic": (CLASSIC, "returns", FIVE),
    "simulators": (SIMULATORS, "returns-simulators", THREE),
    "published": (
        PUBLISHED,
        "returns-published",
        f"""{THREE}

Published: JAXRL (Kostrikov 2021, github.com/ikostrikov/jaxrl), `learning_curves/logs/HalfCheetah-v2/*.txt` at commit
7745b27, SAC on HalfCheetah-v2, ten seeds, at 100,000 steps: IQM 5,780, from 4,952 to 6,401.""",
    ),
}

COLUMNS = ["task", "seeds", "return IQM", "95 % interval", "lowest", "highest", "bar, for the lower end"]


def field(file, key):
    """The value of a key of the top level of a status or run file."""
    found = re.search(rf"^\s*{key}: (.+)$", file.read_text(), re.MULTILINE)
    return found.group(1) if found else "unknown"


def of_report(run, variant):
    """The cells of a variant in the first table of a report."""
    for line in (run / "report.txt").read_text().splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if cells[0] == variant and "/" in cells[1]:
            return cells
    raise SystemExit(f"{run}: no row of {variant} in report.txt; remove the folder and run scripts/returns again")


def interval(cells):
    return [float(end) for end in cells[3].strip("[]").split(", ")]


def verdict(bar, cells):
    if bar.least is None:
        return ""
    return f"≥ {bar.least}: {'met' if interval(cells)[0] >= bar.least else 'not met'}"


def main():
    bars, name, seeds = TABLES[sys.argv[1]]
    folder = pathlib.Path(sys.argv[2])
    table = [COLUMNS, ["---"] * len(COLUMNS)]
    raw, runs, found = [], {}, {}
    for bar in bars:
        run = folder / bar.run
        if not (run / "command").exists():
            table.append([bar.task, "not run", "", "", "", "", "" if bar.least is None else f"≥ {bar.least}"])
            continue
        cells = found[bar.run] = of_report(run, bar.variant)
        table.append([bar.task, *cells[1:6], verdict(bar, cells)])
        runs[bar.run] = run
        for job in sorted((run / bar.variant).glob("seed-*"), key=lambda job: int(job.name[5:])):
            status = job / "status.yaml"
            raw.append([bar.run, bar.variant, job.name[5:], *(field(status, key) for key in ("score", "wall_s"))])
    at_98 = [found.get(f"dqn-cartpole-98-{name}") for name in ("erk", "uniform")]
    apart = ""
    if all(at_98):
        erk, uniform = map(interval, at_98)
        apart = f"At 98 % the interval of ERK {'lies above' if erk[0] > uniform[1] else 'does not clear'} that of uniform."
    commands = "\n".join(f"    sparring run {(run / 'command').read_text().strip()}" for run in runs.values())
    first = next(iter(runs.values())) / "run.yaml"
    date = field(first, "started")[:10]
    readme = f"""# Returns, {date}

{chr(10).join('| ' + ' | '.join(row) + ' |' for row in table)}

The score of a seed is the mean return over the last tenth of its evaluations; the interval is the 95 %
bootstrap interval of the interquartile mean over seeds. {seeds}
{apart}

`raw.csv` has every seed's score and seconds (of a machine that was shared: scores do not depend on it, seconds do).

- Command: `scripts/returns {sys.argv[1]}`, which runs

{commands}

- Commit: {', '.join(sorted({field(run / 'run.yaml', 'commit')[:7] for run in runs.values()}))}
- {field(first, 'rustc')}; {field(first, 'cpu')}, {field(first, 'cores')} cores
"""
    write_record(f"{datetime.date.fromisoformat(date)}-{name}", ["run", "variant", "seed", "score", "wall_s"], raw, readme)


if __name__ == "__main__":
    main()
