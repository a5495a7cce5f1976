"""Draining: a server that shuts down stops its streams, and sends what is in flight."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from starlette.types import Scope

from ..queues import Queue, Topic
from ..runtime.loop import running_loop
from ..stream import Stream
from ..stream.create import anext, stream
from ..stream.time import timer

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["Draining", "draining_of", "is_draining"]

KEY = "aitertools.web.draining"  # in the state of the lifespan, which each request has


class Draining:
    """A lifespan in which a signal to shut down first stops the streams that are being sent.

    >>> from starlette.applications import Starlette
    >>> app = Starlette(lifespan=Draining(grace=5))

    Servers do not tell a response that they shut down: uvicorn waits for it, without end if it is a
    stream without end, and cuts WebSockets off. In this lifespan the first SIGTERM or SIGINT has
    each stream of :func:`send_all`, :func:`duplex`, :class:`EventSourceResponse` and
    :class:`NDJSONResponse` stop, as :meth:`Stream.stop` does: its sources are asked for nothing
    more, what is in flight is sent, WebSockets are closed with code 1012. New ones stop at once.
    When all are over, or after *grace* seconds, the signal goes to who had it before: the server. A
    second signal does not wait for that.

    In a lifespan of your own it is an async context manager, and gives the state to yield:
    ``async with Draining() as state: yield {**state, "db": db}``. Signals can be had in the main
    thread only; :meth:`begin` does without. Servers that do not take signals with
    :func:`signal.signal` hear of them at the same time.

    Raises ValueError if *grace* is negative.
    """

    def __init__(
        self,
        grace: float = 10.0,
        *,
        signals: Iterable[int] = (signal.SIGTERM, signal.SIGINT),
    ) -> None:
        _check(grace)
        self._grace, self._signals = grace, tuple(signals)
        self._reset()

    def _reset(self) -> None:
        self.begun = False
        self._running: dict[int, Stream[Any]] = {}
        self._changed: Topic[None] = Topic(maxlag=None)
        self._orders: Queue[None] = Queue()
        self._before: dict[int, Any] = {}  # who had the signals
        self._came: list[int] = []  # signals that they shall get
        self._waits = True  # for the streams to be over

    def __call__(self, app: object, /) -> Self:  # noqa: ARG002 -- what a lifespan is called with
        """Be the lifespan of *app*."""
        return self

    async def __aenter__(self) -> dict[str, Any]:
        """Take the signals, and return the state to yield."""
        self._reset()
        loop: Any = running_loop()
        self._call: Callable[[Callable[[], None]], object] = loop.call_soon_threadsafe
        self._worker = stream(self._orders).map(self._drain)
        with suppress(TimeoutError):  # but the pull goes on, in a task of its own
            await anext(self._worker, timeout=0)
        for number in self._signals:
            if signal.getsignal(number) is not None:
                with suppress(ValueError):  # not in the main thread
                    self._before[number] = signal.signal(number, self._signalled)
        return {KEY: self}

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._signalled:
                signal.signal(number, handler)
        await self._worker.aclose()

    def begin(self) -> None:
        """Stop the streams that are being sent; may be called in any thread, and again."""
        if not self.begun:
            self.begun = True
            self._orders.put_nowait(None)

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)
        if len(self._came) > 1 or not self._waits:
            self._pass_on()
        self._call(self.begin)  # which wakes the loop, also when it waits for its sockets

    def _pass_on(self) -> None:
        self._waits = False
        came, self._came = self._came, []
        for number in came:
            handler = self._before[number]
            if callable(handler):
                handler(number, None)
            elif handler == signal.SIG_DFL:
                signal.signal(number, handler)
                signal.raise_signal(number)

    async def _drain(self, _: None) -> None:
        running = [*self._running.values()]
        stopped = stream(running).map(_stop, concurrency=max(1, len(running)))
        await stopped.chain(self._changes()).take_until(timer(self._grace).drain()).drain()
        self._pass_on()

    async def _changes(self) -> AsyncIterator[None]:
        """Deliver nothing, until no stream is left."""
        while self._running:
            await self._changed.subscribe().first()
            yield

    @asynccontextmanager
    async def including(self, items: Stream[Any]) -> AsyncGenerator[None]:
        """Stop *items*, too, if it drains, or once it does."""
        self._running[id(items)] = items
        try:
            if self.begun:
                await items.stop()
            yield
        finally:
            del self._running[id(items)]
            if self._changed.subscribers:
                self._changed.publish_nowait(None)


def _of(scope: Scope) -> Draining | None:
    draining: Draining | None = scope.get("state", {}).get(KEY)
    return draining


@asynccontextmanager
async def draining_of(scope: Scope, items: Stream[Any]) -> AsyncGenerator[None]:
    """Stop *items* when the server of that connection drains, if it can."""
    draining = _of(scope)
    if draining is None:
        yield
        return
    async with draining.including(items):
        yield


def is_draining(scope: Scope) -> bool:
    """Return whether the server of that connection drains."""
    draining = _of(scope)
    return draining is not None and draining.begun


def _check(grace: Any) -> None:
    if not isinstance(grace, int | float):
        raise TypeError(f"Draining(): grace must be a number, not {type(grace).__name__}")
    if not grace >= 0:
        raise ValueError("Draining(): grace must not be negative")


async def _stop(items: Stream[Any]) -> None:
    await items.stop()
