"""For pytest: tests in virtual time, and tests that may not leak. It acts on its own names only.

``@pytest.mark.virtual_time`` runs an ``async def`` test as :func:`aitertools.testing.run` does,
``@pytest.mark.virtual_time(limit=60)`` for so many virtual seconds at most. A test marked
``no_leaks``, or with the fixture of that name, fails if it leaks. The fixture ``virtual_loop`` is
an event loop in virtual time for tests that are plain functions.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest

from .clock import VirtualLoop, run
from .leaks import no_leaks as without_leaks


def pytest_configure(config: pytest.Config) -> None:
    """Say which markers there are."""
    config.addinivalue_line(
        "markers", "virtual_time(limit=None): run an async def test in virtual time (aitertools)"
    )
    config.addinivalue_line(
        "markers", "no_leaks: fail if tasks, generators or warnings are left behind (aitertools)"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Have a marked test run in virtual time, and fail if it leaks; others are for others.

    A fixture that looks for leaks would come too early for warnings: pytest has its own around it.
    """
    marker = pyfuncitem.get_closest_marker("virtual_time")
    test: Any = pyfuncitem.obj
    if marker is not None and inspect.iscoroutinefunction(test):
        pyfuncitem.obj = partial(_run, test, marker.kwargs.get("limit"))
    watched = pyfuncitem.get_closest_marker("no_leaks") or "no_leaks" in pyfuncitem.fixturenames
    try:
        with without_leaks() if watched else nullcontext():
            return (yield)
    finally:
        pyfuncitem.obj = test


def _run(test: Callable[..., Awaitable[Any]], limit: float | None, **given: Any) -> None:
    run(test(**given), limit=limit)


@pytest.fixture
def no_leaks() -> None:
    """Fail if the test leaves tasks, generators or warnings behind."""


@pytest.fixture
def virtual_loop() -> Generator[Any]:
    """Give an event loop in virtual time; what is left in it is cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner.get_loop()
