"""Executing: a function of each item, called by the workers of an executor.

source --intake--> chunks --send()--> executor --collect()--> flight --poll()--> consumer
                     ^                                |
                     '--- as long as there is room ---'

The items at hand are sent together, up to as many as are worth it. Nobody waits for more of them.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core, runtime
from .calls import Fn, Keep
from .chunks import Chunk, Reply
from .executors import Pool
from .operator import END, PENDING, Operator
from .outcomes import SKIP, Failed, failure
from .pace import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..stream import Stream
    from .policies import Policy

__all__ = ["Executing", "Means"]


ANY = sys.maxsize


class Means(NamedTuple):
    """The executor; how many chunks may be with it, and how many outcomes may wait besides.

    Without a *buffer* these are twice as many as the items of those chunks.
    """

    executor: Any
    pace: Pace
    concurrency: int
    buffer: int | None
    ordered: bool


class Executing(Operator):
    """``fn(item)`` for each item of a source, in chunks that are sent to an executor."""

    __slots__ = (
        *("_begun", "_closing", "_crew", "_failures", "_flight", "_fn", "_intake", "_means"),
        *("_over", "_pace", "_policy", "_pool", "_pop", "_resume", "_seeing", "_take"),
    )

    def __init__(self, source: Stream[Any], fn: Fn, means: Means, policy: Policy) -> None:
        super().__init__()
        self._fn = fn
        self._means = means
        self._pace = means.pace
        self._policy = policy
        self._crew = runtime.Crew(source)  # for what is done about failures
        self._pool = Pool(means.executor, self._go_on)
        self._intake = _core.Intake(source, self._arrived)
        self._take = self._intake.take
        self._flight = _core.Flight(sys.maxsize, means.ordered)  # how many: see _fill()
        self._pop = self._flight.pop
        self._failures: deque[tuple[int, Any, Exception]] = deque()  # nobody has seen to yet
        self._seeing = False  # a task does
        self._begun = False
        self._closing = False
        self._over = False  # the source is
        self._resume = ANY  # with so much in flight more is sent; -1: that is not what it waits for

    # ---- the consumer ------------------------------------------------------------------------

    def poll(self) -> Any:
        """Deliver what is there, and have begin what there is room for."""
        outcome = self._pop()
        if outcome is not PENDING and self._flight.held > self._resume:
            return outcome
        if not self._begun:
            self._begun = True
            self._pool.settle(self._crew.hire())
        self._go_on()
        if outcome is PENDING:
            outcome = self._pop()
        if outcome is PENDING and self._over and not self._flight.held:
            self._policy.finish()
            return END
        return outcome

    def wait(self) -> Awaitable[object]:
        """Return what to await until there is something."""
        self._intake.check()
        self._pool.settle(self._crew.hire())
        handle = super().wait()
        if self._pool.over:  # maybe the loop was told in which the stream was read before
            self.wake()
        return handle

    async def aclose(self) -> None:
        """Cancel what has not begun, let go of the rest, then close the source."""
        self._end()
        try:
            await self._crew.aclose()
        except GeneratorExit:  # it was dropped meanwhile: there is no awaiting any more
            self._intake.dismiss()
            raise
        except BaseException as cancelled:
            try:
                await self._intake.aclose()
            except BaseException as later:
                _core.chain_errors(cancelled, later)
            raise
        await self._intake.aclose()

    def dismiss(self) -> None:
        self._end()
        self._crew.dismiss()
        self._intake.dismiss()

    def _end(self) -> None:
        """Begin no more, and let go of what is there; maybe in the middle of any line below."""
        self._closing = True
        self._pool.drop()
        self._failures.clear()
        self._flight.forget()
        self._policy.forget()

    # ---- sending -----------------------------------------------------------------------------

    def _arrived(self) -> None:
        self._resume = ANY
        self._go_on()

    def _go_on(self) -> None:
        """Collect what is over, and send as long as there is room and something to send."""
        while not self._closing and (self._pool.over or self._flight.held <= self._resume):
            self._collect()
            self._fill()
        if self._failures and not self._seeing and not self._closing:
            self._have_seen_to()

    def _fill(self) -> None:
        """Send what is at hand. If there is no room for a whole chunk, wait until there is."""
        _, _, concurrency, buffer, _ = self._means
        self._resume = -1
        while not self._over and len(self._pool) < concurrency:
            size = self._pace.size
            others = (concurrency - 1) * size
            room = others + (2 * concurrency * size if buffer is None else buffer)
            if self._flight.held > room:
                self._resume = room
                return
            if not self._send(size):
                return

    def _send(self, most: int) -> bool:
        """Send what is at hand, up to so many items; whether there may be more."""
        items: list[Any] = []
        tickets: list[int] = []
        outcome = None
        for _ in range(most):
            try:
                outcome = self._take()
            except BaseException as error:
                self._settled(self._flight.fail(self._flight.begin(), error))
                continue
            if outcome is PENDING or outcome is END:
                break
            items.append(outcome)
            tickets.append(self._flight.begin())
        if items:
            self._pool.send(Chunk(self._fn, items, tickets, self._crew.hire()))
        self._over = outcome is END
        self._settled(self._over and not self._flight.held)
        return outcome is not PENDING

    # ---- what comes back ---------------------------------------------------------------------

    def _collect(self) -> None:
        while (over := self._pool.collect()) is not None:
            chunk, reply, away = over
            if isinstance(reply, Reply):
                self._pace.learn(len(chunk.items), reply.seconds, away)
                self._settle(chunk, reply.outcomes)
            else:
                failed = [Failed(runtime.for_item(reply, item)) for item in chunk.items]
                self._settle(chunk, failed)
            chunk.forget(reply)

    def _settle(self, chunk: Chunk, outcomes: list[Any]) -> None:
        _, _, keep, wrap = self._fn
        if keep == Keep.RESULT and wrap is None and Failed not in map(type, outcomes):
            self._settled(any(list(map(self._flight.settle, chunk.tickets, outcomes))))
            return
        # No items: it was dropped just now.
        for ticket, item, outcome in zip(chunk.tickets, chunk.items, outcomes, strict=False):
            if type(outcome) is Failed:
                self._failed(ticket, item, failure(outcome.error))
            elif keep == Keep.RESULT:
                self._settled(self._flight.settle(ticket, wrap(outcome) if wrap else outcome))
            elif outcome is (keep == Keep.ITEM_IF_TRUE):
                self._settled(self._flight.settle(ticket, item))
            else:
                self._settled(self._flight.skip(ticket))

    def _settled(self, news: object) -> None:
        if news:
            self.wake()

    # ---- failures ----------------------------------------------------------------------------

    def _failed(self, ticket: int, item: Any, error: BaseException) -> None:
        if self._policy.raises or not isinstance(error, Exception):
            self._settled(self._flight.fail(ticket, error))
        else:
            self._failures.append((ticket, item, error))

    def _have_seen_to(self) -> None:
        """Have a task do what is to be done about failures; it begins later, and not in here.

        Where one fails after the other at once, each would begin inside of the one before it.
        """
        self._seeing = True
        try:
            self._crew.spawn(self._see_to(), over=self._seen_to)
        except RuntimeError as error:  # there is no place for a task
            self._seeing = False
            while self._failures:
                ticket, _, _ = self._failures.popleft()
                self._settled(self._flight.fail(ticket, error))

    def _seen_to(self) -> None:
        """Note the end of that task. If there is more to do it was cancelled, or never began."""
        self._seeing = False
        if self._failures and not self._closing:
            self.wake()  # the next poll has another one begin

    async def _see_to(self) -> None:
        while self._failures:
            ticket, item, error = self._failures.popleft()
            try:
                outcome = await self._policy.outcome(error, item)
            except BaseException as later:
                if runtime.is_cancelled(later):
                    self._lose(ticket, later)
                    raise
                outcome = Failed(failure(later))
            if self._closing:
                return
            if outcome is SKIP:
                self._settled(self._flight.skip(ticket))
            elif type(outcome) is Failed:
                self._settled(self._flight.fail(ticket, outcome.error))
            else:
                self._settled(self._flight.settle(ticket, outcome))
        self._seeing = False
        self._resume = ANY
        self._go_on()

    def _lose(self, ticket: int, error: BaseException) -> None:
        """Somebody else cancelled the task: the consumer must not wait for it."""
        self._seeing = False
        if not self._closing:
            lost = RuntimeError("a task of the stream was cancelled")
            lost.__cause__ = error
            self._settled(self._flight.fail(ticket, lost))
