"""Types of the time family."""

from datetime import timedelta
from typing import assert_type

from aitertools import Stream, interval, timer


async def ring() -> int:
    return 1


async def weigh(word: str) -> float:
    return len(word) / 2


def methods(words: Stream[str]) -> None:
    assert_type(words.timeout(1.5), Stream[str])
    assert_type(words.timeout(timedelta(seconds=1)), Stream[str])
    assert_type(words.deadline(60), Stream[str])
    assert_type(words.idle(20, list), Stream[str])
    assert_type(words.idle(20, ring), Stream[str])
    assert_type(words.take_until(ring()), Stream[str])
    assert_type(words.delay(1, buffer=99), Stream[str])
    assert_type(words.throttle(0.5), Stream[str])
    assert_type(words.throttle(0.5, on_dropped=len), Stream[str])
    assert_type(words.space_out(timedelta(seconds=1)), Stream[str])
    assert_type(words.rate_limit(10), Stream[str])
    assert_type(words.rate_limit(10, per=60, burst=20, cost=len), Stream[str])
    assert_type(words.rate_limit(10, cost=weigh), Stream[str])
    assert_type(words.heartbeat(20, None), Stream[str | None])


def functions() -> None:
    assert_type(interval(5), Stream[int])
    assert_type(interval(timedelta(minutes=1), start=0), Stream[int])
    assert_type(timer(5), Stream[None])
    assert_type(timer(5, b"x"), Stream[bytes])
