"""Awaitables that were made beforehand: each is awaited by a worker, as a call would be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import _core
from .calls import Calls, Fn, Keep, Limits
from .checks import check_count
from .operator import make
from .policies import Policy

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["completing", "gathering"]

MISSING: Any = object()


class _Held:
    """Those that nobody awaits yet: what is left of them in the end is closed, or cancelled."""

    __slots__ = ("_held", "_name", "_over")

    def __init__(self, name: str) -> None:
        self._name = name
        self._held: dict[int, Any] = {}
        self._over = False

    def hold(self, awaitable: Any) -> tuple[Any, ...]:
        """Keep *awaitable* until somebody awaits it; returns the arguments of the call for that."""
        self._held[id(awaitable)] = awaitable
        if self._over:  # the source had one more, on its way when the stream was dropped
            self.drop()
        return (awaitable,)

    def begin(self, awaitable: Any) -> Any:
        """Return *awaitable*, for it to be awaited."""
        self._held.pop(id(awaitable), None)
        if not _core.is_awaitable(awaitable):
            kind = type(awaitable).__name__
            raise TypeError(f"{self._name}(): {kind!r} object is not awaitable")
        return awaitable

    def drop(self) -> None:
        """Close the coroutines that are left; tasks and futures are cancelled."""
        self._over = True
        while self._held:
            _, awaitable = self._held.popitem()
            end = getattr(awaitable, "close", None) or getattr(awaitable, "cancel", None)
            if end is not None:
                end()


class _Results(_Held):
    """The same, for which the results are kept in the order of the awaitables."""

    __slots__ = ("results",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.results: list[Any] = []

    def number(self, awaitable: Any) -> tuple[Any, ...]:
        """Keep *awaitable*, and a place for its result."""
        self.results.append(MISSING)
        return (*self.hold(awaitable), len(self.results) - 1)

    async def keep(self, awaitable: Any, i: int) -> None:
        """Await *awaitable*, and keep its result in that place."""
        self.results[i] = await self.begin(awaitable)


class _Awaiting(Calls):
    """Calls that await what is *held*."""

    __slots__ = ("_held",)

    def __init__(self, source: Stream[Any], fn: Fn, limits: Limits, held: _Held) -> None:
        super().__init__(source, fn, limits, Policy(), keyed=False)
        self._held = held

    async def aclose(self) -> None:
        try:
            await super().aclose()
        finally:
            self._held.drop()

    def dismiss(self) -> None:
        super().dismiss()
        self._held.drop()


def completing(name: str, awaitables: Any, limit: Any) -> Any:
    """Return a stream of the results of *awaitables* as they come."""
    held = _Held(name)
    source, limit = _read(name, awaitables, limit, held)
    items = _core.map(source, held.hold)
    limits = Limits(limit, 2 * limit, ordered=False)
    return make(_Awaiting(items, Fn(held.begin, star=True), limits, held), name, source)


def gathering(name: str, awaitables: Any, limit: Any) -> tuple[Any, list[Any]]:
    """Return a stream without items that awaits *awaitables*, and what their results are put in."""
    held = _Results(name)
    source, limit = _read(name, awaitables, limit, held)
    fn = Fn(held.keep, star=True, keep=Keep.NOTHING)
    operator = _Awaiting(_core.map(source, held.number), fn, Limits(limit, 0, ordered=False), held)
    return make(operator, name, source), held.results


def _read(name: str, awaitables: Any, limit: Any, held: _Held) -> tuple[Stream[Any], int]:
    """Return a stream of them, and how many to await at a time: all, if there is no *limit*."""
    if limit is not None:
        limit = check_count(limit, name, "limit")
    plain = _is_plain(awaitables)
    if limit is None and not plain:
        kind = type(awaitables).__name__
        raise TypeError(f"{name}(): without a limit it needs a plain iterable, not {kind!r}")
    if plain and (limit is None or hasattr(awaitables, "__len__")):
        awaitables = _all(awaitables, held)
    return _core.source_for(awaitables, name), limit or max(1, len(awaitables))


def _is_plain(awaitables: Any) -> bool:
    return isinstance(awaitables, Iterable) and not isinstance(awaitables, _core.Op)


def _all(awaitables: Iterable[Any], held: _Held) -> list[Any]:
    """Return a list of them. Those that are there already are held from now on."""
    found: list[Any] = []
    try:
        for awaitable in awaitables:
            held.hold(awaitable)
            found.append(awaitable)
    except BaseException:
        held.drop()
        raise
    return found
