"""Types of the errors family: schedules and results."""

from datetime import timedelta
from typing import assert_never, assert_type

from aitertools import Err, Ok, Queue, Result, Schedule, dead_letters, exponential, fixed


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
