"""to_sync: an ordinary iterator, whose stream runs in another thread and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import itertools
import signal
import subprocess
import sys
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait

from .bridges import PATIENCE, no_threads, wait_for


@pytest.fixture(autouse=True)
def _no_threads():
    with no_threads():
        yield


class Numbers:
    """An async source that logs where it is used, and waits for ever before item *at*."""

    def __init__(self, *, at=None):
        self.at = at
        self.read = 0
        self.closes = 0
        self.tasks = set()
        self.arrived = threading.Event()

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        if self.read == self.at:
            self.arrived.set()
            await asyncio.get_running_loop().create_future()
        self.read += 1
        return self.read - 1

    async def aclose(self):
        self.tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        self.closes += 1


# ---- items ---------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 9))
def test_gives_all_items_in_their_order(n, prefetch):
    assert list(ait.range(n).to_sync(prefetch)) == list(range(n))
    assert list(ait.stream(Numbers()).take(n).to_sync(prefetch)) == list(range(n))


def test_it_is_an_ordinary_iterator():
    numbers = ait.range(4).to_sync()
    assert iter(numbers) is numbers
    assert next(numbers) == 0
    assert list(zip(numbers, "ab", strict=False)) == [(1, "a"), (2, "b")]
    assert list(numbers) == []
    assert next(numbers, None) is None
    assert repr(numbers) == "<SyncStream range>"


def test_none_is_an_item():
    assert list(ait.repeat(None, 3).to_sync()) == [None] * 3


def test_nothing_is_read_before_it_is_asked_for():
    source = Numbers()
    before = threading.active_count()
    numbers = ait.stream(source).to_sync()
    assert threading.active_count() == before
    assert source.read == 0
    numbers.close()
    assert source.closes == 1
    assert source.read == 0


@pytest.mark.parametrize("prefetch", [1, 2, 3, 8])
def test_it_reads_so_far_ahead_and_no_further(prefetch):
    delivered, most = 0, 0
    full = threading.Event()

    async def numbers():
        nonlocal most
        for i in range(40):
            most = max(most, i - delivered)
            if i == prefetch - 1:
                full.set()
            yield i

    for item in ait.stream(numbers()).to_sync(prefetch):
        wait_for(full)
        assert item == delivered
        delivered += 1
    assert delivered == 40
    assert most <= prefetch


def test_an_item_is_there_as_soon_as_it_came():
    with ait.stream(Numbers(at=1)).to_sync() as numbers:
        assert next(numbers) == 0


def test_it_runs_in_one_task_in_the_context_of_the_first_next():
    var = contextvars.ContextVar("var", default="none")
    source = Numbers()
    seen = []
    with ait.stream(source).tap(lambda _: seen.append(var.get())).to_sync(1) as numbers:
        var.set("the caller's")
        assert next(numbers) == 0
    assert set(seen) == {"the caller's"}
    assert len(source.tasks) == 1
    assert source.closes == 1


# ---- errors --------------------------------------------------------------------------------------


def test_errors_come_in_their_place_and_it_goes_on_as_the_stream_does():
    numbers = ait.range(5).map(lambda n: 12 // (n - 2)).to_sync()
    got = []
    for _ in range(6):
        try:
            got.append(next(numbers, "end"))
        except ZeroDivisionError as error:
            got.append(type(error))
    assert got == [-6, -12, ZeroDivisionError, 12, 6, "end"]


def test_a_source_that_failed_is_at_its_end():
    async def rows():
        yield 1
        raise OSError("gone")

    rows = ait.stream(rows()).to_sync()
    assert next(rows) == 1
    with pytest.raises(OSError, match="gone") as caught:
        next(rows)
    assert caught.traceback[-1].name == "rows"
    assert caught.value.__notes__[0].endswith("rows")
    assert list(rows) == []


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_what_ends_a_task_is_raised_here_and_closes_the_stream(kind):
    source = Numbers()

    def fail(n):
        if n == 2:
            raise kind("boom")
        return n

    numbers = ait.stream(source).map(fail).to_sync()
    assert [next(numbers), next(numbers)] == [0, 1]
    with pytest.raises(kind):
        next(numbers)
    assert source.closes == 1
    assert list(numbers) == []


def test_a_failing_close_is_raised_by_close_and_never_masks_an_error():
    def failing():
        return ait.count().on_close(lambda: 1 / 0).to_sync()

    numbers = failing()
    next(numbers)
    with pytest.raises(ZeroDivisionError):
        numbers.close()
    numbers.close()
    with pytest.raises(ZeroDivisionError), failing() as numbers:
        next(numbers)
    with pytest.raises(KeyError) as caught, failing() as numbers:  # noqa: PT012 -- the block fails
        next(numbers)
        raise KeyError
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(ValueError, match=r"^to_sync\(\): prefetch must be at least one$"):
        ait.empty().to_sync(0)
    with pytest.raises(TypeError, match=r"^to_sync\(\): prefetch must be an integer, not str$"):
        ait.empty().to_sync("2")


# ---- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 2, 64])
@pytest.mark.parametrize("at", range(4))
def test_closed_while_the_stream_waits_it_is_closed_once_in_its_task(at, prefetch):
    source = Numbers(at=at)
    with ait.stream(source).to_sync(prefetch) as numbers:
        assert list(itertools.islice(numbers, at)) == list(range(at))
        if at:
            wait_for(source.arrived)
    assert source.closes == 1
    assert len(source.tasks) == 1
    assert list(numbers) == []
    numbers.close()


def test_closed_while_the_stream_waits_for_room():
    source = Numbers()
    with ait.stream(source).to_sync(2) as numbers:
        assert next(numbers) == 0
    assert source.closes == 1
    assert source.read <= 4


def test_a_source_that_swallows_the_cancellation_is_closed_as_well():
    closed = []

    async def stubborn():
        try:
            for n in itertools.count():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(60 * (n == 1))
                yield n
        finally:
            closed.append(True)

    with ait.stream(stubborn()).to_sync() as numbers:
        assert next(numbers) == 0
    assert closed == [True]


def test_dropped_it_is_closed_with_a_warning():
    source = Numbers(at=1)
    with no_threads(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        numbers = ait.stream(source).to_sync()
        assert next(numbers) == 0
        del numbers
        gc.collect()
    assert [str(each.message) for each in said] == ["left open: <SyncStream Numbers>"]
    assert source.closes == 1


@pytest.mark.parametrize("end", [list, lambda numbers: numbers.close()])
def test_nothing_is_said_of_one_that_ended_or_was_closed(end):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numbers = ait.range(3).to_sync()
        next(numbers)
        end(numbers)
        del numbers
        gc.collect()


@pytest.mark.skipif(sys.platform == "win32", reason="locks are not interrupted there")
def test_interrupted_while_it_waits_it_goes_on_and_can_be_closed():
    here = threading.get_ident()
    asked, go_on, interrupted = threading.Event(), threading.Event(), []

    def interrupt(*_):
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt

    async def numbers():
        yield 0
        await asyncio.to_thread(wait_for, asked)
        while not interrupted:  # one that comes just before the thread waits is heard after that
            signal.pthread_kill(here, signal.SIGINT)
            await asyncio.sleep(0.001)
        await asyncio.to_thread(wait_for, go_on)
        yield 1
        await asyncio.get_running_loop().create_future()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with ait.stream(numbers()).to_sync() as stream:
            assert next(stream) == 0
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 -- once it waits
                asked.set()
                next(stream)
            go_on.set()
            assert next(stream) == 1
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")
def test_a_signal_handler_may_close_it_while_its_thread_waits():
    here = threading.get_ident()
    source = Numbers(at=1)
    numbers = ait.stream(source).to_sync()

    def interrupt():
        wait_for(source.arrived)
        signal.pthread_kill(here, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: numbers.close())
    try:
        assert next(numbers) == 0
        threading.Thread(target=interrupt).start()
        assert list(numbers) == []
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert source.closes == 1


# ---- who may use it ------------------------------------------------------------------------------


def test_an_event_loop_is_not_blocked():
    source = Numbers(at=1)

    async def main():
        numbers = ait.stream(source).to_sync()
        with pytest.raises(RuntimeError, match=r"^to_sync\(\): would block the event loop"):
            next(numbers)
        numbers.close()  # does not wait

    with no_threads():
        asyncio.run(main())
    assert source.closes == 1
    assert source.read == 0


def test_another_thread_than_that_of_a_loop_may_use_it():
    async def main():
        return await asyncio.to_thread(list, ait.range(5).to_sync())

    assert asyncio.run(asyncio.wait_for(main(), PATIENCE)) == list(range(5))


def test_nothing_is_taken_behind_what_closing_drops():
    """Who asks just then gets the end: here it is an item that was handed over, and is dropped."""
    came = []

    class Item:
        def __del__(self):
            came.append(next(numbers, "the end"))

    numbers = ait.range(9).to_sync(prefetch=2)
    assert next(numbers) == 0
    numbers._items = iter([Item()])
    numbers.close()
    assert came == ["the end"]


def test_who_asks_while_another_thread_begins_to_close_gets_the_end():
    numbers = ait.range(9).to_sync()
    busy = numbers._reader._busy

    class Busy:
        """When it is asked for, the other thread has it, who has just come to close."""

        def acquire(self, *, blocking):
            numbers._reader.stop()
            return False

    numbers._reader._busy = Busy()
    assert next(numbers, "the end") == "the end"
    numbers._reader._busy = busy
    numbers.close()


def test_two_threads_at_once_are_refused():
    source = Numbers(at=0)
    numbers = ait.stream(source).to_sync()
    first = threading.Thread(target=lambda: next(numbers, None))
    first.start()
    wait_for(source.arrived)
    with pytest.raises(RuntimeError, match=r"^to_sync\(\): already running$"):
        next(numbers)
    numbers.close()
    first.join(PATIENCE)
    assert not first.is_alive()


def test_there_and_back_again():
    """A stream, as an iterator, as a stream."""
    again = ait.from_thread(ait.range(100).to_sync(3), buffer=2)
    assert asyncio.run(asyncio.wait_for(again.sum(), PATIENCE)) == sum(range(100))


def test_left_open_it_does_not_keep_the_process():
    code = """
import asyncio, aitertools as ait
async def numbers():
    yield 1
    await asyncio.get_running_loop().create_future()
left = ait.stream(numbers()).to_sync()
print(next(left))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
