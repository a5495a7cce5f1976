"""Bridge: between event loops and threads, files, processes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Awaitable, Iterable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, overload

from .. import _core, engine
from ..engine.checks import check_count
from .synced import SyncStream
from .types import T, T_co

if TYPE_CHECKING:
    from . import Stream

Block_co = TypeVar("Block_co", bound=str | bytes, covariant=True)


class FileOf(Protocol[Block_co]):
    """What the types can see of a file, an async one as well."""

    def read(self, size: int, /) -> Block_co | Awaitable[Block_co]:  # noqa: D102 -- theirs
        ...


Path: TypeAlias = str | os.PathLike[str]
Blocks: TypeAlias = FileOf[Block_co] | AsyncIterable[Block_co] | Iterable[Block_co]

LIMIT = 1 << 20
"""How long a line may be, if nothing is said."""


class Bridge(Generic[T_co]):
    """The methods of a stream that lead out of its event loop, or in from outside."""

    __slots__ = ()

    def to_sync(self, prefetch: int = 64) -> SyncStream[T_co]:
        """Return an ordinary iterator over the stream, for code without an event loop.

        >>> async def fetch(page):
        ...     await asyncio.sleep(0)
        ...     return page * 10
        >>> with ait.range(4).map(fetch).to_sync() as pages:
        ...     for page in pages:
        ...         print(page)
        0
        10
        20
        30

        A thread of its own runs the stream on an event loop of its own, asyncio's, from the first
        ``next()`` on, in a copy of the context of that call. It reads up to *prefetch* items ahead,
        and hands over what is there. The calling thread blocks until there is something; where it
        runs an event loop that would be blocked, that is a RuntimeError.

        Errors come in their place; asked again, it goes on as the stream does. ``with``, or
        ``close()``, closes the stream in its thread and returns when that is done. Left open, it is
        closed when it is collected, with a ResourceWarning; it does not keep the process. A
        KeyboardInterrupt while it waits loses nothing: go on, or close it. Raises ValueError if
        *prefetch* is less than one.

        Source: ``asyncio.Runner``; asynkit's ``aiter_sync``.
        """
        return SyncStream(_core.source(self), check_count(prefetch, "to_sync", "prefetch"))

    @overload
    def lines(
        self: Bridge[str | bytes],
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: str | bytes | None = None,
        keepends: bool = False,
        limit: int = LIMIT,
    ) -> Stream[str]: ...
    @overload
    def lines(
        self: Bridge[bytes],
        *,
        encoding: None,
        newline: str | bytes | None = None,
        keepends: bool = False,
        limit: int = LIMIT,
    ) -> Stream[bytes]: ...
    def lines(
        self: Bridge[Any],
        *,
        encoding: str | None = "utf-8",
        errors: str = "strict",
        newline: str | bytes | None = None,
        keepends: bool = False,
        limit: int = LIMIT,
    ) -> Stream[Any]:
        r"""Deliver the lines of blocks of text, or of bytes, wherever these were cut.

        >>> run(stream([b"one\r", b"\ntw", b"o\nthree"]).lines().list())
        ['one', 'two', 'three']

        See :func:`lines`, which reads files as well.
        """
        split = engine.Lines(encoding, errors, newline, keepends, limit).split
        return _core.lines(self, split)


def from_thread(iterable: Iterable[T], *, batch: int | None = None, buffer: int = 256) -> Stream[T]:
    """Read an ordinary iterable whose ``next()`` blocks, in a thread of its own.

    >>> import contextlib, sqlite3
    >>> def rows():
    ...     with contextlib.closing(sqlite3.connect(":memory:")) as database:
    ...         yield from database.execute("select 3, 9 union select 4, 16")
    >>> run(from_thread(rows()).list())
    [(3, 9), (4, 16)]

    One thread does all of it, from ``iter()`` and the first ``next()`` to the last, and the
    ``close()``, if the iterator has one: what is bound to the thread that made it can be made and
    used in a generator. It begins with the first pull, in a copy of the context of that.

    The thread reads up to *buffer* items ahead, and then waits until half of that is free. What is
    there when the consumer asks is handed over at once, up to *batch* items (half of the buffer, if
    not given); nobody waits for a batch to fill. A consumer that waits is woken by the first item.

    Cancel-safe: a cancelled pull loses nothing. Closing drops what was read ahead, has the thread
    close the iterator after the ``next()`` that it is in, and returns when that is done; the event
    loop goes on meanwhile. Where a ``next()`` never returns, it waits for ever: cancel it (again,
    if a cancellation led to it), and the thread, a daemon, is left behind. Under trio a cancelled
    close does not wait. An error comes after the items before it, and ends the stream.

    Raises TypeError if *iterable* cannot be iterated, ValueError if *batch* or *buffer* is less
    than one.

    Source: trio's and anyio's ``to_thread``, with the adaptive batches that trio's issue 1344 asks
    for.
    """
    made: Stream[T] = engine.reading(iterable, batch, buffer)
    return made


@overload
def lines(
    source: Path | Blocks[str | bytes],
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
    newline: str | bytes | None = None,
    keepends: bool = False,
    limit: int = LIMIT,
) -> Stream[str]: ...
@overload
def lines(
    source: Path | Blocks[bytes],
    *,
    encoding: None,
    newline: str | bytes | None = None,
    keepends: bool = False,
    limit: int = LIMIT,
) -> Stream[bytes]: ...
def lines(
    source: Any,
    *,
    encoding: str | None = "utf-8",
    errors: str = "strict",
    newline: str | bytes | None = None,
    keepends: bool = False,
    limit: int = LIMIT,
) -> Stream[Any]:
    r"""Deliver the lines of a file, of the output of a process, or of blocks cut anywhere.

        source   ab\nc  d\ne   |
        lines    ab     cd    e|

    >>> from io import BytesIO
    >>> run(lines(BytesIO(b"one\r\ntwo\nthree")).list())
    ['one', 'two', 'three']
    >>> async def main():
    ...     echo = await asyncio.create_subprocess_exec("echo", "hello", stdout=-1)
    ...     return await lines(echo.stdout).list(), await echo.wait()
    >>> asyncio.run(main())
    (['hello'], 0)

    *source* is a path; an open file, or what has a ``read`` as files do, ``async`` or not (the
    ``stdout`` of an asyncio process); or an iterable, async or not, of blocks of bytes or str, such
    as an HTTP response has. Files are read in a thread, as by :func:`from_thread`, up to 8 blocks
    of 64 KiB ahead; what is there is delivered, however little it is.

    Bytes are decoded as *encoding* and *errors* say; with None for *encoding* lines are bytes. With
    None for *newline*, ``\n``, ``\r\n`` and ``\r`` end a line, and all are ``\n`` if *keepends* has
    them kept; otherwise *newline* does, any ASCII string.

    A line longer than *limit* characters, or bytes, is a ValueError in its place, and its rest is
    skipped, so memory is bounded; bytes that cannot be decoded are left out, with a
    UnicodeDecodeError. Asked again, it goes on behind them. Cancel-safe: nothing is lost. Closing
    closes the file, in its thread.

    Raises TypeError if *source* is something else, LookupError for an unknown *encoding*,
    ValueError if *limit* is less than one.

    Source: :func:`open` and :meth:`str.splitlines`.
    """
    split = engine.Lines(encoding, errors, newline, keepends, limit).split
    return _core.lines(engine.blocks_of(source, "lines"), split)


@overload
def chunks(source: Path, size: int) -> Stream[bytes]: ...
@overload
def chunks(source: Blocks[Block_co], size: int) -> Stream[Block_co]: ...
def chunks(source: Any, size: int) -> Stream[Any]:
    """Deliver a file, or blocks cut anywhere, in chunks of *size* bytes, or characters.

        source     abc d efgh |
        chunks 4       abcd   efgh|

    >>> run(chunks([b"abc", b"d", b"efghi"], 4).list())
    [b'abcd', b'efgh', b'i']

    The last one may be shorter. *source* is as for :func:`lines`; a path is read as bytes.
    Cancel-safe: nothing is lost. Closing closes the file, in its thread. Raises TypeError if
    *source* is something else, ValueError if *size* is less than one.

    Source: Node's and Pekko's framing of byte streams. See also :meth:`Stream.batched`, for items.
    """
    return _core.chunks(engine.blocks_of(source, "chunks"), engine.Chunks(size).split)
