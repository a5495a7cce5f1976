"""The development mode: streams left open are told, with the place where they were made."""

from __future__ import annotations

import inspect
import os.path
import sys

from . import _core

_PACKAGE = os.path.dirname(__file__)  # noqa: PTH120 -- pathlib doubles the time of the import


def debug(on: bool = True) -> None:
    """Warn about streams left open, as ``python -X dev`` does from the start.

    A stream that was read and neither ended nor closed gives a ResourceWarning when it is
    collected, which names the operators and the place where it was made. Making a stream is
    slower meanwhile.

    >>> debug()
    >>> debug(False)
    """
    _core.set_debug(on)


def _place() -> str:
    """Return the innermost line outside of this package that is running."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return "unknown" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


_core.set_hook("place", _place)
if sys.flags.dev_mode:
    debug()
