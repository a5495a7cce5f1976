"""What only the errors family does; what every operator does is tested over the catalogue too."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import Stream, stream

from . import loop, zoo
from .models import caught, fussy, suppressed
from .oracle import Failed, Pace, asynced, both, colours, listed, paced, paces, pulls, run, synced

items = st.lists(st.integers(-3, 9), max_size=8)
sources = st.one_of(st.just(list), paces.map(lambda pace: lambda items: paced(items, pace)))
either_colour = pytest.mark.parametrize("colour", [synced, asynced], ids=["sync", "async"])


# ---- catch, suppress: which errors ---------------------------------------------------------------


@given(items=items, source=sources, colour=colours, handled=colours)
def test_catch_puts_what_the_handler_makes_in_the_place_of_the_item(items, source, colour, handled):
    both(
        lambda: stream(source(items)).map(colour(fussy)).catch(ValueError, handled(repr)),
        lambda: caught(fussy, repr, items),
    )


@given(items=items, source=sources, colour=colours)
def test_suppress_leaves_the_item_out(items, source, colour):
    both(
        lambda: stream(source(items)).map(colour(fussy)).suppress(ValueError),
        lambda: suppressed(fussy, items),
    )


ERRORS: list[type[Exception]] = [ValueError, UnicodeError, KeyError, LookupError, OSError]


def fail_with(error: type[Exception] | None) -> Any:
    if error is not None:
        raise error
    return None


@given(
    errors=st.lists(st.sampled_from([None, *ERRORS]), max_size=8),
    exceptions=st.lists(st.sampled_from(ERRORS), max_size=3).map(tuple),
)
def test_only_these_errors_are_caught_and_their_subclasses(errors, exceptions):
    """As by ``except exceptions:``, also if that is an empty tuple; the others pass."""

    def theirs(handled: list[Any]) -> list[Any]:
        results: list[Any] = []
        for error in errors:
            try:
                results.append(fail_with(error))
            except exceptions:
                results += handled
            except Exception as other:  # noqa: BLE001 - whatever the others are
                results.append(Failed(type(other)))
        return results

    failing = lambda: stream(errors).map(fail_with)  # noqa: E731
    assert theirs(["caught"]) == run(pulls(failing().catch(exceptions, lambda error: "caught")))
    assert theirs([]) == run(pulls(failing().suppress(*exceptions)))


BAD_EXCEPTIONS = [
    BaseException,
    KeyboardInterrupt,
    GeneratorExit,
    asyncio.CancelledError,
    int,
    None,
    "ValueError",
    ValueError(),
    (ValueError, asyncio.CancelledError),
    (ValueError, (KeyError, OSError)),
]


@pytest.mark.parametrize("exceptions", BAD_EXCEPTIONS, ids=repr)
def test_what_does_not_inherit_from_exception_is_refused(exceptions):
    """Cancellations, the end of generators and of the program always pass."""
    refusal = "catching classes that do not inherit from Exception is not allowed"
    with pytest.raises(TypeError, match=rf"catch\(\): {refusal}"):
        stream([]).catch(exceptions, repr)
    with pytest.raises(TypeError, match=rf"suppress\(\): {refusal}"):
        stream([]).suppress(exceptions)


def test_what_is_not_callable_is_refused():
    with pytest.raises(TypeError, match=r"catch\(\): 'int' object is not callable"):
        stream([]).catch(ValueError, 3)
    with pytest.raises(TypeError, match=r"on_close\(\): 'int' object is not callable"):
        stream([]).on_close(3)


@pytest.mark.parametrize(
    "quiet", [lambda s: s.catch(Exception, repr), lambda s: s.suppress(Exception)]
)
def test_a_cancellation_passes_and_loses_nothing(quiet):
    quieted = quiet(stream(zoo.bare_iterator([1, 2], Pace(1)).hand_over()))
    task = loop.run_to(quieted.__anext__(), 1)
    with pytest.raises(loop.Cancelled):
        task.throw(loop.Cancelled())

    assert loop.run(listed(quieted)) == [1, 2]


def test_the_repr_names_the_exceptions():
    quiet = stream([]).suppress().catch(OSError, repr).suppress(KeyError, ValueError).on_close(list)
    path = (
        "on_close(list) <- suppress(KeyError, ValueError) <- catch(OSError) <- suppress() <- list"
    )
    assert repr(quiet) == f"<Stream {path}>"


# ---- the errors of a source ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", zoo.ENDLESS, ids=repr)
def test_an_error_of_the_source_is_caught_and_then_it_is_at_its_end(kind):
    specimen = kind(zoo.failing([1, 2]))
    results = run(pulls(stream(specimen.hand_over()).catch(zoo.SourceError, str)))
    assert results == [1, 2, "no more"]
    assert specimen.is_closed_once or not kind.closable

    assert run(pulls(stream(kind(zoo.failing([1])).hand_over()).suppress(zoo.SourceError))) == [1]


def test_an_error_of_the_close_at_the_end_of_the_source_is_one_of_the_source():
    source = zoo.FAILS_TO_CLOSE([1])
    assert run(pulls(stream(source.hand_over()).catch(zoo.CloseError, lambda error: "closed"))) == [
        1,
        "closed",
    ]


def test_an_error_of_the_close_is_raised_by_the_close():
    source = zoo.FAILS_TO_CLOSE([1])
    with pytest.raises(zoo.CloseError):
        run(stream(source.hand_over()).suppress(zoo.CloseError).aclose())


@pytest.mark.parametrize(
    "quiet",
    [lambda s: s.catch(RuntimeError, repr), lambda s: s.suppress(RuntimeError)],
    ids=["catch", "suppress"],
)
def test_that_somebody_else_reads_the_source_is_no_failed_item(quiet):
    """It would stay so for ever."""
    numbers = stream(paced([1, 2], Pace(1)))
    pull = loop.run_to(numbers.__anext__(), 1)
    with pytest.raises(RuntimeError, match="already running"):
        loop.run(quiet(numbers.map(str)).__anext__())

    assert pull.finish() == 1
    with pytest.raises(StopAsyncIteration):
        loop.run(quiet(numbers).skip(1).__anext__())


def test_suppress_gives_way_to_the_loop_however_many_items_fail():
    async def main() -> None:
        task = asyncio.create_task(ait.count().map(lambda n: n / 0).suppress(Exception).drain())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


# ---- the handler ---------------------------------------------------------------------------------


def fail(item: Any) -> Any:
    raise LookupError(item)


@given(results=st.lists(st.sampled_from([None, 0, "", False, StopIteration]), max_size=4))
def test_anything_a_handler_returns_is_an_item(results):
    answer = iter(results)
    handled = stream(results).map(fail).catch(LookupError, lambda error: next(answer))
    assert results == run(handled.list())


@pytest.mark.parametrize("pace", [Pace(0), Pace(2)], ids=["at once", "suspended"])
@either_colour
def test_a_bare_raise_lets_the_error_pass(colour, pace):
    def only_evens(error: LookupError) -> str:
        if error.args[0] % 2:
            raise  # noqa: PLE0704 - it is called inside of one
        return str(error)

    async def evens_later(error: LookupError) -> str:
        await pace()
        return only_evens(error)

    handler = only_evens if colour is synced else evens_later
    results = run(pulls(stream([1, 2, 3]).map(fail).catch(LookupError, handler)))
    assert results == [Failed(LookupError), "2", Failed(LookupError)]


@either_colour
def test_an_error_of_the_handler_leads_to_the_one_it_was_called_for(colour):
    def handler(error: LookupError) -> None:
        raise OSError

    handled = stream([1, 2]).map(fail).catch(LookupError, colour(handler))
    with pytest.raises(OSError) as raised:  # noqa: PT011 - it has no message
        run(handled.list())

    context = raised.value.__context__
    assert isinstance(context, LookupError)
    assert context.args == (1,)
    assert raised.value.__notes__ == [
        "in aitertools: list <- catch(LookupError) <- map(fail) <- list"
    ]


@either_colour
def test_the_stream_goes_on_after_an_error_of_the_handler(colour):
    def handler(error: LookupError) -> str:
        if error.args[0] == 1:
            raise OSError
        return "handled"

    results = run(pulls(stream([1, 2]).map(fail).catch(LookupError, colour(handler))))
    assert results == [Failed(OSError), "handled"]


def test_the_error_is_the_current_one_in_the_handler_and_nowhere_else():
    current: list[Any] = []

    async def handler(error: LookupError) -> None:
        current.append(sys.exception() is error)
        await loop.Turn()
        current.append(sys.exception() is error)

    async def main() -> None:
        handled = stream([1, 2]).map(fail).catch(LookupError, handler)
        try:
            raise ArithmeticError
        except ArithmeticError as outer:
            await handled.__anext__()
            current.append(sys.exception() is outer)
        await handled.__anext__()
        current.append(sys.exception() is None)

    task = loop.Task(main())
    while not task.done:
        task.step()
        assert sys.exception() is None
    assert current == [True] * 6


@either_colour
@pytest.mark.parametrize("end", [StopIteration, StopAsyncIteration])
def test_a_handler_cannot_end_the_stream_by_raising_the_end(end, colour):
    def handler(error: LookupError) -> None:
        raise end

    with pytest.raises(RuntimeError):
        run(stream([1]).map(fail).catch(LookupError, colour(handler)).list())


def test_an_item_whose_handler_is_cancelled_is_gone_and_the_next_follows():
    handled = stream([1, 2]).map(fail).catch(LookupError, asynced(str, Pace(1, 0)))
    task = loop.run_to(handled.__anext__(), 1)
    with pytest.raises(loop.Cancelled):
        task.throw(loop.Cancelled())

    assert loop.run(listed(handled)) == ["2"]


def test_a_handler_that_closes_the_stream_ends_it():
    handled: list[Stream[Any]] = []

    async def handler(error: LookupError) -> str:
        await handled[0].aclose()
        return "last"

    specimen = zoo.with_aclose([1, 2])
    handled.append(stream(specimen.hand_over()).map(fail).catch(LookupError, handler))
    assert run(listed(handled[0])) == ["last"]
    assert specimen.is_closed_once


def test_nested_handlers_each_see_their_own_error():
    def inner(error: LookupError) -> None:
        raise OSError("inner") from error

    def outer(error):
        assert sys.exception() is error
        return error.__cause__.args

    handled = stream([1]).map(fail).catch(LookupError, inner).catch(OSError, outer)
    assert run(handled.list()) == [(1,)]


# ---- on_close ------------------------------------------------------------------------------------


async def ended(s: Stream[Any]) -> None:
    await listed(s)


async def failed(s: Stream[Any]) -> None:
    with pytest.raises(LookupError):
        await s.map(fail).list()


async def left(s: Stream[Any]) -> None:
    async with s:
        await s.__anext__()


async def closed_twice(s: Stream[Any]) -> None:
    await s.__anext__()
    await s.aclose()
    await s.aclose()


async def never_started(s: Stream[Any]) -> None:
    await s.aclose()


async def found(s: Stream[Any]) -> None:
    await s.first()


async def taken(s: Stream[Any]) -> None:
    await s.take(1).list()


async def cancelled(s: Stream[Any]) -> None:
    task = asyncio.create_task(s.tap(asynced(str, Pace(1))).list())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


WAYS = [ended, failed, left, closed_twice, never_started, found, taken, cancelled]


@either_colour
@pytest.mark.parametrize("way", WAYS)
def test_on_close_calls_once_after_its_source_is_closed(way, colour):
    timeline: list[str] = []
    specimen = zoo.with_slow_aclose([1, 2], timeline=timeline, name="source")
    source = stream(specimen.hand_over())
    run(way(source.on_close(colour(lambda: timeline.append("callback"))).map(str)))
    assert timeline == ["source", "callback"]


BETWEEN = {
    "nothing": lambda s: s,
    "one": lambda s: s.map(str),
    "several": lambda s: s.zip(s).tap(str),
}


@either_colour
@pytest.mark.parametrize("between", BETWEEN)
def test_on_close_calls_when_its_source_fails(between, colour):
    """Who gets the error may not come back for the end."""
    called: list[int] = []
    source = stream(zoo.generator(zoo.failing([1])).hand_over())
    numbers = BETWEEN[between](source).on_close(colour(lambda: called.append(1)))
    with pytest.raises(zoo.SourceError):
        run(listed(numbers))

    assert called == [1]
    run(numbers.aclose())
    assert called == [1]


def test_on_close_does_not_call_while_another_source_is_open():
    called: list[int] = []

    async def main() -> None:
        numbers = stream(zoo.failing([])).chain([2]).on_close(lambda: called.append(1))
        with pytest.raises(zoo.SourceError):
            await numbers.__anext__()
        assert called == []
        assert await listed(numbers) == [2]
        assert called == [1]

    run(main())


def test_on_close_leaves_what_was_gathered_before_the_source_failed():
    called: list[int] = []
    batches = stream(zoo.failing([1, 2, 3])).batched(2).on_close(lambda: called.append(1))
    assert run(pulls(batches)) == [(1, 2), Failed(zoo.SourceError), (3,)]
    assert called == [1]


@either_colour
def test_an_error_of_the_callback_does_not_hide_that_of_the_source(colour):
    with pytest.raises(zoo.SourceError) as raised:
        run(listed(stream(zoo.failing([1])).on_close(colour(refuse))))

    assert isinstance(raised.value.__context__, OSError)


def test_on_close_calls_the_innermost_first():
    order: list[str] = []
    numbers = stream([1]).on_close(lambda: order.append("inner"))
    run(numbers.on_close(lambda: order.append("outer")).drain())
    assert order == ["inner", "outer"]


@either_colour
def test_on_close_awaits_before_the_end_is_seen(colour):
    order: list[str] = []
    callback = asynced(lambda: order.append("callback"), Pace(3))

    async def main() -> None:
        await listed(stream([1]).on_close(callback))
        order.append("end")

    run(main())
    assert order == ["callback", "end"]


def refuse() -> None:
    raise OSError("refused")


@either_colour
def test_an_error_of_the_callback_is_raised_from_the_close_once(colour):
    async def main() -> None:
        numbers = stream([1]).on_close(colour(refuse))
        with pytest.raises(OSError, match="refused"):
            await numbers.aclose()
        await numbers.aclose()
        assert await listed(numbers) == []

        numbers = stream([1]).on_close(colour(refuse))
        assert await pulls(numbers) == [1, Failed(OSError)]

    run(main())


@either_colour
def test_an_error_of_the_callback_hides_no_earlier_one(colour):
    with pytest.raises(LookupError) as raised:
        run(stream([1]).on_close(colour(refuse)).map(fail).list())
    assert isinstance(raised.value.__context__, OSError)

    source = zoo.FAILS_TO_CLOSE([1])
    with pytest.raises(zoo.CloseError) as raised:
        run(stream(source.hand_over()).on_close(colour(refuse)).aclose())
    assert isinstance(raised.value.__context__, OSError)


def test_a_callback_that_is_cancelled_is_not_called_again():
    calls: list[int] = []

    async def callback() -> None:
        calls.append(1)
        await loop.Turn()
        calls.append(2)

    specimen = zoo.with_aclose([1])
    numbers = stream(specimen.hand_over()).on_close(callback)
    task = loop.run_to(numbers.aclose(), 1)
    with pytest.raises(loop.Cancelled):
        task.throw(loop.Cancelled())

    loop.run(numbers.aclose())
    assert calls == [1]
    assert specimen.is_closed_once


def test_a_callback_that_closes_the_stream_changes_nothing():
    numbers: list[Stream[int]] = []
    calls: list[int] = []

    async def callback() -> None:
        calls.append(1)
        await numbers[0].aclose()

    numbers.append(stream([1]).on_close(callback))
    assert run(numbers[0].list()) == [1]
    assert calls == [1]


@pytest.mark.parametrize("end", [StopIteration, StopAsyncIteration])
def test_a_callback_cannot_end_anything_by_raising_the_end(end):
    def callback() -> None:
        raise end

    with pytest.raises(RuntimeError):
        run(stream([1]).on_close(callback).list())
