"""Sources."""

import itertools
from functools import partial

import aitertools as ait
from benchmarks.cases.work import operator
from benchmarks.peers import aioitertools, aiostream, anyio, asyncstdlib, streamable

create = partial(operator, "create")

CASES = [
    create(
        "range",
        sources=lambda n: (n,),
        sync=lambda n: list(range(n)),
        aitertools=ait.range,
        asyncstdlib=lambda n: asyncstdlib.iter(range(n)),
        aioitertools=lambda n: aioitertools.iter(range(n)),
        aiostream=aiostream.range,
        streamable=lambda n: streamable.stream(range(n)),
    ),
    create(
        "count",
        sources=lambda n: (n,),
        sync=lambda n: list(itertools.islice(itertools.count(), n)),
        aitertools=lambda n: ait.islice(ait.count(), n),
        aioitertools=lambda n: aioitertools.islice(aioitertools.count(), n),
        aiostream=lambda n: aiostream.take(aiostream.count(), n),
        anyio=lambda n: anyio.islice(anyio.count(), n),
    ),
    create(
        "repeat",
        sources=lambda n: (n,),
        sync=lambda n: list(itertools.repeat(None, n)),
        aitertools=lambda n: ait.repeat(None, n),
        aioitertools=lambda n: aioitertools.repeat(None, n),
        aiostream=lambda n: aiostream.repeat(None, n),
        anyio=lambda n: anyio.repeat(None, n),
    ),
]
