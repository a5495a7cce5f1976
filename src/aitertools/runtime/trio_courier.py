"""Couriers under trio: a task in the nursery of the stream makes all pulls itself."""

from __future__ import annotations

import contextvars
import sys
import weakref
from typing import TYPE_CHECKING, Any, Literal

from .lines import handle, let_go

if TYPE_CHECKING:
    from ..stream import Stream
    from .nursery import Nursery

__all__ = ["TrioCourier"]


class TrioCourier:
    """The task by which *source* is pulled, whoever asks for it: see :class:`.courier.Courier`.

    Nobody else can act in the name of a task of trio, so no pull is made on the spot.
    """

    __slots__ = (
        *("_call", "_over", "_pull", "_shared", "_source", "_task", "context", "loop", "task"),
        "__weakref__",
    )

    def __init__(self, nursery: Nursery, shared: Any, source: Stream[Any]) -> None:
        self._shared = weakref.ref(shared)
        self._source = source
        self._pull: Any = None
        self._call: Any = None
        self._over = False
        self.task = self  # what the core asks whether it is done
        self.loop = object()  # none that ever runs: the core makes no pull by itself
        self.context = contextvars.copy_context()
        self._task = nursery.spawn(self._work(), lambda _: None)

    def done(self) -> bool:
        """Whether it pulls no more."""
        return self._over

    def check(self) -> None:
        """See that the pull that is under way may come to something: the task delivers its end."""

    def inside(self) -> bool:
        """Whether it is this task that runs."""
        return self._task.is_running()

    def adopt(self, pull: Any) -> bool:
        """Make *pull*, in the task."""
        self._pull = pull
        if self._call is not None:
            let_go(self._call)
        return True

    async def stop(self) -> None:
        """End the pull, if any, and return when the task has closed the source."""
        self._over = True
        await self._task.end()

    def dismiss(self) -> None:
        """Have the source closed: nobody reads it any more."""
        self._over = True
        # Once the task is over the collector may have taken both apart.
        if (task := getattr(self, "_task", None)) is not None:
            task.dismiss()

    async def _work(self) -> None:
        try:
            while not self._over:
                if self._pull is None:
                    self._call = handle()
                    await self._call
                    self._call = None
                    continue
                await self._carry()
        finally:
            await self._close()

    async def _carry(self) -> None:
        pull: Any = self._pull
        self._pull = None
        try:
            item = await pull
        except StopAsyncIteration:
            self._deliver("end")
        except BaseException as exc:
            if isinstance(exc, (sys.modules["trio"].Cancelled, GeneratorExit)):
                self._pull = pull  # refused when the source is closed
                raise
            self._deliver("error", exc)
        else:
            pull = None  # the stream uses it again, and knows how long it had the loop
            self._deliver("item", item)

    async def _close(self) -> None:
        import trio  # noqa: PLC0415 -- it is imported already

        self._over = True
        self._deliver("closing")
        try:
            with trio.CancelScope(shield=True):
                await self._source.aclose()
        finally:
            if self._pull is not None:
                self._pull = None
                what = "the task that pulled the shared source was cancelled"
                self._deliver("error", RuntimeError(what))

    def _deliver(
        self, outcome: Literal["item", "end", "error", "closing"], value: object = None
    ) -> None:
        shared = self._shared()
        if shared is not None and shared.deliver(outcome, value):
            self._over = True  # that was all
