"""What only the combine family does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import gc
import heapq
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Stream, _core, stream

from . import loop, zoo
from .oracle import RUNNERS, Failed, Pace, answers, both, listed, paced, paces, pulls, run

items = st.lists(st.integers(-3, 9), max_size=6)
several = st.lists(items, min_size=1, max_size=4)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""


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
