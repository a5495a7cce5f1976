"""Alarms: what other threads do happens, and an event loop has to see to it."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .loop import running_loop

__all__ = ["Alarm"]


class Alarm:
    """Rung from whatever thread, it has *callback* called in an event loop: once for many rings.

    That is the loop in which :meth:`settle` was called last.
    """

    __slots__ = ("_armed", "_callback", "_context", "_home", "_soon")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback
        self._context: contextvars.Context | None = None
        self._home: Any = None
        self._soon: Any = None
        self._armed: list[None] = []  # empty: it was rung, and the callback is to come

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
        if home is not self._home:
            self._home, self._soon, self._context = home, soon, context
            self._armed = [None]

    def ring(self) -> None:
        """Have the callback called, soon; not at all if the loop is closed."""
        try:
            self._armed.pop()
        except IndexError:
            return
        with suppress(RuntimeError):
            self._soon(self._go)

    def silence(self) -> None:
        """Do not call it any more, and let go of it. From whatever thread, and a ``__del__``."""
        self._callback = None

    def _go(self) -> None:
        self._armed.append(None)  # first: what is rung for from now on may be overlooked
        callback = self._callback
        if callback is not None and self._context is not None:
            self._context.run(callback)
