"""Reduce: the awaitables that consume a stream and lead to one result."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    Protocol,
    TypeVar,
    Unpack,
    overload,
)

from .. import _core, engine
from .types import MISSING, ForEachWay, Run, T, T_co, U

if TYPE_CHECKING:
    import collections
    from typing import TypeAlias

    from _typeshed import (
        SupportsAdd,
        SupportsRAdd,
        SupportsRichComparison,
        SupportsRichComparisonT,
    )

    class Summable(SupportsAdd[Any, Any], SupportsRAdd[int, Any], Protocol):
        """What can be added to the 0 that a sum starts with."""

    Key: TypeAlias = Callable[[T], Awaitable[SupportsRichComparison] | SupportsRichComparison]

K = TypeVar("K")
SummableT = TypeVar("SummableT", bound="Summable")
AddableT = TypeVar("AddableT", bound="SupportsAdd[Any, Any]")
StartT = TypeVar("StartT", bound="SupportsAdd[Any, Any]")


class Reduce(Generic[T_co]):
    """The methods of a stream that consume it.

    Each returns an awaitable, which tasks accept as well: ``asyncio.run(stream(rows).list())``.
    Nothing happens before it is awaited. It closes the stream whatever its outcome, a result, an
    error or a cancellation, and then raises the error. The item that settles the result is the last
    one that is read.
    """

    __slots__ = ()

    # ---- collections -----------------------------------------------------------------------------

    def list(self) -> Run[builtins.list[T_co]]:
        """Collect the items into a list.

            source  a b c |
            list          [a, b, c]

        >>> run(stream("abc").list())
        ['a', 'b', 'c']
        """
        return _core.list(self)

    def tuple(self) -> Run[builtins.tuple[T_co, ...]]:
        """Collect the items into a tuple.

            source  a b c |
            tuple         (a, b, c)

        >>> run(stream("abc").tuple())
        ('a', 'b', 'c')
        """
        return _core.tuple(self)

    def set(self) -> Run[builtins.set[T_co]]:
        """Collect the items into a set.

            source  a b a |
            set           {a, b}

        >>> run(stream("aba").set()) == {"a", "b"}
        True

        Raises TypeError at the first item that is not hashable.
        """
        return _core.set(self)

    def frozenset(self) -> Run[builtins.frozenset[T_co]]:
        """Collect the items into a frozenset.

            source     a b a |
            frozenset        {a, b}

        >>> run(stream("aba").frozenset()) == {"a", "b"}
        True

        Raises TypeError at the first item that is not hashable.
        """
        return _core.frozenset(self)

    def dict(self: Reduce[builtins.tuple[K, U]]) -> Run[builtins.dict[K, U]]:
        """Collect (key, value) pairs into a dict; the last value of a key counts.

            source  (a, 1) (b, 2) (a, 3) |
            dict                         {a: 3, b: 2}

        >>> run(stream("ab").enumerate().dict())
        {0: 'a', 1: 'b'}

        Raises TypeError or ValueError, as :class:`dict` does, at the first item that is not a pair,
        and TypeError at the first key that is not hashable.
        """
        return _core.dict(self)

    def deque(self, maxlen: int | None = None) -> Run[collections.deque[T_co]]:
        """Collect the items into a deque; with *maxlen*, the last ones only.

            source     a b c |
            deque(2)         [b, c]

        >>> run(stream("abc").deque(2))
        deque(['b', 'c'], maxlen=2)

        Raises ValueError if *maxlen* is negative.
        """
        return _core.deque(self, maxlen)

    @overload
    def sorted(
        self: Reduce[SupportsRichComparisonT], *, key: None = None, reverse: bool = False
    ) -> Run[builtins.list[SupportsRichComparisonT]]: ...
    @overload
    def sorted(self, *, key: Key[T_co], reverse: bool = False) -> Run[builtins.list[T_co]]: ...
    def sorted(self, *, key: Any = None, reverse: bool = False) -> Run[builtins.list[Any]]:
        """Collect the items into a sorted list; *key* is called once for each, as it arrives.

            source  c a b |
            sorted        [a, b, c]

        >>> run(stream("cab").sorted())
        ['a', 'b', 'c']
        >>> run(stream(["bb", "c", "a"]).sorted(key=len, reverse=True))
        ['bb', 'c', 'a']

        The sort is stable. Raises TypeError if *key* is not callable.
        """
        return _core.sorted(self, key, reverse)

    # ---- numbers ---------------------------------------------------------------------------------

    @overload
    def sum(self: Reduce[bool], start: int = 0) -> Run[int]: ...
    @overload
    def sum(self: Reduce[SummableT]) -> Run[SummableT | Literal[0]]: ...
    @overload
    def sum(self: Reduce[AddableT], start: StartT) -> Run[AddableT | StartT]: ...
    def sum(self: Reduce[Any], start: Any = 0) -> Run[Any]:
        """Add the items to *start*, as :func:`sum` does: with its results to the last digit.

            source  1 2 3 |
            sum           6

        >>> run(stream([1, 2, 3]).sum())
        6
        >>> run(stream([[1], [2]]).sum([]))
        [1, 2]

        Raises TypeError if *start* is a string, bytes or bytearray: use :meth:`join`.
        """
        return _core.sum(self, start)

    @overload
    def min(
        self: Reduce[SupportsRichComparisonT], *, key: None = None
    ) -> Run[SupportsRichComparisonT]: ...
    @overload
    def min(self, *, key: Key[T_co]) -> Run[T_co]: ...
    @overload
    def min(
        self: Reduce[SupportsRichComparisonT], *, key: None = None, default: U
    ) -> Run[SupportsRichComparisonT | U]: ...
    @overload
    def min(self, *, key: Key[T_co], default: U) -> Run[T_co | U]: ...
    def min(self, *, key: Any = None, default: Any = MISSING) -> Run[Any]:
        """Find the smallest item, the first of equal ones; by *key*, if given.

            source  2 1 3 |
            min           1

        >>> run(stream([2, 1, 3]).min())
        1
        >>> run(stream(["bb", "c", "a"]).min(key=len))
        'c'
        >>> run(stream([]).min(default=None))

        Raises ValueError if there is no item and no *default*, TypeError if *key* is not callable.
        """
        defaults = () if default is MISSING else (default,)
        if key is None:
            return _core.min(self, *defaults)
        return _core.min_by(self, key, *defaults)

    @overload
    def max(
        self: Reduce[SupportsRichComparisonT], *, key: None = None
    ) -> Run[SupportsRichComparisonT]: ...
    @overload
    def max(self, *, key: Key[T_co]) -> Run[T_co]: ...
    @overload
    def max(
        self: Reduce[SupportsRichComparisonT], *, key: None = None, default: U
    ) -> Run[SupportsRichComparisonT | U]: ...
    @overload
    def max(self, *, key: Key[T_co], default: U) -> Run[T_co | U]: ...
    def max(self, *, key: Any = None, default: Any = MISSING) -> Run[Any]:
        """Find the largest item, the first of equal ones; by *key*, if given.

            source  2 1 3 |
            max           3

        >>> run(stream([2, 1, 3]).max())
        3
        >>> async def length(text):
        ...     return len(text)
        >>> run(stream(["a", "bb", "cc"]).max(key=length))
        'bb'

        Raises ValueError if there is no item and no *default*, TypeError if *key* is not callable.
        """
        defaults = () if default is MISSING else (default,)
        if key is None:
            return _core.max(self, *defaults)
        return _core.max_by(self, key, *defaults)

    def any(self) -> Run[bool]:
        """Tell whether an item is true; reads no further than to the first that is.

            source  0 1 2 |
            any       True

        >>> run(stream([0, 1, 2]).any())
        True
        >>> run(stream([3, 4]).map(lambda n: n > 9).any())
        False
        """
        return _core.any(self)

    def all(self) -> Run[bool]:
        """Tell whether all items are true; reads no further than to the first that is not.

            source  2 0 1 |
            all       False

        >>> run(stream([2, 0, 1]).all())
        False
        >>> run(stream([]).all())
        True
        """
        return _core.all(self)

    def count(self) -> Run[int]:
        """Count the items.

            source  a b c |
            count         3

        >>> run(stream("abc").count())
        3

        Not the source of numbers, which is the function :func:`count`.
        """
        return _core.count(self)

    @overload
    def reduce(self: Reduce[T], fn: Callable[[T, T], Awaitable[T]]) -> Run[T]: ...
    @overload
    def reduce(self: Reduce[T], fn: Callable[[T, T], T]) -> Run[T]: ...
    @overload
    def reduce(self, fn: Callable[[U, T_co], Awaitable[U]], initial: U) -> Run[U]: ...
    @overload
    def reduce(self, fn: Callable[[U, T_co], U], initial: U) -> Run[U]: ...
    def reduce(self, fn: Any, initial: Any = MISSING) -> Run[Any]:
        """Combine the items, from the left, two at a time: ``fn(fn(a, b), c)``.

            source       1 2 3 |
            reduce(add)        6

        >>> run(stream([2, 3, 4]).reduce(pow))
        4096
        >>> run(stream("ab").reduce(lambda text, c: c + text, "|"))
        'ba|'

        Raises TypeError if there is no item and no *initial*, or if *fn* is not callable.
        See :meth:`accumulate` for the results on the way.
        """
        if not callable(fn):
            raise TypeError(f"reduce(): {type(fn).__name__!r} object is not callable")
        if initial is MISSING:
            return _core.run_reduce(_core.reduce(self, fn))
        return _core.run_reduce(_core.reduce(self, fn, initial))

    # ---- one item --------------------------------------------------------------------------------

    @overload
    def first(self) -> Run[T_co]: ...
    @overload
    def first(self, default: U) -> Run[T_co | U]: ...
    def first(self, default: Any = MISSING) -> Run[Any]:
        """Return the first item; of an empty stream *default*, if given.

            source  a b c |
            first   a

        >>> run(stream("abc").first())
        'a'
        >>> run(stream("").first("nothing"))
        'nothing'

        Raises ValueError if there is no item and no *default*. The stream is closed: to go on with
        the rest, read with :func:`anext`, :meth:`head` or :meth:`peekable`. From more-itertools.
        """
        return _core.first(self) if default is MISSING else _core.first(self, default)

    @overload
    def last(self) -> Run[T_co]: ...
    @overload
    def last(self, default: U) -> Run[T_co | U]: ...
    def last(self, default: Any = MISSING) -> Run[Any]:
        """Return the last item; of an empty stream *default*, if given.

            source  a b c |
            last          c

        >>> run(stream("abc").last())
        'c'

        Raises ValueError if there is no item and no *default*. From more-itertools.
        """
        return _core.last(self) if default is MISSING else _core.last(self, default)

    def one(self) -> Run[T_co]:
        """Return the only item.

            source  a |
            one       a

        >>> run(stream("a").one())
        'a'
        >>> run(stream("abc").one())
        Traceback (most recent call last):
        ValueError: Expected exactly one item in iterable, but got 'a', 'b', and perhaps more.
        in aitertools: one <- str

        Raises ValueError if there is none, or a second one, which is the last that is read.
        From more-itertools.
        """
        return _core.one(self)

    @overload
    def only(self) -> Run[T_co | None]: ...
    @overload
    def only(self, default: U) -> Run[T_co | U]: ...
    def only(self, default: Any = None) -> Run[Any]:
        """Return the only item, or *default* if there is none.

            source  |
            only    None

        >>> run(stream("a").only())
        'a'
        >>> run(stream("").only("nothing"))
        'nothing'

        Raises ValueError if there is a second item, which is the last that is read.
        From more-itertools.
        """
        return _core.only(self, default)

    @overload
    def nth(self, n: int) -> Run[T_co | None]: ...
    @overload
    def nth(self, n: int, default: U) -> Run[T_co | U]: ...
    def nth(self, n: int, default: Any = None) -> Run[Any]:
        """Return the item number *n*, counted from 0; *default* if there are not so many.

            source  a b c |
            nth(1)    b

        >>> run(stream("abc").nth(1))
        'b'

        Raises ValueError if *n* is negative. One of the recipes of itertools.
        """
        return _core.nth(self, n, default)

    def contains(self, item: object) -> Run[bool]:
        """Tell whether an item equals *item*, or is it; reads no further than to that one.

            source       a b c |
            contains(b)    True

        >>> run(stream("abc").contains("b"))
        True
        """
        return _core.contains(self, item)

    # ---- effects ---------------------------------------------------------------------------------

    @overload
    def for_each(self, fn: Callable[[T_co], object]) -> Run[None]: ...
    @overload
    def for_each(
        self, fn: Callable[[T_co], object], **way: Unpack[ForEachWay[T_co]]
    ) -> Run[None]: ...
    def for_each(self, fn: Callable[[T_co], object], **way: Any) -> Run[None]:
        """Call *fn* with each item, one after the other.

            source           a    b    c    |
            for_each(save)   save save save None

        >>> run(stream("ab").for_each(print))
        a
        b

        Raises what *fn* raises; the items after the one it failed on are not read.

        With *concurrency*, up to so many calls are in flight at a time, in tasks of their own; with
        *key*, one at a time for all items with the same ``key(item)``, in their order. The first
        error cancels the other calls, closes the stream and is raised. *on_error* is that of
        :meth:`map`: with ``skip``, ``collect`` or a function the others go on.

        >>> run(stream("aba").for_each(print, concurrency=2, key=str))
        a
        b
        a

        Cancelling it cancels the calls, and waits for their end. Under trio, it is used inside of
        an ``async with`` of a stream.

        With *executor* its workers make the calls, in chunks, as for :meth:`map`. Then neither an
        error nor a cancellation waits for calls that have begun.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(1) as thread:
        ...     run(stream("ab").for_each(print, executor=thread))
        a
        b
        """
        if way:
            options = engine.Way.of("for_each", way, "ordered", "buffer")
            return _core.run_for_each(engine.running(options, self, fn))
        return _core.run_for_each(_core.for_each(self, fn))

    def drain(self) -> Run[None]:
        """Read all items and drop them, for what happens on the way.

            source  a b c |
            drain         None

        >>> run(stream("ab").tap(print).drain())
        a
        b
        """
        return _core.drain(self)

    # ---- into other things -----------------------------------------------------------------------

    @overload
    def join(self: Reduce[str], separator: str) -> Run[str]: ...
    @overload
    def join(self: Reduce[bytes | bytearray | memoryview], separator: bytes) -> Run[bytes]: ...
    def join(self: Reduce[Any], separator: Any) -> Run[Any]:
        """Join strings, or bytes, with *separator* between them.

            source     a b c |
            join("-")        "a-b-c"

        >>> run(stream("abc").join("-"))
        'a-b-c'
        >>> run(stream([b"a", b"b"]).join(b""))
        b'ab'

        Raises TypeError if *separator* is neither str nor bytes, or if an item is not of its kind.
        """
        return _core.join(self, separator)

    def counter(self) -> Run[collections.Counter[T_co]]:
        """Count equal items, in a :class:`collections.Counter`.

            source   a b a |
            counter        {a: 2, b: 1}

        >>> run(stream("aba").counter())
        Counter({'a': 2, 'b': 1})

        Raises TypeError at the first item that is not hashable.
        """
        return _core.counter(self)

    @overload
    def into(self, fn: Callable[[builtins.list[T_co]], Awaitable[U]]) -> Run[U]: ...
    @overload
    def into(self, fn: Callable[[builtins.list[T_co]], U]) -> Run[U]: ...
    def into(self, fn: Callable[[builtins.list[Any]], Any]) -> Run[Any]:
        """Call *fn* with the list of all items: make an array of them, a data frame, a request.

            source      a b c |
            into(fn)          fn([a, b, c])

        >>> run(stream(range(97, 100)).into(bytes))
        b'abc'

        *fn* is called when the source is closed, and awaited if it is async.
        Raises TypeError if *fn* is not callable.
        """
        return _core.into(self, fn)
