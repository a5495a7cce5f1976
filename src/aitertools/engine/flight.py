"""Which calls are in flight, and in what order their outcomes are delivered: pure state machines.

    events   begin() -> cell      a call begins; only if may_begin
             settle(cell, outcome) -> bool: whether the consumer has something new
             pop() -> outcome     the consumer asks; PENDING: nothing is there

``held`` counts the calls that began and whose outcomes were not delivered: in flight, or waiting
for the consumer. It never exceeds ``most``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any, Generic, TypeAlias, TypeVar

from .operator import PENDING
from .outcomes import SKIP

__all__ = ["Cell", "Completed", "Flight", "Lanes", "Ordered"]

Cell: TypeAlias = list[Any]
"""Holds the outcome of one call, or PENDING."""

T = TypeVar("T")


class Flight:
    """What both orders have in common."""

    __slots__ = ("held", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    @property
    def may_begin(self) -> bool:
        """Whether there is room for one call more."""
        return self.held < self.most

    def begin(self) -> Cell:
        """Begin a call; returns where its outcome goes."""
        raise NotImplementedError

    def settle(self, cell: Cell, outcome: Any) -> bool:
        """Take the outcome of a call; True if that is news to a consumer who waits."""
        raise NotImplementedError

    def pop(self) -> Any:
        """Deliver the next outcome, if it is there; PENDING if not."""
        raise NotImplementedError


class Ordered(Flight):
    """The outcomes come in the order in which the calls began."""

    __slots__ = ("_cells",)

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._cells: deque[Cell] = deque()

    def begin(self) -> Cell:
        cell = [PENDING]
        self._cells.append(cell)
        self.held += 1
        return cell

    def settle(self, cell: Cell, outcome: Any) -> bool:
        cell[0] = outcome
        return self._cells[0] is cell

    def pop(self) -> Any:
        cells = self._cells
        while cells and (outcome := cells[0][0]) is not PENDING:
            del cells[0]
            self.held -= 1
            if outcome is not SKIP:
                return outcome
        return PENDING


class Completed(Flight):
    """The outcomes come as the calls complete."""

    __slots__ = ("_outcomes",)

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._outcomes: deque[Any] = deque()

    def begin(self) -> Cell:
        self.held += 1
        return _NO_CELL

    def settle(self, cell: Cell, outcome: Any) -> bool:
        if outcome is SKIP:
            self.held -= 1
            return self.held == 0  # that may have been the last one
        self._outcomes.append(outcome)
        return len(self._outcomes) == 1

    def pop(self) -> Any:
        if not self._outcomes:
            return PENDING
        self.held -= 1
        return self._outcomes.popleft()


_NO_CELL: Cell = []


class Lanes(Generic[T]):
    """One call at a time for each key; those of other keys go on side by side."""

    __slots__ = ("_lanes",)

    def __init__(self) -> None:
        self._lanes: dict[Hashable, deque[T]] = {}

    def enter(self, key: Hashable, call: T) -> bool:
        """Whether the call may begin now; if not it is kept until its lane is free."""
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(call)
            return False
        self._lanes[key] = deque()
        return True

    def leave(self, key: Hashable) -> T | None:
        """Tell that a call with that key is over; returns the one that may begin now."""
        lane = self._lanes[key]
        if lane:
            return lane.popleft()
        del self._lanes[key]
        return None
