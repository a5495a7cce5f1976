"""The command line: ``aitertools run MODULE:PIPELINE``; docs/cli.md describes it.

It needs the extra ``aitertools[cli]``.
"""

# leaving   how the process ends
# command   the options, what is said of a wrong one, and the exit code
# target    MODULE:PIPELINE and KEY=VALUE: what is looked for, and what comes of it
# running   runs a pipeline: its items or result to the output; signals and limits
# stopping  who may stop it: signals and the clock
# output    JSON lines, written in a thread
# display   what is seen of it meanwhile

from __future__ import annotations

import sys
from importlib import import_module

from .leaving import leaving

__all__ = ["main"]


def main() -> None:
    """Run the command line; say in one line what is missing if the extra is not installed."""
    for module in ("click", "rich"):
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            sys.exit(_missing(module))
    from .command import aitertools  # noqa: PLC0415 -- it needs them

    with leaving():
        aitertools(prog_name="aitertools")


def _missing(module: str) -> int:
    """Say what to type, and return the exit code."""
    line = f"Error: the command line needs {module}: pip install 'aitertools[cli]'\n"
    sys.stderr.write(line)
    return 2
