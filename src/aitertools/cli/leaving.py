"""The end of the process, which no thread must hold up, or break off, that nobody waits for."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

__all__ = ["leaving"]


@contextmanager
def leaving() -> Generator[None]:
    """End the process with the exit code of the block, once Python has done all but its last part.

    A stream that was aborted leaves the thread behind that waits in a file for more, such as stdin,
    and has that file locked. Python would close the file, and abort the process over that. Where
    the block ends otherwise, by another exception or a message, that is left to Python.
    """
    code: int | None = None

    def leave() -> None:
        if code is not None and any(thread.daemon for thread in threading.enumerate()):
            _leave(code)

    atexit.register(leave)  # before the pipeline is imported: so it comes after the rest
    try:
        yield
    except SystemExit as end:
        if isinstance(end.code, int | None):
            code = end.code or 0
        raise


def _leave(code: int) -> None:
    logging.shutdown()  # it would come later
    for file in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # there is none, or so
            file.flush()
    os._exit(code)
