"""Laws 5, 6, 8, 10, 11 and 12: the end, demand, fairness, bad arguments, context, None."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import time

import pytest
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import zoo
from .loop import current_task
from .oracle import Pace, asynced, pulls, run, synced, upto_error
from .rig import OPERATORS, OWNERS, OWNING_OPERATORS, REDUCERS, Rig, about, each

# ---- law 5: the end is final ---------------------------------------------------------------------


@each(OPERATORS)
def test_after_the_end_every_pull_ends_at_once(entry):
    """Also when the source would go on, and without asking it."""

    async def main(rig):
        await pulls(rig.subject)
        asked = [log.pulls for log in rig.logs]
        for _ in range(3):
            with pytest.raises(StopAsyncIteration):
                await anext(rig.subject)
        assert [log.pulls for log in rig.logs] == asked

    for kind in (zoo.restless, zoo.sync_list, zoo.generator, zoo.bare_iterator):
        with about(kind):
            run(main(Rig(entry, kind)))


@each(OWNING_OPERATORS)
def test_after_the_error_of_a_source_the_end_comes_and_stays(entry):
    async def main(rig):
        await pulls(rig.subject)
        for _ in range(3):
            with pytest.raises(StopAsyncIteration):
                await anext(rig.subject)
        rig.check_closed()

    for kind in zoo.CLOSABLE:
        data = [zoo.failing(items[:2]) for items in entry.examples]
        with about(kind):
            run(main(Rig(entry, kind, data=data)))


@each(OPERATORS)
def test_an_ended_stream_can_be_closed(entry):
    async def main(rig):
        await pulls(rig.subject)
        await rig.subject.aclose()
        async with rig.subject:
            pass
        rig.check_use()

    run(main(Rig(entry, zoo.with_aclose)))


# ---- law 6: demand is respected ------------------------------------------------------------------


class Counted:
    """A synchronous iterator that counts how often it is asked."""

    def __init__(self, items):
        self.items, self.pulls = iter(items), 0

    def __iter__(self):
        return self

    def __next__(self):
        self.pulls += 1
        return next(self.items)


@each(entry for entry in OWNERS if not entry.reordered)
def test_nothing_is_pulled_before_it_is_asked_for(entry):
    """Item by item it asks each of its sources at most as often as the original does.

    But for what it is said to read ahead; and that, too, not before the first item is asked for.
    """

    async def main(rig, originals):
        assert [log.pulls for log in rig.logs] == [0] * entry.arity
        if entry.reduces:
            await rig.answers()
            with contextlib.suppress(ValueError):
                entry.theirs(*originals)
            compare(rig, originals)
            return
        original = iter(entry.theirs(*originals))
        for _ in entry.expected(*entry.examples):
            try:
                next(original)
                await anext(rig.subject)
            except (ValueError, ExceptionGroup):  # strict, or collected
                break
            compare(rig, originals)
        await rig.subject.aclose()

    def compare(rig, originals):
        asked = [log.pulls for log in rig.logs]
        allowed = [source.pulls + entry.ahead for source in originals]
        assert all(map(int.__le__, asked, allowed)), f"asked {asked} times, the original {allowed}"

    for kind in (zoo.generator, zoo.with_aclose, zoo.sync_iterator):
        with about(kind):
            originals = [Counted(items) for items in entry.examples]
            run(main(Rig(entry, kind), originals))


# ---- law 8: fair ---------------------------------------------------------------------------------


class Stop(Exception):
    pass


@each(entry for entry in OPERATORS + REDUCERS if entry.arity)
def test_a_source_that_is_always_ready_does_not_starve_the_loop(entry):
    """The loop gets its turns though nothing ever suspends: the core gives way."""
    turns, begun = 0, time.process_time()
    starved = False

    def endless(items):
        nonlocal starved
        while turns < 5 and not starved:
            starved = time.process_time() > begun + 1
            yield from items
        raise Stop

    async def others():
        nonlocal turns
        for turns in range(1, 6):  # noqa: B007 - the source looks at it
            await asyncio.sleep(0)

    async def consume(subject):
        async with subject:
            async for _ in subject:
                if turns >= 5:
                    break

    async def main(rig):
        other = asyncio.ensure_future(others())
        with contextlib.suppress(Stop, ValueError):  # ValueError: one() and only() have enough
            await (rig.subject if entry.reduces else consume(rig.subject))
        assert not starved
        await other

    with about(entry):
        run(main(Rig(entry, zoo.generator, data=[endless(items) for items in entry.examples])))


def test_the_loop_gets_a_turn_about_every_five_milliseconds():
    """Every so often, not after every item: that would cost more than the items."""
    longest, last, turns = 0.0, time.monotonic(), 0
    begun = last

    async def others():
        nonlocal longest, last, turns
        while (now := time.monotonic()) < begun + 0.2:
            longest, last, turns = max(longest, now - last), now, turns + 1
            await asyncio.sleep(0)

    async def main():
        other = asyncio.ensure_future(others())
        n = 0
        async for n in ait.count().map(abs):  # noqa: B007 - how many they were
            if other.done():
                break
        return n

    n = run(main())
    assert longest < 0.1
    assert turns < n / 10
    assert 0.2 / turns > 0.001


# ---- law 10: bad arguments fail at construction --------------------------------------------------


@each(entry for entry in OPERATORS + REDUCERS if entry.functions)
def test_what_is_not_callable_is_refused_at_construction(entry):
    with pytest.raises(TypeError, match=r"^\w+\(\): 'int' object is not callable$"):
        entry.build(lambda fn: 42, *([] for _ in entry.data))


@each(entry for entry in OPERATORS if entry.arity > 1)
def test_what_cannot_be_iterated_is_refused_at_construction(entry):
    with pytest.raises(
        TypeError, match=r"^\w+\(\): 'int' object is neither an async iterable nor an iterable$"
    ):
        entry.ours(*[stream([]), *[42] * (entry.arity - 1)], synced)


# ---- law 11: caller's context --------------------------------------------------------------------

colour = contextvars.ContextVar("colour", default="none")


@each(entry for entry in OPERATORS + REDUCERS if entry.functions and not entry.carried)
@pytest.mark.parametrize("tint", [synced, asynced, lambda fn: asynced(fn, Pace(1))])
def test_functions_run_in_the_task_and_the_context_of_the_consumer(entry, tint):
    seen = []

    def paint(fn):
        def looking(*args):
            seen.append((colour.get(), current_task()))
            return fn(*args)

        return tint(looking)

    async def consume(rig):
        colour.set("mine")
        await rig.answers()
        assert set(seen) == {("mine", current_task())}

    for kind in (zoo.generator, zoo.sync_list):
        with about(kind):
            seen.clear()
            run(consume(Rig(entry, kind, paint=paint)))


@each(OWNERS)
def test_sources_are_pulled_by_the_consumer(entry):
    """Or, if it has tasks and the source is awaited, by one of these: that may have a scope."""

    async def consume(rig):
        await rig.answers()
        for log in rig.logs:
            if not entry.tasks:
                assert log.pulled_in <= {id(current_task())}
            elif kind.suspends:
                assert len(log.pulled_in) <= 1

    for kind in zoo.CLOSABLE:
        with about(kind):
            run(consume(Rig(entry, kind)))


# ---- law 12: None is an item ---------------------------------------------------------------------


@each(OWNERS)
def test_none_is_an_item_like_any_other(entry):
    """Whether as the only item, or among others, wherever the original takes it."""
    for items in ([None], [None, None, 0, None], [0, None]):
        data = [items] * entry.arity
        expected = entry.expected(*data)
        for kind in (zoo.sync_list, zoo.generator, zoo.with_aclose):
            with about(kind, items):
                results = run(Rig(entry, kind, data=data).answers())
                assert upto_error(results) == upto_error(expected)


def test_none_may_be_what_a_function_returns():
    assert run(stream("ab").map(lambda c: None).list()) == [None, None]
    assert run(stream("ab").map(asynced(lambda c: None)).list()) == [None, None]
    assert st.none().is_empty is False
    assert list(itertools.repeat(None, 2)) == [None, None]
