"""EventSourceResponse, resume, NDJSONResponse and ndjson against a peer made by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import aitertools as ait
from aitertools.web import EventSourceResponse, NDJSONResponse, ServerSentEvent, ndjson, resume
from aitertools.web.eventstream import Decoder

from .test_web_bytes import pieces
from .virtual import now, run
from .web_peers import Peer, Source

NEVER = None


def after(seconds, act, *args):
    asyncio.get_running_loop().call_later(seconds, act, *args)


def browser(**how):
    peer = Peer(kind="http", **how)
    peer.body(b"")
    return peer


MAKES = {"events": EventSourceResponse, "ndjson": NDJSONResponse}
each_response = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)


# ---- responses -----------------------------------------------------------------------------------


def test_items_are_events():
    async def main():
        peer = browser()
        event = ServerSentEvent("x\ny", event="e", id="7")
        await peer.gets(EventSourceResponse(Source("a", {"b": 1}, event), retry=1500))
        assert peer.status == 200
        assert peer.text == (
            'retry: 1500\n\ndata: a\n\ndata: {"b":1}\n\nevent: e\nid: 7\ndata: x\ndata: y\n\n'
        )
        assert peer.complete
        headers = dict(peer.heard[0]["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"cache-control"] == b"no-store"

    run(main())


def test_items_are_lines():
    async def main():
        peer = browser()
        await peer.gets(NDJSONResponse(Source({"a": "é"}, "b", [1, True]), 201, {"x-a": "b"}))
        assert peer.status == 201
        assert peer.text == '{"a":"é"}\n"b"\n[1,true]\n'
        assert peer.complete
        headers = dict(peer.heard[0]["headers"])
        assert headers[b"content-type"] == b"application/x-ndjson"
        assert headers[b"x-a"] == b"b"

    run(main())


def test_a_silence_is_filled_with_comments_that_nobody_sees():
    async def main():
        peer = browser()
        source = Source("a", "b", pause=25)
        await peer.gets(EventSourceResponse(source, heartbeat=10))
        assert peer.text.count(":\n\n") == 6
        found = Decoder(None).feed(peer.text.encode())
        assert [event.data for event in found] == ["a", "b"]
        quiet = browser()
        await quiet.gets(EventSourceResponse(Source("a", pause=1000), heartbeat=None))
        assert quiet.text == "data: a\n\n"

    run(main())


@each_response
@pytest.mark.parametrize("when", [0, 0.5, 1.5, 100])
def test_the_source_is_closed_at_once_when_the_client_leaves(make, when):
    async def main():
        peer = browser()
        source, ran = Source("a", "b", NEVER, pause=1), []

        async def note():
            ran.append(now())

        after(when, peer.leave)
        await peer.gets(make(source, background=BackgroundTask(note)))
        assert source.closes == 1
        assert now() == when
        assert not peer.complete
        assert ran == [when]

    run(main())


@each_response
def test_back_pressure_reaches_the_source(make):
    async def main():
        peer = browser()
        source = Source(*"abcdef", pause=1)
        after(2.5, peer.reads.clear)
        task = asyncio.ensure_future(peer.gets(make(source)))
        await asyncio.sleep(25)
        assert source.given == 3
        peer.reads.set()
        await task
        assert peer.complete

    run(main())


@each_response
def test_who_reads_too_slowly_is_cut_off(make):
    async def main():
        peer = browser()
        source = Source(*"abc", pause=1)
        after(1.5, peer.reads.clear)
        await peer.gets(make(source, timeout=10))
        assert now() == 12
        assert source.closes == 1
        assert not peer.complete

    run(main())


@each_response
def test_an_error_of_the_source_is_raised_and_the_response_not_complete(make):
    async def main():
        peer = browser()
        source = Source("a", fails=KeyError("x"))
        with pytest.raises(KeyError):
            await peer.gets(make(source))
        assert source.closes == 1
        assert peer.status == 200
        assert not peer.complete

    run(main())


@each_response
def test_head_gets_the_headers_only(make):
    async def main():
        peer = browser(method="HEAD")
        source = Source("a", NEVER)
        await peer.gets(make(source))
        assert (source.pulls, source.closes) == (0, 1)
        assert peer.text == ""
        assert peer.complete

    run(main())


@each_response
@pytest.mark.parametrize("fault", ["cancel", "leave"])
@pytest.mark.parametrize("pause", [0, 0.05])
def test_whatever_happens_at_whatever_turn_nothing_is_left(make, fault, pause):
    async def struck(turn):
        peer, source = browser(), Source(*"abc", NEVER, pause=0.25)
        task = asyncio.ensure_future(peer.gets(make(source)))
        for _ in range(turn):
            await asyncio.sleep(pause)
        _ = task.cancel() if fault == "cancel" else peer.leave()
        began = now()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert now() == began
        assert source.closes == (turn > 0 or fault == "leave")

    for turn in range(40):
        run(struck(turn))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"heartbeat": 0}, ValueError, "heartbeat"),
        ({"retry": -1}, ValueError, "retry must not be negative"),
        ({"timeout": 0}, ValueError, r"^EventSourceResponse\(\): timeout must be positive"),
        ({"content": 3}, TypeError, "iterable"),
    ],
)
def test_bad_arguments_fail_at_once(arguments, error, message):
    with pytest.raises(error, match=message):
        EventSourceResponse(**{"content": [], **arguments})


def test_a_line_of_ndjson_has_no_line_break():
    async def main():
        with pytest.raises(ValueError, match="line break"):
            await browser().gets(NDJSONResponse(["a\nb"], encode=str))

    run(main())


# ---- resume --------------------------------------------------------------------------------------


@given(st.integers(0, 6), st.integers(0, 9), st.none() | st.integers(-1, 9), st.booleans())
def test_who_comes_again_gets_what_came_after(replay, published, last, tells):
    gap = ServerSentEvent(event="missed") if tells else None

    async def main():
        topic = ait.Topic(replay=replay)
        for number in range(published):
            topic.publish_nowait(ServerSentEvent(str(number), id=str(number)))
        source = resume(topic, None if last is None else str(last), missed=gap)
        for number in range(published, published + 3):
            topic.publish_nowait(ServerSentEvent(str(number), id=str(number)))
        topic.shutdown()
        return [event.id for event in await source.list()]

    there = [*range(max(0, published - replay), published)]
    expected = there[there.index(last) + 1 :] if last in there else there
    missed = [None] if tells and last is not None and last not in there else []
    live = range(published, published + 3)
    assert run(main()) == [*missed, *map(str, [*expected, *live])]


@pytest.mark.parametrize("arguments", [([], "1"), (ait.Topic(), 1)])
def test_resume_refuses_what_is_no_topic_and_no_id(arguments):
    with pytest.raises(TypeError, match=r"^resume\(\): "):
        resume(*arguments)


# ---- bodies --------------------------------------------------------------------------------------

lines = st.lists(
    st.sampled_from([b"1", b'{"a": "b"}', b"", b"  ", b'"\xc3\xa9"', b"[1, 2]\r"]), max_size=6
)


@given(lines, st.booleans(), st.data())
def test_the_values_of_a_body_come_whatever_the_pieces(lines, ended, data):
    whole = b"\n".join(lines) + b"\n" * ended

    async def main():
        peer = Peer(kind="http", method="POST")
        peer.body(*data.draw(pieces(st.just(whole))))
        return await ndjson(peer.request()).list()

    assert run(main()) == [json.loads(line) for line in lines if line.strip()]


BAD = {
    "no json": (b"1\n\n{\n2\n", 400, "line 3: Expecting property name"),
    "no utf-8": (b'1\n\n"\xff"\n2', 400, "line 3: 'utf-8' codec can't decode"),
    "too deep": (b"1\n\n" + b"[" * 100_000 + b"\n2\n", 400, "line 3: nested too deeply"),
    "too long": (b"1\n\n" + b" " * 200_000 + b"\n2\n", 413, "line 3 is longer than 100000 bytes"),
    "cut off": (b"1\n2\n\n{", 400, "line 4: Expecting property name"),
}


@pytest.mark.parametrize("parse", ["plain", "async"])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_an_error_that_names_it_and_can_be_left_out(case, parse):
    body, status, message = BAD[case]

    async def loads(line):
        await asyncio.sleep(1)
        return json.loads(line)

    async def main(chunk):
        def request():
            peer = Peer(kind="http", method="POST")
            peer.body(*(body[i : i + chunk] for i in range(0, len(body), chunk)))
            way = {"parse": loads} if parse == "async" else {}
            return ndjson(peer.request(), max_size=100_000, **way)

        with pytest.raises(HTTPException) as info:
            await request().list()
        assert info.value.status_code == status
        assert info.value.detail.startswith(message)
        assert await request().suppress(HTTPException).list() == [1, 2]

    for chunk in (3, 65536):
        run(main(chunk))


def test_a_client_that_leaves_amid_its_body_is_an_error():
    async def main():
        peer = Peer(kind="http", method="POST")
        peer.body(b"1\n2", more=True)
        peer.leave()
        source = ndjson(peer.request())
        assert await anext(source) == 1
        with pytest.raises(ClientDisconnect):
            await anext(source)
        assert await source.list() == []

    run(main())


def test_a_body_is_read_as_it_is_asked_for_and_a_cancelled_pull_loses_nothing():
    async def main():
        peer = Peer(kind="http", method="POST")
        source = ndjson(peer.request())
        for number in range(5):
            pull = asyncio.ensure_future(anext(source))
            await asyncio.sleep(1)
            pull.cancel()
            await asyncio.wait([pull])
            peer.body(b"%d\n" % number, b"%d\n" % -number, more=True)
            assert await source.head(1) == [number]
            assert peer.inbox.qsize() == 1
            assert await source.head(1) == [-number]
        peer.body(b"")
        assert await source.list() == []

    run(main())


def test_who_reads_the_body_is_interrupted_once_and_may_clean_up():
    """By the response that ends, and not by an error of the body as well."""

    async def main():
        peer, done = Peer(kind="http", method="POST"), []
        peer.body(b"1\n", more=True)

        async def doubled(numbers):
            try:
                async for number in numbers:
                    yield 2 * number
            finally:
                for turn in range(9):
                    await asyncio.sleep(turn % 2)
                    done.append(turn)

        after(1, peer.leave)
        await peer.gets(NDJSONResponse(doubled(ndjson(peer.request()))))
        assert peer.text == "2\n"
        assert done == [*range(9)]

    run(main())


def test_who_reads_the_body_beside_a_response_is_not_left_waiting():
    async def main():
        peer = Peer(kind="http", method="POST")
        reading = asyncio.ensure_future(ndjson(peer.request()).list())
        after(1, peer.leave)
        await peer.gets(NDJSONResponse(Source(NEVER)))
        with pytest.raises(ClientDisconnect):
            await reading
        assert now() == 1

    run(main())


def test_a_response_does_not_take_the_body_from_who_reads_it():
    async def main():
        peer = Peer(kind="http", method="POST")
        task = asyncio.ensure_future(peer.gets(NDJSONResponse(ndjson(peer.request()).map(str))))
        for number in range(3):
            await asyncio.sleep(1)
            peer.body(b"%d\n" % number, more=True)
        await asyncio.sleep(1)
        assert peer.text == '"0"\n"1"\n"2"\n'
        peer.body(b"")
        await task
        assert peer.complete

    run(main())


@pytest.mark.parametrize("reads_on", [True, False])
def test_a_client_that_leaves_is_seen_while_and_after_its_body_is_read(reads_on):
    async def main():
        peer = Peer(kind="http", method="POST")
        peer.body(b"1\n", more=reads_on)
        source = Source(NEVER)
        after(5, peer.leave)
        await peer.gets(NDJSONResponse(ait.merge(ndjson(peer.request()), source)))
        assert now() == 5
        assert source.closes == 1

    run(main())


@pytest.mark.parametrize(
    ("source", "arguments", "error"),
    [
        ("request", {"max_size": 0}, ValueError),
        ("request", {"parse": 3}, TypeError),
        (b"1\n", {}, TypeError),
    ],
)
def test_bad_arguments_of_ndjson(source, arguments, error):
    source = Peer(kind="http").request() if source == "request" else source
    with pytest.raises(error, match=r"^ndjson\(\): "):
        ndjson(source, **arguments)
