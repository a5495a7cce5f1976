"""What the tests of the families share: running, suspending at random, and comparing.

The result that counts is the synchronous one: of a builtin, of itertools or of more-itertools.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from aitertools.testing.specimens import READY, Pace

from . import loop, turns

# ---- running -------------------------------------------------------------------------------------


def run(awaitable: Awaitable[Any]) -> Any:
    """Run *awaitable* on asyncio; fails if it leaves tasks or complaints of the loop behind."""

    async def main() -> Any:
        try:
            return await awaitable
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            said = f"left behind: {left}"
            for task in left:  # so that it does not disturb the next test
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            assert not left, said

    turns.complaints.clear()
    vars(turns.loop())["_now"] = 0.0  # what one test waited for is not to blur the clock of others
    try:
        return turns.runner().run(main())
    finally:
        assert not turns.complaints, turns.complaints


RUNNERS = {"asyncio": run, "bare": loop.run}
"""The ways to run what needs no tasks."""


# ---- suspending ----------------------------------------------------------------------------------


class Blocked(Pace):
    """Suspends for good when it is awaited for the n-th time."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    async def _take_turns(self) -> None:
        self.reached += 1
        if self.reached == self.n:
            await asyncio.get_running_loop().create_future()


paces = st.lists(st.integers(0, 2), min_size=1, max_size=6).map(lambda turns: Pace(*turns))
"""Any pattern of suspensions."""


async def paced(items: Iterable[Any], pace: Pace = READY) -> AsyncIterator[Any]:
    """An async generator of *items* that suspends before each and before its end as *pace* says."""
    for item in items:
        await pace()
        yield item

    await pace()


def asynced(fn: Callable[..., Any], pace: Pace = READY) -> Callable[..., Awaitable[Any]]:
    """The ``async def`` twin of *fn*, suspending as *pace* says."""

    @functools.wraps(fn, updated=())
    async def twin(*args: Any) -> Any:
        await pace()
        return fn(*args)

    return twin


def synced(fn: Callable[..., Any]) -> Callable[..., Any]:
    """*fn*: the other choice."""
    return fn


colours = st.one_of(st.just(synced), paces.map(lambda pace: lambda fn: asynced(fn, pace)))
"""How a function is handed over: as it is, or ``async def`` with any pattern of suspensions."""


# ---- comparing -----------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What a call came to: its value, or its error as type and message."""

    value: Any
    error: type[BaseException] | None = None
    message: str = ""


def outcome(call: Callable[[], Any], *, message: bool = True) -> Outcome:
    """What *call* comes to; an awaitable it returns is run, what can be iterated becomes a list."""
    try:
        value = call()
        if inspect.isawaitable(value):
            value = run(value)
        elif hasattr(value, "__aiter__"):
            value = run(listed(value))
        elif hasattr(value, "__next__"):
            value = list(value)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side has to raise it too
        return Outcome(None, type(error), str(error) if message else "")

    return Outcome(value)


def both(ours: Callable[[], Any], theirs: Callable[[], Any], *, message: bool = True) -> None:
    """Assert that *ours* comes to the same as the synchronous *theirs*, errors included.

    *ours* returns a stream or an awaitable, *theirs* an iterator or a value. Pass ``message=False``
    where the wording of the error is not the original's.
    """
    expected, actual = outcome(theirs, message=message), outcome(ours, message=message)
    assert expected == actual
    assert type(expected.value) is type(actual.value)


async def listed(source: Any) -> list[Any]:
    """The items of *source*, by a plain ``async for``."""
    return [item async for item in source]


class Failed(NamedTuple):
    """An error among the answers of a stream."""

    error: type[BaseException]


async def pulls(stream: Any, *, most: int = 1000) -> list[Any]:
    """What one ``anext`` after the other comes to, to the end: items and :class:`Failed`."""
    results: list[Any] = []
    while len(results) < most:
        try:
            results.append(await stream.__anext__())
        except StopAsyncIteration:
            break
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            results.append(Failed(type(error)))

    return results


def answers(make: Callable[[], Iterator[Any]]) -> list[Any]:
    """The same for a synchronous iterator."""
    results: list[Any] = []
    try:
        iterator = make()
    except Exception as error:  # noqa: BLE001 - errors are what is collected
        return [Failed(type(error))]

    while True:
        try:
            results.append(next(iterator))
        except StopIteration:
            return results
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            results.append(Failed(type(error)))


def upto_error(results: list[Any]) -> list[Any]:
    """The answers up to the first error, included: after it, the original may go on otherwise."""
    n = next((i for i, answer in enumerate(results) if isinstance(answer, Failed)), len(results))
    return results[: n + 1]
