"""What is seen of a pipeline while it runs, on stderr: a table on a terminal, else lines."""

from __future__ import annotations

import asyncio
import collections
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from aitertools import Stream

from .output import OutputError, say
from .stopping import Stopper

__all__ = ["display"]

IN_A_LOG, ON_A_TERMINAL = 5.0, 0.25
"""Seconds between two reports."""

CURSOR = b"\x1b[?25h"
"""Shows it again: the table hides it."""

FAILED: dict[type[BaseException], str] = {
    asyncio.CancelledError: "aborted",
    OutputError: "ended, as nobody reads the output",
}


class Row(NamedTuple):
    """A stage, what it has delivered, and the share of the reports in which all waited for it."""

    name: str
    items: int
    waits: bool
    waited: float


class Report(NamedTuple):
    """How it stands: the stages from the source on, and one line for all."""

    rows: list[Row]
    summary: str


class Observer:
    """Makes the reports; it costs the pipeline nothing but what these few take."""

    def __init__(self, flow: Stream[Any]) -> None:
        self._flow = flow
        self._began = time.monotonic()
        self._reports = 0
        self._waits: collections.Counter[int] = collections.Counter()

    def report(self, state: str, *, last: bool = False) -> Report:
        """Look at the stages now."""
        stages = self._flow.stats()
        self._reports += not last
        self._waits.update(n for n, stage in enumerate(stages) if stage.waits)
        reports = self._reports or 1
        rows = [Row(*stage, self._waits[n] / reports) for n, stage in enumerate(stages)]
        seconds, items = time.monotonic() - self._began, stages[0].items
        rate = f", {items / seconds:,.0f} a second" if seconds >= 0.1 else ""
        return Report(
            rows[::-1], f"{state}: {items:,} item{'s' * (items != 1)} in {seconds:,.1f} s{rate}"
        )


@asynccontextmanager
async def display(
    flow: Stream[Any], stopper: Stopper, *, items: bool, quiet: bool, interval: float | None
) -> AsyncGenerator[None]:
    """Show how it goes as long as the block runs, and how it ended."""
    if quiet or sys.stderr is None:
        yield
        return
    terminal, here = sys.stderr.isatty(), sys.stdout is not None and sys.stdout.isatty()
    observer = Observer(flow)
    if terminal and not (items and here):
        # What functions print is moved above the table, if it goes to the same terminal.
        console = Console(stderr=True)
        if not console.is_dumb_terminal:
            stopper.restore = partial(os.write, sys.stderr.fileno(), CURSOR)
        with Live(console=console, auto_refresh=False, redirect_stdout=here) as live:

            def draw(report: Report) -> None:
                live.update(_table(report), refresh=True)

            async with _shown(observer, stopper, draw, interval or ON_A_TERMINAL):
                yield
    else:
        # Items on the same terminal are the progress: no more than the ending is told.
        pause = None if terminal else interval or IN_A_LOG
        async with _shown(observer, stopper, _line, pause):
            yield


@asynccontextmanager
async def _shown(
    observer: Observer, stopper: Stopper, show: Callable[[Report], None], pause: float | None
) -> AsyncGenerator[None]:
    async def again_and_again() -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopper.changed.wait()
                    stopper.changed.clear()
            show(
                observer.report(f"stopping ({reason})" if (reason := stopper.reason) else "running")
            )

    task = asyncio.create_task(again_and_again())
    state = "done"
    try:
        yield
        state = f"stopped ({stopper.reason})" if stopper.reason else "done"
    except BaseException as error:
        state = FAILED.get(type(error), "failed")
        raise
    finally:
        task.cancel()
        show(observer.report(state, last=True))


def _line(report: Report) -> None:
    """Write a report as one line."""
    stages = [f"{row.name} {row.items:,}{' (waits)' * row.waits}" for row in report.rows]
    say(f"{report.summary}; {' → '.join(stages)}\n")


def _table(report: Report) -> Group:
    """Draw a report, with a mark where everything waits."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for row in report.rows:
        waited = f"waited for {row.waited:.0%}" if row.waited else ""
        mark, style = ("▸ ", "bold") if row.waits else ("  ", "")
        table.add_row(Text(mark + row.name, style), f"{row.items:,}", waited)
    return Group(table, Text(report.summary))
