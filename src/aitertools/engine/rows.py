"""Rows: one item of each source, which are asked side by side.

What comes of it is what comes when they are asked one after the other, in whatever order they
answer: the first source that has no item says what happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import _core
from .intakes import Intake, Reader
from .operator import END, PENDING
from .outcomes import Failed

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Rows", "RowsToTheLongest"]


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
        row = self._row
        self._ask()
        for i in range(self._filled, len(row)):
            item = row[i]
            if item is PENDING:
                return PENDING
            if type(item) is Failed:
                self._ask_again(i)
                raise item.error
            if item is END and not self._go_on_after_end(i):
                return END
            if item is not END and self._checks:
                return self._mismatch(i, "longer")
            self._filled = i + 1
        return END if self._checks else self._deliver()

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

    def _go_on_after_end(self, i: int) -> bool:
        """Source *i* has ended: whether to look at the others."""
        if self._strict and i > 0 and not self._checks:
            self._mismatch(i, "shorter")
            return False
        self._checks = self._strict
        return self._strict

    def _mismatch(self, i: int, how: str) -> Any:
        before = " " if i == 1 else "s 1-"
        self._error = ValueError(f"zip() argument {i + 1} is {how} than argument{before}{i}")
        return END

    def _deliver(self) -> Any:
        row, n = tuple(self._row), len(self._row)
        self._row[:] = [PENDING] * n
        self._due.extend(range(n))
        self._filled = 0
        return row

    async def aclose(self) -> None:
        """Close the sources; then raise what is wrong with their lengths."""
        error, self._error = self._error, None
        try:
            try:
                await super().aclose()
            except BaseException as later:
                if error is None or not isinstance(later, Exception):
                    raise
                _core.chain_errors(error, later)
            if error is not None:
                raise error
        finally:
            del error  # it leads to this frame


class RowsToTheLongest(Rows):
    """Rows up to the end of the longest source; *fillvalue* stands for those that have ended."""

    __slots__ = ("_ended", "_fillvalue")

    def __init__(self, sources: Sequence[Stream[Any]], fillvalue: Any) -> None:
        super().__init__(sources)
        self._fillvalue = fillvalue
        self._ended = 0  # so many of the slots that were looked at have no item

    def _go_on_after_end(self, i: int) -> bool:
        self._ended += 1
        return self._ended < len(self._row)

    def _deliver(self) -> Any:
        live = [i for i, item in enumerate(self._row) if item is not END]
        row = tuple(self._fillvalue if item is END else item for item in self._row)
        for i in live:
            self._ask_again(i)
        self._filled = self._ended = 0
        return row
