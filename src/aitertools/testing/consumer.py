"""The consumer of a stream under test: it notes what comes when, cancels and closes on time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from .diagram import Event, Kind
from .names import Names

__all__ = ["Consumer"]

MOST = 1000  # answers in one tick: it would go on like that for ever


class Consumer:
    """Pulls *stream* and notes what comes, in ticks since it was made."""

    def __init__(self, stream: AsyncIterator[Any], names: Names, tick: float) -> None:
        self.stream = stream
        self.names = names
        self.tick = tick
        self.begun = asyncio.get_running_loop().time()
        self.events: list[Event] = []
        self.errors: list[BaseException] = []  # that came out of it
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._others = task.cancelling()  # cancellations that others asked for before
        self._pulling = False
        self._cancelling = False  # the pull, not the task
        self._leaving = False
        self._closers: list[asyncio.Task[None]] = []

    async def consume(self, acts: Iterable[Event], until: int | None) -> list[Event]:
        """Pull to the end, or before the tick *until*; what happened, *acts* among it."""
        loop = asyncio.get_running_loop()
        timers = [] if until is None else [loop.call_at(self._time(until), self._leave, until)]
        for act in acts:
            if act.at == 0:  # before the first pull
                self._act(act)
            elif until is None or act.at < until:
                timers.append(loop.call_at(self._time(act.at), self._act, act))
        try:
            await asyncio.gather(*self._closers)
            while not self._leaving and await self._pull():
                self._check_endless()
            await asyncio.gather(*self._closers)
        finally:
            for timer in timers:
                timer.cancel()
            await close(self.stream)
        return self.events

    def _time(self, at: int) -> float:
        return self.begun + at * self.tick

    async def _pull(self) -> bool:
        """Pull once, and note what came; whether there can be more."""
        self._pulling = True
        try:
            item = await anext(self.stream)
        except StopAsyncIteration:
            self._note("end", "|")
            return False
        except asyncio.CancelledError:
            if not self._cancelling or self._task.cancelling() > self._others + 1:
                raise  # somebody else meant the task
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted
            self.errors.append(error)
            self._note("error", self.names.of_error(error))
        else:
            self._note("item", self.names.of_item(item))
        finally:
            self._pulling = False
            self._calm()
        return True

    def _calm(self) -> None:
        """Take back the cancellation of a pull that is over, however it ended."""
        if self._cancelling:
            self._cancelling = False
            self._task.uncancel()

    def _cancel(self) -> None:
        if self._pulling and not self._cancelling:
            self._cancelling = True
            self._task.cancel()

    def _act(self, act: Event) -> None:
        self.events.append(act)
        if act.kind == "cancel":
            self._cancel()
        else:
            self._closers.append(asyncio.ensure_future(close(self.stream)))

    def _leave(self, at: int) -> None:
        self._leaving = True
        self.events.append(Event(at, "open", "..."))
        self._cancel()

    def _note(self, kind: Kind, name: str) -> None:
        if self._leaving:
            return
        ticks = (asyncio.get_running_loop().time() - self.begun) / self.tick
        if abs(ticks - round(ticks)) > 1e-6:
            raise ValueError(
                f"{name} came between two ticks of {self.tick:g} s, after {ticks * self.tick:g} s"
            )
        self.events.append(Event(round(ticks), kind, name))

    def _check_endless(self) -> None:
        if len(self.events) > MOST and self.events[-MOST].at == self.events[-1].at:
            raise ValueError(f"more than {MOST} items in one tick")


async def close(stream: object) -> None:
    """Close *stream* if it can be closed."""
    aclose = getattr(stream, "aclose", None)
    if aclose is not None:
        await aclose()
