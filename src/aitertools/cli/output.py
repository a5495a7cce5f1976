"""JSON lines: items as bytes, and a thread that writes them in order."""

from __future__ import annotations

import asyncio
import collections.abc as abc
import dataclasses
import datetime
import decimal
import enum
import json
import os
import threading
import uuid
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from aitertools import Queue, QueueShutDown

__all__ = ["Writer", "to_descriptor", "to_json"]

WAITING = 1000
"""How many lines may wait for the thread; then the pipeline waits."""

NAMED = (PurePath, decimal.Decimal, uuid.UUID)


def to_json(item: object) -> bytes:
    """Return an item as one line of JSON, without its newline.

    >>> to_json({"name": "Grüße", "day": datetime.date(2025, 5, 1), "tags": {1}})
    b'{"name": "Gr\\xc3\\xbc\\xc3\\x9fe", "day": "2025-05-01", "tags": [1]}'

    Dataclasses are objects; sets and other iterables lists; dates, paths, decimals and UUIDs strings.
    Anything else, and NaN, raises what :func:`json.dumps` does.
    """
    text = json.dumps(item, default=_plain, ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(item, default=_plain, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, NAMED):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, abc.Mapping):
        return dict(value)
    if isinstance(value, abc.Set | abc.Sequence) and not isinstance(value, abc.ByteString):
        return list(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def to_descriptor(descriptor: int) -> Callable[[bytes], None]:
    """Return a function that writes all of what it is given; it blocks until somebody reads."""

    def write(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return write


class Writer:
    """Writes lines in their order, in a thread of its own: who reads slowly holds up no event loop.

    What has come together while the thread was writing is written at once.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._lines: Queue[bytes] = Queue(WAITING)
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._error: OSError | None = None
        # A daemon: a reader that never reads again must not keep a process that is aborted.
        threading.Thread(target=self._work, name="aitertools output", daemon=True).start()

    async def put(self, line: bytes) -> None:
        """Have a line written, as soon as there is room for it; or raise why none can be."""
        try:
            await self._lines.put(line)
        except QueueShutDown:
            raise self._error or RuntimeError("the writer is closed") from None

    async def aclose(self) -> None:
        """Wait until all is written, or raise why it cannot be."""
        self._lines.shutdown()
        await self._ended.wait()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        take = self._lines.sync.get_many
        try:
            while True:
                self._write(b"".join(line + b"\n" for line in take(WAITING)))
        except QueueShutDown:
            pass  # all is written
        except OSError as error:
            self._error = error
            self._lines.shutdown(immediate=True)
        finally:
            self._tell()

    def _tell(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ended.set)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return
