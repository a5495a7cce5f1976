"""What a stream tells of its stages while it runs: `stats()`, and `stream` of what consumes it."""

from __future__ import annotations

import asyncio

import pytest

from aitertools import merge, stream
from aitertools.testing import run


async def second(item):
    await asyncio.sleep(1)
    return item


async def instant(item):
    return item


async def each(seconds):
    for n in range(9):
        await asyncio.sleep(seconds)
        yield n


PIPELINES = {
    # what is waited for half a second before the third second: by hand, from what each takes
    "a source": (lambda: stream(each(1)).map(instant).batched(9), {"each"}),
    "a function": (lambda: stream(each(0)).map(second).map(instant), {"map(second)"}),
    "the last function": (lambda: stream(each(0)).map(instant).map(second), {"map(second)"}),
    "calls in flight": (
        lambda: stream(each(0)).map(second, concurrency=2).batched(9, within=9),
        {"map(second)"},
    ),
    "a source of free calls": (
        lambda: stream(each(1)).map(instant, concurrency=2).buffer(3),
        {"each"},
    ),
    "sources side by side": (lambda: merge(each(2), stream(each(5)).map(instant)), {"each"}),
    "a source behind a filter": (lambda: stream(each(1)).filter(bool), {"each"}),
}


@pytest.mark.parametrize(("make", "waited_for"), PIPELINES.values(), ids=PIPELINES)
def test_what_waits_is_what_all_others_wait_for(make, waited_for):
    async def main():
        s = make()
        task = asyncio.create_task(s.drain())
        await asyncio.sleep(2.5)
        waiting = {stage.name for stage in s.stats() if stage.waits}
        await s.stop()
        await task
        return waiting, [stage for stage in s.stats() if stage.waits]

    assert run(main()) == (waited_for, [])


def test_nothing_waits_that_nobody_asks():
    """After a head, and after a cancelled pull, the stream rests."""

    async def main():
        s = stream(each(1)).map(instant)
        await s.head(1)
        rests = [stage.waits for stage in s.stats()]
        task = asyncio.create_task(s.head(1))
        await asyncio.sleep(0.5)
        asked = [stage.waits for stage in s.stats()]
        task.cancel()
        await asyncio.wait([task])
        again = [stage.waits for stage in s.stats()]
        await s.aclose()
        return rests, asked, again

    assert run(main()) == ([False, False], [False, True], [False, False])


def test_what_consumes_a_stream_gives_it_to_whoever_wants_to_stop_it():
    async def main():
        total = stream(each(1)).map(instant).sum()
        task = asyncio.create_task(total)
        source = total.stream
        await asyncio.sleep(3.5)
        await source.stop()
        return await task, [stage[:2] for stage in source.stats()], total.stream

    assert run(main()) == (0 + 1 + 2, [("map(instant)", 3), ("each", 3)], None)


def test_an_awaitable_that_is_running_does_not_give_its_stream():
    seen = []
    total = stream([1]).tap(lambda _: seen.append(total.stream)).drain()
    run(total)
    assert seen == [None]
