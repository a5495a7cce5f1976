"""Streams with tasks under trio: their errors, and what happens when their block is left."""

from __future__ import annotations

import pytest
import trio

from aitertools import stream

from .under_way import messages
from .virtual import on_trio


async def same(item):
    await trio.lowlevel.checkpoint()
    return item


async def paced(items, then=None):
    for item in items:
        await trio.lowlevel.checkpoint()
        yield item
    if then is not None:
        await then()


async def failing_to_close_on_trio():
    try:
        for item in range(9):
            await trio.lowlevel.checkpoint()
            yield item
    finally:
        raise OSError("closing")


def test_on_trio_an_error_of_closing_does_not_hide_the_one_that_led_there():
    async def main():
        with pytest.raises(KeyError) as caught:  # noqa: PT012 -- the body is the point
            async with stream(failing_to_close_on_trio()).map(same, concurrency=2) as results:
                assert await anext(results) == 0
                raise KeyError("body")
        assert "closing" in messages(caught.value)

    on_trio(main)


def test_on_trio_an_error_of_closing_is_for_who_closes_and_not_for_the_body():
    async def main():
        async with stream(failing_to_close_on_trio()).map(same, concurrency=2) as results:
            assert await anext(results) == 0
            with pytest.raises(OSError, match="closing"):
                await results.aclose()
            await trio.sleep(1)

    on_trio(main)


def test_on_trio_an_error_of_a_source_that_is_no_exception_comes_to_the_consumer():
    class Alarm(BaseException):
        pass

    async def alarm():
        raise Alarm

    async def main():
        seen = []
        with pytest.raises(Alarm):  # noqa: PT012 -- as above
            async with stream(paced(range(3), alarm)).map(same, concurrency=2) as results:
                async for item in results:
                    seen.append(item)  # noqa: PERF401 -- it fails
        assert seen == [0, 1, 2]

    on_trio(main)


def test_on_trio_who_waits_for_an_item_sees_the_end_when_another_task_leaves_the_stream():
    async def consume(results):
        seen.extend([item async for item in results])
        seen.append("end")

    seen = []

    async def main():
        source = paced(range(1), trio.sleep_forever)
        async with trio.open_nursery() as nursery:
            async with stream(source).map(same, concurrency=2) as results:
                nursery.start_soon(consume, results)
                await trio.sleep(1)
                assert seen == []  # it waits for the second item
        assert seen == [0, "end"]

    on_trio(main)


def test_on_trio_nothing_is_lost_of_a_stream_that_was_begun_outside_of_its_block():
    async def main():
        results = stream(range(4)).map(same, concurrency=2)
        with pytest.raises(RuntimeError, match="async with"):
            await anext(results)
        async with results:
            assert await results.list() == [0, 1, 2, 3]

    on_trio(main)


def test_on_trio_all_calls_are_cancelled_before_any_is_waited_for():
    async def slow_to_end(item):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

    async def main():
        async with stream(range(9)).map(slow_to_end, concurrency=3) as results:
            with trio.move_on_after(1):
                await anext(results)
            since = trio.current_time()
            await results.aclose()
            assert trio.current_time() - since == pytest.approx(1)

    on_trio(main)
