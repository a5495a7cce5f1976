"""Bridges: a blocking iterator read by a task, and a stream read by code without an event loop.

The libraries of operators iterate a plain iterable in the event loop, which it blocks meanwhile; so
the peers are the ways that are written by hand, each with what the standard library or a queue for
threads and tasks offers.
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import aitertools as ait
from benchmarks.cases.work import generate, numbers
from benchmarks.peers import anyio_core, culsans, janus
from benchmarks.timing import LOOP, OURS, SYNC, Case, Contender, collect

DONE: Any = object()
ROOM = 256  # what each may read ahead, if it can
MOMENT = 20e-6  # seconds

PER_ITEM = "to_thread per item"
ANYIO = "anyio per item"
SCHEDULED = "call_soon_threadsafe"
ASKED = "run_coroutine_threadsafe"
DRIVEN = "run_until_complete"
QUEUED = "thread and queue.Queue"
PEERS = (PER_ITEM, ANYIO, SCHEDULED, "janus", "culsans", ASKED, DRIVEN, QUEUED)
LABELS = (SYNC, OURS, LOOP, *PEERS)

# ---- a blocking iterator for a task --------------------------------------------------------------


def blocking(source: Iterable[int]) -> Iterator[int]:
    """Let other threads run before each item, as reading from a socket does."""
    for item in source:
        time.sleep(MOMENT)
        yield item


async def per_item(source: Iterable[int]) -> AsyncIterator[int]:
    iterator = iter(source)
    while (item := await asyncio.to_thread(next, iterator, DONE)) is not DONE:
        yield item


async def per_item_by_anyio(source: Iterable[int]) -> AsyncIterator[int]:
    """Do as Starlette does with the body of a response."""
    iterator, run_sync = iter(source), anyio_core.to_thread.run_sync
    while (item := await run_sync(next, iterator, DONE)) is not DONE:
        yield item


async def scheduled(source: Iterable[int]) -> AsyncIterator[int]:
    """Have the loop put each item; a semaphore keeps the thread from running away."""
    loop, made = asyncio.get_running_loop(), asyncio.Queue[Any]()
    room = threading.Semaphore(ROOM)

    def read() -> None:
        for item in source:
            room.acquire()
            loop.call_soon_threadsafe(made.put_nowait, item)

        loop.call_soon_threadsafe(made.put_nowait, DONE)

    reading = asyncio.create_task(asyncio.to_thread(read))
    while (item := await made.get()) is not DONE:
        room.release()
        yield item

    await reading


async def by_queue(made: Any, source: Iterable[int]) -> AsyncIterator[int]:
    """Put in a thread, and get in a task."""

    def read() -> None:
        put = made.sync_q.put
        for item in source:
            put(item)

        put(DONE)

    reading = asyncio.create_task(asyncio.to_thread(read))
    get = made.async_q.get
    while (item := await get()) is not DONE:
        yield item

    await reading


# ---- a stream for a thread -----------------------------------------------------------------------


def asked(source: AsyncIterator[int]) -> Iterator[int]:
    """Ask a loop in another thread for each item."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def pull() -> Any:
            return await anext(source, DONE)

        while (item := asyncio.run_coroutine_threadsafe(pull(), loop).result()) is not DONE:
            yield item

        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def driven(source: AsyncIterator[int]) -> Iterator[int]:
    """Run a loop for each item: it stands still in between."""

    async def pull() -> Any:
        return await anext(source, DONE)

    with asyncio.Runner() as runner:
        while (item := runner.run(pull())) is not DONE:
            yield item


def queued(source: AsyncIterable[int]) -> Iterator[int]:
    """Read ahead in another thread; where the queue is full the loop there stands still."""
    made: queue.Queue[Any] = queue.Queue(ROOM)

    async def read() -> None:
        async for item in source:
            made.put(item)

        made.put(DONE)

    thread = threading.Thread(target=asyncio.run, args=(read(),))
    thread.start()
    while (item := made.get()) is not DONE:
        yield item

    thread.join()


def in_thread(iterate: Callable[[Any], Iterable[int]]) -> Contender:
    """Read it where there is no event loop."""
    return Contender(lambda source: asyncio.to_thread(lambda: list(iterate(source))))


# ---- the cases -----------------------------------------------------------------------------------


def case(name: str, contenders: dict[str, Contender], sources: Any, items: int) -> Case:
    return Case(
        family="bridges",
        name=name,
        sources=sources,
        contenders=contenders,
        items=items,
        run_seconds=0.1,
        weight=2,
        threads=True,
    )


def from_thread(name: str, source: Callable[[Any], Any], items: int) -> Case:
    ways: dict[str, Callable[[Any], Any]] = {
        SYNC: list,
        OURS: lambda s: ait.from_thread(s, buffer=ROOM),
        LOOP: lambda s: collect(ait.from_thread(s, buffer=ROOM)),
        PER_ITEM: per_item,
        ANYIO: per_item_by_anyio,
        SCHEDULED: scheduled,
        "janus": lambda s: by_queue(janus.Queue(ROOM), s),
        "culsans": lambda s: by_queue(culsans.Queue(ROOM), s),
    }
    contenders = {way: Contender(make) for way, make in ways.items()}
    return case(name, contenders, lambda n: (source(range(n)),), items)


def to_sync(prefetch: int) -> Case:
    contenders = {
        SYNC: Contender(list, sources=numbers),
        OURS: in_thread(lambda s: ait.stream(s).to_sync(prefetch)),
        ASKED: in_thread(asked),
        DRIVEN: in_thread(driven),
        QUEUED: in_thread(queued),
    }
    return case(f"to_sync({prefetch})", contenders, lambda n: (generate(range(n)),), 25_600)


CASES = [
    from_thread("from_thread, source ready", iter, 51_200),
    from_thread("from_thread, source blocks", blocking, 3_200),
    to_sync(ROOM),
    to_sync(64),
]
