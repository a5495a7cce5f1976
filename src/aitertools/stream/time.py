"""Time: when items come, how long they are waited for, and streams of the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from .. import engine
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
        made: Stream[T_co] = engine.timing_out(self, seconds)
        return made

    def deadline(self, seconds: Seconds) -> Stream[T_co]:
        """Raise TimeoutError when the stream is not over within so long; that is its end.

            source         a-b--c|
            deadline(4)    a-b-({^TimeoutError}|)

        >>> async def main():
        ...     seen = []
        ...     try:
        ...         async for tick in interval(10).deadline(25):
        ...             seen.append(tick)
        ...     except TimeoutError:
        ...         return seen
        >>> run(main())
        [0, 1]

        The time counts from the first pull, what the consumer does in between included. The source
        is closed before the error is raised; what comes just then, or came and was not asked for,
        is gone.

        Cancel-safe: a cancelled pull loses nothing, and does not move the end. Closing closes the
        source. Errors come in their place. Raises ValueError if *seconds* is not positive.

        Source: Pekko's ``completionTimeout``. For each item there is :meth:`timeout`.
        """
        made: Stream[T_co] = engine.ending_within(self, seconds)
        return made

    @overload
    def idle(self, seconds: Seconds, callback: Callable[[], Awaitable[object]]) -> Stream[T_co]: ...
    @overload
    def idle(self, seconds: Seconds, callback: Callable[[], object]) -> Stream[T_co]: ...
    def idle(self, seconds: Seconds, callback: Callable[[], object]) -> Stream[T_co]:
        """Call *callback* when nothing came for so long; once, until something comes.

            source           a------b-|
            idle(2, call)    a------b-|
            call               x

        >>> async def readings():
        ...     for pause in (1, 50, 1):
        ...         await asyncio.sleep(pause)
        ...         yield pause
        >>> run(stream(readings()).idle(20, lambda: print("is anybody there?")).list())
        is anybody there?
        [1, 50, 1]

        It may be ``def`` or ``async def``, and is called, without arguments, by the consumer who
        waits; while it is awaited nothing is delivered, but the pull of the source goes on. The
        time counts from when the consumer asks for the next item; a cancelled pull does not begin
        it anew. An error of *callback* comes at once, and the stream goes on after it.

        Cancel-safe: no item is lost. A call that is cancelled half-way is not made again in the
        same silence. Closing closes the source. Raises ValueError if *seconds* is not positive,
        TypeError if *callback* cannot be called.
        """
        made: Stream[T_co] = engine.noticing(self, seconds, callback)
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
        made: Stream[T_co | U] = engine.beating(self, every, value)
        return made

    def take_until(self, signal: Awaitable[object]) -> Stream[T_co]:
        """Deliver items until *signal* is done, then end, and close the source.

            source                      ab--c--d|
            other                       -----x|
            take_until(other.first())   ab--c|

        >>> async def main():
        ...     stop = asyncio.Event()
        ...     async for tick in interval(10).take_until(stop.wait()):
        ...         if tick == 2:
        ...             stop.set()
        ...     return tick
        >>> run(main())
        2

        *signal* is a coroutine, a future, or anything else that can be awaited. One task awaits it,
        from the first pull on, in a copy of its context. What it returns does not matter; its
        error is raised, once, when the source is closed, and then there is the end.

        A pull that waits for the source is given up; an item that is there by then comes only if
        it was asked for before. When the stream ends otherwise, or is closed, the task is cancelled
        and awaited; with a future or a task of asyncio only the waiting for it ends, as others may
        wait for it. If somebody else cancels the task, that is a RuntimeError.

        Cancel-safe: a cancelled pull loses nothing. Errors come in their place. Under trio it is
        used inside of an ``async with`` of the stream. Raises TypeError if *signal* cannot be
        awaited.

        Source: futures-rs's ``take_until``, Rx's ``takeUntil``.
        """
        made: Stream[T_co] = engine.ending_by(self, signal)
        return made

    def delay(self, seconds: Seconds, *, buffer: int = 16) -> Stream[T_co]:
        """Deliver everything so much later; the distances stay as they are.

            source      ab--c|
            delay(3)    ---ab--c|

        >>> async def main():
        ...     loop, ticks = asyncio.get_running_loop(), interval(1, start=0).take(3)
        ...     return [(tick, loop.time()) async for tick in ticks.delay(10)]
        >>> run(main())
        [(0, 10.0), (1, 11.0), (2, 12.0)]

        Errors and the end come later as well. From the first pull on the source is read ahead, also
        while the consumer does something else: up to *buffer* items and errors wait. A source that
        has more of them in that time is held back, and its distances with it.

        Cancel-safe: a cancelled pull loses nothing. Closing drops what waits, and closes the
        source. Raises ValueError if *seconds* is not positive, or *buffer* less than one.

        Source: Rx's ``delay``, Pekko's with its bounded buffer.
        """
        made: Stream[T_co] = engine.delaying(self, seconds, buffer)
        return made

    def throttle(
        self, interval: Seconds, on_dropped: Callable[[T_co], object] | None = None
    ) -> Stream[T_co]:
        """Deliver at most one item per *interval*, the first of each; drop the others.

            source         ab-c-de---f|
            throttle(3)    a--c--e---f|

        >>> dropped = []
        >>> run(interval(1).take(7).throttle(3, dropped.append).list())
        [0, 3, 6]
        >>> dropped
        [1, 2, 4, 5]

        An interval begins with the item that is delivered. There is no timer: when an item comes,
        the time is measured. *on_dropped* is called with each item that is dropped; its error
        reaches the consumer, and the stream goes on after it.

        Cancel-safe: a cancelled pull loses nothing. Closing closes the source. Errors come in their
        place, and are not dropped. Raises ValueError if *interval* is not positive.

        Source: Rx's ``throttleFirst``. See :meth:`space_out`, which drops nothing.
        """
        made: Stream[T_co] = engine.throttling(self, interval, on_dropped)
        return made

    def space_out(self, interval: Seconds) -> Stream[T_co]:
        """Have items wait, so that at least *interval* lies between two of them.

            source          abc----d|
            space_out(2)    a-b-c--d|

        >>> async def main():
        ...     loop = asyncio.get_running_loop()
        ...     return [(item, loop.time()) async for item in stream("abc").space_out(2)]
        >>> run(main())
        [('a', 0.0), ('b', 2.0), ('c', 4.0)]

        The source is asked for the next item when the consumer asks, and waits while that one does:
        nothing is dropped and nothing read ahead. The time counts from one delivery to the next.

        Cancel-safe: the item that waits comes at the next pull. Closing drops it, and closes the
        source. Errors and the end do not wait. Raises ValueError if *interval* is not positive.

        Source: fs2's ``metered``. See :meth:`rate_limit`, which allows bursts.
        """
        made: Stream[T_co] = engine.spacing(self, interval)
        return made

    @overload
    def rate_limit(
        self,
        n: int,
        *,
        per: Seconds = 1.0,
        burst: int | None = None,
        cost: Callable[[T_co], Awaitable[float]],
    ) -> Stream[T_co]: ...
    @overload
    def rate_limit(
        self,
        n: int,
        *,
        per: Seconds = 1.0,
        burst: int | None = None,
        cost: Callable[[T_co], float] | None = None,
    ) -> Stream[T_co]: ...
    def rate_limit(
        self,
        n: int,
        *,
        per: Seconds = 1.0,
        burst: int | None = None,
        cost: Callable[[Any], Any] | None = None,
    ) -> Stream[T_co]:
        """Have items wait, so that there are *n* of them *per* seconds, after *burst* at once.

            source                  (abcd)-------(efg)|
            rate_limit(2, per=4)    (ab)-c-d---(ef)-(g|)

        >>> async def main():
        ...     loop = asyncio.get_running_loop()
        ...     limited = stream("abcdef").rate_limit(2, per=60, burst=3)
        ...     return [(item, loop.time()) async for item in limited]
        >>> run(main())
        [('a', 0.0), ('b', 0.0), ('c', 0.0), ('d', 30.0), ('e', 60.0), ('f', 90.0)]

        It is a token bucket: *n* tokens come in *per* seconds, one at a time; at most *burst* of
        them, *n* if it is not given, are saved up, and so many there are at the beginning. An item
        takes one, or as many as ``cost(item)`` says, which may be ``async def``: bytes, perhaps.
        What costs more than *burst* waits until it is paid. The times do not drift, however long it
        runs; but with a burst of one, a delivery that is late puts off those that follow.

        The source is asked for the next item when the consumer asks, and waits while that one does.

        Cancel-safe: the item that waits comes at the next pull; a *cost* that is cancelled half-way
        is asked for again. An item whose *cost* fails, or is no finite number from zero on, is
        gone. Closing drops the item that waits, and closes the source. Errors and the end do not
        wait. Raises ValueError if *n* or *burst* is less than one, or *per* is not positive.

        Source: Pekko's ``throttle`` with its cost, Go's ``x/time/rate``.
        """
        made: Stream[T_co] = engine.limiting(self, n, per, burst, cost)
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
    made: Stream[int] = engine.ticking(every, start)
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
    made: Stream[Any] = engine.alarming(delay, value)
    return made
