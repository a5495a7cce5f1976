"""Running in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import trio
import trio.testing

from aitertools import testing


def run(awaitable: Awaitable[Any]) -> Any:
    """Run *awaitable* in virtual time; fails if it leaves tasks or complaints behind."""
    complaints: list[dict[str, Any]] = []

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        result = await awaitable
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return result

    result = testing.run(main())
    assert not complaints, complaints
    return result


def now() -> float:
    return asyncio.get_running_loop().time()


def on_trio(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run *main* under trio in virtual time; fails if it hangs."""

    async def within_limits() -> Any:
        with trio.fail_after(9):
            return await main()

    return trio.run(within_limits, clock=trio.testing.MockClock(autojump_threshold=0))
