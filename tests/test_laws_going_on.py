"""Laws 3 and 4: cancelling loses nothing, and errors are items of the order."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import nullcontext, suppress

import pytest

import aitertools as ait
from aitertools import stream

from . import loop, turns, zoo
from .oracle import READY, Failed, Pace, answers, asynced, pulls, run, upto_error
from .rig import (
    OPERATORS,
    OWNERS,
    OWNING_OPERATORS,
    OWNING_REDUCERS,
    REDUCERS,
    Rig,
    about,
    each,
    without_one,
)

# ---- law 3: cancelling loses nothing -------------------------------------------------------------


def pulled_in_spite_of_cancelling(rig):
    """The answers of it when every pull is cancelled wherever it waits, and asked again."""
    results = []
    while len(results) < 1000:
        try:
            pull = rig.run_to(rig.subject.__anext__(), 1)
            if not pull.done:
                pull.throw(loop.Cancelled())
            results.append(pull.finish())
        except StopAsyncIteration:
            return results
        except loop.Cancelled:
            turns.loop().pass_time(1 / 4096)  # for those that wait for a time
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            results.append(Failed(type(error)))

    return results


@each(entry for entry in OPERATORS if not entry.shares)
def test_no_item_is_lost_when_each_wait_for_a_source_is_cancelled(entry):
    expected = entry.expected(*entry.examples)
    for kind in zoo.SURVIVING:
        for pattern in ((1, 0), (1, 0, 0), (0, 1, 0)):
            with about(kind, pattern):
                rig = Rig(entry, kind, pace=lambda pattern=pattern: Pace(*pattern))
                assert pulled_in_spite_of_cancelling(rig) == expected
                rig.check_use()


@each(entry for entry in OPERATORS if entry.functions and not entry.shares)
def test_only_the_item_at_hand_is_lost_when_a_function_is_cancelled(entry):
    """Cancelled half-way through a function, it goes on with the next item, or with the same."""
    for point in itertools.count(1):
        pace = Pace(*[0] * (point - 1), 1, *[0] * 99)
        rig = Rig(entry, zoo.with_aclose, paint=lambda fn, pace=pace: asynced(fn, pace))
        results = pulled_in_spite_of_cancelling(rig)
        with about(f"call {point} was cancelled"):
            assert results in without_one(entry)
            rig.check_use()
        if pace.reached < point:
            break


@each(OPERATORS)
def test_a_timeout_loses_nothing(entry):
    """Not even of a generator, which a cancellation would end."""

    async def main(rig):
        results, timeouts = [], 0
        while timeouts < 100_000:  # where there is a thread, that takes real time
            try:
                results.append(await ait.anext(rig.subject, timeout=0))
            except StopAsyncIteration:
                return results, timeouts
            except TimeoutError:
                timeouts += 1
                turns.loop().pass_time(1 / 4096)
            except Exception as error:  # noqa: BLE001 - errors are what is collected
                results.append(Failed(type(error)))

        return results, timeouts

    for kind in (zoo.generator, zoo.slow_generator, zoo.with_aclose):
        with about(kind):
            rig = Rig(entry, kind, pace=lambda: Pace(2))
            results, timeouts = run(main(rig))
            assert results == entry.expected(*entry.examples)
            if entry.arity and rig.logs[0].pulls:
                assert timeouts
            if entry in OWNERS:
                rig.check_closed()


@each(OWNING_OPERATORS)
def test_a_timed_out_pull_is_cancelled_by_aclose(entry):
    async def main(rig):
        with suppress(TimeoutError):
            await ait.anext(rig.subject, None, timeout=0)
        await rig.subject.aclose()
        rig.check_closed()
        assert await pulls(rig.subject) == []

    for kind in (zoo.generator, zoo.slow_generator, zoo.with_aclose):
        with about(kind):
            run(main(Rig(entry, kind, pace=lambda: Pace(5))))


@each(OPERATORS)
def test_cancelling_a_task_that_pulls_leaves_the_stream_usable(entry):
    """The same with asyncio's own cancellation, of a task."""

    async def main(rig):
        task = asyncio.ensure_future(anext(rig.subject, None))
        await asyncio.sleep(0)
        was_pending = task.cancel()
        await asyncio.wait([task])
        rest = await pulls(rig.subject)
        return rest if was_pending and task.cancelled() else [task.result(), *rest]

    for kind in zoo.SURVIVING:
        with about(kind):
            rig = Rig(entry, kind, pace=lambda: Pace(3, 0))
            results = run(main(rig))
            assert results == (entry.expected(*entry.examples) or results[:1])


# ---- law 4: errors are items of the order --------------------------------------------------------


@each(entry for entry in OWNERS if not entry.cuts)
def test_an_error_of_a_source_comes_after_the_items_before_it_and_once(entry):
    def failing(source, k):
        return [
            zoo.failing(items[:k]) if i == source else iter(items)
            for i, items in enumerate(entry.examples)
        ]

    for source, k in itertools.product(range(entry.arity), (0, 2)):
        expected = upto_error(entry.expected(*failing(source, k)))
        for kind in zoo.ENDLESS:
            with about(kind, f"source {source} fails at {k}"):
                rig = Rig(entry, kind, data=failing(source, k), pace=lambda: Pace(0, 1))
                results = run(rig.answers())
                assert results[: len(expected)] == expected
                assert results.count(Failed(zoo.SourceError)) == expected.count(
                    Failed(zoo.SourceError)
                )


@each(OWNERS)
def test_the_error_of_a_source_arrives_unchanged_with_one_note(entry):
    """The same object; its one note names the operators that it came through."""
    for kind in (zoo.sync_iterator, zoo.generator, zoo.with_aclose):
        error = zoo.SourceError("mine")
        data = [zoo.failing([], error), *entry.examples[1:]]
        rig = Rig(entry, kind, data=data)

        async def fail(rig=rig):
            return await (rig.subject if entry.reduces else rig.subject.drain())

        with about(kind):
            with pytest.raises(zoo.SourceError) if entry.name != "take(0)" else nullcontext():
                run(fail())
            if entry.name != "take(0)":
                (note,) = error.__notes__
                assert note.startswith("in aitertools: ")
                assert kind.name in note


def test_an_error_that_comes_through_several_streams_has_one_note():
    """That of the innermost: it says most."""

    async def relay(source):
        async for item in source:
            yield item

    async def main():
        inner = stream(zoo.failing([1])).map(str)
        middle = stream(relay(inner)).filter()
        with pytest.raises(zoo.SourceError) as caught:
            await stream([0]).flat_map(lambda _: stream(relay(middle))).list()
        assert caught.value.__notes__ == ["in aitertools: map(str) <- failing"]

    run(main())


def failing_at(calls):
    """A painter of functions, ``def`` or ``async def``, that fail on the calls of these numbers."""

    def paint(fn):
        counter = itertools.count()

        def failing(*args):
            if next(counter) in calls:
                raise KeyError(args)
            return fn(*args)

        return failing

    return paint


@each(entry for entry in OPERATORS if entry.functions and not entry.shares and entry.arity)
def test_a_function_that_fails_does_not_end_the_stream(entry):
    """Asked again, it goes on with the next item, or, where it says so, with the same."""
    for kind, call in itertools.product((zoo.sync_list, zoo.generator), range(4)):
        for paint in (failing_at({call}), lambda fn, call=call: asynced(failing_at({call})(fn))):
            with about(kind, f"call {call} fails"):
                results = run(Rig(entry, kind, paint=paint).answers())
                failed = results.count(Failed(KeyError))
                results = [answer for answer in results if answer != Failed(KeyError)]
                assert failed <= 1
                expected = without_one(entry) if failed else [entry.expected(*entry.examples)]
                assert results in expected


@each(entry for entry in OPERATORS if entry.functions and not entry.shares and entry.arity)
def test_a_function_that_always_fails_fails_for_each_item(entry):
    """The stream is at its end, and closed, after the last of its sources' items."""
    for kind in zoo.CLOSABLE:
        with about(kind):
            rig = Rig(entry, kind, paint=failing_at(range(99)))
            results = run(rig.answers())
            assert results.count(Failed(KeyError)) <= sum(map(len, entry.examples))
            rig.check_closed()


@each(entry for entry in OPERATORS + REDUCERS if entry.functions)
@pytest.mark.parametrize("stop", [StopIteration, StopAsyncIteration])
def test_stop_iteration_out_of_a_function_is_a_runtime_error(entry, stop):
    """PEP 479: it never ends the stream silently."""

    def paint(fn):
        def stopping(*args):
            raise stop(1)

        return stopping

    results = run(Rig(entry, zoo.sync_list, paint=paint).answers())
    if entry.name not in NEVER_CALL:
        assert Failed(RuntimeError) in results
    assert Failed(stop) not in results


NEVER_CALL: set[str] = set()


@pytest.mark.parametrize("stop", [StopIteration, StopAsyncIteration])
def test_stop_iteration_out_of_an_awaited_function_is_a_runtime_error(stop):
    class Stopping:
        def __await__(self):
            return self

        __iter__ = __await__

        def __next__(self):
            raise stop(1)

    async def main():
        return await pulls(stream([1]).map(lambda x: Stopping()))

    assert run(main()) == ([1] if stop is StopIteration else [Failed(RuntimeError)])


def test_stop_async_iteration_out_of_a_plain_iterator_is_a_runtime_error():
    def stopping():
        yield 1
        raise StopAsyncIteration

    assert run(pulls(stream(stopping()))) == [1, Failed(RuntimeError)]


def chain_of(error):
    while error is not None:
        yield type(error)
        error = error.__context__


@each(OWNING_REDUCERS)
def test_a_failing_close_does_not_mask_the_error_that_led_to_it(entry):
    """The first error is raised; the others are reachable from it."""
    data = [zoo.failing([]) for _ in range(entry.arity)]
    rig = Rig(entry, zoo.FAILS_TO_CLOSE, data=data)
    with pytest.raises(zoo.SourceError) as caught:
        run(awaited(rig.subject))
    assert zoo.CloseError in chain_of(caught.value)
    rig.check_closed()


async def awaited(awaitable):
    return await awaitable


@each(OWNING_OPERATORS)
def test_a_failing_close_does_not_keep_the_others_from_being_closed(entry):
    async def main(rig):
        with pytest.raises(zoo.CloseError) as caught:
            await rig.subject.aclose()
        assert list(chain_of(caught.value)) == [zoo.CloseError] * entry.arity
        rig.check_closed()
        await rig.subject.aclose()

    run(main(Rig(entry, zoo.FAILS_TO_CLOSE)))


@each(OWNING_OPERATORS)
def test_a_failing_close_at_the_end_is_raised_once(entry):
    async def main(rig):
        results = await pulls(rig.subject)
        assert results.count(Failed(zoo.CloseError)) <= entry.arity
        assert [r for r in results if r != Failed(zoo.CloseError)] == entry.expected(
            *entry.examples
        )
        await rig.subject.aclose()
        rig.check_closed()

    if entry.name != "zip(strict)":
        run(main(Rig(entry, zoo.FAILS_TO_CLOSE)))


@each(OWNING_OPERATORS)
def test_a_reducer_over_it_closes_everything_then_raises(entry):
    for kind in zoo.CLOSABLE:
        data = [zoo.failing([], KeyError("mine")), *entry.examples[1:]]
        with about(kind):
            rig = Rig(entry, kind, data=data)
            if entry.name == "take(0)":
                continue
            with pytest.raises(KeyError, match="mine"):
                run(awaited(rig.subject.list()))
            rig.check_closed()


def test_answers_of_a_synchronous_iterator_are_what_the_law_compares_with():
    assert answers(lambda: map(int, ["1", "x", "2"])) == [1, Failed(ValueError), 2]
    assert READY.turns == (0,)
