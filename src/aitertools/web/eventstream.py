"""Server-Sent Events as bytes, and bytes as events: the HTML standard, section 9.2."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .lines import Lines

__all__ = ["PING", "Decoder", "ServerSentEvent", "encode", "event_of"]

PING = b":\n\n"  # a comment, which nobody gets to see

_BREAK = re.compile(r"\r\n|\r|\n")
_MILLISECONDS = re.compile(rb"[0-9]{1,9}")
_MARK = b"\xef\xbb\xbf"  # of the byte order, before anything else


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    r"""An event, as it is sent and as it is received.

    >>> ServerSentEvent("20.5", event="reading", id="7")
    ServerSentEvent(data='20.5', event='reading', id='7', retry=None)

    *data* is text; use :func:`json.dumps` for anything else. *event* is its kind, for the client's
    ``addEventListener``. *id* is what the client names in ``Last-Event-ID`` when it comes again,
    *retry* after how many milliseconds it shall do so. An event without *data* only sets these two.

    Raises ValueError if *event* or *id* has several lines, *id* a null character, or *retry* is
    negative; TypeError for other types.
    """

    data: str | None = None
    event: str = "message"
    id: str | None = None
    retry: int | None = None

    def __post_init__(self) -> None:
        _check("data", self.data, str | None)
        _check("event", self.event, str)
        _check("id", self.id, str | None)
        _check("retry", self.retry, int | None)
        for name, text in (("event", self.event), ("id", self.id or "")):
            if _BREAK.search(text):
                raise ValueError(f"ServerSentEvent(): {name} must be one line")
        if self.id is not None and "\0" in self.id:
            raise ValueError("ServerSentEvent(): id must not contain null characters")
        if self.retry is not None and self.retry < 0:
            raise ValueError("ServerSentEvent(): retry must not be negative")

    def json(self) -> Any:
        """Return what its data says as JSON.

        >>> ServerSentEvent("[1, 2]").json()
        [1, 2]
        """
        return json.loads(self.data or "")


def _check(name: str, value: object, kind: Any) -> None:
    if not isinstance(value, kind):
        a_kind = getattr(kind, "__name__", kind)
        raise TypeError(f"ServerSentEvent(): {name} must be {a_kind}, not {type(value).__name__}")


def event_of(item: Any) -> ServerSentEvent:
    """Make an event of an item: text is its data as it is, other things are as JSON."""
    if isinstance(item, ServerSentEvent):
        return item
    if isinstance(item, str):
        return ServerSentEvent(item)
    return ServerSentEvent(
        json.dumps(item, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    )


def encode(event: ServerSentEvent) -> bytes:
    r"""Return the bytes of an event.

    >>> encode(ServerSentEvent("two\nlines", id="1"))
    b'id: 1\ndata: two\ndata: lines\n\n'
    """
    fields: list[tuple[str, object]] = []
    if event.event != "message":
        fields.append(("event", event.event))
    if event.id is not None:
        fields.append(("id", event.id))
    if event.retry is not None:
        fields.append(("retry", event.retry))
    if event.data is not None:
        fields.extend(("data", line) for line in _BREAK.split(event.data))
    return "".join([*(f"{name}: {value}\n" for name, value in fields), "\n"]).encode()


class Decoder:
    r"""Makes events of chunks of bytes, as they come; ValueErrors of those that are too long.

    >>> decoder = Decoder(1000)
    >>> decoder.feed(b"id: 7\nda"), decoder.feed(b"ta: x\n\n: ping\n\n")
    ([], [ServerSentEvent(data='x', event='message', id='7', retry=None)])
    >>> decoder.last_id, decoder.retry
    ('7', None)

    As in a browser an id is that of the events that follow as well, and one without data is none.
    """

    def __init__(self, max_size: int | None, last_id: str = "", retry: int | None = None) -> None:
        self.last_id = last_id
        self.retry = retry
        self._id = last_id  # of the event that is being read, as all of these
        self._event = ""
        self._data: list[str] = []
        self._size = 0
        self._is_too_long = False
        self._max_size = max_size
        self._lines = Lines(max_size, cr=True)

    def again(self) -> Decoder:
        """Return one for the next response of the same source."""
        return Decoder(self._max_size, self.last_id, self.retry)

    def feed(self, chunk: bytes) -> list[ServerSentEvent | ValueError]:
        """Return the events that end in *chunk*."""
        events: list[ServerSentEvent | ValueError] = []
        for number, line in self._lines.feed(chunk):
            if line:
                self._field(line.removeprefix(_MARK) if number == 1 else line)
            elif line is None:
                self._is_too_long = True
            else:
                self._dispatch(events)
        return events

    def _field(self, line: bytes) -> None:
        self._size += len(line)
        self._is_too_long |= self._max_size is not None and self._size > self._max_size
        if self._is_too_long:
            self._data.clear()
            return
        name, _, rest = line.partition(b":")
        value = rest.removeprefix(b" ").decode(errors="replace")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and "\0" not in value:
            self._id = value
        elif name == b"retry" and _MILLISECONDS.fullmatch(rest.strip(b" ")):
            self.retry = int(rest)

    def _dispatch(self, events: list[ServerSentEvent | ValueError]) -> None:
        self.last_id = self._id
        if self._is_too_long:
            events.append(ValueError(f"an event is longer than {self._max_size} bytes"))
        elif self._data:
            data = "\n".join(self._data)
            events.append(ServerSentEvent(data, self._event or "message", self.last_id or None))
        self._data.clear()
        self._event, self._size, self._is_too_long = "", 0, False
