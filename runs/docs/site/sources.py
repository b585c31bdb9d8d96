"""What agents and methods say of themselves at the top of their sources, `Differs from` included, as Markdown."""

import re

from lists import capital, sparring

PAPER = re.compile(r"(?<![\w./])(\d{4}\.\d{4,5})\b")
FOLDERS = {"agents": "agents/src", "methods": "sparse/src/methods"}
SECTIONS = {"agents": "agent", "methods": "sparsity"}


def docs(root, what):
    """A section each, in the order of `sparring list WHAT`."""
    rows = [line for line in sparring("list", what).splitlines()[2:] if line.strip()]
    named = [(row.split()[0], re.split(" {2,}", row)[-1]) for row in rows]
    return "\n".join(section(root, what, name, about) for name, about in named)


def section(root, what, name, about):
    kind = f"{SECTIONS[what]}: {{kind: {name}}}"
    anchor = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", kind))
    out = [f"## {name}", "", f"{capital(about)}. Its keys: [`{kind}`](keys.md#{anchor})."]
    for path in files(root, what, name):
        out += ["", f"From `{path.relative_to(root)}`:", "", markdown(top(path))]
    return "\n".join(out) + "\n"


def files(root, what, name):
    """The file of one, or that of its folder and those below it that follow a paper of their own."""
    folder = root / FOLDERS[what]
    # `static` is a word of Rust.
    usual = (folder / f"{name}.rs", folder / f"{name}_sparse.rs", folder / name / "mod.rs")
    found = [path for path in usual if path.is_file()]
    if len(found) != 1:
        raise FileNotFoundError(f"{what}: {len(found)} sources of {name} in {folder}")
    below = sorted((folder / name).rglob("*.rs"))
    return found + [path for path in below if path != found[0] and PAPER.search(top(path))]


def top(path):
    return "\n".join(line[4:] for line in path.read_text().splitlines() if line.startswith("//!"))


def markdown(text):
    """rustdoc's links to items become names, arXiv's numbers links; lists stand apart, as deep as wanted."""
    text = re.sub(r"^\[[^\]]+\]: \S+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[(`[^`\]]+`)\](\([^)]*\))?", lambda link: link[1].replace("crate::", ""), text)
    text = re.sub(r"\[(\w+)\]\([a-z_]+\)", r"\1", text)
    text = PAPER.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", text)
    text = re.sub(r"(Differs from [^:\n]+ in:)\s+1\. ", r"**\1**\n\n1. ", text)
    return re.sub(r"^   (?=\S)", "    ", text, flags=re.MULTILINE)
