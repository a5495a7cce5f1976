"""aiter() and anext(): of everything, with a sentinel, a default, a timeout."""

from __future__ import annotations

import asyncio
import gc
import itertools

import pytest

import aitertools as ait
from aitertools import stream, testing

from . import zoo
from .oracle import READY, Pace, asynced, paced, pulls, run

each_pace = pytest.mark.parametrize("pace", [Pace(0), Pace(1)], ids=repr)


def letters(pace=READY):
    return stream(paced("abc", pace)).map(str.upper)


# ---- aiter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", zoo.KINDS, ids=repr)
def test_aiter_takes_everything_that_can_be_iterated(kind):
    assert run(pulls(ait.aiter(kind("abc").hand_over()))) == ["a", "b", "c"]


def test_a_stream_is_its_own_iterator_and_its_own_source():
    source = letters()
    assert aiter(source) is source
    assert ait.aiter(source) is source
    assert stream(source) is source
    assert isinstance(source, ait.Stream)


def test_an_old_sequence_is_a_source():
    class Old:
        def __getitem__(self, i):
            return "abc"[i]

    assert run(stream(Old()).list()) == ["a", "b", "c"]


def test_a_class_that_makes_a_stream_is_a_source():
    class Rows:
        def __aiter__(self):
            return stream("ab")

    assert run(stream(Rows()).list()) == ["a", "b"]


@pytest.mark.parametrize("paint", [lambda fn: fn, asynced, lambda fn: asynced(fn, Pace(1))])
def test_aiter_of_a_function_ends_at_the_sentinel(paint):
    numbers = itertools.count()
    source = ait.aiter(paint(lambda: next(numbers)), 3)
    assert run(pulls(source)) == [0, 1, 2]
    assert next(numbers) == 4


@pytest.mark.parametrize("wrong", [None, 42, object(), len])
def test_what_cannot_be_iterated_is_named_by_its_type(wrong):
    name = type(wrong).__name__
    message = f"stream(): '{name}' object is neither an async iterable nor an iterable"
    with pytest.raises(TypeError) as caught:
        stream(wrong)
    assert str(caught.value) == message


def test_an_aiter_that_returns_nonsense_is_refused():
    class Wrong:
        def __aiter__(self):
            return 42

    with pytest.raises(TypeError, match="async iterator"):
        stream(Wrong())


def test_an_anext_that_returns_nonsense_is_refused_when_it_is_pulled():
    class Wrong:
        def __aiter__(self):
            return self

        def __anext__(self):
            return 42

    async def main():
        with pytest.raises(TypeError, match="int"):
            await anext(stream(Wrong()))

    run(main())


# ---- anext ---------------------------------------------------------------------------------------


@each_pace
def test_anext_gives_items_then_stops(pace):
    async def main():
        source = letters(pace)
        items = [await ait.anext(source) for _ in range(3)]
        with pytest.raises(StopAsyncIteration):
            await ait.anext(source)
        return items

    assert run(main()) == ["A", "B", "C"]


@each_pace
def test_anext_gives_the_default_at_the_end_only(pace):
    async def main():
        source = letters(pace)
        return [await ait.anext(source, None) for _ in range(5)]

    assert run(main()) == ["A", "B", "C", None, None]


def test_anext_takes_any_async_iterator():
    async def main():
        source = paced("ab")
        return await ait.anext(source), await ait.anext(source), await ait.anext(source, "end")

    assert run(main()) == ("a", "b", "end")


@pytest.mark.parametrize("wrong", [[1], 42, None])
def test_anext_of_what_is_no_async_iterator_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="object is not an async iterator"):
        ait.anext(wrong)


def test_a_timeout_keeps_the_item_for_the_next_pull_of_any_kind():
    async def main(pull):
        async with letters(Pace(3)) as source:
            with pytest.raises(TimeoutError):
                await ait.anext(source, timeout=0)
            return await pull(source)

    assert run(main(ait.anext)) == "A"
    assert run(main(lambda source: ait.anext(source, timeout=60))) == "A"
    assert run(main(lambda source: source.list())) == ["A", "B", "C"]
    assert run(main(lambda source: source.batched(2).list())) == [("A", "B"), ("C",)]


def test_an_item_in_time_is_given():
    async def main():
        async with letters(Pace(1)) as source:
            return [await ait.anext(source, "end", timeout=60) for _ in range(4)]

    assert run(main()) == ["A", "B", "C", "end"]


def test_a_timeout_counts_what_came_through():
    async def main():
        source = letters(Pace(2))
        with pytest.raises(TimeoutError):
            await ait.anext(source, timeout=0)
        await source.list()
        return source.stats(), repr(source)

    stats, text = run(main())
    assert [stage.items for stage in stats] == [3, 3]
    assert text == "<Stream map(upper) <- paced>"


@pytest.mark.parametrize("error", [KeyError("mine"), zoo.SourceError()])
def test_an_error_that_nobody_waits_for_is_kept(error):
    """A pull that fails after its timeout gives its error to the next one; nothing is logged."""

    async def main():
        source = stream(paced(zoo.failing([], error), Pace(2)))
        with pytest.raises(TimeoutError):
            await ait.anext(source, timeout=0)
        for _ in range(5):
            await asyncio.sleep(0)
        with pytest.raises(type(error)) as caught:
            await ait.anext(source)
        assert caught.value is error
        assert await source.list() == []

    run(main())


def test_what_came_after_a_timeout_is_kept_when_the_task_that_pulled_it_is_gone():
    """As it is when the loop has shut down in which the stream was read."""

    async def late():
        await asyncio.sleep(2)
        yield "a"

    async def main():
        numbers = stream(late())
        with pytest.raises(TimeoutError):
            await ait.anext(numbers, timeout=1)
        await asyncio.sleep(2)
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        task.cancel()
        await asyncio.wait([task])
        assert await anext(numbers) == "a"
        with pytest.raises(RuntimeError, match="the task that pulled the stream was cancelled"):
            await anext(numbers)
        assert await anext(numbers, "end") == "end"

    testing.run(main())


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize("waits", [False, True])
def test_who_waits_for_a_task_that_somebody_cancels_is_told_so(turns, waits):
    """As an error: it is no cancellation of who waits. And it comes, though closing takes long."""

    class Source:
        closed = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            await asyncio.sleep(50)
            return "a"

        async def aclose(self):
            await asyncio.sleep(5)
            self.closed += 1

    async def main():
        source = Source()
        items = stream(source)
        known = asyncio.all_tasks()
        waiting = asyncio.ensure_future(ait.anext(items, "end", timeout=99 if waits else 1))
        if not waits:
            with pytest.raises(TimeoutError):
                await waiting
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - known - {waiting}:
            task.cancel()
        if not waits:
            await asyncio.sleep(turns)
            waiting = asyncio.ensure_future(ait.anext(items, "end", timeout=99))
        if waits and turns == 0:
            assert await waiting == "a"  # there was no task
        else:
            with pytest.raises(RuntimeError, match="that pulled the stream was cancelled"):
                await waiting
            assert await anext(items, "end") == "end"
        await items.aclose()
        assert source.closed == 1

    testing.run(main())


def test_a_stream_that_was_pulled_in_a_loop_that_is_closed_can_be_closed():
    async def begin():
        assert await ait.anext(items, timeout=1) == "a"

    async def main():
        await items.aclose()
        assert await anext(items, "end") == "end"

    class Source:
        closed = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            return "a"

        async def aclose(self):
            self.closed += 1

    source = Source()
    items = stream(source)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    loop.close()
    testing.run(main())
    assert source.closed == 1


def test_a_stream_dropped_after_a_timeout_leaves_no_task_and_no_complaint():
    """Nobody closed it, so the garbage collector does; the task that pulls it goes with it."""

    async def main():
        source = letters(Pace(3))
        with pytest.raises(TimeoutError):
            await ait.anext(source, timeout=0)
        assert await ait.anext(source) == "A"
        del source
        for _ in range(5):
            gc.collect()
            await asyncio.sleep(0)

    run(main())


def test_a_stream_in_a_cycle_dropped_after_a_timeout_is_closed_by_its_task():
    """The collector, which has both, must not take the task before that has closed the stream."""
    closed = []

    async def source():
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(asyncio.current_task())

    async def main():
        numbers = stream(source()).map(abs)
        assert await ait.anext(numbers, timeout=9) == 1
        cycle = [numbers]
        cycle.append(cycle)
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        puller = id(task)
        del numbers, cycle, task
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        assert list(map(id, closed)) == [puller]

    run(main())


def test_a_stream_left_with_a_loop_that_is_closed_is_silent(capsys):
    async def main():
        numbers = stream(ait.count()).map(abs)
        await ait.anext(numbers, timeout=9)
        return numbers

    loop = asyncio.new_event_loop()
    numbers = loop.run_until_complete(main())
    loop.close()
    del numbers
    gc.collect()
    assert capsys.readouterr().err == ""


def test_a_timeout_needs_a_stream_and_a_number_that_is_not_negative():
    with pytest.raises(TypeError, match=r"^anext\(\): timeout= needs a stream, not 'async_gen"):
        ait.anext(paced("a"), timeout=1)
    with pytest.raises(ValueError, match=r"^anext\(\): timeout must not be negative$"):
        ait.anext(letters(), timeout=-1)
    with pytest.raises(TypeError, match=r"^anext\(\): timeout must be a number, not str$"):
        ait.anext(letters(), timeout="soon")
