"""Clients: Server-Sent Events by httpx."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ..schedules import Schedule
from ..stream import Stream
from ..stream.create import empty, once, stream
from ..stream.retry import retry as retrying
from ..stream.time import timer
from .eventstream import Decoder, ServerSentEvent
from .ndjson import ResponseBody
from .sending import check_size

if TYPE_CHECKING:
    import httpx
    import httpx2

__all__ = ["event_source"]

LONGEST_RETRY = 3600.0  # seconds, whatever a server says

SENDING = ("auth", "follow_redirects")  # arguments of send(), the others are of build_request()

BUSY = {408, 425, 429, 500, 502, 503, 504}  # statuses after which it may be tried again


def event_source(
    client: httpx.AsyncClient | httpx2.AsyncClient,
    url: str | httpx.URL | httpx2.URL,
    *,
    method: str = "GET",
    retry: Schedule | None = None,
    last_id: str = "",
    max_size: int | None = 2**20,
    **request: Any,
) -> Stream[ServerSentEvent]:
    """Deliver the Server-Sent Events of *url*, which *client* of httpx requests at the first pull.

        first response         1 2 |
        second response                  3
        event_source(retry=)   1 2 - - - 3

    With *retry*, a :class:`Schedule` as of :func:`exponential`, it is what a browser's EventSource
    is: when the connection is lost, and when the server ends the response, it waits and requests
    *url* again, and says in ``Last-Event-ID`` which event was the last; so nothing is missed that
    the server still has. *last_id* is the id to begin with. If the server has sent a ``retry``, it
    waits so long first, an hour at most. The schedule begins anew with each event; when it is over,
    the last error is raised: that of httpx, or RemoteProtocolError where the response was at its
    end. So it is also for the statuses 408, 425, 429, 500, 502, 503 and 504.

    Status 204 means that there is nothing more, and is the end. Without *retry* the end of the
    response is the end. Any other status that is not 200, or a body that is no event stream, is
    an error: httpx's HTTPStatusError and DecodingError. An event of more than *max_size* bytes is a
    ValueError, after which the next pull goes on; None is no limit.

    Other arguments are those of httpx's ``client.stream``: *headers*, *params*, *json* and so on.
    There is no timeout for reading, unless *timeout* says so: with ``httpx.Timeout(5, read=45)``, a
    server that sends a heartbeat each 15 seconds is missed after 45.

    Closing closes the response, and leaves the client open. Cancelling a pull that waits for the
    network closes the response as well; with *retry* the next pull goes on, without it the next
    pull raises httpx's StreamConsumed. Raises TypeError if *client* is none of httpx or
    httpx2, or *retry* no schedule, ValueError if
    *max_size* is less than one.

    Source: the HTML standard's EventSource.
    """
    check_size(max_size, "event_source")
    source = _EventSource(
        client, method, url, request, last_id=last_id, max_size=max_size, endless=retry is not None
    )
    if retry is None:
        return once(source).flat_map(_EventSource.connect)
    return retrying(source.connect, retry, on=source.may_pass)


class _EventSource:
    """What is known of an event source from one request to the next."""

    def __init__(
        self,
        client: httpx.AsyncClient | httpx2.AsyncClient,
        method: str,
        url: str | httpx.URL | httpx2.URL,
        request: dict[str, Any],
        *,
        last_id: str,
        max_size: int | None,
        endless: bool,
    ) -> None:
        self._httpx = _library(client)
        self._client: Any = client
        self._method, self._url = method, url
        self._sending = {name: request.pop(name) for name in SENDING if name in request}
        self._request = request
        self._endless = endless  # the end of a response is a lost connection
        self._decoder = Decoder(max_size, last_id)  # of the response before

    async def connect(self) -> Stream[ServerSentEvent]:
        """Request the events after the last one, when the server likes that."""
        if self._decoder.retry is not None:
            await timer(min(self._decoder.retry / 1000, LONGEST_RETRY)).drain()
        response = await self._client.send(self._made(), stream=True, **self._sending)
        if response.status_code == 204:
            await response.aclose()
            return empty()
        try:
            self._check(response)
        except Exception:
            await response.aclose()
            raise
        decoder = self._decoder = self._decoder.again()
        events = stream(ResponseBody(response)).map(decoder.feed).flatten().map(_event)
        return events.chain(self._lost(response)) if self._endless else events

    def _made(self) -> Any:
        httpx = self._httpx
        more: dict[str, Any] = {"timeout": httpx.Timeout(5, read=None), **self._request}
        headers = httpx.Headers(more.pop("headers", None))
        headers["accept"] = "text/event-stream"
        headers["cache-control"] = "no-store"
        if self._decoder.last_id:  # in UTF-8, as the standard has it
            headers = httpx.Headers(
                [*headers.raw, (b"last-event-id", self._decoder.last_id.encode())]
            )
        return self._client.build_request(self._method, self._url, headers=headers, **more)

    def _check(self, response: Any) -> None:
        """Raise unless these are events."""
        request = response.request
        if response.status_code != 200:
            status = f"{response.status_code} {response.reason_phrase}".rstrip()
            message = f"event_source(): status {status} for {request.url}"
            raise self._httpx.HTTPStatusError(message, request=request, response=response)
        kind = response.headers.get("content-type") or "of no type"
        if kind.partition(";")[0].strip().lower() != "text/event-stream":
            message = f"event_source(): {request.url} is {kind}, not text/event-stream"
            raise self._httpx.DecodingError(message, request=request)

    def _lost(self, response: Any) -> Iterator[ServerSentEvent]:
        """Fail when asked for an item."""
        yield from ()
        message = f"event_source(): {response.request.url} ended the response"
        raise self._httpx.RemoteProtocolError(message, request=response.request)

    def may_pass(self, error: Exception) -> bool:
        """Whether it is of use to try again after *error*."""
        httpx = self._httpx
        if isinstance(error, httpx.HTTPStatusError):
            status: int = cast(Any, error).response.status_code
            return status in BUSY
        if isinstance(error, httpx.UnsupportedProtocol):
            return False
        return isinstance(error, httpx.TransportError | httpx.StreamConsumed)


def _library(client: Any) -> Any:
    """Return the module that *client* is of: httpx, or what has taken its place."""
    for cls in type(client).__mro__:
        library: Any = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(library, "AsyncClient") and isinstance(client, library.AsyncClient):
            return library
    kind = type(client).__name__
    raise TypeError(f"event_source(): client must be an AsyncClient of httpx, not {kind}")


def _event(decoded: ServerSentEvent | ValueError) -> ServerSentEvent:
    if isinstance(decoded, ValueError):
        raise decoded
    return decoded
