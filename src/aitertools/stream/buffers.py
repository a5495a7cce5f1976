"""Buffers: what is read while the consumer does something else, and what of it is delivered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, overload

from .. import engine
from .types import T, T_co

if TYPE_CHECKING:
    from . import Stream

BufferOverflow = Literal["wait", "drop_oldest", "drop_newest", "latest"]


class Buffers(Generic[T_co]):
    """The methods of a stream that read its items ahead."""

    __slots__ = ()

    @overload
    def buffer(self, n: int) -> Stream[T_co]: ...
    @overload
    def buffer(
        self,
        n: int | None = None,
        *,
        overflow: BufferOverflow,
        on_dropped: Callable[[T_co], object] | None = None,
    ) -> Stream[T_co]: ...
    def buffer(
        self,
        n: int | None = None,
        *,
        overflow: BufferOverflow = "wait",
        on_dropped: Callable[[T_co], object] | None = None,
    ) -> Stream[T_co]:
        """Read up to *n* items ahead, also while the consumer does something else.

            source    a b c d e f |
            buffer 2  a b     c   d e f |

        Here the consumer is busy for a while with b: meanwhile c and d are read, and the source
        waits before e.

        >>> run(stream(range(5)).buffer(2).list())
        [0, 1, 2, 3, 4]
        >>> async def main():
        ...     async with stream("abcde").buffer(2, overflow="drop_oldest") as letters:
        ...         return await letters.list()
        >>> run(main())
        ['d', 'e']

        *overflow* says what becomes of an item for which there is no room: the source has to
        ``wait``; or the oldest item in the buffer is dropped (``drop_oldest``), or the one that
        came (``drop_newest``). With ``latest`` only the newest item is kept, and *n* is one or left
        out. *on_dropped* is called with each item that is dropped; its error reaches the consumer.
        Errors are not dropped: they come in their place, and the reading goes on after them.

        One task does the reading, in a copy of the context of the first pull, with which it
        begins. A source that waited goes on when half of the buffer is free. Adjacent buffers
        that wait are one, with room for the items of both.

        Cancel-safe: a cancelled pull loses nothing. Closing cancels the task and drops what was
        read; the task closes the source. If somebody else cancels it, that is a RuntimeError, and
        the end. Under trio it is used inside of an ``async with`` of the stream. Raises ValueError
        if *n* is less than one.

        Source: Kotlin's ``buffer``, and its fusion; Pekko's ``buffer`` with OverflowStrategy.
        """
        made: Stream[Any] = engine.buffering(self, n, overflow, on_dropped)
        return made

    def prefetch(self, n: int = 1) -> Stream[T_co]:
        """Read up to *n* items ahead: the same as ``buffer(n)``.

        >>> run(stream("abc").prefetch().list())
        ['a', 'b', 'c']

        Raises, cancels, closes and fails as :meth:`buffer`.
        """
        made: Stream[Any] = engine.buffering(self, n, name="prefetch")
        return made

    @overload
    def conflate(self: Buffers[T], fold: Callable[[T, T], Awaitable[T]]) -> Stream[T]: ...
    @overload
    def conflate(self: Buffers[T], fold: Callable[[T, T], T]) -> Stream[T]: ...
    def conflate(self, fold: Callable[[Any, Any], Any]) -> Stream[Any]:
        """Fold what the consumer has not asked for yet into one value: ``fold(kept, item)``.

            source     1 2 3 4 5 |
            conflate + 1     9   5 |

        Here the consumer is busy for a while with the first one.

        >>> run(stream([1, 2, 3]).conflate(lambda kept, item: kept + item).list())
        [6]
        >>> orders = stream([("ann", 1), ("bob", 2), ("ann", 3)])
        >>> run(orders.map(lambda order: dict([order])).conflate(lambda a, b: a | b).list())
        [{'ann': 3, 'bob': 2}]

        The source is read all the time, by one task. An item whose *fold* fails is gone and the
        value stays as it was; an error comes between what is folded before and after it. While an
        async *fold* is under way the value it works on is not delivered.

        Cancel-safe: a cancelled pull loses nothing. Closing cancels the task, which closes the
        source, and drops the value.

        Source: Pekko's ``conflate``. See also ``buffer(overflow="latest")``.
        """
        made: Stream[Any] = engine.conflating(self, fold)
        return made

    def debounce(
        self, quiet: float | timedelta, *, on_dropped: Callable[[T_co], object] | None = None
    ) -> Stream[T_co]:
        """Deliver an item when none has followed it for *quiet* seconds.

            source      a b   c         d e |
            debounce 3       b   c          e|

        >>> run(stream("abc").debounce(0.1).list())
        ['c']

        The last one comes at the end, and the one before an error before that, without waiting.
        An item that comes just when the time is over does not hold up the one before it.
        *on_dropped* is called with each item that is not delivered; its error reaches the
        consumer.

        The source is pulled as long as the consumer waits, also when there is an item already; for
        a busy one the pull under way goes on, and its item counts from when it came. Cancel-safe: a
        cancelled pull loses nothing. Closing drops the item that waits. Raises ValueError if
        *quiet* is not positive.

        Source: Rx's, Kotlin's and Swift's ``debounce``.
        """
        made: Stream[T_co] = engine.debouncing(self, quiet, on_dropped)
        return made

    def sample(
        self, interval: float | timedelta, *, on_dropped: Callable[[T_co], object] | None = None
    ) -> Stream[T_co]:
        """Deliver the latest item every *interval* seconds, if there is a new one.

            source    a b   c         d e |
            sample 4      b   c           e|

        >>> run(stream("abc").sample(0.1).list())
        ['c']

        The time begins with the first pull. The last item comes at the end, and the one before an
        error before that, without waiting. An item that comes just at a tick is for the next one.
        *on_dropped* is called with each item that is not delivered; its error reaches the
        consumer.

        The source is read, a pull cancelled and the stream closed as by :meth:`debounce`. Raises
        ValueError if *interval* is not positive.

        Source: Rx's and Kotlin's ``sample``.
        """
        made: Stream[T_co] = engine.sampling(self, interval, on_dropped)
        return made
