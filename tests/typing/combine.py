"""Types of the combine family."""

from typing import assert_type

import aitertools as ait
from aitertools import Peekable, Stream


async def methods(words: Stream[str], numbers: Stream[int]) -> None:
    assert_type(words.chain(["x"], words), Stream[str])
    assert_type(words.chain([1]), Stream[str | int])
    assert_type(words.prepend(1).append(None), Stream[str | int | None])
    assert_type(words.zip(numbers), Stream[tuple[str, int]])
    assert_type(words.zip(numbers, [b""], strict=True), Stream[tuple[str, int, bytes]])
    assert_type(words.zip_longest(numbers), Stream[tuple[str | None, int | None]])
    assert_type(words.zip_longest(numbers, fillvalue=0), Stream[tuple[str | int, int]])
    assert_type(words.interleave(numbers), Stream[str | int])
    assert_type(words.cycle(), Stream[str])
    assert_type(words.merge_sorted(["x"], key=len), Stream[str])
    assert_type(words.product(numbers), Stream[tuple[str, int]])
    assert_type(words.product(repeat=2), Stream[tuple[str, ...]])
    assert_type(words.combinations(2), Stream[tuple[str, str]])
    assert_type(words.permutations(), Stream[tuple[str, ...]])
    assert_type(words.peekable(), Peekable[str])
    assert_type(await words.peekable().peek(), str)
    assert_type(await words.peekable().peek(None), str | None)


def functions(words: list[str], numbers: Stream[int]) -> None:
    assert_type(ait.chain(words, words), Stream[str])
    assert_type(ait.chain.from_iterable([words]), Stream[str])
    assert_type(ait.zip(words, numbers), Stream[tuple[str, int]])
    assert_type(ait.zip(words, numbers, words), Stream[tuple[str, int, str]])
    assert_type(ait.interleave(words, words), Stream[str])
    assert_type(ait.product(words, numbers), Stream[tuple[str, int]])
    assert_type(ait.merge_sorted(words, words), Stream[str])
    assert_type(ait.peekable(words), Peekable[str])
