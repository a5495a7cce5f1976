"""Create: streams out of anything, and out of nothing."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast, overload

from .. import _core, runtime
from .types import MISSING, Run, Source, T, U, V

if TYPE_CHECKING:
    from . import Stream


def stream(source: Source[T]) -> Stream[T]:
    """Make a stream of anything that can be iterated; it owns what it was given.

    Async iterables and iterators, plain ones, ``asyncio.Queue`` and ``queue.Queue`` (until they are
    shut down). A stream is returned as it is.

    >>> async def rows():
    ...     yield 1
    ...     yield 2
    >>> run(stream(rows()).list())
    [1, 2]
    >>> stream(rows()).map(str).filter()
    <Stream filter <- map(str) <- rows>

    The source is closed exactly once, by its ``aclose()``, or ``close()`` where it has only that:
    at its end, when it fails, on ``aclose()``, on leaving ``async with``, and by every reducer.
    After a bare ``break`` it is left to the garbage collector; see :func:`debug`. A source that
    failed is at its end.

    Raises TypeError if *source* cannot be iterated.
    """
    return _core.source(source)


@overload
def aiter(source: Source[T], /) -> Stream[T]: ...
@overload
def aiter(fn: Callable[[], Awaitable[T]], sentinel: object, /) -> Stream[T]: ...
@overload
def aiter(fn: Callable[[], T], sentinel: object, /) -> Stream[T]: ...
def aiter(source: Any, sentinel: Any = MISSING, /) -> Stream[Any]:
    """Return an async iterator over anything; or call a function until it returns a sentinel.

    The builtin for all kinds of sources (see :func:`stream`), and with the two-argument form of
    :func:`iter`, in which the function may be async.

    >>> from io import BytesIO
    >>> file = BytesIO(b"abcde")
    >>> run(aiter(lambda: file.read(2), b"").list())
    [b'ab', b'cd', b'e']

    A call that fails or is cancelled does not end the stream: the next pull calls again.
    """
    if sentinel is MISSING:
        return _core.source_for(source, "aiter")
    return _core.calls(source, sentinel)


@overload
def anext(source: Stream[T], /, *, timeout: float | None = None) -> Run[T]: ...
@overload
def anext(source: AsyncIterator[T], /) -> Awaitable[T]: ...
@overload
def anext(source: Stream[T], default: U, /, *, timeout: float | None = None) -> Run[T | U]: ...
@overload
def anext(source: AsyncIterator[T], default: U, /) -> Run[T | U]: ...
def anext(source: Any, default: Any = MISSING, /, *, timeout: float | None = None) -> Any:
    """Return the next item; *default*, if given, at the end.

    *timeout* is in seconds: when it is over, TimeoutError is raised, but the pull goes on, and
    the next ``anext`` gets its item. From the first timed call on, a task of its own pulls the
    stream.

    >>> async def main():
    ...     numbers = stream([1, 2])
    ...     return await anext(numbers), await anext(numbers, timeout=1.5), await anext(numbers, 0)
    >>> run(main())
    (1, 2, 0)

    Raises StopAsyncIteration at the end, if there is no default. Cancelling it leaves the stream
    usable; closing the stream cancels a pull that goes on.
    """
    kind = cast(Any, type(source))
    if not hasattr(kind, "__anext__"):
        raise TypeError(f"{kind.__name__!r} object is not an async iterator")
    if timeout is not None:
        _check_timeout(source, timeout)
    elif default is MISSING:
        return kind.__anext__(source)
    return _next_item(source, default, timeout)


def _check_timeout(source: Any, timeout: Any) -> None:
    if not isinstance(source, _core.Op):
        raise TypeError(
            f"anext(): timeout= needs a stream, not {type(source).__name__!r}: "
            "make one with stream() and go on with that"
        )
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"anext(): timeout must be a number, not {type(timeout).__name__}")
    if math.isnan(timeout) or timeout < 0:
        raise ValueError("anext(): timeout must not be negative")


async def _next_item(source: Any, default: Any, timeout: float | None) -> Any:
    try:
        if timeout is None:
            return await builtins.anext(source)
        runtime.install_pump(source)
        async with runtime.timeout(timeout):
            return await builtins.anext(source)
    except StopAsyncIteration:
        if default is MISSING:
            raise
        return default


def borrow(source: Source[T]) -> Stream[T]:
    """Make a stream that does not close *source*: read a part of it, and go on with it later.

    >>> async def main():
    ...     numbers = stream(range(5))
    ...     return await borrow(numbers).take(2).sum(), await numbers.list()
    >>> run(main())
    (1, [2, 3, 4])
    """
    return _core.borrow(source)


def count(start: Any = 0, step: Any = 1) -> Stream[Any]:
    """Count from *start* by *step*, without end.

    >>> run(count(10, -2).take(3).list())
    [10, 8, 6]
    """
    return _core.source(itertools.count(start, step))


def repeat(item: T, times: int | None = None) -> Stream[T]:
    """Repeat *item*, *times* times or without end.

    >>> run(repeat("x", 3).list())
    ['x', 'x', 'x']
    """
    return _core.source(itertools.repeat(item) if times is None else itertools.repeat(item, times))


def empty() -> Stream[NoReturn]:
    """Make a stream without items.

    >>> run(empty().list())
    []
    """
    return _core.source((), "empty")


def once(item: T) -> Stream[T]:
    """Make a stream of that one item.

    >>> run(once(None).list())
    [None]
    """
    return _core.source((item,), "once")


def never() -> Stream[NoReturn]:
    """Make a stream that has no item and no end: a pull waits until it is cancelled or closed.

    >>> never()
    <Stream never>
    """
    return _core.source(_Never(), "never")


class _Never:
    def __aiter__(self) -> _Never:
        return self

    async def __anext__(self) -> NoReturn:
        await runtime.park()


@overload
def iterate(fn: Callable[[T], Awaitable[T]], start: T) -> Stream[T]: ...
@overload
def iterate(fn: Callable[[T], T], start: T) -> Stream[T]: ...
def iterate(fn: Any, start: Any) -> Stream[Any]:
    """Deliver *start*, ``fn(start)``, ``fn(fn(start))`` and so on, without end.

    >>> run(iterate(lambda x: 2 * x, 1).take(4).list())
    [1, 2, 4, 8]

    If *fn* fails or is cancelled, the next pull calls it again with the same item.
    """
    return _core.iterate(fn, start)


@overload
def paginate(
    fetch: Callable[[U | None], Awaitable[tuple[V, U | None]]], cursor: U | None = None
) -> Stream[V]: ...
@overload
def paginate(
    fetch: Callable[[U | None], tuple[V, U | None]], cursor: U | None = None
) -> Stream[V]: ...
def paginate(fetch: Any, cursor: Any = None) -> Stream[Any]:
    """Deliver pages: *fetch* gets a cursor and returns a page and the next cursor, None at last.

    >>> pages = {None: ("ab", 1), 1: ("cd", 2), 2: ("e", None)}
    >>> run(paginate(pages.get).list())
    ['ab', 'cd', 'e']
    >>> run(paginate(pages.get).flatten().list())
    ['a', 'b', 'c', 'd', 'e']

    A page is fetched when it is asked for. If *fetch* fails or is cancelled, the next pull
    fetches the same page again. The idea is ZIO's ``paginate``.
    """
    return _core.paginate(fetch, cursor)


@overload
def range(stop: int, /) -> Stream[int]: ...
@overload
def range(start: int, stop: int, step: int = 1, /) -> Stream[int]: ...
def range(*args: int) -> Stream[int]:
    """Deliver the numbers of the builtin :class:`range`.

    >>> run(range(2, 8, 3).list())
    [2, 5]
    """
    return _core.source(builtins.range(*args))
