"""Results as tables, for the terminal and for Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import peers
from benchmarks.cases import (
    HEADLINES,
    OPERATORS,
    OVER_GENERATOR,
    TOGETHER,
    bridges,
    executors,
    layers,
    queues,
    waiting,
)
from benchmarks.flat import Flatness
from benchmarks.memory import Footprint
from benchmarks.timing import LOOP, OURS, SYNC, Case, Result, Spread

NOTHING = "-"
MEBIBYTE = 1 << 20

TITLES = {
    "concurrency": "Concurrency: map, 100 calls at a time",
    "merge": "Concurrency: merge of async generators",
    "buffers": "Concurrency: buffers",
    "completed": "Concurrency: awaitables, all of them or 100 at a time",
    "timed": "Time: what is ready for somebody being late",
}


@dataclass(frozen=True)
class Table:
    """Rows of text; the columns in *left* are flush left, the others flush right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)
    note: str = ""

    def text(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rule = "  ".join("-" * width for width in widths)
        body = [self._line(row, widths) for row in self.rows]
        return "\n".join(
            [self.title, "", self._line(self.header, widths), rule, *body, *self._end()]
        )

    def markdown(self) -> str:
        rule = [":--" if i in self.left else "--:" for i in range(len(self.header))]
        cells = [[cell.replace("|", "\\|") for cell in row] for row in self.rows]
        body = ["| " + " | ".join(line) + " |" for line in (self.header, rule, *cells)]
        return "\n".join([f"### {self.title}", "", *body, *self._end()])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = [
            cell.ljust(width) if i in self.left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    def _end(self) -> list[str]:
        return ["", self.note] if self.note else []


def nanoseconds(time: float | None) -> str:
    if time is None:
        return NOTHING

    return f"{time:,.0f}" if time >= 10 else f"{time:.1f}"


def times(ratio: Spread | None, quartiles: bool = True) -> str:
    """A ratio with its quartiles: `0.94 (0.92–0.97)`."""
    if ratio is None:
        return NOTHING

    digits = 2 if ratio.middle < 10 else 0
    middle = f"{ratio.middle:.{digits}f}"
    return f"{middle} ({ratio.low:.{digits}f}–{ratio.high:.{digits}f})" if quartiles else middle


def dashes(results: Sequence[Result]) -> str:
    """Why contenders have a dash, each reason once; with the cases if it is not all of them."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for name, text in result.notes.items():
            reasons.setdefault((name.partition(", ")[0], text), []).append(result.case.name)

    parts = []
    for (name, text), cases in reasons.items():
        entered = sum(name in result.case.contenders for result in results)
        where = f" ({'; '.join(cases)})" if len(cases) < entered else ""
        parts.append(f"{name}: {text}{where}")

    return f"Dashes: {', '.join(parts)}." if parts else ""


def headline(result: Result) -> Table:
    """One case, a contender per line."""
    case = result.case
    rows = [
        (
            name,
            nanoseconds(result.median(name)),
            times(result.ratio(name, case.yardstick)),
            contender.what,
        )
        for name, contender in case.contenders.items()
    ]
    return Table(
        title=f"{case.family} {case.name}".capitalize(),
        header=("", "ns per item", f"× {case.yardstick}", "what runs"),
        rows=rows,
        left=(0, 3),
        note=dashes([result]),
    )


def one_more_layer(result: Result) -> Table:
    """What eleven layers cost more than one, divided by ten."""
    rows = []
    for library in layers.MAKES:
        layer = layers.per_layer(result, library)
        cells = (
            nanoseconds(result.median(layers.label(library, layers.FEW))),
            nanoseconds(result.median(layers.label(library, layers.MANY))),
            nanoseconds(layer.middle if layer else None),
            times(layers.layer_ratio(result, library, "builtins")),
        )
        rows.append((library, *cells))

    return Table(
        title="One more layer of map(operator.neg)",
        header=("", "1 layer", "11 layers", "ns per layer", "× builtins"),
        rows=rows,
        note=dashes([result]),
    )


def family(name: str, results: Sequence[Result]) -> Table:
    """The operators of one family against the peers."""
    looped = any(LOOP in result.case.contenders for result in results)
    columns = [SYNC, OURS, *([LOOP] if looped else []), *peers.NAMES]
    rows = []
    for result in results:
        best = result.best_peer()
        ratio = times(result.ratio(OURS, best), quartiles=False) if best else NOTHING
        cells = [nanoseconds(result.median(column)) for column in columns]
        rows.append((result.case.name, *cells, ratio))

    return Table(
        title=f"Operators: {name}",
        header=("", *columns, "× best peer"),
        rows=rows,
        note=dashes(results),
    )


def beside(
    title: str, chosen: Sequence[Result], labels: Sequence[str], rivals: Sequence[str]
) -> Iterator[Table]:
    """Results with a library, or a way, per column, as far as anyone of the cases has it."""
    labels = [name for name in labels if any(name in result.case.contenders for result in chosen)]
    rows = []
    for result in chosen:
        best = result.best_peer(rivals)
        ratio = times(result.ratio(OURS, best)) if best else NOTHING
        cells = [nanoseconds(result.median(label)) for label in labels]
        rows.append((result.case.name, *cells, ratio, best or NOTHING))

    if rows:
        header = ("", *labels, "× best peer", "which")
        yield Table(title, header, rows, left=(0, len(header) - 1), note=dashes(chosen))


def exchange(title: str, cases: Sequence[Case], results: dict[str, Result]) -> Iterator[Table]:
    """Queues, a library per column."""
    chosen = [results[case.path] for case in cases if case.path in results]
    return beside(f"Queues: {title}", chosen, queues.LABELS, queues.PEERS)


def together(results: dict[str, Result]) -> Iterator[Table]:
    """Concurrency and time, a table for each family."""
    for name in dict.fromkeys(case.family for case in TOGETHER):
        cases = [case for case in TOGETHER if case.family == name]
        chosen = [results[case.path] for case in cases if case.path in results]
        yield from beside(TITLES[name], chosen, waiting.LABELS, peers.RIVALS)


def bridged(results: dict[str, Result]) -> Iterator[Table]:
    """Bridges, a way by hand per column."""
    chosen = [results[case.path] for case in bridges.CASES if case.path in results]
    return beside("Bridges between threads and tasks", chosen, bridges.LABELS, bridges.PEERS)


def executed(results: dict[str, Result]) -> Iterator[Table]:
    """Executors, a way by hand or a library per column."""
    chosen = [results[case.path] for case in executors.CASES if case.path in results]
    return beside("Two workers of an executor", chosen, executors.LABELS, executors.PEERS)


def timed(results: dict[str, Result]) -> list[Table]:
    """Every timed case, headlines first."""
    made = []
    for case in HEADLINES:
        if case.path in results:
            make = one_more_layer if case is layers.LAYERS else headline
            made.append(make(results[case.path]))

    made += exchange("in one event loop", queues.IN_LOOP, results)
    made += exchange("between threads and event loops", queues.BETWEEN_THREADS, results)
    made += together(results)
    made += bridged(results)
    made += executed(results)
    made += families(OPERATORS, results, "")
    made += families(OVER_GENERATOR, results, " over async generators")
    return made


def families(cases: Sequence[Case], results: dict[str, Result], over: str) -> Iterator[Table]:
    """A table for each family of *cases* that was measured."""
    for name in dict.fromkeys(case.family for case in cases):
        chosen = [results[c.path] for c in cases if c.family == name and c.path in results]
        if chosen:
            yield family(name + over, chosen)


def footprints(found: Sequence[Footprint]) -> Table:
    return Table(
        title="Memory of an idle operator, without its source",
        header=("", "sys.getsizeof", "allocated bytes"),
        rows=[(f.name, str(f.size), f"{f.allocated:,.0f}") for f in found],
        note="Allocated: by tracemalloc over 10,000 operators, with everything that they bring.",
    )


def flatness(found: Flatness) -> Table:
    sizes = (f"{size / MEBIBYTE:.1f}" for size in (found.settled, found.peak))
    return Table(
        title="Resident memory while items flow",
        header=("items", "MiB after a tenth", "MiB at most later"),
        rows=[(f"{found.items:,}", *sizes)],
        note="Half of the items in an awaited pipeline of four layers, half with `async for`.",
    )


def imports(found: dict[str, float | None]) -> Table:
    rows = [(name, NOTHING if ms is None else f"{ms:.1f}") for name, ms in found.items()]
    return Table("Import time on top of asyncio", ("", "ms of CPU"), rows)
