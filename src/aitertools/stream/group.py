"""Group: several adjacent items become one; or one stream becomes several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, overload

from .. import _core, engine
from .types import Predicate, T_co, U

if TYPE_CHECKING:
    from . import Stream


class Group(Generic[T_co]):
    """The methods of a stream that group items."""

    __slots__ = ()

    @overload
    def batched(self, n: int, *, strict: bool = False) -> Stream[tuple[T_co, ...]]: ...
    @overload
    def batched(
        self, n: int | None = None, *, within: float | timedelta
    ) -> Stream[tuple[T_co, ...]]: ...
    def batched(
        self,
        n: int | None = None,
        *,
        within: float | timedelta | None = None,
        strict: bool = False,
    ) -> Stream[tuple[T_co, ...]]:
        """Group the items into tuples of *n*; the last may be shorter.

            source     a b c d e |
            batched 2    ab cd   e |

        >>> run(stream("abcde").batched(2).list())
        [('a', 'b'), ('c', 'd'), ('e',)]

        Raises ValueError if *n* is less than one, and, with *strict*, in place of a shorter last
        batch. An open batch survives a cancellation and an error from above: the next pull goes
        on filling it. See also :meth:`chunked_by`, for batches of a total weight.

        With *within*, a batch is delivered when it has *n* items, or so many seconds after its
        first item came; without *n*, by time only.

            source               a b c   d     |
            batched 2, within=3    ab   c   d  |

        >>> run(stream("abcde").batched(2, within=0.1).list())
        [('a', 'b'), ('c', 'd'), ('e',)]
        >>> run(stream("abcde").batched(within=0.1).list())
        [('a', 'b', 'c', 'd', 'e')]

        No batch is empty. An item that comes just when the time is over is in the next one. A
        batch whose time was over when the consumer asked for it has also what is there already. The
        open batch comes before an error, and before the end.

        The source is pulled as long as the consumer waits: when that gets a batch by time, the
        pull of the next item goes on. Cancel-safe: neither that nor the open batch is lost.
        Closing drops the open batch. Raises ValueError if *within* is not positive, TypeError with
        *strict*.

        Source: Pekko's ``groupedWithin``, tokio's ``chunks_timeout``.
        """
        made: Stream[Any] = engine.batching(self, n, within, strict)
        return made

    @overload
    def windowed(
        self, n: int, *, step: int = 1, fillvalue: None = None
    ) -> Stream[tuple[T_co | None, ...]]: ...
    @overload
    def windowed(self, n: int, *, step: int = 1, fillvalue: U) -> Stream[tuple[T_co | U, ...]]: ...
    @overload
    def windowed(
        self, *, within: float | timedelta, every: float | timedelta | None = None
    ) -> Stream[tuple[T_co, ...]]: ...
    def windowed(
        self,
        n: int | None = None,
        *,
        step: int = 1,
        fillvalue: Any = None,
        within: float | timedelta | None = None,
        every: float | timedelta | None = None,
    ) -> Stream[tuple[Any, ...]]:
        """Deliver windows of *n* items, each beginning *step* items after the one before.

            source      a b c   d   e   |
            windowed 3      abc bcd cde |

        >>> run(stream("abcde").windowed(3).list())
        [('a', 'b', 'c'), ('b', 'c', 'd'), ('c', 'd', 'e')]
        >>> run(stream("abcde").windowed(2, step=3, fillvalue="-").list())
        [('a', 'b'), ('d', 'e')]
        >>> run(stream("ab").windowed(3, fillvalue="-").list())
        [('a', 'b', '-')]

        A last window that has something new is filled up with *fillvalue*. Raises ValueError if
        *n* or *step* is less than one. Cancelled or failing, it keeps what it has of the next
        window. The details are those of more_itertools.windowed. See also :meth:`pairwise`.

        With *within*, windows of time: one tuple *every* so many seconds, beginning with the first
        pull, of what came in the last *within* seconds. Without *every* each begins where the one
        before ended.

            source             a b   c       d |
            windowed within=4      ab  c   ()  d|

        >>> run(stream("abc").windowed(within=60).list())
        [('a', 'b', 'c')]

        An item that comes just when a window ends is in the next one. Where nothing came a window
        is empty, and none is left out, so the k-th is always about the same time. The last one
        comes at the end, unless it has nothing new. So does, before an error, what is new by then;
        the windows after it are without that. With *every* greater than *within*, what comes
        between windows is left out.

        The source is pulled as long as the consumer waits, and one item more; put a :meth:`buffer`
        after it for one that is busy. Cancel-safe: no item is lost. Closing drops the open window.
        Raises ValueError if one of the durations is not positive and finite, TypeError for both
        *n* and *within*.

        Source: Rx's ``buffer_with_time``.
        """
        if within is None and every is None:
            return _core.windowed(self, n, step, fillvalue)  # type: ignore[arg-type]
        if within is None:
            raise TypeError("windowed(): every needs within")
        if n is not None or step != 1 or fillvalue is not None:
            raise TypeError("windowed(): n, step and fillvalue do not go with within")
        made: Stream[tuple[Any, ...]] = engine.windowing(self, within, every)
        return made

    @overload
    def groupby(self, key: None = None) -> Stream[tuple[T_co, Stream[T_co]]]: ...
    @overload
    def groupby(self, key: Callable[[T_co], Awaitable[U]]) -> Stream[tuple[U, Stream[T_co]]]: ...
    @overload
    def groupby(self, key: Callable[[T_co], U]) -> Stream[tuple[U, Stream[T_co]]]: ...
    def groupby(self, key: Callable[[T_co], Any] | None = None) -> Stream[tuple[Any, Stream[T_co]]]:
        """Group adjacent items of the same *key*; deliver each key with a stream of its items.

            source         a a B b A |
            groupby lower  a:  b:  a: |
                           a a|
                               B b|
                                   A |

        >>> async def main():
        ...     async for key, group in stream("aaBbA").groupby(str.lower):
        ...         yield key, await group.list()
        >>> run(stream(main()).list())
        [('a', ['a', 'a']), ('b', ['B', 'b']), ('a', ['A'])]

        All groups read the one source, so a group is over when the next is asked for, as with
        :func:`itertools.groupby`; what it had left is skipped. Make a list of it to keep it. For
        the same reason no two of these streams can be asked at once: while one waits in another
        task, the others raise RuntimeError.

        Closing a group leaves the source open; closing the outer stream ends its groups, too. An
        item whose *key* fails, is cancelled half-way or cannot be compared is gone, and the next
        pull takes the next one.
        """
        return _core.groupby(self, key)

    def split_at(
        self, pred: Predicate[T_co], *, maxsplit: int = -1, keep_separator: bool = False
    ) -> Stream[list[T_co]]:
        """Split where *pred* is true; deliver what lies between as lists.

            source      a b , c ,     |
            split_at ,       ab c  [] |

        >>> run(stream("ab,c,").split_at(",".__eq__).list())
        [['a', 'b'], ['c'], []]
        >>> run(stream("ab,c,").split_at(",".__eq__, maxsplit=1, keep_separator=True).list())
        [['a', 'b'], [','], ['c', ',']]

        There are at most *maxsplit* splits, or any number if that is negative; and one list more
        than splits, even if it is empty. The separators are left out, or, with *keep_separator*,
        delivered as lists of one. The details are those of more_itertools.split_at.

        An item whose *pred* fails or is cancelled half-way is gone; the next pull goes on with
        the open list.
        """
        return _core.split_at(self, pred, maxsplit, keep_separator)

    @overload
    def chunked_by(
        self, together: Callable[[T_co, T_co], Awaitable[object] | object]
    ) -> Stream[list[T_co]]: ...
    @overload
    def chunked_by(
        self, *, weight: Callable[[T_co], Awaitable[float] | float], limit: float
    ) -> Stream[list[T_co]]: ...
    def chunked_by(
        self,
        together: Callable[[Any, Any], object] | None = None,
        *,
        weight: Callable[[Any], object] | None = None,
        limit: float | None = None,
    ) -> Stream[list[T_co]]:
        """Group adjacent items that belong together, or up to a total weight, into lists.

            source                  1 2 5 6   4    |
            chunked_by ascending              1256 4 |
            chunked_by weight, 8          125 6    4 |

        With *together*, a chunk goes on while ``together(a, b)`` is true of each item and the
        next. With *weight*, while the ``weight(item)`` of its items add up to *limit* at most; an
        item that is heavier than that is a chunk of its own.

        >>> run(stream([1, 2, 5, 6, 4]).chunked_by(lambda a, b: a < b).list())
        [[1, 2, 5, 6], [4]]
        >>> run(stream(["ab", "c", "de", "fghijk"]).chunked_by(weight=len, limit=4).list())
        [['ab', 'c'], ['de'], ['fghijk']]

        Raises TypeError unless it gets either *together*, or *weight* and *limit*; ValueError if
        *limit* is not greater than zero. An item whose function fails or is cancelled half-way is
        gone; the next pull goes on with the open chunk.
        """
        if together is not None and weight is None and limit is None:
            return _core.chunked_by(self, together)
        if together is None and weight is not None and limit is not None:
            return _core.chunked_by_weight(self, weight, limit)
        raise TypeError("chunked_by(): takes either together, or weight and limit")
