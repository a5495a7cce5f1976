"""Bytes of an idle operator: by `sys.getsizeof`, and by what 10,000 of them allocate."""

import gc
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import aitertools as ait
from benchmarks.cases.layers import each_neg
from benchmarks.cases.work import neg, odd
from benchmarks.peers import PeerMissing, aioitertools, aiostream, asyncstdlib, streamable

COUNT = 10_000

OURS: dict[str, Callable[[Any], Any]] = {
    "map": lambda s: s.map(neg),
    "filter": lambda s: s.filter(odd),
    "enumerate": lambda s: s.enumerate(),
    "take": lambda s: s.take(10),
    "takewhile": lambda s: s.takewhile(odd),
    "pairwise": lambda s: s.pairwise(),
    "batched": lambda s: s.batched(10),
}

PEERS: dict[str, Callable[[Any], Any]] = {
    "map by hand: an async generator": each_neg,
    "map of asyncstdlib": lambda s: asyncstdlib.map(neg, s),
    "map of aioitertools": lambda s: aioitertools.map(neg, s),
    "map of aiostream": lambda s: aiostream.map(s, neg),
    "map of streamable": lambda s: streamable.stream(s).map(neg),
}


class Footprint(NamedTuple):
    """Bytes of one idle operator, without its source."""

    name: str
    ours: bool
    size: int
    allocated: float


def allocated(make: Callable[[], object]) -> float:
    """Bytes that one object takes with all that it brings, as an average over many."""
    keep: list[object] = [None] * COUNT
    make()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for index in range(COUNT):
        keep[index] = make()

    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / COUNT


def footprint(name: str, make: Callable[[Any], Any]) -> Footprint:
    """Measure an operator of ours on a stream, and take off the stream."""
    nothing = iter(())
    both = allocated(lambda: make(ait.stream(nothing)))
    stream = allocated(lambda: ait.stream(nothing))
    return Footprint(name, True, sys.getsizeof(make(ait.stream(nothing))), both - stream)


async def never_asked() -> AsyncIterator[int]:
    """A source for the peers."""
    yield 0


def peer_footprint(name: str, make: Callable[[Any], Any]) -> Footprint:
    source = never_asked()
    return Footprint(name, False, sys.getsizeof(make(source)), allocated(lambda: make(source)))


def measure() -> list[Footprint]:
    """Ours first, then the peers that are there."""
    nothing = iter(())
    size, whole = sys.getsizeof(ait.stream(nothing)), allocated(lambda: ait.stream(nothing))
    found = [Footprint("stream(iterator)", True, size, whole)]
    found += [footprint(name, make) for name, make in OURS.items()]
    for name, make in PEERS.items():
        try:
            found.append(peer_footprint(name, make))
        except PeerMissing:
            continue

    return found


def cost(footprint: Footprint) -> float:
    """The stricter of the two measures."""
    return max(footprint.size, footprint.allocated)


def largest(found: list[Footprint]) -> Footprint:
    """The most costly operator of ours."""
    return max((footprint for footprint in found if footprint.ours), key=cost)
