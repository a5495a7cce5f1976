"""The order in which items are combined: cycle, interleave, merge_sorted, product and its kin."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import _core, stream

from . import loop, zoo
from .models import fussy
from .oracle import Failed, asynced, both, colours, listed, pulls, run, synced
from .test_combine import Hiccup, several, sources

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


# ---- cycle, interleave ---------------------------------------------------------------------------


def test_a_cycle_of_nothing_ends():
    specimen = zoo.with_aclose([])
    log = specimen.log
    cycled = stream(specimen.hand_over()).cycle()
    assert run(pulls(cycled)) == []
    assert (log.pulls, log.closes) == (1, 1)


def test_a_cycle_reads_and_closes_its_source_once():
    specimen = zoo.with_slow_aclose("ab")
    log = specimen.log
    assert run(listed(stream(specimen.hand_over()).cycle().take(5))) == list("ababa")
    assert (log.pulls, log.closes) == (3, 1)


def test_a_cycle_gives_way_to_the_loop():
    """It never suspends, and does not starve the others all the same."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        for turns in range(1, 4):  # noqa: B007 - the loop below looks at it
            await loop.Turn()

    async def main() -> None:
        other = asyncio.ensure_future(others())
        async for _ in stream("ab").cycle():
            if turns >= 3:
                break
        await other

    run(main())


def test_many_sources_take_turns():
    many = [range(i, 3000, 1000) for i in range(1000)]
    assert run(listed(_core.interleave(tuple(many)))) == list(range(3000))


# ---- merge_sorted --------------------------------------------------------------------------------

KEYS: list[Callable[[Any], Any] | None] = [None, abs, lambda n: n % 3, lambda n: (n, n)]


@given(
    several=several,
    key=st.sampled_from(KEYS),
    reverse=st.booleans(),
    source=sources,
    colour=colours,
)
def test_merges_what_its_original_merges(several, key, reverse, source, colour):
    data = [sorted(items, key=key, reverse=reverse) for items in several]
    first, *others = map(source, data)
    both(
        lambda: stream(first).merge_sorted(
            *others, key=colour(key) if key else None, reverse=reverse
        ),
        lambda: heapq.merge(*data, key=key, reverse=reverse),
    )


@given(several=st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=1, max_size=9))
@pytest.mark.parametrize("reverse", [False, True])
def test_merging_is_stable(several, reverse):
    """Of equal items the earlier source's come first, in their order: what sorted() does."""
    data = [
        sorted(((n, i, k) for k, n in enumerate(items)), key=first, reverse=reverse)
        for i, items in enumerate(several)
    ]
    merged = _core.merge_sorted(tuple(data), first, reverse)
    assert run(listed(merged)) == sorted(mit.flatten(data), key=first, reverse=reverse)


def first(triple: tuple[int, ...]) -> int:
    return triple[0]


def test_what_is_equal_needs_no_order():
    both(lambda: stream([None]).merge_sorted([None]), lambda: heapq.merge([None], [None]))
    both(lambda: stream([{}, {}]).merge_sorted([{}]), lambda: heapq.merge([{}, {}], [{}]))


@given(several=several)
def test_sources_that_are_not_sorted_are_merged_as_the_original_does(several):
    head, *others = several
    both(lambda: stream(head).merge_sorted(*others), lambda: heapq.merge(*several))


@either_colour
def test_an_item_whose_key_fails_is_gone_and_the_same_source_is_asked_again(colour):
    merged = stream([1, 2, 6]).merge_sorted([3, 4, 5, 8], key=colour(fussy))
    failed = Failed(ValueError)
    assert run(pulls(merged)) == [failed, failed, 2, 4, failed, 6, 8]


def test_the_last_source_left_needs_no_keys():
    """There is nothing to compare its items with."""
    keyed = []
    merged = stream([1, 5, 6, 7]).merge_sorted([2], key=lambda n: keyed.append(n) or n)
    assert run(listed(merged)) == [1, 2, 5, 6, 7]
    assert keyed == [1, 2, 5]


def test_items_that_cannot_be_compared_are_gone_and_the_others_come():
    """Each fails once, whether it comes first or later."""
    merged = _core.merge_sorted(([1, 4, "x", 6], ["y", 2, 3], [5, "z"]), None, False)
    results = run(pulls(merged))
    assert results.count(Failed(TypeError)) == 3
    assert [result for result in results if result != Failed(TypeError)] == [1, 2, 3, 4, 5, 6]


class Quarrelsome:
    """Compares as its number, and fails to as often as *fails* says."""

    def __init__(self, n: int, fails: Iterator[bool]) -> None:
        self.n = n
        self.fails = fails

    def __lt__(self, other: Quarrelsome) -> bool:
        if next(self.fails, False):
            raise Hiccup
        return self.n < other.n


@given(several=several, fails=st.lists(st.booleans(), max_size=20))
def test_whichever_comparisons_fail_each_costs_one_item(several, fails):
    failing = iter(fails)
    data = [[Quarrelsome(n, failing) for n in sorted(items)] for items in several]
    results = run(pulls(_core.merge_sorted(tuple(data), None, False)))
    failed = results.count(Failed(Hiccup))
    merged = [item for item in results if item != Failed(Hiccup)]
    assert len(results) == sum(map(len, several))
    assert len(set(map(id, merged))) == len(merged) == len(results) - failed
    assert [item.n for item in merged] == sorted(item.n for item in merged)


# ---- product, combinations, permutations ---------------------------------------------------------

ARRANGEMENTS = {
    "combinations": itertools.combinations,
    "combinations_with_replacement": itertools.combinations_with_replacement,
    "permutations": itertools.permutations,
}

each_arrangement = pytest.mark.parametrize("name", ARRANGEMENTS)


@each_arrangement
@given(items=st.lists(st.integers(0, 9), max_size=4), r=st.integers(0, 5), source=sources)
def test_arranges_what_its_original_arranges(name, items, r, source):
    both(
        lambda: getattr(stream(source(items)), name)(r),
        lambda: ARRANGEMENTS[name](items, r),
    )


@given(items=st.lists(st.integers(0, 9), max_size=4), source=sources)
def test_permutes_all_items_where_no_number_is_given(items, source):
    both(lambda: stream(source(items)).permutations(), lambda: itertools.permutations(items))
    both(lambda: stream(source(items)).permutations(None), lambda: itertools.permutations(items))


@pytest.mark.parametrize("r", [10**9, sys.maxsize])
def test_a_huge_number_chooses_nothing_and_costs_nothing(r):
    for name in ("combinations", "permutations"):
        assert run(listed(getattr(stream("abc"), name)(r))) == []
    assert run(listed(stream([]).combinations_with_replacement(r))) == []


def test_what_cannot_be_made_of_all_items_fails_once():
    async def main() -> None:
        repeated = stream("abc").combinations_with_replacement(sys.maxsize)
        assert await pulls(repeated) == [Failed(MemoryError)]

    run(main())


@each_arrangement
@pytest.mark.parametrize(
    ("r", "error", "message"),
    [
        (-1, ValueError, "r must be non-negative"),
        ("2", TypeError, "r must be an integer, not str"),
        (2.0, TypeError, "r must be an integer, not float"),
        (sys.maxsize + 1, OverflowError, "r is too large"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_at_once(name, r, error, message):
    with pytest.raises(error, match=message):
        getattr(stream("abc"), name)(r)


@pytest.mark.parametrize(
    ("repeat", "error", "message"),
    [
        (-1, ValueError, r"product\(\): repeat argument cannot be negative"),
        ("2", TypeError, r"product\(\): repeat argument must be an integer, not str"),
        (None, TypeError, r"product\(\): repeat argument must be an integer, not NoneType"),
        (sys.maxsize, OverflowError, r"product\(\): repeat argument too large"),
    ],
)
def test_a_repetition_that_makes_no_sense_is_refused_at_once(repeat, error, message):
    with pytest.raises(error, match=message):
        stream("abc").product("de", repeat=repeat)


@pytest.mark.parametrize("name", [*ARRANGEMENTS, "product"])
def test_the_sources_are_closed_when_they_have_been_read(name):
    specimen = zoo.with_slow_aclose("abc")
    log = specimen.log

    async def main() -> None:
        args = () if name == "product" else (2,)
        arranged = getattr(stream(specimen.hand_over()), name)(*args)
        assert log.pulls == 0
        await anext(arranged)
        assert (log.pulls, log.closes) == (4, 1)
        await arranged.aclose()
        assert log.closes == 1

    run(main())
