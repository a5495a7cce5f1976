"""Lanes: which calls have to wait for another one, as their items have the same key."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, TypeAlias

__all__ = ["Job", "Lane", "Lanes"]


class Lane:
    """What has one key: a call, and those that wait for it."""

    __slots__ = ("free", "key", "waiting")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.free = False
        self.waiting: deque[tuple[int, Any]] = deque()  # tickets and items


Job: TypeAlias = tuple[int, Any, Lane | None]
"""The ticket of a call, its item, and the lane that it is in."""


class Lanes:
    """One call at a time for each key; those of other keys go on side by side."""

    __slots__ = ("_lanes",)

    def __init__(self) -> None:
        self._lanes: dict[Hashable, Lane] = {}

    def enter(self, key: Hashable, ticket: int, item: Any) -> Lane | None:
        """Return the lane of a call that may begin now; None: it is kept until its lane is free."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        elif not lane.free:
            lane.waiting.append((ticket, item))
            return None
        lane.free = False
        return lane

    def leave(self, lane: Lane) -> Job | None:
        """Tell that the call in it is over; returns the one that may begin now."""
        if lane.waiting:
            return (*lane.waiting.popleft(), lane)
        lane.free = True
        # A key whose hash has changed is not found; one that objects to be compared stays as well.
        with suppress(Exception):
            if self._lanes.get(lane.key) is lane:
                del self._lanes[lane.key]
        return None
