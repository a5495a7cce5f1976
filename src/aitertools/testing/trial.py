"""One trial of an operator: over sources of one kind, with one fault at one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .clock import VirtualLoop
from .leaks import Inside
from .puller import Answer, Puller, close
from .specimens import READY, Kind, Pace, Specimen

__all__ = ["Broken", "Case", "SteppingLoop", "Trial", "play", "require", "synchronous"]

MOST = 1000  # answers, and virtual seconds, after which it will not end any more


class Broken(AssertionError):
    """A law is broken."""


def require(condition: object, message: str) -> None:
    """Raise :exc:`Broken` unless *condition* is true."""
    if not condition:
        raise Broken(message)


@dataclass(frozen=True)
class Case:
    """An operator, and what it is tried on."""

    build: Callable[..., Any]
    data: tuple[list[Any], ...]
    expected: Callable[..., Iterable[Any]] | None
    ordered: bool
    prefetch: int
    kinds: tuple[Kind, ...]


class SteppingLoop(VirtualLoop):
    """In virtual time, and it can do something at a certain turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self.was_stuck = False  # so it did it at once
        self.complaints: list[str] = []
        self._fault: tuple[int, Callable[[], object]] | None = None
        self._handle: asyncio.Handle | None = None
        self.set_exception_handler(self._note)

    def in_turns(self, n: int, fault: Callable[[], object]) -> None:
        """Have *fault* called at the end of the n-th turn from now, before what is due then."""
        self._fault = self.turns + n, fault
        if n == 0:
            self._call_fault(fault)

    def forget_fault(self) -> None:
        """Take that back."""
        self._fault = None
        if self._handle is not None:
            self._handle.cancel()

    def _call_fault(self, fault: Callable[[], object]) -> None:
        self._fault = None
        self._handle = self.call_soon(fault)

    def _idle(self) -> Any:
        """Where it were stuck, the fault may bring it on."""
        if self._fault is None or self._scheduled or self._calls:
            return super()._idle()
        self.was_stuck = True
        self._call_fault(self._fault[1])
        return []

    def _note(self, _: object, context: dict[str, Any]) -> None:
        self.complaints.append(f"asyncio: {context['message']}")

    def _run_once(self) -> None:  # of the base class
        self.turns += 1
        if self._fault is not None and self.turns >= self._fault[0]:
            self._call_fault(self._fault[1])
        super()._run_once()  # type: ignore[misc]


class Trial:
    """An operator over fresh sources of one *kind*; made in the loop in which it is tried."""

    def __init__(
        self,
        case: Case,
        kind: Kind,
        pace: Callable[[], Pace] = lambda: READY,
        data: Iterable[Iterable[Any]] | None = None,
    ) -> None:
        self.case = case
        self.loop = asyncio.get_running_loop()
        self.specimens: list[Specimen] = [
            kind(items, pace(), name=f"source {i}")
            for i, items in enumerate(case.data if data is None else data)
        ]
        self.logs = [specimen.log for specimen in self.specimens]
        built = case.build(*(specimen.hand_over() for specimen in self.specimens))
        self.subject: AsyncIterator[Any] = aiter(built)
        self.puller = Puller(self.subject)
        self.broken: list[str] = []  # what was noted

    async def answers(self, n: int = MOST) -> list[Answer]:
        """Return what *n* pulls come to, or those to the end; those cancelled do not count."""
        answers: list[Answer] = []
        while len(answers) < n:
            answer = await self.puller.pull()
            if answer.kind == "end":
                return answers
            if answer.kind != "cancelled":
                answers.append(answer)
        require(n < MOST, f"{MOST} answers and no end")
        return answers

    def note(self, condition: object, message: str) -> None:
        """Require *condition*, but go on first."""
        if not condition:
            self.broken.append(message)

    async def close(self) -> None:
        """Close the operator."""
        await close(self.subject)

    def check_closed(self, when: str) -> None:
        """Require that each source was closed exactly once, awaited, and never misused."""
        for specimen in self.specimens:
            log = specimen.log
            if specimen.kind.closable:
                often = "more than once" if log.closes > 1 else "not"
                require(specimen.is_closed_once, f"{log} was {often} closed {when}")
            require(not log.is_closing, f"the close of {log} was not awaited {when}")
        self.check_use()

    def check_use(self) -> None:
        """Require that no source was asked for an item while busy, or after it was closed."""
        for log in self.logs:
            require(not log.overlapped, f"{log} was asked for an item while it was busy with one")
            require(not log.late, f"{log} was asked for an item after it was closed")


def play(body: Callable[[], Awaitable[None]]) -> list[str]:
    """Run *body* in a loop of its own, and return what it has left behind."""
    leaks: list[str] = []

    async def main() -> None:
        inside = Inside(leaks)
        try:
            await body()
        finally:
            await inside.look(collect=False)

    with asyncio.Runner(loop_factory=SteppingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SteppingLoop)
        loop.limit = MOST
        try:
            runner.run(main())
        finally:
            loop.limit = None
    return leaks + loop.complaints


def synchronous(iterate: Callable[[], Iterable[Any]]) -> list[Answer]:
    """Return the answers of a synchronous original, errors among them."""
    answers: list[Answer] = []
    iterator: Iterator[Any] | None = None
    while len(answers) < MOST:
        try:
            iterator = iter(iterate()) if iterator is None else iterator
            answers.append(Answer("item", next(iterator)))
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            answers.append(Answer("error", error))
            if iterator is None:
                break
    return answers
