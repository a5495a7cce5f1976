"""Couriers: a task for each shared source that has to be awaited."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from asyncio import current_task
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from .loop import running_loop

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["courier", "swap_task"]

# (loop, task): make it the running task and return who was; up to 3.11 a dict, loops to tasks.
swap_task: Any = (
    getattr(asyncio.tasks, "_swap_current_task", None) or vars(asyncio.tasks)["_current_tasks"]
)


class Courier:
    """The task by which *source* is pulled, whoever asks for it.

    As long as the source is ready, the core pulls it where it is asked for, in the name of the
    task; that goes on with a pull that has to wait (:meth:`adopt`) and delivers what comes of it.
    It does not keep *shared*, which may be dropped at any time.
    """

    __slots__ = (
        *("_busy", "_call", "_over", "_pull", "_shared", "_source"),
        *("context", "loop", "task"),
    )

    def __init__(self, shared: Any, source: Stream[Any]) -> None:
        self._shared = weakref.ref(shared)
        self._source = source
        self._pull: Any = None  # to be gone on with
        self._call: asyncio.Future[None] | None = None  # the task waits for it
        self._busy = False
        self._over = False
        self.loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        self.task = self.loop.create_task(self._work(), context=self.context)

    # ---- for those who ask -------------------------------------------------------------------

    def inside(self) -> bool:
        """Whether it is this task that runs."""
        return running_loop() is self.loop and current_task(self.loop) is self.task

    def adopt(self, pull: Any) -> None:
        """Go on with *pull*, in the task."""
        self._pull = pull
        self._tell(self._wake)

    async def stop(self) -> None:
        """End the pull, if any, and return when the task has closed the source."""
        if self.task is current_task():  # the source closes what it is read by
            self._over = True
            return
        self._tell(self._end)
        cancelled = await _over(self.task)
        if not self.task.cancelled() and (error := self.task.exception()) is not None:
            raise error
        if cancelled is not None:
            raise cancelled

    def dismiss(self) -> None:
        """Have the source closed: nobody reads it any more."""
        if not self.task.done():
            self._tell(self._end)

    # ---- in its loop -------------------------------------------------------------------------

    def _tell(self, callback: Any) -> None:
        """Call it in the thread of the loop."""
        if running_loop() is self.loop:
            callback()
            return
        with suppress(RuntimeError):  # the loop is closed, and with it all that ran there
            self.loop.call_soon_threadsafe(callback)

    def _wake(self) -> None:
        if self._call is not None and not self._call.done():
            self._call.set_result(None)

    def _end(self) -> None:
        self._over = True
        if self._busy:
            self.task.cancel()
        else:
            self._wake()

    async def _work(self) -> None:
        try:
            while not self._over:
                pull, self._pull = self._pull, None
                if pull is not None:
                    await self._carry(pull)
                    continue
                self._call = self.loop.create_future()
                await self._call
                self._call = None
        finally:
            await self._source.aclose()

    async def _carry(self, pull: Any) -> None:
        self._busy = True
        try:
            item = await pull
        except StopAsyncIteration:
            self._deliver("end")
        except asyncio.CancelledError as exc:
            task = self.task
            if not task.cancelling():  # the source's own
                self._deliver("error", exc)
                return
            self._deliver("error", RuntimeError("the task that pulled the source was cancelled"))
            raise
        except BaseException as exc:
            self._deliver("error", exc)
            if not isinstance(exc, Exception):
                raise
        else:
            self._deliver("item", item)
        finally:
            self._busy = False

    def _deliver(self, outcome: Literal["item", "end", "error"], value: object = None) -> None:
        shared = self._shared()
        if shared is not None and shared.deliver(outcome, value):
            self._over = True  # that was all


async def _over(task: asyncio.Task[None]) -> asyncio.CancelledError | None:
    """Wait for the end of *task*, of whatever loop; return the cancellation that came meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    loop, home = asyncio.get_running_loop(), task.get_loop()
    over = loop.create_future()

    def settle() -> None:
        if not over.done():
            over.set_result(None)

    def tell(_: object) -> None:
        if home is loop:
            settle()
        else:
            loop.call_soon_threadsafe(settle)

    if home is loop:
        task.add_done_callback(tell)
    else:
        home.call_soon_threadsafe(task.add_done_callback, tell)
    while not over.done():
        try:
            await asyncio.wait([over])
        except asyncio.CancelledError as exc:
            cancelled = exc
    return cancelled


def courier(shared: Any, source: Stream[Any]) -> Courier | None:
    """Return a courier, a task of the running loop; None where that is not asyncio's."""
    if running_loop() is None:
        return None
    return Courier(shared, source)
