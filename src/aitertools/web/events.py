"""Server-Sent Events: a response of them, and going on where a client has left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.background import BackgroundTask

from ..queues import Topic
from ..stream import Stream
from ..stream.create import stream
from ..stream.types import Source
from .eventstream import PING, ServerSentEvent, encode, event_of
from .response import StreamResponse
from .sending import TIMEOUT

__all__ = ["EventSourceResponse", "resume"]


class EventSourceResponse(StreamResponse):
    """A response of Server-Sent Events, one for each item, as long as the client listens.

        content       a------b|
        heartbeat=2   a-:-:-:b|

    >>> async def readings():
    ...     yield ServerSentEvent("20.5", id="1")
    ...     yield {"load": 0.3}
    >>> EventSourceResponse(readings()).media_type
    'text/event-stream'

    An item is a :class:`ServerSentEvent`; text is the data of one, anything else is so as JSON.
    When nothing came for *heartbeat* seconds a comment is sent, which keeps proxies from hanging
    up; None: never. *retry* tells the client after how many milliseconds to come again.

    The next item is asked for when the one before it was sent. When the client leaves, the source
    is closed at once, also while it is waited for. One that reads so slowly that a send takes
    longer than *timeout* seconds is cut off; None is no limit. An error of the source cuts the
    response off and is raised, for the server to log. See :class:`Draining` for its shutdown.

    Raises TypeError if *content* cannot be iterated, ValueError if *heartbeat* or *timeout* is not
    positive, or *retry* negative.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        content: Source[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        heartbeat: float | timedelta | None = 15.0,
        retry: int | None = None,
        timeout: float | None = TIMEOUT,
        background: BackgroundTask | None = None,
    ) -> None:
        before = None if retry is None else ServerSentEvent(retry=retry)
        chunks: Stream[bytes] = stream(content).map(event_of).map(encode)
        if heartbeat is not None:
            chunks = chunks.heartbeat(heartbeat, PING)
        if before is not None:
            chunks = chunks.prepend(encode(before))
        super().__init__(chunks, status_code, headers, background, timeout)
        # not to be stored by caches, nor held back by nginx
        self.headers.setdefault("cache-control", "no-store")
        self.headers.setdefault("x-accel-buffering", "no")


def resume(
    topic: Topic[ServerSentEvent],
    last_id: str | None,
    *,
    missed: ServerSentEvent | None = None,
) -> Stream[ServerSentEvent]:
    """Subscribe to *topic*, and go on after the event *last_id*, if it is still there to replay.

        topic(replay=3)      1 2 3 4 5 6
        resume('4')                 5 6

    >>> async def main():
    ...     topic = ait.Topic(replay=3)
    ...     for number in range(6):
    ...         topic.publish_nowait(ServerSentEvent(str(number), id=str(number)))
    ...     topic.shutdown()
    ...     return [event.id async for event in resume(topic, "4")]
    >>> run(main())
    ['5']

    *last_id* is the header ``Last-Event-ID``, which a browser sends when it comes again: in
    Starlette ``request.headers.get("last-event-id")``. Without it, and if that event is not there
    any more, all that there is to replay is delivered; in the second case after *missed*, which may
    tell the client that there is a gap.

    Closing it unsubscribes. Raises TypeError if *topic* is none, or *last_id* no string.

    Source: the HTML standard's ``Last-Event-ID``.
    """
    _check("topic", topic, Topic)
    _check("last_id", last_id, str | None)
    if not last_id:
        return topic.subscribe()
    there = min(topic.replay, topic.stats().published)
    replayed = topic.subscribe()
    if not there:
        return replayed if missed is None else replayed.prepend(missed)
    return replayed.map(_Resumption(last_id, there, missed)).flatten()


def _check(name: str, value: object, kind: Any) -> None:
    if not isinstance(value, kind):
        a_kind = getattr(kind, "__name__", kind)
        raise TypeError(f"resume(): {name} must be {a_kind}, not {type(value).__name__}")


class _Resumption:
    """Holds back what is replayed until it is known whether the last event is among it."""

    def __init__(self, last_id: str, there: int, missed: ServerSentEvent | None) -> None:
        self._last_id, self._there = last_id, there
        self._held = [] if missed is None else [missed]

    def __call__(self, event: ServerSentEvent) -> tuple[ServerSentEvent, ...]:
        if not self._there:
            return (event,)
        self._there -= 1
        if event.id == self._last_id:
            self._there = 0
            self._held.clear()
            return ()
        self._held.append(event)
        return () if self._there else self._let_go()

    def _let_go(self) -> tuple[ServerSentEvent, ...]:
        held = tuple(self._held)
        self._held.clear()
        return held
