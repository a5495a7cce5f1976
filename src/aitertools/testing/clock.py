"""Virtual time: an event loop whose clock goes on only when there is nothing else to do."""

from __future__ import annotations

import asyncio
import itertools
import math
import selectors
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

from .leaks import watched, watching
from .places import report

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextvars import Context

__all__ = ["Stuck", "VirtualLoop", "run"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE = 10.0  # real seconds in which threads and sockets have to come forward
LOOK = 0.02  # real seconds after which to look whether there still are any


class Stuck(RuntimeError):
    """Raised out of :func:`run` when nothing can happen any more, or the limit is reached.

    Its message names the tasks that are left, and where each of them waits.
    """


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop of asyncio that never sleeps: its time goes on when all wait.

    >>> async def main():
    ...     await asyncio.sleep(3600)
    ...     return asyncio.get_running_loop().time()
    >>> with asyncio.Runner(loop_factory=VirtualLoop) as runner:
    ...     runner.run(main())
    3600.0

    Its time begins at 0.0, and whatever takes it from the loop (``asyncio.sleep``, ``timeout``,
    ``wait_for``, the operators of aitertools) is virtual. Timers of the same time run in the order
    in which they were made, so a run can be repeated exactly. Where nothing is ready and there is
    no timer, nothing can happen any more: that raises :exc:`Stuck`.

    Threads work in real time, and so do sockets. As long as calls of ``asyncio.to_thread`` and
    ``run_in_executor`` go on, the time of the loop stands still: they take none of it. For other
    threads, and for sockets, it waits only where it were stuck otherwise. What does not come
    forward within ten real seconds is stuck, too.
    """

    _scheduled: list[asyncio.TimerHandle]  # of the base class: a heap
    _clock_resolution: float  # of the base class: timers until then are due

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._calls = 0  # of threads that are under way
        self._known = set(threading.enumerate())  # these do not work for this loop
        self._polls = _Selector(self._idle)
        super().__init__(self._polls)
        self._sockets = len(self._polls.get_map())  # its own
        self._clock_resolution = math.ulp(0.0)
        self.limit: float | None = None

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Have *callback* called at the virtual time *when*; what is due at once, in that order."""
        return super().call_at(_When(when, next(self._order)), callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call *func* in a thread; until it is done the virtual time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._calls += 1
        future.add_done_callback(self._called)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Wait, in real time, until the threads of the executor are gone."""
        self._calls += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._calls -= 1

    # ---- within --------------------------------------------------------------------------------

    def _called(self, _: object) -> None:
        self._calls -= 1

    def _idle(self) -> _Events:
        """Go on to the next timer, or wait for what comes from outside: nothing is ready."""
        if self._calls:
            return self._wait_outside(lambda: self._calls > 0)
        if self._scheduled and self._scheduled[0].when() < math.inf:
            self._go_on_to(self._scheduled[0].when())
            return []
        return self._wait_outside(self._is_outside)

    def _go_on_to(self, when: float) -> None:
        if self.limit is not None and when > self.limit:
            raise Stuck(report(self, f"not over after {self.limit:g} virtual seconds"))
        self._now = float(when)
        self._clock_resolution = math.ulp(when)  # what is due at this very time, and not more

    def _is_outside(self) -> bool:
        """Whether something may come of threads or sockets, as far as one can know."""
        threads = set(threading.enumerate()) - self._known
        at_work = any(not thread.name.startswith("asyncio_") for thread in threads)
        return at_work or len(self._polls.get_map()) > self._sockets

    def _wait_outside(self, goes_on: Callable[[], bool]) -> _Events:
        begun = time.monotonic()
        while goes_on() and time.monotonic() < begun + PATIENCE:
            if events := self._polls.wait(LOOK):
                return events
        if events := self._polls.wait(0):  # the last word of a thread that is gone
            return events
        waited = f" in {PATIENCE:g} real seconds" if goes_on() else ""
        raise Stuck(report(self, f"nothing happens any more{waited}, at {self._now:g} s"))


class _When(float):
    """A time that comes after the same time asked for before."""

    __slots__ = ("order",)
    order: int

    def __new__(cls, when: float, order: int) -> Self:
        self = super().__new__(cls, when)
        self.order = order
        return self

    def __lt__(self, other: float) -> bool:
        if isinstance(other, _When) and float(self) == float(other):
            return self.order < other.order
        return float(self) < float(other)


_Events = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.DefaultSelector):
    """Looks and does not wait; where it were to wait it asks *idle*."""

    def __init__(self, idle: Callable[[], _Events]) -> None:
        super().__init__()
        self._idle = idle

    def select(self, timeout: float | None = None) -> _Events:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        return self._idle()

    def wait(self, seconds: float) -> _Events:
        """Really wait so long."""
        return super().select(seconds)


def run(main: Awaitable[T], *, limit: float | None = None) -> T:
    """Run *main* to its end in virtual time, as :func:`asyncio.run` does; its result.

    >>> async def main():
    ...     try:
    ...         async with asyncio.timeout(60):
    ...             await asyncio.sleep(90)
    ...     except TimeoutError:
    ...         return asyncio.get_running_loop().time()
    >>> ait.testing.run(main())
    60.0

    Tasks that are left are cancelled and awaited. Raises :exc:`Stuck` when nothing can happen any
    more, and when it takes more than *limit* virtual seconds: both would hang otherwise.

    For trio: ``trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))``.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        loop.limit = limit
        try:
            begun: Coroutine[Any, Any, T] = main if iscoroutine(main) else _awaited(main)
            return runner.run(watched(begun) if watching else begun)
        finally:
            loop.limit = None  # what is left may take its time to end


async def _awaited(main: Awaitable[T]) -> T:
    return await main
