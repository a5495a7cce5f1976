"""Argument checks, in CPython's voice: what is wrong is said where a stream is made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from inspect import iscoroutinefunction
from operator import index
from typing import Any

from .. import runtime

__all__ = [
    "check_callable",
    "check_count",
    "check_distinct",
    "check_executor",
    "check_plain",
    "check_seconds",
]


def check_count(n: Any, name: str, what: str, *, least: int = 1) -> int:
    """Return *n*, an int that is at least *least*, zero or one."""
    try:
        n = index(n)
    except TypeError:
        kind = type(n).__name__
        raise TypeError(f"{name}(): {what} must be an integer, not {kind}") from None
    if n < least:
        least_said = "be at least one" if least else "not be negative"
        raise ValueError(f"{name}(): {what} must {least_said}")
    return int(n)


def check_seconds(seconds: Any, name: str, what: str, *, zero: bool = False) -> float:
    """Return a duration in seconds, from a number or a timedelta; with *zero* it may be that."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        kind = type(seconds).__name__
        raise TypeError(f"{name}(): {what} must be a number of seconds, not {kind}")
    if math.isnan(seconds):
        raise ValueError(f"{name}(): {what} must not be nan")
    if seconds < 0 or (seconds == 0 and not zero):
        raise ValueError(f"{name}(): {what} must {'not be negative' if zero else 'be positive'}")
    return float(seconds)


def check_callable(fn: Any, name: str) -> None:
    """See that *fn* can be called."""
    if not callable(fn):
        raise TypeError(f"{name}(): {type(fn).__name__!r} object is not callable")


def check_plain(fn: Any, name: str) -> None:
    """See that *fn* is not ``async def``: who calls it does not await."""
    if iscoroutinefunction(fn) or iscoroutinefunction(type(fn).__call__):
        raise TypeError(f"{name}(): a coroutine function cannot be called by an executor")


def check_executor(executor: Any, name: str) -> None:
    """See that it is an executor."""
    if not runtime.is_executor(executor):
        kind = type(executor).__name__
        raise TypeError(f"{name}(): executor must be a concurrent.futures.Executor, not {kind}")


def check_distinct(sources: Iterable[object], name: str) -> None:
    """See that nothing is there twice: it would have to give two items at once."""
    seen: set[int] = set()
    for source in map(id, sources):
        if source in seen:
            raise ValueError(f"{name}(): the same stream twice")
        seen.add(source)
