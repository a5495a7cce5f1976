"""Several calls at a time: map, starmap, filter and for_each with concurrency, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import operator as op
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Err, Ok, stream

from . import zoo
from .oracle import Failed, pulls
from .virtual import now, run


class Calls:
    """A function that takes as long as the item says, and notes what is going on."""

    def __init__(self, takes=lambda item: item):
        self.takes = takes
        self.begun, self.ended, self.flying, self.most = [], [], set(), 0
        self.cancelled = []

    async def __call__(self, item):
        self.begun.append(item)
        self.flying.add(item)
        self.most = max(self.most, len(self.flying))
        try:
            await asyncio.sleep(self.takes(item))
            self.ended.append(item)
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            self.flying.discard(item)
        return item


durations = st.lists(st.integers(0, 5), max_size=12)
sizes = st.integers(1, 5)


def numbered(times):
    """Items that are all different, and take that long."""
    return [(n, seconds) for n, seconds in enumerate(times)]


def second(item):
    return item[1]


# ---- how many, and in what order -----------------------------------------------------------------


@given(times=durations, n=sizes, buffer=st.none() | st.integers(0, 3), ordered=st.booleans())
def test_never_more_than_n_calls_are_in_flight_and_they_begin_in_order(times, n, buffer, ordered):
    """And n of them, if the buffer does not stop them, whoever is slow."""
    calls, items = Calls(second), numbered(times)
    results = run(stream(items).map(calls, concurrency=n, ordered=ordered, buffer=buffer).list())
    assert calls.begun == items
    assert calls.most <= n
    assert sorted(results) == items
    if ordered:
        assert results == items
    if 0 not in times:
        assert calls.most == min(n, len(items))


@given(times=durations, n=sizes)
def test_the_time_it_takes_is_that_of_n_at_a_time(times, n):
    """Each call begins when one of n is free: that is a list of n clocks."""
    clocks = [0] * n
    for seconds in times:
        clocks.sort()
        clocks[0] += seconds

    async def main():
        await stream(times).map(asyncio.sleep, concurrency=n, buffer=99).drain()
        return now()

    assert run(main()) == max(clocks)


@given(times=durations, n=sizes)
def test_unordered_results_come_as_the_calls_complete(times, n):
    calls, items = Calls(second), numbered(times)
    assert run(stream(items).map(calls, concurrency=n, ordered=False).list()) == calls.ended


# ---- demand --------------------------------------------------------------------------------------


@given(n=sizes, buffer=st.integers(0, 3), ordered=st.booleans(), taken=st.integers(0, 6))
def test_no_more_is_taken_ahead_than_is_said(n, buffer, ordered, taken):
    """At most n + buffer items beyond what was delivered; none before the first is asked for."""

    async def main():
        specimen = zoo.with_aclose(itertools.count())
        log = specimen.log
        calls = Calls(lambda item: 1)
        work = stream(specimen.hand_over()).map(
            calls, concurrency=n, buffer=buffer, ordered=ordered
        )
        await asyncio.sleep(10)
        assert log.pulls == 0
        for k in range(taken):
            await anext(work)
            assert log.given <= k + 1 + n + buffer
        if taken:
            await asyncio.sleep(10)  # it went on while nobody asked, and has no more to do
            assert taken + n <= log.given == len(calls.ended)
        await work.aclose()
        assert log.closes == 1

    run(main())


def test_calls_go_on_while_the_consumer_is_busy():
    """It takes a second for each item, and so do the calls: together a second each."""

    async def main():
        async for _ in stream(range(5)).map(lambda n: asyncio.sleep(1, n), concurrency=1):
            await asyncio.sleep(1)
        return now()

    assert run(main()) == 6


def test_a_function_that_never_suspends_does_not_read_ahead_without_bound():
    async def main():
        numbers = iter(range(1000))
        work = stream(numbers).map(abs, concurrency=2, buffer=3)
        assert await anext(work) == 0
        await asyncio.sleep(1)
        assert next(numbers) <= 1 + 2 + 3
        await work.aclose()

    run(main())


# ---- errors --------------------------------------------------------------------------------------


def failing(n):
    if n % 2:
        raise KeyError(n)
    return n


async def failing_later(n):
    await asyncio.sleep(n)
    return failing(n)


@pytest.mark.parametrize("fn", [failing, failing_later])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_what_becomes_of_items_that_fail(fn, n):
    def answers(on_error, **how):
        return run(pulls(stream(range(5)).map(fn, concurrency=n, on_error=on_error, **how)))

    failed = Failed(KeyError)
    assert answers("raise") == [0, failed, 2, failed, 4]
    assert answers("skip") == [0, 2, 4]
    assert answers("collect") == [0, 2, 4, Failed(ExceptionGroup)]
    results = answers("result")
    assert results[::2] == [Ok(0), Ok(2), Ok(4)]
    assert [(type(err), repr(err.error), err.item) for err in results[1::2]] == [
        (Err, "KeyError(1)", 1),
        (Err, "KeyError(3)", 3),
    ]
    handled = []
    assert answers(lambda error, item: handled.append((repr(error), item))) == [0, 2, 4]
    assert sorted(handled) == [("KeyError(1)", 1), ("KeyError(3)", 3)]


def test_collected_errors_come_once_at_the_end_as_one_group():
    async def main():
        work = stream(range(5)).map(failing, concurrency=2, on_error="collect")
        with pytest.raises(ExceptionGroup, match=r"^map\(\): 2 items failed") as caught:
            await work.list()
        assert [error.args for error in caught.value.exceptions] == [(1,), (3,)]
        assert await work.list() == []

    run(main())


def test_a_handler_may_be_awaited_takes_its_time_and_may_fail():
    async def handler(error, item):
        await asyncio.sleep(1)
        if item == 3:
            raise ValueError(item)

    async def main():
        answers = await pulls(stream(range(5)).map(failing, concurrency=1, on_error=handler))
        return answers, now()

    assert run(main()) == ([0, 2, Failed(ValueError), 4], 2)


def test_the_error_of_a_handler_leads_to_that_of_the_item():
    def handler(error, item):
        raise ValueError(item)

    async def main():
        with pytest.raises(ValueError, match="1") as caught:
            await stream([1]).map(failing, concurrency=1, on_error=handler).list()
        assert isinstance(caught.value.__context__, KeyError)

    run(main())


def test_dead_letters_gets_what_failed():
    async def main():
        letters = ait.Queue()
        work = stream(range(5)).map(failing, concurrency=2, on_error=ait.dead_letters(letters))
        assert await work.list() == [0, 2, 4]
        return sorted(letter.item for letter in await letters.get_many(9))

    assert run(main()) == [1, 3]


@pytest.mark.parametrize("on_error", ["skip", "collect", "result", lambda error, item: None])
@pytest.mark.parametrize("k", [0, 1, 4])
def test_the_error_of_the_source_is_none_of_a_function(on_error, k):
    """It comes after the items before it, whatever happens to those whose function fails."""
    work = stream(zoo.failing(range(k))).map(str, concurrency=2, on_error=on_error)
    results = run(pulls(work))
    assert len(results) == k + 1
    assert results[-1] == Failed(zoo.SourceError)


# ---- the other forms -----------------------------------------------------------------------------


@given(items=st.lists(st.integers(-3, 9), max_size=9), n=sizes)
def test_filter_and_filterfalse(items, n):
    async def odd(item):
        await asyncio.sleep(item % 3)
        return item % 2

    assert run(stream(items).filter(odd, concurrency=n).list()) == [i for i in items if i % 2]
    assert run(stream(items).filterfalse(odd, concurrency=n).list()) == [
        i for i in items if not i % 2
    ]
    assert run(stream(items).filter(concurrency=n).list()) == list(filter(None, items))


def test_filtering_what_has_no_matches_goes_on_to_the_end():
    """In either order, with no room but for the calls."""
    for ordered in (True, False):
        way = {"concurrency": 2, "buffer": 0, "ordered": ordered}
        for pred in (lambda n: None, lambda n: asyncio.sleep(n % 3)):
            assert run(stream(range(50)).filter(pred, **way).list()) == []


def test_an_item_whose_truth_fails_is_an_error():
    class Undecided:
        def __bool__(self):
            raise KeyError

    work = stream([1, 2]).filter(lambda n: Undecided(), concurrency=2)
    assert run(pulls(work)) == [Failed(KeyError)] * 2


@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=9), n=sizes)
def test_starmap(pairs, n):
    async def mul(x, y):
        await asyncio.sleep(x)
        return x * y

    expected = list(itertools.starmap(op.mul, pairs))
    assert run(stream(pairs).starmap(mul, concurrency=n).list()) == expected
    assert run(ait.starmap(mul, pairs, concurrency=n, key=lambda pair: pair[0]).list()) == expected


def test_starmap_of_what_cannot_be_taken_apart_is_an_error_of_that_item():
    work = stream([(1, 2), 3, "ab"]).starmap(op.add, concurrency=2, on_error="result")
    ok, err, text = run(work.list())
    assert (ok, type(err.error), err.item, text) == (Ok(3), TypeError, 3, Ok("ab"))


@given(times=durations, n=sizes)
def test_for_each_calls_for_every_item(times, n):
    calls, items = Calls(second), numbered(times)
    assert run(stream(items).for_each(calls, concurrency=n)) is None
    assert calls.begun == items
    assert sorted(calls.ended) == items
    assert calls.most <= n


def test_the_first_error_ends_for_each_at_once():
    """The other calls are cancelled, the source is closed, and nothing more is read."""

    async def main():
        specimen = zoo.with_aclose(itertools.count())
        calls = Calls(lambda item: 9 - item)

        async def call(item):
            await calls(item)
            raise KeyError(item)

        with pytest.raises(KeyError, match="2"):
            await stream(specimen.hand_over()).for_each(call, concurrency=3)
        assert now() == 7
        assert calls.ended == [2]
        assert sorted(calls.cancelled) == [0, 1]
        assert specimen.log.given == 3
        assert specimen.is_closed_once

    run(main())


def test_for_each_collects_or_leaves_out():
    async def main():
        done = []

        async def call(n):
            await failing_later(n)
            done.append(n)

        with pytest.raises(ExceptionGroup, match=r"for_each\(\): 2 items failed"):
            await stream(range(5)).for_each(call, concurrency=2, on_error="collect")
        await ait.for_each(call, range(5), concurrency=2, on_error="skip")
        assert done == [0, 2, 4] * 2

    run(main())


# ---- bad arguments -------------------------------------------------------------------------------

FORMS = {
    "map": lambda **way: stream([]).map(abs, **way),
    "starmap": lambda **way: stream([]).starmap(abs, **way),
    "filter": lambda **way: stream([]).filter(abs, **way),
    "filterfalse": lambda **way: stream([]).filterfalse(abs, **way),
    "for_each": lambda **way: stream([]).for_each(abs, **way),
}
KEYED = {"map", "starmap", "for_each"}
DELIVERING = {"map", "starmap", "filter", "filterfalse"}


def refused(way, error, message, forms=tuple(FORMS)):
    for name in forms:
        with pytest.raises(error, match=rf"^{name}\(\)(:| got) {message}$"):
            FORMS[name](**way)


def test_as_many_calls_as_there_can_be_are_allowed():
    """The room for outcomes, which comes on top, was more than that."""
    assert run(stream("ab").map(str.upper, concurrency=sys.maxsize).list()) == ["A", "B"]


def test_bad_arguments_fail_at_construction():
    for n in (0, -1):
        refused({"concurrency": n}, ValueError, "concurrency must be at least one")
    for n in (1.5, "2", None):
        kind = type(n).__name__
        refused({"concurrency": n}, TypeError, f"concurrency must be an integer, not {kind}")
    two = {"concurrency": 2}
    refused({**two, "buffer": -1}, ValueError, "buffer must not be negative", DELIVERING)
    refused({**two, "buffer": 0.5}, TypeError, "buffer must be an integer, not float", DELIVERING)
    refused({**two, "key": 3}, TypeError, "'int' object is not callable", KEYED)
    refused({**two, "on_error": "ignore"}, ValueError, "on_error must be .*, not 'ignore'")
    refused(
        {**two, "on_error": "result"}, ValueError, ".*, not 'result'", {*FORMS} - {"map", "starmap"}
    )


def test_options_need_concurrency_and_have_to_be_known():
    refused({"on_error": "skip"}, TypeError, "on_error needs concurrency")
    unexpected = "an unexpected keyword argument"
    refused({"concurency": 2}, TypeError, f"{unexpected} 'concurency'")
    refused({"concurrency": 2, "key": abs}, TypeError, f"{unexpected} 'key'", {*FORMS} - KEYED)
    for name in ("ordered", "buffer"):
        refused({"concurrency": 2, name: 1}, TypeError, f"{unexpected} '{name}'", ["for_each"])


def test_random_durations_with_random_consumers_come_to_what_the_builtin_gives():
    """Many items, a slow or quick consumer, calls that suspend or not."""
    for seed in range(20):
        rnd = random.Random(seed)

        async def call(n, rnd=rnd):
            for _ in range(rnd.choice([0, 0, 1, 2])):
                await asyncio.sleep(rnd.choice([0, 0, 1]))
            return -n

        async def main(rnd=rnd, call=call):
            work = stream(range(200)).map(call, concurrency=rnd.randint(1, 20))
            found = []
            async for item in work:
                found.append(item)
                if rnd.random() < 0.1:
                    await asyncio.sleep(rnd.choice([0, 1, 5]))
            return found

        assert run(main()) == list(map(op.neg, range(200)))
