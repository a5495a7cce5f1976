"""Turns of the loop, the running task, and interrupting one that waits."""

from __future__ import annotations

import asyncio
import sys
from asyncio import current_task, timeout
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, NoReturn

from .. import _core

__all__ = ["checkpoint", "close_running", "current_task", "park", "timeout"]


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


def _is_ours(run: _core.Run, task: asyncio.Task[Any], exc: BaseException | None) -> bool:
    """Whether *exc* is the cancellation that close_running() asked for, and nobody else did.

    It is None when the run ended and the cancellation never came.
    """
    if exc is None or isinstance(exc, asyncio.CancelledError):
        return task.uncancel() <= run.cancelling
    return False


def _cancel(run: _core.Run, task: asyncio.Task[Any]) -> None:
    """Cancel *task* if *run* has not ended meanwhile: then the task does something else."""
    if run.interrupting:
        task.cancel()


def _settle(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


async def close_running(run: _core.Run, closing: bool) -> bool:
    """Wait until *run*, which is suspended, is over; end its wait unless it is closing.

    The core has noted that the stream is to be closed: the interrupted pull does that, in the task
    that consumes, and sees the end. From inside that very task there is nothing to wait for: the
    stream is closed when its next item is asked for.
    """
    task = run.task
    if task is None or task is current_task():
        return False
    loop, home = asyncio.get_running_loop(), task.get_loop()
    over = loop.create_future()
    tell: Callable[[], object] = partial(_settle, over)
    if home is not loop:
        tell = partial(loop.call_soon_threadsafe, tell)
    if run.interrupt(tell, None if closing else partial(_is_ours, run, task)):
        if home is loop:
            task.cancel()
        else:
            home.call_soon_threadsafe(_cancel, run, task)
    await over
    return True
