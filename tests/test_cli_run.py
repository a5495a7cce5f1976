"""`aitertools run`: what it runs, what it writes, what it says of what it cannot run."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import aitertools

from .cli import called

from aitertools import cli  # isort: skip -- the helper skips these tests where there is no extra
from aitertools.cli.command import _theirs  # isort: skip

JOBS = """
import asyncio, dataclasses, datetime, decimal, enum, pathlib
from contextlib import asynccontextmanager, contextmanager
from typing import Literal, Optional
import aitertools as ait
from aitertools import stream

def rows(n: int = 3):
    return stream(range(n)).map(lambda row: {"row": row})

async def awaited():
    await asyncio.sleep(0)
    return stream("ab")

async def generated():
    yield 1
    yield None

def iterated():
    return iter("ab")

def total():
    return stream(range(4)).sum()

async def awaited_total():
    return stream(range(4)).sum()

def sink():
    return stream(range(3)).for_each(print)

ready = stream("xy")

@contextmanager
def opened():
    print("opened")
    yield stream([1])
    print("closed")

@asynccontextmanager
async def opened_with_a_sink():
    print("opened")
    yield stream([1]).for_each(print)
    print("closed")

class Colour(enum.Enum):
    RED = "red"

@dataclasses.dataclass
class Point:
    x: int

def kinds():
    return stream([
        "Grüße", "\\ud800", (1, 2), {1}, Point(1), Colour.RED, pathlib.Path("a/b"),
        decimal.Decimal("1.50"), datetime.date(2025, 5, 1),
    ])

def given(text, number: int = 0, ratio: float | None = None, flag: bool = False,
          path: pathlib.Path = None, colour: Colour = Colour.RED, **rest):
    return stream([[text, number, ratio, flag, path, colour, rest]])

class Level(enum.IntEnum):
    LOW = 1

def typed(numbers: list[int] = (), level: Level = Level.LOW, ratio: Optional[float] = None,
          either: int | str = 0):
    return stream([[numbers, level.name, ratio, either]])

async def loop():
    return stream([type(asyncio.get_running_loop()).__module__])

def ticks():
    return ait.interval(0.01, start=0).map(str)

def nothing():
    return None

def fails():
    return divide(1, 0)

def divide(a, b):
    return a / b

def fails_on_an_item():
    return stream([1, 0]).map(lambda n: divide(1, n))

def not_json():
    return stream([1, b"x", 2])

def neither():
    return stream([1, 10**5000])

def a_class():
    return stream([Point])

number = 5
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Calls `aitertools run jobs:...` in a folder that has jobs.py."""
    (tmp_path / "jobs.py").write_text(JOBS, encoding="utf-8")
    monkeypatch.syspath_prepend("unused")  # sys.path will be as it is now
    monkeypatch.chdir(tmp_path)
    yield lambda job, *arguments: called(capfd, "run", f"jobs:{job}", *arguments)
    sys.modules.pop("jobs", None)


WRITTEN = {
    "rows": '{"row": 0}\n{"row": 1}\n{"row": 2}\n',
    "awaited": '"a"\n"b"\n',
    "generated": "1\nnull\n",
    "iterated": '"a"\n"b"\n',
    "total": "6\n",
    "awaited_total": "6\n",
    "sink": "0\n1\n2\n",
    "ready": '"x"\n"y"\n',
    "opened_with_a_sink": "opened\n1\nclosed\n",
    "kinds": '"Grüße"\n"\\ud800"\n[1, 2]\n[1]\n{"x": 1}\n"red"\n"a/b"\n"1.50"\n"2025-05-01"\n',
}


@pytest.mark.parametrize("job", WRITTEN)
def test_what_is_written(run, job):
    """One line of JSON for each item, or for a result; a sink has its own way."""
    assert run(job, "-q") == (0, WRITTEN[job], "")


def test_what_is_opened_is_closed(run):
    code, out, _ = run("opened", "-q")
    assert (code, sorted(out.split())) == (0, ["1", "closed", "opened"])


@pytest.mark.parametrize("limit", [0, 2, 9])
def test_a_limit(run, limit):
    code, out, err = run("rows", "n=5", "--limit", limit)
    assert (code, len(out.splitlines())) == (0, min(limit, 5))
    assert err.startswith(f"done: {min(limit, 5)} items in 0.")


def test_a_limit_ends_what_never_ends(run):
    assert run("ticks", "-q", "--limit", 2) == (0, '"0"\n"1"\n', "")


def test_a_time_to_stop(run):
    code, out, err = run("ticks", "--max-seconds", 0.02)
    assert code == 0
    assert out.startswith('"0"\n')
    assert err.splitlines()[-1].startswith("stopped (time is up): ")


def test_uvloop(run):
    pytest.importorskip("uvloop")
    assert run("loop", "-q", "--uvloop") == (0, '"uvloop"\n', "")
    assert "uvloop" not in run("loop", "-q")[1]


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "item"),
    [
        (["text=a=b"], '["a=b", 0, null, false, null, "red", {}]'),
        (["text=", "number=-3"], '["", -3, null, false, null, "red", {}]'),
        (["text=1", "ratio=2"], '["1", 0, 2.0, false, null, "red", {}]'),
        (["text=1", "flag=Yes", "path=a/b"], '["1", 0, null, true, "a/b", "red", {}]'),
        (["text=1", "colour=red", "more=1"], '["1", 0, null, false, null, "red", {"more": "1"}]'),
    ],
)
def test_values_are_what_the_annotations_say(run, pairs, item):
    assert run("given", "-q", *pairs) == (0, f"{item}\n", "")


@pytest.mark.parametrize(
    ("pairs", "item"),
    [
        (["numbers=1"], '["1", "LOW", null, 0]'),  # its items are ints, it is none
        (["level=1"], '[[], "LOW", null, 0]'),
        (["level=LOW"], '[[], "LOW", null, 0]'),
        (["ratio=1", "either=1"], '[[], "LOW", 1.0, "1"]'),
    ],
)
def test_values_of_other_types_are_text(run, pairs, item):
    """And members of an enum are known by their value, or their name."""
    assert run("typed", "-q", *pairs) == (0, f"{item}\n", "")


REFUSED = {
    "rows n=x": "jobs:rows: n has to be of the type int, not 'x'",
    "rows m=1": "jobs:rows: no argument m; it takes n",
    "rows n": "jobs:rows: KEY=VALUE is looked for, not n; it takes n",
    "sink n=1": "jobs:sink: no argument n; it takes none",
    "given": "jobs:given: missing a required argument: 'text'",
    "given text=1 flag=maybe": "jobs:given: flag has to be of the type bool, not 'maybe'",
    "given text=1 colour=blue": "jobs:given: colour has to be of the type Colour, not 'blue'",
    "typed level=2": "jobs:typed: level has to be of the type Level, not '2'",
    "ready n=1": "jobs:ready is no function and takes no arguments, such as n=1",
    "nothing": "jobs:nothing returned None: a stream is looked for, or what a reducer returns",
    "number": "jobs:number is an object of the type int: a stream is looked for, or what a reducer "
    "returns",
    "total --limit 1": "--limit counts items, and jobs:total delivers none: it has its own sink",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_run_is_said_in_one_line(run, line):
    assert run(*line.split()) == (2, "", f"Error: {REFUSED[line]}\n")


def test_a_pipeline_that_is_not_there(run, tmp_path):
    place = f"in the module jobs ({tmp_path / 'jobs.py'})"
    assert run("row") == (2, "", f"Error: no row {place}; perhaps rows\n")
    assert run("zzz") == (2, "", f"Error: no zzz {place}\n")


LOOKED_FOR = "MODULE:PIPELINE is looked for, such as demo:rows, not"
NOWHERE = {
    "nowhere:rows": "no module nowhere: looked for in {here} and where Python is installed",
    "jobs.x:rows": "no module jobs.x: looked for in {here} and where Python is installed",
    "nowhere.jobs:rows": "no module nowhere for nowhere.jobs: looked for in {here} and where "
    "Python is installed",
    "jobs": f"{LOOKED_FOR} jobs, without a colon",
    "jobs:": f"{LOOKED_FOR} jobs:",
    "jobs.py:rows": f"{LOOKED_FOR} jobs.py:rows; perhaps jobs:rows",
    "a/jobs.py": f"{LOOKED_FOR} a/jobs.py; perhaps a.jobs:PIPELINE",
}


def test_a_builtin_whose_arguments_nobody_knows(run, capfd):
    code, out, err = called(capfd, "run", "builtins:dict")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("Error: builtins:dict: no signature found")


@pytest.mark.parametrize("option", ["--max-seconds", "--interval"])
def test_nan_is_no_time(run, option):
    code, out, err = run("rows", option, "nan")
    assert (code, out) == (2, "")
    assert err.endswith(f"Invalid value for '{option}': nan is not a number.\n")


@pytest.mark.parametrize("target", NOWHERE)
def test_a_module_that_is_not_there(run, tmp_path, capfd, target):
    line = f"Error: {NOWHERE[target].format(here=tmp_path)}\n"
    assert called(capfd, "run", target) == (2, "", line)


def test_a_module_that_needs_what_is_not_there(run, tmp_path, capfd):
    """That is an error of the module, and its traceback says where."""
    (tmp_path / "needy.py").write_text("import nowhere\n")
    code, _, err = called(capfd, "run", "needy:rows")
    assert (code, err.splitlines()) == (
        1,
        [
            "Traceback (most recent call last):",
            f'  File "{tmp_path / "needy.py"}", line 1, in <module>',
            "    import nowhere",
            "ModuleNotFoundError: No module named 'nowhere'",
        ],
    )


# ---- failures ------------------------------------------------------------------------------------


def test_a_function_that_fails(run, tmp_path):
    """The traceback has the frames of the user, and no others."""
    code, out, err = run("fails")
    assert (code, out) == (1, "")
    frames = [line for line in err.splitlines() if line.startswith("  File")]
    assert [frame.rsplit(" ", 1)[-1] for frame in frames] == ["fails", "divide"]
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_a_function_that_fails_on_an_item(run):
    """What came before is written, and the note says where it was."""
    code, out, err = run("fails_on_an_item")
    assert (code, out) == (1, "1.0\n")
    frames = [line for line in err.splitlines() if line.startswith("  File")]
    assert [frame.rsplit(" ", 1)[-1] for frame in frames] == ["<lambda>", "divide"]
    assert err.startswith("failed: 1 item in ")
    assert err.endswith("by zero\nin aitertools: map(<lambda>) <- list\n")


def test_an_item_that_is_no_json(run):
    said = "Error: not JSON: b'x': Object of type bytes is not JSON serializable\n"
    assert run("not_json", "-q") == (1, "1\n", said)


def test_an_item_that_is_no_json_and_cannot_be_shown(run):
    code, out, err = run("neither", "-q")
    assert (code, out) == (1, "1\n")
    assert err.startswith("Error: not JSON: ")
    assert err.count("\n") == 1


def test_a_dataclass_itself_is_no_json(run):
    said = "Error: not JSON: <class 'jobs.Point'>: Object of type type is not JSON serializable\n"
    assert run("a_class", "-q") == (1, "", said)


def test_the_frames_of_a_neighbour_are_not_ours():
    """A package beside this one, whose name begins as its name does, is somebody's."""
    theirs = traceback.FrameSummary(f"{Path(aitertools.__file__).parent}_jobs/rows.py", 1, "rows")
    ours = traceback.FrameSummary(aitertools.__file__, 1, "stream")
    assert _theirs([ours, theirs, ours]) == [theirs]


def test_without_uvloop_it_says_what_to_type(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    code, out, err = run("rows", "--uvloop")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == "Error: --uvloop needs uvloop: pip install uvloop"


@pytest.mark.parametrize("module", ["click", "rich"])
def test_without_the_extra_it_says_what_to_type(monkeypatch, capfd, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit) as info:
        cli.main()
    said = f"Error: the command line needs {module}: pip install 'aitertools[cli]'\n"
    assert (info.value.code, *capfd.readouterr()) == (2, "", said)


def test_the_version_and_the_help(capfd):
    version = importlib.metadata.version("aitertools")
    assert called(capfd, "--version") == (0, f"aitertools, version {version}\n", "")
    code, out, _ = called(capfd, "run", "--help")
    assert code == 0
    assert "    aitertools run demo:rows path=data.csv --limit 10 | jq .name\n" in out


def test_python_m_aitertools():
    command = [sys.executable, "-m", "aitertools", "--version"]
    assert subprocess.run(command, check=True, capture_output=True).stdout
