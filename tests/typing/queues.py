"""Types of the queues."""

from typing import assert_type

import aitertools as ait
from aitertools import Queue, Stream, SyncQueue


async def tasks(queue: Queue[int]) -> None:
    assert_type(await queue.get(), int)
    assert_type(queue.get_nowait(), int)
    assert_type(queue.peek_nowait(), int)
    assert_type(await queue.get_many(3), list[int])
    await queue.put(1)
    putting = queue.put_many([1, 2])
    await putting
    assert_type(putting.rest, list[int])
    await queue.join()
    async for item in queue:
        assert_type(item, int)
    assert_type(ait.stream(queue), Stream[int])
    assert_type(ait.stream(queue).map(str), Stream[str])
    assert_type(queue.stats().dropped, int)
    queue.shutdown(error=ConnectionError("lost"))


def threads(queue: Queue[int]) -> None:
    assert_type(queue.sync, SyncQueue[int])
    assert_type(queue.sync.get(timeout=1), int)
    assert_type(queue.sync.get_many(3), list[int])
    for item in queue.sync:
        assert_type(item, int)


def kinds() -> None:
    assert_type(ait.Queue[int](3), Queue[int])
    assert_type(ait.LifoQueue[str](), ait.LifoQueue[str])
    assert_type(
        ait.PriorityQueue[int](3, overflow="drop_oldest", on_dropped=print), ait.PriorityQueue[int]
    )
