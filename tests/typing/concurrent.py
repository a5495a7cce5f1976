"""Types of the concurrent family."""

from collections.abc import AsyncIterator
from typing import assert_type

import aitertools as ait
from aitertools import Merged, Stream


async def lines(path: str) -> AsyncIterator[bytes]:
    yield path.encode()


async def methods(words: Stream[str], numbers: Stream[int]) -> None:
    assert_type(words.merge(numbers), Merged[str | int])
    assert_type(words.merge(["a"], words, halt="any"), Merged[str])
    assert_type(await words.merge(words).remove(words), bool)
    assert_type(words.flat_map(lines, concurrency=2), Stream[bytes])
    assert_type(words.map(lines).flatten(concurrency=2), Stream[bytes])


def functions(words: list[str], numbers: Stream[int]) -> None:
    assert_type(ait.merge(words, words), Merged[str])
    assert_type(ait.merge(numbers, [1], halt="any").map(str), Stream[str])
