"""retry and retrying: what is tried again, and when."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import exponential, fixed, retry, retrying, stream

from . import zoo
from .oracle import Failed, asynced, pulls, synced
from .retries import Lost, Other, contexts, either_colour, fail, failing_sources, numbered
from .virtual import now, run

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
