"""The laws by their names, and at which pace sources go in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..specimens import Pace
from ..verdict import Session

__all__ = ["LAWS", "PACES", "Blocked", "Slow", "law"]

Law = Callable[[Session], None]

LAWS: dict[str, Law] = {}


def law(name: str) -> Callable[[Law], Law]:
    """Enter a law by its name."""

    def enter(function: Law) -> Law:
        LAWS[name] = function
        return function

    return enter


class Slow(Pace):
    """A virtual second for each item."""

    async def _take_turns(self) -> None:
        await asyncio.sleep(1)


class Blocked(Pace):
    """One item, and no second one, ever."""

    async def _take_turns(self) -> None:
        self.reached += 1
        if self.reached == 2:
            await asyncio.get_running_loop().create_future()


PACES = (Pace(0), Pace(1), Pace(0, 2, 1))
"""Ready, suspending, and both."""
