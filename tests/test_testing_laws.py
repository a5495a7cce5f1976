"""check_operator finds the bugs that are planted, each by its law, and none where there is none."""

from __future__ import annotations

import asyncio
import itertools
import operator
import re
from pathlib import Path
from typing import ClassVar

import pytest

import aitertools as ait
from aitertools import stream
from aitertools.testing import LAWS, LawBroken, check_operator, sources
from aitertools.testing.specimens import SourceError

from . import catalogue  # noqa: F401 - fills ENTRIES
from .entry import ENTRIES
from .oracle import synced


class Identity:
    """An operator that keeps all laws; each of those below breaks one."""

    def __init__(self, source):
        self.stream = stream(source).map(lambda item: item)
        self.pulls = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.pulls += 1
        return await anext(self.stream)

    async def aclose(self):
        await self.stream.aclose()


class Borrowing(Identity):
    """It closes the source itself."""

    def __init__(self, source):
        super().__init__(ait.borrow(source))
        self.source, self.closed = source, False

    async def __anext__(self):
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            await self.at_end()
            raise
        except SourceError:
            await self.on_error()
            raise

    async def aclose(self):
        await super().aclose()
        await self.close()

    async def close(self):
        if not self.closed and hasattr(self.source, "aclose"):
            self.closed = True
            await self.source.aclose()

    at_end = on_error = close


class LosesAnItem(Identity):
    async def __anext__(self):
        item = await super().__anext__()
        return item if item != 4 else await super().__anext__()


class SuspendingSourcesLoseAnItem(Identity):
    """What an example would hardly find."""

    async def __anext__(self):
        turns = []
        handle = asyncio.get_running_loop().call_soon(turns.append, 1)
        item = await super().__anext__()
        handle.cancel()
        return item if len(turns) < 1 or item != 4 else await super().__anext__()


class BeginsAgain(Identity):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.stream = stream("again")
            raise


class SwallowsErrors(Identity):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except SourceError:
            raise StopAsyncIteration from None


class WrapsErrors(Identity):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except SourceError as error:
            raise RuntimeError from error


class RaisesErrorsTwice(Identity):
    error = None

    async def __anext__(self):
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self.error is None:
                raise
            error, self.error = self.error, None
            raise error from None
        except SourceError as error:
            self.error = error
            raise


class ReadsAhead(Identity):
    def __init__(self, source):
        super().__init__(source)
        self.ahead = self.stream.batched(2).flatten()

    async def __anext__(self):
        return await anext(self.ahead)

    async def aclose(self):
        await self.ahead.aclose()


class Starves(Borrowing):
    """It reads the source itself."""

    async def __anext__(self):
        self.pulls += 1
        if self.closed:
            raise StopAsyncIteration
        try:
            return await anext(self.source)
        except (StopAsyncIteration, SourceError):
            await self.close()
            raise


class StaysOpenAtTheEnd(Borrowing):
    async def at_end(self):
        pass


class StaysOpenIfStarted(Borrowing):
    async def aclose(self):
        if not self.pulls or self.closed:
            await super().aclose()
        await self.stream.aclose()


class StaysOpenIfNotStarted(Borrowing):
    async def aclose(self):
        if self.pulls:
            await super().aclose()
        await self.stream.aclose()


class StaysOpenOnError(Borrowing):
    async def on_error(self):
        self.closed = True


class StaysOpenOnCancelling(Borrowing):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            self.closed = True
            raise


class DoesNotWaitForClosing(Borrowing):
    tasks: ClassVar[list] = []

    async def close(self):
        if not self.closed and hasattr(self.source, "aclose"):
            self.closed = True
            self.tasks.append(asyncio.ensure_future(self.source.aclose()))
            await asyncio.sleep(0)


class CannotBeClosedWhileRunning(Identity):
    running = False

    async def __anext__(self):
        self.running = True
        try:
            return await super().__anext__()
        finally:
            self.running = False

    async def aclose(self):
        if self.running:
            raise RuntimeError("already running")
        await super().aclose()


class ClosesTwice(Borrowing):
    async def aclose(self):
        await self.stream.aclose()
        if self.closed and hasattr(self.source, "aclose"):
            await self.source.aclose()
        await self.close()


class GoesOnAfterClosing(Identity):
    async def __anext__(self):
        return self.pulls if self.stream is None else await super().__anext__()

    async def aclose(self):
        if self.stream is not None:
            await super().aclose()
        self.stream = None


class LosesCancelledItems(Identity):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            await super().__anext__()
            raise


class SwallowsCancelling(Identity):
    async def __anext__(self):
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            return await super().__anext__()


class GivesUp(Identity):
    """After half a second it cancels its source, and asks again: a generator is over then."""

    async def __anext__(self):
        for _ in range(4):
            try:
                return await asyncio.wait_for(super().__anext__(), 0.5)
            except TimeoutError:
                pass
        raise StopAsyncIteration


class LeavesATask(Identity):
    tasks: ClassVar[list] = []

    async def aclose(self):
        self.tasks.append(asyncio.ensure_future(asyncio.sleep(60)))
        await super().aclose()


class LeavesAGenerator(Identity):
    async def aclose(self):
        async def stays_open():
            yield

        await anext(stays_open())
        await super().aclose()


BUGS = {
    LosesAnItem: "items",
    SuspendingSourcesLoseAnItem: "items",
    BeginsAgain: "end",
    SwallowsErrors: "errors",
    WrapsErrors: "errors",
    RaisesErrorsTwice: "errors",
    ReadsAhead: "demand",
    Starves: "fair",
    StaysOpenAtTheEnd: "close at end",
    StaysOpenIfStarted: "close early",
    StaysOpenIfNotStarted: "close unstarted",
    StaysOpenOnError: "close on error",
    StaysOpenOnCancelling: "close on cancel",
    DoesNotWaitForClosing: "close early",
    CannotBeClosedWhileRunning: "close while running",
    ClosesTwice: "close again",
    GoesOnAfterClosing: "close again",
    LosesCancelledItems: "cancelling",
    SwallowsCancelling: "cancelling",
    GivesUp: "timeout",
    LeavesATask: "leaks",
    LeavesAGenerator: "leaks",
}
"""Operators with a bug, and by which law it is found, whatever others find it, too."""

SUBTLE = [
    BeginsAgain,
    SwallowsErrors,
    WrapsErrors,
    RaisesErrorsTwice,
    StaysOpenIfNotStarted,
    StaysOpenOnError,
    StaysOpenOnCancelling,
    CannotBeClosedWhileRunning,
    GoesOnAfterClosing,
    LosesCancelledItems,
    SwallowsCancelling,
    LeavesATask,
    LeavesAGenerator,
]
"""Those that break this law and no other."""


@pytest.mark.parametrize("operator", [Identity, Borrowing])
def test_what_keeps_the_laws_passes(operator):
    report = check_operator(operator, expected=iter)
    assert set(report.trials) == set(LAWS)
    assert report.failures == []


def laws_broken_by(operator, **how):
    with pytest.raises(LawBroken) as caught:
        check_operator(operator, **how)
    report = caught.value.report
    return [law for law in report.laws if report.broken(law)]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found_by_its_law(bug):
    assert BUGS[bug] in laws_broken_by(bug, expected=iter, laws=[BUGS[bug]])


@pytest.mark.parametrize("bug", SUBTLE, ids=lambda bug: bug.__name__)
def test_no_other_law_is_blamed_for_it(bug):
    kinds = [sources.generator, sources.with_slow_aclose, sources.restless]
    assert laws_broken_by(bug, expected=iter, kinds=kinds) == [BUGS[bug]]


def test_a_bug_is_planted_for_each_law():
    assert set(BUGS.values()) == set(LAWS)


async def naive(source):
    """What one would write."""
    async for item in source:
        yield item


ENTRY = {entry.name: entry for entry in ENTRIES}


@pytest.mark.parametrize("name", ["map", "takewhile", "batched", "zip", "flatten", "groupby"])
def test_operators_of_ours_keep_all_of_them(name):
    entry = ENTRY[name]
    check_operator(
        lambda *given: entry.build(synced, *given),
        sources=entry.arity,
        items=entry.examples,
        expected=entry.theirs,
    )


class Impatient(Identity):
    """It gives something else where its source lets it wait too long, as it may."""

    async def __anext__(self):
        try:
            return await ait.anext(self.stream, timeout=5)
        except TimeoutError:
            await self.aclose()
            return "late"


def test_what_time_makes_of_it_is_right_where_nothing_is_expected():
    check_operator(Impatient, laws=["items", "close while running"])


@pytest.mark.parametrize("ordered", [True, False])
def test_so_do_those_with_work_in_flight(ordered):
    """Asked ahead by as many as may be in flight."""

    async def call(item):
        await asyncio.sleep(item / 10)
        return -item

    check_operator(
        lambda source: stream(source).map(call, concurrency=3, ordered=ordered),
        expected=lambda items: map(operator.neg, items),
        ordered=ordered,
        prefetch=6,
    )


# ---- what it says, and what it is told -----------------------------------------------------------


def test_the_failure_names_law_source_and_point():
    with pytest.raises(LawBroken) as caught:
        check_operator(StaysOpenOnCancelling, expected=iter, laws=["close on cancel"])
    lines = str(caught.value).splitlines()
    assert lines[0] == "1 law broken"
    assert re.fullmatch(r"  close on cancel \(\d+ of \d+ trials\)", lines[1])
    assert lines[2] == (
        "    with_aclose, cancelled at turn 1: <source 0: 1 pulls, 0 given, 0 closes> "
        "was not closed by aclose() after a cancelled pull"
    )
    assert re.fullmatch(r"    and \d+ more", lines[-1])
    assert len(caught.value.report.failures) > len(lines)


def test_the_report_is_a_table():
    report = check_operator(Identity, laws=["end", "close unstarted"])
    assert str(report).splitlines() == [
        "law              trials  broken",
        "items                 4       0",
        "end                   6       0",
        "close unstarted       5       0",
    ]


def test_laws_are_chosen_by_name():
    report = check_operator(Borrowing, laws=["end", "items", "fair"], without=["fair"])
    assert report.laws == ["items", "end"]
    with pytest.raises(ValueError, match=r"there is no law 'ends', but items, "):
        check_operator(Identity, laws=["ends"])
    with pytest.raises(ValueError, match=r"there is no law 'ends', but items, "):
        check_operator(Identity, without=["ends"])


def test_what_is_expected_is_held_against_it():
    assert "items" in laws_broken_by(Identity, expected=lambda items: map(str, items))
    assert laws_broken_by(Identity, expected=reversed, laws=["items"]) == ["items"]
    check_operator(Identity, expected=reversed, ordered=False, laws=["items"])


def test_several_sources_with_items_of_ones_own():
    seen = []

    def build(*given):
        seen.append(len(given))
        return stream(given[0]).chain(*given[1:])

    items = ["ab", "", "c"]
    check_operator(build, sources=3, items=items, expected=itertools.chain)
    assert set(seen) == {3}


def test_kinds_of_sources_are_chosen():
    report = check_operator(naive, kinds=[sources.generator], laws=["items", "close at end"])
    assert report.trials == {"items": 7, "close at end": 3}


def test_an_operator_that_never_works_is_told_so_at_once():
    def build(source):
        raise LookupError("no operator")

    assert laws_broken_by(build) == ["items"]


# ---- the page about it ---------------------------------------------------------------------------

PAGE = (Path(__file__).parents[1] / "docs" / "testing.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_names_all_laws():
    table = PAGE.partition("| law |")[2]
    assert re.findall(r"^\| `([a-z ]+)` \| [a-z]", table, re.MULTILINE)[: len(LAWS)] == [*LAWS]


def test_the_examples_of_the_page_do_what_it_says():
    diagrams, laws = (next(e for e in EXAMPLES if call in e) for call in ("marbles(", "operator("))
    exec(diagrams, {})
    with pytest.raises(LawBroken) as caught:
        exec(laws, {})
    said = PAGE.partition("```\n10 laws")[2].partition("...\n```")[0].splitlines()
    assert set(said[1:]) <= set(str(caught.value).splitlines())
    report, closing = caught.value.report, [law for law in LAWS if law.startswith("close")]
    broken = [law for law in report.laws if report.broken(law)]
    assert broken == ["fair", *closing, "cancelling", "leaks"]
    assert str(caught.value).startswith("10 laws")
