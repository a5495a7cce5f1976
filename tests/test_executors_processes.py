"""map(executor=) with workers elsewhere: what cannot be pickled, and a process that dies."""

from __future__ import annotations

import contextvars
import functools
import pickle
import threading
from concurrent.futures import BrokenExecutor

import pytest

from aitertools import stream

from .executors import POOLS, pool_of
from .test_executors import run
from .workers import (
    PLACE,
    Frozen,
    Stubborn,
    changed,
    die_at_once,
    die_of,
    frozen,
    lock_of,
    pick,
    place,
    ratio,
    square,
    stop,
    stubborn_of,
)

ELSEWHERE = [kind for kind in POOLS if kind != "threads"]


@pytest.fixture(scope="module", params=ELSEWHERE)
def elsewhere(request):
    with pool_of(request.param) as pool:
        yield pool


async def outcomes(results):
    """The items, and the errors as they are."""
    found = []
    async with results:
        while found[-1:] != [None]:
            try:
                found.append(await anext(results, None))
            except Exception as error:  # noqa: BLE001 - it is looked at
                found.append(error)
    return found[:-1]


def notes(error):
    return error.__notes__[0]


# ---- pickling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [None, 3])
def test_an_item_that_cannot_be_pickled_concerns_no_other(elsewhere, size):
    items = [0, threading.Lock(), 2]
    zero, error, two = run(outcomes(stream(items).map(str, executor=elsewhere, chunksize=size)))
    assert (zero, two) == ("0", "2")
    assert isinstance(error, TypeError)
    assert str(error).startswith("cannot pickle")
    assert notes(error).startswith("pickling the item: <unlocked")


@pytest.mark.parametrize("size", [None, 3])
def test_a_result_that_cannot_be_pickled_concerns_no_other(elsewhere, size):
    results = stream(range(3)).map(lock_of, executor=elsewhere, chunksize=size)
    zero, error, two = run(outcomes(results))
    assert (zero, two) == (0, 2)
    assert isinstance(error, TypeError)
    assert notes(error).startswith("pickling the result: <unlocked")


@pytest.mark.parametrize("size", [None, 3])
def test_what_cannot_be_read_where_it_arrives_concerns_no_other(elsewhere, size):
    way = {"executor": elsewhere, "chunksize": size}
    for results in (
        stream([0, Stubborn(), 2]).map(int, **way),
        stream(range(3)).map(stubborn_of, **way),
    ):
        zero, error, two = run(outcomes(results))
        assert (zero, two) == (0, 2)
        assert isinstance(error, ValueError)
        assert str(error) == "not here"


@pytest.mark.parametrize("size", [None, 3])
def test_an_error_that_cannot_be_pickled_says_what_it_says(elsewhere, size):
    zero, error, two = run(outcomes(stream(range(3)).map(pick, executor=elsewhere, chunksize=size)))
    assert (zero, two) == (0, 2)
    assert type(error) is RuntimeError
    assert str(error) == "tests.workers.Picky: no (7)"


@pytest.mark.parametrize("size", [None, 3])
def test_an_error_that_lets_nobody_change_it_comes_as_it_is(elsewhere, size):
    """Not even the executor is broken by it."""
    results = stream(range(3)).map(frozen, executor=elsewhere, chunksize=size)
    zero, error, two = run(outcomes(results))
    assert (zero, two) == (0, 2)
    assert isinstance(error, Frozen)
    assert "in frozen" in str(error.__cause__)


@pytest.mark.parametrize("size", [None, 3])
def test_an_error_that_is_read_as_something_else_says_what_it_says(elsewhere, size):
    results = stream(range(3)).map(changed, executor=elsewhere, chunksize=size)
    zero, error, two = run(outcomes(results))
    assert (zero, two) == (0, 2)
    assert type(error) is RuntimeError
    assert str(error) == "tests.workers.Changed: once"


def test_an_item_that_can_be_neither_pickled_nor_shown(elsewhere):
    """An int that is too long to be written out is one that not all Pythons can show."""
    item = [10**5000, threading.Lock()]
    error, two = run(outcomes(stream([item, "ab"]).map(len, executor=elsewhere)))
    assert two == 2
    assert isinstance(error, TypeError)
    assert any(note.startswith("pickling the item: ") for note in error.__notes__)


def test_an_error_tells_where_it_was_raised(elsewhere):
    (error,) = run(outcomes(stream([0]).map(ratio, executor=elsewhere)))
    assert isinstance(error, ZeroDivisionError)
    assert "in ratio" in str(error.__cause__)
    assert error.__notes__ == ["in aitertools: map(ratio) <- list"]


def test_a_function_that_cannot_be_pickled_is_an_error_for_each_item(elsewhere):
    results = stream(range(2)).map(lambda item: item, executor=elsewhere)
    for n, error in enumerate(run(outcomes(results))):
        assert isinstance(error, Exception)
        assert "<lambda>" in str(error)
        assert notes(error) == f"the item: {n}"
    assert run(stream([3]).map(square, executor=elsewhere).list()) == [9]  # it is usable


def test_stop_iteration_is_an_error_like_others(elsewhere):
    zero, error, two = run(outcomes(stream(range(3)).map(stop, executor=elsewhere)))
    assert (zero, two) == (0, 2)
    assert str(error) == "function raised StopIteration"


def test_items_keep_what_they_are(elsewhere):
    items = [1, "a", (2, [3]), {"b": 1.5}, {4}, None, b"c", 1j, frozenset("d")]
    found = run(stream([[item] for item in items]).map(pickle.dumps, executor=elsewhere).list())
    assert [pickle.loads(each) for each in found] == [[item] for item in items]
    assert run(stream(items).filter(executor=elsewhere, concurrency=2).list()) == [
        item for item in items if item
    ]


def test_the_context_stays_where_it_is(elsewhere):
    async def main():
        PLACE.set("here")
        return await stream([1]).map(place, executor=elsewhere, chunksize=1).list()

    assert contextvars.copy_context().run(run, main())[0] != "here"


# ---- a process that dies -------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("size", [1, 3])
def test_a_worker_that_dies_is_an_error_that_names_the_item(size, n):
    async def main():
        with pool_of("processes") as pool:
            die = functools.partial(die_of, 5)
            results = stream(range(12)).map(die, executor=pool, concurrency=n, chunksize=size)
            return await outcomes(results)

    found = run(main())
    assert len(found) == 12
    for item, each in enumerate(found):  # each in its place
        if isinstance(each, BrokenExecutor):
            assert notes(each) == f"the item: {item}"
            assert isinstance(each.__cause__, BrokenExecutor)
        else:
            assert each == item
    assert isinstance(found[5], BrokenExecutor)
    if n == 1:  # nothing else was with the executor
        over = 5 - 5 % size
        assert found[:over] == list(range(over))


def test_a_worker_that_dies_of_an_item_that_cannot_be_shown():
    async def main():
        with pool_of("processes", 1) as pool:
            return await outcomes(stream([10**5000]).map(die_at_once, executor=pool))

    (error,) = run(main())
    assert isinstance(error, BrokenExecutor)
    assert notes(error).startswith("the item: ")


def test_with_on_error_a_worker_that_dies_is_as_good_an_error():
    async def main():
        with pool_of("processes", 1) as pool:
            die = functools.partial(die_of, 1)
            way = {"executor": pool, "chunksize": 1, "on_error": "result", "buffer": 0}
            return await stream(range(3)).map(die, **way).list()

    one, two, three = run(main())
    assert one.value == 0
    assert two.item == 1
    assert isinstance(two.error, BrokenExecutor)
    assert three.item == 2
