"""Who may stop a pipeline: signals and the clock."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from aitertools import Stream

__all__ = ["Stopper"]


class Stopper:
    """Stops a pipeline gracefully at the first request, and aborts it at the second.

    The third leaves it to the signal itself, which ends the process: should a function never return
    to the event loop.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.state = "running"
        self._requests = 0
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._stream: Stream[Any] | None = None
        self._stopping: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, *signals: signal.Signals) -> Iterator[None]:
        """Take these signals as requests. One that is ignored stays so, as under nohup."""
        before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            heeded = [s for s in signals if signal.getsignal(s) is not signal.SIG_IGN]
            before = {number: signal.signal(number, self._received) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def watch(self, stream: Stream[Any]) -> None:
        """Know what is to be stopped; before that, a request aborts."""
        self._stream = stream

    def stop(self) -> None:
        """Ask the sources for nothing more."""
        if self._stream is not None and self._stopping is None:
            self.state = "stopping"
            self._stopping = self._loop.create_task(self._stream.stop())

    async def stopped(self) -> None:
        """Wait for the end of a stop that has begun."""
        if self._stopping is not None:
            await self._stopping

    def _received(self, number: int, _frame: FrameType | None) -> None:
        """Count; it runs between two bytecodes, wherever that is."""
        self.signal = signal.Signals(number)
        self._requests += 1
        if self._requests == 1:
            self._loop.call_soon_threadsafe(self._first)
        elif self._requests == 2:
            self._loop.call_soon_threadsafe(self._abort)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _first(self) -> None:
        if self._stream is None:
            self._abort()
        else:
            self.stop()

    def _abort(self) -> None:
        self.state = "aborting"
        if self._task is not None:
            self._task.cancel()
