"""Types of the share family."""

from typing import TypeGuard, assert_type

import aitertools as ait
from aitertools import Shared, Stream, Topic, TopicStats


def is_text(item: str | int) -> TypeGuard[str]:
    return isinstance(item, str)


async def methods(words: Stream[str], mixed: Stream[str | int]) -> None:
    assert_type(words.tee(3, maxlag=2, overflow="drop_oldest"), tuple[Stream[str], ...])
    assert_type(words.share(replay=1), Shared[str])
    async with words.share(balance=True, stay=True) as shared:
        assert_type(shared, Shared[str])
        assert_type(shared.subscribe(), Stream[str])
        assert_type(shared.subscribers, int)
        assert_type(shared.stats(), TopicStats)
    assert_type(words.partition(str.isupper), tuple[Stream[str], Stream[str]])
    assert_type(mixed.partition(is_text), tuple[Stream[str | int], Stream[str]])


async def topics(topic: Topic[int]) -> None:
    await topic.publish(1)
    topic.publish_nowait(1)
    assert_type(topic.subscribe(), Stream[int])
    assert_type(await topic.subscribe().list(), list[int])
    topic.shutdown(error=ValueError)
    try:
        await anext(topic.subscribe())
    except ait.Lagged as lagged:
        assert_type(lagged.missed, int)


def functions(words: list[str]) -> None:
    assert_type(ait.tee(words), tuple[Stream[str], ...])
    assert_type(ait.partition(str.isupper, words), tuple[Stream[str], Stream[str]])
