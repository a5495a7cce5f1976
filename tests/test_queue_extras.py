"""What queues can do beyond asyncio's: iterating, many at once, looking, and overflow."""

from __future__ import annotations

import asyncio
import gc
import itertools

import pytest

import aitertools as ait
from aitertools import QueueShutDown, Stream, stream

from .models import double
from .oracle import listed, pulls, run
from .queues import (
    all_cancelled,
    begun,
    drained,
    each_of_ours,
    filled,
    in_order,
    states,
    turns,
    unraisable,
)


def shut(queue, **how):
    queue.shutdown(**how)
    return queue


# ---- iteration -----------------------------------------------------------------------------------


@each_of_ours
def test_it_is_iterated_until_it_is_shut_down_and_drained(kind):
    async def main():
        queue = filled(kind, [2, 1, 3])
        (consumer,) = await begun(listed(queue))
        assert not consumer.done()
        queue.put_nowait(9)
        await turns()
        queue.shutdown()
        return await consumer

    assert run(main()) == [*in_order(kind, [2, 1, 3]), 9]


def test_each_iteration_is_a_stream_of_its_own():
    queue = filled(ait.Queue, range(4))
    first, second = aiter(queue), stream(queue)
    assert isinstance(first, Stream)
    assert isinstance(second, Stream)
    assert first is not second
    assert repr(second.map(str)) == "<Stream map(str) <- Queue>"
    assert [run(anext(each)) for each in (first, second, first)] == [0, 1, 2]
    for each in (first, second):
        run(each.aclose())


def test_several_consumers_divide_the_items():
    async def main():
        queue = ait.Queue(2)
        consumers = await begun(*(listed(queue) for _ in range(3)))
        await queue.put_many(range(30))
        queue.shutdown()
        parts = await asyncio.gather(*consumers)
        assert all(part == sorted(part) for part in parts)
        return sorted(itertools.chain(*parts))

    assert run(main()) == list(range(30))


def test_a_stream_of_it_has_all_the_operators():
    queue = shut(filled(ait.Queue, range(6)))
    assert run(stream(queue).filter(bool).map(double).batched(2).list()) == [(2, 4), (6, 8), (10,)]
    assert run(ait.list(shut(filled(ait.LifoQueue, "abc")))) == ["c", "b", "a"]
    assert run(ait.zip(shut(filled(ait.Queue, "abc")), "xy").list()) == [("a", "x"), ("b", "y")]


@pytest.mark.parametrize("consume", [lambda s: s.take(2).list(), lambda s: s.first()])
def test_closing_the_stream_leaves_the_queue_as_it_is(consume):
    async def main():
        queue = filled(ait.Queue, range(5))
        await consume(stream(queue))
        left = queue.qsize()
        assert left in (3, 4)
        assert not queue.is_shutdown
        async with stream(queue) as items:
            await anext(items)
        queue.put_nowait(5)
        return drained(queue)

    assert run(main())[-3:] == [3, 4, 5]


def test_nothing_is_taken_before_it_is_asked_for():
    async def main():
        queue = filled(ait.Queue, range(3))
        items = stream(queue).map(double).filter(lambda n: True)
        assert queue.qsize() == 3
        assert await anext(items) == 0
        assert queue.qsize() == 2
        await items.aclose()

    run(main())


def test_a_cancelled_pull_leaves_the_item_to_the_next():
    """Whether it was called or not, of this stream or another consumer."""

    async def main():
        queue = ait.Queue()
        items = stream(queue).map(double)
        for called in (False, True):
            (pull,) = await begun(items.__anext__())
            assert queue.stats().getting == 1
            if called:
                queue.put_nowait(1)
            await all_cancelled(pull)
            assert queue.stats().getting == 0
        assert await anext(items) == 2
        queue.put_nowait(2)
        assert await queue.get() == 2
        await items.aclose()

    run(main())


def test_a_cancelled_batch_keeps_what_it_has_for_the_next_pull():
    async def main():
        queue = filled(ait.Queue, [0, 1])
        batches = stream(queue).batched(3)
        (pull,) = await begun(batches.__anext__())
        await all_cancelled(pull)
        assert queue.empty()
        queue.put_nowait(2)
        assert await anext(batches) == (0, 1, 2)
        await batches.aclose()

    run(main())


def test_a_pull_that_timed_out_goes_on_and_the_next_one_gets_its_item():
    async def main():
        queue = ait.Queue()
        items = stream(queue)
        with pytest.raises(TimeoutError):
            await ait.anext(items, timeout=0.001)
        queue.put_nowait(1)
        await turns()
        assert await ait.anext(items) == 1
        await items.aclose()
        assert queue.stats().getting == 0

    run(main())


def test_closing_a_stream_that_waits_ends_it_and_leaves_the_line():
    async def main():
        queue = ait.Queue()
        items = stream(queue).map(double)
        consumer, other = await begun(listed(items), queue.get())
        await items.aclose()
        assert await consumer == []
        assert queue.stats().getting == 1
        queue.put_nowait(1)
        return await other

    assert run(main()) == 1


def test_closing_a_stream_that_was_called_passes_the_call_on():
    async def main():
        queue = ait.Queue()
        items = stream(queue)
        consumer, other = await begun(listed(items), queue.get())
        queue.put_nowait(1)
        await items.aclose()
        got = [*await consumer, *([] if queue.qsize() or other.done() else [None])]
        queue.put_nowait(2)
        return got, await other

    assert run(main()) in (([], 1), ([1], 2))


def test_dropping_a_stream_that_waits_leaves_the_line():
    async def main():
        queue = ait.Queue()
        (pull,) = await begun(stream(queue).map(double).list())
        await all_cancelled(pull)
        del pull
        gc.collect()
        assert queue.stats().getting == 0

    run(main())


def test_one_stream_is_not_for_two_tasks():
    async def main():
        queue = ait.Queue()
        items = stream(queue)
        (first,) = await begun(items.__anext__())
        with pytest.raises(RuntimeError, match=r"^Queue\(\): already running"):
            await anext(items)
        queue.put_nowait(1)
        assert await first == 1
        await items.aclose()

    run(main())


def test_task_done_is_left_to_the_consumer():
    async def main():
        queue = shut(filled(ait.Queue, "ab"))
        (joiner,) = await begun(queue.join())
        async for _ in queue:
            await turns()
            assert not joiner.done()
            queue.task_done()
        await joiner

    run(main())


def test_the_end_is_final_for_a_stream():
    async def main():
        queue = shut(filled(ait.Queue, "a"))
        items = stream(queue)
        return [await pulls(items), await pulls(items)]

    assert run(main()) == [["a"], []]


def test_a_stream_left_open_is_no_concern_of_the_development_mode():
    """There is nothing to close: the queue is not the stream's."""

    async def left_open():
        items = stream(filled(ait.Queue, [1, 2])).map(double)
        await anext(items)

    ait.debug()
    try:
        run(left_open())
        gc.collect()
    finally:
        ait.debug(False)


# ---- many at once --------------------------------------------------------------------------------


@each_of_ours
def test_put_many_puts_any_iterable_in_order(kind):
    async def main():
        queue = kind()
        putting = queue.put_many(n for n in [3, 1, 2])
        assert (queue.qsize(), putting.rest) == (0, [3, 1, 2])
        assert await putting is None
        assert putting.rest == []
        await queue.put_many(())
        return drained(queue)

    assert run(main()) == in_order(kind, [3, 1, 2])


def test_put_many_waits_for_room_and_says_what_is_not_put_yet():
    async def main():
        queue = ait.Queue(2)
        putting = queue.put_many("abcde")
        (task,) = await begun(putting)
        seen = [putting.rest]
        for _ in range(3):
            seen.append(queue.get_nowait())
            await turns()
            seen.append(putting.rest)
        await task
        return seen, drained(queue)

    assert run(main()) == ([list("cde"), "a", list("de"), "b", ["e"], "c", []], ["d", "e"])


@pytest.mark.parametrize("end", ["cancel", "shutdown", "immediate"])
@pytest.mark.parametrize("got", range(4))
def test_put_many_that_does_not_end_tells_the_rest(end, got):
    """What was got, what is in the queue and the rest are all the items, at any moment."""

    async def main():
        dropped = []
        queue = ait.Queue(2, on_dropped=dropped.append)
        putting = queue.put_many(range(6))
        (task,) = await begun(putting)
        out = []
        for _ in range(got):
            out.append(queue.get_nowait())
            if len(out) % 2:
                await asyncio.sleep(0)
        if end == "cancel":
            await all_cancelled(task)
        else:
            queue.shutdown(immediate=end == "immediate")
            with pytest.raises(QueueShutDown):
                await task
        assert queue.stats().putting == 0
        return out + dropped + drained(queue) + putting.rest

    assert run(main()) == list(range(6))


def test_put_many_of_what_fails_while_it_is_read_puts_nothing():
    def failing():
        yield 1
        raise KeyError("broken")

    queue = ait.Queue()
    with pytest.raises(KeyError, match="broken"):
        queue.put_many(failing())
    assert queue.empty()


def test_the_rest_is_a_copy_and_only_put_many_has_one():
    queue = ait.Queue()
    putting = queue.put_many([1, 2])
    putting.rest.clear()
    assert putting.rest == [1, 2]
    run(putting)
    getting = queue.get()
    assert not hasattr(getting, "rest")
    run(getting)


@each_of_ours
def test_get_many_takes_all_that_is_there_up_to_the_most(kind):
    async def main():
        queue = filled(kind, [3, 1, 2, 5, 4])
        return [await queue.get_many(2), await queue.get_many(1), await queue.get_many(1000)]

    first, second, *rest = in_order(kind, [3, 1, 2, 5, 4])
    assert run(main()) == [[first, second], rest[:1], rest[1:]]


def test_get_many_waits_for_the_first_item():
    async def main():
        queue = ait.Queue()
        getters = await begun(queue.get_many(5), queue.get_many(5))
        await queue.put_many("ab")
        queue.put_nowait("c")
        await asyncio.gather(*getters)
        return states(getters)

    first, second = run(main())
    assert first + second == ["a", "b", "c"]
    assert first
    assert second


def test_many_at_once_serve_however_many_wait():
    async def main():
        queue = ait.Queue()
        getters = await begun(*(queue.get() for _ in range(100)))
        await queue.put_many(range(100))
        assert await asyncio.gather(*getters) == list(range(100))
        queue = filled(ait.Queue, range(100), 100)
        putters = await begun(*map(queue.put, range(100, 200)))
        assert await queue.get_many(100) == list(range(100))
        await asyncio.gather(*putters)
        return drained(queue)

    assert run(main()) == list(range(100, 200))


def test_get_many_makes_room_for_as_many():
    async def main():
        queue = filled(ait.Queue, "ab", 2)
        putters = await begun(*map(queue.put, "cde"))
        assert await queue.get_many(9) == ["a", "b"]
        await turns()
        assert [putter.done() for putter in putters] == [True, True, False]
        assert await queue.get_many(9) == ["c", "d"]
        assert await queue.get_many(9) == ["e"]

    run(main())


def test_get_many_of_a_queue_that_is_shut_down_gives_the_rest_and_then_raises():
    async def main():
        queue = shut(filled(ait.Queue, range(3)))
        assert await queue.get_many(2) == [0, 1]
        assert await queue.get_many(2) == [2]
        with pytest.raises(QueueShutDown):
            await queue.get_many(2)

    run(main())


# ---- looking -------------------------------------------------------------------------------------


@each_of_ours
def test_peek_shows_what_get_would_take(kind):
    queue = filled(kind, [2, 3, 1])
    for expected in in_order(kind, [2, 3, 1]):
        assert queue.peek_nowait() == queue.peek_nowait() == expected
        assert queue.get_nowait() == expected
    with pytest.raises(ait.QueueEmpty):
        queue.peek_nowait()
    queue.shutdown()
    with pytest.raises(QueueShutDown):
        queue.peek_nowait()


@each_of_ours
def test_stats_tell_what_is_there_who_waits_and_what_went_through(kind):
    async def main():
        queue = kind(2)
        assert queue.stats() == (0, 0, 0, 0, 0, 0)
        getters = await begun(queue.get(), queue.get_many(3), anext(stream(queue)))
        assert queue.stats() == (0, 3, 0, 0, 0, 0)
        await all_cancelled(*getters)
        putters = await begun(queue.put(1), queue.put_many([2, 3]), queue.put(4))
        assert queue.stats() == (2, 0, 2, 2, 0, 0)
        queue.get_nowait()
        queue.peek_nowait()
        await all_cancelled(*putters[1:])
        stats = queue.stats()
        assert isinstance(stats, ait.QueueStats)
        assert (stats.size, stats.getting, stats.putting) == (1, 0, 0)
        assert (stats.put, stats.got, stats.dropped) == (2, 1, 0)
        queue.shutdown(immediate=True)
        assert queue.stats() == (0, 0, 0, 2, 1, 1)

    run(main())


# ---- overflow ------------------------------------------------------------------------------------

PUT = [5, 1, 4, 2, 3]  # into a queue of two
POLICIES = {"drop_oldest": ([2, 3], [5, 1, 4]), "drop_newest": ([5, 1], [4, 2, 3])}
each_policy = pytest.mark.parametrize("policy", POLICIES)


async def with_put(queue):
    for item in PUT:
        await queue.put(item)


async def with_put_nowait(queue):
    for item in PUT:
        assert queue.put_nowait(item) is None


async def with_put_many(queue):
    await queue.put_many(PUT)


async def with_the_view(queue):
    for item in PUT:
        queue.sync.put(item)


@each_policy
@each_of_ours
@pytest.mark.parametrize("put", [with_put, with_put_nowait, with_put_many, with_the_view])
def test_a_full_queue_drops_and_tells(put, kind, policy):
    """Putting never waits, and the oldest is the one that came first, whatever the order."""
    left, dropped = POLICIES[policy]
    told = []
    queue = kind(2, overflow=policy, on_dropped=told.append)
    with pytest.raises(StopIteration):
        put(queue).send(None)
    assert told == dropped
    assert queue.full()
    assert queue.stats() == (2, 0, 0, 5, 0, 3)
    assert drained(queue) == in_order(kind, left)


@each_policy
def test_what_is_dropped_is_counted_where_nobody_is_told(policy):
    queue = ait.Queue(2, overflow=policy)
    run(with_put(queue))
    assert queue.stats().dropped == 3


@each_policy
@each_of_ours
@pytest.mark.parametrize("put", [with_put, with_put_nowait, with_put_many])
def test_an_on_dropped_that_raises_harms_nobody(put, kind, policy):
    def fail(item):
        raise KeyError(item)

    queue = kind(2, overflow=policy, on_dropped=fail)
    with unraisable() as errors:
        run(put(queue))
    assert [error.args for error in errors] == [(item,) for item in POLICIES[policy][1]]
    assert drained(queue) == in_order(kind, POLICIES[policy][0])


@each_policy
@each_of_ours
def test_on_dropped_may_use_the_queue(kind, policy):
    """It is called when the item is in, or out for good, and no lock is held."""
    told = []

    def dropped(item):
        told.append((item, queue.qsize(), queue.stats().dropped, queue.peek_nowait()))
        if len(told) == 3:
            overflown.put_nowait(queue.get_nowait())

    queue = kind(2, overflow=policy, on_dropped=dropped)
    overflown = ait.Queue()
    run(with_put_nowait(queue))
    assert [each[:3] for each in told] == [
        (item, 2, n) for n, item in enumerate(POLICIES[policy][1], 1)
    ]
    assert (queue.qsize(), overflown.qsize()) == (1, 1)


@each_policy
def test_on_dropped_may_put_again(policy):
    """Though that drops again, as long as it stops somewhere."""
    told = []

    def dropped(item):
        told.append(item)
        if len(told) < 20:
            queue.put_nowait(item)

    queue = ait.Queue(2, overflow=policy, on_dropped=dropped)
    for item in range(3):
        queue.put_nowait(item)
    assert len(told) == 20
    assert sorted([*drained(queue), told[-1]]) == [0, 1, 2]


@each_policy
def test_what_is_dropped_counts_as_done(policy):
    async def main():
        queue = ait.Queue(2, overflow=policy)
        await with_put(queue)
        (joiner,) = await begun(queue.join())
        for _ in range(2):
            await turns()
            assert not joiner.done()
            await queue.get()
            queue.task_done()
        await joiner
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_of_ours
def test_an_immediate_shutdown_tells_what_it_drops(kind):
    told = []
    queue = filled(kind, PUT, on_dropped=told.append)
    queue.shutdown(immediate=True)
    assert sorted(told) == sorted(PUT)
    assert kind is not ait.Queue or told == PUT
    assert queue.stats() == (0, 0, 0, 5, 0, 5)


def test_a_queue_that_is_just_collected_tells_nothing():
    told = []
    filled(ait.Queue, PUT, on_dropped=told.append)
    gc.collect()
    assert told == []
