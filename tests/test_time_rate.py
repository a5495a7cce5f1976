"""Distances between items: throttle, space_out, rate_limit."""

from __future__ import annotations

import asyncio
import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.engine.rate import Bucket
from aitertools.testing import assert_marbles

from .oracle import Failed
from .script import Broken, Script, fussy, now, virtual, watch, watched
from .timed import pauses, times

durations = st.sampled_from([0.5, 1, 2.5, 4])


def events_at(times):
    return [(time, i) for i, time in enumerate(times)]


def delivered(times, pauses, due):
    """What comes and when if item i, which is there and asked for at ``t``, comes at due(i, t)."""
    seen, clock, busy = [], 0.0, itertools.chain(pauses, itertools.repeat(0))
    for i, time in enumerate(times):
        clock = due(i, max(time, clock))
        seen.append((clock, i))
        clock += next(busy)
    return seen


# ---- throttle ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ab-c-de---f|", "a--c--e---f|"),
        ("(abc)--(de)|", "a--d|"),
        ("a|", "a|"),
        ("ab^", "a-^"),
        ("ab...", "a..."),
    ],
)
def test_throttle_in_pictures(source, expected):
    assert_marbles(lambda s: s.throttle(3), source, expected)


@given(times, pauses, durations)
def test_the_first_of_each_interval_comes_and_all_others_are_told(times, pauses, interval):
    expected, dropped, clock, following = [], [], 0.0, 0.0
    busy = itertools.chain(pauses, itertools.repeat(0))
    for i, time in enumerate(times):
        clock = max(time, clock)
        if clock < following:
            dropped.append(i)
            continue
        expected.append((clock, i))
        following = clock + interval
        clock += next(busy)
    told = []
    seen = watched(lambda s: s.throttle(interval, told.append), events_at(times), pauses)
    assert seen == expected
    assert told == dropped


def test_an_error_is_not_dropped_and_begins_no_interval():
    events = [(1, Broken()), (2, "a"), (3, Broken()), (4, "b"), (5, "c")]
    seen = watched(lambda s: s.map(fussy).throttle(3), events)
    assert seen == [(1, Failed(Broken)), (2, "a"), (3, Failed(Broken)), (5, "c")]


@pytest.mark.parametrize("error", [Broken, StopIteration])
def test_an_error_of_on_dropped_comes_and_the_stream_goes_on(error):
    def on_dropped(item):
        raise error

    raised = Failed(RuntimeError if error is StopIteration else error)
    seen = watched(lambda s: s.throttle(3, on_dropped), [(0, "a"), (1, "b"), (3, "c")])
    assert seen == [(0, "a"), (1, raised), (3, "c")]


def test_dropping_without_end_does_not_keep_the_loop():
    async def main():
        numbers = ait.count().throttle(60)
        assert await anext(numbers) == 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await anext(numbers)
        await numbers.aclose()

    asyncio.run(main())


# ---- space_out -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("abc----d|", "a-b-c--d|"),
        ("(ab)|", "a-(b|)"),
        ("a-b^", "a-b^"),
        ("ab^", "a-(b^)"),
        ("|", "|"),
        ("abc----|", "a!b-c--|"),
    ],
)
def test_space_out_in_pictures(source, expected):
    assert_marbles(lambda s: s.space_out(2), source, expected)


@given(times, pauses, durations)
def test_so_long_lies_between_two_deliveries_and_no_more_than_it_must(times, pauses, interval):
    following = 0.0

    def due(i, asked):
        nonlocal following
        time = max(asked, following)
        following = time + interval
        return time

    seen = watched(lambda s: s.space_out(interval), events_at(times), pauses)
    assert seen == delivered(times, pauses, due)


# ---- the bucket ----------------------------------------------------------------------------------


class Exact:
    """A token bucket by its definition, in fractions: tokens come, and there are *burst* at most.

    While somebody waits for more than that, so many are saved.
    """

    def __init__(self, n, per, burst):
        self.rate, self.burst = Fraction(n) / Fraction(per), burst
        self.tokens, self.time = Fraction(burst), None

    def go_on(self, now, most):
        now = Fraction(now)
        if self.time is not None:
            self.tokens += (now - self.time) * self.rate
        self.tokens, self.time = min(self.tokens, Fraction(most)), now

    def deliver(self, cost, now):
        """When an item comes that is asked for at *now*."""
        self.go_on(now, self.burst)
        due = Fraction(now) + max(0, cost - self.tokens) / self.rate
        self.go_on(due, max(self.burst, cost))
        self.tokens -= cost
        return due


limits = st.tuples(st.sampled_from([1, 2, 8]), st.sampled_from([0.5, 1, 4]), st.integers(1, 9))
costs = st.lists(st.integers(0, 12), min_size=9, max_size=9)


@given(times, pauses, limits, costs, st.booleans())
def test_rate_limit_is_the_token_bucket_of_its_definition(times, pauses, limits, costs, waits):
    n, per, burst = limits
    exact = Exact(n, per, burst)

    async def slow(i):
        await asyncio.sleep(0)
        return costs[i]

    def build(s):
        return s.rate_limit(n, per=per, burst=burst, cost=slow if waits else costs.__getitem__)

    seen = watched(build, events_at(times), pauses)
    expected = delivered(times, pauses, lambda i, asked: float(exact.deliver(costs[i], asked)))
    assert seen == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_an_item_that_is_delivered_late_takes_its_tokens_then(steps):
    """Whatever comes after one another: never more than the burst and what came meanwhile."""
    bucket, clock, spent = Bucket(2, 1, 5), 0.0, []
    for gap, cost, late in steps:
        clock += gap / 4
        clock = max(clock, bucket.due(cost, clock)) + late / 4
        bucket.pay(cost, clock)
        spent.append((clock, cost))
    for i, (begin, first) in enumerate(spent):
        total = 0
        for time, cost in spent[i:]:
            total += cost
            assert total <= max(5, first) + 2 * (time - begin) or cost > 5


@pytest.mark.parametrize(("n", "per", "burst"), [(3, 1.0, 2), (7, 0.1, 7), (1, 0.3, 1)])
def test_a_million_items_do_not_drift(n, per, burst):
    bucket, clock, start = Bucket(n, per, burst), 1e6 / 3, 1e6 / 3
    count = 1_000_000 if n == 3 else 100_000
    for _ in range(count):
        clock = max(clock, bucket.due(1, clock))
        bucket.pay(1, clock)
    ideal = Fraction(start) + (count - burst) * Fraction(per) / n
    assert abs(Fraction(clock) - ideal) < 1e-7


def test_late_timers_do_not_lower_the_rate_of_a_bucket_with_a_burst():
    bucket, clock = Bucket(100, 1, 2), 0.0
    for _ in range(10_000):
        clock = max(clock, bucket.due(1, clock) + 0.001)
        bucket.pay(1, clock)
    assert clock == pytest.approx(99.98, abs=0.01)


# ---- rate_limit ----------------------------------------------------------------------------------


def test_what_costs_more_than_the_burst_waits_until_it_is_paid():
    seen = watched(lambda s: s.rate_limit(2, burst=3, cost=int), [(0, 3), (0, 8), (0, 1), (20, 3)])
    assert seen == [(0, 3), (4, 8), (4.5, 1), (20, 3)]


def test_a_cost_that_fails_takes_the_item_along_and_nothing_else():
    def cost(item):
        if item == "stop":
            raise StopIteration
        return (
            {"nan": float("nan"), "inf": float("inf"), "less": -1, "text": "1", "true": True}[item]
            if isinstance(item, str)
            else fussy(item)
        )

    async def slow(item):
        await asyncio.sleep(0)
        if item == "stop":
            raise StopAsyncIteration
        return cost(item)

    items = [1, "nan", 1, "inf", "less", "text", "true", Broken(), "stop", 1]
    wrong = Failed(ValueError)
    expected = [1, wrong, 1, wrong, wrong, Failed(TypeError), Failed(TypeError), Failed(Broken)]
    for fn in (cost, slow):
        seen = watched(lambda s, fn=fn: s.rate_limit(1, burst=3, cost=fn), [(0, i) for i in items])
        assert [answer for _, answer in seen] == [*expected, Failed(RuntimeError), 1]
        assert {time for time, _ in seen} == {0}


def test_a_number_that_no_float_can_hold_fails_once():
    """It failed at each look at the clock, for ever, with the same item."""
    huge = 10**400
    seen = watched(lambda s: s.rate_limit(1, burst=3, cost=abs), [(0, 1), (0, huge), (0, 1)])
    assert seen == [(0, 1), (0, Failed(OverflowError)), (0, 1)]
    for limits in ({"n": huge}, {"n": 1, "burst": huge}):
        with pytest.raises(OverflowError, match="int too large to convert to float"):
            ait.empty().rate_limit(**limits)


def test_a_cost_that_is_cancelled_is_asked_for_again():
    asked = []

    async def cost(item):
        asked.append(item)
        await asyncio.sleep(2)
        return 1

    async def main():
        subject = stream("ab").rate_limit(9, cost=cost)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await anext(subject)
        return await watch(subject)

    assert virtual(main()) == [(3, "a"), (5, "b")]
    assert asked == ["a", "a", "b"]


# ---- demand, cancelling --------------------------------------------------------------------------

HOLDING = {
    "space_out": lambda s: s.space_out(4),
    "rate_limit": lambda s: s.rate_limit(1, per=4),
}


@pytest.mark.parametrize("name", HOLDING)
def test_one_item_is_held_and_none_read_ahead(name):
    """Who is cancelled and asks again waits for the rest of the time."""

    async def main():
        script = Script(*[(0, i) for i in range(9)])
        subject = HOLDING[name](stream(script))
        assert script.pulls == 0
        assert await anext(subject) == 0
        await asyncio.sleep(1)
        assert script.pulls == 1
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(subject)
            assert script.pulls == 2
        assert (await anext(subject), now()) == (1, 4)
        await asyncio.sleep(10)
        assert (await anext(subject), now()) == (2, 14)
        assert script.pulls == 3
        await subject.aclose()
        assert len(script.closed_in) == 1

    virtual(main())


@pytest.mark.parametrize("name", HOLDING)
def test_closed_while_an_item_waits_it_ends_at_once(name):
    async def main():
        script = Script(*[(0, i) for i in range(9)])
        subject = HOLDING[name](stream(script))
        pulling = asyncio.ensure_future(subject.list())
        await asyncio.sleep(5)
        await subject.aclose()
        assert (await pulling, now()) == ([0, 1], 5)
        assert len(script.closed_in) == 1

    virtual(main())


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.throttle(0), ValueError, "throttle(): interval must be positive"),
        (lambda s: s.throttle(1, 2), TypeError, "throttle(): 'int' object is not callable"),
        (lambda s: s.space_out(-1), ValueError, "space_out(): interval must be positive"),
        (lambda s: s.rate_limit(0), ValueError, "rate_limit(): n must be at least one"),
        (lambda s: s.rate_limit(0.5), TypeError, "rate_limit(): n must be an integer, not float"),
        (lambda s: s.rate_limit(1, per=0), ValueError, "rate_limit(): per must be positive"),
        (lambda s: s.rate_limit(1, per=1e999), ValueError, "rate_limit(): per must be finite"),
        (
            lambda s: s.rate_limit(1, burst=0),
            ValueError,
            "rate_limit(): burst must be at least one",
        ),
        (
            lambda s: s.rate_limit(1, cost=1),
            TypeError,
            "rate_limit(): 'int' object is not callable",
        ),
    ],
)
def test_bad_arguments_are_refused_at_once(call, error, message):
    with pytest.raises(error) as caught:
        call(ait.empty())
    assert str(caught.value) == message


def test_what_they_are_called():
    limited = ait.never().throttle(0.5).space_out(2).rate_limit(3).rate_limit(3, per=60)
    assert repr(limited) == (
        "<Stream rate_limit(3, per=60) <- rate_limit(3) <- space_out(2) <- throttle(0.5) <- never>"
    )
