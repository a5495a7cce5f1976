"""The bugs that stream libraries have again and again, by class: each is a family of tests.

The classes, and where they were found, are those of the survey of other libraries behind the
design. An operator that has to do with one adds itself to a table here, or, where a family has
grown, names its tests in ELSEWHERE.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
import weakref

import pytest

import aitertools as ait
from aitertools import stream

from . import zoo
from .oracle import Failed, asynced, pulls
from .rig import OPERATORS, Rig, each
from .virtual import now, run

ELSEWHERE = {
    "the end or an error comes while nobody asks": ["test_share", "test_topic"],
    "cancelling one reader ends all": ["test_tee", "test_share", "test_courier"],
    "a late subscriber hangs or misses the first items": ["test_share", "test_topic"],
    "items lost between two layers on cancelling": ["test_laws_going_on", "test_faults"],
    "closing what is running": ["test_laws_closing", "test_faults_tasks"],
    "an always-ready source starves the loop": ["test_laws"],
}


@pytest.mark.parametrize("bug", ELSEWHERE)
def test_the_families_elsewhere_are_there(bug):
    for name in ELSEWHERE[bug]:
        importlib.import_module(f"tests.{name}")


async def second(item):
    await asyncio.sleep(1)
    return item


# What works ahead, or in tasks of its own: over a source.
WORKING = {
    "map": lambda s: s.map(second, concurrency=2),
    "map, as completed": lambda s: s.map(second, concurrency=2, ordered=False),
    "map, by key": lambda s: s.map(second, concurrency=2, key=str),
    "filter": lambda s: s.filter(lambda item: asyncio.sleep(1, True), concurrency=2),
    "buffer": lambda s: s.map(second).buffer(2),
    "prefetch": lambda s: s.map(second).prefetch(2),
}

working = pytest.mark.parametrize("work", WORKING.values(), ids=list(WORKING))


# ---- 1: the end, or an error, comes while nobody asks --------------------------------------------


@working
def test_an_error_that_comes_while_nobody_asks_is_kept_and_told_once(work):
    async def source():
        yield 1
        await asyncio.sleep(5)
        raise zoo.SourceError

    async def main():
        ahead = work(stream(source()))
        assert await anext(ahead) == 1
        await asyncio.sleep(9)
        assert await pulls(ahead) == [Failed(zoo.SourceError)]
        await ahead.aclose()

    run(main())


@working
def test_an_end_that_comes_while_nobody_asks_is_kept(work):
    async def main():
        ahead = work(stream([1, 2]))
        assert await anext(ahead) == 1
        await asyncio.sleep(9)
        assert await pulls(ahead) == [2]

    run(main())


# ---- 2: one is cancelled, and all are gone -------------------------------------------------------


@working
def test_a_cancelled_pull_harms_no_other(work):
    async def main():
        ahead = work(stream(range(4)))
        for _ in range(3):
            pull = asyncio.ensure_future(anext(ahead))
            await asyncio.sleep(0.3)
            pull.cancel()
            await asyncio.wait([pull])
        return await ahead.list()

    assert run(main()) == [0, 1, 2, 3]


# ---- 3: a limit of zero --------------------------------------------------------------------------

LIMITS = {
    "map": lambda n: stream([]).map(abs, concurrency=n),
    "starmap": lambda n: stream([]).starmap(abs, concurrency=n),
    "filter": lambda n: stream([]).filter(abs, concurrency=n),
    "for_each": lambda n: stream([]).for_each(abs, concurrency=n),
    "batched": lambda n: stream([]).batched(n),
    "windowed": lambda n: stream([]).windowed(n),
    "buffer": lambda n: stream([]).buffer(n),
    "prefetch": lambda n: stream([]).prefetch(n),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=list(LIMITS))
@pytest.mark.parametrize("n", [0, -1])
def test_a_limit_of_zero_is_an_error_and_never_no_limit(limit, n):
    with pytest.raises(ValueError, match="at least one"):
        limit(n)


# ---- 5: a function that fails before it returns its awaitable ------------------------------------


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_function_that_fails_at_once_hangs_nothing(n, ordered):
    def fail(item):
        raise KeyError(item)

    results = run(pulls(stream(range(5)).map(fail, concurrency=n, ordered=ordered)))
    assert results == [Failed(KeyError)] * 5
    with pytest.raises(KeyError):
        run(stream(range(5)).for_each(fail, concurrency=n))


# ---- 6: what cannot be begun ---------------------------------------------------------------------


class Broken:
    """It fails to start, in one of the ways there are."""

    def __init__(self, how):
        self.how = how

    def __aiter__(self):
        if self.how == "__aiter__":
            raise zoo.SourceError
        return self

    def __anext__(self):
        if self.how == "__anext__":
            raise zoo.SourceError
        return self._fail()

    async def _fail(self):
        raise zoo.SourceError


@working
@pytest.mark.parametrize("how", ["__aiter__", "__anext__", "awaited"])
def test_a_source_that_fails_to_start_is_an_error_and_the_end(work, how):
    async def main():
        try:
            broken = stream(Broken(how))
        except zoo.SourceError:
            assert how == "__aiter__"
            return [Failed(zoo.SourceError)]
        return await pulls(work(broken))

    assert run(main()) == [Failed(zoo.SourceError)]


# ---- 7: a race with something that lives long, at every item -------------------------------------


@working
def test_waiting_for_items_adds_up_to_nothing(work):
    """Not a callback on a future, not a task, not an object."""

    async def main():
        ahead = work(ait.count())
        sizes = []
        for n in range(300):
            await anext(ahead)
            if n % 100 == 99:
                gc.collect()
                sizes.append((len(gc.get_objects()), len(asyncio.all_tasks())))
        await ahead.aclose()
        return sizes

    (_, tasks), (second_size, _), (third_size, tasks_then) = run(main())
    assert tasks_then == tasks
    assert third_size <= second_size + 10


# ---- 8: what is kept of keys that are over -------------------------------------------------------


def test_keys_without_calls_are_forgotten():
    class Key:
        pass

    alive = weakref.WeakSet()

    def key(item):
        made = Key()
        alive.add(made)
        return made

    async def main():
        work = stream(ait.count()).map(abs, concurrency=2, key=key)
        for n in range(100):
            assert await anext(work) == n
            await asyncio.sleep(1)
        gc.collect()
        assert len(alive) <= 6 + 1
        await work.aclose()

    run(main())


# ---- 9: the faster way loses items ---------------------------------------------------------------


@pytest.mark.parametrize("work", [*WORKING.values()][:4], ids=[*WORKING][:4])
@pytest.mark.parametrize("paces", list(itertools.product((0, 1), repeat=4)), ids=str)
def test_ready_and_suspended_sources_give_the_same(work, paces):
    """Wherever the way of an item changes from the quick one to the other and back."""

    async def source():
        for n, pace in enumerate(paces * 2):
            if pace:
                await asyncio.sleep(pace)
            yield n

    assert sorted(run(work(stream(source())).list())) == list(range(8))


# ---- 10: a capacity that depends on the neighbours -----------------------------------------------


def test_what_is_read_ahead_does_not_depend_on_the_operators_around():
    def ahead(*layers):
        async def main():
            specimen = zoo.with_aclose(itertools.count())
            work = stream(specimen.hand_over()).map(second, concurrency=2, buffer=3)
            for layer in layers:
                work = layer(work)
            await anext(work)
            await asyncio.sleep(99)
            await work.aclose()
            return specimen.log.given

        return run(main())

    assert ahead() == 1 + 2 + 3
    assert ahead(lambda s: s.map(abs)) == ahead()
    assert ahead(lambda s: s.map(abs), lambda s: s.enumerate()) == ahead()
    assert ahead(lambda s: s.map(abs, concurrency=1, buffer=1)) == 1 + 2 + 3 + 2


# ---- 12: in-flight work that nobody drives -------------------------------------------------------


@working
def test_work_goes_on_though_nobody_asks(work):
    """The first item is asked for, and then nothing for long: what may be done ahead is done."""

    async def main():
        ahead = work(stream(range(3)))
        await anext(ahead)
        await asyncio.sleep(99)
        begun = now()
        await anext(ahead)
        await ahead.aclose()
        return now() - begun

    assert run(main()) == 0


def test_two_concurrent_stages_do_not_wait_for_each_other():
    """The items of the one are in flight while the other works: n at a time in both."""
    lock = asyncio.Lock()

    async def locked(item):
        async with lock:
            return await second(item)

    async def main():
        work = stream(range(4)).map(locked, concurrency=4).map(second, concurrency=4)
        assert await work.list() == [0, 1, 2, 3]
        return now()

    assert run(main()) == 5


# ---- 14: forms of one operator that behave differently -------------------------------------------


@each(entry for entry in OPERATORS if entry.family == "concurrent")
def test_the_concurrent_form_gives_what_the_other_gives(entry):
    """For every kind of source, and functions of both kinds."""
    expected = entry.expected(*entry.examples)
    for kind in zoo.KINDS:
        for paint in (lambda fn: fn, asynced):
            assert run(Rig(entry, kind, paint=paint).answers()) == expected, kind


# ---- 15: a source that is always ready -----------------------------------------------------------


@pytest.mark.parametrize("fn", [abs, asynced(abs)], ids=["def", "async def"])
@pytest.mark.parametrize("way", [{"ordered": True}, {"ordered": False}, {"buffer": 0}], ids=str)
def test_calls_that_never_suspend_let_others_have_their_turns(fn, way):
    async def main():
        turns = 0

        async def others():
            nonlocal turns
            for turns in range(1, 4):  # noqa: B007 - the consumer looks at it
                await asyncio.sleep(0)

        other = asyncio.ensure_future(others())
        async with stream(ait.count()).map(fn, concurrency=2, **way) as work:
            async for _ in work:
                if turns >= 3:
                    break
        await other

    asyncio.run(main())
