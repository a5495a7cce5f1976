"""Types of the buffers family."""

from datetime import timedelta
from typing import assert_type

from aitertools import Stream


async def longest(kept: str, word: str) -> str:
    return max(kept, word)


def methods(words: Stream[str]) -> None:
    assert_type(words.buffer(2), Stream[str])
    assert_type(words.buffer(overflow="latest"), Stream[str])
    assert_type(words.buffer(9, overflow="drop_oldest", on_dropped=len), Stream[str])
    assert_type(words.prefetch(), Stream[str])
    assert_type(words.conflate(longest), Stream[str])
    assert_type(words.conflate(lambda kept, word: kept + word), Stream[str])
    assert_type(words.debounce(0.5, on_dropped=len), Stream[str])
    assert_type(words.sample(timedelta(seconds=1)), Stream[str])
