"""Runs from YAML, their plans and their results."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring import _sparring
from sparring.parent import PARENT
from sparring.spaces import as_yaml, settings
from sparring.vector import check_counts, checked_seed

if TYPE_CHECKING:
    import pandas

Config = str | os.PathLike[str] | Mapping[str, Any]

_MISTAKE, _INTERRUPTED, _KILLED = 2, 75, 130

_AT = ["name", "variant", "env", "agent", "method"]
_OF_PLAN = [
    *("env_steps", "gradient_steps", "parameters", "active_parameters", "density", "forward_flops"),
    *("backward_flops", "training_flops", "bytes", "notes"),
]
_OF_JOB = [
    *("progress", "score", "env_steps", "gradient_steps", "wall_s", "parameters", "active_parameters", "density"),
    *("forward_flops", "training_flops", "error", "notes", "folder"),
]
_OF_EVALUATION = ["step", "return", "wall_s"]


class RunError(RuntimeError):
    """A run that did not come to its end in order; `code` is the exit code of `sparring run`."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Run:
    """A run that is at its end."""

    path: Path
    """Its folder."""
    table: str
    """What `sparring run` prints: the variants compared."""
    told: str = ""
    """What it told on the way, also with `progress=False`: such as what an edited config has put aside."""

    def results(self) -> "pandas.DataFrame":
        """:func:`load_results` of its folder."""
        return load_results(self.path)

    def __str__(self) -> str:
        return self.table


def plan(
    config: Config,
    *,
    set: Mapping[str, Any] | None = None,
    seeds: Iterable[int] | None = None,
    variants: Sequence[str] = (),
) -> "pandas.DataFrame":
    """Every job of a config with its steps, sizes, FLOPs and memory; runs nothing, writes nothing.

    One row a job: `name`, which names its folder, too, `variant`, `env`, `agent`, `method`, a column for each axis of
    a sweep, `seed`, `env_steps`, `gradient_steps`, `parameters`, `active_parameters`, `density`, `forward_flops` and
    `backward_flops` of one sample, `training_flops`, `bytes`, `notes`.

    Raises:
        ValueError: Mistakes in the config: file, line and key, what was found, what is allowed, what to do.
    """
    with _file_of(config) as file:
        planned = _plan(file, set, seeds, variants)
    jobs = planned["jobs"]
    return _table(jobs, [_keys(job) | {key: job[key] for key in _OF_PLAN} for job in jobs], _OF_PLAN)


def run(
    config: Config,
    *,
    out: str | os.PathLike[str] | None = None,
    set: Mapping[str, Any] | None = None,
    seeds: Iterable[int] | None = None,
    variants: Sequence[str] = (),
    jobs: int | None = None,
    failures: int = 3,
    progress: bool = True,
) -> Run:
    """Trains every variant of a config with every seed, in a process of its own, as `sparring run` does.

    Ctrl-C ends it in order at the next step, and the same call goes on from there; a second Ctrl-C ends it at once.

    Args:
        config: The path of a YAML file, or what would stand in one.
        out: A folder for the results, new or that of the same run, which goes on; `out/NAME` if left out.
        set: Values of the config that are changed: `{"train.total_env_steps": 10_000}`.
        seeds: Seeds instead of the config's.
        variants: These alone.
        jobs: Jobs at once, one thread each; one a core if left out.
        failures: Times that a job may fail.
        progress: Whether it is shown on stderr.

    Raises:
        ValueError: Mistakes in the config; nothing was written.
        RunError: A run that failed, with its exit code.
        KeyboardInterrupt: Ctrl-C; everything so far is kept.
    """
    check_counts(failures=(failures, 1), **({} if jobs is None else {"jobs": (jobs, 1)}))
    with _file_of(config) as file:
        seeds = _seeds(seeds)
        folder = Path("out", _plan(file, set, seeds, variants)["name"]) if out is None else Path(out)
        words = [word for change in settings(set) for word in ("--set", change)]
        words += [word for name in _names(variants) for word in ("--variant", name)]
        if seeds is not None:
            words += ["--seeds", ",".join(map(str, seeds))]
        if jobs is not None:
            words += ["--jobs", str(jobs)]
        code, table, told = _child(
            ["run", str(file), "--out", str(folder), "--failures", str(failures), *words], progress
        )
        if code == _MISTAKE:
            raise ValueError(told.removeprefix("error: "))
    if code == 0:
        return Run(folder, table, told)
    end = "\n".join(told.splitlines()[-40:])
    if code in (_INTERRUPTED, _KILLED):
        raise KeyboardInterrupt(end)
    raise RunError(end, code)


def load_results(folder: str | os.PathLike[str], *, rows: str = "evaluations") -> "pandas.DataFrame":
    """What a run has come to so far, as a tidy table.

    Every row has `run`, `name`, which names the job's folder, too, `variant`, `env`, `agent`, `method`, a column for
    each axis of a sweep, and `seed`, and with `rows="evaluations"` `step` (environment steps, or gradient steps of an
    agent that learns from a data set), `return`, the mean of the evaluation's episodes, and `wall_s`; with `rows="jobs"` a job's `progress`, `score`, `env_steps`, `gradient_steps`, `wall_s`,
    `parameters`, `active_parameters`, `density`, `forward_flops`, `training_flops`, `error`, `notes` and `folder`. What
    is not known yet is missing.

    Raises:
        ValueError: A folder that no run has written.
    """
    if rows not in ("evaluations", "jobs"):
        raise ValueError(f"rows is {rows!r}, but it must be 'evaluations' or 'jobs'")
    jobs = json.loads(_sparring.results(folder))
    if rows == "jobs":
        return _table(jobs, [_keys(job) | {key: job[key] for key in _OF_JOB} for job in jobs], _OF_JOB)
    lines = [
        _keys(job) | dict(zip(_OF_EVALUATION, line, strict=True))
        for job in jobs
        for line in zip(*(job["curve"][column] for column in _OF_EVALUATION), strict=True)
    ]
    return _table(jobs, lines, _OF_EVALUATION)


def _plan(
    file: Path, set: Mapping[str, Any] | None, seeds: Iterable[int] | None, variants: Sequence[str]
) -> dict[str, Any]:
    planned: dict[str, Any] = json.loads(_sparring.plan(file, settings(set), _seeds(seeds), _names(variants)))
    return planned


def _names(variants: Sequence[str]) -> list[str]:
    if isinstance(variants, str) or not isinstance(variants, Iterable):
        raise ValueError(f"variants is {variants!r}, but it must be a list of names")
    return list(variants)


def _seeds(seeds: Iterable[int] | None) -> list[int] | None:
    if seeds is None:
        return None
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds is {seeds!r}, but it must be a list of whole numbers")
    checked = [checked_seed(seed) for seed in seeds]
    if not checked:
        raise ValueError("seeds is empty, but it must have one or more; leave it out for those of the config")
    return checked


@contextmanager
def _file_of(config: Config) -> Iterator[Path]:
    """The file of a config, which is written here if it is a mapping."""
    if isinstance(config, (str, os.PathLike)):
        # A path has one line; the text of a config is taken for one.
        if not str(config) or "\n" in str(config):
            raise ValueError("config is no path of a file; pass a path, or a dict of what would stand in the file")
        yield Path(config)
        return
    if not isinstance(config, Mapping):
        raise ValueError(f"config is a {type(config).__name__}, but it must be a path or a dict")
    with tempfile.TemporaryDirectory() as folder:
        name = config.get("name", "run")
        file = Path(folder, f"{Path(str(name)).name or 'run'}.yaml")
        try:
            text = "".join(f"{line}\n" for line in _lines(config))
        except RecursionError:
            raise ValueError("config is a dict that holds itself, or one too deep for YAML") from None
        file.write_text(text)
        try:
            yield file
        except ValueError as mistake:
            # Of a folder that is gone nobody wants to know.
            raise ValueError(str(mistake).replace(str(file), file.name)) from None


def _lines(config: Mapping[str, Any]) -> Iterator[str]:
    """A key of the first level a line, so that messages name the line that is wrong."""
    return (f"{json.dumps(str(key))}: {as_yaml(value)}" for key, value in config.items())


def _child(words: list[str], progress: bool) -> tuple[int, str, str]:
    """The exit code of `sparring` in a process of its own, what it printed, and what it told on stderr.

    It has a session of its own, so that Ctrl-C reaches it once, through here. Its stderr goes through here, too, so
    that a notebook shows it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "sparring", *words],
        env=os.environ | {PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    told: list[str] = []
    printed: list[str] = []
    readers = [
        threading.Thread(target=_follow, args=(process.stderr, told, sys.stderr if progress else None), daemon=True),
        threading.Thread(target=_follow, args=(process.stdout, printed, None), daemon=True),
    ]
    for reader in readers:
        reader.start()
    while True:
        try:
            code = process.wait()
            for reader in readers:
                reader.join()
            break
        except KeyboardInterrupt:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
    return code, "".join(printed), "".join(told).strip()


def _follow(stream: Any, lines: list[str], to: Any) -> None:
    """Keeps the lines of a stream, and shows them as they come."""
    with stream:
        for line in stream:
            lines.append(line)
            if to is not None:
                to.write(line)
                to.flush()


def _keys(job: dict[str, Any]) -> dict[str, Any]:
    """What tells a job from others, its axes as columns."""
    run = {"run": job["run"]} if "run" in job else {}
    axes: dict[str, Any] = job["at"].get("axes", {})
    return run | {key: job["at"][key] for key in _AT} | axes | {"seed": job["seed"]}


def _table(jobs: list[dict[str, Any]], rows: list[dict[str, Any]], columns: list[str]) -> "pandas.DataFrame":
    """The rows, with the axes of all jobs between what a job is and the other `columns`."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("tables are made by pandas: pip install pandas") from error
    keys = [key for job in jobs for key in _keys(job) if key != "seed"]
    return pandas.DataFrame(rows, columns=[*dict.fromkeys(keys), "seed", *columns])
