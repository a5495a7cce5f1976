"""The example live_feed: what it measures, and what its clients get, without a browser."""

from __future__ import annotations

import asyncio
import json
import socket
from types import SimpleNamespace

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from aitertools import testing
from aitertools.web import event_source

from .live_feed import WAIT, Server

psutil = pytest.importorskip("psutil")  # and with it fastapi: the extra examples

from examples.live_feed import readings  # noqa: E402 -- it needs them

HELLO = '{"name": "hello", "value": 1, "time": 5}'

# ---- what is measured ----------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch):
    """Return a machine that sends 100 bytes between two looks, and receives none."""
    counted = iter(range(0, 10_000, 100))
    monkeypatch.setattr("os.getloadavg", lambda: (0.5, 9, 9))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(percent=20.5))
    monkeypatch.setattr(
        psutil,
        "net_io_counters",
        lambda: SimpleNamespace(bytes_sent=next(counted), bytes_recv=7),
    )
    monkeypatch.setattr(readings.time, "monotonic", lambda: asyncio.get_running_loop().time())


@pytest.mark.usefixtures("machine")
def test_load_memory_and_network_are_measured_each_so_often():
    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with readings.measured(2) as measured:
            return [(loop.time() - began, one.name, one.value) async for one in measured.take(10)]

    assert sorted(testing.run(main())) == [
        (0, "load", 0.5),
        (0, "memory", 20.5),
        (2, "load", 0.5),
        (2, "memory", 20.5),
        (2, "received", 0),
        (2, "sent", 50),
        (4, "load", 0.5),
        (4, "memory", 20.5),
        (4, "received", 0),
        (4, "sent", 50),
    ]


# ---- what clients get ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("live_feed") / "server.log")
    yield server
    server.kill()
    # asyncio says that of each write to a client that is gone, before it can tell the server: there
    # may be a thousand events that are ready to be sent.
    assert {*server.log.read_text().splitlines()} <= {"socket.send() raised exception."}


async def events(server, n, last_id=None):
    """Return the next events, after the one with that id."""
    headers = {} if last_id is None else {"last-event-id": last_id}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=WAIT) as client,
        event_source(client, "/events") as source,
    ):
        return await source.take(n).list()


def number(event):
    """Return the how manieth of a run of the server it is."""
    return int(event.id.partition("-")[2])


def test_events_go_on_where_a_client_has_left(server):
    first = asyncio.run(events(server, 10))
    again = asyncio.run(events(server, 10, last_id=first[5].id))
    assert [number(event) for event in first] == [*range(10)]
    assert [number(event) for event in again] == [*range(6, 16)]
    assert again[:4] == first[6:]
    assert {event.json()["name"] for event in first} == {"load", "memory", "sent", "received"}


def test_an_id_of_another_run_of_the_server_gets_what_there_is(server):
    found = asyncio.run(events(server, 3, last_id="18a-5"))
    assert [number(event) for event in found] == [0, 1, 2]


def tell(client, **command):
    """Send a command; return its answer, which readings may come before."""
    client.send(json.dumps(command))
    while "subscribed" not in (answer := json.loads(client.recv(WAIT))):
        pass
    return answer


def test_a_socket_echoes(server):
    with connect(f"{server.url}/socket".replace("http", "ws")) as client:
        for value in ("a", 1.5, None, [1, {"é": True}]):
            assert tell(client, echo=value) == {"echo": value, "subscribed": []}


def test_a_socket_sends_what_is_subscribed_to(server):
    with connect(f"{server.url}/socket".replace("http", "ws")) as client:
        assert tell(client, subscribe=["hello", "nobody"])["subscribed"] == ["hello", "nobody"]
        server.post(json.loads(HELLO))
        assert json.loads(client.recv(WAIT)) == json.loads(HELLO)
        assert tell(client, unsubscribe=["hello"], subscribe=["load"])["subscribed"] == [
            "load",
            "nobody",
        ]
        server.post(json.loads(HELLO))
        assert {json.loads(client.recv(WAIT))["name"] for _ in range(3)} == {"load"}


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        ("{", 1007),
        ('{"shout": 1}', 1007),
        ('{"subscribe": "load"}', 1007),
        (b"\0", 1007),
        ("x" * 10_001, 1009),
    ],
    ids=["no JSON", "unknown", "no list", "bytes", "long"],
)
def test_garbage_closes_its_client_and_no_other(server, garbage, code):
    url = f"{server.url}/socket".replace("http", "ws")
    with connect(url) as client, connect(url) as other:
        client.send(garbage)
        with pytest.raises(ConnectionClosed):
            client.recv(WAIT)
        assert client.protocol.close_code == code
        assert client.protocol.close_reason
        assert tell(other, echo=1)["echo"] == 1


def ingest(server, *lines):
    return httpx.post(f"{server.url}/readings", content="\n".join(lines), timeout=WAIT)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"name": "a"}',
        '{"name": "", "value": 1}',
        '{"name": "a", "value": NaN}',
        '{"name": "a", "value": 1e999}',
        '{"name": "a", "value": 1, "unit": "m"}',
        json.dumps({"name": "a" * 41, "value": 1}),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_published(server, line):
    with connect(f"{server.url}/socket".replace("http", "ws")) as client:
        tell(client, subscribe=["hello"])
        answer = ingest(server, HELLO, line, HELLO)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("line 2: ")
        assert json.loads(client.recv(WAIT))["name"] == "hello"


def test_a_line_that_is_too_long_is_refused(server):
    assert ingest(server, "x" * 10_001).status_code == 413


def test_clients_that_vanish_leave_nothing(server):
    with httpx.stream("GET", f"{server.url}/events", timeout=WAIT) as response:
        next(response.iter_lines())
    with connect(f"{server.url}/socket".replace("http", "ws")) as client:
        tell(client, subscribe=["load"])
        client.socket.shutdown(socket.SHUT_RDWR)
    server.alone()


def test_at_its_end_clients_are_told(tmp_path):
    server = Server(tmp_path / "server.log")
    with connect(f"{server.url}/socket".replace("http", "ws")) as client:
        tell(client, echo=1)
        server.stop()
        with pytest.raises(ConnectionClosed):
            client.recv(WAIT)
        assert client.protocol.close_code == 1012
    assert not server.log.read_text()
