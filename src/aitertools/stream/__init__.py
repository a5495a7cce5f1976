"""The face: class Stream, one mixin per family of operators."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Self

from .. import _core, runtime
from .bridge import Bridge
from .buffers import Buffers
from .combine import Combine
from .concurrent import Concurrent
from .errors import Errors
from .group import Group
from .reduce import Reduce
from .select import Select
from .share import Lagged as Lagged
from .share import Share
from .share import Shared as Shared
from .synonyms import SYNONYMS
from .time import Time
from .transform import Transform
from .types import Run, T_co

if TYPE_CHECKING:
    from types import TracebackType


class Stage(NamedTuple):
    """What one operator of a stream has delivered, and whether the others wait for it."""

    name: str
    items: int
    waits: bool = False


class Stream(
    Transform[T_co],
    Select[T_co],
    Group[T_co],
    Combine[T_co],
    Reduce[T_co],
    Concurrent[T_co],
    Errors[T_co],
    Share[T_co],
    Time[T_co],
    Buffers[T_co],
    Bridge[T_co],
    _core.Op,
):
    """An async iterator whose operators are methods; made by :func:`stream`, consumed once.

    Each operator returns a new stream that owns the one before it. ``async for`` consumes it, or
    a reducer such as :meth:`list`, which is awaited. ``async with stream:`` closes it at the end
    of the block.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __aiter__(self) -> Self: ...
        def __anext__(self) -> Run[T_co]: ...

    else:

        def __getattr__(self, name: str) -> NoReturn:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in SYNONYMS:
                raise AttributeError(f"{message}; here it is called {SYNONYMS[name]!r}")
            raise AttributeError(message, name=name, obj=self)

    async def __aenter__(self) -> Self:
        """Return the stream itself; under trio, the tasks that it needs can begin then."""
        await runtime.enter(self)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the stream; an error of that never masks the one that led here."""
        try:
            await self.aclose()
        except Exception as error:
            if exc is None:
                raise
            _core.chain_errors(exc, error)
        finally:
            await runtime.leave()

    def head(self, n: int) -> Run[builtins.list[T_co]]:
        """Read up to *n* items and leave the stream open, to go on with the rest.

        >>> async def main():
        ...     rows = stream(["name", "ann", "bob"])
        ...     return await rows.head(1), await rows.list()
        >>> run(main())
        (['name'], ['ann', 'bob'])

        What a cancelled call had read is gone.
        """
        return _core.list(_core.take(_core.borrow(self), n))

    async def stop(self) -> None:
        """Ask the sources for nothing more; what is in flight is delivered, then the end.

        >>> async def main():
        ...     ticks = ait.count().batched(3)
        ...     head = await ticks.head(2)
        ...     await ticks.stop()
        ...     return head, await ticks.list()
        >>> run(main())
        ([(0, 1, 2), (3, 4, 5)], [])

        It may be called while another task consumes the stream. A source that is waited for is
        interrupted, and closed by the task that pulls it; the others are closed when they would
        have been asked for the next item. Calls in flight are finished, buffers emptied, an open
        batch delivered. What it cannot reach is the stream that a :meth:`flat_map` is reading: that
        is delivered to its end. It returns when no source is waited for any more; see also
        :meth:`aclose`, which breaks off everything. Idempotent.

        Source: Pekko's ``KillSwitch.shutdown()`` and ``abort()``.
        """
        for leaf in _core.leaves(self):
            await _core.halt(leaf)

    def stats(self) -> tuple[Stage, ...]:
        """Return how many items each operator has delivered, outermost first.

        >>> numbers = stream(range(5)).filter(lambda n: n % 2)
        >>> run(numbers.list())
        [1, 3]
        >>> [(stage.name, stage.items) for stage in numbers.stats()]
        [('filter(<lambda>)', 2), ('range', 5)]

        A stage *waits* that was asked for an item and asks none of its sources for one: its own
        function or calls, or what lies behind the source, is what everything waits for now.
        """
        return tuple(Stage(*stage) for stage in self._stages())


_core.set_stream(Stream)

from .merged import Merged as Merged  # noqa: E402 -- it is a Stream
from .peekable import Peekable as Peekable  # noqa: E402 -- so is this
