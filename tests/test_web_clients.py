"""event_source and ndjson over httpx, and what follows it; the network is played here."""

from __future__ import annotations

import asyncio
import json
import sys

import httpx
import httpx2
import pytest

import aitertools as ait
from aitertools.web import ServerSentEvent, event_source, ndjson

from .virtual import now, run

NEVER = None


@pytest.fixture(autouse=True, params=[httpx, httpx2], ids=["httpx", "httpx2"])
def _library(request, monkeypatch):
    """Have each test be one of both libraries."""
    monkeypatch.setattr(sys.modules[__name__], "httpx", request.param)


class Body(httpx.AsyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces: bytes, seconds to wait, an error, or None for no end."""

    def __init__(self, *pieces):
        self.pieces, self.closes = pieces, 0

    async def __aiter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if piece is NEVER:
                await asyncio.get_running_loop().create_future()
            elif isinstance(piece, bytes):
                yield piece
            else:
                await asyncio.sleep(piece)

    async def aclose(self):
        self.closes += 1


class Site:
    """Answers requests in turn, and notes them, and when."""

    def __init__(self, *answers):
        self.answers, self.requests, self.times = list(answers), [], []
        self.bodies = [answer[1] for answer in answers if isinstance(answer, tuple)]

    async def __call__(self, request):
        self.requests.append(request)
        self.times.append(now())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        kind = "text/event-stream; charset=utf-8" if status == 200 else "text/plain"
        headers = {"content-type": getattr(body, "kind", kind)}
        return httpx.Response(status, headers=headers, stream=body)

    def client(self):
        return httpx.AsyncClient(transport=httpx.MockTransport(self))

    @property
    def last_ids(self):
        return [request.headers.get("last-event-id") for request in self.requests]


def events(*pieces, status=200):
    return status, Body(*pieces)


def visit(site, *, retry=None, **how):
    """All events of a site, or the error."""

    async def main():
        async with site.client() as client:
            source = event_source(client, "http://a/feed", retry=retry, **how)
            found = await source.catch((httpx.HTTPError, ValueError), lambda error: error).list()
            assert [body.closes for body in site.bodies] == [1] * len(site.bodies)
            return found

    return run(main())


A, B = ServerSentEvent("a", id="1"), ServerSentEvent("b", id="2")


def test_events_come_as_they_are_sent_and_the_end_is_the_end():
    site = Site(events(b"id: 1\nda", 1, b"ta: a\n\n: x\n\nid: 2\nda", b"ta: b\n\ndata: not"))
    assert visit(site, headers={"x-a": "b"}, params={"q": "1"}) == [A, B]
    request = site.requests[0]
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["x-a"] == "b"
    assert request.url == "http://a/feed?q=1"
    assert request.extensions["timeout"]["read"] is None


def test_it_comes_again_where_it_was_when_the_connection_is_lost():
    site = Site(
        httpx.ConnectError("no"),
        events(b"id: 1\ndata: a\n\n", httpx.ReadError("lost")),
        events(status=503),
        events(b"id: 2\ndata: b\n\n"),
        events(status=204),
    )
    assert visit(site, retry=ait.fixed(2, attempts=3), last_id="é") == [A, B]
    raw = [dict(request.headers.raw)[b"last-event-id"] for request in site.requests]
    assert raw == ["é".encode(), "é".encode(), b"1", b"1", b"2"]
    assert site.times == [0, 2, 4, 6, 8]


def test_it_waits_as_long_as_the_server_says():
    site = Site(
        events(b"retry: 5000\n\ndata: a\n\n"),
        events(b"data: b\n\n"),
        events(b"retry: 99999999\n\n"),
        events(status=204),
    )
    assert [e.data for e in visit(site, retry=ait.fixed(1))] == ["a", "b"]
    assert site.times == [0, 6, 12, 12 + 3601]


def test_when_the_schedule_is_over_the_last_error_is_raised():
    site = Site(events(b"id: 1\ndata: a\n\n"), httpx.ConnectError("no"), events())
    found = visit(site, retry=ait.fixed(1, attempts=3))
    assert found[0] == A
    assert isinstance(found[1], httpx.RemoteProtocolError)
    assert "http://a/feed ended the response" in str(found[1])


@pytest.mark.parametrize("status", [201, 301, 400, 404, 501])
def test_what_will_not_pass_is_not_tried_again(status):
    site = Site(events(status=status))
    (error,) = visit(site, retry=ait.fixed(1))
    assert isinstance(error, httpx.HTTPStatusError)
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_without_retry_nothing_is_tried_again(status):
    (error,) = visit(Site(events(status=status)))
    assert isinstance(error, httpx.HTTPStatusError)


def test_what_is_no_event_stream_is_an_error():
    body = Body(b"<html>")
    body.kind = "text/html"
    (error,) = visit(Site((200, body)), retry=ait.fixed(1))
    assert isinstance(error, httpx.DecodingError)
    assert "text/html, not text/event-stream" in str(error)


def test_an_event_that_is_too_long_is_an_error_in_its_place():
    async def main():
        site = Site(events(b"data: a\n\ndata: " + b"x" * 200, b"x\n\ndata: b\n\n"))
        async with site.client() as client:
            source = event_source(client, "http://a", max_size=100)
            assert (await anext(source)).data == "a"
            with pytest.raises(ValueError, match="longer than 100 bytes"):
                await anext(source)
            assert [event.data async for event in source] == ["b"]

    run(main())


@pytest.mark.parametrize("retry", [None, ait.fixed(1)])
def test_closing_closes_the_response_also_while_it_is_waited_for(retry):
    async def main():
        site = Site(events(b"data: a\n\n", NEVER))
        async with site.client() as client:
            source = event_source(client, "http://a", retry=retry)
            assert (await anext(source)).data == "a"
            pull = asyncio.ensure_future(anext(source, None))
            await asyncio.sleep(1)
            await source.aclose()
            assert await pull is None
            assert site.bodies[0].closes == 1
            assert not client.is_closed

    run(main())


def test_closed_before_it_began_it_requests_nothing():
    async def main():
        site = Site()
        async with site.client() as client:
            await event_source(client, "http://a").aclose()
            await event_source(client, "http://a", retry=ait.fixed(1)).aclose()
        assert site.requests == []

    run(main())


def test_after_a_cancelled_pull_it_connects_again_or_says_that_it_cannot():
    async def main():
        site = Site(
            events(b"id: 1\ndata: a\n\n", NEVER),
            events(b"id: 2\ndata: b\n\n", NEVER),
            events(b"data: c\n\n", NEVER),
        )
        async with site.client() as client:
            for retry in (ait.fixed(1), None):
                async with event_source(client, "http://a", retry=retry) as source:
                    await anext(source)
                    pull = asyncio.ensure_future(anext(source))
                    await asyncio.sleep(1)
                    pull.cancel()
                    await asyncio.wait([pull])
                    assert pull.cancelled()
                    if retry is not None:
                        assert await anext(source) == B
                        assert site.last_ids[:2] == [None, "1"]
                    else:
                        with pytest.raises(httpx.StreamConsumed):
                            await anext(source)
        assert [body.closes for body in site.bodies] == [1, 1, 1]

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error"), [({"max_size": 0}, ValueError), ({"retry": 3}, TypeError)]
)
def test_bad_arguments_fail_at_once(arguments, error):
    with pytest.raises(error):
        event_source(httpx.AsyncClient(), "http://a", **arguments)


@pytest.mark.parametrize("client", [None, "client", Site()])
def test_a_client_of_something_else_is_refused(client):
    with pytest.raises(TypeError, match=r"^event_source\(\): client must be an AsyncClient"):
        event_source(client, "http://a")


def test_a_client_may_be_a_subclass():
    class Mine(httpx.AsyncClient):
        pass

    event_source(Mine(), "http://a")


# ---- ndjson --------------------------------------------------------------------------------------


def test_the_values_of_a_response_come_as_they_are_sent():
    async def main():
        body = Body(b'{"a": 1}\n\n[', 1, b"2]\nx\n3", 1, b"4")
        async with Site((200, body)).client() as client, client.stream("GET", "http://a") as r:
            values = ndjson(r)
            assert await values.head(2) == [{"a": 1}, [2]]
            assert now() == 1
            with pytest.raises(ValueError, match=r"^line 4: Expecting value") as info:
                await anext(values)
            assert isinstance(info.value.__cause__, json.JSONDecodeError)
            assert await values.list() == [34]
            assert body.closes == 1

    run(main())


def test_a_response_that_breaks_off_has_no_last_value():
    async def main():
        body = Body(b"1\n2", httpx.ReadError("lost"))
        async with Site((200, body)).client() as client, client.stream("GET", "http://a") as r:
            values = ndjson(r)
            assert await anext(values) == 1
            with pytest.raises(httpx.ReadError):
                await anext(values)
            assert await values.list() == []

    run(main())


def test_the_response_is_closed_with_the_stream():
    async def main():
        body = Body(b"1\n", NEVER)
        async with Site((200, body)).client() as client, client.stream("GET", "http://a") as r:
            assert await ndjson(r).first() == 1
            assert r.is_closed
            assert body.closes == 1

    run(main())
