"""A pump: one task that pulls a stream on demand, so that a timeout does not end the pull."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from .. import _core

if TYPE_CHECKING:
    from ..stream import Stream


class Pump:
    """Async iterator over a stream that it pulls in a task of its own, one item per demand.

    The task is the same for all items, as a source may hold a cancel scope, and runs in the
    context of the first caller. A cancelled ``__anext__`` leaves the pull running; the next one
    gets its item.
    """

    __slots__ = ("_answer", "_demand", "_stream", "_task")

    def __init__(self, stream: Stream[Any]) -> None:
        self._stream = stream
        self._task: asyncio.Task[None] | None = None
        self._demand = asyncio.Event()
        self._answer: asyncio.Future[Any] | None = None  # of the pull under way or not yet fetched

    def __aiter__(self) -> Pump:
        return self

    async def __anext__(self) -> Any:
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
            self._demand.set()

        if self._task is None:
            context = contextvars.copy_context()
            self._task = asyncio.get_running_loop().create_task(self._pull(), context=context)

        answer = self._answer
        if not answer.done():
            await asyncio.wait([answer])
        self._answer = None
        return answer.result()

    async def aclose(self) -> None:
        """Cancel the pull, and return when the task has closed the stream."""
        if self._task is None:
            await self._stream.aclose()
            return

        await _finish(self._task)
        if self._answer is not None and self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # fetched: nobody will ask for it any more

    async def _pull(self) -> None:
        try:
            while await self._demand.wait():
                self._demand.clear()
                await self._pull_once()
        finally:
            await self._stream.aclose()

    async def _pull_once(self) -> None:
        answer = self._answer
        assert answer is not None
        try:
            item = await anext(self._stream)
        except asyncio.CancelledError:
            answer.cancel()
            raise
        except BaseException as exc:  # noqa: BLE001 -- whatever it is, the consumer gets it
            answer.set_exception(exc)
        else:
            answer.set_result(item)


async def _finish(task: asyncio.Task[None]) -> None:
    """Cancel *task* and wait for its end, also when the caller is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    task.cancel()
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc

    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    if cancelled is not None:
        raise cancelled


def pump(stream: Stream[Any]) -> None:
    """From now on have *stream* pulled by a pump, whoever holds it and however it is consumed."""
    if asyncio._get_running_loop() is None:
        raise RuntimeError("anext(): timeout= needs a running asyncio event loop")
    _core.interpose(stream, Pump)
