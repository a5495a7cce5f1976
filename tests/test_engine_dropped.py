"""Streams that are dropped with tasks open: what the collector takes, and what is said of it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress

import pytest

from aitertools import stream

from .under_way import begun, lingering, no_complaints, some_turns
from .virtual import run


@pytest.mark.parametrize("where", ["in a call", "idle"])
@pytest.mark.parametrize("closed", [False, True], ids=["in its loop", "its loop is closed"])
def test_the_collector_may_take_a_stream_with_its_workers(where, closed):
    class Owner:
        """It has the stream, and the stream, by its function, has it."""

        called = 0

        def __init__(self):
            self.results = stream(range(100)).map(self.call, concurrency=2, buffer=4)
            self.never = None

        async def call(self, item):
            Owner.called += 1
            if where == "in a call":
                self.never = asyncio.get_running_loop().create_future()
                await self.never
            return item

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        owner = Owner()
        loop.run_until_complete(begun(owner.results, turns=20))
        if closed:
            loop.close()
        before = Owner.called
        gone = weakref.ref(owner)
        del owner
        gc.collect()
        if not closed:
            loop.run_until_complete(some_turns())
        gc.collect()
        assert gone() is None
        assert not asyncio.all_tasks(loop)
        assert Owner.called == before
        loop.close()


@pytest.mark.parametrize("reader", ["map", "merge", "buffer", "take_until"])
def test_nothing_is_said_of_a_coroutine_that_the_collector_closes_while_it_is_cancelled(reader):
    """As it may in another thread, without the GIL."""

    async def source():
        yield 0
        await asyncio.get_running_loop().create_future()

    async def never():
        await asyncio.get_running_loop().create_future()

    async def main():
        results = {
            "map": lambda: stream(range(9)).map(lingering, concurrency=2),
            "merge": lambda: stream(source()).merge(source()),
            "buffer": lambda: stream(source()).buffer(2),
            "take_until": lambda: stream([0]).chain(source()).take_until(never()),
        }[reader]()
        await begun(results)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert tasks
        for task in tasks:
            with suppress(RuntimeError):
                task.get_coro().close()
            task.cancel()
        await some_turns()
        assert not asyncio.all_tasks() - {asyncio.current_task()}
        return results

    with asyncio.Runner() as runner, no_complaints(runner.get_loop()):
        results = runner.run(main())
        del results


class Alarm(BaseException):
    pass


@pytest.mark.parametrize("error", [KeyError, Alarm])
def test_of_calls_that_fail_when_the_stream_is_dropped_only_a_base_exception_is_told(error):
    """As asyncio tells of a task; what is an outcome is dropped with the other outcomes."""
    said = []

    async def call(item):
        try:
            await asyncio.sleep(9)
        finally:
            raise error(item)

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        results = stream(range(9)).map(call, concurrency=2)
        await begun(results)
        del results
        gc.collect()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
    gc.collect()
    told = [(each["message"], str(each["exception"])) for each in said]
    assert sorted(told) == (
        [("a stream's task failed", str(n)) for n in (0, 1)] if error is Alarm else []
    )
