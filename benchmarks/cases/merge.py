"""merge: many async generators as one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.cases.waiting import turn_by_turn, waiting
from benchmarks.cases.work import generate
from benchmarks.peers import aioitertools_asyncio, aiostream, anyio_core, streamable
from benchmarks.timing import Case

DONE: Any = object()

Sources: TypeAlias = list[Any]

# ---- by hand: a task for each source, and one queue ----------------------------------------------


async def through_queue(sources: Sources) -> list[int]:
    queue: asyncio.Queue[Any] = asyncio.Queue(len(sources))

    async def pump(source: AsyncIterator[int]) -> None:
        async for item in source:
            await queue.put(item)

    async def pump_all() -> None:
        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(pump(source))

        await queue.put(DONE)

    pumping = asyncio.create_task(pump_all())
    items = []
    while (item := await queue.get()) is not DONE:
        items.append(item)

    await pumping
    return items


async def through_memory_stream(sources: Sources) -> list[int]:
    """Do as anyio's documentation does: a clone of the sending end for each task."""
    send, receive = anyio_core.create_memory_object_stream(len(sources))

    async def pump(source: AsyncIterator[int], end: Any) -> None:
        async with end:
            async for item in source:
                await end.send(item)

    async with anyio_core.create_task_group() as group:
        async with send:
            for source in sources:
                group.start_soon(pump, source, send.clone())

        async with receive:
            return [item async for item in receive]


async def apart(sources: Sources) -> list[int]:
    """Have a task read each of them, and put nothing together before the end."""

    async def read(source: AsyncIterator[int]) -> list[int]:
        return [item async for item in source]

    lists = await asyncio.gather(*map(read, sources))
    return [item for items in lists for item in items]


# ---- the cases -----------------------------------------------------------------------------------


def shares(n: int, width: int) -> list[range]:
    """Deal the numbers below *n* out to *width*."""
    return [range(start, n, width) for start in range(width)]


def of(width: int, name: str, source: Callable[[Iterable[int]], Any], **more: Any) -> Case:
    """Make the case of *width* sources of one kind."""
    return waiting(
        "merge",
        f"{width:,} sources, {name}",
        sources=lambda n: ([source(share) for share in shares(n, width)],),
        sync=list,
        normal=sorted,
        floor=apart,
        aitertools=lambda sources: ait.merge(*sources),
        by_hand=through_queue,
        aiostream=lambda sources: aiostream.merge(*sources),
        streamable=lambda sources: streamable.stream(sources).flatten(concurrency=width),
        aioitertools=aioitertools_asyncio.as_generated,
        anyio=through_memory_stream,
        **more,
    )


MANY: dict[str, Any] = {"least": 10_000, "weight": 4}

CASES = [
    of(10, "ready", generate),
    of(10, "waiting", turn_by_turn),
    of(1_000, "ready", generate, **MANY),
    of(1_000, "waiting", turn_by_turn, **MANY),
]
