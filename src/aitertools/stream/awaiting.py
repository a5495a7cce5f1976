"""Awaitables: their results as they come, or all of them in order."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from .. import _core, engine
from .types import Run, Source

if TYPE_CHECKING:
    from . import Stream

R = TypeVar("R")


def as_completed(awaitables: Source[Awaitable[R]], limit: int | None = None) -> Stream[R]:
    """Deliver the results of *awaitables* as they come, and have up to *limit* under way.

    >>> async def wait(seconds):
    ...     await asyncio.sleep(seconds)
    ...     return seconds
    >>> run(ait.as_completed([wait(3), wait(1), wait(2)]).list())
    [1, 2, 3]
    >>> run(ait.as_completed((wait(n) for n in [3, 1, 2]), limit=2).list())
    [1, 3, 2]

    They begin when the first item is asked for, each in a task of the stream. Without a *limit*
    all do, so *awaitables* is a plain iterable, which is read at once. With one, it may be any
    source, and is read as there is room: a generator of coroutines makes them when it is their
    turn. Up to twice as many results may wait for the consumer.

    An error comes as a result does, and the others go on. Cancelling loses nothing. Closing, also
    by a reducer after an error, cancels those under way and waits for their end; coroutines that
    have not begun are closed, tasks and futures cancelled. Under trio it is used inside of an
    ``async with`` of the stream.

    Raises ValueError if *limit* is less than one, TypeError if there is none and *awaitables* is
    asynchronous. What is not awaitable is a TypeError in its place.

    Source: :func:`asyncio.as_completed`, with the results themselves and a limit.
    """
    completed: Stream[R] = engine.completing("as_completed", awaitables, limit)
    return completed


def gather(awaitables: Source[Awaitable[R]], limit: int | None = None) -> Run[list[R]]:
    """Await *awaitables*, up to *limit* at a time, and return a list of the results, in order.

    >>> async def square(n):
    ...     await asyncio.sleep(n)
    ...     return n * n
    >>> run(ait.gather([square(3), square(1), square(2)]))
    [9, 1, 4]
    >>> run(ait.gather((square(n) for n in range(4)), limit=2))
    [0, 1, 4, 9]

    The first error ends it: the others are cancelled, and over when it is raised; coroutines that
    have not begun are closed. The same happens when it is cancelled. So it is all or nothing, where
    :func:`asyncio.gather` leaves the others running. *awaitables*, *limit*, and what is raised for
    these, are as for :func:`as_completed`.

    Source: :func:`asyncio.gather`, with the ending of :class:`asyncio.TaskGroup`.
    """
    stream, results = engine.gathering("gather", awaitables, limit)

    def in_order(_: object) -> list[R]:
        return results

    return _core.into(stream, in_order)
