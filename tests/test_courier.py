"""Couriers: what must hold when their task or their loop is ended by somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aitertools as ait

LONG = 5  # seconds; nothing here takes so long


class Source:
    """It waits before each item, and when it is closed."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def items(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                await asyncio.sleep(0.001)
                yield number
        finally:
            self.log.append("closing")
            await asyncio.sleep(0)
            self.log.append("closed")


async def outcomes(reader: ait.Stream[int], n: int) -> list[Any]:
    """What *n* pulls come to: items, messages of errors, or None at the end."""
    found: list[Any] = []
    for _ in range(n):
        try:
            async with asyncio.timeout(LONG):
                found.append(await reader.__anext__())
        except StopAsyncIteration:
            found.append(None)
        except RuntimeError as error:
            found.append(str(error))
    return found


CANCELLED = "the task that pulled the shared source was cancelled"


@pytest.mark.parametrize("when", ["before its first step", "when it has to go on", "in its pull"])
def test_a_courier_that_is_cancelled_tells_so_once_and_closes(when: str) -> None:
    source = Source()

    async def main() -> list[Any]:
        (reader,) = ait.tee(source.items(), 1)
        others = asyncio.all_tasks()
        if when != "before its first step":
            assert await reader.__anext__() == 0
        pulls = asyncio.ensure_future(outcomes(reader, 4))
        others.add(pulls)
        for _ in range(5 if when == "in its pull" else 1):
            await asyncio.sleep(0)
        (courier,) = asyncio.all_tasks() - others
        courier.cancel()
        found = await pulls
        async with asyncio.timeout(LONG):
            await reader.aclose()
        assert source.log == ["closing", "closed"]
        return found

    assert asyncio.run(main()) == [CANCELLED, None, None, None]


def test_a_reader_is_closed_after_the_loop_of_its_source() -> None:
    source = Source()
    (reader,) = ait.tee(source.items(), 1)

    async def close() -> None:
        async with asyncio.timeout(LONG):
            await reader.aclose()

    assert asyncio.run(outcomes(reader, 1)) == [0]
    asyncio.run(close())
    assert source.log == ["closing", "closed"]


def test_who_reads_after_the_loop_of_the_source_was_closed_is_told_so_once() -> None:
    source = Source()
    (reader,) = ait.tee(source.items(), 1)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(outcomes(reader, 1)) == [0]
    (courier,) = asyncio.all_tasks(loop)
    courier._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()

    async def go_on() -> list[Any]:
        found = await outcomes(reader, 3)
        async with asyncio.timeout(LONG):
            await reader.aclose()
        return found

    assert asyncio.run(go_on()) == [
        "the event loop that pulled the shared source is closed",
        None,
        None,
    ]
