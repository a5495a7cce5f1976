"""Running a pipeline: where its items go, when it ends, and how."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aitertools import Stream

from .display import Display, snapshots
from .output import Writer, to_json
from .stopping import Stopper
from .target import NotThere, Pipeline, called

__all__ = ["Code", "Wishes", "run"]


class Code(enum.IntEnum):
    """The exit codes; a signal gives 128 and its number, as in a shell."""

    DONE = 0
    FAILED = 1
    NOT_THERE = 2
    BROKEN_PIPE = 128 + signal.SIGPIPE


@dataclass(frozen=True)
class Wishes:
    """What the options say."""

    target: str
    arguments: Sequence[str]
    limit: int | None
    max_seconds: float | None


async def run(
    found: Any, wishes: Wishes, display: Display, write: Callable[[bytes], None]
) -> tuple[int, Exception | None]:
    """Run what was found to its end; return the exit code, and the error of the pipeline."""
    stopper = Stopper()
    writer = Writer(write)
    code, error = Code.DONE, None
    with stopper.listening(signal.SIGINT, signal.SIGTERM):
        try:
            await _run(found, wishes, display, writer, stopper)
        except NotThere:
            raise
        except asyncio.CancelledError:
            if stopper.signal is None:
                raise
        except BrokenPipeError as broken:
            code, error = (Code.BROKEN_PIPE, None) if writer.failed else (Code.FAILED, broken)
        except Exception as raised:  # noqa: BLE001 -- it is told
            code, error = Code.FAILED, raised
    if stopper.signal is not None and error is None:
        return 128 + stopper.signal, None
    return code, error


async def _run(
    found: Any, wishes: Wishes, display: Display, writer: Writer, stopper: Stopper
) -> None:
    pipeline = await called(found, wishes.target, wishes.arguments)
    if pipeline.reduction is not None and wishes.limit is not None:
        await pipeline.stream.aclose()
        raise NotThere(f"--limit counts items, and {wishes.target} delivers none: it has its sink")
    flow = pipeline.stream if wishes.limit is None else pipeline.stream.take(wishes.limit)
    stopper.watch(flow)
    timer = None
    if wishes.max_seconds is not None:
        timer = asyncio.get_running_loop().call_later(wishes.max_seconds, stopper.stop)
    try:
        async with _shown(flow, display, stopper):
            await _written(flow, pipeline, writer)
    finally:
        if timer is not None:
            timer.cancel()


async def _written(flow: Stream[Any], pipeline: Pipeline, writer: Writer) -> None:
    """Have all items written, or the result; also those that came before an error."""
    try:
        if pipeline.reduction is None:
            async with flow:
                async for item in flow:
                    await writer.put(to_json(item))
        elif (result := await pipeline.reduction) is not None:
            await writer.put(to_json(result))
    except asyncio.CancelledError:
        raise  # aborted: whoever reads need not hold it up
    except Exception:
        with contextlib.suppress(OSError):
            await writer.aclose()
        raise
    await writer.aclose()


@contextlib.asynccontextmanager
async def _shown(flow: Stream[Any], display: Display, stopper: Stopper) -> AsyncIterator[None]:
    """Show how it goes meanwhile."""
    task = asyncio.create_task(snapshots(flow, display, lambda: stopper.state))
    try:
        yield
    finally:
        ...
