"""Marble diagrams: what is drawn is what was written, and says what came when."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import count, stream
from aitertools.testing import MarbleError, assert_marbles, marbles, run
from aitertools.testing.diagram import aligned, parse, write

# ---- the language --------------------------------------------------------------------------------

items = st.one_of(
    st.sampled_from("ab1é"),
    st.sampled_from(["{name}", "{ }", "{}", "{|}", "{^}", "{a{b}}", "{...}", "{-}"]),
)
errors = st.sampled_from(["^", "{^KeyError}", "{^ValueError}"])
acts = st.sampled_from("!/")


def ticks(signs):
    """What one tick may hold."""
    group = st.lists(signs, min_size=1, max_size=3).map(lambda group: f"({''.join(group)})")
    return st.one_of(st.just("-"), signs, group)


def diagrams(signs, ends):
    many = st.lists(ticks(signs), max_size=6).map("".join)
    return st.builds("{}{}".format, many, ends)


ENDS = st.sampled_from(["|", "^", "(a|)", "(^|)", "...", "^...", "^-|"])
given_ones = diagrams(st.one_of(items, errors), ENDS)
"""What a source can give."""
any_ones = diagrams(st.one_of(items, errors, acts), st.one_of(ENDS, st.just("/")))


@given(any_ones)
def test_a_diagram_survives_being_read_and_written(diagram):
    events = parse(diagram)
    assert parse(write(events)) == events
    assert parse(" ".join(re.findall(r"\{.*\}|\.\.\.|.", diagram))) == events
    assert write(parse(write(events))) == write(events)


@given(any_ones)
def test_each_tick_is_one_sign_or_group(diagram):
    """The oracle reads with a regular expression, what is in braces out of the way."""
    simple = re.sub(r"\{(?:[^{}]|\{[^{}]*\})*\}", "x", diagram)
    signs = re.findall(r"\([^()]*\)|\.\.\.|.", simple)
    expected = [i for i, sign in enumerate(signs) for _ in sign.strip("()") if sign != "-"]
    expected = list(dict.fromkeys(expected))
    assert list(dict.fromkeys(event.at for event in parse(diagram))) == expected


@pytest.mark.parametrize(
    ("diagram", "why"),
    [
        ("", "has no end"),
        ("ab", "has no end"),
        ("a-b-", "has no end"),
        ("a!", "has no end"),
        ("a|b", "something comes after the end"),
        ("a|-", "something comes after the end"),
        ("a...|", "something comes after the end"),
        ("a/|-", "something comes after the end"),
        ("(ab", "a group is not closed"),
        ("(a(b))|", r"'\(' is out of place"),
        ("a)|", r"'\)' is out of place"),
        ("()|", r"'\)' is out of place"),
        ("(a-)|", "'-' is out of place"),
        ("(a...)", "'...' is out of place"),
        ("{a|", "a brace is not closed"),
        ("a}|", "'}' is out of place"),
    ],
)
def test_what_is_no_diagram_is_refused(diagram, why):
    with pytest.raises(ValueError, match=why):
        parse(diagram)


def test_rows_are_aligned_by_ticks():
    """And can be read again: spaces mean nothing."""
    rows = {"one": parse("ab-(cd)-e|"), "another": parse("-{name}-c-|")}
    drawn = aligned(rows)
    assert drawn == "  one      ab     -(cd)-e|\n  another  -{name}-c   -|"
    assert [parse(line[11:]) for line in drawn.splitlines()] == [*rows.values()]


# ---- sources, and drawing ------------------------------------------------------------------------


@given(given_ones, st.sampled_from([1.0, 0.1, 60.0]))
def test_what_a_source_gives_is_what_is_drawn(diagram, tick):
    """In whatever ticks; a source that is still open is drawn as far as it was looked at."""
    events = parse(diagram)
    open_at = events[-1].at if events[-1].kind == "open" else None

    async def main():
        source = marbles.source(diagram, tick=tick)
        drawn = await marbles.draw(source, ticks=open_at, tick=tick)
        assert len(source.closes) == 1
        return drawn

    assert parse(run(main())) == events


@given(given_ones, st.lists(st.sampled_from("-!"), max_size=10).map("".join))
def test_a_consumer_that_is_cancelled_loses_nothing(diagram, script):
    """It sees what it had seen otherwise, and when."""
    events = parse(diagram)
    until = events[-1].at if events[-1].kind == "open" else None
    drawn = run(marbles.draw(marbles.source(diagram), script + "...", ticks=until))
    assert [event for event in parse(drawn) if event.kind != "cancel"] == events
    cancelled = [event.at for event in parse(drawn) if event.kind == "cancel"]
    asked = [at for at, sign in enumerate(script) if sign == "!"]
    assert set(cancelled) <= set(asked)
    assert set(cancelled) >= {at for at in asked if at < events[-1].at}


@given(given_ones, st.integers(0, 8))
def test_a_consumer_that_closes_sees_the_end(diagram, at):
    events = parse(diagram)
    drawn = parse(run(marbles.draw(marbles.source(diagram), "-" * at + "/", ticks=20)))
    before = [event for event in events if event.at < at and event.kind != "open"]
    if before and before[-1].kind == "end":
        assert drawn == before
    else:
        assert drawn == [*before, (at, "close", "/"), (at, "end", "|")]


@given(given_ones, st.integers(0, 5))
def test_a_cold_source_begins_when_it_is_asked_and_a_hot_one_does_not(diagram, pause):
    events = parse(diagram)

    async def drawn(make):
        source = make(diagram)
        await asyncio.sleep(pause)
        return parse(await marbles.draw(source, ticks=20))

    assert run(drawn(marbles.source))[: len(events) - 1] == events[:-1]
    late = [event._replace(at=max(event.at - pause, 0)) for event in events]
    assert run(drawn(marbles.hot))[: len(events) - 1] == late[:-1]


def test_what_is_due_waits_for_whoever_is_slow():
    async def main():
        source = marbles.source("abcd-e|")
        loop, seen = asyncio.get_running_loop(), []
        async for item in source:
            seen.append((item, loop.time()))
            await asyncio.sleep(2)
        assert source.pulls == [0, 2, 4, 6, 8, 10]
        return seen

    assert run(main()) == [("a", 0), ("b", 2), ("c", 4), ("d", 6), ("e", 8)]


def test_closing_ends_a_pending_pull_and_all_later_ones():
    async def main():
        source = marbles.source("-----a|")
        pull = asyncio.ensure_future(anext(source, "the end"))
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="already running"):
            await anext(source)
        await source.aclose()
        assert await pull == await anext(source, "the end") == "the end"
        assert source.closes == [1]
        return asyncio.get_running_loop().time()

    assert run(main()) == 1


def test_names_stand_for_values_and_errors():
    async def main():
        error = KeyError("gone")
        source = marbles.source("ax{bc}y|", values={"a": None, "bc": [1]}, errors={"x": error})
        assert await anext(source) is None
        with pytest.raises(KeyError) as caught:
            await anext(source)
        assert caught.value is error
        assert await anext(source) == [1]
        assert await anext(source) == "y"

    run(main())
    assert run(marbles.source("123|", values=int).__anext__()) == 1
    with pytest.raises(MarbleError):
        run(marbles.source("^").__anext__())
    with pytest.raises(LookupError):
        run(marbles.source("{^LookupError}|").__anext__())
    with pytest.raises(ValueError, match="what error is"):
        run(marbles.source("{^Nonesuch}|").__anext__())


def test_a_source_does_not_cancel_its_consumer():
    for diagram in ("a!-|", "a/"):
        with pytest.raises(ValueError, match="for the consumer"):
            marbles.source(diagram)


def test_items_are_drawn_by_their_names():
    names = {"values": {"x": 10, "y": None}, "errors": {"v": ValueError}}
    things = [10, 10.0, None, "z", ("a", 1), 10**6, "^up", ()]

    async def main():
        return await marbles.draw(stream(things), **names)

    assert run(main()) == "(x{10.0}yz{a1}{1000000}{'^up'}{()}|)"
    failing = stream(["1", "no"]).map(int)
    assert run(marbles.draw(failing, **names)) == "(1v)"
    with pytest.raises(ValueError, match="give it a name in values"):
        run(marbles.draw(stream(["}"])))


def test_what_comes_between_two_ticks_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"b came between two ticks of 1 s, after 0.5 s"):
        run(marbles.draw(marbles.source("ab|", tick=0.5)))


def test_what_never_lets_time_go_on_is_refused():
    with pytest.raises(ValueError, match="more than 1000 items in one tick"):
        run(marbles.draw(count(), ticks=3))


def test_drawing_closes_the_stream_and_passes_a_cancellation_on():
    async def main():
        source = marbles.source("a...")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await marbles.draw(source, "-!-!!!...")
        assert source.closes == [3]
        assert asyncio.current_task().cancelling() == 0

    run(main())


# ---- assertions ----------------------------------------------------------------------------------


async def delayed(source):
    """Each item a tick later; as a generator it does not survive a cancellation."""
    async for item in source:
        await asyncio.sleep(1)
        yield item


def test_a_diagram_that_differs_is_shown_with_all_the_others():
    with pytest.raises(AssertionError) as caught:
        assert_marbles(delayed, "a-(bc)-|", "-ab-c|")
    assert str(caught.value).splitlines() == [
        "these diagrams differ:",
        "  source 1  a-(bc)-|",
        "  expected  -ab   -c   |",
        "  came      -a-   b(c|)",
    ]


def test_the_error_that_was_not_expected_is_the_cause():
    with pytest.raises(AssertionError) as caught:
        assert_marbles(lambda s: s.map(int), "1x|", "12|")
    assert isinstance(caught.value.__cause__, ValueError)


PASSING = [
    (delayed, ("a-(bc)-|", "-a-b(c|)")),
    (delayed, ("a-b-|", "-a-(!|)")),
    (lambda s: s, ("a-b-...", "a-b-...")),
    (lambda s: s, ("a--b---|", "a-!b/")),
    (lambda s, t: s.zip(t), ("a-b-c-|", "1--2-|", "{a1}--{b2}-|")),
    (lambda s: s.map(int), ("1-x2|", "1-{^ValueError}2|")),
    (lambda s: s.batched(2), ("ab-^", "-{ab}-^")),
    (lambda: marbles.source("a-|"), ("a-|",)),
]
"""Operators, and diagrams that they fulfil."""


@pytest.mark.parametrize(("operator", "diagrams"), PASSING)
def test_what_is_so_passes(operator, diagrams):
    assert_marbles(operator, *diagrams)


@pytest.mark.parametrize(("operator", "diagrams"), PASSING)
def test_what_is_not_so_fails(operator, diagrams):
    """Whatever is changed in what is expected."""
    *given, expected = diagrams
    events = parse(expected)
    for i, event in itertools.product(range(len(events)), [None, "later", "other"]):
        if events[i].kind in {"cancel", "close", "open", "end"}:
            continue
        if event is None:
            changed = events[:i] + events[i + 1 :]
        elif event == "other":
            changed = [*events[:i], events[i]._replace(name="Q", kind="item"), *events[i + 1 :]]
        else:
            changed = events[:i] + [e._replace(at=e.at + 1) for e in events[i:]]
        if changed[-1].kind == "end" or events[-1].kind == "open":
            with pytest.raises(AssertionError):
                assert_marbles(operator, *given, write(changed))


def test_a_stream_that_is_never_over_is_seen_so():
    with pytest.raises(AssertionError, match=r"came      a-*\.\.\."):
        assert_marbles(lambda s: s, "a...", "a-|")


def test_it_can_be_asserted_in_a_coroutine():
    async def main():
        await marbles.check(lambda s: s.pairwise(), "a-b-c|", "--{ab}-{bc}|")

    run(main())
