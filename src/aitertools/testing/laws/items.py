"""What comes, and what is asked for: items, errors, the end, demand, fairness."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Self

from ..puller import Answer
from ..specimens import Pace, SourceError, failing
from ..trial import MOST, SteppingLoop, Trial, require, synchronous
from ..verdict import Session
from .registry import PACES, law

__all__ = ["Failing", "failures"]


@law("items")
def items(session: Session) -> None:
    """Its items are the same over all kinds of sources, wherever these suspend."""
    for kind, pace in itertools.product(session.case.kinds, PACES):
        session.attempt(kind, f"with {pace}", partial(_same_items, session, pace), pace)


async def _same_items(session: Session, pace: Pace, trial: Trial) -> None:
    came = await trial.answers()
    await trial.close()
    session.compare(came, session.reference(pace))


@law("end")
def end(session: Session) -> None:
    """After the end every pull ends at once, and asks no source."""
    for kind in session.case.kinds:
        session.attempt(kind, "at the end", _stays_at_its_end)


async def _stays_at_its_end(trial: Trial) -> None:
    await trial.answers()
    asked = [log.pulls for log in trial.logs]
    for _ in range(3):
        answer = await trial.puller.pull()
        require(answer.kind == "end", f"after the end came {answer}")
    require(asked == [log.pulls for log in trial.logs], "a source was asked after the end")
    await trial.close()


# ---- errors --------------------------------------------------------------------------------------


class Failing(NamedTuple):
    """Of several sources the i-th fails after k items."""

    i: int
    k: int
    error: SourceError

    def of(self, data: Iterable[Iterable[Any]]) -> list[Iterable[Any]]:
        """Return *data* with the failure in it."""
        failed = list(data)
        failed[self.i] = failing(itertools.islice(failed[self.i], self.k), self.error)
        return failed

    def __str__(self) -> str:
        return f"source {self.i} fails after {self.k} items"


def failures(session: Session) -> Iterator[Failing]:
    """Yield all ways in which one source can fail."""
    for i, given in enumerate(session.case.data):
        for k in range(len(given) + 1):
            yield Failing(i, k, SourceError(f"source {i} after {k} items"))


@law("errors")
def errors(session: Session) -> None:
    """An error of a source comes once, unchanged, and after the items before it."""
    for kind, failure in itertools.product(session.case.kinds, failures(session)):
        body = partial(_fails_once, session, failure)
        session.attempt(kind, str(failure), body, data=failure.of(session.case.data))


async def _fails_once(session: Session, failure: Failing, trial: Trial) -> None:
    came = await trial.answers()
    await trial.close()
    if trial.logs[failure.i].pulls <= failure.k:
        return  # it was never asked for as much
    arrived = [answer.value for answer in came if answer.kind == "error"]
    once = sum(error is failure.error for error in arrived) == 1
    require(once and arrived[0] is failure.error, f"the errors that came: {arrived}")
    expected = session.case.expected
    if expected is not None and session.case.ordered:
        data = failure.of(session.case.data)
        session.compare(_before(came), _before(synchronous(lambda: expected(*data))))


def _before(answers: list[Answer]) -> list[Answer]:
    """Return what came before the first error: after it the original may go on otherwise."""
    return list(itertools.takewhile(lambda answer: answer.kind != "error", answers))


# ---- demand and fairness -------------------------------------------------------------------------


@law("demand")
def demand(session: Session) -> None:
    """No source is asked before it has to be.

    Not before the first pull; and item by item not more often than the original asks, if there is
    one that comes in this order, and what *prefetch* allows.
    """
    for kind in session.case.kinds:
        session.attempt(kind, "item by item", _asks_when_asked)


async def _asks_when_asked(trial: Trial) -> None:
    case = trial.case
    await asyncio.sleep(10)
    require(not any(log.pulls for log in trial.logs), "a source was asked before the first pull")
    if case.expected is not None and case.ordered:
        originals = [Counted(given) for given in case.data]
        with suppress(Exception):  # of the original: there the comparison ends
            for _ in itertools.islice(case.expected(*originals), MOST):
                await trial.puller.pull()
                await asyncio.sleep(10)
                for log, original in zip(trial.logs, originals, strict=True):
                    trial.note(log.pulls <= original.pulls + case.prefetch, f"{log}, too early")
    await trial.close()


class Counted:
    """A plain iterator that counts how often it is asked."""

    def __init__(self, given: Iterable[Any]) -> None:
        self._given = iter(given)
        self.pulls = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        self.pulls += 1
        return next(self._given)


@law("fair")
def fair(session: Session) -> None:
    """Sources that are always ready do not starve the loop."""
    for kind in session.case.kinds:
        starving = [Ready(given) for given in session.case.data]
        session.attempt(kind, "always ready", partial(_gives_way, starving), data=starving)


class Ready:
    """Endless items, up to some turns of the loop; it gives up after some real time without."""

    def __init__(self, given: list[Any]) -> None:
        self._given = given
        self.starved = False

    def __iter__(self) -> Iterator[Any]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppingLoop)
        enough, late = loop.turns + 3, time.monotonic() + 0.3
        for item in itertools.cycle(self._given):
            self.starved = time.monotonic() > late
            if self.starved or loop.turns > enough:
                raise SourceError("enough")
            yield item


async def _gives_way(starving: list[Ready], trial: Trial) -> None:
    while (await trial.puller.pull()).kind == "item":
        pass
    await trial.close()
    require(not any(source.starved for source in starving), "the loop got no turn")
