"""Nothing is left behind."""

from __future__ import annotations

from functools import partial

from ..leaks import no_leaks
from ..trial import Trial
from ..verdict import Session
from .registry import law

__all__: list[str] = []


@law("leaks")
def leaks(session: Session) -> None:
    """It leaves no task, no open generator and no complaint behind: here, and in all trials."""
    for kind in session.case.kinds:
        for k in range(2):
            session.attempt(kind, f"after {k} items", partial(_leaves_nothing, k))


async def _leaves_nothing(k: int, trial: Trial) -> None:
    async with no_leaks():
        await trial.answers(k)
        await trial.close()
