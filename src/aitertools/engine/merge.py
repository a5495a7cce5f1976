"""Merge: the items of several sources as they come; flatten: those of sources that are items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .. import _core
from .checks import check_callable, check_count
from .intakes import Intake, Turns
from .operator import END, PENDING, label, make

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Flatten", "Merge", "flattening", "halt_of"]


class Merge(Turns):
    """The items of all sources; *halt_any*: to the end of the first one that ends."""

    __slots__ = ("_halt_any", "closing")

    def __init__(self, sources: Iterable[tuple[Stream[Any], int]], *, halt_any: bool) -> None:
        super().__init__()
        self._halt_any = halt_any
        self.closing = False  # what is added now would not be closed
        for source, known_as in sources:
            self.begin(source, known_as)

    def poll(self) -> Any:
        line = self._line
        while line:
            intake = line.popleft()
            try:
                item = intake.take()
            except BaseException:
                line.append(intake)
                raise
            if item is PENDING:
                continue
            if item is not END:
                line.append(intake)
                return item
            if self._halt_any and intake in self._open:  # not one that remove() has closed
                return END
            self.leave(intake)
        return PENDING if self._open else END

    def sources(self) -> tuple[Stream[Any], ...]:
        """Return what is read now."""
        return tuple(intake.source for intake in self._open)

    def add(self, source: Stream[Any], known_as: int) -> None:
        """Read *source*, too."""
        self.begin(source, known_as)
        self.wake()

    async def aclose(self) -> None:
        """Close the sources, all of them at the same time."""
        self.closing = True
        await super().aclose()

    async def remove(self, known_as: int) -> bool:
        """Close the source that is *known_as* that; whether there was one."""
        found = [intake for intake, known in self._open.items() if known == known_as][:1]
        try:
            await self.close(found)
        finally:
            self.wake()  # it may have been the last
        return bool(found)


class Flatten(Turns):
    """The items of the sources that *outer* has as items, up to *most* of them at a time."""

    __slots__ = ("_asks", "_most", "_name", "_outer", "_outer_over")

    def __init__(self, outer: Stream[Any], most: int, name: str) -> None:
        super().__init__()
        self._outer = Intake(outer, self._outer_arrived)
        self._outer_over = False
        self._asks = True  # the outer one has to be asked
        self._most = most
        self._name = name

    def _outer_arrived(self) -> None:
        self._asks = True
        self.wake()

    def poll(self) -> Any:
        line = self._line
        while True:
            if self._asks and len(self._open) < self._most:
                self._ask_outer()
            elif line:
                intake = line.popleft()
                try:
                    item = intake.take()
                except BaseException:
                    line.append(intake)
                    raise
                if item is END:
                    self.leave(intake)
                elif item is not PENDING:
                    line.append(intake)
                    return item
            else:
                return PENDING if self._open or not self._outer_over else END

    def _ask_outer(self) -> None:
        source = self._outer.take()
        if source is PENDING or source is END:
            self._asks = False
            self._outer_over = source is END
        else:
            self.begin(_core.source_for(source, self._name))

    def groups(self) -> tuple[list[Intake], ...]:
        """Return what to close: the inner sources, then the outer one."""
        return (*super().groups(), [self._outer])


def halt_of(halt: Any) -> bool:
    """Return whether *halt*, the argument, says ``any``."""
    if not isinstance(halt, str) or halt not in {"all", "any"}:
        raise ValueError(f"merge(): halt must be 'all' or 'any', not {halt!r}")
    return bool(halt == "any")


def flattening(source: Any, concurrency: Any, fn: Callable[[Any], Any] | None = None) -> Any:
    """Return a stream of the items of the items, or of what *fn* makes of these."""
    name = "flatten" if fn is None else "flat_map"
    most = check_count(concurrency, name, "concurrency")
    if fn is None:
        return make(Flatten(source, most, name), name, source)
    check_callable(fn, name)
    return make(Flatten(_core.map(source, fn), most, name), label(name, fn), source)
