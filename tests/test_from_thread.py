"""from_thread: a blocking iterator is read by one thread; nobody waits for more than he has to."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools.runtime.handover import Handover

from .bridges import PATIENCE, Blocking, no_threads, wait_for


@pytest.fixture(autouse=True)
def _no_threads():
    with no_threads():
        yield


def run(main):
    return asyncio.run(asyncio.wait_for(main, PATIENCE))


async def arrived(event):
    """Wait for a thread without blocking the loop."""
    await asyncio.to_thread(wait_for, event)


# ---- one thread, whatever it is read by ----------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 9), st.none() | st.integers(1, 12))
def test_gives_all_items_in_their_order(n, buffer, batch):
    assert run(ait.from_thread(range(n), buffer=buffer, batch=batch).list()) == list(range(n))


@pytest.mark.parametrize("buffer", [1, 2, 256])
def test_one_thread_does_everything(buffer):
    source = Blocking(range(50))
    assert run(ait.from_thread(source, buffer=buffer).list()) == list(range(50))
    assert source.closed == 1
    assert len(source.threads) == 1
    assert source.threads != {threading.get_ident()}


def test_a_thread_begins_with_the_first_pull_and_is_named_after_what_it_reads():
    def rows():
        yield threading.current_thread().name

    async def main():
        before = threading.active_count()
        names = ait.from_thread(rows())
        assert threading.active_count() == before
        assert repr(names) == "<Stream from_thread(rows)>"
        return await names.list()

    assert run(main()) == ["from_thread(rows)"]


def test_a_generator_runs_and_is_closed_in_the_thread():
    seen = []

    def rows():
        try:
            seen.append(threading.get_ident())
            yield 1
            yield 2
        finally:
            seen.append(threading.get_ident())

    async def main():
        async with ait.from_thread(rows(), buffer=1) as stream:
            return await anext(stream)

    assert run(main()) == 1
    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert threading.get_ident() not in seen


def test_it_runs_in_the_context_of_the_first_pull():
    var = contextvars.ContextVar("var", default="none")

    def rows():
        yield var.get()
        var.set("the thread's")
        yield var.get()

    async def main():
        stream = ait.from_thread(rows())
        var.set("the caller's")
        return await stream.list(), var.get()

    assert run(main()) == (["the caller's", "the thread's"], "the caller's")


def test_several_event_loops_may_read_it_one_after_the_other():
    stream = ait.from_thread(range(6), buffer=2)
    assert run(stream.head(2)) == [0, 1]
    assert run(stream.head(2)) == [2, 3]
    assert run(stream.list()) == [4, 5]


# ---- batches and back pressure -------------------------------------------------------------------


@pytest.mark.parametrize("buffer", [1, 2, 3, 8])
@pytest.mark.parametrize("batch", [None, 1, 8])
def test_it_reads_so_far_ahead_and_no_further(buffer, batch):
    delivered, most = 0, 0
    full = threading.Event()

    def rows():
        nonlocal most
        for i in range(40):
            most = max(most, i - delivered)  # items read, but for this one
            if i == buffer - 1:
                full.set()
            yield i

    async def main():
        nonlocal delivered
        stream = ait.from_thread(rows(), buffer=buffer, batch=batch)
        assert await anext(stream) == 0
        delivered = 1
        wait_for(full)  # the thread goes on while the loop stands still
        async for item in stream:
            assert item == delivered
            delivered += 1

    run(main())
    assert delivered == 40
    assert most <= buffer


def test_a_consumer_that_waits_is_woken_once_for_all_that_comes_meanwhile():
    go, over = threading.Event(), threading.Event()

    def rows():
        wait_for(go)
        yield from range(100)
        over.set()

    async def main():
        loop = asyncio.get_running_loop()
        stream = ait.from_thread(rows())
        pull = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        call, calls = loop.call_soon_threadsafe, []
        loop.call_soon_threadsafe = lambda *args, **how: (calls.append(args), call(*args, **how))[1]
        go.set()
        wait_for(over)  # in the loop: it cannot react before
        assert await pull == 0
        assert await stream.head(98) == list(range(1, 99))
        woken = len(calls)
        assert await stream.list() == [99]
        return woken

    assert run(main()) == 1


def test_nobody_waits_for_a_batch_to_fill():
    source = Blocking(range(3), at=1)

    async def main():
        stream = ait.from_thread(source, batch=100)
        assert await anext(stream) == 0
        assert not source.go_on.is_set()
        source.go_on.set()
        return await stream.list()

    assert run(main()) == [1, 2]


def test_the_loop_goes_on_while_next_blocks():
    source = Blocking(range(1), at=0)

    async def main():
        reading = asyncio.ensure_future(ait.from_thread(source).list())
        await arrived(source.arrived)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not reading.done()
        source.go_on.set()
        return await reading

    assert run(main()) == [0]


# ---- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("buffer", [1, 100])
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_ended_in_each_next_it_is_closed_once_by_its_thread(at, how, buffer):
    source = Blocking(range(4), at=at)

    async def main():
        stream = ait.from_thread(source, buffer=buffer)
        got = []
        reading = asyncio.ensure_future(stream.for_each(got.append))
        await arrived(source.arrived)
        while len(got) < at:  # noqa: ASYNC110 - what it waits for is in another task
            await asyncio.sleep(0)
        if how == "cancelled":
            reading.cancel()
            ended = reading
        else:
            ended = asyncio.ensure_future(stream.aclose())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not ended.done()  # the thread is in next()
        source.go_on.set()
        await asyncio.wait([reading, ended])
        assert source.closed == 1
        assert reading.cancelled() == (how == "cancelled")
        assert got == list(range(at))
        assert await stream.list() == []

    run(main())
    assert len(source.threads) == 1
    assert source.read <= at + 1


def test_closing_ends_a_thread_that_waits_for_room():
    source = Blocking(range(1000))

    async def main():
        async with ait.from_thread(source, buffer=2) as stream:
            assert await anext(stream) == 0
        return source.closed

    assert run(main()) == 1
    assert source.read <= 4


def test_a_close_that_is_cancelled_leaves_the_thread_to_itself():
    source = Blocking(range(2), at=1)

    async def main():
        stream = ait.from_thread(source)
        assert await anext(stream) == 0
        await arrived(source.arrived)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.aclose(), 0.01)
        assert await stream.list() == []

    with no_threads():
        run(main())
        assert not source.closed
        source.go_on.set()
    assert source.closed == 1


def test_what_fails_when_nobody_waits_is_told_by_the_thread(monkeypatch):
    heard, said = [], threading.Event()

    def hook(args):
        heard.append(args.exc_value)
        said.set()

    monkeypatch.setattr(threading, "excepthook", hook)
    failure = OSError("close")
    source = Blocking(range(9), closing=failure)
    stream = ait.from_thread(source, buffer=2)
    assert run(stream.head(1)) == [0]
    del stream
    gc.collect()
    wait_for(said)
    assert heard == [failure]


def test_what_was_heard_is_not_told_by_the_thread(monkeypatch):
    """Also when the stream is gone before the thread is."""
    heard, gone, put_last = [], threading.Event(), Handover.put_last

    def slowly(handover, halt):
        put_last(handover, halt)
        wait_for(gone)

    monkeypatch.setattr(Handover, "put_last", slowly)
    monkeypatch.setattr(threading, "excepthook", heard.append)
    with no_threads():
        with pytest.raises(OSError, match=r"^close"):
            run(ait.from_thread(Blocking(range(3), closing=OSError("close"))).list())
        gc.collect()
        gone.set()
    assert heard == []


def test_a_dropped_stream_has_its_source_closed():
    source = Blocking(range(1000))
    with no_threads():
        stream = ait.from_thread(source, buffer=2)
        assert run(stream.head(1)) == [0]
        del stream
        gc.collect()
    assert source.closed == 1


def test_never_started_an_iterator_is_closed_but_not_in_the_loop():
    source = Blocking(range(3))
    run(ait.from_thread(source).aclose())
    assert source.closed == 1
    assert source.read == 0
    assert threading.get_ident() not in source.threads


def test_never_started_there_is_no_thread_for_what_cannot_be_closed(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", None)
    run(ait.from_thread([1, 2]).aclose())


def test_cancelling_each_pull_loses_nothing():
    async def main():
        stream = ait.from_thread(range(30), buffer=3)
        got = []
        while True:
            pull = asyncio.ensure_future(anext(stream, None))
            await asyncio.sleep(0)
            pull.cancel()
            await asyncio.wait([pull])
            if pull.cancelled():
                pull = asyncio.ensure_future(anext(stream, None))
            if (item := await pull) is None:
                return got
            got.append(item)

    assert run(main()) == list(range(30))


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError]
)
@pytest.mark.parametrize("at", [0, 2])
def test_an_error_comes_after_the_items_before_it_and_ends_the_stream(kind, at):
    source = Blocking(range(5), at=at, error=kind("boom"))
    source.go_on.set()

    async def main():
        stream = ait.from_thread(source)
        got = await stream.head(at)
        try:
            await anext(stream)
        except BaseException as error:  # noqa: BLE001 - whatever it is
            closed = source.closed
            return got, error, closed, await stream.list()

    got, error, closed, rest = run(main())
    assert got == list(range(at))
    assert error is source.error
    assert closed == 1
    assert rest == []


def test_an_error_has_the_traceback_of_the_thread_and_a_note():
    def rows():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone") as caught:
        run(ait.from_thread(rows()).list())
    assert caught.traceback[-1].name == "rows"
    assert caught.value.__notes__ == ["in aitertools: list <- from_thread(rows)"]


@pytest.mark.parametrize("stop", [StopAsyncIteration])
def test_what_would_mean_the_end_elsewhere_is_an_error(stop):
    source = Blocking([1], at=0, error=stop())
    source.go_on.set()
    with pytest.raises(RuntimeError):
        run(ait.from_thread(source).list())


def test_a_failing_iter_is_an_error_of_the_source():
    class Broken:
        def __iter__(self):
            raise OSError("no iterator")

    with pytest.raises(OSError, match="no iterator"):
        run(ait.from_thread(Broken()).list())


def test_a_failing_close_is_raised_where_the_end_is_found_or_by_aclose():
    async def main(n):
        stream = ait.from_thread(Blocking(range(3), closing=OSError("close")))
        got = await stream.head(n)
        with pytest.raises(OSError, match="close"):
            await (stream.aclose() if n < 3 else anext(stream))
        assert await stream.list() == []
        return got

    assert run(main(1)) == [0]
    assert run(main(3)) == [0, 1, 2]


def test_a_failing_close_does_not_hide_the_error_that_led_to_it():
    error, later = ValueError("first"), OSError("later")
    source = Blocking(range(3), at=1, error=error, closing=later)
    source.go_on.set()
    with pytest.raises(ValueError, match="first") as caught:
        run(ait.from_thread(source).list())
    assert caught.value.__context__ is later


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(TypeError, match=r"^from_thread\(\): 'int' object is not iterable$"):
        ait.from_thread(5)
    with pytest.raises(TypeError, match=r"^from_thread\(\): 'async_generator' object is not iter"):
        ait.from_thread(_ async for _ in ait.empty())
    with pytest.raises(ValueError, match=r"^from_thread\(\): buffer must be at least one$"):
        ait.from_thread([], buffer=0)
    with pytest.raises(ValueError, match=r"^from_thread\(\): batch must be at least one$"):
        ait.from_thread([], batch=0)
    with pytest.raises(TypeError, match=r"^from_thread\(\): buffer must be an integer, not str$"):
        ait.from_thread([], buffer="8")


# ---- beside asyncio, and at the end --------------------------------------------------------------


def test_it_runs_under_trio():
    trio = pytest.importorskip("trio")
    source = Blocking(range(20), at=5)
    got = []

    async def main():
        stream = ait.from_thread(source, buffer=3)
        got.extend(await stream.head(5))
        with trio.move_on_after(0) as scope:
            await anext(stream)
        assert scope.cancelled_caught
        source.go_on.set()
        got.extend(await stream.list())

    trio.run(main)
    assert got == list(range(20))
    assert source.closed == 1


def test_under_trio_a_cancelled_close_does_not_wait():
    trio = pytest.importorskip("trio")
    source = Blocking(range(3), at=1)

    async def main():
        stream = ait.from_thread(source)
        assert await anext(stream) == 0
        wait_for(source.arrived)
        with trio.move_on_after(0) as scope:
            await stream.aclose()
        assert scope.cancelled_caught

    trio.run(main)
    source.go_on.set()


def test_a_next_that_never_returns_does_not_keep_the_process():
    code = """
import asyncio, threading, aitertools as ait
def rows():
    yield 1
    threading.Event().wait()
async def main():
    print(await anext(ait.from_thread(rows())))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
