"""Operators that put items together."""

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import aitertools as ait
from benchmarks.cases.work import async_decade, decade, iterate, operator, tuples
from benchmarks.peers import aioitertools, aiostream, anyio, asyncstdlib, streamable

group = partial(operator, "group")


def _batched(source: Any, n: int) -> Iterator[tuple[Any, ...]]:
    """Do as itertools.batched, which Python 3.11 lacks."""
    iterator = iter(source)
    while batch := tuple(itertools.islice(iterator, n)):
        yield batch


async def _our_groups(groups: Any) -> list[Any]:
    return [(key, await group.list()) async for key, group in groups]


async def _their_groups(groups: Any) -> list[Any]:
    return [(key, [x async for x in group]) async for key, group in groups]


def _batches(n: int) -> Any:
    """Make the case of batches of *n*; aiostream and streamable make lists."""
    return group(
        f"batched({n})",
        normal=lambda result: list(tuples(result)),
        sync=lambda s: list(_batched(s, n)),
        aitertools=lambda s: ait.batched(s, n),
        asyncstdlib=lambda s: asyncstdlib.batched(s, n),
        aioitertools=lambda s: aioitertools.batched(s, n),
        aiostream=lambda s: aiostream.chunks(iterate(s), n),
        streamable=lambda s: streamable.stream(s).group(n),
        anyio=lambda s: anyio.batched(s, n),
    )


CASES = [
    _batches(2),
    _batches(100),
    group(
        "groupby, groups of ten",
        looped=False,
        sync=lambda s: [(key, list(group)) for key, group in itertools.groupby(s, decade)],
        aitertools=lambda s: _our_groups(ait.groupby(s, decade)),
        asyncstdlib=lambda s: _their_groups(asyncstdlib.groupby(s, decade)),
        aioitertools=lambda s: aioitertools.groupby(s, decade),
        anyio=lambda s: anyio.groupby(s, async_decade),
    ),
]
