"""race: the source that is the first to deliver an item."""

from __future__ import annotations

import asyncio

import pytest

import aitertools as ait
from aitertools import _core, stream
from aitertools.testing import marbles
from aitertools.testing.marbles import MarbleError, assert_marbles

from . import zoo
from .virtual import now, run


@pytest.mark.parametrize(
    "diagrams",
    [
        ("---x-y|", "--1--2-3|", "--1--2-3|"),
        ("a|", "b|", "a|"),  # of those that are ready the one given first
        ("-x|", "-1|", "-x|"),
        ("-|", "--1-2|", "--1-2|"),  # one that ends before is out
        ("-^", "--1-2|", "--1-2|"),  # and so is one that fails
        ("-|", "--|", "--|"),
        ("|", "|"),
        ("-^", "---|", "---^"),  # if all are out, the error comes, even when it was long ago
        ("-1-^", "--x|", "-1-^"),  # an error of the winner is its own
        ("-1-2|", "...", "-1-2|"),
        ("--x-y|", "---1|", "-!x-y|"),  # a cancelled pull loses nothing
        ("--x-y|", "---1|", "--x/"),
        ("--x-y|", "---1|", "-/"),
    ],
    ids=str,
)
def test_the_first_to_deliver_an_item_has_won(diagrams):
    assert_marbles(ait.race, *diagrams)


def test_those_that_lost_are_closed_when_the_item_comes():
    async def main():
        sources = [marbles.source(diagram) for diagram in ("--a-b|", "----x|", "-|", "...", "-^")]
        raced = ait.race(*sources)
        assert await anext(raced) == "a"
        assert [source.closes for source in sources] == [[], [2.0], [1.0], [2.0], [1.0]]
        assert await raced.list() == ["b"]
        assert [source.closes[0] for source in sources] == [5.0, 2.0, 1.0, 2.0, 1.0]
        assert all(len(source.closes) == 1 for source in sources)

    run(main())


def slow_to_close(first_after, error=None):
    """A source with two items, that takes ten seconds to close; and when it was closed."""
    closed = []

    class Source:
        def __aiter__(self):
            return self

        async def __anext__(self):
            await asyncio.sleep(first_after)
            return first_after

        async def aclose(self):
            await asyncio.sleep(10)
            closed.append(now())
            if error:
                raise error

    return Source(), closed


def test_they_are_closed_at_the_same_time_and_waited_for():
    """A pull that is cancelled meanwhile loses neither the item nor waits a second time."""

    async def main():
        losers = [slow_to_close(50) for _ in range(5)]
        raced = ait.race(*(source for source, _ in losers), marbles.source("-ab|"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await anext(raced)
        assert now() == 11  # the closing goes on
        assert [closed for _, closed in losers] == [[11.0]] * 5
        assert await raced.list() == ["a", "b"]
        assert now() == 11

    run(main())


def test_an_error_of_closing_them_comes_before_the_item():
    async def main():
        loser, closed = slow_to_close(50, zoo.CloseError("slow"))
        raced = ait.race(loser, marbles.source("-ab|"))
        with pytest.raises(zoo.CloseError):
            await anext(raced)
        assert closed == [11.0]
        assert await raced.list() == ["a", "b"]

    run(main())


def test_if_all_fail_the_first_error_is_raised_and_leads_to_the_others():
    async def main():
        errors = [OSError(i) for i in range(3)]
        diagrams = ["--{^x}", "-{^x}", "---{^x}"]
        sources = [
            marbles.source(diagram, errors={"^x": error})
            for diagram, error in zip(diagrams, errors, strict=True)
        ]
        raced = ait.race(*sources)
        with pytest.raises(OSError, match="1") as raised:
            await anext(raced)
        assert raised.value is errors[1]
        assert errors[1].__context__ is errors[0]
        assert errors[0].__context__ is errors[2]
        assert await raced.list() == []

    run(main())


def test_a_function_that_fails_before_the_first_item_has_lost():
    """Though its source could go on; and that is closed."""

    async def main():
        source = marbles.source("0-1|", values=int)
        raced = stream(source).map(lambda n: 1 // n).race(marbles.source("--x-y|"))
        assert await raced.list() == ["x", "y"]
        assert source.closes == [2.0]

    run(main())


def test_who_goes_on_after_a_ctrl_c_is_not_left_to_wait_for_the_source_it_came_from():
    async def main():
        interrupted = True

        async def source():
            if interrupted:
                raise KeyboardInterrupt
            yield

        raced = ait.race(source(), "")
        with pytest.raises(KeyboardInterrupt):
            await anext(raced)
        assert await raced.list() == []

    run(main())


def test_after_the_start_nothing_is_left_of_the_race():
    """A long winner costs no memory."""

    async def main():
        async def ticks():
            for i in range(1000):
                await asyncio.sleep(1)
                yield i

        raced = ait.race(ticks(), ait.never())
        assert await raced.head(500) == [*range(500)]
        operator = _core.operator_of(raced)
        assert len(operator._line) + len(operator._over) + len(operator._open) <= 3
        await raced.aclose()

    run(main())


def test_bad_arguments_are_refused_where_it_is_made():
    with pytest.raises(ValueError, match=r"race\(\): there must be at least one source"):
        ait.race()
    same = stream([1])
    with pytest.raises(ValueError, match=r"race\(\): the same stream twice"):
        same.race(same)
    with pytest.raises(TypeError, match=r"race\(\).*int"):
        ait.race([1], 2)


def test_an_error_names_the_way_it_came():
    async def main():
        with pytest.raises(MarbleError) as raised:
            await ait.race(marbles.source("^")).map(str).list()
        assert any("map(str) <- race" in note for note in raised.value.__notes__)

    run(main())
