"""take_until: the end comes from elsewhere."""

from __future__ import annotations

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.testing import assert_marbles

from .models import Never
from .oracle import Failed
from .script import Broken, Script, now, turns, virtual, watch, watched
from .timed import pauses, times


@pytest.mark.parametrize(
    ("source", "signal", "expected"),
    [
        ("ab--c--d|", "-----x|", "ab--c|"),
        ("ab|", "-----x|", "ab|"),
        ("...", "--x|", "--|"),
        ("...", "--^|", "--(^|)"),
        ("ab...", "...", "ab..."),
        ("a-^", "...", "a-^"),
    ],
)
def test_in_pictures(source, signal, expected):
    assert_marbles(lambda s, t: s.take_until(t.first()), source, signal, expected)


@given(times, pauses, st.integers(0, 20))
def test_what_came_before_the_signal_comes_and_then_the_end(times, pauses, when):
    when += 0.25  # not just when an item comes
    events = [(time, i) for i, time in enumerate(times)]

    def until(s):
        return s.take_until(asyncio.sleep(when))

    expected = [(at, i) for at, i in watched(lambda s: s, events, pauses) if at < when]
    assert watched(until, events, pauses) == expected


async def at_once():
    return None


@pytest.mark.parametrize("again", [0, 1])
def test_what_is_done_already_ends_it_before_the_first_item(again):
    """Also if it takes a task to find that out, and if that is cancelled before it begins."""

    async def main():
        for signal in (at_once(), asyncio.ensure_future(at_once()), finished()):
            await asyncio.sleep(0)
            script = Script(*[(0, i) for i in range(9)])
            subject = stream(script).take_until(signal)
            for _ in range(again):
                pulling = asyncio.ensure_future(anext(subject, "end"))
                await asyncio.sleep(0)
                pulling.cancel()
                await asyncio.wait([pulling])
            assert await subject.list() == []
            assert script.pulls == 0
            assert len(script.closed_in) == 1

    def finished():
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    virtual(main())


@pytest.mark.parametrize("error", [Broken, StopAsyncIteration, asyncio.CancelledError])
@pytest.mark.parametrize("busy", [0, 5])
def test_the_error_of_the_signal_is_raised_once_when_the_source_is_closed(error, busy):
    raised = RuntimeError if error is StopAsyncIteration else error

    class Failing:
        def __await__(self):
            yield from asyncio.sleep(2).__await__()
            raise error

    async def main():
        script = Script((1, "a"), (9, "b"))
        subject = stream(script).take_until(Failing())
        assert await anext(subject) == "a"
        await asyncio.sleep(busy)
        with pytest.raises(raised):
            await anext(subject)
        assert now() == max(2, 1 + busy)
        assert len(script.closed_in) == 1
        assert await subject.list() == []

    virtual(main())


def test_closing_ends_the_coroutine_and_not_a_future_of_others():
    ended = []

    async def signal():
        try:
            await asyncio.sleep(100)
        finally:
            ended.append(now())

    async def main():
        shared = asyncio.ensure_future(asyncio.sleep(7))
        assert await ait.interval(1).take_until(signal()).take(3).list() == [0, 1, 2]
        assert await ait.interval(1).take_until(shared).take(2).list() == [0, 1]
        assert not shared.done()
        assert await ait.interval(1).take_until(shared).list() == [0, 1]

    virtual(main())
    assert ended == [3]


@pytest.mark.parametrize("pulls", [0, 1])
@pytest.mark.parametrize("leave", ["close", "drop"])
def test_a_coroutine_that_nobody_awaits_is_closed(pulls, leave):
    """Without a warning that it was never awaited, which is an error here."""

    async def main():
        subject = stream(Script((0, "a"), (9, "b"))).take_until(asyncio.sleep(100))
        for _ in range(pulls):
            assert await anext(subject) == "a"
        if leave == "close":
            await subject.aclose()
        del subject
        gc.collect()
        await turns(9)

    virtual(main())


@pytest.mark.parametrize("turn", range(4))
def test_its_task_cancelled_by_somebody_else_is_an_error(turn):
    async def main():
        script = Script((50, "a"))
        subject = stream(script).take_until(asyncio.sleep(100))
        known = asyncio.all_tasks()
        pulling = asyncio.ensure_future(watch(subject))
        await turns(turn)
        found = [
            task for task in asyncio.all_tasks() - known if "Until" in task.get_coro().__qualname__
        ]
        for task in found:
            task.cancel()
        seen = await pulling
        assert seen == ([(0, Failed(RuntimeError))] if found else [(50, "a")])
        assert len(script.closed_in) == 1
        return len(found)

    assert virtual(main()) == (turn > 0)


def test_what_is_not_awaitable_is_refused():
    with pytest.raises(TypeError, match=r"^take_until\(\): 'Event' object is not awaitable$"):
        ait.empty().take_until(asyncio.Event())
    assert repr(ait.never().take_until(Never())) == "<Stream take_until <- never>"
