"""Lines: bytes, as they come, into lines of a bounded size."""

from __future__ import annotations

import re

__all__ = ["Line", "Lines"]

Line = tuple[int, bytes | None]
"""Its number, and what is in it: None if that was too long."""

_ANY_BREAK = re.compile(rb"\r\n|\r|\n")


class Lines:
    r"""Makes lines of chunks of bytes; with *cr* a carriage return ends one as well.

    >>> lines = Lines(3)
    >>> lines.feed(b"a\nb"), lines.feed(b"c\nlonger"), lines.feed(b"\nd"), lines.rest()
    ([(1, b'a')], [(2, b'bc'), (3, None)], [], [(4, b'd')])

    A line longer than *max_size* is told as soon as that is known, and its end is skipped.
    """

    def __init__(self, max_size: int | None, *, cr: bool = False) -> None:
        self._max_size = max_size
        self._cr = cr
        self._parts: list[bytes] = []  # of the line that has not ended yet
        self._size = 0
        self._number = 1  # of that line
        self._is_skipping = False  # the rest of that line, which is too long
        self._after_cr = False  # a line feed that comes first belongs to it

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that end in *chunk*."""
        lines: list[Line] = []
        if self._cr:
            first, *others = self._split(chunk)
        else:
            first, *others = chunk.split(b"\n")
        self._add(first, lines)
        for part in others:
            self._end(lines)
            self._add(part, lines)
        return lines

    def rest(self) -> list[Line]:
        """Return the last line, if nothing ended it."""
        lines: list[Line] = []
        if self._parts:
            self._end(lines)
        return lines

    def _split(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._after_cr |= chunk.endswith(b"\r")
        return _ANY_BREAK.split(chunk)

    def _add(self, part: bytes, lines: list[Line]) -> None:
        if self._is_skipping or not part:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._max_size is not None and self._size > self._max_size:
            self._is_skipping = True
            self._parts.clear()
            lines.append((self._number, None))

    def _end(self, lines: list[Line]) -> None:
        if not self._is_skipping:
            lines.append((self._number, b"".join(self._parts)))
        self._is_skipping = False
        self._parts.clear()
        self._size = 0
        self._number += 1
