"""retry and retrying: what is tried again, when, and what is closed on the way."""

from __future__ import annotations

import asyncio
import gc
import inspect
import itertools
import weakref
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import exponential, fixed, retry, retrying, stream

from . import loop, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, asynced, pulls, synced
from .virtual import now, run

either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


class Lost(Exception):
    """What is tried again."""


class Other(Exception):
    """What is not."""


# ---- against a model -----------------------------------------------------------------------------


class Script(NamedTuple):
    """What one source does: items, each after so many seconds, and how it ends."""

    items: list[int]
    seconds: int
    end: type[Exception] | None

    async def play(self):
        for item in self.items:
            await asyncio.sleep(self.seconds)
            yield item
        if self.end is not None:
            raise self.end


scripts = st.lists(
    st.builds(
        Script,
        st.lists(st.integers(0, 9), max_size=2),
        st.integers(0, 2),
        st.sampled_from([Lost, Lost, Lost, Lost, Other]),
    ),
    max_size=7,
).map(lambda failing: [*failing, Script([1], 1, None)])

whole = st.one_of(st.none(), st.integers(1, 8))  # seconds, for which floats are exact
schedules = st.one_of(
    st.builds(
        lambda base, cap, n, within: exponential(
            base, cap=cap, jitter=0, attempts=n, within=within
        ),
        st.integers(1, 2),
        whole,
        whole,
        whole,
    ),
    st.builds(
        lambda delay, n, within: fixed(delay, attempts=n, within=within),
        st.integers(0, 3),
        whole,
        whole,
    ),
)


def expected(scripts: list[Script], schedule: ait.Schedule) -> list[tuple[float, object]]:
    """The items and errors of retry, with their times."""
    time = 0.0
    told: list[tuple[float, object]] = []
    delays, start = iter(schedule), None
    for script in scripts:
        for item in script.items:
            time += script.seconds
            told.append((time, item))
            delays, start = iter(schedule), None
        if script.end is None:
            break
        delay = next(delays, None) if script.end is Lost else None
        start = time if start is None else start
        late = schedule.within is not None and time + (delay or 0) > start + schedule.within
        if delay is None or late:
            told.append((time, Failed(script.end)))
            break
        time += delay
    return told


async def told(source: Any) -> list[tuple[float, object]]:
    """What comes of *source*, with times."""
    results: list[tuple[float, object]] = []
    while True:
        try:
            item = await anext(source)
            results.append((now(), item))
        except StopAsyncIteration:
            return results
        except Exception as error:  # noqa: BLE001 - errors are what is told
            results.append((now(), Failed(type(error))))


@given(scripts=scripts, schedule=schedules)
def test_items_and_errors_come_when_the_schedule_says(scripts, schedule):
    left = iter(scripts)
    ours = lambda: retry(lambda: next(left).play(), schedule, on=Lost)  # noqa: E731
    assert run(told(ours())) == expected(scripts, schedule)


@either_colour
@given(scripts=scripts, schedule=schedules)
def test_a_factory_may_fail_itself(colour, scripts, schedule):
    """As a source does that fails before its first item."""
    left = iter(scripts)

    def connect():
        script = next(left)
        if not script.items and script.end is not None:
            raise script.end
        return script.play()

    assert run(told(retry(colour(connect), schedule, on=Lost))) == expected(scripts, schedule)


@either_colour
@given(scripts=scripts, schedule=schedules)
def test_a_call_is_tried_again_when_the_schedule_says(colour, scripts, schedule):
    """As a source would be that has no items but a last one."""
    plain = [script._replace(items=[], seconds=0) for script in scripts[:-1]]
    left = iter([*plain, Script([7], 0, None)])

    def call(argument, *, named):
        assert (argument, named) == (1, 2)
        script = next(left)
        if script.end is not None:
            raise script.end
        return script.items[0]

    async def one():
        patient = retrying(colour(lambda argument: call(argument, named=2)), schedule, on=Lost)
        yield await patient(1)

    assert run(told(one())) == expected([*plain, Script([7], 0, None)], schedule)


# ---- sources: closed once, in order --------------------------------------------------------------


def failing_sources(kind, n, *, pace=(0,), timeline=None):
    """A factory whose sources have one item each and fail, the *n* first ones; and their logs."""
    logs: list[zoo.Log] = []

    def make():
        k = len(logs)
        items = [k] if k >= n else zoo.failing([k], Lost())
        specimen = kind(items, Pace(*pace), name=f"source {k}", timeline=timeline)
        logs.append(specimen.log)
        if timeline is not None:
            timeline.append(f"made {k}")
        return specimen.hand_over()

    return make, logs


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


# ---- errors --------------------------------------------------------------------------------------


def contexts(error):
    """The error, and what its contexts lead to."""
    while error is not None:
        yield error
        error = error.__context__


def numbered(n):
    """A function that fails with ``Lost(1)``, ``Lost(2)`` and so on to n, and then never again."""
    left = iter(range(1, n + 1))

    def call(*_):
        for number in left:
            raise Lost(number)
        return []

    return call


def fail(_):
    raise Lost


@pytest.mark.parametrize(
    ("schedule", "kept"), [(fixed(1, attempts=30), 30), (fixed(1, within=29), 11)]
)
@pytest.mark.parametrize(
    "tried", [lambda *how: retry(*how).list(), lambda *how: retrying(*how)()], ids=["retry", "call"]
)
def test_the_last_error_is_raised_and_leads_to_those_before(tried, schedule, kept):
    async def main():
        with pytest.raises(Lost) as caught:
            await tried(numbered(99), schedule)
        return caught.value

    assert [error.args[0] for error in contexts(run(main()))] == [*range(30, 30 - kept, -1)]


def test_the_same_error_again_and_again_makes_no_circle():
    error = Lost("always this one")

    def call():
        raise error

    with pytest.raises(Lost) as caught:
        run(retrying(call, fixed(1, attempts=5))())
    assert list(contexts(caught.value)) == [error]


def test_after_the_last_error_it_is_at_its_end():
    retried = retry(numbered(99), fixed(1, attempts=3))
    assert run(pulls(retried)) == [Failed(Lost)]


def test_as_many_attempts_as_a_schedule_can_say_are_made():
    """Before, what was raised in the place of the error was an OverflowError."""
    failures = [Lost(), Lost()]

    def call():
        if failures:
            raise failures.pop()
        return "done"

    assert run(retrying(call, fixed(0, attempts=10**30))()) == "done"
    assert run(retry(lambda: "ab", fixed(0, attempts=10**30)).list()) == ["a", "b"]


def test_an_error_that_is_not_retried_passes_and_the_stream_goes_on():
    def parse(text):
        return int(text)

    retried = retry(lambda: stream(["1", "x", "3"]).map(parse), fixed(1), on=Lost)
    assert run(pulls(retried)) == [1, Failed(ValueError), 3]


ON: list[Any] = [Lost, (Lost, KeyError), (KeyError, Lost), lambda error: isinstance(error, Lost)]


@pytest.mark.parametrize("on", ON, ids=["class", "classes", "classes, turned", "function"])
def test_on_says_which_errors_are_retried(on):
    errors = [Lost(), Other(), Lost()]

    def call():
        raise errors.pop(0)

    with pytest.raises(Other):
        run(retrying(call, fixed(1), on=on)())
    assert len(errors) == 1


def test_an_error_of_on_leads_to_the_one_that_it_was_asked_about():
    def on(error):
        raise Other

    for awaitable in (
        retrying(fail, fixed(1), on=on)(None),
        retry(lambda: fail(1), fixed(1), on=on).list(),
    ):
        with pytest.raises(Other) as caught:
            run(awaitable)
        assert [type(error) for error in contexts(caught.value)] == [Other, Lost]


@pytest.mark.parametrize("stop", [StopIteration, StopAsyncIteration])
def test_a_stop_out_of_a_function_is_no_end(stop):
    """PEP 479."""

    def stopping(*_):
        raise stop

    for retried in (
        retry(lambda: stream([1]).map(fail), fixed(1), on=stopping),
        retry(lambda: fail(1), fixed(1), on=stopping),
        retry(lambda: fail(1), fixed(1), on_retry=stopping),
        retry(stopping, fixed(1, attempts=2)),
        retry(stopping, fixed(1), on=Lost),
    ):
        assert run(pulls(retried)) == [Failed(RuntimeError)]


def test_the_schedule_starts_again_after_an_item_not_after_a_good_factory():
    """Also when something was read of the source beforehand."""
    makes = 0

    async def connect():
        nonlocal makes
        makes += 1
        rows = stream(["header", "x"]).map(lambda row: row if row == "header" else fail(row))
        assert await rows.head(1) == ["header"]
        return rows

    assert run(pulls(retry(connect, fixed(1, attempts=3)))) == [Failed(Lost)]
    assert makes == 3


# ---- on_retry ------------------------------------------------------------------------------------


@either_colour
def test_on_retry_is_told_before_each_wait(colour):
    told: list[tuple[float, str, int, float]] = []

    def on_retry(error, number, delay):
        told.append((now(), str(error), number, delay))

    how: Any = {"on_retry": colour(on_retry)}
    schedule = exponential(1, jitter=0, attempts=4)
    run(retrying(numbered(3), schedule, **how)())
    run(retry(numbered(3), schedule, **how).list())
    assert told == 2 * [(0, "1", 1, 1), (1, "2", 2, 2), (3, "3", 3, 4)]


def test_on_retry_is_told_once_even_if_the_wait_is_cancelled():
    told: list[int] = []

    async def main():
        retried = retry(
            numbered(1), fixed(4), on_retry=lambda error, number, delay: told.append(number)
        )
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(retried)
        assert await retried.list() == []

    run(main())
    assert told == [1]


def test_an_error_of_on_retry_ends_it():
    def on_retry(error, number, delay):
        raise Other

    async def main():
        retried = retry(numbered(9), fixed(1), on_retry=on_retry)
        with pytest.raises(Other) as caught:
            await anext(retried)
        assert [type(error) for error in contexts(caught.value)] == [Other, Lost]
        assert await retried.list() == []
        with pytest.raises(Other):
            await retrying(fail, fixed(1), on_retry=on_retry)(None)

    run(main())


# ---- side by side --------------------------------------------------------------------------------


def test_calls_side_by_side_have_a_schedule_each():
    async def fetch(k, failures):
        if next(failures, None) is not None:
            raise Lost
        return k, now()

    async def main():
        items = [(k, iter(range(k))) for k in range(5)]
        patient = retrying(fetch, exponential(1, jitter=0, attempts=9))
        return await stream(items).map(lambda item: patient(*item), concurrency=5).list()

    assert run(main()) == [(k, 2**k - 1) for k in range(5)]


@pytest.mark.parametrize(
    "tried", [lambda *how: retry(*how).list(), lambda *how: retrying(*how)()], ids=["retry", "call"]
)
@pytest.mark.parametrize("schedule", [fixed(0), fixed(0, within=1), fixed(1e-12)], ids=repr)
def test_without_a_delay_the_loop_has_its_turns(tried, schedule):
    """Nor with one that is over when it is looked at."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main():
        await asyncio.sleep(1e9)  # so late that the shortest delay adds nothing
        counting = asyncio.ensure_future(count())
        await tried(numbered(100), schedule)
        counting.cancel()
        await asyncio.wait([counting])

    run(main())
    assert turns >= 100


def test_it_waits_under_trio_too():
    trio = pytest.importorskip("trio")
    testing = pytest.importorskip("trio.testing")

    async def main():
        schedule = exponential(1, jitter=0, attempts=9)
        assert await retry(numbered(3), schedule).list() == []
        middle = trio.current_time()
        assert await retrying(numbered(3), schedule)() == []
        with trio.move_on_after(1) as scope:
            await retrying(fail, fixed(9))(None)
        assert scope.cancelled_caught
        return middle, trio.current_time()

    start = (clock := testing.MockClock(autojump_threshold=0)).current_time()
    middle, end = trio.run(main, clock=clock)
    assert (middle - start, end - start) == (pytest.approx(7), pytest.approx(15))


# ---- the rest ------------------------------------------------------------------------------------


def test_repr_and_stats_name_the_factory_and_count_the_attempts():
    make, _ = failing_sources(zoo.with_aclose, 2)
    retried = retry(make, fixed(1), on=Lost)
    assert repr(retried) == "<Stream retry(make) <- attempts>"
    run(retried.map(str).list())
    assert tuple(stage[:2] for stage in retried.stats()) == (("retry(make)", 3), ("attempts", 3))


def test_an_error_has_one_note_with_the_path():
    with pytest.raises(Lost) as caught:
        run(retry(numbered(9), fixed(1, attempts=2)).map(str).list())
    assert caught.value.__notes__ == ["in aitertools: list <- map(str) <- retry(call) <- attempts"]


def test_a_patient_function_looks_like_the_original():
    async def fetch(page: int) -> str:
        """Fetch it."""
        return str(page)

    patient = retrying(fetch, fixed(1))
    assert (patient.__name__, patient.__doc__, patient.__wrapped__) == ("fetch", "Fetch it.", fetch)
    assert inspect.iscoroutinefunction(patient)


@either_colour
def test_arguments_are_passed_on(colour):
    def call(*args, **kwargs):
        return args, kwargs

    async def async_call(*args, **kwargs):
        return args, kwargs

    patient = retrying(call if colour is synced else async_call, fixed(1))
    assert run(patient(1, 2, named=3)) == ((1, 2), {"named": 3})


def lost_thrice(errors):
    """A function that fails three times; *errors* has weak references to the errors."""

    def call():
        if len(errors) < 3:
            error = Lost()
            errors.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error
        return []

    return call


@pytest.mark.parametrize("attempts", [3, 4], ids=["given up", "overcome"])
@pytest.mark.parametrize("kind", [retry, retrying])
def test_errors_that_are_over_are_let_go_at_once(kind, attempts):
    """Without the help of the garbage collector: no frame holds them, no circle."""
    errors: list[weakref.ref[Exception]] = []

    async def main():
        made = kind(lost_thrice(errors), fixed(1, attempts=attempts))
        with suppress(Lost):
            await (made.list() if kind is retry else made())
        assert [ref() for ref in errors] == [None] * 3

    gc.collect()
    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


def test_errors_are_let_go_when_there_is_an_item_again():
    """Not only at the end, which may be far."""
    errors: list[weakref.ref[Exception]] = []
    call = lost_thrice(errors)

    async def main():
        retried = retry(lambda: ["x", *call()], fixed(1))
        assert await anext(retried) == "x"
        gc.collect()
        assert [ref() for ref in errors] == [None] * 3
        assert await retried.list() == []

    run(main())


def test_what_makes_no_sense_is_refused():
    for make in (retry, retrying):
        name = rf"^{make.__name__}\(\): "
        with pytest.raises(TypeError, match=name + "'int' object is not callable"):
            make(3, fixed(1))
        with pytest.raises(TypeError, match=name + "schedule must be a Schedule.*not int"):
            make(list, 3)
        with pytest.raises(TypeError, match=name + "'int' object is not callable"):
            make(list, fixed(1), on=3)
        with pytest.raises(TypeError, match=name + "'str' object is not callable"):
            make(list, fixed(1), on_retry="x")
        with pytest.raises(TypeError, match=name + "on must be a function that is not async"):
            make(list, fixed(1), on=asynced(bool))
        for on in (BaseException, asyncio.CancelledError, int, (Lost, int), (Lost, (KeyError,))):
            with pytest.raises(TypeError, match=name + "catching classes that do not inherit"):
                make(list, fixed(1), on=on)


def test_what_is_no_source_is_refused_when_it_is_made():
    made = itertools.count()
    retried = retry(lambda: next(made) + 3, fixed(1, attempts=3))
    assert run(pulls(retried)) == [Failed(TypeError)]
    assert next(made) == 1
