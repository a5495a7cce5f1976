"""Turns of the loop, the running task, and interrupting one that waits."""

from __future__ import annotations

import asyncio
import sys
from asyncio import current_task, timeout
from collections.abc import Awaitable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from .. import _core

__all__ = [
    "checkpoint",
    "close_running",
    "current_task",
    "park",
    "running_loop",
    "silence",
    "timeout",
]


running_loop = asyncio._get_running_loop


class _Turn:
    """Awaited, it lets the event loop run once: what ``asyncio.sleep(0)`` does."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def checkpoint() -> Awaitable[object] | None:
    """Return what to await to give the loop one turn; None outside of the loops that we know."""
    if asyncio._get_running_loop() is not None:
        return _Turn()
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        turn: Awaitable[object] = trio.lowlevel.checkpoint()
        return turn
    return None


async def park() -> NoReturn:
    """Wait until cancelled."""
    if asyncio._get_running_loop() is None and "trio" in sys.modules:
        await sys.modules["trio"].sleep_forever()
    while True:
        await asyncio.get_running_loop().create_future()


class _Interruption:
    """The cancellation of the task that *run* is suspended in, told apart from any other."""

    def __init__(self, run: _core.Run, stream: _core.Op, task: asyncio.Task[Any]) -> None:
        self._run, self._stream, self._task = run, stream, task
        self._made = False

    def make(self) -> None:
        """Cancel the task unless *run* has gone on meanwhile; called in its own event loop."""
        if self._run.wants(self._stream, self):
            self._made = True
            self._task.cancel()

    def __call__(self, exc: BaseException | None) -> bool:
        """Take it back, and return whether *exc* is it, which nobody else asked for.

        It is None when the run ended and the cancellation never came.
        """
        if self._made and (exc is None or isinstance(exc, asyncio.CancelledError)):
            return self._task.uncancel() <= self._run.cancelling
        return False


def _settle(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def _tell(loop: asyncio.AbstractEventLoop, over: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # its loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle, over)


async def close_running(
    run: _core.Run | None, task: asyncio.Task[Any] | None, stream: _core.Op, looks: int
) -> bool:
    """Wait until *run*, which drives *stream* in *task*, is over; interrupt it unless it closes it.

    The core has noted that the stream is to be closed: the interrupted pull does that, in the task
    that consumes, and sees the end. From inside that very task there is nothing to wait for: the
    stream is closed when its next item is asked for.

    Nor does it interrupt a task that somebody cancels already, and that takes its time to end: it
    would do so again and again. Without a *run* somebody is in the middle of a step, and will be
    found suspended, or gone, after a while: the answer, True, is to look again. *looks* says how
    often that was done.
    """
    if asyncio._get_running_loop() is None:
        return False
    if run is None:
        await asyncio.sleep(min(looks, 10) / 1000)
        return True
    if task is None or task is current_task():
        return False
    loop, home = asyncio.get_running_loop(), task.get_loop()
    if home.is_closed():  # nothing goes on there: not even what it was in the middle of closing
        return False
    over = loop.create_future()
    is_cancelled = task.cancelling() > run.cancelling
    interruption = None if is_cancelled else _Interruption(run, stream, task)
    tell = partial(_settle, over) if home is loop else partial(_tell, loop, over)
    if run.interrupt(stream, tell, interruption) and interruption is not None:
        if home is loop:
            interruption.make()
        else:
            try:
                home.call_soon_threadsafe(interruption.make)
            except RuntimeError:  # its loop is closed: nothing goes on there
                return False
    await over
    return True


def silence(task: asyncio.Task[Any]) -> None:
    """Have asyncio not complain when *task* is dropped, with its loop, before it is over."""
    try:  # noqa: SIM105 -- suppress() would be half of what a task costs
        setattr(task, "_log_destroy_pending", False)  # noqa: B010 -- it is asyncio's own
    except AttributeError:
        pass
