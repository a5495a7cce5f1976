"""The end of the process, which no thread must hold up, or break off, that nobody waits for."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
from types import TracebackType
from typing import Self

__all__ = ["Leaving"]


class Leaving:
    """Ends the process with the exit code of its block, once Python has done all but its last part.

    A stream that was aborted leaves the thread behind that waits in a file for more, such as stdin,
    and has that file locked. Python would close the file, and abort the process over that.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._leave)  # before the pipeline is imported: so it comes after the rest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Note the exit code; another exception, and a message, are left to Python."""
        if isinstance(exc, SystemExit) and isinstance(exc.code, int | None):
            self._code = exc.code or 0

    def _leave(self) -> None:
        if self._code is None or not any(thread.daemon for thread in threading.enumerate()):
            return
        logging.shutdown()  # it comes later
        for file in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # there is none, or so
                file.flush()
        os._exit(self._code)
