"""buffer, prefetch and conflate: the line, the feeder, and what is dropped."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import itertools
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.engine.line import NOTHING, DropNewest, DropOldest, Line
from aitertools.engine.outcomes import Failed as Entry

from . import zoo
from .oracle import Blocked, Failed, asynced, paced, paces, pulls, run
from .script import (
    POINTS,
    Broken,
    Script,
    cancelled_at,
    closed_at,
    fussy,
    now,
    turns,
    virtual,
    watch,
    watched,
)

# ---- the line, exhaustively ----------------------------------------------------------------------


class Model:
    """What a line is: entries in their order, of which some give way."""

    def __init__(self, most, policy):
        self.most, self.policy = most, policy
        self.entries = []

    @property
    def full(self):
        if self.policy is Line:
            return len(self.entries) >= self.most
        return self.entries.count("error") >= self.most

    def put(self, item):
        items = [entry for entry in self.entries if entry != "error"]
        if self.policy is not Line and len(items) >= self.most:
            if self.policy is DropNewest:
                return item
            self.entries.remove(items[0])
            self.entries.append(item)
            return items[0]
        self.entries.append(item)
        return NOTHING


def names(line):
    return ["error" if type(entry) is Entry else entry for entry in line.entries]


@pytest.mark.parametrize("policy", [Line, DropOldest, DropNewest])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_line_does_what_its_model_does_after_any_events(policy, most):
    for events in itertools.product(["put", "fail", "pop"], repeat=8):
        line, model = policy(most), Model(most, policy)
        for number, event in enumerate(events):
            if event == "pop":
                if not model.entries:
                    break
                entry = line.pop()
                assert model.entries.pop(0) == ("error" if type(entry) is Entry else entry)
            elif model.full:  # who reads waits
                assert line.full
                break
            elif event == "put":
                assert line.put(number) == model.put(number)
            else:
                line.fail(Broken())
                model.entries.append("error")
            assert names(line) == model.entries
            assert line.full == model.full
            assert line.errors == model.entries.count("error")
            assert len(line.entries) <= most * (1 if policy is Line else 2)
            assert not (line.full and line.roomy)


def test_a_line_that_waits_is_roomy_when_half_of_it_is_free():
    assert [[len_ for len_ in range(n + 1) if roomy(n, len_)] for n in range(1, 6)] == [
        [0],
        [0, 1],
        [0, 1],
        [0, 1, 2],
        [0, 1, 2],
    ]


def roomy(n, length):
    line = Line(n)
    for item in range(length):
        line.put(item)
    return line.roomy


# ---- everything comes, in order ------------------------------------------------------------------

times = st.lists(st.integers(0, 3), max_size=8).map(lambda gaps: list(itertools.accumulate(gaps)))
pauses = st.lists(st.sampled_from([0, 0.5, 1, 2.5, 6]), max_size=8)
sizes = st.integers(1, 5)


@given(st.lists(st.integers()), paces, sizes)
def test_a_buffer_delivers_what_its_source_does(items, pace, n):
    assert run(stream(paced(items, pace)).buffer(n).list()) == items
    assert run(stream(items).prefetch(n).list()) == items


@given(times, pauses, sizes, st.sets(st.integers(0, 7)))
def test_errors_are_in_their_places_whatever_the_consumer_does(times, pauses, n, failing):
    items = [Broken() if i in failing else i for i in range(len(times))]
    seen = watched(lambda s: s.map(fussy).buffer(n), zip(times, items, strict=True), pauses)
    expected = [Failed(Broken) if i in failing else i for i in range(len(times))]
    assert [item for _, item in seen] == expected


@given(times, pauses, sizes)
def test_the_source_is_read_while_the_consumer_is_busy(times, pauses, n):
    """So everything comes when it is there and the consumer asks; that is what a buffer is for."""
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.buffer(len(times) + n), events, pauses)
    free = 0.0
    for (time, number), pause in zip(
        seen, itertools.chain(pauses, itertools.repeat(0)), strict=False
    ):
        assert time == max(free, times[number])
        free = time + pause


@given(times, pauses, sizes)
def test_no_more_is_read_than_there_is_room_for(times, pauses, n):
    async def main():
        script = Script(*[(time, i) for i, time in enumerate(times)])
        subject = stream(script).buffer(n)
        assert script.pulls == 0
        taken = 0
        async for _ in subject:
            taken += 1
            await asyncio.sleep(pauses.pop(0) if pauses else 0)
            assert script.pulls <= taken + n

    virtual(main())


def test_a_source_that_waited_goes_on_when_half_of_the_buffer_is_free():
    async def main():
        script = Script(*[(0, i) for i in range(20)])
        subject = stream(script).buffer(4)
        read = []
        for _ in range(6):
            await anext(subject)
            await turns(5)
            read.append(script.pulls)
        await subject.aclose()
        return read

    # The first refill comes when two of four are left, and so on.
    assert virtual(main()) in ([4, 6, 6, 8, 8, 10], [5, 5, 7, 7, 9, 9])


def test_one_task_reads_it_and_closes_it():
    async def main():
        script = Script((0, 1), (1, 2), (2, 3))
        async with stream(script).buffer(2) as subject:
            await anext(subject)
            await asyncio.sleep(1)
            await anext(subject)
        return script

    script = virtual(main())
    assert script.pulled_in == set(script.closed_in)
    assert len(script.closed_in) == 1


def test_it_reads_in_a_copy_of_the_context_of_the_first_pull():
    variable = contextvars.ContextVar("variable", default="none")

    async def source():
        yield variable.get()
        variable.set("the source's")
        yield variable.get()

    async def main():
        subject = stream(source()).buffer(1)
        variable.set("the consumer's")
        return [item async for item in subject], variable.get()

    assert run(main()) == (["the consumer's", "the source's"], "the consumer's")


def test_an_error_has_one_note_about_its_way():
    with pytest.raises(ZeroDivisionError) as raised:
        run(stream([0]).map(lambda n: 1 // n).buffer(1).list())
    assert len(raised.value.__notes__) == 1


# ---- adjacent buffers ----------------------------------------------------------------------------


def test_adjacent_buffers_are_one():
    async def main():
        script = Script(*[(0, i) for i in range(20)])
        subject = stream(script).buffer(3).prefetch().buffer(4)
        assert repr(subject).startswith("<Stream buffer(8) <- ")
        await anext(subject)
        await turns(5)
        tasks = len(asyncio.all_tasks()) - 1
        before, read = script.pulls, 1
        while script.pulls == before:
            await anext(subject)
            read += 1
            await turns(5)
        await subject.aclose()
        return tasks, before - read

    tasks, left = virtual(main())
    assert tasks == 1
    assert left == 4  # half of the eight


@given(st.lists(sizes, min_size=1, max_size=4))
def test_their_capacities_add_up(sizes):
    async def main():
        script = Script(*[(0, i) for i in range(50)])
        subject = stream(script)
        for n in sizes:
            subject = subject.buffer(n)
        await anext(subject)
        await turns(5)
        read = script.pulls - 1
        assert await subject.list() == list(range(1, 50))
        return read

    # The first item may be taken before the buffer is full, or after that.
    assert virtual(main()) in (sum(sizes) - 1, sum(sizes))


@pytest.mark.parametrize(
    "build",
    [
        lambda s: s.buffer(2).map(abs).buffer(3),
        lambda s: s.buffer(2, overflow="drop_oldest").buffer(3),
        lambda s: s.buffer(2).buffer(3, overflow="drop_oldest"),
        lambda s: ait.borrow(s.buffer(2)).buffer(3),
        lambda s: s.conflate(max).buffer(3),
    ],
)
def test_others_are_not(build):
    assert "buffer(5)" not in repr(build(stream([1])))


def test_a_buffer_that_was_begun_stays_as_it_is():
    async def main():
        first = stream(range(10)).buffer(2)
        await anext(first)
        second = first.buffer(3)
        assert repr(second) == "<Stream buffer(3) <- buffer(2) <- range>"
        return await second.list()

    assert run(main()) == list(range(1, 10))


# ---- what is dropped -----------------------------------------------------------------------------


def simulated(policy, n, times, pauses):
    """What a buffer that drops delivers and when, and what it drops: event by event."""
    line, seen, dropped = Model(n, policy), [], []
    free, waits = 0.0, itertools.chain(pauses, itertools.repeat(0))
    moments = sorted({*times})
    for i, moment in enumerate(moments):
        for number, time in enumerate(times):
            if time == moment and (gone := line.put(number)) is not NOTHING:
                dropped.append(gone)
        following = moments[i + 1] if i + 1 < len(moments) else float("inf")
        while line.entries and max(free, moment) < following:
            at = max(free, moment)
            seen.append((at, line.entries.pop(0)))
            free = at + next(waits)
    return seen, dropped


halves = st.lists(st.sampled_from([0.5, 1.25, 2.75, 6.125]), max_size=8)


@pytest.mark.parametrize(
    ("overflow", "policy"), [("drop_oldest", DropOldest), ("drop_newest", DropNewest)]
)
@given(times, halves, sizes)
def test_items_are_dropped_as_in_the_model(overflow, policy, times, pauses, n):
    events, dropped = [(time, i) for i, time in enumerate(times)], []
    build = functools.partial(buffered, n=n, overflow=overflow, on_dropped=dropped.append)
    # Never two things at once: the consumer is busy until some odd time.
    pauses = [pause + k / 64 for k, pause in enumerate(pauses, 1)]
    assert (watched(build, events, pauses), dropped) == simulated(policy, n, times, pauses)


def buffered(source, **how):
    return source.buffer(**how)


@given(times, halves)
def test_latest_is_a_line_of_one_that_drops_the_oldest(times, pauses):
    events = [(time, i) for i, time in enumerate(times)]
    pauses = [pause + k / 64 for k, pause in enumerate(pauses, 1)]
    seen = watched(lambda s: s.buffer(overflow="latest"), events, pauses)
    assert seen == simulated(DropOldest, 1, times, pauses)[0]


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "latest"])
@given(times, pauses, st.sets(st.integers(0, 7)))
def test_errors_are_never_dropped_and_everything_is_told(overflow, times, pauses, failing):
    items, dropped = [Broken() if i in failing else i for i in range(len(times))], []
    seen = watched(
        lambda s: s.map(fussy).buffer(1, overflow=overflow, on_dropped=dropped.append),
        zip(times, items, strict=True),
        pauses,
    )
    answers = [item for _, item in seen]
    errors = [i for i in failing if i < len(times)]
    assert answers.count(Failed(Broken)) == len(errors)
    got = [item for item in answers if item != Failed(Broken)]
    assert got == sorted(got)
    assert sorted(got + dropped) == [i for i in range(len(times)) if i not in failing]
    # In the order: what comes before the k-th error was read before it, and so on.
    places = [i for i, answer in enumerate(answers) if answer == Failed(Broken)]
    for error, place in zip(sorted(errors), places, strict=True):
        assert all(item < error for item in answers[:place] if item != Failed(Broken))
        assert all(item > error for item in answers[place:] if item != Failed(Broken))


@pytest.mark.parametrize("error", [Broken, StopIteration, StopAsyncIteration])
def test_an_error_of_on_dropped_reaches_the_consumer(error):
    def refuse(item):
        raise error

    async def main():
        subject = stream([1, 2, 3]).buffer(1, overflow="drop_oldest", on_dropped=refuse)
        return await pulls(subject)

    expected = Failed(error if error is Broken else RuntimeError)
    # One is dropped for two; then the error has to be taken before the source is read on.
    assert run(main()) == [2, expected, 3]


def test_a_source_that_never_waits_does_not_starve_the_consumer():
    async def main():
        async with ait.count().buffer(3, overflow="drop_oldest") as subject:
            return [await anext(subject) for _ in range(6)]

    seen = run(main())
    assert seen == sorted(set(seen))


# ---- conflate ------------------------------------------------------------------------------------


@given(times, halves)
def test_conflate_folds_what_was_not_asked_for(times, pauses):
    pauses = [pause + k / 64 for k, pause in enumerate(pauses, 1)]
    events = [(time, (i,)) for i, time in enumerate(times)]
    seen = watched(lambda s: s.conflate(operator.add), events, pauses)
    assert list(itertools.chain(*(item for _, item in seen))) == list(range(len(times)))
    latest = simulated(DropOldest, 1, times, pauses)[0]
    assert [(time, item[-1]) for time, item in seen] == latest


@given(times, pauses, paces, st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_conflate_loses_nothing_but_what_its_function_fails_on(
    times, pauses, pace, failing, refused
):
    """However the function waits, and wherever the source fails."""

    def fold(kept, item):
        if item[0] in refused:
            raise ValueError
        return kept + item

    items = [Broken() if i in failing else (i,) for i in range(len(times))]
    for fn in (fold, asynced(fold, pace)):
        seen = watched(
            lambda s, fn=fn: s.map(fussy).conflate(fn), zip(times, items, strict=True), pauses
        )
        answers = [item for _, item in seen]
        values = [answer for answer in answers if not isinstance(answer, Failed)]
        got = [number for value in values for number in value]
        assert got == sorted(got)
        missing = set(range(len(times))) - failing - set(got)
        assert missing <= refused
        assert answers.count(Failed(ValueError)) == len(missing)
        assert answers.count(Failed(Broken)) == len(failing & set(range(len(times))))


def test_what_an_async_fold_works_on_is_not_delivered():
    async def slow(kept, item):
        await asyncio.sleep(10)
        return kept + item

    async def main():
        subject = stream(Script((0, "a"), (1, "b"), (2, "c"))).conflate(slow)
        first = await anext(subject), now()
        await asyncio.sleep(5)  # it folds b and c meanwhile, from 2 to 12
        return [first, *await watch(subject)]

    assert virtual(main()) == [("a", 0), (12, "bc")]


# ---- leaving it ----------------------------------------------------------------------------------

EVENTS = [(0, 0), (0, 1), (1, 2), (3, 3), (3, 4), (6, 5)]
BUILDS = {
    "buffer(1)": lambda s: s.buffer(1),
    "buffer(3)": lambda s: s.buffer(3),
    "buffer(9, drop_oldest)": lambda s: s.buffer(9, overflow="drop_oldest"),
    "buffer(9, drop_newest)": lambda s: s.buffer(9, overflow="drop_newest"),
    "conflate": lambda s: s.map(lambda i: [i]).conflate(operator.add),
}
each_build = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)


@each_build
def test_a_cancelled_pull_loses_nothing(build):
    expected = list(range(6))
    for point in POINTS:
        seen = cancelled_at(build, EVENTS, point)
        if seen and isinstance(seen[0], list):
            seen = list(itertools.chain(*seen))
        assert seen == expected, point


@each_build
@pytest.mark.parametrize("how", ["close", "leave", "drop"])
def test_leaving_it_closes_the_source_once_in_the_task_that_read_it(build, how):
    for point in POINTS:
        script = closed_at(build, EVENTS, point, how)
        if how == "drop" and not script.pulls:
            continue  # a source that was not begun is nobody's
        assert len(script.closed_in) == 1, point
        assert script.pulled_in <= set(script.closed_in), point


@each_build
@pytest.mark.parametrize("kind", zoo.CLOSABLE, ids=repr)
def test_every_source_is_closed_once_when_it_ends_and_when_it_fails(build, kind):
    for items in ([1, 2, 3], zoo.failing([1, 2, 3])):
        specimen = kind(items)
        answers = run(pulls(build(stream(specimen.hand_over()))))
        assert specimen.is_closed_once
        assert not specimen.log.late
        assert not specimen.log.overlapped
        assert not specimen.log.is_closing
        assert (answers[-1] == Failed(zoo.SourceError)) == (not isinstance(items, list))


@each_build
def test_a_stream_that_was_not_begun_is_closed(build):
    script = Script()

    async def main():
        await build(stream(script)).aclose()

    virtual(main())
    assert script.pulls == 0
    assert len(script.closed_in) == 1


@each_build
def test_an_error_of_closing_is_raised_by_aclose(build):
    async def main(specimen):
        subject = build(stream(specimen.hand_over()))
        await anext(subject)
        with pytest.raises(zoo.CloseError):
            await subject.aclose()
        await subject.aclose()

    specimen = zoo.FAILS_TO_CLOSE(range(100), Blocked(2))
    run(main(specimen))
    assert specimen.is_closed_once


@each_build
def test_who_cancels_the_feeder_gets_the_consumer_an_error_and_no_hang(build):
    script = Script((0, 1), (100, 2))

    async def main():
        subject = build(stream(script))
        await anext(subject)
        await asyncio.sleep(1)
        (feeder,) = asyncio.all_tasks() - {asyncio.current_task()}
        feeder.cancel()
        with pytest.raises(RuntimeError, match="a task of the stream was cancelled") as raised:
            await anext(subject)
        assert isinstance(raised.value.__cause__, asyncio.CancelledError)
        with pytest.raises(StopAsyncIteration):
            await anext(subject)

    virtual(main())
    assert len(script.closed_in) == 1


def test_a_cancellation_of_the_sources_own_is_an_error_like_others():
    def own(item):
        if item == 1:
            raise asyncio.CancelledError
        return item

    async def main():
        subject = stream([0, 1, 2]).map(own).buffer(2)
        seen = [await anext(subject)]
        with pytest.raises(asyncio.CancelledError):
            await anext(subject)
        return [*seen, await anext(subject)]

    assert run(main()) == [0, 2]


@each_build
def test_a_source_that_swallows_its_cancellation_does_not_hold_up_aclose(build):
    class Stubborn:
        closes = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                return "stubborn"
            return "item"

        async def aclose(self):
            self.closes += 1

    source = Stubborn()

    async def main():
        subject = build(stream(source))
        await anext(subject)
        await asyncio.sleep(0.5)
        await subject.aclose()

    virtual(main())
    assert source.closes == 1


def test_a_source_can_close_its_stream():
    async def source():
        yield 1
        await subject.aclose()
        yield 2

    async def main():
        nonlocal subject
        subject = stream(source()).buffer(1)
        return await pulls(subject)

    subject = None
    assert run(main()) == [1]


# ---- bad arguments, types of entries, trio -------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda s: s.buffer(0), ValueError, "buffer(): n must be at least one"),
        (lambda s: s.buffer(-1), ValueError, "buffer(): n must be at least one"),
        (lambda s: s.buffer(1.5), TypeError, "buffer(): n must be an integer, not float"),
        (lambda s: s.buffer(), TypeError, "buffer(): n is missing"),
        (lambda s: s.prefetch(0), ValueError, "prefetch(): n must be at least one"),
        (
            lambda s: s.buffer(2, overflow="latest"),
            ValueError,
            "buffer(): with overflow='latest' n must be one",
        ),
        (
            lambda s: s.buffer(2, overflow="drop"),
            ValueError,
            (
                "buffer(): overflow must be 'wait', 'drop_oldest', 'drop_newest' or 'latest', "
                "not 'drop'"
            ),
        ),
        (
            lambda s: s.buffer(2, overflow=[]),
            ValueError,
            "buffer(): overflow must be 'wait', 'drop_oldest', 'drop_newest' or 'latest', not []",
        ),
        (
            lambda s: s.buffer(2, overflow="drop_oldest", on_dropped=3),
            TypeError,
            "buffer(): 'int' object is not callable",
        ),
        (lambda s: s.conflate(None), TypeError, "conflate(): 'NoneType' object is not callable"),
    ],
)
def test_bad_arguments_fail_at_construction(build, error, message):
    with pytest.raises(error) as raised:
        build(stream([1]))
    assert str(raised.value) == message


def test_none_is_an_item():
    items = [None, None]
    assert run(stream(items).buffer(1).list()) == items
    assert run(stream(items).conflate(lambda kept, item: (kept, item)).list()) == [(None, None)]


def test_outside_of_an_event_loop_that_it_knows_it_says_so():
    subject = stream([1]).buffer(1)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no running event loop"):
            subject.__anext__().send(None)


def test_under_trio_it_works_inside_of_async_with():
    trio = pytest.importorskip("trio")
    testing = pytest.importorskip("trio.testing")

    class Source:
        pulled_in, closed_in = set(), []
        items = itertools.count()

        def __aiter__(self):
            return self

        async def __anext__(self):
            self.pulled_in.add(trio.lowlevel.current_task())
            await trio.sleep(1)
            return next(self.items)

        async def aclose(self):
            await trio.sleep(1)  # it is given the time
            self.closed_in.append(trio.lowlevel.current_task())

    async def main():
        async with stream(Source()).buffer(2) as subject:
            seen = [await anext(subject), await anext(subject)]
            await trio.sleep(10)
            begun = trio.current_time()
            seen += [await anext(subject), await anext(subject)]
            assert trio.current_time() == begun
        assert set(Source.closed_in) == Source.pulled_in
        assert len(Source.closed_in) == 1
        return seen

    clock = testing.MockClock(autojump_threshold=0)
    assert trio.run(main, clock=clock) == [0, 1, 2, 3]


def test_a_feeder_that_is_cancelled_before_it_begins_leaves_nobody_waiting():
    async def main():
        script = Script((1, 1))
        subject = stream(script).buffer(1)
        before = asyncio.all_tasks()
        pulling = asyncio.ensure_future(subject.__anext__())
        while not (feeders := asyncio.all_tasks() - before - {pulling}):
            await turns(1)
        feeders.pop().cancel()
        with pytest.raises(RuntimeError, match="a task of the stream was cancelled"):
            await pulling
        with pytest.raises(StopAsyncIteration):
            await anext(subject)
        assert len(script.closed_in) == 1

    virtual(main())
