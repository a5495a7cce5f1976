"""Queues: in one task, between tasks, and between threads and event loops."""

import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.cases import exchange
from benchmarks.cases.channels import (
    LIBRARIES,
    Anyio,
    Asyncio,
    Channel,
    Culsans,
    Janus,
    Ours,
    Threads,
)
from benchmarks.timing import Case, Contender

LABELS = tuple(library.label for library in LIBRARIES)
PEERS = LABELS[1:]


def own_copy(module: Any) -> Any:
    """Load *module* once more, with code that nobody else runs."""
    spec = importlib.util.spec_from_file_location(module.__name__, module.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


WORK = {library: own_copy(exchange) for library in LIBRARIES}


def contender(library: type[Channel], do: str, maxsize: int) -> Contender:
    """One library's queue, made, used and cleaned up within the time that is taken."""
    work = getattr(WORK[library], do)

    async def run(n: int) -> int:
        ends = library(maxsize)
        try:
            total: int = await work(ends, n)
        finally:
            await ends.finish()

        return total

    return Contender(run)


def drained(library: type[Channel]) -> Contender:
    """Only emptying it is timed."""
    work = getattr(WORK[library], "drain" if library.iterable else "drain_by_hand")

    def filled(n: int) -> tuple[Channel, int]:
        ends = library(0)
        for number in range(n):
            ends.put_nowait(number)

        if library.iterable:
            ends.close()

        return ends, n

    async def run(ends: Channel, n: int) -> int:
        try:
            total: int = await work(ends, n)
        finally:
            await ends.finish()

        return total

    return Contender(run, sources=filled)


def case(
    name: str,
    contenders: Callable[[type[Channel]], Contender],
    *,
    libraries: Iterable[type[Channel]] = LIBRARIES,
    yardstick: type[Channel] = Asyncio,
    threads: bool = False,
    items: int = 25_600,
) -> Case:
    """Make the case of all *libraries*."""
    return Case(
        family="threads" if threads else "queues",
        name=name,
        sources=lambda n: (n,),
        contenders={library.label: contenders(library) for library in libraries},
        yardstick=yardstick.label,
        items=items,
        run_seconds=0.05 if threads else 0.03,
        weight=8 if threads else 2,
        threads=threads,
    )


def exchanged(do: str, maxsize: int = 0) -> Callable[[type[Channel]], Contender]:
    return lambda library: contender(library, do, maxsize)


def batched(library: type[Channel]) -> Contender:
    return contender(library, "batches" if library.batches else "batches_by_hand", 0)


def published(library: type[Channel]) -> Contender:
    return contender(library, "publish" if library.publishes else "publish_by_hand", 1024)


TASKS = [library for library in LIBRARIES if library is not Threads]
BOTH = [Ours, Asyncio, Threads, Janus, Culsans, Anyio]
SYNC = [Ours, Threads, Janus, Culsans]


def between(name: str, do: str, **options: Any) -> list[Case]:
    """Make two cases: one with room for all, one where who is ahead has to wait."""
    options = {"libraries": BOTH, "threads": True, **options}
    return [
        case(name, exchanged(do), **options),
        case(f"{name}, maxsize 100", exchanged(do, 100), **options),
    ]


PUT_GET = case("put and get, awaited", exchanged("put_get"), libraries=TASKS)
THREAD_TO_TASK = between("thread to task", "thread_to_task")

IN_LOOP = [
    PUT_GET,
    case("put_nowait and get_nowait", exchanged("put_get_nowait")),
    case("a filled queue, emptied", drained, libraries=TASKS),
    case("batches of 100", batched),
    case("two tasks, maxsize 1", exchanged("hand_over", 1), libraries=TASKS),
    case("10 tasks to 10, maxsize 10", exchanged("crowd", 10), libraries=TASKS),
    case("one task to each of 10", published, libraries=TASKS, items=6_400),
]
BETWEEN_THREADS = [
    *THREAD_TO_TASK,
    *between("task to thread", "task_to_thread"),
    case("there and back", exchanged("round_trip"), libraries=BOTH, threads=True, items=6_400),
    *between("thread to thread", "thread_to_thread", libraries=SYNC, yardstick=Threads),
    *between("two event loops", "loop_to_loop"),
]
CASES = [*IN_LOOP, *BETWEEN_THREADS]
