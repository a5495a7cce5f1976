"""windowed(within=, every=): windows of time, exact at their edges."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import zoo
from .oracle import Failed, paced, paces, pulls, run
from .script import (
    POINTS,
    Broken,
    Script,
    cancelled_at,
    closed_at,
    fussy,
    virtual,
    watch,
    watched,
)

times = st.lists(st.integers(0, 4), max_size=9).map(lambda gaps: list(itertools.accumulate(gaps)))
durations = st.integers(1, 5)


def windows(times, within, every, end):
    """The definition: the k-th has what came in [k*every - within, k*every)."""
    seen, new = [], set(range(len(times)))
    inside, edge = [], 0
    while edge <= end:
        edge += every
        inside = [i for i, time in enumerate(times) if edge - within <= time < edge]
        if edge <= end:
            seen.append((edge, tuple(inside)))
            new -= {i for i, time in enumerate(times) if time < edge}
    return [*seen, (end, tuple(inside))] if new & set(inside) else seen


@given(times, durations, st.one_of(st.none(), durations), st.integers(0, 9))
def test_each_window_has_what_came_in_its_time(times, within, every, later):
    end = (times[-1] if times else 0) + later

    async def main():
        script = Script(*[(time, i) for i, time in enumerate(times)], end=end)
        return await watch(stream(script).windowed(within=within, every=every))

    assert virtual(main()) == windows(times, within, every or within, end)


@example(0.1, [], 0.3)  # 0.1 + 0.3 - 0.3 is more
@given(st.floats(0, 1000), st.lists(st.floats(0, 3), max_size=9), st.floats(0.1, 5))
def test_windows_side_by_side_have_each_item_once(begun, gaps, within):
    """Whatever comes of adding up times that are no whole numbers."""
    times = list(itertools.accumulate(gaps, initial=begun))

    async def main():
        await asyncio.sleep(begun)
        script = Script(*[(time, i) for i, time in enumerate(times)])
        return [i async for window in stream(script).windowed(within=within) for i in window]

    assert virtual(main()) == list(range(len(times)))


@pytest.mark.parametrize("gaps", list(itertools.product(range(4), repeat=3)))
def test_all_short_schedules(gaps):
    times = list(itertools.accumulate(gaps))
    for within, every in itertools.product([1, 2, 3], repeat=2):
        seen = watched(
            lambda s, within=within, every=every: s.windowed(within=within, every=every),
            zip(times, itertools.count(), strict=False),
        )
        assert seen == windows(times, within, every, times[-1])


pauses = st.lists(st.sampled_from([0, 0.5, 1, 2.5, 6]), max_size=8)


@given(times, pauses, durations, st.sets(st.integers(0, 8)))
def test_tumbling_windows_have_each_item_once_whatever_the_consumer_does(
    times, pauses, within, failing
):
    items = [Broken() if i in failing else i for i in range(len(times))]
    seen = watched(
        lambda s: s.map(fussy).windowed(within=within), zip(times, items, strict=True), pauses
    )
    flat = []
    for _, answer in seen:
        flat += [answer] if isinstance(answer, Failed) else answer
    assert flat == [Failed(Broken) if i in failing else i for i in range(len(times))]


@given(
    st.floats(0, 100),
    st.floats(0.01, 100),
    st.lists(st.sampled_from([0, 0.5, 1]), max_size=6),
    st.sampled_from([1, 0.5, 1 / 3]),
)
def test_rounding_leaves_no_item_out(start, within, gaps, part):
    """What comes just when a window begins is in it, whatever the sums of floats say."""
    times = [start + gap * within for gap in itertools.accumulate(gaps)]

    async def main():
        await asyncio.sleep(start)
        script = Script(*[(time, i) for i, time in enumerate(times)])
        windows = await stream(script).windowed(within=within, every=within * part).list()
        return [i for window in windows for i in window]

    seen = virtual(main())
    assert list(dict.fromkeys(seen)) == list(range(len(times)))
    if part == 1:
        assert len(seen) == len(times)


def test_windows_that_nobody_asked_for_in_time_come_late_and_none_is_left_out():
    events = [(0, "a"), (1, "b"), (2, "c"), (9, "d")]
    # Busy from 2 to 7: c came at 2, as its pull was under way.
    assert watched(lambda s: s.windowed(within=2), events, [5]) == [
        (2, ("a", "b")),
        (7, ("c",)),
        (7, ()),
        (8, ()),
        (9, ("d",)),
    ]


def test_what_is_new_comes_before_an_error_and_is_not_repeated():
    events = [(0, "a"), (3, Broken()), (4, "b"), (7, Broken()), (8, "c")]
    for every, after in ((5, [(5, ("b",))]), (None, [(5, ("b",))])):
        seen = watched(lambda s, e=every: s.map(fussy).windowed(within=5, every=e), events)
        assert seen == [
            (3, ("a",)),
            (3, Failed(Broken)),
            *after,
            (7, Failed(Broken)),
            (8, ("c",)),
        ]


@given(st.lists(st.integers()), paces)
def test_without_time_passing_all_is_in_one_window(items, pace):
    expected = [tuple(items)] if items else []
    assert run(stream(paced(items, pace)).windowed(within=60).list()) == expected
    assert run(ait.windowed(items, within=timedelta(minutes=1)).list()) == expected


EVENTS = [(0, 0), (0, 1), (1, 2), (3, 3), (3, 4), (6, 5)]


def test_a_cancelled_pull_loses_nothing():
    for point in POINTS:
        answers = cancelled_at(lambda s: s.windowed(within=2), EVENTS, point)
        assert answers == [(0, 1, 2), (3, 4), (), (5,)], point


@pytest.mark.parametrize("how", ["close", "leave", "drop"])
def test_leaving_it_closes_the_source_once(how):
    for point in POINTS:
        script = closed_at(lambda s: s.windowed(within=2, every=1), EVENTS, point, how)
        assert len(script.closed_in) == 1, point


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_every_source_is_closed_once_when_it_ends_and_when_it_fails(kind):
    for items in ([1, 2, 3], zoo.failing([1, 2, 3])):
        specimen = kind(items)
        answers = run(pulls(stream(specimen.hand_over()).windowed(within=60)))
        assert specimen.is_closed_once
        assert not specimen.log.late
        assert answers == [(1, 2, 3), *[Failed(zoo.SourceError)] * (not isinstance(items, list))]


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"within": 0}, ValueError, "windowed(): within must be positive"),
        ({"within": 1, "every": -1}, ValueError, "windowed(): every must be positive"),
        ({"within": float("nan")}, ValueError, "windowed(): within must not be nan"),
        (
            {"within": float("inf")},
            ValueError,
            "windowed(): within and every must be finite",
        ),
        ({"every": 1}, TypeError, "windowed(): every needs within"),
        (
            {"n": 2, "within": 1},
            TypeError,
            "windowed(): n, step and fillvalue do not go with within",
        ),
        ({"n": None}, TypeError, "windowed(): n must be an integer, not NoneType"),
    ],
)
def test_bad_arguments_fail_at_construction(how, error, message):
    with pytest.raises(error) as raised:
        stream([1]).windowed(**how)
    assert str(raised.value) == message
