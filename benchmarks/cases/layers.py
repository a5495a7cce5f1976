"""What one more layer costs: `map(neg)` once and eleven times; a tenth of the difference is it."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

import aitertools as ait
from benchmarks.cases.work import generate, iterate, neg
from benchmarks.peers import aioitertools, aiostream, asyncstdlib, streamable
from benchmarks.timing import Case, Contender, Result, Spread, spread

FEW, MANY = 1, 11


async def each_neg(source: AsyncIterable[int]) -> AsyncIterator[int]:
    """`map(neg)` by hand."""
    async for x in source:
        yield neg(x)


def _layered(source: Any, layer: Callable[[Any], Any], times: int) -> Any:
    for _ in range(times):
        source = layer(source)

    return source


def _builtins(source: Iterable[int], times: int) -> list[int]:
    return list(_layered(source, lambda s: map(neg, s), times))


def _ours(source: Iterable[int], times: int) -> Any:
    return _layered(ait.stream(source), lambda s: s.map(neg), times)


def _by_hand(source: Iterable[int], times: int) -> Any:
    return _layered(generate(source), each_neg, times)


def _asyncstdlib(source: Iterable[int], times: int) -> Any:
    return _layered(source, lambda s: asyncstdlib.map(neg, s), times)


def _aioitertools(source: Iterable[int], times: int) -> Any:
    return _layered(source, lambda s: aioitertools.map(neg, s), times)


def _aiostream(source: Iterable[int], times: int) -> Any:
    return _layered(iterate(source), lambda s: aiostream.map(s, neg), times)


def _streamable(source: Iterable[int], times: int) -> Any:
    return _layered(streamable.stream(source), lambda s: s.map(neg), times)


MAKES: dict[str, Callable[[Iterable[int], int], Any]] = {
    "builtins": _builtins,
    "aitertools": _ours,
    "by hand": _by_hand,
    "asyncstdlib": _asyncstdlib,
    "aioitertools": _aioitertools,
    "aiostream": _aiostream,
    "streamable": _streamable,
}


def label(library: str, times: int) -> str:
    """Name the contender with so many layers."""
    return f"{library}, {times} layers"


def _contender(make: Callable[[Iterable[int], int], Any], times: int) -> Contender:
    return Contender(lambda source: make(source, times))


def _per_layer(result: Result, library: str) -> list[float]:
    few = result.samples.get(label(library, FEW), ())
    many = result.samples.get(label(library, MANY), ())
    return [(b - a) / (MANY - FEW) for a, b in zip(few, many, strict=False)]


def per_layer(result: Result, library: str) -> Spread | None:
    """Nanoseconds per item of one more layer."""
    return spread(_per_layer(result, library))


def layer_ratio(result: Result, library: str, to: str) -> Spread | None:
    """Compare a layer of one library with a layer of another, round by round."""
    pairs = zip(_per_layer(result, library), _per_layer(result, to), strict=False)
    return spread([mine / theirs for mine, theirs in pairs if theirs > 0])


LAYERS = Case(
    family="layers",
    name="map(neg)",
    sources=lambda n: (range(n),),
    yardstick=label("builtins", FEW),
    contenders={
        label(library, times): _contender(make, times)
        for library, make in MAKES.items()
        for times in (FEW, MANY)
    },
    items=50_000,
    run_seconds=0.03,
    weight=6,
)

CASES = [LAYERS]
