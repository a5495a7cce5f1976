"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import aitertools

TESTS = """
import asyncio, time
import pytest
from aitertools.testing import VirtualLoop

kept = []

@pytest.fixture
def seconds():
    return 3600

@pytest.fixture(autouse=True)
def unrelated():
    pass

@pytest.mark.virtual_time
async def test_passes_in_virtual_time(seconds, tmp_path):
    await asyncio.sleep(seconds)
    assert asyncio.get_running_loop().time() == seconds

@pytest.mark.virtual_time
@pytest.mark.parametrize("n", [1, 2])
async def test_passes_with_parameters(n):
    await asyncio.sleep(n)

class TestClass:
    @pytest.mark.virtual_time
    async def test_passes_as_a_method(self, seconds):
        await asyncio.sleep(seconds)

@pytest.mark.virtual_time
async def test_fails_when_it_fails():
    assert 1 == 2

@pytest.mark.virtual_time
async def test_fails_when_stuck():
    await asyncio.Event().wait()

@pytest.mark.virtual_time(limit=10)
async def test_fails_over_the_limit():
    await asyncio.sleep(11)

@pytest.mark.virtual_time
def test_passes_as_a_plain_function():
    pass

def test_passes_with_a_loop(virtual_loop):
    assert isinstance(virtual_loop, VirtualLoop)
    virtual_loop.run_until_complete(asyncio.sleep(3600))

async def leak():
    kept.append(asyncio.create_task(asyncio.sleep(60)))

@pytest.mark.virtual_time
async def test_passes_unwatched():
    await leak()

@pytest.mark.virtual_time
@pytest.mark.no_leaks
async def test_fails_if_a_task_leaks():
    await leak()

@pytest.mark.virtual_time
async def test_fails_if_a_task_leaks_with_the_fixture(no_leaks):
    await leak()

@pytest.mark.no_leaks
def test_fails_if_never_awaited():
    asyncio.sleep(1)

@pytest.mark.no_leaks
@pytest.mark.virtual_time
async def test_passes_without_leaks():
    await asyncio.create_task(asyncio.sleep(60))

@pytest.mark.somebody_elses
async def test_passes_if_somebody_else_runs_it():
    raise AssertionError("it was not run by them")
"""

CONFTEST = """
import inspect, pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "somebody_elses: for another plugin")

def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("somebody_elses"):
        return True
"""


OPTIONS = ["-rA", "--tb=short", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
OPTIONS += ["-p", "aitertools.testing.plugin"]
ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What comes of the tests above, by their names."""
    where = tmp_path_factory.mktemp("plugin")
    (where / "test_it.py").write_text(TESTS)
    (where / "conftest.py").write_text(CONFTEST)
    source = str(Path(aitertools.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS],
        capture_output=True,
        text=True,
        cwd=where,
        check=False,
        env={**os.environ, "PYTHONPATH": source, **ENVIRONMENT},
    )
    found = re.findall(r"^(PASSED|FAILED|ERROR) test_it\.py::(\S+)(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name.rpartition("::")[2]: (outcome, why) for outcome, name, why in found}


NAMES = re.findall(r"def (test_\w+)", TESTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_outcome_is_what_its_name_says(outcomes, name):
    expected = {"test_passes": "PASSED", "test_fails": "FAILED"}["_".join(name.split("_")[:2])]
    each = {outcome for key, (outcome, _) in outcomes.items() if key.partition("[")[0] == name}
    assert each == {expected}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("test_fails_when_stuck", "Stuck: nothing happens any more, at 0 s"),
        ("test_fails_over_the_limit", "Stuck: not over after 10 virtual seconds"),
        ("test_fails_if_a_task_leaks", "LeakError"),
        ("test_fails_if_never_awaited", "LeakError"),
    ],
)
def test_it_says_why(outcomes, name, why):
    assert why in outcomes[name][1]


def test_pytest_finds_it_by_its_entry_point():
    pyproject = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    module = pyproject["project"]["entry-points"]["pytest11"]["aitertools"]
    assert hasattr(importlib.import_module(module), "pytest_pyfunc_call")
