"""Splitting blocks, cut anywhere, into lines or into chunks of one size: pure state machines.

events   split(block) -> pieces   what is whole now; errors among them, each in its place
         split() -> pieces        the source is at its end: what is left
"""

from __future__ import annotations

import codecs
from typing import Any

from .checks import check_count

__all__ = ["Chunks", "Lines"]

END: Any = object()
BUFFERS: Any = bytearray | memoryview

PIECE = 1024
"""So much is decoded at once where there are errors: each has a copy of all of it at first."""
NEAR = 16
"""So much is kept with an error, before and after what it is about."""


class _Blocks:
    """Sees that all blocks are of one type, bytes or str."""

    __slots__ = ("_empty", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._empty: Any = None  # of that type, once it is known

    def _checked(self, block: Any) -> Any:
        if isinstance(block, BUFFERS):
            block = bytes(block)
        if not isinstance(block, bytes | str):
            kind = type(block).__name__
            raise TypeError(f"{self._name}(): blocks must be bytes or str, not {kind}")
        return block

    def _meet(self, block: Any) -> None:
        """See that *block* is of the type of those before it."""
        if self._empty is None:
            self._begin(block)
        elif not isinstance(block, type(self._empty)):
            kind, before = type(block).__name__, type(self._empty).__name__
            raise TypeError(f"{self._name}(): a block of {kind} after blocks of {before}")

    def _begin(self, block: Any) -> None:
        self._empty = block[:0]


class Lines(_Blocks):
    """Lines of at most *limit* characters, or bytes; of one that is longer the rest is skipped."""

    __slots__ = (
        *("_after_cr", "_cr", "_decoder", "_keepends", "_limit", "_newline", "_parts", "_size"),
        *("_skips", "_tail", "_universal"),
    )

    def __init__(self, encoding: Any, errors: Any, newline: Any, keepends: Any, limit: Any) -> None:
        super().__init__("lines")
        decoder = None if encoding is None else codecs.getincrementaldecoder(encoding)
        if encoding is not None:
            "".encode(encoding)  # base64 and the like are known, and make no text
        codecs.lookup_error(errors)
        self._decoder: Any = None if decoder is None else decoder(errors)
        self._newline = _check_newline(newline)
        self._universal = newline is None
        self._keepends = bool(keepends)
        self._limit = check_count(limit, "lines", "limit")
        self._cr: Any = None
        self._after_cr = False  # the last block ended with one, which ended a line
        self._parts: list[Any] = []  # of the line that is not whole yet
        self._size = 0  # of these together
        self._skips = False  # that line is too long
        self._tail: Any = None  # what it ends with, if that may be the beginning of a newline

    def split(self, block: Any = END) -> list[Any]:
        """Return the lines that *block* completes."""
        if block is END:
            return self._flush()
        block = self._checked(block)
        if self._decoder is None or isinstance(block, str):
            return self._cut(block)
        return self._decoded(block, final=False)

    def _flush(self) -> list[Any]:
        lines = [] if self._decoder is None else self._decoded(b"", final=True)
        if self._parts:
            line = self._empty.join(self._parts)
            lines.append(line if len(line) <= self._limit else self._too_long())
        self._parts = []
        return lines

    # ---- decoding ----------------------------------------------------------------------------

    def _decoded(self, block: bytes, *, final: bool) -> list[Any]:
        """Return the lines of *block*; bytes that are no text are an error, and left out."""
        before = self._decoder.getstate()
        try:
            return self._cut(self._decoder.decode(block, final))
        except UnicodeDecodeError:
            self._decoder.setstate(before)
        lines: list[Any] = []
        for begin in range(0, len(block) or 1, PIECE):
            end = begin + PIECE
            lines += self._garbled(block[begin:end], final=final and end >= len(block))
        return lines

    def _garbled(self, block: bytes, *, final: bool) -> list[Any]:
        decoder = self._decoder
        lines: list[Any] = []
        while True:
            how = decoder.getstate()[1]
            try:
                return lines + self._cut(decoder.decode(block, final))
            except UnicodeDecodeError as error:
                # It tells of what the codec had: with bytes of the block before, without a mark.
                good, rest = error.object[: error.start], error.object[error.end :]
                decoder.setstate((b"", how))
                lines += self._cut(decoder.decode(good))
                lines.append(_shortened(error))
                decoder.setstate((b"", decoder.getstate()[1]))
                block = rest

    # ---- cutting -----------------------------------------------------------------------------

    def _begin(self, block: Any) -> None:
        super()._begin(block)
        self._tail = self._empty
        is_text = isinstance(block, str)
        self._cr = "\r" if is_text else b"\r"
        if isinstance(self._newline, str) and not is_text:
            self._newline = self._newline.encode("ascii")
        elif isinstance(self._newline, bytes) and is_text:
            self._newline = self._newline.decode("ascii")

    def _cut(self, text: Any) -> list[Any]:
        """Return the lines that *text* completes."""
        self._meet(text)
        if self._universal:
            text = self._translated(text)
        newline = self._newline
        edge = self._tail + text
        if newline not in edge:
            self._tail = edge[max(0, len(edge) - len(newline) + 1) :]
            return self._kept(text)
        whole = edge if self._skips else self._empty.join([*self._parts, text])
        lines = whole.split(newline)
        rest = lines.pop()
        if self._skips:
            del lines[0]
        self._skips = False
        self._parts, self._size = [], 0
        self._tail = rest[max(0, len(rest) - len(newline) + 1) :]
        return self._finished(lines, len(whole)) + self._kept(rest)

    def _finished(self, lines: list[Any], size: int) -> list[Any]:
        """Return the lines, together of that size, with their ends, or errors instead."""
        limit, end = self._limit, self._newline if self._keepends else self._empty
        if size > limit:
            return [line + end if len(line) <= limit else self._too_long() for line in lines]
        return [line + end for line in lines] if end else lines

    def _translated(self, text: Any) -> Any:
        """Make every end of a line a newline; one may be cut in two."""
        if not text:
            return text
        newline, cr = self._newline, self._cr
        if self._after_cr and text.startswith(newline):
            text = text[1:]
        self._after_cr = text.endswith(cr)
        return text.replace(cr + newline, newline).replace(cr, newline) if cr in text else text

    def _kept(self, part: Any) -> list[Any]:
        """Keep *part* for the line that is not whole yet."""
        if self._skips or not part:
            return []
        self._parts.append(part)
        self._size += len(part)
        if self._size < self._limit + len(self._newline):  # some of it may be of the newline
            return []
        self._skips = True
        self._parts = []
        return [self._too_long()]

    def _too_long(self) -> ValueError:
        return ValueError(f"lines(): a line is longer than {self._limit}")


def _shortened(error: UnicodeDecodeError) -> UnicodeDecodeError:
    """Have it keep what is near, and not all that was to be decoded."""
    begin = max(0, error.start - NEAR)
    error.object = error.object[begin : error.end + NEAR]
    error.start -= begin
    error.end -= begin
    return error.with_traceback(None)


def _check_newline(newline: Any) -> Any:
    if newline is None:
        return "\n"
    if not isinstance(newline, str | bytes):
        kind = type(newline).__name__
        raise TypeError(f"lines(): newline must be str, bytes or None, not {kind}")
    if not newline:
        raise ValueError("lines(): newline must not be empty")
    if not newline.isascii():
        raise ValueError("lines(): newline must be ASCII")
    return newline


class Chunks(_Blocks):
    """Chunks of *size* characters, or bytes; the last may be shorter."""

    __slots__ = ("_have", "_parts", "_size")

    def __init__(self, size: Any) -> None:
        super().__init__("chunks")
        self._size = check_count(size, "chunks", "size")
        self._parts: list[Any] = []
        self._have = 0  # so much of them

    def split(self, block: Any = END) -> list[Any]:
        """Return the chunks that *block* completes."""
        if block is END:
            return [self._empty.join(self._parts)] if self._have else []
        block = self._checked(block)
        self._meet(block)
        self._parts.append(block)
        self._have += len(block)
        size = self._size
        if self._have < size:
            return []
        whole = self._empty.join(self._parts)
        end = self._have - self._have % size
        self._parts = [whole[end:]]
        self._have -= end
        return [whole[at : at + size] for at in range(0, end, size)]
