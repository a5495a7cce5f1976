"""What only the select family does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import collections
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import Stream, stream

from . import loop, zoo
from .models import even, fussy, small
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

items = st.lists(st.integers(-3, 9), max_size=12)
counts = st.one_of(st.integers(0, 14), st.just(sys.maxsize))
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


# ---- the operators and their originals -----------------------------------------------------------


def modulo(x: int) -> int:
    return x % 4


def skip_last(n: int, a: Iterable[Any]) -> Iterator[Any]:
    lag: collections.deque[Any] = collections.deque()
    for item in a:
        lag.append(item)
        if len(lag) > n:
            yield lag.popleft()


def take_last(n: int, a: Iterable[Any]) -> Iterator[Any]:
    yield from mit.tail(n, iter(a))


class Selection(NamedTuple):
    """One way to select: ours of a stream, a colour and a number; theirs of an iterator."""

    ours: Callable[[Stream[Any], Callable[..., Any], int], Stream[Any]]
    theirs: Callable[[Iterator[Any], int], Iterator[Any]]
    calls: bool = False  # it calls a function


SELECTIONS = {
    "filter": Selection(lambda s, f, n: s.filter(), lambda a, n: filter(None, a)),
    "filter(pred)": Selection(
        lambda s, f, n: s.filter(f(even)), lambda a, n: filter(even, a), calls=True
    ),
    "filterfalse": Selection(
        lambda s, f, n: s.filterfalse(None), lambda a, n: itertools.filterfalse(None, a)
    ),
    "filterfalse(pred)": Selection(
        lambda s, f, n: s.filterfalse(f(even)),
        lambda a, n: itertools.filterfalse(even, a),
        calls=True,
    ),
    "take": Selection(lambda s, f, n: s.take(n), itertools.islice),
    "skip": Selection(lambda s, f, n: s.skip(n), lambda a, n: itertools.islice(a, n, None)),
    "takewhile": Selection(
        lambda s, f, n: s.takewhile(f(small)),
        lambda a, n: itertools.takewhile(small, a),
        calls=True,
    ),
    "dropwhile": Selection(
        lambda s, f, n: s.dropwhile(f(small)),
        lambda a, n: itertools.dropwhile(small, a),
        calls=True,
    ),
    "islice": Selection(
        lambda s, f, n: s.islice(n // 3, n, n // 4 + 1),
        lambda a, n: itertools.islice(a, n // 3, n, n // 4 + 1),
    ),
    "compress": Selection(
        lambda s, f, n: s.compress([1, 0, 1, 1, 0, 0, 1]),
        lambda a, n: itertools.compress(a, [1, 0, 1, 1, 0, 0, 1]),
    ),
    "unique": Selection(lambda s, f, n: s.unique(), lambda a, n: mit.unique_everseen(a)),
    "unique(key)": Selection(
        lambda s, f, n: s.unique(f(modulo)),
        lambda a, n: mit.unique_everseen(a, modulo),
        calls=True,
    ),
    "unique_justseen": Selection(
        lambda s, f, n: s.unique_justseen(), lambda a, n: mit.unique_justseen(a)
    ),
    "unique_justseen(key)": Selection(
        lambda s, f, n: s.unique_justseen(f(even)),
        lambda a, n: mit.unique_justseen(a, even),
        calls=True,
    ),
    "take_last": Selection(lambda s, f, n: s.take_last(n), lambda a, n: take_last(n, a)),
    "skip_last": Selection(lambda s, f, n: s.skip_last(n), lambda a, n: skip_last(n, a)),
}

each_selection = pytest.mark.parametrize("selection", SELECTIONS.values(), ids=list(SELECTIONS))


@each_selection
@given(items=items, n=counts, source=sources, colour=colours)
def test_selects_what_its_original_selects(selection, items, n, source, colour):
    both(
        lambda: selection.ours(stream(source(items)), colour, n),
        lambda: selection.theirs(iter(items), n),
    )


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


@each_selection
@given(items=items, n=counts)
def test_pulls_its_source_when_its_original_does(selection, items, n):
    """After each item, and after the end, both have asked their source for as many items."""
    source = Counted(items)
    expected = [(item, source.pulls) for item in selection.theirs(iter(source), n)]
    expected.append(("end", source.pulls))

    async def ours() -> list[Any]:
        source = Counted(items)
        actual = [(item, source.pulls) async for item in selection.ours(stream(source), synced, n)]
        return [*actual, ("end", source.pulls)]

    assert expected == run(ours())


@each_selection
@given(items=items, n=st.integers(0, 6), cancels=st.lists(st.booleans()), pace=paces)
def test_cancelling_between_items_loses_nothing(selection, items, n, cancels, pace):
    """Whichever waits for the source are cancelled, the pulls that follow get all the items."""
    selected = selection.ours(stream(zoo.bare_iterator(items, pace).hand_over()), lambda fn: fn, n)
    actual, cancel = [], iter(cancels)
    while True:
        task = loop.Task(selected.__anext__())
        try:
            task.step()
            while not task.done:
                task.throw(loop.Cancelled()) if next(cancel, False) else task.step()
        except loop.Cancelled:
            continue
        except StopAsyncIteration:
            break
        actual.append(task.result)

    assert list(selection.theirs(iter(items), n)) == actual


CALLING = {name: selection for name, selection in SELECTIONS.items() if selection.calls}


@pytest.mark.parametrize("name", CALLING)
def test_an_item_whose_function_is_cancelled_is_gone_and_the_next_follows(name):
    paint = lambda fn: asynced(fn, Pace(1, 0))  # noqa: E731 - suspends for the first item only
    selected = CALLING[name].ours(stream([8, 2, 4, 5, 7, 6]), paint, 0)
    task = loop.run_to(selected.__anext__(), 1)
    with pytest.raises(loop.Cancelled):
        task.throw(loop.Cancelled())

    expected = list(CALLING[name].theirs(iter([2, 4, 5, 7, 6]), 0))
    assert expected == loop.run(listed(selected))


# ---- failing on an item --------------------------------------------------------------------------


def same_pulls(ours: Stream[Any], theirs: Callable[[], Iterator[Any]]) -> None:
    """Assert that both, asked to their end, come to the same items and errors."""
    assert answers(theirs) == run(pulls(ours))


class Stubborn:
    """True or false? It does not say."""

    def __bool__(self) -> bool:
        raise ValueError("neither")


@either_colour
@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("filter", filter),
        ("filterfalse", itertools.filterfalse),
        ("takewhile", itertools.takewhile),
        ("dropwhile", itertools.dropwhile),
    ],
)
@given(items=items)
def test_goes_on_after_a_failed_predicate_as_its_original_does(name, original, colour, items):
    same_pulls(getattr(stream(items), name)(colour(fussy)), lambda: original(fussy, iter(items)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda s: s.filter(), lambda a: filter(None, a)),
        (lambda s: s.filterfalse(), lambda a: itertools.filterfalse(None, a)),
        (lambda s: stream("abcd").compress(s), lambda a: itertools.compress("abcd", a)),
    ],
    ids=["filter", "filterfalse", "compress"],
)
def test_goes_on_after_an_item_that_is_neither_true_nor_false(ours, theirs):
    items = [1, Stubborn(), 0, 1]
    same_pulls(ours(stream(items)), lambda: theirs(iter(items)))


@either_colour
@pytest.mark.parametrize("name", ["unique", "unique_justseen"])
def test_an_item_whose_key_fails_is_gone_and_was_not_seen(name, colour):
    fails = iter([True, False, True, False])

    def key(item: str) -> str:
        if next(fails):
            raise KeyError(item)
        return item

    results = run(pulls(getattr(stream("aabb"), name)(colour(key))))
    assert [Failed(KeyError), "a", Failed(KeyError), "b"] == results


class Incomparable:
    """Like no other, and it says so."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError


@pytest.mark.parametrize("name", ["unique", "unique_justseen"])
def test_goes_on_after_keys_that_cannot_be_compared(name):
    keys = [[], Incomparable(), [], [1]]
    results = run(pulls(getattr(stream([0, 1, 2, 3]), name)(keys.__getitem__)))
    assert [0, Failed(ArithmeticError), 3] == results


def test_compress_keeps_an_item_for_the_next_selector_when_one_fails():
    selectors = stream([1, 2, 0, 4]).map(fussy)
    results = run(pulls(stream("abc").compress(selectors)))
    assert [Failed(ValueError), "a", "c"] == results


def test_take_last_raises_what_its_source_raises_and_then_has_the_items():
    results = run(pulls(stream(zoo.failing("abc")).take_last(2)))
    assert [Failed(zoo.SourceError), "b", "c"] == results


# ---- filter, unique ------------------------------------------------------------------------------


@given(items=st.lists(st.sampled_from([0, 1, None, "", "a", False, True]), max_size=6))
def test_filter_takes_none_for_an_item_like_any_other(items):
    both(lambda: stream(items).filter(lambda item: True), lambda: iter(items))


def unique_model(items: Iterable[Any]) -> Iterator[Any]:
    seen: list[Any] = []
    for item in items:
        if item not in seen:
            seen.append(item)
            yield item


mixed = st.lists(
    st.one_of(
        st.integers(0, 2),
        st.sampled_from([0.0, True, "", None, math.nan]),
        st.lists(st.integers(0, 1), max_size=1),
        st.tuples(st.integers(0, 1)),
        st.sets(st.integers(0, 1), max_size=1),
        st.dictionaries(st.integers(0, 1), st.integers(0, 1), max_size=1),
    ),
    max_size=12,
)


@given(items=mixed, source=sources)
def test_unique_tells_hashable_and_unhashable_items_apart_by_equality(items, source):
    both(lambda: stream(source(items)).unique(), lambda: unique_model(items))


@given(items=st.lists(st.integers(0, 5), max_size=12), colour=colours)
def test_unique_compares_unhashable_keys(items, colour):
    both(
        lambda: stream(items).unique(colour(lambda n: [n % 3])),
        lambda: mit.unique_everseen(items, lambda n: n % 3),
    )


@given(items=mixed)
def test_unique_justseen_compares_anything(items):
    both(lambda: stream(items).unique_justseen(), lambda: mit.unique_justseen(items))


# ---- take, skip, islice, [] ----------------------------------------------------------------------


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=list(RUNNERS))
@pytest.mark.parametrize("n", [0, 1, 3])
def test_take_closes_its_source_at_the_pull_after_the_last_item_and_does_not_pull_it(runner, n):
    specimen = zoo.with_aclose(range(5))
    log = specimen.log

    async def main() -> None:
        taken = stream(specimen.hand_over()).take(n)
        assert list(range(n)) == [await anext(taken) for _ in range(n)]
        assert (n, 0) == (log.pulls, log.closes)
        assert await anext(taken, "end") == "end"
        assert (n, 1) == (log.pulls, log.closes)

    runner(main())


class Index:
    """An integer by ``__index__``."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"Index({self.value})"


indices = st.one_of(
    st.none(),
    st.integers(-2, 13),
    st.integers(-2, 13).map(Index),
    st.sampled_from([sys.maxsize, sys.maxsize + 1, -sys.maxsize - 2, 10**30, True, "1", 2.0]),
)


all_but_huge_steps = st.lists(indices, min_size=1, max_size=3).filter(
    lambda args: args[2:] != [sys.maxsize]
)


@given(items=items, args=all_but_huge_steps, source=sources)
def test_islice_takes_and_refuses_the_arguments_of_its_original(items, args, source):
    """The same items; the same ValueErrors, word for word."""
    both(lambda: stream(source(items)).islice(*args), lambda: itertools.islice(items, *args))


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_huge_step_leads_beyond_the_end(start):
    """In the original it overflows, and each item after the first is delivered."""
    assert "abcd"[start :: sys.maxsize] == "".join(
        run(listed(stream("abcd").islice(start, None, sys.maxsize)))
    )


@given(items=items, args=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=2, max_size=2))
def test_islice_consumes_what_its_original_consumes(items, args):
    """Also where start is beyond stop, where the step passes stop, and after the end."""
    for step in (1, 2, 5, sys.maxsize // 2):
        ours, theirs = Counted(items), Counted(items)
        expected = [*itertools.islice(theirs, *args, step)], theirs.pulls
        assert expected == (run(listed(stream(ours).islice(*args, step))), ours.pulls)


@given(items=items, part=st.slices(12))
def test_a_slice_selects_what_it_selects_of_a_list(items, part):
    bounds = (part.start, part.stop, part.step)
    if any(bound is not None and bound < 0 for bound in bounds):
        with pytest.raises(ValueError, match=r"for islice\(\) must be"):
            stream(items)[part]
        return

    both(lambda: stream(items)[part], lambda: iter(items[part]))


def test_an_error_of_an_index_is_not_replaced():
    """An original would say ValueError and forget this one."""

    class Broken:
        def __index__(self) -> int:
            raise ArithmeticError

    for args in [(Broken(),), (Broken(), 1), (0, Broken()), (0, 1, Broken())]:
        with pytest.raises(ArithmeticError):
            stream([]).islice(*args)


def test_a_single_index_is_refused_with_a_hint():
    with pytest.raises(TypeError, match=r"must be slices, not int; .*nth"):
        stream([1])[0]


@pytest.mark.parametrize("call", [iter, list, lambda s: 1 in s, reversed])
def test_slices_do_not_make_a_sequence_of_a_stream(call):
    with pytest.raises(TypeError):
        call(stream([1, 2]))


@given(items=items, n=st.integers(0, 14), source=sources)
def test_nth_gives_one_item_or_the_default(items, n, source):
    both(lambda: stream(source(items)).nth(n), lambda: mit.nth(items, n))
    both(lambda: stream(items).nth(n, "none"), lambda: mit.nth(items, n, "none"))


# ---- bad arguments -------------------------------------------------------------------------------

SIZED = ["take", "skip", "take_last", "skip_last"]


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize(
    ("n", "error", "rule"),
    [
        (-1, ValueError, "{}(): n must not be negative"),
        ("1", TypeError, "{}(): n must be an integer, not str"),
        (1.0, TypeError, "{}(): n must be an integer, not float"),
        (10**30, OverflowError, "{}(): n is too large"),
    ],
)
def test_refuses_a_bad_number_at_once(name, n, error, rule):
    with pytest.raises(error) as caught:
        getattr(stream([]), name)(n)
    assert rule.format(name) == str(caught.value)


def test_nth_refuses_a_negative_number_at_once():
    with pytest.raises(ValueError, match="negative"):
        stream([]).nth(-1)


@pytest.mark.parametrize(
    "name", ["filter", "filterfalse", "takewhile", "dropwhile", "unique", "unique_justseen"]
)
def test_refuses_what_cannot_be_called_at_once(name):
    with pytest.raises(TypeError) as caught:
        getattr(stream([]), name)(3)
    assert f"{name}(): 'int' object is not callable" == str(caught.value)


def test_compress_refuses_selectors_that_cannot_be_iterated():
    with pytest.raises(TypeError, match=r"compress\(\): 'int' object is neither"):
        stream([]).compress(3)


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (lambda s: s.filter(), "filter"),
        (lambda s: s.filter(even), "filter(even)"),
        (lambda s: s.filterfalse(even), "filterfalse(even)"),
        (lambda s: s.take(2), "take(2)"),
        (lambda s: s.skip(0), "skip(0)"),
        (lambda s: s.takewhile(even), "takewhile(even)"),
        (lambda s: s.dropwhile(even), "dropwhile(even)"),
        (lambda s: s[1:2], "islice"),
        (lambda s: s.unique(), "unique"),
        (lambda s: s.unique(str.lower), "unique(lower)"),
        (lambda s: s.unique_justseen(even), "unique_justseen(even)"),
        (lambda s: s.take_last(3), "take_last(3)"),
        (lambda s: s.skip_last(3), "skip_last(3)"),
    ],
)
def test_its_repr_says_what_it_selects(ours, name):
    assert f"<Stream {name} <- list>" == repr(ours(stream([])))


def test_the_repr_of_compress_shows_both_sides():
    assert repr(stream("ab").compress([1])) == "<Stream compress <- (str, list)>"
