"""Queues: what must hold when something goes wrong, or happens at an awkward moment."""

from __future__ import annotations

import asyncio
import functools
import gc
import queue
import signal
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

import aitertools as ait
from aitertools import _core
from aitertools.runtime import lines

SHUT_DOWN = getattr(queue, "ShutDown", ait.QueueShutDown)  # as plain threads get it


@contextmanager
def unraisable(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException | None]]:
    """What is reported to sys.unraisablehook meanwhile."""
    errors: list[BaseException | None] = []
    with monkeypatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda report: errors.append(report.exc_value))
        yield errors


class Slow:
    """It is compared by Python code, so that threads change there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __lt__(self, other: Slow) -> bool:
        return self.number < other.number


def test_a_lock_is_set_off_once_for_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    q: ait.PriorityQueue[Slow] = ait.PriorityQueue()
    stop = threading.Event()
    taken: list[int] = []

    def put() -> None:
        number = 0
        while not stop.is_set():
            with suppress(ait.QueueShutDown):
                q.put_nowait(Slow(number))
                number += 1
            while q.qsize() > 3 and not stop.is_set():
                time.sleep(0)
        taken.append(-number)

    def get_many() -> None:
        n = 0
        with suppress(SHUT_DOWN):
            while True:
                n += len(q.sync.get_many(3))
        taken.append(n)

    def get_nowait() -> None:
        n = 0
        while not stop.is_set():
            with suppress(ait.QueueEmpty, ait.QueueShutDown):
                q.get_nowait()
                n += 1
            time.sleep(0)
        taken.append(n)

    before = sys.getswitchinterval()
    with unraisable(monkeypatch) as errors:
        threads = [
            threading.Thread(target=target)
            for target in (put, put, get_many, get_many, get_many, get_nowait, get_nowait)
        ]
        sys.setswitchinterval(1e-5)
        try:
            for thread in threads:
                thread.start()
            time.sleep(1)
            stop.set()
            q.shutdown()
        finally:
            sys.setswitchinterval(before)
            for thread in threads:
                thread.join()
    assert errors == []
    assert sum(taken) + q.qsize() == 0


def test_who_finds_nothing_left_goes_back_to_its_place() -> None:
    async def main() -> list[tuple[str, int]]:
        q: ait.Queue[int] = ait.Queue()
        got: list[tuple[str, int]] = []

        async def get(name: str) -> None:
            got.append((name, await q.get()))

        async with asyncio.TaskGroup() as tasks:
            for name in "ABC":
                tasks.create_task(get(name))
            await asyncio.sleep(0)
            for _ in range(3):
                q.put_nowait(0)
            for _ in range(3):  # all are called, and somebody else is faster
                q.get_nowait()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for number in 1, 2, 3:
                q.put_nowait(number)
        return got

    assert asyncio.run(main()) == [("A", 1), ("B", 2), ("C", 3)]


@contextmanager
def waking_as(wake: Callable[[Any], bool]) -> Iterator[None]:
    _core.set_hook("wake", wake)
    _core.set_future(type(None))  # which makes asyncio's futures something to wake like any other
    try:
        yield
    finally:
        _core.set_hook("wake", lines.wake)
        _core.set_future(asyncio.Future)


def test_a_waiter_that_cannot_be_woken_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> bool:
        raise RecursionError

    async def main() -> list[int]:
        q: ait.Queue[int] = ait.Queue()
        first, second = asyncio.ensure_future(q.get()), asyncio.ensure_future(q.get())
        await asyncio.sleep(0)
        with waking_as(fail), unraisable(monkeypatch) as errors:
            q.put_nowait(1)
        assert [type(error) for error in errors] == [RecursionError]
        assert q.stats()[:3] == (1, 2, 0)
        q.put_nowait(2)
        return list(await asyncio.wait_for(asyncio.gather(first, second), 5))

    assert asyncio.run(main()) == [1, 2]


def test_many_that_cannot_be_woken_wait_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> bool:
        raise RecursionError

    async def main() -> list[int]:
        q: ait.Queue[int] = ait.Queue()
        getters = [asyncio.ensure_future(q.get()) for _ in range(20)]
        await asyncio.sleep(0)
        with waking_as(fail), unraisable(monkeypatch):
            for number in range(20):
                q.put_nowait(number)
        q.put_nowait(20)
        return list(await asyncio.wait_for(asyncio.gather(*getters), 5))

    assert asyncio.run(main()) == list(range(20))


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No finalizer that a Ctrl-C could come to."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_an_interrupt_while_waking_is_neither_lost_nor_loses_a_call() -> None:
    q: ait.Queue[int] = ait.Queue()
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(asyncio.run(getting())))

    async def getting() -> int:
        loops.append(asyncio.get_running_loop())
        return await asyncio.wait_for(q.get(), 5)

    loops: list[asyncio.AbstractEventLoop] = []  # a loop has a finalizer, too
    pending = [signal.SIGINT]

    def wake(handle: Any) -> bool:
        while pending:
            signal.raise_signal(pending.pop())
        return lines.wake(handle)

    thread.start()
    while not q.stats().getting:
        time.sleep(0.001)

    def put():
        q.put_nowait(1)
        for _ in range(1000):  # where the interpreter looks for signals
            time.sleep(0)

    with waking_as(wake), pytest.raises(KeyboardInterrupt):
        put()
    thread.join()
    assert got == [1]


def test_who_was_called_before_the_shutdown_gets_its_item() -> None:
    async def main() -> None:
        q: ait.Queue[int] = ait.Queue()
        first = asyncio.ensure_future(q.get())
        await asyncio.sleep(0)
        q.put_nowait(1)
        q.shutdown()
        with pytest.raises(ait.QueueShutDown):
            await q.get()
        assert await first == 1

    asyncio.run(main())


def test_those_behind_see_the_shutdown_when_the_others_have_their_items() -> None:
    async def main() -> list[object]:
        q: ait.Queue[int] = ait.Queue()
        getters = [asyncio.ensure_future(q.get()) for _ in range(12)]
        await asyncio.sleep(0)
        await q.put_many([1, 2, 3])
        q.shutdown()
        getters[1].cancel()  # after it was called
        return list(await asyncio.gather(*getters, return_exceptions=True))

    first, cancelled, second, third, *others = asyncio.run(main())
    assert (first, second, third) == (1, 2, 3)
    assert isinstance(cancelled, asyncio.CancelledError)
    assert {type(other) for other in others} == {ait.QueueShutDown}


@pytest.mark.parametrize("wait", ["get", "put", "join", "iterate"])
def test_a_task_that_waits_is_kept_by_its_queue(wait: str) -> None:
    async def main() -> None:
        q: ait.Queue[int] = ait.Queue(1)
        done = asyncio.Event()
        if wait in ("put", "join"):
            q.put_nowait(0)

        async def work() -> None:
            if wait == "iterate":
                async for _ in q:
                    break
            else:
                await (q.put(1) if wait == "put" else getattr(q, wait)())
            done.set()

        _ = asyncio.ensure_future(work()).get_name()  # nobody else has it
        await asyncio.sleep(0)
        gc.collect()
        if q.empty():
            q.put_nowait(0)
        else:
            q.get_nowait()
            q.task_done()
        await asyncio.wait_for(done.wait(), 5)

    asyncio.run(main())


def test_a_queue_and_the_tasks_that_wait_for_it_are_collected_together() -> None:
    class Witness:
        pass

    async def main() -> None:
        q: ait.Queue[Witness] = ait.Queue()
        witness = Witness()
        gone.append(weakref.ref(witness))

        async def work(_: object) -> None:
            await q.get()

        tasks = [asyncio.ensure_future(work(witness)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        q.put_nowait(Witness())
        gone.append(weakref.ref(q))

    gone: list[weakref.ref[Any]] = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_a_queue_can_be_made_anew_while_it_tells_of_a_drop() -> None:
    def replace(item: int) -> None:
        told.append(item)
        q.__init__(2)  # type: ignore[misc]

    told: list[int] = []
    q: ait.Queue[int] = ait.Queue(
        1, overflow="drop_oldest", on_dropped=functools.lru_cache(8)(replace)
    )
    q.put_nowait(1)
    q.put_nowait(2)
    q.put_nowait(3)
    assert told == [1]
    assert q.full()
    assert q.maxsize == 2


def test_who_waits_for_room_hears_of_it_when_a_queue_is_made_anew() -> None:
    class Elastic(ait.Queue[int]):
        pass

    async def main() -> None:
        q = Elastic(1)
        q.put_nowait(1)
        putting = asyncio.ensure_future(q.put(2))
        await asyncio.sleep(0)
        Elastic.__init__(q, 2)
        await asyncio.wait_for(asyncio.shield(putting), 5)

    asyncio.run(main())


@pytest.mark.parametrize("make", [ait.Queue, ait.LifoQueue, ait.PriorityQueue])
def test_memory_of_a_backlog_is_given_back(make: Callable[[], ait.Queue[int]]) -> None:
    q = make()
    tracemalloc.start()
    try:
        for _ in range(100_000):
            q.put_nowait(1)
        most = tracemalloc.get_traced_memory()[0]
        for _ in range(99_990):
            q.get_nowait()
        assert tracemalloc.get_traced_memory()[0] < most / 10
    finally:
        tracemalloc.stop()
    assert [q.get_nowait() for _ in range(10)] == [1] * 10


class Looking:
    """Compared, it looks at all lists there are."""

    found = False

    def __init__(self, number: int) -> None:
        self.number = number

    def __lt__(self, other: Looking) -> bool:
        for candidate in gc.get_objects():
            if type(candidate) is list and len(candidate) == 77:
                Looking.found = True
        return self.number < other.number


def test_a_list_that_is_being_filled_is_seen_by_nobody() -> None:
    async def main() -> list[Looking]:
        q: ait.PriorityQueue[Looking] = ait.PriorityQueue()
        Looking.__lt__, look = Slow.__lt__, Looking.__lt__  # type: ignore[method-assign, assignment]
        await q.put_many(Looking(number) for number in range(30))
        Looking.__lt__ = look  # type: ignore[method-assign]
        return await q.get_many(30)

    items = asyncio.run(main())
    assert [item.number for item in items] == list(range(30))
    assert gc.is_tracked(items)
    assert not Looking.found


@pytest.mark.parametrize("called_by", ["its own thread", "another one"])
def test_one_that_was_called_and_whose_loop_was_closed_keeps_nothing(called_by: str) -> None:
    q: ait.Queue[int] = ait.Queue()

    async def work() -> int:
        return await q.get()

    async def call() -> None:
        await asyncio.sleep(0)
        q.put_nowait(1)

    loop = asyncio.new_event_loop()
    task = loop.create_task(work())
    loop.run_until_complete(asyncio.sleep(0))
    if called_by == "another one":
        asyncio.run(call())
    else:
        q.put_nowait(1)
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]

    async def later() -> int:
        return await asyncio.wait_for(q.get(), 5)

    assert asyncio.run(later()) == 1
    assert q.stats()[:3] == (0, 0, 0)


def test_an_awaitable_that_is_not_done_does_not_say_that_it_is() -> None:
    q: ait.Queue[int] = ait.Queue()
    putting: Any = q.put(1)
    assert repr(putting) == "<awaitable put of Queue>"
    putting.close()


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
def test_an_end_is_not_taken_for_the_error_of_a_shutdown(error: type[BaseException]) -> None:
    with pytest.raises(TypeError, match="must not be a Stop"):
        ait.Queue[int]().shutdown(error=error)


def test_what_was_put_is_not_kept_by_the_awaitable() -> None:
    class Item:
        pass

    async def main() -> None:
        q: ait.Queue[Item] = ait.Queue()
        item = Item()
        ref = weakref.ref(item)
        putting = q.put_many([item])
        await putting
        q.get_nowait()
        del item
        gc.collect()
        assert ref() is None
        assert putting.rest == []

    asyncio.run(main())
