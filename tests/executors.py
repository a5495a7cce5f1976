"""Executors without threads, so that whatever happens happens in an order that is known."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

__all__ = ["AtOnce", "InTurn"]


def _make(future: Future[Any], fn: Any, args: Any, kwargs: Any) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is the future's
            future.set_exception(error)


class AtOnce(Executor):
    """It makes the calls where they are submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        _make(future, fn, args, kwargs)
        return future


class InTurn(Executor):
    """It makes the calls in the event loop, those that were submitted at a time one turn later."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        asyncio.get_running_loop().call_soon(_make, future, fn, args, kwargs)
        return future
