"""as_completed and gather: awaitables, their results as they come or in order."""

from __future__ import annotations

import asyncio
import gc
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import zoo
from .oracle import Failed, pulls
from .virtual import now, run

times = st.lists(st.integers(0, 5), max_size=8)


async def wait(seconds, result=None):
    await asyncio.sleep(seconds)
    return seconds if result is None else result


async def fail(seconds):
    await asyncio.sleep(seconds)
    raise zoo.SourceError(seconds)


CONSUMERS = {
    "as_completed": lambda awaitables, limit: ait.as_completed(awaitables, limit).list(),
    "gather": ait.gather,
}


# ---- against asyncio -----------------------------------------------------------------------------


@given(data=times)
def test_without_a_limit_they_give_what_those_of_asyncio_give(data):
    """And when those give it."""

    async def main():
        assert await ait.gather([wait(n) for n in data]) == await asyncio.gather(*map(wait, data))
        begun = now()
        completing = asyncio.as_completed([wait(n) for n in data])
        expected = [(await each, now() - begun) for each in completing]
        begun = now()
        came = [(item, now() - begun) async for item in ait.as_completed([wait(n) for n in data])]
        assert came == expected

    run(main())


@given(data=times, limit=st.integers(1, 4))
def test_with_a_limit_they_give_what_a_semaphore_would(data, limit):
    """Never more under way, begun in their order, and no later."""

    async def main():
        semaphore, begun = asyncio.Semaphore(limit), now()

        async def one(n):
            async with semaphore:
                return await wait(n)

        expected = await asyncio.gather(*map(one, data))
        took, begun, most, under_way, order = now() - begun, now(), 0, 0, []

        async def counted(i, n):
            nonlocal most, under_way
            order.append(i)
            under_way += 1
            most = max(most, under_way)
            await wait(n)
            under_way -= 1
            return n

        assert await ait.gather((counted(*each) for each in enumerate(data)), limit) == expected
        assert now() - begun == took
        assert most == min(limit, len(data))
        assert order == sorted(order)
        completed = ait.as_completed(map(wait, data), limit)
        assert sorted(await completed.list()) == sorted(expected)

    run(main())


def test_tasks_and_futures_are_awaitables_too():
    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(2, future.set_result, "future")
        awaitables = [loop.create_task(wait(3, "task")), future, wait(1, "coroutine")]
        assert await ait.as_completed(awaitables).list() == ["coroutine", "future", "task"]
        assert await ait.gather(awaitables[:2]) == ["task", "future"]

    run(main())


# ---- when it ends early --------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, 1, 2, 10])
def test_the_first_error_ends_gather_and_the_others_are_over_then(limit):
    """No coroutine is left that was never awaited, and nothing goes on."""
    ended = []

    async def slow(n):
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(5)
            ended.append(n)

    async def main():
        coroutines = [wait(0), fail(2), *map(slow, range(6))]
        with pytest.raises(zoo.SourceError) as raised:
            await ait.gather(coroutines, limit)
        assert raised.value.__context__ is None
        under_way = {None: 6, 1: 0, 2: 1, 10: 6}[limit]
        assert sorted(ended) == [*range(under_way)]
        assert now() == (7 if under_way else 2)
        assert {inspect.getcoroutinestate(c) for c in coroutines} == {inspect.CORO_CLOSED}

    run(main())
    gc.collect()  # a warning would be an error


@pytest.mark.parametrize("name", CONSUMERS)
@pytest.mark.parametrize("limit", [None, 1, 2])
def test_cancelled_in_any_turn_nothing_is_left(name, limit):
    """Neither a task, nor a coroutine that nobody has awaited."""

    async def main(turns):
        coroutines = [wait(1) for _ in range(4)]
        task = asyncio.ensure_future(CONSUMERS[name](coroutines, limit))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert {inspect.getcoroutinestate(c) for c in coroutines} == {inspect.CORO_CLOSED}

    for turns in range(1, 12):
        run(main(turns))
        gc.collect()


def test_closing_and_dropping_close_what_has_not_begun():
    async def main():
        for way in ("close", "close unstarted", "drop"):
            coroutines = [wait(n) for n in (1, 2, 3, 4)]
            completed = ait.as_completed(coroutines, limit=2)
            if way != "close unstarted":
                assert await anext(completed) == 1
            if way != "drop":
                await completed.aclose()
            del completed
            gc.collect()
            await asyncio.sleep(0.5)  # what was dropped ends by itself
            assert {inspect.getcoroutinestate(c) for c in coroutines} == {inspect.CORO_CLOSED}, way

    run(main())
    gc.collect()


def test_tasks_that_nobody_awaits_yet_are_cancelled():
    async def main():
        tasks = [asyncio.create_task(wait(n)) for n in (10, 20, 30)]
        completed = ait.as_completed(tasks, limit=1)
        pull = asyncio.ensure_future(anext(completed))
        await asyncio.sleep(1)
        pull.cancel()
        await asyncio.wait([pull])
        await completed.aclose()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        assert now() == 1

    run(main())


def test_errors_of_as_completed_come_in_their_place_and_end_nothing():
    async def main():
        answers = await pulls(ait.as_completed([wait(3), fail(2), wait(1), 7]))
        assert answers == [Failed(TypeError), 1, Failed(zoo.SourceError), 3]

    run(main())


def test_an_awaitable_that_was_cancelled_by_somebody_else_is_an_error():
    async def main():
        task = asyncio.create_task(wait(10))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ait.gather([wait(5), task])
        assert now() == 0

    run(main())


# ---- where they come from ------------------------------------------------------------------------


def test_with_a_limit_a_generator_makes_them_when_it_is_their_turn():
    async def main():
        made = []

        def coroutines():
            for n in range(100):
                made.append(n)
                yield wait(1, n)

        completed = ait.as_completed(coroutines(), limit=3)
        assert made == []
        assert await completed.head(3) == [0, 1, 2]
        assert len(made) <= 3 + 3 * 2 + 3
        await completed.aclose()

    run(main())


def test_with_a_limit_they_may_come_from_an_async_source():
    async def source():
        for n in (3, 1, 2):
            await asyncio.sleep(0.25)
            yield wait(n)

    async def main():
        assert await ait.as_completed(source(), limit=2).list() == [1, 3, 2]
        assert await ait.gather(source(), limit=2) == [3, 1, 2]

    run(main())


def test_none_at_all():
    async def main():
        for awaitables in ([], (), iter([])):
            assert await ait.gather(awaitables) == []
            assert await ait.as_completed(awaitables).list() == []
        assert await ait.gather([], limit=3) == []

    run(main())


def test_ten_thousand():
    async def main():
        assert await ait.gather([wait(1, n) for n in range(10_000)]) == [*range(10_000)]
        assert now() == 1
        assert await ait.gather((wait(1, n) for n in range(10_000)), 100) == [*range(10_000)]
        assert now() == 101

    run(main())


def test_bad_arguments_are_refused_where_it_is_made():
    for function in (ait.as_completed, ait.gather):
        name = function.__name__
        for limit in (0, -1):
            with pytest.raises(ValueError, match=rf"{name}\(\): limit must be at least one"):
                function([], limit)
        with pytest.raises(TypeError, match=rf"{name}\(\): limit must be an integer, not float"):
            function([], 1.5)
        with pytest.raises(TypeError, match=rf"{name}\(\): without a limit it needs a plain"):
            function(stream([]))
        with pytest.raises(TypeError, match=rf"{name}\(\).*int"):
            function(3, limit=2)


def test_when_their_iterable_fails_those_that_were_made_are_closed():
    made = []

    def coroutines():
        made.append(wait(1))
        yield made[0]
        raise zoo.SourceError

    with pytest.raises(zoo.SourceError):
        ait.gather(coroutines())
    assert inspect.getcoroutinestate(made[0]) == inspect.CORO_CLOSED
