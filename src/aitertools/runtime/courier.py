"""Couriers: a task for each shared source that has to be awaited."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from asyncio import current_task
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeGuard

from .. import _core
from .endings import cancel, error_of, over
from .loop import running_loop, silence
from .nursery import find_nursery
from .trio_courier import TrioCourier

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["courier", "swap_task"]

# (loop, task): make it the running task and return who was; up to 3.11 a dict, loops to tasks.
swap_task: Any = (
    getattr(asyncio.tasks, "_swap_current_task", None) or vars(asyncio.tasks)["_current_tasks"]
)


# A loop does not keep its tasks. One that waits would be collected with those it works for, if they
# are in a cycle, and could not close the source any more.
_at_work: set[asyncio.Task[None]] = set()


def _rest(task: asyncio.Task[None]) -> None:
    _at_work.discard(task)
    error = getattr(task, "_exception", None)  # asking for it would be taking note of it
    if error is not None and error.__traceback__ is None:
        error_of(task)


class _Begin:
    """Awaited, it waits for the first turn of a task."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class _Thrown:
    """Awaited, it goes on with *pull*, into which *exc* is thrown."""

    def __init__(self, pull: Any, exc: BaseException) -> None:
        self._pull = pull
        self._exc: BaseException | None = exc

    def __await__(self) -> _Thrown:
        return self

    def __iter__(self) -> _Thrown:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        exc, self._exc = self._exc, None
        return self._pull.send(value) if exc is None else self._pull.throw(exc)

    def throw(self, *exc: Any) -> Any:
        return self._pull.throw(*exc)


def _failure(awaited: asyncio.Future[Any]) -> BaseException | None:
    try:
        awaited.result()
    except BaseException as error:  # noqa: BLE001 -- a cancellation as well
        return error
    return None


class _Raised:
    """Awaited, it raises *exc*: what came of a pull, for the task."""

    def __init__(self, exc: BaseException) -> None:
        self._exc = exc

    def __await__(self) -> _Raised:
        return self

    def __iter__(self) -> _Raised:
        return self

    def __next__(self) -> NoReturn:
        raise self._exc


class Courier:
    """The task by which *source* is pulled, whoever asks for it.

    As long as the source is ready, the core pulls it where it is asked for, in the name of the
    task. When it waits for a future, that calls back (:meth:`watch`) and the core goes on: the task
    sleeps, but is still the one that is cancelled, and that closes the source. With any other pull
    that has to wait the task goes on itself (:meth:`adopt`), and delivers what comes of it. It does
    not keep *shared*, which may be dropped at any time.
    """

    __slots__ = (
        *("_awaited", "_back", "_busy", "_call", "_doomed", "_outside", "_over", "_pull"),
        *("_shared", "_source", "_stopped", "_thrown", "_told", "_watched"),
        *("context", "loop", "task"),
    )

    def __init__(self, shared: Any, source: Stream[Any]) -> None:
        self._shared = weakref.ref(shared)
        self._source = source
        self._pull: Any = None  # to be gone on with
        self._thrown: BaseException | None = None  # into it: it was cancelled before
        self._watched: Any = None  # a pull that waits ...
        self._awaited: asyncio.Future[Any] | asyncio.Handle | None = None  # ... for this
        self._call: asyncio.Future[None] | None = None  # the task waits for it
        self._busy = False
        self._over = False
        self._stopped = False
        self._doomed = False  # a pull that is under way is to be cancelled
        self._told = False  # how the task ended
        self._back: object = None  # a task that it waits for, and that ends it
        self.loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        self._outside = self.context.copy()  # where it is called back, as it enters the other one
        work = self._work()
        work.send(None)  # begun, so that it closes the source even if its task is cancelled at once
        self.task = self.loop.create_task(work, context=self.context)
        _at_work.add(self.task)
        self.task.add_done_callback(_rest)

    # ---- for those who ask -------------------------------------------------------------------

    def check(self) -> None:
        """See that the pull that is under way may come to something."""
        if self.loop.is_closed():
            raise RuntimeError("the event loop that pulled the shared source is closed")

    def inside(self) -> bool:
        """Whether it is this task that runs."""
        return running_loop() is self.loop and current_task(self.loop) is self.task

    def adopt(self, pull: Any) -> bool:
        """Go on with *pull*, in the task; False if its loop is closed."""
        self._pull = pull
        return self._tell(self._wake)

    def watch(self, pull: Any, awaited: Any) -> bool:
        """Go on with *pull* when *awaited* is there; False: that is nothing to call back."""
        if self._stopped:
            return False
        if awaited is None:  # a turn of the loop
            self._awaited = self.loop.call_soon(self._go_on, None, context=self._outside)
        elif self._may_watch(awaited):
            awaited._asyncio_future_blocking = False  # noqa: SLF001 -- as a task does
            awaited.add_done_callback(self._go_on, context=self._outside)
            self._awaited = awaited
        else:
            return False
        self._watched = pull
        return True

    def _may_watch(self, awaited: Any) -> TypeGuard[asyncio.Future[Any]]:
        """Whether it is a future as a task would wait for."""
        if not asyncio.isfuture(awaited) or awaited is self.task:
            return False
        return awaited._asyncio_future_blocking and awaited.get_loop() is self.loop  # noqa: SLF001

    async def stop(self) -> None:
        """End the pull, if any, and return when the task has closed the source."""
        if self.inside():  # the source closes what it is read by
            self._over = True
            return
        if not self._is_told_to_end():
            await self._source.aclose()  # as the task never will
            return
        back: set[asyncio.Task[None]] = {self.task} if self._back is current_task() else set()
        cancelled = await over([self.task], back)
        self._told |= not self.task.done()  # what comes of it is nobody's to know
        error = None if self._told else error_of(self.task)
        self._told = True
        if cancelled is not None:
            if error is not None:
                _core.chain_errors(cancelled, error)
            raise cancelled
        if error is not None:
            raise error

    def dismiss(self) -> None:
        """Have the source closed: nobody reads it any more."""
        # Once the task is over the collector may have taken both apart.
        if _at_work and getattr(self, "task", None) in _at_work:  # None: the interpreter ends
            self._is_told_to_end()

    def _is_told_to_end(self) -> bool:
        """Tell the task to end, if it has not; False if its loop is closed."""
        if self.task.done() or self._tell(self._end):
            return True
        _at_work.discard(self.task)
        silence(self.task)  # nobody can help that it is pending still
        return False

    # ---- in its loop -------------------------------------------------------------------------

    def _go_on(self, awaited: asyncio.Future[Any] | None) -> None:
        """Go on with the pull that was watched: what it waited for is there."""
        if self._call is not None and self._call.cancelled():
            return  # the task was cancelled before, and has the first word
        pull, self._watched, self._awaited = self._watched, None, None
        shared = self._shared()
        if shared is None or self._stopped:
            self._pull = pull  # for the task, which ends, or is told to: nobody wants its item
            self._wake()
            return
        try:
            over = shared.go_on(pull, None if awaited is None else _failure(awaited))
        except BaseException as error:  # noqa: BLE001 -- whatever it is, somebody waits
            over = error
        if over is False:
            return
        if over is True:
            self._over = True
        else:
            self._pull = _Raised(over)
        self._wake()

    def _unwatch(self) -> bool:
        """Have what is waited for cancelled, as a task does; False if it cannot be any more."""
        awaited = self._awaited
        if isinstance(awaited, asyncio.Handle):
            awaited.cancel()
        elif awaited is not None:
            if awaited.cancel():
                return True
            awaited.remove_done_callback(self._go_on)
        self._pull, self._watched, self._awaited = self._watched, None, None
        return False

    def _tell(self, callback: Any) -> bool:
        """Call it in the thread of the loop; False if that is closed, and with it all there."""
        if running_loop() is self.loop:
            callback()
            return True
        try:
            self.loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True

    def _wake(self) -> None:
        if self.task.done():
            self._refuse()
        elif self._doomed and (self._busy or self._asked):
            self._doomed = False
            if cancel([self.task]):
                self._back = current_task()
        elif self._call is not None and not self._call.done():
            self._call.set_result(None)

    def _end(self) -> None:
        if not self._stopped:  # a second cancellation would break off what follows the first
            self._over = self._stopped = self._doomed = True
        self._wake()

    async def _work(self) -> None:
        try:
            await self._wait(_Begin())
            while self._asked or not self._over:
                if self._pull is not None:
                    await self._carry()
                    continue
                self._call = self.loop.create_future()
                await self._wait(self._call)
        except GeneratorExit:  # it was dropped with its loop: there is no awaiting any more
            raise
        except BaseException:
            await self._close()
            raise
        else:
            await self._close()

    async def _wait(self, call: Any) -> None:
        """Wait for a pull. When it is there already, a cancellation is meant for that."""
        try:
            await call
        except asyncio.CancelledError as exc:
            if self._watched is not None and self._unwatch():
                return
            if self._pull is None:
                raise
            self._thrown = exc

    @property
    def _asked(self) -> bool:
        """Whether somebody waits for a pull."""
        return self._pull is not None or self._watched is not None

    async def _carry(self) -> None:
        pull: Any = self._pull
        self._pull = None
        thrown, self._thrown = self._thrown, None
        early = isinstance(pull, _Raised)  # no cancellation is in time for it
        going_on: Any = pull if thrown is None or early else _Thrown(pull, thrown)
        self._busy = True
        try:
            item = await going_on
        except StopAsyncIteration:
            self._deliver("end")
        except asyncio.CancelledError as exc:
            if self.task.cancelling():
                self._pull = pull  # refused when the source is closed
                raise
            self._deliver("error", exc)  # the source's own
        except BaseException as exc:
            if self._stopped:
                raise  # what it was cancelled for has failed: that is for who closes it
            self._deliver("error", exc)
            if isinstance(exc, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            pull = going_on = None  # the stream uses it again, and knows how long it had the loop
            self._deliver("item", item)
        finally:
            self._busy = False
        if early and thrown is not None:
            raise thrown

    async def _close(self) -> None:
        """Close the source. Who asked for an item meanwhile is answered after that."""
        shared = self._shared()
        if shared is not None:
            shared.deliver("closing", None)
            del shared
        try:
            await self._source.aclose()
        finally:
            self._refuse()

    def _refuse(self) -> None:
        if self._pull is not None:
            self._pull = None
            what = "the task that pulled the shared source was cancelled"
            self._deliver("error", RuntimeError(what))

    def _deliver(self, outcome: Literal["item", "end", "error"], value: object = None) -> None:
        shared = self._shared()
        if shared is not None and shared.deliver(outcome, value):
            self._over = True  # that was all


def courier(shared: Any, source: Stream[Any]) -> Courier | TrioCourier | None:
    """Return a courier, a task of the running loop; None where there cannot be one.

    That is so outside of asyncio, but for trio inside of an ``async with`` of a stream.
    """
    if running_loop() is not None:
        return Courier(shared, source)
    nursery = find_nursery(source)
    return None if nursery is None else TrioCourier(nursery, shared, source)
