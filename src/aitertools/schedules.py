"""Schedules: how often something is tried, and how long to wait in between; values, no more."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TypedDict

from .engine.checks import check_count, check_seconds

__all__ = ["Schedule", "exponential", "fixed"]

Seconds = float | timedelta


@dataclass(frozen=True, slots=True, repr=False)
class Schedule:
    """How often something is tried, and how long to wait in between; immutable.

    :func:`exponential` and :func:`fixed` make one. Schedules are equal when all they say is, their
    repr is what makes them, and they can be used any number of times, also at the same time.

    >>> exponential(1, cap=10, jitter=0, attempts=6)
    exponential(1.0, cap=10.0, jitter=0.0, attempts=6)
    >>> list(exponential(1, cap=10, jitter=0, attempts=6))
    [1.0, 2.0, 4.0, 8.0, 10.0]
    """

    delay: float
    factor: float
    cap: float | None
    jitter: float
    attempts: int | None
    within: float | None

    def __iter__(self) -> Iterator[float]:
        """Return how long to wait before the second attempt, the third, and so on."""
        return self.delays()

    def delays(self, rng: random.Random | None = None) -> Iterator[float]:
        """Return the seconds to wait before the second attempt, the third, and so on.

        They are without end if ``attempts`` is None. *rng* is where the jitter comes from, None:
        from the module :mod:`random`. ``within`` is up to who uses the schedule and has a clock.

        >>> list(exponential(1, attempts=3).delays(random.Random(0)))
        [0.8444218515250481, 1.5159088058806049]
        """
        chance = random.random if rng is None else rng.random
        most = sys.float_info.max if self.cap is None else min(self.cap, sys.float_info.max)
        delay = min(self.delay, most)
        for _ in itertools.count(1) if self.attempts is None else range(1, self.attempts):
            yield delay - delay * self.jitter * (1 - chance()) if self.jitter else delay
            delay = min(delay * self.factor, most)

    def __repr__(self) -> str:
        """Return the call that makes an equal one."""
        name, usual = ("exponential", _EXPONENTIAL) if self.factor > 1 else ("fixed", _FIXED)
        said = [f"{self.delay!r}"]
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value != getattr(usual, field.name):
                said.append(f"{field.name}={value!r}")
        return f"{name}({', '.join(said)})"


def exponential(
    base: Seconds = 0.1,
    *,
    factor: float = 2.0,
    cap: Seconds | None = None,
    jitter: float = 1.0,
    attempts: int | None = None,
    within: Seconds | None = None,
) -> Schedule:
    """Wait *base* seconds, then *factor* times as long each time, but never longer than *cap*.

        exponential(1, cap=5)    try 1 try  2  try    4    try     5     try

    >>> list(exponential(0.5, jitter=0, attempts=5))
    [0.5, 1.0, 2.0, 4.0]

    *attempts* is how often it is tried, the first time included. *within* is the number of seconds
    after the first failure when no other attempt begins any more. With neither there is no end.

    *jitter* is how much of each delay is left to chance, so that those who failed together do not
    come back together: 1, all of it, is any time up to the delay, 0.5 at least half of it, and with
    0 there is none. Durations are in seconds, or of :class:`datetime.timedelta`.

    Raises ValueError if *base* or *cap* is not positive, *factor* not above one, *jitter* not
    between 0 and 1, *attempts* less than one, or *within* not positive.

    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: jitter=1 is
    its "full jitter", 0.5 its "equal jitter".
    """
    name = "exponential"
    _check_number(factor, name, "factor")
    if not 1 < factor < math.inf:
        raise ValueError(f"{name}(): factor must be greater than one, and finite")
    return Schedule(
        delay=check_seconds(base, name, "base"),
        factor=float(factor),
        cap=None if cap is None else check_seconds(cap, name, "cap"),
        **_limits(name, jitter, attempts, within),
    )


def fixed(
    delay: Seconds,
    *,
    jitter: float = 0.0,
    attempts: int | None = None,
    within: Seconds | None = None,
) -> Schedule:
    """Wait *delay* seconds each time; with 0, none at all.

        fixed(2)    try  2  try  2  try

    >>> list(fixed(2, attempts=4))
    [2.0, 2.0, 2.0]

    The other arguments are those of :func:`exponential`, and so is what is refused; *delay* may
    be 0.
    """
    name = "fixed"
    seconds = check_seconds(delay, name, "delay", zero=True)
    return Schedule(seconds, 1.0, None, **_limits(name, jitter, attempts, within))


class _Limits(TypedDict):
    jitter: float
    attempts: int | None
    within: float | None


def _limits(name: str, jitter: float, attempts: int | None, within: Seconds | None) -> _Limits:
    _check_number(jitter, name, "jitter")
    if not 0 <= jitter <= 1:
        raise ValueError(f"{name}(): jitter must be between 0 and 1")
    return {
        "jitter": float(jitter),
        "attempts": None if attempts is None else check_count(attempts, name, "attempts"),
        "within": None if within is None else check_seconds(within, name, "within"),
    }


def _check_number(number: object, name: str, what: str) -> None:
    if not isinstance(number, int | float):
        raise TypeError(f"{name}(): {what} must be a number, not {type(number).__name__}")


_EXPONENTIAL, _FIXED = exponential(), fixed(0)  # what a repr does not say
