"""One entry of the catalogue over specimens of the zoo: what the laws are tried on."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from . import (
    catalogue,  # noqa: F401 - fills ENTRIES
    loop,
    turns,
    zoo,
)
from .catalogue import ENTRIES
from .entry import Entry, Paint
from .oracle import READY, Failed, Pace, pulls, run, synced
from .zoo import Kind, Specimen

OPERATORS = [entry for entry in ENTRIES if not entry.reduces]
REDUCERS = [entry for entry in ENTRIES if entry.reduces]
OWNERS = [entry for entry in ENTRIES if entry.arity and not entry.shares]
OWNING_OPERATORS = [entry for entry in OWNERS if not entry.reduces]
OWNING_REDUCERS = [entry for entry in OWNERS if entry.reduces]

tried: set[tuple[str, str, str]] = set()  # (law, operator, source), for the summary
faults: dict[str, int] = {}  # kind of fault -> how many were injected


class Rig:
    """A fresh stream, or awaitable, of *entry*; for each source it has one specimen of *kind*."""

    def __init__(
        self,
        entry: Entry,
        kind: Kind,
        *,
        paint: Paint = synced,
        pace: Callable[[], Pace] = lambda: READY,
        data: Iterable[Iterable[Any]] | None = None,
    ) -> None:
        law = os.environ.get("PYTEST_CURRENT_TEST", "").partition("[")[0]
        tried.add((law, entry.name, kind.name))
        self.entry = entry
        self.timeline: list[str] = []  # names of the sources in the order of their closing
        specimens = [
            kind(items, pace(), name=f"source {i}", timeline=self.timeline)
            for i, items in enumerate(entry.examples if data is None else data)
        ]
        self.specimens = specimens
        self.logs = [specimen.log for specimen in specimens]
        self.subject = entry.build(paint, *(specimen.hand_over() for specimen in specimens))

    @property
    def drive(self) -> Any:
        """What drives it step by step: our own loop, or asyncio's, turned by hand."""
        return turns.Task if self.entry.tasks else loop.Task

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Run *awaitable* to its end; its result."""
        return self.drive(awaitable).finish()

    def run_to(self, awaitable: Awaitable[Any], point: int) -> Any:
        """Run *awaitable* to its await point of that number, counted from 1; or to its end."""
        return loop.run_to(awaitable, point, self.drive)

    async def answers(self) -> list[Any]:
        """What comes of it to the end: items and errors, or the one result of a reducer."""
        if not self.entry.reduces:
            return await pulls(self.subject)
        try:
            return [await self.subject]
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            return [Failed(type(error))]

    def abandon(self) -> None:
        """Drop a stream that has tasks: they end by themselves, and close its sources."""
        del self.subject
        gc.collect()
        turns.let_end()

    def check_closed(self, *, by: object = None) -> None:
        """Each source was closed exactly once (by the task *by*), and was never misused."""
        for specimen in self.specimens:
            assert specimen.is_closed_once, specimen.log
            assert not specimen.log.is_closing, "the close was not awaited"
            if by is not None and specimen.log.closes:
                self.check_closer(specimen, by)

        self.check_use()

    def check_closer(self, specimen: Specimen, by: object) -> None:
        """It was closed by the task *by*.

        By the one that pulled it, if the operator has tasks; what is never awaited, by any of them.
        """
        closers = set(specimen.log.closed_in)
        if not self.entry.tasks:
            assert closers == {id(by)}, "closed in another task"
        elif specimen.kind.suspends:
            pulled_in = [log.pulled_in for log in self.logs if log.pulled_in]
            others = set().union({id(by)}, *pulled_in)  # one that was never pulled is with others
            assert closers <= (specimen.log.pulled_in or others), "closed in another task"

    def check_use(self) -> None:
        """No source was asked for an item while busy, or after it was closed."""
        for log in self.logs:
            assert not log.overlapped, log
            assert not log.late, log


@contextmanager
def about(*what: object) -> Iterator[None]:
    """Say in a failure what it was about: one test tries many sources, or faults."""
    try:
        yield
    except BaseException as error:
        error.add_note("about: " + ", ".join(map(str, what)))
        raise


def put_through(
    law: Callable[[Rig], Awaitable[None]],
    entry: Entry,
    kinds: Iterable[Kind] = zoo.CLOSABLE,
    **how: Any,
) -> None:
    """Try *law* on rigs of *entry* over all *kinds* of sources, on asyncio."""
    for kind in kinds:
        with about(kind):
            run(law(Rig(entry, kind, **how)))


def runners(entry: Entry) -> list[Callable[[Awaitable[Any]], Any]]:
    """The event loops on which *entry* runs."""
    return [run] if entry.tasks else [run, loop.run]


def each(entries: Iterable[Entry]) -> pytest.MarkDecorator:
    """Put a test through these entries of the catalogue."""
    return pytest.mark.parametrize("entry", list(entries), ids=repr)


def without_one(entry: Entry) -> list[list[Any]]:
    """What *entry* may come to when one item of its sources is lost, or none."""
    examples = entry.examples
    possible = [entry.expected(*examples)]
    for i, items in enumerate(examples):
        for k in range(len(items)):
            fewer = [*examples[:i], without(items, k), *examples[i + 1 :]]
            possible.append(entry.expected(*fewer))

    longest = max(map(len, examples), default=0)  # or one of each, which belong together
    possible += [entry.expected(*(without(items, k) for items in examples)) for k in range(longest)]
    return possible


def without(items: list[Any], k: int) -> list[Any]:
    return items[:k] + items[k + 1 :]
