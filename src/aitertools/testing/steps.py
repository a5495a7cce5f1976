"""A loop in a page, that goes step by step: what runs on it needs no framework.

It drives awaitables by ``send()``, and does at any chosen await point what a test wants: throws,
closes, or leaves the awaitable alone for good. What is yielded to it has no meaning but that it has
to arrive here as it was, and that the answer has to arrive there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any

__all__ = ["Cancelled", "Task", "Turn", "current_task", "points", "run", "run_to", "running"]


class Cancelled(BaseException):
    """What cancels on this loop."""


class Turn:
    """Awaited once, it gives whichever loop is running one turn."""

    __slots__ = ("answer",)

    def __await__(self) -> Generator[Any, Any, None]:
        if running.task is None:  # asyncio, for which a bare yield is one turn
            yield
            return
        self.answer = object()
        assert (yield self) is self.answer, "another one's answer"


class Task:
    """One awaitable, driven step by step."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.iterator = awaitable.__await__()
        self.suspensions = 0  # await points so far
        self.done = False
        self.result: Any = None
        self._waits_for: Any = None

    def step(self) -> None:
        """Go on from the await point where it is, or begin."""
        answer = None if self._waits_for is None else self._waits_for.answer
        self._drive(self.iterator.send, answer)

    def throw(self, error: BaseException) -> None:
        """Raise *error* at the await point where it is."""
        self._drive(self.iterator.throw, error)

    def close(self) -> None:
        """Raise GeneratorExit there, as dropping a coroutine does; it must not await any more."""
        self._drive(lambda _: self.iterator.close(), None)
        self.done = True

    def finish(self) -> Any:
        """Go on to the end; the result."""
        while not self.done:
            self.step()
        return self.result

    def _drive(self, resume: Callable[[Any], Any], value: Any) -> None:
        before, running.task = running.task, self
        try:
            self._waits_for = resume(value)
            self.suspensions += 1
        except StopIteration as stop:
            self.done, self.result = True, stop.value
        except BaseException:
            self.done = True
            raise
        finally:
            running.task = before


class Running(threading.local):
    """The task that runs in this thread."""

    task: Task | None = None


running = Running()


def run(awaitable: Awaitable[Any]) -> Any:
    """Run *awaitable* to its end; its result."""
    return Task(awaitable).finish()


def run_to(awaitable: Awaitable[Any], point: int, drive: Any = Task) -> Any:
    """Run *awaitable* to its await point number *point*, counted from 1; or to its end."""
    task = drive(awaitable)
    while not task.done and task.suspensions < point:
        task.step()
    return task


def points(awaitable: Awaitable[Any]) -> int:
    """Run *awaitable* to its end; how many await points it had."""
    task = Task(awaitable)
    task.finish()
    return task.suspensions


def current_task() -> object:
    """Return the task that is running, here or on asyncio; None where garbage is collected."""
    if running.task is not None:
        return running.task
    return asyncio.current_task() if asyncio._get_running_loop() is not None else None
