"""What looks at the clock at every item, while nothing is late: the price of being ready for it."""

import asyncio
import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import aitertools as ait
from benchmarks.cases.waiting import by_source, items_of, pushed, scheduler, waiting
from benchmarks.cases.work import generate, iterate
from benchmarks.peers import aiostream, rx_ops, streamable

LONG = 60.0
LONG_DELTA = timedelta(seconds=LONG)
SECOND = timedelta(seconds=1)
SIZE = 100
UNREACHED = 1_000_000_000


async def timed_by_hand(source: Any) -> list[Any]:
    """Do as asyncio's documentation does; that the timeout would end the source is left aside."""
    source = generate(source) if isinstance(source, Iterable) else source
    items = []
    while True:
        try:
            async with asyncio.timeout(LONG):
                items.append(await anext(source))
        except StopAsyncIteration:
            return items


def batched(source: Any) -> list[tuple[Any, ...]]:
    parts = iter(source)
    return list(iter(lambda: tuple(itertools.islice(parts, SIZE)), ()))


async def batched_items(source: Any) -> list[tuple[Any, ...]]:
    return batched(await items_of(source))


BATCHED = waiting(
    "timed",
    "batched(100, within=60)",
    sync=batched,
    floor=batched_items,
    normal=lambda batches: [tuple(batch) for batch in batches if batch],
    aitertools=lambda s: ait.stream(s).batched(SIZE, within=LONG),
    streamable=lambda s: streamable.stream(s).group(SIZE, within=LONG_DELTA),
    reactivex=lambda s: pushed(
        s, rx_ops.buffer_with_time_or_count(LONG, SIZE, scheduler=scheduler())
    ),
)
TIMEOUT = waiting(
    "timed",
    "timeout(60)",
    sync=list,
    floor=items_of,
    aitertools=lambda s: ait.stream(s).timeout(LONG),
    by_hand=timed_by_hand,
    aiostream=lambda s: aiostream.timeout(iterate(s), LONG),
    reactivex=lambda s: pushed(s, rx_ops.timeout(LONG, scheduler=scheduler())),
)
RATE_LIMIT = waiting(
    "timed",
    "rate_limit, never reached",
    sync=list,
    floor=items_of,
    aitertools=lambda s: ait.stream(s).rate_limit(UNREACHED),
    streamable=lambda s: streamable.stream(s).throttle(UNREACHED, per=SECOND),
)

CASES = [case for made in (BATCHED, TIMEOUT, RATE_LIMIT) for case in by_source(made)]
