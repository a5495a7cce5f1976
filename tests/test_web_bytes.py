"""Lines and event streams: bytes in any pieces, against simple oracles."""

from __future__ import annotations

import re

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from aitertools.web import ServerSentEvent
from aitertools.web.eventstream import PING, Decoder, encode
from aitertools.web.lines import Lines

BREAKS = {False: re.compile(rb"\n"), True: re.compile(rb"\r\n|\r|\n")}

bodies = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b"x" * 9])).map(b"".join)


@st.composite
def pieces(draw, whole):
    """Something, cut anywhere, with empty pieces too."""
    body = draw(whole)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=6)))
    return [body[i:j] for i, j in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def lines_of(chunks, max_size, **how):
    lines = Lines(max_size, **how)
    return [line for chunk in chunks for line in lines.feed(chunk)] + lines.rest()


@given(pieces(bodies), st.booleans(), st.none() | st.integers(1, 9))
def test_lines_are_those_of_the_whole(chunks, cr, max_size):
    *ended, rest = BREAKS[cr].split(b"".join(chunks))
    expected = [*ended, rest] if rest else ended
    fitting = [x if max_size is None or len(x) <= max_size else None for x in expected]
    assert lines_of(chunks, max_size, cr=cr) == [*enumerate(fitting, 1)]


def test_a_line_that_is_too_long_is_told_before_its_end_and_not_kept():
    lines = Lines(1000)
    assert lines.feed(b"x" * 1001) == [(1, None)]
    for _ in range(100):
        assert lines.feed(b"x" * 1000) == []
    assert lines._parts == []
    assert lines.feed(b"\nok\n") == [(2, b"ok")]


# ---- events --------------------------------------------------------------------------------------

one_line = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=5)
events = st.builds(
    ServerSentEvent,
    st.none() | st.text(st.sampled_from("ab:\r\n é\0"), max_size=9),
    one_line.filter(bool),
    st.none() | one_line.filter(bool),
    st.none() | st.integers(0, 10**9 - 1),
)


def decoded(chunks, **how):
    decoder = Decoder(None, **how)
    return [event for chunk in chunks for event in decoder.feed(chunk)], decoder


@given(st.lists(events, max_size=6), st.data())
def test_events_come_back_whatever_the_pieces(sent, data):
    body = b"".join(encode(event) + PING for event in sent)
    found, decoder = decoded(data.draw(pieces(st.just(body))))
    expected, last = [], None
    for event in sent:
        last = event.id or last
        if event.data is not None:
            text = re.sub(r"\r\n|\r", "\n", event.data)
            expected.append(ServerSentEvent(text, event.event, last))
    assert found == expected
    assert decoder.last_id == (last or "")
    assert decoder.retry == next((e.retry for e in reversed(sent) if e.retry is not None), None)


fields = st.sampled_from(
    [b"data", b"data:", b"data: x", b"data:  y", b"datax: 1", b"id: 1", b"id:2", b"id: \0", b"",
     b"id", b"event: e", b"event", b": c", b"retry: 5", b"retry: -5", b"retry: x", b"retry:",
     b"retry: \xd9\xa1", b"data: \xc3\xa9", b"data: \xff", b":"]
)  # fmt: skip


@given(st.lists(st.tuples(fields, st.sampled_from([b"\n", b"\r", b"\r\n"]))), st.data())
def test_any_fields_give_what_httpx_sse_gives_where_that_is_right(lines, data):
    """It has events without data, and takes a negative retry, against the standard."""
    body = b"".join(field + end for field, end in lines)
    found, _ = decoded(data.draw(pieces(st.just(body))))
    theirs, said, expected = SSEDecoder(), False, []
    split = SSELineDecoder()
    text = body.decode(errors="replace")
    for line in [*split.decode(text or "\n"), *split.flush()]:
        event = theirs.decode(line)
        said |= line.partition(":")[0] == "data"
        if event is not None and said:
            expected.append(ServerSentEvent(event.data, event.event, event.id or None))
        said &= bool(line)
    assert found == expected


def test_a_byte_order_mark_is_no_part_of_the_first_field():
    assert decoded([b"\xef\xbb", b"\xbfdata: x\n\n"])[0] == [ServerSentEvent("x")]


def test_an_event_that_did_not_end_is_none():
    found, decoder = decoded([b"id: 3\ndata: x\n"], last_id="2")
    assert found == []
    assert decoder.last_id == "2"


@pytest.mark.parametrize("long", [b"data: " + b"x" * 999, b"data: xxxxx\n" * 100])
def test_what_is_too_long_is_an_error_in_its_place(long):
    decoder = Decoder(500)
    found = decoder.feed(b"data: a\n\n" + long + b"\n\ndata: b\n\n")
    assert [getattr(f, "data", f) for f in found[::2]] == ["a", "b"]
    assert str(found[1]) == "an event is longer than 500 bytes"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"data": 1}, TypeError),
        ({"data": b"x"}, TypeError),
        ({"event": None}, TypeError),
        ({"id": 1}, TypeError),
        ({"retry": 1.5}, TypeError),
        ({"event": "a\nb"}, ValueError),
        ({"id": "a\rb"}, ValueError),
        ({"id": "\0"}, ValueError),
        ({"retry": -1}, ValueError),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(arguments, error):
    with pytest.raises(error, match=r"^ServerSentEvent\(\): "):
        ServerSentEvent(**arguments)
