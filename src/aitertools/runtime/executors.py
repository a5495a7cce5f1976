"""What has to be known of ``concurrent.futures``."""

from __future__ import annotations

import os
import reprlib
from concurrent.futures import CancelledError, Executor
from typing import Any

__all__ = ["for_item", "is_executor", "outcome_of", "workers_of"]


def is_executor(obj: object) -> bool:
    """Whether *obj* is an executor."""
    return isinstance(obj, Executor)


def workers_of(executor: Any) -> int:
    """Return how many calls it makes at a time; the number of processors, if it does not say."""
    workers = getattr(executor, "_max_workers", None)
    if type(workers) is int and workers > 0:
        return workers
    return os.cpu_count() or 1


def outcome_of(future: Any) -> Any:
    """Return the result of a future that is done, or its error.

    That is not raised: its traceback would lead here, and to those who have cancelled the future.
    """
    if future.cancelled():
        return CancelledError()
    error = future.exception()
    return future.result() if error is None else error


def for_item(error: BaseException, item: Any) -> BaseException:
    """Return what is raised for *item*, one of those with which the executor failed so.

    Each of them has an exception of its own, as each is raised somewhere else.
    """
    if isinstance(error, CancelledError):
        own: BaseException = RuntimeError("the executor has cancelled the call")
    else:
        own = _like(error)
    own.__cause__ = error
    own.add_note(f"the item: {reprlib.repr(item)}")
    return own


def _like(error: BaseException) -> BaseException:
    try:
        own = type(error)(*error.args)
    except Exception:  # noqa: BLE001 -- its arguments are others
        return RuntimeError(f"{type(error).__name__}: {error}")
    return own
