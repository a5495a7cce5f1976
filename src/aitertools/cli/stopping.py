"""Who may stop a pipeline: signals, the clock, and whoever reads its output."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from aitertools import Stream

__all__ = ["Stopper"]


class Stopper:
    """Stops a pipeline gracefully at the first signal, and aborts it at the second.

    The third does what that signal does by default: should a function never return to the event
    loop. As long as there is nothing to stop, each is a KeyboardInterrupt or a cancellation.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.reason: str | None = None
        self.changed = asyncio.Event()
        self.restore: Callable[[], object] | None = None  # what the third signal must not leave
        self._requests = 0
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._stream: Stream[Any] | None = None
        self._stopping: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, *signals: signal.Signals) -> Generator[None]:
        """Heed these signals. One that is ignored stays so, as under nohup."""
        before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            heeded = [s for s in signals if signal.getsignal(s) is not signal.SIG_IGN]
            before = {number: signal.signal(number, self._received) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                # Who has asked twice does not wait for threads either, which Python would join.
                signal.signal(number, handler if self._requests < 2 else signal.SIG_DFL)

    def begin(self) -> None:
        """Know the task that is to be cancelled."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()

    def watch(self, stream: Stream[Any], max_seconds: float | None) -> None:
        """Know what is to be stopped, and when at the latest."""
        self._stream = stream
        if max_seconds is not None and self._loop is not None:
            self._loop.call_later(max_seconds, self._stop, "time is up")

    async def stopped(self) -> None:
        """Wait for the end of a stop that has begun."""
        if self._stopping is not None:
            await self._stopping

    def abort(self) -> None:
        """Break it off."""
        if self._task is not None:
            self._task.cancel()

    def _stop(self, reason: str) -> None:
        if self._stream is None:
            self.abort()
        elif self._stopping is None and self._loop is not None:
            self.reason = reason
            self.changed.set()
            self._stopping = self._loop.create_task(self._stream.stop())

    def _received(self, number: int, _frame: FrameType | None) -> None:
        """Count a signal; this runs between two bytecodes, wherever that is."""
        if os.getpid() != self._process:
            _received_by_a_child(number)
            return
        self.signal = signal.Signals(number)
        self._requests += 1
        if self._requests > 2:
            if self.restore is not None:
                self.restore()
            _default(number)
        elif self._loop is None or self._loop.is_closed():
            raise KeyboardInterrupt
        elif self._requests == 2:
            self._loop.call_soon_threadsafe(self.abort)
        else:
            self._loop.call_soon_threadsafe(self._stop, self.signal.name)


def _received_by_a_child(number: int) -> None:
    """Do what a forked worker has to: Ctrl-C goes to it as well, and its work is to be finished."""
    if number != signal.SIGINT:
        _default(number)


def _default(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
