"""Types of the group family."""

from datetime import timedelta
from typing import assert_type

import aitertools as ait
from aitertools import Stream


async def size(word: str) -> int:
    return len(word)


def methods(words: Stream[str]) -> None:
    assert_type(words.batched(2), Stream[tuple[str, ...]])
    assert_type(words.batched(2, within=0.5), Stream[tuple[str, ...]])
    assert_type(words.batched(within=timedelta(minutes=1)), Stream[tuple[str, ...]])
    assert_type(words.windowed(2), Stream[tuple[str | None, ...]])
    assert_type(words.windowed(2, fillvalue=0), Stream[tuple[str | int, ...]])
    assert_type(words.windowed(within=2, every=0.5), Stream[tuple[str, ...]])
    assert_type(words.groupby(), Stream[tuple[str, Stream[str]]])
    assert_type(words.groupby(len), Stream[tuple[int, Stream[str]]])
    assert_type(words.groupby(size), Stream[tuple[int, Stream[str]]])
    assert_type(words.split_at(str.isspace), Stream[list[str]])
    assert_type(words.chunked_by(lambda a, b: a[0] == b[0]), Stream[list[str]])
    assert_type(words.chunked_by(weight=size, limit=100), Stream[list[str]])


def functions(words: list[str]) -> None:
    assert_type(ait.batched(words, 2, strict=True), Stream[tuple[str, ...]])
    assert_type(ait.batched(words, within=1), Stream[tuple[str, ...]])
    assert_type(ait.windowed(words, 2), Stream[tuple[str | None, ...]])
    assert_type(ait.windowed(words, within=2), Stream[tuple[str, ...]])
    assert_type(ait.groupby(words, size), Stream[tuple[int, Stream[str]]])
    assert_type(ait.split_at(words, str.isspace), Stream[list[str]])
