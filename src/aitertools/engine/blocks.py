"""Blocks: what files and the like are read in."""

from __future__ import annotations

import inspect
import io
import os
from functools import partial
from typing import Any

from .. import _core
from .threaded import reading

__all__ = ["blocks_of"]

SIZE = 1 << 16
AHEAD = 8  # blocks
BYTES: Any = bytes | bytearray | memoryview


def blocks_of(source: Any, name: str) -> Any:
    """Return a stream of blocks, str or bytes, of a path, a file, or what has them already."""
    if isinstance(source, BYTES):
        kind = type(source).__name__
        raise TypeError(f"{name}(): a path, a file, or blocks are expected, not {kind}")
    if isinstance(source, str | os.PathLike):
        return _in_thread(_PathBlocks(source))
    read = getattr(source, "read", None)
    if not callable(read):
        return _core.source_for(source, name)
    if inspect.iscoroutinefunction(read):
        return _awaited(source, read)
    return _in_thread(_FileBlocks(source))


def _in_thread(blocks: _FileBlocks) -> Any:
    return reading(blocks, None, AHEAD, label=blocks.label)


def _awaited(file: Any, read: Any) -> Any:
    blocks = _core.calls(partial(read, SIZE), _Nothing())
    close = getattr(file, "aclose", None) or getattr(file, "close", None)
    return blocks if close is None else _core.on_close(blocks, close)


class _Nothing:
    """Equal to what a file that is at its end returns."""

    def __eq__(self, other: object) -> bool:
        return not other

    __hash__ = None  # type: ignore[assignment]


class _FileBlocks:
    """What is in a file, as soon as it is there."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.label = f"read({type(file).__name__})"
        if isinstance(file, io.TextIOBase):
            self._read = file.readline  # read() would wait until it has so much
        else:
            self._read = getattr(file, "read1", file.read)

    def __iter__(self) -> _FileBlocks:
        return self

    def __next__(self) -> Any:
        block = self._read(SIZE)
        if not block:
            raise StopIteration
        return block

    def close(self) -> None:
        """Close the file; by the thread that read it, after that."""
        self._file.close()


class _PathBlocks(_FileBlocks):
    """The same for a path, which is opened when it is read."""

    def __init__(self, path: Any) -> None:
        self._path = path
        self._file: Any = None
        self.label = f"read({os.fspath(path)!r})"

    def __next__(self) -> Any:
        if self._file is None:
            self._file = open(self._path, "rb", buffering=0)  # noqa: PTH123, SIM115
            self._read = self._file.read
        return super().__next__()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
