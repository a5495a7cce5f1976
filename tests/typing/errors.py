"""Types of the errors family: schedules and results."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import assert_never, assert_type

import aitertools as ait
from aitertools import Err, Ok, Queue, Result, Schedule, Stream, dead_letters, exponential, fixed


def schedules() -> None:
    assert_type(exponential(), Schedule)
    assert_type(exponential(1, cap=timedelta(minutes=1), jitter=True, attempts=5), Schedule)
    assert_type(list(fixed(2.5)), list[float])


def results(result: Result[int, str]) -> str:
    assert_type(Ok(3), Ok[int])
    assert_type(Ok(3).unwrap(), int)
    match result:
        case Ok(value):
            assert_type(value, int)
            return str(value)
        case Err(error, item):
            assert_type(error, Exception)
            return item
        case _:
            assert_never(result)


def plain(result: Result[int, str]) -> int:
    return assert_type(result.unwrap(), int)


def letters(queue: Queue[Err[str]]) -> None:
    dead_letters(queue)


async def rows() -> AsyncIterator[bytes]:
    yield b""


async def connect() -> list[int]:
    return []


async def fetch(page: int, *, fresh: bool = False) -> str:
    return str(page)


def told(error: Exception, number: int, delay: float) -> None: ...


async def retried() -> None:
    assert_type(ait.retry(rows, fixed(1)), Stream[bytes])
    assert_type(ait.retry(connect, fixed(1), on=OSError, on_retry=told), Stream[int])
    assert_type(ait.retry(lambda: "abc", fixed(1), on=(OSError, KeyError)), Stream[str])
    assert_type(await ait.retrying(fetch, fixed(1))(1, fresh=True), str)
    assert_type(await ait.retrying(len, fixed(1), on=lambda error: bool(error.args))("abc"), int)
    patient = ait.retrying(fetch, fixed(1))
    assert_type(ait.stream([1]).map(patient, concurrency=8), Stream[str])
