"""The inbox: what one client sends, for those who read it and for who watches for its leaving."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import ref

from starlette.types import Message
from starlette.websockets import (
    WebSocket,
    WebSocketDisconnect,
    WebSocketDisconnected,
    WebSocketState,
)

from ..queues import Topic

__all__ = ["Inbox", "payload"]

KEY = "aitertools.web.inbox"  # in the scope of the connection, which all who handle it share

AHEAD, AHEAD_SIZE = 16, 65536  # messages, and bytes, that are read ahead to see a client leave


def payload(message: Message) -> str | bytes:
    """Return the text or the bytes of a message."""
    text: str | None = message.get("text")
    if text is not None:
        return text
    data: bytes = message["bytes"]
    return data


class Inbox:
    """What the client of one WebSocket sends.

    Whoever wants something receives, in its own task, one at a time; what comes is kept, and the
    others are told. If the one who receives is cancelled, another one goes on.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self.gone = False
        self._readers: set[ref[Any]] = set()  # of messages; one that is dropped has left
        self._websocket = websocket
        self._kept: deque[str | bytes] = deque()
        self._receiving = False
        self._changed: Topic[None] = Topic(maxlag=None)

    @classmethod
    def of(cls, websocket: WebSocket) -> Inbox:
        """Return the inbox of a connection, always the same."""
        if websocket.application_state is WebSocketState.CONNECTING:
            raise RuntimeError('WebSocket is not connected. Need to call "accept" first.')
        inbox: Inbox | None = websocket.scope.get(KEY)
        if inbox is None:
            inbox = websocket.scope[KEY] = cls(websocket)
        return inbox

    async def next(self) -> str | bytes | None:
        """Return what the client has sent, in order, or None if it is gone."""
        while not self._kept:
            if self.gone:
                return None
            await self._receive()
        message = self._kept.popleft()
        self._tell()
        return message

    async def watch(self, on_dropped: Callable[[str | bytes], object] | None) -> None:
        """Return when the client is gone; what nobody reads is dropped meanwhile."""
        while not self.gone:
            if self._readers and self._is_full():
                await self._change()
                continue
            await self._receive()
            while self._kept and not self._readers:
                dropped = self._kept.popleft()
                if on_dropped is not None:
                    on_dropped(dropped)

    def leave(self) -> None:
        """Say that the client is gone, and nothing of it is wanted."""
        self.gone = True
        self._kept.clear()
        self._tell()

    def enter(self, reader: object) -> None:
        """Keep messages for *reader*, as long as there is one."""
        self._readers.add(ref(reader, self._left))

    def left(self, reader: object) -> None:
        """Say that *reader* reads no more."""
        self._left(ref(reader))

    def _left(self, reader: ref[Any]) -> None:
        self._readers.discard(reader)
        self._tell()

    def _is_full(self) -> bool:
        return len(self._kept) >= AHEAD or sum(map(len, self._kept)) >= AHEAD_SIZE

    async def _receive(self) -> None:
        """Keep one more message, or see that the client is gone; or wait for who does that."""
        if self._receiving:
            await self._change()
            return
        self._receiving = True
        try:
            message = await self._websocket.receive()
        except (WebSocketDisconnect, WebSocketDisconnected, OSError):
            self.gone = True
        else:
            if message["type"] == "websocket.disconnect":
                self.gone = True
            else:
                self._kept.append(payload(message))
        finally:
            self._receiving = False
            self._tell()

    def _tell(self) -> None:
        if self._changed.subscribers:
            self._changed.publish_nowait(None)

    async def _change(self) -> None:
        await self._changed.subscribe().first()
