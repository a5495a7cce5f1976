"""Streams with calls or pulls under way: what the tests of their ends have in common."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from aitertools import Stream


async def first(source: AsyncIterator[Any]) -> Any:
    return await anext(source)


async def begun(source: AsyncIterator[Any], turns: int = 3) -> None:
    """Ask for an item, and leave when the workers have begun."""
    asking = asyncio.ensure_future(first(source))
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])


async def close(source: Stream[Any]) -> None:
    await source.aclose()


async def lingering(item: object) -> None:
    """Takes a second to be cancelled."""
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(1)


async def some_turns(turns: int = 5) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


@contextmanager
def no_complaints(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Nothing is said of tasks, also when the collector finds them."""
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    yield
    gc.collect()
    assert complaints == []


def messages(error: BaseException | None) -> list[str]:
    """Return what the errors say that are reachable from it."""
    found = []
    while error is not None:
        found.append(str(error))
        error = error.__context__
    return found
