"""Calls: a function of each item, several calls at a time, by workers that live as long as that.

Who begins, delivers and waits is said in ``_core/calls.c``; here are the tasks. A worker goes on
with the next item itself as long as there is one, and then waits at its desk.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .. import _core, runtime
from .lanes import Job, Lanes
from .operator import Operator
from .outcomes import SKIP, Failed, failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..stream import Stream
    from .policies import Policy

__all__ = ["Calls", "Fn", "Keep", "Limits"]


class Keep:
    """What is delivered for an item."""

    RESULT = 0
    ITEM_IF_TRUE = 1
    NOTHING = 2
    ITEM_IF_FALSE = 3


class Fn(NamedTuple):
    """The function of an operator: whether to call ``fn(*item)``, and what is kept of the result.

    With *wrap*, that is ``wrap(result)``.
    """

    fn: Callable[..., Any]
    star: bool = False
    keep: int = Keep.RESULT
    wrap: Callable[[Any], Any] | None = None


class Limits(NamedTuple):
    """How many calls may be in flight, how many outcomes may wait besides, and in what order."""

    concurrency: int
    buffer: int
    ordered: bool


class Calls(Operator):
    """``fn(item)`` for each item of a source, several at a time.

    With *keyed* the source has pairs ``(key, item)``, and there is one call at a time for each key.
    """

    __slots__ = (
        "_calls",
        "_concurrency",
        "_crew",
        "_handed",
        "_idle",
        "_lanes",
        "_policy",
        "_workers",
        "poll",
    )

    def __init__(
        self, source: Stream[Any], fn: Fn, limits: Limits, policy: Policy, *, keyed: bool
    ) -> None:
        super().__init__()
        concurrency, buffer, ordered = limits
        self._concurrency = concurrency
        self._policy = policy
        self._crew = runtime.Crew(source)
        self._idle: list[Any] = []  # what workers wait for who have nothing to do
        self._handed: deque[Job] = deque()  # handed out and not begun, in order
        self._workers = 0
        self._lanes: Lanes | None = Lanes() if keyed else None
        most = min(concurrency + buffer, sys.maxsize)
        # Workers that found no room go on when half of the buffer is free: all at once then.
        resume = most - max(1, buffer - buffer // 2)
        self._calls = _core.Calls(
            *(self, source, fn.fn, most, resume, ordered, fn.star, fn.keep, fn.wrap),
            *(self._lanes, policy.raises, self._handed),
        )
        self.poll = self._calls.poll

    def wait(self) -> Awaitable[object]:
        self._crew.check()
        self._calls.check()
        return super().wait()

    async def aclose(self) -> None:
        """Cancel the calls, then close the source."""
        intake = self._calls.shut()
        try:
            await self._crew.aclose()
        except GeneratorExit:  # it was dropped meanwhile: there is no awaiting any more
            self._calls.drop()  # its source is closed by who pulls it
            del intake  # which the traceback would keep, and with it the source
            raise
        except BaseException as cancelled:
            try:
                await intake.aclose()
            except BaseException as later:
                _core.chain_errors(cancelled, later)
            raise
        finally:
            self._handed.clear()
            self._policy.forget()
        await intake.aclose()

    def dismiss(self) -> None:
        self._crew.dismiss()
        self._handed.clear()
        self._policy.forget()
        self._calls.drop()

    # ---- what the core asks for --------------------------------------------------------------

    def dispatch(self, *, eager: bool = True) -> None:
        """Hand out items, as long as there are some and workers for them."""
        while self._idle or self._workers < self._concurrency:
            job = self._calls.next()
            if job is None:
                return
            self._hand_out(job, eager=eager)

    def go_on(self) -> None:
        """Call up one worker, and another one to see what that one left: there is room again.

        A function that does not suspend is so called by a single worker, for all items there are.
        """
        self._crew.check(spawns=not self._idle)
        self._crew.hire()  # in the consumer's context; others may dispatch, in that of a source
        if not self._handed:
            job = self._calls.next()
            if job is None:
                return
            self._handed.append(job)
        if self._call_up(eager=True):
            self.dispatch()
        elif self._idle or self._workers < self._concurrency:
            self._call_up(eager=False)

    async def failed(self, error: BaseException, job: Job) -> None:
        """Settle a call that failed; raise the error if it ends the worker."""
        ticket, item, _ = job
        if runtime.is_cancelled(error):
            self._lose(job, error)
            raise error
        try:
            if not isinstance(error, Exception):
                outcome: Any = Failed(error)
            else:
                outcome = await self._policy.outcome(error, item)
        except BaseException as later:
            if runtime.is_cancelled(later):
                self._lose(job, later)
                raise
            outcome = Failed(failure(later))
        if outcome is SKIP:
            self._calls.skip(ticket)
        elif type(outcome) is Failed:
            self._calls.fail(ticket, outcome.error)
        else:
            self._calls.settle(ticket, outcome)

    def finish(self) -> None:
        """Raise what is left to be raised at the end."""
        self._policy.finish()

    # ---- workers -----------------------------------------------------------------------------

    def _hand_out(self, job: Job, *, eager: bool) -> bool:
        """Have a worker begin with *job*, or one before it; whether it has by now."""
        self._handed.append(job)
        return self._call_up(eager=eager)

    def _call_up(self, *, eager: bool) -> bool:
        """Have a worker begin with what is there; whether it has by now."""
        if self._idle:
            runtime.let_go(self._idle.pop())
            return False
        self._workers += 1
        begun: list[bool] = []

        def over() -> None:
            if not begun:
                self._gone()

        try:
            return self._crew.spawn(self._work(begun), eager=eager, over=over)
        except BaseException:
            self._workers -= 1
            raise

    async def _work(self, begun: list[bool]) -> None:
        begun.append(True)
        left: Job | Literal[False] | None = None
        try:
            job = self._next() or await self._wait()
            while job is not None and left is None:
                left = await self._calls.work(job)
                job = None if left is not None else await self._wait()
        except GeneratorExit:  # its event loop is closed: nothing goes on there
            self._crew.closing = True
            raise
        except BaseException:
            self._gone()
            raise
        self._workers -= 1
        if left:
            self._handed.append(left)
        if self._handed and not self._crew.closing:
            self._call_up(eager=False)
        if not self._crew.closing:
            self.dispatch(eager=False)

    def _gone(self) -> None:
        """Go on with a worker less: somebody cancelled it, maybe before it began.

        Another one is called up by the next poll. When the event loop shuts down, which cancels all
        tasks, there is none. What it was called up for is there still.
        """
        self._workers -= 1
        if not self._crew.closing:
            self._calls.stall()

    def _next(self) -> Job | None:
        """Return what was handed out, or else what is left, and call up others for the rest.

        These begin later, so that the calls begin in the order of the items.
        """
        if self._handed:
            return self._handed.popleft()
        job: Job | None = self._calls.next()
        if job is not None:
            self.dispatch(eager=False)
        return job

    async def _wait(self) -> Job | None:
        """Wait for something to do; None: there will be nothing any more."""
        while not (self._calls.over or self._crew.closing):
            handle = runtime.handle()
            self._idle.append(handle)
            try:
                await handle
            except BaseException:
                self._leave(handle)
                raise
            job = self._next()
            if job is not None:
                return job
        return None

    def _leave(self, handle: Any) -> None:
        if not self._crew.closing and handle in self._idle:
            self._idle.remove(handle)

    def _lose(self, job: Job, error: BaseException) -> None:
        """Somebody else cancelled the task that had *job*: the consumer must not wait for it."""
        if self._crew.closing:
            return
        ticket, _, lane = job
        lost = RuntimeError("a task of the stream was cancelled")
        lost.__cause__ = error
        self._calls.fail(ticket, lost)
        following = self._lanes and lane and self._lanes.leave(lane)
        if following:
            self._handed.append(following)
