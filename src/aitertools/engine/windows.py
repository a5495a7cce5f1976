"""Windows of time: what came in the last seconds, again and again, as tuples."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .. import runtime
from .checks import check_seconds
from .gather import NEVER, Gathering
from .operator import make

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["windowing"]


class Windows(Gathering):
    """Tuples of what came in the last *within*, one each *every*, from the first pull on."""

    __slots__ = ("_begins", "_begun", "_every", "_items", "_new", "_number", "_within")

    def __init__(self, source: Stream[Any], within: float, every: float) -> None:
        super().__init__(source)
        self._within = within
        self._every = every
        self._begun: float | None = None
        self._begins = NEVER  # what came before that is not in the window that is open
        self._number = 0  # of the window that is open
        self._items: deque[tuple[float, Any]] = deque()  # when each came, and what
        self._new = 0  # how many of them were in no window yet

    def poll(self) -> Any:
        """Deliver the next window; the first pull begins the first one."""
        if self._begun is None:
            self._begun = self._due = runtime.now()
            self._open()
        return super().poll()

    def _open(self) -> None:
        """Begin the next window, without the items that came before it."""
        assert self._begun is not None
        self._number += 1
        before, self._due = self._due, self._begun + self._number * self._every
        self._begins = self._due - self._within
        if self._every == self._within:
            self._begins = before
        elif self._every < self._within:  # it is not to begin later than that because of rounding
            self._begins = min(self._begins, before)
        while self._items and self._items[0][0] < self._begins:
            self._items.popleft()

    def _put(self, item: Any, at: float) -> None:
        if at >= self._begins:
            self._items.append((at, item))
            self._new += 1

    def _ripe(self) -> None:
        self._out.append(tuple(item for _, item in self._items))
        self._new = 0
        self._open()

    def _cut(self) -> None:
        if self._new:
            self._out.append(tuple(item for _, item in self._items))
        self._items.clear()
        self._new = 0


def windowing(source: Any, within: Any, every: Any) -> Any:
    """Return a stream of windows of time."""
    seconds = check_seconds(within, "windowed", "within")
    step = seconds if every is None else check_seconds(every, "windowed", "every")
    if NEVER in {seconds, step}:
        raise ValueError("windowed(): within and every must be finite")
    operator = Windows(source, seconds, step)
    return make(operator, f"windowed(within={seconds:g}, every={step:g})", source)
