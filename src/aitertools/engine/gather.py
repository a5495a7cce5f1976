"""Gathering: what operators have in common that read one source and deliver by the clock.

source --intake--> read() --put()--> what is open --cut()--> out --poll()--> consumer
                     ^                                ^
                     '-- arrived, at `came`           '-- it is `due`, or complete, or over

The source is pulled as long as the consumer waits: the next item may come before what is open is
delivered. Nobody is woken for it. While the consumer does something else the pull under way goes
on, and its item counts from when it came.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .operator import END, PENDING, Operator
from .outcomes import Failed

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["NEVER", "Gathering"]

NEVER = float("inf")


class Gathering(Operator):
    """An operator over one source; a subclass says what becomes of its items.

    Something that is ``due`` at some time has what came before that, and nothing of that time.
    """

    __slots__ = ("_came", "_due", "_intake", "_out", "_over", "_take", "_until")

    def __init__(self, source: Stream[Any]) -> None:
        super().__init__()
        self._intake = _core.Intake(source, self._arrived)
        self._take = self._intake.take
        self._came: float | None = None  # when the item came that was not taken yet
        self._due = NEVER  # when what is open is to be delivered
        self._until = NEVER  # to when the consumer waits
        self._out: deque[Any] = deque()  # what is to be delivered now
        self._over = False  # the source is at its end

    # ---- what a subclass says ----------------------------------------------------------------

    def _put(self, item: Any, at: float) -> None:
        """Take an item that came at that time, which is before ``_due``."""
        raise NotImplementedError

    def _ripe(self) -> None:
        """Put what is open, which is due, into ``_out``."""
        self._cut()

    def _cut(self) -> None:
        """Put what is open, if anything is, into ``_out``: an error or the end comes."""
        raise NotImplementedError

    # ---- the consumer ------------------------------------------------------------------------

    def poll(self) -> Any:
        """Deliver what is due, complete, or cut off by an error or by the end."""
        out = self._out
        if not out:
            if not self._over:
                self._read()
            if not out:
                return END if self._over else PENDING
        outcome = out.popleft()
        if type(outcome) is Failed:
            raise outcome.error
        return outcome

    async def wait(self) -> None:
        """Wait until something is due, or comes. Who is cancelled here has lost nothing."""
        if self._due == NEVER:  # else what is open comes first
            self._intake.check()
        handle = self._handle = runtime.handle()
        self._until = self._due
        try:
            if self._until == NEVER:
                await handle
            else:
                await runtime.wait(handle, self._until)
        finally:
            if self._handle is handle:
                self._handle = None  # nobody asks: nothing is pulled

    async def aclose(self) -> None:
        """Close the source; what is open is gone."""
        await self._intake.aclose()

    def dismiss(self) -> None:
        self._intake.dismiss()

    # ---- the source --------------------------------------------------------------------------

    def _arrived(self) -> None:
        self._came = runtime.now()
        if self._handle is None:
            return
        self._read()
        if self._out or self._over or self._due < self._until:
            self.wake()

    def _read(self) -> None:
        """Take what there is, until there is something to deliver."""
        while not self._out:
            came = runtime.now() if self._came is None else self._came
            if came >= self._due:
                self._ripe()
                return
            try:
                item = self._take()
            except BaseException as error:
                self._fail(error)
                return
            if item is PENDING:
                return
            self._came = None
            if item is END:
                self._end()
                return
            self._put(item, came)

    def _fail(self, error: BaseException) -> None:
        self._came = None
        self._cut()
        self._out.append(Failed(error))

    def _end(self) -> None:
        self._cut()
        self._over = True
