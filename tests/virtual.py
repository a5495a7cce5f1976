"""Running in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

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
