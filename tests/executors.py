"""Executors that do what a test says, and those that there are."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import trio

from .bridges import wait_for

__all__ = ["POOLS", "AtOnce", "ByHand", "Gate", "InTurn", "pool_of"]

# ---- without threads: whatever happens happens in an order that is known -------------------------


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
    """It makes the calls in the event loop, each one turn after it was submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        call = partial(_make, future, fn, args, kwargs)
        if trio.lowlevel.in_trio_run():
            trio.lowlevel.current_trio_token().run_sync_soon(call)
        else:
            asyncio.get_running_loop().call_soon(call)
        return future


class ByHand(Executor):
    """It makes the calls that it is told to, when it is told to."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []  # of what was submitted and is not made
        self.calls: list[Any] = []
        self.sent: list[list[Any]] = []  # the items of each chunk

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures.append(future)
        self.calls.append(partial(_make, future, fn, args, kwargs))
        self.sent.append(list(fn.items))
        return future

    def make(self, n: int = 0) -> None:
        """Make the n-th of the calls that are left."""
        self.futures.pop(n)
        self.calls.pop(n)()

    def break_(self, error: BaseException) -> None:
        """Have all that is left fail so, as a pool does that lost a worker."""
        for future in self.futures:
            future.set_exception(error)
        self.futures.clear()
        self.calls.clear()


# ---- real ones -----------------------------------------------------------------------------------

POOLS = ["threads", "processes"]
if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
    POOLS.append("interpreters")


def pool_of(kind: str, workers: int = 2) -> Executor:
    """A new executor of that kind. Processes are forked off a server that has read all modules."""
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    if kind == "processes":
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.workers"])
        return ProcessPoolExecutor(workers, mp_context=context)
    pool: Executor = getattr(concurrent.futures, "InterpreterPoolExecutor")(workers)  # noqa: B009
    return pool


class Gate:
    """A function for threads that blocks, and says with what it has begun."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.arrived = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, item: Any) -> Any:
        self.begun.append(item)
        self.arrived.release()
        wait_for(self.open)
        return item

    def __enter__(self) -> None:
        """Open it at the end, whatever happens: threads are waiting."""

    def __exit__(self, *_: object) -> None:
        self.open.set()

    async def wait(self, n: int = 1) -> None:
        """Wait until *n* more calls have begun, without blocking the loop."""
        for _ in range(n):
            assert await asyncio.to_thread(self.arrived.acquire, timeout=10), "no call has begun"
