"""Pushable: a stream of what callbacks bring."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeAlias

from .. import _core, runtime
from ..engine.checks import check_callable, check_count
from .types import T

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from . import Stream

PushOverflow: TypeAlias = Literal["wait", "drop_oldest", "drop_newest"]


class Pushable(Generic[T]):
    """What callbacks push into, from any thread, and one consumer reads; of :func:`from_callbacks`.

    ``async for`` reads it, and ``stream(pushable)`` is a stream of it. ``async with`` closes it at
    the end of the block.
    """

    __slots__ = ("__weakref__", "_on_close", "_queue", "_stream")

    def __init__(self, queue: _core.Queue[T], on_close: Callable[[], object] | None) -> None:
        self._queue = queue
        self._on_close = on_close
        self._stream: Stream[T] = _core.on_close(_core.source(queue, "from_callbacks"), self._close)

    def push(self, item: T) -> bool:
        """Hand *item* over; return whether it was taken: False when the stream is over.

        >>> async def main():
        ...     events = ait.from_callbacks(buffer=2)
        ...     taken = [events.push("a"), events.push("b"), events.finish(), events.push("c")]
        ...     return taken, await stream(events).list()
        >>> run(main())
        ([True, True, True, False], ['a', 'b'])

        It may be called from any thread. When the buffer is full, and nothing is to be dropped, it
        waits for room, and in a thread that runs an event loop, which must not wait, raises
        QueueFull.
        """
        queue = self._queue
        try:
            queue.put_nowait(item)
        except runtime.QueueShutDown:
            return False
        except runtime.QueueFull:
            if runtime.in_loop():
                raise
        else:
            return True
        try:
            queue.sync.put(item)
        except runtime.ERRORS[-1]:
            return False
        return True

    def fail(self, error: BaseException | type[BaseException]) -> bool:
        """End the stream with *error*, after what was pushed; False if it was over already.

        >>> events = ait.from_callbacks()
        >>> events.push(1), events.fail(ConnectionError("lost")), events.finish()
        (True, True, False)
        >>> run(stream(events).catch(ConnectionError, str).list())
        [1, 'lost']

        It may be called from any thread. Raises TypeError if *error* is not an exception,
        or is StopIteration or StopAsyncIteration: for these there is :meth:`finish`.
        """
        kind: Any = error if isinstance(error, type) else type(error)
        if not issubclass(kind, BaseException):
            raise TypeError(f"fail(): error must be an exception, not {kind.__name__}")
        if issubclass(kind, StopAsyncIteration | StopIteration):
            raise TypeError(f"fail(): error must not be a {kind.__name__}, which means the end")
        return self._end(error)

    def finish(self) -> bool:
        """End the stream after what was pushed; False if it was over already.

        >>> events = ait.from_callbacks()
        >>> events.push(1), events.finish(), run(stream(events).list())
        (True, True, [1])

        It may be called from any thread.
        """
        return self._end(None)

    def __aiter__(self) -> Stream[T]:
        """Return the stream, always the same."""
        return self._stream

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close the stream: what was pushed and not read is dropped, and *on_close* called."""
        return self._stream.aclose()

    async def __aenter__(self) -> Self:
        """Return the object itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the stream; an error of that never masks the one that led here."""
        try:
            await self.aclose()
        except Exception as error:
            if exc is None:
                raise
            _core.chain_errors(exc, error)

    def __repr__(self) -> str:
        return f"<Pushable with {self._queue.qsize()} items>"

    def _end(self, error: BaseException | type[BaseException] | None) -> bool:
        if self._queue.is_shutdown:
            return False
        self._queue.shutdown(error=error)
        return True

    def _close(self) -> object:
        self._queue.shutdown(immediate=True)
        return None if self._on_close is None else self._on_close()


def from_callbacks(
    *,
    buffer: int = 1024,
    overflow: PushOverflow = "wait",
    on_dropped: Callable[[T], object] | None = None,
    on_close: Callable[[], object] | None = None,
) -> Pushable[T]:
    """Make what a callback can push items into, and ``async for`` can read.

    >>> async def main():
    ...     sensor = {}
    ...     async with ait.from_callbacks(on_close=sensor.clear) as readings:
    ...         sensor["callback"] = readings.push
    ...         for value in (20.5, 20.7):
    ...             sensor["callback"](value)
    ...         head = await stream(readings).head(2)
    ...     return head, sensor
    >>> run(main())
    ([20.5, 20.7], {})

    :meth:`Pushable.push`, :meth:`~Pushable.fail` and :meth:`~Pushable.finish` may be called from
    any thread, and return whether the stream still took it: they raise nothing when it is over,
    so that a callback that comes late does no harm.

    It holds *buffer* items. *overflow* says what becomes of one more: ``push`` waits for room (in
    a thread that runs an event loop it raises QueueFull), or the oldest item is dropped, or the
    newest; *on_dropped* is called with each item that is dropped, its errors go to
    :func:`sys.unraisablehook`.

    *on_close* is called once when the stream is closed, at its end as well, and awaited if it is
    async: that is where a subscription is removed. What was pushed and not read then is dropped. A
    cancelled pull loses nothing.

    Raises ValueError if *buffer* is less than one, or *overflow* is something else.

    Source: Swift's ``AsyncStream.makeStream()``, Kotlin's ``callbackFlow``; a :class:`Queue` does
    the work.
    """
    most = check_count(buffer, "from_callbacks", "buffer")
    if overflow not in ("wait", "drop_oldest", "drop_newest"):
        raise ValueError(
            "from_callbacks(): overflow must be 'wait', 'drop_oldest' or 'drop_newest',"
            f" not {overflow!r}"
        )
    for callback in (on_dropped, on_close):
        if callback is not None:
            check_callable(callback, "from_callbacks")
    return Pushable(_core.Queue(most, overflow=overflow, on_dropped=on_dropped), on_close)
