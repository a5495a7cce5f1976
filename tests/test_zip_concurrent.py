"""zip and zip_longest with concurrent=True: as without, but the sources are asked side by side."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.testing import marbles
from aitertools.testing.marbles import assert_marbles

from . import zoo
from .oracle import pulls
from .virtual import now, run

WAYS = {
    "zip": ait.zip,
    "zip(strict)": lambda *sources, **how: ait.zip(*sources, strict=True, **how),
    "zip_longest": lambda *sources, **how: ait.zip_longest(*sources, fillvalue="-", **how),
}

FAILS, ENDS_WITH_AN_ERROR = -1, -2

sources = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 9)), max_size=5), min_size=1, max_size=4
)


async def timed(steps):
    for delay, item in steps:
        if delay:
            await asyncio.sleep(delay)
        if item == ENDS_WITH_AN_ERROR:
            raise zoo.SourceError
        yield item


def checked(item):
    if item == FAILS:
        raise ValueError(item)
    return item


def build(data):
    return [stream(timed(steps)).map(checked) for steps in data]


@pytest.mark.parametrize("way", WAYS)
@given(data=sources)
def test_rows_errors_and_ends_are_those_of_the_sequential_form(way, data):
    """Whenever the sources answer, and whatever fails, for an item or for good."""

    async def main():
        expected = await pulls(WAYS[way](*build(data)))
        begun = now()
        results = await pulls(WAYS[way](*build(data), concurrent=True))
        assert results == expected
        assert now() - begun <= begun  # never slower

    run(main())


@pytest.mark.parametrize("way", WAYS)
@given(
    data=sources.filter(lambda data: len(data) > 1), turns=st.lists(st.integers(0, 4), max_size=20)
)
def test_a_pull_that_is_cancelled_any_time_loses_nothing(way, data, turns):
    async def main():
        data_without = [[step for step in steps if step[1] >= 0] for steps in data]
        expected = await pulls(WAYS[way](*build(data_without)))
        subject = WAYS[way](*build(data_without), concurrent=True)
        results = []
        for n in turns:
            pull = asyncio.ensure_future(anext(subject, None))
            for _ in range(n):
                await asyncio.sleep(0.5)
            pull.cancel()
            try:
                results += [row] if (row := await pull) is not None else []
            except (asyncio.CancelledError, ValueError) as error:
                results += [type(error)] if isinstance(error, ValueError) else []
        rest = await pulls(subject)
        rows = [row for row in results + rest if type(row) is tuple]
        assert rows == [row for row in expected if type(row) is tuple]
        assert len(results + rest) == len(expected)

    run(main())


@pytest.mark.parametrize(
    "diagrams",
    [
        ("-a-b-c|", "--1--2|", "--{a1}--{b2}|"),
        ("-a-b-c|", "---1|", "---{a1}|"),
        ("---a|", "-^", "---^"),  # an error in its order
    ],
    ids=str,
)
def test_a_row_comes_with_the_last_of_its_items(diagrams):
    assert_marbles(lambda s, t: s.zip(t, concurrent=True), *diagrams)


def test_a_row_of_a_thousand_takes_as_long_as_one():
    async def main():
        rows = ait.zip(*(timed([(1, i), (1, i)]) for i in range(1000)), concurrent=True)
        assert await rows.list() == [tuple(range(1000))] * 2
        assert now() == 2

    run(main())


def test_nothing_is_pulled_for_a_row_before_it_is_asked_for():
    async def main():
        given = [marbles.source("abc|"), marbles.source("-1-2-3|")]
        rows = ait.zip(*given, concurrent=True)
        assert await anext(rows) == ("a", "1")
        await asyncio.sleep(10)
        assert [len(source.pulls) for source in given] == [1, 1]
        await rows.aclose()
        assert [len(source.closes) for source in given] == [1, 1]

    run(main())


def test_when_one_ends_the_others_are_closed_and_not_waited_for():
    async def main():
        given = [marbles.source("-|"), marbles.source("...")]
        assert await ait.zip(*given, concurrent=True).list() == []
        assert [source.closes for source in given] == [[1.0], [1.0]]

    run(main())


def test_with_strict_the_error_comes_when_all_are_closed_and_then_the_end():
    async def main():
        given = [marbles.source("a|"), marbles.source("1-2...")]
        rows = ait.zip(*given, strict=True, concurrent=True)
        assert await anext(rows) == ("a", "1")
        with pytest.raises(ValueError, match=r"zip\(\) argument 2 is longer than argument 1"):
            await anext(rows)
        assert [len(source.closes) for source in given] == [1, 1]
        assert await rows.list() == []

    run(main())


@pytest.mark.parametrize("concurrent", [False, True])
def test_an_error_of_closing_does_not_mask_that_the_lengths_differ(concurrent):
    async def longer():
        try:
            for item in "abc":
                await asyncio.sleep(1)
                yield item
        finally:
            raise zoo.CloseError

    async def main():
        rows = ait.zip(longer(), marbles.source("-1|"), strict=True, concurrent=concurrent)
        with pytest.raises(ValueError, match=r"argument 2 is shorter than argument 1") as raised:
            await rows.list()
        assert isinstance(raised.value.__context__, zoo.CloseError)

    run(main())


def test_messages_are_those_of_the_builtin():
    for sizes in [(2, 1), (1, 2), (2, 2, 1), (1, 1, 2), (3, 3, 3, 2)]:
        data = [range(n) for n in sizes]
        with pytest.raises(ValueError, match="zip") as original:
            list(zip(*data, strict=True))
        with pytest.raises(ValueError, match="zip") as ours:
            run(ait.zip(*data, strict=True, concurrent=True).list())
        assert str(ours.value) == str(original.value)


def test_bad_arguments_are_refused_where_it_is_made():
    same = stream([1])
    with pytest.raises(ValueError, match=r"zip\(\): the same stream twice"):
        same.zip(same, concurrent=True)
    with pytest.raises(ValueError, match=r"zip_longest\(\): the same stream twice"):
        same.zip_longest(same, concurrent=True)
    with pytest.raises(TypeError, match=r"zip\(\).*int"):
        same.zip(2, concurrent=True)
    assert run(ait.zip(concurrent=True).list()) == []
    assert run(ait.zip("ab", concurrent=True).list()) == [("a",), ("b",)]
