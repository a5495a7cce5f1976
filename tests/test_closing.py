"""Closing a stream with a pull or calls under way: who waits, and who is told what failed there."""

from __future__ import annotations

import asyncio

import pytest

from aitertools import stream

from .under_way import begun, close, lingering, messages
from .virtual import now, run


async def failing_to_close():
    try:
        for item in range(9):
            await asyncio.sleep(0)
            yield item
    finally:
        await asyncio.sleep(1)
        raise OSError("closing")


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


class TakesItsTime:
    """Its pull, cancelled, goes on for five seconds, however often it is cancelled."""

    def __init__(self):
        self.cancelled = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            self.cancelled += 1
            end = loop.time() + 5
            while loop.time() < end:
                try:
                    await asyncio.sleep(end - loop.time())
                except asyncio.CancelledError:
                    self.cancelled += 1
            raise


def test_who_is_cancelled_and_takes_its_time_is_not_interrupted_again_and_again():
    """The closer waits: to interrupt it would be tried as often as the loop has turns."""

    async def main():
        source = TakesItsTime()
        made = stream(source)
        pulling = asyncio.ensure_future(anext(made))
        await asyncio.sleep(1)
        pulling.cancel()
        await asyncio.sleep(1)
        await made.aclose()
        assert pulling.cancelled()
        return now(), source.cancelled

    assert run(main()) == (6, 1)


async def failing_at_its_end():
    try:
        yield 1
        await asyncio.sleep(1)
    finally:
        raise KeyError("cleaning up")


CLOSED = {
    "as it is": lambda s: s,
    "buffer": lambda s: s.buffer(2),
    "latest": lambda s: s.buffer(overflow="latest"),
    "conflate": lambda s: s.conflate(lambda a, b: a + b),
    "merge": lambda s: s.merge([]),
    "map": lambda s: s.map(str, concurrency=2),
    "timeout": lambda s: s.timeout(9),
    "batched": lambda s: s.batched(3, within=9),
    "delay": lambda s: s.delay(0.1),
}


@pytest.mark.parametrize("build", CLOSED.values(), ids=CLOSED)
def test_the_cleaning_up_that_closing_makes_a_generator_do_may_fail(build):
    """That is told to whoever reads, who closes the source; or else to who closes the stream."""

    async def reading(made):
        reading = asyncio.ensure_future(made.list())
        await asyncio.sleep(0.5)
        await made.aclose()
        await reading

    async def left(made):
        reading = asyncio.ensure_future(anext(made))
        await asyncio.sleep(0.5)
        reading.cancel()
        await asyncio.wait([reading])
        await made.aclose()

    for main in (reading, left):
        with pytest.raises(KeyError):
            run(main(build(stream(failing_at_its_end()))))
