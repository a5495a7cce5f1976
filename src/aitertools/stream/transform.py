"""Transform: each item becomes another, or several."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, overload

from .. import _core
from .types import MISSING, Source, T, T_co, U, V

if TYPE_CHECKING:
    from . import Stream


class Transform(Generic[T_co]):
    """The methods of a stream that transform items."""

    __slots__ = ()

    @overload
    def map(self, fn: Callable[[T_co], Awaitable[U]]) -> Stream[U]: ...
    @overload
    def map(self, fn: Callable[[T_co], U]) -> Stream[U]: ...
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
    def map(self, fn: Callable[..., Any], *others: Source[Any]) -> Stream[Any]:
        """Apply *fn* to each item; with *others*, to one item of each, until the shortest ends.

            source  a b c |
            map f   A B C |

        >>> run(stream("abc").map(str.upper).list())
        ['A', 'B', 'C']
        >>> run(stream([1, 2]).map(pow, [5, 6]).list())
        [1, 64]

        An item whose *fn* fails or is cancelled half-way is gone; the next pull takes the next one.
        Closing closes all sources.
        """
        if others:
            return _core.map_many(_core.zip((self, *others), False), fn)
        return _core.map(self, fn)

    @overload
    def starmap(self, fn: Callable[..., Awaitable[U]]) -> Stream[U]: ...
    @overload
    def starmap(self, fn: Callable[..., U]) -> Stream[U]: ...
    def starmap(self, fn: Callable[..., Any]) -> Stream[Any]:
        """Apply *fn* to each item's own items: ``fn(*item)``.

        >>> run(stream([(2, 5), (3, 2)]).starmap(pow).list())
        [32, 9]

        As for :meth:`map`, an item whose *fn* fails or is cancelled is gone.
        """
        return _core.starmap(self, fn)

    @overload
    def flat_map(self, fn: Callable[[T_co], Awaitable[Source[U]]]) -> Stream[U]: ...
    @overload
    def flat_map(self, fn: Callable[[T_co], Source[U]]) -> Stream[U]: ...
    def flat_map(self, fn: Callable[[T_co], Any]) -> Stream[Any]:
        """Deliver the items of ``fn(item)``, one such source after the other.

            source      a       b     |
            flat_map f  a1 a2   b1 b2 |

        >>> run(stream([1, 2]).flat_map(lambda n: [n] * n).list())
        [1, 2, 2]

        Each source that *fn* made is closed when it ends; closing closes the open one, then
        *source*. After an error the stream goes on where it was: in the open source, if that has
        not failed.
        """
        return _core.flat_map(self, fn)

    @overload
    def flatten(self: Transform[AsyncIterable[U]]) -> Stream[U]: ...
    @overload
    def flatten(self: Transform[Iterable[U]]) -> Stream[U]: ...
    def flatten(self) -> Stream[Any]:
        """Deliver the items of the items, which are sources themselves.

        >>> run(stream(["ab", "c"]).flatten().list())
        ['a', 'b', 'c']

        Closes as :meth:`flat_map` does; an item that cannot be iterated raises TypeError.
        """
        return _core.flat_map(self)

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
