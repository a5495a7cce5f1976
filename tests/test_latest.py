"""zip_latest, with_latest_from, switch_map: what is newest."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress

import pytest

import aitertools as ait
from aitertools import stream
from aitertools.testing import marbles
from aitertools.testing.marbles import assert_marbles

from . import zoo
from .oracle import Failed, pulls
from .virtual import now, run

# ---- zip_latest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "diagrams",
    [
        ("a----b--|", "--1-2------3|", "--{a1}-{a2}{b2}-----{b3}|"),
        ("abc|", "----1|", "----({a1}{b1}{c1})|"),  # nothing is left out
        ("a-b|", "|", "|"),  # there can never be a tuple
        ("a-b|", "-|", "-|"),
        ("a-b-c|", "-1|", "-{a1}{b1}-{c1}|"),
        ("a-^", "-1-2|", "-{a1}^{a2}|"),
        ("a--b|", "-1--2|", "-{a1}!{b1}{b2}|"),
        ("a--b|", "-1--2|", "-{a1}/"),
    ],
    ids=str,
)
def test_the_latest_of_each_at_every_arrival(diagrams):
    assert_marbles(lambda s, t: s.zip_latest(t), *diagrams)


def test_a_source_alone_and_many():
    async def main():
        assert await stream("ab").zip_latest().list() == [("a",), ("b",)]
        latest = await ait.zip_latest(*([i] for i in range(1000))).list()
        assert latest == [tuple(range(1000))]

    run(main())


def test_each_item_is_there_and_changes_one_place():
    """Whatever the order: the tuples differ in one place from the one before, which goes on."""

    async def main():
        sources = [ticking(0.1 + i / 7, *range(20)) for i in range(4)]
        tuples = await ait.zip_latest(*sources).list()
        assert tuples[0] == (0, 0, 0, 0)
        assert tuples[-1] == (19, 19, 19, 19)
        for before, after in itertools.pairwise(tuples):
            steps = [new - old for old, new in zip(before, after, strict=True)]
            assert sorted(steps) == [0, 0, 0, 1]

    run(main())


async def ticking(every, *items):
    for item in items:
        await asyncio.sleep(every)
        yield item


# ---- with_latest_from ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "diagrams",
    [
        ("a---b--c|", "-1-2-3--4-|", "-{a1}--{b2}--{c3}|"),
        ("(abc)--|", "--1|", "--({a1}{b1}{c1})|"),  # they wait, and none is lost
        ("-a-b|", "1|", "-{a1}-{b1}|"),
        ("-a-b|", "|", "|"),
        ("|", "1-2|", "|"),
        ("-a-^", "1|", "-{a1}-^"),
        ("-a--b|", "1-^", "-{a1}^-{b1}|"),
        ("-a--b|", "1...", "-{a1}!-{b1}|"),
    ],
    ids=str,
)
def test_each_item_with_the_latest_of_the_other(diagrams):
    assert_marbles(lambda s, t: s.with_latest_from(t), *diagrams)


@pytest.mark.parametrize("suspends_once", [False, True])
def test_one_that_is_always_ready_is_not_read_on_and_on(suspends_once):
    """Once for each item that is there, and a hundred times while there is none."""
    pulled = 0

    async def other():
        nonlocal pulled
        if suspends_once:
            await asyncio.sleep(0)
        while True:
            pulled += 1
            yield pulled

    async def main():
        paired = stream(range(10)).chain(ticking(1, *range(10, 20))).with_latest_from(other())
        assert [n for n, _ in await paired.head(10)] == [*range(10)]
        assert pulled <= 10 + 2
        assert [n for n, _ in await paired.list()] == [*range(10, 20)]
        assert pulled <= 12 * 102

    run(main())


def test_while_the_consumer_waits_the_others_are_read_as_they_come():
    async def main():
        other = marbles.source("123456789|")
        paired = stream(marbles.source("--------a|")).with_latest_from(other)
        assert await anext(paired) == ("a", "9")
        await paired.aclose()

    run(main())


def test_several_others():
    diagrams = "--a-b|", "1--2|", "-x--y|", "--{a1x}-{b2y}|"
    assert_marbles(lambda s, t, u: s.with_latest_from(t, u), *diagrams)


# ---- switch_map ----------------------------------------------------------------------------------

INNER = {"a": "{a1}{a2}{a3}{a4}|", "b": "-{b1}-{b2}|", "c": "|", "n": "...", "f": "{f1}^"}


@pytest.mark.parametrize(
    "diagrams",
    [
        ("a---------|", "{a1}{a2}{a3}{a4}------|"),
        ("a-b----|", "{a1}{a2}-{b1}-{b2}-|"),
        ("b-b-----|", "-{b1}-{b1}-{b2}--|"),
        ("b-c-----|", "-{b1}------|"),
        ("b|", "-{b1}-{b2}|"),
        ("(bbb)|", "-{b1}-{b2}|"),  # only the newest of those that are there
        ("f---|", "{f1}^--|"),
        ("a^", "{a1}(^{a2}){a3}{a4}|"),
        ("n-a|", "--{a1}{a2}{a3}{a4}|"),
        ("b----|", "!{b1}-{b2}-|"),
        ("b----|", "-{b1}/"),
    ],
    ids=str,
)
def test_only_the_newest_source_is_read(diagrams):
    assert_marbles(lambda s: s.switch_map(lambda name: marbles.source(INNER[name])), *diagrams)


def test_the_one_before_is_closed_before_the_next_is_asked():
    timeline = []

    async def inner(name):
        timeline.append(f"{name} begins")
        try:
            while True:
                await asyncio.sleep(0.5)
                yield name
        finally:
            await asyncio.sleep(0.25)
            timeline.append(f"{name} closed")

    async def main():
        switched = stream(ticking(1.35, *"abc")).switch_map(inner)
        assert await switched.head(5) == ["a", "a", "b", "b", "c"]
        await switched.aclose()

    run(main())
    names = ["a begins", "a closed", "b begins", "b closed", "c begins", "c closed"]
    assert timeline == names


def test_errors_end_nothing():
    def inner(n):
        if n == 1:
            raise zoo.SourceError
        return None if n == 2 else [n]  # None cannot be iterated

    async def main():
        answers = await pulls(stream(range(4)).switch_map(inner))
        assert answers == [0, Failed(zoo.SourceError), Failed(TypeError), 3]

    run(main())


@pytest.mark.parametrize("inner", [[], ait.never], ids=["empty", "never"])
def test_outer_items_without_end_do_not_starve_the_loop(inner):
    async def main():
        switched = ait.repeat(0).switch_map(lambda _: inner() if callable(inner) else inner)
        reader = asyncio.ensure_future(anext(switched))
        await asyncio.sleep(0.01)
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await switched.aclose()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_ready_source_has_its_turn_between_ready_outer_items():
    """The outer one is asked once before each item, so neither goes without."""

    async def main():
        switched = ait.count().switch_map(itertools.repeat)
        assert await switched.take(3).list() == [0, 1, 2]
        assert now() == 0

    run(main())


# ---- arguments -----------------------------------------------------------------------------------


def test_bad_arguments_are_refused_where_it_is_made():
    same = stream([1])
    with pytest.raises(ValueError, match=r"zip_latest\(\): there must be at least one source"):
        ait.zip_latest()
    with pytest.raises(ValueError, match=r"zip_latest\(\): the same stream twice"):
        same.zip_latest(same)
    with pytest.raises(ValueError, match=r"with_latest_from\(\): there must be at least one"):
        same.with_latest_from()
    with pytest.raises(ValueError, match=r"with_latest_from\(\): the same stream twice"):
        same.with_latest_from(same)
    with pytest.raises(TypeError, match=r"switch_map\(\): 'int' object is not callable"):
        same.switch_map(3)
