"""What a second pair of eyes found in the engine: each was a hang, a leak or a lost error."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from contextlib import contextmanager, suppress

import pytest
import trio
import trio.testing

from aitertools import stream

from .virtual import now, run


async def first(source):
    return await anext(source)


async def begun(source, turns=3):
    """Ask for an item, and leave when the workers have begun."""
    asking = asyncio.ensure_future(first(source))
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])


# ---- what has waited for a call ------------------------------------------------------------------


def test_a_call_that_waits_for_its_key_does_not_begin_once_the_stream_is_being_closed():
    called = []

    async def stubborn(item):
        called.append(item)
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async def main():
        results = stream(range(9)).map(stubborn, concurrency=2, key=lambda item: 0)
        await begun(results)
        before, since = list(called), now()
        await results.aclose()
        assert called == before == [0]
        assert now() - since == 1

    run(main())


class Restless:
    """A key whose hash changes, or which objects to be compared, once *broken*."""

    def __init__(self, how):
        self.how, self.broken = how, False

    def __hash__(self):
        if self.broken and self.how == "no hash":
            raise TypeError("unhashable")
        return 2 if self.broken and self.how == "another hash" else 1

    def __eq__(self, other):
        if self.broken and self.how == "not comparable":
            raise ValueError("ambiguous")
        return isinstance(other, Restless)


@pytest.mark.parametrize("cancels", [False, True], ids=["", "and a call is cancelled"])
@pytest.mark.parametrize("same", [True, False], ids=["one key", "equal keys"])
@pytest.mark.parametrize("how", ["another hash", "no hash", "not comparable"])
def test_a_key_is_not_looked_up_again_when_its_call_is_over(how, same, cancels):
    """It may have changed: then the items that follow have another key, or fail."""
    keys = [Restless(how)] * 9 if same else [Restless(how) for _ in range(9)]
    called = []

    async def call(item):
        called.append(item)
        await asyncio.sleep(1)
        for key in keys:
            key.broken = True
        if cancels and item == 0:
            asyncio.current_task().cancel()
            await asyncio.sleep(1)
        return item

    async def main():
        results = stream(range(9)).map(call, concurrency=2, key=keys.__getitem__, buffer=2)
        seen = []
        async with asyncio.timeout(60):
            while True:
                try:
                    seen.append(await anext(results))
                except (TypeError, ValueError, RuntimeError) as error:
                    seen.append(type(error))
                except StopAsyncIteration:
                    break
        assert len(seen) == 9
        assert seen[0] == (RuntimeError if cancels else 0)
        assert seen[1:4] == [1, 2, 3], "these had waited for it"
        assert [item for item in seen if isinstance(item, int)] == sorted(called)[cancels:]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


# ---- contexts ------------------------------------------------------------------------------------


class Incomparable:
    """As an array of numpy, which is not equal or unequal to another one."""

    def __eq__(self, other):
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_values_of_context_variables_need_not_be_comparable():
    variable = contextvars.ContextVar("variable")

    async def touch(item):
        assert variable.get() is outer
        variable.set(Incomparable())
        await asyncio.sleep(0)
        return item

    outer = Incomparable()

    async def main():
        variable.set(outer)
        results = stream(range(6)).map(touch, concurrency=2, key=lambda item: item % 2)
        async with asyncio.timeout(1):
            assert await results.list() == list(range(6))

    run(main())


# ---- closing -------------------------------------------------------------------------------------


async def failing_to_close():
    try:
        for item in range(9):
            await asyncio.sleep(0)
            yield item
    finally:
        await asyncio.sleep(1)
        raise OSError("closing")


async def lingering(item):
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(1)


@pytest.mark.parametrize("after", [0.5, 1.5], ids=["the calls end", "the source is closed"])
def test_an_error_of_closing_does_not_hide_that_the_closing_task_was_cancelled(after):
    async def main():
        results = stream(failing_to_close()).map(lingering, concurrency=2)
        await begun(results, turns=5)
        closing = asyncio.ensure_future(close(results))
        await asyncio.sleep(after)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        with pytest.raises(asyncio.CancelledError) as caught:
            closing.result()
        assert "closing" in messages(caught.value)

    run(main())


def messages(error):
    """Return what the errors say that are reachable from it."""
    found = []
    while error is not None:
        found.append(str(error))
        error = error.__context__
    return found


async def close(source):
    await source.aclose()


def test_a_closing_that_is_dropped_half_way_ends_there():
    closed = []

    async def source():
        try:
            for item in range(9):
                await asyncio.sleep(0)
                yield item
        finally:
            await asyncio.sleep(1)
            closed.append(True)

    async def main():
        results = stream(source()).map(lingering, concurrency=2)
        await begun(results, turns=5)
        closing = results.aclose()
        closing.send(None)
        closing.close()
        assert not closed
        del results, closing
        await asyncio.sleep(5)
        assert closed == [True]

    run(main())


# ---- event loops that end ------------------------------------------------------------------------


@contextmanager
def no_complaints(loop):
    """Nothing is said of tasks, also when the collector finds them."""
    complaints = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    yield
    gc.collect()
    assert complaints == []


async def some_turns(turns=5):
    for _ in range(turns):
        await asyncio.sleep(0)


def test_the_shutdown_of_a_loop_begins_no_more_calls():
    """It cancels all tasks; what took their place would be left behind."""
    called = []

    async def forever(item):
        called.append(item)
        await asyncio.get_running_loop().create_future()

    async def main(results):
        consumer = asyncio.ensure_future(first(results))
        await some_turns()
        return consumer

    with asyncio.Runner() as runner, no_complaints(runner.get_loop()):
        results = stream(range(100)).map(forever, concurrency=2, buffer=4)
        runner.run(main(results))
        runner.close()
        assert called == [0, 1]
        results = None  # dropped


@pytest.mark.parametrize("keyed", [False, True], ids=["", "by key"])
@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_another_worker_takes_the_place_of_one_that_was_cancelled(concurrency, ordered, keyed):
    flying = most = 0

    async def call(item):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            if item in (2, 3):
                asyncio.current_task().cancel()
            await some_turns(item % 4)
        finally:
            flying -= 1
        return item

    async def main():
        key = (lambda item: item % 2) if keyed else None
        results = stream(range(20)).map(
            call, concurrency=concurrency, ordered=ordered, key=key, buffer=0
        )
        seen = []
        async with asyncio.timeout(5):
            while True:
                try:
                    seen.append(await anext(results))
                except RuntimeError:
                    seen.append("lost")
                except StopAsyncIteration:
                    return seen

    seen = run(main())
    assert sorted(seen, key=str) == sorted([*range(2), *range(4, 20), "lost", "lost"], key=str)
    assert most <= concurrency


def test_a_loop_may_be_closed_with_calls_in_flight():
    """As by run_until_complete() and close(): nothing is cancelled then."""
    called = []

    async def forever(item):
        called.append(item)
        await asyncio.get_running_loop().create_future()

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        results = stream(range(100)).map(forever, concurrency=2, buffer=4)
        loop.run_until_complete(begun(results))
        loop.close()

        async def later():
            with pytest.raises(RuntimeError, match="another event loop"):
                await anext(results)
            await results.aclose()

        run(within(later()))
        assert called == [0, 1]
        results = None  # dropped


async def within(awaitable):
    async with asyncio.timeout(9):
        return await awaitable


def test_a_loop_may_be_closed_with_workers_that_wait():
    async def call(item):
        await asyncio.sleep(0)
        return item

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        results = stream(range(100)).map(call, concurrency=2, buffer=4)
        assert loop.run_until_complete(results.head(3)) == [0, 1, 2]
        loop.run_until_complete(some_turns(20))
        loop.close()

        async def later():
            for item in range(3, 7):  # what is there already
                assert await anext(results) == item
            with pytest.raises(RuntimeError, match="another event loop"):
                await results.list()
            assert await results.list() == []

        run(within(later()))
        results = None  # dropped


@pytest.mark.parametrize("where", ["in a call", "idle"])
@pytest.mark.parametrize("closed", [False, True], ids=["in its loop", "its loop is closed"])
def test_the_collector_may_take_a_stream_with_its_workers(where, closed):
    class Owner:
        """It has the stream, and the stream, by its function, has it."""

        called = 0

        def __init__(self):
            self.results = stream(range(100)).map(self.call, concurrency=2, buffer=4)
            self.never = None

        async def call(self, item):
            Owner.called += 1
            if where == "in a call":
                self.never = asyncio.get_running_loop().create_future()
                await self.never
            return item

    loop = asyncio.new_event_loop()
    with no_complaints(loop):
        owner = Owner()
        loop.run_until_complete(begun(owner.results, turns=20))
        if closed:
            loop.close()
        before = Owner.called
        gone = weakref.ref(owner)
        del owner
        gc.collect()
        if not closed:
            loop.run_until_complete(some_turns())
        gc.collect()
        assert gone() is None
        assert not asyncio.all_tasks(loop)
        assert Owner.called == before
        loop.close()


@pytest.mark.parametrize("reader", ["map", "merge", "buffer", "take_until"])
def test_nothing_is_said_of_a_coroutine_that_the_collector_closes_while_it_is_cancelled(reader):
    """As it may in another thread, without the GIL."""

    async def source():
        yield 0
        await asyncio.get_running_loop().create_future()

    async def never():
        await asyncio.get_running_loop().create_future()

    async def main():
        results = {
            "map": lambda: stream(range(9)).map(lingering, concurrency=2),
            "merge": lambda: stream(source()).merge(source()),
            "buffer": lambda: stream(source()).buffer(2),
            "take_until": lambda: stream([0]).chain(source()).take_until(never()),
        }[reader]()
        await begun(results)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert tasks
        for task in tasks:
            with suppress(RuntimeError):
                task.get_coro().close()
            task.cancel()
        await some_turns()
        assert not asyncio.all_tasks() - {asyncio.current_task()}
        return results

    with asyncio.Runner() as runner, no_complaints(runner.get_loop()):
        results = runner.run(main())
        del results


class Alarm(BaseException):
    pass


@pytest.mark.parametrize("error", [KeyError, Alarm])
def test_of_calls_that_fail_when_the_stream_is_dropped_only_a_base_exception_is_told(error):
    """As asyncio tells of a task; what is an outcome is dropped with the other outcomes."""
    said = []

    async def call(item):
        try:
            await asyncio.sleep(9)
        finally:
            raise error(item)

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        results = stream(range(9)).map(call, concurrency=2)
        await begun(results)
        del results
        gc.collect()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
    gc.collect()
    told = [(each["message"], str(each["exception"])) for each in said]
    assert sorted(told) == (
        [("a stream's task failed", str(n)) for n in (0, 1)] if error is Alarm else []
    )


def test_a_stream_may_be_closed_from_the_loop_of_another_thread():
    home = asyncio.new_event_loop()
    results = stream(range(100)).map(lingering_really, concurrency=2)
    home.run_until_complete(begun(results))
    thread = threading.Thread(target=home.run_forever)
    thread.start()
    try:
        asyncio.run(within(close(results)))
        assert not asyncio.all_tasks(home)
    finally:
        home.call_soon_threadsafe(home.stop)
        thread.join()
        home.close()


async def lingering_really(item):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await asyncio.sleep(0)


# ---- trio ----------------------------------------------------------------------------------------


async def same(item):
    await trio.lowlevel.checkpoint()
    return item


async def paced(items, then=None):
    for item in items:
        await trio.lowlevel.checkpoint()
        yield item
    if then is not None:
        await then()


async def failing_to_close_on_trio():
    try:
        for item in range(9):
            await trio.lowlevel.checkpoint()
            yield item
    finally:
        raise OSError("closing")


def on_trio(main):
    async def within_limits():
        with trio.fail_after(9):
            return await main()

    return trio.run(within_limits, clock=trio.testing.MockClock(autojump_threshold=0))


def test_on_trio_an_error_of_closing_does_not_hide_the_one_that_led_there():
    async def main():
        with pytest.raises(KeyError) as caught:  # noqa: PT012 -- the body is the point
            async with stream(failing_to_close_on_trio()).map(same, concurrency=2) as results:
                assert await anext(results) == 0
                raise KeyError("body")
        assert "closing" in messages(caught.value)

    on_trio(main)


def test_on_trio_an_error_of_closing_is_for_who_closes_and_not_for_the_body():
    async def main():
        async with stream(failing_to_close_on_trio()).map(same, concurrency=2) as results:
            assert await anext(results) == 0
            with pytest.raises(OSError, match="closing"):
                await results.aclose()
            await trio.sleep(1)

    on_trio(main)


def test_on_trio_an_error_of_a_source_that_is_no_exception_comes_to_the_consumer():
    class Alarm(BaseException):
        pass

    async def alarm():
        raise Alarm

    async def main():
        seen = []
        with pytest.raises(Alarm):  # noqa: PT012 -- as above
            async with stream(paced(range(3), alarm)).map(same, concurrency=2) as results:
                async for item in results:
                    seen.append(item)  # noqa: PERF401 -- it fails
        assert seen == [0, 1, 2]

    on_trio(main)


def test_on_trio_who_waits_for_an_item_sees_the_end_when_another_task_leaves_the_stream():
    async def consume(results):
        seen.extend([item async for item in results])
        seen.append("end")

    seen = []

    async def main():
        source = paced(range(1), trio.sleep_forever)
        async with trio.open_nursery() as nursery:
            async with stream(source).map(same, concurrency=2) as results:
                nursery.start_soon(consume, results)
                await trio.sleep(1)
                assert seen == []  # it waits for the second item
        assert seen == [0, "end"]

    on_trio(main)


def test_on_trio_nothing_is_lost_of_a_stream_that_was_begun_outside_of_its_block():
    async def main():
        results = stream(range(4)).map(same, concurrency=2)
        with pytest.raises(RuntimeError, match="async with"):
            await anext(results)
        async with results:
            assert await results.list() == [0, 1, 2, 3]

    on_trio(main)


def test_on_trio_all_calls_are_cancelled_before_any_is_waited_for():
    async def slow_to_end(item):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

    async def main():
        async with stream(range(9)).map(slow_to_end, concurrency=3) as results:
            with trio.move_on_after(1):
                await anext(results)
            since = trio.current_time()
            await results.aclose()
            assert trio.current_time() - since == pytest.approx(1)

    on_trio(main)


class TakesItsTime:
    """Its pull, cancelled, goes on for five seconds, however often it is cancelled."""

    def __init__(self):
        self.cancelled = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            self.cancelled += 1
            end = loop.time() + 5
            while loop.time() < end:
                try:
                    await asyncio.sleep(end - loop.time())
                except asyncio.CancelledError:
                    self.cancelled += 1
            raise


def test_who_is_cancelled_and_takes_its_time_is_not_interrupted_again_and_again():
    """The closer waits: to interrupt it would be tried as often as the loop has turns."""

    async def main():
        source = TakesItsTime()
        made = stream(source)
        pulling = asyncio.ensure_future(anext(made))
        await asyncio.sleep(1)
        pulling.cancel()
        await asyncio.sleep(1)
        await made.aclose()
        assert pulling.cancelled()
        return now(), source.cancelled

    assert run(main()) == (6, 1)


async def failing_at_its_end():
    try:
        yield 1
        await asyncio.sleep(1)
    finally:
        raise KeyError("cleaning up")


CLOSED = {
    "as it is": lambda s: s,
    "buffer": lambda s: s.buffer(2),
    "latest": lambda s: s.buffer(overflow="latest"),
    "conflate": lambda s: s.conflate(lambda a, b: a + b),
    "merge": lambda s: s.merge([]),
    "map": lambda s: s.map(str, concurrency=2),
    "timeout": lambda s: s.timeout(9),
    "batched": lambda s: s.batched(3, within=9),
    "delay": lambda s: s.delay(0.1),
}


@pytest.mark.parametrize("build", CLOSED.values(), ids=CLOSED)
def test_the_cleaning_up_that_closing_makes_a_generator_do_may_fail(build):
    """That is told to whoever reads, who closes the source; or else to who closes the stream."""

    async def reading(made):
        reading = asyncio.ensure_future(made.list())
        await asyncio.sleep(0.5)
        await made.aclose()
        await reading

    async def left(made):
        reading = asyncio.ensure_future(anext(made))
        await asyncio.sleep(0.5)
        reading.cancel()
        await asyncio.wait([reading])
        await made.aclose()

    for main in (reading, left):
        with pytest.raises(KeyError):
            run(main(build(stream(failing_at_its_end()))))
