"""Specimens: a source of some kind, with a log of what befell it. The kinds are in sources.py.

``specimen = KIND(items, pace)`` makes one; ``specimen.hand_over()`` gives away the only reference
to it, as a generator that somebody else can reach is driven differently. *items* may fail
(:func:`failing`) and be endless; *pace* says where the source suspends.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from . import steps

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "READY",
    "CloseError",
    "Kind",
    "Log",
    "Pace",
    "SourceError",
    "Specimen",
    "admission",
    "failing",
]

# ---- pace ----------------------------------------------------------------------------------------


class Pace:
    """Where to suspend: awaited for the i-th time, it takes ``turns[i]`` turns, round and round."""

    def __init__(self, *turns: int) -> None:
        self.turns = turns or (0,)
        self.reached = 0  # how many times it was awaited

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.turns}"

    def fresh(self) -> Self:
        """Return another one of the same pattern."""
        return type(self)(*self.turns)

    def __call__(self) -> Awaitable[None]:
        """Return what to await."""
        return self._take_turns()

    async def _take_turns(self) -> None:
        turns = self.turns[self.reached % len(self.turns)]
        self.reached += 1
        for _ in range(turns):
            await steps.Turn()


READY = Pace(0)
"""Never suspends."""


# ---- specimens -----------------------------------------------------------------------------------


class SourceError(Exception):
    """What a source fails with that was made to fail."""


class CloseError(Exception):
    """What a source fails to close with."""


def failing(items: Iterable[Any], error: BaseException | None = None) -> Iterator[Any]:
    """Yield *items*, then fail in place of the end."""
    yield from items
    raise error or SourceError("no more")


class Log:
    """What was done to one source."""

    def __init__(self, name: str, timeline: list[str] | None) -> None:
        self.name = name
        self.timeline = timeline if timeline is not None else []  # of several sources
        self.pulls = 0  # how often an item was asked for
        self.given = 0  # how often one was given
        self.closed_in: list[int] = []  # the id of the task of each close: it holds none
        self.pulled_in: set[object] = set()
        self.overlapped = False  # asked for an item while busy with another
        self.late = False  # asked for an item after it was closed
        self.is_closing = False  # its close has begun and was not awaited to its end
        self.is_inside = False  # busy with an item

    def __repr__(self) -> str:
        return f"<{self.name}: {self.pulls} pulls, {self.given} given, {self.closes} closes>"

    @property
    def closes(self) -> int:
        """How often it was closed."""
        return len(self.closed_in)

    def pull(self) -> None:
        """Note that an item was asked for."""
        self.pulls += 1
        self.pulled_in.add(id(steps.current_task()))
        self.overlapped |= self.is_inside
        self.late |= self.closes > 0
        self.is_inside = True

    def give(self, item: Any) -> Any:
        """Note that *item* is given."""
        self.given += 1
        self.is_inside = False
        return item

    def left(self) -> None:
        """Note that the pull is over, with or without an item."""
        self.is_inside = False

    def close(self) -> None:
        """Note that it was closed."""
        self.closed_in.append(id(steps.current_task()))
        self.timeline.append(self.name)

    @contextmanager
    def closing(self) -> Generator[None]:
        """Note that it was closed, which takes a while: the law wants it awaited."""
        self.close()
        self.is_closing = True
        try:
            yield
        finally:
            self.is_closing = False


class Specimen:
    """One source of some kind, and its log."""

    def __init__(self, kind: Kind, source: Any, log: Log) -> None:
        self.kind, self.log = kind, log
        self._source = source
        self._generator: Callable[[], Any] = NOT_A_GENERATOR
        if hasattr(source, "ag_frame") or hasattr(source, "gi_frame"):
            self._generator = weakref.ref(source)

    def hand_over(self) -> Any:
        """Return the source; only once."""
        source, self._source = self._source, None
        return source

    @property
    def is_closed_once(self) -> bool:
        """Closed exactly once; a generator that was never started can only show that it is over."""
        if self.log.closes:
            return self.log.closes == 1

        generator = self._generator()
        frame = getattr(generator, "ag_frame", None) or getattr(generator, "gi_frame", None)
        return self._generator is not NOT_A_GENERATOR and self.log.pulls == 0 and frame is None


def NOT_A_GENERATOR() -> None:  # noqa: N802
    return None


class Kind:
    """A species: how to make one of it, and what can be expected from it."""

    def __init__(
        self,
        make: Callable[[Iterator[Any], Log, Pace], Any],
        *,
        closable: bool,
        suspends: bool,
        survives: bool,
        slow: bool = False,
        finite: bool = False,
    ) -> None:
        self.name = make.__name__
        self.make = make
        self.closable = closable  # its log tells whether it was closed
        self.suspends = suspends  # has await points
        self.survives = survives  # goes on after an exception was thrown into an await point
        self.slow = slow  # suspends while it closes
        self.finite = finite  # can neither fail nor go on for ever: it is filled beforehand

    def __repr__(self) -> str:
        return self.name

    def __call__(
        self,
        items: Iterable[Any],
        pace: Pace = READY,
        *,
        name: str | None = None,
        timeline: list[str] | None = None,
    ) -> Specimen:
        """Make one with these *items*."""
        log = Log(name or self.name, timeline)
        return Specimen(self, self.make(iter(items), log, pace), log)


def admission(kinds: list[Kind]) -> Callable[..., Callable[[Callable[..., Any]], Kind]]:
    """Return a decorator, called with traits, that makes a kind and adds it to *kinds*."""

    def kind(**traits: bool) -> Callable[[Callable[..., Any]], Kind]:
        def admit(make: Callable[..., Any]) -> Kind:
            kinds.append(Kind(make, **traits))
            return kinds[-1]

        return admit

    return kind
