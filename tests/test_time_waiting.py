"""What happens when nothing comes: timeout, heartbeat."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.testing import assert_marbles

from .oracle import Failed
from .script import Broken, Script, fussy, now, virtual, watch, watched
from .timed import pauses, same, times, waiting

LATE = Failed(TimeoutError)
durations = st.sampled_from([0.7, 1.3, 2.6])  # nothing comes at a multiple of them


# ---- timeout -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ab--c|", "ab--c|"),
        ("a-----b|", "a--{^TimeoutError}--b|"),
        ("a--b--c|", "a--b--c|"),  # they come just then
        ("-------a|", "---{^TimeoutError}--{^TimeoutError}a|"),
        ("a----|", "a--{^TimeoutError}-|"),
        ("a----^", "a--{^TimeoutError}-^"),
        ("a...", "a--{^TimeoutError}--{^TimeoutError}..."),
        ("|", "|"),
    ],
)
def test_timeout_in_pictures(source, expected):
    assert_marbles(lambda s: s.timeout(3), source, expected)


@given(times, pauses, durations)
def test_a_timeout_comes_so_long_after_it_was_asked_for(times, pauses, seconds):
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.timeout(seconds), events, pauses)
    same(seen, waiting(times, pauses, lambda asked: (asked + seconds, LATE)))


def test_a_timeout_ends_neither_a_pull_nor_a_generator():
    """The pull goes on in one task, whoever asks, and a generator lives on."""
    tasks = set()

    async def slow():
        for letter in "abc":
            tasks.add(asyncio.current_task())
            await asyncio.sleep(10)
            yield letter

    async def main():
        subject = stream(slow()).timeout(4)
        assert await watch(subject) == [
            (time, LATE if answer == "-" else answer)
            for time, answer in zip([4, 8, 10, 14, 18, 20, 24, 28, 30], "--a--b--c", strict=True)
        ]

    virtual(main())
    assert len(tasks) == 1


def test_a_timeout_that_is_suppressed_waits_on():
    seen = watched(lambda s: s.timeout(2).suppress(TimeoutError), [(1, "a"), (8, "b")])
    assert seen == [(1, "a"), (8, "b")]


# ---- heartbeat -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("abc|", "abc|"),
        ("a------b-|", "a-~-~-~b-|"),
        ("a-b--c|", "a-b-~c|"),  # it comes just then
        ("----|", "--~-|"),
        ("---^", "--~^"),
        ("a...", "a-~-~..."),
        ("a-----b|", "a-~!~-b|"),
    ],
)
def test_heartbeat_in_pictures(source, expected):
    assert_marbles(lambda s: s.heartbeat(2, "~"), source, expected)


@given(times, pauses, durations)
def test_a_beat_comes_so_long_after_it_was_asked_for(times, pauses, every):
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.heartbeat(every, None), events, pauses)
    same(seen, waiting(times, pauses, lambda asked: (asked + every, None)))


def test_cancelled_pulls_do_not_put_off_the_beat():
    """Who asks anew every second, and gives up, gets it all the same."""

    async def main():
        subject = ait.never().heartbeat(2.5, "~")
        seen = []
        while now() < 8:
            try:
                async with asyncio.timeout(1):
                    seen.append((now(), await anext(subject), now()))
            except TimeoutError:
                pass
        await subject.aclose()
        return seen

    assert virtual(main()) == [(2, "~", 2.5), (4.5, "~", 5), (7, "~", 7.5)]


def test_an_error_is_no_silence():
    events = [(1, "a"), (2.5, Broken()), (4, "b")]
    seen = watched(lambda s: s.map(fussy).heartbeat(2, "~"), events)
    assert seen == [(1, "a"), (2.5, Failed(Broken)), (4, "b")]


def test_what_came_for_nobody_comes_before_a_beat():
    async def main():
        subject = stream(Script((3, "a"), (4, "b"))).heartbeat(2, "~")
        assert await anext(subject) == "~"
        await asyncio.sleep(5)
        return await watch(subject)

    assert virtual(main()) == [(7, "a"), (7, "b")]


# ---- arguments -----------------------------------------------------------------------------------

TAKING_SECONDS = {
    "timeout(): seconds": lambda s: ait.empty().timeout(s),
    "heartbeat(): every": lambda s: ait.empty().heartbeat(s, None),
    "interval(): every": ait.interval,
}


@pytest.mark.parametrize("name", TAKING_SECONDS)
def test_durations_are_checked(name):
    take, said = TAKING_SECONDS[name], re.escape(name)
    for wrong in (0, -1, -0.5):
        with pytest.raises(ValueError, match=f"^{said} must be positive$"):
            take(wrong)
    with pytest.raises(ValueError, match=f"^{said} must not be nan$"):
        take(float("nan"))
    for wrong in ("1", None, True):
        with pytest.raises(TypeError, match=f"^{said} must be a number of seconds, not "):
            take(wrong)
    assert virtual(take(float("inf")).take(0).list()) == []


def test_what_they_are_called():
    assert repr(ait.never().timeout(1.5).heartbeat(20, "~")) == (
        "<Stream heartbeat(20) <- timeout(1.5) <- never>"
    )
    assert repr(ait.interval(0.25).take(3)) == "<Stream take(3) <- interval(0.25)>"
    assert repr(ait.timer(3)) == "<Stream timer(3)>"
