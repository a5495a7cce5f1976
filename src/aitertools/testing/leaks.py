"""Leaks: what a piece of code leaves behind that it should have ended, closed or awaited."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import warnings
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .places import where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

__all__ = ["LeakError", "NoLeaks", "no_leaks", "watched", "watching"]

T = TypeVar("T")


class LeakError(AssertionError):
    """Raised by :func:`no_leaks`, with a line for each leak; ``leaks`` are these lines."""

    def __init__(self, leaks: list[str]) -> None:
        super().__init__("\n  ".join(["left behind:", *leaks]))
        self.leaks = leaks


def no_leaks() -> NoLeaks:
    """Make a context manager, for ``with`` or ``async with``, that fails if its body leaks.

    >>> async def main():
    ...     async with no_leaks():
    ...         asyncio.create_task(asyncio.sleep(60), name="forgotten")
    >>> ait.testing.run(main())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    aitertools.testing.leaks.LeakError: left behind:
      task forgotten, which waits in sleep() at ...

    Leaks are tasks that the body has begun and that are not over; async generators that it has
    begun and not closed, whether they are still there or were left to the garbage collector;
    what asyncio says on its logger ("was never retrieved", "was destroyed but it is pending"); and
    warnings of resources not closed and coroutines never awaited. With a plain ``with``, tasks and
    generators are seen in what the body gives to :func:`run`, other loops end them in silence.

    Raises LeakError at the end of the block, but not when that fails with an error of its own.
    """
    return NoLeaks()


class NoLeaks:
    """See :func:`no_leaks`; ``leaks`` is what was found."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self._said = Said(self.leaks)
        self._inside: Inside | None = None

    def __enter__(self) -> Self:
        self._said.listen()
        watching.append(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        watching.remove(self)
        gc.collect()  # what was dropped says so now
        self._said.stop()
        if exc is None and self.leaks:
            raise LeakError(self.leaks)

    async def __aenter__(self) -> Self:
        self._said.listen()
        self._inside = Inside(self.leaks)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._inside is not None
        await self._inside.look()
        self._said.stop()
        if exc is None and self.leaks:
            raise LeakError(self.leaks)


watching: list[NoLeaks] = []  # by a plain ``with``


async def watched(main: Awaitable[T]) -> T:
    """Await *main* under the eyes of those that watch by a plain ``with``."""
    inside = [Inside(watch.leaks) for watch in watching]
    result = await main
    for each in reversed(inside):
        await each.look()
    return result


class Inside:
    """What there is in a running loop: tasks, and asynchronous generators."""

    def __init__(self, leaks: list[str]) -> None:
        self._leaks = leaks
        self._tasks = asyncio.all_tasks()
        self._begun: weakref.WeakSet[Any] = weakref.WeakSet()
        self._before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._begin, self._drop)

    def _begin(self, generator: Any) -> None:
        self._begun.add(generator)
        _call(self._before.firstiter, generator)

    def _drop(self, generator: Any) -> None:
        self._leaks.append(f"async generator {_place(generator)}, for the garbage collector")
        _call(self._before.finalizer, generator)

    async def look(self, *, collect: bool = True) -> None:
        """Note the leaks, and watch no more."""
        left = asyncio.all_tasks() - self._tasks
        tasks = {task for task in left if not _is_closing(task)} - {asyncio.current_task()}
        described = [f"task {task.get_name()}, which waits {where(task)}" for task in tasks]
        del left, tasks
        if collect:
            gc.collect()
        await asyncio.sleep(0)  # the collector may have had something closed
        sys.set_asyncgen_hooks(*self._before)
        suspended = [gen for gen in self._begun if gen.ag_frame is not None]
        self._leaks += sorted(described)
        self._leaks += sorted(f"async generator {_place(gen)}, not closed" for gen in suspended)


def _call(hook: Callable[[Any], object] | None, generator: Any) -> None:
    if hook is not None:
        hook(generator)


def _place(generator: Any) -> str:
    code = generator.ag_code
    return f"{generator.__qualname__}() of {Path(code.co_filename).name}:{code.co_firstlineno}"


def _is_closing(task: asyncio.Task[Any]) -> bool:
    """Whether the loop has made *task* to close a dropped generator."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"


class Said(logging.Handler):
    """What asyncio logs and Python warns of."""

    def __init__(self, leaks: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._leaks = leaks
        self._caught: list[warnings.WarningMessage] = []
        self._stack = contextlib.ExitStack()

    def emit(self, record: logging.LogRecord) -> None:
        """Note what asyncio says."""
        self._leaks.append(f"asyncio: {record.getMessage().splitlines()[0]}")

    def listen(self) -> None:
        """Begin to note what is said."""
        self._caught = self._stack.enter_context(warnings.catch_warnings(record=True))
        warnings.filterwarnings("always", category=ResourceWarning)
        warnings.filterwarnings("always", ".* was never awaited", RuntimeWarning)
        logging.getLogger("asyncio").addHandler(self)

    def stop(self) -> None:
        """Note no more; other warnings are given after all."""
        logging.getLogger("asyncio").removeHandler(self)
        self._stack.close()
        for said in self._caught:
            if issubclass(said.category, ResourceWarning) or "never awaited" in str(said.message):
                self._leaks.append(f"{said.category.__name__}: {said.message}".splitlines()[0])
            else:
                warnings.warn_explicit(
                    said.message, said.category, said.filename, said.lineno, source=said.source
                )
