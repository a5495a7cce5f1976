"""One queue for threads and for the tasks of several event loops, all at once.

Everything here holds with and without the GIL. Each item comes to exactly one, whoever is
cancelled, timed out or shut down; nobody is left waiting, or the test fails at its deadline.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
from collections import Counter, deque
from contextlib import suppress
from queue import Empty, Full
from typing import NamedTuple

import pytest

import aitertools as ait

from .queues import THREADS_SHUT_DOWN, at_once, filled, wait_until

EACH = 100  # items of a producer
HANDS = 3  # producers, or consumers, of a kind

pytestmark = pytest.mark.usefixtures("hasty")


# ---- producers and consumers of every kind -------------------------------------------------------
#
# A hand is a plain function that runs in a thread of its own. Some run an event loop there, some of
# these with several tasks. A producer is given its items, a consumer returns what it got.


def puts(queue, items):
    for item in items:
        queue.sync.put(item)


def puts_many(queue, items):
    queue.sync.put_many(items)


def gets(queue):
    return [list(queue.sync)]


def gets_many(queue):
    got = []
    with suppress(THREADS_SHUT_DOWN):
        while True:
            got += queue.sync.get_many(3)
    return [got]


def in_a_loop(*mains):
    """Run them as tasks of one loop of this thread; their results."""

    async def main():
        return await asyncio.gather(*mains)

    return asyncio.run(main())


async def put_all(queue, items):
    for item in items:
        await queue.put(item)


async def put_all_at_once(queue, items):
    await queue.put_many(items)


async def get_all(queue):
    return [item async for item in queue]


async def get_all_by_many(queue):
    got = []
    with suppress(ait.QueueShutDown):
        while True:
            got += await queue.get_many(3)
    return got


def puts_in_a_task(queue, items):
    in_a_loop(put_all(queue, items))


def puts_many_in_a_task(queue, items):
    in_a_loop(put_all_at_once(queue, items))


def puts_in_two_tasks(queue, items):
    in_a_loop(put_all(queue, items[::2]), put_all(queue, items[1::2]))


def gets_in_a_task(queue):
    return in_a_loop(get_all(queue))


def gets_in_two_tasks(queue):
    return in_a_loop(get_all(queue), get_all_by_many(queue))


PRODUCERS = {
    "threads": [puts, puts, puts_many],
    "loops": [puts_in_a_task, puts_in_a_task, puts_many_in_a_task],
    "both": [puts, puts_in_a_task, puts_in_two_tasks, puts_many],
}
CONSUMERS = {
    "threads": [gets, gets, gets_many],
    "one loop": [gets_in_two_tasks],
    "loops": [gets_in_a_task, gets_in_a_task, gets_in_two_tasks],
    "both": [gets, gets_many, gets_in_a_task, gets_in_two_tasks],
}


def passed_on(queue, producers, consumers):
    """Let the producers put items into the queue, shut it down, and return what each consumer got.

    An item says who put it, and as the how manieth.
    """
    left = [len(producers)]
    lock = threading.Lock()

    def produce(i, producer):
        producer(queue, [(i, n) for n in range(EACH)])
        with lock:
            left[0] -= 1
            is_last = left[0] == 0
        if is_last:
            queue.shutdown()

    works = [lambda i=i, p=p: produce(i, p) for i, p in enumerate(producers)]
    results = at_once(*works, *[lambda c=c: c(queue) for c in consumers])
    return list(itertools.chain(*results[len(producers) :]))


def check_all_came(queue, producers, got):
    """Each item exactly once, and nobody and nothing left behind."""
    everything = itertools.product(range(len(producers)), range(EACH))
    assert Counter(itertools.chain(*got)) == Counter(everything)
    size, getting, putting, put, taken, dropped = queue.stats()
    assert (size, getting, putting, dropped) == (0, 0, 0, 0)
    assert put == taken == len(producers) * EACH


@pytest.mark.parametrize("maxsize", [0, 1, 4])
@pytest.mark.parametrize("consumers", CONSUMERS)
@pytest.mark.parametrize("producers", PRODUCERS)
def test_each_item_comes_to_one_consumer(producers, consumers, maxsize):
    queue = ait.Queue(maxsize)
    got = passed_on(queue, PRODUCERS[producers], CONSUMERS[consumers])
    check_all_came(queue, PRODUCERS[producers], got)


@pytest.mark.parametrize("maxsize", [0, 1, 4])
@pytest.mark.parametrize("consumer", [gets, gets_many, gets_in_a_task])
@pytest.mark.parametrize("producers", PRODUCERS)
def test_the_items_of_one_producer_stay_in_order(producers, consumer, maxsize):
    """However many others put at the same time."""
    producers = [p for p in PRODUCERS[producers] if p is not puts_in_two_tasks]
    (got,) = passed_on(ait.Queue(maxsize), producers, [consumer])
    for i in range(len(producers)):
        assert [n for producer, n in got if producer == i] == list(range(EACH))


@pytest.mark.parametrize("order", ["LifoQueue", "PriorityQueue"])
def test_the_other_orders_are_as_safe(order):
    queue = getattr(ait, order)(5)
    got = passed_on(queue, PRODUCERS["both"], CONSUMERS["both"])
    check_all_came(queue, PRODUCERS["both"], got)


def test_items_whose_comparison_runs_python_stay_in_order():
    class Job:
        def __init__(self, rank):
            self.rank = rank

        def __lt__(self, other):
            return self.rank < other.rank

    queue = ait.PriorityQueue()
    ranks = random.Random(1).choices(range(50), k=120)

    def put(part):
        for rank in part:
            queue.put_nowait(Job(rank))
            queue.sync.get_many(1)
            queue.sync.put(Job(rank))

    at_once(*[lambda i=i: put(ranks[i::3]) for i in range(3)])
    left = [queue.get_nowait().rank for _ in range(queue.qsize())]
    assert left == sorted(left)
    assert len(left) == len(ranks)


def test_a_queue_can_be_looked_at_while_it_is_used():
    queue = ait.Queue(3)

    def look():
        for _ in range(300):
            size, getting, putting, put, got, dropped = queue.stats()
            assert 0 <= size <= 3
            assert min(getting, putting) >= 0
            assert put == got + size + dropped
            assert 0 <= queue.qsize() <= 3
            assert queue.sync.maxsize == 3
            with suppress(ait.QueueEmpty, ait.QueueShutDown):
                assert len(queue.peek_nowait()) == 2
        return []

    got = passed_on(queue, PRODUCERS["both"], [*CONSUMERS["both"], lambda _: look()])
    check_all_came(queue, PRODUCERS["both"], got)


# ---- timeouts and cancellations at random --------------------------------------------------------


def hasty_puts(queue, items):
    dice = random.Random(repr(items[:1]))
    for item in items:
        while True:
            try:
                queue.sync.put(item, timeout=dice.random() / 3000)
                break
            except Full:
                pass


def hasty_gets(queue):
    dice, got = random.Random(len(repr(queue))), []
    with suppress(THREADS_SHUT_DOWN):
        while True:
            with suppress(Empty):
                got.append(queue.sync.get(timeout=dice.random() / 3000))
    return [got]


async def cancelled_at_times(dice, make):
    """Await what *make* makes until it is not cancelled by a timeout of some kind."""
    while True:
        with suppress(TimeoutError):
            if dice.random() < 0.5:
                async with asyncio.timeout(dice.random() / 3000):
                    return await make()
            task = asyncio.ensure_future(make())
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                return await task


async def put_hastily(queue, items):
    dice, rest = random.Random(repr(items[:1])), deque(items)

    async def put():
        await queue.put(rest[0])
        rest.popleft()

    async def put_many():
        some = [*rest][:4]
        asked = queue.put_many(some)
        try:
            await asked
        finally:
            for _ in range(len(some) - len(asked.rest)):
                rest.popleft()

    while rest:
        await cancelled_at_times(dice, dice.choice([put, put_many]))


async def get_hastily(queue):
    dice, got = random.Random(3), []

    async def get():
        got.append(await queue.get())

    async def get_many():
        got.extend(await queue.get_many(3))

    with suppress(ait.QueueShutDown):
        while True:
            await cancelled_at_times(dice, dice.choice([get, get_many]))
    return got


def hasty_puts_in_a_task(queue, items):
    in_a_loop(put_hastily(queue, items))


def hasty_gets_in_two_tasks(queue):
    return in_a_loop(get_hastily(queue), get_hastily(queue))


HASTY_PRODUCERS = [hasty_puts, hasty_puts, hasty_puts_in_a_task, hasty_puts_in_a_task]


@pytest.mark.parametrize("maxsize", [0, 1, 3])
@pytest.mark.parametrize("consumers", ["hasty", "both"])
def test_timeouts_and_cancellations_lose_and_double_nothing(consumers, maxsize):
    """Whoever gave up left its item, or the room for one, to the next."""
    hasty = [hasty_gets, hasty_gets_in_two_tasks, hasty_gets_in_two_tasks]
    queue = ait.Queue(maxsize)
    got = passed_on(queue, HASTY_PRODUCERS, hasty if consumers == "hasty" else CONSUMERS["both"])
    check_all_came(queue, HASTY_PRODUCERS, got)


def test_items_that_one_hasty_producer_puts_stay_in_order():
    for producer in (hasty_puts, hasty_puts_in_a_task):
        (got,) = passed_on(ait.Queue(2), [producer], [gets_in_a_task])
        assert got == [(0, n) for n in range(EACH)]


# ---- shut down while all wait --------------------------------------------------------------------


def shuts_down(queue, side, n, *, error=None):
    def shut_down():
        wait_until(lambda: getattr(queue.stats(), side) == n)
        queue.shutdown(error=error)

    return shut_down


class Raised(NamedTuple):
    """What a call came to in a thread."""

    error: Exception


def raised(call, *args):
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001 - it is looked at
        return Raised(error)
    raise AssertionError("nothing was raised")


def kinds_of(answers):
    return {type(answer.error) for answer in answers}


@pytest.mark.parametrize("error", [None, OSError("lost")])
def test_everybody_who_waits_for_an_item_is_told_of_a_shutdown(error):
    queue = ait.Queue()
    waits = [
        *[lambda: raised(queue.sync.get)] * HANDS,
        *[lambda: raised(queue.sync.get, True, 60)] * HANDS,
        *[lambda: raised(queue.sync.get_many, 2)] * HANDS,
        *[lambda: raised(in_a_loop, queue.get())] * HANDS,
    ]
    *told, _ = at_once(*waits, shuts_down(queue, "getting", 4 * HANDS, error=error))
    if error is not None:
        assert [answer.error is error for answer in told] == [True] * 4 * HANDS
    else:
        assert all(issubclass(kind, THREADS_SHUT_DOWN) for kind in kinds_of(told[: 3 * HANDS]))
        assert kinds_of(told[3 * HANDS :]) == {ait.QueueShutDown}


def test_everybody_who_waits_for_room_is_told_of_a_shutdown():
    queue = filled(ait.Queue, [0], 1)
    waits = [
        *[lambda: raised(queue.sync.put, 1)] * HANDS,
        *[lambda: raised(queue.sync.put, 1, True, 60)] * HANDS,
        *[lambda: raised(queue.sync.put_many, [1, 2])] * HANDS,
        *[lambda: raised(in_a_loop, queue.put(1))] * HANDS,
    ]
    *told, _ = at_once(*waits, shuts_down(queue, "putting", 4 * HANDS))
    assert all(issubclass(kind, THREADS_SHUT_DOWN) for kind in kinds_of(told[: 3 * HANDS]))
    assert kinds_of(told[3 * HANDS :]) == {ait.QueueShutDown}
    assert queue.stats()[:3] == (1, 0, 0)


def test_everybody_who_iterates_ends_with_a_shutdown():
    queue = ait.Queue()
    waits = [lambda: list(queue.sync)] * HANDS + [lambda: in_a_loop(get_all(queue))] * HANDS
    *got, _ = at_once(*waits, shuts_down(queue, "getting", 2 * HANDS))
    assert got == [[]] * HANDS + [[[]]] * HANDS


def test_everybody_who_joins_goes_on_when_all_is_done():
    queue = filled(ait.Queue, range(9))
    begun = threading.Barrier(2 * HANDS + 1)

    async def join():
        begun.wait()
        await queue.join()

    def join_in_a_thread():
        begun.wait()
        queue.sync.join()

    def work():
        begun.wait()
        for _ in range(9):
            queue.sync.get()
            queue.sync.task_done()

    joins = [join_in_a_thread] * HANDS + [lambda: in_a_loop(join())] * HANDS
    at_once(*joins, work)


# ---- several loops -------------------------------------------------------------------------------


@pytest.mark.parametrize("maxsize", [0, 1])
def test_a_queue_outlives_the_loops_it_is_used_in(maxsize):
    queue = ait.Queue(maxsize)

    async def main(n):
        getter = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        await queue.put(n)
        return await getter

    assert [asyncio.run(main(n)) for n in range(3)] == [0, 1, 2]


def stranded(awaitable, loop=None):
    """A task that waits in a loop that is closed, and will never go on."""
    loop = loop or asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # that it is still pending when it is collected
    task = loop.create_task(awaitable)
    loop.run_until_complete(asyncio.sleep(0))
    return loop, task


def test_a_getter_whose_loop_was_closed_does_not_keep_the_call():
    queue = ait.Queue()
    loop, task = stranded(queue.get())
    loop.close()

    def put():
        wait_until(lambda: queue.stats().getting == 2)
        queue.put_nowait(1)

    assert at_once(queue.sync.get, put) == [1, None]
    assert not task.done()


def test_a_putter_whose_loop_was_closed_does_not_keep_the_call():
    queue = filled(ait.Queue, [0], 1)
    loop, task = stranded(queue.put(1))
    loop.close()

    def get():
        wait_until(lambda: queue.stats().putting == 2)
        return [queue.get_nowait(), queue.sync.get()]

    assert at_once(lambda: queue.sync.put(2), get) == [None, [0, 2]]
    assert not task.done()


def test_a_getter_whose_loop_was_closed_after_the_call_does_not_keep_it():
    queue = ait.Queue()
    loop, task = stranded(queue.get())
    queue.put_nowait(1)
    loop.close()
    assert at_once(queue.sync.get) == [1]
    assert not task.done()


def test_a_getter_whose_loop_was_closed_after_the_call_gives_it_away_when_it_is_dropped():
    queue = ait.Queue()
    loop, task = stranded(queue.get())

    def drop():
        nonlocal task
        wait_until(lambda: queue.stats().getting == 2)
        queue.put_nowait(1)
        loop.close()
        task = None
        gc.collect()

    assert at_once(queue.sync.get, drop) == [1, None]


class ClosedMeanwhile(asyncio.SelectorEventLoop):
    """What a loop may come to without the GIL: another thread closes it, and it keeps the call."""

    def call_soon_threadsafe(self, *args, **kwargs):
        call = super().call_soon_threadsafe(*args, **kwargs)
        self.close()
        self._ready.append(call)
        return call


def test_an_item_goes_past_a_loop_that_is_closed_just_when_it_is_called():
    queue = ait.Queue()
    _, closed = stranded(queue.get(), ClosedMeanwhile())
    loop, task = stranded(queue.get())
    queue.put_nowait(1)
    assert loop.run_until_complete(task) == 1
    assert not closed.done()
    loop.close()


def test_an_item_goes_past_a_loop_that_is_closed_to_a_task_of_another():
    queue = ait.Queue()
    loop, task = stranded(queue.get())
    loop.close()

    async def main():
        getter = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        queue.put_nowait("through")
        return await getter

    assert asyncio.run(main()) == "through"
    assert not task.done()


def test_what_is_dropped_is_told_in_the_thread_that_puts():
    told = []
    queue = ait.Queue(
        1,
        overflow="drop_oldest",
        on_dropped=lambda item: told.append((item, threading.get_ident())),
    )

    def put(who):
        for n in range(30):
            queue.put_nowait((who, n, threading.get_ident()))

    at_once(lambda: put("a"), lambda: put("b"), lambda: put("c"))
    items = [item for item, _ in told] + [queue.get_nowait()]
    assert Counter(item[:2] for item in items) == Counter(itertools.product("abc", range(30)))
    assert {ident for _, ident in told} <= {item[2] for item in items}
    assert queue.stats().dropped == len(told) == 89


def test_asyncio_in_its_debug_mode_sees_nothing_from_a_wrong_thread():
    queue, back = ait.Queue(1), ait.Queue(1)

    async def relay():
        async for item in queue:
            await back.put(item)
        back.shutdown()

    def put():
        for n in range(50):
            queue.sync.put(n)
        queue.shutdown()

    got, *_ = at_once(lambda: list(back.sync), put, lambda: asyncio.run(relay(), debug=True))
    assert got == list(range(50))
