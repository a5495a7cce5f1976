"""JSON lines: items as bytes, and a thread that writes them in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import decimal
import enum
import json
import os
import select
import sys
import threading
import uuid
from collections import abc
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, Self, TextIO

from aitertools import Queue, QueueShutDown

__all__ = ["OutputError", "Writer", "let_go", "say", "to_descriptor", "to_json"]

WAITING = 1000
"""How many lines may wait for the thread; then the pipeline waits."""

NAMED = (PurePath, decimal.Decimal, uuid.UUID)
MAPPING: Any = abc.Mapping
LISTS: Any = (abc.Set, abc.Sequence)
BYTES: Any = (bytes, bytearray, memoryview)


class OutputError(Exception):
    """The output cannot be written; its cause is an OSError."""


def to_json(item: object) -> bytes:
    r"""Return an item as one line of JSON, without its newline.

    >>> to_json({"name": "Grüße", "day": datetime.date(2025, 5, 1), "tags": {1}})
    b'{"name": "Gr\xc3\xbc\xc3\x9fe", "day": "2025-05-01", "tags": [1]}'

    Dataclasses are objects; sets and other iterables lists; dates, paths, decimals and UUIDs
    strings; enums their values. Anything else, and NaN, raises what :func:`json.dumps` does.
    """
    text = json.dumps(item, default=_plain, ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(item, default=_plain, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if _is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, NAMED):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, MAPPING):
        return dict(value)
    if isinstance(value, LISTS) and not isinstance(value, BYTES):
        return list(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _is_dataclass(value: Any) -> bool:
    """Whether it is one, and not the class itself."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def to_descriptor(descriptor: int) -> Callable[[bytes], None]:
    """Return a function that writes all of what it is given; it blocks until somebody reads."""

    def write(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                # Others may have it so: who reads stdin that way, if both are the same terminal.
                poll = select.poll()
                poll.register(descriptor, select.POLLOUT)
                poll.poll()

    return write


def let_go(file: TextIO) -> None:
    """Have a file whose other end is gone lead nowhere, for nobody to fail with it once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, file.fileno())
    os.close(nowhere)


def say(text: str) -> None:
    """Write it to stderr; if there is none, or nobody reads it, go on without."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            let_go(sys.stderr)


class Writer:
    """Writes lines in their order, in a thread of its own: who reads slowly holds up no event loop.

    What has come together while the thread was writing is written at once. Leaving the block waits
    until all is written, also after an error; after a cancellation it does not. If nothing can be
    written any more, *failed* is called at once, and leaving raises OutputError.
    """

    def __init__(self, write: Callable[[bytes], None], failed: Callable[[], None]) -> None:
        self._write = write
        self._failed = failed
        self._lines: Queue[bytes] = Queue(WAITING)
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._error: OSError | None = None

    async def __aenter__(self) -> Self:
        # A daemon: a reader that never reads again must not keep a process that is aborted.
        threading.Thread(target=self._work, name="aitertools output", daemon=True).start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._lines.shutdown()
        try:
            if kind is None or issubclass(kind, Exception):
                await self._ended.wait()
        finally:
            if self._error is not None:
                raise OutputError(self._error.strerror) from self._error

    async def put(self, line: bytes) -> None:
        """Have a line written, as soon as there is room for it."""
        await self._lines.put(line)

    def _work(self) -> None:
        take = self._lines.sync.get_many
        try:
            while True:
                self._write(b"".join(line + b"\n" for line in take(WAITING)))
        except QueueShutDown:
            pass
        except OSError as error:
            self._error = error
            self._lines.shutdown(immediate=True)
            self._tell(self._failed)
        finally:
            self._tell(self._ended.set)  # always: the cancellation may have been caught

    def _tell(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback)
