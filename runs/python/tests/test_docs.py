"""The Python in the documentation does what it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ["runs/docs/python.md", "runs/python/README.md"]


def python_of(page):
    """The blocks of Python of a page, from top to bottom."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = python_of(page)
    assert blocks
    # From top to bottom, as one reads; a block that begins with `# needs x` is for those who have x.
    names = {}
    for block in blocks:
        needs = re.match(r"# needs (\w+)", block)
        if needs is not None:
            try:
                __import__(needs[1])
            except ImportError:
                continue
        exec(compile(block, page, "exec"), names)
