"""Threads that read: an ordinary iterator for a task, or a stream for another thread.

Both are daemons: what never returns must not keep the process.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .handover import Halt, Handover, TaskBell, ThreadBell
from .lines import in_loop

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["LoopReader", "Reader"]


class Reader:
    """A thread that reads *iterable*, from the first ``next()`` to its ``close()``, for a task."""

    __slots__ = ("_begun", "_given", "_name", "_unheard", "handover")

    def __init__(self, iterable: Iterable[Any], name: str, most: int, batch: int | None) -> None:
        self._given: list[Any] = [iterable]  # until a thread takes it
        self._name = name
        self._begun = False
        self._unheard = False  # nobody will ask how it ended
        self.handover = Handover(most, batch, there=TaskBell(), room=ThreadBell())

    # ---- for the task ------------------------------------------------------------------------

    def begin(self) -> None:
        """Have the thread begin, if it has not, in a copy of the caller's context."""
        if self._begun:
            return
        _start(self._work, self._name)
        self._begun = True

    def handle(self) -> Any:
        """Return what to await until there is something to take."""
        return self.handover.there.handle(self.handover.is_there)

    def stop(self) -> bool:
        """Have the thread end, and close what it reads; False if there is nothing to do for it."""
        self.handover.stop()
        if not self._begun and self._given:
            if not _closer(self._given[0]):
                return False
            self.begin()  # closing may block as well
        return True

    def dismiss(self) -> None:
        """Have it end: nobody will wait for that. From whatever thread, and from a ``__del__``."""
        self._unheard = True
        self.handover.stop()

    # ---- in the thread -----------------------------------------------------------------------

    def _work(self) -> None:
        try:
            reading = self._given.pop()
        except IndexError:  # starting the first thread was interrupted, and it runs all the same
            return
        self._begun = True
        error = closing_error = None
        try:
            if not self.handover.closing:
                reading = iter(reading)
                self._read(reading)
        except BaseException as exc:  # noqa: BLE001 -- whatever it is, the consumer gets it
            error = exc
        try:
            if (close := _closer(reading)) is not None:
                close()
        except BaseException as exc:  # noqa: BLE001 -- the same
            closing_error = exc
        del reading
        self.handover.put_last(Halt(error, closing_error))
        del error  # its traceback holds this frame
        if self._unheard and closing_error is not None:
            raise closing_error  # for threading.excepthook
        del closing_error

    def _read(self, iterator: Any) -> None:
        handover = self.handover
        entries, there = handover.entries, handover.there
        waiting = there.waiting
        for _ in map(entries.append, iterator):  # and no variable holds the last item
            if waiting:
                there.ring()
            if len(entries) >= handover.limit and not self._has_room():
                return

    def _has_room(self) -> bool:
        """Wait until half of the room is free; False: it has to end."""
        handover = self.handover
        while not handover.is_roomy():
            handover.room.wait()
        return not handover.closing


class LoopReader:
    """A thread with an event loop, asyncio's, that reads *stream* for another thread."""

    __slots__ = ("_begun", "_busy", "_given", "_lock", "_loop", "_name", "_told", "handover")

    def __init__(self, stream: Stream[Any], name: str, most: int) -> None:
        self._given = [stream]  # until a thread takes it
        self._name = name
        self._begun = False
        self._told = False  # how it ended
        # Reentrant, as a handler of a signal may come in between, and a __del__.
        self._busy = threading.RLock()  # somebody takes, or waits
        self._lock = threading.RLock()  # for what follows
        self._loop: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self.handover = Handover(most, None, there=ThreadBell(), room=TaskBell())

    # ---- for the other thread ----------------------------------------------------------------

    def more(self) -> list[Any]:
        """Return what comes next, waiting for it; an empty list at the end."""
        mine = self._busy.acquire(blocking=False)
        try:
            if self.handover.closing:  # maybe just now, by who is busy with it
                return []
            if not mine:
                raise RuntimeError(f"{self._name}(): already running")
            handover = self.handover
            while handover.halt is None:
                if handover.closing:
                    handover.there.ring()  # for others who wait
                    return []
                if items := handover.take():
                    return items
                if handover.halt is None:
                    self._wait()
            self._tell()
        finally:
            if mine:
                self._busy.release()
        return []

    def close(self) -> None:
        """Have the stream closed, and wait for that; but not where an event loop would have to."""
        self.stop()
        if not self._begun:
            self._begin()
        if in_loop():
            return
        there = self.handover.there
        there.ring()  # for who waits for more
        with self._busy:
            while not self.handover.is_over():
                there.wait()
            there.ring()  # the same, in this thread
            self._tell()

    def is_open(self) -> bool:
        """Whether it was begun, and neither ended nor closed."""
        return self._begun and self.handover.halt is None and not self.handover.closing

    def stop(self) -> None:
        """Have the stream closed. From whatever thread, and from a ``__del__``."""
        self.handover.stop()
        with self._lock:
            if self._loop is not None:
                loop, _ = self._loop
                with suppress(RuntimeError):  # it is closed by now
                    loop.call_soon_threadsafe(self._interrupt)

    def _begin(self) -> None:
        _start(self._work, self._name)
        self._begun = True

    def _wait(self) -> None:
        if in_loop():
            raise RuntimeError(f"{self._name}(): would block the event loop of this thread")
        if not self._begun:
            self._begin()
        self.handover.there.wait()

    def _tell(self) -> None:
        """Raise the error where it halted, once; then it may go on."""
        halt = self.handover.halt
        assert halt is not None
        if not halt.ends:
            self.handover.halt = None
        elif self._told:
            return
        else:
            self._told = True
        if (error := halt.error) is not None:
            try:
                raise error
            finally:
                del error, halt  # its traceback holds this frame

    # ---- in its thread -----------------------------------------------------------------------

    def _work(self) -> None:
        try:
            stream = self._given.pop()
        except IndexError:  # starting the first thread was interrupted, and it runs all the same
            return
        self._begun = True
        error = None
        try:
            with asyncio.Runner() as runner:
                runner.run(self._run(stream))
        except BaseException as exc:  # noqa: BLE001 -- whatever it is, the other thread gets it
            error = exc
        self.handover.put_last(Halt(error))

    async def _run(self, stream: Stream[Any]) -> None:
        try:
            if self._may_read():
                await self._read(stream)
        except asyncio.CancelledError:
            if not self.handover.closing:
                raise
        finally:
            with self._lock:
                self._loop = None  # nobody interrupts the closing
            await stream.aclose()

    def _may_read(self) -> bool:
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self._loop = asyncio.get_running_loop(), task
        return not self.handover.closing

    def _interrupt(self) -> None:
        if self._loop is not None:
            _, task = self._loop
            self._loop = None
            task.cancel()

    async def _read(self, stream: Stream[Any]) -> None:
        """Read it to its end. After an error it goes on when it is asked to."""
        handover = self.handover
        while not handover.closing:
            try:
                await self._read_on(stream)
            except Exception as error:  # noqa: BLE001 -- it is handed over
                handover.put_last(Halt(error, ends=False))
            else:
                return
            while not handover.is_taken():
                await handover.room.handle(handover.is_taken)

    async def _read_on(self, stream: Stream[Any]) -> None:
        handover = self.handover
        entries, there = handover.entries, handover.there
        append, silent = entries.append, there.silent
        async for item in stream:
            append(item)
            if silent():
                there.ring()
            if len(entries) >= handover.limit:
                while not handover.is_roomy():
                    await handover.room.handle(handover.is_roomy)
                if handover.closing:
                    return


def _start(work: Callable[[], None], name: str) -> None:
    """Have a thread begin with *work*, in a copy of the caller's context."""
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(work,), name=name, daemon=True).start()


def _closer(obj: Any) -> Any:
    """Return the method that closes an iterator, None if there is nothing to close."""
    return getattr(obj, "close", None) if hasattr(obj, "__next__") else None
