"""Operators that see to a distance between items: they drop some, or have them wait.

The source is asked when the consumer asks; what came is held until it is time. There are no timers
but the one of the consumer who waits: times are measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import _core
from .checks import check_callable, check_count, check_seconds
from .line import NOTHING
from .operator import END, PENDING, make
from .outcomes import failure, tell
from .timed import NEVER, Timed

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Bucket", "limiting", "spacing", "throttling"]


class Throttle(Timed):
    """The first item of each interval; it begins with that, and the others are dropped."""

    __slots__ = ("_interval", "_next", "_on_dropped")

    def __init__(
        self, source: Stream[Any], interval: float, on_dropped: Callable[[Any], object] | None
    ) -> None:
        super().__init__(source)
        self._interval = interval
        self._on_dropped = on_dropped
        self._next = -NEVER  # the time of the next interval

    def poll(self) -> Any:
        """Deliver what came, if it is time; else drop it."""
        while True:
            item = self._take()
            if item is PENDING or item is END:
                return item
            now = self._now()
            if now >= self._next:
                self._next = now + self._interval
                return item
            if self._on_dropped is not None:
                tell(self._on_dropped, item)


class SpaceOut(Timed):
    """Every item, at least so long after the one before."""

    __slots__ = ("_due", "_interval", "_item")

    def __init__(self, source: Stream[Any], interval: float) -> None:
        super().__init__(source)
        self._interval = interval
        self._item: Any = NOTHING  # it came, and waits until it is time
        self._due = -NEVER

    def poll(self) -> Any:
        """Deliver what came when it is time."""
        item = self._item
        if item is NOTHING:
            item = self._take()
            if item is PENDING or item is END:
                return item
        now = self._now()
        if now < self._due:
            self._item = item
            return PENDING
        self._item = NOTHING
        self._due = now + self._interval
        return item

    async def wait(self) -> None:
        """Wait for what comes, or until it is time for what came."""
        await self._wait_until(NEVER if self._item is NOTHING else self._due)


class Bucket:
    """A token bucket: *n* tokens come every *per* seconds, and at most *burst* are saved up.

    It remembers when it was empty: *per / n* seconds for each token spent, since some time when it
    was full. These are counted and never added up, so that its times do not drift.
    """

    __slots__ = ("_burst", "_n", "_per", "_since", "_spent")

    def __init__(self, n: int, per: float, burst: int) -> None:
        self._n = n
        self._per = per
        self._burst = burst
        self._since = -NEVER  # it was empty then: full at first
        self._spent: float = 0

    def due(self, cost: float, now: float) -> float:
        """Return when *cost* tokens will be there, if none are spent before."""
        self._overflow(self._burst, now)
        return self._since + (self._spent + cost) * self._per / self._n

    def pay(self, cost: float, now: float) -> None:
        """Spend *cost* tokens, which are due. While these were waited for they were all saved."""
        self._overflow(max(self._burst, cost), now)
        self._spent += cost

    def _overflow(self, most: float, now: float) -> None:
        if now > self._since + (self._spent + most) * self._per / self._n:
            self._since = now - most * self._per / self._n
            self._spent = 0


class RateLimit(Timed):
    """Every item when the tokens that it costs are in the bucket."""

    __slots__ = ("_asked", "_bucket", "_cost", "_due", "_fn", "_item")

    def __init__(
        self, source: Stream[Any], bucket: Bucket, fn: Callable[[Any], Any] | None
    ) -> None:
        super().__init__(source)
        self._bucket = bucket
        self._fn = fn
        self._item: Any = NOTHING  # it came, and waits until it is paid
        self._cost: float | None = 1 if fn is None else None  # None: not known yet
        self._asked: Any = None  # an awaitable: it will say
        self._due: float | None = None

    def poll(self) -> Any:
        """Deliver what came when it is paid."""
        if self._item is NOTHING:
            item = self._take()
            if item is PENDING or item is END:
                return item
            self._item = item
        cost = self._cost
        if cost is None:
            cost = self._ask()
            if cost is None:
                return PENDING
        now = self._now()
        if self._due is None:
            self._due = self._bucket.due(cost, now)
        if now < self._due:
            return PENDING
        self._bucket.pay(cost, now)
        return self._forget()

    async def wait(self) -> None:
        """Wait for what comes, for its cost, or until it is paid."""
        if self._asked is not None:
            await self._hear()
        elif self._due is None:
            await self._wait_until(NEVER)
        else:
            await self._wait_until(self._due)

    def _ask(self) -> float | None:
        """Return what the item costs, None if that is to be awaited; an item that fails is gone."""
        assert self._fn is not None
        try:
            cost = self._fn(self._item)
            if _core.is_awaitable(cost):
                self._asked = cost
                return None
            self._cost = _checked(cost)
        except BaseException as error:
            self._forget()
            if isinstance(error, StopAsyncIteration | StopIteration):
                raise failure(error) from error
            raise
        return self._cost

    async def _hear(self) -> None:
        """Await the cost. Who is cancelled there has it asked for again, for the same item."""
        asked, self._asked = self._asked, None
        try:
            self._cost = _checked(await asked)
        except Exception as error:
            self._forget()
            if isinstance(error, StopAsyncIteration | StopIteration):
                raise failure(error) from error
            raise

    def _forget(self) -> Any:
        """Have the next item come; returns this one."""
        item, self._item = self._item, NOTHING
        self._due = None
        if self._fn is not None:
            self._cost = None
        return item


def _checked(cost: Any) -> float:
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        raise TypeError(f"rate_limit(): cost must be a number, not {type(cost).__name__}")
    tokens = float(cost)  # what no float can hold fails here, and not each time it is looked at
    if not 0 <= tokens < math.inf:
        raise ValueError(f"rate_limit(): cost must be finite and not negative, not {cost}")
    return tokens


# ---- what the methods make -----------------------------------------------------------------------


def throttling(source: Any, interval: Any, on_dropped: Any) -> Any:
    """Return a stream of at most one item per interval."""
    interval = check_seconds(interval, "throttle", "interval")
    if on_dropped is not None:
        check_callable(on_dropped, "throttle")
    return make(Throttle(source, interval, on_dropped), f"throttle({interval:g})", source)


def spacing(source: Any, interval: Any) -> Any:
    """Return a stream with at least that time between two items."""
    interval = check_seconds(interval, "space_out", "interval")
    return make(SpaceOut(source, interval), f"space_out({interval:g})", source)


def limiting(source: Any, n: Any, per: Any, burst: Any, cost: Any) -> Any:
    """Return a stream of at most *n* items every *per* seconds."""
    n = check_count(n, "rate_limit", "n")
    per = check_seconds(per, "rate_limit", "per")
    if math.isinf(per):
        raise ValueError("rate_limit(): per must be finite")
    burst = n if burst is None else check_count(burst, "rate_limit", "burst")
    float(max(n, burst))  # what no float can hold is an OverflowError now, and not for each item
    if cost is not None:
        check_callable(cost, "rate_limit")
    said = f"rate_limit({n})" if per == 1 else f"rate_limit({n}, per={per:g})"
    return make(RateLimit(source, Bucket(n, per, burst), cost), said, source)
