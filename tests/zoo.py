"""A zoo of sources: all that can be iterated, well-behaved or not, with a log of what befell it.

``specimen = KIND(items, pace)`` makes one; ``specimen.hand_over()`` gives away the only reference
to it, as a generator that somebody else can reach is driven differently. *items* may fail
(:func:`failing`) and be endless; *pace* says where the source suspends, if it can.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from . import loop
from .oracle import READY, Pace


class SourceError(Exception):
    """What a source in the zoo fails with."""


class CloseError(Exception):
    """What a source in the zoo fails to close with."""


def failing(items: Iterable[Any], error: BaseException | None = None) -> Iterator[Any]:
    """*items*, then an error in place of the end."""
    yield from items
    raise error or SourceError("no more")


class Log:
    """What was done to one source."""

    def __init__(self, name: str, timeline: list[str] | None) -> None:
        self.name = name
        self.timeline = timeline if timeline is not None else []  # of several sources
        self.pulls = 0  # how often an item was asked for
        self.given = 0  # how often one was given
        self.closed_in: list[object] = []  # the task of each close
        self.pulled_in: set[object] = set()
        self.overlapped = False  # asked for an item while busy with another
        self.late = False  # asked for an item after it was closed
        self.is_closing = False  # its close has begun and was not awaited to its end
        self.is_inside = False  # busy with an item

    def __repr__(self) -> str:
        return f"<{self.name}: {self.pulls} pulls, {self.given} given, {self.closes} closes>"

    @property
    def closes(self) -> int:
        return len(self.closed_in)

    def pull(self) -> None:
        self.pulls += 1
        self.pulled_in.add(id(loop.current_task()))
        self.overlapped |= self.is_inside
        self.late |= self.closes > 0
        self.is_inside = True

    def give(self, item: Any) -> Any:
        self.given += 1
        self.is_inside = False
        return item

    def left(self) -> None:
        """The pull is over without an item."""
        self.is_inside = False

    def close(self) -> None:
        self.closed_in.append(loop.current_task())
        self.timeline.append(self.name)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """What takes a while to close: the law wants it awaited."""
        self.close()
        self.is_closing = True
        try:
            yield
        finally:
            self.is_closing = False


class Specimen:
    """One source of some kind, and its log."""

    def __init__(self, kind: Kind, source: Any, log: Log) -> None:
        self.kind, self.log = kind, log
        self._source = source
        self._generator: Callable[[], Any] = NOT_A_GENERATOR
        if hasattr(source, "ag_frame") or hasattr(source, "gi_frame"):
            self._generator = weakref.ref(source)

    def hand_over(self) -> Any:
        """The source; only once."""
        source, self._source = self._source, None
        return source

    @property
    def is_closed_once(self) -> bool:
        """Closed exactly once; a generator that was never started can only show that it is over."""
        if self.log.closes:
            return self.log.closes == 1

        generator = self._generator()
        frame = getattr(generator, "ag_frame", None) or getattr(generator, "gi_frame", None)
        return self._generator is not NOT_A_GENERATOR and self.log.pulls == 0 and frame is None


def NOT_A_GENERATOR() -> None:  # noqa: N802
    return None


class Kind:
    """A species: how to make one of it, and what can be expected from it."""

    def __init__(
        self,
        make: Callable[[Iterator[Any], Log, Pace], Any],
        *,
        closable: bool,
        suspends: bool,
        survives: bool,
        slow: bool = False,
        finite: bool = False,
    ) -> None:
        self.name = make.__name__
        self.make = make
        self.closable = closable  # its log tells whether it was closed
        self.suspends = suspends  # has await points
        self.survives = survives  # goes on after an exception was thrown into an await point
        self.slow = slow  # suspends while it closes
        self.finite = finite  # can neither fail nor go on for ever: it is filled beforehand

    def __repr__(self) -> str:
        return self.name

    def __call__(
        self,
        items: Iterable[Any],
        pace: Pace = READY,
        *,
        name: str | None = None,
        timeline: list[str] | None = None,
    ) -> Specimen:
        log = Log(name or self.name, timeline)
        return Specimen(self, self.make(iter(items), log, pace), log)


KINDS: list[Kind] = []


def kind(**traits: bool) -> Callable[[Callable[..., Any]], Kind]:
    def admit(make: Callable[..., Any]) -> Kind:
        KINDS.append(Kind(make, **traits))
        return KINDS[-1]

    return admit


# ---- synchronous ---------------------------------------------------------------------------------


@kind(closable=False, suspends=False, survives=True, finite=True)
def sync_list(items, log, pace):
    """A list: as harmless as can be."""
    return list(items)


@kind(closable=True, suspends=False, survives=False)
def sync_generator(items, log, pace):
    """A plain generator, which has a close()."""
    try:
        log.pull()
        for item in items:
            yield log.give(item)
            log.pull()
    finally:
        log.left()
        log.close()


@kind(closable=False, suspends=False, survives=True)
class sync_iterator:
    """Has only __next__, and knows who asks."""

    def __init__(self, items, log, pace):
        self.items, self.log = items, log

    def __iter__(self):
        return self

    def __next__(self):
        self.log.pull()
        try:
            return self.log.give(next(self.items))
        finally:
            self.log.left()


# ---- async generators ----------------------------------------------------------------------------


@kind(closable=True, suspends=True, survives=False)
async def generator(items, log, pace):
    """An async generator; driven directly by the core."""
    try:
        log.pull()
        await pace()
        for item in items:
            yield log.give(item)
            log.pull()
            await pace()
    finally:
        log.left()
        log.close()


@kind(closable=True, suspends=True, survives=False, slow=True)
async def slow_generator(items, log, pace):
    """It suspends while it closes."""
    try:
        log.pull()
        await pace()
        for item in items:
            yield log.give(item)
            log.pull()
            await pace()
    finally:
        log.left()
        with log.closing():
            await loop.Turn()
            await loop.Turn()


# ---- classes -------------------------------------------------------------------------------------


class Bare:
    """The least an async iterator has. It takes an item only when it can give it."""

    def __init__(self, items, log, pace):
        self.items, self.log, self.pace = items, log, pace

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.log.pull()
        try:
            await self.pace()
            for item in self.items:
                return self.log.give(item)

            raise StopAsyncIteration
        finally:
            self.log.left()


@kind(closable=False, suspends=True, survives=True)
class bare_iterator(Bare):
    """An async iterator that cannot be closed."""


@kind(closable=True, suspends=True, survives=True)
class with_aclose(Bare):
    """An async iterator with aclose()."""

    async def aclose(self):
        self.log.close()


@kind(closable=True, suspends=True, survives=True, slow=True)
class with_close(Bare):
    """It has only an async close(), as HTTP responses do."""

    async def close(self):
        with self.log.closing():
            await loop.Turn()


@kind(closable=True, suspends=True, survives=True, slow=True)
class with_slow_aclose(Bare):
    """An async iterator that suspends while it closes."""

    async def aclose(self):
        with self.log.closing():
            await loop.Turn()
            await loop.Turn()


@kind(closable=True, suspends=True, survives=True)
class restless(Bare):
    """After its end it has items again."""

    async def __anext__(self):
        self.log.pull()
        try:
            await self.pace()
            item = next(self.items, self.items)
        finally:
            self.log.left()

        if item is self.items:
            self.items = iter(["again", "and again"])
            raise StopAsyncIteration

        return self.log.give(item)

    async def aclose(self):
        self.log.close()


@kind(closable=True, suspends=True, survives=True)
class only_iterable:
    """Has only __aiter__; what that makes can be closed."""

    def __init__(self, *how):
        self.how = how

    def __aiter__(self):
        return with_aclose.make(*self.how)


@kind(closable=True, suspends=True, survives=False)
class response:
    """An iterable that is to be closed itself; what it makes is a generator, as of HTTP clients."""

    def __init__(self, items, log, pace):
        self.items, self.log, self.pace = items, log, pace

    async def __aiter__(self):
        self.log.pull()
        await self.pace()
        for item in self.items:
            yield self.log.give(item)
            self.log.pull()
            await self.pace()
        self.log.left()

    async def close(self):
        self.log.left()
        self.log.close()


# ---- queues --------------------------------------------------------------------------------------


def _filled(source, items):
    for item in items:
        source.put_nowait(item)

    source.shutdown()
    return source


if sys.version_info >= (3, 13):  # before, a queue has no end

    @kind(closable=False, suspends=False, survives=True, finite=True)
    def async_queue(items, log, pace):
        """An asyncio.Queue, shut down."""
        return _filled(asyncio.Queue(), items)

    @kind(closable=False, suspends=False, survives=True, finite=True)
    def thread_queue(items, log, pace):
        """A queue.Queue, shut down."""
        return _filled(queue.Queue(), items)


# ---- those that fail -----------------------------------------------------------------------------


class with_failing_aclose(Bare):
    """Fails when it is closed."""

    async def aclose(self):
        self.log.close()
        raise CloseError(self.log.name)


FAILS_TO_CLOSE = Kind(with_failing_aclose, closable=True, suspends=True, survives=True)

CLOSABLE = [kind for kind in KINDS if kind.closable]
SURVIVING = [kind for kind in KINDS if kind.survives and kind.suspends and not kind.slow]
ENDLESS = [kind for kind in KINDS if not kind.finite]


def reentrant(reenter: Callable[[], Any]) -> Any:
    """A source that awaits *reenter()* while it is pulled, and yields what came of that."""

    async def source():
        try:
            yield await reenter()
        except RuntimeError as error:
            yield error

    return source()
