"""benchmarks/results.md: a section per interpreter; a run replaces its own and keeps the others."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks import environment, peers
from benchmarks.tables import Table

HEAD = """# Results

Written by `make bench`, which replaces the section of the interpreter that it runs on.

All contenders of a case run in one process. A round runs each of them once, in random order; times
are CPU time, medians over the rounds; ratios are medians of the rounds' own ratios, with quartiles
in parentheses. A contender counts only if its result equals that of its synchronous namesake.

Operators read from a `range` (or from lists), and in the tables further down from async generators
over the same; figures are ns per item of the source. They are collected to a list: ours awaited
(`aitertools`) and item by item (`async for`), the peers with `[x async for x in …]`, aiostream
inside `async with xs.stream()`. `sync` is the builtin or itertools namesake. aiostream and anyio
give way to the event loop at every item of a synchronous source; anyio takes async functions only.
A peer that lacks an operator, or means something else by its name, has a dash.

Queues: ns per item that went through. Without a maxsize there is room for all. Between threads and
event loops it is time on the wall, as the CPU time of one thread says nothing there; the ends of
asyncio.Queue and anyio in other threads, and of queue.Queue in tasks, are what their documentation
says to do (`call_soon_threadsafe`, `run_coroutine_threadsafe`, `from_thread`, `to_thread`).

Concurrency and time: ns of CPU per item, so that a wait of itself costs nothing. `gather`,
`TaskGroup` and `as_completed` are asyncio's, with a semaphore where calls are limited; `by hand` is
what gets by without them: a hundred tasks that share an iterator, or a task per source and a queue.
Those are no peers in the ratios. anyio's functions know no limit, and get its `CapacityLimiter`.
What waits gives way to the event loop once per item; a moment is `asyncio.sleep(0.001)`.
"""


def facts(command: str, loop: str, rounds: tuple[int, int]) -> str:
    """What a reader needs to judge and to repeat the run."""
    versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    lines = [
        *environment.description(),
        ("event loop", loop),
        ("versions", versions),
        ("reproduce", f"`{command}`; {rounds[0]} to {rounds[1]} rounds per case"),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in lines)


def section(title: str, facts: str, tables: Sequence[Table]) -> str:
    parts = [f"## {title}", facts, *(table.markdown() for table in tables)]
    return "\n\n".join(parts) + "\n"


def order(title: str) -> tuple[list[int], str]:
    """3.9 before 3.11 before 3.13 before 3.13t."""
    return [int(number) for number in re.findall(r"\d+", title)], title


def merged(old: str, new: str, head: str) -> str:
    """*old* with the section of *new*'s title replaced, or with *new* where it belongs."""
    pieces = re.split(r"^(?=## )", old, flags=re.MULTILINE)[1:]
    sections = {piece.splitlines()[0]: piece.rstrip() + "\n" for piece in [*pieces, new]}
    return "\n".join([head, *(sections[title] for title in sorted(sections, key=order))])


def write(path: Path, new: str, head: str = HEAD) -> None:
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(merged(old, new, head), encoding="utf-8")
