"""The commands and their options, what is said of an error, and the exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import math
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .output import OutputError, let_go, say, to_descriptor
from .running import Job, run
from .target import find

__all__ = ["aitertools"]

HERE, PACKAGE = (f"{folder}{os.sep}" for folder in Path(__file__).parents[:2])
OURS = (PACKAGE, contextlib.__file__, importlib.__file__, "<frozen importlib")


class Seconds(click.FloatRange):
    """At least so many seconds; nan, which click lets through, is not."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number that *value* says."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is not a number.", param, ctx)
        return seconds


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aitertools")
def aitertools() -> None:
    """Async iteration for Python, from the command line."""


@aitertools.command("run")
@click.argument("target", metavar="MODULE:PIPELINE")
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="End after N items.")
@click.option(
    "--max-seconds", type=Seconds(0), metavar="S", help="Stop gracefully after S seconds."
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option(
    "--interval",
    type=Seconds(0.2),
    metavar="S",
    help="Seconds between two reports: 0.25 on a terminal, 5 in a log.",
)
@click.option("--uvloop", is_flag=True, help="Use uvloop's event loop.")
@click.pass_context
def command(
    context: click.Context, /, target: str, pairs: tuple[str, ...], *, uvloop: bool, **options: Any
) -> None:
    """Run a pipeline: a function that returns a stream, with KEY=VALUE as its arguments.

    Its items are written to stdout, each as a line of JSON; how it goes is shown on stderr. If the
    function returns what a reducer does, as in stream(…).for_each(insert), that is the sink: only a
    result is written, if there is one.

    \b
        aitertools run demo:rows path=data.csv --limit 10 | jq .name

    Ctrl-C or SIGTERM stop it gracefully: what is in flight is finished and written. A second one
    aborts. Exit codes: 0 done, 1 the pipeline failed, 2 it cannot be run, 128 + n signal n.
    """  # noqa: D301 -- click's mark for a paragraph that keeps its lines
    try:
        factory = _uvloop() if uvloop else None
        job = Job(target, find(target), pairs, **options)
        # Without stdout it fails with the first line, if there is one, and not before.
        write = to_descriptor(-1 if sys.stdout is None else sys.stdout.fileno())
        code = run(job, write, factory)
    except click.UsageError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- it is told
        code = _told(error)
    context.exit(_flushed(code))


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 -- on demand
    except ModuleNotFoundError:
        raise click.UsageError("--uvloop needs uvloop: pip install uvloop") from None
    return uvloop.new_event_loop


def _told(error: BaseException) -> int:
    """Say what is wrong, and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        return 128 + signal.SIGPIPE
    if isinstance(error, OutputError):
        error = click.ClickException(f"cannot write: {error}")
    if isinstance(error, click.ClickException):
        say(f"Error: {error.format_message()}\n")
        return error.exit_code
    say(_traceback(error))
    return 1


def _nobody_reads() -> bool:
    """Whether stdout is a pipe that is closed: a function has printed to it, maybe."""
    if sys.stdout is None:
        return False
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _flushed(code: int) -> int:
    """Write what was printed, and return the exit code; if that cannot be written, let go of it."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        let_go(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return 128 + signal.SIGPIPE
        return _told(OutputError(error.strerror))
    return code


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error, as far as it is not ours."""
    told = traceback.TracebackException.from_exception(error)
    rest: list[traceback.TracebackException | None] = [told]
    while rest:
        if (one := rest.pop()) is not None:
            one.stack = traceback.StackSummary.from_list(_theirs(one.stack))
            rest += [one.__cause__, one.__context__, *(one.exceptions or ())]
    return "".join(told.format())


def _theirs(stack: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """Return the frames below the last one of the command line, without those on the way."""
    begun = max((n for n, f in enumerate(stack, 1) if f.filename.startswith(HERE)), default=0)
    return [f for f in stack[begun:] if not f.filename.startswith(OURS)]
