"""Buffers: one task, the feeder, reads the source while the consumer does something else.

source --async for--> feeder --put()--> line --poll()--> consumer
                        '-- waits, when the line is full, until half of it is free again
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .. import _core, runtime
from .checks import check_callable, check_count
from .line import NOTHING, DropNewest, DropOldest, Line
from .operator import END, PENDING, Operator, label, make
from .outcomes import Failed, failure, tell

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["buffering", "conflating"]


class Buffer(Operator):
    """What the feeder, begun when somebody asks, has read of *source* and put into *line*."""

    __slots__ = ("_begun", "_crew", "_failed", "_line", "_over", "_room", "_source")

    def __init__(self, source: Stream[Any], line: Line) -> None:
        super().__init__()
        self._source = source
        self._line = line
        self._crew = runtime.Crew(source)
        self._begun = False
        self._over = False  # nothing comes any more but what is in line
        self._room: Any = None  # the feeder waits for it
        self._failed: BaseException | None = None  # the closing of the source

    # ---- the consumer ------------------------------------------------------------------------

    def poll(self) -> Any:
        """Deliver what comes next; see that the feeder goes on when there is room."""
        line = self._line
        if not line.entries:
            if not self._begun:
                self._crew.spawn(self._work(), eager=True, over=self._ended)
                self._begun = True
            if not line.entries:
                return END if self._over else PENDING
        entry = line.pop()
        if self._room is not None and line.roomy:
            handle, self._room = self._room, None
            runtime.let_go(handle)
        if type(entry) is Failed:
            raise entry.error
        return entry

    def wait(self) -> Awaitable[object]:
        self._crew.check()
        return super().wait()

    async def aclose(self) -> None:
        """Cancel the feeder, which closes the source; that is done here if it never began."""
        self._line.most = 0  # so that it ends, also if the source swallows the cancellation
        try:
            await self._crew.aclose()
        except BaseException as cancelled:
            if self._failed is not None:
                _core.chain_errors(cancelled, self._failed)
            raise
        finally:
            self._line.entries.clear()
            if not self._crew.left:
                await self._source.aclose()
        if self._failed is not None:
            raise self._failed

    def dismiss(self) -> None:
        """Cancel the feeder, which closes the source."""
        self._crew.dismiss()

    def grow(self, more: int) -> int:
        """Have room for *more* entries; the room there is now, 0 if it has to stay as it was."""
        if self._begun or type(self) is not Buffer or type(self._line) is not Line:
            return 0
        self._line.most += more
        return self._line.most

    # ---- the feeder --------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while not self._over:
                try:
                    await self._feed()
                    self._over = True
                except BaseException as error:
                    if isinstance(error, GeneratorExit) or runtime.is_cancelled(error):
                        raise
                    if self._crew.closing:  # what it was cancelled for has failed
                        self._failed = error
                        break
                    self._line.fail(error)
                    self.wake()
                    if self._line.full:
                        await self._has_room()
        except GeneratorExit:  # it was dropped with its loop: there is no awaiting any more
            raise
        except BaseException as error:
            await self._close()
            self._lose(error)
            raise
        await self._close()
        self.wake()

    async def _feed(self) -> None:
        """Read the source to its end, or until it fails."""
        line, entries = self._line, self._line.entries
        append = entries.append
        async for item in self._source:
            append(item)
            if self._handle is not None:
                self.wake()
            if len(entries) >= line.most and not await self._has_room():
                return

    async def _has_room(self) -> bool:
        """Wait until half of the line is free; False: the stream is being closed."""
        while not self._crew.closing:
            if self._line.roomy:
                return True
            handle = self._room = runtime.handle()
            await handle
        self._over = True
        return False

    async def _close(self) -> None:
        try:
            with runtime.shield():
                await self._source.aclose()
        except Exception as error:  # it is for who closes the stream
            self._failed = error

    def _ended(self) -> None:
        if not self._over:  # it was cancelled before it began
            self._lose()

    def _lose(self, error: BaseException | None = None) -> None:
        """Tell the consumer, who waits, that somebody else cancelled the feeder."""
        self._over = True
        if self._crew.closing:
            return
        lost = RuntimeError("a task of the stream was cancelled")
        lost.__cause__ = error
        self._line.fail(lost)
        self.wake()


class _Dropping(Buffer):
    """A buffer that drops items for which there is no room."""

    __slots__ = ("_on_dropped",)

    def __init__(
        self, source: Stream[Any], line: Line, on_dropped: Callable[[Any], object] | None
    ) -> None:
        super().__init__(source, line)
        self._on_dropped = on_dropped

    async def _feed(self) -> None:
        line = self._line
        async for item in self._source:
            dropped = line.put(item)
            self.wake()
            if dropped is not NOTHING and self._on_dropped is not None:
                tell(self._on_dropped, dropped)
            if line.full and not await self._has_room():
                return


class _Conflating(Buffer):
    """A buffer of one value, into which all items are folded that were not asked for yet."""

    __slots__ = ("_fold",)

    def __init__(self, source: Stream[Any], fold: Callable[[Any, Any], Any]) -> None:
        super().__init__(source, DropOldest(1))
        self._fold = fold

    async def _feed(self) -> None:
        line = self._line
        async for item in self._source:
            kept = line.lift()
            line.put(item if kept is NOTHING else await self._folded(kept, item))
            self.wake()
            if line.full and not await self._has_room():
                return

    async def _folded(self, kept: Any, item: Any) -> Any:
        """Return what they make; when that fails the item is gone, and the other one stays."""
        try:
            value = self._fold(kept, item)
            return await value if _core.is_awaitable(value) else value
        except BaseException as error:
            self._line.put(kept)
            if isinstance(error, StopAsyncIteration | StopIteration):
                raise failure(error) from error
            raise


# ---- what the methods make -----------------------------------------------------------------------

LINES = {"wait": Line, "drop_oldest": DropOldest, "drop_newest": DropNewest, "latest": DropOldest}


def buffering(
    source: Any,
    n: Any,
    overflow: Any = "wait",
    on_dropped: Any = None,
    name: str = "buffer",
) -> Any:
    """Return a stream that reads up to *n* items of *source* ahead."""
    if not isinstance(overflow, str) or overflow not in LINES:
        raise ValueError(
            f"{name}(): overflow must be 'wait', 'drop_oldest', 'drop_newest' or 'latest',"
            f" not {overflow!r}"
        )
    most = _room(n, overflow, name)
    if on_dropped is not None:
        check_callable(on_dropped, name)
    if overflow == "wait":
        return _grown(source, most) or make(Buffer(source, Line(most)), f"buffer({most})", source)
    operator = _Dropping(source, LINES[overflow](most), on_dropped)
    return make(operator, f"buffer({most}, {overflow})", source)


def _room(n: Any, overflow: str, name: str) -> int:
    if n is None and overflow != "latest":
        raise TypeError(f"{name}(): n is missing")
    most = 1 if n is None else check_count(n, name, "n")
    if overflow == "latest" and most != 1:
        raise ValueError(f"{name}(): with overflow='latest' n must be one")
    return most


def _grown(source: Stream[Any], more: int) -> Stream[Any] | None:
    """Return *source*, if it is a buffer that can hold *more* items: one task will do."""
    before = _core.operator_of(source)
    most = before.grow(more) if isinstance(before, Buffer) else 0
    if not most:
        return None
    _core.relabel(source, f"buffer({most})")
    return source


def conflating(source: Any, fold: Callable[[Any, Any], Any]) -> Any:
    """Return a stream of the folds of what nobody has asked for yet."""
    check_callable(fold, "conflate")
    return make(_Conflating(source, fold), label("conflate", fold), source)
