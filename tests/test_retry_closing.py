"""retry: each source is closed once, in order; cancelled and closed while it waits."""

from __future__ import annotations

import asyncio
import gc

import pytest

import aitertools as ait
from aitertools import fixed, retry, retrying, stream

from . import loop, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, asynced, pulls, synced
from .retries import Lost, contexts, either_colour, fail, failing_sources
from .virtual import now, run

# ---- sources: closed once, in order --------------------------------------------------------------


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_each_source_is_closed_once_before_the_next_one_is_made(kind):
    timeline: list[str] = []
    make, _ = failing_sources(kind, 2, timeline=timeline)
    assert run(retry(make, fixed(5), on=Lost).list()) == [0, 1, 2]
    assert timeline == [f"{what} {k}" for k in range(3) for what in ("made", "source")]


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_a_source_whose_function_failed_is_closed_too(kind):
    """It would go on, and so is not closed yet when the error comes."""
    specimens = [kind([1, 2, 3]), kind([4, 6])]
    logs = [specimen.log for specimen in specimens]

    def even(item):
        if item % 2:
            assert not any(log.closes for log in logs)
            raise Lost
        return item

    left = iter(specimens)
    retried = retry(lambda: stream(next(left).hand_over()).map(even), fixed(5), on=Lost)
    assert run(retried.list()) == [4, 6]
    assert all(specimen.is_closed_once for specimen in specimens)
    assert logs[0].given == 1


def test_no_source_is_made_before_it_is_asked_for():
    make, logs = failing_sources(zoo.with_aclose, 1)

    async def main():
        retried = retry(make, fixed(5), on=Lost)
        assert logs == []
        assert await anext(retried) == 0
        await asyncio.sleep(100)
        assert len(logs) == 1
        await retried.aclose()

    run(main())
    assert [log.closes for log in logs] == [1]


def test_an_error_of_closing_is_reachable_from_the_failure():
    make, _ = failing_sources(zoo.FAILS_TO_CLOSE, 9)

    async def main():
        retried = retry(lambda: stream(make()).map(str), fixed(5, attempts=1), on=Lost)
        assert await anext(retried) == "0"
        with pytest.raises(Lost) as caught:
            await anext(retried)
        return caught.value

    chain = contexts(run(main()))
    assert [type(error) for error in chain] == [Lost, zoo.CloseError]


def test_after_an_error_of_closing_it_is_tried_again_all_the_same():
    ends = iter([zoo.FAILS_TO_CLOSE([0]), zoo.with_aclose([2])])
    fail = lambda item: item or 1 / item  # noqa: E731
    retried = retry(lambda: stream(next(ends).hand_over()).map(fail), fixed(5))
    assert run(retried.list()) == [2]


SURVIVING = [zoo.with_aclose, zoo.with_close, zoo.with_slow_aclose, zoo.bare_iterator]


async def consumed(retried, results, errors):
    """Pull to the end, whatever is thrown in, and close."""
    while True:
        try:
            results.append(await anext(retried))
        except StopAsyncIteration:
            break
        except (Exception, Cancelled) as error:  # noqa: BLE001 - what was thrown in comes out
            errors.append(error)
    await retried.aclose()


@pytest.mark.parametrize("kind", SURVIVING, ids=repr)
@either_colour
def test_cancelled_at_any_await_point_it_goes_on_and_closes_once(kind, colour):
    def fresh():
        make, logs = failing_sources(kind, 2, pace=(1,))
        factory = make if colour is synced else asynced(make, Pace(1))
        return retry(factory, fixed(0), on=Lost), logs

    n = loop.points(consumed(fresh()[0], [], []))
    assert n >= 6
    for point in range(1, n + 1):
        retried, logs = fresh()
        results: list[int] = []
        errors: list[BaseException] = []
        task = loop.run_to(consumed(retried, results, errors), point)
        task.throw(Cancelled())
        task.finish()
        assert (results, [type(error) for error in errors]) == ([0, 1, 2], [Cancelled]), point
        assert not kind.closable or [log.closes for log in logs] == [1, 1, 1], point
        assert not any(log.late or log.overlapped for log in logs)


@pytest.mark.parametrize(("attempts", "ends"), [(1, [Failed(Lost)]), (2, [1])])
def test_a_failure_counts_though_a_cancellation_overtakes_it(attempts, ends):
    """The source has failed, but what comes out of its slow close is the cancellation."""
    make, logs = failing_sources(zoo.with_slow_aclose, 1)

    async def pulled(retried):
        assert await anext(retried) == 0
        with pytest.raises(Cancelled) as caught:
            await anext(retried)
        assert [type(error) for error in contexts(caught.value)] == [Cancelled, Lost]
        assert await pulls(retried) == ends

    task = loop.run_to(pulled(retry(make, fixed(0, attempts=attempts), on=Lost)), 1)
    assert logs[0].is_closing
    task.throw(Cancelled())
    task.finish()
    assert [log.closes for log in logs] == [1] * attempts


@pytest.mark.parametrize("kind", SURVIVING, ids=repr)
def test_dropped_at_any_await_point_nothing_is_closed_twice(kind):
    make, _ = failing_sources(kind, 2, pace=(1,))
    for point in range(1, 1 + loop.points(consumed(retry(make, fixed(0), on=Lost), [], []))):
        make, logs = failing_sources(kind, 2, pace=(1,))
        task = loop.run_to(consumed(retry(make, fixed(0), on=Lost), [], []), point)
        task.close()
        gc.collect()
        assert all(log.closes <= 1 and not log.late for log in logs), point


# ---- cancelling and closing while it waits -------------------------------------------------------


def broken_once(delay):
    make, logs = failing_sources(zoo.with_aclose, 1)
    return retry(make, fixed(delay), on=Lost), logs


@pytest.mark.parametrize(("asked", "comes"), [(3, 4), (4, 4), (6, 6)])
def test_the_delay_goes_on_when_the_pull_is_cancelled(asked, comes):
    async def main():
        retried, _ = broken_once(4)
        assert await anext(retried) == 0
        pull = asyncio.ensure_future(anext(retried))
        await asyncio.sleep(1)
        pull.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pull
        await asyncio.sleep(asked - 1)
        assert await retried.list() == [1]
        return now()

    assert run(main()) == comes


def test_a_timeout_during_the_delay_loses_nothing():
    async def main():
        retried, _ = broken_once(4)
        assert await anext(retried) == 0
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await ait.anext(retried, timeout=1)
        item = await anext(retried)
        await retried.aclose()
        return item, now()

    assert run(main()) == (1, 4)


def test_closed_during_the_delay_it_ends_at_once():
    async def main():
        retried, logs = broken_once(4)
        assert await anext(retried) == 0
        pull = asyncio.ensure_future(ait.anext(retried, "the end"))
        await asyncio.sleep(1)
        await retried.aclose()
        assert (pull.done(), now()) == (True, 1)
        assert [log.closes for log in logs] == [1]
        assert await ait.anext(retried, "the end") == "the end"
        return await pull

    assert run(main()) == "the end"


def test_a_factory_that_was_cancelled_is_called_again_and_has_not_failed():
    calls = 0

    async def connect():
        nonlocal calls
        calls += 1
        await asyncio.sleep(2)
        return [calls]

    async def main():
        retried = retry(connect, fixed(9, attempts=1))
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(retried)
        return await retried.list(), now()

    assert run(main()) == ([4], 5)


def test_a_cancellation_is_never_retried():
    calls: list[float] = []

    async def hang():
        calls.append(now())
        await asyncio.sleep(100)

    async def main():
        for awaitable in (retrying(hang, fixed(0))(), retry(hang, fixed(0)).list()):
            task = asyncio.ensure_future(awaitable)
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(main())
    assert calls == [0, 1]


def test_a_call_can_be_cancelled_while_it_waits():
    async def main():
        task = asyncio.ensure_future(retrying(fail, fixed(9))(None))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return now()

    assert run(main()) == 1
