"""Transform: each item becomes another, or several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, overload

from .. import _core
from .types import Source, T_co, U, V

if TYPE_CHECKING:
    from . import Stream

MISSING: Any = object()


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
        self, fn: Callable[..., Awaitable[U] | U], o1: Source[Any], o2: Source[Any], /, *more: Source[Any]
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
