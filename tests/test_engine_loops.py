"""Streams with pulls or calls under way in a loop that ends, or that is not the one which asks."""

from __future__ import annotations

import asyncio
import threading

import pytest

import aitertools as ait
from aitertools import stream, testing
from aitertools.runtime.endings import over
from aitertools.runtime.loop import silence

from .under_way import begun, close, first, no_complaints, some_turns
from .virtual import run

# ---- a pull under way ----------------------------------------------------------------------------


def same(item):
    return item


async def waits(item):
    await asyncio.sleep(0)
    return item


OPERATORS = {
    "map": lambda s: s.map(same, concurrency=2),
    "map(async)": lambda s: s.map(waits, concurrency=2),
    "buffer": lambda s: s.buffer(2),
    "buffer(latest)": lambda s: s.buffer(overflow="latest"),
    "conflate": lambda s: s.conflate(max),
    "merge": lambda s: ait.merge(s, ait.never()),
    "flatten": lambda s: s.map(lambda item: [item]).flatten(concurrency=2),
    "switch_map": lambda s: s.switch_map(lambda item: [item]),
    "race": lambda s: ait.race(s, ait.never()),
    "zip": lambda s: ait.zip(s, ait.count(), concurrent=True),
    "zip_latest": lambda s: ait.zip_latest(s, [0]),
    "with_latest_from": lambda s: s.with_latest_from([0]),
    "timeout": lambda s: s.timeout(99),
    "deadline": lambda s: s.deadline(99),
    "heartbeat": lambda s: s.heartbeat(99, "beat"),
    "take_until": lambda s: s.take_until(asyncio.sleep(99)),
    "delay": lambda s: s.delay(1),
    "debounce": lambda s: s.debounce(1),
    "sample": lambda s: s.sample(1),
    "batched": lambda s: s.batched(3, within=1),
    "throttle": lambda s: s.throttle(1),
    "rate_limit": lambda s: s.rate_limit(3),
}


class Source:
    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(50)
        return "a"


async def ask(subject, seconds=9):
    """Leave a pull under way."""
    asking = asyncio.ensure_future(anext(subject))
    await asyncio.sleep(seconds)
    asking.cancel()
    await asyncio.wait([asking])


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
@pytest.mark.parametrize("name", OPERATORS)
def test_who_asks_in_another_loop_is_told_that_nothing_will_come(name, closed):
    """He waited for ever: nobody goes on there with the pull."""
    subject = OPERATORS[name](stream(Source()))

    async def main():
        with pytest.raises(RuntimeError, match="event loop"):
            await anext(subject)
        if closed:
            await subject.aclose()

    loop = testing.VirtualLoop()
    loop.run_until_complete(ask(subject))
    if closed:
        loop.close()
    testing.run(main())
    if not closed:  # there it goes on
        assert loop.run_until_complete(anext(subject)) is not None
        loop.run_until_complete(subject.aclose())
        loop.close()


def test_what_came_before_is_delivered_first():
    async def main():
        assert await anext(subject) == ("a",)
        with pytest.raises(RuntimeError, match="event loop"):
            await anext(subject)
        await subject.aclose()

    subject = stream(Source()).batched(3, within=9)
    loop = testing.VirtualLoop()
    loop.run_until_complete(ask(subject, 55))
    loop.close()
    testing.run(main())


def test_the_end_of_a_task_whose_loop_is_closed_is_not_waited_for():
    """It was looked for again and again, without a turn of the loop."""
    loop = testing.VirtualLoop()
    task = loop.create_task(asyncio.sleep(9))
    loop.run_until_complete(asyncio.sleep(1))
    loop.close()
    assert testing.run(over([task], set())) is None
    silence(task)


READERS = {
    "tee": lambda s: s.tee(2),
    "partition": lambda s: s.partition(lambda item: True),
    "share": lambda s: (shared := s.share(), [shared.subscribe(), shared.subscribe()])[1],
}


@pytest.mark.parametrize("name", READERS)
def test_the_readers_of_a_source_that_was_pulled_in_a_loop_that_is_closed_do_not_wait(name):
    readers = READERS[name](stream(Source()))

    async def main():
        for reader in readers:
            with pytest.raises(RuntimeError, match=r"the event loop .* is closed"):
                await anext(reader)
        for reader in readers:
            await reader.aclose()

    loop = testing.VirtualLoop()
    loop.run_until_complete(ask(readers[0]))
    loop.close()
    testing.run(main())


# ---- calls in flight, and workers that wait ------------------------------------------------------


def test_the_shutdown_of_a_loop_begins_no_more_calls():
    """It cancels all tasks; what took their place would be left behind."""
    called = []

    async def forever(item):
        called.append(item)
        await asyncio.get_running_loop().create_future()

    async def main(results):
        consumer = asyncio.ensure_future(first(results))
        await some_turns()
        return consumer

    with asyncio.Runner() as runner, no_complaints(runner.get_loop()):
        results = stream(range(100)).map(forever, concurrency=2, buffer=4)
        runner.run(main(results))
        runner.close()
        assert called == [0, 1]
        results = None  # dropped


def test_a_loop_may_be_closed_with_calls_in_flight():
    """As by run_until_complete() and close(): nothing is cancelled then."""
    called = []

    async def forever(item):
        called.append(item)
        await asyncio.get_running_loop().create_future()

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        results = stream(range(100)).map(forever, concurrency=2, buffer=4)
        loop.run_until_complete(begun(results))
        loop.close()

        async def later():
            with pytest.raises(RuntimeError, match="another event loop"):
                await anext(results)
            await results.aclose()

        run(within(later()))
        assert called == [0, 1]
        results = None  # dropped


async def within(awaitable):
    async with asyncio.timeout(9):
        return await awaitable


def test_a_loop_may_be_closed_with_workers_that_wait():
    async def call(item):
        await asyncio.sleep(0)
        return item

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        results = stream(range(100)).map(call, concurrency=2, buffer=4)
        assert loop.run_until_complete(results.head(3)) == [0, 1, 2]
        loop.run_until_complete(some_turns(20))
        loop.close()

        async def later():
            for item in range(3, 7):  # what is there already
                assert await anext(results) == item
            with pytest.raises(RuntimeError, match="another event loop"):
                await results.list()
            assert await results.list() == []

        run(within(later()))
        results = None  # dropped


def test_a_stream_may_be_closed_from_the_loop_of_another_thread():
    home = asyncio.new_event_loop()
    results = stream(range(100)).map(lingering_really, concurrency=2)
    home.run_until_complete(begun(results))
    thread = threading.Thread(target=home.run_forever)
    thread.start()
    try:
        asyncio.run(within(close(results)))
        assert not asyncio.all_tasks(home)
    finally:
        home.call_soon_threadsafe(home.stop)
        thread.join()
        home.close()


async def lingering_really(item):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await asyncio.sleep(0)
