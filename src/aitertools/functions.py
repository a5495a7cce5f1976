"""The names of the builtins, itertools and more-itertools, with the originals' argument order.

Each is its method on any source; what it does is documented there.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, cast, overload

from . import _core
from .stream import Peekable, Stream
from .stream.types import MISSING, Predicate, Run, Source, T, U, V


def _on(source: Source[T]) -> Stream[T]:
    """The source as a method sees it: the core makes a stream of it, and names the method in errors."""
    return cast("Stream[T]", source)


def _given(value: Any) -> builtins.tuple[Any, ...]:
    """The argument, if it was given."""
    return () if value is MISSING else (value,)


# ---- transform


@overload
def map(fn: Callable[[T], Awaitable[U]], source: Source[T], /) -> Stream[U]: ...
@overload
def map(fn: Callable[[T], U], source: Source[T], /) -> Stream[U]: ...
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
def map(fn: Any, source: Source[Any], /, *others: Source[Any]) -> Stream[Any]:
    """Apply *fn* to the items: :meth:`Stream.map`."""
    return Stream.map(_on(source), fn, *others)


@overload
def starmap(fn: Callable[..., Awaitable[U]], source: Source[Any], /) -> Stream[U]: ...
@overload
def starmap(fn: Callable[..., U], source: Source[Any], /) -> Stream[U]: ...
def starmap(fn: Any, source: Source[Any], /) -> Stream[Any]:
    """Apply *fn* to the items' own items: :meth:`Stream.starmap`."""
    return Stream.starmap(_on(source), fn)


@overload
def flatten(source: Source[AsyncIterable[T]], /) -> Stream[T]: ...
@overload
def flatten(source: Source[Iterable[T]], /) -> Stream[T]: ...
def flatten(source: Source[Any], /) -> Stream[Any]:
    """Deliver the items of the items: :meth:`Stream.flatten`."""
    return Stream.flatten(_on(source))


def enumerate(source: Source[T], start: int = 0) -> Stream[builtins.tuple[int, T]]:
    """Number the items: :meth:`Stream.enumerate`."""
    return Stream.enumerate(_on(source), start)


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
    return Stream.accumulate(_on(source), fn, initial=initial)


def pairwise(source: Source[T], /) -> Stream[builtins.tuple[T, T]]:
    """Pair each item with the one before it: :meth:`Stream.pairwise`."""
    return Stream.pairwise(_on(source))


def intersperse(separator: U, source: Source[T]) -> Stream[T | U]:
    """Put *separator* between the items: :meth:`Stream.intersperse`."""
    return Stream.intersperse(_on(source), separator)


# ---- select


def filter(predicate: Predicate[T] | None, source: Source[T], /) -> Stream[T]:
    """Keep the items for which *predicate* is true: :meth:`Stream.filter`."""
    return Stream.filter(_on(source), predicate)


def filterfalse(predicate: Predicate[T] | None, source: Source[T], /) -> Stream[T]:
    """Keep the items for which *predicate* is false: :meth:`Stream.filterfalse`."""
    return Stream.filterfalse(_on(source), predicate)


def takewhile(predicate: Predicate[T], source: Source[T], /) -> Stream[T]:
    """Deliver items while *predicate* is true: :meth:`Stream.takewhile`."""
    return Stream.takewhile(_on(source), predicate)


def dropwhile(predicate: Predicate[T], source: Source[T], /) -> Stream[T]:
    """Skip items while *predicate* is true: :meth:`Stream.dropwhile`."""
    return Stream.dropwhile(_on(source), predicate)


@overload
def islice(source: Source[T], stop: int | None, /) -> Stream[T]: ...
@overload
def islice(
    source: Source[T], start: int | None, stop: int | None, step: int | None = None, /
) -> Stream[T]: ...
def islice(source: Source[T], /, *args: int | None) -> Stream[T]:
    """Deliver a slice: :meth:`Stream.islice`."""
    return Stream.islice(_on(source), *args)  # type: ignore[call-overload,no-any-return]


def compress(data: Source[T], selectors: Source[Any]) -> Stream[T]:
    """Keep the items whose selector is true: :meth:`Stream.compress`."""
    return Stream.compress(_on(data), selectors)


def unique(source: Source[T], key: Predicate[T] | None = None) -> Stream[T]:
    """Keep the first of equal items: :meth:`Stream.unique`."""
    return Stream.unique(_on(source), key)


def unique_justseen(source: Source[T], key: Predicate[T] | None = None) -> Stream[T]:
    """Keep the first of adjacent equal items: :meth:`Stream.unique_justseen`."""
    return Stream.unique_justseen(_on(source), key)


# ---- group


def batched(source: Source[T], n: int, *, strict: bool = False) -> Stream[builtins.tuple[T, ...]]:
    """Group items into tuples of *n*: :meth:`Stream.batched`."""
    return Stream.batched(_on(source), n, strict=strict)


def windowed(
    source: Source[T], n: int, fillvalue: Any = None, step: int = 1
) -> Stream[builtins.tuple[T, ...]]:
    """Deliver overlapping windows of *n* items: :meth:`Stream.windowed`."""
    return Stream.windowed(_on(source), n, step=step, fillvalue=fillvalue)


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
    return Stream.groupby(_on(source), key)


def split_at(
    source: Source[T],
    predicate: Predicate[T],
    maxsplit: int = -1,
    keep_separator: bool = False,
) -> Stream[builtins.list[T]]:
    """Split at the items for which *predicate* is true: :meth:`Stream.split_at`."""
    return Stream.split_at(
        _on(source), predicate, maxsplit=maxsplit, keep_separator=keep_separator
    )


def partition(
    predicate: Predicate[T], source: Source[T]
) -> builtins.tuple[Stream[T], Stream[T]]:
    """Split into the false and the true items: :meth:`Stream.partition`."""
    return Stream.partition(_on(source), predicate)


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
        return Stream.flatten(_on(source))


chain = _Chain()


@overload
def zip(a: Source[T], /, *, strict: bool = False) -> Stream[builtins.tuple[T]]: ...
@overload
def zip(
    a: Source[T], b: Source[U], /, *, strict: bool = False
) -> Stream[builtins.tuple[T, U]]: ...
@overload
def zip(
    a: Source[T], b: Source[U], c: Source[V], /, *, strict: bool = False
) -> Stream[builtins.tuple[T, U, V]]: ...
@overload
def zip(*sources: Source[Any], strict: bool = False) -> Stream[builtins.tuple[Any, ...]]: ...
def zip(*sources: Source[Any], strict: bool = False) -> Stream[Any]:
    """Pair the items of several sources: :meth:`Stream.zip`."""
    return _core.zip(sources, strict)


def zip_longest(
    *sources: Source[Any], fillvalue: Any = None
) -> Stream[builtins.tuple[Any, ...]]:
    """Pair the items of several sources until the longest ends: :meth:`Stream.zip_longest`."""
    return _core.zip_longest(sources, fillvalue)


def interleave(*sources: Source[T]) -> Stream[T]:
    """Take one item of each source in turn: :meth:`Stream.interleave`."""
    return _core.interleave(sources)


def cycle(source: Source[T], /) -> Stream[T]:
    """Repeat the items without end: :meth:`Stream.cycle`."""
    return Stream.cycle(_on(source))


def merge_sorted(
    *sources: Source[T], key: Callable[[T], Any] | None = None, reverse: bool = False
) -> Stream[T]:
    """Merge sorted sources, as :func:`heapq.merge` does: :meth:`Stream.merge_sorted`."""
    return _core.merge_sorted(sources, key, reverse)
