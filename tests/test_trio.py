"""The core under trio: it only forwards what awaitables yield, so nothing has to know of it."""

from __future__ import annotations

import contextvars

import pytest
import trio
import trio.testing

import aitertools as ait
from aitertools import stream

from .catalogue import ENTRIES
from .oracle import listed, pulls
from .rig import each


def run(main, *args):
    """Run on trio; what is not closed properly gives a warning there, which is an error here."""
    return trio.run(main, *args)


async def paced(items):
    for item in items:
        await trio.lowlevel.checkpoint()
        yield item
    await trio.lowlevel.checkpoint()


def paced_function(fn):
    async def twin(*args):
        await trio.lowlevel.checkpoint()
        return fn(*args)

    return twin


class Source:
    """Keeps its items when it is cancelled, and suspends while it closes."""

    def __init__(self, items):
        self.items, self.closes = iter(items), 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        await trio.lowlevel.checkpoint()
        for item in self.items:
            return item
        raise StopAsyncIteration

    async def aclose(self):
        self.closes += 1
        await trio.lowlevel.checkpoint()


@each(ENTRIES)
def test_gives_what_the_original_gives(entry):
    async def main(source, paint):
        built = entry.build(paint, *map(source, entry.examples))
        if not entry.reduces:
            async with built:  # its tasks need one, if it has any
                return await pulls(built)
        try:
            async with ait.empty():
                return [await built]
        except ValueError:
            return entry.expected(*entry.examples)

    for paint in (lambda fn: fn, paced_function):
        for source in (paced, Source, list):
            assert run(main, source, paint) == entry.expected(*entry.examples)


def test_a_cancelled_pull_leaves_the_stream_usable():
    async def main():
        source = Source("abc")
        letters = stream(source).map(str.upper).batched(2)
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(letters)
        assert scope.cancelled_caught
        assert source.closes == 0
        assert await letters.list() == [("A", "B"), ("C",)]
        assert source.closes == 1

    run(main)


def test_a_cancelled_reducer_closes_its_stream():
    async def main():
        source = Source(iter(int, 1))
        with trio.move_on_after(0) as scope:
            await stream(source).map(abs).drain()
        assert scope.cancelled_caught
        assert source.closes == 1

    run(main)


def test_async_with_closes_a_generator_in_a_cancelled_scope():
    async def main():
        ended = []

        async def source():
            try:
                while True:
                    await trio.lowlevel.checkpoint()
                    yield 1
            finally:
                with trio.CancelScope(shield=True):
                    await trio.lowlevel.checkpoint()
                ended.append(trio.lowlevel.current_task())

        with trio.CancelScope() as scope:
            async with stream(source()).map(abs) as ones:
                async for _ in ones:
                    scope.cancel()

        assert ended == [trio.lowlevel.current_task()]

    run(main)


def test_a_source_may_hold_a_cancel_scope():
    """All its steps are in the one task that consumes."""

    async def patient():
        with trio.move_on_after(60):
            for n in range(3):
                await trio.lowlevel.checkpoint()
                yield n

    async def main():
        return await stream(patient()).map(abs).zip(paced("abc")).list()

    assert run(main) == [(0, "a"), (1, "b"), (2, "c")]


def test_a_source_may_hold_a_nursery():
    async def nursing():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
            yield 1
            yield 2

    async def main():
        return await stream(nursing()).map(abs).list()

    assert run(main) == [1, 2]


def test_memory_channels_are_sources():
    async def main():
        send, receive = trio.open_memory_channel(2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fill, send)
            return await stream(receive).map(abs).list()

    async def fill(send):
        async with send:
            for n in range(5):
                await send.send(-n)

    assert run(main) == [0, 1, 2, 3, 4]


def test_a_stream_that_is_always_ready_gives_way():
    async def main():
        turns = 0

        async def others():
            nonlocal turns
            for turns in range(1, 4):  # noqa: B007 - looked at below
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(others)
            async with ait.count().map(abs) as ones:
                async for _ in ones:
                    if turns == 3:
                        break

    run(main)


def test_a_stream_that_is_always_ready_can_be_cancelled():
    async def main():
        with trio.move_on_after(0) as scope:
            await ait.count().map(abs).drain()
        assert scope.cancelled_caught

    run(main)


def test_two_tasks_at_once_are_refused():
    async def waiting(event):
        await event.wait()
        yield 1

    async def main():
        event = trio.Event()
        numbers = stream(waiting(event))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listed, numbers)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(RuntimeError, match="already running"):
                await anext(numbers)
            event.set()

    run(main)


def test_never_waits_until_it_is_cancelled():
    async def main():
        with trio.move_on_after(0) as scope:
            await ait.never().first()
        assert scope.cancelled_caught

    run(main)


def test_functions_see_the_context_of_the_consumer():
    colour = contextvars.ContextVar("colour", default="none")

    async def main():
        colour.set("mine")
        return await stream("ab").map(paced_function(lambda _: colour.get())).list()

    assert run(main) == ["mine", "mine"]


@pytest.mark.parametrize("point", range(8))
def test_the_readers_of_a_tee_wait_for_each_other_and_survive_a_cancelled_leader(point):
    async def main():
        source = Source(range(5))
        one, other, third = stream(source).tee(3)
        found = {}

        async def read(name, branch):
            found[name] = await listed(branch)

        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(read, "other", other)
                async with trio.open_nursery() as leaders:
                    leaders.start_soon(read, "one", one)
                    for _ in range(point):
                        await trio.lowlevel.checkpoint()
                    scope.cancel()
            await read("third", third)

        assert found.pop("one", [*range(5)]) == [*range(5)]
        assert found == {"other": [*range(5)], "third": [*range(5)]}
        await one.aclose()
        assert source.closes == 1

    run(main)


def test_topics_are_published_and_read_in_tasks_of_a_run():
    async def main():
        topic, found = ait.Topic(maxlag=2), []

        async def read(subscriber):
            found.append(await listed(subscriber))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(read, topic.subscribe())
            for i in range(6):
                await topic.publish(i)
            topic.shutdown()

        assert found == [[*range(6)]] * 3

    run(main)


@pytest.mark.parametrize("point", range(8))
def test_sharing_work_loses_nothing_with_a_cancelled_worker(point):
    async def main():
        shared, found = stream(Source(range(8))).share(balance=True), []

        async def work(subscriber):
            async for item in subscriber:
                found.append(item)  # noqa: PERF401 - it is cancelled half-way

        async with trio.open_nursery() as nursery:
            workers = [shared.subscribe() for _ in range(3)]
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as first:
                    first.start_soon(work, workers[0])
                    nursery.start_soon(work, workers[1])
                    nursery.start_soon(work, workers[2])
                    for _ in range(point):
                        await trio.lowlevel.checkpoint()
                    scope.cancel()

        assert sorted(found) == [*range(8)]
        await shared.aclose()

    run(main)
