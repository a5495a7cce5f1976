"""The example code_index.py: what it indexes, what it skips, and what Ctrl-C leaves behind."""

import os
import re
import signal
from contextlib import closing

import pytest

from .cli import ROOT, called, started

pytest.importorskip("sqlite3")
import sqlite3

EXAMPLE = ROOT / "examples" / "code_index.py"

with closing(sqlite3.connect(":memory:")) as probe:
    options = [option for (option,) in probe.execute("PRAGMA compile_options")]
if "ENABLE_FTS5" not in options:
    pytest.skip("this SQLite has no FTS5", allow_module_level=True)

SHAPES = '''"""Shapes of all kinds.

Only the first line of a docstring is indexed.
"""

class Circle:
    """Round."""

    if True:
        def area(self):
            """Measure the surface."""

async def draw():
    def inner(): ...
'''


@pytest.fixture
def root(tmp_path):
    """A small tree."""
    return plant(
        tmp_path / "tree", {"shapes.py": SHAPES, "pkg/__init__.py": "", "pkg/notes.txt": "text"}
    )


def plant(root, files):
    """Write *files*, text or bytes by name, into *root*."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return root


def rows(database, query="SELECT name, kind, file, line, summary FROM symbols ORDER BY rowid"):
    """What *database* holds, after SQLite itself and FTS5 have checked it."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("INSERT INTO symbols(symbols) VALUES ('integrity-check')")
        return db.execute(query).fetchall()


@pytest.fixture
def index(root, tmp_path, capfd):
    """Makes an index, one thing after the other; returns what is told of it, and its database."""

    def made(**arguments):
        given = {"root": root, "database": tmp_path / "index.sqlite", "workers": 0} | arguments
        pairs = [f"{key}={value}" for key, value in given.items()]
        code, out, err = called(capfd, "run", "examples.code_index:index", *pairs)
        assert code == 0, err
        return out, given["database"]

    return made


def test_indexes_modules_classes_methods_and_functions(index, tmp_path):
    """Each has its qualified name, kind, file, line and the first line of its docstring."""
    _, database = index(database=tmp_path / "new" / "folder" / "index.sqlite")
    assert rows(database) == [
        ("shapes", "module", "shapes.py", 1, "Shapes of all kinds."),
        ("shapes.Circle", "class", "shapes.py", 6, "Round."),
        ("shapes.Circle.area", "method", "shapes.py", 10, "Measure the surface."),
        ("shapes.draw", "function", "shapes.py", 13, ""),
        ("shapes.draw.inner", "function", "shapes.py", 14, ""),
        ("pkg", "module", "pkg/__init__.py", 1, ""),
    ]


def test_a_second_run_replaces_the_index(index, root):
    """What is no longer there is no longer found; other tables of the database stay."""
    _, database = index()
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE other (x)")
    (root / "shapes.py").unlink()
    index()
    assert rows(database, "SELECT name FROM symbols") == [("pkg",)]
    assert rows(database, "SELECT count(*) FROM other") == [(0,)]


def test_installed_packages_are_left_out(index, root):
    """Only what the root itself consists of is indexed."""
    plant(root, {"site-packages/a.py": "", "lib/dist-packages/b.py": "", "__pycache__/c.py": ""})
    _, database = index()
    assert {file for _, _, file, _, _ in rows(database)} == {"shapes.py", "pkg/__init__.py"}


BAD = {
    "syntax.py": "print 'two'",
    "nul.py": "x = 1\0",
    "utf8.py": b"# fine\n# \xff\xfe",
    "cookie.py": "# -*- coding: no-such-codec -*-",
    "deep.py": "if a: pass\n" + "elif a: pass\n" * 3000,
}


def test_files_that_cannot_be_used_are_counted_and_named(index, root):
    """They are no reason to stop: everything else is indexed."""
    plant(root, BAD)
    (root / "dangling.py").symlink_to(root / "nowhere.py")
    out, database = index()
    first, second, *_ = out.splitlines()
    assert first == "indexed 6 symbols of 2 files"
    assert second == "6 cannot be read or parsed"
    named = re.findall(r"^  (\w+\.py): \w+Error: ", out, re.MULTILINE)
    assert sorted(named) == sorted([*BAD, "dangling.py"])
    assert len(rows(database)) == 6


def test_threads_and_processes_make_the_same_index(index, root, tmp_path):
    """The same rows in the same order, and the same is told."""
    many = {f"more/part{n}.py": f"def f{n}(): ...\n" * (n % 40) for n in range(300)}
    plant(root, BAD | many)
    said, database = index()
    other = tmp_path / "other.sqlite"
    said_of_the_other, _ = index(database=other, workers=2)
    assert said_of_the_other == said
    assert rows(other) == rows(database)


def test_folders_that_cannot_be_listed_are_named(index, monkeypatch):
    """A folder that vanishes or is forbidden does not vanish silently."""
    listed = os.walk

    def walk(top, onerror):
        yield from listed(top)
        onerror(PermissionError(13, "Permission denied", "secret"))

    monkeypatch.setattr(os, "walk", walk)
    out, _ = index()
    assert "\n1 cannot be read or parsed\n  [Errno 13] Permission denied: 'secret'\n" in out


def test_coding_cookies_are_heeded(index, tmp_path):
    """A file in latin-1 that says so is a good file."""
    root = plant(tmp_path / "latin", {"latin.py": b'# coding: latin-1\n"""Caf\xe9."""'})
    _, database = index(root=root)
    assert rows(database, "SELECT summary FROM symbols") == [("Café.",)]


def test_lone_surrogates_are_replaced(index, tmp_path):
    """Python has strings that SQLite refuses."""
    root = plant(tmp_path / "lone", {"lone.py": r'"""Lone \ud800."""'})
    _, database = index(root=root)
    assert rows(database, "SELECT summary FROM symbols") == [("Lone ?.",)]


def test_warnings_about_the_indexed_code_are_kept_quiet(index, tmp_path, recwarn):
    """An invalid escape in somebody else's file is not our user's business."""
    root = plant(tmp_path / "escape", {"escape.py": r'"\d" is 1'})
    _, database = index(root=root)
    assert rows(database, "SELECT name FROM symbols") == [("escape",)]
    assert not recwarn.list


def test_the_query_is_answered(index, capfd):
    """Words match in all their forms, wherever the summary or the dotted name has them."""
    _, database = index()
    pairs = f"database={database}", "query=measuring OR draws"
    code, out, err = called(capfd, "run", "-q", "examples.code_index:search", *pairs)
    assert (code, err) == (0, "")
    answer = out.partition("measuring OR draws:\n")[2]
    assert "  shapes.Circle.area  method, shapes.py:10\n      Measure the surface.\n" in answer
    assert "  shapes.draw  function, shapes.py:13\n" in answer
    assert "  shapes.Circle  class" not in answer


class Failing(sqlite3.Connection):
    """A database that fails in the middle of the second batch."""

    batches = 0

    def executemany(self, sql, rows):
        super().executemany(sql, rows)
        self.batches += 1
        if self.batches == 2:
            raise ZeroDivisionError("the disk")


def test_each_batch_is_a_transaction(root, tmp_path, monkeypatch, capfd):
    """What was written before a failure stays written, and both are told."""
    plant(root, {"many.py": "\n".join(f"def f{n}(): ..." for n in range(1499))})
    database, connect = tmp_path / "index.sqlite", sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name: connect(name, factory=Failing))
    pairs = f"root={root}", f"database={database}", "workers=0"
    code, out, err = called(capfd, "run", "examples.code_index:index", *pairs)
    monkeypatch.undo()
    assert code == 1
    assert "ZeroDivisionError: the disk\n" in err
    assert out.startswith("indexed 500 symbols of 1 files\n")
    assert rows(database, "SELECT count(*) FROM symbols") == [(500,)]


@pytest.mark.parametrize(
    ("job", "changed", "message"),
    [
        ("index", {"root": "nowhere"}, "not a folder: nowhere"),
        ("index", {"root": EXAMPLE}, "not a folder"),
        ("index", {"database": EXAMPLE}, "file is not a database"),
        ("index", {"database": EXAMPLE.parent}, "unable to open database file"),
        ("index", {"database": EXAMPLE / "under"}, "exists"),
        ("search", {"query": "c++"}, 'syntax error near "+"'),
        ("search", {"query": "colour:red"}, "no such column: colour"),
    ],
)
def test_bad_arguments_are_refused(index, capfd, job, changed, message):
    """The last line says what is wrong; nothing is overwritten."""
    _, database = index()
    before = EXAMPLE.read_bytes()
    pairs = [f"{key}={value}" for key, value in ({"database": database} | changed).items()]
    code, _, err = called(capfd, "run", f"examples.code_index:{job}", *pairs)
    assert code == 1
    assert message in err.splitlines()[-1]
    assert EXAMPLE.read_bytes() == before


ENDLESS = """
import itertools
from examples import code_index
from examples.code_index import File, index

def walk(root, onerror):
    for n in itertools.count():
        yield File(root / "shapes.py", f"copy_{n}.py")

code_index.walk = walk
"""


def test_ctrl_c_finishes_what_is_under_way(root, tmp_path):
    """It reaches the workers as well, and does not disturb them. All that is told is kept."""
    database = tmp_path / "index.sqlite"
    plant(tmp_path, {"endless.py": ENDLESS})
    job = "endless:index", f"root={root}", f"database={database}", "workers=2"
    with started(tmp_path, "run", "--interval", "0.2", *job) as process:
        while "for_each(insert) 0" in (line := process.stderr.readline()):
            assert line
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    told = re.match(r"indexed ([\d,]+) symbols of ([\d,]+) files\n", out)
    kept, files = (int(number.replace(",", "")) for number in told.groups())
    assert rows(database, "SELECT count(*), count(DISTINCT file) FROM symbols") == [(kept, files)]
    assert kept == 5 * files > 0
    assert err.splitlines()[-1].startswith("stopped (SIGINT): ")
