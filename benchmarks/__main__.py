"""`python -m benchmarks`: measure, print the tables, write results.md and results.svg."""

import argparse
import asyncio
import fnmatch
import importlib
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import budgets, chart, curve, environment, flat, memory, report, startup, tables
from benchmarks.cases import CASES, ON_LOOP
from benchmarks.tables import Table
from benchmarks.timing import OURS, Case, Effort, Result, measure

T = TypeVar("T")

MEMORY, FLAT, IMPORT = "memory/idle", "memory/flat", "startup/import"
OTHERS = (MEMORY, FLAT, IMPORT)
LOOPS = ("asyncio", "uvloop")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help="a rough answer in about half a minute; writes nothing",
    )
    add(
        "--only",
        metavar="PATTERN",
        help="cases whose name has PATTERN in it (or matches it, with *)",
    )
    add("--seconds", type=float, help="for all timed cases together (default 240, quick 20)")
    add(
        "--memory-items",
        type=int,
        metavar="N",
        help="items of the memory run (default 100,000,000)",
    )
    add(
        "--write",
        action=argparse.BooleanOptionalAction,
        help="write the results (default: full runs)",
    )
    add("--output", type=Path, default=Path(__file__).parent, help="where results.* are written")
    add(
        "--loop",
        choices=LOOPS,
        default="asyncio",
        help="the event loop; with uvloop only what goes through it is measured",
    )
    add("--curve", action="store_true", help="cost per item by how many and how many in flight")
    add("--list", action="store_true", help="name the cases and leave")
    return parser.parse_args()


def wanted(name: str, pattern: str | None) -> bool:
    if pattern is None:
        return True

    return fnmatch.fnmatch(name, pattern) or pattern in name


def progress(line: str) -> None:
    """A line that the next one overwrites, for those who watch."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> budgets.Measured:
    """Measure what was asked for. Import time and memory go first, while this process is small."""
    usual = args.loop == "asyncio"
    chosen = {name for name in OTHERS if usual and wanted(name, args.only)}
    cases = [case for case in (CASES if usual else ON_LOOP) if wanted(case.path, args.only)]
    items = args.memory_items or (1_000_000 if args.quick else 100_000_000)
    progress("imports")
    imports = startup.measure(3 if args.quick else 11) if IMPORT in chosen else {}
    progress(f"{items:,} items in flat memory")
    flatness = flat.measure(items) if FLAT in chosen else None
    footprints = memory.measure() if MEMORY in chosen else []
    timed = in_loop(args.loop, time_cases(cases, args)) if cases else {}
    progress("")
    return budgets.Measured(timed, footprints, flatness, imports)


def in_loop(loop: str, work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in an event loop of that name."""
    factory = importlib.import_module(loop).new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


async def time_cases(cases: list[Case], args: argparse.Namespace) -> dict[str, Result]:
    quick = Effort(args.seconds or 20, scale=0.25, least_rounds=3)
    full = Effort(args.seconds or 240)
    return await measure(cases, quick if args.quick else full, progress)


def all_tables(found: budgets.Measured) -> list[Table]:
    """The budgets, then what they rest on."""
    made = [*budgets.made(found), *tables.timed(found.timed)]
    if found.footprints:
        made.append(tables.footprints(found.footprints))

    if found.flat:
        made.append(tables.flatness(found.flat))

    if found.imports:
        made.append(tables.imports(found.imports))

    return made


def failures(timed: dict[str, Result]) -> list[str]:
    """Cases in which ours failed or gave another result than the yardstick."""
    return [
        f"{path}: {name}: {text}"
        for path, result in timed.items()
        for name, text in result.notes.items()
        if name.startswith(OURS) or name == result.case.yardstick
    ]


def command(args: argparse.Namespace) -> str:
    """What to type to repeat this run."""
    quick = " --quick" if args.quick else ""
    seconds = f" --seconds {args.seconds:g}" if args.seconds else ""
    items = f" --memory-items {args.memory_items}" if args.memory_items else ""
    only = f" --only '{args.only}'" if args.only else ""
    loop = "" if args.loop == "asyncio" else f" --loop {args.loop}"
    curve = " --curve" if args.curve else ""
    return f"python -m benchmarks{quick}{curve}{only}{loop}{seconds}{items}"


def title(args: argparse.Namespace) -> str:
    """Name the section of the results: the interpreter, and an event loop that is not the usual."""
    usual = args.loop == "asyncio"
    return environment.interpreter() if usual else f"{environment.interpreter()}, {args.loop}"


def main_curve(args: argparse.Namespace) -> int:
    """Measure, print and write the curve."""
    results = in_loop(args.loop, curve.measured(args.seconds or 60, progress))
    progress("")
    rounds = [result.rounds for result in results.values()]
    facts = report.facts(command(args), args.loop, (min(rounds), max(rounds)))
    made = curve.tables(results)
    print("\n\n\n".join([facts, *(table.text() for table in made)]))
    if args.write is not False:
        report.write(args.output / "curve.md", report.section(title(args), facts, made), curve.HEAD)
        chart.write_lines(args.output / "curve.svg", curve.panels(results), subtitle(args))

    return complain(results)


def subtitle(args: argparse.Namespace) -> str:
    return f"{title(args)}, {environment.cpu()}"


def complain(timed: dict[str, Result]) -> int:
    """Say what failed; the exit code."""
    failed = failures(timed)
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)

    return 1 if failed else 0


def main() -> int:
    args = arguments()
    if args.list:
        print("\n".join([*(case.path for case in CASES), *OTHERS]))
        return 0

    if args.curve:
        return main_curve(args)

    found = run(args)
    rounds = [result.rounds for result in found.timed.values()] or [0]
    facts = report.facts(command(args), args.loop, (min(rounds), max(rounds)))
    made = all_tables(found)
    print("\n\n\n".join([facts, *(table.text() for table in made)]))
    full = not args.quick and args.only is None
    if full if args.write is None else args.write:
        report.write(args.output / "results.md", report.section(title(args), facts, made))
        chart.write(args.output / "results.svg", found.timed, subtitle(args))

    return complain(found.timed)


if __name__ == "__main__":
    raise SystemExit(main())
