"""WebSockets, beside handlers written by hand for Starlette: `python -m benchmarks.web`.

uvicorn runs in a process of its own; what is measured is the CPU time of that process per message,
in interleaved rounds, and the resident memory of an idle client. `by hand` is the shortest code
that works as long as nobody leaves; `by hand, watching` also notices that, with a second task.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect

import aitertools as ait
from aitertools.web import duplex, messages, send_all
from benchmarks.flat import resident

TEXT = "x" * 100
CLIENTS, WINDOW = 20, 100  # messages that are under way per client
IDLE = 300

# ---- the handlers --------------------------------------------------------------------------------

queues: set["asyncio.Queue[str]"] = set()
topic: ait.Topic[str] = ait.Topic(maxlag=None)


async def echo_by_hand(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


async def echo_messages(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        async for text in messages(websocket):
            await websocket.send_text(text)


async def echo_duplex(websocket: WebSocket) -> None:
    await websocket.accept()
    await duplex(websocket, lambda incoming: incoming)


@contextlib.contextmanager
def subscribed() -> Any:
    queue: asyncio.Queue[str] = asyncio.Queue()
    queues.add(queue)
    try:
        yield queue
    finally:
        queues.remove(queue)


async def send_from(queue: "asyncio.Queue[str]", websocket: WebSocket) -> None:
    while True:
        await websocket.send_text(await queue.get())


async def feed_by_hand(websocket: WebSocket) -> None:
    await websocket.accept()
    with subscribed() as queue, contextlib.suppress(WebSocketDisconnect):
        await send_from(queue, websocket)


async def feed_by_hand_watching(websocket: WebSocket) -> None:
    await websocket.accept()

    async def watch() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    with subscribed() as queue:
        tasks = {
            asyncio.create_task(watch()),
            asyncio.create_task(send_from(queue, websocket)),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def feed_send_all(websocket: WebSocket) -> None:
    await websocket.accept()
    await send_all(websocket, topic.subscribe())


async def publish(request: Request) -> JSONResponse:
    for _ in range(int(request.query_params["n"])):
        for queue in queues:
            queue.put_nowait(TEXT)
        if topic.subscribers:
            topic.publish_nowait(TEXT)
    return JSONResponse(len(queues) + topic.subscribers)


async def used(_: Request) -> JSONResponse:
    gc.collect()
    return JSONResponse({"cpu": time.process_time(), "memory": resident()})


HANDLERS = [
    *(echo_by_hand, echo_messages, echo_duplex),
    *(feed_by_hand, feed_by_hand_watching, feed_send_all),
]


def serve() -> None:
    app = Starlette(
        routes=[
            *(WebSocketRoute(f"/{handler.__name__}", handler) for handler in HANDLERS),
            *(Route(f"/{view.__name__}", view) for view in (publish, used)),
        ]
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="error", ws_ping_interval=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


# ---- the clients ---------------------------------------------------------------------------------


class Server:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.web", "serve"]
        root = Path(__file__).parent.parent
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    async def get(self, path: str) -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    @contextlib.asynccontextmanager
    async def clients(self, path: str, n: int) -> AsyncIterator[list[ClientConnection]]:
        url = f"ws://127.0.0.1:{self.port}/{path}"
        made = [await connect(url, compression=None, max_queue=None) for _ in range(n)]
        try:
            yield made
        finally:
            for client in made:
                client.transport.abort()
            await asyncio.sleep(0.2)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


async def echo(_: Server, clients: list[ClientConnection], each: int) -> None:
    async def talk(client: ClientConnection) -> None:
        for _ in range(each // WINDOW):
            for _ in range(WINDOW):
                await client.send(TEXT)
            for _ in range(WINDOW):
                await client.recv()

    await asyncio.gather(*map(talk, clients))


async def feed(server: Server, clients: list[ClientConnection], each: int) -> None:
    async def listen(client: ClientConnection) -> None:
        for _ in range(WINDOW):
            await client.recv()

    for _ in range(each // WINDOW):
        await server.get(f"publish?n={WINDOW}")
        await asyncio.gather(*map(listen, clients))


Work = Callable[[Server, list[ClientConnection], int], Awaitable[None]]


async def cost(server: Server, path: str, work: Work, each: int) -> tuple[float, float]:
    """Microseconds of CPU per message, and messages per second."""
    async with server.clients(path, CLIENTS) as clients:
        await work(server, clients, WINDOW)
        before, began = (await server.get("used"))["cpu"], time.perf_counter()
        await work(server, clients, each)
        took = time.perf_counter() - began
        cpu = (await server.get("used"))["cpu"] - before
    return cpu / (CLIENTS * each) * 1e6, CLIENTS * each / took


async def weight(path: str) -> float:
    """Kilobytes of the server for an idle client."""
    server = Server()
    try:
        async with server.clients(path, 20):
            pass
        before = (await server.get("used"))["memory"]
        async with server.clients(path, IDLE):
            await asyncio.sleep(0.2)
            return float((await server.get("used"))["memory"] - before) / IDLE / 1000
    finally:
        server.stop()


async def measure(each: int, rounds: int) -> None:
    server = Server()
    found: dict[str, list[tuple[float, float]]] = {h.__name__: [] for h in HANDLERS}
    try:
        for _ in range(rounds):
            for name, runs in found.items():
                work = echo if name.startswith("echo") else feed
                runs.append(await cost(server, name, work, each))
    finally:
        server.stop()
    print("| handler | µs of CPU per message | against by hand | messages per s | kB per client |")
    print("|---|--:|--:|--:|--:|")
    for name, runs in found.items():
        kind, _, how = name.partition("_")
        base = statistics.median(cpu for cpu, _ in found[f"{kind}_by_hand"])
        cpu = statistics.median(cpu for cpu, _ in runs)
        rate = statistics.median(rate for _, rate in runs)
        kilobytes = await weight(name)
        label = f"{kind}, {how.replace('_', ' ')}"
        print(f"| {label} | {cpu:.1f} | {cpu / base:.2f} | {rate:,.0f} | {kilobytes:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web", description=__doc__)
    parser.add_argument("mode", nargs="?", choices=["measure", "serve"], default="measure")
    parser.add_argument("--messages", type=int, default=1000, help="of each client, in a round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    if arguments.mode == "serve":
        serve()
    else:
        asyncio.run(measure(arguments.messages, arguments.rounds))


if __name__ == "__main__":
    main()
