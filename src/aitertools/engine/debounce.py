"""The latest item, when no other one follows for a while, or at each tick of a clock."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import TYPE_CHECKING, Any

from .. import runtime
from .checks import check_callable, check_seconds
from .gather import NEVER, Gathering
from .line import NOTHING
from .operator import make
from .outcomes import Failed, tell

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["debouncing", "sampling"]


class Debounce(Gathering):
    """The item that was followed by none for *seconds*."""

    __slots__ = ("_kept", "_on_dropped", "_seconds")

    def __init__(
        self, source: Stream[Any], seconds: float, on_dropped: Callable[[Any], object] | None
    ) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._on_dropped = on_dropped
        self._kept: Any = NOTHING

    def _put(self, item: Any, at: float) -> None:
        dropped, self._kept = self._kept, item
        self._due = self._when(at)
        if dropped is not NOTHING and self._on_dropped is not None:
            try:
                tell(self._on_dropped, dropped)
            except BaseException as error:
                self._out.append(Failed(error))

    def _when(self, at: float) -> float:
        """When an item that came at that time is delivered, if no other one comes before."""
        return at + self._seconds

    def _cut(self) -> None:
        if self._kept is not NOTHING:
            self._out.append(self._kept)
            self._kept = NOTHING
            self._due = NEVER


class Sample(Debounce):
    """The latest item at each tick, *seconds* apart, from the first pull on."""

    __slots__ = ("_begun",)

    def __init__(
        self, source: Stream[Any], seconds: float, on_dropped: Callable[[Any], object] | None
    ) -> None:
        super().__init__(source, seconds, on_dropped)
        self._begun: float | None = None

    def poll(self) -> Any:
        """Deliver what is due; the first pull begins the time."""
        if self._begun is None:
            self._begun = runtime.now()
        return super().poll()

    def _when(self, at: float) -> float:
        assert self._begun is not None
        ticks = floor((at - self._begun) / self._seconds) + 1
        tick = self._begun + ticks * self._seconds
        return tick if tick > at else tick + self._seconds


def debouncing(source: Any, quiet: Any, on_dropped: Any) -> Any:
    """Return a stream of the items that none followed for *quiet*."""
    seconds = check_seconds(quiet, "debounce", "quiet")
    if on_dropped is not None:
        check_callable(on_dropped, "debounce")
    return make(Debounce(source, seconds, on_dropped), f"debounce({seconds:g})", source)


def sampling(source: Any, interval: Any, on_dropped: Any) -> Any:
    """Return a stream of the latest items at the ticks of a clock."""
    seconds = check_seconds(interval, "sample", "interval")
    if on_dropped is not None:
        check_callable(on_dropped, "sample")
    return make(Sample(source, seconds, on_dropped), f"sample({seconds:g})", source)
