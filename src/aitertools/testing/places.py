"""Where a task waits: the chain of what it awaits, as far as Python shows it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

__all__ = ["report", "where"]

AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")
FRAMES = ("cr_frame", "gi_frame", "ag_frame")


def report(loop: asyncio.AbstractEventLoop, what: str) -> str:
    """Return *what*, and a line for each task that is left."""
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    return "\n".join([what, *(f"  {task.get_name()} waits {where(task)}" for task in tasks)])


def where(task: asyncio.Task[Any]) -> str:
    """Return where *task* waits: in which function, and what that was called by."""
    chain: list[str] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = _first(awaited, FRAMES)
        if frame is not None:
            name = frame.f_code.co_name
            chain.append(f"in {name}() at {Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        awaited = _first(awaited, AWAITED)
    return " <- ".join(reversed(chain))


def _first(thing: Any, names: tuple[str, ...]) -> Any:
    return next((getattr(thing, name) for name in names if hasattr(thing, name)), None)
