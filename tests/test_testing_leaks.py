"""no_leaks() sees each kind of leak, and nothing where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings

import pytest

import aitertools as ait
from aitertools.testing import LeakError, no_leaks, run

kept: list[object] = []


async def numbers():
    for i in range(9):
        yield i
        await asyncio.sleep(1)


async def sleeps():
    await asyncio.sleep(60)


async def fails():
    raise KeyError


async def forgets_a_task():
    kept.append(asyncio.create_task(sleeps(), name="forgotten"))
    await asyncio.sleep(1)


async def drops_a_generator():
    async for i in numbers():
        if i:
            break


async def leaves_a_generator_open():
    kept.append(numbers())
    await anext(kept[-1])


async def never_awaits():
    sleeps()


async def never_retrieves():
    task = asyncio.create_task(fails())
    await asyncio.sleep(1)
    del task


async def leaves_a_socket_open():
    with open(__file__):  # noqa: ASYNC230, PTH123
        pass
    open(__file__)  # noqa: ASYNC230, PTH123, SIM115


async def leaves_a_stream_open():
    await anext(ait.stream(numbers()).map(abs))


LEAKS = {
    forgets_a_task: r"task forgotten, which waits in sleep\(\) .* <- in sleeps\(\) at test_test",
    drops_a_generator: r"async generator numbers\(\) of test_testing_leaks.py:\d+, for the garb",
    leaves_a_generator_open: r"async generator numbers\(\) of test_testing_leaks.py:\d+, not cl",
    never_awaits: r"RuntimeWarning: coroutine 'sleeps' was never awaited",
    never_retrieves: r"asyncio: Task exception was never retrieved",
    leaves_a_socket_open: r"ResourceWarning: unclosed file",
    leaves_a_stream_open: r"async generator numbers\(\) of test_testing_leaks.py:\d+, for the g",
}


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    kept.clear()
    gc.collect()


async def leaving(body):
    async with no_leaks():
        await body()


def around(body):
    with no_leaks():
        run(body())


@pytest.mark.parametrize("body", LEAKS, ids=lambda body: body.__name__)
@pytest.mark.parametrize("watch", [lambda body: run(leaving(body)), around], ids=["async", "sync"])
def test_each_leak_is_seen(body, watch):
    with pytest.raises(LeakError, match=LEAKS[body]) as caught:
        watch(body)
    assert len(caught.value.leaks) == 1


async def does_all_of_it_properly():
    async with contextlib.aclosing(numbers()) as source:
        await anext(source)
    assert [i async for i in numbers()] == [*range(9)]
    task = asyncio.create_task(sleeps())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    failing = asyncio.create_task(fails())
    with pytest.raises(KeyError):
        await failing
    async with ait.stream(numbers()) as opened:
        await anext(opened)


@pytest.mark.parametrize("watch", [lambda body: run(leaving(body)), around], ids=["async", "sync"])
def test_what_is_closed_awaited_and_ended_is_no_leak(watch):
    watch(does_all_of_it_properly)


def test_what_was_there_before_is_not_of_the_body():
    async def main():
        task = asyncio.create_task(sleeps())
        source = numbers()
        await anext(source)
        async with no_leaks():
            assert await anext(source) == 1
        await source.aclose()
        await task

    run(main())


def test_several_leaks_are_all_named():
    async def main():
        async with no_leaks():
            for body in LEAKS:
                await body()

    with pytest.raises(LeakError) as caught:
        run(main())
    assert len(caught.value.leaks) == len(LEAKS)


def test_an_error_of_the_body_goes_first():
    async def main():
        async with no_leaks():
            await forgets_a_task()
            raise KeyError

    with pytest.raises(KeyError):
        run(main())


def test_other_warnings_are_given_after_all():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with no_leaks():
            warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(said.message) for said in caught] == ["something else"]
    assert caught[0].filename == __file__


def test_with_asyncios_own_runner_it_sees_what_is_said():
    with pytest.raises(LeakError, match="never awaited"), no_leaks():
        asyncio.run(never_awaits())
