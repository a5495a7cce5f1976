"""Threaded: an ordinary iterator, read by a thread of its own while the consumer does others.

iterator --next()--> thread --entries--> take() --batch--> consumer
                       '-- waits, when there is no room, until half of it is free again
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import _core, runtime
from .checks import check_count
from .operator import END, PENDING, Operator, make

__all__ = ["reading"]


class Threaded(Operator):
    """What the thread of *reader*, begun when somebody asks, has read."""

    __slots__ = ("_over", "_reader")

    def __init__(self, reader: runtime.Reader) -> None:
        super().__init__()
        self._reader = reader
        self._over = False  # how it ended is told

    def poll(self) -> Any:
        """Deliver what is there."""
        handover = self._reader.handover
        if handover.halt is None and (batch := handover.take()):
            return batch
        if handover.halt is None:
            self._reader.begin()
            return PENDING
        self._tell(handover.halt.error, handover.halt.closing_error)
        return END

    def wait(self) -> Any:
        """Return what to await until there is something."""
        return self._reader.handle()

    async def aclose(self) -> None:
        """Return when the thread has closed what it reads. Cancelled, it is not waited for."""
        reader = self._reader
        if self._over or not reader.stop():
            return
        try:
            while not reader.handover.is_over():
                await reader.handle()
        except BaseException:
            reader.dismiss()
            raise
        halt = reader.handover.halt
        assert halt is not None
        self._tell(None, halt.closing_error)

    def dismiss(self) -> None:
        """Have the thread end; if it has, and that was heard, the thread itself tells no more."""
        if not self._over:
            self._reader.dismiss()

    def _tell(self, error: BaseException | None, closing_error: BaseException | None) -> None:
        """Raise what the thread ended with, once."""
        if self._over:
            return
        self._over = True
        if error is not None and closing_error is not None:
            _core.chain_errors(error, closing_error)
        if (first := error or closing_error) is not None:
            try:
                raise first
            finally:
                del first, error, closing_error  # its traceback holds this frame


def reading(iterable: Iterable[Any], batch: Any, buffer: Any, label: str | None = None) -> Any:
    """Return a stream of what a thread reads of *iterable*, up to *buffer* items ahead."""
    _check_iterable(iterable)
    most = check_count(buffer, "from_thread", "buffer")
    batch = None if batch is None else check_count(batch, "from_thread", "batch")
    if label is None:
        label = f"from_thread({getattr(iterable, '__name__', type(iterable).__name__)})"
    return make(Threaded(runtime.Reader(iterable, label, most, batch)), label, many=True)


def _check_iterable(obj: object) -> None:
    """See that *obj* can be iterated; only the thread asks it for its iterator."""
    kind = type(obj)
    if not hasattr(kind, "__iter__") and not hasattr(kind, "__getitem__"):
        raise TypeError(f"from_thread(): {kind.__name__!r} object is not iterable")
