"""Handing items over from who makes them to who takes them; one of the two is a thread.

    maker                            taker
    entries.append(item)    ----->   take()         what is there, up to a batch at once
    there.ring()                     waits there    at most once for what is taken at once
    waits for room          <-----   room.ring()    when half of the room is free again

Who is about to wait says so, and looks at the entries once more; who changes the entries looks
after that who waits. Each locks the deque for it, so one of the two sees the other, also without
the GIL.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .lines import handle, let_go, wake

__all__ = ["Halt", "Handover", "TaskBell", "ThreadBell"]


class ThreadBell:
    """What a thread waits for. If it was rung before, the thread does not wait."""

    __slots__ = ("_lock", "silent")

    silent: Callable[[], bool]
    """Return whether it was not rung since the last wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.silent = self._lock.locked

    def ring(self) -> None:
        """Let the thread go on. From whatever thread, and from a ``__del__``."""
        if self._lock.locked():
            try:  # noqa: SIM105 -- at the end of the process there are no globals any more
                self._lock.release()
            except RuntimeError:  # somebody else has just done it
                pass

    def wait(self) -> None:
        """Wait until it is rung."""
        self._lock.acquire()


class TaskBell:
    """What a task, of whatever event loop, waits for."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Any] = []  # what it awaits; empty: it does not wait

    def ring(self) -> None:
        """Let the task go on, if it waits. From whatever thread, and from a ``__del__``."""
        while True:
            try:
                waiting = self.waiting.pop()
            except IndexError:
                return
            wake(waiting)

    def handle(self, over: Callable[[], bool]) -> Any:
        """Return what to await until it is rung, or *over* returns true."""
        self.waiting.clear()  # what is left of one that was cancelled
        waiting = handle()
        self.waiting.append(waiting)
        if over():
            let_go(waiting)
        return waiting


class Halt:
    """Where the maker halted: for good at the end, or until more is asked for, after an error."""

    __slots__ = ("closing_error", "ends", "error")

    def __init__(
        self,
        error: BaseException | None,
        closing_error: BaseException | None = None,
        *,
        ends: bool = True,
    ) -> None:
        self.error = error
        self.closing_error = closing_error
        self.ends = ends


class Handover:
    """What was made and not taken yet: *most* of it, what was taken last included."""

    __slots__ = ("_batch", "_most", "closing", "entries", "halt", "limit", "room", "there")

    def __init__(self, most: int, batch: int | None, there: Any, room: Any) -> None:
        self.entries: deque[Any] = deque()
        self.there = there
        self.room = room
        self.closing = False
        self.halt: Halt | None = None  # what comes now: it is always the last entry
        self._most = self.limit = most  # with so many entries the maker waits
        self._batch = min(most, batch or max(1, most // 2))  # half, so that both have work to do

    # ---- the taker ---------------------------------------------------------------------------

    def take(self) -> list[Any]:
        """Return what is there, up to a batch, which counts until this is called again."""
        entries = self.entries
        n = min(len(entries), self._batch)
        items = list(itertools.starmap(entries.popleft, itertools.repeat((), n)))
        if not n:
            return items
        if type(items[-1]) is Halt:
            self.halt = items.pop()
        if not self.closing:
            self.limit = self._most - n + 1  # one of them is delivered at once
        if len(entries) <= self.limit // 2:
            self.room.ring()
        return items

    def is_there(self) -> bool:
        """Whether there is something to take. It is asked with the deque locked: see above."""
        try:
            self.entries[0]
        except IndexError:
            return False
        return True

    def stop(self) -> None:
        """Have the maker end: nothing more is taken. From whatever thread, and a ``__del__``."""
        self.closing = True
        self.limit = 0
        self.room.ring()

    def is_over(self) -> bool:
        """Whether the maker has ended; for who has told it to. What it made is dropped."""
        while (self.halt is None or not self.halt.ends) and self.is_there():
            entry = self.entries.popleft()
            if type(entry) is Halt:
                self.halt = entry
        return self.halt is not None and self.halt.ends

    # ---- the maker ---------------------------------------------------------------------------

    def is_roomy(self) -> bool:
        """Whether who waited for room may go on, if only to end."""
        return self.closing or len(self.entries) <= self.limit // 2

    def is_taken(self) -> bool:
        """Whether all was taken, or the maker has to end."""
        return self.closing or not self.entries

    def put_last(self, halt: Halt) -> None:
        """Say that this was all, or for now."""
        self.entries.append(halt)
        self.there.ring()
