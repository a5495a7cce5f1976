"""Crews: the tasks that belong to one stream, and end with it."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from .loop import current_task, running_loop
from .nursery import Nursery, nursery

__all__ = ["Crew", "is_cancelled", "outcome"]

EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}

Work = Coroutine[Any, Any, None]


class Crew:
    """Tasks of the running event loop, each begun by :meth:`spawn`, all ended by :meth:`aclose`."""

    __slots__ = ("_context", "_loop", "_tasks", "closing")

    def __init__(self) -> None:
        self._context: contextvars.Context | None = None
        self._tasks: set[Any] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closing = False

    def spawn(
        self, work: Work, *, eager: bool = False, over: Callable[[], None] | None = None
    ) -> bool:
        """Have a task begin, in a copy of the first caller's context; whether it has by now.

        That is so with *eager*, where Python can do that: from 3.12 on, on asyncio. *over* is
        called at its end, also of a task that was cancelled before it began.
        """
        if self._context is None:
            self._context = contextvars.copy_context()
        context = self._context.copy()
        loop = running_loop()
        if loop is None:
            self._tasks.add(context.run(_place(work).spawn, work, self._tasks.discard))
            return False
        self._loop = loop
        options = EAGER if eager else {}
        task: asyncio.Task[None] = asyncio.Task(work, loop=loop, context=context, **options)
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._over)
            if over is not None:
                task.add_done_callback(lambda _: over())
        return bool(options)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            loop = task.get_loop()
            loop.call_exception_handler({"message": "a stream's task failed", "exception": error})

    async def aclose(self) -> None:
        """Cancel all tasks but the one that calls, and return when they are over.

        A cancellation that comes meanwhile is raised after that.
        """
        self.closing = True
        if running_loop() is None:
            await _end_all(self._tasks)
            return
        cancelled: asyncio.CancelledError | None = None
        others: set[asyncio.Task[None]] = self._tasks - {current_task()}
        for task in others:
            task.cancel()
        while others:
            try:
                await asyncio.wait(others)
            except asyncio.CancelledError as exc:
                cancelled = exc
            others = {task for task in others if not task.done()}
        if cancelled is not None:
            raise cancelled

    def dismiss(self) -> None:
        """Have all tasks cancelled: nobody will wait for their end. From whatever thread."""
        self.closing = True
        if not self._tasks:
            return
        if self._loop is None:
            for task in list(self._tasks):
                task.dismiss()
        else:
            with suppress(RuntimeError):  # the loop is closed, and with it all that ran there
                self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in list(self._tasks):
            task.cancel()


def _place(work: Work) -> Nursery:
    try:
        return nursery()
    except RuntimeError:
        work.close()
        raise


async def _end_all(tasks: set[Any]) -> None:
    for task in list(tasks):
        await task.end()


async def outcome(awaitable: Any) -> Any:
    """Await it. A future of asyncio is somebody else's: it is not cancelled with who waits."""
    if not asyncio.isfuture(awaitable):
        return await awaitable
    if not awaitable.done():
        await asyncio.wait([awaitable])
    return awaitable.result()


def is_cancelled(error: BaseException) -> bool:
    """Whether *error* is the cancellation of the running task, and not one of somebody else."""
    if running_loop() is None:
        trio = sys.modules.get("trio")
        return trio is not None and isinstance(error, trio.Cancelled)
    task = current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
