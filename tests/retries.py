"""What the tests of retry share: errors, functions and sources that fail so often."""

from __future__ import annotations

import pytest

from . import zoo
from .oracle import Pace, asynced, synced

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


class Lost(Exception):
    """What is tried again."""


class Other(Exception):
    """What is not."""


def failing_sources(kind, n, *, pace=(0,), timeline=None):
    """A factory whose sources have one item each and fail, the *n* first ones; and their logs."""
    logs: list[zoo.Log] = []

    def make():
        k = len(logs)
        items = [k] if k >= n else zoo.failing([k], Lost())
        specimen = kind(items, Pace(*pace), name=f"source {k}", timeline=timeline)
        logs.append(specimen.log)
        if timeline is not None:
            timeline.append(f"made {k}")
        return specimen.hand_over()

    return make, logs


def contexts(error):
    """The error, and what its contexts lead to."""
    while error is not None:
        yield error
        error = error.__context__


def numbered(n):
    """A function that fails with ``Lost(1)``, ``Lost(2)`` and so on to n, and then never again."""
    left = iter(range(1, n + 1))

    def call(*_):
        for number in left:
            raise Lost(number)
        return []

    return call


def fail(_):
    raise Lost
