"""SyncStream: a stream for code without an event loop."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Self

from .. import _core, runtime
from .types import T_co

if TYPE_CHECKING:
    from types import TracebackType

    from . import Stream


class SyncStream(Generic[T_co]):
    """An ordinary iterator over a stream, which another thread runs: :meth:`Stream.to_sync`.

    ``with`` closes it at the end of the block.
    """

    __slots__ = ("__weakref__", "_items", "_label", "_reader")

    def __init__(self, stream: Stream[T_co], prefetch: int) -> None:
        self._label = repr(stream).removeprefix("<Stream ").removesuffix(">")
        self._items: Iterator[T_co] = iter(())  # what was handed over and not asked for
        self._reader = runtime.LoopReader(stream, "to_sync", prefetch)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T_co:
        for item in self._items:
            return item
        self._items = iter(self._reader.more())
        for item in self._items:
            return item
        raise StopIteration

    def close(self) -> None:
        """Close the stream, in its thread, and return when that is done. Idempotent.

        >>> numbers = ait.count().to_sync()
        >>> next(numbers), numbers.close(), next(numbers, "the end")
        (0, None, 'the end')

        Raises what closing the stream raises. Interrupted by a KeyboardInterrupt, it can be called
        again; where the calling thread runs an event loop it does not wait.
        """
        self._reader.stop()  # first: who asks meanwhile gets nothing from behind what is dropped
        self._items = iter(())
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the stream; an error of that never masks the one that led here."""
        try:
            self.close()
        except Exception as error:
            if exc is None:
                raise
            _core.chain_errors(exc, error)

    def __repr__(self) -> str:
        return f"<SyncStream {self._label}>"

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if is_finalizing():  # there are no globals any more, and no thread that could do it
            return
        reader: Any = getattr(self, "_reader", None)  # None: it could not be made
        if reader is not None and reader.is_open():
            reader.stop()
            warnings.warn(f"left open: {self!r}", ResourceWarning, stacklevel=2, source=self)
