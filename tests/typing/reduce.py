"""Types of the reducers and of the errors family."""

import asyncio
from collections import Counter, deque
from typing import Literal, assert_type

import aitertools as ait
from aitertools import Stream


async def add(a: float, n: int) -> float:
    return a + n


async def save(word: str) -> None:
    """Not asked for a result."""


async def total(words: list[str]) -> int:
    return len(words)


async def methods(words: Stream[str], numbers: Stream[int]) -> None:
    assert_type(await words.list(), list[str])
    assert_type(await words.tuple(), tuple[str, ...])
    assert_type(await words.set(), set[str])
    assert_type(await words.frozenset(), frozenset[str])
    assert_type(await words.zip(numbers).dict(), dict[str, int])
    assert_type(await words.deque(2), deque[str])
    assert_type(await words.sorted(), list[str])
    assert_type(await words.sorted(key=len, reverse=True), list[str])
    assert_type(await words.map(float).sum(), float | Literal[0])
    assert_type(await numbers.sum(0.5), int | float)
    assert_type(await words.min(), str)
    assert_type(await words.min(key=len), str)
    assert_type(await words.max(default=None), str | None)
    assert_type(await words.any(), bool)
    assert_type(await words.count(), int)
    assert_type(await numbers.reduce(max), int)
    assert_type(await numbers.reduce(add, 0.5), float)
    assert_type(await words.first(), str)
    assert_type(await words.first(None), str | None)
    assert_type(await words.last(0), str | int)
    assert_type(await words.one(), str)
    assert_type(await words.only(), str | None)
    assert_type(await words.contains("x"), bool)
    assert_type(await words.for_each(save), None)
    assert_type(await words.for_each(print), None)
    assert_type(await words.for_each(save, concurrency=2, key=len, on_error="collect"), None)
    assert_type(await ait.for_each(save, words, concurrency=2), None)
    assert_type(await words.drain(), None)
    assert_type(await words.join(", "), str)
    assert_type(await words.map(str.encode).join(b""), bytes)
    assert_type(await words.counter(), Counter[str])
    assert_type(await words.into(total), int)
    assert_type(await words.into(frozenset), frozenset[str])
    assert_type(await asyncio.create_task(words.list()), list[str])


def from_outside(words: Stream[str]) -> None:
    assert_type(asyncio.run(words.list()), list[str])


async def functions(words: list[str], numbers: Stream[int]) -> None:
    assert_type(await ait.list(words), list[str])
    assert_type(await ait.sorted(words), list[str])
    assert_type(await ait.min(words, key=len), str)
    assert_type(await ait.max(words, default=0), str | int)
    assert_type(await ait.reduce(add, numbers, 0.5), float)
    assert_type(await ait.first(words), str)
    assert_type(await ait.first(words, None), str | None)
    assert_type(await ait.any(words), bool)


def errors(words: Stream[str]) -> None:
    assert_type(words.map(int).catch(ValueError, lambda error: None), Stream[int | None])
    assert_type(words.map(int).catch((ValueError, KeyError), str), Stream[int | str])
    assert_type(words.suppress(ValueError, OSError), Stream[str])
    assert_type(words.on_close(lambda: None), Stream[str])
