"""map(executor=) and its kin: what the builtins give, in chunks, and never more than was asked."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import itertools
import operator as op
import sys
from collections import Counter
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Err, Ok, stream

from .executors import POOLS, AtOnce, Gate, pool_of
from .oracle import Failed, pulls
from .workers import PLACE, even, place, ratio, square

PATIENCE = 20


def run(main):
    async def limited():
        async with asyncio.timeout(PATIENCE):
            return await main

    return asyncio.run(limited())


@pytest.fixture(scope="module", params=POOLS)
def pool(request):
    with pool_of(request.param) as pool:
        yield pool


async def waiting(items):
    for item in items:
        await asyncio.sleep(0)
        yield item


numbers = st.lists(st.integers(-20, 20), max_size=30)
sources = st.sampled_from([list, waiting])
ways = st.fixed_dictionaries(
    {},
    optional={
        "concurrency": st.integers(1, 4),
        "chunksize": st.none() | st.integers(1, 7),
        "buffer": st.none() | st.integers(0, 5),
        "ordered": st.booleans(),
    },
)

# ---- results -------------------------------------------------------------------------------------


def same(found, expected, way):
    ordered = way.get("ordered", True)
    return found == expected if ordered else Counter(found) == Counter(expected)


@given(items=numbers, source=sources, way=ways)
def test_the_results_are_those_of_the_builtin(pool, items, source, way):
    found = run(stream(source(items)).map(square, executor=pool, **way).list())
    assert same(found, list(map(square, items)), way)


@given(items=numbers, source=sources, way=ways)
def test_so_are_those_of_its_kin(pool, items, source, way):
    async def main():
        way["executor"] = pool
        pairs = list(itertools.pairwise(items))
        yield (
            await stream(source(pairs)).starmap(op.mul, **way).list(),
            itertools.starmap(op.mul, pairs),
        )
        yield (
            await stream(source(items)).map(op.mul, items[1:], **way).list(),
            map(op.mul, items, items[1:]),
        )
        yield await stream(source(items)).filter(even, **way).list(), filter(even, items)
        yield await stream(source(items)).filter(None, **way).list(), filter(None, items)
        yield (
            await stream(source(items)).filterfalse(even, **way).list(),
            itertools.filterfalse(even, items),
        )

    for found, expected in run(ait.stream(main()).list()):
        assert same(found, list(expected), way)


@given(items=numbers, size=st.none() | st.integers(1, 5))
def test_for_each_calls_it_with_each_item_once(items, size):
    called = []
    with ThreadPoolExecutor(3) as threads:
        run(stream(items).for_each(called.append, executor=threads, chunksize=size))
    assert Counter(called) == Counter(items)


def test_the_workers_are_the_executors_and_work_at_the_same_time():
    gate = Gate()

    async def main():
        with ThreadPoolExecutor(3) as threads:
            results = asyncio.ensure_future(stream("abcd").map(gate, executor=threads).list())
            await gate.wait(3)
            assert gate.begun == ["a", "b", "c"]
            gate.open.set()
            return await results

    assert run(main()) == list("abcd")


# ---- errors of the function ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [None, 1, 3])
def test_an_error_comes_in_the_place_of_its_item(pool, size):
    async def main():
        return await pulls(stream([3, 0, 4, 0]).map(ratio, executor=pool, chunksize=size))

    assert run(main()) == [4, Failed(ZeroDivisionError), 3, Failed(ZeroDivisionError)]


def test_on_error_says_what_becomes_of_an_item(pool):
    items, told = [3, 0, 4, 0], []

    async def tell(error, item):
        await asyncio.sleep(0)
        told.append((type(error), item))

    async def main():
        def made(on_error):
            return stream(items).map(ratio, executor=pool, on_error=on_error)

        assert await made("skip").list() == [4, 3]
        assert await made(tell).list() == [4, 3]
        assert told == [(ZeroDivisionError, 0)] * 2
        one, two, three, four = await made("result").list()
        assert (one, three) == (Ok(4), Ok(3))
        for each in two, four:
            assert isinstance(each, Err)
            assert isinstance(each.error, ZeroDivisionError)
            assert each.item == 0
        *good, last = await pulls(made("collect"))
        assert good == [4, 3]
        assert last == Failed(ExceptionGroup)

    run(main())


def test_failures_without_end_do_not_pile_up():
    """Nobody's stack grows with those that fail at once, as they do when an executor is shut."""
    depths = []

    def handler(error, item):
        frame, depth = sys._getframe(), 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1
        depths.append(depth)

    way = {"ordered": False, "concurrency": 1, "chunksize": 1, "on_error": handler}
    assert run(stream([0] * 50).map(ratio, executor=AtOnce(), **way).list()) == []
    assert len(depths) == 50
    assert max(depths) < min(depths) + 20


def test_a_handler_that_fails_is_an_error_in_that_place():
    def handler(error, item):
        raise KeyError(item)

    async def main():
        with ThreadPoolExecutor(1) as threads:
            return await pulls(stream([3, 0, 4]).map(ratio, executor=threads, on_error=handler))

    assert run(main()) == [4, Failed(KeyError), 3]


def test_for_each_tells_the_first_error_at_once():
    gate = Gate()

    def fn(item):
        return gate(item) if item else 1 / item

    async def main():
        with ThreadPoolExecutor(2) as threads:
            try:
                with pytest.raises(ZeroDivisionError):
                    await stream([1, 0, 2, 3, 4]).for_each(fn, executor=threads, chunksize=1)
                assert gate.begun[:1] == [1]
            finally:
                gate.open.set()

    run(main())


# ---- contexts ------------------------------------------------------------------------------------


def test_calls_in_threads_have_copies_of_the_context_of_the_first_pull():
    async def main():
        PLACE.set("made here")
        with ThreadPoolExecutor(2) as threads:
            results = stream("abcde").map(place, executor=threads, concurrency=2, chunksize=2)
            PLACE.set("pulled here")
            return await results.list(), PLACE.get()

    found = contextvars.copy_context().run(run, main())
    assert found == (["pulled here"] * 5, "pulled here")


def test_a_handler_has_that_context_as_well():
    seen = []

    async def main():
        PLACE.set("first")
        with ThreadPoolExecutor(2) as threads:
            way = {"executor": threads, "on_error": lambda error, item: seen.append(PLACE.get())}
            results = stream([0, 0, 1]).map(ratio, **way, chunksize=1, buffer=0, concurrency=1)
            pull = asyncio.ensure_future(anext(results))
            PLACE.set("second")
            return await pull

    assert contextvars.copy_context().run(run, main()) == 12
    assert seen == ["first"] * 2


# ---- arguments -----------------------------------------------------------------------------------


async def coroutine_function(item):
    return item


class Awaited:
    async def __call__(self, item):
        return item


MADE = {
    "map": lambda **way: stream([1]).map(square, **way),
    "starmap": lambda **way: stream([(1, 2)]).starmap(op.mul, **way),
    "filter": lambda **way: stream([1]).filter(even, **way),
    "filterfalse": lambda **way: stream([1]).filterfalse(even, **way),
    "for_each": lambda **way: stream([1]).for_each(square, **way),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    ("way", "error", "said"),
    [
        (
            {"executor": None},
            TypeError,
            "executor must be a concurrent.futures.Executor, not NoneType",
        ),
        (
            {"executor": Executor},
            TypeError,
            "executor must be a concurrent.futures.Executor, not type",
        ),
        ({"chunksize": 2}, TypeError, "chunksize needs executor"),
        ({"chunksize": 2, "concurrency": 2}, TypeError, "chunksize needs executor"),
        ({"executor": AtOnce(), "chunksize": 0}, ValueError, "chunksize must be at least one"),
        (
            {"executor": AtOnce(), "chunksize": "2"},
            TypeError,
            "chunksize must be an integer, not str",
        ),
        ({"executor": AtOnce(), "concurrency": 0}, ValueError, "concurrency must be at least one"),
    ],
)
def test_bad_arguments_are_refused_at_once(name, way, error, said):
    with pytest.raises(error) as caught:
        MADE[name](**way)
    assert str(caught.value) == f"{name}(): {said}"


@pytest.mark.parametrize("name", ["map", "starmap", "for_each"])
def test_a_key_is_refused_as_well(name):
    with pytest.raises(TypeError, match=rf"^{name}\(\): key cannot be used with executor$"):
        MADE[name](executor=AtOnce(), key=even)


@pytest.mark.parametrize(
    "fn", [coroutine_function, Awaited(), functools.partial(coroutine_function)]
)
def test_a_coroutine_function_is_refused_at_once(fn):
    said = r"^map\(\): a coroutine function cannot be called by an executor$"
    with pytest.raises(TypeError, match=said):
        stream([1]).map(fn, executor=AtOnce())
