"""The types that the families share."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

MISSING: Any = object()
"""An argument that was not given, where None is a value."""

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
T_co = TypeVar("T_co", covariant=True)


class QueueOf(Protocol[T_co]):
    """What the types can see of asyncio.Queue and queue.Queue."""

    def get_nowait(self) -> T_co:  # noqa: D102 -- theirs
        ...

    def task_done(self) -> None:  # noqa: D102 -- theirs
        ...


Source: TypeAlias = AsyncIterable[T] | Iterable[T] | QueueOf[T]
"""What a stream can be made of."""

Fn: TypeAlias = Callable[[T], Awaitable[U] | U]
"""A function of one item, ``def`` or ``async def``."""

Predicate: TypeAlias = Callable[[T], Awaitable[object] | object]
"""A function whose result, awaited where it has to be, counts as true or false."""

Run: TypeAlias = Coroutine[Any, Any, T]
"""What a reducer returns: an awaitable that tasks accept as well."""


class PutMany(Coroutine[Any, Any, None], Generic[T]):
    """What Queue.put_many() returns."""

    @property
    def rest(self) -> list[T]:
        """The items not put yet."""
        raise NotImplementedError
