"""What the catalogue needs beside the standard library.

Functions to hand over, and originals of operators that have none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Any

import aitertools as ait
from aitertools import runtime
from aitertools.runtime.loop import checkpoint

# ---- functions to hand over ----------------------------------------------------------------------


def double(x: Any) -> Any:
    return x * 2


def once(x: Any) -> list[Any]:
    return [x]


def one(_: Any) -> int:
    return 1


def even(x: int) -> bool:
    return x % 2 == 0


def small(x: int) -> bool:
    return x < 4


def ascending(x: int, y: int) -> bool:
    return x <= y


def pair(x: Any, y: Any) -> tuple[Any, Any]:
    return (x, y)


def twice(x: Any) -> list[Any]:
    return [x, -x]


def fussy(x: int) -> int:
    """Fails with a ValueError on what is odd."""
    if x % 2:
        raise ValueError(x)
    return x


def shown(result: ait.Result[Any, Any]) -> Any:
    """A result so that it can be compared."""
    return result.value if isinstance(result, ait.Ok) else (type(result.error), result.item)


def first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


async def opened(pair: tuple[Any, Any]) -> tuple[Any, list[Any]]:
    """A group with its items."""
    key, group = pair
    return key, await group.list()


def published(items: Iterable[Any]) -> Any:
    """A subscriber of a topic that had these items and was shut down."""
    topic: ait.Topic[Any] = ait.Topic()
    subscriber = topic.subscribe()
    for item in items:
        topic.publish_nowait(item)
    topic.shutdown()
    return subscriber


async def promise(x: Any) -> Any:
    turn = checkpoint()
    assert turn is not None
    await turn
    return double(x)


def promised(items: Iterable[Any]) -> list[Any]:
    """Coroutines, not begun."""
    return [promise(item) for item in items]


class Promises:
    """A source of coroutines, one for each item of another, which it owns."""

    def __init__(self, source: Any, fn: Callable[[Any], Any] = promise) -> None:
        self.source = source
        self.fn = fn

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        return self.fn(await anext(self.source))

    async def aclose(self) -> None:
        await self.source.aclose()


def with_dropped(build: Callable[[Callable[[Any], object]], Any]) -> Any:
    """What a stream delivers, and what it tells the function that it is built with."""
    dropped: list[Any] = []
    return build(dropped.append).into(lambda items: sorted([*items, *dropped]))


def breaking(*items: list[Any]) -> Callable[[], Any]:
    """A function that makes sources of these items; all but the last one fail at their end."""
    left = [*items]

    def make() -> Iterator[Any]:
        yield from left.pop(0)
        if left:
            raise OSError("lost")

    return make


pages = {None: ("ab", 1), 1: ("cd", 2), 2: ("e", None)}


# ---- originals -----------------------------------------------------------------------------------


def groups(pairs: Iterable[tuple[Any, Iterable[Any]]]) -> Iterator[tuple[Any, list[Any]]]:
    return ((key, list(group)) for key, group in pairs)


def iterated(fn: Callable[[Any], Any], start: Any, n: int) -> Iterator[Any]:
    for _ in range(n):
        yield start
        start = fn(start)


def caught(
    fn: Callable[[Any], Any], handler: Callable[[Exception], Any], a: Iterable[Any]
) -> Iterator[Any]:
    for item in a:
        try:
            yield fn(item)
        except ValueError as error:
            yield handler(error)


def suppressed(
    fn: Callable[[Any], Any], a: Iterable[Any], errors: type[Exception] = ValueError
) -> Iterator[Any]:
    for item in a:
        with suppress(errors):
            yield fn(item)


def collected(fn: Callable[[Any], Any], a: Iterable[Any]) -> Iterator[Any]:
    errors = []
    for item in a:
        try:
            yield fn(item)
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)
    if errors:
        raise ExceptionGroup("all", errors)


def results(fn: Callable[[Any], Any], a: Iterable[Any]) -> Iterator[Any]:
    for item in a:
        try:
            yield ait.Ok(fn(item))
        except Exception as error:  # noqa: BLE001 - whatever it is
            yield ait.Err(error, item)


def chunked_by(together: Callable[[Any, Any], Any], a: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in a:
        if chunk and not together(chunk[-1], item):
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk


def chunked_by_weight(
    weight: Callable[[Any], Any], limit: Any, a: Iterable[Any]
) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    total = 0
    for item in a:
        w = weight(item)
        if chunk and total + w > limit:
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += w
    if chunk:
        yield chunk


def lines(end: str, a: Iterable[str], *, keepends: bool = False) -> Iterator[str]:
    text = ""
    for block in a:
        *whole, text = (text + block).split(end)
        yield from (line + end * keepends for line in whole)
    if text:
        yield text


def chunks(size: int, a: Iterable[str]) -> Iterator[str]:
    text = ""
    for block in a:
        text += block
        while len(text) >= size:
            yield text[:size]
            text = text[size:]
    if text:
        yield text


class Never:
    """Awaited, it waits until it is cancelled."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return runtime.park().__await__()
