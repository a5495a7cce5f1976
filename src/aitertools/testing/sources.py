"""A zoo of sources: async iterators, well-behaved and not so, on which laws are tried."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from . import steps
from .specimens import Kind, Log, Pace, admission

__all__ = ["KINDS", "Bare"]

KINDS: list[Kind] = []
kind = admission(KINDS)


# ---- async generators ----------------------------------------------------------------------------


@kind(closable=True, suspends=True, survives=False)
async def generator(items: Iterator[Any], log: Log, pace: Pace) -> AsyncIterator[Any]:
    """Yield items; an async generator is driven directly by the core."""
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
async def slow_generator(items: Iterator[Any], log: Log, pace: Pace) -> AsyncIterator[Any]:
    """Yield items, and suspend while it closes."""
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
            await steps.Turn()
            await steps.Turn()


# ---- classes -------------------------------------------------------------------------------------


class Bare:
    """The least an async iterator has. It takes an item only when it can give it."""

    def __init__(self, items: Iterator[Any], log: Log, pace: Pace) -> None:
        self.items, self.log, self.pace = items, log, pace

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
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

    async def aclose(self) -> None:
        self.log.close()


@kind(closable=True, suspends=True, survives=True, slow=True)
class with_slow_aclose(Bare):
    """An async iterator that suspends while it closes."""

    async def aclose(self) -> None:
        with self.log.closing():
            await steps.Turn()
            await steps.Turn()


@kind(closable=True, suspends=True, survives=True)
class restless(Bare):
    """After its end it has items again."""

    async def __anext__(self) -> Any:
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

    async def aclose(self) -> None:
        self.log.close()
