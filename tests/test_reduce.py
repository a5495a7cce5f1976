"""What only the reducers do; what every one does is tested over the catalogue as well."""

from __future__ import annotations

import asyncio
import collections
import functools
import operator as op
import sys
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import more_itertools as mit
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aitertools import stream

from . import loop, zoo
from .models import even
from .oracle import Pace, asynced, both, colours, outcome, paced, paces, run, synced

sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


# ---- the reducers and their originals ------------------------------------------------------------


class Reduction(NamedTuple):
    """One reducer: ours of a stream and a colour; theirs of an iterator; of what items."""

    ours: Callable[[Any, Callable[..., Any]], Any]
    theirs: Callable[[Iterator[Any]], Any]
    items: st.SearchStrategy[Any] = st.integers(-3, 9)


texts = st.text("ab,", max_size=3)
things = st.one_of(st.integers(0, 3), st.booleans(), st.none(), texts, st.floats(), st.just([]))

REDUCTIONS = {
    "list": Reduction(lambda s, f: s.list(), list, things),
    "tuple": Reduction(lambda s, f: s.tuple(), tuple, things),
    "set": Reduction(lambda s, f: s.set(), set, things),
    "frozenset": Reduction(lambda s, f: s.frozenset(), frozenset, things),
    "dict": Reduction(lambda s, f: s.dict(), dict, st.tuples(things, things)),
    "deque": Reduction(lambda s, f: s.deque(), collections.deque),
    "deque(0)": Reduction(lambda s, f: s.deque(0), lambda a: collections.deque(a, 0)),
    "deque(3)": Reduction(lambda s, f: s.deque(3), lambda a: collections.deque(a, 3)),
    "counter": Reduction(lambda s, f: s.counter(), collections.Counter),
    "sorted": Reduction(lambda s, f: s.sorted(), sorted, things),
    "sorted(reverse)": Reduction(
        lambda s, f: s.sorted(reverse=True), lambda a: sorted(a, reverse=True)
    ),
    "sorted(key)": Reduction(lambda s, f: s.sorted(key=f(even)), lambda a: sorted(a, key=even)),
    "sorted(key, reverse)": Reduction(
        lambda s, f: s.sorted(key=f(even), reverse=True),
        lambda a: sorted(a, key=even, reverse=True),
    ),
    "sum": Reduction(lambda s, f: s.sum(), sum),
    "min(default)": Reduction(
        lambda s, f: s.min(default=None), lambda a: min(a, default=None), things
    ),
    "max(default)": Reduction(
        lambda s, f: s.max(default=None), lambda a: max(a, default=None), things
    ),
    "min(key, default)": Reduction(
        lambda s, f: s.min(key=f(even), default=7), lambda a: min(a, key=even, default=7)
    ),
    "max(key, default)": Reduction(
        lambda s, f: s.max(key=f(even), default=7), lambda a: max(a, key=even, default=7)
    ),
    "any": Reduction(lambda s, f: s.any(), any, things),
    "all": Reduction(lambda s, f: s.all(), all, things),
    "count": Reduction(lambda s, f: s.count(), mit.ilen),
    "reduce": Reduction(lambda s, f: s.reduce(f(op.sub)), lambda a: functools.reduce(op.sub, a)),
    "reduce(initial)": Reduction(
        lambda s, f: s.reduce(f(op.sub), 5), lambda a: functools.reduce(op.sub, a, 5)
    ),
    "first": Reduction(lambda s, f: s.first(), mit.first),
    "first(default)": Reduction(lambda s, f: s.first(None), lambda a: mit.first(a, None)),
    "last": Reduction(lambda s, f: s.last(), mit.last),
    "last(default)": Reduction(lambda s, f: s.last(None), lambda a: mit.last(a, None)),
    "one": Reduction(lambda s, f: s.one(), mit.one),
    "only": Reduction(lambda s, f: s.only(), mit.only),
    "only(default)": Reduction(lambda s, f: s.only(7), lambda a: mit.only(a, 7)),
    "nth": Reduction(lambda s, f: s.nth(2), lambda a: mit.nth(a, 2)),
    "nth(default)": Reduction(lambda s, f: s.nth(2, 7), lambda a: mit.nth(a, 2, 7)),
    "contains": Reduction(lambda s, f: s.contains(1), lambda a: 1 in a, things),
    "for_each": Reduction(lambda s, f: s.for_each(f(even)), lambda a: mit.consume(map(even, a))),
    "drain": Reduction(lambda s, f: s.drain(), mit.consume),
    "join(str)": Reduction(lambda s, f: s.join(", "), ", ".join, texts),
    "join(bytes)": Reduction(
        lambda s, f: s.join(b","), b",".join, st.sampled_from([b"", b"a", b"bc", bytearray(2)])
    ),
    "join of anything": Reduction(lambda s, f: s.join(""), "".join, things),
    "join of any bytes": Reduction(lambda s, f: s.join(b""), b"".join, things),
    "into": Reduction(lambda s, f: s.into(f(tuple)), tuple, things),
}

each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS.values(), ids=list(REDUCTIONS))


@each_reduction
@given(data=st.data(), source=sources, colour=colours)
def test_comes_to_what_its_original_comes_to(reduction, data, source, colour):
    items = data.draw(st.lists(reduction.items, max_size=8))
    both(
        lambda: reduction.ours(stream(source(items)), colour), lambda: reduction.theirs(iter(items))
    )


@each_reduction
@given(data=st.data())
def test_reads_no_further_than_its_original(reduction, data):
    items = data.draw(st.lists(reduction.items, max_size=8))

    def reads(reduce):
        specimen = zoo.sync_iterator(items)
        outcome(lambda: reduce(specimen.hand_over()))
        return specimen.log.pulls

    most = reads(reduction.theirs)
    actual = reads(lambda a: reduction.ours(stream(a), synced))
    assert actual <= most  # less, where an item cannot be joined: they ask for all items first


# ---- collections ---------------------------------------------------------------------------------


@given(
    items=st.lists(
        st.one_of(
            st.tuples(st.integers(0, 3), st.integers()),
            st.lists(st.integers(0, 3), max_size=3),
            st.text("ab", max_size=3),
            st.integers(),
            st.tuples(st.just([]), st.integers()),
        )
    )
)
def test_dict_takes_and_refuses_the_pairs_that_dict_does(items):
    expected = outcome(lambda: dict(items))
    actual = outcome(lambda: stream(items).dict())
    if expected.message == "object is not iterable":  # from 3.14 on; the number is in a note
        assert actual.message.startswith("cannot convert dictionary update sequence element #")
        assert actual.error is TypeError
    else:
        assert expected == actual


def test_dict_names_the_element_that_is_no_pair():
    with pytest.raises(ValueError, match="element #1 has length 1; 2 is required"):
        run(stream([(1, 2), (3,)]).dict())
    with pytest.raises(TypeError, match="update sequence element #1 to a sequence"):
        run(stream([(1, 2), 3]).dict())


def test_sorted_calls_its_key_once_for_each_item_in_their_order():
    called: list[int] = []

    def key(item: int) -> int:
        called.append(item)
        return -item

    assert run(stream([2, 3, 1]).sorted(key=key)) == [3, 2, 1]
    assert called == [2, 3, 1]


@either_colour
@given(items=st.lists(st.tuples(st.integers(0, 2), st.integers())), reverse=st.booleans())
def test_sorted_is_stable(colour, items, reverse):
    key = op.itemgetter(0)
    expected = sorted(items, key=key, reverse=reverse)
    assert expected == run(stream(items).sorted(key=colour(key), reverse=reverse))


class Incomparable:
    """Like no other, and not less either."""


@given(items=st.lists(st.integers(0, 3), max_size=4))
def test_items_with_keys_need_not_be_comparable(items):
    things = [Incomparable() for _ in items]
    key = dict(zip(things, items, strict=True)).__getitem__
    both(lambda: stream(things).sorted(key=key), lambda: sorted(things, key=key))
    both(lambda: stream(things).max(key=key, default=0), lambda: max(things, key=key, default=0))
    both(lambda: stream(things).min(key=key, default=0), lambda: min(things, key=key, default=0))


# ---- sum -----------------------------------------------------------------------------------------


class Odd(int):
    """An int that adds in its own way."""

    def __add__(self, other: Any) -> Any:
        return Odd(int(self) + int(other) + 1)

    __radd__ = __add__


class Real(float):
    """A float, but not exactly."""


numbers = st.one_of(
    st.integers(-3, 9),
    st.integers(-(2**70), 2**70),
    st.sampled_from([sys.maxsize, -sys.maxsize - 1, 2**62, 2**53, 10**400]),
    st.booleans(),
    st.floats(),
    st.sampled_from([1e16, -1e16, 1.0, 1e308, -0.0, 0.1, Real(0.1)]),
    st.complex_numbers(),
    st.sampled_from([0j, -0j, 1e16j, complex(1.0, -0.0)]),
    st.integers(0, 3).map(Odd),
    st.sampled_from([Fraction(1, 3), None]),
)
sums = st.one_of(
    st.lists(st.one_of(st.floats(), st.sampled_from([1e16, -1e16, 0.1]))),
    st.lists(st.integers(-(2**64), 2**64)),
    st.lists(numbers, max_size=8),
)


@given(items=sums, start=st.one_of(st.just(0), numbers))
@example(items=[0.1] * 10, start=0)
@example(items=[1e16, 1, 1, -1e16], start=0.0)
@example(items=[1e16, 1.0, 10**30, -1e30, -1e16, 1.0], start=0.0)
@example(items=[1e308, 1e308, -1e308], start=0)
@example(items=[1e16, 1.0, 1, 1.0], start=1j)
@example(items=[sys.maxsize, 1, 0.5], start=0)
@example(items=[-sys.maxsize - 1, -1], start=-1)
def test_sum_is_that_of_the_builtin_to_the_last_bit(items, start):
    expected = outcome(lambda: sum(items, start))
    actual = outcome(lambda: stream(items).sum(start))
    assert repr(expected) == repr(actual)
    assert type(expected.value) is type(actual.value)


@given(items=st.lists(st.lists(st.integers(), max_size=2), max_size=4))
def test_sum_leaves_its_start_as_it_was(items):
    start: list[int] = []
    both(lambda: stream(items).sum(start), lambda: sum(items, []))  # noqa: RUF017
    assert start == []


@pytest.mark.parametrize("start", ["", b"", bytearray()], ids=["str", "bytes", "bytearray"])
def test_sum_refuses_strings_as_the_builtin_does(start):
    with pytest.raises(TypeError) as expected:
        sum([], start)
    with pytest.raises(TypeError) as actual:
        stream([]).sum(start)

    assert str(expected.value) == str(actual.value)


# ---- one item ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys", [{}, {"key": even}, {"key": asynced(even)}], ids=["", "key", "async key"]
)
def test_min_and_max_of_nothing_say_so(keys):
    with pytest.raises(ValueError, match=r"^min\(\) iterable argument is empty\b"):
        run(stream([]).min(**keys))
    with pytest.raises(ValueError, match=r"^max\(\) iterable argument is empty\b"):
        run(stream([]).max(**keys))


@pytest.mark.parametrize("name", ["first", "last", "min", "max", "only"])
def test_none_is_an_item_and_a_default(name):
    default = (lambda s: getattr(s, name)(default=None)) if name in {"min", "max"} else None
    reduce = default or (lambda s: getattr(s, name)(None))
    assert run(reduce(stream([]))) is None
    assert run(reduce(stream([None]))) is None


@given(items=st.lists(st.tuples(st.integers(0, 1), st.integers()), min_size=1), colour=colours)
def test_min_and_max_find_the_first_of_equals(items, colour):
    key = op.itemgetter(0)
    assert min(items, key=key) is run(stream(items).min(key=colour(key)))
    assert max(items, key=key) is run(stream(items).max(key=colour(key)))


class Stubborn:
    """It compares with nothing, and is neither true nor false."""

    def refuse(self, *other: object) -> Any:
        raise ArithmeticError

    __eq__ = __lt__ = __gt__ = __hash__ = __bool__ = __add__ = __radd__ = refuse


STUBBORN = {
    "any": lambda s: s.any(),
    "all": lambda s: s.all(),
    "contains": lambda s: s.contains(1),
    "min": lambda s: s.min(),
    "max": lambda s: s.max(),
    "min(key)": lambda s: s.min(key=lambda item: item),
    "max(key)": lambda s: s.max(key=lambda item: item),
    "sorted": lambda s: s.sorted(),
    "sorted(key)": lambda s: s.sorted(key=lambda item: item),
    "sum": lambda s: s.sum(),
    "set": lambda s: s.set(),
    "frozenset": lambda s: s.frozenset(),
    "counter": lambda s: s.counter(),
    "dict": lambda s: s.pairwise().dict(),
    "reduce": lambda s: s.reduce(op.add),
}


@pytest.mark.parametrize("name", STUBBORN)
def test_an_item_that_cannot_be_used_raises_its_own_error_and_closes_the_stream(name):
    specimen = zoo.with_slow_aclose([Stubborn(), Stubborn(), 1])
    with pytest.raises(ArithmeticError):
        run(STUBBORN[name](stream(specimen.hand_over())))

    assert specimen.is_closed_once


# ---- effects, into -------------------------------------------------------------------------------


@either_colour
def test_for_each_calls_one_after_the_other_and_stops_where_one_fails(colour):
    seen: list[int] = []

    def save(item: int) -> None:
        seen.append(item)
        if item == 2:
            raise LookupError

    specimen = zoo.generator([1, 2, 3])
    with pytest.raises(LookupError):
        run(stream(specimen.hand_over()).for_each(colour(save)))

    assert seen == [1, 2]
    assert specimen.log.given == 2
    assert specimen.is_closed_once


@either_colour
def test_into_is_called_when_the_source_is_closed(colour):
    specimen = zoo.slow_generator([1, 2])

    def count(items: list[int]) -> int:
        assert specimen.is_closed_once
        return len(items)

    assert run(stream(specimen.hand_over()).into(colour(count))) == 2


def test_into_can_be_cancelled_while_its_function_is_awaited():
    specimen = zoo.generator([1, 2])
    task = loop.run_to(stream(specimen.hand_over()).into(asynced(list, Pace(1))), 1)
    with pytest.raises(loop.Cancelled):
        task.throw(loop.Cancelled())

    assert specimen.is_closed_once


def test_into_is_not_called_after_an_error():
    with pytest.raises(zoo.SourceError):
        run(stream(zoo.failing([1])).into(pytest.fail))


class Thing:
    """Something whose life can be watched."""


FORGETFUL = {
    "drain": lambda s: s.drain(),
    "count": lambda s: s.count(),
    "any": lambda s: s.map(lambda thing: False).any(),
    "contains": lambda s: s.contains(0),
    "for_each": lambda s: s.for_each(lambda thing: None),
    "sum": lambda s: s.map(lambda thing: 1).sum(),
    "last": lambda s: s.last(),
    "deque(1)": lambda s: s.deque(1),
    "nth": lambda s: s.nth(100),
    "reduce": lambda s: s.reduce(lambda a, b: b),
    "max(key)": lambda s: s.max(key=id),
}


@pytest.mark.parametrize("name", FORGETFUL)
def test_keeps_no_item_that_the_result_does_not_need(name):
    """At any time the one before may still be there, but none older than the best of all."""
    things: list[weakref.ref[Thing]] = []

    async def source():
        for _ in range(20):
            thing = Thing()
            things.append(weakref.ref(thing))
            yield thing
            del thing
            assert sum(ref() is not None for ref in things) <= 2

    run(FORGETFUL[name](stream(source())))


# ---- being awaited -------------------------------------------------------------------------------

AWAITABLES = {
    "list": lambda s: s.list(),
    "sum": lambda s: s.sum(),
    "max": lambda s: s.max(key=abs),
    "sorted": lambda s: s.sorted(key=abs),
    "for_each": lambda s: s.for_each(abs),
    "reduce": lambda s: s.reduce(op.add),
    "into": lambda s: s.into(len),
    "first": lambda s: s.first(),
}
each_awaitable = pytest.mark.parametrize("name", AWAITABLES)


@each_awaitable
def test_tells_that_it_was_never_awaited(name):
    with pytest.warns(RuntimeWarning, match=f"'Stream.{name}' was never awaited"):
        AWAITABLES[name](stream([1]))


@each_awaitable
def test_nothing_happens_before_it_is_awaited(name):
    specimen = zoo.with_aclose([1])
    awaitable = AWAITABLES[name](stream(specimen.hand_over()))
    assert specimen.log.pulls == 0
    awaitable.close()
    assert specimen.log.pulls == 0


@each_awaitable
def test_is_refused_when_awaited_again(name):
    awaitable = AWAITABLES[name](stream([1]))
    run(awaitable)
    with pytest.raises(RuntimeError, match=rf"^cannot reuse already awaited {name}\(\)$"):
        run(awaitable)


@each_awaitable
def test_its_repr_says_what_it_reduces(name):
    awaitable = AWAITABLES[name](stream([1]))
    assert repr(awaitable).startswith(f"<awaitable {name} of ")
    assert repr(awaitable).endswith("list>")
    awaitable.close()


@each_awaitable
def test_runs_as_a_task(name):
    async def main() -> None:
        await asyncio.create_task(AWAITABLES[name](stream([1])))
        await asyncio.wait_for(AWAITABLES[name](stream([1])), 10)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(AWAITABLES[name](stream(paced([1], Pace(2)))))

    run(main())


@each_awaitable
@pytest.mark.parametrize("turns", [0, 1], ids=["before it began", "while it waits"])
def test_closes_the_stream_when_its_task_is_cancelled(name, turns):
    specimen = zoo.slow_generator([1], Pace(2))

    async def main() -> bool:
        task = asyncio.create_task(AWAITABLES[name](stream(specimen.hand_over())))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(main())
    assert specimen.is_closed_once


# ---- errors --------------------------------------------------------------------------------------


def fail(*args: Any) -> Any:
    raise LookupError


def rows() -> Any:
    return paced([1, 2, 3])


NOTES = {
    "list <- map(fail) <- paced": lambda s, f: s.map(f(fail)).list(),
    "sum <- map(fail) <- paced": lambda s, f: s.map(f(fail)).sum(),
    "for_each(fail) <- filter <- paced": lambda s, f: s.filter().for_each(f(fail)),
    "reduce(fail) <- filter <- paced": lambda s, f: s.filter().reduce(f(fail)),
    "sorted(fail) <- paced": lambda s, f: s.sorted(key=f(fail)),
    "min(fail) <- paced": lambda s, f: s.min(key=f(fail)),
    "max(fail) <- paced": lambda s, f: s.max(key=f(fail)),
    "into(fail) <- paced": lambda s, f: s.into(f(fail)),
}


@either_colour
@pytest.mark.parametrize("path", NOTES)
def test_an_error_has_one_note_that_names_the_operators(path, colour):
    with pytest.raises(LookupError) as caught:
        run(NOTES[path](stream(rows()), colour))

    assert caught.value.__notes__ == [f"in aitertools: {path}"]


@pytest.mark.parametrize(
    ("reduce", "path"),
    [
        (lambda s: s.max(), "max"),
        (lambda s: s.max(key=abs), "max(abs)"),
        (lambda s: s.first(), "first"),
        (lambda s: s.reduce(op.add), "reduce(add)"),
    ],
)
def test_so_has_the_error_that_there_is_nothing(reduce, path):
    with pytest.raises((ValueError, TypeError)) as caught:
        run(reduce(stream([])))

    assert caught.value.__notes__ == [f"in aitertools: {path} <- list"]


def test_the_error_of_the_reduction_leads_to_that_of_the_close():
    specimen = zoo.FAILS_TO_CLOSE([1])
    with pytest.raises(LookupError) as caught:
        run(stream(specimen.hand_over()).for_each(fail))

    assert isinstance(caught.value.__context__, zoo.CloseError)
    assert specimen.is_closed_once


def test_a_result_is_not_delivered_when_the_close_fails():
    specimen = zoo.FAILS_TO_CLOSE([1])
    with pytest.raises(zoo.CloseError):
        run(stream(specimen.hand_over()).first())


@either_colour
@pytest.mark.parametrize("end", [StopIteration, StopAsyncIteration])
@pytest.mark.parametrize("path", NOTES)
def test_a_function_cannot_end_it_by_raising_the_end(path, end, colour):
    def stop(*args: Any) -> None:
        raise end

    with pytest.raises(RuntimeError) as caught:
        run(NOTES[path](stream(rows()), lambda fn: colour(stop)))

    assert isinstance(caught.value.__cause__, (end, RuntimeError))


BAD_ARGUMENTS = [
    (lambda s: s.deque(-1), ValueError, "maxlen must be non-negative"),
    (lambda s: s.deque("2"), TypeError, "an integer is required"),
    (lambda s: s.sorted(key=3), TypeError, r"sorted\(\): 'int' object is not callable"),
    (lambda s: s.min(key=3), TypeError, r"min\(\): 'int' object is not callable"),
    (lambda s: s.max(key=3), TypeError, r"max\(\): 'int' object is not callable"),
    (lambda s: s.reduce(3), TypeError, r"reduce\(\): 'int' object is not callable"),
    (lambda s: s.reduce(None), TypeError, r"reduce\(\): 'NoneType' object is not callable"),
    (lambda s: s.for_each(3), TypeError, r"for_each\(\): 'int' object is not callable"),
    (lambda s: s.into(3), TypeError, r"into\(\): 'int' object is not callable"),
    (lambda s: s.nth(-1), ValueError, r"nth\(\): n must not be negative"),
    (lambda s: s.nth("1"), TypeError, r"nth\(\): n must be an integer, not str"),
    (lambda s: s.join(3), TypeError, r"join\(\): separator must be str or bytes, not int"),
    (lambda s: s.sorted(reverse=Stubborn()), ArithmeticError, None),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused_at_the_call(call, error, message):
    with pytest.raises(error, match=message):
        call(stream([1]))


def test_a_reducer_of_a_stream_in_use_is_refused():
    numbers = stream(paced([1], Pace(1)))
    pull = loop.run_to(numbers.__anext__(), 1)
    with pytest.raises(RuntimeError, match="already running"):
        loop.run(numbers.list())
    assert pull.finish() == 1


def test_reenters_nothing():
    """An item that awaits the very reduction it is in is refused."""
    reduction: list[Any] = []

    class Reentrant:
        def __bool__(self) -> bool:
            reduction[0].send(None)
            return True

    reduction.append(stream([Reentrant()]).any())
    with pytest.raises(RuntimeError, match="already executing"):
        run(reduction[0])
