"""The pace of an executor: how many items are worth being sent at once."""

from __future__ import annotations

__all__ = ["Pace"]

WORK = 0.005
"""So long, in seconds, a chunk is to keep a worker busy: the way there and back is nothing then."""
ROUND = 0.05
"""A chunk is not to be away longer than that: it waits for a worker, or is long on its way."""
MOST = 512


class Pace:
    """How many items a chunk has: *size*, if that is given, or what the chunks before it tell."""

    __slots__ = ("_fixed", "size")

    def __init__(self, size: int | None = None) -> None:
        self._fixed = size is not None
        self.size = size or 1

    def learn(self, n: int, work: float, away: float) -> None:
        """Take note of a chunk of *n* items; a worker was busy with it, and it was away, so long.

        Chunks grow twofold, as one that was short tells little. One that was smaller than it could
        have been, as there were no more items at hand, lets none grow.
        """
        if self._fixed:
            return
        worth = min(MOST, int(n * min(WORK / max(work, 1e-9), ROUND / max(away, 1e-9))))
        if worth < self.size:
            self.size = max(1, worth)
        elif n >= self.size:
            self.size = min(2 * n, worth)
