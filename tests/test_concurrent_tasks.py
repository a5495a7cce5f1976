"""The tasks of concurrent calls: contexts, cancellations of all kinds, closing, and other loops."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import random
import sys

import pytest

import aitertools as ait
from aitertools import stream

from . import zoo
from .oracle import Failed, pulls
from .virtual import now, run

colour = contextvars.ContextVar("colour", default="none")


async def forever(item):
    await asyncio.get_running_loop().create_future()


async def second(item):
    await asyncio.sleep(1)
    return item


async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)


# ---- contexts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suspends", [True, False])
def test_calls_see_the_context_of_the_consumer_and_not_of_each_other(suspends):
    """A worker has a copy: what a function sets there is for that call alone."""
    seen = []

    async def call(n):
        seen.append(colour.get())
        colour.set(f"call {n}")
        if suspends:
            await asyncio.sleep(1)
        return colour.get()

    async def main():
        colour.set("mine")
        found = await stream(range(9)).map(call, concurrency=2).list()
        assert colour.get() == "mine"
        return found

    assert run(main()) == [f"call {n}" for n in range(9)]
    assert seen == ["mine"] * 9


class Incomparable:
    """As an array of numpy, which is not equal or unequal to another one."""

    def __eq__(self, other):
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_values_of_context_variables_need_not_be_comparable():
    variable = contextvars.ContextVar("variable")

    async def touch(item):
        assert variable.get() is outer
        variable.set(Incomparable())
        await asyncio.sleep(0)
        return item

    outer = Incomparable()

    async def main():
        variable.set(outer)
        results = stream(range(6)).map(touch, concurrency=2, key=lambda item: item % 2)
        async with asyncio.timeout(1):
            assert await results.list() == list(range(6))

    run(main())


def test_what_a_source_sets_stays_with_the_source():
    """It is pulled in one context, whoever asks, so a token of it can be used there later."""

    async def source():
        for n in range(6):
            token = colour.set(f"source {n}")
            await asyncio.sleep(n % 2)
            yield n
            assert colour.get() == f"source {n}"
            colour.reset(token)

    async def call(n):
        await asyncio.sleep(1)
        return n, colour.get()

    async def main():
        colour.set("mine")
        assert await stream(source()).map(call, concurrency=2).list() == [
            (n, "mine") for n in range(6)
        ]

    run(main())


def test_a_timeout_inside_of_a_source_goes_on_working():
    """It is entered, expires, and is left in one task, though others take the items."""

    async def source():
        try:
            async with asyncio.timeout(3.5):
                for n in itertools.count():
                    await asyncio.sleep(1)
                    yield n
        except TimeoutError:
            yield "timed out"

    async def main():
        work = stream(source()).map(second, concurrency=3)
        assert await work.list() == [0, 1, 2, "timed out"]
        return now()

    assert run(main()) == 4.5


def test_a_timeout_around_a_pull_loses_nothing():
    async def main():
        work = stream(range(4)).map(second, concurrency=2)
        found = []
        while len(found) < 4:
            try:
                async with asyncio.timeout(0.3):
                    found.append(await anext(work))
            except TimeoutError:
                pass
        await work.aclose()
        return found, now()

    found, then = run(main())
    assert found == [0, 1, 2, 3]
    assert then == pytest.approx(2.0, abs=0.31)


# ---- errors of all kinds -------------------------------------------------------------------------


def raising(error):
    def fail(item):
        if item == 1:
            raise error
        return item

    return fail


def raising_later(error):
    async def fail(item):
        await asyncio.sleep(1)
        return raising(error)(item)

    return fail


@pytest.mark.parametrize("fails", [raising, raising_later])
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyError(), KeyError),
        (StopIteration(), RuntimeError),
        (StopAsyncIteration(), RuntimeError),
        (asyncio.CancelledError(), asyncio.CancelledError),
        (TimeoutError(), TimeoutError),
        (ExceptionGroup("", [KeyError()]), ExceptionGroup),
    ],
    ids=repr,
)
def test_whatever_a_function_raises_is_told_in_its_place(fails, error, raised):
    """A CancelledError that nobody asked for is an error like others."""

    async def main():
        work = stream(range(3)).map(fails(error), concurrency=2)
        assert await anext(work) == 0
        with pytest.raises(raised) as caught:
            await anext(work)
        if raised is RuntimeError and fails is raising:
            assert caught.value.__cause__ is error
        assert asyncio.current_task().cancelling() == 0
        assert await work.list() == [2]

    run(main())


class Stop(BaseException):
    """Neither an Exception nor known to asyncio."""


def test_a_base_exception_is_no_matter_for_a_policy():
    handled = []
    for on_error in ("skip", "collect", "result", lambda error, item: handled.append(item)):

        async def main(on_error=on_error):
            work = stream(range(3)).map(raising(Stop()), concurrency=2, on_error=on_error)
            with pytest.raises(Stop):
                await work.list()

        run(main())
    assert handled == []


@pytest.mark.parametrize("fails", [raising, raising_later])
def test_keyboard_interrupt_ends_the_program_and_leaves_nothing(fails):
    """Wherever it strikes, it comes out of asyncio.run."""

    async def main():
        async with stream(range(3)).map(fails(KeyboardInterrupt()), concurrency=2) as work:
            await work.list()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main()) if fails is raising else ait.testing.run(main())
    gc.collect()


def test_an_awaitable_that_is_no_coroutine_is_awaited():
    async def main():
        def call(n):
            return asyncio.ensure_future(second(n))

        assert await stream(range(3)).map(call, concurrency=3).list() == [0, 1, 2]

    run(main())


# ---- cancelled by somebody else ------------------------------------------------------------------


def test_a_call_that_cancels_its_own_task_is_told_and_the_others_go_on():
    async def call(n):
        if n == 1:
            asyncio.current_task().cancel()
        await asyncio.sleep(1)
        return n

    for ordered in (True, False):
        for concurrency in (1, 2, 9):
            way = {"concurrency": concurrency, "ordered": ordered}
            results = run(pulls(stream(range(4)).map(call, **way)))
            assert Failed(RuntimeError) in results
            results.remove(Failed(RuntimeError))
            assert sorted(results) == [0, 2, 3]


def test_a_call_that_is_lost_frees_its_key():
    async def call(n):
        if n == 0:
            asyncio.current_task().cancel()
        await asyncio.sleep(1)
        return n

    results = run(pulls(stream(range(3)).map(call, concurrency=2, key=lambda n: "same")))
    assert results == [Failed(RuntimeError), 1, 2]


def test_workers_cancelled_at_their_desks_are_replaced():
    """By others, when there is something to do again."""

    async def main():
        gate = ait.Queue()
        work = stream(gate).map(second, concurrency=3)
        first = asyncio.ensure_future(anext(work))
        await asyncio.sleep(1)
        for n in range(3):
            gate.put_nowait(n)
        assert await first == 0
        mine = asyncio.current_task()
        await asyncio.sleep(5)
        workers = {t for t in asyncio.all_tasks() - {mine} if "Calls" in repr(t.get_coro())}
        assert len(workers) == 3
        for worker in workers:
            worker.cancel()
        gate.put_nowait(3)
        gate.put_nowait(4)
        gate.shutdown()
        begun = now()
        assert await work.list() == [1, 2, 3, 4]
        return now() - begun

    assert run(main()) == 1


@pytest.mark.parametrize("keyed", [False, True], ids=["", "by key"])
@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_another_worker_takes_the_place_of_one_that_was_cancelled(concurrency, ordered, keyed):
    flying = most = 0

    async def call(item):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            if item in (2, 3):
                asyncio.current_task().cancel()
            await turns(item % 4)
        finally:
            flying -= 1
        return item

    async def main():
        key = (lambda item: item % 2) if keyed else None
        results = stream(range(20)).map(
            call, concurrency=concurrency, ordered=ordered, key=key, buffer=0
        )
        seen = []
        async with asyncio.timeout(5):
            while True:
                try:
                    seen.append(await anext(results))
                except RuntimeError:
                    seen.append("lost")
                except StopAsyncIteration:
                    return seen

    seen = run(main())
    assert sorted(seen, key=str) == sorted([*range(2), *range(4, 20), "lost", "lost"], key=str)
    assert most <= concurrency


def test_a_call_that_swallows_its_cancellation_is_waited_for():
    """Closing returns when it is over, and not before."""

    async def stubborn(n):
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(5)
        return n

    async def main():
        work = stream(range(3)).map(stubborn, concurrency=2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await anext(work)
        await work.aclose()
        return now()

    assert run(main()) == 6


# ---- closing -------------------------------------------------------------------------------------


def test_closing_cancels_the_calls_awaits_them_and_then_closes_the_source():
    timeline = []

    async def call(n):
        try:
            await forever(n)
        finally:
            await asyncio.sleep(1)
            timeline.append(n)

    async def main():
        specimen = zoo.with_slow_aclose(itertools.count(), name="source", timeline=timeline)
        async with stream(specimen.hand_over()).map(call, concurrency=2) as work:
            puller = asyncio.ensure_future(pulls(work))
            await asyncio.sleep(1)
        assert {*timeline[:2]} == {0, 1}
        assert timeline[2:] == ["source"]
        assert await puller == []
        assert specimen.is_closed_once

    run(main())


def test_a_cancellation_of_the_one_who_closes_is_not_swallowed():
    """It comes when all is closed."""
    done = []

    async def call(n):
        try:
            await forever(n)
        finally:
            await asyncio.sleep(3)
            done.append(n)

    async def main():
        work = stream(range(9)).map(call, concurrency=2)
        puller = asyncio.ensure_future(anext(work, None))
        await asyncio.sleep(1)
        puller.cancel()
        await asyncio.wait([puller])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await work.aclose()
        assert sorted(done) == [0, 1]

    run(main())


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_call_may_close_its_own_stream(concurrency, busy):
    """A consumer who waits sees the end, and the call is cancelled like others.

    Where nobody waits it is the call itself that closes: the others are cancelled, and it goes on.
    """

    async def main():
        done = []

        async def call(n):
            await asyncio.sleep(n)
            if n == 2:
                await work.aclose()
                done.append(n)
            return n

        specimen = zoo.with_aclose(range(9))
        work = stream(specimen.hand_over()).map(call, concurrency=concurrency)
        assert await anext(work) == 0
        if busy:
            await asyncio.sleep(9)
        assert await pulls(work) == ([] if busy else [1])
        await work.aclose()
        assert specimen.is_closed_once
        assert done == [2] * busy

    run(main())


def test_a_consumer_that_leaves_by_break_leaves_no_task():
    """The stream is garbage then, and its calls are cancelled; nothing is complained about."""
    cancelled = []

    async def call(n):
        try:
            await asyncio.sleep(n)
        except asyncio.CancelledError:
            cancelled.append(n)
            raise
        return n

    async def main():
        specimen = zoo.with_aclose(itertools.count())
        async for n in stream(specimen.hand_over()).map(call, concurrency=3, buffer=0):
            if n == 1:
                break
        gc.collect()
        await turns(10)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert cancelled
        assert specimen.is_closed_once

    run(main())


def test_a_stream_that_is_dropped_with_its_loop_is_silent(capsys):
    """Its event loop is closed, and nobody has cancelled the tasks."""
    loop = ait.testing.VirtualLoop()
    work = stream(range(9)).map(forever, concurrency=2)
    complaints = []
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    pull = loop.create_task(anext(work, None))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    del pull, work
    gc.collect()
    assert set(complaints) <= {"Task was destroyed but it is pending!"}  # asyncio's own word
    assert "ignored" not in capsys.readouterr().err


@pytest.mark.parametrize("k", [0, 1, 5])
def test_a_source_that_fails_waits_for_nobody_and_closes(k):
    async def main():
        specimen = zoo.generator(zoo.failing(range(k)))
        work = stream(specimen.hand_over()).map(second, concurrency=2)
        results = await pulls(work)
        assert results == [*range(k), Failed(zoo.SourceError)]
        assert specimen.is_closed_once

    run(main())


def test_a_source_that_fails_to_start_is_an_error_and_the_end():
    class Broken:
        def __aiter__(self):
            raise KeyError

    async def main():
        try:
            work = stream(Broken()).map(second, concurrency=2)
        except KeyError:
            return [Failed(KeyError)]
        return await pulls(work)

    assert run(main()) == [Failed(KeyError)]


# ---- many, and at random -------------------------------------------------------------------------


def test_ten_thousand_calls_at_a_time():
    async def main():
        work = stream(range(20_000)).map(second, concurrency=10_000, buffer=0)
        assert await work.list() == list(range(20_000))
        assert now() <= 3
        async with stream(itertools.count()).map(forever, concurrency=10_000) as endless:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(endless)

    run(main())


async def stressed(seed, *, nap=asyncio.sleep):
    """A run with cancels, errors and closes at random; nothing hangs, comes twice, or is left."""
    rnd = random.Random(seed)

    async def call(n):
        for _ in range(rnd.choice([0, 0, 1, 2])):
            await nap(rnd.choice([0, 0.001]))
        if rnd.random() < 0.1:
            raise KeyError(n)
        return n

    specimen = zoo.with_slow_aclose(range(60))
    ordered, concurrency = rnd.random() < 0.5, rnd.randint(1, 8)
    key = (lambda n: n % 3) if rnd.random() < 0.3 else None
    work = stream(specimen.hand_over()).map(call, concurrency=concurrency, ordered=ordered, key=key)
    found, ends = [], rnd.choice([1, 20, 1000])
    for _ in range(ends):
        pull = asyncio.ensure_future(anext(work, None))
        for _ in range(rnd.choice([0, 1, 3])):
            await nap(0)
        if rnd.random() < 0.3:
            pull.cancel()
        try:
            item = await pull
        except (KeyError, asyncio.CancelledError):
            continue
        if item is None:
            break
        found.append(item)
    await work.aclose()
    assert len(found) == len(set(found))
    if ordered:
        assert found == sorted(found)
    assert specimen.is_closed_once
    return found


@pytest.mark.parametrize("seed", range(100))
def test_stress(seed):
    run(stressed(seed))


# ---- other loops ---------------------------------------------------------------------------------


def test_on_uvloop():
    uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this Python")

    async def main():
        assert await stream(range(50)).map(second_of_uv, concurrency=9).list() == list(range(50))
        for seed in range(20):
            await stressed(seed)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def second_of_uv(n):
        await asyncio.sleep(0.001)
        return n

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has eager tasks from 3.12 on")
def test_with_eager_tasks():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        for fn in (abs, second):
            assert await stream(range(9)).map(fn, concurrency=3).list() == list(range(9))
        for seed in range(20):
            await stressed(seed)

    run(main())
