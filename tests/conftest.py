"""How the suite runs: Hypothesis's profiles, garbage, and what is said at the end."""

from __future__ import annotations

import gc
import os
import signal
import sys

import hypothesis
import pytest

for helper in ("oracle", "rig", "zoo", "loop", "turns", "queues", "queue_model", "under_way"):
    pytest.register_assert_rewrite(f"tests.{helper}")

hypothesis.settings.register_profile(
    "default", max_examples=25, deadline=None, derandomize=True, database=None
)
hypothesis.settings.register_profile("thorough", max_examples=500, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background of a shell. Some tests interrupt themselves, or what they start, which
    # would ignore it as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _small_heap():
    """Leave what pytest keeps out of later collections: tests collect garbage often."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def hasty():
    """Switch between threads as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rig = sys.modules.get("tests.rig")  # if its tests were among those that ran
    tried, faults = (rig.tried, rig.faults) if rig is not None else ({}, {})
    if tried:
        terminalreporter.write_line(f"laws: {len(tried)} combinations of law × operator × source")
    if faults:
        each = ", ".join(f"{n} {fault}" for fault, n in sorted(faults.items()))
        terminalreporter.write_line(f"faults: {sum(faults.values())} injected ({each})")
    model = sys.modules.get("tests.queue_model")
    if model is not None and model.histories["played"]:
        terminalreporter.write_line(f"interleavings: {model.histories['played']} histories")
