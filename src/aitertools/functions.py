"""The names of the builtins, itertools and more-itertools, with the originals' argument order.

Each is its method on any source; what it does is documented there.
"""

from __future__ import annotations

import builtins
import collections
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, Unpack, cast, overload

from . import _core
from .stream import Peekable, Stream
from .stream.share import Overflow
from .stream.types import (
    MISSING,
    Concurrently,
    ForEachWay,
    KeyedWay,
    Predicate,
    ResultWay,
    Run,
    Source,
    T,
    U,
    V,
)

if TYPE_CHECKING:
    from .results import Result

K = TypeVar("K")


def _on(source: Source[T], name: str) -> Stream[T]:
    """Make a stream; an error about *source* names the function of that name."""
    return _core.source_for(source, name)


# ---- transform


@overload
def map(
    fn: Callable[[T], Awaitable[U]], source: Source[T], /, **way: Unpack[ResultWay[T]]
) -> Stream[Result[U, T]]: ...
@overload
def map(
    fn: Callable[[T], U], source: Source[T], /, **way: Unpack[ResultWay[T]]
) -> Stream[Result[U, T]]: ...
@overload
def map(
    fn: Callable[[T], Awaitable[U]], source: Source[T], /, **way: Unpack[KeyedWay[T]]
) -> Stream[U]: ...
@overload
def map(fn: Callable[[T], U], source: Source[T], /, **way: Unpack[KeyedWay[T]]) -> Stream[U]: ...
@overload
def map(
    fn: Callable[[T, V], Awaitable[U]], source: Source[T], other: Source[V], /
) -> Stream[U]: ...
@overload
def map(fn: Callable[[T, V], U], source: Source[T], other: Source[V], /) -> Stream[U]: ...
@overload
def map(
    fn: Callable[..., Awaitable[U] | U],
    source: Source[Any],
    other: Source[Any],
    another: Source[Any],
    /,
    *more: Source[Any],
) -> Stream[U]: ...
def map(fn: Any, source: Source[Any], /, *others: Source[Any], **way: Any) -> Stream[Any]:
    """Apply *fn* to the items: :meth:`Stream.map`."""
    return _on(source, "map").map(fn, *others, **way)


@overload
def starmap(
    fn: Callable[..., Awaitable[U]], source: Source[T], /, **way: Unpack[ResultWay[T]]
) -> Stream[Result[U, T]]: ...
@overload
def starmap(
    fn: Callable[..., U], source: Source[T], /, **way: Unpack[ResultWay[T]]
) -> Stream[Result[U, T]]: ...
@overload
def starmap(
    fn: Callable[..., Awaitable[U]], source: Source[T], /, **way: Unpack[KeyedWay[T]]
) -> Stream[U]: ...
@overload
def starmap(
    fn: Callable[..., U], source: Source[T], /, **way: Unpack[KeyedWay[T]]
) -> Stream[U]: ...
def starmap(fn: Any, source: Source[Any], /, **way: Any) -> Stream[Any]:
    """Apply *fn* to the items' own items: :meth:`Stream.starmap`."""
    return _on(source, "starmap").starmap(fn, **way)


@overload
def flatten(source: Source[AsyncIterable[T]], /) -> Stream[T]: ...
@overload
def flatten(source: Source[Iterable[T]], /) -> Stream[T]: ...
def flatten(source: Source[Any], /) -> Stream[Any]:
    """Deliver the items of the items: :meth:`Stream.flatten`."""
    return _on(source, "flatten").flatten()


def enumerate(source: Source[T], start: int = 0) -> Stream[builtins.tuple[int, T]]:
    """Pair each item with its number: :meth:`Stream.enumerate`."""
    return _on(source, "enumerate").enumerate(start)


@overload
def accumulate(source: Source[T]) -> Stream[T]: ...
@overload
def accumulate(source: Source[T], fn: None = None, *, initial: T) -> Stream[T]: ...
@overload
def accumulate(source: Source[T], fn: Callable[[T, T], Awaitable[T]]) -> Stream[T]: ...
@overload
def accumulate(source: Source[T], fn: Callable[[T, T], T]) -> Stream[T]: ...
@overload
def accumulate(
    source: Source[T], fn: Callable[[U, T], Awaitable[U]], *, initial: U
) -> Stream[U]: ...
@overload
def accumulate(source: Source[T], fn: Callable[[U, T], U], *, initial: U) -> Stream[U]: ...
def accumulate(source: Source[Any], fn: Any = None, *, initial: Any = MISSING) -> Stream[Any]:
    """Deliver running totals: :meth:`Stream.accumulate`."""
    return _on(source, "accumulate").accumulate(fn, initial=initial)


def pairwise(source: Source[T], /) -> Stream[builtins.tuple[T, T]]:
    """Pair each item with the one before it: :meth:`Stream.pairwise`."""
    return _on(source, "pairwise").pairwise()


def intersperse(separator: U, source: Source[T]) -> Stream[T | U]:
    """Put *separator* between the items: :meth:`Stream.intersperse`."""
    return _on(source, "intersperse").intersperse(separator)


# ---- select


@overload
def filter(
    predicate: Callable[[T], TypeGuard[U]], source: Source[T], /, **way: Unpack[Concurrently[T]]
) -> Stream[U]: ...
@overload
def filter(
    predicate: Predicate[T] | None, source: Source[T], /, **way: Unpack[Concurrently[T]]
) -> Stream[T]: ...
def filter(predicate: Any, source: Source[Any], /, **way: Any) -> Stream[Any]:
    """Keep the items for which *predicate* is true: :meth:`Stream.filter`."""
    return _on(source, "filter").filter(predicate, **way)


def filterfalse(
    predicate: Predicate[T] | None, source: Source[T], /, **way: Unpack[Concurrently[T]]
) -> Stream[T]:
    """Keep the items for which *predicate* is false: :meth:`Stream.filterfalse`."""
    return _on(source, "filterfalse").filterfalse(predicate, **way)


def takewhile(predicate: Predicate[T], source: Source[T], /) -> Stream[T]:
    """Deliver items while *predicate* is true: :meth:`Stream.takewhile`."""
    return _on(source, "takewhile").takewhile(predicate)


def dropwhile(predicate: Predicate[T], source: Source[T], /) -> Stream[T]:
    """Skip items while *predicate* is true: :meth:`Stream.dropwhile`."""
    return _on(source, "dropwhile").dropwhile(predicate)


@overload
def islice(source: Source[T], stop: int | None, /) -> Stream[T]: ...
@overload
def islice(
    source: Source[T], start: int | None, stop: int | None, step: int | None = None, /
) -> Stream[T]: ...
def islice(source: Source[T], /, *args: int | None) -> Stream[T]:
    """Deliver a slice: :meth:`Stream.islice`."""
    return _on(source, "islice").islice(*args)


def compress(data: Source[T], selectors: Source[Any]) -> Stream[T]:
    """Keep the items whose selector is true: :meth:`Stream.compress`."""
    return _on(data, "compress").compress(selectors)


def unique(source: Source[T], key: Predicate[T] | None = None) -> Stream[T]:
    """Keep the first of equal items: :meth:`Stream.unique`."""
    return _on(source, "unique").unique(key)


def unique_justseen(source: Source[T], key: Predicate[T] | None = None) -> Stream[T]:
    """Keep the first of adjacent equal items: :meth:`Stream.unique_justseen`."""
    return _on(source, "unique_justseen").unique_justseen(key)


# ---- group


@overload
def batched(
    source: Source[T], n: int, *, strict: bool = False
) -> Stream[builtins.tuple[T, ...]]: ...
@overload
def batched(
    source: Source[T], n: int | None = None, *, within: float | timedelta
) -> Stream[builtins.tuple[T, ...]]: ...
def batched(source: Source[Any], n: Any = None, **how: Any) -> Stream[Any]:
    """Group items into tuples of *n*, or by time: :meth:`Stream.batched`."""
    return _on(source, "batched").batched(n, **how)


@overload
def windowed(
    source: Source[T], n: int, fillvalue: None = None, step: int = 1
) -> Stream[builtins.tuple[T | None, ...]]: ...
@overload
def windowed(
    source: Source[T], n: int, fillvalue: U, step: int = 1
) -> Stream[builtins.tuple[T | U, ...]]: ...
@overload
def windowed(
    source: Source[T], *, within: float | timedelta, every: float | timedelta | None = None
) -> Stream[builtins.tuple[T, ...]]: ...
def windowed(
    source: Source[Any], n: Any = None, fillvalue: Any = None, step: int = 1, **time: Any
) -> Stream[Any]:
    """Deliver overlapping windows of *n* items, or by time: :meth:`Stream.windowed`."""
    return _on(source, "windowed").windowed(n, step=step, fillvalue=fillvalue, **time)


@overload
def groupby(source: Source[T], key: None = None) -> Stream[builtins.tuple[T, Stream[T]]]: ...
@overload
def groupby(
    source: Source[T], key: Callable[[T], Awaitable[U]]
) -> Stream[builtins.tuple[U, Stream[T]]]: ...
@overload
def groupby(source: Source[T], key: Callable[[T], U]) -> Stream[builtins.tuple[U, Stream[T]]]: ...
def groupby(source: Source[Any], key: Any = None) -> Stream[Any]:
    """Group adjacent items with the same key: :meth:`Stream.groupby`."""
    return _on(source, "groupby").groupby(key)


def split_at(
    source: Source[T],
    predicate: Predicate[T],
    maxsplit: int = -1,
    keep_separator: bool = False,
) -> Stream[builtins.list[T]]:
    """Split at the items for which *predicate* is true: :meth:`Stream.split_at`."""
    return _on(source, "split_at").split_at(
        predicate, maxsplit=maxsplit, keep_separator=keep_separator
    )


def partition(predicate: Predicate[T], source: Source[T]) -> builtins.tuple[Stream[T], Stream[T]]:
    """Split into the false and the true items: :meth:`Stream.partition`."""
    return _on(source, "partition").partition(predicate)


# ---- share


def tee(
    source: Source[T], n: int = 2, *, maxlag: int | None = None, overflow: Overflow = "wait"
) -> builtins.tuple[Stream[T], ...]:
    """Make *n* streams of the same items: :meth:`Stream.tee`."""
    return _core.tee(source, n, maxlag, overflow)


# ---- combine


class _Chain:
    """What :data:`chain` is: a function that has :meth:`from_iterable`, as the original."""

    __slots__ = ()

    def __call__(self, *sources: Source[T]) -> Stream[T]:
        """Deliver the items of one source after the other: :meth:`Stream.chain`."""
        return _core.chain(sources)

    @overload
    def from_iterable(self, source: Source[AsyncIterable[T]], /) -> Stream[T]: ...
    @overload
    def from_iterable(self, source: Source[Iterable[T]], /) -> Stream[T]: ...
    def from_iterable(self, source: Source[Any], /) -> Stream[Any]:
        """Deliver the items of the sources that a source delivers: :meth:`Stream.flatten`."""
        return _on(source, "chain.from_iterable").flatten()


chain = _Chain()


@overload
def zip(
    a: Source[T], /, *, strict: bool = False, concurrent: bool = False
) -> Stream[builtins.tuple[T]]: ...
@overload
def zip(
    a: Source[T], b: Source[U], /, *, strict: bool = False, concurrent: bool = False
) -> Stream[builtins.tuple[T, U]]: ...
@overload
def zip(
    a: Source[T], b: Source[U], c: Source[V], /, *, strict: bool = False
) -> Stream[builtins.tuple[T, U, V]]: ...
@overload
def zip(
    *sources: Source[Any], strict: bool = False, concurrent: bool = False
) -> Stream[builtins.tuple[Any, ...]]: ...
def zip(*sources: Source[Any], strict: bool = False, concurrent: bool = False) -> Stream[Any]:
    """Pair the items of several sources: :meth:`Stream.zip`."""
    if concurrent and sources:
        return _on(sources[0], "zip").zip(*sources[1:], strict=strict, concurrent=True)
    return _core.zip(sources, strict)


def zip_longest(
    *sources: Source[Any], fillvalue: Any = None, concurrent: bool = False
) -> Stream[builtins.tuple[Any, ...]]:
    """Pair the items of several sources until the longest ends: :meth:`Stream.zip_longest`."""
    if concurrent and sources:
        first, *others = sources
        return _on(first, "zip_longest").zip_longest(*others, fillvalue=fillvalue, concurrent=True)
    return _core.zip_longest(sources, fillvalue)


def interleave(*sources: Source[T]) -> Stream[T]:
    """Take one item of each source in turn: :meth:`Stream.interleave`."""
    return _core.interleave(sources)


def cycle(source: Source[T], /) -> Stream[T]:
    """Repeat the items without end: :meth:`Stream.cycle`."""
    return _on(source, "cycle").cycle()


def merge_sorted(
    *sources: Source[T], key: Callable[[T], Any] | None = None, reverse: bool = False
) -> Stream[T]:
    """Merge sorted sources, as :func:`heapq.merge` does: :meth:`Stream.merge_sorted`."""
    return _core.merge_sorted(sources, key, reverse)


@overload
def product(a: Source[T], b: Source[U], /) -> Stream[builtins.tuple[T, U]]: ...
@overload
def product(a: Source[T], b: Source[U], c: Source[V], /) -> Stream[builtins.tuple[T, U, V]]: ...
@overload
def product(*sources: Source[T], repeat: int = 1) -> Stream[builtins.tuple[T, ...]]: ...
def product(*sources: Source[Any], repeat: int = 1) -> Stream[Any]:
    """Deliver the Cartesian product: :meth:`Stream.product`."""
    return _core.product(sources, repeat)


def combinations(source: Source[T], r: int) -> Stream[builtins.tuple[T, ...]]:
    """Deliver the combinations of *r* items: :meth:`Stream.combinations`."""
    return _on(source, "combinations").combinations(r)


def combinations_with_replacement(source: Source[T], r: int) -> Stream[builtins.tuple[T, ...]]:
    """Deliver combinations that repeat items: :meth:`Stream.combinations_with_replacement`."""
    return _on(source, "combinations_with_replacement").combinations_with_replacement(r)


def permutations(source: Source[T], r: int | None = None) -> Stream[builtins.tuple[T, ...]]:
    """Deliver the permutations of *r* items: :meth:`Stream.permutations`."""
    return _on(source, "permutations").permutations(r)


def peekable(source: Source[T]) -> Peekable[T]:
    """Make a stream that can look ahead: :meth:`Stream.peekable`."""
    return _on(source, "peekable").peekable()


def prepend(item: U, source: Source[T]) -> Stream[T | U]:
    """Deliver *item* first: :meth:`Stream.prepend`."""
    return _on(source, "prepend").prepend(item)


# ---- reduce


def list(source: Source[T], /) -> Run[builtins.list[T]]:
    """Collect the items into a list: :meth:`Stream.list`."""
    return _on(source, "list").list()


def tuple(source: Source[T], /) -> Run[builtins.tuple[T, ...]]:
    """Collect the items into a tuple: :meth:`Stream.tuple`."""
    return _on(source, "tuple").tuple()


def set(source: Source[T], /) -> Run[builtins.set[T]]:
    """Collect the items into a set: :meth:`Stream.set`."""
    return _on(source, "set").set()


def frozenset(source: Source[T], /) -> Run[builtins.frozenset[T]]:
    """Collect the items into a frozenset: :meth:`Stream.frozenset`."""
    return _on(source, "frozenset").frozenset()


def dict(source: Source[builtins.tuple[K, T]], /) -> Run[builtins.dict[K, T]]:
    """Collect pairs into a dict: :meth:`Stream.dict`."""
    return _on(source, "dict").dict()


def deque(source: Source[T], maxlen: int | None = None) -> Run[collections.deque[T]]:
    """Collect the items into a deque: :meth:`Stream.deque`."""
    return _on(source, "deque").deque(maxlen)


def sorted(
    source: Source[T], /, *, key: Callable[[T], Any] | None = None, reverse: bool = False
) -> Run[builtins.list[T]]:
    """Collect the items into a sorted list: :meth:`Stream.sorted`."""
    return _on(cast(Any, source), "sorted").sorted(key=key, reverse=reverse)


def sum(source: Source[Any], /, start: Any = 0) -> Run[Any]:
    """Add the items to *start*: :meth:`Stream.sum`."""
    return _on(source, "sum").sum(start)


@overload
def min(source: Source[T], /, *, key: Callable[[T], Any] | None = None) -> Run[T]: ...
@overload
def min(
    source: Source[T], /, *, key: Callable[[T], Any] | None = None, default: U
) -> Run[T | U]: ...
def min(source: Source[Any], /, *, key: Any = None, default: Any = MISSING) -> Run[Any]:
    """Find the smallest item: :meth:`Stream.min`."""
    return _on(source, "min").min(key=key, default=default)


@overload
def max(source: Source[T], /, *, key: Callable[[T], Any] | None = None) -> Run[T]: ...
@overload
def max(
    source: Source[T], /, *, key: Callable[[T], Any] | None = None, default: U
) -> Run[T | U]: ...
def max(source: Source[Any], /, *, key: Any = None, default: Any = MISSING) -> Run[Any]:
    """Find the largest item: :meth:`Stream.max`."""
    return _on(source, "max").max(key=key, default=default)


def any(source: Source[object], /) -> Run[bool]:
    """Return whether an item is true: :meth:`Stream.any`."""
    return _on(source, "any").any()


def all(source: Source[object], /) -> Run[bool]:
    """Return whether all items are true: :meth:`Stream.all`."""
    return _on(source, "all").all()


@overload
def reduce(fn: Callable[[T, T], Awaitable[T]], source: Source[T], /) -> Run[T]: ...
@overload
def reduce(fn: Callable[[T, T], T], source: Source[T], /) -> Run[T]: ...
@overload
def reduce(fn: Callable[[U, T], Awaitable[U]], source: Source[T], initial: U, /) -> Run[U]: ...
@overload
def reduce(fn: Callable[[U, T], U], source: Source[T], initial: U, /) -> Run[U]: ...
def reduce(fn: Any, source: Source[Any], initial: Any = MISSING, /) -> Run[Any]:
    """Fold the items into one: :meth:`Stream.reduce`."""
    return _on(source, "reduce").reduce(fn, initial)


def nth(source: Source[T], n: int, default: U | None = None) -> Run[T | U | None]:
    """Return the item number *n*: :meth:`Stream.nth`."""
    return _on(source, "nth").nth(n, default)


@overload
def first(source: Source[T]) -> Run[T]: ...
@overload
def first(source: Source[T], default: U) -> Run[T | U]: ...
def first(source: Source[Any], default: Any = MISSING) -> Run[Any]:
    """Return the first item: :meth:`Stream.first`."""
    return _on(source, "first").first(default)


@overload
def last(source: Source[T]) -> Run[T]: ...
@overload
def last(source: Source[T], default: U) -> Run[T | U]: ...
def last(source: Source[Any], default: Any = MISSING) -> Run[Any]:
    """Return the last item: :meth:`Stream.last`."""
    return _on(source, "last").last(default)


def one(source: Source[T]) -> Run[T]:
    """Return the only item: :meth:`Stream.one`."""
    return _on(source, "one").one()


def only(source: Source[T], default: U | None = None) -> Run[T | U | None]:
    """Return the only item, or *default*: :meth:`Stream.only`."""
    return _on(source, "only").only(default)


@overload
def for_each(fn: Callable[[T], object], source: Source[T]) -> Run[None]: ...
@overload
def for_each(
    fn: Callable[[T], object], source: Source[T], **way: Unpack[ForEachWay[T]]
) -> Run[None]: ...
def for_each(fn: Any, source: Source[Any], **way: Any) -> Run[None]:
    """Call *fn* with each item: :meth:`Stream.for_each`."""
    return _on(source, "for_each").for_each(fn, **way)


def drain(source: Source[object]) -> Run[None]:
    """Consume the items: :meth:`Stream.drain`."""
    return _on(source, "drain").drain()
