"""Threads: one stream used by many gives each item once, or a RuntimeError; never a crash.

Everything here holds with and without the GIL; without it, threads really run at the same time.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from functools import partial

import pytest

import aitertools as ait
from aitertools import stream

from . import loop, zoo
from .models import double
from .oracle import Failed, Pace, asynced, synced
from .rig import OPERATORS, OWNING_OPERATORS, OWNING_REDUCERS, Rig, about, each

THREADS = 4


@pytest.fixture(autouse=True)
def _hasty():
    """Switch between threads as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*works):
    """Run the works at the same time; their results, in that order. Errors are raised."""
    results = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(i, work):
        ready.wait()
        try:
            results[i] = work()
        except BaseException as error:  # noqa: BLE001 - raised below
            results[i] = error

    threads = [threading.Thread(target=run, args=job) for job in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
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


@each(entry for entry in OPERATORS if not entry.shares)
def test_each_item_comes_to_one_thread(entry):
    def divide(rig):
        results = in_threads(*[lambda: pulls_in_spite_of_others(rig.subject)] * THREADS)
        assert counted(itertools.chain(*results)) == counted(entry.expected(*long(entry)))
        rig.check_use()

    for kind in (zoo.sync_list, zoo.generator, zoo.with_aclose):
        for paint in (synced, asynced) if entry.functions else (synced,):
            with about(kind, paint):
                divide(Rig(entry, kind, paint=paint, data=long(entry)))


@each(OWNING_OPERATORS)
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


@each(OWNING_REDUCERS)
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
        with refused_at_times():
            awaitable.close()

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


def test_a_stream_pending_in_one_loop_can_be_closed_from_another():
    """Each thread runs an asyncio loop of its own."""
    source = zoo.generator("abc", Pace(0, 10**9), name="source")
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
