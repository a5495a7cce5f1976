"""What every operator of the engine has: how the core asks it for items, and its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .. import _core, runtime

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["END", "PENDING", "Operator", "label", "make"]

PENDING, END = _core.PENDING, _core.END


class Operator:
    """An operator that the core polls, in one event loop.

    A subclass has :meth:`poll`, calls :meth:`wake` when that may have another answer than PENDING,
    and says in :meth:`aclose` what it closes.
    """

    __slots__ = ("_handle",)

    poll: Callable[[], Any]
    """Return the next item, PENDING, or END, or raise the error that comes next."""

    def __init__(self) -> None:
        self._handle: Any = None  # the consumer waits for it

    def wait(self) -> Awaitable[object]:
        """Return what to await until :meth:`wake`. Who is cancelled there has lost nothing."""
        handle: Awaitable[object] = runtime.handle()
        self._handle = handle
        return handle

    def wake(self) -> None:
        """Have the consumer, if it waits, poll again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            runtime.let_go(handle)

    async def aclose(self) -> None:
        """End all that is in flight, and close what it reads. Called once."""
        raise NotImplementedError

    def dismiss(self) -> None:
        """End what is in flight: the stream was dropped. From whatever thread."""


class _Guard:
    """Held by the stream alone, so that its end tells that the stream was dropped."""

    __slots__ = ("_operator",)

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def __del__(self) -> None:
        self._operator.dismiss()


def make(
    operator: Operator,
    label: str,
    *sources: Stream[Any],
    cls: type[Any] | None = None,
    many: bool = False,
) -> Any:
    """Return the stream over *operator*, which reads *sources*; *label* is for the repr.

    With *many* its poll() returns a list where others return an item, and its error is its end.
    """
    return _core.engine(cls, operator, _Guard(operator), label, sources, many)


def label(name: str, fn: object) -> str:
    """Return what a repr calls an operator with that function: ``map(parse)``."""
    return f"{name}({getattr(fn, '__name__', type(fn).__name__)})"
