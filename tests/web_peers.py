"""The other side of ASGI, by hand: what a server would send and receive, in virtual time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.websockets import WebSocket


class Peer:
    """A client and its server; what it sends is in `said`, what it got in `heard`."""

    def __init__(self, *said, kind="websocket", state=None, method="GET", headers=()):
        self.scope = {
            "type": kind,
            "method": method,
            "path": "/",
            "headers": [(k.encode(), v.encode()) for k, v in headers],
            "client": ("peer", 1),
            "asgi": {"version": "3.0"},
            "state": state or {},
        }
        self.heard = []
        self.inbox = asyncio.Queue()  # what receive() gives
        self.reads = asyncio.Event()  # it does: cleared, a send waits
        self.reads.set()
        self.sends = 0  # how often it was sent to, waiting included
        self.accepted = kind == "http"
        self.gone = False  # sending to it is of no use
        for message in said:
            self.say(message)

    # ---- what the client does ----

    def say(self, message):
        """Send text, bytes, or an ASGI message."""
        if isinstance(message, str):
            message = {"type": "websocket.receive", "text": message}
        elif isinstance(message, bytes):
            message = {"type": "websocket.receive", "bytes": message}
        self.inbox.put_nowait(message)

    def body(self, *chunks, more=False):
        """Send the body of a request."""
        for i, chunk in enumerate(chunks, 1):
            rest = more or i < len(chunks)
            self.say({"type": "http.request", "body": chunk, "more_body": rest})

    def leave(self, code=1001):
        self.gone = self.accepted
        self.reads.set()
        kind = self.scope["type"]
        self.say({"type": f"{kind}.disconnect", "code": code})

    # ---- what the server does ----

    async def receive(self):
        return await self.inbox.get()

    async def send(self, message):
        self.sends += 1
        await self.reads.wait()
        if self.gone and self.scope["type"] == "websocket":
            raise OSError("gone")  # as the specification has it from 2.4 on
        if not self.gone:
            self.heard.append(message)
        if message["type"] == "websocket.close":
            self.say({"type": "websocket.disconnect", "code": message["code"]})

    # ---- what the tests look at ----

    async def websocket(self):
        """Return the WebSocket, accepted."""
        self.inbox._queue.appendleft({"type": "websocket.connect"})
        self.inbox._unfinished_tasks += 1
        websocket = WebSocket(self.scope, self.receive, self.send)
        await websocket.accept()
        self.accepted = True
        self.heard.clear()
        self.sends = 0
        return websocket

    def request(self):
        return Request(self.scope, self.receive, self.send)

    async def gets(self, response):
        """Have a response sent to it."""
        await response(self.scope, self.receive, self.send)

    @property
    def received(self):
        """Messages that it got, without the one that closed it."""
        return [
            m["text"] if m.get("text") is not None else m["bytes"]
            for m in self.heard
            if m["type"] == "websocket.send"
        ]

    @property
    def closed(self):
        """The code and the reason with which it was closed, or None."""
        for message in self.heard:
            if message["type"] == "websocket.close":
                return message["code"], message["reason"]
        return None

    @property
    def status(self):
        return self.heard[0]["status"]

    @property
    def text(self):
        return b"".join(m["body"] for m in self.heard[1:]).decode()

    @property
    def complete(self):
        return bool(self.heard) and self.heard[-1].get("more_body") is False


class Source:
    """An async iterator that notes what is done with it; at None it waits without end."""

    def __init__(self, *items, pause=0.0, fails=None):
        self.items, self.pause, self.fails = list(items), pause, fails
        self.given = self.closes = self.pulls = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.pulls += 1
        assert not self.closes, "pulled after it was closed"
        await asyncio.sleep(self.pause)
        if not self.items:
            if self.fails is not None:
                raise self.fails
            raise StopAsyncIteration
        if self.items[0] is None:
            await asyncio.get_running_loop().create_future()
        self.given += 1
        return self.items.pop(0)

    def fail(self, error):
        """Fail at the next pull, or at the one after that."""
        self.items, self.fails = [], error

    async def aclose(self):
        await asyncio.sleep(0)
        self.closes += 1
