"""The standard library's queues as sources: until they are shut down."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from asyncio import QueueEmpty, QueueFull
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

__all__ = ["ERRORS", "QueueEmpty", "QueueFull", "QueueShutDown", "adapt"]

# Queues can be shut down from 3.13 on; before, there is nothing to catch and they never end.
_ASYNC_SHUT_DOWN: Any = getattr(asyncio, "QueueShutDown", ())
_THREAD_SHUT_DOWN: Any = getattr(queue, "ShutDown", ())

if sys.version_info >= (3, 13):
    from asyncio import QueueShutDown

    class ThreadQueueShutDown(QueueShutDown, queue.ShutDown):
        """What a thread gets: who catches either of them is right, as on older Pythons."""
else:

    class QueueShutDown(Exception):
        """Raised by a queue that was shut down."""

    ThreadQueueShutDown = QueueShutDown


# What our own queues raise: to tasks, and to threads.
ERRORS = (
    *(QueueEmpty, QueueFull, QueueShutDown),
    *(queue.Empty, queue.Full, ThreadQueueShutDown),
)


class AsyncQueueItems:
    """The items of an asyncio.Queue; calling task_done() is left to the consumer."""

    __slots__ = ("_queue",)

    def __init__(self, source: asyncio.Queue[Any]) -> None:
        self._queue = source

    def __aiter__(self) -> AsyncQueueItems:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._queue.get()
        except _ASYNC_SHUT_DOWN:
            raise StopAsyncIteration from None


class ThreadQueueItems:
    """The items of a queue.Queue.

    While it is empty a thread waits for its condition, without taking anything: nothing is lost
    when the wait is cancelled, and closing wakes the thread at once.
    """

    __slots__ = ("_closed", "_queue", "_waiting")

    def __init__(self, source: queue.Queue[Any]) -> None:
        self._queue = source
        self._closed = False
        self._waiting: asyncio.Future[None] | None = None

    def __aiter__(self) -> ThreadQueueItems:
        return self

    async def __anext__(self) -> Any:
        while not self._closed:
            try:
                return self._queue.get_nowait()
            except _THREAD_SHUT_DOWN:
                break
            except queue.Empty:
                await self._wait()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Wake the waiting thread, if any; the queue itself stays as it is."""
        with self._queue.not_empty:
            self._closed = True
            self._queue.not_empty.notify_all()
        if self._waiting is not None:
            await asyncio.wait([self._waiting])

    async def _wait(self) -> None:
        """Wait in a thread until there is something to get; a cancelled wait is gone on with."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
            # A daemon, and not of the loop's executor: a stream left open must not keep the
            # process.
            threading.Thread(target=self._block, args=(self._waiting,), daemon=True).start()
        await asyncio.wait([self._waiting])
        self._waiting = None

    def _block(self, waiting: asyncio.Future[None]) -> None:
        with self._queue.not_empty:
            while not (self._closed or self._queue._qsize() or self._is_shutdown()):
                self._queue.not_empty.wait()
            self._queue.not_empty.notify()  # nothing was taken: whoever else waits may be first
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            waiting.get_loop().call_soon_threadsafe(_settle, waiting)

    def _is_shutdown(self) -> bool:
        return bool(getattr(self._queue, "is_shutdown", False))


def _settle(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def adapt(obj: Any) -> AsyncIterator[Any] | None:
    """Return an async iterator over a queue; None for anything else."""
    if isinstance(obj, asyncio.Queue):
        return AsyncQueueItems(cast(Any, obj))
    if isinstance(obj, queue.Queue):
        return ThreadQueueItems(cast(Any, obj))
    return None
