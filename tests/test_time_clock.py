"""Streams of the clock alone: interval, timer."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from .script import now, virtual, watch
from .timed import pauses

quarters = st.integers(1, 40).map(lambda n: n / 4)


@given(quarters, st.none() | quarters | st.just(0), pauses, st.integers(0, 9))
def test_ticks_come_by_the_clock_and_the_last_of_those_that_were_missed(every, start, pauses, n):
    first = every if start is None else start
    expected, clock, following = [], 0.0, 0
    for pause, _ in zip(itertools.chain(pauses, itertools.repeat(0)), range(n), strict=False):
        missed = [k for k in range(following, 1000) if first + k * every <= clock]
        tick = missed[-1] if missed else following
        clock = max(clock, first + tick * every)
        expected.append((clock, tick))
        following = tick + 1
        clock += pause
    seen = virtual(watch(ait.interval(every, start=start).take(n), pauses))
    assert seen == expected


def test_it_does_not_drift():
    """Each time is the multiple itself, rounded once."""

    async def main():
        return [
            now() - float(Fraction(tick + 1) / 10) async for tick in ait.interval(0.1).take(20_000)
        ]

    assert max(map(abs, virtual(main()))) < 1e-12


def test_it_begins_with_the_first_pull():
    async def main():
        ticks = ait.interval(timedelta(seconds=2), start=timedelta(seconds=1)).take(2)
        await asyncio.sleep(10)
        return await watch(ticks)

    assert virtual(main()) == [(11, 0), (13, 1)]


@given(st.lists(st.floats(0.25, 3), max_size=8))
def test_cancelled_pulls_do_not_move_the_clock(patience):
    """Nor is a tick lost, or there twice."""

    async def main():
        ticks, seen = ait.interval(2), []
        for seconds in patience:
            try:
                async with asyncio.timeout(seconds):
                    seen.append(await anext(ticks))
            except TimeoutError:
                pass
        seen += [await anext(ticks), await anext(ticks)]
        assert now() == 2 * len(seen)
        return seen

    seen = virtual(main())
    assert seen == list(range(len(seen)))


def test_a_tick_for_ever():
    assert virtual(watch(ait.interval(float("inf"), start=0).take(1))) == [(0, 0)]


def test_a_timer_goes_off_once_so_long_after_it_was_asked_for():
    async def main():
        alarm = ait.timer(3, None)
        await asyncio.sleep(1)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(alarm)
        return await watch(alarm)

    assert virtual(main()) == [(4, None)]
    assert virtual(watch(ait.timer(0, "x"))) == [(0, "x")]
    assert virtual(watch(ait.timer(timedelta(minutes=1)))) == [(60, None)]


@pytest.mark.parametrize("make", [lambda: ait.interval(5), lambda: ait.timer(5)])
def test_closed_while_somebody_waits_it_ends(make):
    async def main():
        subject = make()
        pulling = asyncio.ensure_future(anext(subject, "end"))
        await asyncio.sleep(1)
        await subject.aclose()
        return await pulling, now()

    assert virtual(main()) == ("end", 1)


def test_together_with_a_source_it_paces_it():
    assert virtual(watch(ait.zip(ait.interval(2), stream("ab")))) == [(2, (0, "a")), (4, (1, "b"))]


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"^interval\(\): start must not be negative$"):
        ait.interval(1, start=-1)
    with pytest.raises(ValueError, match=r"^timer\(\): delay must not be negative$"):
        ait.timer(-1)
    with pytest.raises(TypeError, match=r"^timer\(\): delay must be a number of seconds, not str$"):
        ait.timer("soon")
