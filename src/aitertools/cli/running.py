"""Running a pipeline: where its items go, what ends it, and the exit code."""

from __future__ import annotations

import asyncio
import reprlib
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import click

from aitertools import Stream

from .display import display
from .output import OutputError, Writer, to_json
from .stopping import Stopper
from .target import NotThere, Pipeline, called

__all__ = ["Job", "run"]


@dataclass(frozen=True)
class Job:
    """What is to be run, and what the options say of it."""

    target: str
    found: Any
    pairs: Sequence[str] = ()
    limit: int | None = None
    max_seconds: float | None = None
    quiet: bool = False
    interval: float | None = None


def run(
    job: Job,
    write: Callable[[bytes], None],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> int:
    """Run a pipeline to its end and return the exit code; raise what it raised.

    The code is zero, or 128 and the number of the signal that ended it, as a shell has it.
    """
    stopper = Stopper()
    try:
        with (
            stopper.listening(signal.SIGINT, signal.SIGTERM),
            asyncio.Runner(loop_factory=loop_factory) as runner,
        ):
            runner.run(_run(job, write, stopper))
    except (asyncio.CancelledError, KeyboardInterrupt):
        if stopper.signal is None:
            raise
    except OutputError as error:
        if not isinstance(error.__cause__, BrokenPipeError):
            raise
        return 128 + signal.SIGPIPE
    return 0 if stopper.signal is None else 128 + stopper.signal


async def _run(job: Job, write: Callable[[bytes], None], stopper: Stopper) -> None:
    stopper.begin()
    async with AsyncExitStack() as opened:
        pipeline = await called(job.found, job.target, job.pairs, opened)
        flow = _limited(pipeline, job)
        stopper.watch(flow, job.max_seconds)
        items = pipeline.reduction is None
        async with (
            display(flow, stopper, items=items, quiet=job.quiet, interval=job.interval),
            Writer(write, stopper.abort) as writer,
        ):
            if pipeline.reduction is None:
                async with flow:
                    async for item in flow:
                        await writer.put(_line(item))
            elif (result := await pipeline.reduction) is not None:
                await writer.put(_line(result))
    await stopper.stopped()


def _line(item: object) -> bytes:
    try:
        return to_json(item)
    except (TypeError, ValueError, RecursionError) as error:
        raise click.ClickException(f"not JSON: {_shown(item)}: {error}") from None


def _shown(item: object) -> str:
    try:
        return reprlib.repr(item)
    except Exception:  # noqa: BLE001 -- of an int that is too long, for one
        return f"an object of the type {type(item).__name__}"


def _limited(pipeline: Pipeline, job: Job) -> Stream[Any]:
    if job.limit is None:
        return pipeline.stream
    if pipeline.reduction is None:
        return pipeline.stream.take(job.limit)
    pipeline.reduction.close()
    raise NotThere(f"--limit counts items, and {job.target} delivers none: it has its own sink")
