"""map(concurrency=100): what it costs to have a function called of a hundred items at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.cases.waiting import (
    after_a_moment,
    after_a_turn,
    at_once,
    items_of,
    pushed,
    waiting,
)
from benchmarks.cases.work import iterate
from benchmarks.peers import aioitertools_asyncio, aiostream, anyio_core, rx, rx_ops, streamable
from benchmarks.timing import Case, Make

LIMIT = 100

Fn: TypeAlias = Callable[[int], Awaitable[int]]

# ---- asyncio, as its documentation has it --------------------------------------------------------


def limited(fn: Callable[[Any], Awaitable[int]]) -> Callable[[Any], Coroutine[Any, Any, int]]:
    """Hold back all but a hundred calls of *fn*."""
    semaphore = asyncio.Semaphore(LIMIT)

    async def one(x: Any) -> int:
        async with semaphore:
            return await fn(x)

    return one


async def gathered(fn: Fn, source: Any) -> list[int]:
    one = limited(fn)
    return await asyncio.gather(*[one(x) for x in await items_of(source)])


async def grouped(fn: Fn, source: Any) -> list[int]:
    one = limited(fn)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(x)) for x in await items_of(source)]

    return [task.result() for task in tasks]


async def completed(fn: Fn, source: Any) -> list[int]:
    one = limited(fn)
    return [await done for done in asyncio.as_completed([one(x) for x in await items_of(source)])]


# ---- by hand: a hundred tasks take their items from one iterator ---------------------------------


async def workers_in_order(fn: Fn, source: Any) -> list[int]:
    numbered = enumerate(await items_of(source))
    results = {}

    async def work() -> None:
        for number, x in numbered:
            results[number] = await fn(x)

    async with asyncio.TaskGroup() as group:
        for _ in range(LIMIT):
            group.create_task(work())

    return [results[number] for number in range(len(results))]


async def workers(fn: Fn, source: Any) -> list[int]:
    items = iter(await items_of(source))
    results = []

    async def work() -> None:
        for x in items:
            results.append(await fn(x))  # noqa: PERF401  (no task may wait for the others)

    async with asyncio.TaskGroup() as group:
        for _ in range(LIMIT):
            group.create_task(work())

    return results


# ---- the peers -----------------------------------------------------------------------------------


async def limited_gather(fn: Fn, source: Any) -> Any:
    calls = [fn(x) for x in await items_of(source)]
    return await aioitertools_asyncio.gather(*calls, limit=LIMIT)


async def amap(fn: Fn, source: Any) -> Any:
    limiter = anyio_core.CapacityLimiter(LIMIT)

    async def one(x: int) -> int:
        async with limiter:
            return await fn(x)

    return await anyio_core.amap(one, await items_of(source))


async def anyio_completed(fn: Fn, source: Any) -> list[int]:
    limiter = anyio_core.CapacityLimiter(LIMIT)

    async def one(x: int) -> int:
        async with limiter:
            return await fn(x)

    async with anyio_core.as_completed(*[one(x) for x in await items_of(source)]) as handles:
        return [handle.return_value async for handle in handles]


def merged(fn: Fn, source: Any) -> Any:
    def call(x: int) -> Any:
        return rx.defer(lambda _: rx.from_future(asyncio.ensure_future(fn(x))))

    return pushed(source, rx_ops.map(call), rx_ops.merge(max_concurrent=LIMIT))


# ---- the cases -----------------------------------------------------------------------------------


def negated(source: Any) -> list[int]:
    return [-x for x in source]


def ordered(name: str, fn: Fn, **options: Any) -> Case:
    """Make the case of one function, its results in the order of the items."""
    makes: dict[str, Make] = {
        "aitertools": lambda s: ait.stream(s).map(fn, concurrency=LIMIT),
        "by_hand": partial(workers_in_order, fn),
        "gather": partial(gathered, fn),
        "TaskGroup": partial(grouped, fn),
        "aiostream": lambda s: aiostream.map(iterate(s), fn, task_limit=LIMIT),
        "streamable": lambda s: streamable.stream(s).map(fn, concurrency=LIMIT),
        "aioitertools": partial(limited_gather, fn),
        "anyio": partial(amap, fn),
    }
    return waiting("concurrency", f"map, {name}", sync=negated, **{**makes, **options})


def as_completed(name: str, fn: Fn, **options: Any) -> Case:
    """Make the case of one function, its results as they come."""
    stage: dict[str, Any] = {"concurrency": LIMIT, "as_completed": True}
    makes: dict[str, Make] = {
        "aitertools": lambda s: ait.stream(s).map(fn, concurrency=LIMIT, ordered=False),
        "by_hand": partial(workers, fn),
        "as_completed": partial(completed, fn),
        "aiostream": lambda s: aiostream.map(iterate(s), fn, task_limit=LIMIT, ordered=False),
        "streamable": lambda s: streamable.stream(s).map(fn, **stage),
        "anyio": partial(anyio_completed, fn),
        "reactivex": partial(merged, fn),
    }
    return waiting(
        "concurrency",
        f"map, as completed, {name}",
        sync=negated,
        normal=sorted,
        **{**makes, **options},
    )


FUNCTIONS: dict[str, Fn] = {
    "at once": at_once,
    "after a turn": after_a_turn,
    "after a moment": after_a_moment,
}
CASES = [make(name, fn) for make in (ordered, as_completed) for name, fn in FUNCTIONS.items()]
