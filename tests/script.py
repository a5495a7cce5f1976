"""Sources and consumers by a schedule, in virtual time: what the tests of time are made of."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from aitertools import stream, testing

from .oracle import Failed


class Broken(Exception):
    """What a script fails with."""


def virtual(main: Awaitable[Any]) -> Any:
    """Run *main* in virtual time; fails if it leaves tasks or complaints of the loop behind."""

    async def checked() -> Any:
        complaints: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        assert not complaints, complaints
        return result

    return testing.run(checked(), limit=100_000)


def now() -> float:
    return asyncio.get_running_loop().time()


async def turns(n: int) -> None:
    """Give the loop some turns, in no time."""
    for _ in range(n):
        await asyncio.sleep(0)


class Script:
    """A source with one item at each of some times, or later when it is asked for later.

    A cancelled pull has taken nothing.
    """

    def __init__(self, *events: tuple[float, Any], end: float | None = None) -> None:
        self.events = list(events)
        self.ends = end  # when; None: at once after the last item
        self.pulls = 0
        self.pulled_in: set[Any] = set()
        self.closed_in: list[Any] = []
        self.busy = False

    def __aiter__(self) -> Script:
        return self

    async def __anext__(self) -> Any:
        assert not self.busy, "pulled twice at once"
        assert not self.closed_in, "pulled after it was closed"
        self.busy = True
        self.pulls += 1
        self.pulled_in.add(asyncio.current_task())
        try:
            await until(self.events[0][0] if self.events else self.ends)
        finally:
            self.busy = False
        if not self.events:
            raise StopAsyncIteration
        return self.events.pop(0)[1]

    async def aclose(self) -> None:
        assert not self.busy, "closed while it was pulled"
        self.closed_in.append(asyncio.current_task())
        await asyncio.sleep(0)


async def until(when: float | None) -> None:
    if when is not None and when > now():
        await asyncio.sleep(when - now())


def fussy(item: Any) -> Any:
    """Fail for items that are exceptions: the stream goes on after them."""
    if isinstance(item, Exception):
        raise item
    return item


async def watch(subject: Any, pauses: Iterable[float] = ()) -> list[tuple[float, Any]]:
    """What comes of *subject* and when, to the end; after each answer it is busy for a pause."""
    seen: list[tuple[float, Any]] = []
    busy: Iterator[float] = itertools.chain(pauses, itertools.repeat(0))
    while True:
        try:
            item = await anext(subject)
        except StopAsyncIteration:
            return seen
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            item = Failed(type(error))
        seen.append((now(), item))
        if pause := next(busy):
            await asyncio.sleep(pause)


def watched(
    build: Callable[[Any], Any], events: Iterable[tuple[float, Any]], pauses: Iterable[float] = ()
) -> list[tuple[float, Any]]:
    """What comes of ``build(stream)`` over a script of *events*, and when."""
    seen: list[tuple[float, Any]] = virtual(watch(build(stream(Script(*events))), pauses))
    return seen


# ---- faults --------------------------------------------------------------------------------------

Build = Callable[[Any], Any]
POINTS = [(time, turn) for time in (0, 1, 2, 3, 4.5, 6) for turn in range(7)]
"""Where the faults come: at so many seconds, after so many turns of the loop."""


def cancelled_at(build: Build, events: Iterable[Any], point: tuple[float, int]) -> list[Any]:
    """The answers when a pull is cancelled at that point, and the stream is gone on with."""

    async def main() -> list[Any]:
        script = Script(*events)
        async with build(stream(script)) as subject:
            seen: list[Any] = []
            pulling = asyncio.create_task(_collect(subject, seen))
            await until(point[0])
            await turns(point[1])
            pulling.cancel()
            await asyncio.wait([pulling])
            await _collect(subject, seen)
        assert len(script.closed_in) == 1
        return seen

    answers: list[Any] = virtual(main())
    return answers


async def _collect(subject: Any, seen: list[Any]) -> None:
    while len(seen) < 1000:
        try:
            seen.append(await anext(subject))
        except StopAsyncIteration:
            return
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            seen.append(Failed(type(error)))


def closed_at(build: Build, events: Iterable[Any], point: tuple[float, int], how: str) -> Script:
    """The source when the stream is left at that point: closed, left by its block, or dropped."""
    script = Script(*events)

    async def main() -> None:
        subject = build(stream(script))
        if how == "close":
            pulling = asyncio.create_task(_collect(subject, []))
            await until(point[0])
            await turns(1 + point[1])  # it has begun
            await subject.aclose()
            await asyncio.wait([pulling])
            assert pulling.exception() is None
            return
        pulling = asyncio.create_task(_leave(subject, how))
        del subject
        await until(point[0])
        await turns(1 + point[1])
        pulling.cancel()
        await asyncio.wait([pulling])
        del pulling
        gc.collect()
        await turns(10)

    virtual(main())
    return script


async def _leave(subject: Any, how: str) -> None:
    if how == "drop":
        await _collect(subject, [])
        return
    async with subject:
        await _collect(subject, [])
