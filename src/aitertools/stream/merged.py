"""Merged: several sources as one stream, each item when it comes."""

from __future__ import annotations

from typing import Any

from .. import _core, engine
from ..engine.checks import check_distinct
from . import Stream
from .types import Halt, Source, T, T_co


class Merged(Stream[T_co]):
    """A stream of what several sources deliver; made by :func:`merge`.

    Sources may come and go while it runs.
    """

    __slots__ = ()

    def add(self, source: Source[T_co]) -> None:
        """Read *source* as well, from now on; it is owned as the others are.

        >>> async def main():
        ...     letters = ait.merge("ab")
        ...     first = await anext(letters)
        ...     letters.add([1, 2])
        ...     return first, await letters.list()
        >>> run(main())
        ('a', ['b', 1, 2])

        It is in turn after the others, also when a task waits for an item just now. To be called in
        the event loop in which the stream is read.

        Raises ValueError if the stream is at its end, which is final, or if *source* is a stream
        that it reads already, or that reads it, TypeError if *source* cannot be iterated.
        """
        operator = _core.operator_of(self)
        if operator is None or operator.closing:
            raise ValueError("add(): the stream is at its end")
        added = _core.source_for(source, "add")
        check_distinct((*operator.sources(), added), "add")
        if self in _core.family(added):  # whoever follows its sources would never be done
            raise ValueError("add(): the stream would read itself")
        operator.add(added, id(source))
        _core.set_sources(self, operator.sources())

    async def remove(self, source: Source[Any]) -> bool:
        """Close *source*, and return whether it was still being read.

        >>> async def main():
        ...     ticks = ait.count()
        ...     both = ait.merge("abc", ticks)
        ...     head = await both.head(3)
        ...     return head, await both.remove(ticks), await both.list()
        >>> run(main())
        (['a', 0, 'b'], True, ['c'])

        *source* is the very object that was given to :func:`merge` or :meth:`add`. It returns when
        that is closed; an item of it that was not delivered yet is gone. The others go on, with
        *halt* ``any`` as well. Raises what closing it raises. Cancelled, it is closed all the same.
        """
        operator = _core.operator_of(self)
        return operator is not None and await operator.remove(id(source))


def merge(*sources: Source[T], halt: Halt = "all") -> Merged[T]:
    """Read *sources* at the same time, and deliver each item when it comes.

        a              x--x--|
        b              -yy---y-|
        merge(a, b)    xyyx--y-|

    >>> run(merge([1, 2, 3], "ab").list())
    [1, 'a', 2, 'b', 3]

    The stream ends with the last of its sources; with *halt* ``any`` with the first that ends: the
    others are closed then, and what they had not delivered is gone. Sources can be added and
    removed while it runs: see :class:`Merged`. Merged with :func:`never`, it goes on when the
    others are over, to wait for those to come.

    It is fair: among sources that have something, each has its turn before another has two. A
    source is asked for an item when it is its turn, and not for another before that one was
    delivered; so up to one item of each is on its way. It has one task if it has to be waited for,
    and none otherwise, and costs the same beside thousands of others.

    An error comes as an item does; the other sources go on after it, and with them the stream.
    Cancelling loses nothing. Closing closes all sources, at the same time. Under trio it is used
    inside of an ``async with`` of the stream.

    Raises ValueError if there are no sources, if one stream is there twice, or *halt* is something
    else.

    Source: Rx's ``merge``, Rust's ``select_all``, ZIO's halt strategies, Pekko's ``MergeHub``.
    """
    if not sources:
        raise ValueError("merge(): there must be at least one source")
    halt_any = engine.halt_of(halt)
    streams = [_core.source_for(source, "merge") for source in sources]
    check_distinct(streams, "merge")
    known_as = map(id, sources)
    operator = engine.Merge(zip(streams, known_as, strict=True), halt_any=halt_any)
    merged: Merged[T] = engine.make(operator, "merge", *streams, cls=Merged)
    return merged
