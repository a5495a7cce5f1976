"""What the workers of executors call in tests: they read nothing of the tests but this."""

from __future__ import annotations

import contextvars
import dataclasses
import os
import threading
from typing import Any


def square(n: int) -> int:
    return n * n


def even(n: int) -> bool:
    return n % 2 == 0


def ratio(n: int) -> float:
    return 12 / n


def die_of(bad: int, n: int) -> int:
    if n == bad:
        os._exit(3)
    return n


def die_at_once(_: int) -> None:
    os._exit(3)


def lock_of(n: int) -> Any:
    return threading.Lock() if n == 1 else n


class Stubborn:
    """It can be pickled, but not be read."""

    def __reduce__(self) -> Any:
        return refuse, ("not here",)


def refuse(why: str) -> None:
    raise ValueError(why)


def stubborn_of(n: int) -> Any:
    return Stubborn() if n == 1 else n


class Picky(Exception):
    """It has other arguments than it is made with, so it cannot be read when it was pickled."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")


def pick(n: int) -> int:
    if n == 1:
        raise Picky(7, "no")
    return n


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """It lets nobody set its attributes."""


class Changed(Exception):
    """Read, it is no exception any more."""

    def __reduce__(self) -> Any:
        return str, ("changed",)


def frozen(n: int) -> int:
    if n == 1:
        raise Frozen
    return n


def changed(n: int) -> int:
    if n == 1:
        raise Changed("once")
    return n


def stop(n: int) -> int:
    if n == 1:
        raise StopIteration(n)
    return n


PLACE: contextvars.ContextVar[Any] = contextvars.ContextVar("PLACE", default="nowhere")


def place(item: Any) -> Any:
    """Say where it is, and go elsewhere."""
    before = PLACE.get()
    PLACE.set(item)
    return before
