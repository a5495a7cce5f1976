"""Laws 1 and 2: a stream owns what it was given, and closing it while it runs works."""

from __future__ import annotations

import asyncio
import itertools

import pytest

import aitertools as ait
from aitertools import stream

from . import zoo
from .loop import current_task
from .oracle import Blocked, Failed, Pace, asynced, pulls, run
from .rig import (
    OWNERS,
    OWNING_OPERATORS,
    OWNING_REDUCERS,
    Rig,
    about,
    each,
    put_through,
)

# ---- law 1: owning -------------------------------------------------------------------------------


@each(OWNERS)
def test_sources_are_closed_once_at_the_end_by_the_consumer(entry):
    """Every source is closed exactly once, awaited, in the task that consumes."""

    async def consume(rig):
        await rig.answers()
        rig.check_closed(by=current_task())

    put_through(consume, entry)


@each(OWNING_OPERATORS)
def test_aclose_closes_sources_that_were_never_started(entry):
    async def close(rig):
        await rig.subject.aclose()
        rig.check_closed(by=current_task())
        assert [log.pulls for log in rig.logs] == [0] * entry.arity

    put_through(close, entry)


@each(OWNING_OPERATORS)
def test_aclose_closes_started_sources_in_order(entry):
    async def close(rig):
        first = await anext(rig.subject, None)
        await rig.subject.aclose()
        rig.check_closed(by=current_task())
        if first is not None and not (entry.early and entry.ahead):  # or one ended ahead of it
            begun = [log.name for log in rig.logs if log.pulls]
            assert [name for name in rig.timeline if name in begun] == sorted(begun)

    put_through(close, entry)


@each(OWNING_OPERATORS)
def test_async_with_closes_on_leaving(entry):
    async def leave(rig):
        async with rig.subject as entered:
            assert entered is rig.subject
            await anext(entered, None)

        rig.check_closed(by=current_task())

    put_through(leave, entry)


@each(OWNING_OPERATORS)
def test_async_with_closes_when_the_body_fails(entry):
    async def leave(rig):
        with pytest.raises(KeyError):
            async with rig.subject:
                raise KeyError

        rig.check_closed(by=current_task())

    put_through(leave, entry)


@each(OWNING_OPERATORS)
def test_aclose_is_idempotent_and_ends_the_stream(entry):
    async def close(rig):
        await anext(rig.subject, None)
        for _ in range(3):
            await rig.subject.aclose()

        assert await pulls(rig.subject) == []
        rig.check_closed()

    put_through(close, entry)


@each(OWNERS)
def test_sources_are_closed_when_one_of_them_fails(entry):
    """The failed one at once, the others at the latest when the stream is closed."""

    async def consume(rig, failing):
        await rig.answers()
        if rig.logs[failing].given == 2 and rig.logs[failing].pulls == 3:
            assert rig.specimens[failing].is_closed_once
        if not entry.reduces:
            await rig.subject.aclose()
        rig.check_closed(by=current_task())

    for failing in range(entry.arity):
        data = [*entry.examples]
        for kind in zoo.CLOSABLE:
            with about(kind, f"source {failing} fails"):
                data[failing] = zoo.failing(entry.examples[failing][:2])
                run(consume(Rig(entry, kind, data=data), failing))


@each(OWNING_OPERATORS)
def test_a_failed_source_is_closed_before_its_error_arrives(entry):
    async def consume(rig):
        with pytest.raises(zoo.SourceError):
            async for _ in rig.subject:
                pass

        assert rig.specimens[0].is_closed_once
        await rig.subject.aclose()

    for kind in zoo.CLOSABLE:
        data = [zoo.failing([]), *entry.examples[1:]]
        with about(kind):
            rig = Rig(entry, kind, data=data)
            if entry.name not in NEVER_PULL:
                run(consume(rig))


NEVER_PULL = {"take(0)"}


@each(OWNING_REDUCERS)
def test_reducers_close_when_their_function_fails(entry):
    def paint(_):
        def fail(*args):
            raise KeyError(args)

        return fail

    async def reduce(rig):
        assert await rig.answers() == [Failed(KeyError)]
        rig.check_closed(by=current_task())

    if entry.functions:
        put_through(reduce, entry, paint=paint)


@each(entry for entry in OWNERS if entry.early)
def test_sources_are_closed_when_the_stream_stops_early(entry):
    """``take``, ``first``, ``any`` and the like close what they did not read to its end."""

    async def consume(rig):
        await rig.answers()
        rig.check_closed(by=current_task())

    for kind in zoo.CLOSABLE:
        with about(kind):
            endless = itertools.chain([0, 0, 1, 4], itertools.repeat(9))
            run(consume(Rig(entry, kind, data=[endless, *entry.examples[1:]])))


@each(OWNING_REDUCERS)
def test_a_reducer_cancelled_before_it_began_closes_its_stream(entry):
    async def cancel(rig):
        task = asyncio.create_task(rig.subject)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        rig.check_closed(by=task)

    put_through(cancel, entry)


@each(OWNERS)
def test_a_cancelled_consumer_closes_its_sources(entry):
    """A reducer does so itself, for an operator ``async with`` does."""

    async def consume(rig):
        if entry.reduces:
            await rig.subject
        else:
            async with rig.subject:
                async for _ in rig.subject:
                    pass

    async def cancel(rig):
        task = asyncio.create_task(consume(rig))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        rig.check_closed(by=task)

    put_through(cancel, entry, [k for k in zoo.CLOSABLE if k.suspends], pace=lambda: Pace(9))


def test_inner_streams_are_closed_before_outer_ones():
    async def main():
        timeline = []
        inner = [zoo.with_aclose([1, 2], name=f"inner {i}", timeline=timeline) for i in range(2)]
        outer = zoo.with_aclose([s.hand_over() for s in inner], name="outer", timeline=timeline)
        flat = stream(outer.hand_over()).flatten()
        assert await anext(flat) == 1
        await flat.aclose()
        assert timeline == ["inner 0", "outer"]

    run(main())


def test_a_borrowed_source_stays_open():
    async def main(kind):
        lent = kind(range(5))
        source = lent.hand_over()
        assert await ait.borrow(source).map(str).take(2).list() == ["0", "1"]
        assert lent.log.closes == 0
        assert await stream(source).list() == [2, 3, 4]
        assert lent.is_closed_once

    for kind in zoo.CLOSABLE:
        if kind is not zoo.only_iterable:
            with about(kind):
                run(main(kind))


def test_a_borrowed_stream_stays_open():
    async def main(kind):
        lent = kind(range(5))
        numbers = stream(lent.hand_over()).map(abs)
        async with ait.borrow(numbers) as part:
            assert await anext(part) == 0

        assert await ait.borrow(numbers).first() == 1
        assert lent.log.closes == 0
        assert await numbers.list() == [2, 3, 4]
        assert lent.is_closed_once

    for kind in zoo.CLOSABLE:
        with about(kind):
            run(main(kind))


def test_reading_the_head_leaves_the_rest():
    async def main(kind):
        lent = kind(range(5))
        numbers = stream(lent.hand_over()).map(abs)
        assert await numbers.head(2) == [0, 1]
        assert lent.log.pulls == 2
        assert lent.log.closes == 0
        assert await numbers.head(9) == [2, 3, 4]
        assert lent.is_closed_once

    for kind in zoo.CLOSABLE:
        with about(kind):
            run(main(kind))


# ---- law 2: closing while running ----------------------------------------------------------------


async def blocked(awaitable):
    """A task that awaits, after as many turns of the loop as it can possibly use."""
    task = asyncio.ensure_future(awaitable)
    for _ in range(5):
        await asyncio.sleep(0)

    return task


SUSPENDING = [kind for kind in zoo.CLOSABLE if kind.suspends]


@each(OWNING_OPERATORS)
def test_aclose_ends_a_pending_pull(entry):
    """The puller sees the end and closes the sources in its own task; then aclose() returns."""

    async def main(rig):
        puller = await blocked(pulls(rig.subject))
        if puller.done():
            return
        await rig.subject.aclose()
        rig.check_closed()
        answers = await puller
        assert not any(isinstance(answer, Failed) for answer in answers)
        for specimen in rig.specimens:
            if specimen.log.pulls:
                rig.check_closer(specimen, puller)

    for n in (1, 3):
        put_through(main, entry, SUSPENDING, pace=lambda n=n: Blocked(n))


@each(OWNING_OPERATORS)
def test_aclose_ends_a_pending_function_call(entry):
    async def main(rig):
        puller = await blocked(pulls(rig.subject))
        if puller.done():
            return
        await rig.subject.aclose()
        rig.check_closed()
        assert not any(isinstance(answer, Failed) for answer in await puller)

    if entry.functions:
        put_through(main, entry, paint=lambda fn: asynced(fn, Blocked(2)))


@each(OWNING_OPERATORS)
def test_two_may_close_a_pending_stream(entry):
    async def main(rig):
        puller = await blocked(pulls(rig.subject))
        closers = [asyncio.ensure_future(rig.subject.aclose()) for _ in range(2)]
        await asyncio.gather(*closers)
        rig.check_closed()
        await puller

    put_through(main, entry, SUSPENDING, pace=lambda: Blocked(2))


@each(OWNING_OPERATORS)
def test_cancelling_both_the_puller_and_the_closer_cancels_both(entry):
    """The interruption never swallows a cancellation that somebody else asked for."""

    async def main(rig):
        puller = await blocked(pulls(rig.subject))
        if puller.done():
            return
        closer = asyncio.ensure_future(rig.subject.aclose())
        await asyncio.sleep(0)
        puller.cancel()
        await asyncio.wait([puller, closer])
        assert puller.cancelled()
        await rig.subject.aclose()
        rig.check_closed()

    put_through(main, entry, SUSPENDING, pace=lambda: Blocked(1))


@each(OWNING_OPERATORS)
def test_aclose_ends_a_pending_reducer(entry):
    """It gives the result of what came before."""

    async def main(rig):
        reducer = await blocked(rig.subject.list())
        await rig.subject.aclose()
        rig.check_closed()
        assert isinstance(await reducer, list)

    if entry.name != "batched(strict)":
        put_through(main, entry, SUSPENDING, pace=lambda: Blocked(3))
