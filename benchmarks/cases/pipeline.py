"""The two-layer pipeline `filter(odd, map(inc, source))`, collected to a list.

Over a range, where the builtins are the yardstick, and over an async generator.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import aitertools as ait
from benchmarks.cases.work import even, generate, inc, iterate, numbers, odd
from benchmarks.peers import aioitertools, aiostream, asyncstdlib, streamable
from benchmarks.timing import Case, Contender

# By hand: as one would write it for this pipeline, and as layers that serve others as well.


async def _odd_successors(source: Iterable[int]) -> AsyncIterator[int]:
    for x in source:
        y = inc(x)
        if odd(y):
            yield y


async def _odd_list(source: AsyncIterable[int]) -> list[int]:
    return [y async for x in source if odd(y := inc(x))]


async def _each_inc(source: AsyncIterable[int]) -> AsyncIterator[int]:
    async for x in source:
        yield inc(x)


async def _each_inc_of_range(source: Iterable[int]) -> AsyncIterator[int]:
    for x in source:
        yield inc(x)


async def _only_odd(source: AsyncIterable[int]) -> AsyncIterator[int]:
    async for x in source:
        if odd(x):
            yield x


# The libraries: the same for both sources.


async def _loop(stream: Any) -> list[int]:
    return [x async for x in stream]


def _libraries() -> dict[str, Contender]:
    return {
        "aitertools": Contender(
            lambda s: ait.stream(s).map(inc).filter(odd),
            "await stream(s).map(inc).filter(odd).list()",
        ),
        "aitertools, async for": Contender(
            lambda s: _loop(ait.stream(s).map(inc).filter(odd)),
            "[x async for x in stream(s).map(inc).filter(odd)]",
        ),
        "asyncstdlib": Contender(
            lambda s: asyncstdlib.filter(odd, asyncstdlib.map(inc, s)),
            "[x async for x in filter(odd, map(inc, s))]",
        ),
        "aioitertools": Contender(
            lambda s: aioitertools.filterfalse(even, aioitertools.map(inc, s)),
            "[x async for x in filterfalse(even, map(inc, s))]: it has no filter",
        ),
        "aiostream": Contender(
            lambda s: aiostream.filter(aiostream.map(iterate(s), inc), odd),
            "async with filter(map(iterate(s), inc), odd).stream() as xs: …",
        ),
        "streamable": Contender(
            lambda s: streamable.stream(s).map(inc).filter(odd),
            "[x async for x in stream(s).map(inc).filter(odd)]",
        ),
    }


OVER_RANGE = Case(
    family="pipeline",
    name="over a range",
    sources=numbers,
    yardstick="builtins",
    contenders={
        "builtins": Contender(
            lambda s: list(filter(odd, map(inc, s))), "list(filter(odd, map(inc, s)))"
        ),
        **_libraries(),
        "by hand, one generator": Contender(_odd_successors, "[x async for x in odd_incs(s)]"),
        "by hand, two generators": Contender(
            lambda s: _only_odd(_each_inc_of_range(s)), "[x async for x in only_odd(each_inc(s))]"
        ),
    },
    items=100_000,
    run_seconds=0.03,
    weight=6,
)

OVER_GENERATOR = Case(
    family="pipeline",
    name="over an async generator",
    sources=numbers,
    wrap=generate,
    yardstick="by hand, one loop",
    contenders={
        "by hand, one loop": Contender(_odd_list, "[y async for x in s if odd(y := inc(x))]"),
        "by hand, two generators": Contender(
            lambda s: _only_odd(_each_inc(s)), "[x async for x in only_odd(each_inc(s))]"
        ),
        **_libraries(),
    },
    items=100_000,
    run_seconds=0.03,
    weight=4,
)

CASES = [OVER_RANGE, OVER_GENERATOR]
