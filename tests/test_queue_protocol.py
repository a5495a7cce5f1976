"""What can be done with a queue and its awaitables: misuse is an error, never a crash."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import weakref

import pytest

import aitertools as ait
from aitertools import stream

from . import loop
from .loop import Cancelled
from .oracle import run
from .queues import all_cancelled, begun, drained, each_of_ours, filled, in_order, turns

# ---- what asyncio does with awaitables -----------------------------------------------------------

VERBS = {
    "get": lambda queue: queue.get(),
    "put": lambda queue: queue.put(9),
    "get_many": lambda queue: queue.get_many(2),
    "put_many": lambda queue: queue.put_many([9]),
    "join": lambda queue: queue.join(),
}
ANSWERS = {"get": 1, "put": None, "get_many": [1], "put_many": None, "join": None}
each_verb = pytest.mark.parametrize("verb", VERBS)


def ready(verb):
    """A queue on which *verb* need not wait, and its awaitable."""
    queue = filled(ait.Queue, [1])
    if verb == "join":
        queue.task_done()
    return queue, VERBS[verb](queue)


def waiting(verb):
    """A queue on which *verb* has to wait, and its awaitable."""
    queue = ait.Queue() if verb.startswith("get") else filled(ait.Queue, [1], 1)
    return queue, VERBS[verb](queue)


def go_on(queue):
    """Let whoever waits there go on."""
    if queue.empty():
        queue.put_nowait(1)
    else:
        queue.get_nowait()
        queue.task_done()


async def awaited(awaitable):
    return await awaitable


async def in_a_group(awaitable):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(awaitable)
    return task.result()


async def with_timeout(awaitable):
    async with asyncio.timeout(60):
        return await awaitable


async def gathered(awaitable):
    return (await asyncio.gather(awaitable))[0]


WAYS = {
    "await": awaited,
    "create_task": lambda awaitable: awaited(asyncio.create_task(awaitable)),
    "ensure_future": lambda awaitable: awaited(asyncio.ensure_future(awaitable)),
    "wait_for": lambda awaitable: asyncio.wait_for(awaitable, 60),
    "timeout": with_timeout,
    "gather": gathered,
    "TaskGroup": in_a_group,
    "shield": lambda awaitable: awaited(asyncio.shield(awaitable)),
}


@each_verb
@pytest.mark.parametrize("way", WAYS)
def test_it_can_be_awaited_in_every_way(way, verb):
    async def main():
        _, awaitable = ready(verb)
        assert await WAYS[way](awaitable) == ANSWERS[verb]
        queue, awaitable = waiting(verb)
        (task,) = await begun(WAYS[way](awaitable))
        await turns()
        assert not task.done()
        go_on(queue)
        assert await task == ANSWERS[verb]

    run(main())


def test_asyncio_run_takes_it():
    queue = ait.Queue()
    assert asyncio.run(queue.put(1)) is None
    assert asyncio.run(queue.get()) == 1


@each_verb
def test_it_is_a_coroutine_to_the_standard_library(verb):
    _, awaitable = ready(verb)
    assert inspect.isawaitable(awaitable)
    assert asyncio.iscoroutine(awaitable)
    awaitable.close()


@each_verb
def test_a_task_that_waits_can_be_looked_at(verb):
    async def main():
        _, awaitable = waiting(verb)
        (task,) = await begun(awaitable)
        assert repr(task).startswith("<Task pending")
        assert isinstance(task.get_stack(), list)
        await all_cancelled(task)

    run(main())


# ---- awaitables one by one -----------------------------------------------------------------------


@each_verb
def test_awaiting_twice_is_a_runtime_error(verb):
    async def main():
        queue, awaitable = ready(verb)
        await awaitable
        before = queue.stats()
        with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
            await awaitable
        assert queue.stats() == before

    run(main())


@each_verb
def test_awaiting_it_at_the_same_time_is_a_runtime_error(verb):
    """And the first to await it is not disturbed."""

    async def main():
        queue, awaitable = waiting(verb)
        (first,) = await begun(awaited(awaitable))
        with pytest.raises(RuntimeError, match="being awaited already"):
            await awaitable
        go_on(queue)
        assert await first == ANSWERS[verb]

    run(main())


@each_verb
def test_one_that_is_never_awaited_says_so_and_does_nothing(verb):
    queue, awaitable = ready(verb)
    before = queue.stats()
    with pytest.warns(RuntimeWarning, match=rf"'Queue\.{verb}' was never awaited"):
        del awaitable
    assert queue.stats() == before


@each_verb
def test_close_ends_it_and_is_idempotent(verb):
    queue, awaitable = ready(verb)
    before = queue.stats()
    for _ in range(2):
        awaitable.close()
    with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
        awaitable.send(None)
    assert queue.stats() == before


@each_verb
def test_what_is_thrown_before_the_begin_is_raised(verb):
    queue, awaitable = ready(verb)
    before = queue.stats()
    with pytest.raises(Cancelled):
        awaitable.throw(Cancelled())
    with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
        awaitable.send(None)
    assert queue.stats() == before


@each_verb
def test_what_is_thrown_while_it_waits_is_raised_and_it_leaves_the_line(verb):
    async def main():
        queue, awaitable = waiting(verb)
        awaitable.send(None)
        with pytest.raises(KeyError, match="mine"):
            awaitable.throw(KeyError("mine"))
        assert queue.stats()[1:3] == (0, 0)
        with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
            awaitable.send(None)

    run(main())


@each_verb
def test_only_none_can_be_sent_to_begin_with(verb):
    _, awaitable = ready(verb)
    with pytest.raises(TypeError, match="can't send non-None value to a just-started coroutine"):
        awaitable.send(1)
    assert loop.run(awaitable) == ANSWERS[verb]


@each_verb
def test_where_no_event_loop_runs_waiting_is_a_runtime_error(verb):
    """What is ready can be had anywhere."""
    _, awaitable = ready(verb)
    assert loop.run(awaitable) == ANSWERS[verb]
    queue, awaitable = waiting(verb)
    before = queue.stats()
    with pytest.raises(RuntimeError, match="no running event loop"):
        loop.run(awaitable)
    assert queue.stats() == before


@each_verb
def test_an_awaitable_is_used_again_only_while_nobody_holds_it(verb):
    queue = filled(ait.Queue, range(9))
    first, second = VERBS[verb](queue), VERBS[verb](queue)
    assert first is not second
    second.close()
    if verb != "join":
        loop.run(first)
    else:
        first.close()
    third = VERBS[verb](queue)
    assert third is not first
    third.close()


@each_verb
def test_an_awaitable_keeps_its_queue(verb):
    _, awaitable = ready(verb)
    gc.collect()
    assert loop.run(awaitable) == ANSWERS[verb]


@each_verb
def test_the_repr_of_an_awaitable_names_what_it_is_for(verb):
    _, awaitable = ready(verb)
    assert repr(awaitable).startswith(f"<awaitable {verb} of ")
    awaitable.close()


def test_the_interpreter_sees_items_that_look_like_the_end():
    """A StopIteration that is an item is an item."""

    async def main():
        queue = filled(ait.Queue, [StopIteration(1), StopAsyncIteration(), StopIteration, ()])
        return [await queue.get(), *await queue.get_many(2), await anext(stream(queue))]

    got = run(main())
    assert [type(item) for item in got] == [StopIteration, StopAsyncIteration, type, tuple]


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="new in Python 3.12")
def test_tasks_may_begin_eagerly():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        queue = ait.Queue(1)
        assert await asyncio.create_task(queue.put(1)) is None
        assert await asyncio.create_task(queue.get()) == 1
        getter = asyncio.create_task(queue.get())
        putter = asyncio.create_task(queue.put_many([2, 3]))
        assert [await getter, await queue.get(), await putter] == [2, 3, None]

    asyncio.run(main())


def test_a_timeout_around_a_get_is_a_timeout():
    async def main():
        queue = ait.Queue()
        (task,) = await begun(with_timeout(queue.get()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await queue.get()
        assert queue.stats().getting == 0

    run(main())


# ---- queues as objects ---------------------------------------------------------------------------


@each_of_ours
def test_it_can_be_subclassed(kind):
    class Jobs(kind):
        """Counts what is put."""

        def __init__(self, *args, label="", **how):
            super().__init__(*args, **how)
            self.label, self.count = label, 0

        async def put(self, item):
            self.count += 1
            await super().put(item)

    queue = Jobs(3, label="jobs")
    for item in (2, 1):
        run(queue.put(item))
    assert (queue.label, queue.count, queue.maxsize) == ("jobs", 2, 3)
    assert repr(queue).startswith("<Jobs at ")
    assert isinstance(queue, kind)
    assert drained(queue) == in_order(kind, [2, 1])


def test_a_generic_subclass_keeps_its_types():
    class Names(ait.Queue[str]):
        pass

    assert Names.__orig_bases__ == (ait.Queue[str],)
    assert filled(Names, ["a"]).get_nowait() == "a"


@each_of_ours
def test_its_repr_tells_how_it_is(kind):
    queue = filled(kind, [1, 2], 5)
    assert repr(queue) == f"<{kind.__name__} at {id(queue):#x} maxsize=5 qsize=2>"
    queue.shutdown()
    assert repr(queue).endswith("qsize=2 shutdown>")
    assert repr(queue) in repr(queue.sync)


@each_of_ours
def test_it_can_be_referred_to_weakly(kind):
    queue = kind()
    ref = weakref.ref(queue)
    assert ref() is queue
    del queue
    gc.collect()
    assert ref() is None


@each_of_ours
def test_it_is_compared_and_hashed_by_identity(kind):
    one, other = kind(), kind()
    assert one != other
    assert len({one, other, one}) == 2


@each_of_ours
@pytest.mark.parametrize("attempt", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_cannot_be_copied_or_pickled(kind, attempt):
    queue = filled(kind, [1])
    for what in (queue, queue.sync, queue.get()):
        with pytest.raises(TypeError):
            attempt(what)
        getattr(what, "close", lambda: None)()


def test_it_is_no_synchronous_iterable():
    with pytest.raises(TypeError):
        iter(ait.Queue())
    with pytest.raises(TypeError):
        len(ait.Queue())


def test_calling_init_again_is_no_crash():
    queue = filled(ait.Queue, range(5))
    queue.__init__(2)
    with pytest.raises(ait.QueueFull):
        queue.put_nowait(5)
    with pytest.raises(TypeError):
        queue.__init__("no size")
    assert drained(queue) == list(range(5))


def test_its_names_are_public():
    for kind in (ait.Queue, ait.LifoQueue, ait.PriorityQueue, ait.SyncQueue, ait.QueueStats):
        assert kind.__module__ == "aitertools"
        assert kind.__name__ in ait.__all__
        assert kind.__doc__


# ---- garbage -------------------------------------------------------------------------------------


class Node:
    """Something that a cycle can go through."""


def collected(make):
    """Whether what *make* makes, and gives a weak reference to, is collected."""
    ref = make()
    gc.collect()
    return ref() is None


@each_of_ours
def test_a_queue_that_holds_itself_is_collected(kind):
    def make():
        node = Node()
        node.queue = filled(kind, [node], 3)
        return weakref.ref(node)

    assert collected(make)


@each_of_ours
@pytest.mark.parametrize("how", ["on_dropped", "error", "view", "stream", "get", "put_many"])
def test_a_queue_in_a_cycle_is_collected(kind, how):
    def make():
        node = Node()
        node.queue = queue = kind(1, on_dropped=lambda item: node)
        if how == "error":
            error = OSError("lost")
            error.node = node
            queue.shutdown(error=error)
        elif how != "on_dropped":
            makes = {
                "view": lambda: queue.sync,
                "stream": lambda: stream(queue).map(str),
                "get": queue.get,
                "put_many": lambda: queue.put_many([node]),
            }
            node.held = makes[how]()
            if how in ("get", "put_many"):
                node.held.close()
        return weakref.ref(node)

    assert collected(make)


@each_of_ours
def test_queues_in_queues_are_deallocated_without_recursion(kind):
    class Kind(kind):
        pass

    for make in (kind, Kind):
        queue = make()
        for _ in range(50_000):
            outer = make()
            outer.put_nowait(queue)
            queue = outer
        del queue, outer


def test_a_queue_that_holds_a_task_that_waits_for_it_is_collected():
    """With its event loop; the loop's complaint about the task is its own affair."""

    def make():
        complaints = []
        running = asyncio.new_event_loop()
        running.set_exception_handler(lambda _, context: complaints.append(context["message"]))

        class Holder(ait.Queue):
            """Can have attributes."""

        async def main():
            full = filled(Holder, ["x"], 1)
            full.tasks = await begun(full.put(full), awaited(full.join()))
            empty = Holder()
            empty.tasks = await begun(awaited(empty.get()), empty.get_many(2), stream(empty).list())
            full.put_many, empty.other = empty, full
            return weakref.ref(empty)

        ref = running.run_until_complete(main())
        running.close()
        return ref

    assert collected(make)
