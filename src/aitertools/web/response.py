"""A response whose body is a stream: sent as it comes, closed when the client leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..queues import Topic
from ..stream import Stream
from .sending import Gone, TooSlow, check_timeout, log, pump, sending

__all__ = ["Reading", "StreamResponse"]

READING = "aitertools.web.reading"  # in the scope: who reads the body of the request


class StreamResponse(Response):
    """Sends the chunks of a stream, which it owns."""

    def __init__(
        self,
        chunks: Stream[bytes],
        status_code: int,
        headers: Mapping[str, str] | None,
        background: BackgroundTask | None,
        timeout: float | None,
    ) -> None:
        check_timeout(timeout, type(self).__name__)
        self.body_iterator = chunks
        self.status_code = status_code
        self.background = background
        self._timeout = timeout
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, to its end or until the client is gone."""
        try:
            await self._respond(scope, receive, sending(send, self._timeout, (OSError,)))
        except (Gone, ClientDisconnect):
            pass
        except TooSlow:  # the server cuts it off, as the response is not complete
            client = scope.get("client") or ("a client", "?")
            log.info("%s:%s reads too slowly: closed", *client)
        finally:
            reading: Reading | None = scope.get(READING)
            if reading is not None:
                reading.answered()
        if self.background is not None:
            await self.background()

    async def _respond(
        self, scope: Scope, receive: Receive, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        gone = Gone()

        async def watch() -> None:
            await _disconnected(scope, receive)
            raise gone

        def body(chunk: bytes) -> Awaitable[None]:
            return send({"type": "http.response.body", "body": chunk, "more_body": True})

        async with self.body_iterator as chunks:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] != "HEAD":
                await pump(chunks, body, watch(), scope)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Reading:
    """Who reads the body of a request: until that is over, nobody else may receive."""

    def __init__(self, scope: Scope) -> None:
        self._over: Topic[None] = Topic()
        self._answered: Topic[None] = Topic()
        self._is_watched = False  # by a response, which closes what waits when the client is gone
        self.gone = False
        scope[READING] = self

    def end(self) -> None:
        """Say that it is over."""
        self._over.shutdown()

    async def lost(self) -> None:
        """Say that the client is gone; wait to be closed for that, if a response does it."""
        self.gone = True
        self.end()
        if self._is_watched:
            await self._answered.subscribe().drain()

    async def over(self) -> None:
        """Wait until it is over."""
        self._is_watched = True
        await self._over.subscribe().drain()

    def answered(self) -> None:
        """Say that there is no response any more, or that it is done."""
        self._is_watched = False
        self._answered.shutdown()


async def _disconnected(scope: Scope, receive: Receive) -> None:
    """Wait until the client is gone; what it sends meanwhile is of no use."""
    reading: Reading | None = scope.get(READING)
    if reading is not None:
        await reading.over()
        if reading.gone:
            return
    while (await receive())["type"] != "http.disconnect":
        pass
