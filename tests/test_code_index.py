"""The example code_index.py: what it indexes, what it skips, and what Ctrl-C leaves behind."""

import importlib.util
import io
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

sqlite3 = pytest.importorskip("sqlite3")
EXAMPLE = Path(__file__).parents[1] / "examples" / "code_index.py"

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


@pytest.fixture(scope="module")
def code_index():
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("code_index", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def arguments(root, database, query="surface"):
    return ["--root", str(root), "--database", str(database), "--query", query]


def test_indexes_modules_classes_methods_and_functions(code_index, root, tmp_path):
    """Each has its qualified name, kind, file, line and the first line of its docstring."""
    database = tmp_path / "new" / "folder" / "index.sqlite"

    assert code_index.main(arguments(root, database)) == 0
    assert rows(database) == [
        ("shapes", "module", "shapes.py", 1, "Shapes of all kinds."),
        ("shapes.Circle", "class", "shapes.py", 6, "Round."),
        ("shapes.Circle.area", "method", "shapes.py", 10, "Measure the surface."),
        ("shapes.draw", "function", "shapes.py", 13, ""),
        ("shapes.draw.inner", "function", "shapes.py", 14, ""),
        ("pkg", "module", "pkg/__init__.py", 1, ""),
    ]


def test_a_second_run_replaces_the_index(code_index, root, tmp_path):
    """What is no longer there is no longer found; other tables of the database stay."""
    database = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE other (x)")
    code_index.main(arguments(root, database))
    (root / "shapes.py").unlink()

    assert code_index.main(arguments(root, database)) == 0
    assert rows(database, "SELECT name FROM symbols") == [("pkg",)]
    assert rows(database, "SELECT count(*) FROM other") == [(0,)]


def test_installed_packages_are_left_out(code_index, root, tmp_path):
    """Only what the root itself consists of is indexed."""
    plant(root, {"site-packages/a.py": "", "lib/dist-packages/b.py": "", "__pycache__/c.py": ""})
    database = tmp_path / "index.sqlite"

    assert code_index.main(arguments(root, database)) == 0
    assert {file for _, _, file, _, _ in rows(database)} == {"shapes.py", "pkg/__init__.py"}


def test_files_that_cannot_be_used_are_counted_and_named(code_index, root, tmp_path, capsys):
    """They are no reason to stop: everything else is indexed."""
    bad = {
        "syntax.py": "print 'two'",
        "nul.py": "x = 1\0",
        "utf8.py": b"# fine\n# \xff\xfe",
        "cookie.py": "# -*- coding: no-such-codec -*-",
        "deep.py": "if a: pass\n" + "elif a: pass\n" * 3000,
    }
    plant(root, bad)
    (root / "dangling.py").symlink_to(root / "nowhere.py")
    database = tmp_path / "index.sqlite"

    assert code_index.main(arguments(root, database)) == 0
    named = re.findall(r"^  (\w+\.py): \w+Error: ", capsys.readouterr().out, re.MULTILINE)
    assert sorted(named) == sorted([*bad, "dangling.py"])
    assert len(rows(database)) == 6


def test_the_number_of_unusable_files_is_in_the_summary(code_index, root, tmp_path, capsys):
    """The summary counts what is indexed and what is not."""
    plant(root, {"one.py": "(", "two.py": ")"})
    database = tmp_path / "index.sqlite"

    code_index.main(arguments(root, database))
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    assert first == f"indexed 6 symbols of 2 files in {database}"
    assert second == "2 cannot be read or parsed"
    assert third.startswith("  one.py: SyntaxError: ")


def test_folders_that_cannot_be_listed_are_named(code_index, root, tmp_path, capsys, monkeypatch):
    """A folder that vanishes or is forbidden does not vanish silently."""
    listed = os.walk

    def walk(top, onerror):
        yield from listed(top)
        onerror(PermissionError(13, "Permission denied", "secret"))

    monkeypatch.setattr(os, "walk", walk)

    assert code_index.main(arguments(root, tmp_path / "index.sqlite")) == 0
    assert (
        "\n1 cannot be read or parsed\n  [Errno 13] Permission denied: 'secret'\n"
        in capsys.readouterr().out
    )


def test_coding_cookies_are_heeded(code_index, tmp_path):
    """A file in latin-1 that says so is a good file."""
    plant(tmp_path, {"latin.py": b'# coding: latin-1\n"""Caf\xe9."""'})

    code_index.main(arguments(tmp_path, tmp_path / "index.sqlite"))
    assert rows(tmp_path / "index.sqlite", "SELECT summary FROM symbols") == [("Café.",)]


def test_lone_surrogates_are_replaced(code_index, tmp_path):
    """Python has strings that SQLite refuses."""
    plant(tmp_path, {"lone.py": r'"""Lone \ud800."""'})

    assert code_index.main(arguments(tmp_path, tmp_path / "index.sqlite")) == 0
    assert rows(tmp_path / "index.sqlite", "SELECT summary FROM symbols") == [("Lone ?.",)]


def test_warnings_about_the_indexed_code_are_kept_quiet(code_index, tmp_path, recwarn):
    """An invalid escape in somebody else's file is not our user's business."""
    plant(tmp_path, {"escape.py": r'"\d" is 1'})

    assert code_index.main(arguments(tmp_path, tmp_path / "index.sqlite")) == 0
    assert rows(tmp_path / "index.sqlite", "SELECT name FROM symbols") == [("escape",)]
    assert not recwarn.list


def test_the_query_is_answered(code_index, root, tmp_path, capsys):
    """Words match in all their forms, wherever the summary or the dotted name has them."""
    code_index.main(arguments(root, tmp_path / "index.sqlite", "measuring OR draws"))

    answer = capsys.readouterr().out.partition("measuring OR draws:\n")[2]
    assert "  shapes.Circle.area  method, shapes.py:10\n      Measure the surface.\n" in answer
    assert "  shapes.draw  function, shapes.py:13\n" in answer
    assert "  shapes.Circle  class" not in answer


def test_each_batch_is_a_transaction(code_index, root, tmp_path, monkeypatch):
    """What was written before a failure stays written, and the failure is told."""
    functions = "\n".join(f"def f{n}(): ..." for n in range(1499))
    plant(root, {"many.py": functions})
    database = tmp_path / "index.sqlite"
    show = code_index.Progress.show

    def fail_on_the_second(progress, pipeline, *, last=False):
        show(progress, pipeline, last=last)
        if pipeline.stats()[0].items == 2 and not last:
            raise ZeroDivisionError

    monkeypatch.setattr(code_index.Progress, "show", fail_on_the_second)

    with pytest.raises(ZeroDivisionError):
        code_index.main(arguments(root, database))
    assert rows(database, "SELECT count(*) FROM symbols") == [(1000,)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"root": "nowhere"}, "not a folder: nowhere"),
        ({"root": EXAMPLE}, "not a folder"),
        ({"query": "c++"}, 'syntax error near "+"'),
        ({"query": "colour:red"}, "no such column: colour"),
        ({"database": EXAMPLE}, "file is not a database"),
        ({"database": EXAMPLE.parent}, "unable to open database file"),
        ({"database": EXAMPLE / "under"}, "exists"),
    ],
)
def test_bad_options_are_refused(code_index, root, capsys, changed, message):
    """One line says what is wrong, before any work is done; nothing is overwritten."""
    options = {"root": root, "database": root / "index.sqlite", "query": "x"} | changed
    before = EXAMPLE.read_bytes()

    with pytest.raises(SystemExit, match="2"):
        code_index.main(arguments(**options))
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert EXAMPLE.read_bytes() == before


def told(code_index, monkeypatch, times, *, terminal):
    """What Progress writes to stderr when it is called at these times, the last of them finally."""
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    clock = iter([0.0, *times])
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(code_index.time, "perf_counter", lambda: next(clock))
    monkeypatch.setenv("COLUMNS", "30")
    progress = code_index.Progress()
    stages = [SimpleNamespace(name="map(read)", items=19), SimpleNamespace(name="walk", items=2000)]
    for time in times:
        progress.show(SimpleNamespace(stats=lambda: tuple(stages)), last=time == times[-1])

    return stderr.getvalue()


def test_progress_is_plain_lines_once_a_second_in_a_log(code_index, monkeypatch):
    """No control characters where nobody can redraw a line."""
    assert told(code_index, monkeypatch, [0.5, 0.6, 1.4, 1.5, 2.0], terminal=False) == (
        "0.5 s  4,000 files/s  walk 2,000 → map(read) 19\n"
        "1.5 s  1,333 files/s  walk 2,000 → map(read) 19\n"
        "2.0 s  1,000 files/s  walk 2,000 → map(read) 19\n"
    )


def test_progress_redraws_one_line_ten_times_a_second_on_a_terminal(code_index, monkeypatch):
    """It fits the width, so that it can be redrawn; the last one is complete."""
    assert told(code_index, monkeypatch, [0.5, 0.55, 0.61, 0.65, 0.8], terminal=True) == (
        "\r\x1b[K0.5 s  4,000 files/s  walk 2,"
        "\r\x1b[K0.6 s  3,279 files/s  walk 2,"
        "\r\x1b[K0.8 s  2,500 files/s  walk 2,000 → map(read) 19\n"
    )


def test_runs_from_the_command_line(root, tmp_path):
    """The answer goes to stdout, the progress with the number of every stage to stderr."""
    command = [sys.executable, str(EXAMPLE), *arguments(root, tmp_path / "build" / "index.sqlite")]
    plant(root, {"bad.py": "("})
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
        cwd=tmp_path,
        env=utf8(),
    )

    assert done.stdout.startswith("indexed 6 symbols of 2 files in ")
    assert done.stdout.endswith("Measure the surface.\n")
    stages = re.findall(r"(\w+)\S* (\d+)(?: →|$)", done.stderr.splitlines()[-1])
    assert stages == [
        ("walk", "3"),
        ("map", "3"),
        ("map", "2"),
        ("catch", "3"),
        ("flatten", "6"),
        ("batched", "1"),
    ]


def utf8():
    return os.environ | {"PYTHONUTF8": "1"}


ENDLESS = """
import itertools, signal, sys
sys.path.insert(0, sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may come to us ignored
import code_index

def walk(root, onerror):
    for n in itertools.count():
        yield code_index.File(root / "shapes.py", f"copy_{n}.py")

code_index.walk = walk
sys.exit(code_index.main(sys.argv[1:]))
"""


def test_ctrl_c_keeps_what_is_written(root, tmp_path):
    """A run that would never end stops, keeps whole batches only, says so, and exits with 130."""
    database = tmp_path / "index.sqlite"
    command = [sys.executable, "-c", ENDLESS, str(EXAMPLE.parent), *arguments(root, database)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=utf8()
    ) as process:
        first = process.stderr.readline()  # shown after the first batch
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert re.search(r"batched\S* \d", first), first + err
    assert process.returncode == 130, err
    assert "Traceback" not in err
    kept, files = (
        int(n.replace(",", ""))
        for n in re.match(r"interrupted, kept ([\d,]+) symbols of ([\d,]+) files", out).groups()
    )
    assert rows(database, "SELECT count(*), count(DISTINCT file) FROM symbols") == [(kept, files)]
    assert kept >= 500
    assert kept % 500 == 0
    assert f"batched(500) {kept // 500:,}" in err.splitlines()[-1] or not err
