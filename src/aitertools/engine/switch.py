"""Switch: the source that came last as an item, and no other."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from .. import _core
from .intakes import Intake, Reader
from .operator import END, PENDING

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Switch"]

NOTHING: Any = object()


class Switch(Reader):
    """The items of that source of *outer* that is the newest; the one before is closed first.

    *outer* is asked before each item, and then again as long as the newest source has none.
    """

    __slots__ = ("_asks", "_inner", "_name", "_newest", "_outer", "_outer_over")

    def __init__(self, outer: Stream[Any], name: str) -> None:
        super().__init__()
        self._outer = Intake(outer, self._outer_arrived)
        self._outer_over = False
        self._asks = True  # the outer one has to be asked
        self._newest: Any = NOTHING  # the source to be read as soon as the one before is closed
        self._inner: Intake | None = None
        self._name = name

    def _outer_arrived(self) -> None:
        self._asks = True
        self.wake()

    def poll(self) -> Any:
        while True:
            if self._newest is NOTHING and self._asks:
                self._ask_outer()
            if self._newest is not NOTHING:
                if self._inner is not None:
                    return PENDING  # until it is closed
                self._begin()
            if self._inner is not None:
                item = self._inner.take()
                if item is END:
                    self.leave(self._inner)
                    self._inner = None
                elif item is not PENDING:
                    return item
            if not self._asks:
                over = self._outer_over and self._inner is None
                return END if over else PENDING

    def _ask_outer(self) -> None:
        source = self._outer.take()
        if source is PENDING or source is END:
            self._asks = False
            self._outer_over = source is END
        else:
            self._newest = source

    def _begin(self) -> None:
        newest, self._newest = self._newest, NOTHING
        self._inner = self.open(_core.source_for(newest, self._name), self.wake)

    def wait(self) -> Awaitable[object]:
        return super().wait() if self._newest is NOTHING else self._close_inner()

    async def _close_inner(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            await self.close([inner])

    def groups(self) -> tuple[list[Intake], ...]:
        """Return what to close: the inner source, then the outer one."""
        return (*super().groups(), [self._outer])
