"""Concurrent: several sources read side by side, as one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, cast

from .types import Halt, Source, T_co, U

if TYPE_CHECKING:
    from .merged import Merged


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
