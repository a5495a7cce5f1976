"""Cost per item, by how many items there are and by how many are in flight."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import aitertools as ait
from benchmarks.cases.waiting import after_a_turn, turn_by_turn
from benchmarks.tables import Table, nanoseconds
from benchmarks.timing import SYNC, Case, Contender, Effort, Result, measure

HEAD = """# Cost per item

Written by `python -m benchmarks --curve`, which replaces the section of the interpreter that it
runs on. ns of CPU per item: medians over the rounds. Whatever is called, or read, gives way to the
event loop once per item. What begins and ends a stream is in the figures: that is what is left to
see of ten items; where ten thousand are in flight, it is ten thousand tasks.
"""

COUNTS = (10, 100, 1_000, 10_000, 100_000)
WIDTHS = (1, 10, 100, 1_000, 10_000)
WIDTH = 100  # in flight, while the number of items is varied
COUNT = 20_000  # items, while the number in flight is
LEAST = 2_000  # items of a run, so that the clock can tell
PEER = "gather, semaphore"

Answer: TypeAlias = Awaitable[list[int]]

# ---- what is done with so many items, so many of them in flight ----------------------------------


def mapped(n: int, width: int) -> Answer:
    return ait.stream(range(n)).map(after_a_turn, concurrency=width).list()


def mapped_as_completed(n: int, width: int) -> Answer:
    return ait.stream(range(n)).map(after_a_turn, concurrency=width, ordered=False).list()


def merged(n: int, width: int) -> Answer:
    sources = [turn_by_turn(range(start, n, width)) for start in range(min(width, n))]
    return ait.merge(*sources).map(int.__neg__).list()


def buffered(n: int, width: int) -> Answer:
    return ait.stream(turn_by_turn(range(n))).buffer(width).map(int.__neg__).list()


def completed(n: int, width: int) -> Answer:
    return ait.as_completed([after_a_turn(x) for x in range(n)], limit=width).list()


async def gathered(n: int, width: int) -> list[int]:
    semaphore = asyncio.Semaphore(width)

    async def one(x: int) -> int:
        async with semaphore:
            return await after_a_turn(x)

    return await asyncio.gather(*[one(x) for x in range(n)])


SERIES: dict[str, Callable[[int, int], Answer]] = {
    "map": mapped,
    "map, as completed": mapped_as_completed,
    "merge": merged,
    "buffer": buffered,
    "as_completed": completed,
    PEER: gathered,
}


class Axis(NamedTuple):
    """One panel of the chart, and one table."""

    title: str
    points: tuple[int, ...]
    at: Callable[[int], tuple[int, int]]
    """How many items, and how many in flight, at a point."""


AXES = (
    Axis(f"by the number of items, {WIDTH} in flight", COUNTS, lambda point: (point, WIDTH)),
    Axis(f"by the number in flight, {COUNT:,} items", WIDTHS, lambda point: (COUNT, point)),
)

# ---- measuring -----------------------------------------------------------------------------------


def repeated(make: Callable[[int, int], Answer]) -> Contender:
    """Do it so often; the sum of all that came."""

    async def run(n: int, width: int, times: int) -> int:
        total = 0
        for _ in range(times):
            total += sum(await make(n, width))

        return total

    return Contender(run)


def case(axis: Axis, point: int) -> Case:
    """Make the case of one point."""
    n, width = axis.at(point)
    items = max(n, LEAST)
    contenders = {name: repeated(make) for name, make in SERIES.items()}
    contenders[SYNC] = Contender(lambda n, _, times: -sum(range(n)) * times)
    return Case(
        family=axis.title,
        name=str(point),
        sources=lambda total: (n, width, total // n),
        contenders=contenders,
        items=items,
        least=items,
        run_seconds=0.0,
        weight=1 + items // 5_000,
    )


async def measured(seconds: float, progress: Callable[[str], None]) -> dict[str, Result]:
    """Every point, by the path of its case."""
    cases = [case(axis, point) for axis in AXES for point in axis.points]
    return await measure(cases, Effort(seconds, least_rounds=3, most_rounds=15), progress)


# ---- showing -------------------------------------------------------------------------------------


class Panel(NamedTuple):
    """What the chart draws: of each series the points that there are."""

    title: str
    series: Mapping[str, list[tuple[float, float]]]


def result_at(results: dict[str, Result], axis: Axis, point: int) -> Result:
    return results[f"{axis.title}/{point}"]


def panels(results: dict[str, Result]) -> list[Panel]:
    made = []
    for axis in AXES:
        series: dict[str, Any] = {}
        for name in SERIES:
            found = [(point, result_at(results, axis, point).median(name)) for point in axis.points]
            series[name] = [(point, time) for point, time in found if time is not None]

        made.append(Panel(axis.title, series))

    return made


def tables(results: dict[str, Result]) -> list[Table]:
    made = []
    for axis in AXES:
        found = [result_at(results, axis, point) for point in axis.points]
        rows = [(name, *(nanoseconds(result.median(name)) for result in found)) for name in SERIES]
        header = ("", *(f"{point:,}" for point in axis.points))
        made.append(Table(f"ns per item {axis.title}", header, rows))

    return made
