"""Tee: any interleaving of readers, cancelled, closed and dropped at every point."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import gc
import itertools
import sys
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream

from . import loop, zoo
from .models import fussy
from .oracle import READY, Failed, Pace, listed, paced, paces, pulls, run
from .threads import in_threads

items = st.lists(st.integers(-3, 9), max_size=14)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
"""How items are handed over: as a list, or by an async generator that suspends anywhere."""

SLOW = Pace(1)
"""Suspends before each item, and before the end."""

PACES = pytest.mark.parametrize("pace", [READY, SLOW, Pace(2, 0)], ids=repr)


def surviving(items, pace=SLOW):
    """A source that suspends and can be cancelled without being over."""
    return zoo.bare_iterator(items, pace).hand_over()


async def slowly(source, pace):
    """What comes of *source* when it is read with pauses: items and errors."""
    found = []
    while True:
        await pace()
        try:
            found.append(await source.__anext__())
        except StopAsyncIteration:
            return found
        except Exception as error:  # noqa: BLE001 - errors are what is collected
            found.append(error if isinstance(error, ait.Lagged) else Failed(type(error)))


async def turns(n=20):
    for _ in range(n):
        await asyncio.sleep(0)


# ---- what is read --------------------------------------------------------------------------------


@given(items, st.integers(0, 4), st.lists(st.integers(0, 3), max_size=40), sources)
def test_it_is_that_of_itertools_in_any_order_of_pulls(items, n, script, source):
    async def read():
        ours, theirs = stream(source(items)).tee(n), itertools.tee(items, n)
        for side in script:
            if side < n:
                assert next(theirs[side], "end") == await anext(ours[side], "end")

        assert [list(branch) for branch in theirs] == [await listed(branch) for branch in ours]

    run(read())


@given(items, st.lists(paces, min_size=1, max_size=4), sources)
def test_any_number_of_tasks_read_at_the_same_time(items, readers, source):
    async def read():
        branches = stream(source(items)).tee(len(readers))
        return await asyncio.gather(*map(slowly, branches, map(copy.copy, readers)))

    assert run(read()) == [items] * len(readers)


@given(items, st.integers(1, 3), st.lists(paces, min_size=2, max_size=4), sources)
def test_with_a_lag_that_waits_nothing_is_missed(items, maxlag, readers, source):
    async def read():
        pulled = []
        branches = stream(source(items)).tap(pulled.append).tee(len(readers), maxlag=maxlag)

        async def count(branch, pace):
            async for _ in branch:
                seen[branch] += 1
                assert len(pulled) <= min(seen.values()) + maxlag
                await pace()
            seen[branch] = 10**9
            return seen

        seen = dict.fromkeys(branches, 0)
        readers_of = map(count, branches, map(copy.copy, readers))
        await asyncio.gather(*readers_of)
        assert pulled == items

    run(read())


def test_none_of_no_stream_is_not_looked_at():
    assert stream([1]).tee(0) == ()
    source = iter([1])
    assert ait.tee(source, 0) == ()
    assert list(source) == [1]


def test_nothing_is_pulled_before_it_is_asked_for():
    pulled = []

    async def read():
        one, other = stream([1, 2, 3]).tap(pulled.append).tee()
        assert pulled == []
        assert await anext(one) == 1
        assert pulled == [1]
        assert await anext(other) == 1
        assert pulled == [1]

    run(read())


def test_branches_of_branches():
    async def read():
        one, other = stream(paced("abc", SLOW)).tee()
        return await asyncio.gather(*map(listed, (*one.tee(2), *other.map(str.upper).tee(2))))

    assert run(read()) == [[*"abc"]] * 2 + [[*"ABC"]] * 2


# ---- errors --------------------------------------------------------------------------------------


@PACES
def test_an_error_that_ends_the_source_reaches_all_after_the_items_before(pace):
    async def read():
        branches = stream(paced(zoo.failing([1, 2]), pace)).tee(3)
        return await asyncio.gather(*map(pulls, branches))

    assert run(read()) == [[1, 2, Failed(zoo.SourceError)]] * 3


@PACES
def test_a_source_that_goes_on_after_an_error_goes_on_for_all(pace):
    async def read():
        branches = stream(paced([2, 1, 4, 3], pace)).map(fussy).tee(2)
        return await asyncio.gather(*map(pulls, branches))

    failed = Failed(ValueError)
    assert run(read()) == [[2, failed, 4, failed]] * 2


def test_it_is_the_same_exception_whose_traceback_does_not_grow():
    async def read():
        caught = []
        branches = stream(paced(zoo.failing([]), SLOW)).tee(5)
        for branch in branches:
            with pytest.raises(zoo.SourceError) as info:
                await anext(branch)
            depth, tb = 0, info.value.__traceback__
            while tb is not None:
                depth, tb = depth + 1, tb.tb_next
            caught.append((info.value, depth))

        await branches[0].aclose()  # waits for the task that pulled
        return caught

    caught = run(read())
    assert len({id(error) for error, _ in caught}) == 1
    assert len({depth for _, depth in caught}) == 1
    assert sum("in aitertools" in note for note in caught[0][0].__notes__) == 1


def test_a_source_that_asks_what_is_made_of_it_is_refused():
    async def again(item):
        return await anext(branches[1])

    branches = stream([1]).map(again).tee()
    assert run(pulls(branches[0])) == [Failed(RuntimeError)]


def test_a_source_that_asks_what_is_made_of_it_later_is_refused_as_well():
    async def source():
        yield 1
        await asyncio.sleep(0)
        assert await anext(branches[1]) == 1
        yield await anext(branches[1])

    branches = stream(source()).tee()
    assert run(pulls(branches[0])) == [1, Failed(RuntimeError)]


# ---- cancelling ----------------------------------------------------------------------------------


@PACES
@pytest.mark.parametrize("point", range(12))
def test_a_leader_that_is_cancelled_at_any_point_takes_nothing_from_the_others(pace, point):
    async def read():
        one, other, third = stream(paced(range(4), pace)).tee(3)
        leader = asyncio.create_task(listed(one))
        follower = asyncio.create_task(listed(other))
        await turns(point)
        leader.cancel()
        assert await follower == [0, 1, 2, 3]
        with pytest.raises((asyncio.CancelledError, AssertionError)):
            assert await leader != [0, 1, 2, 3]
        assert await listed(third) == [0, 1, 2, 3]

    run(read())


@pytest.mark.parametrize("point", range(10))
def test_who_is_cancelled_goes_on_where_it_was(point):
    async def read():
        one, other = stream(paced(range(5), Pace(1, 2))).tee()
        found = []

        async def collect():
            async for item in one:
                found.append(item)  # noqa: PERF401 - it is cancelled half-way

        reading = asyncio.create_task(collect())
        await turns(point)
        reading.cancel()
        await asyncio.wait([reading])
        await collect()
        assert found == await listed(other) == [0, 1, 2, 3, 4]

    run(read())


def test_a_timeout_loses_nothing():
    async def read():
        one, other = stream(paced(range(3), Pace(30))).tee()
        with pytest.raises(TimeoutError):
            await ait.anext(one, timeout=0)

        return await asyncio.gather(listed(one), listed(other))

    assert run(read()) == [[0, 1, 2]] * 2


def test_elsewhere_a_leader_that_is_cancelled_leaves_the_lead():
    one, other = stream(surviving(range(3))).tee()
    with pytest.raises(loop.Cancelled):
        loop.run_to(anext(one), 1).throw(loop.Cancelled())

    assert loop.run(listed(other)) == loop.run(listed(one)) == [0, 1, 2]


# ---- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
@pytest.mark.parametrize("started", [False, True])
def test_who_is_closed_last_closes_the_source(kind, started):
    async def close():
        specimen = kind(range(4), SLOW)
        branches = stream(specimen.hand_over()).tee(3)
        if started:
            assert await anext(branches[1]) == 0
        for branch in branches[:2]:
            await branch.aclose()
            await branch.aclose()
        assert specimen.log.closes == 0
        await branches[2].aclose()
        assert specimen.is_closed_once
        assert [await listed(branch) for branch in branches] == [[]] * 3

    run(close())


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_at_its_end_the_source_is_closed(kind):
    async def read():
        specimen = kind(range(4), SLOW)
        one, other = stream(specimen.hand_over()).tee()
        assert await listed(one) == [0, 1, 2, 3]
        assert specimen.is_closed_once
        assert await listed(other) == [0, 1, 2, 3]
        assert specimen.is_closed_once
        assert not specimen.log.late

    run(read())


@PACES
@pytest.mark.parametrize("how", ["close", "drop"])
@pytest.mark.parametrize("point", range(8))
def test_one_that_is_closed_or_dropped_at_any_point_leaves_the_others_alone(pace, how, point):
    async def read():
        branches = [*stream(paced(range(5), pace)).tee(3)]
        readers = [asyncio.create_task(listed(branch)) for branch in branches[:2]]
        one = branches[0]
        del branches[0]
        await turns(point)
        if how == "close":
            await one.aclose()
        else:
            readers[0].cancel()
            await asyncio.wait([readers[0]])
            readers[0] = one = None
        assert await readers[1] == [0, 1, 2, 3, 4]
        assert await listed(branches[1]) == [0, 1, 2, 3, 4]

    run(read())


def test_closing_the_last_one_ends_its_wait_and_the_pull():
    async def close():
        specimen = zoo.with_slow_aclose(range(3), Pace(0, 50))
        one, other = stream(specimen.hand_over()).tee()
        await other.aclose()
        reading = asyncio.create_task(listed(one))
        await turns(5)
        await one.aclose()
        assert specimen.is_closed_once
        assert await reading == [0]

    run(close())


def test_the_error_of_closing_reaches_who_closed_last():
    async def close():
        specimen = zoo.FAILS_TO_CLOSE(range(3))
        one, other = stream(specimen.hand_over()).tee()
        await one.aclose()
        with pytest.raises(zoo.CloseError):
            await other.aclose()
        assert specimen.is_closed_once

    run(close())


@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_dropping_all_while_a_pull_is_under_way_ends_it(kind):
    async def drop():
        specimen = kind(range(3), Pace(50))
        if not kind.suspends:
            return
        branches = stream(specimen.hand_over()).tee()
        reading = asyncio.create_task(anext(branches[0]))
        await turns(5)
        reading.cancel()
        await asyncio.wait([reading])
        del branches, reading
        gc.collect()
        await turns(80)
        assert specimen.is_closed_once

    run(drop())


def test_dropping_all_frees_the_source_at_once():
    class Source(list):
        pass

    source = Source(range(4))
    gone = weakref.ref(source)
    one, other = stream(iter(source)).tee()
    del source
    assert run(anext(one)) == 0
    del one
    assert gone() is not None
    del other
    assert gone() is None


def test_cycles_are_collected():
    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            return self

    async def read():
        source = Source()
        source.branches = stream(source).tee()
        await anext(source.branches[0])
        return weakref.ref(source)

    gone = run(read())
    gc.collect()
    assert gone() is None


# ---- memory --------------------------------------------------------------------------------------


class Item:
    pass


def test_an_item_is_kept_until_the_slowest_has_read_it():
    things = [Item() for _ in range(6)]
    gone = [weakref.ref(item) for item in things[::-1]]

    async def read():
        one, other = stream(map(things.pop, [-1] * 4)).tee()
        for _ in range(4):
            await anext(one)
        del things[:]
        assert sum(ref() is not None for ref in gone) == 4
        for _ in range(3):
            await anext(other)
        alive = [ref() is not None for ref in gone[:4]]
        assert alive[:2] == [False, False], "the last one that was read may be held by the stream"
        assert alive[3]
        await other.aclose()
        await one.aclose()
        assert sum(ref() is not None for ref in gone) == 0

    run(read())


def test_a_long_lag_leaves_no_memory_behind():
    async def read():
        one, other = stream(range(100_000)).tee()
        await one.drain()
        assert await other.count() == 100_000

    run(read())
    before = sys.getallocatedblocks()
    run(read())
    assert abs(sys.getallocatedblocks() - before) < 100


def test_pulls_in_the_courier_keep_references_flat():
    async def read():
        await asyncio.gather(*(b.drain() for b in stream(paced(range(300), SLOW)).tee(3)))

    run(read())
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5):
        run(read())
    gc.collect()
    assert abs(sys.getallocatedblocks() - before) < 200


# ---- lag -----------------------------------------------------------------------------------------


@given(st.integers(0, 12), st.integers(1, 5), st.integers(0, 5))
def test_dropping_the_oldest_tells_how_many_were_missed(n, maxlag, before):
    async def read():
        fast, slow = stream(range(n)).tee(maxlag=maxlag, overflow="drop_oldest")
        for i in range(read_before):
            assert await anext(fast) == await anext(slow) == i
        assert await listed(fast) == [*range(read_before, n)]
        return await slowly(slow, READY)

    read_before = min(before, n)
    rest = run(read())
    missed = max(0, n - read_before - maxlag)
    if missed:
        assert rest.pop(0).missed == missed
    assert rest == [*range(read_before + missed, n)]


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_who_is_disconnected_is_told_and_then_at_its_end(n):
    async def read():
        fast, slow = stream(range(n)).tee(maxlag=3, overflow="disconnect")
        assert await listed(fast) == [*range(n)]
        return await slowly(slow, READY)

    found = run(read())
    if n <= 3:
        assert found == [*range(n)]
    else:
        assert [lagged.missed for lagged in found] == [4]
        assert str(found[0]) == "missed 4 items"


def test_lagged_says_it_in_words():
    assert str(ait.Lagged(1)) == "missed 1 item"
    assert str(ait.Lagged(5)) == "missed 5 items"
    assert ait.Lagged(5).missed == 5
    assert copy.copy(ait.Lagged(5)).missed == 5


def test_a_leader_that_waits_for_the_slowest_can_be_cancelled():
    async def read():
        fast, slow = stream(range(4)).tee(maxlag=2)
        reading = asyncio.create_task(listed(fast))
        await turns()
        assert not reading.done()
        reading.cancel()
        await asyncio.wait([reading])
        return await asyncio.gather(listed(fast), listed(slow))

    assert run(read()) == [[2, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_leader_waits_no_longer_when_the_slowest_leaves(how):
    async def read():
        fast, slow = stream(range(4)).tee(maxlag=2)
        reading = asyncio.create_task(listed(fast))
        await turns()
        if how == "close":
            await slow.aclose()
        del slow
        return await asyncio.wait_for(reading, 5)

    assert run(read()) == [0, 1, 2, 3]


# ---- the task that pulls -------------------------------------------------------------------------


@pytest.mark.parametrize("pace", [SLOW, Pace(0, 1)], ids=repr)
def test_a_source_that_waits_is_pulled_by_one_task(pace):
    async def read():
        specimen = zoo.generator(range(6), pace)
        branches = stream(specimen.hand_over()).tee(3)
        await asyncio.gather(*map(listed, branches))
        assert len(specimen.log.pulled_in) <= 2, "the first pull begins where it is asked for"
        assert not specimen.log.overlapped

    run(read())


def test_a_source_may_hold_a_timeout_and_a_context():
    colour = contextvars.ContextVar("colour", default="none")

    async def source():
        colour.set("its own")
        async with asyncio.timeout(10):
            for i in range(4):
                await asyncio.sleep(0)
                assert colour.get() == "its own"
                yield i

    async def read():
        branches = stream(source()).tee(2)
        found = await asyncio.gather(*map(listed, branches))
        assert colour.get() == "none"
        return found

    assert run(read()) == [[0, 1, 2, 3]] * 2


# ---- threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("maxlag", [None, 3])
def test_threads_read_a_source_that_never_waits(maxlag):
    branches = stream(range(2000)).tee(3, maxlag=maxlag)
    mains = [functools.partial(listed, branch) for branch in branches]
    assert in_threads(*mains) == [[*range(2000)]] * 3


@pytest.mark.parametrize("maxlag", [None, 3])
def test_threads_read_a_source_that_waits(maxlag):
    """As long as the loop runs in which it was first asked for."""

    async def source():
        for i in range(300):
            if i % 3:
                await asyncio.sleep(0)
            yield i

    async def first():
        one = branches[0]
        found = [await anext(one)]
        begun.set()
        found += await listed(one)
        await asyncio.to_thread(over.acquire)
        return found

    async def other(branch):
        await asyncio.to_thread(begun.wait)
        found = await listed(branch)
        with lock:
            finished.append(1)
            if len(finished) == 2:
                over.release()
        return found

    begun, over, lock, finished = threading.Event(), threading.Lock(), threading.Lock(), []
    over.acquire()
    branches = stream(source()).tee(3, maxlag=maxlag)
    mains = [first, *(functools.partial(other, branch) for branch in branches[1:])]
    assert in_threads(*mains) == [[*range(300)]] * 3


def test_threads_leave_while_others_read():
    branches = stream(range(3000)).tee(4, maxlag=5)

    async def leave(branch):
        await branch.take(100).list()
        return "left"

    async def cancel(branch):
        reading = asyncio.create_task(listed(branch))
        await asyncio.sleep(0.001)
        reading.cancel()
        await asyncio.wait([reading])
        await branch.aclose()
        return "left"

    mains = [
        functools.partial(leave, branches[0]),
        functools.partial(cancel, branches[1]),
        *(functools.partial(listed, branch) for branch in branches[2:]),
    ]
    assert in_threads(*mains) == ["left", "left", [*range(3000)], [*range(3000)]]


def test_threads_share_work():
    shared = stream(range(3000)).share(balance=True)
    found = in_threads(*(functools.partial(listed, shared.subscribe()) for _ in range(4)))
    assert sorted(itertools.chain(*found)) == [*range(3000)]


# ---- arguments, names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda s: s.tee(-1), ValueError, "tee(): n must not be negative"),
        (lambda s: s.tee("2"), TypeError, "tee(): n must be an integer, not str"),
        (lambda s: s.tee(maxlag=0), ValueError, "tee(): maxlag must be at least one"),
        (lambda s: s.tee(maxlag=1.0), TypeError, "tee(): maxlag must be an integer, not float"),
        (
            lambda s: s.tee(maxlag=1, overflow="x"),
            ValueError,
            "tee(): overflow must be 'wait', 'drop_oldest' or 'disconnect', not 'x'",
        ),
        (
            lambda s: s.tee(overflow="drop_oldest"),
            ValueError,
            "tee(): overflow='drop_oldest' needs a maxlag",
        ),
    ],
)
def test_bad_arguments_fail_at_construction(make, error, message):
    with pytest.raises(error) as info:
        make(stream([]))
    assert str(info.value) == message


def test_a_source_that_is_none_is_told_by_name():
    with pytest.raises(TypeError, match=r"tee\(\)"):
        ait.tee(5)


def test_branches_name_where_they_come_from():
    async def read():
        one, other = stream(range(3)).map(str).tee()
        assert repr(one) == "<Stream tee <- map(str) <- range>"
        await one.list()
        assert tuple(stage[:2] for stage in one.stats()) == (
            ("tee", 3),
            ("map(str)", 3),
            ("range", 3),
        )
        assert tuple(stage[:2] for stage in other.stats()) == (
            ("tee", 0),
            ("map(str)", 3),
            ("range", 3),
        )
        assert repr(one) == "<Stream tee <- map(str) <- range>"

    run(read())
