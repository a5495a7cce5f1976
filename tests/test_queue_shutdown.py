"""Drop-ins for asyncio's queues: task_done() and join(), shutdown(), and random scripts of it all.

Each test here holds for ours and, where this Python's asyncio has the feature, for asyncio's. What
shutdown() of ours can do beyond that is in test_queue_extras.py.
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import QueueShutDown

from .oracle import run
from .queues import (
    ORDERS,
    THEIRS_SHUT_DOWN,
    all_cancelled,
    begun,
    drained,
    each_queue,
    each_that_shuts_down,
    filled,
    turns,
)

# ---- task_done and join --------------------------------------------------------------------------


@each_queue
def test_task_done_called_too_often_is_a_value_error(kind):
    queue = filled(kind, [1])
    assert queue.task_done() is None
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^task_done\(\) called too many times$"):
            queue.task_done()
    queue.put_nowait(2)
    queue.task_done()


@each_queue
def test_join_of_a_queue_with_nothing_to_do_does_not_suspend(kind):
    queue = kind()
    for _ in range(2):
        with pytest.raises(StopIteration) as stop:
            queue.join().send(None)
        assert stop.value.value is None


@each_queue
def test_join_waits_until_each_item_was_said_to_be_done(kind):
    async def main():
        queue = filled(kind, range(3))
        joiners = await begun(queue.join(), queue.join())
        for _ in range(3):
            assert await queue.get() is not None
            await turns()
            assert not any(joiner.done() for joiner in joiners)
            queue.task_done()
        assert await asyncio.gather(*joiners) == [None, None]
        await queue.join()

    run(main())


@each_queue
def test_an_item_put_meanwhile_has_to_be_done_too(kind):
    async def main():
        queue = filled(kind, [1])
        (joiner,) = await begun(queue.join())
        queue.put_nowait(2)
        queue.task_done()
        await turns()
        assert not joiner.done()
        queue.task_done()
        await joiner

    run(main())


@each_queue
def test_join_unblocks_though_an_item_is_put_before_it_goes_on(kind):
    """For once, nothing was left to do; that is what it waited for."""

    async def main():
        queue = filled(kind, [1])
        (joiner,) = await begun(queue.join())
        queue.task_done()
        queue.put_nowait(2)
        await turns()
        return joiner.done()

    assert run(main())


@each_queue
def test_a_cancelled_join_leaves_everything_as_it_was(kind):
    async def main():
        queue = filled(kind, [1])
        first, second = await begun(queue.join(), queue.join())
        await all_cancelled(first)
        queue.task_done()
        await second
        return drained(queue)

    assert run(main()) == [1]


@each_queue
def test_workers_can_be_waited_for_with_join(kind):
    """The example of asyncio's documentation."""

    async def main():
        queue, total = filled(kind, range(100)), 0

        async def work():
            nonlocal total
            while True:
                total += await queue.get()
                await asyncio.sleep(0)
                queue.task_done()

        workers = await begun(work(), work(), work())
        await queue.join()
        await all_cancelled(*workers)
        return total

    assert run(main()) == sum(range(100))


# ---- shutdown ------------------------------------------------------------------------------------


async def check_over(queue):
    """Nothing can be put or got any more."""
    for ask in (queue.get, lambda: queue.put(0)):
        with pytest.raises(QueueShutDown):
            await ask()
    for ask in (queue.get_nowait, lambda: queue.put_nowait(0)):
        with pytest.raises(QueueShutDown):
            ask()
    assert (queue.qsize(), queue.empty()) == (0, True)


async def check_refused(*tasks):
    """They all come to QueueShutDown within a turn."""
    await asyncio.sleep(0)
    for task in tasks:
        assert task.done()
        with pytest.raises(QueueShutDown):
            await task


@each_that_shuts_down
@pytest.mark.parametrize("immediate", [False, True])
def test_an_empty_queue_that_is_shut_down_is_over(kind, immediate):
    async def main():
        queue = kind()
        assert queue.shutdown(immediate) is None
        await queue.join()
        await check_over(queue)
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_that_shuts_down
def test_what_is_in_a_queue_that_is_shut_down_can_still_be_got(kind):
    async def main():
        queue = filled(kind, [1, 2, 3])
        queue.shutdown(immediate=False)
        got = [await queue.get(), queue.get_nowait()]
        with pytest.raises(QueueShutDown):
            await queue.put(4)
        with pytest.raises(QueueShutDown):
            queue.put_nowait(4)
        assert queue.qsize() == 1
        got.append(await queue.get())
        await check_over(queue)
        return sorted(got)

    assert run(main()) == [1, 2, 3]


@each_that_shuts_down
def test_put_on_a_full_queue_that_is_shut_down_is_refused_at_once(kind):
    queue = filled(kind, [1], 1)
    queue.shutdown()
    with pytest.raises(QueueShutDown):
        queue.put(2).send(None)
    with pytest.raises(QueueShutDown):
        queue.put_nowait(2)


@each_that_shuts_down
@pytest.mark.parametrize("immediate", [False, True])
def test_getters_that_wait_are_told_of_the_shutdown(kind, immediate):
    async def main():
        queue = kind()
        getters = await begun(*(queue.get() for _ in range(3)))
        queue.shutdown(immediate=immediate)
        await check_refused(*getters)
        await check_over(queue)

    run(main())


@each_that_shuts_down
@pytest.mark.parametrize("immediate", [False, True])
def test_putters_that_wait_are_told_of_the_shutdown(kind, immediate):
    async def main():
        queue = filled(kind, [1], 1)
        putters = await begun(*map(queue.put, [2, 3]))
        queue.shutdown(immediate=immediate)
        await check_refused(*putters)
        return drained(queue)

    assert run(main()) == ([] if immediate else [1])


@each_that_shuts_down
def test_however_many_wait_all_are_told_of_the_shutdown(kind):
    async def main():
        empty, full = kind(), filled(kind, [1], 1)
        waiting = await begun(*(empty.get() for _ in range(100)), *map(full.put, range(100)))
        empty.shutdown()
        full.shutdown()
        await check_refused(*waiting)

    run(main())


@each_that_shuts_down
def test_a_getter_that_was_called_still_gets_its_item(kind):
    async def main():
        queue = kind()
        getters = await begun(queue.get(), queue.get())
        queue.put_nowait(1)
        queue.shutdown()
        await turns()
        assert getters[0].result() == 1
        await check_refused(getters[1])

    run(main())


@each_that_shuts_down
def test_a_getter_that_was_called_finds_nothing_after_an_immediate_shutdown(kind):
    async def main():
        queue = kind()
        getters = await begun(queue.get(), queue.get())
        queue.put_nowait(1)
        queue.shutdown(immediate=True)
        await check_refused(*getters)
        await check_over(queue)

    run(main())


@each_that_shuts_down
def test_a_putter_that_was_called_is_refused_after_the_shutdown(kind):
    async def main():
        queue = filled(kind, [1], 1)
        (putter,) = await begun(queue.put(2))
        assert queue.get_nowait() == 1
        queue.shutdown()
        await check_refused(putter)
        await check_over(queue)

    run(main())


@each_that_shuts_down
def test_a_cancelled_getter_leaves_its_item_to_others_after_the_shutdown(kind):
    async def main():
        queue = kind()
        (getter,) = await begun(queue.get())
        queue.put_nowait(1)
        queue.shutdown()
        await all_cancelled(getter)
        assert await queue.get() == 1
        await check_over(queue)

    run(main())


@each_that_shuts_down
def test_join_waits_for_the_items_that_were_left(kind):
    async def main():
        queue = filled(kind, [1], 1)
        joiner, putter = await begun(queue.join(), queue.put(2))
        queue.shutdown()
        await check_refused(putter)
        assert await queue.get() == 1
        await turns()
        assert not joiner.done()
        queue.task_done()
        await joiner
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_that_shuts_down
def test_what_an_immediate_shutdown_drops_counts_as_done(kind):
    async def main():
        queue = filled(kind, [1, 2])
        (joiner,) = await begun(queue.join())
        queue.shutdown(immediate=True)
        await asyncio.sleep(0)
        await joiner
        await check_over(queue)
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_that_shuts_down
def test_what_was_got_before_an_immediate_shutdown_has_still_to_be_done(kind):
    async def main():
        queue = filled(kind, [1, 2])
        (joiner,) = await begun(queue.join())
        assert await queue.get() is not None
        queue.shutdown(immediate=True)
        await turns()
        assert not joiner.done()
        await check_over(queue)
        queue.task_done()
        await joiner
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_that_shuts_down
def test_items_said_to_be_done_too_early_do_not_count_twice(kind):
    """task_done() may come before the get(); what is dropped then is not done once more."""

    async def main():
        queue = filled(kind, [1, 2])
        queue.task_done()
        queue.task_done()
        queue.shutdown(immediate=True)
        await queue.join()
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


@each_that_shuts_down
def test_shutting_down_again_changes_nothing_but_an_immediate_one_drops_the_rest(kind):
    async def main():
        queue = filled(kind, [1, 2])
        queue.shutdown()
        queue.shutdown()
        assert queue.qsize() == 2
        queue.shutdown(immediate=True)
        await check_over(queue)
        queue.shutdown()
        await check_over(queue)

    run(main())


@each_that_shuts_down
def test_a_worker_ends_with_the_shutdown(kind):
    """The way of working that shutdown() was made for."""

    async def main():
        queue, done = kind(2), []

        async def work():
            while True:
                try:
                    item = await queue.get()
                except QueueShutDown:
                    return
                done.append(item)
                queue.task_done()

        workers = await begun(work(), work(), work())
        for item in range(20):
            await queue.put(item)
        queue.shutdown()
        await asyncio.gather(*workers)
        await queue.join()
        return sorted(done)

    assert run(main()) == list(range(20))


# ---- random scripts ------------------------------------------------------------------------------

STEPS = ["get", "put", "join", "get_nowait", "put_nowait", "task_done", "cancel"]
SHUTDOWNS = ["shutdown", "immediate"] if THEIRS_SHUT_DOWN else []


class Play:
    """Plays a script on a queue and notes what can be seen, turn by turn."""

    def __init__(self, queue):
        self.queue = queue
        self.tasks = []
        self.seen = []

    async def run(self, script):
        for n, (step, which) in enumerate(script):
            self.seen.append(step)
            self.step(step, n, which)
            for _ in range(4):  # until whoever was called has gone on, so that nobody overtakes
                self.look()
                await asyncio.sleep(0)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.seen

    def step(self, step, n, which):
        queue = self.queue
        if step in ("get", "put", "join"):
            asked = queue.put(n) if step == "put" else getattr(queue, step)()
            self.tasks.append(asyncio.ensure_future(asked))
        elif step == "cancel":
            if self.tasks:
                self.tasks[which % len(self.tasks)].cancel()
        else:
            self.seen.append(self.answer(step, n))

    def answer(self, step, n):
        args = {"put_nowait": (n,), "immediate": (True,)}.get(step, ())
        name = "shutdown" if step == "immediate" else step
        try:
            return getattr(self.queue, name)(*args)
        except Exception as error:  # noqa: BLE001 - the other side has to raise it too
            return repr(error)

    def look(self):
        queue = self.queue
        self.seen.append((queue.qsize(), queue.empty(), queue.full()))
        self.seen += map(self.state, self.tasks)

    @staticmethod
    def state(task):
        if not task.done():
            return "waits"
        if task.cancelled():
            return "cancelled"
        return task.result() if task.exception() is None else repr(task.exception())


@pytest.mark.parametrize("order", ORDERS)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.sampled_from(STEPS + SHUTDOWNS), st.integers(0, 99)), max_size=40),
)
def test_a_script_shows_the_same_as_with_asyncio_at_each_turn(order, maxsize, script):
    """Sizes, results, errors and who still waits, after each turn of the loop."""
    ours, theirs = getattr(ait, order)(maxsize), getattr(asyncio, order)(maxsize)
    assert run(Play(ours).run(script)) == run(Play(theirs).run(script))
