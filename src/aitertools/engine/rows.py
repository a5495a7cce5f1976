"""Rows: one item of each source, which are asked side by side.

What comes of it is what comes when they are asked one after the other, in whatever order they
answer: the first source that has no item says what happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .. import _core
from .checks import check_distinct
from .intakes import Intake, Reader
from .operator import END, PENDING, make
from .outcomes import Failed

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Rows", "RowsToTheLongest", "zipping", "zipping_longest"]


class Rows(Reader):
    """Rows up to the end of the shortest source; *strict*: none may be longer."""

    __slots__ = ("_checks", "_due", "_error", "_filled", "_intakes", "_row", "_strict")

    def __init__(self, sources: Sequence[Stream[Any]], *, strict: bool = False) -> None:
        super().__init__()
        self._due: deque[int] = deque()  # to be asked, or with news
        self._intakes = [self._begin(source, i) for i, source in enumerate(sources)]
        self._row: list[Any] = [PENDING] * len(self._due)  # items, END, Failed
        self._filled = 0  # so many slots of the row have been looked at
        self._strict = strict
        self._checks = False  # the first source has ended, and so the others have to
        self._error: Exception | None = None  # comes when all is closed

    def _begin(self, source: Stream[Any], i: int) -> Intake:
        def arrived() -> None:
            self._due.append(i)
            self.wake()

        self._due.append(i)
        return self.open(source, arrived)

    def poll(self) -> Any:
        if self._error is not None:
            self._fail(self._error)
        row = self._row
        self._ask()
        for i in range(self._filled, len(row)):
            item = row[i]
            if item is PENDING:
                return PENDING
            if type(item) is Failed:
                self._ask_again(i)
                raise item.error
            if item is END and (answer := self._at_end(i)) is not None:
                return answer
            if item is not END and self._checks:
                return self._mismatch(i, "longer")
            self._filled = i + 1
        return END if self._checks else self._deliver()

    def _fail(self, error: Exception) -> NoReturn:
        """Raise what is wrong with the lengths; after that is the end."""
        self._error = None
        self._row.clear()
        self._due.clear()
        self._checks = True
        try:
            raise error
        finally:
            del error  # it leads to this frame

    def _ask(self) -> None:
        while self._due:
            i = self._due.popleft()
            try:
                self._row[i] = self._intakes[i].take()
            except BaseException as error:
                self._row[i] = Failed(error)

    def _ask_again(self, i: int) -> None:
        self._row[i] = PENDING
        self._due.append(i)

    def _at_end(self, i: int) -> Any:
        """Return what the end of source *i* means; None: that the others are looked at."""
        if self._strict and i > 0 and not self._checks:
            return self._mismatch(i, "shorter")
        self._checks = self._strict
        return None if self._strict else END

    def _mismatch(self, i: int, how: str) -> Any:
        before = " " if i == 1 else "s 1-"
        self._error = ValueError(f"zip() argument {i + 1} is {how} than argument{before}{i}")
        return PENDING

    def _deliver(self) -> Any:
        row, n = tuple(self._row), len(self._row)
        self._row[:] = [PENDING] * n
        self._due.extend(range(n))
        self._filled = 0
        return row

    def wait(self) -> Awaitable[object]:
        if self._error is None:
            return super().wait()
        return self._close_for(self._error)  # the stream is at its end: the error comes after that

    async def _close_for(self, error: Exception) -> None:
        """Close the sources; what fails there comes with *error*, and does not mask it."""
        try:
            await self.close([*self._open])
        except Exception as later:
            _core.chain_errors(error, later)


class RowsToTheLongest(Rows):
    """Rows up to the end of the longest source; *fillvalue* stands for those that have ended."""

    __slots__ = ("_ended", "_fillvalue")

    def __init__(self, sources: Sequence[Stream[Any]], fillvalue: Any) -> None:
        super().__init__(sources)
        self._fillvalue = fillvalue
        self._ended = 0  # so many of the slots that were looked at have no item

    def _at_end(self, i: int) -> Any:
        self._ended += 1
        return None if self._ended < len(self._row) else END

    def _deliver(self) -> Any:
        live = [i for i, item in enumerate(self._row) if item is not END]
        row = tuple(self._fillvalue if item is END else item for item in self._row)
        for i in live:
            self._ask_again(i)
        self._filled = self._ended = 0
        return row


def zipping(sources: Sequence[Any], *, strict: bool) -> Any:
    """Return a stream of the rows of *sources*."""
    streams = _streams("zip", sources)
    return make(Rows(streams, strict=strict), "zip", *streams)


def zipping_longest(sources: Sequence[Any], fillvalue: Any) -> Any:
    """Return a stream of the rows of *sources*, to the end of the longest."""
    streams = _streams("zip_longest", sources)
    return make(RowsToTheLongest(streams, fillvalue), "zip_longest", *streams)


def _streams(name: str, sources: Sequence[Any]) -> list[Stream[Any]]:
    streams = [_core.source_for(source, name) for source in sources]
    check_distinct(streams, name)
    return streams
