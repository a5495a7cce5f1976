"""Operators that wait for one source, but no longer than to some time.

source --intake--> poll() --> consumer, who waits in wait() until something arrives, or it is time

They have no task of their own, and no timer but the one of the consumer who waits. The pull of the
source goes on when the time is over, and when the consumer is cancelled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .checks import check_callable, check_seconds
from .operator import PENDING, Operator, make
from .outcomes import failure

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["NEVER", "Clocked", "Timed", "beating", "noticing", "timing_out"]

NEVER = float("inf")


class Clocked(Operator):
    """An operator whose consumer waits until some time."""

    __slots__ = ("_reached",)

    def __init__(self) -> None:
        super().__init__()
        self._reached = -NEVER  # to when the consumer has waited

    def _now(self) -> float:
        """Return the time. A timer of the loop may be early by its resolution: that is no time."""
        return max(runtime.now(), self._reached)

    def _check(self) -> None:
        """See that what is waited for can come."""

    async def _wait_until(self, until: float) -> bool:
        """Wait to be woken; whether it was that time before."""
        self._check()
        handle = self._handle = runtime.handle()
        if until == NEVER:
            await handle
        else:
            await runtime.wait(handle, until)
        if self._handle is not handle:
            return False
        self._handle = None
        self._reached = until
        return True

    async def aclose(self) -> None:
        """End what is in flight: there is nothing, but in a subclass."""


class Timed(Clocked):
    """An operator over one source, which is pulled when somebody asks."""

    __slots__ = ("_intake", "_take")

    def __init__(self, source: Stream[Any]) -> None:
        super().__init__()
        self._intake = _core.Intake(source, self.wake)
        self._take = self._intake.take

    def _check(self) -> None:
        self._intake.check()

    def wait(self) -> Awaitable[object]:
        """Return what to await until something comes."""
        self._check()
        return super().wait()

    async def aclose(self) -> None:
        """Close the source."""
        await self._intake.aclose()

    def dismiss(self) -> None:
        self._intake.dismiss()


class Timeout(Timed):
    """TimeoutError for a pull for which nothing came in time; the next one gets what comes."""

    __slots__ = ("_late", "_seconds")

    def __init__(self, source: Stream[Any], seconds: float) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._late = False

    def poll(self) -> Any:
        """Deliver what came."""
        item = self._take()
        if item is PENDING and self._late:
            self._late = False
            raise TimeoutError(f"timeout(): no item within {self._seconds:g} seconds")
        return item

    async def wait(self) -> None:
        """Wait for what comes, so long."""
        self._late = await self._wait_until(runtime.now() + self._seconds)


class Silence(Timed):
    """What notices that nothing came for so long, since somebody asked for the first time.

    It is one silence until something comes, an item or an error, however often it is asked for.
    """

    __slots__ = ("_due", "_seconds")

    def __init__(self, source: Stream[Any], seconds: float) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._due: float | None = None  # None: nobody has asked in vain since something came

    def poll(self) -> Any:
        """Deliver what came."""
        due, self._due = self._due, None
        item = self._take()
        if item is PENDING:
            self._due = due
        return item

    async def _is_over(self) -> bool:
        """Wait; whether nothing came for so long."""
        if self._due is None:
            self._due = runtime.now() + self._seconds
        return await self._wait_until(self._due)


class Heartbeat(Silence):
    """A value in each silence, again and again."""

    __slots__ = ("_beats", "_value")

    def __init__(self, source: Stream[Any], every: float, value: Any) -> None:
        super().__init__(source, every)
        self._value = value
        self._beats = False

    def poll(self) -> Any:
        """Deliver what came, or the value."""
        item = super().poll()
        if item is PENDING and self._beats:
            self._beats = False
            self._due = None
            return self._value
        return item

    async def wait(self) -> None:
        """Wait for what comes, until it is time for the value."""
        self._beats = await self._is_over()


class Idle(Silence):
    """A call in each silence, once."""

    __slots__ = ("_callback",)

    def __init__(self, source: Stream[Any], seconds: float, callback: Callable[[], Any]) -> None:
        super().__init__(source, seconds)
        self._callback = callback

    async def wait(self) -> None:
        """Wait for what comes, and make the call when it is time for that."""
        if not await self._is_over():
            return
        self._due = NEVER
        try:
            done = self._callback()
            if _core.is_awaitable(done):
                await done
        except (StopIteration, StopAsyncIteration) as error:
            raise failure(error) from error


# ---- what the methods make -----------------------------------------------------------------------


def timing_out(source: Any, seconds: Any) -> Any:
    """Return a stream that does not wait longer than that for an item."""
    seconds = check_seconds(seconds, "timeout", "seconds")
    return make(Timeout(source, seconds), f"timeout({seconds:g})", source)


def beating(source: Any, every: Any, value: Any) -> Any:
    """Return a stream with *value* wherever nothing came for so long."""
    every = check_seconds(every, "heartbeat", "every")
    return make(Heartbeat(source, every, value), f"heartbeat({every:g})", source)


def noticing(source: Any, seconds: Any, callback: Callable[[], Any]) -> Any:
    """Return a stream that calls *callback* when nothing came for so long."""
    seconds = check_seconds(seconds, "idle", "seconds")
    check_callable(callback, "idle")
    return make(Idle(source, seconds, callback), f"idle({seconds:g})", source)
