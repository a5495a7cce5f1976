"""Sending: one message after the other, until the client is gone or does not read."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

from starlette.types import Scope

from ..runtime import timeout
from ..stream import Stream
from .draining import draining_of

__all__ = [
    "TIMEOUT",
    "Gone",
    "TooSlow",
    "check_size",
    "check_timeout",
    "log",
    "pump",
    "reason_of",
    "sending",
]

T = TypeVar("T")

TIMEOUT = 30.0
"""For how long a client may leave a message unread, in seconds, unless something else is said."""

log = logging.getLogger("aitertools.web")


class Gone(Exception):
    """The client is gone: there is nobody to send to."""


class TooSlow(Exception):
    """The client has not read for too long."""


def reason_of(error: Exception) -> str:
    """Return what a client is told about a value that could not be parsed: one line."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).partition("\n")[0] or type(error).__name__


def check_timeout(seconds: Any, name: str) -> None:
    """Raise unless *seconds* is None or positive."""
    if seconds is None:
        return
    if not isinstance(seconds, int | float):
        raise TypeError(f"{name}(): timeout must be a number, not {type(seconds).__name__}")
    if not seconds > 0:
        raise ValueError(f"{name}(): timeout must be positive")


def check_size(size: Any, name: str) -> None:
    """Raise unless *size*, a number of bytes, is None or positive."""
    if size is None:
        return
    if not isinstance(size, int):
        raise TypeError(f"{name}(): max_size must be an integer, not {type(size).__name__}")
    if size < 1:
        raise ValueError(f"{name}(): max_size must be at least one")


def sending(
    send: Callable[[T], Awaitable[object]],
    seconds: float | None,
    gone: tuple[type[Exception], ...],
) -> Callable[[T], Coroutine[Any, Any, None]]:
    """Return *send* with a limit of time; errors of *gone* mean that there is nobody any more.

    Most sends do not wait: they are written to a buffer. Only one that does gets a timer.
    """

    async def limited(message: T) -> None:
        steps = send(message).__await__()
        try:
            try:
                waits_for = next(steps)
            except StopIteration:
                return
            async with timeout(seconds):
                await _Rest(steps, waits_for)
        except TimeoutError:
            raise TooSlow from None
        except gone:
            raise Gone from None

    return limited


class _Rest:
    """What is left to await of something that has begun, and waits."""

    __slots__ = ("_steps", "_waits_for")

    def __init__(self, steps: Generator[Any, Any, object], waits_for: object) -> None:
        self._steps, self._waits_for = steps, waits_for

    def __await__(self) -> Generator[Any, Any, object]:
        try:
            yield self._waits_for
        except GeneratorExit:
            self._steps.close()
            raise
        except BaseException as error:  # noqa: BLE001 -- it goes to where that waits
            try:
                waits_for = self._steps.throw(error)
            except StopIteration as stop:
                return stop.value
            return (yield from _Rest(self._steps, waits_for).__await__())
        return (yield from self._steps)


async def pump(
    items: Stream[T],
    send: Callable[[T], Awaitable[None]],
    gone: Coroutine[Any, Any, None],
    scope: Scope,
) -> None:
    """Send *items* to their end, or until *gone* is done; close them in any case.

    One task pulls and sends, without a word to this one before the end: its filter lets nothing
    pass. So a wait for the source, and a send that waits, are given up at once.
    """
    sent = items.map(send).filter(None).take_until(gone)
    async with draining_of(scope, sent):
        await sent.drain()
