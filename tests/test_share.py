"""Share: readers that come and go."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import zoo
from .models import fussy
from .oracle import READY, Failed, Pace, listed, paced, paces, pulls, run

items = st.lists(st.integers(-3, 9), max_size=14)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))

SLOW = Pace(1)

PACES = pytest.mark.parametrize("pace", [READY, SLOW, Pace(2, 0)], ids=repr)


async def turns(n=20):
    for _ in range(n):
        await asyncio.sleep(0)


# ---- subscribing ---------------------------------------------------------------------------------


@given(items, sources, st.lists(st.integers(0, 14), max_size=4), st.integers(0, 5))
def test_who_subscribes_sees_what_comes_from_then_on_and_what_is_replayed(
    items, source, joins, replay
):
    async def read():
        shared = stream(source(items)).share(maxlag=None, replay=replay)
        first, others = shared.subscribe(), []
        for position in range(len(items)):
            others += [(position, shared.subscribe()) for join in joins if join == position]
            assert await anext(first) == items[position]

        assert await listed(first) == []
        for position, other in others:
            assert await listed(other) == items[max(0, position - replay) :]

    run(read())


def test_nothing_is_pulled_before_a_subscriber_asks():
    pulled = []

    async def read():
        async with stream([1, 2]).tap(pulled.append).share() as shared:
            one = shared.subscribe()
            assert pulled == []
            assert await anext(one) == 1
            assert pulled == [1]

    run(read())


@PACES
def test_errors_and_the_end_reach_all(pace):
    async def read():
        shared = stream(paced(zoo.failing([2, 1, 4]), pace)).map(fussy).share()
        return await asyncio.gather(*(pulls(shared.subscribe()) for _ in range(3)))

    assert run(read()) == [[2, Failed(ValueError), 4, Failed(zoo.SourceError)]] * 3


@PACES
@pytest.mark.parametrize("replay", [0, 1, 2, 5])
def test_a_late_subscriber_gets_what_is_replayed_and_the_error(pace, replay):
    async def read():
        shared = stream(paced(zoo.failing([1, 2, 3]), pace)).share(replay=replay)
        await pulls(shared.subscribe())
        return await pulls(shared.subscribe()), await pulls(shared.subscribe())

    late = [1, 2, 3, Failed(zoo.SourceError)]
    assert run(read()) == (late[-max(replay, 1) :],) * 2


def test_a_late_subscriber_gets_the_end():
    async def read():
        shared = stream([1, 2, 3]).share(replay=2)
        await pulls(shared.subscribe())
        return await pulls(shared.subscribe())

    assert run(read()) == [2, 3]


# ---- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
@pytest.mark.parametrize("stay", [False, True])
def test_the_source_is_closed_with_the_last_subscriber_unless_it_stays(kind, stay):
    async def close():
        specimen = kind(range(4), SLOW)
        shared = stream(specimen.hand_over()).share(stay=stay)
        one, other = shared.subscribe(), shared.subscribe()
        assert shared.subscribers == 2
        assert await anext(one) == 0
        await one.aclose()
        assert shared.subscribers == 1
        await other.aclose()
        assert shared.subscribers == 0
        assert specimen.is_closed_once is not stay or specimen.log.closes == 0
        if stay:
            third = shared.subscribe()
            assert await anext(third) == 1
            await third.aclose()
            assert specimen.log.closes == 0
            await shared.aclose()
        assert specimen.is_closed_once
        assert await listed(shared.subscribe()) == []

    run(close())


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_aclose_closes_the_source_and_ends_all(kind):
    async def close():
        specimen = kind(range(9), SLOW)
        async with stream(specimen.hand_over()).share() as shared:
            one, other = shared.subscribe(), shared.subscribe()
            assert [await anext(one), await anext(one)] == [0, 1]
            await shared.aclose()
            await shared.aclose()
            assert specimen.is_closed_once
            assert await listed(one) == []
            assert await listed(other) == [0, 1]
        assert specimen.is_closed_once

    run(close())


@pytest.mark.parametrize("stay", [False, True])
def test_aclose_ends_a_wait(stay):
    async def close():
        specimen = zoo.with_slow_aclose(range(9), Pace(0, 50))
        shared = stream(specimen.hand_over()).share(stay=stay)
        reading = [asyncio.create_task(listed(shared.subscribe())) for _ in range(3)]
        await turns(5)
        await shared.aclose()
        assert specimen.is_closed_once
        assert await asyncio.gather(*reading) == [[0]] * 3

    run(close())


def test_one_that_was_never_subscribed_to_is_closed_too():
    async def close():
        specimen = zoo.with_aclose([1], READY)
        async with stream(specimen.hand_over()).share():
            pass
        assert specimen.is_closed_once

    run(close())


def test_an_error_of_closing_does_not_mask_the_one_that_led_there():
    async def close():
        with pytest.raises(KeyError) as info:
            async with stream(zoo.FAILS_TO_CLOSE([1]).hand_over()).share():
                raise KeyError
        assert isinstance(info.value.__context__, zoo.CloseError)
        with pytest.raises(zoo.CloseError):
            async with stream(zoo.FAILS_TO_CLOSE([1]).hand_over()).share():
                pass

    run(close())


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_dropping_the_last_subscriber_closes_a_source_that_has_a_task(kind):
    async def drop():
        specimen = kind(range(4), Pace(0, 2))
        if not kind.suspends:
            return
        shared = stream(specimen.hand_over()).share()
        one = shared.subscribe()
        assert [await anext(one), await anext(one)] == [0, 1]
        del one
        gc.collect()
        await turns()
        assert specimen.is_closed_once
        assert await listed(shared.subscribe()) == []
        await shared.aclose()

    run(drop())


def test_cycles_are_collected():
    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            return self

    async def read():
        source = Source()
        source.shared = stream(source).share(replay=2)
        source.reader = source.shared.subscribe()
        await anext(source.reader)
        return weakref.ref(source)

    gone = run(read())
    gc.collect()
    assert gone() is None


# ---- lag -----------------------------------------------------------------------------------------


def test_the_leader_waits_for_who_lags_by_default():
    async def read():
        shared = stream(range(40)).share()
        fast, slow = shared.subscribe(), shared.subscribe()
        reading = asyncio.create_task(listed(fast))
        await turns()
        assert shared.stats() == (2, 16, 16, 0)
        assert await anext(slow) == 0
        await turns()
        assert shared.stats() == (2, 16, 17, 0)
        assert await listed(slow) == [*range(1, 40)]
        assert await reading == [*range(40)]

    run(read())


def test_who_lags_is_told_and_counted():
    async def read():
        shared = stream(range(10)).share(maxlag=4, overflow="drop_oldest")
        fast, slow = shared.subscribe(), shared.subscribe()
        assert len(await listed(fast)) == 10
        with pytest.raises(ait.Lagged) as info:
            await anext(slow)
        assert info.value.missed == 6
        assert shared.stats() == (1, 4, 10, 6)
        assert await listed(slow) == [6, 7, 8, 9]

    run(read())


def test_who_is_disconnected_still_counts_for_closing():
    async def read():
        specimen = zoo.with_aclose(range(10), READY)
        shared = stream(specimen.hand_over()).share(maxlag=2, overflow="disconnect")
        fast, slow = shared.subscribe(), shared.subscribe()
        for _ in range(5):
            await anext(fast)
        assert shared.subscribers == 1
        await fast.aclose()
        assert specimen.log.closes == 0
        with pytest.raises(ait.Lagged):
            await anext(slow)
        assert await listed(slow) == []
        assert specimen.is_closed_once

    run(read())


# ---- sharing work --------------------------------------------------------------------------------


@given(items, sources, st.lists(paces, min_size=1, max_size=4))
def test_in_balance_each_item_is_for_exactly_one(items, source, readers):
    async def read():
        shared = stream(source(items)).share(balance=True)
        found = []

        async def work(pace, subscriber):
            async for item in subscriber:
                found.append(item)
                await pace()

        await asyncio.gather(*(work(pace, shared.subscribe()) for pace in readers))
        assert sorted(found) == sorted(items)

    run(read())


def test_in_balance_who_asked_first_is_served_first():
    async def read():
        shared = stream(paced(range(6), Pace(3))).share(balance=True)
        subscribers = [shared.subscribe() for _ in range(3)]
        asking = [asyncio.create_task(anext(s)) for s in subscribers]
        first = await asyncio.gather(*asking)
        asking = [asyncio.create_task(anext(s)) for s in subscribers]
        second = await asyncio.gather(*asking)
        await shared.aclose()
        return first, second

    assert run(read()) == ([0, 1, 2], [3, 4, 5])


@pytest.mark.parametrize("point", range(14))
def test_in_balance_nothing_is_lost_with_who_is_cancelled(point):
    async def read():
        shared = stream(paced(range(6), Pace(1, 2))).share(balance=True)
        found = []

        async def work(subscriber):
            async for item in subscriber:
                found.append(item)  # noqa: PERF401 - it is cancelled half-way

        workers = [asyncio.create_task(work(shared.subscribe())) for _ in range(3)]
        await turns(point)
        workers[0].cancel()
        await asyncio.wait(workers)
        assert sorted(found) == [*range(6)]

    run(read())


def test_in_balance_the_error_of_an_item_is_for_one_and_the_last_one_for_all():
    async def read():
        shared = stream(paced(zoo.failing([2, 1, 4]), SLOW)).map(fussy).share(balance=True)
        found = await asyncio.gather(*(pulls(shared.subscribe()) for _ in range(3)))
        assert all(answers[-1] == Failed(zoo.SourceError) for answers in found)
        rest = [answer for answers in found for answer in answers[:-1]]
        assert sorted(rest, key=str) == sorted([2, 4, Failed(ValueError)], key=str)

    run(read())


# ---- arguments, names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"maxlag": 0}, ValueError, "share(): maxlag must be at least one"),
        ({"replay": -1}, ValueError, "share(): replay must not be negative"),
        ({"replay": 17}, ValueError, "share(): replay must not be greater than maxlag"),
        (
            {"replay": 1, "balance": True},
            ValueError,
            "share(): takes either balance or replay",
        ),
        (
            {"overflow": "drop_newest"},
            ValueError,
            "share(): overflow must be 'wait', 'drop_oldest' or 'disconnect', not 'drop_newest'",
        ),
        ({"replay": 1.5}, TypeError, "share(): replay must be an integer, not float"),
    ],
)
def test_bad_arguments_fail_at_construction(how, error, message):
    with pytest.raises(error) as info:
        stream([]).share(**how)
    assert str(info.value) == message


def test_it_is_made_by_share_only():
    with pytest.raises(TypeError, match=r"Stream\.share\(\)"):
        ait.Shared()


def test_it_names_where_it_comes_from():
    async def read():
        shared = stream(range(3)).map(str).share()
        assert repr(shared) == "<Shared map(str) <- range, subscribers=0>"
        one = shared.subscribe()
        assert repr(one) == "<Stream share <- map(str) <- range>"
        assert repr(shared) == "<Shared map(str) <- range, subscribers=1>"
        await one.list()
        assert tuple(stage[:2] for stage in one.stats()) == (
            ("share", 3),
            ("map(str)", 3),
            ("range", 3),
        )

    run(read())
