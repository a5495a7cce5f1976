"""The pictures in the docstrings of what depends on time are true: each is run as a test.

A picture is a block of lines, a label and a marble diagram in each: first the sources, by name,
then the call, and what comes of it. The first source is the stream whose method is called, unless
it is the docstring of a function.

    source           ab--c-|
    debounce(2)      ---b--(c|)
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import NamedTuple

import pytest

import aitertools as ait
from aitertools.testing.marbles import assert_marbles

LINE = re.compile(r"(\S.*?) {2,}(\S+)")
CALL = re.compile(r"(\w+)\(.*\)")


class Picture(NamedTuple):
    """The names of the sources, the call, and a diagram of each."""

    sources: list[str]
    call: str
    diagrams: list[str]


def pictures(doc):
    """Those in a docstring whose last line is a call, and that keep time."""
    for block in re.split(r"\n\s*\n", doc):
        lines = textwrap.dedent(block).splitlines()
        rows = [LINE.fullmatch(line.strip()) for line in lines]
        if rows and all(rows) and CALL.fullmatch(rows[-1][1]):
            *sources, call = [row[1] for row in rows]
            yield Picture(sources, call, [row[2] for row in rows])


def documented():
    """All that has a docstring, by name; methods before the functions of the same name."""
    for cls in (ait.Stream, ait.Merged) if hasattr(ait, "Merged") else (ait.Stream,):
        for name, value in inspect.getmembers(cls):
            if not name.startswith("_"):
                yield f"{cls.__name__}.{name}", inspect.getdoc(value)
    for name in ait.__all__:
        yield name, inspect.getdoc(getattr(ait, name))


PICTURES = {
    f"{name}: {picture.call}": picture
    for name, doc in documented()
    for picture in pictures(doc or "")
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_it_shows_is_what_comes(name):
    picture = PICTURES[name]

    def operator(*streams):
        names = vars(ait) | dict(zip(picture.sources, streams, strict=True))
        on = f"{picture.sources[0]}." if "." in name.partition(":")[0] else ""
        return eval(on + picture.call, names)

    assert_marbles(operator, *picture.diagrams)


def test_there_are_pictures():
    assert len(PICTURES) >= 0
