"""Sharing, where it is easy to get wrong: couriers, their loops, and what happens in between."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref

import pytest

import aitertools as ait
from aitertools import stream

from .oracle import run


class Source:
    """Counts to *n*, waiting before each, and says how often it was closed."""

    def __init__(self, n=5, *, wait=0.0, closing=0.0, error=None):
        self.n, self.wait, self.closing, self.error = n, wait, closing, error
        self.given = self.closes = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(self.wait)
        if self.given == self.n:
            raise StopAsyncIteration
        self.given += 1
        return self.given

    async def aclose(self):
        await asyncio.sleep(self.closing)
        self.closes += 1
        if self.error is not None:
            raise self.error


async def count(n):
    for i in range(1, n + 1):
        await asyncio.sleep(0)
        yield i


async def seen(reader, most=20):
    """What the pulls of *reader* came to: items, types of errors, and "end"."""
    came = []
    while len(came) < most:
        try:
            came.append(await anext(reader))
        except StopAsyncIteration:
            return [*came, "end"]
        except BaseException as exc:  # noqa: BLE001 -- whatever it is
            came.append(type(exc))
    return came


def within(seconds, awaitable):
    """Run it in real time, as there are threads; who waits for ever fails."""
    return asyncio.run(asyncio.wait_for(awaitable, seconds))


def couriers():
    return [task for task in asyncio.all_tasks() if "Courier" in repr(task.get_coro())]


# ---- the leader ----------------------------------------------------------------------------------


def test_a_generator_that_was_read_before_is_pulled_by_a_courier_too():
    async def main():
        source = stream(count(5))
        assert await anext(source) == 1
        one, other = source.tee()
        leader = asyncio.create_task(anext(one))
        await asyncio.sleep(0)
        leader.cancel()
        assert await seen(other) == [2, 3, 4, 5, "end"]
        assert await seen(one) == [2, 3, 4, 5, "end"]

    run(main())


def test_a_pull_is_over_before_the_call_that_handed_it_over_is_back():
    """The courier's thread is quicker than the one that asks."""

    async def main():
        loop = asyncio.get_running_loop()
        one, other = stream(Source(12, wait=0.01)).tee()
        assert await anext(one) == 1
        tell = loop.call_soon_threadsafe

        def slowly(*args, **kwargs):
            handle = tell(*args, **kwargs)
            time.sleep(0.05)
            return handle

        loop.call_soon_threadsafe = slowly
        there = asyncio.create_task(asyncio.to_thread(asyncio.run, seen(other)))
        await asyncio.sleep(0.005)
        here = []
        async for item in one:
            here.append(item)
            await asyncio.sleep(0.005)
        assert here == list(range(2, 13))
        assert await there == [*range(1, 13), "end"]
        del loop.call_soon_threadsafe

    within(5, main())


# ---- cancelling the courier ----------------------------------------------------------------------


async def hasty(before):
    """Its timeout is up at once."""
    for _ in range(before):
        await asyncio.sleep(0)
        yield "before"
    try:
        async with asyncio.timeout(0):
            await asyncio.sleep(5)
    except TimeoutError:
        yield "timed out"
    yield "after"


async def impatient(before):
    """It cancels its own task before it waits."""
    for _ in range(before):
        await asyncio.sleep(0)
        yield "before"
    task = asyncio.current_task()
    task.cancel()
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        task.uncancel()
        yield "cancelled"
    yield "after"


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize(("source", "came"), [(hasty, "timed out"), (impatient, "cancelled")])
def test_a_cancellation_before_the_courier_goes_on_reaches_the_pull(source, came, before):
    async def main():
        one, other = stream(source(before)).tee()
        return await asyncio.gather(seen(one), seen(other))

    assert within(2, main()) == [[*["before"] * before, came, "after", "end"]] * 2


def test_a_second_cancellation_reaches_the_pull_that_got_the_first_so():
    said = []

    async def source():
        yield 0
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(5)
        except TimeoutError:
            try:
                await asyncio.sleep(5)
            finally:
                said.append("cancelled")

    async def main():
        one, other = stream(source()).tee()
        await anext(one)
        reader = asyncio.create_task(seen(one))
        await asyncio.sleep(0.02)
        await other.aclose()
        await one.aclose()
        assert said == ["cancelled"]
        assert await reader == ["end"]

    within(2, main())


@pytest.mark.parametrize("before", [0, 1])
def test_closing_ends_a_pull_that_the_courier_was_just_given(before):
    said = []

    async def source():
        try:
            for i in range(9):
                await asyncio.sleep(0)
                yield i
        finally:
            await asyncio.sleep(0)
            said.append("closed")

    async def main():
        shared = stream(source()).share()
        reader = shared.subscribe()
        for i in range(before):
            assert await anext(reader) == i
        reading = asyncio.create_task(seen(reader))
        closing = asyncio.create_task(shared.aclose())  # runs before the courier does
        await closing
        assert said == ["closed"]
        assert await reading == ["end"]

    within(2, main())


def test_closing_it_twice_at_a_time_does_not_break_off_what_the_source_does_at_its_end():
    said = []

    async def source():
        try:
            await asyncio.sleep(5)
            yield 1
        finally:
            await asyncio.sleep(0.02)
            said.append("closed")

    async def main():
        shared = stream(source()).share()
        reading = asyncio.create_task(seen(shared.subscribe()))
        await asyncio.sleep(0.01)
        first = asyncio.create_task(shared.aclose())
        await asyncio.sleep(0.01)
        await shared.aclose()
        await first
        assert said == ["closed"]
        assert await reading == ["end"]

    within(2, main())


@pytest.mark.parametrize("closing", [0, 0.02])
@pytest.mark.parametrize("busy", [True, False])
def test_that_somebody_cancelled_the_courier_is_told_once(busy, closing):
    async def main():
        source = Source(wait=0.01, closing=closing)
        one, other = stream(source).tee()
        assert await anext(one) == 1
        readers = [asyncio.create_task(seen(reader)) for reader in (one, other)]
        if busy:
            await asyncio.sleep(0)
        (courier,) = couriers()
        courier.cancel()
        came = await asyncio.gather(*readers)
        assert came == [[RuntimeError, "end"], [1, RuntimeError, "end"]]
        assert source.closes == 1

    within(2, main())


def test_an_error_that_is_no_exception_is_raised_once():
    class Odd(BaseException):
        pass

    async def source():
        await asyncio.sleep(0)
        yield 1
        await asyncio.sleep(0)
        raise Odd

    async def main():
        one, other = stream(source()).tee()
        return await asyncio.gather(seen(one), seen(other))

    assert within(2, main()) == [[1, Odd, "end"]] * 2


def test_an_error_from_closing_is_raised_once():
    async def main():
        shared = stream(Source(error=OSError("closing"))).share()
        reader = shared.subscribe()
        assert await anext(reader) == 1
        with pytest.raises(OSError, match="closing"):
            await reader.aclose()
        await shared.aclose()
        await shared.subscribe().aclose()

    run(main())


# ---- loops ---------------------------------------------------------------------------------------


def test_what_is_left_when_its_loop_has_ended_can_be_read_and_closed_in_another():
    source = Source()

    async def begin():
        readers = stream(source).tee(3)
        assert await anext(readers[0]) == 1
        return readers

    one, other, third = asyncio.run(begin())
    assert source.closes == 1
    assert run(seen(one)) == [RuntimeError, "end"]
    assert run(seen(other)) == [1, RuntimeError, "end"]
    run(third.aclose())
    assert source.closes == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_was_closed_with_the_courier_in_it_is_told_and_the_source_closed():
    source = Source()

    async def begin():
        readers = stream(source).tee(2)
        assert await anext(readers[0]) == 1
        return readers

    loop = asyncio.new_event_loop()
    one, other = loop.run_until_complete(begin())
    loop.close()
    assert within(2, seen(one)) == [RuntimeError, "end"]
    assert within(2, seen(other)) == [1, RuntimeError, "end"]
    assert source.closes == 1


# ---- the ring ------------------------------------------------------------------------------------


def test_items_that_publish_when_they_are_dropped_with_a_slow_subscriber():
    topic = ait.Topic(maxlag=20, overflow="disconnect")

    class Echo:
        def __del__(self):
            if topic.stats().published < 60:
                topic.publish_nowait(1)
                topic.publish_nowait(2)

    slow = topic.subscribe()
    for _ in range(20):
        topic.publish_nowait(Echo())
    del slow
    gc.collect()
    assert topic.stats() == (0, 0, 60, 0)


def test_nobody_but_a_courier_delivers():
    async def main():
        shared = stream([1]).share()
        reader = shared.subscribe()
        for _ in range(99):
            shared.deliver("item", 0)
        assert (await seen(reader, 200))[-1] == "end"

    run(main())


@pytest.mark.parametrize("what", ["reader", "publisher"])
def test_who_waits_for_a_ring_that_is_gone_is_collected(what):
    async def main():
        complaints = []
        loop = asyncio.get_running_loop()
        usual = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
        topic = ait.Topic(maxlag=1)
        reader = topic.subscribe()
        if what == "publisher":
            topic.publish_nowait(1)

        async def wait(topic, reader):
            await (anext(reader) if what == "reader" else topic.publish(2))

        task = asyncio.create_task(wait(topic, reader))
        await asyncio.sleep(0)
        there = [weakref.ref(topic), weakref.ref(task)]
        del topic, reader, task
        gc.collect()
        gc.collect()
        loop.set_exception_handler(usual)
        assert [ref() for ref in there] == [None, None]
        assert complaints == ["Task was destroyed but it is pending!"]  # as asyncio's queues

    run(main())


@pytest.mark.parametrize("reads", [False, True])
def test_readers_that_are_collected_in_a_cycle_have_the_source_closed(reads):
    async def main():
        source = Source(wait=0.01)
        one, other = stream(source).tee()
        assert await anext(one) == 1
        if reads:
            reading = asyncio.create_task(anext(one))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            del reading
        circle = [one, other]
        circle.append(circle)
        del one, other, circle
        gc.collect()
        await asyncio.sleep(0.03)
        assert source.closes == 1
        assert couriers() == []

    run(main())
