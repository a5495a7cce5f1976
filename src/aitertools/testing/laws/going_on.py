"""Cancelling and timeouts lose nothing: the next pull goes on."""

from __future__ import annotations

from functools import partial

from ...stream.create import anext as timed_anext
from ...stream.create import stream
from ..puller import Answer
from ..specimens import Pace
from ..trial import MOST, Trial, require
from ..verdict import Session
from .registry import Slow, law

__all__: list[str] = []


@law("cancelling")
def cancelling(session: Session) -> None:
    """A pull that is cancelled, wherever it waits, says so; the next one loses nothing.

    Over sources that do not survive a cancellation, as async generators, only the first.
    """
    for kind in session.case.kinds:
        cancelled: list[bool] = []
        body = partial(_goes_on, session, cancelled)
        session.sweep(kind, "cancelled", body, partial(_cancel, cancelled))


def _cancel(cancelled: list[bool], trial: Trial) -> bool:
    cancelled.append(trial.puller.cancel())
    return cancelled[-1]


async def _goes_on(session: Session, cancelled: list[bool], trial: Trial) -> None:
    cancelled.clear()
    came: list[Answer] = []
    while len(came) < MOST and (not came or came[-1].kind != "end"):
        came.append(await trial.puller.pull())
    await trial.close()
    heard = sum(answer.kind == "cancelled" for answer in came)
    require(heard == sum(cancelled), "the cancellation was swallowed")
    trial.check_use()
    if all(specimen.kind.survives for specimen in trial.specimens):
        answers = [answer for answer in came if answer.kind not in {"cancelled", "end"}]
        session.compare(answers, session.reference(Pace(1)))


@law("timeout")
def timeout(session: Session) -> None:
    """A pull that times out goes on, and the next one gets its item: no source is ended by it."""
    for kind in session.case.kinds:
        session.attempt(kind, "with timeouts", partial(_in_spite_of_timeouts, session), Slow())


async def _in_spite_of_timeouts(session: Session, trial: Trial) -> None:
    came: list[Answer] = []
    async with stream(trial.subject) as timed:
        while len(came) < MOST and (not came or came[-1].kind != "end"):
            try:
                came.append(Answer("item", await timed_anext(timed, timeout=0.4)))
            except TimeoutError:
                pass
            except StopAsyncIteration:
                came.append(Answer("end"))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is an answer
                came.append(Answer("error", error))
    session.compare(came[:-1], session.reference(Slow()))
