"""map(executor=): what is over is let go of, and nothing is left."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from aitertools import stream
from aitertools.engine.chunks import Chunk
from aitertools.engine.executors import Pool
from aitertools.engine.pace import Pace

from .executors import ByHand
from .oracle import pulls
from .test_executors import run
from .test_executors_chunks import turns
from .test_executors_ends import Source, quiet
from .workers import ratio


class Thing:
    """It can be referred to weakly."""

    def __init__(self, n):
        self.n = n


def failing(thing):
    if thing.n % 3 == 1:
        raise ValueError(thing.n)
    return Thing(thing.n)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("on_error", ["skip", "raise", "collect"])
@pytest.mark.parametrize("end", ["read to its end", "closed", "dropped"])
def test_nothing_is_left_of_items_and_results(size, on_error, end):
    """They are let go of by the count of references: the collector has nothing to find."""
    refs = []

    def things():
        for n in range(12):
            refs.append(weakref.ref(thing := Thing(n)))
            yield thing

    async def main():
        results = stream(things()).map(
            failing, executor=threads, concurrency=2, chunksize=size, on_error=on_error
        )
        found = await pulls(results, most=99 if end == "read to its end" else 3)
        refs.extend(weakref.ref(each) for each in found if isinstance(each, Thing))
        if end == "closed":
            await results.aclose()
        del found, results
        await turns()

    gc.collect()
    gc.disable()
    try:
        with ThreadPoolExecutor(2) as threads:
            run(main())
        assert len(refs) > 3
        assert [ref() for ref in refs if ref() is not None] == []
    finally:
        gc.enable()


@pytest.mark.parametrize("items", [[1, 2, 3], [1, 0, 3]])
@pytest.mark.parametrize("where", ["learn", "send", "take", "forget"])
def test_dropped_in_the_middle_of_a_step_it_ends_as_well(monkeypatch, where, items):
    """As the collector does, when the stream is part of a cycle: it has its turn anywhere."""
    kept, said = [], []
    cls, name = {"learn": (Pace, "learn"), "forget": (Chunk, "forget")}.get(where, (Pool, where))
    if where == "take":
        cls, name = Source, "__anext__"
    original = getattr(cls, name)

    def dropping(self, *args):
        kept.clear()
        gc.collect()
        return original(self, *args)

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        source, hand = Source(items), ByHand()
        kept.append(stream(source).map(ratio, executor=hand, concurrency=2, chunksize=1))
        pull = asyncio.ensure_future(anext(kept[0]))
        await turns(9)
        monkeypatch.setattr(cls, name, dropping)
        pull.cancel()
        await asyncio.wait([pull])
        del pull
        while hand.calls:
            hand.make()
            await turns(9)
        assert not kept
        assert source.closed == 1
        await quiet()

    run(main())
    assert said == []
