"""`python -m benchmarks`: measure, print the tables, write results.md and results.svg."""

import argparse
import asyncio
import fnmatch
import sys
from pathlib import Path

from benchmarks import budgets, chart, environment, flat, memory, report, startup, tables
from benchmarks.cases import CASES
from benchmarks.tables import Table
from benchmarks.timing import OURS, Case, Effort, Result, measure

MEMORY, FLAT, IMPORT = "memory/idle", "memory/flat", "startup/import"
OTHERS = (MEMORY, FLAT, IMPORT)


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
    add("--seconds", type=float, help="for all timed cases together (default 180, quick 20)")
    add(
        "--memory-items", type=int, metavar="N", help="items of the memory run (default 10,000,000)"
    )
    add(
        "--write",
        action=argparse.BooleanOptionalAction,
        help="write the results (default: full runs)",
    )
    add("--output", type=Path, default=Path(__file__).parent, help="where results.* are written")
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
    chosen = {name for name in OTHERS if wanted(name, args.only)}
    cases = [case for case in CASES if wanted(case.path, args.only)]
    items = args.memory_items or (1_000_000 if args.quick else 10_000_000)
    progress("imports")
    imports = startup.measure(3 if args.quick else 11) if IMPORT in chosen else {}
    progress(f"{items:,} items in flat memory")
    flatness = flat.measure(items) if FLAT in chosen else None
    footprints = memory.measure() if MEMORY in chosen else []
    timed = asyncio.run(time_cases(cases, args)) if cases else {}
    progress("")
    return budgets.Measured(timed, footprints, flatness, imports)


async def time_cases(cases: list[Case], args: argparse.Namespace) -> dict[str, Result]:
    quick = Effort(args.seconds or 20, scale=0.25, least_rounds=3)
    full = Effort(args.seconds or 180)
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


def failures(found: budgets.Measured) -> list[str]:
    """Cases in which ours failed or gave another result than the yardstick."""
    return [
        f"{path}: {name}: {text}"
        for path, result in found.timed.items()
        for name, text in result.notes.items()
        if name.startswith(OURS) or name == result.case.yardstick
    ]


def command(args: argparse.Namespace) -> str:
    """What to type to repeat this run."""
    quick = " --quick" if args.quick else ""
    seconds = f" --seconds {args.seconds:g}" if args.seconds else ""
    items = f" --memory-items {args.memory_items}" if args.memory_items else ""
    only = f" --only '{args.only}'" if args.only else ""
    return f"python -m benchmarks{quick}{only}{seconds}{items}"


def main() -> int:
    args = arguments()
    if args.list:
        print("\n".join([*(case.path for case in CASES), *OTHERS]))
        return 0

    found = run(args)
    rounds = [result.rounds for result in found.timed.values()] or [0]
    facts = report.facts(command(args), (min(rounds), max(rounds)))
    made = all_tables(found)
    print("\n\n\n".join([facts, *(table.text() for table in made)]))
    full = not args.quick and args.only is None
    if full if args.write is None else args.write:
        report.write(args.output / "results.md", report.section(facts, made))
        subtitle = f"{environment.interpreter()}, {environment.cpu()}"
        chart.write(args.output / "results.svg", found.timed, subtitle)

    failed = failures(found)
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)

    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
