"""What has to be known of ``concurrent.futures``."""

from __future__ import annotations

import os
import reprlib
from concurrent.futures import CancelledError, Executor
from contextlib import suppress
from typing import Any

__all__ = ["for_item", "is_executor", "name_item", "outcome_of", "workers_of"]


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
        own.__cause__ = error
    else:
        own = _like(error)
    name_item(own, "the item", item)
    return own


def name_item(error: BaseException, what: str, item: Any) -> None:
    """Note which item it was, if the error lets us: its class is anybody's, as that of the item."""
    try:
        shown = reprlib.repr(item)
    except Exception:  # noqa: BLE001 -- of an int that is too long, for one
        shown = f"an object of the type {type(item).__name__}"
    with suppress(Exception):
        error.add_note(f"{what}: {shown}")


def _like(error: BaseException) -> BaseException:
    try:
        own = type(error)(*error.args)
        own.__cause__ = error
    except Exception:  # noqa: BLE001 -- its arguments are others, or it is frozen
        own = RuntimeError(f"{type(error).__name__}: {error}")
        own.__cause__ = error
    return own
