"""Every operator and reducer gives what its synchronous original gives.

Hypothesis chooses the items, the kinds of the sources, where they suspend, and whether functions
are ``def`` or ``async def``.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from . import zoo
from .catalogue import ENTRIES
from .oracle import asynced, colours, paces, run, synced, upto_error
from .rig import Rig, each, runners

MOST = 7  # items of a source: pools grow quickly


@each(ENTRIES)
@given(data=st.data())
def test_gives_what_the_original_gives(entry, data):
    """The same items in the same order, of the same types; the same type of error."""
    items = [data.draw(st.lists(each_data.items, max_size=MOST)) for each_data in entry.data]
    kind = data.draw(st.sampled_from(zoo.KINDS))
    pace, paint = data.draw(paces), data.draw(colours)
    results = run(Rig(entry, kind, paint=paint, pace=lambda: pace, data=items).answers())
    expected = upto_error(entry.expected(*items))
    assert upto_error(results) == expected
    assert list(map(type, upto_error(results))) == list(map(type, expected))


@each(ENTRIES)
def test_gives_the_same_for_every_kind_of_source_on_any_loop(entry):
    """The core needs no framework: a loop that knows nothing but send() runs it as well."""
    expected = entry.expected(*entry.examples)
    for kind in zoo.KINDS:
        for paint in (synced, asynced):
            for run_here in runners(entry):
                assert run_here(Rig(entry, kind, paint=paint).answers()) == expected, kind


@each(entry for entry in ENTRIES if entry.arity)
def test_gives_the_same_whoever_else_holds_the_source(entry):
    """An async generator that others can reach is driven by the ordinary protocol instead."""
    held = []

    def kept(kind):
        def make(*how):
            held.append(kind.make(*how))
            return held[-1]

        return zoo.Kind(make, closable=True, suspends=True, survives=False)

    expected = entry.expected(*entry.examples)
    assert run(Rig(entry, kept(zoo.generator)).answers()) == expected
    assert len(held) == entry.arity
