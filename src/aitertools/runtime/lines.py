"""What those who wait in a line wait for: one handle each, set off by whoever calls them up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from typing import Any

__all__ = ["handle", "in_loop", "let_go", "wake"]


class _TrioHandle:
    """Awaited, it waits until it is set off, in one task of a trio run."""

    __slots__ = ("_done", "_task", "_token")

    def __init__(self, trio: Any) -> None:
        self._done = False
        self._task: Any = None
        self._token = trio.lowlevel.current_trio_token()

    def __await__(self) -> Generator[Any, Any, None]:
        lowlevel = sys.modules["trio"].lowlevel

        def abort(_: object) -> Any:
            self._task = None
            return lowlevel.Abort.SUCCEEDED

        if not self._done:
            self._task = lowlevel.current_task()
            yield from lowlevel.wait_task_rescheduled(abort).__await__()

    def wake(self) -> bool:
        """Let the task go on; False if its run is over."""
        trio = sys.modules["trio"]
        if trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is self._token:
            self._set()
            return True
        try:
            self._token.run_sync_soon(self._set)
        except trio.RunFinishedError:
            return False
        return True

    def _set(self) -> None:
        self._done = True
        if self._task is not None:
            task, self._task = self._task, None
            sys.modules["trio"].lowlevel.reschedule(task)


def handle() -> Any:
    """Return what a task of the running event loop can await until :func:`wake` is called."""
    loop = asyncio._get_running_loop()
    if loop is not None:
        return loop.create_future()
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return _TrioHandle(trio)
    raise RuntimeError("no running event loop")


def let_go(handle: Any) -> None:
    """Let the one go on who awaits *handle*, in the same event loop."""
    if isinstance(handle, _TrioHandle):
        handle.wake()
    elif not handle.done():
        try:
            handle.set_result(None)
        except RuntimeError:
            if not handle.get_loop().is_closed():  # if it is, nobody will go on there
                raise


def wake(handle: asyncio.Future[None] | _TrioHandle) -> bool:
    """Let who awaits *handle* go on, from whatever thread; False if nobody will come.

    That is so when its event loop is closed, or when the collector takes both apart.
    """
    if isinstance(handle, _TrioHandle):
        return handle.wake()
    try:
        loop = handle.get_loop()
        call: Any = loop.call_soon_threadsafe(_set, handle)
    except RuntimeError:
        return False
    if loop.is_closed():  # meanwhile, by another thread: it may have missed the call, and keep it
        if call is not None:  # not every loop gives one
            call.cancel()
        return False
    return True


def _set(handle: asyncio.Future[None]) -> None:
    if not handle.done():
        handle.set_result(None)


def in_loop() -> bool:
    """Whether the calling thread runs an event loop, which it must not block."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return True
    return asyncio._get_running_loop() is not None
