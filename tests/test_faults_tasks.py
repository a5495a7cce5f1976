"""The fault sweep of operators that have tasks of their own.

In the others, whatever happens happens where the consumer waits: that is swept in test_faults. Here
a fault is put into each await point of the sources and the functions, and into each turn of the
event loop, whoever of the tasks waits there. No item is lost or comes twice, all sources are closed
exactly once, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
from contextlib import nullcontext, suppress

import pytest

from aitertools.engine.operator import Operator

from . import loop, turns, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, asynced, run, synced, upto_error
from .rig import OWNING_OPERATORS, OWNING_REDUCERS, Rig, about, each, faults, without_one
from .test_faults import KINDS, consume, points

OPERATORS = [entry for entry in OWNING_OPERATORS if entry.tasks]
REDUCERS = [entry for entry in OWNING_REDUCERS if entry.tasks]


def paints(entry):
    """A function is handed over as it is, and as one that suspends."""
    return [synced, lambda fn: asynced(fn, Pace(1))] if entry.functions else [synced]


def sweep(entry, fault, inject):
    """Call *inject* with a fresh rig for each turn of the loop in a run, and with its number."""
    for kind, paint in itertools.product(KINDS, paints(entry)):

        def make(kind=kind, paint=paint):
            return Rig(entry, kind, paint=paint, pace=lambda: Pace(1))

        for point in range(1, 1 + points(make())):
            faults[fault] = faults.get(fault, 0) + 1
            with about(kind, paint, f"{fault} in turn {point}"), turns.tidy():
                inject(make(), point)


class Spot(Pace):
    """One of several places that count their await points together; at one of them, it acts."""

    def __init__(self, name, counter, point, act):
        super().__init__(1)
        self.name, self.counter, self.point, self.act = name, counter, point, act

    async def _take_turns(self):
        if next(self.counter) == self.point:
            self.act(self.name)
        await loop.Turn()


def cancel(task, times=1):
    """Cancel it so often, a turn apart, and wait for its end."""
    for _ in range(times):
        task.throw(Cancelled())
    task.finish()


@each(entry for entry in OPERATORS + REDUCERS if not entry.cuts)
def test_a_source_or_a_function_that_fails_at_any_await_point(entry):
    """The error comes once, in the place of what is missing, and everything is closed."""

    def try_at(kind, point):
        happened = []

        def act(name):
            happened.append((name, [log.given for log in rig.logs]))
            raise zoo.SourceError

        counter = itertools.count(1)
        names = iter(range(entry.arity))
        spots = [Spot(next(names), counter, point, act) for _ in range(entry.arity)]
        call = Spot(None, counter, point, act)
        rig = Rig(entry, kind, paint=lambda fn: asynced(fn, call), pace=lambda: spots.pop(0))
        results = []
        run(consume(rig, results))
        rig.check_closed()
        if not happened:
            assert results == entry.expected(*entry.examples)
            return False
        check(rig, results, *happened[0])
        return True

    def check(rig, results, name, given):
        failed = Failed(zoo.SourceError)
        assert results.count(failed) == 1
        if entry.reduces:
            return
        data = entry.examples
        if name is None:
            results.remove(failed)
            assert results in without_one(entry)
            return
        data[name] = zoo.failing(data[name][: given[name]])
        expected = entry.expected(*data)
        assert upto_error(results) == upto_error(expected)

    for kind in KINDS:
        for point in itertools.count(1):
            with about(kind, f"failing at await point {point}"), turns.tidy():
                if not try_at(kind, point):
                    break
            faults["failed inside"] = faults.get("failed inside", 0) + 1


@each(OPERATORS)
def test_closed_in_any_turn_of_the_loop_it_ends_and_closes_once(entry):
    """By another task: the consumer sees the end, no item twice, and no error."""

    def inject(rig, point):
        results = []
        task = rig.run_to(consume(rig, results), point)
        rig.run(rig.subject.aclose())
        rig.check_closed()
        task.finish()
        assert results == entry.expected(*entry.examples)[: len(results)]

    sweep(entry, "closed", inject)


@each(OPERATORS + REDUCERS)
def test_dropped_in_any_turn_of_the_loop_its_tasks_end_and_close_once(entry):
    """Without anybody waiting for that, as after a ``break``."""

    def inject(rig, point):
        task = rig.run_to(consume(rig, []), point)
        with suppress(RuntimeError) if entry.reduces else nullcontext():
            task.close()  # a reducer ignores that: it would have to await the end of its tasks
        del task
        rig.abandon()
        rig.check_closed()

    sweep(entry, "dropped", inject)


@each(OPERATORS)
def test_dropped_between_two_pulls_its_tasks_end_at_once(entry):
    """It is let go of by the count of references: the garbage collector has nothing to find."""

    async def pull(rig, n):
        for _ in range(n):
            with suppress(ExceptionGroup):  # what on_error="collect" has collected
                await anext(rig.subject, None)

    async def ask(rig, n):
        await pull(rig, n)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await pull(rig, 1)

    gc.collect()
    gc.disable()
    try:
        for n, asked in itertools.product(range(4), [pull, ask]):
            for kind in KINDS:
                with about(kind, f"dropped after {n} pulls, {asked.__name__}"), turns.tidy():
                    rig = Rig(entry, kind, pace=lambda: Pace(1))
                    rig.run(asked(rig, n))
                    del rig.subject
                    turns.let_end()
                    begun = [each for each in rig.specimens if each.log.pulls]
                    assert all(specimen.is_closed_once for specimen in begun)
        assert not [obj for obj in gc.get_objects() if isinstance(obj, Operator)]
    finally:
        gc.enable()


@each(OPERATORS + REDUCERS)
@pytest.mark.parametrize("which", [slice(None), slice(0, 1), slice(1, 2), slice(2, 3)], ids=str)
def test_a_task_of_its_own_cancelled_by_somebody_else_in_any_turn(entry, which):
    """That is an error like others: the consumer is told, nothing hangs, everything is closed."""

    def inject(rig, point):
        results = []
        task = rig.run_to(consume(rig, results), point)
        for own in sorted(turns.own_tasks(task.task), key=asyncio.Task.get_name)[which]:
            own.cancel()
        task.finish()
        turns.let_end()
        rig.check_closed()
        if not entry.reduces:
            if not entry.cuts:
                expected = iter(entry.expected(*entry.examples))
                assert all(item in expected for item in results if not isinstance(item, Failed))
            failures = {Failed(RuntimeError)}
            failures |= {item for item in entry.expected(*entry.examples) if type(item) is Failed}
            assert {item for item in results if isinstance(item, Failed)} <= failures

    sweep(entry, "own task cancelled", inject)


@each(REDUCERS)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_reducer_cancelled_in_any_turn_closes_once(entry, times):
    """And is cancelled, also when that is asked for again while it closes."""

    def inject(rig, point):
        task = rig.run_to(consume(rig, []), point)
        with pytest.raises(Cancelled):
            cancel(task, times)
        rig.check_closed()

    sweep(entry, "cancelled", inject)


@each(OPERATORS)
def test_a_close_that_is_cancelled_in_any_turn_closes_all_the_same(entry):
    """And then the one who closes is cancelled: that is not swallowed."""

    async def begin(rig):
        await anext(rig.subject, None)

    for kind, paint in itertools.product(KINDS, paints(entry)):
        for point in itertools.count(1):
            with about(kind, paint, f"close cancelled in turn {point}"), turns.tidy():
                rig = Rig(entry, kind, paint=paint, pace=lambda: Pace(1))
                rig.run(begin(rig))
                closing = rig.run_to(rig.subject.aclose(), point)
                if closing.done:
                    break
                with pytest.raises(Cancelled):
                    cancel(closing)
                rig.check_closed()
            faults["close cancelled"] = faults.get("close cancelled", 0) + 1


def test_the_sweep_reaches_the_tasks():
    """In the middle of a run there are the consumer, a courier and the workers."""
    entry = next(entry for entry in OPERATORS if entry.name == "map(concurrency)")
    rig = Rig(entry, zoo.with_aclose, paint=lambda fn: asynced(fn, Pace(9)), pace=lambda: Pace(1))
    task = rig.run_to(consume(rig, []), 8)
    assert len(asyncio.all_tasks(turns.loop())) == 1 + 1 + 2
    task.finish()
