"""The functions take the originals' arguments, in the originals' order, and give the same."""

from __future__ import annotations

import functools
import heapq
import inspect
import itertools
import operator as op

import more_itertools as mit
import pytest

import aitertools as ait

from . import zoo
from .models import double, even, small
from .oracle import both, listed, run

CALLS = [
    # ours, the original, and the arguments of both; a list is a source
    (ait.map, map, double, [1, 2, 3]),
    (ait.map, map, op.mul, [1, 2, 3], [4, 5]),
    (ait.map, map, max, [1, 2], [4, 0], [3, 3]),
    (ait.starmap, itertools.starmap, pow, [(2, 3), (3, 2)]),
    (ait.flatten, mit.flatten, [[1], [], [2, 3]]),
    (ait.enumerate, enumerate, ["a", "b"]),
    (ait.enumerate, enumerate, ["a", "b"], 5),
    (ait.accumulate, itertools.accumulate, [1, 2, 3]),
    (ait.accumulate, itertools.accumulate, [1, 2, 3], op.mul),
    (ait.pairwise, itertools.pairwise, [1, 2, 3]),
    (ait.intersperse, mit.intersperse, 0, [1, 2, 3]),
    (ait.prepend, mit.prepend, 0, [1, 2, 3]),
    (ait.filter, filter, even, [1, 2, 4]),
    (ait.filter, filter, None, [0, 1, 2]),
    (ait.filterfalse, itertools.filterfalse, even, [1, 2, 4]),
    (ait.filterfalse, itertools.filterfalse, None, [0, 1, 2]),
    (ait.takewhile, itertools.takewhile, small, [1, 2, 7, 1]),
    (ait.dropwhile, itertools.dropwhile, small, [1, 2, 7, 1]),
    (ait.islice, itertools.islice, [1, 2, 3, 4], 2),
    (ait.islice, itertools.islice, [1, 2, 3, 4], None),
    (ait.islice, itertools.islice, [1, 2, 3, 4], 1, 3),
    (ait.islice, itertools.islice, [1, 2, 3, 4], 1, None, 2),
    (ait.compress, itertools.compress, [1, 2, 3], [1, 0, 1]),
    (ait.unique, mit.unique_everseen, [1, 2, 1]),
    (ait.unique, mit.unique_everseen, [1, 2, 1], even),
    (ait.unique_justseen, mit.unique_justseen, [1, 1, 2, 1]),
    (ait.unique_justseen, mit.unique_justseen, [1, 3, 2, 1], even),
    (ait.batched, mit.batched, [1, 2, 3], 2),
    (ait.windowed, mit.windowed, [1, 2, 3], 2),
    (ait.windowed, mit.windowed, [1, 2, 3, 4], 3, 0, 2),
    (ait.windowed, mit.windowed, [1], 3, 0),
    (ait.split_at, mit.split_at, [1, 2, 3], even),
    (ait.split_at, mit.split_at, [1, 2, 3], even, 1, True),
    (ait.chain, itertools.chain, [1], [2, 3]),
    (ait.chain, itertools.chain),
    (ait.chain.from_iterable, itertools.chain.from_iterable, [[1], [2, 3]]),
    (ait.zip, zip, [1, 2], [3, 4, 5]),
    (ait.zip, zip),
    (ait.zip_longest, itertools.zip_longest, [1, 2], [3, 4, 5]),
    (ait.interleave, mit.roundrobin, [1, 2], [3, 4, 5]),
    (ait.merge_sorted, heapq.merge, [1, 4], [2, 3]),
    (ait.product, itertools.product, [1, 2], [3, 4]),
    (ait.product, itertools.product),
    (ait.combinations, itertools.combinations, [1, 2, 3], 2),
    (
        ait.combinations_with_replacement,
        itertools.combinations_with_replacement,
        [1, 2, 3],
        2,
    ),
    (ait.permutations, itertools.permutations, [1, 2, 3]),
    (ait.permutations, itertools.permutations, [1, 2, 3], 2),
    (ait.peekable, mit.peekable, [1, 2]),
    (ait.list, list, [1, 2]),
    (ait.tuple, tuple, [1, 2]),
    (ait.set, set, [1, 1]),
    (ait.frozenset, frozenset, [1, 1]),
    (ait.dict, dict, [(1, 2)]),
    (ait.sorted, sorted, [2, 1]),
    (ait.sum, sum, [2, 1]),
    (ait.sum, sum, [2, 1], 0.5),
    (ait.min, min, [2, 1]),
    (ait.max, max, [2, 1]),
    (ait.any, any, [0, 1]),
    (ait.all, all, [0, 1]),
    (ait.reduce, functools.reduce, op.sub, [1, 2, 3]),
    (ait.reduce, functools.reduce, op.sub, [1, 2, 3], 9),
    (ait.nth, mit.nth, [1, 2, 3], 1),
    (ait.nth, mit.nth, [1, 2, 3], 7, "none"),
    (ait.first, mit.first, [1, 2, 3]),
    (ait.first, mit.first, [], "none"),
    (ait.last, mit.last, [1, 2, 3]),
    (ait.last, mit.last, [], "none"),
    (ait.one, mit.one, [1]),
    (ait.only, mit.only, []),
    (ait.only, mit.only, [], "none"),
    (ait.drain, mit.consume, [1, 2]),
    (ait.repeat, itertools.repeat, "x", 2),
]

KEYWORDS = [
    (ait.enumerate, enumerate, [["a"]], {"start": 3}),
    (ait.accumulate, itertools.accumulate, [[1, 2]], {"initial": 10}),
    (ait.accumulate, itertools.accumulate, [[1, 2], op.mul], {"initial": 10}),
    (ait.batched, mit.batched, [[1, 2, 3], 2], {"strict": True}),
    (ait.zip, zip, [[1, 2], [3]], {"strict": True}),
    (ait.zip, zip, [[1], [3, 4], [5]], {"strict": True}),
    (ait.zip_longest, itertools.zip_longest, [[1, 2], [3]], {"fillvalue": 0}),
    (ait.windowed, mit.windowed, [[1, 2, 3], 2], {"fillvalue": 0, "step": 2}),
    (ait.groupby, itertools.groupby, [[]], {"key": even}),
    (ait.merge_sorted, heapq.merge, [[4, 1], [3, 2]], {"key": op.neg}),
    (ait.merge_sorted, heapq.merge, [[4, 1], [3, 2]], {"reverse": True}),
    (ait.product, itertools.product, [[1, 2]], {"repeat": 2}),
    (ait.split_at, mit.split_at, [[1, 2, 3], even], {"keep_separator": True}),
    (ait.sorted, sorted, [[1, 2, 3]], {"key": op.neg}),
    (ait.sorted, sorted, [[1, 2, 3]], {"reverse": True}),
    (ait.sum, sum, [[1, 2, 3]], {"start": 3}),
    (ait.min, min, [[1, 2, 3]], {"key": op.neg}),
    (ait.min, min, [[]], {"default": None}),
    (ait.max, max, [[1, 2, 3]], {"key": op.neg}),
    (ait.max, max, [[]], {"default": None}),
]


def name(value):
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: name(call[0]))
def test_positional_arguments_are_the_originals(call):
    ours, original, *args = call
    both(lambda: ours(*args), lambda: original(*args))


@pytest.mark.parametrize(("ours", "original", "args", "keywords"), KEYWORDS, ids=name)
def test_keyword_arguments_are_the_originals(ours, original, args, keywords):
    both(lambda: ours(*args, **keywords), lambda: original(*args, **keywords), message=False)


@pytest.mark.parametrize("kind", zoo.KINDS, ids=repr)
def test_they_take_every_kind_of_source(kind):
    assert run(ait.list(ait.map(double, kind([1, 2]).hand_over()))) == [2, 4]
    assert run(listed(ait.zip(kind("ab").hand_over(), kind("cd").hand_over()))) == [
        ("a", "c"),
        ("b", "d"),
    ]


def test_partition_and_for_each_take_the_function_first():
    odd, even_ones = ait.partition(even, [1, 2, 3])
    seen = []

    async def main():
        await ait.for_each(seen.append, odd)
        return await even_ones.list()

    assert run(main()) == [2]
    assert seen == [1, 3]


def test_tee_makes_streams_of_the_same_items():
    assert [run(listed(branch)) for branch in ait.tee([1, 2], 3)] == [[1, 2]] * 3
    assert ait.tee([1, 2], 0) == ()


def test_range_is_the_original():
    for args in ((3,), (1, 3), (9, 1, -3)):
        assert run(listed(ait.range(*args))) == list(range(*args))


def test_cycle_goes_round_and_round():
    assert run(ait.cycle([1, 2]).take(5).list()) == [1, 2, 1, 2, 1]


def test_a_deque_keeps_the_last():
    assert run(ait.deque([1, 2, 3], 2)).maxlen == 2
    assert list(run(ait.deque([1, 2, 3], maxlen=2))) == [2, 3]


def test_each_function_is_tried_here():
    """A new name in functions.py needs a line above."""
    here = {"chain", "cycle", "deque", "for_each", "partition", "tee"}
    defined = {n for n, fn in vars(ait.functions).items() if inspect.isfunction(fn)}
    tried = {name(call[0]) for call in (*CALLS, *KEYWORDS)}
    assert (defined & {*ait.__all__}) - tried - here == set()
