"""Queues against a sequential model: no interleaving of operations shows anything else.

Every interleaving of small programs, with an operation stopped at every point; random histories of
long ones; and real tasks, cancelled and timed out after each number of turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import random
from functools import partial

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait

from .oracle import run
from .queue_model import BATCH, SIDES, Stage, count, interleavings, told
from .queues import ORDERS, drained, each_of_ours, unraisable
from .rig import about

OVERFLOWS = ["wait", "drop_oldest", "drop_newest"]
SHAPES = [
    (order, maxsize, overflow)
    for order in ORDERS
    for maxsize in range(4)
    for overflow in OVERFLOWS
    if maxsize or overflow == "wait"
]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape)))


def on_a_loop(play):
    """Waiting needs a running loop, but none of its turns: the puppets are moved by hand."""

    async def main():
        return play()

    return run(main())


# ---- every interleaving --------------------------------------------------------------------------

PUT, GET = ["put"], ["get"]
PROGRAMS = {
    "getters first": ([GET, GET, ["put_nowait", "put_nowait"]], 2),
    "three getters": ([GET, GET, GET, ["put_nowait", "put_nowait"]], 2),
    "putters first": ([PUT, PUT, ["put_nowait", "get_nowait", "get_nowait"]], 2),
    "both": ([PUT, PUT, GET, GET], 2),
    "five": ([PUT, PUT, GET, GET, GET], 1),
    "overtaken": ([GET, GET, ["put_nowait", "get_nowait", "put_nowait"]], 2),
    "overtaken twice": ([GET, GET, ["put_nowait"] * 2 + ["get_nowait"] * 2, ["put_nowait"]], 0),
    "room taken": ([["put", "put"], PUT, ["get_nowait", "put_nowait", "get_nowait"]], 2),
    "a producer and a consumer": ([["put"] * 3, ["get"] * 3], 2),
    "shut down": ([GET, PUT, PUT, ["shutdown"]], 2),
    "shut down at once": ([GET, GET, ["put_nowait", "shutdown_immediate"]], 2),
    "shut down with an error": ([GET, GET, PUT, ["put_nowait", "shutdown_error"]], 1),
    "many in": ([["put_many"], PUT, ["get_nowait", "get"]], 2),
    "many in at once": ([["put_many"], ["put_many"], ["get_nowait"] * 3], 1),
    "many out": ([["get_many"], GET, ["put_nowait"] * 3], 2),
    "many in, many out": ([["put_many"], ["get_many", "get_many"], GET], 2),
    "many and a shutdown": ([["put_many"], GET, ["get_many"], ["shutdown"]], 2),
    "joined": ([["join"], ["join"], ["put", "get", "task_done"], ["put_nowait"]], 1),
    "joined and shut down": ([["put_nowait", "join"], GET, ["task_done", "shutdown_immediate"]], 2),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("maxsize", [0, 1, 2])
def test_every_interleaving_is_one_of_the_sequential_queue(program, maxsize):
    """With one or two operations cancelled at any point, too."""
    acts, stops = PROGRAMS[program]
    n = on_a_loop(lambda: interleavings(partial(Stage, "Queue", maxsize), acts, stops))
    count(n)


@pytest.mark.parametrize("order", ["LifoQueue", "PriorityQueue"])
@pytest.mark.parametrize("program", ["getters first", "both", "many in, many out", "overtaken"])
def test_every_interleaving_of_the_other_orders_is_one_of_the_sequential_queue(order, program):
    acts, stops = PROGRAMS[program]
    count(on_a_loop(lambda: interleavings(partial(Stage, order, 2), acts, stops)))


@pytest.mark.parametrize("overflow", OVERFLOWS[1:])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("program", ["getters first", "both", "many in, many out", "joined"])
def test_every_interleaving_with_items_dropped_is_one_of_the_sequential_queue(
    order, program, overflow
):
    acts, stops = PROGRAMS[program]
    count(on_a_loop(lambda: interleavings(partial(Stage, order, 1, overflow), acts, stops)))


@pytest.mark.parametrize("how", ["close", "drop"])
@pytest.mark.parametrize("program", ["getters first", "putters first", "both", "many out"])
def test_an_awaitable_that_is_closed_or_dropped_gives_its_place_away(program, how):
    """At every point of every interleaving, as one that is cancelled."""
    acts, stops = PROGRAMS[program]
    count(on_a_loop(lambda: interleavings(partial(Stage, "Queue", 1), acts, stops, how)))


# ---- random histories ----------------------------------------------------------------------------

VERBS = sorted(SIDES)
NOW = ["get_nowait", "put_nowait", "peek_nowait", "task_done"]
SHUTDOWNS = ["shutdown", "shutdown_immediate", "shutdown_error"]
STOPS = ["cancel", "close", "drop"]
ACTIONS = [*VERBS, *NOW, *["go on", "go on", "go on first", "go on first"], *STOPS]


def move(stage, action, which):
    """Do *action*, to one of those to which it can be done, if any."""
    called = [puppet for puppet in stage.puppets if puppet.called]
    if action in SIDES:
        if len(stage.puppets) < 6:
            stage.begin(action)
    elif action in STOPS:
        if stage.puppets:
            stage.stop(stage.puppets[which % len(stage.puppets)], action)
    elif action == "go on first":
        if called:
            stage.go_on(called[0])
    elif action == "go on":
        if called:
            stage.go_on(called[which % len(called)])
    else:
        stage.now(action)


def moved(stage, moves):
    for action, which in moves:
        move(stage, action, which)
    stage.finish()


steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5)), min_size=5, max_size=40)


MANY = 10 * hypothesis.settings().max_examples  # they are quick


@hypothesis.settings(max_examples=MANY)
@given(st.sampled_from(SHAPES), steps, st.sampled_from([None, *SHUTDOWNS]), steps)
def test_a_history_is_one_of_the_sequential_queue(shape, before, shutdown, after):
    """Found by Hypothesis, which makes one that is not as short as can be."""
    moves = before if shutdown is None else [*before, (shutdown, 0), *after]
    stage = Stage(*shape)
    count()
    on_a_loop(lambda: told(stage, lambda: moved(stage, moves)))


@each_shape
def test_long_histories_are_those_of_the_sequential_queue(shape):
    def play():
        for seed in range(60):
            dice = random.Random(seed)
            actions = [*dice.choices(ACTIONS, k=70)]
            if seed % 3 == 0:
                actions.insert(dice.randrange(20, 70), dice.choice(SHUTDOWNS))
            stage = Stage(*shape)
            count()
            moves = [(action, dice.randrange(6)) for action in actions]
            with about("seed", seed):
                told(stage, partial(moved, stage, moves))

    on_a_loop(play)


def test_a_queue_collected_with_those_who_wait_there_says_nothing():
    """Whatever the collector takes apart first: nobody is called who is gone already."""

    def leave_some():
        for seed in range(150):
            dice = random.Random(seed)
            stage = Stage(*dice.choice(SHAPES))
            stage.itself, stage.blind = stage, True
            stages.append(stage)
            for action in dice.choices(ACTIONS, k=dice.randrange(10, 60)):
                move(stage, action, dice.randrange(6))
            if seed % 7 == 0:
                stages.clear()
                gc.collect()

    stages = []
    with unraisable() as errors:
        on_a_loop(leave_some)
        stages.clear()
        gc.collect()
    assert errors == []


# ---- real tasks, disturbed at every turn ---------------------------------------------------------

SCENES = {
    "a producer and a consumer": [["put"] * 4, ["get"] * 4],
    "consumers wait": [["get"], ["get"], ["get"], ["turn", "put", "put"]],
    "producers wait": [["put", "put"], ["put", "put"], ["turn", "get", "turn", "get", "get"]],
    "both, in turn": [["put"], ["get"], ["put", "put"], ["get", "get"]],
    "many": [["put_many"], ["get_many", "get_many"], ["put_many"], ["get", "get"]],
    "shut down": [["put"] * 3, ["get"] * 3, ["turn", "turn", "shutdown"], ["get"]],
}


LAST = 9  # after so many turns nothing more happens in any of them


class Scene:
    """Real tasks that put numbers into a queue and get them; and where each number went."""

    def __init__(self, kind, maxsize, acts, how):
        self.queue = kind(maxsize)
        self.acts, self.how = acts, how
        self.numbers = itertools.count()
        self.put, self.unput, self.got = [], [], []
        self.limits = [None] * len(acts)

    async def play(self, disturbances):
        """Play it; each of the *disturbances* is an act, and the turn after which that happens."""
        tasks = [asyncio.ensure_future(self.act(i)) for i in range(len(self.acts))]
        for turn in range(2 * LAST):
            for i, when in disturbances:
                if when == turn and not tasks[i].done():
                    self.disturb(tasks[i], self.limits[i])
            await asyncio.sleep(0)
        self.check_nobody_waits_in_vain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.check_everything_is_somewhere()

    async def act(self, i):
        for verb in self.acts[i]:
            with contextlib.suppress(TimeoutError, ait.QueueShutDown):
                if self.how == "wait_for":
                    await asyncio.wait_for(self.do(verb), 60)
                else:
                    async with asyncio.timeout(None) as self.limits[i]:
                        await self.do(verb)

    def disturb(self, task, limit):
        if self.how != "timeout":
            task.cancel()
        elif limit is not None:  # it began
            limit.reschedule(0)

    async def do(self, verb):
        queue = self.queue
        if verb == "turn":
            await asyncio.sleep(0)
        elif verb == "shutdown":
            queue.shutdown()
        elif verb == "put":
            await self.do_put([next(self.numbers)])
        elif verb == "put_many":
            await self.do_put([next(self.numbers) for _ in range(BATCH)])
        elif verb == "get":
            self.got.append(await queue.get())
        else:
            self.got += await queue.get_many(BATCH)

    async def do_put(self, items):
        queue = self.queue
        asked = queue.put_many(items) if len(items) > 1 else queue.put(items[0])
        try:
            await asked
        except BaseException:
            rest = asked.rest if len(items) > 1 else items
            self.unput += rest
            self.put += items[: len(items) - len(rest)]
            raise
        self.put += items

    def check_nobody_waits_in_vain(self):
        size, getting, putting, *_ = self.queue.stats()
        assert not (getting and (size or self.queue.is_shutdown))
        assert not (putting and (not self.queue.full() or self.queue.is_shutdown))

    def check_everything_is_somewhere(self):
        assert self.queue.stats()[1:3] == (0, 0)
        left = drained(self.queue)
        assert sorted(self.put + self.unput) == list(range(next(self.numbers)))
        assert sorted(self.got + left) == sorted(self.put)
        if type(self.queue) is ait.Queue and ["put_many"] not in self.acts:
            assert self.got + left == self.put


def played(kind, maxsize, scene, how, disturbances):
    count()
    with about(disturbances):
        run(Scene(kind, maxsize, SCENES[scene], how).play(disturbances))


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("how", ["cancel", "timeout", "wait_for"])
@each_of_ours
def test_a_task_disturbed_after_any_turn_loses_and_doubles_nothing(kind, how, scene):
    for maxsize in range(3):
        for disturbance in itertools.product(range(len(SCENES[scene])), range(LAST)):
            played(kind, maxsize, scene, how, [disturbance])


@pytest.mark.parametrize("scene", SCENES)
def test_two_tasks_disturbed_after_any_turns_lose_and_double_nothing(scene):
    each = list(itertools.product(range(len(SCENES[scene])), range(1, LAST)))
    for disturbances in itertools.combinations(each, 2):
        played(ait.Queue, 1, scene, "cancel", disturbances)
