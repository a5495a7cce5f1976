"""A pump: one task that pulls a stream on demand, so that a timeout does not end the pull."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from .. import _core
from .endings import cancel, over
from .loop import silence

if TYPE_CHECKING:
    from ..stream import Stream


# A loop does not keep its tasks. One that waits would be collected with the stream, if that is in a
# cycle, and could not close it any more.
_at_work: set[asyncio.Task[None]] = set()

CANCELLED = "anext(): the task that pulled the stream was cancelled"


class _Puller:
    """What the task of a pump has; not the pump itself, which may be dropped meanwhile."""

    __slots__ = ("answer", "demand", "over", "stream")

    def __init__(self, stream: Stream[Any]) -> None:
        self.stream = stream
        self.demand = asyncio.Event()
        self.answer: asyncio.Future[Any] | None = None  # of a pull that nobody has fetched yet
        self.over = False  # its task was cancelled by somebody else, and that was told

    async def run(self) -> None:
        """Pull once per demand until cancelled, then close the stream, in the task that pulled."""
        try:
            while await self.demand.wait():
                self.demand.clear()
                await self.pull()
        finally:
            await self.stream.aclose()

    async def pull(self) -> None:
        answer = self.answer
        assert answer is not None
        try:
            item = await anext(self.stream)
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # refused when the stream is closed
            answer.set_exception(exc)
            answer.exception()
        except BaseException as exc:  # noqa: BLE001 -- whatever it is, the consumer gets it
            answer.set_exception(exc)
            answer.exception()  # kept until it is asked for; no complaint if it never is
        else:
            answer.set_result(item)

    def refuse(self, _: object) -> None:
        """Answer who still waits: the task is over, which somebody has cancelled."""
        answer = self.answer
        if answer is not None and not answer.done():
            answer.set_exception(RuntimeError(CANCELLED))
            answer.exception()
            self.over = True


class Pump:
    """Async iterator over a stream that it pulls in a task of its own, one item per demand.

    The task is the same for all items, as a source may hold a cancel scope, and runs in the
    context of the first caller. A cancelled ``__anext__`` leaves the pull running; the next one
    gets its item.
    """

    __slots__ = ("_puller", "_task")

    def __init__(self, stream: Stream[Any]) -> None:
        self._puller = _Puller(stream)
        self._task: asyncio.Task[None] | None = None

    def __aiter__(self) -> Pump:
        return self

    async def __anext__(self) -> Any:
        puller = self._puller
        came = puller.answer is not None and puller.answer.done()  # be its task over by now or not
        if self._task is not None and not came:
            self._check(self._task)
        if puller.answer is None:
            puller.answer = asyncio.get_running_loop().create_future()
            puller.demand.set()

        if self._task is None:
            context = contextvars.copy_context()
            self._task = asyncio.get_running_loop().create_task(puller.run(), context=context)
            _at_work.add(self._task)
            self._task.add_done_callback(_at_work.discard)
            self._task.add_done_callback(puller.refuse)

        answer = puller.answer
        if not answer.done():
            await asyncio.wait([answer])
        puller.answer = None
        return answer.result()

    def _check(self, task: asyncio.Task[None]) -> None:
        """Refuse what cannot be answered: there is one task, of one event loop."""
        if task.done():
            if self._puller.over:
                raise StopAsyncIteration
            self._puller.over = True
            raise RuntimeError(CANCELLED)
        if task.get_loop() is not asyncio.get_running_loop():
            raise RuntimeError("anext(): the stream is pulled by a task of another event loop")

    async def aclose(self) -> None:
        """Cancel the pull, and return when the task has closed the stream."""
        if self._task is None or self._is_left():
            await self._puller.stream.aclose()
        else:
            await _finish(self._task)

    def _is_left(self) -> bool:
        """Whether its task will never end, as its loop is closed."""
        task = self._task
        if task is None or task.done() or not task.get_loop().is_closed():
            return False
        _at_work.discard(task)
        silence(task)
        return True

    def __del__(self) -> None:
        if self._task is None or self._task.done():
            return
        try:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
        except RuntimeError:  # the loop is closed, and with it all that ran there
            _at_work.discard(self._task)
            silence(self._task)


async def _finish(task: asyncio.Task[None]) -> None:
    """Cancel *task* and wait for its end, also when the caller is cancelled meanwhile."""
    cancelled = await over([task], cancel([task]))
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        raise error
    if cancelled is not None:
        raise cancelled


def install_pump(stream: Stream[Any]) -> None:
    """From now on have *stream* pulled by a pump, whoever holds it and however it is consumed."""
    if asyncio._get_running_loop() is None:
        raise RuntimeError("anext(): timeout= needs a running asyncio event loop")
    _core.interpose(stream, Pump)
