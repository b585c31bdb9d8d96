"""Looks at a run through the real TensorBoard, over HTTP and in a browser.

    python runs/tests/check_tensorboard.py SPARRING FOLDER

Trains 5 variants with 3 seeds into FOLDER/out, killed in the middle and resumed, and leaves a picture of each
tab in FOLDER. Needs Chromium and what scripts/browser-venv fetches.
"""

import contextlib
import csv
import json
import pathlib
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from playwright.sync_api import sync_playwright

CONFIG = """
name: tensorboard
seeds: [1, 2, 3]
env: {id: CartPole-v1}
train: {total_env_steps: 3_000, log_every_env_steps: 200}
eval: {every_env_steps: 300, episodes: 3}
agent: {kind: dqn, hidden: [64, 64], warmup_env_steps: 200, train_every_env_steps: 4, replay_capacity: 3_000}
sparsity: {sparsity: 0.8, update_every_gradient_steps: 50, prune_every_gradient_steps: 50}
diagnostics: {every_env_steps: 1_000, snr: [active]}
variants:
  dense: {sparsity: {kind: dense}}
  static: {sparsity: {kind: static}}
  set: {sparsity: {kind: set}}
  rigl: {sparsity: {kind: rigl}}
  pruning: {sparsity: {kind: pruning}}
"""
VARIANTS = ["dense", "static", "set", "rigl", "pruning"]
SPARSE = VARIANTS[1:]
SEEDS = [1, 2, 3]
JOBS = [f"{variant}/seed-{seed}" for variant in VARIANTS for seed in SEEDS]
KILLED = "rigl/seed-1"
STEPS = list(range(0, 3_001, 300))
LAYERS = ["hidden.0", "hidden.1", "head"]
BAND = ["eval/return", "eval/return_low", "eval/return_high"]
GROUPS = ["eval", "final", "gradients", "losses", "masks", "network", "sparsity", "train", "weights"]
PATIENCE_S = 60

# The texts of elements, those of the shadows below them too.
DEEP = """elements => {
  const of = (node) => node.nodeType === Node.TEXT_NODE ? node.textContent
    : ["STYLE", "SCRIPT", "TEMPLATE"].includes(node.tagName) ? ""
    : [...(node.shadowRoot ?? node).childNodes].map(of).join("");
  return elements.map((element) => of(element).split(/\\s+/).join(" ").trim());
}"""


def wait(what, ready, every_s=0.1):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if ready():
                return
        time.sleep(every_s)
    sys.exit(f"waited {PATIENCE_S} s for {what}")


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found}, expected {expected}")


def holds(what, is_so):
    if not is_so:
        sys.exit(f"does not hold: {what}")


def train(sparring, folder):
    """The run, whose process is killed while it works at KILLED."""
    (folder / "config.yaml").write_text(CONFIG)
    out = folder / "out"
    command = [sparring, "run", folder / "config.yaml", "--out", out, "--quiet", "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    kept = lambda: list((out / KILLED).glob("checkpoints/*-*/checkpoint.yaml"))
    wait("a checkpoint of " + KILLED, kept, 0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    job = (out / KILLED / "status.yaml").read_text()
    holds("the process was killed in the middle of a job", "state: running" in job)
    subprocess.run([sparring, "resume", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    job = (out / KILLED / "status.yaml").read_text()
    holds("the job was resumed", "life: 2" in job and "resumed_from: 0\n" not in job and "finished" in job)
    holds("each life has its file", len(list((out / KILLED).glob("events.*.[12].sparring"))) == 2)
    return out


@contextlib.contextmanager
def board(out, load_fast):
    """TensorBoard over the run; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [pathlib.Path(sys.executable).with_name("tensorboard"), "--logdir", out, "--host", "127.0.0.1"]
    command += ["--port", str(port), f"--load_fast={load_fast}", "--reload_interval", "0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    try:
        at = Board(f"http://127.0.0.1:{port}")
        wait("TensorBoard", lambda: len(at.get("runs")) == 1 + len(VARIANTS) + len(JOBS))
        # The last thing that a loader reads.
        wait("all of its data", lambda: len(at.get("plugin/text/tags")) == 1 + len(JOBS))
        yield at
    finally:
        process.terminate()
        process.wait()


class Board:
    def __init__(self, address):
        self.address = address

    def get(self, path, **query):
        query = "?" + urllib.parse.urlencode(query) if query else ""
        with urllib.request.urlopen(f"{self.address}/data/{path}{query}", timeout=10) as answer:
            return json.load(answer)

    def curve(self, run, tag):
        """Steps, values and seconds."""
        points = self.get("plugin/scalars/scalars", run=run, tag=tag)
        return [(step, value, wall) for wall, step, value in points]


def f32(value):
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def metrics(out, job):
    with open(out / job / "metrics.csv", newline="") as file:
        for row in csv.DictReader(file):
            yield row["tag"], int(row["env_step"]), f32(row["value"])


def over_http(out, at):
    same("runs", sorted(at.get("runs")), sorted([".", *VARIANTS, *JOBS]))
    for job in [KILLED, "pruning/seed-3"]:
        expected = {}
        for tag, step, value in metrics(out, job):
            expected.setdefault(tag, []).append((step, value))
        for tag, points in expected.items():
            found = at.curve(job, tag)
            same(f"{job} {tag}", [(step, f32(value)) for step, value, _ in found], points)
            walls = [wall for _, _, wall in found]
            holds(f"{job} {tag}: time goes on", walls == sorted(walls) and walls[-1] <= time.time())
    returns = {job: dict((step, value) for tag, step, value in metrics(out, job) if tag == BAND[0]) for job in JOBS}
    for variant in VARIANTS:
        curves = [at.curve(variant, tag) for tag in BAND]
        for curve in curves:
            same(f"{variant}: steps", [step for step, _, _ in curve], STEPS)
            holds(f"{variant}: time goes on", all(a[2] < b[2] for a, b in zip(curve, curve[1:])))
        for (step, mean, _), (_, low, _), (_, high, _) in zip(*curves):
            seeds = [returns[f"{variant}/seed-{seed}"][step] for seed in SEEDS]
            holds(f"{variant} {step}: mean", abs(mean - statistics.mean(seeds)) <= 1e-5 * max(seeds))
            holds(f"{variant} {step}: band", min(seeds) - 1e-3 <= low <= mean + 1e-3 <= high + 2e-3)
            holds(f"{variant} {step}: band", high <= max(seeds) + 1e-3)
    for job in JOBS:
        of_job = [f"{what}/q/{layer}" for what in ["gradients", "weights"] for layer in LAYERS]
        same(f"{job}: histograms", sorted(at.get("plugin/histograms/tags")[job]), sorted(of_job))
        shown = at.get("plugin/histograms/histograms", run=job, tag="weights/q/hidden.1")
        same(f"{job}: steps of histograms", [step for _, step, _ in shown], STEPS)
        active = sum(count for _, _, count in shown[-1][2])
        density = [value for tag, _, value in metrics(out, job) if tag == "sparsity/q/hidden.1/density"]
        same(f"{job}: active weights", active, round(64 * 64 * density[-1]))
    masks = at.get("plugin/images/tags")
    same("masks", sorted(run for run in masks if masks[run]), sorted(j for j in JOBS if "dense" not in j))
    shown = at.get("plugin/images/images", run=KILLED, tag="masks/q/hidden.1", sample=0)
    same("steps of masks", [one["step"] for one in shown], sorted({one["step"] for one in shown}))
    holds("more than one mask", len(shown) > 2)
    texts = at.get("plugin/text/tags")
    same("texts", sorted(texts["."]), ["config", "plan", "table"])
    same("texts", sorted(texts[KILLED]), ["config", "costs"])
    table = at.get("plugin/text/text", run=".", tag="table")
    holds("one table at the end", len(table) == 1 and "15 of 15 jobs finished" in table[0]["text"])
    groups(at)


def groups(at):
    """HParams: a group for each variant, of three sessions that have all succeeded."""
    body = {
        "startIndex": 0,
        "sliceSize": 100,
        "colParams": [{"hparam": "method"}],
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "aggregationType": "AGGREGATION_AVG",
    }
    address = f"{at.address}/data/plugin/hparams/session_groups"
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)["sessionGroups"]
    same("groups", sorted(group["name"] for group in found), sorted(VARIANTS))
    for group in found:
        states = [session["status"] for session in group["sessions"]]
        same(f"{group['name']}: sessions", states, ["STATUS_SUCCESS"] * len(SEEDS))
        told = group["hparams"]
        same("method", told["method"], group["name"])
        same("sparsity", told["sparsity"], 0 if group["name"] == "dense" else 0.8)
        same("agent and env", (told["agent"], told["env"]), ("dqn", "CartPole-v1"))
        names = sorted(value["name"]["tag"] for value in group["metricValues"])
        expected = ["final/active_parameters", "final/score", "final/seconds", "final/training_flops"]
        same(f"{group['name']}: metrics", names, expected)


class Page:
    def __init__(self, browser, address, folder):
        self.page = browser.new_page(viewport={"width": 1_500, "height": 1_000})
        self.address, self.folder = address, folder
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, tab, **query):
        query = urllib.parse.urlencode({"darkMode": "false", **query})
        # A hash alone would not load the page anew.
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/?{query}#{tab}")

    def all(self, selector):
        """The texts of what `selector` finds, at whatever depth of shadow."""
        return self.page.locator(selector).evaluate_all(DEEP)

    def count(self, selector):
        return self.page.locator(selector).count()

    def wait(self, what, ready):
        wait(what, ready)

    def press(self, selector, text):
        self.page.locator(selector, has_text=text).first.click()

    def keep(self, name):
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=self.folder / f"{name}.png")


def in_a_browser(page):
    page.open("timeseries", forceSVG="true", smoothing="0", tagFilter="^eval/return$")
    lines = "scalar-card line-chart path[d]"
    page.wait("curves of all jobs and variants", lambda: page.count(lines) >= len(JOBS) + len(VARIANTS))
    page.keep("time-series-return")
    page.open("timeseries", forceSVG="true", smoothing="0")
    page.wait("groups of cards", lambda: len(page.all(".group-title")) > len(GROUPS))
    same("groups of cards", page.all(".group-title"), ["Pinned", *GROUPS])
    cards = "scalar-card .tag"
    page.wait("the first cards", lambda: page.all(cards)[:2] == ["eval/length", "eval/return"])
    runs = sorted([".", *VARIANTS, *JOBS])
    page.wait("names of runs", lambda: sorted(page.all("runs-data-table tb-data-table-content-row")) == runs)
    page.keep("time-series")

    page.open("scalars")
    page.wait("cards", lambda: page.count("tf-scalar-card") >= 5)
    page.keep("scalars")

    page.open("custom_scalars")
    margin, lines = "tf-custom-scalar-margin-chart-card", "tf-custom-scalar-multi-line-chart-card"
    page.wait("bands", lambda: page.count(f"{margin} path.area") == len(VARIANTS))
    page.wait("charts", lambda: page.count(lines) == 10)
    page.wait("a line in each band", lambda: page.count(f"{margin} path.line") >= len(VARIANTS))
    page.keep("custom-scalars")

    page.open("hparams")
    rows = "tf-hparams-table-view vaadin-grid-cell-content"
    page.wait("a table", lambda: set(VARIANTS) <= set(page.all(rows)))
    for name in ["method", "sparsity", "agent", "env", "score"]:
        holds(f"the table has {name}", name in page.all(rows))
    page.keep("hparams-table")
    page.press("paper-tab", "PARALLEL")
    coordinates = "tf-hparams-parallel-coords-view"
    lines = f"{coordinates} .foreground path"
    page.wait("a line for each variant", lambda: page.count(lines) == len(VARIANTS))
    axes = set(page.all(f"{coordinates} .axis > text"))
    holds("axes", {"method", "sparsity", "score", "active parameters", "training FLOPs", "seconds"} <= axes)
    page.keep("hparams-parallel")
    page.press("paper-tab", "SCATTER")
    page.wait("points", lambda: page.count("tf-hparams-scatter-plot-matrix-view .data-marker") >= len(VARIANTS))
    page.keep("hparams-scatter")

    for tab, element, drawn in [
        ("histograms", "tf-histogram-loader", "path"),
        ("distributions", "tf-distribution-loader", "path.area"),
        ("images", "tf-image-loader", "img"),
    ]:
        page.open(tab)
        page.wait(f"{tab}: drawn", lambda: page.count(f"{element} {drawn}") >= 6)
        names = ["masks/q/hidden.1"] if tab == "images" else ["gradients/q/head", "weights/q/head"]
        runs = SPARSE if tab == "images" else VARIANTS
        for name in [*names, *(f"{runs[0]}/seed-{seed}" for seed in SEEDS)]:
            page.wait(f"{tab}: {name}", lambda: any(name in text for text in page.all(element)))
        page.keep(tab)
    sides = page.page.locator("tf-image-loader img").first.evaluate("image => image.naturalWidth")
    same("pixels of a mask", sides, 64)

    page.open("text", tagFilter="")
    texts = "tf-text-loader"
    page.wait("texts", lambda: page.count(texts) >= 10)
    for name in ["config", "costs", "plan", "table"]:
        page.wait(f"{name} among the texts", lambda: any(text.startswith(name) for text in page.all("tf-category-paginated-view")))
    page.wait("a table of costs", lambda: page.count(f"{texts} table") >= 1)
    page.wait("the config", lambda: any("CartPole-v1" in text for text in page.all(f"{texts} pre")))
    page.keep("text")
    same("errors of the page", page.errors, [])


def main():
    sparring, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    out = train(sparring, folder)
    for load_fast in ["false", "auto"]:
        with board(out, load_fast) as at:
            over_http(out, at)
            if load_fast == "auto":
                with sync_playwright() as driver:
                    chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                    in_a_browser(Page(chromium, at.address, folder))
                    chromium.close()
    print(f"{len(JOBS)} jobs, one of them killed and resumed: every tab shows them; pictures in {folder}")


main()
