"""What a call came to, as it waits for the consumer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["SKIP", "Failed", "failure", "tell"]

SKIP: Any = object()
"""An outcome that is not delivered."""


class Failed:
    """An outcome that is raised."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def failure(error: BaseException) -> BaseException:
    """Return what is raised for an error of a user's function: see PEP 479."""
    if not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    stop = RuntimeError(f"function raised {type(error).__name__}")
    stop.__cause__ = error
    return stop


def tell(on_dropped: Callable[[Any], object], item: Any) -> None:
    """Call the user's function with an item that is not delivered."""
    try:
        on_dropped(item)
    except (StopIteration, StopAsyncIteration) as error:
        raise failure(error) from error
