"""The fault sweep of errors that are on their way: a source has failed, and is being closed.

What comes then, a cancellation or an aclose() of somebody else, does not take the error away: who
asks next is told of it, once.
"""

from __future__ import annotations

import asyncio

import pytest

from aitertools import stream

from . import loop, turns, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, run, upto_error
from .rig import OWNING_OPERATORS, Rig, about, each, faults
from .test_faults import consume, points

OPERATORS = [entry for entry in OWNING_OPERATORS if not entry.cuts]
NARROW = [entry for entry in OPERATORS if not entry.tasks]
PLACES = range(3)


def broken(entry, which, k):
    """A rig of which one source fails after *k* items, and is slow to close."""

    def data():
        items = list(entry.examples)
        items[which] = zoo.failing(items[which][:k])
        return items

    rig = Rig(entry, zoo.with_slow_aclose, pace=lambda: Pace(1), data=data())
    return rig, upto_error(entry.expected(*data()))


def sweep(entry, fault):
    """Give, for each source, each number of items and each await point, a function to try it."""
    for which in range(entry.arity):
        for k in PLACES:
            for point in range(1, 1 + points(broken(entry, which, k)[0])):
                with about(f"source {which} fails after {k}, {fault} at {point}"), turns.tidy():
                    rig, expected = broken(entry, which, k)
                    yield rig, rig.logs[which], expected, point
                faults[fault] = faults.get(fault, 0) + 1


@each(OPERATORS)
def test_cancelled_while_a_source_that_failed_is_closed_it_tells_of_the_error(entry):
    for rig, _, expected, point in sweep(entry, "overtaken"):
        results = []
        task = rig.run_to(consume(rig, results), point)
        task.throw(Cancelled())
        task.finish()
        assert results.count(Failed(Cancelled)) == 1
        results.remove(Failed(Cancelled))
        assert upto_error(results) == expected
        rig.check_closed()


@each(NARROW)
def test_closed_while_a_source_that_failed_is_closed_who_waits_is_told_of_the_error(entry):
    async def main(rig, log, turn):
        results = []
        task = asyncio.ensure_future(consume(rig, results))
        for _ in range(turn):
            await asyncio.sleep(0)
        failed = log.is_closing and log.pulls > log.given
        await rig.subject.aclose()
        await task
        rig.check_closed()
        assert not failed or results[-1] == Failed(zoo.SourceError)

    for rig, log, _, point in sweep(entry, "closed on the way"):
        run(main(rig, log, point))


# ---- zip(strict), batched(strict) ----------------------------------------------------------------

STRICT = {
    "zip, shorter": lambda long, short: long.zip(short, strict=True),
    "zip, longer": lambda long, short: short.zip(long, strict=True),
    "batched": lambda long, short: short.chain(long).batched(7, strict=True),
    "zip within": lambda long, short: long.zip(short, strict=True).map(str).filter(None),
}


def slow(items):
    specimen = zoo.with_slow_aclose(items, Pace(1))
    return specimen, stream(specimen.hand_over())


@pytest.mark.parametrize("how", STRICT)
def test_what_is_strict_says_so_once_wherever_it_was_cancelled(how):
    def fresh():
        (one, long), (other, short) = slow(range(3)), slow(range(2))
        return STRICT[how](long, short), [one, other]

    async def pull(strict, results):
        while True:
            try:
                results.append(await anext(strict))
            except StopAsyncIteration:
                break
            except (ValueError, Cancelled) as error:
                results.append(type(error))
        await strict.aclose()

    whole = []
    n = 0
    for point in range(100):
        strict, specimens = fresh()
        results = []
        task = (
            loop.run_to(pull(strict, results), point) if point else loop.Task(pull(strict, whole))
        )
        if not point:
            task.finish()
            n = task.suspensions
            assert whole[-1] is ValueError
            continue
        if point > n:
            break
        task.throw(Cancelled())
        task.finish()
        assert results.count(Cancelled) == 1, point
        results.remove(Cancelled)
        assert results == whole, point
        assert all(specimen.is_closed_once for specimen in specimens)
    assert n > 5


@pytest.mark.parametrize("how", STRICT)
def test_what_is_strict_says_so_to_who_waits_though_it_is_closed_meanwhile(how):
    async def main(turn):
        (one, long), (other, short) = slow(range(3)), slow(range(2))
        strict = STRICT[how](long, short)
        results = []

        async def pull():
            try:
                results.extend([item async for item in strict])
            except ValueError:
                results.append(ValueError)

        task = asyncio.ensure_future(pull())
        for _ in range(turn):
            await asyncio.sleep(0)
        await strict.aclose()
        await task
        assert one.is_closed_once
        assert other.is_closed_once
        return results

    outcomes = [run(main(turn)) for turn in range(1, 40)]
    last = [outcome and outcome[-1] is ValueError for outcome in outcomes]
    assert last == sorted(last, key=bool), "once it is so nothing takes it away"
    assert any(last)
