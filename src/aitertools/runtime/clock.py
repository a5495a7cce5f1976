"""The clock of the running event loop, and waiting by it; in tests it is a virtual one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

from .loop import running_loop

__all__ = ["now", "sleep", "wait"]


def now() -> float:
    """Return the time of the running event loop, in seconds."""
    loop = running_loop()
    if loop is not None:
        return loop.time()
    return float(_trio().current_time())


def sleep(seconds: float) -> Awaitable[None]:
    """Wait so long; not at all is one turn of the event loop."""
    if running_loop() is not None:
        return asyncio.sleep(seconds)
    sleeping: Awaitable[None] = _trio().sleep(seconds)
    return sleeping


async def wait(handle: Any, until: float) -> None:
    """Await *handle*, of :func:`handle`, but no longer than to the time *until*."""
    loop = running_loop()
    if loop is None:
        with _trio().move_on_at(until):
            await handle
        return
    timer = loop.call_at(until, _settle, handle)
    try:
        await handle
    finally:
        timer.cancel()


def _settle(handle: asyncio.Future[None]) -> None:
    if not handle.done():
        handle.set_result(None)


def _trio() -> Any:
    trio = sys.modules.get("trio")
    if trio is None or not trio.lowlevel.in_trio_run():
        raise RuntimeError("no running event loop")
    return trio
