"""Calls: a function of each item, several calls at a time, by workers that live as long as that.

Who begins, delivers and waits is said in ``_core/calls.c``; here are the tasks. A worker goes on
with the next item itself as long as there is one, and then waits at its desk.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from .. import _core, runtime
from .lanes import Lanes
from .operator import Operator
from .outcomes import SKIP, Failed, failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..stream import Stream
    from .policies import Policy

__all__ = ["Calls", "Fn", "Keep", "Limits"]

Job: TypeAlias = tuple[int, Any, Any]
"""The ticket of a call, its item, and the item's key."""


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


class _Desk:
    """Where a worker waits for something to do."""

    __slots__ = ("handle", "job")

    def __init__(self) -> None:
        self.handle: Any = runtime.handle()
        self.job: Job | None = None


class Calls(Operator):
    """``fn(item)`` for each item of a source, several at a time.

    With *keyed* the source has pairs ``(key, item)``, and there is one call at a time for each key.
    """

    __slots__ = (
        "_calls",
        "_concurrency",
        "_crew",
        "_idle",
        "_kept",
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
        self._crew = runtime.Crew()
        self._idle: list[_Desk] = []
        self._workers = 0
        self._kept: list[Job] = []  # begun with a worker that somebody else cancelled
        self._lanes: Lanes[Job] | None = Lanes() if keyed else None
        most = concurrency + buffer
        # Workers that found no room go on when half of the buffer is free: all at once then.
        resume = most - max(1, buffer - buffer // 2)
        self._calls = _core.Calls(
            *(self, source, fn.fn, most, resume, ordered, fn.star, fn.keep, fn.wrap),
            *(self._lanes, policy.raises),
        )
        self.poll = self._calls.poll

    def wait(self) -> Awaitable[object]:
        self._crew.check()
        return super().wait()

    async def aclose(self) -> None:
        """Cancel the calls, then close the source."""
        closing = self._calls.aclose()
        try:
            await self._crew.aclose()
        except GeneratorExit:  # it was dropped meanwhile: there is no awaiting any more
            closing.close()
            raise
        except BaseException as cancelled:
            try:
                await closing
            except BaseException as later:
                _core.chain_errors(cancelled, later)
            raise
        await closing

    def dismiss(self) -> None:
        self._crew.dismiss()
        self._calls.drop()

    # ---- what the core asks for --------------------------------------------------------------

    def dispatch(self, *, eager: bool = True) -> None:
        """Hand out items, as long as there are some and workers for them."""
        while self._idle or self._workers < self._concurrency:
            job = self._next()
            if job is None:
                return
            self._call_up(job, eager=eager)

    def go_on(self) -> None:
        """Call up one worker, and another one to see what that one left: there is room again.

        A function that does not suspend is so called by a single worker, for all items there are.
        """
        self._crew.check(spawns=not self._idle)
        job = self._next()
        if job is None:
            return
        if self._call_up(job, eager=True):
            self.dispatch()
        elif self._idle or self._workers < self._concurrency:
            self._call_up(None, eager=False)

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

    def _next(self) -> Job | None:
        return self._kept.pop(0) if self._kept else self._calls.next()

    def _call_up(self, job: Job | None, *, eager: bool) -> bool:
        """Have a worker begin with *job*; whether it has by now."""
        if self._idle:
            desk = self._idle.pop()
            desk.job = job
            runtime.let_go(desk.handle)
            return False
        self._workers += 1
        first = [job]
        over = partial(self._never_begun, first)
        try:
            return self._crew.spawn(self._work(first), eager=eager, over=over)
        except BaseException:
            self._workers -= 1
            raise

    async def _work(self, first: list[Job | None]) -> None:
        left: Job | Literal[False] | None = None
        job = first.pop()
        try:
            job = job or self._left() or await self._wait()
            while job is not None and left is None:
                left = await self._calls.work(job)
                job = None if left is not None else await self._wait()
        except GeneratorExit:  # it was dropped with its loop: nothing goes on there
            raise
        except BaseException:
            self._gone()
            raise
        self._workers -= 1
        if left:
            self._call_up(left, eager=False)
        if not self._crew.closing:
            self.dispatch(eager=False)

    def _never_begun(self, first: list[Job | None]) -> None:
        """See to the *first* job of a worker that somebody else cancelled before it began."""
        if not first:
            return
        job = first.pop()
        if job is not None:
            self._lose(job, None)
        self._gone()

    def _gone(self) -> None:
        """Have another worker go on; if this one was cancelled it is by somebody else."""
        self._workers -= 1
        if not self._crew.closing:
            self._calls.stall()

    def _left(self) -> Job | None:
        """Return what the worker that was called up before left, and call up others for the rest.

        These begin later, so that the calls begin in the order of the items.
        """
        job = self._next()
        if job is not None:
            self.dispatch(eager=False)
        return job

    async def _wait(self) -> Job | None:
        """Wait for something to do; None: the stream is being closed."""
        while not self._crew.closing:
            desk = _Desk()
            self._idle.append(desk)
            try:
                await desk.handle
            except GeneratorExit:
                raise
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

    def _lose(self, job: Job, error: BaseException | None) -> None:
        """Somebody else cancelled the task that had *job*: the consumer must not wait for it."""
        if self._crew.closing:
            return
        ticket, _, key = job
        lost = RuntimeError("a task of the stream was cancelled")
        lost.__cause__ = error
        self._calls.fail(ticket, lost)
        following = self._lanes and self._lanes.leave(key)
        if following:
            self._kept.append(following)
