"""What only groupby and its groups do; what every operator does is tested over the catalogue."""

from __future__ import annotations

import asyncio
import itertools
import math
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Stream, stream

from . import loop, zoo
from .models import fussy
from .oracle import (
    Blocked,
    Failed,
    Outcome,
    Pace,
    asynced,
    colours,
    listed,
    outcome,
    paced,
    pulls,
    run,
    synced,
)
from .test_group import SLOW, cancel, items, sources, surviving


class Stubborn:
    """A key that cannot be compared."""

    def __eq__(self, other):
        raise ValueError("never")

    __hash__ = None  # type: ignore[assignment]


OUTER = -1  # in a script: ask groupby; other numbers: ask that group


def halved(x):
    """A key that few have in common; fails for some."""
    if x == 5:
        raise ValueError(x)
    return x // 3


def scripted(outer, step, script):
    """What comes of asking *outer* and its groups in the order of *script*."""
    groups, events = [], []
    for who in script:
        if who != OUTER and not groups:
            continue
        asked = outer if who == OUTER else groups[who % len(groups)]
        answer = outcome(lambda asked=asked: step(asked), message=False)
        if who == OUTER and isinstance(answer.value, tuple):
            key, group = answer.value
            groups.append(group)
            answer = Outcome(key)
        events.append((who, answer))

    return events


async def asked(source):
    """The next item, or "end"."""
    return await anext(source, "end")


@given(
    items,
    st.lists(st.one_of(st.just(OUTER), st.integers(0, 5)), max_size=30),
    st.sampled_from([None, halved]),
    colours,
    sources,
)
def test_groupby_does_what_that_of_itertools_does_in_any_order_of_pulls(
    items, script, key, colour, source
):
    """Groups begun and not finished, advanced past, asked again after their end, in any order."""
    ours = stream(source(items)).groupby(key and colour(key))
    theirs = itertools.groupby(items, key)
    expected = scripted(theirs, lambda asked: next(asked, "end"), script)
    assert expected == scripted(ours, asked, script)
    run(ours.aclose())


@pytest.mark.parametrize("paint", [synced, asynced])
def test_groups_come_with_their_key(paint):
    async def collect():
        groups = stream(paced("aaBbA", SLOW)).groupby(paint(str.lower))
        return [(key, await listed(group)) async for key, group in groups]

    assert run(collect()) == [("a", ["a", "a"]), ("b", ["B", "b"]), ("a", ["A"])]


def test_a_key_that_equals_nothing_begins_a_group_of_its_own():
    """As in itertools: the same object is the same key."""
    nan, other = math.nan, float("nan")
    items = [nan, nan, other, None, None]

    async def collect():
        return [len(await listed(group)) async for _, group in stream(items).groupby()]

    expected = [len(list(group)) for _, group in itertools.groupby(items)]
    assert expected == run(collect()) == [2, 1, 2]


def test_a_group_is_over_when_the_next_one_is_asked_for():
    async def pull():
        groups = stream(paced("aab", SLOW)).groupby()
        _, first = await anext(groups)
        assert await anext(first) == "a"
        _, second = await anext(groups)
        assert await listed(first) == []
        assert await listed(second) == ["b"]

    run(pull())


def test_groups_kept_after_the_end_are_empty():
    async def keep():
        return [await listed(group) for _, group in await listed(stream("aab").groupby())]

    assert run(keep()) == [[], []]


def test_a_group_outlives_the_stream_it_came_from():
    """Who drops groupby, but not the group, can read that to its end."""

    async def read():
        _, group = await anext(stream("aab").groupby())
        return await listed(group)

    assert run(read()) == ["a", "a"]


def test_an_item_whose_key_fails_is_gone():
    """Whether the group or groupby was asked; that goes on."""

    async def pull():
        groups = stream([2, 1, 2, 4, 3, 4, 6]).groupby(fussy)
        _, first = await anext(groups)
        found = await pulls(first)
        assert (await anext(groups))[0] == 4
        with pytest.raises(ValueError, match="3"):
            await anext(groups)
        return found, [key async for key, _ in groups]

    assert run(pull()) == ([2, Failed(ValueError), 2], [6])


def test_an_item_whose_key_cannot_be_compared_is_gone():
    async def pull():
        groups = stream([1, Stubborn(), 1, 2]).groupby()
        _, first = await anext(groups)
        return await pulls(first), [key async for key, _ in groups]

    assert run(pull()) == ([1, Failed(ValueError), 1], [2])


def test_a_cancelled_groupby_goes_on_skipping():
    """The group before is over all the same."""
    groups = stream(surviving("aaab")).groupby()
    _, first = loop.run(anext(groups))
    cancel(anext(groups), 2)
    assert loop.run(listed(first)) == []
    key, second = loop.run(anext(groups))
    assert (key, loop.run(listed(second))) == ("b", ["b"])


def test_a_cancelled_group_loses_nothing():
    groups = stream(surviving("aab")).groupby()
    _, first = loop.run(anext(groups))
    assert loop.run(anext(first)) == "a"
    cancel(anext(first), 1)
    assert loop.run(listed(first)) == ["a"]
    assert [key for key, _ in loop.run(listed(groups))] == ["b"]


def test_a_group_is_refused_while_groupby_waits():
    groups = stream(surviving("aab")).groupby()
    _, first = loop.run(anext(groups))
    waiting = loop.run_to(anext(groups), 1)
    with pytest.raises(RuntimeError, match=r"groupby\(\): already running"):
        loop.run(anext(first))

    assert waiting.finish()[0] == "b"
    assert loop.run(listed(first)) == []


@pytest.mark.parametrize("who", ["groupby", "another group"])
def test_nobody_else_is_served_while_a_group_waits(who):
    groups = stream(surviving("abb")).groupby()
    _, first = loop.run(anext(groups))
    _, second = loop.run(anext(groups))
    assert loop.run(anext(second)) == "b"
    waiting = loop.run_to(anext(second), 1)
    with pytest.raises(RuntimeError, match=r"groupby\(\): already running"):
        loop.run(anext(groups if who == "groupby" else first))

    assert waiting.finish() == "b"


def test_a_key_function_that_asks_its_own_group_is_refused():
    kept = []

    async def key(item):
        return await anext(kept[0]) if kept else item

    async def pull():
        groups = stream("ab").groupby(key)
        _, group = await anext(groups)
        kept.append(group)
        assert await anext(group) == "a"
        with pytest.raises(RuntimeError, match=r"already running"):
            await anext(group)
        assert await listed(groups) == []

    run(pull())


def test_comparing_keys_that_ask_their_own_group_is_refused():
    """Reached by __eq__, which runs while the core looks at what it holds."""

    class Key:
        def __eq__(self, other):
            kept[0].__anext__().send(None)
            return True

        __hash__ = None

    kept = []

    async def pull():
        groups = stream([1, 2]).groupby(lambda _: Key())
        kept.append(groups)
        _, group = await anext(groups)
        kept[0] = group
        found = [await anext(group)]
        kept[0] = groups
        with pytest.raises(RuntimeError, match=r"groupby\(\): already running"):
            await anext(group)
        return found

    assert run(pull()) == [1]


# closing


def test_closing_a_group_leaves_the_rest():
    specimen = zoo.generator("aab", SLOW)

    async def close():
        groups = stream(specimen.hand_over()).groupby()
        _, first = await anext(groups)
        async with first:
            assert await anext(first) == "a"

        assert await listed(first) == []
        assert specimen.log.closes == 0
        found = [key async for key, _ in groups]
        assert specimen.log.closes == 1
        return found

    assert run(close()) == ["b"]


def test_closing_groupby_closes_the_source_and_ends_its_groups():
    specimen = zoo.slow_generator("aab", SLOW)

    async def close():
        groups = stream(specimen.hand_over()).groupby()
        _, first = await anext(groups)
        await groups.aclose()
        assert specimen.is_closed_once
        assert await listed(first) == []
        assert await listed(groups) == []
        await first.aclose()
        await groups.aclose()
        assert specimen.is_closed_once

    run(close())


def test_groupby_that_was_never_started_closes_its_source():
    specimen = zoo.with_aclose("aab")
    run(stream(specimen.hand_over()).groupby().aclose())
    assert specimen.is_closed_once


def test_closing_groupby_while_its_group_waits():
    """The group's own pull closes the source, as soon as that has an answer."""
    specimen = zoo.with_aclose("aaab", SLOW)
    groups = stream(specimen.hand_over()).groupby()
    _, first = loop.run(anext(groups))
    assert loop.run(anext(first)) == "a"
    waiting = loop.run_to(anext(first, "end"), 1)
    loop.run(groups.aclose())
    assert waiting.finish() == "end"
    assert specimen.is_closed_once
    assert not specimen.log.overlapped
    assert loop.run(listed(groups)) == []


def test_closing_groupby_while_its_group_waits_for_a_key():
    specimen = zoo.with_aclose("aaab")
    groups = stream(specimen.hand_over()).groupby(asynced(str.lower, SLOW))
    _, first = loop.run(anext(groups))
    assert loop.run(anext(first)) == "a"
    waiting = loop.run_to(anext(first, "end"), 1)
    loop.run(groups.aclose())
    assert waiting.finish() == "end"
    assert specimen.is_closed_once


def test_closing_a_group_in_another_task_ends_its_wait_only():
    async def close():
        groups = stream(surviving("aab", Pace(0, 0, 50))).groupby()
        _, first = await anext(groups)
        assert await anext(first) == "a"
        waiting = asyncio.create_task(listed(first))
        await asyncio.sleep(0)
        await first.aclose()
        assert await waiting == ["a"]
        return [key async for key, _ in groups]

    assert run(close()) == ["b"]


def test_a_timeout_leaves_the_pull_of_a_group_running():
    """Closing the group ends it, and leaves the source open."""
    specimen = zoo.with_aclose("ab", Blocked(2))

    async def pull():
        groups = stream(specimen.hand_over()).groupby()
        _, first = await anext(groups)
        assert await ait.anext(first, timeout=60) == "a"
        with pytest.raises(TimeoutError):
            await ait.anext(first, timeout=0.001)
        with pytest.raises(RuntimeError, match="already running"):
            await anext(groups)
        await first.aclose()
        assert specimen.log.closes == 0
        return [key async for key, _ in groups]

    assert run(pull()) == ["b"]


def test_dropping_groupby_and_its_groups_frees_the_source_at_once():
    class Source(list):
        pass

    def make():
        source = Source("aab")
        gone = weakref.ref(source)
        groups = stream(iter(source)).groupby()
        pair = run(anext(groups))
        return gone, groups, pair

    gone, groups, pair = make()
    del groups
    assert gone() is not None
    del pair
    assert gone() is None


def test_a_group_names_where_it_comes_from():
    async def pull():
        groups = stream("aab").groupby(str.lower)
        _, group = await anext(groups)
        await listed(group)
        return groups, group

    groups, group = run(pull())
    assert repr(groups) == "<Stream groupby(lower) <- str>"
    assert repr(group) == "<Stream group <- groupby(lower) <- str>"
    assert tuple(stage[:2] for stage in groups.stats()) == (("groupby(lower)", 1), ("str", 3))
    assert tuple(stage[:2] for stage in group.stats()) == (
        ("group", 2),
        ("groupby(lower)", 3),
        ("str", 3),
    )
    assert isinstance(group, Stream)
