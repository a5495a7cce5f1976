"""Real peers: uvicorn in a process of its own, clients of websockets and httpx, over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import aitertools as ait
from aitertools.web import event_source, ndjson

WAIT = 4  # seconds of real time after which something does not come any more


class Server:
    """uvicorn with tests/web_app.py."""

    def __init__(self, framework):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.web_app", framework],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.process.stdout.readline())
        self.http, self.ws = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}"
        self.idle = asyncio.run(self.counts())

    async def counts(self):
        async with httpx.AsyncClient() as client:
            found = (await client.get(f"{self.http}/counts", timeout=30)).json()
        return {name: found[name] for name in found if name not in {"produced", "memory"}}

    async def settled(self):
        """Wait until nothing is left in it: no task, source, subscriber or connection."""
        until = time.monotonic() + WAIT
        while (found := await self.counts()) != self.idle:
            assert time.monotonic() < until, found
            await asyncio.sleep(0.02)

    async def until(self, **expected):
        """Wait until it counts so much."""
        until = time.monotonic() + WAIT
        while True:
            found = await self.counts()
            if all(found[name] == value for name, value in expected.items()):
                return
            assert time.monotonic() < until, found
            await asyncio.sleep(0.02)

    async def publish(self, n):
        async with httpx.AsyncClient() as client:
            await client.post(f"{self.http}/publish?n={n}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT)
        self.process.stdout.close()


@pytest.fixture(scope="module", params=["starlette", "fastapi"])
def server(request):
    server = Server(request.param)
    yield server
    server.stop()


@pytest.fixture
def started():
    server = Server("fastapi")
    yield server
    server.stop()


def run(main):
    """Run a coroutine function in real time, but not too much of that."""
    asyncio.run(asyncio.wait_for(main(), 2 * WAIT))


async def close_of(client):
    """Read until it is closed; the code and the reason."""
    try:
        async for _ in client:
            pass
    except ConnectionClosed:
        pass
    return client.close_code, client.close_reason


# ---- as it should be -----------------------------------------------------------------------------


def test_echo_and_a_clean_end(server):
    async def main():
        async with connect(f"{server.ws}/echo") as client:
            for word in ("a", "é" * 1000, ""):
                await client.send(word)
                assert await client.recv() == word
        await server.settled()

    run(main)


def test_each_subscriber_gets_all(server):
    async def main():
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(connect(f"{server.ws}/feed")) for _ in range(20)
            ]
            await server.until(subscribers=20)
            await server.publish(50)
            for client in clients:
                found = [int(await client.recv()) for _ in range(50)]
                assert found == [*range(found[0], found[0] + 50)]
        await server.settled()

    run(main)


def test_a_loop_of_messages_beside_a_sender(server):
    async def main():
        async with connect(f"{server.ws}/plain") as client:
            await client.send("a")
            assert await client.recv() == "A"
        await server.settled()

    run(main)


def test_events_are_resumed_without_a_gap_or_a_double(server):
    """The server ends each response after a few events; the client comes again."""

    async def main():
        async with httpx.AsyncClient() as client:
            source = event_source(
                client, f"{server.http}/events?limit=7", retry=ait.fixed(0, attempts=50)
            )
            await server.publish(90)
            async with source:
                first = int((await anext(source)).data)
                found = [int(event.data) for event in await source.head(60)]
                assert found == [*range(first + 1, first + 61)]
        await server.settled()

    run(main)


def test_a_body_is_read_to_its_end(server):
    async def main():
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{server.http}/ingest", content=b"1\n2\n\n3")
            assert answer.json() == 6
        await server.settled()

    run(main)


def test_ndjson_of_a_server_is_read_by_a_client(server):
    async def main():
        async with httpx.AsyncClient() as client:
            posting = client.stream("POST", f"{server.http}/transform", content=b"1\n2\n3\n")
            async with posting as response:
                assert await ndjson(response).list() == [2, 4, 6]
        await server.settled()

    run(main)


def test_a_body_is_answered_line_by_line_while_it_is_sent(server):
    """The whole body is sent first by httpx, so this one is made by hand."""

    async def main():
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /transform HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for number in range(5):
            line = b"%d\n" % number
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await reader.readuntil(b"\r\n")
            assert await reader.readuntil(b"\n\r\n") == b"%d\n\r\n" % (2 * number)
        writer.write(b"0\r\n\r\n")
        assert await reader.readuntil(b"0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        await server.settled()

    run(main)


# ---- garbage -------------------------------------------------------------------------------------

GARBAGE = {
    "no json": ("{", 1007, "invalid message: Expecting property name"),
    "no utf-8": (b'"\xff"', 1007, "invalid message: "),
    "too large": ("x" * 1001, 1009, "message is longer than 1000 bytes"),
    "much too large": ("x" * 2_000_000, 1009, "message is longer than 1000 bytes"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_closes_that_client_and_no_other(server, case):
    message, code, reason = GARBAGE[case]

    async def main():
        async with connect(f"{server.ws}/add") as good, connect(f"{server.ws}/add") as bad:
            await good.send("[1, 2]")
            await bad.send(message)
            found = await close_of(bad)
            assert found[0] == code
            assert found[1].startswith(reason)
            assert await good.recv() == "3"
            await good.send(b"[3, 4]")
            assert await good.recv() == "7"
        await server.settled()

    run(main)


def test_an_error_in_the_handler_is_1011_without_its_text(server):
    async def main():
        async with connect(f"{server.ws}/broken") as client:
            await client.send("1")
            assert await client.recv() == "1"
            await client.send("x")
            assert await close_of(client) == (1011, "internal error")
        await server.settled()

    run(main)


def test_frames_that_are_none(server):
    async def main():
        client = await connect(f"{server.ws}/echo")
        client.transport.write(b"\xff" * 1000)
        assert (await close_of(client))[0] == 1002
        await server.settled()

    run(main)


BAD_LINES = {
    "no json": (b"1\n\n{\n", 400, "line 3: Expecting property name"),
    "no utf-8": (b'1\n"\xff"\n', 400, "line 2: 'utf-8' codec"),
    "too large": (b"1\n" + b" " * 5000 + b"\n", 413, "line 2 is longer than 1000 bytes"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_answered_with_its_number(server, case):
    body, status, message = BAD_LINES[case]

    async def main():
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{server.http}/ingest", content=body)
            assert answer.status_code == status
            assert message in answer.text
        await server.settled()

    run(main)


# ---- clients that vanish -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["echo", "add", "feed", "idle", "plain", "flooded"])
def test_a_websocket_that_vanishes_leaves_nothing(server, path):
    async def main():
        client = await connect(f"{server.ws}/{path}", max_queue=1, compression=None)
        await server.until(connections=1)
        client.transport.abort()
        await server.settled()

    run(main)


@pytest.mark.parametrize("path", ["events", "idle_events", "flood_events"])
def test_a_listener_that_vanishes_leaves_nothing(server, path):
    async def main():
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n" % path.encode())
        await server.until(connections=1)
        writer.transport.abort()
        await server.settled()

    run(main)


@pytest.mark.parametrize("path", ["ingest", "transform"])
def test_who_vanishes_amid_a_body_leaves_nothing(server, path):
    async def main():
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /%s HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n1\n2" % path.encode()
        )
        await server.until(connections=1)
        writer.transport.abort()
        await server.settled()

    run(main)


# ---- clients that read slowly --------------------------------------------------------------------


async def produced(server):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{server.http}/counts")).json()["produced"]


@pytest.mark.parametrize("path", ["flooded", "flood_events"])
def test_who_does_not_read_holds_the_source_back_and_is_left(server, path):
    """The messages are 10 kB; what the sockets hold is a few megabytes at most."""

    async def main():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.port))
        upgrade = (
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        )
        more = upgrade if path == "flooded" else ""
        sock.sendall(f"GET /{path} HTTP/1.1\r\nhost: x\r\n{more}\r\n".encode())
        await server.until(connections=1)
        await server.until(sources=[])
        assert 1 < await produced(server) < 2000
        sock.close()
        await server.settled()

    run(main)


def test_who_reads_again_in_time_is_told_why(server):
    async def main():
        async with connect(f"{server.ws}/flooded", max_queue=1, compression=None) as client:
            await asyncio.sleep(1)  # real time: what a slow client takes
            assert await close_of(client) == (1008, "reads too slowly")
        await server.settled()

    run(main)


# ---- shutdown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_shuts_down_lets_all_go(started, number):
    server = started

    async def main():
        async with contextlib.AsyncExitStack() as stack:
            clients = {
                path: await stack.enter_async_context(connect(f"{server.ws}/{path}"))
                for path in ("echo", "feed", "idle", "plain")
            }
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=WAIT))
            feeds = [
                await stack.enter_async_context(http.stream("GET", f"{server.http}/{path}"))
                for path in ("events", "idle_events")
            ]
            await server.publish(3)
            began = time.monotonic()
            server.process.send_signal(number)
            for path, client in clients.items():
                assert (await close_of(client))[0] == 1012, path
            texts = [(await feed.aread()).decode() for feed in feeds]  # complete, or it raises
            assert texts[0].count("data: ") == 3
            await asyncio.to_thread(server.process.wait, WAIT)
            assert time.monotonic() - began < 3
            assert server.process.returncode in {-number, 0, 130}

    run(main)
