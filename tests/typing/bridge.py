"""Types of the bridge family."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, assert_type

import aitertools as ait
from aitertools import Pushable, Stream, SyncStream


def methods(words: Stream[str], blocks: Stream[bytes]) -> None:
    assert_type(words.to_sync(), SyncStream[str])
    assert_type(next(words.to_sync(prefetch=1)), str)
    assert_type(words.lines(), Stream[str])
    assert_type(blocks.lines(keepends=True), Stream[str])
    assert_type(blocks.lines(encoding=None), Stream[bytes])


def functions(file: IO[bytes], text: IO[str], response: AsyncIterator[bytes]) -> None:
    assert_type(ait.from_thread([1, 2], batch=2, buffer=8), Stream[int])
    assert_type(ait.lines(Path("text")), Stream[str])
    assert_type(ait.lines(text), Stream[str])
    assert_type(ait.lines(file, encoding=None), Stream[bytes])
    assert_type(ait.lines(response, newline=b"\0"), Stream[str])
    assert_type(ait.chunks("path", 10), Stream[bytes])
    assert_type(ait.chunks(response, 10), Stream[bytes])
    assert_type(ait.chunks(text, 10), Stream[str])


async def of_a_process(process: asyncio.subprocess.Process) -> None:
    if process.stdout is not None:
        assert_type(ait.lines(process.stdout), Stream[str])


async def callbacks() -> None:
    events: Pushable[int] = ait.from_callbacks(buffer=3, on_dropped=print)
    assert_type(events.push(1), bool)
    assert_type(ait.stream(events), Stream[int])
    async with events as entered:
        assert_type([event async for event in entered], list[int])
