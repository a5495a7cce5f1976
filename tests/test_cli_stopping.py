"""`aitertools run`: signals, a reader that is slow or gone, and what is seen on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import threading
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest

from aitertools import stream

from .cli import called, started

from aitertools.cli.output import to_descriptor  # isort: skip -- see test_cli_run.py
from aitertools.cli.running import Job, run  # isort: skip

JOBS = '''
import asyncio, contextlib, itertools, os, signal, sys
from signal import SIGINT, SIGTERM, raise_signal
import aitertools as ait
from aitertools import stream

NUMBER = SIGINT

def while_pulled():
    async def each():
        yield 1
        asyncio.get_running_loop().call_soon(raise_signal, NUMBER)
        await asyncio.Event().wait()
    return stream(each()).batched(9)

def while_a_sink_works():
    async def insert(item):
        raise_signal(NUMBER)
        for _ in range(5):
            await asyncio.sleep(0)
        print("inserted", item)
    return ait.count().for_each(insert)

def while_calls_are_in_flight():
    async def call(item):
        if item == 2:
            raise_signal(NUMBER)
        await asyncio.sleep(0.01)
        return item
    return ait.count().map(call, concurrency=3)

def reading():
    def asked(line):
        raise_signal(NUMBER)
        asyncio.get_running_loop().call_later(0.1, raise_signal, NUMBER)
        return line
    return ait.lines(sys.stdin.buffer).map(asked)

async def while_it_starts():
    raise_signal(NUMBER)
    await asyncio.Event().wait()

def while_it_is_called():
    raise_signal(NUMBER)
    return ait.count()

def twice():
    async def insert(item):
        raise_signal(NUMBER)
        await asyncio.sleep(0)
        raise_signal(NUMBER)
        try:
            await asyncio.Event().wait()
        finally:
            print("left")
    return ait.count().for_each(insert)

def thrice():
    def insert(item):
        for _ in range(3):
            raise_signal(NUMBER)
    return ait.count().for_each(insert)

def workers():
    """What forked workers do that get a signal: one goes on, the other ends as it is told."""
    def forked(number):
        pid = os.fork()
        if not pid:
            raise_signal(number)
            os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return stream([SIGINT, SIGTERM]).map(forked)

def printed(n: int = 100_000):
    return stream(range(n)).for_each(print)

def endless():
    return ait.count()

async def two():
    yield 1
    await asyncio.to_thread(sys.stdin.readline)
    yield 2
    await asyncio.Event().wait()

async def unmoved():
    async for number in two():
        yield number
        if number == 2:
            break
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    yield 3

def three():
    return stream([1, 2, 3]).map(str)

def failing():
    raise ValueError

def sunk():
    return stream([1, 2, 3]).map(str).for_each(lambda _: None)
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jobs.py").write_text(JOBS)
    return tmp_path


@pytest.fixture
def jobs(folder, monkeypatch):
    """The module jobs, which is there for `aitertools run` as well."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "jobs", raising=False)
    yield import_module("jobs")
    del sys.modules["jobs"]


ENDS = {
    "while_pulled": ("[1]\n", "stopped"),  # the open batch
    "while_a_sink_works": ("inserted 0\n", "stopped"),
    "while_calls_are_in_flight": ("0\n1\n2\n", "stopped"),
    "while_it_starts": ("", None),
    "while_it_is_called": (None, "stopped"),
    "twice": ("left\n", "aborted"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("job", ENDS)
def test_a_signal(jobs, capfd, monkeypatch, job, number):
    """What is in flight is finished and written; the exit code is that of a shell."""
    monkeypatch.setattr(jobs, "NUMBER", number)
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    try:
        code, out, err = called(capfd, "run", f"jobs:{job}")
        if job != "twice":
            assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    finally:
        for n, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(n, handler)
    written, ending = ENDS[job]
    assert code == 128 + number
    assert written is None or out == written
    assert ending is None or err.splitlines()[-1].startswith(ending)
    assert (ending is None) == (err == "")


def test_ctrl_c_while_a_module_is_imported(folder, monkeypatch, capfd):
    (folder / "imported.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    monkeypatch.syspath_prepend(folder)
    assert called(capfd, "run", "imported:rows") == (130, "", "")


def test_the_third_signal_does_what_it_does_by_default(folder):
    with started(folder, "run", "jobs:thrice") as process:
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT


def test_what_is_aborted_while_it_reads_stdin_ends_at_once(folder):
    """A thread is left that waits for more; it has stdin locked, which Python aborted over."""
    with started(folder, "run", "-q", "jobs:reading", stdin=subprocess.PIPE) as process:
        process.stdin.write("one\n")
        process.stdin.flush()
        process.wait(timeout=30)
        assert (process.returncode, process.stderr.read()) == (128 + signal.SIGINT, "")


def test_ctrl_c_while_uvloop_is_imported(folder, monkeypatch, capfd):
    (folder / "uvloop.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    assert called(capfd, "run", "--uvloop", "jobs:one") == (130, "", "")


def test_a_forked_worker_leaves_ctrl_c_to_us(folder):
    with started(folder, "run", "-q", "jobs:workers") as process:
        out, err = process.communicate(timeout=30)
    assert (out, process.returncode) == (f"7\n{-signal.SIGTERM}\n", 0), err


def test_a_signal_that_is_ignored_stays_so(jobs, capfd, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code, out, _ = called(capfd, "run", "-q", "jobs:while_calls_are_in_flight", "--limit", 4)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, out) == (0, "0\n1\n2\n3\n")


# ---- whoever reads -------------------------------------------------------------------------------


@pytest.mark.parametrize("job", ["endless", "printed"])
def test_a_reader_that_leaves_ends_it_quietly(folder, job):
    """As in `aitertools run jobs:endless | head -1`."""
    with started(folder, "run", "-q", f"jobs:{job}") as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("job", ["two", "unmoved"])
def test_a_reader_that_leaves_ends_it_also_while_it_waits(folder, job):
    """The second line cannot be written; no third one is waited for to see that.

    One that is delivered all the same, as the cancellation was caught, ends it.
    """
    with started(folder, "run", "-q", f"jobs:{job}", stdin=subprocess.PIPE) as process:
        assert process.stdout.readline() == "1\n"
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.flush()
        deadline = threading.Timer(30, process.kill)
        deadline.start()
        err = process.stderr.read()
        deadline.cancel()
    assert (process.returncode, err) == (128 + signal.SIGPIPE, "")


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.parametrize("job", [["three"], ["printed", "n=3"]], ids=lambda job: job[0])
def test_an_output_that_is_full(folder, job):
    with Path("/dev/full").open("w") as full:
        with started(folder, "run", "-q", f"jobs:{job[0]}", *job[1:], stdout=full) as process:
            err = process.stderr.read()
    assert (process.returncode, err) == (1, "Error: cannot write: No space left on device\n")


@needs_full
@pytest.mark.parametrize(("job", "code"), [("three", 0), ("nowhere", 2), ("failing", 1)])
def test_progress_that_cannot_be_written_is_not_missed(folder, job, code):
    with Path("/dev/full").open("w") as full:
        with started(folder, "run", f"jobs:{job}", stderr=full) as process:
            out = process.stdout.read()
    assert (process.returncode, out) == (code, '"1"\n"2"\n"3"\n' if not code else "")


@pytest.mark.parametrize(
    ("job", "closed", "expected"),
    [
        ("three", 1, (1, "Error: cannot write: Bad file descriptor\n")),
        ("sunk", 1, (0, "done: 3 items")),
        ("three", 2, (0, '"1"\n"2"\n"3"\n')),
        ("nowhere", 2, (2, "")),
        ("failing", 2, (1, "")),
    ],
)
def test_an_output_that_is_closed(folder, job, closed, expected):
    """As by a shell's >&-; the expected text is what the other one gets."""
    outputs = {"stdout" if closed == 2 else "stderr": subprocess.PIPE}
    how = outputs | {"preexec_fn": functools.partial(os.close, closed)}
    with started(folder, "run", f"jobs:{job}", **{"stdout": None, "stderr": None} | how) as process:
        text = (process.stdout or process.stderr).read()
    code, beginning = expected
    assert process.returncode == code
    assert text.startswith(beginning) if closed == 2 else beginning in text


def test_an_output_that_somebody_made_non_blocking():
    """Such as who reads stdin without a thread, if both are the same terminal."""
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    full, read = 0, []
    with contextlib.suppress(BlockingIOError):
        while True:
            full += os.write(ours, b"x")

    def reader():
        while data := os.read(theirs, 65536):
            read.append(data)

    thread = threading.Thread(target=reader)
    thread.start()
    to_descriptor(ours)(b"y" * 1_000_000)
    os.close(ours)
    thread.join()
    os.close(theirs)
    assert b"".join(read) == b"x" * full + b"y" * 1_000_000


def test_a_slow_reader_holds_up_the_source_but_not_the_loop():
    """No more than a bounded number of lines waits for it; a stop has all of them written."""
    pulled, lines, reads, tasks = [], [], threading.Event(), []

    def write(data):
        reads.wait(30)
        lines.extend(data.decode().split())

    async def watch():
        before = None
        while before != len(pulled) or not pulled:
            before = len(pulled)
            for _ in range(50):
                await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        reads.set()
        return before

    async def numbers():
        tasks.append(asyncio.create_task(watch()))
        return stream(count()).tap(pulled.append)

    assert run(Job("numbers", numbers, quiet=True), write) == 130
    assert tasks[0].result() <= 2001
    assert lines == [str(n) for n in pulled]


# ---- terminals -----------------------------------------------------------------------------------


def seen(folder, job, *outputs, code=0):
    """What a terminal shows that is stderr, and perhaps more; and what stdout gets if it is not."""
    ours, theirs = os.openpty()
    how = dict.fromkeys(("stderr", *outputs), theirs)
    with started(folder, "run", f"jobs:{job}", **how) as process:
        os.close(theirs)
        data = b""
        with contextlib.suppress(OSError):  # that is how it ends
            while chunk := os.read(ours, 65536):
                data += chunk
        out = process.stdout.read() if process.stdout else ""
    os.close(ours)
    assert process.returncode == code
    return data.decode().replace("\r\n", "\n"), out


def test_on_a_terminal_there_is_a_table(folder):
    """Its last state stays."""
    screen, out = seen(folder, "three")
    assert out == '"1"\n"2"\n"3"\n'
    assert "\x1b[" in screen
    assert re.search(r"list +3 .*\n.*map\(str\) +3 .*\n.*done: 3 items in 0\.\d s\n", screen)


def test_items_on_the_same_terminal_are_not_disturbed(folder):
    """No table is drawn between them."""
    screen, _ = seen(folder, "three", "stdout")
    assert screen.startswith('"1"\n"2"\n"3"\ndone: 3 items in 0.')
    assert "\x1b" not in screen


def test_a_sink_on_a_terminal_has_its_table(folder):
    screen, _ = seen(folder, "sunk", "stdout")
    assert re.search(r"for_each\(<lambda>\) +3 .*\n.*done: 3 items", screen)


def test_the_third_signal_leaves_a_terminal_with_its_cursor(folder):
    """The table hides it, and there is no going back then."""
    screen, _ = seen(folder, "thrice", code=-signal.SIGINT)
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h") == 1
