"""Delay: everything that a source delivers, its end as well, so much later.

source --intake--> line, each with the time when it is due --poll()--> consumer

While the line has room the source is pulled, also when the consumer does something else: the pull
that is under way begins the next one when its item arrives.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .checks import check_count, check_seconds
from .operator import END, PENDING, make
from .outcomes import Failed
from .timed import NEVER, Clocked

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["delaying"]


class Delay(Clocked):
    """What came, so long ago; *most* of it may wait."""

    __slots__ = ("_intake", "_line", "_most", "_over", "_seconds", "_take")

    def __init__(self, source: Stream[Any], seconds: float, most: int) -> None:
        super().__init__()
        self._intake = _core.Intake(source, self._arrived)
        self._take = self._intake.take
        self._seconds = seconds
        self._most = most
        self._line: deque[tuple[float, Any]] = deque()
        self._over = False  # the end is in the line

    def poll(self) -> Any:
        """Deliver what is due."""
        line = self._line
        if not line:
            self._fill()
        if not line or self._now() < line[0][0]:
            return PENDING
        _, outcome = line[0]
        if outcome is END:
            return END
        line.popleft()
        self._fill()
        if type(outcome) is Failed:
            raise outcome.error
        return outcome

    def _check(self) -> None:
        if not self._line:
            self._intake.check()

    async def wait(self) -> None:
        """Wait until the first in the line is due, or for one to come."""
        await self._wait_until(self._line[0][0] if self._line else NEVER)

    async def aclose(self) -> None:
        """Close the source; what waits is gone."""
        self._line.clear()
        await self._intake.aclose()

    def dismiss(self) -> None:
        self._intake.dismiss()

    def _arrived(self) -> None:
        waits = not self._line
        self._fill()
        if waits:
            self.wake()

    def _fill(self) -> None:
        """Take what there is, as long as there is room."""
        line = self._line
        while len(line) < self._most and not self._over:
            try:
                outcome = self._take()
            except BaseException as error:
                outcome = Failed(error)
            if outcome is PENDING:
                return
            self._over = outcome is END
            line.append((runtime.now() + self._seconds, outcome))


def delaying(source: Any, seconds: Any, buffer: Any) -> Any:
    """Return a stream of what comes, so much later."""
    seconds = check_seconds(seconds, "delay", "seconds")
    most = check_count(buffer, "delay", "buffer")
    return make(Delay(source, seconds, most), f"delay({seconds:g})", source)
