"""Virtual time: the order of asyncio's own loop, the times of a model, and never a sleep."""

from __future__ import annotations

import asyncio
import heapq
import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools.testing import Stuck, VirtualLoop, clock, run

# ---- order and time ------------------------------------------------------------------------------


def order_of(times, loop_factory):
    """The order in which timers run that are set to these times, as indices."""
    ran = []

    async def main():
        loop = asyncio.get_running_loop()
        begun, over = loop.time(), loop.create_future()
        for i, when in enumerate(times):
            loop.call_at(begun + when, ran.append, i)
        loop.call_at(begun + max(times, default=0) + 0.001, over.set_result, None)
        await over

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    return ran


@given(st.lists(st.integers(0, 4).map(lambda n: n / 1000), max_size=8))
def test_timers_run_in_the_order_of_asyncios_own_loop(times):
    """Of one time in the order in which they were made, of which a heap knows nothing."""
    virtual, real = (order_of(times, factory) for factory in (VirtualLoop, None))
    assert [times[i] for i in virtual] == [times[i] for i in real]
    assert virtual == sorted(range(len(times)), key=lambda i: times[i])


plans: st.SearchStrategy = st.recursive(
    st.just([]), lambda inner: st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 7.0]), inner))
)
"""Timers, as (delay, the timers that it sets)."""


def simulated(plan):
    """What time it is whenever a timer of *plan* runs: the model."""
    queue, order, ran = [], iter(range(10**6)), []

    def begin(now, plan):
        for delay, inner in plan:
            heapq.heappush(queue, (now + delay, next(order), inner))

    begin(0.0, plan)
    while queue:
        now, name, inner = heapq.heappop(queue)
        ran.append((now, name))
        begin(now, inner)

    return ran


@given(plans)
def test_timers_run_at_the_times_of_the_model(plan):
    """Exactly, whatever the sums of the delays come to."""
    order, ran = iter(range(10**6)), []

    async def main():
        loop = asyncio.get_running_loop()

        def begin(plan):
            for delay, inner in plan:
                loop.call_later(delay, tick, next(order), inner)

        def tick(name, inner):
            ran.append((loop.time(), name))
            begin(inner)

        begin(plan)
        await asyncio.sleep(1000)

    run(main())
    assert ran == simulated(plan)


@given(st.lists(st.floats(0, 1e15), max_size=5))
def test_sleeping_tasks_wake_at_their_time(delays):
    woken = []

    async def sleep(i, delay):
        await asyncio.sleep(delay)
        woken.append((asyncio.get_running_loop().time(), i))

    async def main():
        await asyncio.gather(*map(sleep, range(len(delays)), delays))

    run(main())
    assert sorted(woken) == sorted((delay, i) for i, delay in enumerate(delays))
    assert [when for when, _ in woken] == sorted(delays)


def test_a_day_takes_no_time():
    async def main():
        for _ in range(24):
            await asyncio.sleep(3600)

    begun = time.monotonic()
    run(main())
    assert time.monotonic() < begun + 5


def test_what_is_ready_comes_before_any_timer():
    """Time goes on only when there is nothing else to do."""
    ran = []

    async def busy():
        for i in range(100):
            ran.append(i)
            await asyncio.sleep(0)

    async def main():
        task = asyncio.ensure_future(busy())
        await asyncio.sleep(1e-9)
        ran.append("timer")
        await task

    run(main())
    assert ran == [*range(100), "timer"]


def test_a_cancelled_timer_takes_no_time():
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(200):  # so many that asyncio rebuilds its heap
            loop.call_later(5, print).cancel()
        await asyncio.sleep(7)
        return loop.time()

    assert run(main()) == 7


def test_timeouts_are_virtual():
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 30)
        return asyncio.get_running_loop().time()

    assert run(main()) == 30


# ---- stuck ---------------------------------------------------------------------------------------


async def forever():
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("wait", [forever, lambda: asyncio.sleep(math.inf)])
def test_what_waits_for_nothing_is_stuck_and_says_where(wait):
    async def main():
        other = asyncio.create_task(forever(), name="the other")
        await asyncio.sleep(2)
        await wait()
        await other

    with pytest.raises(Stuck, match=r"^nothing happens any more, at 2 s") as caught:
        run(main())
    message = str(caught.value)
    assert "the other waits in forever() at test_testing_clock.py:" in message
    assert "<- in main() at test_testing_clock.py:" in message


def test_stuck_tasks_are_cancelled():
    cleaned = []

    async def main():
        try:
            await forever()
        finally:
            await asyncio.sleep(5)
            cleaned.append(asyncio.get_running_loop().time())

    with pytest.raises(Stuck):
        run(main())
    assert cleaned == [5]


def test_the_limit_ends_what_never_ends():
    ticks, cleaned = [], []

    async def main():
        try:
            while True:
                await asyncio.sleep(3)
                ticks.append(asyncio.get_running_loop().time())
        finally:
            await asyncio.sleep(5)
            cleaned.append(True)

    with pytest.raises(Stuck, match=r"^not over after 9 virtual seconds\n  Task"):
        run(main(), limit=9)
    assert ticks == [3, 6, 9]
    assert cleaned == [True]


def test_tasks_left_behind_are_cancelled_and_awaited():
    left = []

    async def leave():
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            left.append(asyncio.get_running_loop().time())

    async def main():
        task = asyncio.ensure_future(leave())
        await asyncio.sleep(0)
        return task

    assert run(main()).cancelled()
    assert left == [1]


def test_any_awaitable_is_run():
    class Answer:
        def __await__(self):
            yield from asyncio.sleep(1).__await__()
            return 42

    assert run(Answer()) == 42


# ---- threads -------------------------------------------------------------------------------------


def test_while_a_call_in_a_thread_goes_on_time_stands_still():
    """It is waited for in real time, in the shadow of any timer."""

    async def main():
        loop, go_on = asyncio.get_running_loop(), threading.Event()
        loop.call_soon(threading.Timer(0.05, go_on.set).start)
        async with asyncio.timeout(1e-6):
            await asyncio.to_thread(go_on.wait)
        return loop.time()

    assert run(main()) == 0


def test_a_thread_of_ones_own_wakes_the_loop():
    async def main():
        loop = asyncio.get_running_loop()
        called = loop.create_future()
        timer = threading.Timer(0.05, loop.call_soon_threadsafe, [called.set_result, "woken"])
        timer.start()
        result = await called
        timer.join()
        return result, loop.time()

    assert run(main()) == ("woken", 0)


def test_idle_threads_of_the_executor_keep_nobody_waiting():
    async def main():
        await asyncio.to_thread(int)
        await forever()

    with pytest.raises(Stuck, match=r"^nothing happens any more, at 0 s"):
        run(main())


def test_a_thread_that_does_not_come_forward_is_stuck(monkeypatch):
    monkeypatch.setattr(clock, "PATIENCE", 0.05)
    go_on = threading.Event()

    async def main():
        try:
            await asyncio.to_thread(go_on.wait)
        finally:
            go_on.set()

    with pytest.raises(Stuck, match=r"^nothing happens any more in 0.05 real seconds, at 0 s"):
        run(main())


def test_sockets_work_in_real_time():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()
        await writer.wait_closed()

    async def main():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

    assert run(main()) == b"HELLO\n"
