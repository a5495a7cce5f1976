"""References and memory of queues: what goes through is let go of, and nobody who waited stays."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import sys
import tracemalloc
import weakref
from queue import Empty, Full

import pytest

import aitertools as ait
from aitertools import stream

from . import loop
from .oracle import run
from .queues import (
    THREADS_SHUT_DOWN,
    all_cancelled,
    at_once,
    begun,
    each_of_ours,
    filled,
    turns,
    wait_until,
)

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


def refcounts(*objects):
    """How often each is referred to; without the GIL some counts are settled by a collection."""
    if not GIL:
        gc.collect()
    return [sys.getrefcount(obj) for obj in objects]


class Item:
    """Can be watched, and put in order."""

    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        if self.n is None:
            raise KeyError
        return self.n < other.n


THREADS = (Full, Empty, THREADS_SHUT_DOWN)  # what the view for threads raises

# ---- every way out -------------------------------------------------------------------------------
#
# Each takes a kind of queue and items; when it is over, nothing of its own refers to the items.


async def put_and_got(kind, items):
    queue = kind(2)
    for item in items:
        await queue.put(item)
        await queue.get()
        queue.put_nowait(item)
        queue.peek_nowait()
        queue.get_nowait()


async def put_and_got_by_waiting(kind, items):
    queue = kind(1)
    (getter,) = await begun(queue.get())
    putters = await begun(*map(queue.put, items))
    while queue.stats().got < len(items):
        await turns()
        if not queue.empty():
            queue.get_nowait()
    await asyncio.gather(getter, *putters)


async def put_and_got_by_many(kind, items):
    queue = kind(2)
    (putter,) = await begun(queue.put_many(items))
    while not putter.done() or queue.qsize():
        await queue.get_many(9)
        await turns()


async def put_and_iterated(kind, items):
    queue = filled(kind, items)
    queue.shutdown()
    async for _ in queue:
        pass


async def streamed(kind, items):
    queue = filled(kind, items)
    async with stream(queue).map(lambda item: item).batched(2) as batches:
        await anext(batches)


async def through_the_view(kind, items):
    queue = kind()
    queue.sync.put_many(items)
    queue.sync.put(items[0])
    queue.sync.get_many(2)
    queue.shutdown()
    for _ in queue.sync:
        pass


async def left_in_it(kind, items):
    filled(kind, items)


async def dropped_as_oldest(kind, items):
    filled(kind, items, 2, overflow="drop_oldest", on_dropped=lambda item: None)


async def dropped_as_newest(kind, items):
    queue = kind(2, overflow="drop_newest")
    await queue.put_many(items)


async def dropped_with_a_failure(kind, items):
    def fail(item):
        raise KeyError

    before = sys.unraisablehook
    sys.unraisablehook = lambda complaint: None
    try:
        filled(kind, items, 1, overflow="drop_oldest", on_dropped=fail)
    finally:
        sys.unraisablehook = before


async def shut_down(kind, items):
    queue = filled(kind, items, on_dropped=lambda item: None)
    queue.shutdown(immediate=True)


async def refused(kind, items):
    queue = kind()
    queue.shutdown(error=KeyError())
    for put in (queue.put, queue.put_nowait, queue.sync.put):
        with contextlib.suppress(ait.QueueShutDown, KeyError, *THREADS):
            await (put(items[0]) or turns(0))
    with contextlib.suppress(ait.QueueShutDown):
        await queue.put_many(items)


async def full(kind, items):
    queue = filled(kind, items[:1], 1)
    for put in (queue.put_nowait, queue.sync.put_nowait):
        with contextlib.suppress(asyncio.QueueFull, *THREADS):
            put(items[1])


async def cancelled(kind, items):
    queue = filled(kind, items[:1], 1)
    await all_cancelled(*await begun(*map(queue.put, items), queue.put_many(items)))


async def cancelled_when_called(kind, items):
    queue = filled(kind, items[:1], 1)
    putters = await begun(*map(queue.put, items))
    queue.get_nowait()
    await all_cancelled(*putters)


async def refused_while_waiting(kind, items):
    queue = filled(kind, items[:1], 1)
    putters = await begun(*map(queue.put, items), queue.put_many(items))
    queue.shutdown()
    await asyncio.gather(*putters, return_exceptions=True)


async def closed(kind, items):
    queue = filled(kind, items[:1], 1)
    for putting in (queue.put(items[1]), queue.put_many(items)):
        putting.close()
    putting = queue.put(items[1])
    putting.send(None)
    putting.close()


async def abandoned(kind, items):
    queue = filled(kind, items[:1], 1)
    for putting in (queue.put(items[1]), queue.put_many(items)):
        putting.send(None)


async def never_awaited(kind, items):
    queue = kind()
    with pytest.warns(RuntimeWarning, match="never awaited"):
        queue.put(items[0])
    with pytest.warns(RuntimeWarning, match="never awaited"):
        queue.put_many(items)


async def timed_out(kind, items):
    queue = filled(kind, items[:1], 1)
    for n in range(3):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                await queue.put(items[n])
        with contextlib.suppress(*THREADS):
            queue.sync.put(items[n], timeout=1e-6)


async def not_comparable(kind, items):
    queue = filled(kind, items)
    odd = Item(None)
    for put in (queue.put, queue.put_nowait):
        with contextlib.suppress(KeyError):
            await (put(odd) or turns(0))
    with contextlib.suppress(KeyError):
        await queue.put_many([*items, odd])


WAYS = [
    put_and_got,
    put_and_got_by_waiting,
    put_and_got_by_many,
    put_and_iterated,
    streamed,
    through_the_view,
    left_in_it,
    dropped_as_oldest,
    dropped_as_newest,
    dropped_with_a_failure,
    shut_down,
    refused,
    full,
    cancelled,
    cancelled_when_called,
    refused_while_waiting,
    closed,
    abandoned,
    never_awaited,
    timed_out,
    not_comparable,
]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@each_way
@each_of_ours
def test_items_have_the_references_they_had(kind, way):
    items = [Item(n) for n in range(5)]
    for _ in range(3):
        before = refcounts(*items)
        run(way(kind, items))
        gc.collect()
        assert refcounts(*items) == before


@each_way
def test_a_queue_is_gone_with_its_last_reference(way):
    """No cycle keeps it: it is gone without a collection."""
    made = []

    class Watched(ait.Queue):
        def __init__(self, *args, **how):
            super().__init__(*args, **how)
            made.append(weakref.ref(self))

    gc.collect()
    gc.disable()
    try:
        run(way(Watched, [Item(n) for n in range(5)]))
        run(turns())
        if GIL:
            assert [ref() for ref in made] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("verb", ["put", "put_many"])
def test_a_put_that_is_done_holds_no_item(verb):
    """Though somebody keeps its awaitable, as a task does that is kept itself."""
    item, queue, kept = Item(1), ait.Queue(), []
    before = refcounts(item)

    async def put():
        kept.append(queue.put(item) if verb == "put" else queue.put_many([item]))
        await kept[0]
        queue.get_nowait()

    run(put())
    gc.collect()
    assert refcounts(item) == before


@pytest.mark.parametrize("verb", ["get", "get_many"])
def test_an_item_that_was_got_is_let_go_of(verb):
    """At the latest when the next one is asked for, though the queue keeps awaitables for that."""
    item, queue = Item(1), ait.Queue()
    before = refcounts(item)

    async def get():
        ask = queue.get if verb == "get" else lambda: queue.get_many(2)
        queue.put_nowait(item)
        await ask()
        (getter,) = await begun(ask())
        gc.collect()
        assert refcounts(item) == before
        await all_cancelled(getter)

    run(get())


def test_functions_and_errors_have_the_references_they_had():
    def dropped(item):
        pass

    error = OSError("lost")
    before = refcounts(dropped, error)

    async def main():
        queue = filled(ait.Queue, range(5), 2, overflow="drop_oldest", on_dropped=dropped)
        getters = await begun(queue.get_many(2), queue.get(), queue.get())
        queue.shutdown(error=error)
        await asyncio.gather(*getters, return_exceptions=True)
        for ask in (queue.get_nowait, queue.peek_nowait, queue.sync.get):
            with contextlib.suppress(OSError):
                ask()
        with contextlib.suppress(ait.QueueShutDown):
            queue.put_nowait(1)

    run(main())
    error.__traceback__ = error.__context__ = None
    gc.collect()
    assert refcounts(dropped, error) == before


# ---- nothing adds up -----------------------------------------------------------------------------


def grown(work, *, warm=2):
    """By how many bytes memory has grown after *work* was done twice: what leaks does each time."""
    for _ in range(warm):
        run(work())
    tracemalloc.start()
    try:
        run(work())
        return min(itertools.islice(_growths(work), 3))
    finally:
        tracemalloc.stop()


def _growths(work):
    while True:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run(work())
        run(work())
        gc.collect()
        yield tracemalloc.get_traced_memory()[0] - before


LITTLE = 30_000  # bytes: what is allocated here and there, but not once for each of thousands


@each_of_ours
def test_memory_is_flat_over_many_items(kind):
    async def main():
        sizes = []
        while len(sizes) < 4:
            for n in range(20_000):
                await queue.put((n % 7,))
                await queue.get()
                queue.put_nowait((n % 7,))
                queue.get_nowait()
            sizes.append(tracemalloc.get_traced_memory()[0])
        return sizes

    queue = filled(kind, [(n,) for n in range(10)])
    tracemalloc.start()
    try:
        _, second, *_, last = run(main())
    finally:
        tracemalloc.stop()
    assert last < second + LITTLE


def test_memory_is_flat_over_a_million_items():
    """Counted in blocks, as that is quicker."""
    queue = ait.Queue(64)

    def pass_on(n):
        for _ in range(n // 50):
            loop.run(queue.put_many(range(50)))
            loop.run(queue.get_many(50))
        gc.collect()
        return sys.getallocatedblocks()

    pass_on(1_000)
    before = pass_on(1_000)
    assert pass_on(1_000_000) < before + 500
    assert queue.stats().got == 1_002_000


@each_of_ours
def test_memory_is_flat_over_items_that_are_handed_over(kind):
    """With a wait on one side or the other for each."""

    async def work():
        async def put():
            for n in range(2_000):
                await queue.put(n)

        putter = asyncio.ensure_future(put())
        for _ in range(2_000):
            await queue.get()
        await putter

    queue = kind(1)
    assert grown(work) < LITTLE


@each_of_ours
@pytest.mark.parametrize("verb", ["get", "put", "get_many", "put_many", "join"])
def test_memory_is_flat_over_thousands_of_cancelled_waiters(kind, verb):
    queue = kind(1) if verb.startswith("get") else filled(kind, [1], 1)
    ask = {
        "get": queue.get,
        "put": lambda: queue.put(2),
        "get_many": lambda: queue.get_many(3),
        "put_many": lambda: queue.put_many([2, 3]),
        "join": queue.join,
    }[verb]

    async def work():
        tasks = await begun(*(ask() for _ in range(500)))
        for task in tasks[::2]:
            task.cancel()
        await turns()
        for task in tasks[::-1]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert queue.stats()[1:3] == (0, 0)

    assert grown(work) < LITTLE
    assert queue.qsize() == (0 if verb.startswith("get") else 1)


@pytest.mark.parametrize("verb", ["get", "put"])
def test_memory_is_flat_over_thousands_of_timeouts(verb):
    queue = ait.Queue() if verb == "get" else filled(ait.Queue, [1], 1)
    ask = queue.get if verb == "get" else lambda: queue.put(2)
    view = queue.sync.get if verb == "get" else lambda timeout: queue.sync.put(2, timeout=timeout)

    async def work():
        for _ in range(500):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await ask()
            with contextlib.suppress(*THREADS):
                view(timeout=1e-6)
        assert queue.stats()[1:3] == (0, 0)

    assert grown(work) < LITTLE


def test_memory_is_flat_over_streams_that_are_cancelled_closed_and_dropped():
    queue = ait.Queue()

    async def work():
        for n in range(500):
            items = stream(queue).map(str)
            (pull,) = await begun(items.__anext__())
            await all_cancelled(pull)
            if n % 2:
                await items.aclose()
        assert queue.stats().getting == 0

    assert grown(work) < LITTLE


def test_memory_is_flat_over_threads_that_wait():
    queue = ait.Queue(1)

    async def work():
        def get():
            for _ in range(500):
                queue.sync.get()

        def put():
            for n in range(500):
                queue.sync.put(n)

        await asyncio.to_thread(at_once, get, put)

    run(work())
    assert grown(work) < LITTLE


@each_of_ours
def test_a_long_backlog_gives_its_memory_back(kind):
    queue = kind()
    tracemalloc.start()
    try:
        queue.put_nowait(0)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100_000):
            queue.put_nowait(1)
        assert tracemalloc.get_traced_memory()[0] > before + 700_000
        for _ in range(100_000):
            queue.get_nowait()
        assert tracemalloc.get_traced_memory()[0] < before + LITTLE
    finally:
        tracemalloc.stop()


def test_a_thread_that_was_told_of_a_shutdown_leaves_nothing_behind():
    item = Item(1)
    queue = filled(ait.Queue, [item], 1)
    before = refcounts(item)

    def put():
        with contextlib.suppress(Exception):
            queue.sync.put(item)

    def shut_down():
        wait_until(lambda: queue.stats().putting == 1)
        queue.shutdown()

    at_once(put, shut_down)
    gc.collect()
    assert refcounts(item) == before
    assert queue.stats()[:3] == (1, 0, 0)
