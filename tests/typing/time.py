"""Types of the time family."""

from datetime import timedelta
from typing import assert_type

from aitertools import Stream, interval, timer


def methods(words: Stream[str]) -> None:
    assert_type(words.timeout(1.5), Stream[str])
    assert_type(words.timeout(timedelta(seconds=1)), Stream[str])
    assert_type(words.heartbeat(20, None), Stream[str | None])


def functions() -> None:
    assert_type(interval(5), Stream[int])
    assert_type(interval(timedelta(minutes=1), start=0), Stream[int])
    assert_type(timer(5), Stream[None])
    assert_type(timer(5, b"x"), Stream[bytes])
