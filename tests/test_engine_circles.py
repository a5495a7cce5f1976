"""A function, or a source, that waits for a task that closes the stream which waits for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import trio

from aitertools import anext as anext_
from aitertools import stream

from .under_way import begun
from .virtual import on_trio, run


async def by_itself(closing):
    await closing


async def by_wait_for(closing):
    await asyncio.wait_for(closing, 60)


async def by_group(closing):
    async with asyncio.TaskGroup() as group:
        group.create_task(by_itself(closing))
        await asyncio.get_running_loop().create_future()


async def by_shield(closing):
    await asyncio.shield(closing)


WAYS = [by_itself, asyncio.gather, by_wait_for, by_group, asyncio.wait, by_shield]

READERS = {
    "merge": lambda source: source.merge([7]),
    "buffer": lambda source: source.buffer(2),
    "timeout": lambda source: source.timeout(9),
    "debounce": lambda source: source.debounce(9),
    "tee": lambda source: source.tee(1)[0],
    "anext": lambda source: source,
}


class Circle:
    """A stream with something in it that waits for the task that closes it."""

    def __init__(self, way):
        self.way = way
        self.seen = []
        self.results = None
        self.over = asyncio.Event()

    def tell(self, what):
        self.seen.append(what)
        if len(self.seen) == 3:
            self.over.set()

    async def close(self):
        try:
            await self.results.aclose()
        finally:
            self.tell("closer")

    async def wait(self):
        closing = asyncio.ensure_future(self.close())
        try:
            await self.way([closing] if self.way is asyncio.wait else closing)
        except asyncio.CancelledError:
            self.tell("cancelled")
            raise

    async def call(self, item):
        await asyncio.sleep(1)
        await self.wait()

    async def source(self):
        try:
            for item in range(9):
                await asyncio.sleep(1)
                yield item
        finally:
            self.tell("source")

    async def closing_source(self):
        try:
            await asyncio.sleep(1)
            await self.wait()
            yield 0
        finally:
            self.tell("source")

    async def check(self):
        """Nothing hangs: each is cancelled, and closed, once."""
        async with asyncio.timeout(60):
            await self.over.wait()
            assert await anext(self.results, "end") == "end"
        await asyncio.sleep(1)
        assert sorted(self.seen) == ["cancelled", "closer", "source"]
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("asked", [False, True], ids=["", "while an item is awaited"])
@pytest.mark.parametrize("way", WAYS)
def test_a_function_that_waits_for_the_closing_of_its_stream_is_cancelled(way, asked):
    async def main():
        circle = Circle(way)
        circle.results = stream(circle.source()).map(circle.call, concurrency=1)
        if asked:
            assert await anext(circle.results, "end") == "end"
        else:
            await begun(circle.results)
        await circle.check()

    run(main())


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("way", WAYS)
def test_a_source_that_waits_for_the_closing_of_its_stream_is_cancelled(way, reader):
    async def main():
        circle = Circle(way)
        circle.results = READERS[reader](stream(circle.closing_source()))
        if reader == "merge":
            assert await anext(circle.results) == 7
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(circle.results)
        await circle.check()

    async def pumped():
        """A timed pull has a task of its own, from then on."""
        circle = Circle(way)
        circle.results = stream(circle.closing_source())
        with pytest.raises(TimeoutError):
            await anext_(circle.results, timeout=0.5)
        await circle.check()

    run(pumped() if reader == "anext" else main())


def test_several_calls_may_wait_for_the_one_task_that_closes():
    seen = []

    async def main():
        async def call(item):
            await asyncio.sleep(1)
            try:
                await closing
            except asyncio.CancelledError:
                seen.append(item)
                raise

        async def close():
            await asyncio.sleep(2)
            await results.aclose()

        results = stream(range(9)).map(call, concurrency=3)
        closing = asyncio.ensure_future(close())
        await begun(results)
        await asyncio.wait([closing], timeout=60)
        assert closing.cancelled()
        await asyncio.sleep(1)
        assert seen == [0, 1, 2]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_on_trio_a_call_whose_own_child_closes_the_stream_is_not_waited_for():
    seen = []

    async def main():
        async def call(item):
            await trio.sleep(2)  # until nobody asks
            async with trio.open_nursery() as nursery:
                nursery.start_soon(results.aclose)
            seen.append(item)

        async with stream(range(9)).map(call, concurrency=1) as results:
            with trio.move_on_after(1):
                await anext(results, None)
            await trio.sleep(2)
            assert await anext(results, "end") == "end"
            assert seen == [0]

    on_trio(main)
