"""Operators that change items."""

import itertools
from functools import partial

import aitertools as ait
from benchmarks.cases.work import (
    add,
    async_add,
    async_neg,
    iterate,
    neg,
    operator,
    pairs,
    rows,
    two_numbers,
)
from benchmarks.peers import aioitertools, aiostream, anyio, asyncstdlib, streamable

transform = partial(operator, "transform")

CASES = [
    transform(
        "map",
        sync=lambda s: list(map(neg, s)),
        aitertools=lambda s: ait.map(neg, s),
        asyncstdlib=lambda s: asyncstdlib.map(neg, s),
        aioitertools=lambda s: aioitertools.map(neg, s),
        aiostream=lambda s: aiostream.map(iterate(s), neg),
        streamable=lambda s: streamable.stream(s).map(neg),
    ),
    transform(
        "map, async function",
        sync=lambda s: list(map(neg, s)),
        aitertools=lambda s: ait.map(async_neg, s),
        asyncstdlib=lambda s: asyncstdlib.map(async_neg, s),
        aioitertools=lambda s: aioitertools.map(async_neg, s),
        aiostream=lambda s: aiostream.map(iterate(s), async_neg, task_limit=1),
        streamable=lambda s: streamable.stream(s).map(async_neg),
    ),
    transform(
        "map, two sources",
        sources=two_numbers,
        sync=lambda a, b: list(map(add, a, b)),
        aitertools=lambda a, b: ait.map(add, a, b),
        asyncstdlib=lambda a, b: asyncstdlib.map(add, a, b),
        aiostream=lambda a, b: aiostream.map(iterate(a), add, iterate(b)),
    ),
    transform(
        "starmap",
        sources=pairs,
        sync=lambda s: list(itertools.starmap(add, s)),
        aitertools=lambda s: ait.starmap(add, s),
        asyncstdlib=lambda s: asyncstdlib.starmap(add, s),
        aioitertools=lambda s: aioitertools.starmap(add, s),
        aiostream=lambda s: aiostream.starmap(iterate(s), add),
        streamable=lambda s: streamable.stream(s).map(streamable.star(add)),
        anyio=lambda s: anyio.starmap(async_add, s),
    ),
    transform(
        "enumerate",
        sync=lambda s: list(enumerate(s)),
        aitertools=ait.enumerate,
        asyncstdlib=asyncstdlib.enumerate,
        aioitertools=aioitertools.enumerate,
        aiostream=lambda s: aiostream.enumerate(iterate(s)),
    ),
    transform(
        "accumulate",
        sync=lambda s: list(itertools.accumulate(s)),
        aitertools=ait.accumulate,
        asyncstdlib=asyncstdlib.accumulate,
        aioitertools=aioitertools.accumulate,
        aiostream=lambda s: aiostream.accumulate(iterate(s)),
        anyio=anyio.accumulate,
    ),
    transform(
        "pairwise",
        sync=lambda s: list(itertools.pairwise(s)),
        aitertools=ait.pairwise,
        asyncstdlib=asyncstdlib.pairwise,
        anyio=anyio.pairwise,
    ),
    transform(
        "flatten",
        sources=rows,
        sync=lambda s: list(itertools.chain.from_iterable(s)),
        aitertools=ait.flatten,
        asyncstdlib=asyncstdlib.chain.from_iterable,
        aioitertools=aioitertools.chain.from_iterable,
        aiostream=lambda s: aiostream.concat(aiostream.map(iterate(s), iterate), task_limit=1),
        streamable=lambda s: streamable.stream(s).flatten(),
        anyio=anyio.chain.from_iterable,
    ),
    transform(
        "flat_map",
        sources=rows,
        sync=lambda s: [x for row in s for x in reversed(row)],
        aitertools=lambda s: ait.stream(s).flat_map(reversed),
        aiostream=lambda s: aiostream.concatmap(
            iterate(s), lambda row, *_: iterate(reversed(row)), task_limit=1
        ),
        streamable=lambda s: streamable.stream(s).map(reversed).flatten(),
    ),
    transform(
        "tap",
        sync=lambda s: [x for x in s if neg(x) <= 0],
        aitertools=lambda s: ait.stream(s).tap(neg),
        aiostream=lambda s: aiostream.action(iterate(s), neg),
        streamable=lambda s: streamable.stream(s).do(neg),
    ),
]
