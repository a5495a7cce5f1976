"""Transform: each item becomes another, or several."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, Unpack, overload

from .. import _core, engine
from .types import MISSING, KeyedWay, ResultWay, Source, T, T_co, U, V

if TYPE_CHECKING:
    from ..results import Result
    from . import Stream


class Transform(Generic[T_co]):
    """The methods of a stream that transform items."""

    __slots__ = ()

    @overload
    def map(
        self, fn: Callable[[T_co], Awaitable[U]], **way: Unpack[ResultWay[T_co]]
    ) -> Stream[Result[U, T_co]]: ...
    @overload
    def map(
        self, fn: Callable[[T_co], U], **way: Unpack[ResultWay[T_co]]
    ) -> Stream[Result[U, T_co]]: ...
    @overload
    def map(
        self, fn: Callable[[T_co], Awaitable[U]], **way: Unpack[KeyedWay[T_co]]
    ) -> Stream[U]: ...
    @overload
    def map(self, fn: Callable[[T_co], U], **way: Unpack[KeyedWay[T_co]]) -> Stream[U]: ...
    @overload
    def map(self, fn: Callable[[T_co, V], Awaitable[U]], other: Source[V], /) -> Stream[U]: ...
    @overload
    def map(self, fn: Callable[[T_co, V], U], other: Source[V], /) -> Stream[U]: ...
    @overload
    def map(
        self,
        fn: Callable[..., Awaitable[U] | U],
        other: Source[Any],
        another: Source[Any],
        /,
        *more: Source[Any],
    ) -> Stream[U]: ...
    def map(self, fn: Callable[..., Any], *others: Source[Any], **way: Any) -> Stream[Any]:
        """Apply *fn* to each item; with *others*, to one item of each, until the shortest ends.

            source  a b c |
            map f   A B C |

        >>> run(stream("abc").map(str.upper).list())
        ['A', 'B', 'C']
        >>> run(stream([1, 2]).map(pow, [5, 6]).list())
        [1, 64]

        An item whose *fn* fails or is cancelled half-way is gone; the next pull takes the next one.
        Closing closes all sources.

        With *concurrency*, up to so many calls are in flight at a time, in tasks of their own,
        also while the consumer does something else.

            source                                a b c |
            map f, concurrency=3                     ABC |

        >>> async def fetch(n):
        ...     await asyncio.sleep((3 - n) / 1000)
        ...     return n
        >>> run(stream([1, 2, 3]).map(fetch, concurrency=3).list())
        [1, 2, 3]
        >>> run(stream([1, 2, 3]).map(fetch, concurrency=3, ordered=False).list())
        [3, 2, 1]

        The results come in the order of the items, with *ordered* false as the calls complete. Up
        to *buffer* of them may wait for the consumer besides the calls in flight; twice as many as
        *concurrency*, if it is not given. With *key*, there is one call at a time for all items
        with the same ``key(item)``, in their order.

        *on_error* says what becomes of an item whose *fn* raises an exception: ``raise`` it where
        the item would have come, and go on after that; ``skip`` it; ``collect``: go on, and raise
        all at the end, as an ExceptionGroup; ``result``: each item becomes an :class:`Ok` with its
        result or an :class:`Err` with the error and the item; or a function, which is called with
        the error and the item, which is left out.

        >>> run(stream([1, 0]).map(lambda n: 1 / n, concurrency=2, on_error="skip").list())
        [1.0]
        >>> run(stream([1, 0]).map(lambda n: 1 / n, concurrency=2, on_error="result").list())
        [Ok(value=1.0), Err(error=ZeroDivisionError('division by zero'), item=0)]

        A cancelled pull leaves the calls in flight alone, and loses nothing. Closing cancels them,
        and returns when they are over; then it closes the source. Each call has a copy of the
        context of the first pull. Under trio it is used inside of an ``async with`` of the stream.

        With *executor*, a ``concurrent.futures.Executor``, its workers make the calls, of a *fn*
        that is not ``async def``: threads, processes, or interpreters.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     run(stream(["a.txt", "b.txt"]).map(len, executor=threads).list())
        [5, 5]

        They are sent chunks of the items at hand: of one item where a call takes long, of more
        where it is short, or of up to *chunksize*; nobody waits for a chunk to fill. *concurrency*
        is how many chunks are with the executor, as many as it has workers if it is not given. The
        results of so many chunks, and twice as many items or *buffer*, may wait for the consumer.

        An error of *fn* comes with the traceback of its worker. What cannot be pickled, or read, is
        an error of that item. If the executor fails, as when a process dies, each item that it had
        is such an error, with a note that names the item. Closing does not wait for workers: calls
        that have not begun are cancelled, others end by themselves, unheard. The executor stays
        open. Calls in threads have a copy of the context of the first pull.

        Raises TypeError for one of these without *concurrency* or *executor*, for *chunksize*
        without *executor* or *key* with it, and for an ``async def`` function there; ValueError if
        *concurrency* or *chunksize* is less than one or *buffer* negative.

        Source: asyncio's ``run_in_executor``, ``Executor.map`` and its *chunksize*.
        """
        items = _core.zip((self, *others), False) if others else self
        if way:
            stream: Stream[Any] = engine.mapping(
                engine.Way.of("map", way), items, fn, star=bool(others)
            )
            return stream
        return _core.map_many(items, fn) if others else _core.map(items, fn)

    @overload
    def starmap(
        self, fn: Callable[..., Awaitable[U]], **way: Unpack[ResultWay[T_co]]
    ) -> Stream[Result[U, T_co]]: ...
    @overload
    def starmap(
        self, fn: Callable[..., U], **way: Unpack[ResultWay[T_co]]
    ) -> Stream[Result[U, T_co]]: ...
    @overload
    def starmap(
        self, fn: Callable[..., Awaitable[U]], **way: Unpack[KeyedWay[T_co]]
    ) -> Stream[U]: ...
    @overload
    def starmap(self, fn: Callable[..., U], **way: Unpack[KeyedWay[T_co]]) -> Stream[U]: ...
    def starmap(self, fn: Callable[..., Any], **way: Any) -> Stream[Any]:
        """Apply *fn* to each item's own items: ``fn(*item)``.

        >>> run(stream([(2, 5), (3, 2)]).starmap(pow).list())
        [32, 9]

        As for :meth:`map`, an item whose *fn* fails or is cancelled is gone. *concurrency*,
        *executor* and what goes with them are those of :meth:`map`; *key* and *on_error* are given
        the item as it is.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     run(stream([(2, 5), (3, 2)]).starmap(pow, executor=threads, chunksize=2).list())
        [32, 9]
        """
        if way:
            stream: Stream[Any] = engine.mapping(engine.Way.of("starmap", way), self, fn, star=True)
            return stream
        return _core.starmap(self, fn)

    @overload
    def flat_map(
        self, fn: Callable[[T_co], Awaitable[Source[U]]], *, concurrency: int | None = None
    ) -> Stream[U]: ...
    @overload
    def flat_map(
        self, fn: Callable[[T_co], Source[U]], *, concurrency: int | None = None
    ) -> Stream[U]: ...
    def flat_map(self, fn: Callable[[T_co], Any], *, concurrency: int | None = None) -> Stream[Any]:
        """Deliver the items of ``fn(item)``, one such source after the other.

            source      a       b     |
            flat_map f  a1 a2   b1 b2 |

        >>> run(stream([1, 2]).flat_map(lambda n: [n] * n).list())
        [1, 2, 2]

        Each source that *fn* made is closed when it ends; closing closes the open one, then
        *source*. After an error the stream goes on where it was: in the open source, if that has
        not failed.

        With *concurrency*, up to so many of these sources are open at a time, and their items come
        as they come, as those of :func:`merge`. *fn* is called for the next item as soon as there
        is room, one call at a time.

        >>> run(stream([1, 2, 3]).flat_map(lambda n: [n] * n, concurrency=2).list())
        [1, 2, 2, 3, 3, 3]

        A cancelled pull loses nothing then, and an error of *fn* or of a source leaves the other
        sources alone. Raises ValueError if *concurrency* is less than one.

        Source: Rx's ``mergeMap``, Kotlin's ``flatMapMerge``.
        """
        if concurrency is None:
            return _core.flat_map(self, fn)
        flat: Stream[Any] = engine.flattening(self, concurrency, fn)
        return flat

    @overload
    def flatten(
        self: Transform[AsyncIterable[U]], *, concurrency: int | None = None
    ) -> Stream[U]: ...
    @overload
    def flatten(self: Transform[Iterable[U]], *, concurrency: int | None = None) -> Stream[U]: ...
    def flatten(self, *, concurrency: int | None = None) -> Stream[Any]:
        """Deliver the items of the items, which are sources themselves.

        >>> run(stream(["ab", "c"]).flatten().list())
        ['a', 'b', 'c']

        With *concurrency*, up to so many of them are read at a time.

        >>> run(stream(["ab", "cd", "e"]).flatten(concurrency=2).join(""))
        'acbde'

        Closes as :meth:`flat_map` does; an item that cannot be iterated raises TypeError.
        """
        if concurrency is None:
            return _core.flat_map(self)
        flat: Stream[Any] = engine.flattening(self, concurrency)
        return flat

    def enumerate(self, start: int = 0) -> Stream[tuple[int, T_co]]:
        """Pair each item with its number.

        >>> run(stream("ab").enumerate(1).list())
        [(1, 'a'), (2, 'b')]
        """
        return _core.enumerate(self, start)

    @overload
    def accumulate(self) -> Stream[T_co]: ...
    @overload
    def accumulate(self: Transform[T], fn: None = None, *, initial: T) -> Stream[T]: ...
    @overload
    def accumulate(self: Transform[T], fn: Callable[[T, T], Awaitable[T]]) -> Stream[T]: ...
    @overload
    def accumulate(self: Transform[T], fn: Callable[[T, T], T]) -> Stream[T]: ...
    @overload
    def accumulate(self, fn: Callable[[U, T_co], Awaitable[U]], *, initial: U) -> Stream[U]: ...
    @overload
    def accumulate(self, fn: Callable[[U, T_co], U], *, initial: U) -> Stream[U]: ...
    def accumulate(self, fn: Any = None, *, initial: Any = MISSING) -> Stream[Any]:
        """Deliver running totals: sums, or what ``fn(total, item)`` makes of them.

            source      1 2 3 |
            accumulate  1 3 6 |

        >>> run(stream([1, 2, 3]).accumulate().list())
        [1, 3, 6]
        >>> run(stream("ab").accumulate(lambda total, item: total + item, initial="").list())
        ['', 'a', 'ab']

        *initial* is delivered first, if it is given. When *fn* fails or is cancelled the item is
        gone and the total stays as it was.
        """
        if initial is MISSING:
            return _core.accumulate(self, fn)
        return _core.accumulate(self, fn, initial)

    def pairwise(self) -> Stream[tuple[T_co, T_co]]:
        """Pair each item with the one before it.

            source    a    b    c |
            pairwise      ab   bc |

        >>> run(stream("abc").pairwise().list())
        [('a', 'b'), ('b', 'c')]
        """
        return _core.pairwise(self)

    def tap(self, fn: Callable[[T_co], object]) -> Stream[T_co]:
        """Call *fn*, which may be async, with each item, and pass the item on.

        >>> seen = []
        >>> run(stream("ab").tap(seen.append).list()), seen
        (['a', 'b'], ['a', 'b'])

        An item whose *fn* fails or is cancelled half-way is gone.
        """
        return _core.tap(self, fn)

    def intersperse(self, separator: U) -> Stream[T_co | U]:
        """Put *separator* between the items.

            source         a     b     c |
            intersperse x  a  x  b  x  c |

        >>> run(stream("abc").intersperse("-").join(""))
        'a-b-c'

        The item after a separator has been pulled when the separator is delivered.
        """
        return _core.intersperse(self, separator)
