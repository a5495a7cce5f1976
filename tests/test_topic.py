"""Topic: published once, read by many."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import sys
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import QueueFull, QueueShutDown, Topic

from .oracle import Failed, listed, paces, pulls, run
from .threads import in_threads

items = st.lists(st.integers(-3, 9), max_size=14)


async def turns(n=20):
    for _ in range(n):
        await asyncio.sleep(0)


async def slowly(source, pace):
    found = []
    async for item in source:
        found.append(item)
        await pace()
    return found


async def answers(source):
    """What is read to the end, with what was missed."""
    found = []
    while True:
        try:
            found.append(await source.__anext__())
        except StopAsyncIteration:
            return found
        except ait.Lagged as lagged:
            found.append(lagged)


# ---- publishing and reading ----------------------------------------------------------------------


@given(items, st.integers(1, 5), paces, st.lists(paces, max_size=4))
def test_each_subscriber_reads_all_in_order(items, maxlag, publisher, readers):
    async def read():
        topic = Topic(maxlag=maxlag)
        reading = [asyncio.create_task(slowly(topic.subscribe(), pace)) for pace in readers]
        await turns(1)
        for item in items:
            await topic.publish(item)
            assert topic.stats().lag <= maxlag
            await publisher()
        topic.shutdown()
        assert await asyncio.gather(*reading) == [items] * len(readers)

    run(read())


@given(items, st.integers(0, 6), st.integers(0, 14))
def test_a_new_one_gets_what_is_replayed(items, replay, position):
    async def read():
        topic = Topic(replay=replay)
        early = topic.subscribe()
        for item in items[:position]:
            topic.publish_nowait(item)
        late = topic.subscribe()
        for item in items[position:]:
            topic.publish_nowait(item)
        topic.shutdown()
        assert await listed(early) == items
        position_ = min(position, len(items))
        assert await listed(late) == items[max(0, position_ - replay) :]
        assert await listed(topic.subscribe()) == (items[-replay:] if replay else [])

    run(read())


def test_a_subscriber_is_one_from_the_moment_it_is_made():
    topic = Topic()
    topic.publish_nowait(1)
    reader = topic.subscribe()
    topic.publish_nowait(2)
    assert topic.subscribers == 1
    assert run(anext(reader)) == 2
    assert topic.stats() == (1, 0, 2, 0)


def test_without_a_subscriber_nothing_is_kept():
    class Item:
        pass

    topic = Topic(replay=1)
    first, second = Item(), Item()
    gone = weakref.ref(first), weakref.ref(second)
    topic.publish_nowait(first)
    topic.publish_nowait(second)
    del first, second
    assert gone[0]() is None
    assert gone[1]() is not None
    del topic
    assert gone[1]() is None


def test_a_publisher_waits_for_the_slowest_in_turn():
    async def read():
        topic = Topic(maxlag=1)
        reader = topic.subscribe()
        topic.publish_nowait(0)
        with pytest.raises(QueueFull):
            topic.publish_nowait(1)
        publishing = [asyncio.create_task(topic.publish(i)) for i in (1, 2, 3)]
        await turns()
        assert not any(task.done() for task in publishing)
        publishing[1].cancel()
        assert [await anext(reader) for _ in range(3)] == [0, 1, 3]
        await asyncio.wait(publishing)

    run(read())


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_publisher_waits_no_longer_when_the_slowest_leaves(how):
    async def read():
        topic = Topic(maxlag=1)
        reader = topic.subscribe()
        topic.publish_nowait(0)
        publishing = asyncio.create_task(topic.publish(1))
        await turns()
        if how == "close":
            await reader.aclose()
        del reader
        await asyncio.wait_for(publishing, 5)

    run(read())


@pytest.mark.parametrize("overflow", ["drop_oldest", "disconnect"])
@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_who_lags_is_told_how_many_it_missed(overflow, n):
    async def read():
        topic = Topic(maxlag=3, overflow=overflow)
        reader = topic.subscribe()
        for i in range(n):
            topic.publish_nowait(i)
        topic.shutdown()
        if n <= 3:
            assert await listed(reader) == [*range(n)]
            return
        with pytest.raises(ait.Lagged) as info:
            await anext(reader)
        if overflow == "drop_oldest":
            assert info.value.missed == n - 3
            assert await listed(reader) == [*range(n)][-3:]
        else:
            assert info.value.missed == 4
            assert await listed(reader) == []
        assert topic.stats().dropped == info.value.missed

    run(read())


# ---- shutting down -------------------------------------------------------------------------------


def test_shut_down_it_takes_nothing_more():
    async def read():
        topic = Topic(maxlag=1)
        reader = topic.subscribe()
        await topic.publish(1)
        waiting = asyncio.create_task(topic.publish(2))
        await turns()
        topic.shutdown()
        topic.shutdown()
        assert topic.is_shutdown
        with pytest.raises(QueueShutDown):
            await waiting
        with pytest.raises(QueueShutDown):
            await topic.publish(3)
        with pytest.raises(QueueShutDown):
            topic.publish_nowait(3)
        assert await listed(reader) == [1]

    run(read())


def test_its_error_reaches_all_after_the_items_before():
    async def read():
        topic = Topic(replay=1)
        readers = [topic.subscribe() for _ in range(3)]
        waiting = asyncio.create_task(pulls(readers[0]))
        await turns()
        topic.publish_nowait(1)
        error = KeyError("x")
        topic.shutdown(error)
        topic.shutdown(ValueError)
        assert await waiting == [1, Failed(KeyError)]
        for reader in (*readers[1:], topic.subscribe()):
            assert await pulls(reader) == [1, Failed(KeyError)]
        with pytest.raises(QueueShutDown) as info:
            topic.publish_nowait(3)
        assert info.value.__cause__ is error

    run(read())


def test_the_error_of_a_shutdown_has_to_be_one():
    with pytest.raises(TypeError, match="error must be an exception, not int"):
        Topic().shutdown(3)


# ---- cancelling, closing -------------------------------------------------------------------------


@pytest.mark.parametrize("point", range(6))
def test_a_reader_that_is_cancelled_loses_nothing(point):
    async def read():
        topic = Topic()
        reader, found = topic.subscribe(), []

        async def collect():
            async for item in reader:
                found.append(item)  # noqa: PERF401 - it is cancelled half-way

        reading = asyncio.create_task(collect())
        for i in range(3):
            await turns(1)
            topic.publish_nowait(i)
            if i == point // 2:
                await turns(point % 2)
                reading.cancel()
        await asyncio.wait([reading])
        topic.shutdown()
        await collect()
        assert found == [0, 1, 2]

    run(read())


def test_closing_a_reader_ends_its_wait():
    async def read():
        topic = Topic()
        reader = topic.subscribe()
        reading = asyncio.create_task(listed(reader))
        await turns()
        await reader.aclose()
        assert await reading == []
        assert topic.subscribers == 0

    run(read())


def test_an_awaitable_of_publish_is_used_once():
    async def read():
        topic = Topic()
        publishing = topic.publish(1)
        await publishing
        with pytest.raises(RuntimeError, match="cannot reuse already awaited publish"):
            await publishing
        with pytest.warns(RuntimeWarning, match=r"'Topic\.publish' was never awaited"):
            topic.publish(2)

    run(read())


# ---- threads and loops ---------------------------------------------------------------------------


@pytest.mark.parametrize("overflow", ["wait", "drop_oldest"])
def test_threads_and_loops_publish_and_read_at_once(overflow):
    n, topic = 300, Topic(maxlag=8, overflow=overflow)
    publishing = {*range(3)}

    async def publish(name):
        for k in range(n):
            await topic.publish((name, k))
        publishing.discard(name)
        if not publishing:
            topic.shutdown()

    readers = [functools.partial(answers, topic.subscribe()) for _ in range(3)]
    publishers = [functools.partial(publish, name) for name in range(3)]
    found = in_threads(*publishers, *readers)
    assert found[:3] == [None] * 3
    for read in found[3:]:
        missed = sum(a.missed for a in read if isinstance(a, ait.Lagged))
        got = [a for a in read if not isinstance(a, ait.Lagged)]
        assert len(got) + missed == 3 * n
        assert missed == 0 or overflow == "drop_oldest"
        assert all(
            [k for who, k in got if who == name] == sorted(k for who, k in got if who == name)
            for name in range(3)
        )
    assert topic.stats()[1:3] == (0, 3 * n)


def test_threads_subscribe_and_leave_while_others_publish():
    topic = Topic(maxlag=4, overflow="disconnect", replay=2)
    coming = {*range(3)}

    async def come_and_go(name):
        for i in range(60):
            with contextlib.suppress(ait.Lagged):
                await topic.subscribe().take(i % 5).list()
        coming.discard(name)

    async def publish():
        while coming:
            await topic.publish(object())

    found = in_threads(publish, *(functools.partial(come_and_go, name) for name in range(3)))
    assert found == [None] * 4
    gc.collect()
    assert topic.subscribers == 0


# ---- memory, arguments, names --------------------------------------------------------------------


def test_references_stay_flat():
    async def read():
        topic = Topic(maxlag=3, replay=2)
        reading = [asyncio.create_task(listed(topic.subscribe())) for _ in range(2)]
        await turns(1)
        for i in range(300):
            await topic.publish(i + 1000)
        topic.shutdown()
        await asyncio.gather(*reading)

    run(read())
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5):
        run(read())
    gc.collect()
    assert abs(sys.getallocatedblocks() - before) < 200


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"maxlag": 0}, ValueError, "Topic(): maxlag must be at least one"),
        ({"replay": -1}, ValueError, "Topic(): replay must not be negative"),
        ({"maxlag": 2, "replay": 3}, ValueError, "Topic(): replay must not be greater than maxlag"),
        (
            {"maxlag": None, "overflow": "disconnect"},
            ValueError,
            "Topic(): overflow='disconnect' needs a maxlag",
        ),
    ],
)
def test_bad_arguments_fail_at_construction(how, error, message):
    with pytest.raises(error) as info:
        Topic(**how)
    assert str(info.value) == message


def test_it_can_be_subclassed_named_and_referred_to():
    class Named(Topic[int]):
        def __init__(self, name):
            super().__init__(maxlag=2)
            self.name = name

    topic = Named("a")
    assert weakref.ref(topic)() is topic
    reader = topic.subscribe()
    assert repr(topic).startswith("<Named at 0x")
    assert repr(topic).endswith(" subscribers=1>")
    assert repr(reader) == "<Stream Topic>"
    topic.shutdown()
    assert repr(topic).endswith(" subscribers=1 shutdown>")


@pytest.mark.parametrize("replay", [0, 1, 7])
def test_it_says_how_many_it_replays(replay):
    topic = Topic(replay=replay)
    assert topic.replay == replay
    with pytest.raises(AttributeError):
        topic.replay = 3
