"""The types that the families share."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    Protocol,
    Required,
    TypeAlias,
    TypedDict,
    TypeVar,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

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


OnError: TypeAlias = (
    Literal["raise", "skip", "collect"] | Callable[[Exception, T], Awaitable[object] | object]
)
"""What becomes of an item whose function failed."""


Halt: TypeAlias = Literal["all", "any"]
"""Whether a merged stream ends with the last of its sources, or with the first that ends."""


class Concurrently(TypedDict, Generic[T], total=False):
    """How the calls of an operator are made, when several are in flight."""

    concurrency: int
    ordered: bool
    buffer: int | None
    on_error: OnError[T]
    executor: Executor
    chunksize: int | None


class KeyedWay(Concurrently[T], Generic[T], total=False):
    """The same, of one that can keep those with the same key apart."""

    key: Callable[[T], Hashable | Awaitable[Hashable]] | None


class ForEachWay(TypedDict, Generic[T], total=False):
    """The same, where there are no results to be delivered."""

    concurrency: int
    key: Callable[[T], Hashable | Awaitable[Hashable]] | None
    on_error: OnError[T]
    executor: Executor
    chunksize: int | None


class ResultWay(TypedDict, Generic[T], total=False):
    """The same, where an item that failed becomes a result like others."""

    concurrency: int
    ordered: bool
    buffer: int | None
    key: Callable[[T], Hashable | Awaitable[Hashable]] | None
    executor: Executor
    chunksize: int | None
    on_error: Required[Literal["result"]]


class PutMany(Coroutine[Any, Any, None], Generic[T]):
    """What Queue.put_many() returns."""

    @property
    def rest(self) -> list[T]:
        """The items not put yet."""
        raise NotImplementedError
