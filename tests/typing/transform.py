"""Types of the transform family."""

from collections.abc import AsyncIterator
from typing import assert_type

import aitertools as ait
from aitertools import Err, Ok, Result, Stream, stream


async def parse(text: str) -> int:
    return int(text)


async def add(a: float, n: int) -> float:
    return a + n


async def lines(path: str) -> AsyncIterator[bytes]:
    yield path.encode()


async def listing(path: str) -> list[int]:
    return [len(path)]


def repeated(n: int, word: str) -> str:
    return word * n


def methods(words: Stream[str], numbers: Stream[int]) -> None:
    assert_type(words.map(len), Stream[int])
    assert_type(words.map(parse), Stream[int])
    assert_type(words.map(str.upper).map(len).map(float), Stream[float])
    assert_type(numbers.map(lambda n: n / 2), Stream[float])
    assert_type(numbers.map(lambda n, word: word * n, words), Stream[str])
    assert_type(numbers.map(pow, [1], [2]), Stream[int])
    assert_type(numbers.zip(words).starmap(repeated), Stream[str])
    assert_type(words.flat_map(listing), Stream[int])
    assert_type(words.flat_map(lines), Stream[bytes])
    assert_type(words.flat_map(lambda w: w.split()), Stream[str])
    assert_type(stream([[1], [2]]).flatten(), Stream[int])
    assert_type(stream([lines("a")]).flatten(), Stream[bytes])
    assert_type(words.enumerate(), Stream[tuple[int, str]])
    assert_type(numbers.accumulate(), Stream[int])
    assert_type(numbers.accumulate(max), Stream[int])
    assert_type(numbers.accumulate(add, initial=0.5), Stream[float])
    assert_type(numbers.accumulate(lambda text, n: text + str(n), initial=""), Stream[str])
    assert_type(words.pairwise(), Stream[tuple[str, str]])
    assert_type(words.tap(print), Stream[str])
    assert_type(words.tap(parse), Stream[str])
    assert_type(words.intersperse(None), Stream[str | None])


def functions(words: Stream[str], numbers: list[int]) -> None:
    assert_type(ait.map(len, words), Stream[int])
    assert_type(ait.map(parse, words), Stream[int])
    assert_type(ait.map(lambda w: w.upper(), words), Stream[str])
    assert_type(ait.flatten([[1], [2]]), Stream[int])
    assert_type(ait.enumerate(words), Stream[tuple[int, str]])
    assert_type(ait.accumulate(numbers), Stream[int])
    assert_type(ait.accumulate(numbers, add, initial=0.5), Stream[float])
    assert_type(ait.pairwise(numbers), Stream[tuple[int, int]])


def concurrently(words: Stream[str], pairs: Stream[tuple[int, str]]) -> None:
    assert_type(words.map(parse, concurrency=2), Stream[int])
    assert_type(words.map(len, concurrency=2, ordered=False, buffer=0), Stream[int])
    assert_type(words.map(parse, concurrency=2, key=str.lower, on_error="skip"), Stream[int])
    assert_type(words.map(parse, concurrency=2, on_error=print), Stream[int])
    assert_type(words.map(parse, concurrency=2, on_error="result"), Stream[Ok[int] | Err[str]])
    assert_type(words.map(len, concurrency=2, on_error="result"), Stream[Ok[int] | Err[str]])
    assert_type(pairs.starmap(repeated, concurrency=2, key=repr), Stream[str])
    assert_type(
        pairs.starmap(repeated, concurrency=2, on_error="result"),
        Stream[Ok[str] | Err[tuple[int, str]]],
    )
    assert_type(ait.map(parse, words, concurrency=2), Stream[int])
    assert_type(ait.map(parse, words, concurrency=2, on_error="result"), Stream[Result[int, str]])
    assert_type(ait.starmap(repeated, pairs, concurrency=2), Stream[str])
    words.map(parse, concurrency=2, on_error="ignore")  # type: ignore[call-overload]
    words.map(parse, concurency=2)  # type: ignore[call-overload]
