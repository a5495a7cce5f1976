"""map(executor=): what is broken off, by whom and when; nothing blocks, nothing is lost or left."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aitertools import stream

from .executors import ByHand, Gate
from .oracle import Failed, pulls
from .test_executors import run
from .test_executors_chunks import turns
from .workers import ratio, square


class Source:
    """An async iterator of *items* that knows whether it was closed."""

    def __init__(self, items):
        self.items = iter(items)
        self.closed = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        for item in self.items:
            return item
        raise StopAsyncIteration

    async def aclose(self):
        self.closed += 1
        await asyncio.sleep(0)


async def quiet():
    """No task is left but the one that asks."""
    await turns()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def gate():
    return Gate()


# ---- closing while the workers work --------------------------------------------------------------


async def close(results, _):
    await results.aclose()


async def cancel(results, pull):
    pull.cancel()
    await asyncio.wait([pull])
    assert pull.cancelled()
    await results.aclose()


async def drop(results, pull):
    pull.cancel()
    await asyncio.wait([pull])


@pytest.mark.parametrize("end", [close, cancel, drop])
@pytest.mark.parametrize("size", [1, 3])
def test_ended_it_waits_for_no_worker_and_what_has_not_begun_never_does(gate, size, end):
    async def main():
        with ThreadPoolExecutor(1) as threads, gate:
            source = Source(range(20))
            results = stream(source).map(gate, executor=threads, concurrency=3, chunksize=size)
            pull = asyncio.ensure_future(anext(results, None))
            await gate.wait()
            await turns(30)
            async with asyncio.timeout(5):
                await end(results, pull)
                assert pull.done()
                del results, pull
                await quiet()
            assert source.closed == 1
            assert not gate.open.is_set()
            gate.open.set()
            assert await stream([3]).map(square, executor=threads).list() == [9]  # it is usable
        assert gate.begun == [0]

    run(main())


def test_a_reduction_that_is_cancelled_closes_as_promptly(gate):
    async def main():
        with ThreadPoolExecutor(1) as threads, gate:
            source = Source(range(20))
            reducing = asyncio.ensure_future(stream(source).map(gate, executor=threads).list())
            await gate.wait()
            reducing.cancel()
            await asyncio.wait([reducing], timeout=5)
            assert reducing.cancelled()
            assert source.closed == 1
            await quiet()
            gate.open.set()
        assert gate.begun == [0]

    run(main())


def test_the_loop_goes_on_while_workers_work(gate):
    async def main():
        with ThreadPoolExecutor(2) as threads, gate:
            reducing = asyncio.ensure_future(stream(range(4)).map(gate, executor=threads).list())
            await gate.wait(2)
            await turns(100)
            assert not reducing.done()
            gate.open.set()
            return await reducing

    assert run(main()) == [0, 1, 2, 3]


# ---- at every point ------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("size", [None, 2])
def test_cancelled_after_any_number_of_turns_nothing_is_lost(size, on_error):
    async def main(after):
        source = Source([1, 2, 0, 3, 4])
        way = {"concurrency": 2, "chunksize": size, "on_error": on_error}
        found = []
        async with stream(source).map(ratio, executor=threads, **way) as results:
            while found[-1:] != [None]:
                pull = asyncio.ensure_future(anext(results, None))
                await turns(after)
                pull.cancel()
                await asyncio.wait([pull])
                try:
                    found.append(pull.result())
                except asyncio.CancelledError:
                    await asyncio.to_thread(int)  # to let the others have a turn
                except ZeroDivisionError as error:
                    found.append(Failed(type(error)))
        await quiet()
        assert source.closed == 1
        return found

    failed = [Failed(ZeroDivisionError)] if on_error == "raise" else []
    with ThreadPoolExecutor(2) as threads:
        for after in range(1, 12):
            assert run(main(after)) == [12, 6, *failed, 4, 3, None]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_closed_after_any_number_of_turns_it_is_closed_once(on_error):
    async def main(after):
        source = Source([1, 2, 0, 3, 4] * 4)
        results = stream(source).map(ratio, executor=threads, on_error=on_error)
        consumer = asyncio.ensure_future(pulls(results))
        await turns(after)
        await results.aclose()
        await asyncio.wait([consumer])
        await quiet()
        assert source.closed == 1
        expected = [12, 6, Failed(ZeroDivisionError), 4, 3] * 4
        found = consumer.result()
        if on_error == "skip":
            expected = [each for each in expected if not isinstance(each, Failed)]
        assert found == expected[: len(found)]

    with ThreadPoolExecutor(2) as threads:
        for after in range(1, 40):
            run(main(after))
        assert threads.submit(square, 2).result() == 4


# ---- the executor ends first ---------------------------------------------------------------------


def test_an_executor_that_was_shut_down_is_an_error_for_each_item():
    async def main():
        with ThreadPoolExecutor(1) as threads:
            pass
        results = stream(range(2)).map(square, executor=threads)
        with pytest.raises(RuntimeError, match="cannot schedule new futures") as caught:
            await anext(results)
        assert caught.value.__notes__[0] == "the item: 0"
        assert await pulls(results) == [Failed(RuntimeError)]

    run(main())


def test_shut_down_meanwhile_what_has_begun_is_delivered(gate):
    async def main():
        source = Source(range(6))
        with ThreadPoolExecutor(1) as threads, gate:
            results = stream(source).map(gate, executor=threads, concurrency=3, chunksize=1)
            pull = asyncio.ensure_future(anext(results))
            await gate.wait()
            await turns(20)
            threads.shutdown(wait=False, cancel_futures=True)
            gate.open.set()
            assert await pull == 0
            with pytest.raises(
                RuntimeError, match=r"^the executor has cancelled the call"
            ) as caught:
                await anext(results)
            assert caught.value.__notes__[0] == "the item: 1"
            assert await pulls(results) == [Failed(RuntimeError)] * 4
            assert source.closed == 1
        assert gate.begun == [0]

    run(main())


def test_an_executor_that_breaks_is_an_error_for_what_it_had_and_nothing_else():
    async def main():
        hand = ByHand()
        results = stream(range(6)).map(square, executor=hand, concurrency=2, chunksize=2)
        pull = asyncio.ensure_future(anext(results))
        await turns()
        hand.make(1)
        await turns()
        hand.break_(OSError(5, "broken"))
        with pytest.raises(OSError, match="broken") as caught:
            await pull
        assert caught.value.__notes__[0] == "the item: 0"
        assert caught.value.__cause__.args == (5, "broken")
        assert caught.value is not caught.value.__cause__
        rest = asyncio.ensure_future(pulls(results))
        await turns()
        if hand.calls:
            hand.make()
        return await rest

    assert run(main()) == [Failed(OSError), 4, 9, Failed(OSError), Failed(OSError)]


def test_what_is_no_exception_comes_in_its_place():
    class Base(BaseException):
        pass

    def fn(item):
        if item == 1:
            raise Base
        return item

    async def main():
        with ThreadPoolExecutor(2) as threads:
            results = stream(range(3)).map(fn, executor=threads, on_error="skip")
            assert await anext(results) == 0
            with pytest.raises(Base):
                await anext(results)
            assert await results.list() == [2]

    run(main())


def test_an_error_has_the_traceback_of_its_thread_and_a_note():
    async def main():
        with ThreadPoolExecutor(2) as threads:
            await stream([0]).map(ratio, executor=threads).list()

    with pytest.raises(ZeroDivisionError) as caught:
        run(main())
    assert "ratio" in {entry.name for entry in caught.traceback}
    assert caught.value.__notes__ == ["in aitertools: list <- map(ratio) <- list"]


# ---- loops ---------------------------------------------------------------------------------------


def test_another_loop_goes_on_with_what_is_in_flight():
    """On a busy machine the source may get a task, of the first loop, for that to have its turn."""
    assert any(another_loop_goes_on(Gate()) for _ in range(50))


def another_loop_goes_on(gate):
    async def first():
        pull = asyncio.ensure_future(anext(results))
        await gate.wait(2)
        await turns(20)
        others = asyncio.all_tasks() - {asyncio.current_task(), pull}
        pull.cancel()
        await asyncio.wait([pull])
        if others:
            gate.open.set()
            await results.aclose()
        return not others

    async def second():
        found = asyncio.ensure_future(results.list())
        await turns()
        gate.open.set()
        return await found

    with ThreadPoolExecutor(2) as threads, gate:
        results = stream(range(6)).map(gate, executor=threads, chunksize=1)
        if not run(first()):
            return False
        assert run(second()) == list(range(6))
        return True


def test_a_worker_that_outlives_the_loop_says_nothing(gate, monkeypatch):
    said = []
    monkeypatch.setattr(threading, "excepthook", said.append)

    async def main():
        pull = asyncio.ensure_future(anext(results))
        await gate.wait()
        pull.cancel()
        await asyncio.wait([pull])

    with ThreadPoolExecutor(1) as threads, gate:
        results = stream(range(3)).map(gate, executor=threads, chunksize=1)
        run(main())
        gate.open.set()
    assert run(anext(results)) == 0
    assert said == []


def test_under_trio():
    trio = pytest.importorskip("trio")
    told = []

    async def tell(error, item):
        await trio.sleep(0)
        told.append(item)

    async def main():
        found = []
        with ThreadPoolExecutor(2) as threads:
            for size in None, 2:
                way = {"executor": threads, "chunksize": size}
                async with stream(range(20)).map(square, **way) as results:
                    assert await results.list() == [n * n for n in range(20)]
                async with stream([1, 0, 2]).map(ratio, **way) as results:
                    assert await pulls(results) == [12, Failed(ZeroDivisionError), 6]
                async with stream([1, 0, 2]).map(ratio, on_error=tell, **way) as results:
                    assert await results.list() == [12, 6]
                async with stream(range(9)).map(square, **way) as results:
                    while len(found) < 9:
                        with trio.move_on_after(0.0005):
                            found.append(await anext(results))
                assert found == [n * n for n in range(9)]
                found.clear()

    trio.run(main)
    assert told == [0, 0]


def test_under_trio_leaving_waits_for_no_worker(gate):
    trio = pytest.importorskip("trio")

    async def main():
        async with stream(range(9)).map(gate, executor=threads) as results:
            with trio.move_on_after(0.01):
                await anext(results)
        assert not gate.open.is_set()
        gate.open.set()

    with ThreadPoolExecutor(1) as threads, gate:
        trio.run(main)
    assert gate.begun == [0]
