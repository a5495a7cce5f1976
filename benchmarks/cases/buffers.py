"""buffer and prefetch: the source goes on while the consumer is busy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.cases.waiting import after_a_turn, turn_by_turn, waiting
from benchmarks.cases.work import generate
from benchmarks.peers import anyio_core, streamable
from benchmarks.timing import Case

DONE: Any = object()
SIZE = 100

Each: TypeAlias = Callable[[int], Awaitable[int]]

# ---- by hand: a task and a queue -----------------------------------------------------------------


async def from_queue(source: AsyncIterator[int], size: int) -> AsyncIterator[int]:
    queue: asyncio.Queue[Any] = asyncio.Queue(size)

    async def pump() -> None:
        async for item in source:
            await queue.put(item)

        await queue.put(DONE)

    pumping = asyncio.create_task(pump())
    while (item := await queue.get()) is not DONE:
        yield item

    await pumping


async def by_queue(source: AsyncIterator[int], size: int, each: Each | None) -> list[int]:
    items = from_queue(source, size)
    return [item if each is None else await each(item) async for item in items]


async def by_memory_stream(source: AsyncIterator[int], size: int, each: Each | None) -> list[int]:
    """Do as anyio's documentation does."""
    send, receive = anyio_core.create_memory_object_stream(size)

    async def pump() -> None:
        async with send:
            async for item in source:
                await send.send(item)

    async with anyio_core.create_task_group() as group:
        group.start_soon(pump)
        async with receive:
            return [item if each is None else await each(item) async for item in receive]


async def in_turn(source: AsyncIterator[int], each: Each | None) -> list[int]:
    """Do without a buffer."""
    return [item if each is None else await each(item) async for item in source]


# ---- the cases -----------------------------------------------------------------------------------


def through(made: Any, each: Each | None) -> Any:
    """Put *each* behind the buffer of a library whose streams have map."""
    return made if each is None else made.map(each)


def case(name: str, source: Callable[[Any], Any], size: int, each: Each | None = None) -> Case:
    """Make the case of one source, and of one consumer: it awaits *each* of its items, if any."""
    return waiting(
        "buffers",
        name,
        sources=lambda n: (source(range(n)),),
        sync=list if each is None else lambda s: [-x for x in s],
        floor=lambda s: in_turn(s, each),
        aitertools=lambda s: through(ait.stream(s).buffer(size), each),
        by_hand=lambda s: by_queue(s, size, each),
        streamable=lambda s: through(streamable.stream(s).buffer(size), each),
        anyio=lambda s: by_memory_stream(s, size, each),
    )


CASES = [
    case("buffer(100), source ready", generate, SIZE),
    case("buffer(100), source waits", turn_by_turn, SIZE),
    case("buffer(100), both wait", turn_by_turn, SIZE, after_a_turn),
    case("prefetch(1), both wait", turn_by_turn, 1, after_a_turn),
]
