"""Peekable: a stream that can be looked at, and given items back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import _core
from . import Stream
from .types import MISSING, Source, T, T_co, U

D = TypeVar("D")


class Peekable(Stream[T_co]):
    """A stream whose next item can be looked at; made by :meth:`Stream.peekable`.

        source  a b c |
        peek    a
        pull    a b c |

    After the ``peekable`` of more-itertools.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self: Peekable[T], source: Source[T]) -> None: ...

    else:

        def __new__(cls, source):  # noqa: D102 -- of the class
            return _core.peekable(cls, source)

    @overload
    async def peek(self) -> T_co: ...
    @overload
    async def peek(self, default: D) -> T_co | D: ...
    async def peek(self, default: Any = MISSING) -> Any:
        """Return the next item, which stays the next one; *default* if there is none.

        >>> async def main():
        ...     words = stream(["and", "so", "on"]).peekable()
        ...     while await words.peek("") != "on":
        ...         print(await anext(words))
        ...     return await words.list()
        >>> run(main())
        and
        so
        ['on']

        Raises :exc:`StopAsyncIteration` at the end if there is no *default*, as :func:`anext` does.
        A cancelled ``peek`` loses nothing. An error is raised by the ``peek`` that meets it, once.
        """
        try:
            item = await self.__anext__()
        except StopAsyncIteration:
            if default is MISSING:
                raise
            return default

        _core.unread(self, item)
        return item

    def prepend(self, *items: U) -> Peekable[T_co | U]:
        """Put *items* before those that are still to come, and return the stream itself.

        >>> async def main():
        ...     numbers = stream([3, 4]).peekable()
        ...     numbers.prepend(1, 2)
        ...     return await numbers.list()
        >>> run(main())
        [1, 2, 3, 4]

        Raises :exc:`ValueError` if the stream is at its end, which is final, and
        :exc:`RuntimeError` while it waits for an item.
        """
        _core.prepend(self, items)
        return self
