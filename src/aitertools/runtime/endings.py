"""Endings: cancelling tasks of asyncio, and waiting for their end, whatever else happens.

A task may wait, for its part, for the one that ends it: a function of a stream awaits a task that
closes the stream. Its cancellation comes back then, to the one that ends it, who does not wait for
such a task: each would wait for the other.
"""

from __future__ import annotations

import asyncio
from asyncio import current_task
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, TypeAlias

from .loop import running_loop

__all__ = ["cancel", "error_of", "over"]

Tasks: TypeAlias = "set[asyncio.Task[None]]"


def cancel(tasks: Iterable[asyncio.Task[None]]) -> Tasks:
    """Cancel them; return those that wait for the running task, which is cancelled by that, too."""
    back: Tasks = set()
    for task in tasks:
        # The collector closes the coroutines of tasks that wait for nothing but each other.
        if getattr(task.get_coro(), "cr_frame", None) is not None:
            before = _cancelling()
            task.cancel()
            if _cancelling() > before:
                back.add(task)
    return back


def _cancelling() -> int:
    """Return how often the running task was asked to cancel."""
    task = None if running_loop() is None else current_task()
    return 0 if task is None else task.cancelling()


def error_of(task: asyncio.Task[None]) -> BaseException | None:
    """Return what the work of the task has raised, if it has ended so.

    One that never was in the work, as it has no traceback, is that of a coroutine that is over: the
    collector has closed it, in another thread, while it was being cancelled.
    """
    if task.cancelled():
        return None
    error = task.exception()
    return error if error is not None and error.__traceback__ is not None else None


class _Ending(asyncio.Future[None]):
    """Awaited, it waits for an end, and notes who cancels that."""

    canceller: asyncio.Task[Any] | None = None

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the wait: called with the one that cancels as the running task."""
        self.canceller = None if running_loop() is None else current_task()
        return super().cancel(msg)

    def settle(self, _: object = None) -> None:
        """Tell that it is over."""
        if not self.done():
            self.set_result(None)

    def tell(self, _: object = None) -> None:
        """Tell so from the thread of another loop."""
        with suppress(RuntimeError):  # its loop is closed: nobody waits any more
            self.get_loop().call_soon_threadsafe(self.settle)

    def watch(self, task: asyncio.Task[None]) -> bool:
        """Have it be the end of that task, of whatever loop; False if that is closed."""
        home = task.get_loop()
        if home is self.get_loop():
            task.add_done_callback(self.settle)
            return True
        try:
            home.call_soon_threadsafe(task.add_done_callback, self.tell)
        except RuntimeError:  # just now
            return False
        return True

    def leave(self, task: asyncio.Task[None]) -> None:
        """Have its end not be told any more: many waits may be cancelled before that."""
        if task.get_loop() is self.get_loop():
            task.remove_done_callback(self.settle)


async def over(tasks: Collection[asyncio.Task[None]], back: Tasks) -> asyncio.CancelledError | None:
    """Wait for the end of all tasks; return the cancellation that came meanwhile.

    *back* are those that wait for the running task, as :func:`cancel` has found. When another one
    cancels that, the same is true of it, and it is added to them.
    """
    cancelled: asyncio.CancelledError | None = None
    if back:
        try:
            await asyncio.sleep(0)  # the cancellation that came back
        except asyncio.CancelledError as exc:
            cancelled = exc
    for task in tasks:
        while not task.done() and task not in back:
            ending = _Ending(loop=running_loop())
            if not ending.watch(task):
                break
            try:
                await ending
            except asyncio.CancelledError as exc:
                cancelled = exc
                ending.leave(task)
                back |= {other for other in tasks if other is ending.canceller}
    return cancelled
