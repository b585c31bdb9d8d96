"""What the records of benchmarks share: pinned peers, quiet on a shared machine, and who measured where."""

import csv
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# A sample is quiet where others had less than this share of the machine.
QUIET = 0.05
# Quiet samples that a row needs to be made of them alone.
ENOUGH = 5
# How a row says that it is made of all.
TOO_FEW = "(all, too few were quiet)"


def command(*parts, **options):
    return subprocess.run(parts, check=True, text=True, cwd=ROOT, **options)


def inside_venv(venv, packages):
    """Starts this script again with the pinned packages, after installing them where they are missing."""
    python = venv / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == venv.resolve():
        return
    if not python.exists():
        print(f"installing {', '.join(packages)} into {venv}", flush=True)
        command(sys.executable, "-m", "venv", str(venv))
    command(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    os.execv(python, [str(python), *sys.argv])


def target():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def busy_seconds():
    """CPU seconds of all cores that were not idle, by this process and its children, and by all."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    ticks = [int(field) for field in fields]
    everyone = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    mine = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in mine), everyone


def watched(work):
    """What the work gave, and the share of the machine that others had meanwhile."""
    (mine, everyone), start = busy_seconds(), time.perf_counter()
    result = work()
    (mine_after, everyone_after), wall = busy_seconds(), time.perf_counter() - start
    others = (everyone_after - everyone) - (mine_after - mine)
    return result, max(0.0, others / (wall * os.cpu_count()))


def wait_for_quiet(patience):
    """Waits until only this process is runnable for a while; gives the patience that is left."""
    start, calm = time.perf_counter(), 0
    while calm < 6 and time.perf_counter() - start < patience:
        runnable = int(pathlib.Path("/proc/loadavg").read_text().split()[3].split("/")[0])
        calm = calm + 1 if runnable <= 1 else 0
        time.sleep(0.05)
    return patience - (time.perf_counter() - start)


def quiet_or_all(items, shares):
    """The items during all of whose `shares(item)` it was quiet, if there are enough, else all; and in words."""
    quiet = [item for item in items if all(share < QUIET for share in shares(item))]
    if len(quiet) >= ENOUGH:
        return quiet, f"{len(quiet)} quiet of {len(items)}"
    return items, f"{len(items)} {TOO_FEW} of {len(items)}"


def quartiles(values, digits):
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.{digits}f} to {high:.{digits}f}"


def spread(values, digits):
    """The median and, in brackets, the quartiles."""
    return f"{statistics.median(values):.{digits}f} ({quartiles(values, digits)})"


def tell(*parts):
    try:
        return command(*parts, capture_output=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def commit(folder):
    """The commit, and whether the folder differs from it."""
    changed = f", with uncommitted changes in {folder}/" if tell("git", "status", "--porcelain", folder) else ""
    return tell("git", "rev-parse", "--short", "HEAD") + changed


def machine():
    """The processor, its cores and the system."""
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions(packages):
    return ", ".join([*packages, f"Python {platform.python_version()}", tell("rustc", "--version")])


def write_raw(folder, header, rows):
    """Writes raw.csv to the folder under runs/records/, which it gives: before anything is made of the samples."""
    folder = ROOT / "runs" / "records" / folder
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "raw.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return folder


def write_record(folder, header, rows, readme):
    """Writes raw.csv and README.md to the folder under runs/records/."""
    folder = write_raw(folder, header, rows)
    (folder / "README.md").write_text(readme)
    print(f"wrote {folder.relative_to(ROOT)}")
