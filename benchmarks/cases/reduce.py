"""Reducers: awaited, one result."""

import collections
import functools
from functools import partial

import aitertools as ait
from benchmarks.cases.work import (
    add,
    async_add,
    falses,
    iterate,
    last,
    operator,
    pairs,
    trues,
)
from benchmarks.peers import aioitertools, aiostream, anyio_functools, asyncstdlib, streamable

reduce = partial(operator, "reduce", looped=False)

CASES = [
    reduce(
        "list",
        sync=list,
        aitertools=ait.list,
        asyncstdlib=asyncstdlib.list,
        aioitertools=aioitertools.list,
        aiostream=lambda s: last(aiostream.list(iterate(s))),
        streamable=streamable.stream,
    ),
    reduce(
        "set",
        sync=set,
        aitertools=ait.set,
        asyncstdlib=asyncstdlib.set,
        aioitertools=aioitertools.set,
    ),
    reduce(
        "dict",
        sources=pairs,
        sync=dict,
        aitertools=ait.dict,
        asyncstdlib=asyncstdlib.dict,
    ),
    reduce(
        "sorted",
        sync=lambda s: sorted(s, reverse=True),
        aitertools=lambda s: ait.sorted(s, reverse=True),
        asyncstdlib=lambda s: asyncstdlib.sorted(s, reverse=True),
    ),
    reduce(
        "sum",
        sync=sum,
        aitertools=ait.sum,
        asyncstdlib=asyncstdlib.sum,
        aioitertools=aioitertools.sum,
    ),
    reduce(
        "min",
        sync=min,
        aitertools=ait.min,
        asyncstdlib=asyncstdlib.min,
        aioitertools=aioitertools.min,
    ),
    reduce(
        "max",
        sync=max,
        aitertools=ait.max,
        asyncstdlib=asyncstdlib.max,
        aioitertools=aioitertools.max,
    ),
    reduce(
        "any",
        sources=falses,
        sync=any,
        aitertools=ait.any,
        asyncstdlib=asyncstdlib.any,
        aioitertools=aioitertools.any,
    ),
    reduce(
        "all",
        sources=trues,
        sync=all,
        aitertools=ait.all,
        asyncstdlib=asyncstdlib.all,
        aioitertools=aioitertools.all,
    ),
    reduce(
        "reduce",
        sync=lambda s: functools.reduce(add, s),
        aitertools=lambda s: ait.reduce(add, s),
        asyncstdlib=lambda s: asyncstdlib.reduce(add, s),
        aiostream=lambda s: last(aiostream.reduce(iterate(s), add)),
        anyio=lambda s: anyio_functools.reduce(async_add, s),
    ),
    reduce(
        "drain",
        normal=lambda result: None,
        sync=lambda s: collections.deque(s, maxlen=0),
        aitertools=ait.drain,
        aiostream=lambda s: last(iterate(s)),
        streamable=lambda s: last(streamable.stream(s)),
    ),
]
