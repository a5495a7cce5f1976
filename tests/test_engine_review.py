"""What a second pair of eyes found in the engine: each was a hang, a leak or a lost error."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from aitertools import stream

from .virtual import now, run


async def first(source):
    return await anext(source)


async def begun(source, turns=3):
    """Ask for an item, and leave when the workers have begun."""
    asking = asyncio.ensure_future(first(source))
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])


# ---- what has waited for a call ------------------------------------------------------------------


def test_a_call_that_waits_for_its_key_does_not_begin_once_the_stream_is_being_closed():
    called = []

    async def stubborn(item):
        called.append(item)
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async def main():
        results = stream(range(9)).map(stubborn, concurrency=2, key=lambda item: 0)
        await begun(results)
        before, since = list(called), now()
        await results.aclose()
        assert called == before == [0]
        assert now() - since == 1

    run(main())


# ---- contexts ------------------------------------------------------------------------------------


class Incomparable:
    """As an array of numpy, which is not equal or unequal to another one."""

    def __eq__(self, other):
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_values_of_context_variables_need_not_be_comparable():
    variable = contextvars.ContextVar("variable")

    async def touch(item):
        assert variable.get() is outer
        variable.set(Incomparable())
        await asyncio.sleep(0)
        return item

    outer = Incomparable()

    async def main():
        variable.set(outer)
        results = stream(range(6)).map(touch, concurrency=2, key=lambda item: item % 2)
        async with asyncio.timeout(1):
            assert await results.list() == list(range(6))

    run(main())


# ---- closing -------------------------------------------------------------------------------------


async def failing_to_close():
    try:
        for item in range(9):
            await asyncio.sleep(0)
            yield item
    finally:
        await asyncio.sleep(1)
        raise OSError("closing")


async def lingering(item):
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(1)


@pytest.mark.parametrize("after", [0.5, 1.5], ids=["the calls end", "the source is closed"])
def test_an_error_of_closing_does_not_hide_that_the_closing_task_was_cancelled(after):
    async def main():
        results = stream(failing_to_close()).map(lingering, concurrency=2)
        await begun(results, turns=5)
        closing = asyncio.ensure_future(close(results))
        await asyncio.sleep(after)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        with pytest.raises(asyncio.CancelledError) as caught:
            closing.result()
        assert "closing" in messages(caught.value)

    run(main())


def messages(error):
    """Return what the errors say that are reachable from it."""
    found = []
    while error is not None:
        found.append(str(error))
        error = error.__context__
    return found


async def close(source):
    await source.aclose()


def test_a_closing_that_is_dropped_half_way_ends_there():
    closed = []

    async def source():
        try:
            for item in range(9):
                await asyncio.sleep(0)
                yield item
        finally:
            await asyncio.sleep(1)
            closed.append(True)

    async def main():
        results = stream(source()).map(lingering, concurrency=2)
        await begun(results, turns=5)
        closing = results.aclose()
        closing.send(None)
        closing.close()
        assert not closed
        del results, closing
        await asyncio.sleep(5)
        assert closed == [True]

    run(main())
