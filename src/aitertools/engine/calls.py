"""Calls: a function of each item, several calls at a time, by workers that live as long as that.

source --intake--> dispatch() --> worker: fn(item) --> flight --poll()--> consumer
                      ^             | goes on with the next item itself
                      '-- arrived   '-- as long as there is one, and then waits at its desk
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core, runtime
from .flight import Cell, Completed, Flight, Lanes, Ordered
from .operator import END, PENDING, Operator
from .outcomes import Failed, failure

if TYPE_CHECKING:
    from ..stream import Stream
    from .policies import Policy

__all__ = ["Calls", "Limits"]

Job = tuple[Cell, Any, Any]
"""Where the outcome goes, an item to be worked on, and its key."""

Emit = Callable[[Any, Any], Any]
"""``(item, result) -> outcome``."""


class _Desk:
    """Where a worker waits for something to do."""

    __slots__ = ("handle", "job")

    def __init__(self) -> None:
        self.handle: Any = runtime.handle()
        self.job: Job | None = None


class Limits(NamedTuple):
    """How many calls may be in flight, how many outcomes may wait besides, and in what order."""

    concurrency: int
    buffer: int
    ordered: bool


class Calls(Operator):
    """``fn(item)`` for each item of a source, several at a time.

    *emit* makes the outcome of a result, None: it is the result; *policy* makes it of an error.
    With *keyed* the source has pairs ``(key, item)``, and there is one call at a time for each key.
    """

    __slots__ = (
        *("_concurrency", "_crew", "_emit", "_flight", "_fn", "_idle", "_intake", "_lanes"),
        *("_over", "_policy", "_resume", "_stalled", "_take", "_workers"),
    )

    def __init__(
        self,
        source: Stream[Any],
        fn: Callable[[Any], Any],
        limits: Limits,
        policy: Policy,
        *,
        emit: Emit | None = None,
        keyed: bool = False,
    ) -> None:
        super().__init__()
        concurrency, buffer, ordered = limits
        self._fn = fn
        self._emit = emit
        self._policy = policy
        self._concurrency = concurrency
        self._lanes: Lanes[Job] | None = Lanes() if keyed else None
        self._flight: Flight = (Ordered if ordered else Completed)(concurrency + buffer)
        # Workers that found no room go on when half of the buffer is free: all at once then.
        self._resume = concurrency + buffer // 2 - (not buffer)
        self._intake = _core.Intake(source, self._dispatch)
        self._take = self._intake.take
        self._crew = runtime.Crew()
        self._idle: list[_Desk] = []
        self._workers = 0
        self._over = False  # the source is at its end
        self._stalled = True  # nothing is asked for: there is no room, or nobody asked for anything

    # ---- the consumer ------------------------------------------------------------------------

    def poll(self) -> Any:
        """Deliver the next outcome; see that the workers have something to do."""
        flight = self._flight
        outcome = flight.pop()
        if self._stalled and flight.held <= self._resume:
            self._stalled = False
            self._go_on()
            if outcome is PENDING:  # a call that was begun just now may be over
                outcome = flight.pop()
        if outcome is PENDING:
            if not self._over or flight.held:
                return PENDING
            self._policy.finish()
            return END
        if type(outcome) is Failed:
            raise outcome.error
        return outcome

    async def aclose(self) -> None:
        """Cancel the calls, then close the source."""
        try:
            await self._crew.aclose()
        finally:
            await self._intake.aclose()

    def dismiss(self) -> None:
        """Cancel the calls; the source is closed when the intake is dropped."""
        self._crew.dismiss()

    # ---- the source --------------------------------------------------------------------------

    def _next(self) -> Job | None:
        """Return the next item to be worked on; None if there is none, or none just now."""
        flight = self._flight
        while not self._over and not self._crew.closing:
            if not flight.may_begin:
                self._stalled = True
                break
            try:
                item = self._take()
            except BaseException as error:
                self._settle(flight.begin(), Failed(error))
                continue
            if item is PENDING:
                break
            if item is END:
                self._over = True
                if not flight.held:
                    self.wake()
                break
            job = self._admit(item)
            if job is not None:
                return job
        return None

    def _admit(self, item: Any) -> Job | None:
        """Begin with *item*; None: it has to wait for another one with the same key."""
        if self._lanes is None:
            return self._flight.begin(), item, None
        key, item = item
        job = self._flight.begin(), item, key
        return job if self._lanes.enter(key, job) else None

    # ---- who works on it ---------------------------------------------------------------------

    def _dispatch(self, *, eager: bool = True) -> None:
        """Hand out items, as long as there are some and workers for them."""
        while self._idle or self._workers < self._concurrency:
            job = self._next()
            if job is None:
                return
            self._call_up(job, eager=eager)

    def _go_on(self) -> None:
        """There is room again: call up one worker, and another one to see what that one left.

        A function that does not suspend is so called by a single worker, for all items there are.
        """
        job = self._next()
        if job is None:
            return
        at_once = self._call_up(job, eager=True)
        if at_once:
            self._dispatch()
        elif self._idle or self._workers < self._concurrency:
            self._call_up(None, eager=False)

    def _call_up(self, job: Job | None, *, eager: bool) -> bool:
        """Have a worker begin with *job*; whether it has by now."""
        if self._idle:
            desk = self._idle.pop()
            desk.job = job
            runtime.let_go(desk.handle)
            return False
        self._workers += 1
        try:
            return self._crew.spawn(self._work(job), eager=eager)
        except BaseException:
            self._workers -= 1
            raise

    def _left(self) -> Job | None:
        """Return what the worker that was called up before left, and call up others for the rest.

        These begin later, so that the calls begin in the order of the items.
        """
        job = self._next()
        if job is not None:
            self._dispatch(eager=False)
        return job

    # ---- workers -----------------------------------------------------------------------------

    async def _work(self, job: Job | None) -> None:
        try:
            job = job or self._left() or await self._wait()
            while job is not None:
                cell, item, key = job
                try:
                    outcome = self._fn(item)
                    if _core.is_awaitable(outcome):
                        outcome = await outcome
                    if self._emit is not None:
                        outcome = self._emit(item, outcome)
                except BaseException as error:
                    if runtime.is_cancelled(error):
                        self._lose(job, error)
                        raise
                    outcome = await self._failed(error, item)
                self._settle(cell, outcome)
                following = self._lanes and self._lanes.leave(key)
                job = following or self._next() or await self._wait()
        finally:
            self._workers -= 1

    async def _failed(self, error: BaseException, item: Any) -> Any:
        """Return the outcome of a call that failed."""
        if not isinstance(error, Exception):
            return Failed(error)
        try:
            return await self._policy.outcome(failure(error), item)
        except Exception as later:
            return Failed(failure(later))

    def _lose(self, job: Job, error: BaseException) -> None:
        """Somebody else cancelled the task that had *job*: the consumer must not wait for it."""
        if self._crew.closing:
            return
        cell, _, key = job
        lost = RuntimeError("a task of the stream was cancelled")
        lost.__cause__ = error
        self._settle(cell, Failed(lost))
        following = self._lanes and self._lanes.leave(key)
        if following:
            self._workers += 1
            self._crew.spawn(self._work(following))

    def _settle(self, cell: Cell, outcome: Any) -> None:
        if self._flight.settle(cell, outcome):
            self.wake()

    async def _wait(self) -> Job | None:
        """Wait for something to do; None: the stream is being closed."""
        while not self._crew.closing:
            desk = _Desk()
            self._idle.append(desk)
            try:
                await desk.handle
            except BaseException as error:
                if desk in self._idle:
                    self._idle.remove(desk)
                elif desk.job is not None:
                    self._lose(desk.job, error)
                raise
            job = desk.job or self._left()
            if job is not None:
                return job
        return None
