"""queue.sync: a queue.Queue for plain threads.

What queue.Queue can do is tried on both: on views of ours and on the standard library's. What the
view does beyond that, iterating and refusing to block an event loop, follows.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import queue as stdlib
import signal
import subprocess
import sys
import threading
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait

from .oracle import run
from .queues import (
    ORDERS,
    THREADS_SHUT_DOWN,
    at_once,
    begun,
    drained,
    each_of_ours,
    filled,
    in_order,
    wait_until,
)


class Views:
    """Stands for a class of the standard library, and makes views of ours."""

    def __init__(self, order):
        self.__name__ = order

    def __call__(self, maxsize=0):
        return getattr(ait, self.__name__)(maxsize).sync


VIEWS = [Views(order) for order in ORDERS]
THEIRS = [getattr(stdlib, order) for order in ORDERS]


def name(kind):
    return f"{'ours' if kind in VIEWS else 'stdlib'}.{kind.__name__}"


THEIRS_SHUT_DOWN = hasattr(stdlib, "ShutDown")
each_queue = pytest.mark.parametrize("kind", [*VIEWS, *THEIRS], ids=name)
each_that_shuts_down = pytest.mark.parametrize(
    "kind", [*VIEWS, *(THEIRS if THEIRS_SHUT_DOWN else [])], ids=name
)


# ---- as queue.Queue ------------------------------------------------------------------------------


@each_queue
def test_it_tells_its_size(kind):
    queue = kind(2)
    seen = [(queue.qsize(), queue.empty(), queue.full())]
    for item in (1, 2):
        assert queue.put(item) is None
        seen.append((queue.qsize(), queue.empty(), queue.full()))
    assert seen == [(0, True, False), (1, False, False), (2, False, True)]
    assert queue.maxsize == 2
    assert kind().maxsize == 0
    assert not kind().full()


@each_queue
def test_items_come_in_the_order_of_the_kind(kind):
    items = [3, 1, 2, 5, 4]
    queue = filled(kind, items)
    assert [queue.get() for _ in items] == in_order(kind, items)


@each_queue
@pytest.mark.parametrize(
    "how", [{"block": False}, {"block": False, "timeout": -1}, {"timeout": 0}, {"timeout": 0.001}]
)
def test_get_of_an_empty_queue_raises_empty(kind, how):
    queue = kind()
    with pytest.raises(stdlib.Empty):
        queue.get(**how)
    queue.put(1)
    assert queue.get(**how) == 1


@each_queue
@pytest.mark.parametrize(
    "how", [{"block": False}, {"block": False, "timeout": -1}, {"timeout": 0}, {"timeout": 0.001}]
)
def test_put_on_a_full_queue_raises_full(kind, how):
    queue = filled(kind, [1], 1)
    with pytest.raises(stdlib.Full):
        queue.put(2, **how)
    assert drained(queue) == [1]
    queue.put(2, **how)
    assert drained(queue) == [2]


@each_queue
def test_the_nowait_methods_raise_the_same(kind):
    queue = kind(1)
    with pytest.raises(stdlib.Empty):
        queue.get_nowait()
    queue.put_nowait(1)
    with pytest.raises(stdlib.Full):
        queue.put_nowait(2)
    assert queue.get_nowait() == 1


@each_queue
@pytest.mark.parametrize("timeout", [-1, -0.001, float("-inf")])
def test_a_negative_timeout_is_a_value_error(kind, timeout):
    """Also where nobody had to wait."""
    for queue in (filled(kind, [1], 1), kind(1)):
        with pytest.raises(ValueError, match=r"^'timeout' must be a non-negative number$"):
            queue.get(timeout=timeout)
        with pytest.raises(ValueError, match=r"^'timeout' must be a non-negative number$"):
            queue.put(2, True, timeout)


@each_queue
def test_a_timeout_that_is_no_number_is_a_type_error(kind):
    with pytest.raises(TypeError):
        kind().get(timeout="1")
    with pytest.raises(TypeError):
        filled(kind, [1], 1).put(2, timeout=[])


@each_queue
def test_block_and_timeout_can_be_given_by_position_and_by_name(kind):
    queue = kind(1)
    queue.put(1, True, 5)
    with pytest.raises(stdlib.Full):
        queue.put(item=2, block=True, timeout=0.001)
    assert queue.get(True, 5) == 1
    with pytest.raises(stdlib.Empty):
        queue.get(block=True, timeout=0.001)


@each_queue
def test_get_blocks_until_somebody_puts(kind):
    queue = kind()
    waiting = threading.Event()

    def get():
        waiting.set()
        return queue.get(), queue.get(timeout=60)

    def put():
        waiting.wait()
        queue.put(1)
        queue.put(2)

    assert sorted(at_once(get, put)[0]) == [1, 2]


@each_queue
def test_put_blocks_until_somebody_gets(kind):
    queue = filled(kind, [0], 1)
    waiting = threading.Event()

    def put():
        waiting.set()
        queue.put(1)
        queue.put(2, timeout=60)

    def get():
        waiting.wait()
        return [queue.get() for _ in range(3)]

    assert at_once(put, get)[1] == [0, 1, 2]


@each_queue
def test_a_get_that_timed_out_takes_nothing_later(kind):
    queue = kind()
    for _ in range(20):
        with pytest.raises(stdlib.Empty):
            queue.get(timeout=0.0001)
    queue.put(1)
    assert queue.qsize() == 1


@each_queue
def test_join_blocks_until_each_item_is_done(kind):
    queue = filled(kind, range(3))
    done = []

    def work():
        for _ in range(3):
            queue.get()
            done.append(1)
            queue.task_done()

    def join():
        queue.join()
        return len(done)

    assert at_once(join, join, work) == [3, 3, None]
    queue.join()
    with pytest.raises(ValueError, match=r"^task_done\(\) called too many times$"):
        queue.task_done()


@each_that_shuts_down
def test_what_is_in_a_queue_that_is_shut_down_can_still_be_got(kind):
    queue = filled(kind, [1], 1)
    assert not queue.is_shutdown
    assert queue.shutdown() is None
    assert queue.is_shutdown
    for put in (queue.put, queue.put_nowait):
        with pytest.raises(THREADS_SHUT_DOWN):
            put(2)
    assert queue.get() == 1
    for get in (queue.get, queue.get_nowait, lambda: queue.get(timeout=5)):
        with pytest.raises(THREADS_SHUT_DOWN):
            get()


@each_that_shuts_down
def test_an_immediate_shutdown_drops_what_is_there(kind):
    queue = filled(kind, [1, 2])
    queue.shutdown(immediate=True)
    assert queue.empty()
    queue.join()
    with pytest.raises(THREADS_SHUT_DOWN):
        queue.get()


@each_that_shuts_down
def test_threads_that_wait_are_told_of_the_shutdown(kind):
    empty, full = kind(), filled(kind, [1], 1)
    begun = threading.Barrier(3)

    def told(call, *args):
        begun.wait()
        with pytest.raises(THREADS_SHUT_DOWN):
            call(*args)

    def shut_down():
        begun.wait()
        empty.shutdown()
        full.shutdown()

    at_once(lambda: told(empty.get), lambda: told(full.put, 2), shut_down)


STEPS = ["get", "put", "get_nowait", "put_nowait", "get_timeout", "put_timeout", "task_done"]
SHUTDOWNS = ["shutdown", "immediate"] if THEIRS_SHUT_DOWN else []
TOLD = stdlib.Empty, stdlib.Full, THREADS_SHUT_DOWN, ValueError


def seen(queue, script):
    """What can be seen while the script is played, without ever blocking."""
    calls = {
        "get": lambda n: queue.get(False),
        "put": lambda n: queue.put(n, block=False),
        "get_nowait": lambda n: queue.get_nowait(),
        "put_nowait": lambda n: queue.put_nowait(n),  # noqa: PLW0108 - like its neighbours
        "get_timeout": lambda n: queue.get(timeout=0),
        "put_timeout": lambda n: queue.put(n, timeout=0),
        "task_done": lambda n: queue.task_done(),
        "shutdown": lambda n: queue.shutdown(),
        "immediate": lambda n: queue.shutdown(True),
    }
    for n, step in enumerate(script):
        try:
            yield step, calls[step](n)
        except Exception as error:  # noqa: BLE001 - the other side has to raise it too
            yield step, next(kind for kind in TOLD if isinstance(error, kind)), str(error)
        yield queue.qsize(), queue.empty(), queue.full()


@pytest.mark.parametrize("order", ORDERS)
@given(st.integers(-1, 3), st.lists(st.sampled_from(STEPS + SHUTDOWNS), max_size=40))
def test_a_script_shows_the_same_as_with_the_standard_library(order, maxsize, script):
    ours, theirs = Views(order)(maxsize), getattr(stdlib, order)(maxsize)
    assert list(seen(ours, script)) == list(seen(theirs, script))


# ---- beyond queue.Queue --------------------------------------------------------------------------


@each_of_ours
def test_who_catches_what_tasks_get_after_a_shutdown_is_right_in_a_thread_too(kind):
    """On a Python whose own queues shut down as well, and tell threads something else."""
    queue = kind()
    queue.shutdown()
    with pytest.raises(ait.QueueShutDown) as info:
        queue.sync.get()
    assert isinstance(info.value, THREADS_SHUT_DOWN)
    assert type(pickle.loads(pickle.dumps(info.value))) is info.type


@each_of_ours
def test_the_view_is_of_the_same_queue(kind):
    queue = kind(3)
    assert isinstance(queue.sync, ait.SyncQueue)
    queue.sync.put(1)
    queue.put_nowait(2)
    assert (queue.qsize(), queue.sync.qsize()) == (2, 2)
    assert sorted([queue.sync.get(), run(queue.get())]) == [1, 2]
    queue.sync.task_done()
    queue.task_done()
    queue.sync.join()
    queue.sync.shutdown()
    assert queue.is_shutdown
    assert queue.sync.is_shutdown


def test_the_view_keeps_its_queue():
    view = filled(ait.Queue, [1]).sync
    assert view.get() == 1


def test_the_view_cannot_be_made_otherwise():
    with pytest.raises(TypeError):
        ait.SyncQueue()
    with pytest.raises(AttributeError):
        ait.Queue().sync = None


def test_the_type_of_its_items_can_be_said():
    assert isinstance(ait.SyncQueue[int], types.GenericAlias)


@each_of_ours
def test_it_is_iterated_until_it_is_shut_down_and_drained(kind):
    queue = filled(kind, [2, 1, 3])
    queue.shutdown()
    assert list(queue.sync) == in_order(kind, [2, 1, 3])
    assert list(queue.sync) == []


def test_several_threads_that_iterate_divide_the_items():
    queue = filled(ait.Queue, range(300))
    queue.shutdown()
    parts = at_once(*[lambda: list(queue.sync)] * 4)
    assert sorted(itertools.chain(*parts)) == list(range(300))
    assert all(part == sorted(part) for part in parts)


def test_iterating_raises_the_error_after_the_items():
    queue = filled(ait.Queue, [1, 2])
    error = OSError("lost")
    queue.shutdown(error=error)
    got = []
    with pytest.raises(OSError, match="lost") as caught:
        got.extend(item for item in queue.sync)
    assert caught.value is error
    got.clear()
    with pytest.raises(OSError, match="lost"):
        queue.sync.get()


def test_put_refused_after_a_shutdown_with_an_error_names_it_as_the_cause():
    queue = ait.Queue()
    error = OSError("lost")
    queue.shutdown(error=error)
    for put in (queue.sync.put, queue.sync.put_nowait):
        with pytest.raises(THREADS_SHUT_DOWN) as caught:
            put(1)
        assert caught.value.__cause__ is error


@each_of_ours
def test_many_items_at_once(kind):
    queue = kind()
    assert queue.sync.put_many([3, 1, 2]) is None
    assert queue.sync.get_many(2) == in_order(kind, [3, 1, 2])[:2]
    assert queue.sync.get_many(100) == in_order(kind, [3, 1, 2])[2:]
    with pytest.raises(ValueError, match=r"^get_many\(\): max must be at least one$"):
        queue.sync.get_many(0)


def test_put_many_blocks_for_room_and_get_many_for_the_first_item():
    queue = ait.Queue(2)

    def get():
        got = []
        while len(got) < 50:
            got += queue.sync.get_many(3)
        return got

    assert at_once(get, lambda: queue.sync.put_many(range(50)))[0] == list(range(50))


def test_nothing_is_dropped_by_a_thread_unless_it_is_told():
    told = []
    queue = ait.Queue(2, overflow="drop_oldest", on_dropped=told.append)
    for n in range(5):
        queue.sync.put(n)
    queue.sync.put_many([5, 6])
    assert told == [0, 1, 2, 3, 4]
    assert drained(queue) == [5, 6]


# ---- it does not block an event loop -------------------------------------------------------------


def blocking(queue, full):
    """What would block for good, by name."""
    return {
        "get": queue.sync.get,
        "get_many": lambda: queue.sync.get_many(1),
        "put": lambda: full.sync.put(1),
        "put_many": lambda: full.sync.put_many([1]),
        "join": full.sync.join,
    }


@each_of_ours
@pytest.mark.parametrize("verb", ["get", "get_many", "put", "put_many", "join"])
def test_what_would_block_the_running_loop_is_a_runtime_error(kind, verb):
    async def main():
        empty, full = kind(), filled(kind, [0], 1)
        with pytest.raises(RuntimeError) as caught:
            blocking(empty, full)[verb]()
        who = kind.__name__
        assert str(caught.value) == (
            f"{who}.sync.{verb}(): would block the running event loop; await {who}.{verb}() instead"
        )
        assert empty.stats()[:3] == (0, 0, 0)
        assert full.stats()[:3] == (1, 0, 0)
        assert full.get_nowait() == 0

    run(main())


def test_iterating_where_it_would_block_the_running_loop_is_a_runtime_error():
    async def main():
        queue = filled(ait.Queue, [1])
        items = iter(queue.sync)
        assert next(items) == 1
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            next(items)
        queue.shutdown()
        assert list(items) == []

    run(main())


def test_what_does_not_block_can_be_done_in_a_loop():
    async def main():
        queue = ait.Queue(1)
        queue.sync.put(1)
        with pytest.raises(stdlib.Full):
            queue.sync.put(2, block=False)
        with pytest.raises(stdlib.Full):
            queue.sync.put(2, timeout=0.001)
        assert queue.sync.get() == 1
        with pytest.raises(stdlib.Empty):
            queue.sync.get(timeout=0.001)
        with pytest.raises(stdlib.Empty):
            queue.sync.get_nowait()
        queue.sync.task_done()
        queue.sync.join()
        assert queue.stats()[:3] == (0, 0, 0)

    run(main())


def test_other_threads_may_block_while_a_loop_runs():
    async def main():
        queue = ait.Queue(1)
        getting = asyncio.to_thread(queue.sync.get)
        putting = asyncio.to_thread(queue.sync.put_many, range(5))
        (getter, putter) = await begun(getting, putting)
        got = [await queue.get() for _ in range(4)]
        await putter
        return sorted([*got, await getter])

    assert run(main()) == list(range(5))


# ---- a blocked thread can be interrupted ---------------------------------------------------------


def interrupted(call, blocks):
    """Call it in the main thread, and interrupt it once it blocks.

    As somebody at a keyboard would: a signal that comes just before it blocks is seen only at the
    next one, also with the locks of the standard library.
    """
    over = threading.Event()

    def interrupt():
        wait_until(blocks)
        while not over.is_set():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            over.wait(0.05)

    def raise_once(*_):
        if not over.is_set():
            over.set()
            raise KeyboardInterrupt

    interrupter = threading.Thread(target=interrupt, daemon=True)
    before = signal.signal(signal.SIGINT, raise_once)
    try:
        interrupter.start()
        call()
    finally:
        over.set()
        interrupter.join()
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("verb", ["get", "get_many", "put", "put_many", "join"])
def test_ctrl_c_interrupts_what_blocks(verb):
    """In the main thread, and nobody is left in line; the item is not put."""
    empty, full = ait.Queue(), filled(ait.Queue, [0], 1)
    queue = empty if verb.startswith("get") else full

    def blocks():
        return verb == "join" or sum(queue.stats()[1:3]) == 1

    with pytest.raises(KeyboardInterrupt):
        interrupted(blocking(empty, full)[verb], blocks)
    assert empty.stats()[:3] == (0, 0, 0)
    assert full.stats()[:3] == (1, 0, 0)
    empty.put_nowait(1)
    assert empty.get_nowait() == 1


def test_ctrl_c_interrupts_what_blocks_with_a_timeout():
    queue = ait.Queue()
    with pytest.raises(KeyboardInterrupt):
        interrupted(lambda: queue.sync.get(timeout=60), lambda: queue.stats().getting == 1)
    assert queue.stats().getting == 0


def test_daemon_threads_that_block_do_not_keep_the_process():
    """Nor tasks that wait; and nothing is said about them."""
    program = """
import asyncio, threading, aitertools as ait
queue = ait.Queue()
full = ait.Queue(1)
full.put_nowait(1)
waits = [queue.sync.get, lambda: queue.sync.get(timeout=60), lambda: full.sync.put(2)]
for wait in waits + [full.sync.join, lambda: asyncio.run(queue.get())]:
    threading.Thread(target=wait, daemon=True).start()
while queue.stats().getting < 3 or full.stats().putting < 1:
    pass
"""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
