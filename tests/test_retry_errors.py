"""retry and retrying: which errors are tried again, and what is told and kept of them."""

from __future__ import annotations

import gc
import weakref
from contextlib import suppress
from typing import Any

import pytest

from aitertools import fixed, retry, retrying, stream

from .oracle import Failed, pulls
from .retries import Lost, Other, contexts, fail, numbered
from .virtual import run

# ---- which are raised, and which are tried again -------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "kept"), [(fixed(1, attempts=30), 30), (fixed(1, within=29), 11)]
)
@pytest.mark.parametrize(
    "tried", [lambda *how: retry(*how).list(), lambda *how: retrying(*how)()], ids=["retry", "call"]
)
def test_the_last_error_is_raised_and_leads_to_those_before(tried, schedule, kept):
    async def main():
        with pytest.raises(Lost) as caught:
            await tried(numbered(99), schedule)
        return caught.value

    assert [error.args[0] for error in contexts(run(main()))] == [*range(30, 30 - kept, -1)]


def test_the_same_error_again_and_again_makes_no_circle():
    error = Lost("always this one")

    def call():
        raise error

    with pytest.raises(Lost) as caught:
        run(retrying(call, fixed(1, attempts=5))())
    assert list(contexts(caught.value)) == [error]


def test_after_the_last_error_it_is_at_its_end():
    retried = retry(numbered(99), fixed(1, attempts=3))
    assert run(pulls(retried)) == [Failed(Lost)]


def test_as_many_attempts_as_a_schedule_can_say_are_made():
    """Before, what was raised in the place of the error was an OverflowError."""
    failures = [Lost(), Lost()]

    def call():
        if failures:
            raise failures.pop()
        return "done"

    assert run(retrying(call, fixed(0, attempts=10**30))()) == "done"
    assert run(retry(lambda: "ab", fixed(0, attempts=10**30)).list()) == ["a", "b"]


def test_an_error_that_is_not_retried_passes_and_the_stream_goes_on():
    def parse(text):
        return int(text)

    retried = retry(lambda: stream(["1", "x", "3"]).map(parse), fixed(1), on=Lost)
    assert run(pulls(retried)) == [1, Failed(ValueError), 3]


ON: list[Any] = [Lost, (Lost, KeyError), (KeyError, Lost), lambda error: isinstance(error, Lost)]


@pytest.mark.parametrize("on", ON, ids=["class", "classes", "classes, turned", "function"])
def test_on_says_which_errors_are_retried(on):
    errors = [Lost(), Other(), Lost()]

    def call():
        raise errors.pop(0)

    with pytest.raises(Other):
        run(retrying(call, fixed(1), on=on)())
    assert len(errors) == 1


def test_an_error_of_on_leads_to_the_one_that_it_was_asked_about():
    def on(error):
        raise Other

    for awaitable in (
        retrying(fail, fixed(1), on=on)(None),
        retry(lambda: fail(1), fixed(1), on=on).list(),
    ):
        with pytest.raises(Other) as caught:
            run(awaitable)
        assert [type(error) for error in contexts(caught.value)] == [Other, Lost]


@pytest.mark.parametrize("stop", [StopIteration, StopAsyncIteration])
def test_a_stop_out_of_a_function_is_no_end(stop):
    """PEP 479."""

    def stopping(*_):
        raise stop

    for retried in (
        retry(lambda: stream([1]).map(fail), fixed(1), on=stopping),
        retry(lambda: fail(1), fixed(1), on=stopping),
        retry(lambda: fail(1), fixed(1), on_retry=stopping),
        retry(stopping, fixed(1, attempts=2)),
        retry(stopping, fixed(1), on=Lost),
    ):
        assert run(pulls(retried)) == [Failed(RuntimeError)]


def test_the_schedule_starts_again_after_an_item_not_after_a_good_factory():
    """Also when something was read of the source beforehand."""
    makes = 0

    async def connect():
        nonlocal makes
        makes += 1
        rows = stream(["header", "x"]).map(lambda row: row if row == "header" else fail(row))
        assert await rows.head(1) == ["header"]
        return rows

    assert run(pulls(retry(connect, fixed(1, attempts=3)))) == [Failed(Lost)]
    assert makes == 3


# ---- what is told and kept of them ---------------------------------------------------------------


def test_an_error_has_one_note_with_the_path():
    with pytest.raises(Lost) as caught:
        run(retry(numbered(9), fixed(1, attempts=2)).map(str).list())
    assert caught.value.__notes__ == ["in aitertools: list <- map(str) <- retry(call) <- attempts"]


def lost_thrice(errors):
    """A function that fails three times; *errors* has weak references to the errors."""

    def call():
        if len(errors) < 3:
            error = Lost()
            errors.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error
        return []

    return call


@pytest.mark.parametrize("attempts", [3, 4], ids=["given up", "overcome"])
@pytest.mark.parametrize("kind", [retry, retrying])
def test_errors_that_are_over_are_let_go_at_once(kind, attempts):
    """Without the help of the garbage collector: no frame holds them, no circle."""
    errors: list[weakref.ref[Exception]] = []

    async def main():
        made = kind(lost_thrice(errors), fixed(1, attempts=attempts))
        with suppress(Lost):
            await (made.list() if kind is retry else made())
        assert [ref() for ref in errors] == [None] * 3

    gc.collect()
    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


def test_errors_are_let_go_when_there_is_an_item_again():
    """Not only at the end, which may be far."""
    errors: list[weakref.ref[Exception]] = []
    call = lost_thrice(errors)

    async def main():
        retried = retry(lambda: ["x", *call()], fixed(1))
        assert await anext(retried) == "x"
        gc.collect()
        assert [ref() for ref in errors] == [None] * 3
        assert await retried.list() == []

    run(main())
