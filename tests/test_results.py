"""Ok, Err, and where failed items go."""

from __future__ import annotations

import asyncio
import copy
import pickle
import queue

import pytest

import aitertools as ait
from aitertools import Err, Ok, dead_letters

from .oracle import run

ERROR = ValueError("no number")
RESULTS: list[ait.Result[int, str]] = [Ok(3), Err(ERROR, "x")]


def told(result: ait.Result[int, str]) -> object:
    match result:
        case Ok(value):
            return value
        case Err(error, item):
            return error, item


def test_they_can_be_matched():
    assert [told(result) for result in RESULTS] == [3, (ERROR, "x")]


def test_unwrapped_they_are_what_the_call_would_have_done():
    assert Ok(3).unwrap() == 3
    with pytest.raises(ValueError, match="no number") as caught:
        Err(ERROR, "x").unwrap()
    assert caught.value is ERROR


def test_they_are_equal_when_they_have_the_same():
    assert Ok(3) == Ok(3) != Ok(4)
    assert Err(ERROR, "x") == Err(ERROR, "x") != Err(ERROR, "y")
    assert Err(ERROR, "x") != Err(ValueError("no number"), "x"), "errors are not compared"
    assert Ok(ERROR) != Err(ERROR, None)
    assert len({*RESULTS, Ok(3), Err(ERROR, "x")}) == 2


@pytest.mark.parametrize("result", RESULTS, ids=repr)
@pytest.mark.parametrize("name", ["value", "error", "item", "other"])
def test_they_cannot_be_changed(result, name):
    with pytest.raises(AttributeError):
        setattr(result, name, 1)
    assert not hasattr(result, "__dict__")


@pytest.mark.parametrize("duplicate", [copy.copy, lambda r: pickle.loads(pickle.dumps(r))])
@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_they_can_be_copied_and_pickled(result, duplicate):
    assert repr(duplicate(result)) == repr(result)


def test_they_can_be_made_with_their_types():
    """A frozen dataclass with slots of its own making cannot, on 3.11."""
    assert Ok[int](3) == Ok(3)
    assert Err[str](ERROR, "x") == Err(ERROR, "x")


# ---- dead letters --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ait.Queue, asyncio.Queue, asyncio.LifoQueue])
def test_a_dead_letter_has_the_error_and_the_item(kind):
    async def main():
        failed = kind()
        await dead_letters(failed)(ERROR, "x")
        return failed.get_nowait()

    assert run(main()) == Err(ERROR, "x")


@pytest.mark.parametrize("kind", [queue.Queue, queue.SimpleQueue, lambda: ait.Queue().sync])
def test_a_queue_of_threads_takes_it_at_once(kind):
    failed = kind()
    dead_letters(failed)(ERROR, "x")
    assert failed.get(block=False) == Err(ERROR, "x")


def test_it_is_a_handler_for_calls_side_by_side():
    async def main():
        failed: ait.Queue[Err[str]] = ait.Queue()
        numbers = ait.stream(["1", "x", "3", ""]).map(
            int, concurrency=2, on_error=dead_letters(failed)
        )
        good = await numbers.list()
        failed.shutdown()
        return good, [(type(letter.error), letter.item) async for letter in failed]

    assert run(main()) == ([1, 3], [(ValueError, "x"), (ValueError, "")])


def test_it_waits_for_room():
    async def main():
        failed: ait.Queue[int | Err[str]] = ait.Queue(1)
        failed.put_nowait(0)
        putting = asyncio.ensure_future(dead_letters(failed)(ERROR, "x"))
        await asyncio.sleep(0)
        assert (putting.done(), failed.qsize()) == (False, 1)
        first = failed.get_nowait()
        await putting
        return first, failed.get_nowait()

    assert run(main()) == (0, Err(ERROR, "x"))


def test_a_queue_that_was_shut_down_says_so():
    async def main():
        failed: ait.Queue[Err[str]] = ait.Queue()
        failed.shutdown()
        with pytest.raises(ait.QueueShutDown):
            await dead_letters(failed)(ERROR, "x")

    run(main())


def test_what_has_no_put_is_refused():
    with pytest.raises(TypeError, match=r"dead_letters\(\): 'list' object has no put\(\)"):
        dead_letters([])
