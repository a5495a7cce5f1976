"""What only the group family does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import gc
import math
import sys
import weakref
from decimal import Decimal
from fractions import Fraction

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import loop, zoo
from .models import ascending, even, fussy
from .oracle import RUNNERS, Failed, Pace, asynced, both, colours, listed, paced, paces, pulls, run

items = st.lists(st.integers(-3, 9), max_size=14)
sizes = st.integers(1, 6)
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


# ---- batched -------------------------------------------------------------------------------------


@given(items, sizes, st.booleans(), sources)
def test_batched_is_that_of_more_itertools(items, n, strict, source):
    both(
        lambda: stream(source(items)).batched(n, strict=strict),
        lambda: mit.batched(items, n, strict=strict),
    )


@pytest.mark.parametrize("n", [1023, 1024, 1025, 2048, 2500, 4999, 5000, 5001, sys.maxsize])
def test_a_large_batch_grows_as_it_fills(n):
    items = range(5000)  # sliced here: some builds of CPython allocate n slots at once
    both(
        lambda: stream(items).batched(n),
        lambda: [tuple(items[i : i + n]) for i in range(0, len(items), n)],
    )


def test_an_open_batch_survives_cancellations():
    """The next pull goes on filling it."""
    batches = stream(surviving(range(5))).batched(3)
    cancel(batches.__anext__(), 2)
    cancel(batches.__anext__(), 2)
    assert loop.run(listed(batches)) == [(0, 1, 2), (3, 4)]


def test_an_open_batch_survives_errors_of_a_function_before_it():
    batches = stream([2, 4, 1, 6, 8, 3, 10]).map(fussy).batched(3)
    assert run(pulls(batches)) == [Failed(ValueError), (2, 4, 6), Failed(ValueError), (8, 10)]


def test_an_open_batch_survives_the_failure_of_its_source():
    """A source that failed is at its end; what came before is given after the error."""
    assert run(pulls(stream(zoo.failing([1, 2, 3])).batched(2))) == [
        (1, 2),
        Failed(zoo.SourceError),
        (3,),
    ]


def test_strict_refuses_a_short_last_batch_and_ends():
    assert run(pulls(stream("abc").batched(2, strict=True))) == [("a", "b"), Failed(ValueError)]


def test_a_batch_is_whole_whenever_the_collector_shows_it():
    """What lies in the operator between two pulls can be seen, and printed."""

    async def look():
        batches = stream(surviving([[1], [2], [3]])).batched(2)
        task = loop.run_to(batches.__anext__(), 2)
        assert "([1], None)" in map(repr, gc.get_referents(batches))
        task.finish()

    loop.run(look())


def test_a_cycle_through_an_open_batch_is_collected():
    """Even when the collector met the batch while there was nothing in it to track."""

    class Node:
        pass

    node = Node()
    node.stream = stream(surviving([1, node, 2])).batched(5)
    cancel(node.stream.__anext__(), 2)
    gc.collect()
    cancel(node.stream.__anext__(), 2)
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None


# ---- windowed ------------------------------------------------------------------------------------


@given(items, sizes, st.integers(1, 9), st.sampled_from([None, 0, "-"]), sources)
def test_windowed_is_that_of_more_itertools(items, n, step, fillvalue, source):
    both(
        lambda: stream(source(items)).windowed(n, step=step, fillvalue=fillvalue),
        lambda: mit.windowed(items, n, fillvalue=fillvalue, step=step),
    )


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_a_window_survives_cancellations(step):
    """Whatever it has, or has skipped."""
    windows = stream(surviving(range(10))).windowed(3, step=step)
    cancel(windows.__anext__(), 3)
    found = [loop.run(windows.__anext__())]
    cancel(windows.__anext__(), min(step, 2))
    found += loop.run(listed(windows))
    assert list(mit.windowed(range(10), 3, step=step)) == found


def test_a_window_survives_errors():
    windows = stream([2, 4, 1, 6, 3, 8]).map(fussy).windowed(2)
    assert run(pulls(windows)) == [(2, 4), Failed(ValueError), (4, 6), Failed(ValueError), (6, 8)]


def test_a_window_of_a_source_that_failed_is_filled_up():
    assert run(pulls(stream(zoo.failing([1])).windowed(2, fillvalue=0))) == [
        Failed(zoo.SourceError),
        (1, 0),
    ]


# ---- split_at ------------------------------------------------------------------------------------


@given(items, st.integers(-2, 4), st.booleans(), colours, sources)
def test_split_at_is_that_of_more_itertools(items, maxsplit, keep, colour, source):
    both(
        lambda: stream(source(items)).split_at(
            colour(even), maxsplit=maxsplit, keep_separator=keep
        ),
        lambda: mit.split_at(items, even, maxsplit=maxsplit, keep_separator=keep),
    )


def test_split_at_survives_cancellations():
    lists = stream(surviving("ab,cd")).split_at(",".__eq__)
    cancel(anext(lists), 2)
    assert loop.run(anext(lists)) == ["a", "b"]
    cancel(anext(lists), 2)
    assert loop.run(listed(lists)) == [["c", "d"]]


def test_an_item_whose_predicate_fails_is_gone_from_its_list():
    lists = stream([4, 1, 6, 0, 3, 8]).split_at(lambda x: not fussy(x))
    assert run(pulls(lists)) == [Failed(ValueError), [4, 6], Failed(ValueError), [8]]


def test_split_at_gives_what_a_failed_source_had_given():
    assert run(pulls(stream(zoo.failing("a,b")).split_at(",".__eq__))) == [
        ["a"],
        Failed(zoo.SourceError),
        ["b"],
    ]


# ---- chunked_by ----------------------------------------------------------------------------------


@given(items, colours, sources)
def test_chunked_by_together_is_split_when_of_the_opposite(items, colour, source):
    both(
        lambda: stream(source(items)).chunked_by(colour(ascending)),
        lambda: mit.split_when(items, lambda a, b: not ascending(a, b)),
    )


@given(items, st.integers(1, 15), colours, sources)
def test_chunked_by_weight_is_constrained_batches(items, limit, colour, source):
    """Not strict: an item heavier than the limit is on its own."""
    both(
        lambda: stream(source(items)).chunked_by(weight=colour(abs), limit=limit),
        lambda: map(list, mit.constrained_batches(items, limit, get_len=abs, strict=False)),
    )


@pytest.mark.parametrize("number", [float, Fraction, Decimal])
def test_weights_may_be_numbers_of_any_kind(number):
    chunks = stream([1, 2, 3, 4]).chunked_by(weight=number, limit=number(3))
    assert run(listed(chunks)) == [[1, 2], [3], [4]]


def test_an_open_chunk_survives_cancellations():
    chunks = stream(surviving([1, 2, 3, 1])).chunked_by(ascending)
    cancel(anext(chunks), 3)
    assert loop.run(listed(chunks)) == [[1, 2, 3], [1]]


def test_an_item_whose_function_is_cancelled_is_gone_from_its_chunk():
    chunks = stream([1, 2, 3, 1]).chunked_by(asynced(ascending, SLOW))
    cancel(anext(chunks), 1)
    assert loop.run(listed(chunks)) == [[1, 3], [1]]


def test_an_item_whose_weight_fails_is_gone_from_its_chunk():
    """Also when it is nothing that can be added or compared."""
    weights = {1: 1, 2: "heavy", 3: 1, 4: ValueError, 5: 9}

    def weigh(item):
        if weights[item] is ValueError:
            raise ValueError(item)
        return weights[item]

    chunks = stream(weights).chunked_by(weight=weigh, limit=2)
    assert run(pulls(chunks)) == [Failed(TypeError), Failed(ValueError), [1, 3], [5]]


def test_an_item_that_cannot_be_compared_is_gone_from_its_chunk():
    chunks = stream([1, "x", 2]).chunked_by(ascending)
    assert run(pulls(chunks)) == [Failed(TypeError), [1, 2]]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"together": ascending, "weight": abs},
        {"together": ascending, "limit": 3},
        {"together": ascending, "weight": abs, "limit": 3},
        {"weight": abs},
        {"limit": 3},
    ],
)
def test_chunked_by_takes_one_form_or_the_other(arguments):
    with pytest.raises(TypeError, match=r"chunked_by\(\): takes either together, or weight and"):
        stream([]).chunked_by(**arguments)


# ---- all of them ---------------------------------------------------------------------------------


@pytest.fixture
def debugging():
    ait.debug()
    yield
    ait.debug(False)


def numbers():
    yield from range(6)


async def unfinished_groupby():
    _, group = await anext(stream(numbers()).groupby(lambda n: n // 2))
    await anext(group)


async def unfinished_partition():
    false, true = stream(numbers()).partition(even)
    await anext(true)
    await false.aclose()


@pytest.mark.usefixtures("debugging")
@pytest.mark.parametrize(
    ("leave", "name"), [(unfinished_groupby, "groupby"), (unfinished_partition, "partition")]
)
def test_streams_left_open_are_told(leave, name):
    with pytest.warns(ResourceWarning, match=rf"stream left open: {name}.* <- numbers, made at"):
        run(leave())


@pytest.mark.usefixtures("debugging")
def test_streams_that_were_closed_or_ended_are_not_told():
    async def finish():
        evens = stream(numbers()).partition(even)[1]
        await anext(evens)
        await evens.aclose()
        async with stream(numbers()).groupby() as groups:
            _, group = await anext(groups)
        del group, groups

    run(finish())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda s: s.batched(0), ValueError, "batched(): n must be at least one"),
        (lambda s: s.batched(-1), ValueError, "batched(): n must be at least one"),
        (lambda s: s.batched("2"), TypeError, "batched(): n must be an integer, not str"),
        (lambda s: s.batched(2.0), TypeError, "batched(): n must be an integer, not float"),
        (lambda s: s.windowed(0), ValueError, "windowed(): n must be at least one"),
        (lambda s: s.windowed(2, step=0), ValueError, "windowed(): step must be at least one"),
        (lambda s: s.windowed(None), TypeError, "windowed(): n must be an integer, not NoneType"),
        (lambda s: s.groupby(3), TypeError, "groupby(): 'int' object is not callable"),
        (lambda s: s.split_at(None), TypeError, "split_at(): 'NoneType' object is not callable"),
        (
            lambda s: s.split_at(even, maxsplit="1"),
            TypeError,
            "split_at(): maxsplit must be an integer, not str",
        ),
        (lambda s: s.chunked_by(3), TypeError, "chunked_by(): 'int' object is not callable"),
        (
            lambda s: s.chunked_by(weight=3, limit=1),
            TypeError,
            "chunked_by(): 'int' object is not callable",
        ),
        (
            lambda s: s.chunked_by(weight=abs, limit=0),
            ValueError,
            "chunked_by(): limit must be greater than zero",
        ),
        (
            lambda s: s.chunked_by(weight=abs, limit=math.nan),
            ValueError,
            "chunked_by(): limit must be greater than zero",
        ),
        (
            lambda s: s.chunked_by(weight=abs, limit="10"),
            TypeError,
            "chunked_by(): limit must be a number, not str",
        ),
        (lambda s: s.partition(3), TypeError, "partition(): 'int' object is not callable"),
    ],
)
def test_bad_arguments_fail_at_construction(make, error, message):
    with pytest.raises(error) as caught:
        make(stream([]))

    assert str(caught.value) == message


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_groups_and_branches_run_on_any_loop(runner):
    async def read():
        groups = stream(paced(range(6), SLOW)).groupby(asynced(lambda n: n // 2, SLOW))
        found = [(key, await listed(group)) async for key, group in groups]
        false, true = stream(paced(range(6), SLOW)).partition(asynced(even, SLOW))
        return found, await listed(false), await listed(true)

    assert runner(read()) == ([(0, [0, 1]), (1, [2, 3]), (2, [4, 5])], [1, 3, 5], [0, 2, 4])
