"""Operators that end by themselves: when the time is over, or when something else is done.

An error that says so is raised when the source is closed: what failed is at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .checks import check_seconds
from .operator import END, PENDING, make
from .outcomes import failure
from .timed import NEVER, Timed

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["ending_by", "ending_within"]


class _Ending(Timed):
    """Passes on what its source delivers, until it is over."""

    __slots__ = ("_closed", "_error", "_over")

    def __init__(self, source: Stream[Any]) -> None:
        super().__init__(source)
        self._over = False
        self._error: BaseException | None = None  # to be raised, once
        self._closed = False

    def _end(self) -> Any:
        """Deliver what comes when it is over: an error, if there is one, then the end."""
        error = self._error
        if error is None:
            return END
        if not self._closed:
            return PENDING
        self._error = None
        raise error

    async def _close(self) -> None:
        """Close the source, if an error comes after that; what fails there comes with it."""
        if self._error is None:
            return
        self._closed = True
        try:
            await self._intake.aclose()
        except Exception as later:  # it must not mask the error
            _core.chain_errors(self._error, later)


class Deadline(_Ending):
    """TimeoutError when so long has gone by since the first pull, then the end."""

    __slots__ = ("_due", "_seconds")

    def __init__(self, source: Stream[Any], seconds: float) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._due: float | None = None

    def poll(self) -> Any:
        """Deliver what came, as long as it is time."""
        if self._over:
            return self._end()
        now = self._now()
        if self._due is None:
            self._due = now + self._seconds
        if now < self._due:
            return self._take()
        self._over = True
        self._error = TimeoutError(f"deadline(): not over within {self._seconds:g} seconds")
        return PENDING

    async def wait(self) -> None:
        """Wait for what comes, or to the end of the time; if that is over close the source."""
        assert self._due is not None
        if not self._over:
            await self._wait_until(self._due)
        else:
            await self._close()


class Until(_Ending):
    """The end, or an error, when *signal* is done, which a task awaits."""

    __slots__ = ("_begun", "_crew", "_dropped", "_signal")

    def __init__(self, source: Stream[Any], signal: Any) -> None:
        super().__init__(source)
        self._signal = signal
        self._crew: runtime.Crew | None = None
        self._begun = False  # the task has, so that what is done already is known to be
        self._dropped = False

    def poll(self) -> Any:
        """Deliver what came, until it is over."""
        if self._crew is None:
            self._crew = runtime.Crew(self._intake.source)
            try:
                self._crew.spawn(self._watch(), eager=True, over=self._lost)
            except BaseException:  # there is no place for a task: the next pull looks for one again
                self._crew = None
                raise
        if self._over:
            return self._end()
        return self._take() if self._begun else PENDING

    async def wait(self) -> None:
        """Wait for what comes, or until it is over; if with an error close the source."""
        if not self._over:
            await self._wait_until(NEVER)
        else:
            await self._close()

    async def aclose(self) -> None:
        """Cancel the task, and close the source."""
        try:
            if self._crew is not None:
                await self._crew.aclose()
        finally:
            self._forget()
            await super().aclose()

    def dismiss(self) -> None:
        """Cancel the task, which closes the source: nobody else is there to do that."""
        self._dropped = True
        if self._crew is not None:
            self._crew.dismiss()
        self._forget()
        super().dismiss()

    async def _watch(self) -> None:
        self._begun = True
        self.wake()
        try:
            await runtime.outcome(self._signal)
        except GeneratorExit:
            raise
        except BaseException as error:
            if runtime.is_cancelled(error):
                if self._dropped:
                    with runtime.shield():
                        await self._intake.aclose()
                raise
            self._error = failure(error)
        self._over = True
        self.wake()

    def _lost(self) -> None:
        """Tell the consumer, if somebody else cancelled the task."""
        assert self._crew is not None
        if not self._over and not self._crew.closing:
            self._over = True
            self._error = RuntimeError("a task of the stream was cancelled")
            self.wake()

    def _forget(self) -> None:
        """Close a coroutine that nobody will await any more."""
        close = None if self._begun else getattr(self._signal, "close", None)
        if close is not None:
            close()


# ---- what the methods make -----------------------------------------------------------------------


def ending_within(source: Any, seconds: Any) -> Any:
    """Return a stream that must be over within that time."""
    seconds = check_seconds(seconds, "deadline", "seconds")
    return make(Deadline(source, seconds), f"deadline({seconds:g})", source)


def ending_by(source: Any, signal: Any) -> Any:
    """Return a stream that ends when *signal* is done."""
    if not _core.is_awaitable(signal):
        raise TypeError(f"take_until(): {type(signal).__name__!r} object is not awaitable")
    return make(Until(source, signal), "take_until", source)
