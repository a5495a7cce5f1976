"""What only partition does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import asyncio
import weakref

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import stream

from . import loop, zoo
from .models import even, fussy
from .oracle import Failed, Pace, colours, listed, paced, paces, pulls, run

items = st.lists(st.integers(-3, 9), max_size=14)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""

SLOW = Pace(1)
"""Suspends before each item, and before the end."""


def cancel(awaitable, point):
    """Run *awaitable* to its await point number *point* and cancel it there."""
    with pytest.raises(loop.Cancelled):
        loop.run_to(awaitable, point).throw(loop.Cancelled())


def surviving(items, pace=SLOW):
    """A source that suspends and can be cancelled without being over."""
    return zoo.bare_iterator(items, pace).hand_over()


@given(items, st.lists(st.integers(0, 1), max_size=30), colours, sources)
def test_partition_is_that_of_more_itertools_in_any_order_of_pulls(items, script, colour, source):
    async def read():
        ours = stream(source(items)).partition(colour(even))
        theirs = mit.partition(even, items)
        for side in script:
            assert next(theirs[side], "end") == await anext(ours[side], "end")

        assert [list(branch) for branch in theirs] == [await listed(branch) for branch in ours]

    run(read())


@given(items, sources)
def test_partition_without_a_predicate_takes_the_truth_of_the_items(items, source):
    async def read():
        return [await listed(branch) for branch in stream(source(items)).partition(None)]

    assert run(read()) == [list(branch) for branch in mit.partition(None, items)]


def test_each_item_is_judged_once():
    judged = []

    def pred(item):
        judged.append(item)
        return item % 2

    async def read():
        evens, odds = stream(range(4)).partition(pred)
        return await anext(odds), await listed(evens), await listed(odds)

    assert run(read()) == (1, [0, 2], [3])
    assert judged == [0, 1, 2, 3]


def test_an_error_reaches_both_and_both_go_on():
    async def read():
        false, true = stream([2, 1, 4, 3, 6]).partition(lambda x: fussy(x) > 3)
        return await pulls(true), await pulls(false)

    failed = Failed(ValueError)
    assert run(read()) == ([failed, 4, failed, 6], [2, failed, failed])


def test_after_the_source_failed_the_other_reads_what_is_kept_and_then_the_error():
    async def read():
        false, true = stream(zoo.failing([1, 2, 3])).partition(even)
        return await pulls(true), await pulls(false)

    failed = Failed(zoo.SourceError)
    assert run(read()) == ([2, failed], [1, 3, failed])


def test_a_cancelled_branch_leaves_all_for_both():
    false, true = stream(surviving(range(4))).partition(even)
    cancel(anext(false), 2)
    assert loop.run(listed(true)) == [0, 2]
    assert loop.run(listed(false)) == [1, 3]


@given(items, paces)
def test_two_tasks_read_both_at_the_same_time(items, pace):
    async def read():
        branches = stream(paced(items, pace)).partition(even)
        return await asyncio.gather(*map(listed, branches))

    assert run(read()) == [list(branch) for branch in mit.partition(even, items)]


def test_on_a_loop_of_unknown_kind_only_one_can_wait():
    false, true = stream(surviving([1, 2, 3])).partition(even)
    assert loop.run(anext(true)) == 2
    waiting = loop.run_to(anext(true, "end"), 1)
    assert loop.run(anext(false)) == 1
    with pytest.raises(RuntimeError, match="no running event loop"):
        loop.run(anext(false))

    assert waiting.finish() == "end"
    assert loop.run(listed(false)) == [3]


def test_a_predicate_that_asks_its_own_branch_is_refused():
    async def pred(item):
        return await anext(branches[item])

    branches = stream([0, 1]).partition(pred)
    found = run(pulls(branches[0]))
    assert found == [Failed(RuntimeError), Failed(RuntimeError)]
    assert run(pulls(branches[1])) == found[1:], "the first one was what the predicate got"


# closing


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("started", [False, True], ids=["unstarted", "started"])
def test_the_branch_that_is_closed_last_closes_the_source(kind, first, started):
    specimen = kind(range(4), SLOW)

    async def close():
        branches = stream(specimen.hand_over()).partition(even)
        if started:
            assert await anext(branches[first]) == 1 - first
        await branches[first].aclose()
        await branches[first].aclose()
        assert specimen.log.closes == 0
        await branches[1 - first].aclose()
        assert specimen.is_closed_once
        assert await listed(branches[0]) == await listed(branches[1]) == []

    run(close())


def test_the_branch_that_is_left_goes_on_to_the_end():
    specimen = zoo.slow_generator(range(6), SLOW)

    async def close():
        false, true = stream(specimen.hand_over()).partition(even)
        assert await anext(true) == 0
        await true.aclose()
        assert await listed(false) == [1, 3, 5]
        assert specimen.is_closed_once

    run(close())


def test_at_the_end_of_one_branch_the_source_is_closed_and_the_other_has_its_items():
    specimen = zoo.with_aclose(range(4), SLOW)

    async def read():
        false, true = stream(specimen.hand_over()).partition(even)
        assert await listed(true) == [0, 2]
        assert specimen.is_closed_once
        assert await listed(false) == [1, 3]
        await false.aclose()
        assert specimen.is_closed_once

    run(read())


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_dropped_branch_counts_as_closed(dropped):
    specimen = zoo.with_aclose(range(4), SLOW)

    async def drop():
        branch = stream(specimen.hand_over()).partition(even)[1 - dropped]
        await anext(branch)
        await branch.aclose()
        assert specimen.is_closed_once

    run(drop())


@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_what_nobody_will_read_is_not_kept(how):
    class Item:
        pass

    async def read():
        things = [Item() for _ in range(4)]
        gone = [weakref.ref(thing) for thing in things]
        false, true = stream(map(things.pop, [0] * 4)).partition(lambda item: item is last)
        last = things[-1]
        del things[-1]
        things.append(last)
        if how == "closed":
            await false.aclose()
        else:
            del false
        assert await anext(true) is last
        return [ref() for ref in gone[:3]]

    assert run(read()) == [None, None, None]


def test_what_was_kept_for_a_dropped_branch_is_let_go():
    class Item:
        pass

    async def read():
        things = [2, None, 1, Item()]
        gone = weakref.ref(things[-1])
        source = stream(map(things.pop, [-1] * 4))
        false, true = source.partition(lambda item: isinstance(item, int))
        del source
        assert await anext(true) == 1
        assert gone() is not None
        del false
        assert await anext(true) == 2
        return gone()

    assert run(read()) is None


def test_closing_one_branch_while_the_other_waits():
    """The source stays open until the other is closed, too."""
    specimen = zoo.with_aclose([1, 3, 4], SLOW)
    false, true = stream(specimen.hand_over()).partition(even)
    waiting = loop.run_to(anext(true), 1)
    loop.run(false.aclose())
    assert waiting.finish() == 4
    loop.run(true.aclose())
    assert specimen.is_closed_once


def test_closing_the_last_branch_ends_its_wait():
    specimen = zoo.with_slow_aclose([1, 3, 4], Pace(0, 0, 50))

    async def close():
        false, true = stream(specimen.hand_over()).partition(even)
        await false.aclose()
        waiting = asyncio.create_task(listed(true))
        await asyncio.sleep(0)
        await true.aclose()
        assert specimen.is_closed_once
        return await waiting

    assert run(close()) == []


def test_an_error_of_closing_reaches_who_closed_last():
    specimen = zoo.FAILS_TO_CLOSE(range(4))

    async def close():
        false, true = stream(specimen.hand_over()).partition(even)
        await true.aclose()
        with pytest.raises(zoo.CloseError):
            await false.aclose()
        await false.aclose()
        assert specimen.is_closed_once

    run(close())


def test_dropping_both_branches_frees_the_source_at_once():
    class Source(list):
        pass

    def make():
        source = Source(range(4))
        return weakref.ref(source), stream(iter(source)).partition(even)

    gone, branches = make()
    run(anext(branches[0]))
    kept = branches[1]
    del branches
    assert gone() is not None
    del kept
    assert gone() is None


def test_branches_name_where_they_come_from():
    false, true = stream(range(4)).partition(even)
    assert run(listed(false)) == [1, 3]
    assert repr(false) == "<Stream partition.false <- partition(even) <- range>"
    assert repr(true) == "<Stream partition.true <- partition(even) <- range>"
    assert tuple(stage[:2] for stage in false.stats()) == (
        ("partition.false", 2),
        ("partition(even)", 4),
        ("range", 4),
    )
    assert tuple(stage[:2] for stage in true.stats()) == (
        ("partition.true", 0),
        ("partition(even)", 4),
        ("range", 4),
    )
