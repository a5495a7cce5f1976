"""The stopwatch: contenders in one process, rounds interleaved, ratios taken within a round.

A shared machine speeds up and slows down by the second. So a round runs every contender once, in
random order, and contenders are compared within their round only; the median over the rounds is
what the tables show. Most cases wait for nothing: their clock is the CPU time of the thread, which
stands still while other processes have the core. Where several threads work it is the wall's.
"""

import asyncio
import gc
import random
import statistics
import time
import types
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aitertools as ait
from benchmarks import peers

FINE = time.get_clock_info("thread_time").resolution <= 1e-6
wall_clock = time.perf_counter_ns
cpu_clock = time.thread_time_ns if FINE else wall_clock

Make = Callable[..., Any]

SYNC = "sync"
OURS = "aitertools"
LOOP = "async for"
CHECK_ITEMS = 400
CHECK_TIMEOUT = 10.0
RUN_TIMEOUT = 30.0


class Contender(NamedTuple):
    """One way to do the work: *make* gives an async iterable, an awaitable or the result itself.

    It gets what the case's sources give, or its own, the making of which is not timed either.
    """

    make: Make
    what: str = ""
    sources: Callable[[int], tuple[Any, ...]] | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """The same work done by several contenders; the *yardstick*'s result is the right one."""

    family: str
    name: str
    sources: Callable[[int], tuple[Any, ...]]
    contenders: Mapping[str, Contender]
    yardstick: str = SYNC
    items: int
    least: int = CHECK_ITEMS  # a run of fewer says nothing
    run_seconds: float
    weight: int = 1
    normal: Callable[[Any], object] = lambda result: result
    wrap: Callable[[Iterable[Any]], Any] | None = None  # what to read the sources through
    variant: str = ""
    threads: bool = False  # several work: only the clock on the wall sees all of it

    @property
    def path(self) -> str:
        """What --only looks at."""
        return "/".join(filter(None, (self.family, self.name, self.variant)))


@dataclass(frozen=True)
class Effort:
    """*seconds* for all cases together, *scale* for the items and the time of one run."""

    seconds: float
    scale: float = 1.0
    least_rounds: int = 7
    most_rounds: int = 41


class Spread(NamedTuple):
    """A median with its quartiles."""

    middle: float
    low: float
    high: float


@dataclass
class Result:
    """Nanoseconds per item, one figure per round, of each contender that ran."""

    case: Case
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return max(map(len, self.samples.values()), default=0)

    def median(self, name: str) -> float | None:
        return statistics.median(self.samples[name]) if self.samples.get(name) else None

    def ratio(self, name: str, to: str) -> Spread | None:
        """*name* against *to*: the median of the rounds' own ratios."""
        pairs = zip(self.samples.get(name, ()), self.samples.get(to, ()), strict=False)
        return spread([mine / theirs for mine, theirs in pairs])

    def best_peer(self, names: Iterable[str] = peers.RIVALS) -> str | None:
        """The peer with the lowest median."""
        medians = {name: self.median(name) for name in names}
        ran = {name: median for name, median in medians.items() if median is not None}
        return min(ran, key=ran.__getitem__) if ran else None


def spread(values: list[float]) -> Spread | None:
    """Median and quartiles of *values*, None if there are none."""
    if not values:
        return None

    if len(values) == 1:
        return Spread(values[0], values[0], values[0])

    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


async def collect(source: AsyncIterable[Any]) -> list[Any]:
    """Collect as the language does, which is the quickest way for every peer."""
    return [item async for item in source]


def fresh(function: Callable[..., Any]) -> Any:
    """Copy *function* and its inner code, for the interpreter to specialise for one contender."""
    code = function.__code__
    consts = tuple(c.replace() if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return types.FunctionType(code.replace(co_consts=consts), function.__globals__)


async def finish(made: Any, collect: Callable[[Any], Awaitable[Any]]) -> Any:
    """Bring what a contender made to its result, as its own documentation does."""
    if isinstance(made, ait.Stream):
        return await made.list()

    if peers.is_aiostream(made):
        async with made.stream() as streamer:
            return await collect(streamer)

    if isinstance(made, AsyncIterable):
        return await collect(made)

    return await made if isinstance(made, Awaitable) else made


class Race:
    """One case being measured. A contender that fails or answers differently leaves with a note."""

    def __init__(self, case: Case, effort: Effort) -> None:
        self.result = Result(case)
        self._case = case
        self._effort = effort
        self._collectors = {name: fresh(collect) for name in case.contenders}
        self._sizes: dict[str, int] = {}
        self._random = random.Random(case.path)

    async def measure(self, seconds: float) -> Result:
        """Check, size, warm up and run as many rounds as fit into *seconds*."""
        await self._check()
        await self._size()
        start = time.perf_counter()
        await self._round()
        cost = time.perf_counter() - start
        self.result.samples.clear()  # that was the warm-up
        effort = self._effort
        fitting = int(seconds / cost) if cost else effort.most_rounds
        for _ in range(min(max(fitting, effort.least_rounds), effort.most_rounds)):
            await self._round()

        return self.result

    async def _check(self) -> None:
        """Keep the contenders whose result equals the yardstick's."""
        case = self._case
        names = sorted(case.contenders, key=lambda name: name != case.yardstick)
        expected = None
        for name in names:
            try:
                async with asyncio.timeout(CHECK_TIMEOUT):
                    answer = case.normal(await self._run(name, self._sources(name, case.least)))
            except Exception as error:
                self._leave(name, error)
                continue

            if name == case.yardstick:
                expected = answer

            if answer == expected:
                self._sizes[name] = case.least
            else:
                self.result.notes[name] = "gives another result"

    async def _size(self) -> None:
        """Halve the number of items of a contender until one run takes no longer than it may."""
        if self._case.items == self._case.least:
            return

        longest = self._case.run_seconds * self._effort.scale * 1e9
        for name in list(self._sizes):
            await self._timed(name)
            per_item = await self._timed(name)
            items = int(self._case.items * self._effort.scale)
            while per_item and items * per_item > longest and items // 2 >= self._case.least:
                items //= 2

            if name in self._sizes:
                self._sizes[name] = items

    async def _round(self) -> None:
        names = list(self._sizes)
        self._random.shuffle(names)
        for name in names:
            sample = await self._timed(name)
            if sample is not None:
                self.result.samples.setdefault(name, []).append(sample)

    async def _timed(self, name: str) -> float | None:
        """Nanoseconds per item of one run, None if it failed; making the sources is not counted."""
        if name not in self._sizes:
            return None

        items = self._sizes[name]
        clock = wall_clock if self._case.threads else cpu_clock
        try:
            sources = self._sources(name, items)
            gc.collect()
            async with asyncio.timeout(RUN_TIMEOUT):
                start = clock()
                result = await self._run(name, sources)
                spent = clock() - start
        except Exception as error:
            self._leave(name, error)
            return None

        del result
        return spent / items

    def _sources(self, name: str, items: int) -> tuple[Any, ...]:
        return (self._case.contenders[name].sources or self._case.sources)(items)

    async def _run(self, name: str, sources: tuple[Any, ...]) -> Any:
        make, wrap = self._case.contenders[name].make, self._case.wrap
        if wrap is None or name == SYNC:
            return await finish(make(*sources), self._collectors[name])

        # As in `stream(rows())`, nobody but the contender keeps a reference to what is wrapped.
        made = make(*(wrap(s) if isinstance(s, Iterable) else s for s in sources))
        return await finish(made, self._collectors[name])

    def _leave(self, name: str, error: Exception) -> None:
        self._sizes.pop(name, None)
        self.result.samples.pop(name, None)
        match error:
            case peers.PeerMissing():
                text = str(error)
            case TimeoutError():
                text = "hangs"
            case _:
                text = f"{type(error).__name__}: {error}".rstrip(": ")

        self.result.notes[name] = text.splitlines()[0]


async def measure(
    cases: list[Case], effort: Effort, progress: Callable[[str], None] = lambda line: None
) -> dict[str, Result]:
    """Measure every case, by its path."""
    total = sum(case.weight for case in cases)
    results = {}
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number, case in enumerate(cases, 1):
            progress(f"{number}/{len(cases)} {case.path}")
            seconds = effort.seconds * case.weight / total
            results[case.path] = await Race(case, effort).measure(seconds)
    finally:
        gc.enable()
        gc.unfreeze()

    return results
