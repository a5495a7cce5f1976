"""delay: everything comes so much later."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.testing import assert_marbles

from .oracle import Failed
from .script import Broken, Script, fussy, virtual, watch, watched
from .timed import pauses, times


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ab--c|", "---ab--c|"),
        ("(abc)--(de)|", "---(abc)--(de)|"),
        ("|", "---|"),
        ("a-^", "---a-^"),
        ("a...", "---a..."),
        ("ab|", "-!-ab|"),
        ("ab--c-|", "---ab/"),
    ],
)
def test_in_pictures(source, expected):
    assert_marbles(lambda s: s.delay(3), source, expected)


@given(times, pauses, st.sampled_from([0.5, 3, 10]), st.sets(st.integers(0, 8)))
def test_each_comes_so_much_later_or_when_it_is_asked_for_then(times, pauses, seconds, failing):
    """Also what came while the consumer was busy: it counts from then."""
    items = [Broken() if i in failing else i for i in range(len(times))]
    expected, clock = [], 0.0
    busy = itertools.chain(pauses, itertools.repeat(0))
    for i, time in enumerate(times):
        clock = max(clock, time + seconds)
        expected.append((clock, Failed(Broken) if i in failing else i))
        clock += next(busy)
    seen = watched(lambda s: s.map(fussy).delay(seconds), zip(times, items, strict=True), pauses)
    assert seen == expected


@given(st.integers(1, 5), st.integers(0, 20))
def test_a_source_that_has_too_much_is_held_back(most, n):
    """So many come at once, then as many after the same time again."""

    async def main():
        script = Script(*[(0, i) for i in range(n)])
        seen = await watch(stream(script).delay(4, buffer=most))
        return seen, script

    seen, _ = virtual(main())
    assert seen == [(4 * (1 + i // most), i) for i in range(n)]


def test_nothing_is_read_before_the_first_pull_and_no_more_than_there_is_room_for():
    async def main():
        script = Script(*[(i, i) for i in range(30)])
        subject = stream(script).delay(2, buffer=5)
        await asyncio.sleep(1)
        assert script.pulls == 0
        assert await anext(subject) == 0  # it came at 1, so it comes at 3
        await asyncio.sleep(20)
        assert script.pulls == 6
        assert [await anext(subject) for _ in range(5)] == [1, 2, 3, 4, 5]
        await subject.aclose()
        assert len(script.closed_in) == 1

    virtual(main())


def test_the_end_comes_later_too():
    async def main():
        subject = stream(Script(end=5)).delay(3)
        assert await subject.list() == []
        return asyncio.get_running_loop().time()

    assert virtual(main()) == 8


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"^delay\(\): seconds must be positive$"):
        ait.empty().delay(0)
    with pytest.raises(ValueError, match=r"^delay\(\): buffer must be at least one$"):
        ait.empty().delay(1, buffer=0)
    assert repr(ait.never().delay(0.5)) == "<Stream delay(0.5) <- never>"
