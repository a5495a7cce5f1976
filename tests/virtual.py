"""An event loop whose time passes only when there is nothing else to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """Nothing ready: it is the time of the next timer."""

    def __init__(self) -> None:
        self.virtual = 0.0
        super().__init__()

    def time(self) -> float:
        return self.virtual

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            timers = self._scheduled  # type: ignore[attr-defined]
            times = [timer.when() for timer in timers if not timer.cancelled()]
            if not times:
                raise RuntimeError("nothing will ever happen")
            self.virtual = max(self.virtual, min(times))
        super()._run_once()  # type: ignore[misc]


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

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(main())
    assert not complaints, complaints
    return result


def now() -> float:
    return asyncio.get_running_loop().time()
