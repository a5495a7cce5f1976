"""The example live_feed, with two routes that the tests ask for: run as a program.

It serves on the port given, or with 0 on one that the system chooses; its first line says which.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import aitertools as ait
from examples.live_feed.app import app, events


async def alone(_: Request) -> Response:
    """Answer once nobody is subscribed."""
    await ait.interval(0.01, start=0).filterfalse(lambda _: events.subscribers).first()
    return Response()


async def cut(_: Request) -> Response:
    """Lose all connections."""
    for connection in server.server_state.connections:
        connection.transport.abort()
    return Response()


server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))


def main(port: int) -> None:
    listening = socket.create_server(("127.0.0.1", port))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 -- a program
    app.router.routes[:0] = [Route("/alone", alone), Route("/cut", cut)]
    server.run(sockets=[listening])


if __name__ == "__main__":
    main(int(sys.argv[1]))
