"""trio's nurseries: the tasks of a stream live in the one that its ``async with`` opens."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .. import _core
from .loop import running_loop

__all__ = ["Nursery", "enter", "find_nursery", "leave", "nursery", "shield"]


class _Task:
    """A task in a nursery, with a scope of its own to cancel it by."""

    __slots__ = ("_dismissed", "_error", "_over", "_scope", "_token", "task")

    def __init__(self, trio: Any) -> None:
        self._scope = trio.CancelScope()
        self._over = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._error: Exception | None = None
        self._dismissed = False
        self.task: Any = None

    async def run(
        self, work: Coroutine[Any, Any, None], over: Callable[[_Task], None], home: Nursery
    ) -> None:
        _current.set(home)  # also for what is begun in here
        try:
            with self._scope:
                self.task = sys.modules["trio"].lowlevel.current_task()
                await work
        except Exception as error:
            if self._dismissed:
                raise
            self._error = error  # it is for who ends it, and not for the body of the nursery
        finally:
            over(self)
            self._over.set()

    def is_running(self) -> bool:
        """Whether it is the running task, or one that waits for that: its nursery is in it."""
        lowlevel = sys.modules["trio"].lowlevel
        task = lowlevel.current_task() if lowlevel.in_trio_task() else None
        while task is not None and task is not self.task:
            nursery = task.parent_nursery
            task = None if nursery is None else nursery.parent_task
        return task is not None

    def cancel(self) -> None:
        """Have it end."""
        if not self.is_running():
            self._scope.cancel()

    async def end(self) -> None:
        """Cancel it, and return when it is over, also when the caller is cancelled meanwhile.

        Raises, once, the error that it ended with.
        """
        trio = sys.modules["trio"]
        if self.is_running():
            return
        self._scope.cancel()
        with trio.CancelScope(shield=True):
            await self._over.wait()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def dismiss(self) -> None:
        """Have it cancelled, from whatever thread."""
        trio = sys.modules.get("trio")  # None: the interpreter ends
        self._dismissed = True
        over = getattr(self, "_over", None)  # None: the collector has taken it apart
        if trio is None or over is None or over.is_set():
            return
        try:
            self._token.run_sync_soon(self._scope.cancel)
        except trio.RunFinishedError:
            return


class Nursery:
    """The nursery of one ``async with stream``."""

    __slots__ = ("_before", "_manager", "_nursery", "_stream", "_trio", "outer")

    def __init__(self, trio: Any, stream: Any) -> None:
        self._trio = trio
        self._stream: Any = stream  # None: it is closed
        self.outer: Nursery | None = _current.get()
        self._manager = trio.open_nursery()
        self._nursery: Any = None
        self._before: contextvars.Token[Nursery | None] | None = None

    async def open(self) -> None:
        """Begin it, as ``async with`` would."""
        self._nursery = await self._manager.__aenter__()
        self._before = _current.set(self)

    async def close(self) -> None:
        """Cancel what is left in it, and end it."""
        assert self._before is not None
        _current.reset(self._before)
        self._stream = None
        self._nursery.cancel_scope.cancel()
        await self._manager.__aexit__(None, None, None)

    def spawn(self, work: Coroutine[Any, Any, None], over: Callable[[Any], None]) -> _Task:
        """Begin a task, and have *over* called at its end."""
        task = _Task(self._trio)
        self._nursery.start_soon(task.run, work, over, self)
        return task

    def is_for(self, streams: Iterable[Any]) -> bool:
        """Whether its stream reads one of these, or the other way round, be it by others."""
        stream = self._stream
        if stream is None:
            return False
        read = _core.family(stream)
        return any(other in read or stream in _core.family(other) for other in streams)


_current: contextvars.ContextVar[Nursery | None] = contextvars.ContextVar("nursery", default=None)


def find_nursery(*streams: Any) -> Nursery | None:
    """Return the nursery of the ``async with`` around that one of these streams belongs to.

    If it is none of them, as with what a ``flat_map`` reads, that is the outermost one, which is
    there for longer than any stream inside. None: there is none at all.
    """
    found = _current.get()
    while found is not None and found.outer is not None and not found.is_for(streams):
        found = found.outer
    return found


def nursery(*streams: Any) -> Nursery:
    """Return what :func:`find_nursery` finds."""
    found = find_nursery(*streams)
    if found is None:
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_run():
            raise RuntimeError("under trio, use a stream with concurrency inside 'async with'")
        raise RuntimeError("no running event loop")
    return found


async def enter(stream: Any) -> None:
    """Open a nursery for *stream*, where there is need of one: under trio."""
    trio = sys.modules.get("trio")
    if running_loop() is None and trio is not None and trio.lowlevel.in_trio_run():
        await Nursery(trio, stream).open()


async def leave() -> None:
    """End all that :func:`enter` made room for."""
    current = _current.get()
    if running_loop() is None and current is not None:
        await current.close()


def shield() -> AbstractContextManager[object]:
    """Let a task that was cancelled await the closing of what it holds.

    Where a cancellation is raised once, as on asyncio, there is nothing to do.
    """
    trio = sys.modules.get("trio")
    if running_loop() is None and trio is not None and trio.lowlevel.in_trio_run():
        scope: AbstractContextManager[object] = trio.CancelScope(shield=True)
        return scope
    return nullcontext()
