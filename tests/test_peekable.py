"""What only peekable does; what every operator does is tested over the catalogue."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import more_itertools as mit
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Stream, _core, stream

from . import loop, zoo
from .models import fussy
from .oracle import RUNNERS, Pace, listed, run
from .test_combine import items, sources

END = "end"
looks = st.lists(
    st.one_of(
        st.sampled_from(["next", "next", "peek", "peek", "list"]),
        st.lists(st.integers(10, 19), max_size=3),
    ),
    max_size=20,
)


async def look_ours(p: ait.Peekable[Any], look: Any) -> Any:
    match look:
        case "next":
            return await anext(p, END)
        case "peek":
            return await p.peek(END)
        case "list":
            return await listed(p)
        case _:
            assert p.prepend(*look) is p
            return None


def look_theirs(p: mit.peekable[Any], look: Any) -> Any:
    match look:
        case "next":
            return next(p, END)
        case "peek":
            return p.peek(END)
        case "list":
            return list(p)
        case _:
            return p.prepend(*look)


@given(items=items, looks=looks, source=sources)
def test_looks_ahead_and_takes_back_as_its_original_does(items, looks, source):
    """In any order; but the end is final. A list stands for prepend(*list)."""

    async def main() -> list[Any]:
        p, answers = stream(source(items)).peekable(), []
        with suppress(ValueError):  # put back after the end
            for look in looks:
                answers += [await look_ours(p, look)]
        return answers

    p, answers = mit.peekable(items), run(main())
    assert [look_theirs(p, look) for look in looks[: len(answers)]] == answers
    assert len(answers) == len(looks) or not p


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=list(RUNNERS))
def test_peeking_at_the_end_raises_what_anext_raises(runner):
    async def main() -> None:
        p = stream([1]).peekable()
        assert [await anext(p), await p.peek(None)] == [1, None]
        with pytest.raises(StopAsyncIteration):
            await p.peek()

    runner(main())


def test_a_peekable_is_a_stream_and_takes_any_source():
    p = ait.Peekable([1, 2])
    assert isinstance(p, Stream)
    assert repr(p) == "<Peekable peekable <- list>"
    assert type(p.map(str)) is Stream
    assert run(listed(p)) == [1, 2]
    with pytest.raises(TypeError, match=r"peekable\(\): 'int' object is neither"):
        ait.Peekable(1)


def test_what_was_only_looked_at_is_not_counted():
    async def main() -> None:
        p = stream("abc").peekable()
        assert [await p.peek(), await p.peek(), await anext(p), await p.peek()] == list("aaab")
        assert p.stats()[0][:2] == ("peekable", 1)
        assert await listed(p) == ["b", "c"]
        assert p.stats()[0][:2] == ("peekable", 3)

    run(main())


def test_looking_ahead_reads_one_item_and_closes_nothing():
    specimen = zoo.with_aclose("ab")
    log = specimen.log

    async def main() -> None:
        p = stream(specimen.hand_over()).peekable()
        assert log.pulls == 0
        await p.peek()
        await p.peek()
        assert (log.pulls, log.closes) == (1, 0)
        await p.aclose()
        assert log.closes == 1
        assert await p.peek(END) == END

    run(main())


def test_a_cancelled_peek_loses_nothing():
    p = stream(zoo.bare_iterator("ab", Pace(1)).hand_over()).peekable()
    for _ in range(2):
        peek = loop.run_to(p.peek(), 1)
        with pytest.raises(loop.Cancelled):
            peek.throw(loop.Cancelled())
    assert loop.run(p.peek()) == "a"
    assert loop.run(listed(p)) == ["a", "b"]


def test_an_error_is_raised_by_the_peek_that_meets_it():
    async def main() -> None:
        p = stream([2, 3, 4]).map(fussy).peekable()
        assert [await p.peek(), await anext(p)] == [2, 2]
        with pytest.raises(ValueError, match="3"):
            await p.peek()
        assert [await p.peek(), await anext(p)] == [4, 4]

    run(main())


def test_aclose_ends_a_peek_that_waits():
    async def main():
        p = stream(zoo.with_aclose("a", Pace(10**6)).hand_over()).peekable()
        peek = asyncio.ensure_future(p.peek(END))
        await loop.Turn()
        await p.aclose()
        assert await peek == END

    run(main())


def test_items_can_be_put_back_by_what_comes_after():
    """A function further down may do it: the stream is not running while it is called."""
    p = stream("a(b)c").peekable()

    def expand(char: str) -> str:
        if char == "(":
            p.prepend(*"[[")
        return char

    assert "".join(run(listed(p.map(expand)))) == "a([[b)c"


def test_nothing_is_put_before_an_item_that_is_waited_for():
    p = stream(zoo.bare_iterator("a", Pace(1)).hand_over()).peekable()
    pull = loop.run_to(p.__anext__(), 1)
    with pytest.raises(RuntimeError, match=r"peekable\(\): already running"):
        p.prepend("x")
    assert pull.finish() == "a"
    assert loop.run(listed(p.prepend("x"))) == ["x"]


def test_nothing_is_put_before_the_end():
    """The end is final."""
    p = stream("ab").peekable()
    run(p.aclose())
    with pytest.raises(ValueError, match=r"prepend\(\): the stream is at its end"):
        p.prepend("x")
    assert run(listed(p)) == []

    p = stream("").peekable()
    assert run(listed(p)) == []
    with pytest.raises(ValueError, match=r"prepend\(\): the stream is at its end"):
        p.prepend("y")


def test_only_a_peekable_takes_items_back():
    with pytest.raises(TypeError, match=r"prepend\(\): 'Stream' object is not peekable"):
        ait.Peekable.prepend(stream("ab"), "x")
    with pytest.raises(TypeError, match=r"prepend\(\): 'str' object is not peekable"):
        _core.unread("ab", "x")


def test_peeking_and_timeouts_go_together():
    """Behind the task that goes on with a timed-out pull, it is the same stream."""

    async def main() -> None:
        p = stream(zoo.generator("abc", Pace(3, 0)).hand_over()).peekable()
        with pytest.raises(TimeoutError):
            await ait.anext(p, timeout=0)
        assert [await p.peek(), await p.peek()] == ["a", "a"]
        p.prepend("x")
        assert await ait.anext(p, timeout=None) == "x"
        assert await listed(p) == list("abc")
        with pytest.raises(ValueError, match="at its end"):
            p.prepend("y")

    run(main())
