"""Crews: the tasks that belong to one stream, and end with it."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from .. import _core
from .endings import cancel, error_of, over
from .loop import current_task, running_loop, silence
from .nursery import Nursery, nursery

__all__ = ["Crew", "is_cancelled", "outcome"]

EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}

Work = Coroutine[Any, Any, None]


class Crew:
    """Tasks of the running event loop, each begun by :meth:`spawn`, all ended by :meth:`aclose`.

    The stream that they work for reads these *sources*.
    """

    __slots__ = ("_context", "_loop", "_place", "_sources", "_tasks", "closing", "left")

    def __init__(self, *sources: Any) -> None:
        self._sources = sources
        self._place: Nursery | None = None
        self._context: contextvars.Context | None = None
        self._tasks: dict[Any, Callable[[], None] | None] = {}  # and what is called at its end
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closing = False
        self.left: set[asyncio.Task[None]] = set()  # not waited for, as they wait for who closes

    def hire(self) -> contextvars.Context:
        """Have all tasks begin in copies of the first caller's context; returns that."""
        if self._context is None:
            self._context = contextvars.copy_context()
        return self._context

    def spawn(
        self, work: Work, *, eager: bool = False, over: Callable[[], None] | None = None
    ) -> bool:
        """Have a task begin, in a copy of the crew's context; whether it has by now.

        That is so with *eager*, where Python can do that: from 3.12 on, on asyncio. *over* is
        called at its end, also of a task that was cancelled before it began.
        """
        context = self.hire().copy()
        loop = running_loop()
        if loop is None:
            task_of_trio = context.run(self._find(work).spawn, work, self._forget)
            self._tasks[task_of_trio] = None
            return False
        self._loop = loop
        options = EAGER if eager else {}
        task: asyncio.Task[None] = asyncio.Task(work, loop=loop, context=context, **options)
        if not task.done():
            silence(task)
            self._tasks[task] = over
            task.add_done_callback(self._over)
        return bool(options)

    def check(self, *, spawns: bool = False) -> None:
        """See that its tasks, if there are any, can be talked to: they have one event loop.

        With *spawns* there has to be a place for more.
        """
        if spawns and running_loop() is None:
            nursery()
        if self._tasks and self._loop is not None and self._loop is not running_loop():
            raise RuntimeError("the stream has its tasks in another event loop")

    def _find(self, work: Work) -> Nursery:
        if self._place is None:
            try:
                self._place = nursery(*self._sources)
            except RuntimeError:
                work.close()
                raise
        return self._place

    def _forget(self, task: object) -> None:
        self._tasks.pop(task, None)

    def _over(self, task: asyncio.Task[None]) -> None:
        over = self._tasks.pop(task, None)
        if (error := error_of(task)) is not None:  # of a function, and no Exception
            loop = task.get_loop()
            loop.call_exception_handler({"message": "a stream's task failed", "exception": error})
        if over is not None:
            over()

    async def aclose(self) -> None:
        """Cancel all tasks but the one that calls, and return when they are over.

        A cancellation that comes meanwhile is raised after that. Those tasks that wait for the one
        that calls are not waited for: it is cancelled with them.
        """
        self.closing = True
        self._sources = ()
        if running_loop() is None:
            await _end_all(self._tasks)
            return
        others: set[asyncio.Task[None]] = self._tasks.keys() - {current_task()}
        if not others or not self._tell(lambda: self.left.update(cancel(others))):
            return
        cancelled = await over(others, self.left)
        if cancelled is not None:
            raise cancelled

    def dismiss(self) -> None:
        """Have all tasks cancelled: nobody will wait for their end. From whatever thread."""
        self.closing = True
        self._sources = ()
        if not self._tasks:
            return
        if self._loop is None:
            for task in list(self._tasks):
                task.dismiss()
        else:
            self._tell(self._cancel, later=True)

    def _cancel(self) -> None:
        cancel(list(self._tasks))

    def _tell(self, callback: Callable[[], None], *, later: bool = False) -> bool:
        """Call it in the thread of the loop; False if that is closed, and with it all there."""
        assert self._loop is not None
        if self._loop is running_loop() and not later:
            callback()
            return True
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            self._give_up()
            return False
        return True

    def _give_up(self) -> None:
        """Close what never began, and never will, for Python not to complain about it."""
        for task in list(self._tasks):
            work = task.get_coro()
            if work is not None and not work.cr_suspended and not work.cr_running:
                work.close()


async def _end_all(tasks: Iterable[Any]) -> None:
    first: BaseException | None = None
    ending = list(tasks)
    for task in ending:
        task.cancel()
    for task in ending:
        try:
            await task.end()
        except BaseException as error:  # noqa: BLE001 -- all are ended, then it is raised
            if first is not None:
                _core.chain_errors(first, error)
            first = first or error
    if first is not None:
        raise first


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
