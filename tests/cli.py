"""The command line, as its tests call it: in this process, or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

from aitertools import cli
from aitertools.cli.command import aitertools

ROOT = Path(__file__).parents[1]
PLACES = os.pathsep.join(str(place) for place in (ROOT, Path(cli.__file__).parents[2]))


def called(capfd, *arguments):
    """Call it here; return the exit code, and what it has written to stdout and stderr."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as info:
        aitertools([str(argument) for argument in arguments], prog_name="aitertools")
    return info.value.code or 0, *capfd.readouterr()


@contextmanager
def started(folder, *arguments, **how):
    """Start it in a process of its own, as the leader of a group, with pipes to both outputs.

    Nothing of the group outlives a test that fails.
    """
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    env = os.environ | {"PYTHONPATH": PLACES, "PYTHONUTF8": "1", "COLUMNS": "120"}
    env["PYTHONUNBUFFERED"] = ""  # what is printed waits
    command = [sys.executable, "-m", "aitertools", *map(str, arguments)]
    how |= {"cwd": folder, "env": env, "encoding": "utf-8", "start_new_session": True}
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
