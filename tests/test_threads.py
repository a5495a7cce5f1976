"""Threads: one stream used by many gives each item once, or a RuntimeError; never a crash.

Everything here holds with and without the GIL; without it, threads really run at the same time.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
import traceback
from collections import Counter
from contextlib import contextmanager, suppress
from functools import partial

import pytest

import aitertools as ait
from aitertools import stream

from . import loop, zoo
from .models import double
from .oracle import Blocked, Failed, Pace, asynced, synced
from .rig import OPERATORS, OWNING_OPERATORS, OWNING_REDUCERS, Rig, about, each

THREADS = 4


@pytest.fixture(autouse=True)
def _hasty():
    """Switch between threads as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*works, within=60):
    """Run the works at the same time; their results, in that order. Errors are raised.

    What hangs fails, and says where it does; it does not keep the interpreter.
    """
    results = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(i, work):
        ready.wait()
        try:
            results[i] = work()
        except BaseException as error:  # noqa: BLE001 - raised below
            results[i] = error

    threads = [threading.Thread(target=run, args=job, daemon=True) for job in enumerate(works)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    for result in results:
        if isinstance(result, BaseException):
            raise result
    frames = sys._current_frames()
    hanging = [frames[thread.ident] for thread in threads if thread.ident in frames]
    assert not hanging, "\n\n".join("".join(traceback.format_stack(frame)) for frame in hanging)
    return results


BUSY = ("already running", "already executing", "cannot reuse", "awaited already")


@contextmanager
def refused_at_times():
    """Another thread may have it just now: that is a RuntimeError, and nothing else is."""
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in BUSY):
            raise


def pulls_in_spite_of_others(subject):
    """What this thread gets of the stream until its end, asking again when another one has it."""
    results = []
    while True:
        try:
            with refused_at_times():
                results.append(loop.run(subject.__anext__()))
        except StopAsyncIteration:
            return results
        except ValueError as error:
            results.append(Failed(type(error)))


def closes_in_spite_of_others(subject):
    while True:
        with refused_at_times():
            return loop.run(subject.aclose())


def counted(results):
    return Counter(map(repr, results))


LONG = 40  # items of a source


def long(entry):
    return [list(itertools.islice(itertools.cycle(items), LONG)) for items in entry.examples]


@each(entry for entry in OPERATORS if not entry.shares and not entry.tasks)
def test_each_item_comes_to_one_thread(entry):
    def divide(rig):
        results = in_threads(*[lambda: pulls_in_spite_of_others(rig.subject)] * THREADS)
        assert counted(itertools.chain(*results)) == counted(entry.expected(*long(entry)))
        rig.check_use()

    for kind in (zoo.sync_list, zoo.generator, zoo.with_aclose):
        for paint in (synced, asynced) if entry.functions else (synced,):
            with about(kind, paint):
                divide(Rig(entry, kind, paint=paint, data=long(entry)))


@each(entry for entry in OWNING_OPERATORS if not entry.tasks)  # these are of one event loop
def test_a_stream_can_be_looked_at_and_closed_while_it_is_pulled(entry):
    def hammer(rig):
        def look():
            for _ in range(30):
                assert repr(rig.subject).startswith("<")
                assert rig.subject.stats()

        *results, _, _ = in_threads(
            lambda: pulls_in_spite_of_others(rig.subject),
            lambda: pulls_in_spite_of_others(rig.subject),
            look,
            lambda: closes_in_spite_of_others(rig.subject),
        )
        assert counted(itertools.chain(*results)) <= counted(entry.expected(*long(entry)))
        rig.check_closed()

    for kind in (zoo.generator, zoo.with_aclose):
        with about(kind):
            hammer(Rig(entry, kind, data=long(entry)))


class Turns:
    """Suspends twice, whoever drives it."""

    def __await__(self):
        yield
        yield


async def turning(items):
    for item in items:
        await Turns()
        yield item


def sends_in_spite_of_others(awaitable):
    """Drive it as long as it lets us; the result comes to whoever makes the last step."""
    while True:
        try:
            awaitable.send(None)
        except StopIteration as stop:
            return [stop.value]
        except ValueError as error:
            return [Failed(type(error))]
        except RuntimeError as error:
            if "reuse" in str(error):
                return []
            with refused_at_times():
                raise


@each(entry for entry in OWNING_REDUCERS if not entry.tasks)
@pytest.mark.parametrize("source", [iter, turning])
def test_an_awaitable_gives_its_result_to_one_thread(entry, source):
    reducer = entry.build(synced, *map(source, long(entry)))
    results = in_threads(*[lambda: sends_in_spite_of_others(reducer)] * THREADS)
    assert list(itertools.chain(*results)) == entry.expected(*long(entry))


def test_an_awaitable_can_be_closed_by_another_thread():
    def drive(awaitable):
        with refused_at_times(), suppress(StopIteration, StopAsyncIteration):
            while True:
                awaitable.send(None)

    def close(awaitable):
        while True:
            with refused_at_times():
                return awaitable.close()

    for make in [ait.Stream.list, ait.Stream.__anext__] * 50:
        awaitable = make(ait.count().take(99).map(double))
        works = [drive, drive, close, repr]
        in_threads(*[partial(work, awaitable) for work in works])


def test_streams_that_share_a_source_divide_its_items():
    shared = stream(iter(range(500)))
    halves = [shared.map(double) for _ in range(THREADS)]
    results = in_threads(*[lambda h=half: pulls_in_spite_of_others(h) for half in halves])
    assert Counter(itertools.chain(*results)) == Counter(map(double, range(500)))


def test_streams_can_be_made_and_dropped_everywhere_at_once():
    shared = stream(iter([]))

    def make():
        for _ in range(300):
            piece = shared.map(double).filter().batched(2).zip(shared).enumerate()
            assert repr(piece)
            with refused_at_times():
                loop.run(ait.borrow(piece).drain())

    in_threads(*[make] * THREADS)
    assert sys.getrefcount(shared) < 50  # and not hundreds: one or two may sit in a traceback


def test_the_development_mode_can_be_switched_while_streams_are_made():
    def make():
        for _ in range(200):
            loop.run(stream([1]).map(double).drain())

    def switch():
        for on in [True, False] * 100:
            ait.debug(on)

    try:
        in_threads(make, make, switch)
    finally:
        ait.debug(False)


# ---- closing what is pulled in another event loop ------------------------------------------------


def test_a_stream_pending_in_one_loop_can_be_closed_from_another():
    """Each thread runs an asyncio loop of its own."""
    source = zoo.generator("abc", Blocked(2), name="source")
    pending = stream(source.hand_over()).map(str.upper)
    begun = threading.Event()
    first = []

    def pull():
        async def main():
            first.append(await anext(pending))
            asyncio.get_running_loop().call_soon(begun.set)
            return [item async for item in pending]

        return asyncio.run(main())

    def close():
        begun.wait()
        asyncio.run(awaited(pending.aclose()))

    rest, _ = in_threads(pull, close)
    assert first == ["A"]
    assert rest == []
    assert source.is_closed_once


async def awaited(awaitable):
    return await awaitable


async def items_in_spite_of_others(subject):
    """Like pulls_in_spite_of_others(), on asyncio."""
    results = []
    while True:
        try:
            with refused_at_times():
                results.append(await anext(subject))
                continue
        except StopAsyncIteration:
            return results
        await asyncio.sleep(0)  # for whoever has it


async def list_in_spite_of_others(subject):
    """Its list, or nothing: who closes it may have it between two items."""
    with refused_at_times():
        return await subject.list()
    return []


class Round:
    """One stream, what a thread does with it, and what others close meanwhile."""

    def __init__(self, kind, pace, consume, build=lambda s: (s, s)):
        self.source = kind(itertools.count(), pace)
        self.subject, self.closed = build(stream(self.source.hand_over()).map(double))
        self.consume = consume
        self.result = None

    async def pull(self, n):
        self.result = await self.consume(self.subject)

    async def close(self, n):
        until = time.perf_counter() + n % 40 * 5e-6
        while time.perf_counter() < until:
            pass
        await self.closed.aclose()

    def check(self):
        assert self.source.log.closes == 1 or self.source.is_closed_once
        assert not self.source.log.is_closing
        assert self.result == sorted(self.result)  # no item is in the wrong place


def in_rounds(make, seconds, *parts):
    """Have each thread, in a loop of its own, play its part of one round after the other."""
    rounds = []
    over = time.monotonic() + seconds
    turn = threading.Barrier(len(parts), timeout=30)

    def play(part):
        async def main():
            for n in itertools.count():
                if turn.wait() == 0:
                    goes_on = not rounds or time.monotonic() < over  # threads may begin late
                    rounds.append(make() if goes_on else None)
                turn.wait()
                if rounds[-1] is None:
                    return
                await part(rounds[-1], n)

        try:
            with suppress(threading.BrokenBarrierError):  # somebody else's error
                asyncio.run(main())
        finally:
            turn.abort()

    in_threads(*[partial(play, part) for part in parts])
    assert rounds[-1] is None, "it hangs"
    return rounds[:-1]


def beneath(inner):
    """A stream, and one of those that it reads."""
    return ait.chain([-1], inner.filter(lambda x: x >= 0)), inner


SCENES = {
    "turning": (Pace(1), items_in_spite_of_others),
    "pending": (Blocked, items_in_spite_of_others),
    "reduced": (Blocked, list_in_spite_of_others),
    "beneath": (Blocked, items_in_spite_of_others, beneath),
    "reduced beneath": (Blocked, list_in_spite_of_others, beneath),
}


@pytest.mark.parametrize("kind", [zoo.generator, zoo.slow_generator, zoo.with_slow_aclose], ids=str)
@pytest.mark.parametrize("scene", SCENES)
def test_it_does_not_matter_when_it_is_closed(scene, kind):
    """Many rounds, each with a different timing: aclose() always returns, and the pull ends."""
    pace, *how = SCENES[scene]
    points = itertools.cycle([1, 2, 3])

    def make():
        return Round(kind, Blocked(next(points)) if pace is Blocked else pace, *how)

    rounds = in_rounds(make, 0.15, Round.pull, Round.close, Round.close)
    assert rounds
    for round in rounds:
        round.check()


def test_a_cancellation_that_comes_while_another_thread_closes_is_not_swallowed():
    def once(n):
        source = zoo.generator("abc", Blocked(1), name="source")
        pending = stream(source.hand_over())
        begun = threading.Event()

        def pull():
            async def main():
                task = asyncio.ensure_future(pending.list())
                await asyncio.sleep(0)
                begun.set()
                for _ in range(n % 7):
                    await asyncio.sleep(0)
                asked = task.cancel()
                await asyncio.wait([task])
                return asked, task.cancelled()

            return asyncio.run(main())

        def close():
            begun.wait()
            asyncio.run(awaited(pending.aclose()))

        (asked, cancelled), _ = in_threads(pull, close)
        assert asked == cancelled
        assert source.is_closed_once

    for n in range(50):
        once(n)


def test_a_function_in_the_stream_closes_it_at_its_first_await():
    """Nobody has seen the pull suspend by then."""

    async def close(item):
        await numbers.aclose()
        return item

    source = zoo.generator(range(5))
    numbers = stream(source.hand_over()).map(close)

    async def main():
        return [item async for item in numbers]

    assert asyncio.run(asyncio.wait_for(main(), 10)) == [0]
    assert source.is_closed_once


@pytest.mark.parametrize("steps", [0, 1])
def test_a_stream_in_the_middle_of_a_step_can_be_closed_from_another_loop(steps):
    """Who closes it comes when the pull is about to suspend for good."""
    begun = threading.Event()

    class Stepping(Blocked):
        async def _take_turns(self):
            for _ in range(steps):
                await loop.Turn()
            begun.set()
            time.sleep(0.02)  # noqa: ASYNC251 - on purpose: nobody else gets the loop
            await super()._take_turns()

    source = zoo.generator("abc", Stepping(1))
    pending = stream(source.hand_over()).map(str.upper)

    def close():
        begun.wait()
        asyncio.run(awaited(pending.aclose()))
        return source.is_closed_once

    result, closed = in_threads(lambda: asyncio.run(awaited(pending.list())), close)
    assert result == []
    assert closed
