"""merge, and flatten and flat_map with concurrency: several sources read at the same time."""

from __future__ import annotations

import asyncio
import gc
import itertools
import weakref
from contextlib import suppress

import pytest

import aitertools as ait
from aitertools import stream
from aitertools.testing import marbles
from aitertools.testing.marbles import MarbleError, assert_marbles

from . import zoo
from .oracle import Failed, Pace, pulls
from .virtual import now, run


async def ticking(every, *items):
    for item in items:
        await asyncio.sleep(every)
        yield item


def merge(*sources):
    return ait.merge(*sources)


# ---- order, in time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "diagrams",
    [
        ("a--b--|", "-1-2-3---|", "a1-(b2)-3---|"),
        ("a|", "|", "-b-|", "ab-|"),
        ("|", "|", "|"),
        ("(abc|)", "(123|)", "(a1b2c3|)"),
        ("a-^", "-1-2-3|", "a1^2-3|"),  # an error is in order, and ends only its source
        ("a^", "-1-2-|", "a(1^)-2-|"),
        ("^", "^", "(^^|)"),
        ("a--b--|", "-1-2-3|", "a1!(b2)-3|"),  # a cancelled pull loses nothing
        ("a--b--|", "-1-2-3|", "a1/"),
    ],
    ids=str,
)
def test_items_come_when_they_come(diagrams):
    assert_marbles(merge, *diagrams)


@pytest.mark.parametrize(
    "diagrams",
    [
        ("a--b--c--|", "-1-|", "a1-(b|)"),
        ("a^", "-1-------|", "a(1^)"),
        ("a---b|", "-^", "a^"),
        ("a-...", "-|", "a|"),
    ],
    ids=str,
)
def test_with_halt_any_the_first_end_is_the_end(diagrams):
    """What is there already when the end comes still comes, if it was there before."""
    assert_marbles(lambda *sources: ait.merge(*sources, halt="any"), *diagrams)


INNER = {"a": "{ax}-{ay}--|", "b": "{b1}-----|", "c": "{c1}-|"}


def test_outer_and_inner_sources_run_side_by_side():
    """The third one is opened when one of the first two has ended; the end is that of the last."""
    assert_marbles(
        lambda s: s.flat_map(lambda name: marbles.source(INNER[name]), concurrency=2),
        "abc--------|",
        "{ax}{b1}{ay}--{c1}-----|",
    )


# ---- fair, and no more than asked for ------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_each_has_its_turn_before_another_has_two(n):
    async def main():
        merged = ait.merge(*(itertools.repeat(i) for i in range(n)))
        return await merged.head(5 * n)

    assert run(main()) == [*range(n)] * 5


def test_one_that_is_always_ready_starves_neither_the_loop_nor_its_siblings():
    async def other():
        for i in range(3):
            await asyncio.sleep(0)
            yield f"turn {i}"

    async def main():
        merged = ait.merge(itertools.count(), other())
        return await merged.filter(lambda item: isinstance(item, str)).take(3).list()

    assert asyncio.run(main()) == ["turn 0", "turn 1", "turn 2"]  # the real loop: real 5 ms


def test_outer_items_without_end_that_are_empty_do_not_starve_the_loop():
    async def main():
        turns = asyncio.ensure_future(asyncio.sleep(0.01))
        flat = ait.repeat(()).flatten(concurrency=2)
        reader = asyncio.ensure_future(anext(flat))
        await turns
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await flat.aclose()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_nothing_is_pulled_before_it_is_asked_for():
    """And then one item of each at most is on its way."""

    async def main():
        sources = [marbles.source("-a-b-c-|") for _ in range(3)]
        merged = ait.merge(*sources)
        await asyncio.sleep(5)
        assert [source.pulls for source in sources] == [[]] * 3
        await merged.head(3)
        await asyncio.sleep(5)
        assert [len(source.pulls) for source in sources] == [1, 1, 1]
        assert await merged.head(3) == ["b", "b", "b"]
        assert [len(source.pulls) for source in sources] == [2, 2, 2]
        await merged.aclose()
        assert [len(source.closes) for source in sources] == [1, 1, 1]

    run(main())


def test_a_thousand_sources_have_a_task_each_and_cost_no_more_than_few():
    """An item costs the same number of takes whatever the number of sources."""

    async def main(n):
        merged = ait.merge(*(ticking(1, *range(i, 10 * n, n)) for i in range(n)))
        head = await merged.head(n)
        assert len(asyncio.all_tasks()) == n + 1
        assert now() == 1
        return sorted(head + await merged.list()), now()

    assert run(main(1000)) == ([*range(10_000)], 10)


@pytest.mark.parametrize("n", [2, 100])
def test_an_item_is_one_poll(n, monkeypatch):
    """Of ready sources: a poll that went round all of them would be n takes."""
    from aitertools.engine import intakes  # noqa: PLC0415 - to count there

    takes = 0

    class Counted:
        def __init__(self, *how):
            self.intake = real(*how)

        def take(self):
            nonlocal takes
            takes += 1
            return self.intake.take()

        def __getattr__(self, name):
            return getattr(self.intake, name)

    real = intakes.Intake
    monkeypatch.setattr(intakes, "Intake", Counted)
    assert len(run(ait.merge(*[range(10)] * n).list())) == 10 * n
    assert takes == 10 * n + n


# ---- sources that come and go --------------------------------------------------------------------


def test_one_is_added_while_the_consumer_waits():
    async def main():
        merged = ait.merge(ait.never())
        reader = asyncio.ensure_future(merged.head(2))
        await asyncio.sleep(1)
        assert merged.add(marbles.source("-a-b|")) is None
        assert await reader == ["a", "b"]
        assert now() == 4
        await merged.aclose()

    run(main())


def test_what_is_added_is_closed_shown_and_stopped_as_the_others():
    async def main():
        first, added = marbles.source("a..."), marbles.source("b...")
        merged = ait.merge(first)
        merged.add(added)
        assert "(MarbleSource, MarbleSource)" in repr(merged)
        assert await merged.head(2) == ["a", "b"]
        reader = asyncio.ensure_future(merged.list())
        await asyncio.sleep(1)
        await merged.stop()
        assert await reader == []
        assert len(first.closes) == len(added.closes) == 1

    run(main())


def test_sources_come_and_go_also_after_a_timeout():
    """The stream is then read by way of a pump, and was taken for one at its end."""

    async def main():
        merged = ait.merge(ait.never())
        with pytest.raises(TimeoutError):
            await ait.anext(merged, timeout=1)
        letters, digits = marbles.source("a----b..."), marbles.source("-1-2|")
        merged.add(letters)
        merged.add(digits)
        with pytest.raises(ValueError, match=r"add\(\): the stream would read itself"):
            merged.add(merged.map(str))
        assert await merged.head(3) == ["a", "1", "2"]
        assert await merged.remove(letters)
        await merged.aclose()
        assert len(letters.closes) == len(digits.closes) == 1
        with pytest.raises(ValueError, match=r"add\(\): the stream is at its end"):
            merged.add(marbles.source("c|"))

    run(main())


def test_nothing_is_added_to_a_stream_that_is_being_closed():
    """It was, and nobody closed it."""

    class Source:
        def __aiter__(self):
            return self

        async def __anext__(self):
            await asyncio.sleep(1)
            return "a"

        async def aclose(self):
            await asyncio.sleep(5)

    async def main():
        merged = ait.merge(Source())
        assert await anext(merged) == "a"
        closing = asyncio.ensure_future(merged.aclose())
        await asyncio.sleep(2)
        late = marbles.source("1|")
        with pytest.raises(ValueError, match=r"add\(\): the stream is at its end"):
            merged.add(late)
        await closing
        assert now() == 6

    run(main())


@pytest.mark.parametrize(
    "reader",
    [
        lambda merged: merged,
        lambda merged: merged.map(str),
        lambda merged: stream("ab").chain(merged),
        lambda merged: merged.map(str, concurrency=2),
        lambda merged: merge("ab", merged),
        lambda merged: merged.tee()[0],
        ait.borrow,
    ],
    ids=["itself", "map", "chain", "concurrent", "merge", "tee", "borrow"],
)
def test_what_reads_the_stream_is_not_added_to_it(reader):
    """It would wait for itself, and nobody could name its sources to the last one."""
    letters = merge("ab")
    with pytest.raises(ValueError, match=r"add\(\): the stream would read itself"):
        letters.add(reader(letters))
    assert repr(letters) == "<Merged merge <- str>"


def test_two_that_would_read_each_other_are_refused():
    letters, digits = merge("ab"), merge([1, 2])
    letters.add(digits)
    with pytest.raises(ValueError, match=r"add\(\): the stream would read itself"):
        digits.add(letters)
    assert run(letters.list()) == ["a", 1, "b", 2]


def test_nothing_is_added_to_a_stream_at_its_end():
    async def main():
        merged = ait.merge([1])
        await merged.list()
        source = marbles.source("a|")
        with pytest.raises(ValueError, match=r"add\(\): the stream is at its end"):
            merged.add(source)
        assert not await merged.remove(source)

    run(main())


@pytest.mark.parametrize("halt", ["all", "any"])
def test_one_is_removed_while_the_consumer_waits(halt):
    """It is closed when remove() returns; the others go on; after the last comes the end."""

    async def main():
        sources = [marbles.source("a-----|"), marbles.source("-b-c-d...")]
        merged = ait.merge(*sources, halt=halt)
        assert await merged.head(3) == ["a", "b", "c"]
        reader = asyncio.ensure_future(merged.list())
        await asyncio.sleep(0.5)
        assert await merged.remove(sources[0])
        assert len(sources[0].closes) == 1
        assert not await merged.remove(sources[0])
        await asyncio.sleep(5)
        assert not reader.done()
        assert await merged.remove(sources[1])
        assert await reader == ["d"]

    run(main())


@pytest.mark.parametrize("turns", range(6))
def test_remove_that_is_cancelled_closes_all_the_same(turns):
    async def main():
        specimen = zoo.with_slow_aclose(iter("ab"), Pace(1))
        source = specimen.hand_over()
        merged = ait.merge(source, "x")
        await merged.head(2)
        removing = asyncio.ensure_future(merged.remove(source))
        for _ in range(turns):
            await asyncio.sleep(0)
        removing.cancel()
        await asyncio.wait([removing])
        assert await merged.list() in ([], ["b"])  # it may have been cancelled before it began
        assert specimen.is_closed_once

    run(main())


def test_a_source_may_remove_itself():
    """What it gives just then still comes, and nothing after that."""
    closed = []

    async def main():
        async def source():
            try:
                yield "a"
                await merged.remove(it)
                yield "b"
                yield "c"
            finally:
                closed.append(True)

        it = source()
        merged = ait.merge(it, ticking(1, 1, 2))
        assert await merged.list() == ["a", "b", 1, 2]

    run(main())
    assert closed == [True]


def test_aclose_waits_for_what_is_being_removed():
    async def main():
        closed = []

        async def slow():
            try:
                yield 1
                await asyncio.sleep(100)
            finally:
                await asyncio.sleep(5)
                closed.append(now())

        source = slow()
        merged = ait.merge(source, ait.never())
        reader = asyncio.ensure_future(merged.list())
        await asyncio.sleep(1)
        removing = asyncio.ensure_future(merged.remove(source))
        await asyncio.sleep(1)
        await merged.aclose()
        assert closed == [6.0]
        await asyncio.gather(removing, reader)

    run(main())


# ---- closing and failing -------------------------------------------------------------------------


def test_all_sources_are_closed_at_the_same_time_also_when_one_fails_to():
    """The first error is raised; the others can be reached from it."""

    class Slow:
        def __init__(self, number):
            self.number, self.closed = number, False

        def __aiter__(self):
            return self

        async def __anext__(self):
            await asyncio.sleep(1000)

        async def aclose(self):
            await asyncio.sleep(10)
            self.closed = True
            if self.number:
                raise zoo.CloseError(self.number)

    async def main():
        sources = [Slow(i) for i in range(4)]
        merged = ait.merge(*sources, "a")
        await anext(merged)
        with pytest.raises(zoo.CloseError, match="1") as raised:
            await merged.aclose()
        assert now() == 10
        assert all(source.closed for source in sources)
        seen, error = [], raised.value
        while error is not None:
            seen += error.args
            error = error.__context__
        assert seen == [1, 2, 3]

    run(main())


def test_no_item_is_lost_or_comes_twice_whenever_a_pull_is_cancelled():
    async def main(turns):
        merged = ait.merge(*(ticking(0, *range(i, 12, 3)) for i in range(3)))
        items = []
        while True:
            reader = asyncio.ensure_future(anext(merged, None))
            for _ in range(turns):
                await asyncio.sleep(0)
            reader.cancel()
            with suppress(asyncio.CancelledError):
                if (item := await reader) is None:
                    return sorted(items)
                items.append(item)

    for turns in range(1, 8):
        assert run(main(turns)) == [*range(12)], turns


def test_errors_of_the_function_and_of_the_sources_leave_the_others_alone():
    def inner(n):
        if n == 1:
            raise zoo.SourceError
        return ticking(n, n) if n != 3 else None  # which cannot be iterated

    async def main():
        flat = stream([0, 1, 2, 3, 4]).flat_map(inner, concurrency=3)
        failed = [Failed(zoo.SourceError), Failed(TypeError)]
        answers = await pulls(flat)
        assert sorted(filter(lambda a: isinstance(a, int), answers)) == [0, 2, 4]
        assert [answer for answer in answers if isinstance(answer, Failed)] == failed

    run(main())


def test_inner_sources_are_closed_before_the_outer_one():
    timeline = []

    async def source(name, *items):
        try:
            for item in items:
                yield item
            await asyncio.sleep(100)
        finally:
            timeline.append(name)

    async def main():
        flat = stream(source("outer", 1, 2)).flat_map(lambda n: source(n, n), concurrency=3)
        assert await flat.head(2) == [1, 2]
        await flat.aclose()

    run(main())
    assert timeline == [1, 2, "outer"]


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_no_more_than_that_are_open_at_a_time(concurrency):
    opened, most = 0, 0

    async def inner(n):
        nonlocal opened, most
        opened += 1
        most = max(most, opened)
        await asyncio.sleep(1)
        yield n
        await asyncio.sleep(1)
        opened -= 1

    async def main():
        flat = stream(range(20)).flat_map(inner, concurrency=concurrency)
        assert sorted(await flat.list()) == [*range(20)]
        assert now() == 2 * 20 / concurrency

    run(main())
    assert most == concurrency


def test_sources_that_have_ended_are_let_go_of():
    """Also with thousands of them, and each with a task of its own."""
    alive = weakref.WeakSet()

    async def inner(n):
        await asyncio.sleep(0)
        alive.add(asyncio.current_task())
        yield n

    async def main():
        flat = stream(range(2000)).flat_map(inner, concurrency=10)
        most = 0
        async for _ in flat:
            most = max(most, len(alive))
        return most

    gc.disable()
    try:
        assert run(main()) < 200
    finally:
        gc.enable()


def test_dropped_it_closes_its_sources_without_a_collection():
    async def main():
        sources = [marbles.source("a-b..."), marbles.source("...")]
        merged = ait.merge(*sources)
        assert await anext(merged) == "a"
        with suppress(TimeoutError):
            await ait.anext(merged, timeout=0.5)
        gc.collect()
        gc.disable()
        try:
            del merged
            await asyncio.sleep(3)
        finally:
            gc.enable()
        gc.collect()
        await asyncio.sleep(1)
        assert [len(source.closes) for source in sources] == [1, 1]

    run(main())


# ---- arguments -----------------------------------------------------------------------------------


def test_bad_arguments_are_refused_where_it_is_made():
    with pytest.raises(ValueError, match=r"merge\(\): there must be at least one source"):
        ait.merge()
    with pytest.raises(ValueError, match=r"merge\(\): halt must be 'all' or 'any', not \[\]"):
        ait.merge("ab", halt=[])
    with pytest.raises(ValueError, match=r"merge\(\): halt must be 'all' or 'any', not 'both'"):
        ait.merge([1], halt="both")
    with pytest.raises(TypeError, match=r"merge\(\).*int"):
        ait.merge([1], 2)
    same = stream([1])
    with pytest.raises(ValueError, match=r"merge\(\): the same stream twice"):
        same.merge([2], same)
    merged = ait.merge(same)
    with pytest.raises(ValueError, match=r"add\(\): the same stream twice"):
        merged.add(same)
    for concurrency in (0, -1):
        with pytest.raises(ValueError, match=r"flatten\(\): concurrency must be at least one"):
            stream([[]]).flatten(concurrency=concurrency)
    with pytest.raises(TypeError, match=r"flat_map\(\): concurrency must be an integer, not float"):
        stream([[]]).flat_map(list, concurrency=1.5)
    with pytest.raises(TypeError, match=r"flat_map\(\): 'int' object is not callable"):
        stream([[]]).flat_map(3, concurrency=2)


def test_an_error_names_the_way_it_came():
    async def main():
        with pytest.raises(MarbleError) as raised:
            await ait.merge(marbles.source("^|"), [1]).map(str).list()
        assert any("map(str) <- merge" in note for note in raised.value.__notes__)

    run(main())
