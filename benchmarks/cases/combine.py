"""Operators with several sources, or several passes over one."""

import heapq
import itertools
from functools import partial

import aitertools as ait
from benchmarks.cases.work import (
    halves,
    iterate,
    operator,
    repeatable,
    squares,
    triangle,
    two_numbers,
)
from benchmarks.peers import aioitertools, aiostream, anyio, asyncstdlib, streamable

combine = partial(operator, "combine")

CASES = [
    combine(
        "chain",
        sources=halves,
        sync=lambda a, b: list(itertools.chain(a, b)),
        aitertools=ait.chain,
        asyncstdlib=asyncstdlib.chain,
        aioitertools=aioitertools.chain,
        aiostream=lambda a, b: aiostream.chain(iterate(a), iterate(b)),
        streamable=lambda a, b: streamable.stream(a) + streamable.stream(b),
        anyio=anyio.chain,
    ),
    combine(
        "zip",
        sources=two_numbers,
        sync=lambda a, b: list(zip(a, b, strict=False)),
        aitertools=ait.zip,
        asyncstdlib=asyncstdlib.zip,
        aioitertools=aioitertools.zip,
        aiostream=lambda a, b: aiostream.zip(iterate(a), iterate(b)),
    ),
    combine(
        "zip_longest",
        sources=lambda n: (range(n), range(n // 2)),
        sync=lambda a, b: list(itertools.zip_longest(a, b)),
        aitertools=ait.zip_longest,
        asyncstdlib=asyncstdlib.zip_longest,
        aioitertools=aioitertools.zip_longest,
        anyio=anyio.zip_longest,
    ),
    combine(
        "cycle",
        sources=lambda n: (range(100), n),
        sync=lambda s, n: list(itertools.islice(itertools.cycle(s), n)),
        aitertools=lambda s, n: ait.islice(ait.cycle(s), n),
        asyncstdlib=lambda s, n: asyncstdlib.islice(asyncstdlib.cycle(s), n),
        aioitertools=lambda s, n: aioitertools.islice(aioitertools.cycle(s), n),
        aiostream=lambda s, n: aiostream.take(aiostream.cycle(iterate(repeatable(s))), n),
        anyio=lambda s, n: anyio.islice(anyio.cycle(s), n),
    ),
    combine(
        "merge_sorted",
        sources=lambda n: (range(0, n, 2), range(1, n, 2)),
        sync=lambda a, b: list(heapq.merge(a, b)),
        aitertools=ait.merge_sorted,
        asyncstdlib=asyncstdlib.merge,
    ),
    combine(
        "product",
        sources=squares,
        sync=lambda a, b: list(itertools.product(a, b)),
        aitertools=ait.product,
        aioitertools=aioitertools.product,
        anyio=anyio.product,
    ),
    combine(
        "combinations",
        sources=triangle,
        sync=lambda s: list(itertools.combinations(s, 2)),
        aitertools=lambda s: ait.combinations(s, 2),
        aioitertools=lambda s: aioitertools.combinations(s, 2),
        anyio=lambda s: anyio.combinations(s, 2),
    ),
    combine(
        "combinations_with_replacement",
        sources=triangle,
        sync=lambda s: list(itertools.combinations_with_replacement(s, 2)),
        aitertools=lambda s: ait.combinations_with_replacement(s, 2),
        aioitertools=lambda s: aioitertools.combinations_with_replacement(s, 2),
        anyio=lambda s: anyio.combinations_with_replacement(s, 2),
    ),
    combine(
        "permutations",
        sources=lambda n: squares(n)[:1],
        sync=lambda s: list(itertools.permutations(s, 2)),
        aitertools=lambda s: ait.permutations(s, 2),
        aioitertools=lambda s: aioitertools.permutations(s, 2),
        anyio=lambda s: anyio.permutations(s, 2),
    ),
]
