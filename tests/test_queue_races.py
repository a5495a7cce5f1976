"""Threads that misuse one queue, or one awaitable of it, all at once: an error, never a crash."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import threading
from contextlib import suppress
from functools import partial
from queue import Empty, Full

import pytest

import aitertools as ait

from .queues import at_once, filled

pytestmark = pytest.mark.usefixtures("hasty")

REFUSED = (ait.QueueFull, ait.QueueEmpty, Full, Empty, ValueError)
BUSY = "already awaited|being awaited already|already executing"


@pytest.mark.parametrize("verb", ["get", "put", "get_many", "put_many"])
def test_an_awaitable_gives_its_result_to_one_thread(verb):
    def send(awaitable, results):
        try:
            awaitable.send(None)
        except StopIteration as stop:
            results.append(stop.value)
        except RuntimeError as error:
            assert re.search(BUSY, str(error))  # noqa: PT017 - any of them may be the one

    for _ in range(40):
        queue, results = filled(ait.Queue, [1, 2, 3]), []
        asks = {
            "get": queue.get,
            "put": lambda queue=queue: queue.put(4),
            "get_many": lambda queue=queue: queue.get_many(2),
            "put_many": lambda queue=queue: queue.put_many([4]),
        }
        at_once(*[partial(send, asks[verb](), results)] * 3)
        answers = {"get": 1, "get_many": [1, 2]}
        assert results == [answers.get(verb)]


def test_an_awaitable_that_waits_can_be_closed_by_another_thread():
    """Or it is refused; but nobody stays in line."""
    queue = ait.Queue()

    async def begin(awaitable):
        awaitable.send(None)

    def close(awaitable):
        with suppress(RuntimeError):
            awaitable.close()

    def put_and_take():
        queue.put_nowait(1)
        with suppress(ait.QueueEmpty):
            queue.get_nowait()

    for make in [queue.get, lambda: queue.get_many(2)] * 50:
        awaitable = make()
        asyncio.run(begin(awaitable))
        at_once(partial(close, awaitable), partial(close, awaitable), put_and_take)
        awaitable.close()
        assert queue.stats()[:3] == (0, 0, 0)


@pytest.mark.parametrize("order", ["Queue", "LifoQueue", "PriorityQueue"])
def test_everything_at_once_is_no_crash(order):
    """Also what makes little sense, like setting it up again."""
    queue = getattr(ait, order)(3)

    def hammer(seed):
        dice = random.Random(seed)
        acts = [
            lambda: queue.put_nowait((dice.random(),)),
            queue.get_nowait,
            queue.peek_nowait,
            queue.task_done,
            lambda: queue.sync.put_many([(1,), (2,)]) if queue.qsize() == 0 else None,
            lambda: queue.sync.get(timeout=1e-5),
            lambda: queue.sync.put((3,), timeout=1e-5),
            lambda: [repr(queue), queue.stats(), queue.full(), queue.maxsize],
            lambda: queue.put((4,)).close(),
            lambda: queue.get().close(),
            lambda: ait.stream(queue).map(len),
            lambda: queue.__init__(dice.choice([3, 5])),
            gc.collect,
        ]
        for act in dice.choices(acts, [9] * (len(acts) - 1) + [1], k=300):
            with suppress(*REFUSED):
                act()

    drain = threading.Event()

    def make_room():
        while not drain.is_set():
            with suppress(Empty):
                queue.sync.get(timeout=0.001)

    def hammers():
        at_once(*[partial(hammer, seed) for seed in range(3)])
        drain.set()

    at_once(hammers, make_room)
    assert queue.stats()[1:3] == (0, 0)
