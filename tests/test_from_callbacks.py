"""from_callbacks: what is pushed, from wherever, is read in order; a late push does no harm."""

from __future__ import annotations

import asyncio
import threading

import pytest

import aitertools as ait

from .bridges import PATIENCE, no_threads


@pytest.fixture(autouse=True)
def _no_threads():
    with no_threads():
        yield


def run(main):
    return asyncio.run(asyncio.wait_for(main, PATIENCE))


def test_what_threads_push_is_read_in_the_order_of_each():
    async def main():
        events = ait.from_callbacks(buffer=4)

        def push(name):
            assert all(events.push((name, i)) for i in range(200))

        threads = [threading.Thread(target=push, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        got = await ait.stream(events).head(600)
        assert events.finish()
        assert await ait.stream(events).list() == []
        return got

    got = run(main())
    for name in "abc":
        assert [i for each, i in got if each == name] == list(range(200))


def test_a_consumer_that_waits_is_woken_by_a_push_of_another_thread():
    async def main():
        events = ait.from_callbacks()
        pull = asyncio.ensure_future(anext(aiter(events)))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(events.push, None)
        return await pull

    assert run(main()) is None


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_after_the_end_nothing_is_taken_and_nothing_raised(end):
    error = OSError("lost")
    events = ait.from_callbacks()
    assert events.push(1)
    assert events.finish() if end == "finish" else events.fail(error)
    assert [events.push(2), events.finish(), events.fail(ValueError())] == [False] * 3

    async def main():
        stream = ait.stream(events)
        got = [await anext(stream)]
        try:
            got += await stream.list()
        except OSError as caught:
            got.append(caught)
        return got, await stream.list()

    assert run(main()) == ([1] if end == "finish" else [1, error], [])


def test_when_it_is_full_the_loop_gets_an_error_and_a_thread_waits():
    async def main():
        events = ait.from_callbacks(buffer=1)
        assert events.push("a")
        with pytest.raises(ait.QueueFull):
            events.push("b")
        pushing = asyncio.ensure_future(asyncio.to_thread(events.push, "c"))
        got = await ait.stream(events).head(2)
        return got, await pushing

    assert run(main()) == (["a", "c"], True)


def test_closing_lets_a_push_go_that_waits_for_room():
    async def main():
        events = ait.from_callbacks(buffer=1)
        assert events.push("a")
        waits = threading.Event()

        def push():
            waits.set()
            return events.push("b")

        pushing = asyncio.ensure_future(asyncio.to_thread(push))
        await asyncio.to_thread(waits.wait, PATIENCE)
        await events.aclose()
        return await pushing, events.push("c")

    assert run(main()) == (False, False)


@pytest.mark.parametrize(
    ("overflow", "kept", "gone"),
    [("drop_oldest", ["b", "c"], ["a"]), ("drop_newest", ["a", "b"], ["c"])],
)
def test_what_is_dropped_is_told(overflow, kept, gone):
    dropped = []
    events = ait.from_callbacks(buffer=2, overflow=overflow, on_dropped=dropped.append)
    for item in "abc":
        events.push(item)
    events.finish()
    assert run(ait.stream(events).list()) == kept
    assert dropped == gone


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("end", ["aclose", "finish", "async with", "reducer", "never read"])
def test_the_subscription_is_removed_once(end, is_async):
    removed, dropped = [], []

    def remove():
        removed.append(True)
        return asyncio.sleep(0) if is_async else None

    async def main():
        events = ait.from_callbacks(on_close=remove, on_dropped=dropped.append)
        events.push(1)
        events.push(2)
        if end == "aclose":
            assert await ait.stream(events).head(1) == [1]
            await events.aclose()
        elif end == "finish":
            events.finish()
            assert [event async for event in events] == [1, 2]
        elif end == "async with":
            async with events as entered:
                assert entered is events
                assert await ait.stream(events).head(1) == [1]
        elif end == "reducer":
            assert await ait.stream(events).first() == 1
        await events.aclose()
        return events.push(3)

    assert run(main()) is False
    assert removed == [True]
    assert dropped == {"finish": [], "never read": [1, 2]}.get(end, [2])


def test_an_error_of_the_subscription_is_raised_by_the_close_and_masks_nothing():
    async def main():
        with pytest.raises(ZeroDivisionError):
            await ait.from_callbacks(on_close=lambda: 1 / 0).aclose()
        with pytest.raises(KeyError) as caught:
            async with ait.from_callbacks(on_close=lambda: 1 / 0):
                raise KeyError
        assert isinstance(caught.value.__context__, ZeroDivisionError)

    run(main())


def test_cancelling_each_pull_loses_nothing():
    async def main():
        events = ait.from_callbacks()
        stream, got = ait.stream(events), []
        for i in range(20):
            pull = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            events.push(i)
            pull.cancel()
            await asyncio.wait([pull])
            got.append(await anext(stream) if pull.cancelled() else pull.result())
        return got

    assert run(main()) == list(range(20))


def test_it_is_read_under_trio():
    trio = pytest.importorskip("trio")

    async def main():
        events = ait.from_callbacks(buffer=2)

        def push():
            for i in range(20):
                events.push(i)
            events.finish()

        threading.Thread(target=push).start()
        return await ait.stream(events).list()

    assert trio.run(main) == list(range(20))


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(ValueError, match=r"^from_callbacks\(\): buffer must be at least one$"):
        ait.from_callbacks(buffer=0)
    with pytest.raises(ValueError, match=r"^from_callbacks\(\): overflow must be 'wait', 'drop_o"):
        ait.from_callbacks(overflow="burst")
    with pytest.raises(TypeError, match=r"^from_callbacks\(\): 'int' object is not callable$"):
        ait.from_callbacks(on_close=1)
    with pytest.raises(TypeError, match=r"^from_callbacks\(\): 'int' object is not callable$"):
        ait.from_callbacks(on_dropped=1)
    with pytest.raises(TypeError, match=r"^fail\(\): error must be an exception, not int$"):
        ait.from_callbacks().fail(5)
    with pytest.raises(TypeError, match=r"^fail\(\): error must not be a StopIteration, which"):
        ait.from_callbacks().fail(StopIteration(5))
