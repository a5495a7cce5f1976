"""Latest: what each source has delivered last, whenever that changes, or when another asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .intakes import Intake, Reader, Turns
from .operator import END, PENDING

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["WithLatest", "ZipLatest"]

MISSING: Any = object()
"""Where no item has come yet."""

AHEAD = 100  # times


class ZipLatest(Turns):
    """A tuple of the latest items, at each of them, once there is one of each source.

    Until then, a source that has delivered is not asked for more: nothing is left out.
    """

    __slots__ = ("_early", "_latest", "_missing")

    def __init__(self, sources: Iterable[Stream[Any]]) -> None:
        super().__init__()
        for i, source in enumerate(sources):
            self.begin(source, i)
        self._missing = len(self._open)
        self._latest = [MISSING] * self._missing
        self._early: list[Intake] = []  # those that have delivered before the others have

    def poll(self) -> Any:
        line = self._line
        while line:
            intake = line.popleft()
            try:
                item = intake.take()
            except BaseException:
                line.append(intake)
                raise
            if item is PENDING:
                continue
            i = self._open[intake]
            if item is END:
                if self._latest[i] is MISSING:
                    return END
                self.leave(intake)
                continue
            is_first, self._latest[i] = self._latest[i] is MISSING, item
            if is_first:
                self._began(intake)
            else:
                line.append(intake)
            if not self._missing:
                return tuple(self._latest)
        return PENDING if self._open else END

    def _began(self, intake: Intake) -> None:
        """Take note that it has delivered its first item."""
        self._early.append(intake)
        self._missing -= 1
        if not self._missing:
            self._line.extend(self._early)
            self._early.clear()


class WithLatest(Reader):
    """The items of *source*, each with the latest of *others*; it waits until there are such.

    The others are read ahead. One that has to be waited for is asked again when its item has come,
    one that is ready at once for each item that is delivered; when there is none to be delivered
    just now, several times, but no more than that: it could go on for ever.
    """

    __slots__ = (
        *("_ahead", "_asks", "_due", "_item", "_latest", "_missing", "_news", "_ready"),
        "_source",
    )

    def __init__(self, source: Stream[Any], others: Iterable[Stream[Any]]) -> None:
        super().__init__()
        self._source = self.open(source, self._arrived)
        self._asks = True  # the source has to be asked
        self._item: Any = MISSING  # waits for those of the others
        self._news: deque[Intake] = deque()  # others whose item has come
        self._due: deque[Intake] = deque()  # others to be asked
        self._ready: list[Intake] = []  # others that were, and had an item on the spot
        self._ahead = AHEAD  # how often these may be asked yet before an item is delivered
        for i, other in enumerate(others):
            self._begin(other, i)
        self._missing = len(self._due)
        self._latest = [MISSING] * self._missing

    def _begin(self, other: Stream[Any], i: int) -> None:
        def arrived() -> None:
            self._news.append(intake)
            self.wake()

        intake = self.open(other, arrived, i)
        self._due.append(intake)

    def _arrived(self) -> None:
        self._asks = True
        self.wake()

    def poll(self) -> Any:
        if self._look() is END:
            return END
        if self._item is MISSING and self._asks:
            item = self._source.take()
            if item is END:
                return END
            if item is PENDING:
                self._asks = False
            else:
                self._item = item
        if self._item is MISSING or self._missing:
            return self._look_ahead()
        item, self._item = self._item, MISSING
        self._due.extend(self._ready)
        self._ready.clear()
        self._ahead = AHEAD
        return (item, *self._latest)

    def _look_ahead(self) -> Any:
        """Have those of the others that are ready give what they have, and wait; or END."""
        while self._ready and self._ahead:
            self._ahead -= 1
            self._due.extend(self._ready)
            self._ready.clear()
            if self._look() is END:
                return END
        return self.poll() if self._item is not MISSING and not self._missing else PENDING

    def _look(self) -> Any:
        """See what the others have; END: one will never have anything."""
        for queue in (self._news, self._due):
            while queue:
                intake = queue.popleft()
                try:
                    item = intake.take()
                except BaseException:
                    self._due.append(intake)
                    raise
                if item is PENDING:
                    continue
                i = self._open[intake]
                if item is END:
                    if self._latest[i] is MISSING:
                        return END
                    self.leave(intake)
                    continue
                self._missing -= self._latest[i] is MISSING
                self._latest[i] = item
                (self._due if queue is self._news else self._ready).append(intake)
        return None

    def forget(self) -> None:
        """Let go of the sources."""
        self._news.clear()
        self._due.clear()
        self._ready.clear()
        super().forget()
