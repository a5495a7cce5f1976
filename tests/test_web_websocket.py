"""WebSockets: messages, send_all and duplex against a peer made by hand, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import WebSocketException
from starlette.websockets import WebSocketState

import aitertools as ait
from aitertools.testing import VirtualLoop
from aitertools.web import duplex, messages, send_all

from .virtual import now, run
from .web_peers import Peer, Source

NEVER = None


def after(seconds, act, *args):
    asyncio.get_running_loop().call_later(seconds, act, *args)


async def closed_within(source, awaitable):
    """Await it; the time at which the source was closed."""
    result = await awaitable
    assert source.closes == 1
    return result, now()


# ---- messages ------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=9) | st.binary(max_size=9), max_size=9))
def test_messages_come_in_order_until_the_client_is_gone(said):
    async def main():
        peer = Peer(*said)
        peer.leave()
        websocket = await peer.websocket()
        expected = [m for m in said if isinstance(m, str)]
        if len(expected) == len(said):
            assert await messages(websocket).list() == said
            assert peer.closed is None
        else:  # up to the first that is no text
            first = next(i for i, m in enumerate(said) if isinstance(m, bytes))
            assert await messages(websocket).list() == said[:first]
            assert peer.closed == (1003, "expected text, not bytes")

    run(main())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.lists(values, max_size=5), st.booleans())
def test_json_comes_as_text_or_bytes(items, binary):
    async def main():
        texts = map(json.dumps, items)
        peer = Peer(*(t.encode() if binary else t for t in texts))
        peer.leave()
        assert await messages(await peer.websocket(), parse=json.loads).list() == items

    run(main())


BAD = {
    "no json": (json.loads, "{", 1007, "invalid message: Expecting property name"),
    "no utf-8": (json.loads, b'"\xff\xfe\xfd"', 1007, "invalid message: "),
    "too deep": (json.loads, "[" * 200_000, 1007, "invalid message: nested too deeply"),
    "too long": (str, "x" * 1_000_001, 1009, "message is longer than 1000000 bytes"),
    "too many bytes": (str, "é" * 500_001, 1009, "message is longer than 1000000 bytes"),
    "too long, bytes": (bytes, b"x" * 1_000_001, 1009, "message is longer than 1000000 bytes"),
    "text for bytes": (bytes, "x", 1003, "expected bytes, not text"),
    "bytes for text": (str, b"x", 1003, "expected text, not bytes"),
    "refused": (
        int,
        "x" * 900,
        1007,
        "invalid message: invalid literal for int() with base 10: 'x",
    ),
    "async": (pytest.param, "x", 1007, "invalid message: no"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_taken_closes_that_client_with_code_and_reason(case):
    parse, message, code, reason = BAD[case]

    async def slow(data):
        await asyncio.sleep(1)
        raise ValueError("no")

    async def main():
        other = Peer('"fine"')
        theirs = messages(await other.websocket(), parse=json.loads, max_size=1_000_000)
        peer = Peer(message, "[1]")
        websocket = await peer.websocket()
        way = slow if case == "async" else parse
        stream = messages(websocket, parse=way, max_size=1_000_000)
        assert await stream.list() == []
        assert await stream.list() == []  # the end is final
        closed, why = peer.closed
        assert closed == code
        assert why.startswith(reason)
        assert len(why.encode()) <= 123
        assert await anext(theirs) == "fine"
        assert other.closed is None

    run(main())


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("text", ["", "a", "é", "aé", "€", "ab€", b"abc"])
def test_the_size_is_that_of_the_bytes(text, size):
    async def main():
        peer = Peer(text)
        peer.say({"type": "websocket.disconnect", "code": 1000})
        kind = type(text)
        got = await messages(await peer.websocket(), parse=kind, max_size=size).list()
        length = len(text) if isinstance(text, bytes) else len(text.encode())
        assert got == ([text] if length <= size else [])

    run(main())


def test_another_error_of_parse_is_raised_in_its_place_and_the_stream_goes_on():
    async def main():
        peer = Peer("1", "0", "2")
        peer.leave()
        stream = messages(await peer.websocket(), parse=lambda text: 1 / int(text))
        assert await anext(stream) == 1
        with pytest.raises(ZeroDivisionError):
            await anext(stream)
        assert await stream.list() == [0.5]
        assert peer.closed is None

    run(main())


def test_closing_the_messages_leaves_the_websocket_open():
    async def main():
        peer = Peer("a", "b", "c")
        peer.leave()
        websocket = await peer.websocket()
        assert await messages(websocket).take(1).list() == ["a"]
        assert websocket.application_state is WebSocketState.CONNECTED
        assert await messages(websocket).list() == ["b", "c"]

    run(main())


def test_nothing_is_received_before_it_is_asked_for():
    async def main():
        peer = Peer("a", "b", "c")
        stream = messages(await peer.websocket())
        await asyncio.sleep(1)
        assert peer.inbox.qsize() == 3
        await anext(stream)
        await asyncio.sleep(1)
        assert peer.inbox.qsize() == 2

    run(main())


@pytest.mark.parametrize("parse", [str, json.loads])
def test_a_cancelled_pull_loses_nothing(parse):
    async def main():
        peer = Peer()
        stream = messages(await peer.websocket(), parse=parse)
        for turns in range(6):
            pull = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            peer.say(str(turns))
            for _ in range(turns):
                await asyncio.sleep(0)
            pull.cancel()
            try:
                got = await pull
            except asyncio.CancelledError:
                got = await anext(stream)
            assert got == parse(str(turns))

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"parse": 3}, TypeError),
        ({"max_size": 0}, ValueError),
        ({"max_size": "1"}, TypeError),
    ],
)
def test_bad_arguments_of_messages_fail_at_once(arguments, error):
    async def main():
        websocket = await Peer().websocket()
        with pytest.raises(error, match=r"^messages\(\): "):
            messages(websocket, **arguments)

    run(main())


def test_it_must_have_been_accepted():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        websocket.application_state = WebSocketState.CONNECTING
        with pytest.raises(RuntimeError, match="accept"):
            messages(websocket)
        with pytest.raises(RuntimeError, match="accept"):
            await send_all(websocket, [])

    run(main())


# ---- send_all ------------------------------------------------------------------------------------


def test_items_are_sent_as_what_they_are():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        source = Source("a", b"b", {"c": "é"}, 1, [None])
        assert await send_all(websocket, source) is True
        assert peer.received == ["a", b"b", '{"c":"é"}', "1", "[null]"]
        assert peer.closed is None
        assert source.closes == 1
        assert await send_all(websocket, ["x"], encode=json.dumps) is True
        assert peer.received[-1] == '"x"'

    run(main())


@pytest.mark.parametrize("when", [0.5, 1.5, 2.5])
def test_an_idle_source_is_closed_at_once_when_the_client_leaves(when):
    async def main():
        peer = Peer()
        source = Source("a", "b", NEVER, pause=1)
        after(when, peer.leave)
        websocket = await peer.websocket()
        assert await closed_within(source, send_all(websocket, source)) == (False, when)
        assert peer.received == ["a", "b"][: int(when)]

    run(main())


def test_a_send_that_waits_is_given_up_when_the_client_leaves():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        peer.reads.clear()
        source = Source("a", "b")
        after(3, peer.say, {"type": "websocket.disconnect", "code": 1000})
        assert await closed_within(source, send_all(websocket, source)) == (False, 3)

    run(main())


def test_back_pressure_reaches_the_source():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        source = Source(*"abcdef")
        peer.reads.clear()
        after(5, peer.reads.set)
        sending = asyncio.ensure_future(send_all(websocket, source))
        await asyncio.sleep(4)
        assert source.pulls == 1
        assert await sending is True
        assert peer.received == [*"abcdef"]

    run(main())


def test_who_reads_too_slowly_is_closed():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        source = Source("a", "b", "c", pause=1)
        after(1.5, peer.reads.clear)
        sending = asyncio.ensure_future(send_all(websocket, source, timeout=10))
        await asyncio.sleep(13)
        assert source.closes == 1  # whatever the client does
        peer.reads.set()
        assert await sending is False
        assert peer.received == ["a"]
        assert peer.closed == (1008, "reads too slowly")

    run(main())


def test_who_does_not_read_at_all_is_left_after_a_while():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        peer.reads.clear()
        assert await send_all(websocket, ["a"], timeout=10) is False
        assert now() == 15

    run(main())


def test_a_pause_of_the_source_is_no_slowness_of_the_client():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        assert await send_all(websocket, Source("a", "b", pause=100), timeout=1) is True

    run(main())


@pytest.mark.parametrize("fails", ["source", "encode"])
def test_an_error_closes_the_client_and_is_raised(fails):
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        error = KeyError("secret")
        source = Source("a", fails=error if fails == "source" else None)

        def encode(item):
            raise error

        with pytest.raises(KeyError) as info:
            await send_all(websocket, source, encode=encode if fails == "encode" else None)
        assert info.value is error
        assert source.closes == 1
        assert peer.closed == (1011, "internal error")

    run(main())


def test_an_os_error_of_the_source_is_its_error_and_not_a_client_that_left():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        with pytest.raises(ConnectionResetError):
            await send_all(websocket, Source(fails=ConnectionResetError()))
        assert peer.closed == (1011, "internal error")

    run(main())


def test_a_websocket_exception_is_left_to_starlette():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        with pytest.raises(WebSocketException):
            await send_all(websocket, Source(fails=WebSocketException(4000)))
        assert peer.closed is None

    run(main())


def test_what_the_client_says_while_nobody_reads_is_dropped_and_told():
    async def main():
        peer = Peer(*map(str, range(100)))
        websocket = await peer.websocket()
        dropped = []
        after(1, peer.leave)
        assert not await send_all(websocket, ait.never(), on_dropped=dropped.append)
        assert now() == 1
        assert dropped == [*map(str, range(100))]

    run(main())


def test_what_is_for_a_reader_is_kept_and_read_ahead_so_far():
    async def main():
        peer = Peer(*map(str, range(100)))
        websocket = await peer.websocket()
        stream = messages(websocket)
        sending = asyncio.ensure_future(send_all(websocket, ait.never()))
        await asyncio.sleep(1)
        assert peer.inbox.qsize() == 84
        assert await stream.head(100) == [*map(str, range(100))]
        peer.leave()
        assert await sending is False
        assert await stream.list() == []

    run(main())


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_reader_that_leaves_does_not_hide_the_leaving_of_the_client(how):
    async def main():
        peer = Peer(*map(str, range(100)))
        websocket = await peer.websocket()
        stream = messages(websocket)
        sending = asyncio.ensure_future(send_all(websocket, ait.never()))
        await asyncio.sleep(1)
        if how == "close":
            await stream.aclose()
        else:
            del stream
            gc.collect()
        peer.leave()
        await asyncio.sleep(1)
        assert sending.done()

    run(main())


@pytest.mark.parametrize("first", ["reader", "sender"])
def test_a_reader_beside_a_sender_gets_all_and_neither_hangs(first):
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        stream = messages(websocket)
        reading = asyncio.ensure_future(stream.list()) if first == "reader" else None
        await asyncio.sleep(1)
        sending = asyncio.ensure_future(send_all(websocket, ait.interval(1)))
        await asyncio.sleep(1)
        reading = reading or asyncio.ensure_future(stream.list())
        for letter in "abc":
            await asyncio.sleep(1)
            peer.say(letter)
        peer.leave()
        assert await reading == [*"abc"]
        assert await sending is False

    run(main())


def test_when_the_sender_is_over_the_reader_goes_on():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        reading = asyncio.ensure_future(messages(websocket).list())
        await asyncio.sleep(0)
        assert await send_all(websocket, ait.interval(1).take(2)) is True
        peer.say("a")
        await asyncio.sleep(0)
        assert await send_all(websocket, ait.interval(1).take(2)) is True
        peer.say("b")
        peer.leave()
        assert await reading == ["a", "b"]

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"timeout": float("nan")}, ValueError),
        ({"encode": 3}, TypeError),
        ({"encode": len}, TypeError),
    ],
)
def test_bad_arguments_of_send_all(arguments, error):
    async def main():
        websocket = await Peer().websocket()
        with pytest.raises(error, match=r"^send_all\(\): "):
            await send_all(websocket, ["a"], **arguments)

    run(main())


# ---- duplex --------------------------------------------------------------------------------------


async def shout(incoming):
    async for word in incoming:
        yield word.upper()
        await asyncio.sleep(1)


HANDLERS = {
    "generator": shout,
    "operators": lambda incoming: incoming.map(str.upper).space_out(1),
}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_a_handler_makes_what_is_sent_of_what_came(handler):
    async def main():
        peer = Peer("a", "b", "c")
        await_end = asyncio.ensure_future(duplex(await peer.websocket(), handler))
        await asyncio.sleep(10)
        assert peer.received == [*"ABC"]
        peer.leave()
        await await_end
        assert now() == 10

    run(main())


def test_at_the_end_of_the_handlers_stream_the_client_is_closed():
    async def main():
        peer = Peer("a", "b", "c")
        await duplex(await peer.websocket(), lambda incoming: incoming.take(2))
        assert peer.received == ["a", "b"]
        assert peer.closed == (1000, "")

    run(main())


def test_both_sides_are_closed_at_once_when_the_client_leaves():
    async def main():
        peer = Peer("a")
        seen = []

        async def handler(incoming):
            seen.append(incoming)
            try:
                async for word in incoming:
                    yield word
                    await asyncio.sleep(1000)
            finally:
                seen.append(now())

        after(5, peer.leave)
        await duplex(await peer.websocket(), handler)
        assert seen[1:] == [5]
        assert await seen[0].list() == []

    run(main())


def test_a_generator_that_reads_is_interrupted_once_and_may_clean_up():
    async def main():
        peer, done = Peer("a"), []

        async def handler(incoming):
            try:
                async for word in incoming:
                    yield word
            finally:
                for turn in range(9):
                    await asyncio.sleep(turn % 2)
                    done.append(turn)

        after(1, peer.leave)
        await duplex(await peer.websocket(), handler)
        assert done == [*range(9)]

    run(main())


def test_a_handler_that_awaits_its_first_message_sees_that_the_client_left():
    async def main():
        peer, seen = Peer(), []

        async def handler(incoming):
            seen.append(await ait.borrow(incoming).first(None))
            return incoming

        after(1, peer.leave)
        await duplex(await peer.websocket(), handler)
        assert (seen, now()) == ([None], 1)

    run(main())


def test_a_handler_may_be_async_and_need_not_read():
    async def main():
        peer = Peer("a", "b")
        source = Source("x", NEVER)

        async def handler(incoming):
            await asyncio.sleep(1)
            return source

        after(5, peer.leave)
        _, when = await closed_within(source, duplex(await peer.websocket(), handler))
        assert when == 5
        assert peer.received == ["x"]

    run(main())


async def failing(incoming):
    raise KeyError("secret")


async def failing_later(incoming):
    async for _ in incoming:
        yield "once"
        raise KeyError("secret")


def failing_at_once(incoming):
    raise KeyError("secret")


@pytest.mark.parametrize("handler", [failing, failing_later, failing_at_once])
def test_an_error_of_the_handler_closes_with_1011_and_is_raised(handler):
    async def main():
        peer = Peer("a")
        with pytest.raises(KeyError):
            await duplex(await peer.websocket(), handler)
        assert peer.closed == (1011, "internal error")

    run(main())


def test_garbage_ends_the_duplex_as_well():
    async def main():
        peer = Peer("1", "{")
        source = Source(NEVER)
        await duplex(
            await peer.websocket(), lambda incoming: ait.merge(incoming, source), parse=json.loads
        )
        assert peer.received == ["1"]
        assert peer.closed[0] == 1007
        assert source.closes == 1

    run(main())


# ---- faults: cancelled at every turn -------------------------------------------------------------


FAULTS = {
    "cancel": lambda task, peer, source: task.cancel(),
    "leave": lambda task, peer, source: peer.leave(),
    "stuck": lambda task, peer, source: peer.reads.clear(),
    "error": lambda task, peer, source: source.fail(OSError("broken")),
}


async def struck(fault, turn, pause):
    """Have a duplex conversation, and a fault in it at that turn."""
    peer, source = Peer("a", "b"), Source(1, 2, 3, pause=0.25)
    closes = []

    async def converse():
        await duplex(await peer.websocket(), handler, timeout=3)

    def handler(incoming):
        handled.append(True)
        return ait.merge(incoming.on_close(lambda: closes.append(1)), source)

    handled = []
    after(2, peer.say, "c")
    task = asyncio.ensure_future(converse())
    for _ in range(turn):
        await asyncio.sleep(pause)
    assert not task.done()
    FAULTS[fault](task, peer, source)
    began = now()
    after(60, peer.leave)
    with contextlib.suppress(asyncio.CancelledError, OSError):
        await task
    assert (source.closes, closes) == ((1, [1]) if handled else (0, []))
    if fault in {"cancel", "leave"}:
        assert now() == began


@pytest.mark.parametrize("pause", [0, 0.05])
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_at_whatever_turn_nothing_is_left(fault, pause):
    """Both sides are closed, once, and no task remains."""
    for turn in range(60):
        run(struck(fault, turn, pause))


def test_cancelled_while_it_waits_for_a_slow_client_it_ends_at_once():
    async def main():
        peer = Peer()
        websocket = await peer.websocket()
        peer.reads.clear()
        source = Source("a")
        task = asyncio.ensure_future(send_all(websocket, source, timeout=None))
        await asyncio.sleep(100)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.closes == 1
        assert now() == 100

    run(main())


def test_the_loop_is_the_virtual_one():
    """So that what is said of time above is measured."""

    async def main():
        return type(asyncio.get_running_loop())

    assert issubclass(run(main()), VirtualLoop)
