"""A server with all there is in aitertools.web, for clients of other makes: run as a program.

It serves on a port that the system chooses, and says so on its first line.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import resource
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

import aitertools as ait
from aitertools.web import (
    Draining,
    EventSourceResponse,
    NDJSONResponse,
    ServerSentEvent,
    duplex,
    messages,
    ndjson,
    resume,
    send_all,
)

topic: ait.Topic[ServerSentEvent] = ait.Topic(replay=100, maxlag=100_000)
numbers = itertools.count(1)
open_sources: set[str] = set()
produced = 0
server: uvicorn.Server


async def tracked(name: str, source: Any) -> AsyncIterator[Any]:
    """Pass on a source, and be counted as long as it is not closed."""
    key = f"{name} {next(numbers)}"
    open_sources.add(key)
    try:
        async with ait.stream(source) as items:
            async for item in items:
                yield item
    finally:
        await asyncio.sleep(0)  # closing takes its time, and is awaited
        open_sources.discard(key)


async def flood() -> AsyncIterator[str]:
    global produced  # noqa: PLW0603 -- what the tests ask for
    produced = 0
    while True:
        produced += 1
        yield "x" * 10_000


# ---- WebSockets ----------------------------------------------------------------------------------


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await duplex(websocket, lambda incoming: tracked("echo", incoming))


async def add(websocket: WebSocket) -> None:
    await websocket.accept()
    await duplex(
        websocket,
        lambda incoming: tracked("add", incoming.map(sum)),
        parse=json.loads,
        max_size=1000,
    )


async def feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await send_all(websocket, topic.subscribe().map(lambda event: event.data))


async def idle(websocket: WebSocket) -> None:
    await websocket.accept()
    await send_all(websocket, tracked("idle", ait.never()))


async def flooded(websocket: WebSocket) -> None:
    await websocket.accept()
    await send_all(websocket, tracked("flood", flood()), timeout=0.5)


async def plain(websocket: WebSocket) -> None:
    """A loop as one writes it, with a second stream beside it."""
    await websocket.accept()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send_all(websocket, tracked("plain", ait.never())))
        async for message in messages(websocket):
            await websocket.send_text(message.upper())


async def broken(websocket: WebSocket) -> None:
    await websocket.accept()
    await duplex(websocket, lambda incoming: tracked("broken", incoming.map(int)))


# ---- HTTP ----------------------------------------------------------------------------------------


async def events(request: Request) -> Response:
    source = resume(topic, request.headers.get("last-event-id"))
    if limit := request.query_params.get("limit"):
        source = source.take(int(limit))
    return EventSourceResponse(tracked("events", source), heartbeat=0.2, retry=1)


async def idle_events(request: Request) -> Response:
    return EventSourceResponse(tracked("idle", ait.never()), heartbeat=None)


async def flood_events(request: Request) -> Response:
    return EventSourceResponse(tracked("flood", flood()), timeout=0.5)


async def ingest(request: Request) -> Response:
    total = await ait.stream(tracked("ingest", ndjson(request, max_size=1000))).sum()
    return JSONResponse(total)


async def transform(request: Request) -> Response:
    return NDJSONResponse(tracked("transform", ndjson(request).map(lambda number: 2 * number)))


async def publish(request: Request) -> Response:
    """Publish numbered events, so many."""
    for _ in range(int(request.query_params["n"])):
        number = str(topic.stats().published + 1)
        topic.publish_nowait(ServerSentEvent(number, id=number))
    return JSONResponse(topic.stats().published)


async def counts(request: Request) -> Response:
    """What there is in this process: of the connection that asks, nothing."""
    gc.collect()
    return JSONResponse(
        {
            "tasks": len(asyncio.all_tasks()),
            "sources": sorted(open_sources),
            "subscribers": topic.subscribers,
            "connections": len(server.server_state.connections) - 1,
            "produced": produced,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )


SOCKETS = [echo, add, feed, idle, flooded, plain, broken]
GETS = [events, idle_events, flood_events, counts]
POSTS = [ingest, transform, publish]


def make(framework: str) -> Starlette:
    """Return the application as one would write it for that framework."""
    if framework == "starlette":
        return Starlette(
            routes=[
                *(WebSocketRoute(f"/{fn.__name__}", fn) for fn in SOCKETS),
                *(Route(f"/{fn.__name__}", fn) for fn in GETS),
                *(Route(f"/{fn.__name__}", fn, methods=["POST"]) for fn in POSTS),
            ],
            lifespan=Draining(grace=5),
        )
    app = FastAPI(lifespan=Draining(grace=5))
    for fn in SOCKETS:
        app.websocket(f"/{fn.__name__}")(fn)
    for get in GETS:
        app.get(f"/{get.__name__}", response_model=None)(get)
    for post in POSTS:
        app.post(f"/{post.__name__}", response_model=None)(post)
    return app


def main(framework: str) -> None:
    global server  # noqa: PLW0603 -- counts() looks into it
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)  # noqa: T201 -- a program
    config = uvicorn.Config(make(framework), log_level="warning", ws_ping_interval=None)
    server = uvicorn.Server(config)
    server.run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
