"""What was read and not asked for yet, in its order: pure state machines.

    events   put(item) -> dropped    an item was read; NOTHING: no item had to give way to it
             fail(error)             an error was, or came up otherwise
             pop() -> entry          the consumer asks, and there is something

    answers  full     whether who reads has to wait before it goes on
             roomy    whether who waited for that may go on

Errors are never dropped. They have room of their own in lines that drop items.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .outcomes import Failed

__all__ = ["NOTHING", "DropNewest", "DropOldest", "Line"]

NOTHING: Any = object()
"""No item, where None is one."""


class Line:
    """Keeps everything: *most* entries, items and errors, and who reads waits while it is full."""

    __slots__ = ("entries", "errors", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.entries: deque[Any] = deque()
        self.errors = 0  # how many of them are errors

    @property
    def full(self) -> bool:
        """Whether there is no room for what is read next."""
        return len(self.entries) >= self.most

    @property
    def roomy(self) -> bool:
        """Whether half of the line is free: who reads is woken for several items at once."""
        return len(self.entries) <= self.most // 2

    def put(self, item: Any) -> Any:
        """Take an item; returns the one that was dropped, NOTHING if none was."""
        self.entries.append(item)
        return NOTHING

    def fail(self, error: BaseException) -> None:
        """Take an error."""
        self.entries.append(Failed(error))
        self.errors += 1

    def pop(self) -> Any:
        """Return what comes next, an item or a Failed."""
        entry = self.entries.popleft()
        if type(entry) is Failed:
            self.errors -= 1
        return entry

    def lift(self) -> Any:
        """Take back the last item; NOTHING if there is none after the last error."""
        if self.entries and type(self.entries[-1]) is not Failed:
            return self.entries.pop()
        return NOTHING


class _Dropping(Line):
    """Keeps *most* items; and *most* errors, which are waited for."""

    __slots__ = ()

    @property
    def full(self) -> bool:
        return self.errors >= self.most

    @property
    def roomy(self) -> bool:
        return self.errors < self.most


class DropOldest(_Dropping):
    """An item that finds no room takes that of the oldest one."""

    __slots__ = ()

    def put(self, item: Any) -> Any:
        self.entries.append(item)
        return self._drop() if len(self.entries) - self.errors > self.most else NOTHING

    def _drop(self) -> Any:
        entries = self.entries
        i = next(i for i, entry in enumerate(entries) if type(entry) is not Failed)
        dropped = entries[i]
        del entries[i]
        return dropped


class DropNewest(_Dropping):
    """An item that finds no room is dropped itself."""

    __slots__ = ()

    def put(self, item: Any) -> Any:
        if len(self.entries) - self.errors >= self.most:
            return item
        self.entries.append(item)
        return NOTHING
