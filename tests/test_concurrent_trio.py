"""Concurrent calls under trio, inside of an ``async with``, in virtual time."""

from __future__ import annotations

import itertools
import random

import pytest
import trio
import trio.testing

import aitertools as ait
from aitertools import stream

from .oracle import Failed, pulls


def run(main):
    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def second(item):
    await trio.sleep(1)
    return item


def map_of(source, fn=second, **way):
    return stream(source).map(fn, **{"concurrency": 2, **way})


def test_n_calls_are_in_flight_and_results_come_in_order():
    async def main():
        flying = most = 0

        async def call(n):
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            await trio.sleep(3 - n % 3)
            flying -= 1
            return n

        begun = trio.current_time()
        async with map_of(range(9), call, concurrency=3) as work:
            assert await work.list() == list(range(9))
        assert most == 3
        assert trio.current_time() - begun <= 9

    run(main)


def test_outside_of_async_with_it_says_what_is_missing():
    async def main():
        with pytest.raises(RuntimeError, match="inside 'async with'"):
            await anext(map_of(range(3)))

    run(main)


TIMED = {
    "timeout": lambda source: source.timeout(9),
    "take_until": lambda source: source.take_until(trio.sleep(99)),
    "merge": ait.merge,
    "batched": lambda source: source.batched(3, within=9).flatten(),
    "zip_latest": lambda source: ait.zip_latest(source).map(lambda row: row[0]),
}


@pytest.mark.parametrize("name", TIMED)
def test_a_source_that_was_asked_outside_of_async_with_is_not_pulled_there(name):
    """It was by the second pull, in the consumer: its cancel scopes were torn apart."""

    async def source():
        for item in range(3):
            pulled_by.add(trio.lowlevel.current_task())
            with trio.move_on_after(9):
                await trio.sleep(1)
            yield item

    pulled_by = set()

    async def main():
        subject = TIMED[name](stream(source()))
        for _ in range(2):
            with pytest.raises(RuntimeError, match="inside 'async with'"):
                await anext(subject)
        assert pulled_by == set()
        async with subject:
            assert await subject.list() == [0, 1, 2]
        assert len(pulled_by) == 1

    run(main)


@pytest.mark.parametrize("name", TIMED)
def test_a_source_that_was_asked_outside_of_async_with_is_closed(name):
    class Source:
        closed = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            await trio.sleep_forever()

        async def aclose(self):
            await trio.sleep(1)
            self.closed += 1

    async def main():
        source = Source()
        subject = TIMED[name](stream(source))
        with pytest.raises(RuntimeError, match="inside 'async with'"):
            await anext(subject)
        await subject.aclose()
        assert source.closed == 1

    run(main)


def test_keys_completion_and_errors():
    async def main():
        async def call(n):
            await trio.sleep(n)
            return 6 // n

        async with map_of([3, 0, 1], call, concurrency=3, ordered=False) as work:
            assert await pulls(work) == [Failed(ZeroDivisionError), 6, 2]
        async with map_of("aab", key=str, concurrency=3, ordered=False) as work:
            begun = trio.current_time()
            assert sorted(await work.list()) == ["a", "a", "b"]
            assert trio.current_time() - begun == 2
        async with map_of([1, 0], call, on_error="collect") as work:
            with pytest.raises(ExceptionGroup):
                await work.list()

    run(main)


def test_a_cancel_scope_inside_of_a_source_goes_on_working():
    """All pulls are made by one task, whoever takes the items."""

    async def source():
        with trio.move_on_after(3.5):
            for n in itertools.count():
                await trio.sleep(1)
                yield n
        yield "timed out"

    async def main():
        async with map_of(source(), concurrency=3) as work:
            assert await work.list() == [0, 1, 2, "timed out"]

    run(main)


def test_a_cancelled_pull_loses_nothing():
    async def main():
        found = []
        async with map_of(range(4)) as work:
            while len(found) < 4:
                with trio.move_on_after(0.3):
                    found.append(await anext(work))
        assert found == [0, 1, 2, 3]

    run(main)


def test_leaving_cancels_the_calls_and_awaits_them():
    async def main():
        ended = []

        async def call(n):
            try:
                await trio.sleep_forever()
            finally:
                ended.append(n)

        async with map_of(itertools.count(), call) as work:
            with trio.move_on_after(1):
                await anext(work)
            assert ended == []
        assert sorted(ended) == [0, 1]

    run(main)


def test_cancelled_from_outside_it_closes_its_source():
    async def main():
        closed = []

        async def source():
            try:
                for n in itertools.count():
                    await trio.sleep(1)
                    yield n
            finally:
                closed.append(True)

        with trio.move_on_after(5.5) as scope:
            async with map_of(source()) as work:
                await work.drain()
        assert scope.cancelled_caught
        assert closed == [True]

    run(main)


def test_for_each_in_the_nursery_of_its_source():
    async def main():
        async with stream(range(6)) as numbers:
            begun, done = trio.current_time(), []

            async def save(n):
                await trio.sleep(1)
                done.append(n)

            await numbers.for_each(save, concurrency=3)
            assert trio.current_time() - begun == 2
        assert sorted(done) == list(range(6))

    run(main)


@pytest.mark.parametrize("seed", range(20))
def test_stress(seed):
    async def main():
        rnd = random.Random(seed)

        async def call(n):
            await trio.sleep(rnd.choice([0, 0, 1, 2]))
            if rnd.random() < 0.1:
                raise KeyError(n)
            return n

        ordered, found = rnd.random() < 0.5, []
        way = {"concurrency": rnd.randint(1, 6), "ordered": ordered}
        async with map_of(range(60), call, **way) as work:
            for _ in range(rnd.choice([1, 20, 200])):
                try:
                    with trio.move_on_after(rnd.choice([0, 0.5, 9])):
                        found.append(await anext(work))
                except KeyError:
                    pass
                except StopAsyncIteration:
                    break
        assert len(found) == len(set(found))
        if ordered:
            assert found == sorted(found)

    run(main)


# ---- whose nursery it is -------------------------------------------------------------------------


async def paced(n):
    for item in range(n):
        await trio.sleep(1)
        yield item


WITH_TASKS = {
    "map": map_of,
    "map in the middle": lambda source: map_of(source).filter(lambda n: n >= 0).map(str).map(int),
    "merge": lambda source: source.merge(paced(0)),
    "below merge": lambda source: map_of(source).merge(paced(0)),
    "chained": lambda source: source.chain(map_of(paced(0))),
    "buffer": lambda source: source.buffer(2),
    "timeout": lambda source: source.timeout(60),
    "flat_map": lambda source: source.flat_map(lambda n: map_of([n]), concurrency=1),
}


@pytest.mark.parametrize("derived", [False, True], ids=["entered", "of what was entered"])
@pytest.mark.parametrize("tasks", WITH_TASKS)
def test_tasks_belong_to_the_stream_that_was_entered_and_not_to_a_block_inside(tasks, derived):
    async def main():
        source = stream(paced(6))
        work = WITH_TASKS[tasks](source)
        async with source if derived else work:
            async with stream(paced(1)).timeout(60) as other:
                assert await anext(work) == 0
                assert await anext(other) == 0
            assert [item async for item in work] == [1, 2, 3, 4, 5]

    run(main)


def test_what_a_call_begins_belongs_to_the_stream_of_the_call():
    async def main():
        async def call(n):
            return sum(await map_of(paced(n), concurrency=2).list())

        async with map_of([5, 6], call) as work:
            async with stream(paced(1)) as other:
                with trio.move_on_after(1):
                    await anext(work)
                assert await anext(other) == 0
            assert await work.list() == [10, 15]

    run(main)
