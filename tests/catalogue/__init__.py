"""The catalogue: one line per operator and reducer, which puts it through every general test.

    operator("map", lambda s, f: s.map(f(double)), lambda a: map(double, a))

says its name, how to build it on streams ``s``, ``t``, ``u``, and how its synchronous original does
the same with iterables ``a``, ``b``, ``c``. Functions are handed over through ``f``, which may make
them ``async def``. The rest, where it differs from the usual one source of small integers:

    data      what the sources have: INTS, PAIRS, LISTS, TEXTS, BOOLS; one for all, or one for each
    early     it may come to its end before its first source does
    shares    its results are streams, or share its source: some laws have tests of their own
    carried   what it reads may be pulled, and the functions there called, in a task of its own
    reordered the original reads its sources in another order, or more of them
    tasks     of the engine: it works in tasks of its own, so it needs an event loop, asyncio's
    ahead     how many items of a source it may read before they are asked for
    cuts      an error has what is open delivered before it, which the original does not deliver
"""

from __future__ import annotations

from ..entry import ENTRIES
from . import core, engine, reducers  # noqa: F401 - they fill ENTRIES

__all__ = ["ENTRIES"]
