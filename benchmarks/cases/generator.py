"""Wrapping: what the core adds to, or takes from, an async generator and a range."""

import aitertools as ait
from benchmarks.cases.work import generate
from benchmarks.peers import aioitertools, aiostream, asyncstdlib, streamable
from benchmarks.timing import Case, Contender

# Loops over an async generator. Each contender has its own, so that the interpreter specialises it
# for that contender alone.


async def _bare(n: int) -> None:
    async for _ in generate(range(n)):
        pass


async def _ours(n: int) -> None:
    async for _ in ait.stream(generate(range(n))):
        pass


async def _streamable(n: int) -> None:
    async for _ in streamable.stream(generate(range(n))):
        pass


async def _aiostream(n: int) -> None:
    async with aiostream.iterate(generate(range(n))).stream() as streamer:
        async for _ in streamer:
            pass


# Loops over a range.


def _sync_range(n: int) -> None:
    for _ in range(n):
        pass


async def _our_range(n: int) -> None:
    async for _ in ait.stream(range(n)):
        pass


async def _asyncstdlib_range(n: int) -> None:
    async for _ in asyncstdlib.iter(range(n)):
        pass


async def _aioitertools_range(n: int) -> None:
    async for _ in aioitertools.iter(range(n)):
        pass


async def _streamable_range(n: int) -> None:
    async for _ in streamable.stream(range(n)):
        pass


async def _aiostream_range(n: int) -> None:
    async with aiostream.range(n).stream() as streamer:
        async for _ in streamer:
            pass


WRAPPED = Case(
    family="wrapping",
    name="an async generator",
    sources=lambda n: (n,),
    yardstick="bare async for",
    contenders={
        "bare async for": Contender(_bare, "async for x in agen(): pass"),
        "aitertools": Contender(_ours, "async for x in stream(agen()): pass"),
        "aitertools, awaited": Contender(
            lambda n: ait.stream(generate(range(n))).drain(), "await stream(agen()).drain()"
        ),
        "streamable": Contender(_streamable, "async for x in stream(agen()): pass"),
        "aiostream": Contender(_aiostream, "async with iterate(agen()).stream() as xs: …"),
    },
    items=200_000,
    run_seconds=0.06,
    weight=4,
)

RANGE = Case(
    family="wrapping",
    name="a range",
    sources=lambda n: (n,),
    yardstick="sync",
    contenders={
        "sync": Contender(_sync_range, "for x in range(n): pass"),
        "aitertools": Contender(_our_range, "async for x in stream(range(n)): pass"),
        "by hand": Contender(_bare, "async for x in agen(): pass"),
        "asyncstdlib": Contender(_asyncstdlib_range, "async for x in iter(range(n)): pass"),
        "aioitertools": Contender(_aioitertools_range, "async for x in iter(range(n)): pass"),
        "streamable": Contender(_streamable_range, "async for x in stream(range(n)): pass"),
        "aiostream": Contender(_aiostream_range, "async with range(n).stream() as xs: …"),
    },
    items=200_000,
    run_seconds=0.06,
    weight=4,
)

CASES = [WRAPPED, RANGE]
