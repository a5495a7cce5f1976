"""debounce and sample: one machine, and two times at which an item is due."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

times = st.lists(st.integers(0, 4), max_size=9).map(lambda gaps: list(itertools.accumulate(gaps)))
seconds = st.integers(1, 5)


def debounced(time, quiet):
    return time + quiet


def sampled(time, interval):
    return (time // interval + 1) * interval


def delivered(due, times, end):
    """The definition: an item comes when it is due, if no other one came before that."""
    following = [*times[1:], float("inf")]
    return [
        (min(due(time), end), i)
        for i, (time, after) in enumerate(zip(times, following, strict=True))
        if after >= due(time)
    ]


OPERATORS = {
    "debounce": (lambda s, t, **how: s.debounce(t, **how), debounced),
    "sample": (lambda s, t, **how: s.sample(t, **how), sampled),
}
each_operator = pytest.mark.parametrize(("build", "due"), OPERATORS.values(), ids=OPERATORS)


@each_operator
@given(times, seconds, st.integers(0, 9))
def test_an_item_comes_when_it_is_due_and_none_came_before(build, due, times, seconds, later):
    end = (times[-1] if times else 0) + later
    dropped = []

    async def main():
        script = Script(*[(time, i) for i, time in enumerate(times)], end=end)
        return await watch(build(stream(script), seconds, on_dropped=dropped.append))

    seen = virtual(main())
    assert seen == delivered(lambda time: due(time, seconds), times, end) if times else not seen
    assert sorted([i for _, i in seen] + dropped) == list(range(len(times)))


@each_operator
@pytest.mark.parametrize("gaps", list(itertools.product(range(4), repeat=4)))
def test_all_short_schedules(build, due, gaps):
    times = list(itertools.accumulate(gaps))
    for seconds in (1, 2, 3):
        seen = watched(
            lambda s, seconds=seconds: build(s, seconds),
            zip(times, itertools.count(), strict=False),
        )
        assert seen == delivered(lambda time, seconds=seconds: due(time, seconds), times, times[-1])


pauses = st.lists(st.sampled_from([0, 0.5, 1, 2.5, 6]), max_size=8)


@pytest.mark.parametrize("build", [build for build, _ in OPERATORS.values()], ids=OPERATORS)
@given(times, pauses, seconds, st.sets(st.integers(0, 8)))
def test_nothing_is_lost_untold_and_errors_keep_their_places(
    build, times, pauses, seconds, failing
):
    items = [Broken() if i in failing else i for i in range(len(times))]
    dropped = []
    seen = watched(
        lambda s: build(s.map(fussy), seconds, on_dropped=dropped.append),
        zip(times, items, strict=True),
        pauses,
    )
    answers = [answer for _, answer in seen]
    got = [answer for answer in answers if not isinstance(answer, Failed)]
    errors = sorted(i for i in failing if i < len(times))
    assert got == sorted(got)
    assert sorted(got + dropped) == [i for i in range(len(times)) if i not in failing]
    places = [i for i, answer in enumerate(answers) if isinstance(answer, Failed)]
    for error, place in zip(errors, places, strict=True):
        before = [answer for answer in answers[:place] if not isinstance(answer, Failed)]
        assert all(item < error for item in before)
        # The one just before an error is never dropped: nothing followed it but the error.
        assert error == 0 or error - 1 in failing or error - 1 in before
        after = [answer for answer in answers[place:] if not isinstance(answer, Failed)]
        assert all(item > error for item in after)


@each_operator
def test_an_error_that_comes_when_nobody_waits_is_kept(build, due):
    """Swift's debounce dropped it."""
    events = [(0, "a"), (3, Broken()), (20, "b")]
    seen = watched(lambda s: build(s.map(fussy), 2), events, [10])
    assert seen == [(2, "a"), (12, Failed(Broken)), (20, "b")]


@each_operator
def test_for_a_busy_consumer_an_item_counts_from_when_it_came(build, due):
    async def main():
        script = Script(*[(time, time) for time in range(0, 30, 3)])
        subject = build(stream(script), 2)
        first = await anext(subject), now()
        await asyncio.sleep(2.5)  # to 4.5: the next one came at 3
        pulled = script.pulls
        second = await anext(subject), now()
        await asyncio.sleep(7)
        assert script.pulls <= pulled + 1
        third = await anext(subject), now()
        await subject.aclose()
        return first, second, third

    (_, (second, at), third) = virtual(main())
    assert (second, at) == (3, max(4.5, due(3, 2)))
    # One that was delivered as soon as it was asked for left no pull under way.
    assert third == ((6, at + 7) if at > 4.5 else (9, 12))


@each_operator
@pytest.mark.parametrize("error", [Broken, StopIteration, StopAsyncIteration])
def test_an_error_of_on_dropped_comes_before_what_follows(build, due, error):
    def refuse(item):
        raise error

    answers = run(pulls(build(stream([1, 2, 3]), 60, on_dropped=refuse)))
    failed = Failed(error if error is Broken else RuntimeError)
    assert answers == [failed, failed, 3]


@each_operator
@given(st.lists(st.integers()), paces)
def test_without_time_passing_the_last_one_comes(build, due, items, pace):
    assert run(build(stream(paced(items, pace)), 60).list()) == items[-1:]


@each_operator
def test_it_wakes_nobody_for_what_it_does_not_deliver(build, due):
    """A burst makes one timer and not one for each item."""
    made = 0

    async def main():
        nonlocal made
        loop = asyncio.get_running_loop()
        call_at = loop.call_at

        def counting(when, callback, *args, **how):
            nonlocal made
            made += getattr(callback, "__name__", "") == "_settle"
            return call_at(when, callback, *args, **how)

        loop.call_at = counting
        subject = build(stream(Script(*[(1 + i / 128, i) for i in range(100)], end=50)), 4)
        assert await anext(subject) == 99
        await subject.aclose()

    virtual(main())
    assert made <= 2


EVENTS = [(0, 0), (0, 1), (1, 2), (3, 3), (3, 4), (6, 5)]


@each_operator
def test_a_cancelled_pull_loses_nothing(build, due):
    """What is delivered is among what came, in order; the last one always; the rest is told."""
    for point in POINTS:
        dropped = []
        answers = cancelled_at(lambda s, d=dropped: build(s, 2, on_dropped=d.append), EVENTS, point)
        assert sorted(answers + dropped) == list(range(6)), point
        assert answers == sorted(answers), point
        assert answers[-1] == 5, point


@each_operator
@pytest.mark.parametrize("how", ["close", "leave", "drop"])
def test_leaving_it_closes_the_source_once(build, due, how):
    for point in POINTS:
        script = closed_at(lambda s: build(s, 2), EVENTS, point, how)
        assert len(script.closed_in) == 1, point


@each_operator
@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_every_source_is_closed_once_when_it_ends_and_when_it_fails(build, due, kind):
    for items in ([1, 2, 3], zoo.failing([1, 2, 3])):
        specimen = kind(items)
        answers = run(pulls(build(stream(specimen.hand_over()), 60)))
        assert specimen.is_closed_once
        assert not specimen.log.late
        assert answers == [3, *[Failed(zoo.SourceError)] * (not isinstance(items, list))]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda s: s.debounce(0), ValueError, "debounce(): quiet must be positive"),
        (lambda s: s.sample(-1), ValueError, "sample(): interval must be positive"),
        (lambda s: s.sample(float("nan")), ValueError, "sample(): interval must not be nan"),
        (
            lambda s: s.debounce("1"),
            TypeError,
            "debounce(): quiet must be a number of seconds, not str",
        ),
        (
            lambda s: s.sample(1, on_dropped=2),
            TypeError,
            "sample(): 'int' object is not callable",
        ),
    ],
)
def test_bad_arguments_fail_at_construction(build, error, message):
    with pytest.raises(error) as raised:
        build(stream([1]))
    assert str(raised.value) == message


@each_operator
def test_an_endless_time_leaves_the_last_item(build, due):
    assert watched(lambda s: build(s, float("inf")), [(0, 1), (5, 2)]) == [(5, 2)]


@each_operator
def test_under_trio_it_works_inside_of_async_with(build, due):
    trio = pytest.importorskip("trio")
    testing = pytest.importorskip("trio.testing")

    async def source():
        for i, gap in enumerate([0.5, 1, 8, 1, 8]):
            await trio.sleep(gap)
            yield i

    async def main():
        async with build(stream(source()), 3) as subject:
            return [item async for item in subject]

    clock = testing.MockClock(autojump_threshold=0)
    assert trio.run(main, clock=clock)[-1] == 4
