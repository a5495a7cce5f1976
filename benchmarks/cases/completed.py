"""as_completed and gather: a list of awaitables that is already there."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.cases.concurrency import LIMIT, limited
from benchmarks.cases.waiting import after_a_turn, at_once, waiting
from benchmarks.peers import aioitertools_asyncio, anyio_core
from benchmarks.timing import Case

Fn: TypeAlias = Callable[[int], Awaitable[int]]
Calls: TypeAlias = list[Awaitable[int]]


def calls(fn: Fn, n: int) -> tuple[Calls]:
    """Give the coroutines of n calls, not yet begun."""
    return ([fn(x) for x in range(n)],)


def negated(source: Any) -> list[int]:
    return [-x for x in source]


async def itself(awaitable: Any) -> Any:
    return await awaitable


# ---- asyncio and anyio, as their documentation has them ------------------------------------------


async def completed(awaitables: Calls) -> list[int]:
    return [await done for done in asyncio.as_completed(awaitables)]


async def completed_limited(awaitables: Calls) -> list[int]:
    one = limited(itself)
    return await completed([one(call) for call in awaitables])


async def anyio_completed(awaitables: Calls) -> list[int]:
    async with anyio_core.as_completed(*awaitables) as handles:
        return [handle.return_value async for handle in handles]


async def grouped(awaitables: Any) -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in awaitables]

    return [task.result() for task in tasks]


async def gathered_limited(awaitables: Calls) -> list[int]:
    one = limited(itself)
    return await asyncio.gather(*[one(call) for call in awaitables])


async def grouped_limited(awaitables: Calls) -> list[int]:
    one = limited(itself)
    return await grouped([one(call) for call in awaitables])


# ---- the cases -----------------------------------------------------------------------------------


def as_completed(name: str, fn: Fn) -> list[Case]:
    case = partial(
        waiting, "completed", sources=partial(calls, fn), sync=negated, normal=sorted, items=6_400
    )
    return [
        case(
            name=f"as_completed, {name}",
            aitertools=lambda awaitables: ait.as_completed(awaitables),
            as_completed=completed,
            aioitertools=aioitertools_asyncio.as_completed,
            anyio=anyio_completed,
        ),
        case(
            name=f"as_completed, limit 100, {name}",
            aitertools=lambda awaitables: ait.as_completed(awaitables, limit=LIMIT),
            as_completed=completed_limited,
        ),
    ]


def gather(name: str, fn: Fn) -> list[Case]:
    case = partial(
        waiting, "completed", sources=partial(calls, fn), sync=negated, looped=False, items=6_400
    )
    return [
        case(
            name=f"gather, {name}",
            normal=list,
            aitertools=lambda awaitables: ait.gather(awaitables),
            gather=lambda awaitables: asyncio.gather(*awaitables),
            TaskGroup=grouped,
            aioitertools=lambda awaitables: aioitertools_asyncio.gather(*awaitables),
            anyio=lambda awaitables: anyio_core.gather(*awaitables),
        ),
        case(
            name=f"gather, limit 100, {name}",
            aitertools=lambda awaitables: ait.gather(awaitables, limit=LIMIT),
            gather=gathered_limited,
            TaskGroup=grouped_limited,
            aioitertools=lambda awaitables: aioitertools_asyncio.gather(*awaitables, limit=LIMIT),
        ),
    ]


FUNCTIONS: dict[str, Fn] = {"at once": at_once, "after a turn": after_a_turn}
CASES = [
    case
    for make in (as_completed, gather)
    for name, fn in FUNCTIONS.items()
    for case in make(name, fn)
]
