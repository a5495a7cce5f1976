"""What all cases share: functions to apply, sources to read, the shape of an operator's case."""

import dataclasses
import itertools
import math
import operator as op
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from benchmarks import peers
from benchmarks.timing import LOOP, OURS, SYNC, Case, Contender, Make, collect

neg = op.neg
add = op.add


def inc(x: int) -> int:
    return x + 1


def odd(x: int) -> bool:
    return x % 2 == 1


def even(x: int) -> bool:
    return x % 2 == 0


def negative(x: int) -> bool:
    return x < 0


def natural(x: int) -> bool:
    return x >= 0


def decade(x: int) -> int:
    """Give the key of ten neighbours."""
    return x // 10


# anyio takes async functions only.


async def async_neg(x: int) -> int:
    return -x


async def async_add(x: int, y: int) -> int:
    return x + y


async def async_even(x: int) -> bool:
    return x % 2 == 0


async def async_negative(x: int) -> bool:
    return x < 0


async def async_natural(x: int) -> bool:
    return x >= 0


async def async_decade(x: int) -> int:
    return x // 10


async def generate(source: Iterable[Any]) -> AsyncIterator[Any]:
    """Read *source* in an async generator that never waits."""
    for item in source:
        yield item


def iterate(source: Any) -> Any:
    """Make a source as aiostream wants it."""
    return peers.aiostream.iterate(source)


def repeatable(source: Any) -> Any:
    """Refuse what can be read once only: aiostream's cycle reads its source again."""
    if isinstance(source, AsyncIterator):
        raise peers.PeerMissing("reads its source again")

    return source


async def last(stream: Any) -> Any:
    """Run an aiostream stream to its last item, which is how its reducers answer."""
    return await stream


# Sources: functions of the number of items, which give the arguments of the contenders.


def numbers(n: int) -> tuple[Any, ...]:
    """Give the numbers below n."""
    return (range(n),)


def two_numbers(n: int) -> tuple[Any, ...]:
    """Give them twice."""
    return range(n), range(n)


def halves(n: int) -> tuple[Any, ...]:
    """Give two sources with n numbers together."""
    return range(n // 2), range(n - n // 2)


def centred(n: int) -> tuple[Any, ...]:
    """Give n numbers, the first half of them negative."""
    return (range(-(n // 2), n - n // 2),)


def with_half(n: int) -> tuple[Any, ...]:
    """Give the numbers below n, and half of n."""
    return range(n), n // 2


def pairs(n: int) -> tuple[Any, ...]:
    """Give a list of n pairs."""
    return (list(zip(range(n), range(n), strict=True)),)


def rows(n: int) -> tuple[Any, ...]:
    """Give n numbers in lists of ten."""
    return ([list(range(i, i + 10)) for i in range(0, n, 10)],)


def squares(n: int) -> tuple[Any, ...]:
    """Give two sources with about n pairs between them."""
    return range(math.isqrt(n)), range(math.isqrt(n))


def triangle(n: int) -> tuple[Any, ...]:
    """Give a source with about n pairs of its own items."""
    return (range(math.isqrt(2 * n) + 1),)


def falses(n: int) -> tuple[Any, ...]:
    """Give n zeros, for any()."""
    return (itertools.repeat(0, n),)


def trues(n: int) -> tuple[Any, ...]:
    """Give n ones, for all()."""
    return (itertools.repeat(1, n),)


def tuples(batches: Iterable[Iterable[Any]]) -> Iterator[tuple[Any, ...]]:
    """Turn batches into tuples: some libraries make lists."""
    return map(tuple, batches)


def operator(
    family: str,
    name: str,
    *,
    sources: Callable[[int], tuple[Any, ...]] = numbers,
    normal: Callable[[Any], object] = lambda result: result,
    looped: bool = True,
    **makes: Make,
) -> Case:
    """Make the case of one operator: `sync` is the yardstick, the others are ours and the peers.

    Ours runs twice, awaited as a list and (where it is *looped*) item by item with `async for`.
    """
    assert set(makes) <= {SYNC, OURS, *peers.NAMES}, makes.keys()
    contenders = {key: Contender(make) for key, make in makes.items()}
    if looped:
        contenders[LOOP] = Contender(lambda *args: collect(makes[OURS](*args)))

    return Case(
        family=family,
        name=name,
        sources=sources,
        contenders=contenders,
        items=50_000,
        run_seconds=0.02,
        normal=normal,
    )


def over_generator(case: Case) -> Case:
    """Make the same case over async generators."""
    return dataclasses.replace(case, wrap=generate, variant="generator")
