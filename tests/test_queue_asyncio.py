"""Queue, LifoQueue and PriorityQueue are drop-ins for those of asyncio: putting and getting.

Each test here holds for both: it runs with ours and with asyncio's.
"""

from __future__ import annotations

import asyncio
import gc
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait

from .oracle import run
from .queues import (
    THEIRS_SHUT_DOWN,
    all_cancelled,
    begun,
    drained,
    each_queue,
    filled,
    in_order,
    states,
    turns,
)

# ---- making one ----------------------------------------------------------------------------------


@each_queue
def test_it_is_unbounded_by_default(kind):
    queue = filled(kind, range(1000))
    assert queue.maxsize == 0
    assert not queue.full()
    assert queue.qsize() == 1000


@each_queue
@pytest.mark.parametrize("maxsize", [0, -1, -5])
def test_a_maxsize_of_zero_or_less_is_no_bound(kind, maxsize):
    queue = filled(kind, range(10), maxsize)
    assert queue.maxsize == maxsize
    assert not queue.full()


@each_queue
def test_a_maxsize_may_be_a_float(kind):
    """Asyncio never said no, so some do it: the queue is full from the next integer on."""
    queue = filled(kind, [1, 2], 1.3)
    assert queue.full()
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(3)


@each_queue
def test_maxsize_can_be_given_by_position_and_by_name_and_not_changed(kind):
    assert kind(3).maxsize == kind(maxsize=3).maxsize == 3
    with pytest.raises(AttributeError):
        kind(3).maxsize = 4


@each_queue
def test_it_can_be_made_where_no_loop_runs_and_used_later(kind):
    queue = filled(kind, [1])
    assert run(queue.get()) == 1


@each_queue
def test_a_class_can_be_given_the_type_of_its_items(kind):
    alias = kind[int]
    assert alias.__args__ == (int,)
    assert alias.__origin__ is kind
    assert isinstance(alias, types.GenericAlias)
    assert isinstance(alias(2), kind)


@pytest.mark.parametrize("module", [ait, asyncio], ids=["ours", "asyncio"])
def test_the_other_orders_are_kinds_of_queue(module):
    assert issubclass(module.LifoQueue, module.Queue)
    assert issubclass(module.PriorityQueue, module.Queue)


def test_the_exceptions_are_those_of_asyncio():
    assert ait.QueueEmpty is asyncio.QueueEmpty
    assert ait.QueueFull is asyncio.QueueFull
    assert issubclass(ait.QueueShutDown, Exception)
    if THEIRS_SHUT_DOWN:
        assert ait.QueueShutDown is asyncio.QueueShutDown
    else:
        assert ait.QueueShutDown.__module__ == "aitertools"


# ---- size and order ------------------------------------------------------------------------------


@each_queue
def test_empty_and_full_tell_how_it_is(kind):
    async def main():
        queue = kind(2)
        seen = []
        for step in (queue.put, queue.put):
            seen.append((queue.qsize(), queue.empty(), queue.full()))
            assert await step(1) is None
        for _ in range(2):
            seen.append((queue.qsize(), queue.empty(), queue.full()))
            await queue.get()
        return [*seen, (queue.qsize(), queue.empty(), queue.full())]

    nothing, one, two = (0, True, False), (1, False, False), (2, False, True)
    assert run(main()) == [nothing, one, two, one, nothing]


@each_queue
@pytest.mark.parametrize("items", [[1, 3, 2], [5, 4, 3, 2, 1], [0, 0, 1, 0], [2]])
def test_items_come_in_the_order_of_the_kind(kind, items):
    async def main():
        queue = kind()
        for item in items:
            await queue.put(item)
        return [await queue.get() for _ in items]

    assert run(main()) == in_order(kind, items)
    assert drained(filled(kind, items)) == in_order(kind, items)


@each_queue
@given(st.lists(st.one_of(st.integers(0, 20), st.none()), max_size=60))
def test_puts_and_gets_may_alternate_at_will(kind, script):
    """A number is put, None asks for an item: compared with asyncio's."""

    def answers(queue):
        for step in script:
            if step is not None:
                queue.put_nowait(step)
            elif not queue.empty():
                yield queue.get_nowait()
            yield queue.qsize()

    assert list(answers(kind())) == list(answers(getattr(asyncio, kind.__name__)()))


@pytest.mark.parametrize("kind", [ait.Queue, asyncio.Queue, ait.LifoQueue, asyncio.LifoQueue])
@pytest.mark.parametrize("item", [None, (), asyncio.QueueEmpty, asyncio.QueueEmpty(), int])
def test_anything_is_an_item(kind, item):
    queue = filled(kind, [item])
    assert queue.qsize() == 1
    assert run(queue.get()) is item


# ---- get -----------------------------------------------------------------------------------------


@each_queue
def test_get_and_put_do_not_suspend_where_they_need_not(kind):
    queue = kind(1)
    with pytest.raises(StopIteration) as stop:
        queue.put(1).send(None)
    assert stop.value.value is None
    with pytest.raises(StopIteration) as stop:
        queue.get().send(None)
    assert stop.value.value == 1


@each_queue
def test_nothing_is_put_or_got_before_it_is_awaited(kind):
    queue = filled(kind, [1])
    get, put = queue.get(), queue.put(2)
    assert queue.qsize() == 1
    assert run(put) is None
    assert queue.qsize() == 2
    assert run(get) in (1, 2)


@each_queue
def test_get_nowait_of_an_empty_queue_raises(kind):
    with pytest.raises(asyncio.QueueEmpty):
        kind().get_nowait()


@each_queue
def test_get_waits_for_an_item(kind):
    async def main():
        queue = kind()
        (getter,) = await begun(queue.get())
        await turns()
        assert not getter.done()
        assert queue.put_nowait(1) is None
        return await getter

    assert run(main()) == 1


@each_queue
def test_getters_are_served_in_the_order_in_which_they_came(kind):
    async def main():
        queue, served = kind(), []

        async def get(i):
            await queue.get()
            served.append(i)

        getters = await begun(*map(get, range(4)))
        for item in range(4):
            queue.put_nowait(item)
            if item % 2:
                await turns()
        await asyncio.gather(*getters)
        return served

    assert run(main()) == [0, 1, 2, 3]


@each_queue
def test_an_item_stays_until_the_getter_that_was_called_has_taken_it(kind):
    async def main():
        queue = kind(1)
        (getter,) = await begun(queue.get())
        queue.put_nowait(1)
        assert (queue.qsize(), queue.full(), queue.empty()) == (1, True, False)
        await asyncio.sleep(0)
        assert (queue.qsize(), queue.full(), queue.empty()) == (0, False, True)
        return await getter

    assert run(main()) == 1


@each_queue
def test_get_nowait_takes_what_is_there_and_the_getter_that_was_called_waits_on(kind):
    async def main():
        queue = kind()
        getters = await begun(queue.get())
        queue.put_nowait(1)
        assert queue.get_nowait() == 1
        await turns()
        assert states(getters) == [None]
        queue.put_nowait(2)
        await turns()
        return states(getters)

    assert run(main()) == [2]


@each_queue
def test_get_takes_from_putters_that_wait(kind):
    async def main():
        queue = kind(1)
        putters = await begun(*map(queue.put, "abc"))
        items = []
        for _ in "abc":
            items.append(await queue.get())
            await turns()
        assert states(putters) == [None] * 3
        assert all(putter.done() for putter in putters)
        return items

    assert run(main()) == list("abc")


# ---- put -----------------------------------------------------------------------------------------


@each_queue
def test_put_nowait_on_a_full_queue_raises_and_changes_nothing(kind):
    queue = filled(kind, [1], 1)
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(2)
    assert drained(queue) == [1]


@each_queue
def test_put_waits_for_room(kind):
    async def main():
        queue, done = kind(2), []

        async def put():
            for item in range(4):
                await queue.put(item)
                done.append(item)

        (putter,) = await begun(put())
        assert done == [0, 1]
        got = [queue.get_nowait()]
        assert done == [0, 1]
        await turns()
        assert done == [0, 1, 2]
        got += [await queue.get() for _ in range(2)]
        await putter
        return sorted(got + drained(queue))

    assert run(main()) == [0, 1, 2, 3]


@each_queue
def test_putters_are_served_in_the_order_in_which_they_came(kind):
    async def main():
        queue, served = filled(kind, [0], 1), []

        async def put(i):
            await queue.put(i)
            served.append(i)

        putters = await begun(*map(put, range(1, 5)))
        for _ in putters:
            queue.get_nowait()
            await turns()
        return served

    assert run(main()) == [1, 2, 3, 4]


@each_queue
def test_a_put_is_done_only_when_the_putter_that_was_called_went_on(kind):
    async def main():
        queue = filled(kind, [1], 1)
        (putter,) = await begun(queue.put(2))
        assert queue.get_nowait() == 1
        assert (queue.qsize(), queue.full(), queue.empty()) == (0, False, True)
        await asyncio.sleep(0)
        assert (queue.qsize(), queue.full(), queue.empty()) == (1, True, False)
        await putter

    run(main())


@each_queue
def test_put_nowait_takes_the_room_and_the_putter_that_was_called_waits_on(kind):
    async def main():
        queue = filled(kind, [1], 1)
        (putter,) = await begun(queue.put(2))
        queue.get_nowait()
        queue.put_nowait(3)
        await turns()
        assert not putter.done()
        assert queue.get_nowait() == 3
        await turns()
        assert putter.done()
        return drained(queue)

    assert run(main()) == [2]


@each_queue
def test_a_put_goes_to_a_getter_that_waits(kind):
    async def main():
        queue = kind()
        (getter,) = await begun(queue.get())
        await queue.put("a")
        return await getter

    assert run(main()) == "a"


@each_queue
def test_several_items_put_at_once_wake_as_many_getters(kind):
    async def main():
        queue = kind()
        getters = await begun(*(queue.get() for _ in range(4)))
        for item in range(3):
            queue.put_nowait(item)
        await asyncio.sleep(0)
        assert sorted(states(getters[:3])) == [0, 1, 2]
        assert not getters[3].done()
        await all_cancelled(getters[3])

    run(main())


@each_queue
def test_several_items_got_at_once_wake_as_many_putters(kind):
    async def main():
        queue = filled(kind, [1, 2], 2)
        putters = await begun(*map(queue.put, [3, 4, 5]))
        drained(queue)
        await asyncio.sleep(0)
        assert [putter.done() for putter in putters] == [True, True, False]
        assert drained(queue) == in_order(kind, [3, 4])
        await putters[2]

    run(main())


@each_queue
@pytest.mark.parametrize("maxsize", [0, 1, 2, 7])
def test_producers_and_consumers_pass_everything_on(kind, maxsize):
    async def main():
        queue, got = kind(maxsize), []

        async def produce(start):
            for n in range(20):
                await queue.put(start + n)

        async def consume():
            got.extend([await queue.get() for _ in range(15)])

        async with asyncio.TaskGroup() as group:
            for n in range(3):
                group.create_task(produce(n * 20))
            for _ in range(4):
                group.create_task(consume())

        assert queue.empty()
        return sorted(got)

    assert run(main()) == list(range(60))


@each_queue
def test_a_task_that_waits_is_kept_by_the_queue(kind):
    """As long as that is there: an event loop alone does not keep its tasks."""

    async def main():
        empty, full, done = kind(), filled(kind, [1], 1), []

        async def work(name, wait):
            await wait()
            done.append(name)

        waits = {"get": empty.get, "put": lambda: full.put(2), "join": full.join}
        for name, wait in waits.items():
            asyncio.ensure_future(work(name, wait))  # noqa: RUF006 - that is the point
        await turns()
        gc.collect()
        empty.put_nowait(1)
        full.task_done()
        full.get_nowait()
        await turns()
        return sorted(done)

    assert run(main()) == ["get", "join", "put"]


# ---- cancelling ----------------------------------------------------------------------------------


@each_queue
def test_a_cancelled_getter_is_not_called(kind):
    async def main():
        queue = kind()
        first, second = await begun(queue.get(), queue.get())
        await all_cancelled(first)
        queue.put_nowait("a")
        assert await second == "a"
        queue.put_nowait("b")
        await turns()
        return drained(queue)

    assert run(main()) == ["b"]


@each_queue
def test_a_getter_that_timed_out_is_not_called(kind):
    async def main():
        queue = kind()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.get(), 0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await queue.get()
        queue.put_nowait(1)
        await turns()
        return drained(queue)

    assert run(main()) == [1]


@each_queue
def test_a_getter_cancelled_after_it_was_called_leaves_the_item(kind):
    async def main():
        queue = kind()
        (getter,) = await begun(queue.get())
        queue.put_nowait(1)
        await all_cancelled(getter)
        assert queue.qsize() == 1
        return await queue.get()

    assert run(main()) == 1


@each_queue
def test_a_getter_cancelled_after_it_was_called_passes_the_call_on(kind):
    async def main():
        queue = kind()
        first, second, third = await begun(*(queue.get() for _ in range(3)))
        queue.put_nowait(1)
        queue.put_nowait(2)
        first.cancel()
        await turns()
        assert first.cancelled()
        return sorted([second.result(), third.result()])

    assert run(main()) == [1, 2]


@each_queue
def test_a_cancelled_putter_puts_nothing(kind):
    async def main():
        queue = filled(kind, [1], 1)
        (putter,) = await begun(queue.put(2))
        await all_cancelled(putter)
        assert queue.get_nowait() == 1
        await turns()
        return queue.qsize()

    assert run(main()) == 0


@each_queue
def test_a_putter_cancelled_after_it_was_called_puts_nothing(kind):
    async def main():
        queue = filled(kind, [1], 1)
        (putter,) = await begun(queue.put(2))
        assert queue.get_nowait() == 1
        await all_cancelled(putter)
        assert queue.empty()
        await queue.put(3)
        return drained(queue)

    assert run(main()) == [3]


@each_queue
def test_a_putter_cancelled_after_it_was_called_passes_the_call_on(kind):
    async def main():
        queue = filled(kind, [1], 1)
        first, second = await begun(queue.put(2), queue.put(3))
        queue.get_nowait()
        first.cancel()
        await turns()
        assert first.cancelled()
        assert second.done()
        return drained(queue)

    assert run(main()) == [3]


@each_queue
def test_one_putter_of_several_can_be_cancelled(kind):
    async def main():
        queue = kind(1)
        a, b, c = await begun(*map(queue.put, "abX"))
        assert [a.done(), b.done()] == [True, False]
        await all_cancelled(c)
        items = [queue.get_nowait()]
        await asyncio.sleep(0)
        items.append(queue.get_nowait())
        await b
        return items

    assert run(main()) == ["a", "b"]


@each_queue
@pytest.mark.parametrize("victims", [(0, 1), (1, 2), (0, 2), (2, 1, 0)])
def test_any_getters_can_be_cancelled_after_a_call(kind, victims):
    """What they did not take is still there for the others, and for those who come later."""

    async def main():
        queue = kind()
        getters = await begun(*(queue.get() for _ in range(4)))
        queue.put_nowait(1)
        queue.put_nowait(2)
        for victim in victims:
            getters[victim].cancel()
        await turns()
        got = [getter.result() for getter in getters if getter.done() and not getter.cancelled()]
        left = drained(queue)
        waiting = [getter for getter in getters if not getter.done()]
        assert not (left and waiting)
        await all_cancelled(*waiting)
        return sorted(got + left)

    assert run(main()) == [1, 2]
