"""Types of the sources and the protocol functions."""

import asyncio
from collections.abc import AsyncIterator
from typing import assert_type

import aitertools as ait
from aitertools import Stream, stream


async def rows() -> AsyncIterator[str]:
    yield "a"


async def read() -> bytes:
    return b""


async def succ(n: int) -> int:
    return n + 1


async def fetch(cursor: int | None) -> tuple[list[str], int | None]:
    return [], cursor


async def sources() -> None:
    assert_type(stream([1, 2]), Stream[int])
    assert_type(stream(rows()), Stream[str])
    assert_type(stream({"a": 1}), Stream[str])
    assert_type(ait.borrow(rows()), Stream[str])
    assert_type(ait.aiter(rows()), Stream[str])
    assert_type(ait.aiter(read, b""), Stream[bytes])
    assert_type(ait.aiter(input, "quit"), Stream[str])
    assert_type(ait.range(3), Stream[int])
    assert_type(ait.once("x"), Stream[str])
    assert_type(ait.repeat(1.5, 3), Stream[float])
    assert_type(ait.iterate(succ, 1), Stream[int])
    assert_type(ait.iterate(abs, 1), Stream[int])
    assert_type(ait.paginate(fetch), Stream[list[str]])
    assert_type(ait.paginate(fetch).flatten(), Stream[str])


async def protocol() -> None:
    numbers = stream([1, 2])
    assert_type(await anext(numbers), int)
    assert_type(await ait.anext(numbers), int)
    assert_type(await ait.anext(numbers, None), int | None)
    assert_type(await ait.anext(numbers, "end", timeout=1), int | str)
    assert_type(await asyncio.create_task(ait.anext(numbers)), int)
    assert_type(await asyncio.wait_for(ait.anext(numbers), 1), int)
    assert_type(await numbers.head(2), list[int])
    assert_type(numbers.stats(), tuple[ait.Stage, ...])
    assert_type(await numbers.aclose(), None)
    async with numbers as entered:
        assert_type(entered, Stream[int])
    async for number in numbers:
        assert_type(number, int)
    rest = [number async for number in numbers]
    assert_type(rest, list[int])
