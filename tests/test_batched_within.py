"""batched(within=): by count or by time, whatever the consumer does."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import more_itertools as mit
import pytest
from hypothesis import given
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
    now,
    virtual,
    watch,
    watched,
)

gaps = st.lists(st.integers(0, 4), max_size=9)
times = gaps.map(lambda gaps: list(itertools.accumulate(gaps)))
pauses = st.lists(st.sampled_from([0, 0.5, 1, 2.5, 6]), max_size=8)
sizes = st.one_of(st.none(), st.integers(1, 4))
withins = st.integers(1, 5)


def batches(times, n, within, end):
    """What a consumer who always waits gets, and when: the definition, item by item."""
    seen, batch, due = [], [], None
    for i, time in enumerate(times):
        if batch and time >= due:
            seen.append((due, tuple(batch)))
            batch = []
        if not batch:
            due = time + within
        batch.append(i)
        if len(batch) == n:
            seen.append((time, tuple(batch)))
            batch = []
    if batch:
        seen.append((min(due, end), tuple(batch)))
    return seen


@given(times, sizes, withins, st.integers(0, 9))
def test_batches_come_when_they_are_full_or_when_it_is_time(times, n, within, later):
    end = (times[-1] if times else 0) + later

    async def main():
        script = Script(*[(time, i) for i, time in enumerate(times)], end=end)
        return await watch(stream(script).batched(n, within=within))

    assert virtual(main()) == batches(times, n, within, end)


@pytest.mark.parametrize("gaps", list(itertools.product(range(4), repeat=4)))
def test_all_short_schedules(gaps):
    times = list(itertools.accumulate(gaps))
    for n, within in itertools.product([None, 1, 2, 3], [1, 2, 3]):
        seen = watched(
            lambda s, n=n, within=within: s.batched(n, within=within), zip(times, itertools.count())
        )
        assert seen == batches(times, n, within, times[-1])


@given(times, pauses, sizes, withins, st.sets(st.integers(0, 8)))
def test_nothing_is_lost_whatever_the_consumer_does(times, pauses, n, within, failing):
    items = [Broken() if i in failing else i for i in range(len(times))]
    seen = watched(
        lambda s: s.map(fussy).batched(n, within=within), zip(times, items, strict=True), pauses
    )
    flat = []
    for _, answer in seen:
        if isinstance(answer, Failed):
            flat.append(answer)
        else:
            assert 0 < len(answer) <= (n or len(times))
            flat += answer
    assert flat == [Failed(Broken) if i in failing else i for i in range(len(times))]


@given(times, pauses, sizes, withins)
def test_a_batch_does_not_wait_when_its_time_is_over(times, pauses, n, within):
    """It comes `within` after its first item came, or when the consumer asks after that."""
    arrived = {}

    def note(item):
        arrived[item] = now()
        return item

    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.map(note).batched(n, within=within), events, pauses)
    asked, waits = 0.0, itertools.chain(pauses, itertools.repeat(0))
    for time, batch in seen:
        assert time <= max(asked, arrived[batch[0]] + within)
        asked = time + next(waits)


@given(st.lists(st.integers()), st.integers(1, 5), paces)
def test_without_time_passing_it_is_that_of_more_itertools(items, n, pace):
    expected = list(mit.batched(items, n))
    assert run(stream(paced(items, pace)).batched(n, within=60).list()) == expected
    assert run(ait.batched(items, n, within=timedelta(minutes=1)).list()) == expected
    assert run(stream(items).batched(within=60).list()) == ([tuple(items)] if items else [])


# ---- demand --------------------------------------------------------------------------------------


def test_nothing_is_pulled_but_for_a_consumer_who_waits():
    async def main():
        script = Script(*[(time, time) for time in range(20)])
        subject = stream(script).batched(5, within=2)
        await asyncio.sleep(1)
        assert script.pulls == 0
        assert await anext(subject) == (0, 1, 2)  # 0 and 1 were there already, at 1
        assert script.pulls == 4  # the last of them goes on
        await asyncio.sleep(10)
        assert script.pulls == 4
        # Its time is over since 5: it gets along with it what is there at 13.
        assert await anext(subject) == (3, 4, 5, 6, 7)
        assert script.pulls == 8
        await asyncio.sleep(10)
        assert script.pulls == 8
        await subject.aclose()

    virtual(main())


def test_a_cancelled_consumer_pulls_no_more():
    async def main():
        script = Script(*[(time, time) for time in range(20)])
        subject = stream(script).batched(within=10)
        pulling = asyncio.ensure_future(subject.__anext__())
        await asyncio.sleep(2.5)
        pulling.cancel()
        await asyncio.sleep(5)
        assert script.pulls == 4
        assert (await anext(subject))[:4] == (0, 1, 2, 3)
        assert now() == 10
        await subject.aclose()

    virtual(main())


def test_who_waits_is_woken_for_batches_and_not_for_items():
    woken = 0

    class Counting:
        def __await__(self):
            nonlocal woken
            waiting = subject.__anext__().__await__()
            while True:
                try:
                    future = next(waiting)
                except StopIteration as stop:
                    return stop.value
                yield future
                woken += 1

    subject = None

    async def main():
        nonlocal subject
        subject = stream(Script(*[(1 + i / 128, i) for i in range(100)])).batched(within=5)
        assert await Counting() == tuple(range(100))
        assert await subject.list() == []

    virtual(main())
    assert woken == 2  # by the first item, from when on there is a time, and by the end


# ---- errors, faults ------------------------------------------------------------------------------


def test_the_open_batch_comes_before_an_error_and_before_the_end():
    events = [(0, 1), (1, 2), (2, Broken()), (3, 4), (4, Broken()), (5, Broken()), (6, 7)]
    assert watched(lambda s: s.map(fussy).batched(9, within=9), events) == [
        (2, (1, 2)),
        (2, Failed(Broken)),
        (4, (4,)),
        (4, Failed(Broken)),
        (5, Failed(Broken)),
        (6, (7,)),
    ]


def test_an_error_that_comes_when_nobody_waits_is_kept():
    events = [(0, 1), (3, Broken()), (20, 2)]
    assert watched(lambda s: s.map(fussy).batched(9, within=2), events, [10]) == [
        (2, (1,)),
        (12, Failed(Broken)),
        (20, (2,)),
    ]


EVENTS = [(0, 0), (0, 1), (1, 2), (3, 3), (3, 4), (6, 5)]
BUILDS = {
    "n=2, within=2": lambda s: s.batched(2, within=2),
    "within=3": lambda s: s.batched(within=3),
}
each_build = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)


@each_build
def test_a_cancelled_pull_loses_nothing(build):
    for point in POINTS:
        assert list(itertools.chain(*cancelled_at(build, EVENTS, point))) == list(range(6)), point


@each_build
@pytest.mark.parametrize("how", ["close", "leave", "drop"])
def test_leaving_it_closes_the_source_once(build, how):
    for point in POINTS:
        script = closed_at(build, EVENTS, point, how)
        assert len(script.closed_in) == 1, point


@each_build
@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_every_source_is_closed_once_when_it_ends_and_when_it_fails(build, kind):
    for items in ([1, 2, 3], zoo.failing([1, 2, 3])):
        specimen = kind(items)
        answers = run(pulls(build(stream(specimen.hand_over()))))
        assert specimen.is_closed_once
        assert not specimen.log.late
        assert not specimen.log.is_closing
        assert (answers[-1] == Failed(zoo.SourceError)) == (not isinstance(items, list))


def test_a_source_that_is_always_ready_leaves_the_loop_its_turns():
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        async with ait.count().batched(within=0.05) as subject:
            batch = await anext(subject)
        ticking.cancel()
        assert ticks > 3
        assert batch == tuple(range(len(batch)))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda s: s.batched(), TypeError, "batched(): takes n, or within, or both"),
        (lambda s: s.batched(0, within=1), ValueError, "batched(): n must be at least one"),
        (lambda s: s.batched(within=0), ValueError, "batched(): within must be positive"),
        (lambda s: s.batched(2, within=-1), ValueError, "batched(): within must be positive"),
        (
            lambda s: s.batched(2, within=float("nan")),
            ValueError,
            "batched(): within must not be nan",
        ),
        (
            lambda s: s.batched(2, within="1"),
            TypeError,
            "batched(): within must be a number of seconds, not str",
        ),
        (
            lambda s: s.batched(2, within=1, strict=True),
            TypeError,
            "batched(): strict does not go with within",
        ),
    ],
)
def test_bad_arguments_fail_at_construction(build, error, message):
    with pytest.raises(error) as raised:
        build(stream([1]))
    assert str(raised.value) == message


def test_under_trio_it_works_inside_of_async_with():
    trio = pytest.importorskip("trio")
    testing = pytest.importorskip("trio.testing")

    async def source():
        for i, gap in enumerate([0, 1, 1, 5, 1, 1]):
            await trio.sleep(gap)
            yield i

    async def main():
        async with stream(source()).batched(3, within=4) as subject:
            seen = [(trio.current_time(), await anext(subject))]
            return [*seen, *[(trio.current_time(), batch) async for batch in subject]]

    clock = testing.MockClock(autojump_threshold=0)
    assert [batch for _, batch in trio.run(main, clock=clock)] == [(0, 1, 2), (3, 4, 5)]
