"""WebSockets: what a client sends as a stream, and streams that are sent to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar, overload

from starlette.exceptions import WebSocketException
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..stream import Stream
from ..stream.create import never, stream
from ..stream.types import Source
from .draining import is_draining
from .inbox import Inbox
from .sending import (
    TIMEOUT,
    Gone,
    TooSlow,
    check_size,
    check_timeout,
    log,
    pump,
    reason_of,
    sending,
)

__all__ = ["duplex", "messages", "send_all"]

T = TypeVar("T")
U = TypeVar("U")

# RFC 6455, section 7.4.1
NORMAL, UNSUPPORTED, INVALID, POLICY, TOO_BIG, ERROR = 1000, 1003, 1007, 1008, 1009, 1011
RESTART = 1012  # of its registry; what uvicorn says as well

LONGEST_REASON = 123  # bytes
CLOSING = 5.0  # seconds: how long one who is closed may take to read that

GONE = (WebSocketDisconnect, OSError, RuntimeError)  # what Starlette and servers raise by sending

MAX_SIZE = 2**20


@overload
def messages(websocket: WebSocket, *, max_size: int | None = ...) -> Stream[str]: ...
@overload
def messages(
    websocket: WebSocket, *, parse: type[str], max_size: int | None = ...
) -> Stream[str]: ...
@overload
def messages(
    websocket: WebSocket, *, parse: type[bytes], max_size: int | None = ...
) -> Stream[bytes]: ...
@overload
def messages(
    websocket: WebSocket, *, parse: Callable[[Any], Awaitable[T]], max_size: int | None = ...
) -> Stream[T]: ...
@overload
def messages(
    websocket: WebSocket, *, parse: Callable[[Any], T], max_size: int | None = ...
) -> Stream[T]: ...
def messages(
    websocket: WebSocket, *, parse: Callable[[Any], Any] = str, max_size: int | None = MAX_SIZE
) -> Stream[Any]:
    """Deliver what the client sends, until it is gone.

        client                       '1' 'x' |
        messages(parse=json.loads)    1  | closed with 1007

    *parse* is ``str`` for text, ``bytes`` for binary messages, ``json.loads``, or any function,
    ``def`` or ``async def``, of the text or bytes of a message, such as a Pydantic model's
    ``model_validate_json``.

    A client whose message is longer than *max_size* bytes is closed with code 1009, one whose
    message *parse* refuses by a ValueError with 1007, and one that sends text for ``bytes``, or the
    other way round, with 1003. They are told a reason, it is logged, and here that is the end. Any
    other error of *parse* is raised, and the next pull goes on. None is no limit; the server has
    one of its own, which comes first, as it reads a whole message.

    A message is received when it is asked for; beside :func:`send_all` up to 16 are read ahead.
    Cancel-safe: a cancelled pull loses nothing but what an async *parse* was at. Closing leaves
    the WebSocket open: that is the handler's. Messages are not duplicated: several streams of one
    WebSocket share them.

    Raises RuntimeError if the WebSocket is not accepted yet, TypeError if *parse* cannot be called,
    ValueError if *max_size* is less than one.
    """
    return _parsed(_Messages(websocket, parse, max_size), parse)


def _parsed(reader: _Messages, parse: Callable[[Any], Any]) -> Stream[Any]:
    if parse is str or parse is bytes:
        return stream(reader)
    parsed = stream(reader).map(parse).catch((ValueError, RecursionError), reader.refuse)
    return parsed.filter(_is_accepted)


async def send_all(
    websocket: WebSocket,
    source: Source[T],
    *,
    encode: Callable[[T], str | bytes] | None = None,
    timeout: float | None = TIMEOUT,
    on_dropped: Callable[[str | bytes], object] | None = None,
) -> bool:
    """Send what *source* delivers, until its end or until the client is gone; say if all was sent.

        source      a b c d
        client      a b | gone
        send_all        False

    *encode* makes text or bytes of an item; by default text and bytes are sent as they are, and
    anything else as JSON. The next item is asked for when the one before it was sent. A client that
    reads so slowly that a send takes longer than *timeout* seconds is closed with code 1008, as far
    as it still listens; None is no limit.

    When the client leaves the source is closed at once, also while it is waited for: what the
    client sends is read meanwhile. It is for who reads :func:`messages`, up to 16 of them or 64 KiB
    are kept; then, while they are not read, a leaving is seen no earlier than the server sees it by
    a ping or by sending. Without a stream of messages it is dropped, and given to *on_dropped*.

    At its end the WebSocket stays open. An error of *source* or *encode* closes it with code 1011,
    or with its own if it is a WebSocketException, and is raised. When the server drains (see
    :class:`Draining`), the source is stopped, what is in flight is sent, and the client is closed
    with code 1012. Cancelled, it closes the source.

    Raises RuntimeError if the WebSocket is not accepted yet, TypeError if *source* cannot be
    iterated, ValueError if *timeout* is not positive.
    """
    check_timeout(timeout, "send_all")
    message = _message if encode is None else _encoded(encode)
    inbox = Inbox.of(websocket)
    messages = stream(source).map(message)
    send = sending(websocket.send, timeout, GONE)
    try:
        await pump(messages, send, inbox.watch(on_dropped), websocket.scope)
    except Gone:
        inbox.leave()
    except TooSlow:
        await _close(websocket, inbox, POLICY, "reads too slowly")
    except Exception as error:
        if not isinstance(error, WebSocketException):  # which Starlette closes with its code
            await _close(websocket, inbox, ERROR, "internal error")
        raise
    else:
        if not inbox.gone and is_draining(websocket.scope):
            await _close(websocket, inbox, RESTART, "the server is restarted")
    return not inbox.gone


@overload
async def duplex(
    websocket: WebSocket,
    handler: Callable[[Stream[str]], Source[U] | Awaitable[Source[U]]],
    *,
    max_size: int | None = ...,
    encode: Callable[[U], str | bytes] | None = ...,
    timeout: float | None = ...,
) -> None: ...
@overload
async def duplex(
    websocket: WebSocket,
    handler: Callable[[Stream[T]], Source[U] | Awaitable[Source[U]]],
    *,
    parse: Callable[[Any], T],
    max_size: int | None = ...,
    encode: Callable[[U], str | bytes] | None = ...,
    timeout: float | None = ...,
) -> None: ...
async def duplex(
    websocket: WebSocket,
    handler: Callable[[Stream[Any]], Any],
    *,
    parse: Callable[[Any], Any] = str,
    max_size: int | None = MAX_SIZE,
    encode: Callable[[Any], str | bytes] | None = None,
    timeout: float | None = TIMEOUT,
) -> None:
    """Send what *handler* makes of the stream of what the client sends, and close.

        client                          1 2   | gone
        handler(messages)               1 2 3 |

    *handler* gets the stream of :func:`messages` and returns a source for :func:`send_all`; an
    async generator function does. At the end of that source the client is closed with code 1000.
    When the client leaves, both streams are closed at once: a generator that waits is cancelled
    where it is, also while it reads, so what has to be done then belongs into a ``finally``. What
    the client had sent before and nobody had read is gone; who must have all of it reads
    :func:`messages` in a loop. Nothing outlives the call.

    The other arguments, which clients are closed, and with which code, what an error does, and a
    server that drains, are as for these two.
    """
    reader = _Messages(websocket, parse, max_size)
    async with _parsed(reader, parse) as incoming:
        try:
            outgoing = handler(incoming)
            if isawaitable(outgoing):
                outgoing = await outgoing
            source: Stream[Any] = stream(outgoing)
        except Exception as error:
            if not isinstance(error, WebSocketException):
                await _close(websocket, Inbox.of(websocket), ERROR, "internal error")
            raise
        reader.holds = True
        if await send_all(websocket, source, encode=encode, timeout=timeout):
            await _close(websocket, Inbox.of(websocket), NORMAL)


class _Messages:
    """What a client sends; who sends what cannot be taken is closed."""

    def __init__(
        self, websocket: WebSocket, parse: Callable[[Any], Any], max_size: int | None
    ) -> None:
        if not callable(parse):
            raise TypeError(f"messages(): {type(parse).__name__!r} object is not callable")
        check_size(max_size, "messages")
        self.holds = False  # who waits is cancelled when the client leaves, and needs no end
        self._websocket, self._max_size = websocket, max_size
        self._kind = parse if parse is str or parse is bytes else None
        self._inbox = Inbox.of(websocket)
        self._inbox.enter(self)

    def __aiter__(self) -> _Messages:
        return self

    async def __anext__(self) -> str | bytes:
        message = await self._next()
        if message is not None:
            return message
        if self.holds:
            await never().drain()
        raise StopAsyncIteration

    async def _next(self) -> str | bytes | None:
        """Return a message that can be taken; None if there is none, and will be none."""
        message = await self._inbox.next()
        if message is None:
            return None
        if self._max_size is not None and _is_longer(message, self._max_size):
            await self._close(TOO_BIG, f"message is longer than {self._max_size} bytes")
            return None
        if self._kind is not None and type(message) is not self._kind:
            expected, got = ("text", "bytes") if self._kind is str else ("bytes", "text")
            await self._close(UNSUPPORTED, f"expected {expected}, not {got}")
            return None
        return message

    async def aclose(self) -> None:
        """Read no more; the WebSocket stays open."""
        self._inbox.left(self)

    async def refuse(self, error: Exception) -> object:
        """Close the client, whose message could not be parsed; the next pull finds the end."""
        await self._close(INVALID, f"invalid message: {reason_of(error)}")
        return REFUSED

    async def _close(self, code: int, reason: str) -> None:
        client = self._websocket.client
        address = "a client" if client is None else f"{client.host}:{client.port}"
        log.info("%s closed with %d: %s", address, code, reason)
        await _close(self._websocket, self._inbox, code, reason)


REFUSED = object()


def _is_accepted(parsed: object) -> bool:
    return parsed is not REFUSED


def _is_longer(message: str | bytes, size: int) -> bool:
    if len(message) > size:
        return True
    if isinstance(message, bytes) or message.isascii():
        return False
    return len(message.encode(errors="surrogatepass")) > size


def _message(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"type": "websocket.send", "text": item}
    if isinstance(item, bytes):
        return {"type": "websocket.send", "bytes": item}
    text = json.dumps(item, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return {"type": "websocket.send", "text": text}


def _encoded(encode: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    if not callable(encode):
        raise TypeError(f"send_all(): {type(encode).__name__!r} object is not callable")

    def message(item: Any) -> dict[str, Any]:
        encoded = encode(item)
        if isinstance(encoded, str | bytes):
            return _message(encoded)
        kind = type(encoded).__name__
        raise TypeError(f"send_all(): encode must return str or bytes, not {kind}")

    return message


async def _close(websocket: WebSocket, inbox: Inbox, code: int, reason: str = "") -> None:
    """Close *websocket*, as far as the client still listens; nothing of it is read any more."""
    inbox.leave()
    reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
    with suppress(Gone, TooSlow):
        await sending(partial(websocket.close, code), CLOSING, GONE)(reason)
