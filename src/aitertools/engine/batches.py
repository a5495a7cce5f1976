"""Batches: items that came within some time of the first of them, as tuples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .checks import check_count, check_seconds
from .gather import NEVER, Gathering
from .operator import END, PENDING, make

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["batching"]


class Batches(Gathering):
    """Tuples of *n* items, or fewer, when it is *within* since the first of them came."""

    __slots__ = ("_batch", "_n", "_within")

    def __init__(self, source: Stream[Any], n: int, within: float) -> None:
        super().__init__(source)
        self._n = n
        self._within = within
        self._batch: list[Any] = []

    def _read(self) -> None:
        """Take what there is, without a look at the clock for each item.

        What is due at this very time has nothing of this time. When it is later than that the
        consumer was, and gets along with it what is there already.
        """
        batch, take, n = self._batch, self._take, self._n
        if batch and runtime.now() == self._due:
            self._cut()
            return
        try:
            while len(batch) < n:
                item = take()
                if item is PENDING:
                    if batch and runtime.now() >= self._due:
                        self._cut()
                    return
                came, self._came = self._came, None
                if item is END:
                    self._end()
                    return
                if not batch:
                    self._due = (runtime.now() if came is None else came) + self._within
                batch.append(item)
        except BaseException as error:
            self._fail(error)
            return
        self._cut()

    def _cut(self) -> None:
        if self._batch:
            self._out.append(tuple(self._batch))
            self._batch.clear()
            self._due = NEVER


def batching(source: Any, n: Any, within: Any, strict: Any) -> Any:
    """Return a stream of batches of *n*, by time if that is given."""
    if within is None:
        if n is None:
            raise TypeError("batched(): takes n, or within, or both")
        return _core.batched(source, n, strict)
    if strict:
        raise TypeError("batched(): strict does not go with within")
    seconds = check_seconds(within, "batched", "within")
    most = sys.maxsize if n is None else check_count(n, "batched", "n")
    arguments = [f"within={seconds:g}"] if n is None else [str(n), f"within={seconds:g}"]
    operator = Batches(source, most, seconds)
    return make(operator, f"batched({', '.join(arguments)})", source)
