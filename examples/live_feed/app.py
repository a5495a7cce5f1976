"""Live readings of this machine: WebSocket, Server-Sent Events and NDJSON in one FastAPI app.

    make demo-web

All readings are published in one topic. `GET /events` streams them, and goes on where a browser had
lost the connection; `/socket` echoes, and sends the readings that its client subscribes to;
`POST /readings` takes more of them, from anywhere; and the page draws what comes.
"""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, JsonValue

import aitertools as ait
from aitertools import Stream
from aitertools.web import (
    Draining,
    EventSourceResponse,
    ServerSentEvent,
    duplex,
    ndjson,
    resume,
)

from .readings import Reading, measured

EVERY = float(os.environ.get("LIVE_FEED_EVERY", "1"))  # seconds from one reading to the next
PAGE = Path(__file__).parent / "page"
LIBRARIES = Path(os.environ.get("LIVE_FEED_LIBRARIES", "build/live_feed/node_modules"))

events: ait.Topic[ServerSentEvent] = ait.Topic(replay=1000, maxlag=10_000, overflow="disconnect")
run = f"{time.time_ns():x}"  # ids of one run of the server mean nothing to the next
ids = (f"{run}-{number}" for number in itertools.count())


async def publish(reading: Reading) -> None:
    await events.publish(ServerSentEvent(reading.model_dump_json(), "reading", next(ids)))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Publish as long as the server runs; when it shuts down, streams end in good order."""
    async with Draining(grace=5) as state, asyncio.TaskGroup() as group:
        publishing = group.create_task(measured(EVERY).for_each(publish))
        yield {**state}
        publishing.cancel()


app = FastAPI(title="Live feed", lifespan=lifespan)


@app.get("/events")
async def listen(request: Request) -> EventSourceResponse:
    last_id = request.headers.get("last-event-id")  # of a browser that comes again
    return EventSourceResponse(resume(events, last_id), heartbeat=5, retry=500)


@app.post("/readings")
async def ingest(request: Request) -> dict[str, bool]:
    """Publish what comes, one JSON object per line, each as soon as it is there."""
    readings = ndjson(request, parse=Reading.model_validate_json, max_size=10_000)
    await readings.for_each(publish)
    return {"ok": True}


class Command(BaseModel, extra="forbid"):
    """What a client may send to the socket: one of these, or several."""

    echo: JsonValue = None
    subscribe: list[str] = []
    unsubscribe: list[str] = []


@app.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    """Answer each command, and send the readings that are subscribed to."""
    names: set[str] = set()

    def answer(command: Command) -> dict[str, Any]:
        names.update(command.subscribe)
        names.difference_update(command.unsubscribe)
        return {"echo": command.echo, "subscribed": sorted(names)}

    def handler(commands: Stream[Command]) -> Stream[Any]:
        readings = events.subscribe().map(ServerSentEvent.json)
        return ait.merge(commands.map(answer), readings.filter(lambda one: one["name"] in names))

    await websocket.accept()
    await duplex(websocket, handler, parse=Command.model_validate_json, max_size=10_000)


libraries = LIBRARIES if LIBRARIES.is_dir() else None  # then the page says what is missing
app.mount("/libraries", StaticFiles(directory=libraries))
app.mount("/", StaticFiles(directory=PAGE, html=True))
