"""Marble diagrams: what a source gives when, and what comes of it when, as a line of text.

Each sign of a diagram takes one tick, which is a virtual second unless ``tick=`` says otherwise:

    =============  =============================================================================
    ``a``          an item, and so is any sign that is not below; ``{ab}`` is one of a longer name
    ``-``          nothing
    ``(ab|)``      all of this in one tick
    ``|``          the end
    ``^``          an error, :exc:`MarbleError`; the end follows if it is the last
    ``{^Error}``   the builtin error of that name
    ``...``        not the end: it goes on without anything (and takes no tick)
    ``!``          the consumer is cancelled while it pulls, and pulls again
    ``/``          the consumer closes the stream; the end follows if it is the last
    space          is ignored
    =============  =============================================================================

An item is its name, unless *values* (a mapping, or a function) says what it stands for; *errors*
maps names to exceptions or their types. In its tick, what the consumer does comes first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from ..stream.create import stream
from .clock import run
from .consumer import Consumer
from .diagram import Event, aligned, parse, write
from .names import Errors, MarbleError, Names, Values
from .source import MarbleSource

__all__ = ["MarbleError", "MarbleSource", "assert_marbles", "check", "draw", "hot", "source"]

SLACK = 10  # ticks that an operator may be late, for the failure to show it
ACTS = {"cancel", "close"}  # of the consumer


def source(
    diagram: str, *, values: Values = None, errors: Errors = None, tick: float = 1.0
) -> MarbleSource:
    """Make a source that gives what *diagram* says, and when, counted from its first pull.

    >>> async def main():
    ...     loop = asyncio.get_running_loop()
    ...     return [(item, loop.time()) async for item in source("a-(bc)|")]
    >>> ait.testing.run(main())
    [('a', 0.0), ('b', 2.0), ('c', 2.0)]

    What is due and not asked for waits. Cancelling a pull loses nothing, closing ends it. It notes
    in ``pulls``, ``closes`` when that happened, by the clock of the loop. Its errors do not end it.
    """
    return MarbleSource(parse(diagram, errors or ()), Names(values, errors), tick)


def hot(
    diagram: str, *, values: Values = None, errors: Errors = None, tick: float = 1.0
) -> MarbleSource:
    """Make a :func:`source` whose time is counted from now, and not from its first pull.

    What came before anybody asked is there then. Raises RuntimeError without a running loop.
    """
    made = source(diagram, values=values, errors=errors, tick=tick)
    made.begin()
    return made


async def draw(
    iterator: AsyncIterator[Any],
    acts: str = "...",
    *,
    ticks: int | None = None,
    values: Values = None,
    errors: Errors = None,
    tick: float = 1.0,
) -> str:
    """Pull *iterator* to its end, or for so many *ticks*, close it, and return its diagram.

    >>> run(draw(source("a-b-|")))
    'a-b-|'
    >>> run(draw(source("abc|"), ticks=2))
    'ab...'

    *acts* says when the consumer is cancelled and closes: ``"-!--/"``. An item is drawn by its
    name in *values*, or as ``str()`` shows it, a tuple as those of its items. Raises ValueError
    when something comes between two ticks.
    """
    consumer = Consumer(iterator, Names(values, errors), tick)
    return write(await consumer.consume(_acts(parse(acts)), ticks))


def assert_marbles(
    operator: Callable[..., AsyncIterator[Any]],
    *diagrams: str,
    values: Values = None,
    errors: Errors = None,
    tick: float = 1.0,
) -> None:
    """Assert that *operator* makes of the sources in *diagrams* what the last of these shows.

    >>> assert_marbles(lambda s: s.takewhile(str.isalpha), "ab--1|",
    ...                                                     "ab--|")
    >>> assert_marbles(lambda s, t: s.zip(t), "a-b-c-|",
    ...                                       "1----2---|",
    ...                                       "{a1}----{b2}---|")

    It is called with a stream for each source. A diagram of what is expected that ends in ``...``
    says what comes up to there. Raises AssertionError with all diagrams under each other. For use
    in a coroutine there is :func:`check`.
    """
    run(check(operator, *diagrams, values=values, errors=errors, tick=tick))


async def check(
    operator: Callable[..., AsyncIterator[Any]],
    *diagrams: str,
    values: Values = None,
    errors: Errors = None,
    tick: float = 1.0,
) -> None:
    """Assert what :func:`assert_marbles` does, in a loop that is running, in virtual time."""
    *given, expected = (parse(diagram, errors or ()) for diagram in diagrams)
    names = Names(values, errors)
    sources = [MarbleSource(events, names, tick) for events in given]
    consumer = Consumer(operator(*map(stream, sources)), names, tick)
    last = expected[-1]
    until = last.at if last.kind == "open" else last.at + SLACK
    drawn = await consumer.consume(_acts(expected), until)
    if drawn == expected:
        return
    rows = {f"source {i}": events for i, events in enumerate(given, 1)}
    rows |= {"expected": expected, "came": drawn}
    unexpected = next(iter(consumer.errors), None)
    raise AssertionError(f"these diagrams differ:\n{aligned(rows)}") from unexpected


def _acts(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind in ACTS]
