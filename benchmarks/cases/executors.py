"""map(executor=): functions called by the two workers of an executor, threads or processes.

The functions for threads block, as those do that are worth a thread; those for processes compute.
"""

import asyncio
import functools
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeAlias

import aitertools as ait
from benchmarks.cases.work import inc, iterate
from benchmarks.peers import aiostream, streamable
from benchmarks.timing import LOOP, OURS, SYNC, Case, Contender, collect

WORKERS = 2

MAPPED = "Executor.map"
CHUNKED = "Executor.map, chunksize"
GATHERED = "run_in_executor, gather"
PEERS = (MAPPED, CHUNKED, GATHERED, "aiostream", "streamable")
LABELS = (SYNC, OURS, LOOP, *PEERS)

Fn: TypeAlias = Callable[[int], int]

# ---- what is called ------------------------------------------------------------------------------


def block_briefly(x: int) -> int:
    time.sleep(50e-6)
    return x


def block(x: int) -> int:
    time.sleep(1e-3)
    return x


def compute_briefly(x: int) -> int:
    """Take about 50 µs."""
    return x + sum(range(3_000))


def compute(x: int) -> int:
    """Take about 1 ms."""
    return x + sum(range(60_000))


# ---- who calls it --------------------------------------------------------------------------------


@functools.cache
def threads() -> Executor:
    return ThreadPoolExecutor(WORKERS)


@functools.cache
def processes() -> Executor:
    """Have them forked off a server: the process that measures has threads and an event loop."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.cases.executors"])
    return ProcessPoolExecutor(WORKERS, mp_context=context)


async def mapped(pool: Executor, fn: Fn, source: Iterable[int], size: int = 1) -> list[int]:
    """Wait in a thread, as the results of Executor.map block who reads them."""
    return await asyncio.to_thread(lambda: list(pool.map(fn, source, chunksize=size)))


def called(pool: Executor, fn: Fn) -> Callable[..., Awaitable[int]]:
    loop = asyncio.get_running_loop()

    def call(x: int, *_: object) -> Awaitable[int]:
        return loop.run_in_executor(pool, fn, x)

    return call


async def gathered(pool: Executor, fn: Fn, source: Iterable[int]) -> list[int]:
    return await asyncio.gather(*map(called(pool, fn), source))


def of_aiostream(pool: Executor, fn: Fn, source: Iterable[int]) -> Any:
    call = called(pool, fn)

    async def one(x: int, *_: object) -> int:
        return await call(x)

    return aiostream.map(iterate(source), one, task_limit=WORKERS)


# ---- the cases -----------------------------------------------------------------------------------


def case(name: str, pool: Callable[[], Executor], fn: Fn, items: int, size: int | None) -> Case:
    """Make a case; *size* is the best for Executor.map, if that has chunks."""

    def ours(source: Iterable[int]) -> ait.Stream[int]:
        return ait.stream(source).map(fn, executor=pool(), concurrency=WORKERS)

    contenders = {
        SYNC: Contender(lambda s: list(map(fn, s))),
        OURS: Contender(ours),
        LOOP: Contender(lambda s: collect(ours(s))),
        MAPPED: Contender(lambda s: mapped(pool(), fn, s)),
        GATHERED: Contender(lambda s: gathered(pool(), fn, s)),
        "aiostream": Contender(lambda s: of_aiostream(pool(), fn, s)),
        "streamable": Contender(lambda s: streamable.stream(s).map(fn, concurrency=pool())),
    }
    if size is not None:
        contenders[CHUNKED] = Contender(lambda s: mapped(pool(), fn, s, size))
    return Case(
        family="executors",
        name=name,
        sources=lambda n: (range(n),),
        contenders=contenders,
        items=items,
        least=min(items, 100),
        run_seconds=0.1,
        weight=2,
        threads=True,
    )


CASES = [
    case("threads, tiny", threads, inc, 12_800, None),
    case("threads, 50 µs blocking", threads, block_briefly, 1_600, None),
    case("threads, 1 ms blocking", threads, block, 200, None),
    case("processes, tiny", processes, inc, 12_800, 512),
    case("processes, 50 µs", processes, compute_briefly, 3_200, 100),
    case("processes, 1 ms", processes, compute, 200, 5),
]
