"""Executors: where chunks of calls are sent to, and how the event loop is told that one is over.

This is all that is known of them: another engine, for other machines maybe, would be a class with
these methods.

loop      send() --submit--> executor --future--> _over() --ring, once--> loop  collect()
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from .. import runtime
from .chunks import Chunk, Reply

__all__ = ["Pool"]


class Pool:
    """A ``concurrent.futures.Executor``, of which one stream makes use.

    *news* is called in the event loop when chunks are over: once for those of a moment.
    """

    __slots__ = ("_alarm", "_executor", "_sent", "over")

    def __init__(self, executor: Any, news: Callable[[], None]) -> None:
        self._executor = executor
        self._alarm = runtime.Alarm(news)
        self._sent: dict[Chunk, Any] = {}
        self.over: deque[tuple[Chunk, Reply | BaseException, float]] = deque()  # not collected

    def __len__(self) -> int:
        """Return how many chunks were sent and not collected."""
        return len(self._sent)

    def settle(self, context: contextvars.Context) -> None:
        """Have the running event loop told from now on."""
        self._alarm.settle(context)

    def send(self, chunk: Chunk) -> None:
        """Have a worker make the calls of *chunk*."""
        self._sent[chunk] = None
        try:
            future = self._sent[chunk] = self._executor.submit(chunk)
        except Exception as error:
            self._ring(chunk, error)
        else:
            future.add_done_callback(partial(self._over, chunk))

    def collect(self) -> tuple[Chunk, Reply | BaseException, float]:
        """Return a chunk that is over, what came of it, and after how many seconds."""
        over = self.over.popleft()
        del self._sent[over[0]]
        return over

    def drop(self) -> None:
        """Cancel what has not begun, and let go of the rest: it ends by itself, unheard.

        From whatever thread, and from a ``__del__``.
        """
        self._alarm.silence()
        while self._sent:
            chunk, future = self._sent.popitem()
            chunk.dropped = True
            if future is not None:
                future.cancel()
        self.over.clear()

    def _over(self, chunk: Chunk, future: Any) -> None:
        """See what came of *chunk*; in whatever thread."""
        if chunk.dropped:
            return
        try:
            reply: Reply | BaseException = future.result()
        except BaseException as error:
            reply = error
        self._ring(chunk, reply)

    def _ring(self, chunk: Chunk, reply: Reply | BaseException) -> None:
        self.over.append((chunk, reply, perf_counter() - chunk.sent))
        self._alarm.ring()
