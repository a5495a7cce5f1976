"""Intakes of an operator that reads several sources at once: their turns, and their end.

There are no tasks here: an intake has one of its own if its source has to be waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import _core, runtime
from .operator import Operator

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Intake", "Reader", "Turns", "close_all"]

Intake: TypeAlias = _core.Intake

FEW = 16  # so many intakes that have ended are kept without looking whether their tasks have


class Reader(Operator):
    """An operator over intakes. Those that have ended are kept until their tasks have as well."""

    __slots__ = ("_home", "_many", "_open", "_over")

    def __init__(self) -> None:
        super().__init__()
        self._home: object = None  # the event loop in which somebody waited
        self._open: dict[Intake, Any] = {}  # and what the operator knows of it
        self._over: list[Intake] = []
        self._many = FEW

    polite = False
    """Whether an item is delivered for each that is taken: the loop has its turns between them."""

    def open(self, source: Stream[Any], arrived: Callable[[], object], known: Any = None) -> Intake:
        """Return an intake of *source*."""
        intake = Intake(source, arrived, self.polite)
        self._open[intake] = known
        return intake

    def wait(self) -> Awaitable[object]:
        home = runtime.running_loop()
        if home is not self._home:  # in the same one, what came to be under way is there
            for group in self.groups():
                for intake in group:
                    intake.check()
            self._home = home
        return super().wait()

    def leave(self, intake: Intake) -> None:
        """Read it no more: it has ended, or somebody closes it."""
        if self._open.pop(intake, self) is self:
            return
        if len(self._over) >= self._many:
            self._over = [intake for intake in self._over if intake.at_work]
            self._many = max(FEW, 2 * len(self._over))
        self._over.append(intake)

    async def close(self, intakes: Iterable[Intake]) -> None:
        """Close some of the sources, and return when their tasks are over."""
        intakes = list(intakes)
        for intake in intakes:
            self.leave(intake)
        await close_all(intakes)

    async def aclose(self) -> None:
        """Close the sources, all of them at the same time."""
        await close_all(*self.groups())
        self.forget()

    def groups(self) -> tuple[list[Intake], ...]:
        """Return what to close, one group after the other."""
        return ([*self._over, *self._open],)

    def dismiss(self) -> None:
        for group in self.groups():
            for intake in group:
                intake.dismiss()
        self.forget()

    def forget(self) -> None:
        """Let go of the sources."""
        self._open.clear()
        self._over.clear()


class Turns(Reader):
    """A reader that asks its sources in turn: one line for those not asked yet and those with news.

    A source that has to be waited for leaves the line, and is at the end of it again when there is
    something to be had. So each has its turn before another has two, and an item costs the same
    for any number of sources.
    """

    __slots__ = ("_line",)

    polite = True

    def __init__(self) -> None:
        super().__init__()
        self._line: deque[Intake] = deque()

    def begin(self, source: Stream[Any], known: Any = None) -> Intake:
        """Read *source*, too: it gets in line."""

        def arrived() -> None:
            self._line.append(intake)
            self.wake()

        intake = self.open(source, arrived, known)
        self._line.append(intake)
        return intake

    async def close(self, intakes: Iterable[Intake]) -> None:
        """Close some of the sources, which are not asked any more."""
        intakes = list(intakes)
        for intake in intakes:
            with suppress(ValueError):
                self._line.remove(intake)
        await super().close(intakes)

    def forget(self) -> None:
        """Let go of the sources."""
        self._line.clear()
        super().forget()


async def close_all(*groups: Iterable[Intake]) -> None:
    """Close the sources: a group at a time, one group after the other.

    The first error is raised, the others follow from it; a cancellation that comes meanwhile, when
    all are closed.
    """
    first: BaseException | None = None
    try:
        for group in map(list, groups):
            for intake in group:
                intake.dismiss()
            for intake in group:
                try:
                    await intake.aclose()
                except GeneratorExit:  # there is no awaiting any more
                    raise
                except BaseException as error:
                    first = _graver(first, error)
        if first is not None:
            raise first
    finally:
        del first  # it leads to this frame


def _graver(first: BaseException | None, later: BaseException) -> BaseException:
    """Return the one to raise; a cancellation is not hidden behind an ordinary error."""
    if first is None:
        return later
    if runtime.is_cancelled(later) and isinstance(first, Exception):
        first, later = later, first
    _core.chain_errors(first, later)
    return first
