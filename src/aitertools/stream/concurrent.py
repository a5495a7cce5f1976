"""Concurrent: several sources read side by side, as one stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from .. import _core, engine
from ..engine.checks import check_callable, check_distinct
from .types import Halt, Source, T, T_co, U, V

if TYPE_CHECKING:
    from . import Stream
    from .merged import Merged

W = TypeVar("W")


def race(*sources: Source[T]) -> Stream[T]:
    """Read that one of *sources* which is the first to deliver an item.

        a             ---x-y-|
        b             --1--2-3|
        race(a, b)    --1--2-3|

    >>> run(race(ait.never(), "ab", [1, 2]).list())
    ['a', 'b']

    All are asked for an item. When one delivers, the others are closed, all at the same time, and
    what they were about to deliver is gone; the item comes when they are closed. From then on the
    stream is that source, with its errors and its end.

    A source that fails or ends before it has delivered is out of the race. If all are, the first
    error is raised, from which the others can be reached; if there is none, that is the end.

    Cancelling loses nothing. Closing closes all sources. What closing the others raises comes
    before the first item, which comes after that. Under trio it is used inside of an ``async with``
    of the stream.

    Raises ValueError if there are no sources, or if one stream is there twice.

    Source: Rx's ``race`` and ``amb``.
    """
    streams = _all("race", sources)
    raced: Stream[T] = engine.make(engine.Race(streams), "race", *streams)
    return raced


@overload
def zip_latest(a: Source[T], /) -> Stream[tuple[T]]: ...
@overload
def zip_latest(a: Source[T], b: Source[U], /) -> Stream[tuple[T, U]]: ...
@overload
def zip_latest(a: Source[T], b: Source[U], c: Source[V], /) -> Stream[tuple[T, U, V]]: ...
@overload
def zip_latest(
    a: Source[T], b: Source[U], c: Source[V], d: Source[W], /
) -> Stream[tuple[T, U, V, W]]: ...
@overload
def zip_latest(*sources: Source[Any]) -> Stream[tuple[Any, ...]]: ...
def zip_latest(*sources: Source[Any]) -> Stream[Any]:
    """Deliver the latest items of all *sources*, as a tuple, whenever one of them delivers.

        a                   x----y--|
        b                   --1-2------3|
        zip_latest(a, b)    --{x1}-{x2}{y2}-----{y3}|

    >>> run(zip_latest("ab", [1, 2]).list())
    [('a', 1), ('b', 1), ('b', 2)]

    It begins when each has delivered. Until then a source that has is not asked for more: no item
    is left out, where Rx keeps only the last of those before. For only the newest, have a buffer in
    front: ``source.buffer(1, overflow="latest")``.

    The stream ends with the last source, or as soon as one ends that has delivered nothing. It is
    fair as :func:`merge` is. Errors come as items do, and end nothing. Cancelling loses nothing;
    closing closes all sources.

    Raises ValueError if there are no sources, or if one stream is there twice.

    Source: Rx's ``combineLatest``, ZIO's ``zipLatest``.
    """
    streams = _all("zip_latest", sources)
    zipped: Stream[Any] = engine.make(engine.ZipLatest(streams), "zip_latest", *streams)
    return zipped


def _all(name: str, sources: Sequence[Source[Any]]) -> list[Stream[Any]]:
    if not sources:
        raise ValueError(f"{name}(): there must be at least one source")
    streams = [_core.source_for(source, name) for source in sources]
    check_distinct(streams, name)
    return streams


class Concurrent(Generic[T_co]):
    """The methods of a stream that read other sources at the same time."""

    __slots__ = ()

    def merge(self, *others: Source[U], halt: Halt = "all") -> Merged[T_co | U]:
        """Deliver the items of this stream and of *others*, each when it comes.

            source          a--b--|
            other           -1-2-3---|
            merge(other)    a1-(b2)-3---|

        >>> run(stream("abc").merge([1, 2]).list())
        ['a', 1, 'b', 2, 'c']

        See :func:`merge`, which has the sources as its arguments.
        """
        from .merged import merge  # noqa: PLC0415 -- what it makes is a Stream

        merged: Merged[Any] = merge(cast("Source[Any]", self), *others, halt=halt)
        return merged

    def race(self, *others: Source[U]) -> Stream[T_co | U]:
        """Go on with this stream or one of *others*, whichever is the first to deliver an item.

            source         ---a-b|
            other          --1--2-3|
            race(other)    --1--2-3|

        >>> run(ait.never().race("ab").list())
        ['a', 'b']

        See :func:`race`, which has the sources as its arguments.
        """
        raced: Stream[Any] = race(cast("Source[Any]", self), *others)
        return raced

    @overload
    def zip_latest(self) -> Stream[tuple[T_co]]: ...
    @overload
    def zip_latest(self, other: Source[U], /) -> Stream[tuple[T_co, U]]: ...
    @overload
    def zip_latest(self, other: Source[U], third: Source[V], /) -> Stream[tuple[T_co, U, V]]: ...
    @overload
    def zip_latest(
        self, other: Source[U], third: Source[V], fourth: Source[W], /
    ) -> Stream[tuple[T_co, U, V, W]]: ...
    @overload
    def zip_latest(self, *others: Source[Any]) -> Stream[tuple[Any, ...]]: ...
    def zip_latest(self, *others: Source[Any]) -> Stream[Any]:
        """Deliver the latest items of this and *others*, as a tuple, whenever one of them delivers.

            source               a----b--|
            other                --1-2------3|
            zip_latest(other)    --{a1}-{a2}{b2}-----{b3}|

        >>> run(stream("ab").zip_latest([1]).list())
        [('a', 1), ('b', 1)]

        See :func:`zip_latest`, which has the sources as its arguments.
        """
        zipped: Stream[Any] = zip_latest(cast("Source[Any]", self), *others)
        return zipped

    @overload
    def with_latest_from(self, other: Source[U], /) -> Stream[tuple[T_co, U]]: ...
    @overload
    def with_latest_from(
        self, other: Source[U], third: Source[V], /
    ) -> Stream[tuple[T_co, U, V]]: ...
    @overload
    def with_latest_from(
        self, other: Source[U], third: Source[V], fourth: Source[W], /
    ) -> Stream[tuple[T_co, U, V, W]]: ...
    @overload
    def with_latest_from(self, *others: Source[Any]) -> Stream[tuple[Any, ...]]: ...
    def with_latest_from(self, *others: Source[Any]) -> Stream[Any]:
        """Deliver each item with the latest item of each of *others*, as a tuple.

            source                     a---b--c|
            other                      -1-2-3--4-|
            with_latest_from(other)    -{a1}--{b2}--{c3}|

        >>> run(stream("ab").with_latest_from(ait.repeat(1)).list())
        [('a', 1), ('b', 1)]

        An item that comes before the others have one waits for them. The others are read ahead, and
        of their items only the latest is kept; the ones before are skipped, that is the meaning.
        While the consumer waits they are read as they come; but of one that never has to be waited
        for no more than a hundred items are for each item delivered, as it could go on for ever.
        While the consumer does something else, one item of each is on its way. For the newest of
        many, have ``other.buffer(1, overflow="latest")``.

        The stream ends when this one does, or as soon as one of the others ends that has delivered
        nothing. Errors of all come as items do, and end nothing. Cancelling loses nothing; closing
        closes all. Raises ValueError if there are no others, or if one stream is there twice.

        Source: Rx's ``withLatestFrom``.
        """
        mine = cast("Stream[Any]", self)
        streams = _all("with_latest_from", others)
        check_distinct((mine, *streams), "with_latest_from")
        paired: Stream[Any] = engine.make(
            engine.WithLatest(mine, streams), "with_latest_from", mine, *streams
        )
        return paired

    @overload
    def switch_map(self, fn: Callable[[T_co], Awaitable[Source[U]]]) -> Stream[U]: ...
    @overload
    def switch_map(self, fn: Callable[[T_co], Source[U]]) -> Stream[U]: ...
    def switch_map(self, fn: Callable[[T_co], Any]) -> Stream[Any]:
        """Deliver the items of ``fn(item)`` until the next item comes, then the items of that one.

            source        a         b |
            switch_map f  a1 a2 a3  b1 b2 |

        >>> async def search(text):
        ...     for number in range(2):
        ...         await asyncio.sleep(1)
        ...         yield text, number
        >>> async def typed():
        ...     yield "a"
        ...     await asyncio.sleep(1.5)
        ...     yield "ab"
        >>> run(stream(typed()).switch_map(search).list())
        [('a', 0), ('ab', 0), ('ab', 1)]

        The source that *fn* made before is closed first; what it had not delivered is gone. This
        stream is read ahead: it is asked for its next item before each item that is delivered, and
        as long as the newest source has none. The stream ends when both have.

        Errors of this stream, of *fn* and of the sources come as items do, and end nothing.
        Cancelling loses nothing; closing closes the open source, then this stream. Raises TypeError
        if *fn* is not callable.

        Source: Rx's ``switchMap``, Kotlin's and Swift's ``flatMapLatest``.
        """
        check_callable(fn, "switch_map")
        mine = cast("Stream[Any]", self)
        operator = engine.Switch(_core.map(mine, fn), "switch_map")
        switched: Stream[Any] = engine.make(operator, engine.label("switch_map", fn), mine)
        return switched
