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
    assert_type(words.race(numbers), Stream[str | int])
    assert_type(words.zip_latest(), Stream[tuple[str]])
    assert_type(words.zip_latest(numbers, [b""]), Stream[tuple[str, int, bytes]])
    assert_type(words.with_latest_from(numbers), Stream[tuple[str, int]])
    assert_type(words.with_latest_from(numbers, words), Stream[tuple[str, int, str]])
    assert_type(words.switch_map(lines), Stream[bytes])


def functions(words: list[str], numbers: Stream[int]) -> None:
    assert_type(ait.merge(words, words), Merged[str])
    assert_type(ait.merge(numbers, [1], halt="any").map(str), Stream[str])
    assert_type(ait.race(words, words), Stream[str])
    assert_type(ait.zip_latest(words, numbers), Stream[tuple[str, int]])
    assert_type(ait.zip_latest(words, numbers, words), Stream[tuple[str, int, str]])
    assert_type(ait.zip_latest(words, numbers, [b""], [1.5]), Stream[tuple[str, int, bytes, float]])
