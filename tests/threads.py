"""What is run in several threads at once, each with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any


def in_threads(*mains: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Run each in a thread and a loop of its own; what they return, or raise."""
    results: list[Any] = [None] * len(mains)

    async def limited(main: Callable[[], Awaitable[Any]]) -> Any:
        return await asyncio.wait_for(main(), 30)

    def thread(i: int) -> None:
        try:
            results[i] = asyncio.run(limited(mains[i]))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to see it
            results[i] = error

    threads = [threading.Thread(target=thread, args=(i,)) for i in range(len(mains))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results
