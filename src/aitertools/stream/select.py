"""Select: the same items, but not all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, Unpack, cast, overload

from .. import _core, engine
from .types import Concurrently, Fn, Predicate, Run, Source, T_co, U

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from . import Stream


class Select(Generic[T_co]):
    """The methods of a stream that leave items out."""

    __slots__ = ()

    __iter__ = None
    """Slicing is no reason for ``iter()`` to take a stream for a sequence."""

    @overload
    def filter(
        self, pred: Callable[[T_co], TypeIs[U]], **way: Unpack[Concurrently[T_co]]
    ) -> Stream[U]: ...
    @overload
    def filter(
        self, pred: Callable[[T_co], TypeGuard[U]], **way: Unpack[Concurrently[T_co]]
    ) -> Stream[U]: ...
    @overload
    def filter(
        self, pred: Predicate[T_co] | None = None, **way: Unpack[Concurrently[T_co]]
    ) -> Stream[T_co]: ...
    def filter(self, pred: Callable[[T_co], object] | None = None, **way: Any) -> Stream[Any]:
        """Pass on the items for which *pred* is true; without it, those that are true themselves.

            source      1 2 3 4 |
            filter odd  1   3   |

        >>> run(stream([1, 2, 3, 4]).filter(lambda n: n % 2).list())
        [1, 3]
        >>> run(stream(["a", "", None, "b"]).filter().list())
        ['a', 'b']

        An item whose *pred* fails or is cancelled half-way is gone; the next pull takes the next.

        With *concurrency*, up to so many calls of *pred* are in flight at a time; that, *ordered*,
        *buffer* and *on_error* are those of :meth:`map`.

        >>> run(stream([1, 2, 3, 4]).filter(lambda n: n % 2, concurrency=3).list())
        [1, 3]

        With *executor*, the workers of that call *pred*, and tell whether it is true: the items
        that are passed on are those that came. That and *chunksize* are those of :meth:`map`.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     run(stream("a1b2").filter(str.isdigit, executor=threads).list())
        ['1', '2']
        """
        if way:
            stream: Stream[Any] = engine.filtering(engine.Way.of("filter", way, "key"), self, pred)
            return stream
        return _core.filter(self, pred)

    def filterfalse(
        self, pred: Predicate[T_co] | None = None, **way: Unpack[Concurrently[T_co]]
    ) -> Stream[T_co]:
        """Pass on the items for which *pred* is false; without it, those that are false themselves.

            source           1 2 3 4 |
            filterfalse odd    2   4 |

        >>> run(stream([1, 2, 3, 4]).filterfalse(lambda n: n % 2).list())
        [2, 4]

        An item whose *pred* fails or is cancelled half-way is gone, as for :meth:`filter`, which
        see for *concurrency* and *executor* as well. See also :meth:`partition`, which gives both
        halves.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     run(stream("a1b2").filterfalse(str.isdigit, executor=threads).list())
        ['a', 'b']
        """
        if way:
            options = engine.Way.of("filterfalse", cast("dict[str, Any]", way), "key")
            stream: Stream[T_co] = engine.filtering(options, self, pred, true=False)
            return stream
        return _core.filterfalse(self, pred)

    def take(self, n: int) -> Stream[T_co]:
        """End after *n* items.

            source  a b c d |
            take 2  a b|

        >>> run(stream("abcd").take(2).list())
        ['a', 'b']

        Asked for more, it closes its source without pulling it again; with 0 it never pulls it. To
        go on with the rest, read the beginning by :meth:`head`. Raises ValueError if *n* is
        negative.
        """
        return _core.take(self, n)

    def skip(self, n: int) -> Stream[T_co]:
        """Leave out the first *n* items.

            source  a b c d |
            skip 2      c d |

        >>> run(stream("abcd").skip(2).list())
        ['c', 'd']

        Cancelled while it skips, it goes on with what is still to be skipped. Raises ValueError if
        *n* is negative.
        """
        return _core.skip(self, n)

    def takewhile(self, pred: Predicate[T_co]) -> Stream[T_co]:
        """End before the first item for which *pred* is false.

            source        1 4 6 3 |
            takewhile <5  1 4|

        >>> run(stream([1, 4, 6, 3]).takewhile(lambda n: n < 5).list())
        [1, 4]

        That item is pulled, and gone. So is one whose *pred* fails or is cancelled half-way, which
        does not end the stream.
        """
        return _core.takewhile(self, pred)

    def dropwhile(self, pred: Predicate[T_co]) -> Stream[T_co]:
        """Begin with the first item for which *pred* is false.

            source        1 4 6 3 |
            dropwhile <5      6 3 |

        >>> run(stream([1, 4, 6, 3]).dropwhile(lambda n: n < 5).list())
        [6, 3]

        An item whose *pred* fails or is cancelled half-way is gone; the next pull tries the next.
        """
        return _core.dropwhile(self, pred)

    @overload
    def islice(self, stop: int | None, /) -> Stream[T_co]: ...
    @overload
    def islice(
        self, start: int | None, stop: int | None, step: int | None = None, /
    ) -> Stream[T_co]: ...
    def islice(self, *args: int | None) -> Stream[T_co]:
        """Pass on the items of a slice: ``islice(stop)`` or ``islice(start, stop[, step])``.

            source          a b c d e f |
            islice 1, 5, 2    b   d  |

        >>> run(stream("abcdef").islice(1, 5, 2).list())
        ['b', 'd']
        >>> run(stream("abcdef")[1:5:2].list())
        ['b', 'd']

        It pulls what itertools' islice pulls: up to *stop* before it ends, and nothing beyond. None
        means from the first, to the last, each. Raises ValueError for negative numbers and step 0.
        """
        return _core.islice(self, *args)

    def __getitem__(self, items: slice) -> Stream[T_co]:
        if not isinstance(items, slice):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"stream indices must be slices, not {type(items).__name__}; "
                "for a single item await nth(n)"
            )
        return _core.islice(self, items.start, items.stop, items.step)

    def compress(self, selectors: Source[Any]) -> Stream[T_co]:
        """Pass on the items whose selector is true, until either side ends.

            source     a b c d |
            selectors  1 0 1 1 |
            compress   a   c d |

        >>> run(stream("abcd").compress([1, 0, 1, 1]).list())
        ['a', 'c', 'd']

        An item that was pulled keeps waiting for its selector when that fails or is cancelled.
        Closing closes both sides.
        """
        return _core.compress(self, selectors)

    def unique(self, key: Fn[T_co, object] | None = None) -> Stream[T_co]:
        """Leave out the items that were there before, or whose *key* was.

            source  a b a c b |
            unique  a b   c   |

        >>> run(stream("abacb").unique().list())
        ['a', 'b', 'c']
        >>> run(stream("aAbB").unique(str.lower).list())
        ['a', 'b']

        It remembers all it has seen. What can be hashed is looked up; what cannot is compared with
        the others that cannot, one by one, which takes longer and longer. An item whose *key* fails
        or is cancelled half-way is gone and was not seen. See also :meth:`unique_justseen`.
        """
        return _core.unique(self, key)

    def unique_justseen(self, key: Fn[T_co, object] | None = None) -> Stream[T_co]:
        """Leave out the items that equal the one before, or whose *key* does.

            source           a a b b a |
            unique_justseen  a   b   a |

        >>> run(stream("aabba").unique_justseen().list())
        ['a', 'b', 'a']
        >>> run(stream("aAbB").unique_justseen(str.lower).list())
        ['a', 'b']

        An item whose *key* fails or is cancelled half-way is gone and was not seen.
        """
        return _core.unique_justseen(self, key)

    def take_last(self, n: int) -> Stream[T_co]:
        """Pass on the last *n* items, once the source has ended.

            source       a b c d |
            take_last 2          c d |

        >>> run(stream("abcd").take_last(2).list())
        ['c', 'd']

        Cancelling keeps the items at hand. When the source fails, that is raised at once, and the
        items follow. Raises ValueError if *n* is negative. See also :meth:`last`, :meth:`deque`.
        """
        return _core.take_last(self, n)

    def skip_last(self, n: int) -> Stream[T_co]:
        """Leave out the last *n* items.

            source       a b c d |
            skip_last 2      a b |

        >>> run(stream("abcd").skip_last(2).list())
        ['a', 'b']

        It lags *n* items behind its source. Cancelling keeps the items at hand; an error of the
        source is raised at once. Raises ValueError if *n* is negative.
        """
        return _core.skip_last(self, n)

    @overload
    def nth(self, n: int) -> Run[T_co | None]: ...
    @overload
    def nth(self, n: int, default: U) -> Run[T_co | U]: ...
    def nth(self, n: int, default: Any = None) -> Run[Any]:
        """Return item number *n*, counted from 0, or *default* if there are not so many.

        >>> run(stream("abcd").nth(2))
        'c'
        >>> run(stream("abcd").nth(9, "-"))
        '-'

        It closes the stream, as every reducer does. Raises ValueError if *n* is negative.
        """
        return _core.nth(self, n, default)
