"""Lanes: which calls have to wait for another one, as their items have the same key."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Lanes"]

T = TypeVar("T")


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
