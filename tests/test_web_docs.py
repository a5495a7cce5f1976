"""The examples of docs/web.md run, one after the other, and do what is said of them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

PAGE = Path(__file__).parent.parent / "docs" / "web.md"


@pytest.fixture(scope="module")
def page():
    """The names that the examples define."""
    saved = []

    async def save(rows):
        saved.extend(rows)

    names = {"save": save, "saved": saved, "__name__": "page"}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
    return names


@pytest.fixture
def client(page):
    with TestClient(page["app"]) as client:
        page["saved"].clear()
        yield client


def test_the_websocket(client):
    with client.websocket_connect("/double") as websocket:
        websocket.send_text("21")
        assert websocket.receive_text() == "42"
        websocket.send_text("x")
        with pytest.raises(WebSocketDisconnect) as info:
            websocket.receive_text()
        assert info.value.code == 1007


def test_the_clock(client):
    with client.websocket_connect("/clock") as websocket:
        assert websocket.receive_text() == "tick 0"
        websocket.send_text("a")
        assert websocket.receive_text() == "A"


def test_the_log(client, page):
    with client.websocket_connect("/log") as websocket:
        for word in "abc":
            websocket.send_text(word)
    assert page["saved"] == ["a", "b", "c"]


def test_the_feed(client, page):
    page["readings"].publish_nowait({"load": 0.5})
    with client.websocket_connect("/readings") as websocket:
        assert websocket.receive_json() == {"load": 0.5}


def test_the_ingest(client, page):
    assert client.post("/ingest", content=b'{"a": 1}\n[2]').json() == {"ok": True}
    assert page["saved"] == [{"a": 1}, [2]]
    answer = client.post("/ingest", content=b"1\n\nx\n")
    assert answer.status_code == 400
    assert answer.json() == {"detail": "line 3: Expecting value: line 1 column 1 (char 0)"}


def test_the_clients(page, capsys):
    async def main():
        async def application(scope, receive, send):
            """The page's, but a request for events ends as soon as there are two."""
            await page["app"](scope, receive, send)

        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            await page["rows"](client)
            for number, text in enumerate("abc"):
                await client.post(f"/events/{number}", content=text.encode())
            page["events"].shutdown()  # so that the response, which this transport gathers, ends
            await page["follow"](client)

    asyncio.run(main())
    assert capsys.readouterr().out == "[{'n': 0}, {'n': 1}, {'n': 2}]\n0 a\n1 b\n"


def test_a_lifespan_of_ones_own(page):
    async def main():
        async with page["lifespan"](None) as state:
            return state

    state = asyncio.run(main())
    assert state.keys() == {"aitertools.web.draining", "started"}
