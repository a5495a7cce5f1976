"""Combine: several sources as one stream, and what is made of the items of whole sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from .. import _core, engine
from .types import Source, T_co, U, V

if TYPE_CHECKING:
    from . import Stream
    from .peekable import Peekable

W = TypeVar("W")
F = TypeVar("F")


class Combine(Generic[T_co]):
    """The methods of a stream that combine it with other sources, or with itself."""

    __slots__ = ()

    def chain(self, *others: Source[U]) -> Stream[T_co | U]:
        """Go on with *others*, one after the other, where this stream ends.

            source  a b |
            other       c d |
            chain   a b c d |

        >>> run(stream("ab").chain("cd", "e").join(""))
        'abcde'

        A source that fails is at its end: asked again, the stream goes on with the next one. At
        the end, and when it is closed, it closes all of them, those that were not begun as well.
        """
        return _core.chain((self, *others))

    def prepend(self, *items: U) -> Stream[T_co | U]:
        """Deliver *items* before those of the stream.

        >>> run(stream("cd").prepend("a", "b").join(""))
        'abcd'
        """
        return _core.chain((items, self))

    def append(self, *items: U) -> Stream[T_co | U]:
        """Deliver *items* after those of the stream.

        >>> run(stream("ab").append("c", "d").join(""))
        'abcd'
        """
        return _core.chain((self, items))

    @overload
    def zip(self, *, strict: bool = False, concurrent: bool = False) -> Stream[tuple[T_co]]: ...
    @overload
    def zip(
        self, other: Source[U], /, *, strict: bool = False, concurrent: bool = False
    ) -> Stream[tuple[T_co, U]]: ...
    @overload
    def zip(
        self, other: Source[U], third: Source[V], /, *, strict: bool = False
    ) -> Stream[tuple[T_co, U, V]]: ...
    @overload
    def zip(
        self, other: Source[U], third: Source[V], fourth: Source[W], /, *, strict: bool = False
    ) -> Stream[tuple[T_co, U, V, W]]: ...
    @overload
    def zip(
        self, *others: Source[Any], strict: bool = False, concurrent: bool = False
    ) -> Stream[tuple[Any, ...]]: ...
    def zip(
        self, *others: Source[Any], strict: bool = False, concurrent: bool = False
    ) -> Stream[Any]:
        """Combine one item of each source into a tuple, until the shortest source ends.

            source    a   b   c |
            other     1   2 |
            zip       a1  b2  |

        >>> run(stream("abc").zip([1, 2]).list())
        [('a', 1), ('b', 2)]

        With *strict*, sources of different lengths are a ``ValueError``, raised at the end. As with
        the builtin, what was taken for a row that another source cannot complete is gone.

        A row that is interrupted, by a cancellation or an error, stays: the next pull goes on
        filling it. When one source ends, all are closed.

        With *concurrent*, the sources are asked for a row side by side, where otherwise one waits
        for the other. The rows, errors and ends are the same, in whatever order the sources answer;
        an item that is there when a source before it ends is gone. A source that has to be waited
        for has a task of its own then, and one stream cannot be there twice: ValueError.

        >>> async def slow(letters):
        ...     for letter in letters:
        ...         await asyncio.sleep(1)
        ...         yield letter
        >>> async def main():
        ...     rows = await stream(slow("ab")).zip(slow("cd"), concurrent=True).list()
        ...     return rows, asyncio.get_running_loop().time()
        >>> run(main())
        ([('a', 'c'), ('b', 'd')], 2.0)
        """
        if concurrent and others:
            rows: Stream[Any] = engine.zipping((self, *others), strict=bool(strict))
            return rows
        return _core.zip((self, *others), strict)

    @overload
    def zip_longest(self, *, concurrent: bool = False) -> Stream[tuple[T_co]]: ...
    @overload
    def zip_longest(
        self, other: Source[U], /, *, concurrent: bool = False
    ) -> Stream[tuple[T_co | None, U | None]]: ...
    @overload
    def zip_longest(
        self, other: Source[U], /, *, fillvalue: F, concurrent: bool = False
    ) -> Stream[tuple[T_co | F, U | F]]: ...
    @overload
    def zip_longest(
        self, other: Source[U], third: Source[V], /, *, concurrent: bool = False
    ) -> Stream[tuple[T_co | None, U | None, V | None]]: ...
    @overload
    def zip_longest(
        self, other: Source[U], third: Source[V], /, *, fillvalue: F, concurrent: bool = False
    ) -> Stream[tuple[T_co | F, U | F, V | F]]: ...
    @overload
    def zip_longest(
        self, *others: Source[Any], fillvalue: object = None, concurrent: bool = False
    ) -> Stream[tuple[Any, ...]]: ...
    def zip_longest(
        self, *others: Source[Any], fillvalue: object = None, concurrent: bool = False
    ) -> Stream[Any]:
        """Combine one item of each source into a tuple, until the longest source ends.

            source        a   b   c |
            other         1   2 |
            zip_longest   a1  b2  c- |

        *fillvalue* stands for the items of those that have ended.

        >>> run(stream("abc").zip_longest([1, 2], fillvalue="-").list())
        [('a', 1), ('b', 2), ('c', '-')]

        A row that is interrupted, by a cancellation or an error, stays: the next pull goes on
        filling it. Each source is closed when it ends. With *concurrent*, the sources are asked for
        a row side by side, as for :meth:`zip`.
        """
        if concurrent and others:
            rows: Stream[Any] = engine.zipping_longest((self, *others), fillvalue)
            return rows
        return _core.zip_longest((self, *others), fillvalue)

    def interleave(self, *others: Source[U]) -> Stream[T_co | U]:
        """Take one item of each source in turn, until all have ended.

            source      a   b   c d |
            other         1   2 |
            interleave  a 1 b 2 c d |

        >>> run(stream("abcd").interleave("12").join(""))
        'a1b2cd'

        The ``roundrobin`` recipe of :mod:`itertools`. The sources are pulled one at a time, never
        at once. After a cancellation or an error it is still the same source's turn.
        """
        return _core.interleave((self, *others))

    def cycle(self) -> Stream[T_co]:
        """Repeat the items without end.

            source  a b |
            cycle   a b a b a b …

        >>> run(stream("abc").cycle().take(7).join(""))
        'abcabca'

        All items are kept in memory. The source is closed when it has ended, and an empty one ends
        this stream.
        """
        return _core.cycle(self)

    def merge_sorted(
        self,
        *others: Source[U],
        key: Callable[[T_co | U], object] | None = None,
        reverse: bool = False,
    ) -> Stream[T_co | U]:
        """Merge sources, each of them sorted already, into one sorted stream.

            source        1     4   6 |
            other           2 3   5   |
            merge_sorted  1 2 3 4 5 6 |

        *key*, which may be async, makes of an item what is compared. With *reverse*, the sources
        are sorted from the largest item to the smallest. Of equal items those of the earlier source
        come first.

        >>> run(stream([1, 4, 6]).merge_sorted([2, 3, 5]).list())
        [1, 2, 3, 4, 5, 6]
        >>> run(stream(["kiwi", "fig"]).merge_sorted(["plum"], key=len, reverse=True).list())
        ['kiwi', 'plum', 'fig']

        As :func:`heapq.merge`, it holds one item of each source.
        An item whose *key* fails or is cancelled half-way, or that cannot be compared, is gone; the
        next pull asks the same source for another.
        """
        return _core.merge_sorted((self, *others), key, reverse)

    @overload
    def product(self) -> Stream[tuple[T_co]]: ...
    @overload
    def product(self, other: Source[U], /) -> Stream[tuple[T_co, U]]: ...
    @overload
    def product(self, other: Source[U], third: Source[V], /) -> Stream[tuple[T_co, U, V]]: ...
    @overload
    def product(
        self, other: Source[U], third: Source[V], fourth: Source[W], /
    ) -> Stream[tuple[T_co, U, V, W]]: ...
    @overload
    def product(self, *others: Source[U], repeat: int = 1) -> Stream[tuple[T_co | U, ...]]: ...
    def product(self, *others: Source[Any], repeat: int = 1) -> Stream[Any]:
        """Combine each item with each of the other sources: nested loops, the last innermost.

            source   a b |
            other    1 2 |
            product      a1 a2 b1 b2 |

        *repeat* stands for so many times the same sources.

        >>> run(stream("ab").product([1, 2]).list())
        [('a', 1), ('a', 2), ('b', 1), ('b', 2)]
        >>> run(stream("ab").product(repeat=2).map("".join).list())
        ['aa', 'ab', 'ba', 'bb']

        The first pull reads the sources to their ends, one after the other, and keeps their items.
        Cancelled, or after an error, the next pull goes on reading.
        """
        return _core.product((self, *others), repeat)

    @overload
    def combinations(self, r: Literal[2]) -> Stream[tuple[T_co, T_co]]: ...
    @overload
    def combinations(self, r: Literal[3]) -> Stream[tuple[T_co, T_co, T_co]]: ...
    @overload
    def combinations(self, r: int) -> Stream[tuple[T_co, ...]]: ...
    def combinations(self, r: int) -> Stream[Any]:
        """Choose *r* items in all ways, without regard to their order.

            source           a b c |
            combinations 2         ab ac bc |

        >>> run(stream("abc").combinations(2).map("".join).list())
        ['ab', 'ac', 'bc']

        The first pull reads the source to its end and keeps the items. Cancelled, or after an
        error, the next pull goes on reading.
        """
        return _core.combinations(self, r)

    @overload
    def combinations_with_replacement(self, r: Literal[2]) -> Stream[tuple[T_co, T_co]]: ...
    @overload
    def combinations_with_replacement(self, r: Literal[3]) -> Stream[tuple[T_co, T_co, T_co]]: ...
    @overload
    def combinations_with_replacement(self, r: int) -> Stream[tuple[T_co, ...]]: ...
    def combinations_with_replacement(self, r: int) -> Stream[Any]:
        """Choose *r* items in all ways, without regard to their order, any of them repeatedly.

            source                            a b |
            combinations_with_replacement 2       aa ab bb |

        >>> run(stream("ab").combinations_with_replacement(2).map("".join).list())
        ['aa', 'ab', 'bb']

        The first pull reads the source to its end, as for :meth:`combinations`.
        """
        return _core.combinations_with_replacement(self, r)

    @overload
    def permutations(self, r: Literal[2]) -> Stream[tuple[T_co, T_co]]: ...
    @overload
    def permutations(self, r: Literal[3]) -> Stream[tuple[T_co, T_co, T_co]]: ...
    @overload
    def permutations(self, r: int | None = None) -> Stream[tuple[T_co, ...]]: ...
    def permutations(self, r: int | None = None) -> Stream[Any]:
        """Choose *r* items, or all, in all ways and in any order.

            source           a b c |
            permutations 2         ab ac ba bc ca cb |

        >>> run(stream("abc").permutations(2).map("".join).list())
        ['ab', 'ac', 'ba', 'bc', 'ca', 'cb']

        The first pull reads the source to its end, as for :meth:`combinations`.
        """
        return _core.permutations(self, r)

    def peekable(self) -> Peekable[T_co]:
        """Make a stream whose next item can be looked at, and to which items can be given back.

        >>> async def main():
        ...     numbers = stream([1, 2, 3]).peekable()
        ...     return await numbers.peek(), await numbers.list()
        >>> run(main())
        (1, [1, 2, 3])
        """
        from .peekable import Peekable  # noqa: PLC0415 -- a Peekable is a Stream

        cls: type[Peekable[T_co]] = Peekable
        return _core.peekable(cls, self)
