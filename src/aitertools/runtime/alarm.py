"""Alarms: what other threads do happens, and an event loop has to see to it."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from .loop import running_loop

__all__ = ["Alarm"]


class _Bell(NamedTuple):
    """How an event loop is told."""

    home: Any
    soon: Callable[..., object]
    context: contextvars.Context
    armed: list[None]  # empty: it was rung, and the callback is to come


class Alarm:
    """Rung from whatever thread, it has *callback* called in an event loop: once for many rings.

    That is the loop in which :meth:`settle` was called last; another one that was rung for before
    calls nothing any more.
    """

    __slots__ = ("_bell", "_callback")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback
        self._bell: _Bell | None = None

    def settle(self, context: contextvars.Context) -> None:
        """Have the callback called in the running event loop from now on, in *context*."""
        home: Any = running_loop()
        if home is not None:
            soon = home.call_soon_threadsafe
        else:
            trio = sys.modules.get("trio")
            if trio is None or not trio.lowlevel.in_trio_run():
                raise RuntimeError("no running event loop")
            home = trio.lowlevel.current_trio_token()
            soon = home.run_sync_soon
        if self._bell is None or home is not self._bell.home:
            self._bell = _Bell(home, soon, context, [None])

    def ring(self) -> None:
        """Have the callback called, soon; not at all if the loop is closed."""
        bell = self._bell
        if bell is None:
            return
        try:
            bell.armed.pop()
        except IndexError:
            return
        with suppress(RuntimeError):
            bell.soon(self._go, bell)

    def silence(self) -> None:
        """Do not call it any more, and let go of it. From whatever thread, and a ``__del__``."""
        self._callback = None

    def _go(self, bell: _Bell) -> None:
        bell.armed.append(None)  # first: what is rung for from now on may be overlooked
        callback = self._callback
        if callback is not None and bell is self._bell:
            bell.context.run(callback)
