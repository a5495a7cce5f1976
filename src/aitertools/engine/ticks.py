"""Ticks: streams that come of the clock alone."""

from __future__ import annotations

from typing import Any

from .checks import check_seconds
from .operator import END, PENDING, make
from .timed import Clocked

__all__ = ["alarming", "ticking"]


class Ticks(Clocked):
    """The numbers of the ticks; of those that nobody asked for in time the last one.

    Each time is computed from the first one, so that they do not drift.
    """

    __slots__ = ("_begun", "_every", "_next", "_start")

    def __init__(self, every: float, start: float) -> None:
        super().__init__()
        self._every = every
        self._start = start
        self._begun: float | None = None  # the time of tick 0
        self._next = 0

    def poll(self) -> Any:
        """Deliver the number of the tick that it is time for."""
        now = self._now()
        if self._begun is None:
            self._begun = now + self._start
        if now < self._due():
            return PENDING
        tick = max(self._next, int((now - self._begun) // self._every))
        self._next = tick + 1
        return tick

    async def wait(self) -> None:
        """Wait for the next tick."""
        await self._wait_until(self._due())

    def _due(self) -> float:
        assert self._begun is not None
        return self._begun + self._next * self._every if self._next else self._begun


class Alarm(Clocked):
    """One item, that long after it was first asked for."""

    __slots__ = ("_delay", "_due", "_over", "_value")

    def __init__(self, delay: float, value: Any) -> None:
        super().__init__()
        self._delay = delay
        self._value = value
        self._due: float | None = None
        self._over = False

    def poll(self) -> Any:
        """Deliver the value when it is time, then the end."""
        if self._over:
            return END
        now = self._now()
        if self._due is None:
            self._due = now + self._delay
        if now < self._due:
            return PENDING
        self._over = True
        return self._value

    async def wait(self) -> None:
        """Wait for that time."""
        assert self._due is not None
        await self._wait_until(self._due)


# ---- what the functions make ---------------------------------------------------------------------


def ticking(every: Any, start: Any) -> Any:
    """Return a stream of the numbers of ticks."""
    every = check_seconds(every, "interval", "every")
    start = every if start is None else check_seconds(start, "interval", "start", zero=True)
    return make(Ticks(every, start), f"interval({every:g})")


def alarming(delay: Any, value: Any) -> Any:
    """Return a stream of one *value*, after that time."""
    delay = check_seconds(delay, "timer", "delay", zero=True)
    return make(Alarm(delay, value), f"timer({delay:g})")
