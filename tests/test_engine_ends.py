"""The ends of loops, runs and blocks, with streams that have tasks open: for each of the catalogue.

Nothing hangs, nothing is said, no task is left, and what was read is closed once, where anything
can still be awaited.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import contextmanager, suppress

import pytest
import trio
import trio.testing

from . import zoo
from .loop import Cancelled
from .oracle import Failed, Pace
from .rig import OWNING_OPERATORS, OWNING_REDUCERS, Rig, about, each
from .test_faults_tasks import cancel
from .turns import tidy


def ends_well(entry):
    """Not one that has an error of its own, as ``on_error="collect"``: that would be said here."""
    return Failed(ExceptionGroup) not in entry.expected(*entry.examples)


OPERATORS = [entry for entry in OWNING_OPERATORS if entry.tasks and ends_well(entry)]
REDUCERS = [entry for entry in OWNING_REDUCERS if entry.tasks]
KINDS = [zoo.with_aclose, zoo.with_slow_aclose, zoo.generator]
ON_TRIO = [zoo.with_aclose, zoo.generator]
PULLS = range(4)


async def pull(subject, n):
    """Deliver up to *n* items, and ask for one more, in vain or not."""
    for _ in range(n):
        await anext(subject, None)
    asking = asyncio.ensure_future(one(subject))
    for _ in range(2):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])


async def one(subject):
    return await anext(subject, None)


@contextmanager
def silence(loop):
    """Nothing is said by that loop, nor when the collector has been there."""
    said = []
    loop.set_exception_handler(lambda _, context: said.append(context))
    yield
    gc.collect()
    assert said == []


def rigs(entry, pace, kinds=KINDS):
    for kind in kinds:
        for n in PULLS:
            with about(kind, f"after {n} pulls"):
                yield Rig(entry, kind, pace=pace), n


def check_begun(rig):
    """What was pulled is closed, once."""
    for specimen in rig.specimens:
        if specimen.log.pulls:
            assert specimen.is_closed_once, specimen.log
        assert len(specimen.log.closed_in) <= 1


# ---- asyncio -------------------------------------------------------------------------------------


@each(OPERATORS)
@pytest.mark.parametrize("then", ["dropped", "closed", "pulled"])
def test_its_loop_is_closed(entry, then):
    """Without anything being cancelled, as by run_until_complete() and close()."""

    async def later(rig):
        async with asyncio.timeout(9):
            with suppress(RuntimeError):
                if then == "pulled":
                    await one(rig.subject)
            with suppress(RuntimeError):
                await rig.subject.aclose()
            assert await one(rig.subject) is None

    for rig, n in rigs(entry, lambda: Pace(1)):
        loop = asyncio.new_event_loop()
        with silence(loop):
            loop.run_until_complete(pull(rig.subject, n))
            loop.close()
            if then != "dropped":
                asyncio.run(later(rig))
            del rig


@each(OPERATORS)
@pytest.mark.parametrize("kept", [False, True], ids=["dropped", "kept"])
@pytest.mark.parametrize("asked", [False, True], ids=["between two pulls", "in a pull"])
def test_the_run_ends(entry, asked, kept):
    """asyncio.run() cancels all tasks, and awaits them."""

    async def main(rig, n):
        await pull(rig.subject, n)
        return asyncio.ensure_future(one(rig.subject)) if asked else None

    for rig, n in rigs(entry, lambda: Pace(1)):
        with asyncio.Runner() as runner, silence(runner.get_loop()):
            task = runner.run(main(rig, n))
            if not kept:
                del task, rig.subject
            runner.close()
            check_begun(rig)


@each(REDUCERS)
def test_the_run_ends_in_a_reduction(entry):
    async def main(rig, turns):
        task = asyncio.ensure_future(rig.answers())
        for _ in range(turns):
            await asyncio.sleep(0)
        return task

    for kind in KINDS:
        for turns in range(1, 12):
            with about(kind, f"after {turns} turns"):
                rig = Rig(entry, kind, pace=lambda: Pace(1))
                with asyncio.Runner() as runner, silence(runner.get_loop()):
                    task = runner.run(main(rig, turns))
                    runner.close()
                    assert task.done()
                    rig.check_closed()


@each(OPERATORS)
@pytest.mark.parametrize("times", [1, 2])
def test_cancelled_in_any_turn_of_a_block(entry, times):
    """Also while the block is left: then the stream is closed all the same."""

    async def block(subject):
        async with subject:
            for _ in range(2):
                await anext(subject, None)

    for kind in KINDS:
        for point in range(1, 200):
            with about(kind, f"cancelled in turn {point}"), tidy():
                rig = Rig(entry, kind, pace=lambda: Pace(1))
                task = rig.run_to(block(rig.subject), point)
                if task.done:
                    rig.check_closed()
                    break
                with pytest.raises(Cancelled):
                    cancel(task, times)
                rig.check_closed()


# ---- trio ----------------------------------------------------------------------------------------


class TrioPace(Pace):
    """Turns of trio."""

    def __init__(self):
        super().__init__(1)

    async def _take_turns(self):
        await trio.lowlevel.checkpoint()


class AtStep(trio.abc.Instrument):
    """Cancels a scope before a step of a task."""

    def __init__(self, step):
        self.left, self.scope = step, trio.CancelScope()

    def before_task_step(self, task):
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


def on_trio(main, *args, instruments=()):
    async def within_limits():
        with trio.fail_after(3600):
            return await main(*args)

    clock = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(within_limits, clock=clock, instruments=instruments)


@each(OPERATORS)
def test_on_trio_its_block_is_left_with_items_in_flight(entry):
    async def main(rig, n):
        async with rig.subject:
            for _ in range(n):
                await anext(rig.subject, None)
            with trio.move_on_after(0.5):
                await anext(rig.subject, None)
        rig.check_closed()
        assert await anext(rig.subject, None) is None

    for rig, n in rigs(entry, TrioPace, ON_TRIO):
        on_trio(main, rig, n)


@each(OPERATORS)
def test_on_trio_cancelled_at_any_step_of_a_block(entry):
    """Entering, inside, and leaving."""

    async def main(rig, scope):
        with scope:
            async with rig.subject:
                for _ in range(2):
                    await anext(rig.subject, None)
        await trio.lowlevel.checkpoint()

    for kind in ON_TRIO:
        for step in range(1, 200):
            with about(kind, f"cancelled at step {step}"):
                rig = Rig(entry, kind, pace=TrioPace)
                at_step = AtStep(step)
                on_trio(main, rig, at_step.scope, instruments=[at_step])
                check_begun(rig)
            if at_step.left > 0:
                break
