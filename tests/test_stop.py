"""stop(): nothing more is asked for, what is in flight comes through, then the end."""

from __future__ import annotations

import asyncio
import itertools

import pytest

import aitertools as ait
from aitertools import stream
from aitertools.testing import run

from . import turns, zoo
from .oracle import READY, Failed, Pace, pulls
from .rig import OWNING_OPERATORS, Rig, about, each, faults
from .test_faults import consume
from .test_faults_tasks import paints


class Closed:
    """An async iterator that never ends, with a pause before each item; notes who closed it."""

    def __init__(self, pause=1):
        self.pause, self.given, self.closed_by, self.pulled_by = pause, 0, [], set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.pulled_by.add(asyncio.current_task())
        await asyncio.sleep(self.pause)
        self.given += 1
        return self.given

    async def aclose(self):
        self.closed_by.append(asyncio.current_task())


async def slowly(n):
    await asyncio.sleep(10)
    return n


PIPELINES = {
    "source": (lambda s: s, [1, 2, 3]),
    "map": (lambda s: s.map(str), ["1", "2", "3"]),
    "batched": (lambda s: s.batched(2), [(1, 2), (3,)]),
    "chain": (lambda s: s.chain(ait.count()), [1, 2, 3]),
    "zip": (lambda s: ait.zip(ait.count(), s), [(0, 1), (1, 2), (2, 3)]),
    "calls": (lambda s: s.map(slowly, concurrency=2), [1, 2]),
    "calls as completed": (lambda s: s.map(slowly, concurrency=2, ordered=False), [1, 2]),
    "tee": (lambda s: s.tee()[0], [1, 2, 3]),
    "share": (lambda s: s.share().subscribe().batched(2), [(1, 2), (3,)]),
    "retry": (lambda s: ait.retry(lambda: s.map(str), ait.fixed(1)), ["1", "2", "3"]),
    "cycle": (lambda s: s.cycle(), [1, 2, 3]),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_while_it_is_consumed(name):
    """The source that is waited for is interrupted, and closed by the task that pulled it."""
    build, expected = PIPELINES[name]

    async def main():
        source = Closed()
        subject = build(stream(source))
        consumer = asyncio.ensure_future(subject.list())
        await asyncio.sleep(3.5)
        await subject.stop()
        assert await consumer == expected
        if name not in {"tee", "share"}:  # these are left, not what they read
            assert source.closed_by == list(source.pulled_by)
        assert len(source.closed_by) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_between_two_pulls_it_is_closed_by_the_next():
    async def main():
        source = Closed()
        subject = stream(source).map(str)
        assert await anext(subject) == "1"
        await subject.stop()
        assert source.closed_by == []
        assert await subject.list() == []
        assert source.closed_by == [asyncio.current_task()]

    run(main())


def test_before_it_begins_there_is_the_end():
    async def main():
        subject = ait.count().map(str)
        await subject.stop()
        await subject.stop()
        assert await subject.list() == []

    run(main())


def test_a_clock_stops():
    async def main():
        subject = ait.interval(1).map(str)
        consumer = asyncio.ensure_future(subject.list())
        await asyncio.sleep(2.5)
        await subject.stop()
        return await consumer, asyncio.get_running_loop().time()

    assert run(main()) == (["0", "1"], 2.5)


def test_after_the_end_it_is_nothing():
    async def main():
        subject = stream("ab")
        assert await subject.list() == ["a", "b"]
        await subject.stop()
        assert await subject.list() == []

    run(main())


def test_a_call_in_flight_is_finished():
    """Here and now: it is not interrupted, only the item after it is not asked for."""

    async def main():
        subject = ait.count().map(slowly)
        pull = asyncio.ensure_future(anext(subject))
        await asyncio.sleep(1)
        await subject.stop()
        assert await pull == 0
        assert await anext(subject, None) is None

    run(main())


def test_a_borrowed_stream_stays_open():
    async def main():
        source = ait.count()
        subject = ait.borrow(source).map(str)
        assert await anext(subject) == "0"
        await subject.stop()
        assert await subject.list() == []
        assert await anext(source) == 1

    run(main())


def test_the_stream_that_a_flat_map_reads_is_read_to_its_end():
    async def main():
        subject = ait.count().flat_map(lambda n: [n] * 3)
        assert await subject.head(1) == [0]
        await subject.stop()
        assert await subject.list() == [0, 0]

    run(main())


@pytest.mark.parametrize("after", [2.5, 3.5], ids=["in the factory", "before the next"])
def test_a_retry_tries_no_more(after):
    async def main():
        tried = []

        async def failing():
            tried.append(asyncio.get_running_loop().time())
            await asyncio.sleep(3)
            raise OSError

        subject = ait.retry(failing, ait.fixed(2))
        consumer = asyncio.ensure_future(subject.list())
        await asyncio.sleep(after)
        await subject.stop()
        assert await consumer == []
        assert tried == [0]

    run(main())


@pytest.mark.parametrize("kind", [zoo.generator, zoo.slow_generator], ids=str)
def test_a_generator_is_closed_once(kind):
    async def main():
        specimen = kind(range(1000), READY)
        subject = stream(specimen.hand_over()).batched(2)
        assert await subject.head(1) == [(0, 1)]
        await subject.stop()
        assert await subject.list() == []
        assert specimen.is_closed_once

    run(main())


class Answering(Closed):
    """What it waits for is done just when it is stopped; closing it takes a while."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.done = answer, asyncio.get_running_loop().create_future()
        self.closed = 0

    async def __anext__(self):
        await self.done
        if self.answer is None:
            raise StopAsyncIteration
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def aclose(self):
        await super().aclose()
        await asyncio.sleep(1)
        self.closed += 1


RACING = {
    "calls": lambda s: s.map(abs, concurrency=2),
    "merge": lambda s: s.merge(),
    "timeout": lambda s: s.timeout(10),
    "debounce": lambda s: s.debounce(10),
    "buffer": lambda s: s.buffer(1),
    "source": lambda s: s,
}


@pytest.mark.parametrize("build", RACING.values(), ids=list(RACING))
@pytest.mark.parametrize("answer", [1, None, KeyError()], ids=repr)
def test_a_source_that_answers_just_then_has_its_answer_dropped_or_delivered(build, answer):
    """And is closed, which nobody breaks off; there is no other error."""

    async def main(turns):
        source = Answering(answer)
        subject = build(stream(source))
        pulling = asyncio.ensure_future(pulls(subject, most=5))
        await asyncio.sleep(1)
        source.done.set_result(None)
        for _ in range(turns):
            await asyncio.sleep(0)
        await subject.stop()
        seen = await pulling
        assert set(seen) <= {1, Failed(KeyError)}
        if len(seen) < 5:  # it has stopped
            assert (len(source.closed_by), source.closed) == (1, 1)
        await subject.aclose()

    for n in range(4):
        run(main(n))


@each(entry for entry in OWNING_OPERATORS if entry.name not in {"append", "cycle"})
def test_stopped_at_any_await_point_all_that_was_given_comes_through(entry):
    """And then the end, as if the sources had ended there; each is closed once, and nothing left.

    (What append() and cycle() deliver after that is not of the source, which has not ended.)
    """
    for kind, paint in itertools.product((zoo.with_aclose, zoo.slow_generator), paints(entry)):
        for point in itertools.count(1):
            with about(kind, paint, f"stopped at await point {point}"), turns.tidy():
                rig = Rig(entry, kind, paint=paint, pace=lambda: Pace(1))
                results = []
                task = rig.run_to(consume(rig, results), point)
                if task.done:
                    break
                rig.run(rig.subject.stop())
                task.finish()
                rig.check_closed()
                given = [
                    items[: log.given] for items, log in zip(entry.examples, rig.logs, strict=True)
                ]
                assert results == entry.expected(*given)
            faults["stopped"] = faults.get("stopped", 0) + 1


def test_it_is_for_streams():
    with pytest.raises(TypeError, match="not a stream"):
        ait._core.halt([])
    with pytest.raises(TypeError, match="not a stream"):
        ait._core.leaves([])
