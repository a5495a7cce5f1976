"""One source for several readers."""

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.peers import aioitertools, anyio, asyncstdlib
from benchmarks.timing import LOOP, OURS, SYNC, Case, Contender, fresh

Pair: TypeAlias = tuple[list[int], list[int]]

# ---- how the two branches are read ---------------------------------------------------------------


async def lockstep(one: Any, other: Any) -> Pair:
    """An item of the one, then that of the other."""
    ones, others = [], []
    async for item in one:
        ones.append(item)
        others.append(await anext(other))

    return ones, others


async def in_turn(one: Any, other: Any) -> Pair:
    """First the one, then the other."""
    return [item async for item in one], [item async for item in other]


async def in_turn_awaited(one: Any, other: Any) -> Pair:
    return await one.list(), await other.list()


async def two_tasks(one: Any, other: Any) -> Pair:
    """Each in a task of its own."""

    async def read(branch: Any) -> list[int]:
        return [item async for item in branch]

    ones, others = await asyncio.gather(read(one), read(other))
    return ones, others


async def two_tasks_awaited(one: Any, other: Any) -> Pair:
    ones, others = await asyncio.gather(one.list(), other.list())
    return ones, others


def in_sync(source: Iterable[int]) -> Pair:
    one, other = itertools.tee(source)
    return list(one), list(other)


# ---- the cases -----------------------------------------------------------------------------------

Read: TypeAlias = Callable[[Any, Any], Awaitable[Pair]]


def reads(tee: Callable[[Any], Any], read: Read) -> Contender:
    """Have *read* read the two branches that *tee* makes."""
    read = fresh(read)
    return Contender(lambda source: read(*tee(source)))


def synchronised(source: Any) -> Any:
    """Make asyncstdlib's branches safe for two tasks."""
    return asyncstdlib.tee(source, lock=asyncio.Lock())


def case(name: str, read: Read, awaited: Read | None = None, **options: Any) -> Case:
    """Make the case of one way to read; *awaited* is the shorter way that only ours has."""
    by_task = read is two_tasks
    contenders = {
        SYNC: Contender(in_sync),
        OURS: reads(ait.tee, awaited or read),
        "asyncstdlib": reads(synchronised if by_task else asyncstdlib.tee, read),
        "aioitertools": reads(aioitertools.tee, read),
        "anyio": reads(anyio.tee, read),
    }
    if awaited is not None:
        contenders[LOOP] = reads(ait.tee, read)

    return Case(
        family="share",
        name=f"tee, {name}",
        contenders=contenders,
        items=25_600,
        run_seconds=0.02,
        **{"sources": lambda n: (list(range(n)),), **options},
    )


async def waiting(n: int) -> AsyncIterator[int]:
    """Give way to the event loop at every tenth item."""
    for number in range(n):
        if number % 10 == 0:
            await asyncio.sleep(0)

        yield number


def case_of_waiting() -> Case:
    name = "two tasks, a source that waits"
    made = case(name, two_tasks, two_tasks_awaited, sources=lambda n: (waiting(n),))
    sync = made.contenders[SYNC]._replace(sources=lambda n: (range(n),))
    return dataclasses.replace(made, contenders={**made.contenders, SYNC: sync})


WAITING = case_of_waiting()
CASES = [
    case("in lockstep", lockstep),
    case("one after the other", in_turn, in_turn_awaited),
    case("two tasks", two_tasks, two_tasks_awaited),
    WAITING,
]
