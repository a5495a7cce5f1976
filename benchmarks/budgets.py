"""The promises: a limit each, what was measured, and the reason where one is missed."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks import environment
from benchmarks.cases import (
    OPERATORS,
    OVER_GENERATOR,
    TOGETHER,
    concurrency,
    executors,
    generator,
    layers,
    pipeline,
    queues,
)
from benchmarks.cases.channels import Asyncio, Culsans, Janus
from benchmarks.flat import Flatness
from benchmarks.memory import Footprint, cost, largest
from benchmarks.tables import Table, nanoseconds, times
from benchmarks.timing import LOOP, OURS, SYNC, Case, Result, Spread

TURN = "a turn of the event loop per call is most of it: see what it takes by hand"
TIMER = "the event loop's timers are most of it: see what it takes by hand"
ASKED = "pulled when asked for: a turn of the source, then one of the consumer; peers read ahead"
UNBOUNDED = "the peer reads ahead without bound, and looks once a millisecond what has come"
ALL_AT_ONCE = "a worker for each, as there is no limit: what begins and ends one is most of it"
AWAITED = "awaiting the user's coroutine is most of it"
A_TASK_EACH = "a task for each source, ten items long; the peer reads ahead without bound"
AHEAD = "the peer sends everything beforehand; here an event loop shares the workers' two cores"

# Why a budget is missed, for the maintainer to fill. The key is a budget's ("layer") or, for the
# operators, the path of the case ("reduce/sorted"); with an interpreter behind it ("layer, CPython
# 3.13t") it holds for that one only, and goes first.
REASONS: dict[str, str] = {
    "wrapping": "resuming the generator's own frame is most of the bare loop, and stays",
    "operators": "see the rows below: there the interpreter's own work is most of what is left",
    "transform/map, async function": "calling and running the user's coroutine is most of it",
    "group/groupby, groups of ten": "a stream object for each group",
    "reduce/list": "the peer is a single loop over a range: one frame, no layer to save",
    "reduce/set": "hashing and the set itself are most of it",
    "reduce/dict": "hashing and the dict itself are most of it",
    "reduce/sorted": "the peer calls the builtin on a synchronous source; sorting is most of it",
    "reduce/min": "the peer is a single loop over a range: one frame, no layer to save",
    "reduce/max": "the peer is a single loop over a range: one frame, no layer to save",
    "concurrency/map, after a turn": TURN,
    "concurrency/map, as completed, after a turn": TURN,
    "concurrency/map, after a moment": TIMER,
    "concurrency/map, as completed, after a moment": TIMER,
    "merge/10 sources, ready": UNBOUNDED,
    "merge/10 sources, waiting": UNBOUNDED,
    "merge/1,000 sources, ready": A_TASK_EACH,
    "merge/1,000 sources, waiting": UNBOUNDED,
    "completed/as_completed, after a turn": ALL_AT_ONCE,
    "completed/as_completed, limit 100, after a turn": TURN,
    "completed/as_completed, at once": AWAITED,
    "completed/gather, at once": AWAITED,
    "completed/gather, limit 100, at once": AWAITED,
    "completed/gather, after a turn": ALL_AT_ONCE,
    "completed/gather, limit 100, after a turn": TURN,
    "buffers/buffer(100), source ready": "the generator's frame, and an append per item",
    "buffers/buffer(100), source waits": "turns of the event loop are most of it: see by hand",
    "buffers/buffer(100), both wait": "turns of the event loop are most of it: see by hand",
    "buffers/prefetch(1), both wait": "one item ahead and no more: the peers hold another one",
    "timed/batched(100, within=60), source waits": ASKED,
    "timed/timeout(60), source waits": f"{ASKED}; and a timer per wait",
    "timed/rate_limit, never reached": "the clock and a bucket of tokens for each item, in Python",
    "timed/rate_limit, never reached, source waits": ASKED,
    "bridges/from_thread, source blocks": "the time that the source blocks is most of it",
    "bridges/to_sync(256)": "a loop in another thread: a hand-over between threads per batch",
    "bridges/to_sync(64)": "a loop in another thread: a hand-over between threads per batch",
    "executors/processes, tiny": f"{AHEAD}, and has each item in hand",
    "executors/processes, 50 µs": AHEAD,
    "executors/processes, 1 ms": AHEAD,
    "share/tee, in lockstep": "an awaitable per reader and item, and a ring for threads too",
    "share/tee, one after the other": "an awaitable per item, and a ring for threads too",
    "share/tee, two tasks": "an awaitable per item, and a ring for threads too",
    "share/tee, two tasks, a source that waits": "the source has its own task: more turns",
    "import": "forty modules, their types, and what they import themselves",
    "reduce/reduce": "calling the user's function is most of it",
}
NO_REASON = "no reason recorded"
BUILTIN = "the synchronous builtin alone takes most of it"

TOGETHER_BUT_MAP = [case for case in TOGETHER if case not in concurrency.CASES]

PIPELINE, PIPELINE_OPTIMISED = 1.15, 1.25
WRAPPING, WRAPPING_OPTIMISED = 0.6, 0.75
LAYER = 1.2
OPERATOR = 0.2
CONCURRENT_MAP = 0.25
PUT_GET = 0.25
THREAD_TO_TASK = 0.33
EXECUTOR = 1.1
IDLE_BYTES = 150
GROWTH_BYTES = 1 << 20
IMPORT_MS = 10.0


@dataclass(frozen=True)
class Measured:
    """All that a run found; what was not asked for is empty."""

    timed: dict[str, Result] = field(default_factory=dict)
    footprints: list[Footprint] = field(default_factory=list)
    flat: Flatness | None = None
    imports: dict[str, float | None] = field(default_factory=dict)


class Row(NamedTuple):
    """One budget, judged."""

    what: str
    limit: str
    measured: str
    met: bool
    reason: str

    def cells(self) -> tuple[str, str, str, str]:
        verdict = "met" if self.met else f"MISSED: {self.reason}"
        return self.what, self.limit, self.measured, verdict


def reason(key: str) -> str:
    """The recorded reason why a budget is missed on this interpreter."""
    return REASONS.get(f"{key}, {environment.interpreter()}") or REASONS.get(key, NO_REASON)


def reason_of_row(path: str, result: Result) -> str:
    """The recorded reason, or else what the figures say of an operator with a namesake."""
    recorded = reason(path)
    ours, sync = result.median(OURS), result.median(SYNC)
    most = ours is not None and sync is not None and sync >= ours / 2
    return BUILTIN if recorded == NO_REASON and most else recorded


def by_ratio(key: str, what: str, limit: float, ratio: Spread | None) -> Iterator[Row]:
    if ratio is not None:
        met = ratio.middle <= limit
        yield Row(what, f"≤ {limit} ×", f"{times(ratio)} ×", met, reason(key))


def pipeline_row(found: Measured) -> Iterator[Row]:
    result = found.timed.get(pipeline.OVER_RANGE.path)
    if result is not None:
        limit = PIPELINE_OPTIMISED if environment.optimised_314() else PIPELINE
        what = "pipeline of sync functions, awaited, against the builtins"
        yield from by_ratio("pipeline", what, limit, result.ratio(OURS, "builtins"))


def wrapping_row(found: Measured) -> Iterator[Row]:
    result = found.timed.get(generator.WRAPPED.path)
    if result is not None:
        limit = WRAPPING_OPTIMISED if environment.optimised_314() else WRAPPING
        what = "wrapping an async generator, against bare async for"
        yield from by_ratio("wrapping", what, limit, result.ratio(OURS, "bare async for"))


def layer_row(found: Measured) -> Iterator[Row]:
    result = found.timed.get(layers.LAYERS.path)
    if result is not None:
        what = "one more layer of map(operator.neg), against a builtin map layer"
        yield from by_ratio("layer", what, LAYER, layers.layer_ratio(result, OURS, "builtins"))


def against_best(found: Measured, contender: str, cases: Sequence[Case]) -> dict[str, float]:
    """The ratio to the best peer, by the path of the operator's case."""
    ratios = {}
    for case in cases:
        result = found.timed.get(case.path)
        best = result.best_peer() if result else None
        ratio = result.ratio(contender, best) if result and best else None
        if ratio is not None:
            ratios[case.path] = ratio.middle

    return ratios


def operators_rows(found: Measured) -> Iterator[Row]:
    yield from within_limit(found, "any operator, against the best peer", OPERATORS)
    what = "merge, buffers, awaitables, time, against the best peer"
    yield from within_limit(found, what, TOGETHER_BUT_MAP)


def within_limit(found: Measured, what: str, cases: Sequence[Case]) -> Iterator[Row]:
    ratios = against_best(found, OURS, cases)
    if ratios:
        worst = max(ratios, key=ratios.__getitem__)
        met = ratios[worst] <= OPERATOR
        yield Row(
            what=what,
            limit=f"≤ {OPERATOR} ×",
            measured=f"{summary(ratios)}, worst {ratios[worst]:.2f} × ({worst})",
            met=met,
            reason="each below",
        )


def put_get_row(found: Measured) -> Iterator[Row]:
    result = found.timed.get(queues.PUT_GET.path)
    if result is not None:
        what = "Queue: put and get, buffered, against asyncio.Queue"
        yield from by_ratio("put and get", what, PUT_GET, result.ratio(OURS, Asyncio.label))


def thread_to_task_rows(found: Measured) -> Iterator[Row]:
    for case in queues.THREAD_TO_TASK:
        result = found.timed.get(case.path)
        best = result.best_peer((Culsans.label, Janus.label)) if result else None
        if result is not None and best is not None:
            what = f"Queue: {case.name}, against {best}"
            yield from by_ratio(case.name, what, THREAD_TO_TASK, result.ratio(OURS, best))


def concurrent_map_rows(found: Measured) -> Iterator[Row]:
    for case in concurrency.CASES:
        result = found.timed.get(case.path)
        best = result.best_peer() if result else None
        if result is not None and best is not None:
            what = f"{case.name}, against {best}".replace("map", "map(concurrency=100)", 1)
            yield from by_ratio(case.path, what, CONCURRENT_MAP, result.ratio(OURS, best))


def executor_rows(found: Measured) -> Iterator[Row]:
    for case in executors.CASES:
        result = found.timed.get(case.path)
        best = result.best_peer(executors.PEERS) if result else None
        if result is not None and best is not None:
            what = f"map(executor=), {case.name}, against {best}"
            yield from by_ratio(case.path, what, EXECUTOR, result.ratio(OURS, best))


def idle_row(found: Measured) -> Iterator[Row]:
    if found.footprints:
        worst = largest(found.footprints)
        measured = f"at most {cost(worst):,.0f} bytes ({worst.name})"
        met = cost(worst) <= IDLE_BYTES
        what = "memory of an idle operator"
        yield Row(what, f"≤ {IDLE_BYTES} bytes", measured, met, reason("idle"))


def flat_row(found: Measured) -> Iterator[Row]:
    if found.flat is not None:
        what = f"resident memory over {found.flat.items:,} items"
        measured = f"{found.flat.growth / 1024:+,.0f} KiB"
        met = found.flat.growth <= GROWTH_BYTES
        yield Row(what, "flat (≤ 1 MiB)", measured, met, reason("flat"))


def import_row(found: Measured) -> Iterator[Row]:
    time = found.imports.get("aitertools")
    if time is not None:
        what = "import aitertools on top of asyncio"
        met = time <= IMPORT_MS
        yield Row(what, f"≤ {IMPORT_MS:.0f} ms", f"{time:.1f} ms", met, reason("import"))


JUDGES: tuple[Callable[[Measured], Iterator[Row]], ...] = (
    pipeline_row,
    wrapping_row,
    layer_row,
    operators_rows,
    concurrent_map_rows,
    put_get_row,
    thread_to_task_rows,
    executor_rows,
    idle_row,
    flat_row,
    import_row,
)


def summary(ratios: dict[str, float]) -> str:
    within = sum(ratio <= OPERATOR for ratio in ratios.values())
    median = statistics.median(ratios.values())
    return f"{within} of {len(ratios)} within {OPERATOR} ×, median {median:.2f} ×"


def other_ways(found: Measured) -> str:
    """What the operators' budget would say for other ways to use them."""
    ways = (
        ("item by item with `async for`", LOOP, OPERATORS),
        ("awaited, over async generators", OURS, OVER_GENERATOR),
        ("with `async for`, over async generators", LOOP, OVER_GENERATOR),
    )
    measured = [(way, against_best(found, contender, cases)) for way, contender, cases in ways]
    parts = [f"{way}: {summary(ratios)}" for way, ratios in measured if ratios]
    return f"Operators, not budgeted: {'; '.join(parts)}." if parts else ""


def missed_operators(found: Measured) -> Table | None:
    """The operators above the limit, with the peer that sets it and the reason."""
    rows = []
    for path, ratio in against_best(found, OURS, [*OPERATORS, *TOGETHER_BUT_MAP]).items():
        result = found.timed[path]
        best = result.best_peer()
        if ratio > OPERATOR and best is not None:
            figures = [nanoseconds(result.median(who)) for who in (OURS, SYNC, best)]
            why = reason_of_row(path, result)
            rows.append((path, *figures, f"{ratio:.2f}", best, why))

    header = ("", "ns per item", "sync", "best peer", "×", "which", "reason")
    title = f"Operators above {OPERATOR} × the best peer"
    return Table(title, header, rows, left=(0, 5, 6)) if rows else None


def made(found: Measured) -> list[Table]:
    """A row for each budget that was measured, and the operators that miss theirs."""
    rows = [row.cells() for judge in JUDGES for row in judge(found)]
    if not rows:
        return []

    header = ("what", "budget", "measured", "verdict")
    judged = Table("Budgets", header, rows, left=(0, 1, 2, 3), note=other_ways(found))
    missed = missed_operators(found)
    return [judged, missed] if missed else [judged]
