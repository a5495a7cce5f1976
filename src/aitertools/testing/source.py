"""The source that plays a marble diagram."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from .diagram import Event
from .names import Names

__all__ = ["MarbleSource"]


class MarbleSource:
    """An async iterator that gives what a diagram says, and when: :func:`marbles.source`."""

    def __init__(self, events: Sequence[Event], names: Names, tick: float) -> None:
        if any(event.kind in {"cancel", "close"} for event in events):
            raise ValueError("'!' and '/' are for the consumer to do: not in a source")
        self.pulls: list[float] = []  # when it was asked
        self.closes: list[float] = []  # when it was closed
        self.given = 0  # how many items and errors
        self._events = events
        self._names = names
        self._tick = tick
        self._begun: float | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<source: {len(self.pulls)} pulls, {self.given} given, {len(self.closes)} closes>"

    def begin(self) -> None:
        """Have its time begin now."""
        self._begun = asyncio.get_running_loop().time()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """Give what is next when its time has come."""
        if self._waiter is not None:
            raise RuntimeError("source: already running")
        if self._begun is None:
            self.begin()
        self.pulls.append(asyncio.get_running_loop().time())
        event = self._events[self.given]
        if not self.closes:
            await self._wait(event)
        if self.closes or event.kind == "end":
            raise StopAsyncIteration
        self.given += 1
        if event.kind == "error":
            raise self._names.error(event.name)
        return self._names.item(event.name)

    async def _wait(self, event: Event) -> None:
        """Until the tick of *event*, or until it is closed; that "open" is for ever."""
        loop = asyncio.get_running_loop()
        assert self._begun is not None
        due = self._begun + event.at * self._tick
        if event.kind != "open" and due <= loop.time():
            return
        self._waiter = loop.create_future()
        timer = loop.call_at(due, _settle, self._waiter) if event.kind != "open" else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    async def aclose(self) -> None:
        """Close it; a pull that waits sees the end."""
        self.closes.append(asyncio.get_running_loop().time())
        if self._waiter is not None:
            _settle(self._waiter)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
