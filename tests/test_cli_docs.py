"""The examples of docs/cli.md do what is said of them."""

from __future__ import annotations

import re
import sys

import pytest

from .cli import ROOT, called

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

MORE = """
async def save(batch):
    print("saving", len(batch))

class Database:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        print("closed")

    async def insert(self, batch):
        print("inserting", len(batch))
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    code = "".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    (tmp_path / "demo.py").write_text(code + MORE)
    monkeypatch.syspath_prepend("unused")  # sys.path will be as it is now
    monkeypatch.chdir(tmp_path)
    yield lambda *arguments: called(capfd, *arguments)
    sys.modules.pop("demo", None)


def test_the_first(run):
    (command, said), *_ = re.findall(r"\$ aitertools (.*)\n((?:\{.*\n)+)", PAGE)
    assert run(*command.split())[:2] == (0, said)


@pytest.mark.parametrize(
    ("job", "out"),
    [
        ("stored", "saving 5\nsaving 5\n"),
        ("largest", "81\n"),
        ("stored_for_good", "inserting 5\ninserting 5\nclosed\n"),
    ],
)
def test_the_others(run, job, out):
    assert run("run", "-q", f"demo:{job}") == (0, out, "")


def test_all_options_are_there(run):
    options = re.findall(r"^\| `[^|]*(--[a-z-]+)", PAGE, re.MULTILINE)
    _, out, _ = run("run", "--help")
    assert sorted(options) == sorted({*re.findall(r"--[a-z-]+", out)} - {"--help"})
