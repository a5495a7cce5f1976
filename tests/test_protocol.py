"""The protocol: what can be done with a stream and with its awaitables."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import sys
from contextlib import contextmanager, suppress

import pytest

import aitertools as ait
from aitertools import _core, stream

from . import loop, zoo
from .loop import Cancelled, Turn
from .oracle import Pace, paced, pulls, run

PACES = [Pace(0), Pace(1)]
each_pace = pytest.mark.parametrize("pace", PACES, ids=repr)


def letters(pace=PACES[0]):
    return stream(paced("abc", pace)).map(str.upper)


# ---- what asyncio does with awaitables -----------------------------------------------------------


@each_pace
def test_an_item_can_be_awaited_in_a_task(pace):
    async def main():
        source = letters(pace)
        return await asyncio.create_task(source.__anext__()), await asyncio.create_task(
            ait.anext(source)
        )

    assert run(main()) == ("A", "B")


@each_pace
def test_a_reducer_can_be_awaited_in_a_task(pace):
    async def main():
        return await asyncio.create_task(letters(pace).list())

    assert run(main()) == ["A", "B", "C"]


@each_pace
def test_an_item_can_be_awaited_with_wait_for(pace):
    async def main():
        return await asyncio.wait_for(ait.anext(letters(pace)), 10)

    assert run(main()) == "A"


@each_pace
def test_reducers_can_be_gathered(pace):
    async def main():
        return await asyncio.gather(letters(pace).list(), letters(pace).count(), letters().first())

    assert run(main()) == [["A", "B", "C"], 3, "A"]


@each_pace
def test_reducers_can_be_awaited_in_a_task_group(pace):
    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(letters(pace).join("")) for _ in range(3)]
        return [task.result() for task in tasks]

    assert run(main()) == ["ABC"] * 3


@each_pace
def test_a_reducer_is_what_asyncio_run_takes(pace):
    assert asyncio.run(letters(pace).list()) == ["A", "B", "C"]


def test_the_awaitables_are_coroutines_to_the_standard_library():
    """Task, Runner.run and the like ask for that."""
    for awaitable in (letters().list(), letters().__anext__(), letters().aclose()):
        assert inspect.isawaitable(awaitable)
        assert asyncio.iscoroutine(awaitable)
        awaitable.close()


def test_an_event_loop_finds_the_stack_of_a_task_that_awaits_a_stream():
    async def main():
        task = asyncio.ensure_future(ait.never().list())
        await asyncio.sleep(0)
        assert repr(task).startswith("<Task pending")
        assert isinstance(task.get_stack(), list)
        task.cancel()
        await asyncio.wait([task])

    run(main())


# ---- awaitables one by one -----------------------------------------------------------------------


@pytest.mark.parametrize("make", ["__anext__", "list", "aclose"])
def test_awaiting_twice_is_a_runtime_error(make):
    async def main():
        awaitable = getattr(letters(), make)()
        await awaitable
        with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
            await awaitable

    run(main())


def test_awaiting_a_reducer_at_the_same_time_is_a_runtime_error():
    """As with coroutines, and the first to await it is not disturbed."""

    async def wrapped(awaitable):
        return await awaitable

    async def main():
        awaitable = letters(Pace(3)).list()
        first = asyncio.ensure_future(wrapped(awaitable))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="coroutine is being awaited already"):
            await awaitable
        return await first

    assert run(main()) == ["A", "B", "C"]


def test_pulling_while_somebody_pulls_is_a_runtime_error():
    """It names the operator, and the first pull is not disturbed."""

    async def main():
        source = letters(Pace(2))
        first = asyncio.ensure_future(ait.anext(source))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"^map\(\): already running"):
            await ait.anext(source)
        assert await first == "A"
        assert await source.list() == ["B", "C"]

    run(main())


def test_a_source_that_pulls_the_stream_it_feeds_gets_a_runtime_error():
    async def main():
        async def reenter():
            return await anext(holder[0])

        holder = [stream(zoo.reentrant(reenter)).map(lambda error: error).filter()]
        (error,) = await holder[0].list()
        assert str(error) == "filter(): already running"

    run(main())


def test_a_function_that_pulls_its_own_stream_gets_a_runtime_error():
    async def main():
        async def reenter(item):
            return await anext(holder[0])

        holder = [stream([1, 2]).map(reenter)]
        with pytest.raises(RuntimeError, match=r"map\(\): already running"):
            await anext(holder[0])
        await holder[0].aclose()

    run(main())


def test_send_returns_what_is_awaited_and_at_last_the_item():
    awaitable = letters(Pace(1)).__anext__()
    turn = awaitable.send(None)
    assert turn is None
    with pytest.raises(StopIteration) as stop:
        awaitable.send(None)
    assert stop.value.value == "A"


def test_what_is_sent_reaches_the_innermost_awaitable():
    class Ask:
        def __await__(self):
            return (yield "question")

    async def asking(item):
        return item, await Ask()

    awaitable = stream(["a"]).map(asking).filter(lambda pair: True).__anext__()
    assert awaitable.send(None) == "question"
    with pytest.raises(StopIteration) as stop:
        awaitable.send("answer")
    assert stop.value.value == ("a", "answer")


def test_only_none_can_be_sent_to_begin_with():
    awaitable = letters().__anext__()
    with pytest.raises(TypeError, match="can't send non-None value to a just-started coroutine"):
        awaitable.send(1)
    assert loop.run(awaitable) == "A"


def test_what_is_thrown_reaches_the_innermost_awaitable():
    seen = []

    async def watching(item):
        try:
            await Turn()
        except KeyError as error:
            seen.append(error)
            return "saved"

    task = loop.run_to(stream(["a"]).map(watching).list(), 1)
    error = KeyError("thrown")
    task.throw(error)
    assert task.finish() == ["saved"]
    assert seen == [error]


def test_what_is_thrown_before_the_begin_is_raised():
    source = letters()
    with pytest.raises(Cancelled):
        source.__anext__().throw(Cancelled())
    assert loop.run(source.list()) == ["A", "B", "C"]


def test_throw_takes_what_a_coroutine_takes():
    for args in ((KeyError,), (KeyError("x"),), (KeyError, "x"), (KeyError, KeyError("x"), None)):
        with pytest.raises(KeyError):
            letters().__anext__().throw(*args)
    with pytest.raises(TypeError, match="exceptions must be classes or instances deriving from"):
        letters().__anext__().throw(42)


def test_close_ends_an_awaitable_and_is_idempotent():
    source = letters(Pace(1))
    for point in (0, 1):
        awaitable = source.__anext__()
        for _ in range(point):
            awaitable.send(None)
        awaitable.close()
        awaitable.close()
        with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
            awaitable.send(None)
    loop.run(source.aclose())


def test_close_of_what_will_not_stop_awaiting_is_a_runtime_error():
    async def stubborn(item):
        while True:
            with suppress(GeneratorExit):
                await Turn()

    awaitable = stream(["a"]).map(stubborn).__anext__()
    loop.run_to(awaitable, 1)
    with pytest.raises(RuntimeError, match="coroutine ignored GeneratorExit"):
        awaitable.close()
    with pytest.raises(Cancelled):
        awaitable.throw(Cancelled())


@contextmanager
def unraisable():
    """What Python says about errors that nobody can get."""
    errors = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda complaint: errors.append(str(complaint.exc_value))
    try:
        yield errors
    finally:
        sys.unraisablehook = before


def test_dropping_what_will_not_stop_awaiting_ends_the_stream():
    """It can neither be resumed nor closed: so the stream is at its end, and not stuck."""

    async def stubborn(item):
        while True:
            with suppress(GeneratorExit):
                await Turn()

    passing = stream(["a", "b"]).map(str.upper).map(stubborn).filter()
    with unraisable() as complaints:
        loop.run_to(passing.__anext__(), 1)
        gc.collect()
    assert complaints[0] == "coroutine ignored GeneratorExit"
    assert loop.run(pulls(passing)) == []
    loop.run(passing.aclose())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("cannot reuse already awaited coroutine"), []),
        (RuntimeError("no"), ["no"]),
        (ValueError("cannot reuse already awaited coroutine"), None),
    ],
)
def test_nothing_is_said_of_a_coroutine_that_was_collected_before_who_awaits_it(error, said):
    """The collector knows no order: what is awaited may be closed by then."""

    class Closed:
        def __await__(self):
            return self

        def __next__(self):
            return None

        def throw(self, *_):
            raise error

    with unraisable() as complaints:
        loop.run_to(stream([1]).map(lambda _: Closed()).__anext__(), 1)
        gc.collect()
    assert complaints == ([str(error)] if said is None else said)


def test_what_a_generator_does_wrong_when_it_is_dropped_is_said():
    """Its own code awaits something twice: that is no affair of the collector."""

    async def waits():
        pass

    async def generator():
        once = waits()
        await once
        try:
            await Turn()
            yield 1
        finally:
            await once

    with unraisable() as complaints:
        loop.run_to(stream(generator()).map(str).__anext__(), 1)
        gc.collect()
    assert complaints == ["cannot reuse already awaited coroutine"]


def test_a_reducer_that_is_never_awaited_says_so():
    """As a coroutine does."""
    with pytest.warns(RuntimeWarning, match=r"'Stream\.list' was never awaited"):
        letters().list()


def test_an_item_that_is_never_awaited_says_nothing():
    """Nothing was pulled: it is still there."""
    source = letters()
    source.__anext__()
    assert loop.run(source.list()) == ["A", "B", "C"]


def test_an_awaitable_is_used_again_only_while_nobody_holds_it():
    source = letters()
    kept = source.__anext__()
    assert kept is not source.__anext__()
    assert loop.run(kept) == "A"
    assert source.__anext__() is not kept


def test_the_repr_of_an_awaitable_names_what_it_is_for():
    source = letters()
    reducer = source.list()
    assert repr(reducer) == "<awaitable list of map(upper) <- paced>"
    assert repr(source.__anext__()) == "<awaitable __anext__ of map(upper) <- paced>"
    reducer.close()
    assert repr(reducer) == "<awaitable list of done>"


# ---- async generators --------------------------------------------------------------------------


def test_the_hooks_of_the_event_loop_see_a_generator_that_a_stream_drives():
    """By them, asyncio closes at its end what was left open."""

    async def main():
        left = stream(paced("abc")).map(str.upper)
        assert await anext(left) == "A"
        return left

    left = asyncio.run(main())
    with pytest.raises(StopAsyncIteration):
        loop.run(left.__anext__())


def test_a_generator_can_be_finalized_while_its_stream_is_suspended_in_it():
    async def main():
        pending = asyncio.ensure_future(ait.anext(stream(paced("abc", Pace(9)))))
        await asyncio.sleep(0)
        pending.cancel()
        await asyncio.wait([pending])
        del pending

    run(main())


# ---- names and counts ----------------------------------------------------------------------------


def test_a_repr_shows_the_chain_of_operators():
    async def rows():
        yield 1

    assert repr(stream(rows()).map(str).filter(len).batched(500)) == (
        "<Stream batched(500) <- filter(len) <- map(str) <- rows>"
    )


def test_stats_count_the_items_of_each_operator():
    counted = stream(range(10)).filter(lambda n: n % 2).batched(2)
    assert [stage[:2] for stage in counted.stats()] == [
        ("batched(2)", 0),
        ("filter(<lambda>)", 0),
        ("range", 0),
    ]
    run(counted.list())
    assert [stage.items for stage in counted.stats()] == [3, 5, 10]


# ---- misuse is an error, never a crash -----------------------------------------------------------


def test_the_internal_types_cannot_be_made_by_hand():
    with pytest.raises(TypeError):
        _core.Run()
    with pytest.raises(TypeError):
        ait.Stream()
    with pytest.raises(TypeError):
        ait.Stream.__new__(ait.Stream)
    with pytest.raises(TypeError):
        object.__new__(ait.Stream)


def test_a_stream_cannot_be_copied_or_pickled():
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            attempt(letters())


def test_a_stream_is_not_a_synchronous_iterable():
    with pytest.raises(TypeError):
        iter(letters())
    with pytest.raises(TypeError):
        len(letters())
    assert sys.getrefcount(letters()) >= 1
