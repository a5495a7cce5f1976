"""References: what goes through a stream is let go of, whatever happens to the stream.

Counted with sys.getrefcount() before and after, with weak references, and in the numbers of objects
that the garbage collector knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import tracemalloc
import weakref

import pytest

import aitertools as ait
from aitertools import _core, stream

from . import loop, turns, zoo
from .loop import Cancelled
from .oracle import Failed, Pace, asynced, pulls
from .rig import OPERATORS, OWNERS, OWNING_OPERATORS, Rig, about, each

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


def refcounts(*objects):
    """How often each is referred to; without the GIL, too, a collection settles some counts."""
    gc.collect()
    return [sys.getrefcount(obj) for obj in objects]


class Item:
    """An item that can be watched, and does what the functions of the catalogue ask of it."""

    def __init__(self, n):
        self.n = n

    def __add__(self, other):
        return self

    __radd__ = __sub__ = __mul__ = __rmul__ = __neg__ = __abs__ = __add__

    def __mod__(self, n):
        return self.n % n

    def __lt__(self, other):
        return self.n < getattr(other, "n", other)

    def __le__(self, other):
        return self.n <= getattr(other, "n", other)

    def __eq__(self, other):
        return isinstance(other, Item) and self.n == other.n

    def __hash__(self):
        return hash(self.n)

    def __iter__(self):
        return iter((self.n, self.n))

    def __bool__(self):
        return bool(self.n)


# ---- ways for a run to go ------------------------------------------------------------------------


async def finish(rig):
    """Consume it to its end."""
    await rig.answers()


async def close(rig):
    """Close it after the first item; a reducer, before it began."""
    if rig.entry.reduces:
        rig.subject.close()
        return
    with ignoring_errors():
        await anext(rig.subject, None)
    await rig.subject.aclose()


def drop(rig):
    """Begin it and leave it alone."""
    with ignoring_errors(), contextlib.suppress(StopAsyncIteration):
        task = rig.run_to(rig.subject if rig.entry.reduces else rig.subject.__anext__(), 2)
        if rig.entry.tasks:
            with contextlib.suppress(RuntimeError):  # a reducer has to await the end of tasks
                task.close()
        del task  # it has the stream, half closed
    if rig.entry.tasks:
        rig.abandon()


def cancel(rig):
    """Cancel it at its second await point."""
    task = rig.run_to(consume(rig), 2)
    if not task.done:
        task.throw(Cancelled())
        task.finish()


async def consume(rig):
    try:
        await rig.answers()
    except (Cancelled, asyncio.CancelledError) as error:
        turns.taken_back(error)
    if not rig.entry.reduces:
        await rig.subject.aclose()


def ignoring_errors():
    return contextlib.suppress(TypeError, ValueError, KeyError, zoo.SourceError)


WAYS = {
    "end": lambda rig: rig.run(finish(rig)),
    "close": lambda rig: rig.run(close(rig)),
    "drop": drop,
    "cancel": cancel,
}


def wrapped(fn):
    def call(*args):
        return fn(*args)

    return call


def failing(fn):
    def fail(*args):
        raise KeyError

    return fail


# ---- references ----------------------------------------------------------------------------------


@each(OWNERS)
@pytest.mark.parametrize("way", WAYS)
def test_items_and_functions_have_the_references_they_had(entry, way):
    """After the end, an error, a cancellation, a close, and when it is just dropped."""
    functions = []

    def watched(paint):
        def painting(fn):
            made = paint(fn)
            functions.append(weakref.ref(made))
            return made

        return painting

    def once(kind, paint, items):
        with ignoring_errors():
            WAYS[way](Rig(entry, kind, paint=paint, pace=lambda: Pace(1), data=items))
        if entry.tasks:
            turns.let_end()  # what is called back at the end of a task has a turn of its own

    # A collection is slow without the GIL: there, a part of them.
    for kind in (zoo.generator, zoo.sync_list, zoo.with_aclose)[: None if GIL else 1]:
        for tint in (lambda fn: asynced(fn, Pace(1)), wrapped, failing)[: None if GIL else 1]:
            for fails in (False, True) if kind is not zoo.sync_list else (False,):
                items = [[Item(n % 4) for n in range(6)] for _ in entry.data]
                every = [item for of_source in items for item in of_source]
                before = refcounts(*every)
                sources = [zoo.failing(of_source) if fails else of_source for of_source in items]
                once(kind, watched(tint), sources)
                del sources
                with about(kind, tint, "failing" if fails else "finite"):
                    assert refcounts(*every) == before
                    assert [ref() for ref in functions if ref() is not None] == []
                functions.clear()


@each(entry for entry in OWNERS if not entry.reduces)
def test_sources_are_released_at_the_end(entry):
    """And when it was closed, though the stream itself is still there."""

    class Source(zoo.Bare):
        async def aclose(self):
            pass

    def run_with(consume):
        alive = []

        def make(*how):
            source = Source(*how)
            alive.append(weakref.ref(source))
            return source

        kind = zoo.Kind(make, closable=False, suspends=True, survives=True)
        rig = Rig(entry, kind)
        rig.run(consume(rig.subject))
        assert [ref() for ref in alive] == [None] * entry.arity
        assert repr(rig.subject).startswith("<")

    run_with(pulls)
    run_with(lambda subject: subject.aclose())


@each(OWNING_OPERATORS)
def test_a_stream_that_ended_or_was_closed_holds_no_items(entry):
    """Nor what it gathered; though the stream itself is still there."""

    def trial(kind, consume):
        items = [[Item(n) for n in range(4)] for _ in entry.data]
        alive = [weakref.ref(item) for of_source in items for item in of_source]
        rig = Rig(entry, kind, data=items)
        del items
        try:
            rig.run(consume(rig))
        except TypeError:
            return
        gc.collect()
        with about(kind, consume.__name__):
            assert [ref() for ref in alive if ref() is not None] == []

    for kind in (zoo.sync_list, zoo.bare_iterator, zoo.with_aclose, zoo.generator):
        trial(kind, finish)
        trial(kind, close)


def test_a_consumed_item_is_let_go_of():
    """At the latest when the next one is asked for."""

    async def main():
        passing = stream(Item(n) for n in range(9)).map(lambda item: item).filter(lambda item: True)
        before = weakref.ref(await anext(passing))
        async for item in passing:
            assert before() is None
            before = weakref.ref(item)
            del item

    loop.run(main())


def test_an_error_holds_no_stream_after_it_was_dropped():
    def fail(item):
        raise KeyError(item)

    mapped = stream([1]).map(fail)
    before = refcounts(mapped)
    for _ in range(3):
        assert loop.run(pulls(mapped)) in ([Failed(KeyError)], [])
    assert refcounts(mapped) == before


# ---- cycles --------------------------------------------------------------------------------------


class Node:
    """Something that a cycle can go through."""


@each(OPERATORS)
def test_a_stream_in_a_cycle_is_collected(entry):
    """It takes part in garbage collection with all that it holds."""
    node = Node()
    node.stream = Rig(entry, zoo.with_aclose, data=[[node, *items] for items in entry.examples])
    node.stream = node.stream.subject
    alive = weakref.ref(node)
    del node
    gc.collect()
    assert alive() is None


def test_a_suspended_stream_in_a_cycle_is_collected():
    node = Node()
    node.stream = stream(zoo.with_aclose([node], Pace(1)).hand_over()).map(lambda x: x).batched(2)
    node.task = loop.run_to(node.stream.list(), 1)
    alive = weakref.ref(node)
    del node
    gc.collect()
    assert alive() is None


# ---- nothing adds up -----------------------------------------------------------------------------


def run_every_way(entry):
    for kind in (zoo.generator, zoo.with_aclose):
        for way in WAYS.values():
            way(Rig(entry, kind, pace=lambda: Pace(1)))
    gc.collect()


@each(OWNERS)
def test_no_object_is_left_behind_by_repeated_runs(entry):
    for _ in range(2):
        run_every_way(entry)
    before = len(gc.get_objects())
    for _ in range(3):
        run_every_way(entry)
    assert len(gc.get_objects()) <= before + 3


def test_memory_is_flat_over_many_runs():
    """Also what the garbage collector does not know about."""

    def runs(n):
        for _ in range(n):
            for entry in OWNERS:
                rig = Rig(entry, zoo.with_aclose, paint=asynced)
                rig.run(finish(rig))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        runs(2)
        once = runs(1)
        assert runs(4) < once + 20_000
    finally:
        tracemalloc.stop()


def test_memory_is_flat_over_many_items():
    async def main():
        passing = ait.count().map(str).filter(len).enumerate().batched(3)
        sizes = []
        async for _ in passing:
            if (n := passing.stats()[0].items) % 10_000 == 0:
                sizes.append(tracemalloc.get_traced_memory()[0])
                if n == 50_000:
                    break
        await passing.aclose()
        return sizes

    tracemalloc.start()
    try:
        _, second, *_, last = loop.run(main())
        assert last < second + 2_000
    finally:
        tracemalloc.stop()


# ---- depth and size ------------------------------------------------------------------------------

DEEPEST = 1000


def layers(source, n):
    for _ in range(n):
        source = source.map(abs)
    return source


def test_a_stream_may_be_deep():
    deep = layers(stream([-1]), DEEPEST - 1)
    assert loop.run(deep.list()) == [1]
    assert len(deep.stats()) == DEEPEST
    assert repr(deep).count("map(abs)") == DEEPEST - 1
    del deep


def test_a_stream_too_deep_is_refused_when_it_is_made():
    deep = layers(stream([-1]), DEEPEST - 1)
    with pytest.raises(RecursionError, match=r"^map\(\): more than 1000 operators deep$"):
        deep.map(abs)
    with pytest.raises(RecursionError):
        deep.chain([1])


def test_deep_streams_are_deallocated_and_closed_without_recursion():
    loop.run(layers(stream(zoo.with_aclose([1]).hand_over()), DEEPEST - 1).aclose())
    source = zoo.failing([1])
    deep = layers(stream(source), DEEPEST - 1)
    assert loop.run(pulls(deep)) == [1, Failed(zoo.SourceError)]
    del deep


def test_streams_nested_at_run_time_are_bounded_too():
    """flatten() of what only turns out to be deep; an error, and never a crash."""

    def nested(depth):
        inner = stream([1])
        for _ in range(depth):
            inner = stream([inner]).flatten()
        return inner

    assert loop.run(nested(300).list()) == [1]
    with pytest.raises(RecursionError):
        loop.run(nested(100_000).list())


@each(OPERATORS)
def test_an_idle_operator_is_small(entry):
    """The budget of the design: 150 bytes, the garbage collector's header included."""
    subject = Rig(entry, zoo.sync_list).subject
    assert isinstance(subject, _core.Op)
    assert sys.getsizeof(subject) <= 150
