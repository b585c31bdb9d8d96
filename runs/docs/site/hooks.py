"""What mkdocs does with the pages of runs/docs beside rendering them.

A comment `<!-- made: WHAT -->` is replaced by what the binary or a source says of itself, so that it cannot go stale:

    list NAME [SECTION]    the tables of `sparring list NAME`
    docs agents|methods    the words at the top of each one's source, `Differs from` included
    file PATH              a Markdown file of the repository, its headings one level below

Links that leave runs/docs, as they work on a forge, lead to copies of these files in the site. SPARRING is the binary.
"""

import os
import pathlib
import re

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

import lists
import sources

DOCS = pathlib.Path(__file__).resolve().parent.parent
ROOT = DOCS.parent.parent
MADE = re.compile(r"<!-- made: (\w+) ([^>]+?) -->")
TEST = re.compile(r"<!-- test: .*? -->\n?", re.DOTALL)
OUTSIDE = re.compile(r"(\]\(|src=\")((?:\.\./)+[^)#\"\s]+)")
# Pages that are in the menu where they are there: of parts that not every checkout has.
WHERE_THERE = {"python.md": ("Going further", "Python")}


def on_config(config):
    for page, (group, title) in WHERE_THERE.items():
        if (DOCS / page).exists():
            menu = next(entry[group] for entry in config.nav if group in entry)
            menu.insert(0, {title: page})
    return config


def on_files(files, config):
    pages = [page.content_string for page in files.documentation_pages()]
    for path in sorted({to_repository(link[2]) for page in pages for link in OUTSIDE.finditer(made(page))}):
        files.append(File.generated(config, f"repository/{path}", abs_src_path=str(ROOT / path)))


def on_page_markdown(markdown, page, config, files):
    return OUTSIDE.sub(lambda link: f"{link[1]}repository/{to_repository(link[2])}", TEST.sub("", made(markdown)))


def to_repository(link):
    """The path from the root of the repository of a file that a page, all of which lie side by side, links to."""
    path = pathlib.Path(os.path.normpath(DOCS / link)).relative_to(ROOT)
    if not (ROOT / path).is_file() or path.suffix == ".md":
        raise PluginError(f"{link}: no file that the site could hold a copy of")
    return path.as_posix()


def made(markdown):
    makers = {"list": lists.tables, "docs": lambda what: sources.docs(ROOT, what), "file": file}
    return MADE.sub(lambda comment: makers[comment[1]](*comment[2].split()), markdown)


def file(path):
    """A Markdown file, whose headings go one level down and whose relative links are those of the pages."""
    folder = pathlib.Path(path).parent
    lines = (ROOT / path).read_text().splitlines()
    text = "\n".join("#" + line if line.startswith("#") else line for line in lines)

    def link(found):
        return f"{found[1]}../../{os.path.normpath(folder / found[2])})"

    return re.sub(r"(\]\()(?![a-z]+:|#)([^)\s]+)\)", link, text)
