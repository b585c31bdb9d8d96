"""The lists of the binary as tables of Markdown."""

import os
import re
import subprocess

HTML = {"<": "&lt;", "|": "&#124;", "*": "&#42;", "_": "&#95;"}
# Columns whose texts are typed as they stand.
CODE = {"env", "key", "option", "default", "formula", "law", "agent", "method", "network", "algebra", "router"}
GAMES = "ALE/"


def sparring(*args):
    return subprocess.run([os.environ["SPARRING"], *args], check=True, capture_output=True, text=True).stdout


def tables(*args):
    """What `sparring list ARGS` prints, a table that has a title under a heading."""
    out = []
    for block in sparring("list", *args).rstrip().split("\n\n"):
        lines = block.strip("\n").splitlines()
        rule = next((at for at, line in enumerate(lines) if line.startswith("──")), None)
        if rule is None:
            raise SystemExit(f"{os.environ['SPARRING']} is no build with all features: {lines[0]}")
        if rule == 2:
            out += heading(lines[0])
        out += table(lines[rule - 1], lines[rule], lines[rule + 1 :])
        out.append("")
    return "\n".join(out)


def heading(title):
    """`train:`, or `agent: {kind: sac}: what it is`."""
    section, _, about = title.rstrip(":").partition("}: ")
    out = [f"## `{section + '}' if about else section}`", ""]
    return out + [capital(about) + ".", ""] if about else out


def table(heads, rule, rows):
    starts = [part.start() for part in re.finditer("─+", rule)]
    spans = list(zip(starts, [*starts[1:], None]))

    def cells(line):
        return [line[start:end].strip() for start, end in spans]

    names = cells(heads)
    games = [row for row in rows if re.match(GAMES + r"\S+ {2,}", row)]
    rows = [row for row in rows if row not in games]
    out = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    out += ["| " + " | ".join(cell(*of) for of in zip(cells(row), names)) + " |" for row in rows]
    if games:
        first = [cell(*of) for of in zip(cells(games[0]), names)]
        out.append("| " + " | ".join(["`ALE/…`", *first[1:]]) + " |")
        known = ", ".join(f"`{row.split()[0]}`" for row in games)
        out += ["", f"The {len(games)} games of Atari, which differ in the number of their actions: {known}."]
    return out


def cell(text, column):
    if column in CODE and text not in ("", "–", "required"):
        return f"`{text}`".replace("|", "\\|")
    # Between backticks nothing is escaped but what ends a cell.
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part.replace("|", "\\|") if part.startswith("`") else escaped(part) for part in parts)


def escaped(text):
    return "".join(HTML.get(letter, letter) for letter in text)


def capital(text):
    return text[:1].upper() + text[1:]
