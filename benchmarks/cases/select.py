"""Operators that drop items."""

import itertools
from functools import partial

import aitertools as ait
from benchmarks.cases.work import (
    async_even,
    async_natural,
    async_negative,
    centred,
    even,
    iterate,
    natural,
    negative,
    odd,
    operator,
    with_half,
)
from benchmarks.peers import aioitertools, aiostream, anyio, asyncstdlib, streamable

select = partial(operator, "select")

CASES = [
    select(
        "filter",
        sync=lambda s: list(filter(odd, s)),
        aitertools=lambda s: ait.filter(odd, s),
        asyncstdlib=lambda s: asyncstdlib.filter(odd, s),
        aiostream=lambda s: aiostream.filter(iterate(s), odd),
        streamable=lambda s: streamable.stream(s).filter(odd),
    ),
    select(
        "filterfalse",
        sync=lambda s: list(itertools.filterfalse(even, s)),
        aitertools=lambda s: ait.filterfalse(even, s),
        asyncstdlib=lambda s: asyncstdlib.filterfalse(even, s),
        aioitertools=lambda s: aioitertools.filterfalse(even, s),
        anyio=lambda s: anyio.filterfalse(async_even, s),
    ),
    select(
        "takewhile",
        sync=lambda s: list(itertools.takewhile(natural, s)),
        aitertools=lambda s: ait.takewhile(natural, s),
        asyncstdlib=lambda s: asyncstdlib.takewhile(natural, s),
        aioitertools=lambda s: aioitertools.takewhile(natural, s),
        aiostream=lambda s: aiostream.takewhile(iterate(s), natural),
        streamable=lambda s: streamable.stream(s).take(until=negative),
        anyio=lambda s: anyio.takewhile(async_natural, s),
    ),
    select(
        "dropwhile",
        sources=centred,
        sync=lambda s: list(itertools.dropwhile(negative, s)),
        aitertools=lambda s: ait.dropwhile(negative, s),
        asyncstdlib=lambda s: asyncstdlib.dropwhile(negative, s),
        aioitertools=lambda s: aioitertools.dropwhile(negative, s),
        aiostream=lambda s: aiostream.dropwhile(iterate(s), negative),
        streamable=lambda s: streamable.stream(s).skip(until=natural),
        anyio=lambda s: anyio.dropwhile(async_negative, s),
    ),
    select(
        "take",
        sources=lambda n: (range(2 * n), n),
        sync=lambda s, n: list(itertools.islice(s, n)),
        aitertools=lambda s, n: ait.stream(s).take(n),
        asyncstdlib=asyncstdlib.islice,
        aioitertools=aioitertools.islice,
        aiostream=lambda s, n: aiostream.take(iterate(s), n),
        streamable=lambda s, n: streamable.stream(s).take(n),
        anyio=anyio.islice,
    ),
    select(
        "skip",
        sources=with_half,
        sync=lambda s, n: list(itertools.islice(s, n, None)),
        aitertools=lambda s, n: ait.stream(s).skip(n),
        asyncstdlib=lambda s, n: asyncstdlib.islice(s, n, None),
        aioitertools=lambda s, n: aioitertools.islice(s, n, None),
        aiostream=lambda s, n: aiostream.skip(iterate(s), n),
        streamable=lambda s, n: streamable.stream(s).skip(n),
        anyio=lambda s, n: anyio.islice(s, n, None),
    ),
    select(
        "islice, every second",
        sync=lambda s: list(itertools.islice(s, 1, None, 2)),
        aitertools=lambda s: ait.islice(s, 1, None, 2),
        asyncstdlib=lambda s: asyncstdlib.islice(s, 1, None, 2),
        aioitertools=lambda s: aioitertools.islice(s, 1, None, 2),
        aiostream=lambda s: iterate(s)[1::2],
        anyio=lambda s: anyio.islice(s, 1, None, 2),
    ),
    select(
        "compress",
        sources=lambda n: (range(n), [i % 3 for i in range(n)]),
        sync=lambda s, keep: list(itertools.compress(s, keep)),
        aitertools=ait.compress,
        asyncstdlib=asyncstdlib.compress,
        aioitertools=aioitertools.compress,
        anyio=anyio.compress,
    ),
    select(
        "take_last",
        sources=with_half,
        sync=lambda s, n: list(s)[-n:],
        aitertools=lambda s, n: ait.stream(s).take_last(n),
        aiostream=lambda s, n: aiostream.takelast(iterate(s), n),
    ),
    select(
        "skip_last",
        sources=with_half,
        sync=lambda s, n: list(s)[:-n],
        aitertools=lambda s, n: ait.stream(s).skip_last(n),
        aiostream=lambda s, n: aiostream.skiplast(iterate(s), n),
    ),
]
