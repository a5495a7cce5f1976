"""A stream owns what it was given: each source is closed, exactly once, however it ends."""

from __future__ import annotations

import asyncio
import itertools
from functools import partial

from ..specimens import Pace
from ..trial import MOST, Trial, require
from ..verdict import Session
from .items import failures
from .registry import PACES, Blocked, law

__all__: list[str] = []


@law("close at end")
def at_end(session: Session) -> None:
    """At the end each source is closed, exactly once, and that is awaited."""
    for kind, pace in itertools.product(session.closable, PACES):
        session.attempt(kind, f"with {pace}", _read_to_its_end, pace)


async def _read_to_its_end(trial: Trial) -> None:
    await trial.answers()
    trial.check_closed("by the end")
    await trial.close()
    trial.check_closed("by the end and aclose()")


@law("close early")
def early(session: Session) -> None:
    """An operator that is closed before its end closes each source, exactly once."""
    for kind in session.closable:
        for k in range(1, 1 + len(session.reference(PACES[0]))):
            session.attempt(kind, f"after {k} items", partial(_closed_after, k))


@law("close unstarted")
def unstarted(session: Session) -> None:
    """Closed before its first pull, it closes each source, and asks none."""
    for kind in session.closable:
        session.attempt(kind, "unstarted", partial(_closed_after, 0))


async def _closed_after(k: int, trial: Trial) -> None:
    await trial.answers(k)
    await trial.close()
    trial.check_closed("by aclose()")
    require(k or not any(log.pulls for log in trial.logs), "a source was asked")


@law("close on error")
def on_error(session: Session) -> None:
    """When one source fails all are closed, exactly once, by the time the operator is."""
    for kind, failure in itertools.product(session.closable, failures(session)):
        session.attempt(kind, str(failure), _read_and_closed, data=failure.of(session.case.data))


async def _read_and_closed(trial: Trial) -> None:
    await trial.answers()
    await trial.close()
    trial.check_closed("by aclose() after an error")


@law("close on cancel")
def on_cancel(session: Session) -> None:
    """Closed after a pull that was cancelled, wherever it waited, it closes each source once."""
    for kind in session.closable:
        session.sweep(kind, "cancelled", _closed_when_cancelled, lambda t: t.puller.cancel())


async def _closed_when_cancelled(trial: Trial) -> None:
    for _ in range(MOST):
        if (await trial.puller.pull()).kind in {"cancelled", "end"}:
            break
    await trial.close()
    trial.check_closed("by aclose() after a cancelled pull")


@law("close while running")
def while_running(session: Session) -> None:
    """Closed while a pull waits, it ends that pull, closes each source once, and then returns."""
    for kind, pace in itertools.product(session.closable, (Pace(1), Blocked())):
        closers: list[asyncio.Task[None]] = []
        body = partial(_closed_from_elsewhere, session, pace, closers)
        session.sweep(kind, f"closed with {pace}", body, partial(_begin_to_close, closers), pace)


def _begin_to_close(closers: list[asyncio.Task[None]], trial: Trial) -> bool:
    closers.append(asyncio.ensure_future(trial.close()))
    return True


async def _closed_from_elsewhere(
    session: Session, pace: Pace, closers: list[asyncio.Task[None]], trial: Trial
) -> None:
    closers.clear()
    came = await trial.answers()
    if closers:
        await closers[0]
    await trial.close()
    trial.check_closed("by aclose() from another task")
    failed = [answer for answer in came if answer.kind == "error"]
    require(not failed, f"the pull failed with {failed[:1]}")
    if session.case.ordered and not isinstance(pace, Blocked):  # of which it may be tired
        session.compare(came, session.reference(pace)[: len(came)])


@law("close again")
def again(session: Session) -> None:
    """Closing is idempotent, also by two at once, and after it there is only the end."""
    for kind in session.closable:
        session.attempt(kind, "after 1 item", _closed_by_several)


async def _closed_by_several(trial: Trial) -> None:
    await trial.answers(1)
    await asyncio.gather(trial.close(), trial.close())
    await trial.close()
    trial.check_closed("by several aclose()")
    answer = await trial.puller.pull()
    require(answer.kind == "end", f"after aclose() came {answer}")
