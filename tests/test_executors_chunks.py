"""map(executor=): what is sent together, how much of it, and in what order it comes back."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import stream
from aitertools.engine import chunks, executors
from aitertools.engine.pace import Pace

from .executors import AtOnce, ByHand
from .test_executors import run, waiting
from .workers import square


async def turns(n=3):
    for _ in range(n):
        await asyncio.sleep(0)


# ---- chunks --------------------------------------------------------------------------------------


def test_what_is_at_hand_goes_together():
    async def main():
        hand = ByHand()
        results = asyncio.ensure_future(
            stream(range(8)).map(square, executor=hand, concurrency=2, chunksize=3).list()
        )
        await turns()
        assert hand.sent == [[0, 1, 2], [3, 4, 5]]
        hand.make()
        await turns()
        assert hand.sent[2:] == [[6, 7]]
        hand.make()
        hand.make()
        return await results

    assert run(main()) == [n * n for n in range(8)]


def test_nobody_waits_for_a_chunk_to_fill():
    async def main():
        more = asyncio.Event()

        async def source():
            yield 1
            yield 2
            await more.wait()
            yield 3

        hand = ByHand()
        results = stream(source()).map(square, executor=hand, concurrency=2, chunksize=9)
        pull = asyncio.ensure_future(anext(results))
        await turns(9)
        assert list(itertools.chain(*hand.sent)) == [1, 2]
        while hand.calls:
            hand.make()
        assert await pull == 1
        assert await anext(results) == 4
        more.set()
        pull = asyncio.ensure_future(anext(results))
        await turns(9)
        hand.make()
        assert await pull == 9
        await results.aclose()

    run(main())


def sizes(monkeypatch, work, away=0.0, n=3000):
    """The sizes of the chunks, by the clock of a test, if each call takes *work* seconds."""
    now = 0.0
    monkeypatch.setattr(chunks, "perf_counter", lambda: now)
    monkeypatch.setattr(executors, "perf_counter", lambda: now)

    def call(item):
        nonlocal now
        now += work

    class Far(AtOnce):
        def submit(self, fn, /, *args, **kwargs):
            nonlocal now
            sent.append(len(fn.items))
            now += away
            return super().submit(fn, *args, **kwargs)

    sent = []
    run(stream(range(n)).map(call, executor=Far(), concurrency=1).list())
    return sent


@pytest.mark.parametrize(
    ("work", "away", "expected"),
    [
        (0.0, 0.0, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),  # small: so many at most
        (0.1, 0.0, [1]),  # one at a time
        (0.0011, 0.0, [1, 2, 4]),  # to work for five milliseconds
        (0.0, 0.06, [1]),  # not to be away for longer than fifty of them
    ],
)
def test_chunks_grow_as_long_as_the_calls_are_small(monkeypatch, work, away, expected):
    found = sizes(monkeypatch, work, away)
    assert max(found) == expected[-1]
    following = iter(found)  # the loop may have its turn in the middle of a chunk: that is smaller
    assert all(size in following for size in expected)


def test_chunks_become_smaller_again():
    pace = Pace()
    for _ in range(12):
        pace.learn(pace.size, 0.0, 0.0)
    assert pace.size == 512
    pace.learn(512, 0.512, 0.512)
    assert pace.size == 5
    pace.learn(3, 0.0, 0.0)  # there were no more at hand: that says nothing of five
    assert pace.size == 5


def test_a_size_that_is_given_stays():
    pace = Pace(7)
    pace.learn(7, 1.0, 1.0)
    pace.learn(7, 0.0, 0.0)
    assert pace.size == 7


# ---- in what order, and how many -----------------------------------------------------------------


@given(
    count=st.integers(0, 25),
    source=st.sampled_from([iter, waiting]),
    n=st.integers(1, 3),
    size=st.integers(1, 4),
    more=st.fixed_dictionaries({"buffer": st.integers(0, 4), "ordered": st.booleans()}),
    choices=st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=9),
)
def test_bounded_in_order_and_nothing_lost(*, count, source, n, size, more, choices):
    """Whatever chunk is made next, and whether the pull is cancelled before that."""
    read, made = 0, []

    def items():
        nonlocal read
        while read < count:
            read += 1
            yield read

    def fn(item):
        made.append(item)
        return item

    async def main():
        hand, found, choice = ByHand(), [], itertools.cycle(choices)
        way = {"concurrency": n, "chunksize": size, **more}
        async with stream(source(items())).map(fn, executor=hand, **way) as results:
            while found[-1:] != [None]:
                pull = asyncio.ensure_future(anext(results, None))
                await turns(2 * size + 4)
                while not pull.done():
                    assert 0 < len(hand.futures) <= n
                    which, cancelled = next(choice)
                    if cancelled:
                        pull.cancel()
                    hand.make(which % len(hand.futures))
                    await turns(2 * size + 4)
                if not pull.cancelled():
                    found.append(await pull)
                assert read - len(found) <= n * size + more["buffer"]
        return found[:-1]

    found = run(main())
    assert found == (list(range(1, count + 1)) if more["ordered"] else made)
