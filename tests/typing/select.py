"""Types of the select family."""

from typing import TypeGuard, assert_type

import aitertools as ait
from aitertools import Stream


def is_text(item: str | int) -> TypeGuard[str]:
    return isinstance(item, str)


async def is_ok(item: str) -> bool:
    return bool(item)


async def methods(words: Stream[str], mixed: Stream[str | int], gaps: Stream[int]) -> None:
    assert_type(words.filter(), Stream[str])
    assert_type(words.filter(len), Stream[str])
    assert_type(words.filter(is_ok), Stream[str])
    assert_type(mixed.filter(is_text), Stream[str])
    assert_type(gaps.filter(lambda n: n > 1), Stream[int])
    assert_type(words.filterfalse(is_ok), Stream[str])
    assert_type(words.filter(is_ok, concurrency=2, on_error="skip"), Stream[str])
    assert_type(words.filter(concurrency=2, ordered=False), Stream[str])
    assert_type(mixed.filter(is_text, concurrency=2, buffer=1), Stream[str])
    assert_type(words.filterfalse(is_ok, concurrency=2), Stream[str])
    assert_type(words.take(1).skip(1).takewhile(is_ok).dropwhile(len), Stream[str])
    assert_type(words.islice(3), Stream[str])
    assert_type(words.islice(1, None, 2), Stream[str])
    assert_type(words[1:5:2], Stream[str])
    assert_type(words.compress([True, False]), Stream[str])
    assert_type(words.unique(str.lower).unique_justseen(is_ok), Stream[str])
    assert_type(words.take_last(1).skip_last(1), Stream[str])
    assert_type(await words.nth(1), str | None)
    assert_type(await words.nth(1, 0), str | int)


async def functions(words: list[str]) -> None:
    assert_type(ait.filter(None, words), Stream[str])
    assert_type(ait.filter(is_ok, words), Stream[str])
    assert_type(ait.filter(is_ok, words, concurrency=2), Stream[str])
    assert_type(ait.filterfalse(None, words, concurrency=2), Stream[str])
    assert_type(ait.filter(lambda w: len(w) > 1, words), Stream[str])
    assert_type(ait.islice(words, 3), Stream[str])
    assert_type(ait.takewhile(is_ok, words), Stream[str])
    assert_type(ait.unique(words, key=str.lower), Stream[str])
    assert_type(await ait.nth(words, 1), str | None)
