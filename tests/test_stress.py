"""Random pipelines, used at random: nothing is lost, doubled or left behind, and nothing hangs.

A seed says all: which operators stand on each other and on how many sources, when these deliver and
fail, and what is done with the stream meanwhile. Time is virtual, so each run is the same again.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import aitertools as ait
from aitertools import stream, testing

from .models import Promises

RUNS = range(400)  # for each way of using a stream
PAUSES = [0, 0, 0, 0.5, 1, 1, 2.5]
BEAT = "beat"  # what is no item of a source
NIL = "nil"


class Broken(Exception):
    """What sources and functions fail with; has the item."""


class World:
    """What one seed makes, and what befell the items."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tried: set[str] = set()  # names of operators
        self.sources: list[Source] = []
        self.given: list[int] = []
        self.told: list[Any] = []  # dropped by an operator, which said so
        self.failed: list[Any] = []  # in a function, or "source"
        self.loses = False  # there is an operator whose meaning it is to leave out items untold
        self.endless = False  # sources may be, nearly
        self.closing = False  # another task does that
        self.nested = False  # sources are items: those that nobody came to are not closed

    def choose(self, operators: dict[str, Any]) -> Any:
        name = self.rng.choice([*operators])
        self.tried.add(name)
        self.nested |= name in {"flatten", "flat_map"}
        return operators[name]

    def chance(self, part: float) -> bool:
        return self.rng.random() < part

    def pause(self) -> float:
        return self.rng.choice(PAUSES)

    async def rest(self) -> None:
        """Wait for some time, or not at all."""
        if pause := self.pause():
            await asyncio.sleep(pause)

    async def rest_then(self, answer: bool) -> bool:
        await self.rest()
        return answer

    def foreign(self, made: Any) -> Any:
        """Hand it over as a source: that ends with its first error, or when it is stopped."""
        self.loses = True
        return Promises(made, self.work)

    def drop(self, item: Any) -> None:
        self.told.append(item)

    async def work(self, item: Any) -> Any:
        """Take some time for *item*, and fail now and then."""
        await self.rest()
        if self.chance(0.1):
            self.failed.append(item)
            raise Broken(item)
        await self.rest()
        return item

    def plain(self, item: Any) -> Any:
        """Do the same in no time."""
        if self.chance(0.1):
            self.failed.append(item)
            raise Broken(item)
        return item


class Source:
    """Delivers numbers that no other one does; a cancelled pull has taken nothing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = len(world.sources)
        self.left = 200 if world.endless and world.chance(0.5) else world.rng.randrange(8)
        self.fails = world.chance(0.2)
        self.due: float | None = None
        self.pulls = self.closes = 0
        self.lazy = False  # a generator that has not begun does not notice that it is closed
        self.pulled_in: set[Any] = set()
        self.busy = False
        world.sources.append(self)

    def __aiter__(self) -> Source:
        return self

    async def __anext__(self) -> int:
        assert not self.busy, "pulled twice at once"
        assert not self.closes, "pulled after it was closed"
        self.busy = True
        self.pulls += 1
        try:
            await self._wait()
        finally:
            self.busy = False
        return self.give()

    async def _wait(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.due is None:
            self.due = now + self.world.pause()
        if self.due > now:
            self.pulled_in.add(asyncio.current_task())
            await asyncio.sleep(self.due - now)
        self.due = None

    def give(self) -> int:
        if not self.left:
            if self.fails:
                self.fails = False
                self.world.failed.append("source")
                raise Broken("source")
            raise StopAsyncIteration
        self.left -= 1
        item = len(self.world.given)
        self.world.given.append(item)
        return item

    async def aclose(self) -> None:
        assert not self.busy, "closed while it was pulled"
        self.closes += 1
        await self.world.rest()


def generator(world: World) -> Any:
    """The same as an async generator, which does not survive that it is cancelled."""
    source = Source(world)
    source.lazy = True

    async def items() -> Any:
        try:
            async for item in source:
                yield item
        finally:
            await source.aclose()

    return items()


def ready(world: World) -> Any:
    """The same that never has to be waited for."""
    source = Source(world)
    source.lazy = True
    source.left = min(source.left, 99)

    def items() -> Any:
        try:
            while True:
                source.pulls += 1
                try:
                    item = source.give()
                except StopAsyncIteration:
                    return
                yield item
        finally:
            source.closes += 1

    return items()


# ---- pipelines -----------------------------------------------------------------------------------

Layer = Callable[[World, Any], Any]


def way(w: World) -> dict[str, Any]:
    """How calls are made."""
    how: dict[str, Any] = {"concurrency": w.rng.choice([1, 2, 3, 9])}
    if w.chance(0.5):
        how["ordered"] = False
    if w.chance(0.3):
        how["buffer"] = w.rng.choice([0, 1, 4])
    if w.chance(0.3):
        handler = lambda error, item: w.rest()  # noqa: E731
        how["on_error"] = w.rng.choice(["raise", "skip", "collect", handler])
    return how


def keyed(w: World) -> dict[str, Any]:
    return way(w) | ({"key": lambda item: str(item)[-1]} if w.chance(0.3) else {})


def flat(batches: Any) -> Any:
    return batches.flatten()


LAYERS: dict[str, Layer] = {
    "map": lambda w, s: s.map(w.work, **keyed(w)),
    "map, plain": lambda w, s: s.map(w.plain, **keyed(w)),
    "map, not concurrent": lambda w, s: s.map(w.plain),
    "map, results": lambda w, s: s.map(w.work, concurrency=2, on_error="result").map(
        lambda result: result.value if isinstance(result, ait.Ok) else BEAT
    ),
    "starmap": lambda w, s: s.map(lambda x: (x,)).starmap(w.work, **way(w)),
    "filter": lambda w, s: s.filter(lambda x: w.rest_then(True), **way(w)),
    "filterfalse": lambda w, s: s.filterfalse(lambda x: w.rest_then(False), **way(w)),
    "flat_map": lambda w, s: s.flat_map(lambda x: [x], concurrency=w.rng.choice([1, 2, 9])),
    "flatten": lambda w, s: s.batched(2).flatten(concurrency=2),
    "buffer": lambda w, s: s.buffer(w.rng.choice([1, 2, 9])),
    "prefetch": lambda w, s: s.prefetch(),
    "buffer, drops": lambda w, s: s.buffer(
        w.rng.choice([1, 3]),
        overflow=w.rng.choice(["drop_oldest", "drop_newest"]),
        on_dropped=w.drop,
    ),
    "buffer, latest": lambda w, s: s.buffer(overflow="latest", on_dropped=w.drop),
    "conflate": lambda w, s: flat(s.map(lambda x: (x,)).conflate(lambda a, b: a + b)),
    "debounce": lambda w, s: s.debounce(1.5, on_dropped=w.drop),
    "sample": lambda w, s: s.sample(1.5, on_dropped=w.drop),
    "throttle": lambda w, s: s.throttle(1.5, on_dropped=w.drop),
    "timeout": lambda w, s: s.timeout(w.rng.choice([0.3, 1, 20])),
    "idle": lambda w, s: s.idle(0.7, w.rest),
    "heartbeat": lambda w, s: s.heartbeat(w.rng.choice([0.7, 2]), BEAT),
    "delay": lambda w, s: s.delay(1.2, buffer=w.rng.choice([1, 2, 16])),
    "space_out": lambda w, s: s.space_out(0.4),
    "rate_limit": lambda w, s: s.rate_limit(2, per=1.5, burst=3),
    "rate_limit, cost": lambda w, s: s.rate_limit(2, cost=lambda x: w.rng.choice([0, 1, 3])),
    "batched": lambda w, s: flat(s.batched(w.rng.choice([1, 2, 5]), within=1)),
    "windowed": lambda w, s: flat(s.windowed(within=w.rng.choice([0.3, 1.5]))),
    "with_latest_from": lambda w, s: s.with_latest_from(ait.interval(1, start=0)).map(
        lambda pair: pair[0]
    ),
    "as_completed": lambda w, s: ait.as_completed(w.foreign(s), limit=3),
    "zip_latest": lambda w, s: s.zip_latest([7]).map(lambda pair: pair[0]),
}

LOSING: dict[str, Layer] = {
    "deadline": lambda w, s: s.deadline(6),
    "take_until": lambda w, s: s.take_until(asyncio.sleep(6)),
    "switch_map": lambda w, s: s.switch_map(lambda x: [x]),
    "race": lambda w, s: s.race([]),  # with its first error a source is out
    "race, with another": lambda w, s: s.race(base(w)),
    "zip, with another": lambda w, s: flat(s.zip(base(w), concurrent=True)),
    "merge, to the first end": lambda w, s: s.merge(base(w), halt="any"),
    "take": lambda w, s: s.take(4),
}

JOINS: dict[str, Callable[[World, list[Any]], Any]] = {
    "merge": lambda w, all_: ait.merge(*all_),
    "flatten": lambda w, all_: stream(all_).flatten(concurrency=w.rng.choice([1, 2, 9])),
    "flat_map": lambda w, all_: stream(range(len(all_))).flat_map(all_.__getitem__, concurrency=2),
    "zip_longest": lambda w, all_: flat(
        ait.zip_longest(*all_, fillvalue=NIL, concurrent=True)
    ).filter(lambda x: x != NIL),
    "chain": lambda w, all_: ait.chain(*all_),
}


def base(w: World) -> Any:
    """One source."""
    if w.chance(0.1):
        return ait.retry(lambda: Source(w), ait.fixed(1, attempts=3), on=Broken)
    return stream(w.rng.choice([Source, Source, ready, generator])(w))


def pipeline(w: World) -> Any:
    """A few layers on one source or on several."""
    if w.chance(0.4):
        made = w.choose(JOINS)(w, [layered(w, base(w), 2) for _ in range(w.rng.randrange(1, 4))])
    else:
        made = base(w)
    return layered(w, made, 4)


def layered(w: World, made: Any, most: int) -> Any:
    for _ in range(w.rng.randrange(most)):
        operators = LOSING if w.loses and w.chance(0.2) else LAYERS
        made = w.choose(operators)(w, made)
    return made


# ---- what is done with them ----------------------------------------------------------------------

EXPECTED = (Broken, TimeoutError, ExceptionGroup)


async def consume(w: World, made: Any, seen: list[Any], most: int = 10**9) -> None:
    """Pull to the end: with a timeout, cancelled meanwhile, or just so; and be busy in between."""
    while len(seen) < most:
        try:
            item = await w.rng.choice([plainly, plainly, timed, cancelled])(w, made)
        except StopAsyncIteration:
            return
        except EXPECTED:
            continue
        except RuntimeError as error:
            if w.closing and "already running" in str(error):  # as with two users at once
                await w.rest()
                continue
            raise
        if item is not NIL:
            seen.append(item)
        if w.chance(0.3):
            await w.rest()


async def plainly(w: World, made: Any) -> Any:
    return await anext(made)


async def timed(w: World, made: Any) -> Any:
    return await ait.anext(made, timeout=w.pause())


async def cancelled(w: World, made: Any) -> Any:
    pulling = asyncio.ensure_future(anext(made))
    await asyncio.sleep(w.pause())
    pulling.cancel()
    await asyncio.wait([pulling])
    return NIL if pulling.cancelled() else pulling.result()


async def to_its_end(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    await consume(w, build(), seen)
    return seen


async def stopped(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    made = build()
    consuming = asyncio.ensure_future(consume(w, made, seen))
    await asyncio.sleep(w.rng.choice([0, 1, 3, 5]))
    await asyncio.gather(*[made.stop() for _ in range(w.rng.randrange(1, 3))])
    await consuming
    return seen


async def closed(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    made = build()
    consuming = asyncio.ensure_future(consume(w, made, seen))
    await asyncio.sleep(w.rng.choice([0, 1, 3, 5]))
    for _ in range(w.rng.randrange(3)):
        await asyncio.sleep(0)
    w.closing = True
    await asyncio.gather(*[made.aclose() for _ in range(w.rng.randrange(1, 3))])
    await consuming
    return seen


async def left(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    with suppress(KeyError):
        async with build() as made:
            await consume(w, made, seen, w.rng.randrange(4))
            if w.chance(0.5):
                raise KeyError
    return seen


async def dropped(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    await consume(w, build(), seen, w.rng.randrange(4))
    gc.collect()
    return seen


async def reduced(w: World, build: Callable[[], Any]) -> list[Any]:
    seen: list[Any] = []
    reducing = asyncio.ensure_future(
        w.rng.choice([lambda s: s.for_each(seen.append, concurrency=2), lambda s: s.list()])(
            build()
        )
    )
    await asyncio.sleep(w.rng.choice([0, 1, 3, 5]))
    for _ in range(w.rng.randrange(3)):
        reducing.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([reducing])
    if not reducing.cancelled() and not isinstance(reducing.exception(), EXPECTED):
        return reducing.result() or seen
    return seen


USES = [to_its_end, stopped, closed, left, dropped, reduced]


# ---- the runs ------------------------------------------------------------------------------------


async def play(seed: int, use: Any) -> World:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
    w = World(seed)
    w.loses = w.chance(0.3)
    w.endless = use in {closed, left, dropped}
    shown: list[str] = []

    def build() -> Any:
        made = pipeline(w)
        shown.append(repr(made))
        return made

    try:
        seen = await use(w, build)
        for _ in range(4 if use is dropped else 1):  # what a stream held is dropped in turn
            gc.collect()
            await asyncio.sleep(30)
        check(w, seen, use)
        if not (use is dropped and w.failed):  # the frames of an error that waits hold the stream
            assert not (tasks := asyncio.all_tasks() - {asyncio.current_task()}), tasks
        gc.collect()
        assert not complaints, complaints
    except BaseException as error:
        error.add_note(f"about: seed {seed}, {shown}")
        raise
    return w


def check(w: World, seen: list[Any], use: Any) -> None:
    """Nothing is doubled, nothing lost where all is read, and every source is closed once."""
    known = Counter(item for item in [*seen, *w.told, *w.failed] if isinstance(item, int))
    if use in {to_its_end, stopped} and not w.loses:
        assert known == Counter(w.given)
    else:
        assert known <= Counter(w.given)
    for source in w.sources:
        if use is dropped or (not source.pulls and (w.nested or source.lazy)):
            assert source.closes <= 1
        else:
            assert source.closes == 1, f"source {source.name}: {source.closes}"


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_nothing_is_lost_doubled_or_left_and_nothing_hangs(use):
    tried = set[str]()
    for seed in RUNS:
        try:
            tried |= testing.run(play(seed, use), limit=100_000).tried
        except testing.Stuck as stuck:
            stuck.add_note(f"seed {seed}")
            raise
    assert tried == {*LAYERS, *LOSING, *JOINS}
