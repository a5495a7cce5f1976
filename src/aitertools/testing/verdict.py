"""Trying the laws, and what came of it."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from .leaks import LeakError
from .puller import Answer
from .specimens import READY, Kind, Pace
from .trial import Broken, Case, SteppingLoop, Trial, play, require, synchronous

__all__ = ["Failure", "LawBroken", "Report", "Session"]

SHOWN = 5  # failures of one law
TURNS = 500  # of one run, after which a sweep stops

Body = Callable[[Trial], Awaitable[None]]


class Failure(NamedTuple):
    """One trial in which a law was broken."""

    law: str
    source: str  # its kind
    point: str  # where in a run
    message: str

    def __str__(self) -> str:
        return f"{self.source}, {self.point}: {self.message}"


@dataclass
class Report:
    """How many trials each law has had, and in which of them it was broken; ``str()``: a table."""

    trials: Counter[str] = field(default_factory=Counter[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def laws(self) -> list[str]:
        """Those that were tried; leaks are looked for in all trials, and come last."""
        return sorted(self.trials, key=lambda law: law == "leaks")

    def broken(self, law: str) -> list[Failure]:
        """Return in which trials *law* was broken."""
        return [failure for failure in self.failures if failure.law == law]

    def __str__(self) -> str:
        width = max(map(len, self.trials), default=3)
        rows = [f"{'law':{width}}  trials  broken"]
        counts = {law: (self.trials[law], len(self.broken(law))) for law in self.laws}
        rows += [f"{law:{width}}  {n:6}  {broken:6}" for law, (n, broken) in counts.items()]
        return "\n".join(rows)


class LawBroken(AssertionError):
    """Raised by :func:`check_operator`; ``report`` has all failures."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        laws = [law for law in self.report.laws if self.report.broken(law)]
        lines = [f"{len(laws)} law{'s' * (len(laws) > 1)} broken"]
        for law in laws:
            failures = self.report.broken(law)
            lines.append(f"  {law} ({len(failures)} of {self.report.trials[law]} trials)")
            lines += [f"    {failure}" for failure in failures[:SHOWN]]
            if len(failures) > SHOWN:
                lines.append(f"    and {len(failures) - SHOWN} more")
        return "\n".join(lines)


class Session:
    """The trials of one operator."""

    def __init__(self, case: Case, *, looks_for_leaks: bool) -> None:
        self.case = case
        self.looks_for_leaks = looks_for_leaks  # in the trials of all laws
        self.report = Report()
        self.law = "items"  # the one that is tried
        self._references: dict[str, list[Answer]] = {}

    @property
    def closable(self) -> list[Kind]:
        """The kinds of sources that know whether they were closed."""
        return [kind for kind in self.case.kinds if kind.closable]

    # ---- what is right -----------------------------------------------------------------------

    def reference(self, pace: Pace) -> list[Answer]:
        """Return what has to come: of what is expected, or of an undisturbed run at that pace."""
        if self.case.expected is not None:
            expected = self.case.expected
            return synchronous(lambda: expected(*map(list, self.case.data)))
        return self._references[repr(pace)]

    def observe(self, paces: Iterable[Pace]) -> None:
        """See what comes of undisturbed runs at these paces, where nothing is expected."""
        for pace in paces if self.case.expected is None else ():
            self.attempt(self.case.kinds[0], "undisturbed", partial(self._see, pace), pace)

    async def _see(self, pace: Pace, trial: Trial) -> None:
        self._references[repr(pace)] = await trial.answers()
        await trial.close()

    def compare(self, came: list[Answer], right: list[Answer]) -> None:
        """Require these to be the same, in whatever order where that is not given."""
        left, wanted = _plain(came), _plain(right)
        if not self.case.ordered:
            left, wanted = sorted(left, key=repr), sorted(wanted, key=repr)
        require(left == wanted, f"came {came}, not {right}")

    # ---- trials ------------------------------------------------------------------------------

    def attempt(
        self,
        kind: Kind,
        point: str,
        body: Body,
        pace: Pace = READY,
        data: Iterable[Iterable[Any]] | None = None,
    ) -> None:
        """Make one trial; note what is broken by it."""
        self.report.trials[self.law] += 1
        leaks: list[str] = []

        async def main() -> None:
            trial = Trial(self.case, kind, pace.fresh, data)
            await body(trial)
            require(not trial.broken, ", ".join(trial.broken))

        try:
            leaks = play(main)
        except Broken as broken:
            self._note(self.law, kind, point, str(broken))
        except LeakError as error:
            leaks = error.leaks
        except Exception as error:  # noqa: BLE001 - whatever it is, it should not have been raised
            first = str(error).partition("\n")[0]
            self._note(self.law, kind, point, f"raised {type(error).__name__}: {first}")
        if self.looks_for_leaks:
            self.report.trials["leaks"] += self.law != "leaks"
            for leak in dict.fromkeys(leaks):
                self._note("leaks", kind, f"{self.law}, {point}", leak)

    def sweep(
        self,
        kind: Kind,
        what: str,
        body: Body,
        fault: Callable[[Trial], bool],
        pace: Pace | None = None,
    ) -> None:
        """Make a trial for each turn of the loop in a run: *fault* is called there."""
        for turn in itertools.count():
            hits: list[bool] = []

            faulty = partial(_with_fault, body, fault, turn, hits)
            self.attempt(kind, f"{what} at turn {turn + 1}", faulty, pace or Pace(1))
            if not any(hits) or turn > TURNS:
                return

    def _note(self, law: str, kind: Kind, point: str, message: str) -> None:
        self.report.failures.append(Failure(law, kind.name, point, message))


async def _with_fault(
    body: Body, fault: Callable[[Trial], bool], turn: int, hits: list[bool], trial: Trial
) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppingLoop)
    loop.in_turns(turn, lambda: hits.append(fault(trial) and not loop.was_stuck))
    try:
        await body(trial)
    finally:
        loop.forget_fault()


def _plain(answers: list[Answer]) -> list[Any]:
    """Return what can be compared: of an error its type."""
    return [
        (answer.kind, type(answer.value) if answer.kind == "error" else answer.value)
        for answer in answers
    ]
