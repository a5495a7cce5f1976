"""A thousand WebSocket clients of one server process: all served, bounded in memory, all let go."""

from __future__ import annotations

import asyncio
import contextlib
import resource

import httpx
import pytest
from websockets.asyncio.client import connect

from .test_web_servers import Server

CLIENTS = 1000
PER_CLIENT = 100_000  # bytes: measured are about 33 kB, most of it uvicorn's and the sockets'


@pytest.fixture
def server():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))  # also for the server
    server = Server("starlette")
    yield server
    server.stop()


async def memory(server):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{server.http}/counts", timeout=30)).json()["memory"]


@pytest.mark.crowd
def test_a_thousand_clients_are_served_and_let_go(server, record_property):
    """Half of them subscribe, half talk; then all vanish at the same time."""

    async def served():
        before = await memory(server)
        async with contextlib.AsyncExitStack() as stack:
            clients = {"feed": [], "echo": []}
            for _ in range(CLIENTS // 50):
                paths = [*clients] * 25
                made = await asyncio.gather(
                    *(connect(f"{server.ws}/{path}", compression=None) for path in paths)
                )
                for path, client in zip(paths, made, strict=True):
                    clients[path].append(client)
                    stack.callback(client.transport.abort)
            await server.until(connections=CLIENTS, subscribers=CLIENTS // 2)

            async def talk(client, number):
                for turn in range(3):
                    await client.send(f"{number} {turn}")
                    assert await client.recv() == f"{number} {turn}"

            await server.publish(10)
            await asyncio.gather(*(talk(c, i) for i, c in enumerate(clients["echo"])))
            for client in clients["feed"]:
                found = [int(await client.recv()) for _ in range(10)]
                assert found == [*range(found[0], found[0] + 10)]
            each = (await memory(server) - before) / CLIENTS
            assert each < PER_CLIENT
        await server.settled()
        return each

    each = asyncio.run(asyncio.wait_for(served(), 60))
    record_property("bytes per client", each)
