"""Time: when items come, how long they are waited for, and streams of the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from ..engine.ticks import alarming, ticking
from ..engine.timed import beating, timing_out
from .types import T_co, U

if TYPE_CHECKING:
    from . import Stream

V = TypeVar("V")

Seconds: TypeAlias = float | timedelta
"""A duration."""


class Time(Generic[T_co]):
    """The methods of a stream that look at the clock; it is that of the event loop."""

    __slots__ = ()

    def timeout(self, seconds: Seconds) -> Stream[T_co]:
        """Raise TimeoutError wherever an item does not come so soon; asked again, go on.

            source         a----b|
            timeout(3)     a--{^TimeoutError}-b|

        >>> async def slow():
        ...     yield "a"
        ...     await asyncio.sleep(4)
        ...     yield "b"
        >>> async def main():
        ...     async with stream(slow()).timeout(3) as letters:
        ...         assert await anext(letters) == "a"
        ...         try:
        ...             return await anext(letters)
        ...         except TimeoutError:
        ...             return "late: " + await anext(letters)
        >>> run(main())
        'late: b'

        The time of each pull counts from when it was asked for. When it is over, the pull of the
        source goes on, in a task of its own, and the next one gets its item: a timeout neither
        loses an item nor ends a generator. ``.timeout(3).suppress(TimeoutError)`` just waits on.

        Cancel-safe: a cancelled pull loses nothing. Closing closes the source, and ends a pull that
        goes on. An error comes in its place. Raises ValueError if *seconds* is not positive.

        Source: tokio's ``timeout``, which leaves the stream alive. For a single pull there is
        :func:`anext`, for the whole stream :meth:`deadline`.
        """
        made: Stream[T_co] = timing_out(self, seconds)
        return made

    def heartbeat(self, every: Seconds, value: U) -> Stream[T_co | U]:
        """Deliver *value* whenever nothing else came for so long, to keep a connection alive.

            source               a------b-|
            heartbeat(2, '~')    a-~-~-~b-|

        >>> async def events():
        ...     yield "hello"
        ...     await asyncio.sleep(50)
        ...     yield "bye"
        >>> run(stream(events()).heartbeat(20, ": ping").list())
        ['hello', ': ping', ': ping', 'bye']

        The time counts from when the consumer asks for the next item: while it is busy there is no
        silence, and no values pile up. A cancelled pull does not begin it anew. What comes just
        then comes instead of the value.

        Cancel-safe: neither the item nor the time is lost. Closing closes the source. Errors come
        in their place. Raises ValueError if *every* is not positive.

        Source: Pekko's ``keepAlive``; Server-Sent Events, WebSockets.
        """
        made: Stream[T_co | U] = beating(self, every, value)
        return made


def interval(every: Seconds, *, start: Seconds | None = None) -> Stream[int]:
    """Count the ticks of a clock: 0, 1, 2 and so on, one *every* so many seconds.

        interval(2).take(3)              --0-1-(2|)

    >>> async def main():
    ...     loop, seen = asyncio.get_running_loop(), []
    ...     async for tick in interval(10).take(4):
    ...         seen.append((tick, loop.time()))
    ...         if tick == 1:
    ...             await asyncio.sleep(25)
    ...     return seen
    >>> run(main())
    [(0, 10.0), (1, 20.0), (3, 45.0), (4, 50.0)]

    The clock begins at the first pull. The first tick comes *start* seconds later, if given, else
    *every*; ``interval(60, start=0)`` has one at once. All others follow it by multiples of
    *every*, without drift. A consumer that was busy gets the last tick that it missed at once, and
    then the next at its time: those in between are skipped, and counted all the same.

    Cancel-safe: a cancelled pull does not move the clock. Raises ValueError if *every* is not
    positive or *start* is negative.

    Source: tokio's ``interval`` with ``MissedTickBehavior::Skip``; a timerfd counts that way.
    """
    made: Stream[int] = ticking(every, start)
    return made


@overload
def timer(delay: Seconds) -> Stream[None]: ...
@overload
def timer(delay: Seconds, value: V) -> Stream[V]: ...
def timer(delay: Seconds, value: Any = None) -> Stream[Any]:
    """Deliver *value* once, so many seconds after it was asked for.

        timer(3, 'x')    ---(x|)

    >>> run(timer(3600, "done").list())
    ['done']

    Cancel-safe: asked again, it waits for the rest of the time. Raises ValueError if *delay* is
    negative.

    Source: Rx's ``timer``.
    """
    made: Stream[Any] = alarming(delay, value)
    return made
