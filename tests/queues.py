"""What the tests of the queues share: the kinds of queues, filling them, and tasks that wait."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import aitertools as ait

THEIRS_SHUT_DOWN = hasattr(asyncio, "QueueShutDown")
"""Whether this Python's own queues can be shut down."""

THREADS_SHUT_DOWN: type[Exception] = getattr(queue, "ShutDown", ait.QueueShutDown)
"""What the view for threads raises once it is over."""

ORDERS: dict[str, Callable[[Iterable[Any]], list[Any]]] = {
    "Queue": list,
    "LifoQueue": lambda items: list(items)[::-1],
    "PriorityQueue": sorted,
}
"""Name of a kind -> the order in which it gives the items it is filled with."""


def kinds(*modules: Any) -> list[Any]:
    return [getattr(module, name) for module in modules for name in ORDERS]


def full_name(kind: type) -> str:
    return f"{'asyncio' if kind.__module__.startswith('asyncio') else 'ours'}.{kind.__name__}"


each_of_ours = pytest.mark.parametrize("kind", kinds(ait), ids=lambda kind: kind.__name__)
each_queue = pytest.mark.parametrize("kind", kinds(ait, asyncio), ids=full_name)
each_that_shuts_down = pytest.mark.parametrize(
    "kind", kinds(ait, asyncio) if THEIRS_SHUT_DOWN else kinds(ait), ids=full_name
)


# ---- filling -------------------------------------------------------------------------------------


def in_order(kind: type, items: Iterable[Any]) -> list[Any]:
    """*items* in the order in which a queue of that kind gives them."""
    return ORDERS[kind.__name__](items)


def filled(kind: Any, items: Iterable[Any], maxsize: int = 0, **how: Any) -> Any:
    """A queue of that kind with *items* in it."""
    made = kind(maxsize, **how)
    for item in items:
        made.put_nowait(item)
    return made


def drained(full: Any) -> list[Any]:
    """All that is in it, taken out."""
    return [full.get_nowait() for _ in range(full.qsize())]


# ---- tasks that wait -----------------------------------------------------------------------------


async def turns(n: int = 3) -> None:
    """Let the loop run *n* times; three are enough for whatever was called to have gone on."""
    for _ in range(n):
        await asyncio.sleep(0)


async def begun(*awaitables: Awaitable[Any]) -> list[asyncio.Future[Any]]:
    """Tasks for these, each of which has had its first turn."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in awaitables]
    await asyncio.sleep(0)
    return tasks


async def all_cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel them and wait until they are."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [task.cancelled() for task in tasks] == [True] * len(tasks)


def states(tasks: Iterable[asyncio.Future[Any]]) -> list[Any]:
    """The result of each that is done, else None."""
    return [task.result() if task.done() else None for task in tasks]


# ---- threads -------------------------------------------------------------------------------------

DEADLINE = 100  # seconds until a thread that does not come back fails its test


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run the works at the same time, in threads; their results in that order, errors are raised.

    A thread that is stuck is given up at the deadline, and fails the test.
    """
    results: list[Any] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(i: int, work: Callable[[], Any]) -> None:
        try:
            ready.wait(DEADLINE)
            results[i] = work()
        except BaseException as error:  # noqa: BLE001 - raised below
            results[i] = error

    threads = [threading.Thread(target=run, args=job, daemon=True) for job in enumerate(works)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + DEADLINE
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    for result in results:
        if isinstance(result, BaseException):
            raise result
    stuck = [i for i, thread in enumerate(threads) if thread.is_alive()]
    assert not stuck, f"still blocked: {stuck} of {len(threads)}"
    return results


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds; other threads are to see to that."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.0005)


# ---- errors --------------------------------------------------------------------------------------


@contextmanager
def unraisable() -> Iterator[list[BaseException | None]]:
    """What Python says about errors that nobody can get."""
    errors: list[BaseException | None] = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda complaint: errors.append(complaint.exc_value)
    try:
        yield errors
    finally:
        sys.unraisablehook = before
