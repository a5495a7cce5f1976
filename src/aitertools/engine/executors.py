"""Executors: where chunks of calls are sent to, and how the event loop is told that one is over.

This is all that is known of them: another engine, for other machines maybe, would be a class with
these methods.

loop      send() --submit--> executor --future--> _over() --ring, once--> loop  collect()
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from contextlib import suppress
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

    __slots__ = ("_alarm", "_dropped", "_executor", "_sent", "over")

    def __init__(self, executor: Any, news: Callable[[], None]) -> None:
        self._executor = executor
        self._alarm = runtime.Alarm(news)
        self._sent: dict[Chunk, Any] = {}
        self._dropped = False
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
        except BaseException as error:
            self._ring(chunk, error)
        else:
            future.add_done_callback(partial(self._over, chunk))
        if self._dropped:  # the collector had its turn in the middle of this
            self.drop()

    def collect(self) -> tuple[Chunk, Reply | BaseException, float] | None:
        """Return a chunk that is over, what came of it, and after how many seconds; None: none is.

        So it is when all was dropped just now: the collector has its turn wherever it likes.
        """
        try:
            over = self.over.popleft()
        except IndexError:
            return None
        self._sent.pop(over[0], None)
        return over

    def drop(self) -> None:
        """Cancel what has not begun, and let go of the rest: it ends by itself, unheard.

        From whatever thread, and from a ``__del__``.
        """
        self._dropped = True
        self._alarm.silence()
        with suppress(KeyError):  # another thread may do the same
            while True:
                chunk, future = self._sent.popitem()
                chunk.drop()
                if future is not None:
                    future.cancel()
        self._forget()

    def _over(self, chunk: Chunk, future: Any) -> None:
        """See what came of *chunk*; in whatever thread."""
        self._ring(chunk, runtime.outcome_of(future))

    def _ring(self, chunk: Chunk, reply: Reply | BaseException) -> None:
        self.over.append((chunk, reply, perf_counter() - chunk.sent))
        if chunk.dropped:
            self._forget()
        else:
            self._alarm.ring()

    def _forget(self) -> None:
        """Let go of what nobody will collect."""
        with suppress(IndexError):
            while True:
                chunk, reply, _ = self.over.popleft()
                chunk.forget(reply)
