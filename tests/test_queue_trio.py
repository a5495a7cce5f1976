"""Queues under trio: the tasks of one run, and threads."""

from __future__ import annotations

import queue as stdlib

import pytest
import trio
import trio.testing

import aitertools as ait
from aitertools import QueueShutDown, stream

from .oracle import listed
from .queues import drained, each_of_ours, filled, in_order

blocked = trio.testing.wait_all_tasks_blocked


def run(main):
    return trio.run(main)


async def keep(results, awaitable):
    """Await it, and keep what came of it."""
    try:
        results.append(await awaitable)
    except (ait.QueueShutDown, OSError) as error:
        results.append(type(error))


@each_of_ours
def test_producers_and_consumers_pass_everything_on(kind):
    async def main():
        queue, parts = kind(2), []

        async def produce(start):
            for n in range(start, start + 20):
                await queue.put(n)

        async with trio.open_nursery() as consumers:
            for _ in range(3):
                consumers.start_soon(keep, parts, listed(queue))
            async with trio.open_nursery() as producers:
                producers.start_soon(produce, 0)
                producers.start_soon(produce, 20)
                producers.start_soon(queue.put_many, range(40, 60))
            queue.shutdown()
        return sorted(item for part in parts for item in part)

    assert run(main) == list(range(60))


@each_of_ours
def test_get_waits_for_an_item_and_put_for_room(kind):
    async def main():
        queue, got = kind(1), []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep, got, queue.get())
            await blocked()
            assert queue.stats().getting == 1
            assert got == []
            await queue.put("a")
        await queue.put("b")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.put, "c")
            await blocked()
            assert queue.stats()[:3] == (1, 0, 1)
            got.append(await queue.get())
        return [*got, *drained(queue)]

    assert run(main) == ["a", "b", "c"]


def test_getters_are_served_in_the_order_in_which_they_came():
    async def main():
        queue, got = ait.Queue(), []

        async def get(name):
            got.append((name, await queue.get()))

        async with trio.open_nursery() as nursery:
            for name in "abcd":
                nursery.start_soon(get, name)
                await blocked()
            for n in range(4):
                queue.put_nowait(n)
                await blocked()
        return got

    assert run(main) == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]


@pytest.mark.parametrize("called", [False, True])
def test_a_cancelled_getter_leaves_the_item_to_the_next(called):
    """Or, being called already, it takes it: trio cancels what still waits only."""

    async def main():
        queue, got = ait.Queue(), []

        async def get(scope):
            with scope:
                got.append(await queue.get())

        async with trio.open_nursery() as nursery:
            first, second = trio.CancelScope(), trio.CancelScope()
            for scope in (first, second):
                nursery.start_soon(get, scope)
                await blocked()
            if called:
                queue.put_nowait("a")
            first.cancel()
            await blocked()
            if not called:
                queue.put_nowait("a")
            await blocked()
            second.cancel()
        assert queue.stats() == (0, 0, 0, 1, 1, 0)
        return got

    assert run(main) == ["a"]


def test_a_timeout_takes_and_puts_nothing():
    async def main():
        queue = ait.Queue(1)
        with trio.move_on_after(0) as scope:
            await queue.get()
        assert scope.cancelled_caught
        queue.put_nowait(1)
        putting = queue.put_many([2, 3])
        with trio.move_on_after(0) as scope:
            await putting
        assert scope.cancelled_caught
        assert queue.stats()[:3] == (1, 0, 0)
        assert putting.rest == [2, 3]

    run(main)


def test_a_shutdown_is_told_to_all_who_wait():
    async def main():
        empty, full, told = ait.Queue(), filled(ait.Queue, [1], 1), []
        async with trio.open_nursery() as nursery:
            for asked in (empty.get(), empty.get_many(2), full.put(1), listed(empty)):
                nursery.start_soon(keep, told, asked)
            await blocked()
            empty.shutdown()
            full.shutdown(error=OSError("lost"))
            await blocked()
            with pytest.raises(QueueShutDown):
                await empty.get()
        return told

    told = run(main)
    assert told.count(QueueShutDown) == 3
    assert told.count([]) == 1


def test_join_waits_until_all_is_done():
    async def main():
        queue = filled(ait.Queue, range(3))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.join)
            nursery.start_soon(queue.join)
            for _ in range(3):
                await blocked()
                assert len(nursery.child_tasks) == 2
                await queue.get()
                queue.task_done()

    run(main)


@each_of_ours
def test_a_stream_of_it_can_be_cancelled_and_gone_on_with(kind):
    async def main():
        queue = filled(kind, [2, 1])
        batches = stream(queue).batched(3)
        with trio.move_on_after(0) as scope:
            await anext(batches)
        assert scope.cancelled_caught
        queue.put_nowait(3)
        assert await anext(batches) == (*in_order(kind, [2, 1]), 3)
        await batches.aclose()
        assert queue.stats().getting == 0

    run(main)


@pytest.mark.parametrize("maxsize", [0, 1])
def test_threads_and_tasks_share_it(maxsize):
    async def main():
        queue = ait.Queue(maxsize)
        back = ait.Queue(maxsize)

        def relay():
            for item in queue.sync:
                back.sync.put(item)
            back.sync.shutdown()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, relay)
            nursery.start_soon(queue.put_many, range(100))
            got = [await back.get() for _ in range(100)]
            queue.shutdown()
        return got

    assert run(main) == list(range(100))


def test_what_would_block_the_run_is_a_runtime_error():
    async def main():
        queue = ait.Queue(1)
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            queue.sync.get()
        with pytest.raises(stdlib.Empty):
            queue.sync.get(timeout=0.001)
        queue.sync.put(1)
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            queue.sync.put(2)
        assert queue.sync.get() == 1
        assert queue.stats()[:3] == (0, 0, 0)

    run(main)


def test_a_queue_outlives_the_runs_it_is_used_in():
    queue = ait.Queue(1)

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.put_many, "ab")
            return [await queue.get() for _ in "ab"]

    assert run(main) == run(main) == ["a", "b"]


def test_a_getter_that_was_left_in_a_run_that_is_over_does_not_keep_the_call():
    queue = ait.Queue()
    left = queue.get()

    async def begin():
        left.send(None)

    async def main():
        async with trio.open_nursery() as nursery:
            got = []
            nursery.start_soon(keep, got, queue.get())
            await blocked()
            queue.put_nowait(1)
        return got

    run(begin)
    assert run(main) == [1]
    left.close()
    assert queue.stats().getting == 0
