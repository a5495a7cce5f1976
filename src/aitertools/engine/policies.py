"""What becomes of an item whose function failed: ``on_error=`` of the concurrent operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _core
from ..results import Err
from .outcomes import SKIP, Failed

__all__ = ["Policy", "policy"]


class Policy:
    """``raise``: the error comes in the place of the item."""

    __slots__ = ()
    raises = True

    async def outcome(self, error: Exception, item: Any) -> Any:
        """Return the outcome of *item*, whose function raised *error*."""
        return Failed(error)

    def finish(self) -> None:
        """Raise, once, what has to be raised at the end."""

    def forget(self) -> None:
        """Let go of what was kept for that, as nobody will ask: it leads to the workers."""


class _Skip(Policy):
    """``skip``: the item is left out."""

    __slots__ = ()
    raises = False

    async def outcome(self, error: Exception, item: Any) -> Any:
        return SKIP


class _Collect(Policy):
    """``collect``: the others go on, and all errors come at the end, as one group."""

    __slots__ = ("_errors", "_name")
    raises = False

    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: list[Exception] = []

    async def outcome(self, error: Exception, item: Any) -> Any:
        self._errors.append(error)
        return SKIP

    def finish(self) -> None:
        errors, self._errors = self._errors, []
        if errors:
            n = len(errors)
            raise ExceptionGroup(f"{self._name}(): {n} item{'s' * (n > 1)} failed", errors)

    def forget(self) -> None:
        self._errors.clear()


class _Results(Policy):
    """``result``: an Err is delivered, as an Ok is for what did not fail."""

    __slots__ = ()
    raises = False

    async def outcome(self, error: Exception, item: Any) -> Any:
        return Err(error, item)


class _Handler(Policy):
    """A function: it is called with the error and the item, which is left out."""

    __slots__ = ("_handler",)
    raises = False

    def __init__(self, handler: Callable[[Exception, Any], Any]) -> None:
        self._handler = handler

    async def outcome(self, error: Exception, item: Any) -> Any:
        try:
            done = self._handler(error, item)
            if _core.is_awaitable(done):
                await done
        except Exception as later:
            _core.chain_errors(later, error)
            raise
        return SKIP


def policy(on_error: Any, name: str, *, results: bool) -> Policy:
    """Return what *on_error*, an argument of the operator *name*, says; it may have *results*."""
    if on_error == "raise":
        return Policy()
    if on_error == "skip":
        return _Skip()
    if on_error == "collect":
        return _Collect(name)
    if on_error == "result" and results:
        return _Results()
    if callable(on_error):
        return _Handler(on_error)
    words = "'raise', 'skip', 'collect'" + ", 'result'" * results
    raise ValueError(f"{name}(): on_error must be {words} or a function, not {on_error!r}")
