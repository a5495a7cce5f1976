"""Race: the source that delivers first."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from .. import _core
from .intakes import Intake, Turns
from .operator import END, PENDING

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Race"]


class Race(Turns):
    """All are asked; the first to deliver an item has won, and is the only one from then on."""

    __slots__ = ("_errors", "_first", "_running", "_winner")

    def __init__(self, sources: Iterable[Stream[Any]]) -> None:
        super().__init__()
        for source in sources:
            self.begin(source)
        self._running = len(self._open)
        self._errors: list[BaseException] = []  # of those that are out
        self._winner: Intake | None = None
        self._first: list[Any] = []  # the item it has won with, until that is delivered

    def poll(self) -> Any:
        if self._winner is None:
            return self._run()
        if self._first:
            return PENDING if len(self._open) > 1 else self._first.pop()
        self._line.clear()
        return self._winner.take()

    def _run(self) -> Any:
        while self._line:
            intake = self._line.popleft()
            try:
                item = intake.take()
            except (KeyboardInterrupt, SystemExit):
                self._line.append(intake)
                raise
            except BaseException as error:
                self._errors.append(error)
                self._running -= 1
                continue
            if item is END:
                self.leave(intake)
                self._running -= 1
            elif item is not PENDING:
                self._winner = intake
                self._first.append(item)
                self._errors.clear()
                return self.poll()
        return PENDING if self._running else self._lost()

    def _lost(self) -> Any:
        """All are out."""
        if not self._errors:
            return END
        first, *others = self._errors
        self._errors.clear()
        for error in others:
            _core.chain_errors(first, error)
        try:
            raise first
        finally:
            del first, others  # they lead to this frame

    def wait(self) -> Awaitable[object]:
        if self._winner is not None and self._first:
            return self.close([intake for intake in self._open if intake is not self._winner])
        return super().wait()
