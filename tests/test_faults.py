"""The fault sweep: at each await point of a run of each operator, something goes wrong.

Cancelled, failed, closed from elsewhere, or dropped there: no item is lost or comes twice where
that is promised, all sources are closed exactly once, nothing is left behind, and the stream goes
on or ends.
"""

from __future__ import annotations

import asyncio
import gc
from typing import NamedTuple

import pytest

from . import loop, turns, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, asynced, run, synced, upto_error
from .rig import OWNING_OPERATORS, OWNING_REDUCERS, Rig, about, each, faults, without_one

KINDS = [zoo.with_aclose, zoo.with_slow_aclose, zoo.generator, zoo.slow_generator]
QUICK_TO_CLOSE = [zoo.with_aclose, zoo.generator]

PAINTS = {"def": synced, "async def": lambda fn: asynced(fn, Pace(1))}
"""With functions that suspend, the sweep reaches the await points inside of them, too."""


def sweep(entry, fault, kinds, inject):
    """Call *inject* with a fresh rig for each await point of a run, and with the point."""
    for kind in kinds:
        for paint in PAINTS if entry.functions else ["def"]:

            def make(kind=kind, paint=paint):
                return Rig(entry, kind, paint=PAINTS[paint], pace=lambda: Pace(1))

            for point in range(1, 1 + points(make())):
                faults[fault] = faults.get(fault, 0) + 1
                with about(kind, paint, f"{fault} at await point {point}"), turns.tidy():
                    inject(make(), point)

    gc.collect()  # whatever was left behind says so now


def points(rig):
    """Run it to its end; how many await points it had."""
    task = rig.drive(consume(rig, []))
    task.finish()
    return task.suspensions


async def consume(rig, results):
    """Pull to the end, whatever is thrown in, and close; or await the one result."""
    if rig.entry.reduces:
        results += await rig.answers()
        return

    while True:
        try:
            results.append(await anext(rig.subject))
        except StopAsyncIteration:
            break
        except (Exception, Cancelled, asyncio.CancelledError) as error:  # noqa: BLE001 - what was thrown in comes out
            results.append(Failed(turns.taken_back(error)))

    await rig.subject.aclose()


class Place(NamedTuple):
    """Where a run is suspended: in that source, in a close, or in a function."""

    source: int | None
    closing: bool

    @classmethod
    def of(cls, rig):
        inside = [i for i, log in enumerate(rig.logs) if log.is_inside and not log.is_closing]
        return cls(next(iter(inside), None), any(log.is_closing for log in rig.logs))


def possible(rig, place, given, *, ends):
    """What may come of a run that something was thrown into at that place.

    *given* says what the sources had given before; *ends*, whether that was the end of the source.
    """
    entry = rig.entry
    if entry.family == "time" and entry.functions:  # the consumer itself calls them
        return without_one(entry)
    if entry.tasks:  # the consumer just waits: who is cancelled there has lost nothing
        return [upto_error(entry.expected(*entry.examples))]
    if place.source is None and not place.closing:
        return without_one(entry)

    data = entry.examples
    if place.source is not None and ends:
        data[place.source] = data[place.source][: given[place.source]]

    expected = upto_error(entry.expected(*data))
    if place.closing:  # an error that was on its way comes as context of the one thrown in
        return [expected, [answer for answer in expected if not isinstance(answer, Failed)]]

    return [expected]


def thrown_in(rig, point, error):
    """The answers of a run into which *error* is thrown at that point; and where that was."""
    results = []
    task = rig.run_to(consume(rig, results), point)
    place, given = Place.of(rig), [log.given for log in rig.logs]
    if task.done:  # in fewer turns than before: how many it gives the loop is up to the clock
        return results, place, given
    task.throw(error)
    task.finish()
    arrived = results.count(Failed(type(error)))
    # An error that was on its way already goes first, but a cancellation is never hidden by one.
    hidden = place.closing and Failed(ValueError) in results and not isinstance(error, Cancelled)
    assert arrived == 1 or (hidden and arrived == 0)
    return [r for r in results if r != Failed(type(error))], place, given


@each(OWNING_OPERATORS)
def test_cancelled_at_any_await_point_it_goes_on_and_closes_once(entry):
    """Items are neither lost nor repeated, but the one in the hands of a cancelled function."""

    def inject(rig, point):
        results, place, given = thrown_in(rig, point, Cancelled())
        ends = rig.specimens[0].kind in (zoo.generator, zoo.slow_generator)
        assert upto_error(results) in possible(rig, place, given, ends=ends)
        rig.check_closed()

    sweep(entry, "cancelled", KINDS, inject)


@each(OWNING_OPERATORS)
def test_failing_at_any_await_point_it_goes_on_and_closes_once(entry):
    """A failed source is at its end; a failed function costs its item."""

    def inject(rig, point):
        results, place, given = thrown_in(rig, point, zoo.SourceError())
        assert upto_error(results) in possible(rig, place, given, ends=True)
        rig.check_closed()

    sweep(entry, "failed", KINDS, inject)


@each(OWNING_OPERATORS)
def test_dropped_at_any_await_point_it_can_be_closed_once(entry):
    """A coroutine that is dropped raises GeneratorExit where it waits, and may await no more."""

    def inject(rig, point):
        results = []
        task = rig.run_to(consume(rig, results), point)
        task.close()
        rig.run(rig.subject.aclose())
        rig.check_closed()
        assert rig.run(rig.answers()) == []

    sweep(entry, "dropped", QUICK_TO_CLOSE, inject)


@each(OWNING_OPERATORS)
def test_closed_at_any_await_point_it_ends_and_closes_once(entry):
    """By another task, on asyncio: the consumer sees the end, no item twice, and no error."""

    class Closing(Pace):
        """Counts the turns of all sources and functions; at one of them the stream is closed."""

        def __init__(self, point):
            super().__init__(1)
            self.left, self.close = point, None

        async def _take_turns(self):
            self.left -= 1
            if self.left == 0:
                self.close()
            await loop.Turn()
            await loop.Turn()

    async def main(rig, pace):
        closers, results = [], []
        pace.close = lambda: closers.append(asyncio.ensure_future(rig.subject.aclose()))
        await consume(rig, results)
        await asyncio.gather(*closers)
        rig.check_closed()
        assert results == entry.expected(*entry.examples)[: len(results)]
        return bool(closers)

    for kind in KINDS:
        for paint in PAINTS if entry.functions else ["def"]:
            for point in range(1, 1000):
                pace = Closing(point)
                tint = synced if paint == "def" else lambda fn, pace=pace: asynced(fn, pace)
                with about(kind, paint, f"closed at await point {point}"):
                    rig = Rig(entry, kind, paint=tint, pace=lambda pace=pace: pace)
                    if not run(main(rig, pace)):
                        break
                faults["closed"] = faults.get("closed", 0) + 1


@each(OWNING_REDUCERS)
@pytest.mark.parametrize("error", [Cancelled, zoo.SourceError])
def test_a_reducer_cancelled_or_failing_at_any_await_point_closes_once(entry, error):
    def inject(rig, point):
        results, expected = [], entry.expected(*entry.examples)
        try:
            task = rig.run_to(consume(rig, results), point)
            task.throw(error())
            task.finish()
        except Cancelled:
            assert error is Cancelled
        else:
            assert error is not Cancelled
            assert results in ([Failed(error)], [e for e in expected if isinstance(e, Failed)])
        rig.check_closed()

    sweep(entry, "cancelled" if error is Cancelled else "failed", KINDS, inject)


@each(entry for entry in OWNING_REDUCERS if not entry.tasks)  # these await the end of tasks
def test_a_reducer_dropped_at_any_await_point_closes_what_closes_at_once(entry):
    def inject(rig, point):
        task = rig.run_to(consume(rig, []), point)
        task.close()
        rig.check_closed()

    sweep(entry, "dropped", QUICK_TO_CLOSE, inject)
