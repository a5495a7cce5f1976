"""What only the combine family does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import asyncio
import gc
import heapq
import itertools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Stream, _core, stream

from . import loop, zoo
from .models import fussy
from .oracle import (
    RUNNERS,
    Failed,
    Pace,
    answers,
    asynced,
    both,
    colours,
    listed,
    paced,
    paces,
    pulls,
    run,
    synced,
)

items = st.lists(st.integers(-3, 9), max_size=6)
several = st.lists(items, min_size=1, max_size=4)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


# ---- the operators and their originals -----------------------------------------------------------


class Combination(NamedTuple):
    """One way to combine: ours of a stream and other sources; theirs of iterators."""

    ours: Callable[..., Stream[Any]]
    theirs: Callable[..., Iterator[Any]]


COMBINATIONS = {
    "chain": Combination(lambda s, *t: s.chain(*t), itertools.chain),
    "zip": Combination(lambda s, *t: s.zip(*t), zip),
    "zip(strict)": Combination(
        lambda s, *t: s.zip(*t, strict=True), lambda *a: zip(*a, strict=True)
    ),
    "zip_longest": Combination(lambda s, *t: s.zip_longest(*t), itertools.zip_longest),
    "zip_longest(fillvalue)": Combination(
        lambda s, *t: s.zip_longest(*t, fillvalue=7),
        lambda *a: itertools.zip_longest(*a, fillvalue=7),
    ),
    "interleave": Combination(lambda s, *t: s.interleave(*t), mit.roundrobin),
    "merge_sorted": Combination(lambda s, *t: s.merge_sorted(*t), heapq.merge),
    "product": Combination(lambda s, *t: s.product(*t), itertools.product),
    "product(repeat)": Combination(
        lambda s, *t: s.product(*t, repeat=2).take(500),
        lambda *a: itertools.islice(itertools.product(*a, repeat=2), 500),
    ),
    "product(repeat=0)": Combination(
        lambda s, *t: s.product(*t, repeat=0), lambda *a: itertools.product(*a, repeat=0)
    ),
    "cycle": Combination(
        lambda s, *t: s.chain(*t).cycle().take(50),
        lambda *a: itertools.islice(itertools.cycle(itertools.chain(*a)), 50),
    ),
    "peekable": Combination(lambda s, *t: s.peekable(), lambda a, *b: iter(a)),
}

each_combination = pytest.mark.parametrize(
    "combination", COMBINATIONS.values(), ids=list(COMBINATIONS)
)


@each_combination
@given(several=several, source=sources)
def test_combines_what_its_original_combines(combination, several, source):
    """The same items, and the same error where there is one, word for word."""
    both(
        lambda: combination.ours(*map(stream, map(source, several))),
        lambda: combination.theirs(*several),
    )


@given(items=items, others=items, source=sources)
def test_puts_items_before_and_after(items, others, source):
    both(lambda: stream(source(items)).prepend(*others), lambda: itertools.chain(others, items))
    both(lambda: stream(source(items)).append(*others), lambda: itertools.chain(items, others))


class Counted:
    """An iterator that counts how often it was asked."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = iter(items)
        self.pulls = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.pulls += 1
        return next(self.items)


def upto_error(results: list[Any]) -> list[Any]:
    """Where the original goes on after a mismatch, as zip(strict=True) does, ours is at its end."""
    return list(mit.takewhile_inclusive(lambda result: not isinstance(result, Failed), results))


LAZY = [
    "chain",
    "zip",
    "zip(strict)",
    "zip_longest",
    "interleave",
    "merge_sorted",
    "cycle",
    "peekable",
]


@pytest.mark.parametrize("name", LAZY)
@given(several=several)
def test_pulls_its_sources_when_its_original_does(name, several):
    """After each item, and after the end, both have asked each source for as many items."""
    combination = COMBINATIONS[name]

    def asked(counted: list[Counted]) -> tuple[int, ...]:
        return tuple(source.pulls for source in counted)

    async def ours() -> list[Any]:
        counted = [Counted(items) for items in several]
        combined = combination.ours(*map(stream, counted)).map(lambda item: (item, asked(counted)))
        return [*upto_error(await pulls(combined)), asked(counted)]

    counted = [Counted(items) for items in several]
    theirs = answers(lambda: ((item, asked(counted)) for item in combination.theirs(*counted)))
    assert [*theirs, asked(counted)] == run(ours())


def test_what_no_item_is_needed_of_is_not_read():
    source = Counted("abc")
    assert run(listed(stream(source).product(repeat=0))) == [()]
    assert source.pulls == 0


@pytest.mark.parametrize(
    ("combined", "expected"),
    [
        (lambda: _core.chain(()), []),
        (lambda: _core.zip((), False), []),
        (lambda: _core.zip((), True), []),
        (lambda: _core.zip_longest((), None), []),
        (lambda: _core.interleave(()), []),
        (lambda: _core.merge_sorted((), None, False), []),
        (lambda: _core.product((), 1), [()]),
        (lambda: _core.product((), 0), [()]),
    ],
    ids=[
        "chain",
        "zip",
        "zip(strict)",
        "zip_longest",
        "interleave",
        "merge_sorted",
        "product",
        "product(0)",
    ],
)
def test_of_no_sources(combined, expected):
    assert run(listed(combined())) == expected


@given(items=items, times=st.integers(2, 3), source=sources)
@pytest.mark.parametrize("name", ["chain", "zip", "zip_longest", "interleave", "product"])
def test_a_stream_may_be_given_several_times(name, items, times, source):
    """As with the builtin, each takes what the others left: zip(s, s) makes pairs."""
    combination = COMBINATIONS[name]

    both(
        lambda: combination.ours(*[stream(source(items))] * times),
        lambda: combination.theirs(*[iter(items)] * times),
    )


# ---- going on ------------------------------------------------------------------------------------


class Hiccup(Exception):
    pass


def hiccuping(items: Iterable[Any], calls: Iterator[int], at: int) -> Stream[Any]:
    """A stream of *items* whose pull number *at*, as *calls* count, fails; none of them is lost."""
    iterator = iter(items)

    def next_item() -> Any:
        if next(calls) == at:
            raise Hiccup
        return next(iterator, None)

    return ait.aiter(next_item, None)


@pytest.mark.parametrize("name", COMBINATIONS)
@given(several=several)
def test_a_source_that_fails_once_is_asked_again_and_nothing_is_lost(name, several):
    """In the middle of a row, too: the next pull goes on filling it."""
    combination = COMBINATIONS[name]
    expected = upto_error(answers(lambda: combination.theirs(*several)))
    for at in itertools.count():
        calls = itertools.count()
        combined = combination.ours(*[hiccuping(items, calls, at) for items in several])
        results = run(pulls(combined))
        if Failed(Hiccup) not in results:
            assert next(calls) <= at
            break
        results.remove(Failed(Hiccup))
        assert results == expected


@pytest.mark.parametrize("name", COMBINATIONS)
@given(several=several, cancels=st.lists(st.booleans()), pace=paces)
def test_cancelling_between_items_loses_nothing(name, several, cancels, pace):
    """Whichever waits for a source are cancelled, the pulls that follow get all the items."""
    combination = COMBINATIONS[name]
    combined = combination.ours(
        *[stream(zoo.bare_iterator(items, pace).hand_over()) for items in several]
    )
    actual, cancel = [], iter(cancels)
    while True:
        task = loop.Task(combined.__anext__())
        try:
            task.step()
            while not task.done:
                task.throw(loop.Cancelled()) if next(cancel, False) else task.step()
        except loop.Cancelled:
            continue
        except StopAsyncIteration:
            break
        except ValueError:  # strict
            actual.append(Failed(ValueError))
        else:
            actual.append(task.result)

    assert upto_error(answers(lambda: combination.theirs(*several))) == actual


def test_zip_goes_on_filling_the_row_that_was_cancelled():
    taken = iter("abcd")
    waits = stream(zoo.bare_iterator([1, 2], Pace(0, 1)).hand_over())
    rows = stream(taken).zip(waits)

    async def main() -> None:
        assert await anext(rows) == ("a", 1)
        pull = loop.run_to(rows.__anext__(), 1)
        with pytest.raises(loop.Cancelled):
            pull.throw(loop.Cancelled())
        assert next(taken) == "c"  # b is in the row
        assert await anext(rows) == ("b", 2)

    loop.run(main())


# ---- closing -------------------------------------------------------------------------------------

MANY = ["chain", "zip", "zip(strict)", "zip_longest", "interleave", "merge_sorted", "product"]


async def next_of(combined: Stream[Any], n: int = 1) -> list[Any]:
    return [await anext(combined) for _ in range(n)]


def three(
    kind: zoo.Kind, *data: Iterable[Any]
) -> tuple[list[zoo.Specimen], list[str], list[Stream[Any]]]:
    timeline: list[str] = []
    specimens = [kind(items, name=f"{i}", timeline=timeline) for i, items in enumerate(data)]
    return specimens, timeline, [stream(specimen.hand_over()) for specimen in specimens]


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("kind", [zoo.with_aclose, zoo.with_slow_aclose, zoo.slow_generator])
def test_closing_closes_all_sources_in_order_those_not_begun_too(name, kind):
    specimens, timeline, streams = three(kind, "ab", "cd", "ef")

    async def main() -> None:
        combined = COMBINATIONS[name].ours(*streams)
        if name == "chain":
            await anext(combined)
        await combined.aclose()
        assert all(specimen.is_closed_once for specimen in specimens)
        assert await pulls(combined) == []

    run(main())
    assert timeline == sorted(timeline)


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=list(RUNNERS))
def test_when_one_source_ends_zip_closes_the_others(runner):
    specimens, timeline, streams = three(zoo.with_aclose, "abc", "d", "efg")
    runner(listed(streams[0].zip(*streams[1:])))
    assert timeline == ["1", "0", "2"]
    assert [specimen.log.pulls for specimen in specimens] == [2, 2, 1]


def test_sources_of_different_lengths_are_closed_before_strict_complains():
    _, timeline, streams = three(zoo.with_slow_aclose, "ab", "ab", "a")

    async def main() -> None:
        rows = streams[0].zip(*streams[1:], strict=True)
        assert await anext(rows) == ("a", "a", "a")
        with pytest.raises(ValueError, match=r"zip\(\) argument 3 is shorter than arguments 1-2"):
            await anext(rows)
        assert sorted(timeline) == ["0", "1", "2"]
        assert await pulls(rows) == []

    run(main())


def test_an_error_of_closing_stays_behind_that_of_strict():
    mismatch = stream(zoo.FAILS_TO_CLOSE("ab").hand_over()).zip("a", strict=True)
    with pytest.raises(ValueError, match="shorter") as caught:
        run(listed(mismatch))
    assert isinstance(caught.value.__context__, zoo.CloseError)


@pytest.mark.parametrize("name", ["zip_longest", "interleave", "chain", "merge_sorted"])
def test_a_source_is_closed_when_it_ends_though_the_others_go_on(name):
    specimens, timeline, streams = three(zoo.with_aclose, "a", "bcd")

    async def main() -> None:
        combined = COMBINATIONS[name].ours(*streams)
        await next_of(combined, 3)
        assert timeline == ["0"]
        await combined.aclose()
        assert timeline == ["0", "1"]

    run(main())
    assert all(specimen.is_closed_once for specimen in specimens)


def test_chain_goes_on_behind_a_source_that_failed():
    chained = stream(zoo.failing("ab")).chain(zoo.failing(""), "cd")
    assert run(pulls(chained)) == [
        "a",
        "b",
        Failed(zoo.SourceError),
        Failed(zoo.SourceError),
        "c",
        "d",
    ]


def test_zip_longest_goes_on_with_the_fillvalue_for_a_source_that_failed():
    rows = stream(zoo.failing("a")).zip_longest([1, 2, 3])
    assert run(pulls(rows)) == [("a", 1), Failed(zoo.SourceError), (None, 2), (None, 3)]


# ---- zip: its rows -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zip", "zip_longest"])
def test_rows_that_are_kept_stay_as_they_are(name):
    async def main() -> None:
        kept = [row async for row in COMBINATIONS[name].ours(stream("abc"), "def")]
        assert kept == [("a", "d"), ("b", "e"), ("c", "f")]
        assert len(set(map(id, kept))) == 3

    run(main())


@pytest.mark.parametrize("name", ["zip", "zip_longest"])
def test_a_row_that_was_let_go_of_has_a_new_hash_when_it_comes_again(name):
    """The tuple may be the same one; the hash that it remembers must not."""

    async def main() -> None:
        async for row in COMBINATIONS[name].ours(stream(range(9)), range(9)):
            assert hash(row) == hash((row[0], row[1]))
            assert {row: 1}[row[0], row[1]] == 1

    run(main())


@pytest.mark.parametrize("name", ["zip", "zip_longest"])
def test_cycles_through_a_row_are_collected(name):
    """Also through a tuple that held nothing but numbers when the collector saw it."""

    class Node:
        row = None

    async def main() -> weakref.ref[Node]:
        node = Node()
        rows = COMBINATIONS[name].ours(stream([1, node]), [2, 3])
        del (await next_of(rows))[:]
        gc.collect()
        (node.row,) = await next_of(rows)
        return weakref.ref(node)

    ref = run(main())
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize("name", [*COMBINATIONS, "merge_sorted(key)"])
def test_cycles_through_a_stream_are_collected(name):
    class Node:
        stream = None

        def __lt__(self, other: object) -> bool:
            return False

    async def main() -> weakref.ref[Node]:
        node = Node()
        others = [[node, node]] * 2
        if name == "merge_sorted(key)":
            node.stream = stream([node]).merge_sorted(*others, key=lambda _: node)
        else:
            node.stream = COMBINATIONS[name].ours(stream([node, node]), *others)
        await anext(node.stream)
        return weakref.ref(node)

    ref = run(main())
    gc.collect()
    assert ref() is None


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


# ---- peekable ------------------------------------------------------------------------------------

END = "end"
looks = st.lists(
    st.one_of(
        st.sampled_from(["next", "next", "peek", "peek", "list"]),
        st.lists(st.integers(10, 19), max_size=3),
    ),
    max_size=20,
)


async def look_ours(p: ait.Peekable[Any], look: Any) -> Any:
    match look:
        case "next":
            return await anext(p, END)
        case "peek":
            return await p.peek(END)
        case "list":
            return await listed(p)
        case _:
            assert p.prepend(*look) is p
            return None


def look_theirs(p: mit.peekable[Any], look: Any) -> Any:
    match look:
        case "next":
            return next(p, END)
        case "peek":
            return p.peek(END)
        case "list":
            return list(p)
        case _:
            return p.prepend(*look)


@given(items=items, looks=looks, source=sources)
def test_looks_ahead_and_takes_back_as_its_original_does(items, looks, source):
    """In any order; but the end is final. A list stands for prepend(*list)."""

    async def main() -> list[Any]:
        p, answers = stream(source(items)).peekable(), []
        with suppress(ValueError):  # put back after the end
            for look in looks:
                answers += [await look_ours(p, look)]
        return answers

    p, answers = mit.peekable(items), run(main())
    assert [look_theirs(p, look) for look in looks[: len(answers)]] == answers
    assert len(answers) == len(looks) or not p


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=list(RUNNERS))
def test_peeking_at_the_end_raises_what_anext_raises(runner):
    async def main() -> None:
        p = stream([1]).peekable()
        assert [await anext(p), await p.peek(None)] == [1, None]
        with pytest.raises(StopAsyncIteration):
            await p.peek()

    runner(main())


def test_a_peekable_is_a_stream_and_takes_any_source():
    p = ait.Peekable([1, 2])
    assert isinstance(p, Stream)
    assert repr(p) == "<Peekable peekable <- list>"
    assert type(p.map(str)) is Stream
    assert run(listed(p)) == [1, 2]
    with pytest.raises(TypeError, match=r"peekable\(\): 'int' object is neither"):
        ait.Peekable(1)


def test_what_was_only_looked_at_is_not_counted():
    async def main() -> None:
        p = stream("abc").peekable()
        assert [await p.peek(), await p.peek(), await anext(p), await p.peek()] == list("aaab")
        assert p.stats()[0][:2] == ("peekable", 1)
        assert await listed(p) == ["b", "c"]
        assert p.stats()[0][:2] == ("peekable", 3)

    run(main())


def test_looking_ahead_reads_one_item_and_closes_nothing():
    specimen = zoo.with_aclose("ab")
    log = specimen.log

    async def main() -> None:
        p = stream(specimen.hand_over()).peekable()
        assert log.pulls == 0
        await p.peek()
        await p.peek()
        assert (log.pulls, log.closes) == (1, 0)
        await p.aclose()
        assert log.closes == 1
        assert await p.peek(END) == END

    run(main())


def test_a_cancelled_peek_loses_nothing():
    p = stream(zoo.bare_iterator("ab", Pace(1)).hand_over()).peekable()
    for _ in range(2):
        peek = loop.run_to(p.peek(), 1)
        with pytest.raises(loop.Cancelled):
            peek.throw(loop.Cancelled())
    assert loop.run(p.peek()) == "a"
    assert loop.run(listed(p)) == ["a", "b"]


def test_an_error_is_raised_by_the_peek_that_meets_it():
    async def main() -> None:
        p = stream([2, 3, 4]).map(fussy).peekable()
        assert [await p.peek(), await anext(p)] == [2, 2]
        with pytest.raises(ValueError, match="3"):
            await p.peek()
        assert [await p.peek(), await anext(p)] == [4, 4]

    run(main())


def test_aclose_ends_a_peek_that_waits():
    async def main():
        p = stream(zoo.with_aclose("a", Pace(10**6)).hand_over()).peekable()
        peek = asyncio.ensure_future(p.peek(END))
        await loop.Turn()
        await p.aclose()
        assert await peek == END

    run(main())


def test_items_can_be_put_back_by_what_comes_after():
    """A function further down may do it: the stream is not running while it is called."""
    p = stream("a(b)c").peekable()

    def expand(char: str) -> str:
        if char == "(":
            p.prepend(*"[[")
        return char

    assert "".join(run(listed(p.map(expand)))) == "a([[b)c"


def test_nothing_is_put_before_an_item_that_is_waited_for():
    p = stream(zoo.bare_iterator("a", Pace(1)).hand_over()).peekable()
    pull = loop.run_to(p.__anext__(), 1)
    with pytest.raises(RuntimeError, match=r"peekable\(\): already running"):
        p.prepend("x")
    assert pull.finish() == "a"
    assert loop.run(listed(p.prepend("x"))) == ["x"]


def test_nothing_is_put_before_the_end():
    """The end is final."""
    p = stream("ab").peekable()
    run(p.aclose())
    with pytest.raises(ValueError, match=r"prepend\(\): the stream is at its end"):
        p.prepend("x")
    assert run(listed(p)) == []

    p = stream("").peekable()
    assert run(listed(p)) == []
    with pytest.raises(ValueError, match=r"prepend\(\): the stream is at its end"):
        p.prepend("y")


def test_only_a_peekable_takes_items_back():
    with pytest.raises(TypeError, match=r"prepend\(\): 'Stream' object is not peekable"):
        ait.Peekable.prepend(stream("ab"), "x")
    with pytest.raises(TypeError, match=r"prepend\(\): 'str' object is not peekable"):
        _core.unread("ab", "x")


def test_peeking_and_timeouts_go_together():
    """Behind the task that goes on with a timed-out pull, it is the same stream."""

    async def main() -> None:
        p = stream(zoo.generator("abc", Pace(3, 0)).hand_over()).peekable()
        with pytest.raises(TimeoutError):
            await ait.anext(p, timeout=0)
        assert [await p.peek(), await p.peek()] == ["a", "a"]
        p.prepend("x")
        assert await ait.anext(p, timeout=None) == "x"
        assert await listed(p) == list("abc")
        with pytest.raises(ValueError, match="at its end"):
            p.prepend("y")

    run(main())
