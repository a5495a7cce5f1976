"""A zoo of sources: all that can be iterated, well-behaved or not, with a log of what befell it.

Those that check_operator uses, and what else may be handed over: see :mod:`aitertools.testing`.
"""

from __future__ import annotations

import asyncio
import queue
import sys
from collections.abc import Callable
from typing import Any

from aitertools.testing import sources
from aitertools.testing.sources import (  # noqa: F401 - they are of this zoo, too
    Bare,
    bare_iterator,
    generator,
    restless,
    slow_generator,
    with_aclose,
    with_slow_aclose,
)
from aitertools.testing.specimens import (  # noqa: F401
    CloseError,
    Kind,
    SourceError,
    Specimen,
    admission,
    failing,
)

from . import loop

KINDS = [*sources.KINDS]
kind = admission(KINDS)

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


# ---- classes -------------------------------------------------------------------------------------


@kind(closable=True, suspends=True, survives=True, slow=True)
class with_close(Bare):
    """It has only an async close(), as HTTP responses do."""

    async def close(self):
        with self.log.closing():
            await loop.Turn()


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
