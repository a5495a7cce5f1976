"""Concurrent calls with a key: one at a time of each key, and keys that fail, or change."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitertools import stream

from .oracle import Failed, pulls
from .test_concurrent_map import durations, numbered, sizes
from .under_way import begun
from .virtual import now, run


@given(times=durations, n=sizes, keys=st.integers(1, 4), ordered=st.booleans())
def test_items_with_the_same_key_are_worked_on_one_after_the_other(times, n, keys, ordered):
    """In their order, while those of other keys run side by side."""
    flying = []

    async def call(item):
        key = item[0] % keys
        assert key not in flying
        flying.append(key)
        await asyncio.sleep(item[1])
        flying.remove(key)
        return item

    items = numbered(times)
    way = {"concurrency": n, "ordered": ordered, "key": lambda item: item[0] % keys}
    results = run(stream(items).map(call, **way).list())
    assert sorted(results) == items
    if ordered:
        assert results == items
    for key in range(keys):
        of_key = [item for item in results if item[0] % keys == key]
        assert of_key == sorted(of_key)


def test_different_keys_run_side_by_side():
    """Six items of three keys, one second each: two seconds."""

    async def main():
        work = stream("aabbcc").map(lambda key: asyncio.sleep(1, key), concurrency=6, key=str)
        assert await work.list() == list("aabbcc")
        return now()

    assert run(main()) == 2


def test_a_key_may_be_awaited_and_its_failure_is_an_error_of_that_item():
    async def key(item):
        await asyncio.sleep(1)
        return 1 // item

    async def main():
        return await pulls(stream([1, 0, 2]).map(abs, concurrency=2, key=key))

    assert run(main()) == [1, Failed(ZeroDivisionError), 2]


def test_a_key_that_cannot_be_hashed_is_an_error_of_that_item():
    work = stream([[1], (2,)]).map(len, concurrency=2, key=lambda item: item)
    assert run(pulls(work)) == [Failed(TypeError), 1]


def test_a_call_that_waits_for_its_key_does_not_begin_once_the_stream_is_being_closed():
    called = []

    async def stubborn(item):
        called.append(item)
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async def main():
        results = stream(range(9)).map(stubborn, concurrency=2, key=lambda item: 0)
        await begun(results)
        before, since = list(called), now()
        await results.aclose()
        assert called == before == [0]
        assert now() - since == 1

    run(main())


class Restless:
    """A key whose hash changes, or which objects to be compared, once *broken*."""

    def __init__(self, how):
        self.how, self.broken = how, False

    def __hash__(self):
        if self.broken and self.how == "no hash":
            raise TypeError("unhashable")
        return 2 if self.broken and self.how == "another hash" else 1

    def __eq__(self, other):
        if self.broken and self.how == "not comparable":
            raise ValueError("ambiguous")
        return isinstance(other, Restless)


@pytest.mark.parametrize("cancels", [False, True], ids=["", "and a call is cancelled"])
@pytest.mark.parametrize("same", [True, False], ids=["one key", "equal keys"])
@pytest.mark.parametrize("how", ["another hash", "no hash", "not comparable"])
def test_a_key_is_not_looked_up_again_when_its_call_is_over(how, same, cancels):
    """It may have changed: then the items that follow have another key, or fail."""
    keys = [Restless(how)] * 9 if same else [Restless(how) for _ in range(9)]
    called = []

    async def call(item):
        called.append(item)
        await asyncio.sleep(1)
        for key in keys:
            key.broken = True
        if cancels and item == 0:
            asyncio.current_task().cancel()
            await asyncio.sleep(1)
        return item

    async def main():
        results = stream(range(9)).map(call, concurrency=2, key=keys.__getitem__, buffer=2)
        seen = []
        async with asyncio.timeout(60):
            while True:
                try:
                    seen.append(await anext(results))
                except (TypeError, ValueError, RuntimeError) as error:
                    seen.append(type(error))
                except StopAsyncIteration:
                    break
        assert len(seen) == 9
        assert seen[0] == (RuntimeError if cancels else 0)
        assert seen[1:4] == [1, 2, 3], "these had waited for it"
        assert [item for item in seen if isinstance(item, int)] == sorted(called)[cancels:]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
