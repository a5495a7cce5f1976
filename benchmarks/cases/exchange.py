"""What is done with queues: the same lines for every library, which only differ in *ends*.

Each function gives the sum of the items that arrived. `queues.py` loads a copy of this module for
each library, so that the interpreter specialises it for that library alone.
"""

import asyncio
import threading
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, TypeAlias

Ends: TypeAlias = Any  # one of channels.py
Put: TypeAlias = Callable[[int], Awaitable[object]]
Get: TypeAlias = Callable[[], Awaitable[int]]

BATCH = 100
MANY = 10

# ---- one task ------------------------------------------------------------------------------------


async def put_get(ends: Ends, n: int) -> int:
    """Put an item and take it."""
    put, get = ends.put, ends.get
    total = 0
    for number in range(n):
        await put(number)
        total += await get()

    return total


async def put_get_nowait(ends: Ends, n: int) -> int:
    """Put an item and take it, with functions that do not wait."""
    put, get = ends.put_nowait, ends.get_nowait
    total = 0
    for number in range(n):
        put(number)
        total += get()

    return total


async def drain(ends: Ends, _: int) -> int:
    """Take what is there, until the queue is shut down and drained."""
    items: AsyncIterable[int] = ends.items
    total = 0
    async for number in items:
        total += number

    return total


async def drain_by_hand(ends: Ends, _: int) -> int:
    """Take what is there, item by item, in a queue that cannot be iterated."""
    get, empty = ends.get, ends.empty
    total = 0
    while not empty():
        total += await get()

    return total


async def batches(ends: Ends, n: int) -> int:
    """Put a batch and take it."""
    put_many, get_many = ends.put_many, ends.get_many
    numbers = list(range(BATCH))
    total = 0
    for _ in range(n // BATCH):
        await put_many(numbers)
        total += sum(await get_many(BATCH))

    return total


async def batches_by_hand(ends: Ends, n: int) -> int:
    """Put a batch and take it, in a queue that has single items only."""
    put, get = ends.put_nowait, ends.get_nowait
    numbers = list(range(BATCH))
    total = 0
    for _ in range(n // BATCH):
        for number in numbers:
            put(number)

        total += sum([get() for _ in range(BATCH)])

    return total


# ---- several tasks -------------------------------------------------------------------------------


async def produce(put: Put, n: int) -> None:
    for number in range(n):
        await put(number)


async def consume(get: Get, n: int) -> int:
    total = 0
    for _ in range(n):
        total += await get()

    return total


async def hand_over(ends: Ends, n: int) -> int:
    """One task to another."""
    _, total = await asyncio.gather(produce(ends.put, n), consume(ends.get, n))
    return total


async def crowd(ends: Ends, n: int) -> int:
    """Many tasks to many."""
    producers = (produce(ends.put, n // MANY) for _ in range(MANY))
    consumers = [asyncio.create_task(consume(ends.get, n // MANY)) for _ in range(MANY)]
    await asyncio.gather(*producers)
    return sum(await asyncio.gather(*consumers))


async def total_of(items: AsyncIterable[int]) -> int:
    total = 0
    async for number in items:
        total += number

    return total


async def publish(ends: Ends, n: int) -> int:
    """One task to many, each of which gets every item."""
    topic = ends.topic()
    readers = [asyncio.create_task(total_of(topic.subscribe())) for _ in range(MANY)]
    await produce(topic.publish, n)
    topic.shutdown()
    return sum(await asyncio.gather(*readers))


async def publish_by_hand(ends: Ends, n: int) -> int:
    """A queue for each of them."""
    others = [ends.another() for _ in range(MANY)]
    readers = [asyncio.create_task(consume(other.get, n)) for other in others]
    puts = [other.put for other in others]
    for number in range(n):
        for put in puts:
            await put(number)

    total = sum(await asyncio.gather(*readers))
    for other in others:
        await other.finish()

    return total


# ---- threads and event loops ---------------------------------------------------------------------


async def in_thread(work: Callable[..., Any], *args: Any) -> Any:
    """Run *work* in a thread. Should it hang, it keeps nobody."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():
            return

        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work(*args)
        except Exception as raised:
            error = raised

        loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done


def thread_produce(put: Callable[[int], object], n: int) -> None:
    for number in range(n):
        put(number)


def thread_consume(get: Callable[[], int], n: int) -> int:
    total = 0
    for _ in range(n):
        total += get()

    return total


def thread_answer(get: Callable[[], int], put: Callable[[int], object], n: int) -> None:
    for _ in range(n):
        put(get())


def loop_produce(put: Put, n: int) -> None:
    asyncio.run(produce(put, n))


async def thread_to_task(ends: Ends, n: int) -> int:
    putting = in_thread(thread_produce, ends.thread_put, n)
    _, total = await asyncio.gather(putting, consume(ends.get, n))
    return total


async def task_to_thread(ends: Ends, n: int) -> int:
    getting = in_thread(thread_consume, ends.thread_get, n)
    _, total = await asyncio.gather(produce(ends.put, n), getting)
    return int(total)


async def thread_to_thread(ends: Ends, n: int) -> int:
    putting = in_thread(thread_produce, ends.thread_put, n)
    _, total = await asyncio.gather(putting, in_thread(thread_consume, ends.thread_get, n))
    return int(total)


async def loop_to_loop(ends: Ends, n: int) -> int:
    """A task of another event loop, in another thread, to one of this."""
    putting = in_thread(loop_produce, ends.far_put, n)
    _, total = await asyncio.gather(putting, consume(ends.get, n))
    return total


async def round_trip(ends: Ends, n: int) -> int:
    """A task asks a thread through one queue, which answers through another."""
    answers = ends.another()
    answering = asyncio.create_task(
        in_thread(thread_answer, ends.thread_get, answers.thread_put, n)
    )
    put, get = ends.put, answers.get
    total = 0
    for number in range(n):
        await put(number)
        total += await get()

    await answering
    await answers.finish()
    return total
