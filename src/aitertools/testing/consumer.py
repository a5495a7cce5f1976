"""The consumer of a stream under test: it notes what comes when, cancels and closes on time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from .diagram import Event
from .names import Names
from .puller import Answer, Puller, close

__all__ = ["Consumer"]

MOST = 1000  # answers in one tick: it would go on like that for ever


class Consumer:
    """Pulls *stream* and notes what comes, in ticks since it was made."""

    def __init__(self, stream: AsyncIterator[Any], names: Names, tick: float) -> None:
        self.names = names
        self.tick = tick
        self.begun = asyncio.get_running_loop().time()
        self.events: list[Event] = []
        self.errors: list[BaseException] = []  # that came out of it
        self._puller = Puller(stream)
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
            while not self._leaving and self._note(await self._puller.pull()):
                self._check_endless()
            await asyncio.gather(*self._closers)
        finally:
            for timer in timers:
                timer.cancel()
            await close(self._puller.stream)
        return self.events

    def _time(self, at: int) -> float:
        return self.begun + at * self.tick

    def _act(self, act: Event) -> None:
        self.events.append(act)
        if act.kind == "cancel":
            self._puller.cancel()
        else:
            self._closers.append(asyncio.ensure_future(close(self._puller.stream)))

    def _leave(self, at: int) -> None:
        self._leaving = True
        self.events.append(Event(at, "open", "..."))
        self._puller.cancel()

    def _note(self, answer: Answer) -> bool:
        """Note what came; whether there can be more."""
        if answer.kind == "cancelled" or self._leaving:
            return True
        if answer.kind == "error":
            self.errors.append(answer.value)
        name = self._name(answer)
        ticks = (asyncio.get_running_loop().time() - self.begun) / self.tick
        if abs(ticks - round(ticks)) > 1e-6:
            raise ValueError(
                f"{name} came between two ticks of {self.tick:g} s, after {ticks * self.tick:g} s"
            )
        self.events.append(Event(round(ticks), answer.kind, name))
        return answer.kind != "end"

    def _name(self, answer: Answer) -> str:
        if answer.kind == "item":
            return self.names.of_item(answer.value)
        return self.names.of_error(answer.value) if answer.kind == "error" else "|"

    def _check_endless(self) -> None:
        if len(self.events) > MOST and self.events[-MOST].at == self.events[-1].at:
            raise ValueError(f"more than {MOST} items in one tick")
