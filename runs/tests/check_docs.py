"""Runs what the documentation shows: each block of sh, console and yaml in the pages of runs/docs, the README and more.

    python runs/tests/check_docs.py SPARRING [PAGE...]

The first page, first-hour.md, runs in an empty folder beside `configs` and `runs`; every other page in a copy of the
folder that it leaves, so that there is a run to look at. Of a block of `sh` each line is a command; of `console` each
line after `$`, and the lines below it must come out, in this order, where `…` stands for what is left out. A block of
`yaml` is planned: keys that it does not name are those of BASE. A comment before a block says what differs, and the
reader does not see it:

    <!-- test: file NAME -->         the block is written as NAME into the page's folder; yaml is planned, too
    <!-- test: not-planned -->       yaml that is only written, since it is wrong
    <!-- test: with "KEY: ..." -->   keys for yaml in place of those of BASE
    <!-- test: set KEY=VALUE ... --> `--set` for `sparring run` and `sparring record`, so that seconds are enough
    <!-- test: seeds 1 -->           `--seeds` for `sparring run`
    <!-- test: code N -->            the exit code of the block's last command
    <!-- test: parse WHY -->         not run, since it takes a GPU, a cluster, hours, or other programs: commands and
                                     options of `sparring` must be known to its help, scripts and configs must be there
    <!-- test: workflow -->          yaml of GitHub Actions: its `run` lines are parsed as above

`cargo run --release --` is `sparring` here. Of other commands only names of files are looked at. Links to files and
names of files between backticks must exist as well.
"""

import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ["runs/docs/first-hour.md", "README.md", ".github/CONTRIBUTING.md", "configs/smoke/README.md"]
BASE = ["env: {id: CartPole-v1}", "train: {total_env_steps: 50_000}", "agent: {kind: dqn}", "sparsity: {kind: dense}"]
RUN = {"sparring", "gcc", "mkdir"}
KNOWN = {"cargo", "export", "git", "tensorboard", "pip", "python", "source", "man", "rsync", "scp"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!-- test: ((?:(?!-->).)*?) -->\s*$", re.DOTALL)
NAMES = re.compile(r"`((?:scripts|configs|runs|agents|sparse|envs)/[\w./-]+)`")
LINKS = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
SECONDS = 300


class Wrong(Exception):
    pass


def directives(text):
    """Of each comment that stands right before a block: its first word, and the rest."""
    found = {}
    while comment := COMMENT.search(text):
        word, *rest = shlex.split(comment[1])
        found[word] = rest
        text = text[: comment.start()]
    return found


def logical_lines(text):
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip() and not line.startswith("#")]


class Pages:
    def __init__(self, sparring, work):
        self.sparring, self.work, self.helps, self.runs = sparring, work, {}, 0
        (work / "bin").mkdir()
        (work / "bin/sparring").symlink_to(sparring)
        libraries = ROOT / ".simulators/mujoco"
        self.env = os.environ | {
            "PATH": f"{work / 'bin'}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}",
        }

    def help(self, command):
        if command not in self.helps:
            done = subprocess.run([self.sparring, command, "--help"], env=self.env, capture_output=True, text=True)
            if done.returncode != 0:
                raise Wrong(f"sparring has no command {command}")
            self.helps[command] = set(re.findall(r"--[a-z][a-z-]*", done.stdout))
        return self.helps[command]

    def parse(self, line):
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words = words[1:]
        program = words[0] if words else ""
        if program in ("sparring", "target/release/sparring"):
            options = {word.split("=")[0] for word in words[2:] if word.startswith("--")}
            if len(words) > 1 and not words[1].startswith("-"):
                unknown = options - self.help(words[1])
                if unknown:
                    raise Wrong(f"sparring {words[1]} has no {', '.join(sorted(unknown))}")
        elif program.startswith("scripts/"):
            if not os.access(ROOT / program, os.X_OK):
                raise Wrong(f"there is no {program}")
        elif program not in KNOWN | RUN and not program.startswith("./"):
            raise Wrong(f"{program} is neither run nor known here")
        for word in words:
            if re.match(r"(configs|runs)/[\w./-]+$", word) and not (ROOT / word).exists():
                raise Wrong(f"there is no {word}")
        return program

    def run(self, line, folder, told):
        line = line.replace("cargo run --release -- ", "sparring ").replace("target/release/sparring ", "sparring ")
        program = self.parse(line)
        if "parse" in told or program not in RUN and not line.startswith("./"):
            return None
        shorter = (("run", "--set", "set"), ("record", "--set", "set"), ("run", "--seeds", "seeds"))
        for command, option, values in shorter:
            more = " ".join(f"{option} {shlex.quote(value)}" for value in told.get(values, []))
            line = re.sub(rf"\bsparring {command}\b", lambda found: f"{found[0]} {more}", line)
        self.runs += 1
        return subprocess.run(
            ["bash", "-c", line], cwd=folder, env=self.env, timeout=SECONDS, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def commands(self, text, folder, told):
        lines = logical_lines(text)
        for at, line in enumerate(lines):
            done = self.run(line, folder, told)
            wanted = int(told.get("code", "0")[0]) if at + 1 == len(lines) else 0
            if done and done.returncode != wanted:
                raise Wrong(f"`{line}` ended with {done.returncode}, not with {wanted}:\n{done.stdout[-1500:]}")

    def session(self, text, folder, told):
        """Commands behind `$`, each with what it prints."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, *shown = re.sub(r"\\\n\s*", " ", part).splitlines()
            done = self.run(line, folder, told)
            if done is None:
                continue
            if done.returncode != int(told.get("code", "0")[0]):
                raise Wrong(f"`{line}` ended with {done.returncode}:\n{done.stdout[-1500:]}")
            rest = iter(done.stdout.splitlines())
            for wanted in filter(str.strip, shown):
                pattern = ".*".join(re.escape(part) for part in wanted.strip().split("…"))
                if not any(re.fullmatch(pattern, said.strip()) for said in rest):
                    raise Wrong(f"`{line}` does not print `{wanted}`, but:\n{done.stdout[-1500:]}")

    def config(self, text, folder, told):
        if "workflow" in told:
            for job in yaml.safe_load(text)["jobs"].values():
                for step in job["steps"]:
                    for line in logical_lines(step.get("run", "")):
                        self.parse(line)
            return
        named = set(re.findall(r"^(\w+):", text, re.MULTILINE))
        if "not-planned" in told:
            (folder / told["file"][0]).write_text(text)
            return
        base = told.get("with", []) + BASE
        kept = {line.split(":")[0]: line for line in reversed(base) if line.split(":")[0] not in named}
        # Agents of data sets count gradient steps, and variants have methods of their own.
        for key, other in (("data", "train"), ("variants", "sparsity")):
            if key in named:
                kept.pop(other, None)
        path = folder / told.get("file", ["block.yaml"])[0]
        path.write_text("\n".join([*kept.values(), text]))
        self.commands(f"sparring plan {path.name}", folder, {})

    def block(self, language, text, folder, told):
        if language == "sh":
            self.commands(text, folder, told)
        elif language == "console":
            self.session(text, folder, told)
        elif language == "yaml":
            self.config(text, folder, told)
        elif "file" in told:
            (folder / told["file"][0]).write_text(text)

    def page(self, page, folder, problems):
        text = (ROOT / page).read_text()
        for block in BLOCK.finditer(text):
            line = text[: block.start()].count("\n") + 1
            try:
                self.block(block[1], block[2], folder, directives(text[: block.start()]))
            except (Wrong, subprocess.TimeoutExpired, yaml.YAMLError) as error:
                problems.append(f"{page}:{line}: {error}")
        prose = BLOCK.sub("", text)
        for name in NAMES.findall(prose):
            if not (ROOT / name).exists():
                problems.append(f"{page}: there is no {name}")
        for link in filter(None, (a or b for a, b in LINKS.findall(prose))):
            path = link.split("#")[0]
            if path and ":" not in link and not (ROOT / page).parent.joinpath(path).exists():
                problems.append(f"{page}: a dead link, {link}")


def main():
    sparring, chosen = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    every = PAGES + sorted(str(path.relative_to(ROOT)) for path in (ROOT / "runs/docs").glob("*.md"))
    pages = list(dict.fromkeys(every))
    problems = []
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        checked, first = Pages(sparring, work), work / "first"
        first.mkdir()
        for name in ("configs", "runs"):
            (first / name).symlink_to(ROOT / name)
        for page in pages:
            if chosen and page not in (PAGES[0], *chosen):
                continue
            start, folder = time.monotonic(), first
            if page != PAGES[0]:
                folder = work / "page"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(first, folder, symlinks=True, ignore=shutil.ignore_patterns("report", "*.gif"))
            before = checked.runs
            checked.page(page, folder, problems)
            print(f"{page}: {checked.runs - before} commands, {time.monotonic() - start:.1f} s", flush=True)
    for problem in problems:
        print(problem, file=sys.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{checked.runs} commands, {used.ru_utime + used.ru_stime:.0f} s of CPU time, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
