"""What the cases of concurrency and time share: work that waits, sources that do, a case's shape.

The stock ways of asyncio are peers here, by the names of its functions. "By hand" is what is
written where there is no such function, or to get by without a task per item: no budget is measured
by it. "No operator" is what the source itself takes, with what is done to its items.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from benchmarks.cases.work import numbers
from benchmarks.peers import RIVALS, PeerMissing, rx, rx_asyncio, rx_ops
from benchmarks.timing import CHECK_ITEMS, LOOP, OURS, SYNC, Case, Contender, Make, collect

HAND = "by hand"
FLOOR = "no operator"
LABELS = (FLOOR, OURS, LOOP, HAND, *RIVALS)

MOMENT = 0.001

# ---- functions of an item ------------------------------------------------------------------------


async def at_once(x: int) -> int:
    """Answer without waiting."""
    return -x


async def after_a_turn(x: int) -> int:
    """Give way to the event loop, once."""
    await asyncio.sleep(0)
    return -x


async def after_a_moment(x: int) -> int:
    """Wait for a timer."""
    await asyncio.sleep(MOMENT)
    return -x


# ---- sources -------------------------------------------------------------------------------------


async def turn_by_turn(source: Iterable[Any]) -> AsyncIterator[Any]:
    """Give way to the event loop before each item."""
    for item in source:
        await asyncio.sleep(0)
        yield item


async def items_of(source: Any) -> list[Any]:
    """Collect what may be a range or an async generator."""
    return list(source) if isinstance(source, Iterable) else [item async for item in source]


def iterable(source: Any) -> Iterable[Any]:
    """Refuse an async source, for libraries that take none."""
    if isinstance(source, Iterable):
        return source

    raise PeerMissing("reads no async iterables")


# ---- reactivex -----------------------------------------------------------------------------------


def pushed(source: Any, *operators: Any) -> Any:
    """Have reactivex push *source* through *operators*; await it for the list."""
    return rx.from_iterable(iterable(source)).pipe(*operators, rx_ops.to_list())


def scheduler() -> Any:
    """Return reactivex's clock of this event loop."""
    return rx_asyncio.AsyncIOScheduler(asyncio.get_running_loop())


# ---- the shape of a case -------------------------------------------------------------------------


def waiting(
    family: str,
    name: str,
    *,
    sync: Make,
    sources: Callable[[int], tuple[Any, ...]] = numbers,
    looped: bool = True,
    floor: Make | None = None,
    by_hand: Make | None = None,
    items: int = 25_600,
    least: int = CHECK_ITEMS,
    run_seconds: float = 0.02,
    weight: int = 2,
    normal: Callable[[Any], object] = lambda result: result,
    **makes: Make | Contender,
) -> Case:
    """Make a case: `sync` says, from the numbers, what comes out; the others are contenders.

    Ours runs twice, awaited as a list and (where it is *looped*) item by item with `async for`.
    """
    assert set(makes) <= {OURS, *RIVALS}, makes.keys()
    contenders = {
        name: made if isinstance(made, Contender) else Contender(made)
        for name, made in makes.items()
    }
    ours = contenders[OURS].make
    if looped:
        contenders[LOOP] = Contender(lambda *args: collect(ours(*args)))

    if floor is not None:
        contenders[FLOOR] = Contender(floor)

    if by_hand is not None:
        contenders[HAND] = Contender(by_hand)

    return Case(
        family=family,
        name=name,
        sources=sources,
        contenders={SYNC: Contender(sync, sources=numbers), **contenders},
        items=items,
        least=least,
        run_seconds=run_seconds,
        weight=weight,
        normal=normal,
    )


def by_source(case: Case) -> list[Case]:
    """Make the same case also over an async generator that gives way before each item."""
    name = f"{case.name}, source waits"
    return [case, dataclasses.replace(case, name=name, wrap=turn_by_turn)]
