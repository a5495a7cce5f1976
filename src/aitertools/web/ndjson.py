"""NDJSON: one JSON value per line, as a response, as the body of a request, and for httpx."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from ..stream import Stream
from ..stream.create import stream
from ..stream.types import Source
from .lines import Line, Lines
from .response import Reading, StreamResponse
from .sending import TIMEOUT, check_size, reason_of

if TYPE_CHECKING:
    import httpx
    import httpx2

__all__ = ["NDJSONResponse", "ResponseBody", "ndjson"]

T = TypeVar("T")

MAX_SIZE = 2**20


def _dumps(item: Any) -> str:
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NDJSONResponse(StreamResponse):
    r"""A response of one JSON value per line, each sent when it comes.

        content    a    b    |
        body       "a"\n"b"\n

    >>> NDJSONResponse(ait.range(3)).media_type
    'application/x-ndjson'

    *encode* makes the line of an item, text or bytes without line breaks; by default it is JSON.
    *timeout*, errors, and what happens when the client leaves are as for
    :class:`EventSourceResponse`.

    Raises TypeError if *content* cannot be iterated or *encode* not be called, ValueError if
    *timeout* is not positive.
    """

    media_type = "application/x-ndjson"

    def __init__(
        self,
        content: Source[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        encode: Callable[[Any], str | bytes] = _dumps,
        timeout: float | None = TIMEOUT,
        background: BackgroundTask | None = None,
    ) -> None:
        chunks = stream(content).map(encode).map(_line)
        super().__init__(chunks, status_code, headers, background, timeout)
        self.headers.setdefault("x-accel-buffering", "no")


def _line(encoded: str | bytes) -> bytes:
    line = encoded.encode() if isinstance(encoded, str) else encoded
    if b"\n" in line:
        raise ValueError("NDJSONResponse(): a line must not have a line break in it")
    return line + b"\n"


@overload
def ndjson(
    source: Request | httpx.Response | httpx2.Response, *, max_size: int | None = ...
) -> Stream[Any]: ...
@overload
def ndjson(
    source: Request | httpx.Response | httpx2.Response,
    *,
    parse: Callable[[bytes], Awaitable[T]],
    max_size: int | None = ...,
) -> Stream[T]: ...
@overload
def ndjson(
    source: Request | httpx.Response | httpx2.Response,
    *,
    parse: Callable[[bytes], T],
    max_size: int | None = ...,
) -> Stream[T]: ...
def ndjson(
    source: Any, *, parse: Callable[[bytes], Any] = json.loads, max_size: int | None = MAX_SIZE
) -> Stream[Any]:
    r"""Deliver the values of a body with one JSON value per line: of a request, or a response.

        body      {"a": 1}\n \n[2]\n
        ndjson    {'a': 1}      [2] |

    *source* is Starlette's or FastAPI's request; or, in a client, a response of httpx that is being
    streamed, which is closed with the stream. Lines are read as they are asked for, and blank ones
    left out. *parse* makes the value, such as a Pydantic model's ``model_validate_json``.

    A line that *parse* refuses by a ValueError is an error that names it: the HTTPException that
    answers a request with status 400, or a ValueError for a response. One that is longer than
    *max_size* bytes is status 413, or a ValueError; None is no limit. The stream is not at its end,
    the next pull goes on with the next line; :meth:`Stream.catch` can collect what was wrong. A
    client that leaves before the end of its body is Starlette's ClientDisconnect, and the end.

    The body of a request can be read while an :class:`NDJSONResponse` is being sent. Cancelling a
    pull of it loses nothing; with httpx the response is closed by that, and the next pull says so
    by httpx's StreamConsumed. Raises TypeError for other sources, or if *parse* cannot be called,
    ValueError if *max_size* is less than one.
    """
    if not callable(parse):
        raise TypeError(f"ndjson(): {type(parse).__name__!r} object is not callable")
    check_size(max_size, "ndjson")
    if isinstance(source, Request):
        body: Body = _RequestBody(cast(Any, source))
        fail: _Fail = _bad_request
    elif hasattr(source, "aiter_bytes"):
        body, fail = ResponseBody(source), _bad_response
    else:
        kind = type(source).__name__
        raise TypeError(f"ndjson(): source must be a Request or a Response of httpx, not {kind}")
    lines = Lines(max_size)
    numbered: Stream[Line] = stream(body).map(lines.feed).chain(_rest(body, lines)).flatten()
    return numbered.filter(_is_said).map(_Parser(parse, max_size, fail))


_Fail = Callable[[int, str], Exception]


def _rest(body: Body, lines: Lines) -> Iterator[list[Line]]:
    if body.ended:  # and did not fail amid a line
        yield lines.rest()


def _is_said(line: Line) -> bool:
    return line[1] is None or bool(line[1].strip())


def _bad_request(status: int, reason: str) -> Exception:
    return HTTPException(status, reason)


def _bad_response(_: int, reason: str) -> Exception:
    return ValueError(reason)


class _Parser:
    """Makes a value of a line, or the error that says what is wrong with it."""

    def __init__(self, parse: Callable[[bytes], Any], max_size: int | None, fail: _Fail) -> None:
        self._parse, self._max_size, self._fail = parse, max_size, fail

    def __call__(self, line: Line) -> Any:
        number, text = line
        if text is None:
            raise self._fail(413, f"line {number} is longer than {self._max_size} bytes")
        try:
            value = self._parse(text)
        except (ValueError, RecursionError) as error:
            raise self._failed(number, error) from error
        return self._awaited(number, value) if isawaitable(value) else value

    async def _awaited(self, number: int, value: Awaitable[Any]) -> Any:
        try:
            return await value
        except (ValueError, RecursionError) as error:
            raise self._failed(number, error) from error

    def _failed(self, number: int, error: Exception) -> Exception:
        return self._fail(400, f"line {number}: {reason_of(error)}")


class Body:
    """The bytes of a body; a pull that is cancelled takes nothing along, where that can be."""

    def __init__(self, read: Callable[[], AsyncGenerator[bytes]]) -> None:
        self._read = read
        self._chunks = read()
        self.ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            self.ended = True
            raise
        except Exception:
            raise
        except BaseException:  # cancelled: the generator is at its end, the body is not
            self._chunks = self._read()
            raise


class _RequestBody(Body):
    """The body of a request, while it is read by nobody else."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.stream)
        self._reading = Reading(request.scope)

    async def __anext__(self) -> bytes:
        try:
            return await super().__anext__()
        except ClientDisconnect:
            await self._reading.lost()
            raise

    async def aclose(self) -> None:
        self._reading.end()
        await self._chunks.aclose()


class ResponseBody(Body):
    """The body of a response of httpx, which is closed with it."""

    def __init__(self, response: Any) -> None:
        super().__init__(lambda: cast(AsyncGenerator[bytes], response.aiter_bytes()))
        self._response = response

    async def aclose(self) -> None:
        """Close the response."""
        try:
            await self._chunks.aclose()
        finally:
            await self._response.aclose()
