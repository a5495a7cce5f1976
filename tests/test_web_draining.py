"""Draining: streams are stopped, what is in flight is sent, then the server shuts down."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

import aitertools as ait
from aitertools.web import (
    Draining,
    EventSourceResponse,
    NDJSONResponse,
    duplex,
    messages,
    send_all,
)

from .virtual import now, run
from .web_peers import Peer, Source

NEVER = None


def after(seconds, act, *args):
    asyncio.get_running_loop().call_later(seconds, act, *args)


@pytest.fixture
def server():
    """Signals that reach the server, with the time."""
    reached = []

    def handler(number, frame):
        reached.append((number, now()))

    before = {n: signal.signal(n, handler) for n in (signal.SIGTERM, signal.SIGINT)}
    yield reached
    for number, previous in before.items():
        assert signal.getsignal(number) is handler
        signal.signal(number, previous)


async def slowly(item):
    await asyncio.sleep(2)
    return item


async def served(state, kind, source):
    """Serve a source to a peer; the peer, when that is over, and when that was."""
    if kind == "events":
        peer = Peer(kind="http", state=state)
        await peer.gets(EventSourceResponse(source))
    elif kind == "ndjson":
        peer = Peer(kind="http", state=state)
        await peer.gets(NDJSONResponse(source))
    elif kind == "send_all":
        peer = Peer(state=state)
        assert await send_all(await peer.websocket(), source) is False
    else:
        peer = Peer(state=state)
        await duplex(await peer.websocket(), lambda incoming: source)
    return peer, now()


each_kind = pytest.mark.parametrize("kind", ["events", "ndjson", "send_all", "duplex"])


@each_kind
def test_what_is_in_flight_is_sent_and_the_server_hears_of_it_then(kind, server):
    async def main():
        async with Draining() as state:
            source = ait.interval(10, start=0).map(slowly)
            serving = asyncio.ensure_future(served(state, kind, source))
            after(11, signal.raise_signal, signal.SIGTERM)
            peer, when = await serving
            assert when == 12
            if kind in {"send_all", "duplex"}:
                assert peer.received == ["0", "1"]
                assert peer.closed == (1012, "the server is restarted")
            else:
                assert peer.complete
                assert peer.text.split() in (["data:", "0", "data:", "1"], ["0", "1"])
            await asyncio.sleep(0.1)
            assert server == [(signal.SIGTERM, 12)]

    run(main())


@each_kind
def test_an_idle_source_is_closed_at_once(kind, server):
    async def main():
        async with Draining() as state:
            source = Source("a", NEVER)
            after(5, signal.raise_signal, signal.SIGINT)
            _, when = await served(state, kind, source)
            assert when == 5
            assert source.closes == 1
            await asyncio.sleep(0.1)
            assert server == [(signal.SIGINT, 5)]

    run(main())


def test_a_topic_of_many_is_left_by_all(server):
    async def main():
        topic = ait.Topic()
        async with Draining() as state:
            serving = [
                asyncio.ensure_future(served(state, kind, topic.subscribe()))
                for kind in ["events", "send_all"] * 150
            ]
            await asyncio.sleep(1)
            await topic.publish("x")
            await asyncio.sleep(1)
            signal.raise_signal(signal.SIGTERM)
            for peer, _ in await asyncio.gather(*serving):
                assert "x" in (peer.text if peer.scope["type"] == "http" else peer.received[0])
            assert topic.subscribers == 0

    run(main())


def test_the_server_does_not_wait_longer_than_so(server):
    async def stubborn():
        yield "a"
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(100)

    async def main():
        async with Draining(grace=7) as state:
            serving = asyncio.ensure_future(served(state, "events", stubborn()))
            after(5, signal.raise_signal, signal.SIGTERM)
            _, when = await serving
            assert when == 105
            assert server == [(signal.SIGTERM, 12)]

    run(main())


def test_a_second_signal_does_not_wait(server):
    async def main():
        async with Draining() as state:
            source = ait.once("a").map(lambda _: asyncio.sleep(8, "b"))
            serving = asyncio.ensure_future(served(state, "events", source))
            after(1, signal.raise_signal, signal.SIGTERM)
            after(2, signal.raise_signal, signal.SIGINT)
            after(3, signal.raise_signal, signal.SIGINT)
            await serving
            assert server == [(signal.SIGTERM, 2), (signal.SIGINT, 2), (signal.SIGINT, 3)]

    run(main())


def test_what_begins_while_it_drains_is_stopped_at_once(server):
    async def main():
        draining = Draining()
        async with draining as state:
            draining.begin()
            await asyncio.sleep(1)
            for kind in ("events", "send_all"):
                source = Source("a", NEVER)
                _, when = await served(state, kind, source)
                assert (when, source.closes) == (1, 1)
            assert server == []

    run(main())


@pytest.mark.parametrize("begins", ["thread", "twice"])
def test_it_can_be_begun_without_a_signal(begins, server):
    async def main():
        draining = Draining()
        async with draining as state:
            source = Source("a", NEVER)
            serving = asyncio.ensure_future(served(state, "send_all", source))
            await asyncio.sleep(1)
            if begins == "thread":
                await asyncio.to_thread(draining.begin)
            else:
                draining.begin()
                draining.begin()
            await serving
            assert source.closes == 1

    run(main())


def test_it_can_be_used_again(server):
    async def main():
        draining = Draining()
        for _ in range(2):
            async with draining(None) as state:
                after(1, signal.raise_signal, signal.SIGTERM)
                await served(state, "events", Source(NEVER))
                await asyncio.sleep(1)
        assert len(server) == 2

    run(main())


def test_without_signals_in_another_thread_it_does_without():
    results = []

    def work():
        async def main():
            async with Draining() as state:
                results.append([*state])

        asyncio.run(main())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert results == [["aitertools.web.draining"]]


def test_a_loop_of_messages_is_not_waited_for(server):
    async def main():
        async with Draining() as state:
            peer = Peer(state=state)
            reading = asyncio.ensure_future(messages(await peer.websocket()).list())
            after(1, signal.raise_signal, signal.SIGTERM)
            await asyncio.sleep(2)
            assert server == [(signal.SIGTERM, 1)]
            peer.say("last")
            peer.leave(1012)
            assert await reading == ["last"]

    run(main())


IDLE = """
import asyncio, os, signal
from aitertools.web import Draining

async def main():
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(over.set))
    async with Draining():
        print("ready", flush=True)
        await asyncio.wait_for(over.wait(), 30)

asyncio.run(main())
"""


def test_a_loop_that_only_waits_is_woken_by_the_signal():
    """Uvicorn's looks around ten times a second; others need not."""
    process = subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize("grace", [-1, float("nan")])
def test_a_negative_grace_is_refused(grace):
    with pytest.raises(ValueError, match="negative"):
        Draining(grace)
