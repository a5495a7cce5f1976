"""What happens when nothing comes, or not in time: timeout, deadline, idle, heartbeat."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import stream
from aitertools.testing import assert_marbles

from . import zoo
from .oracle import Blocked, Failed
from .script import Broken, Script, fussy, now, virtual, watch, watched
from .timed import pauses, same, times, waiting

LATE = Failed(TimeoutError)
durations = st.sampled_from([0.7, 1.3, 2.6])  # nothing comes at a multiple of them


# ---- timeout -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ab--c|", "ab--c|"),
        ("a-----b|", "a--{^TimeoutError}--b|"),
        ("a--b--c|", "a--b--c|"),  # they come just then
        ("-------a|", "---{^TimeoutError}--{^TimeoutError}a|"),
        ("a----|", "a--{^TimeoutError}-|"),
        ("a----^", "a--{^TimeoutError}-^"),
        ("a...", "a--{^TimeoutError}--{^TimeoutError}..."),
        ("|", "|"),
    ],
)
def test_timeout_in_pictures(source, expected):
    assert_marbles(lambda s: s.timeout(3), source, expected)


@given(times, pauses, durations)
def test_a_timeout_comes_so_long_after_it_was_asked_for(times, pauses, seconds):
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.timeout(seconds), events, pauses)
    same(seen, waiting(times, pauses, lambda asked: (asked + seconds, LATE)))


def test_a_timeout_ends_neither_a_pull_nor_a_generator():
    """The pull goes on in one task, whoever asks, and a generator lives on."""
    tasks = set()

    async def slow():
        for letter in "abc":
            tasks.add(asyncio.current_task())
            await asyncio.sleep(10)
            yield letter

    async def main():
        subject = stream(slow()).timeout(4)
        assert await watch(subject) == [
            (time, LATE if answer == "-" else answer)
            for time, answer in zip([4, 8, 10, 14, 18, 20, 24, 28, 30], "--a--b--c", strict=True)
        ]

    virtual(main())
    assert len(tasks) == 1


def test_a_timeout_that_is_suppressed_waits_on():
    seen = watched(lambda s: s.timeout(2).suppress(TimeoutError), [(1, "a"), (8, "b")])
    assert seen == [(1, "a"), (8, "b")]


# ---- deadline ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ab|", "ab|"),
        ("a-b--c|", "a-b({^TimeoutError}|)"),
        ("a--b--c|", "a--({^TimeoutError}|)"),  # what comes just then is late
        ("...", "---({^TimeoutError}|)"),
        ("a-^", "a-^"),
        ("|", "|"),
    ],
)
def test_deadline_in_pictures(source, expected):
    assert_marbles(lambda s: s.deadline(3), source, expected)


@given(times, pauses, st.integers(1, 20))
def test_nothing_comes_after_the_deadline_and_all_before_it(times, pauses, seconds):
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.deadline(seconds), events, pauses)
    without = watched(lambda s: s, events, pauses)
    expected = [(time, answer) for time, answer in without if time < seconds]
    busy = [*pauses, *[0] * 9]
    asked = expected[-1][0] + busy[len(expected) - 1] if expected else 0
    ends = max(asked, *times[-1:], 0)
    if len(expected) < len(without) or ends >= seconds:
        expected.append((max(seconds, asked), LATE))
    assert seen == expected


def test_a_source_that_is_always_ready_is_ended_as_well():
    async def main():
        with pytest.raises(TimeoutError, match=r"^deadline\(\): not over within 0.02 seconds"):
            await ait.count().deadline(0.02).drain()

    asyncio.run(main())


@pytest.mark.parametrize("pauses", [[], [9]])
def test_the_source_is_closed_before_the_deadline_is_told(pauses):
    async def main():
        script = Script((1, "a"), (8, "b"))
        subject = stream(script).deadline(5)
        assert await anext(subject) == "a"
        await asyncio.sleep(sum(pauses))
        with pytest.raises(TimeoutError):
            await anext(subject)
        assert len(script.closed_in) == 1
        assert await watch(subject) == []

    virtual(main())


def test_a_source_that_fails_to_close_then_does_not_mask_it():
    async def main():
        specimen = zoo.FAILS_TO_CLOSE([], Blocked(1))
        subject = stream(specimen.hand_over()).deadline(5)
        with pytest.raises(TimeoutError) as caught:
            await anext(subject)
        assert isinstance(caught.value.__context__, zoo.CloseError)
        assert specimen.is_closed_once
        assert await watch(subject) == []

    virtual(main())


@pytest.mark.parametrize("turn", range(4))
def test_cancelled_while_it_closes_the_deadline_is_told_next(turn):
    class SlowToClose(Script):
        async def aclose(self):
            await super().aclose()
            await asyncio.sleep(3)

    async def main():
        script = SlowToClose((1, "a"), (8, "b"))
        subject = stream(script).deadline(5)
        pulling = asyncio.ensure_future(subject.list())
        await asyncio.sleep(5 + turn)
        pulling.cancel()
        await asyncio.wait([pulling])
        assert now() == max(8, 5 + turn) if turn else 8
        assert len(script.closed_in) == 1

    virtual(main())


# ---- idle ----------------------------------------------------------------------------------------


@given(times, pauses, durations)
def test_idle_tells_once_in_each_silence_and_passes_on_what_comes(times, pauses, seconds):
    """Silences are where a heartbeat has its first beat."""
    events = [(time, i) for i, time in enumerate(times)]
    told = []
    seen = watched(lambda s: s.idle(seconds, lambda: told.append(now())), events, pauses)
    assert seen == watched(lambda s: s, events, pauses)
    expected, asked = [], 0.0
    for (came, _), pause in zip(
        [*seen, (max(times[-1:], default=0), None)], [*pauses, *[0] * 10], strict=False
    ):
        if asked + seconds < came:
            expected.append(asked + seconds)
        asked = came + pause
    assert told == pytest.approx(expected)


def test_an_async_callback_is_awaited_by_who_waits():
    """What comes meanwhile comes after it, and is not lost when it fails or is cancelled."""

    async def main(fate):
        calls = []

        async def callback():
            calls.append(asyncio.current_task())
            await asyncio.sleep(4)
            if fate == "fails":
                raise Broken

        subject = stream(Script((3, "a"), (4, "b"))).idle(2, callback)
        pulling = asyncio.ensure_future(anext(subject))
        await asyncio.sleep(3.5)
        if fate == "cancelled":
            pulling.cancel()
        await asyncio.wait([pulling])
        assert calls == [pulling]
        if fate == "fails":
            assert isinstance(pulling.exception(), Broken)
        elif fate == "cancelled":
            assert pulling.cancelled()
        else:
            assert (pulling.result(), now()) == ("a", 6)
        return [answer for _, answer in await watch(subject)]

    assert virtual(main("returns")) == ["b"]
    assert virtual(main("fails")) == ["a", "b"]
    assert virtual(main("cancelled")) == ["a", "b"]


@pytest.mark.parametrize("stop", [StopIteration, StopAsyncIteration])
def test_stop_iteration_out_of_the_callback_is_a_runtime_error(stop):
    def callback():
        raise stop

    seen = watched(lambda s: s.idle(2, callback), [(3, "a")])
    assert seen == [(2, Failed(RuntimeError)), (3, "a")]


def test_cancelled_pulls_do_not_put_off_the_call():
    async def main():
        told = []
        subject = ait.never().idle(2.5, lambda: told.append(now()))
        for _ in range(6):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(subject)
        await subject.aclose()
        return told

    assert virtual(main()) == [2.5]


# ---- heartbeat -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("abc|", "abc|"),
        ("a------b-|", "a-~-~-~b-|"),
        ("a-b--c|", "a-b-~c|"),  # it comes just then
        ("----|", "--~-|"),
        ("---^", "--~^"),
        ("a...", "a-~-~..."),
        ("a-----b|", "a-~!~-b|"),
    ],
)
def test_heartbeat_in_pictures(source, expected):
    assert_marbles(lambda s: s.heartbeat(2, "~"), source, expected)


@given(times, pauses, durations)
def test_a_beat_comes_so_long_after_it_was_asked_for(times, pauses, every):
    events = [(time, i) for i, time in enumerate(times)]
    seen = watched(lambda s: s.heartbeat(every, None), events, pauses)
    same(seen, waiting(times, pauses, lambda asked: (asked + every, None)))


def test_cancelled_pulls_do_not_put_off_the_beat():
    """Who asks anew every second, and gives up, gets it all the same."""

    async def main():
        subject = ait.never().heartbeat(2.5, "~")
        seen = []
        while now() < 8:
            try:
                async with asyncio.timeout(1):
                    seen.append((now(), await anext(subject), now()))
            except TimeoutError:
                pass
        await subject.aclose()
        return seen

    assert virtual(main()) == [(2, "~", 2.5), (4.5, "~", 5), (7, "~", 7.5)]


def test_an_error_is_no_silence():
    events = [(1, "a"), (2.5, Broken()), (4, "b")]
    seen = watched(lambda s: s.map(fussy).heartbeat(2, "~"), events)
    assert seen == [(1, "a"), (2.5, Failed(Broken)), (4, "b")]


def test_what_came_for_nobody_comes_before_a_beat():
    async def main():
        subject = stream(Script((3, "a"), (4, "b"))).heartbeat(2, "~")
        assert await anext(subject) == "~"
        await asyncio.sleep(5)
        return await watch(subject)

    assert virtual(main()) == [(7, "a"), (7, "b")]


# ---- arguments -----------------------------------------------------------------------------------

TAKING_SECONDS = {
    "timeout(): seconds": lambda s: ait.empty().timeout(s),
    "deadline(): seconds": lambda s: ait.empty().deadline(s),
    "idle(): seconds": lambda s: ait.empty().idle(s, list),
    "heartbeat(): every": lambda s: ait.empty().heartbeat(s, None),
    "interval(): every": ait.interval,
}


@pytest.mark.parametrize("name", TAKING_SECONDS)
def test_durations_are_checked(name):
    take, said = TAKING_SECONDS[name], re.escape(name)
    for wrong in (0, -1, -0.5):
        with pytest.raises(ValueError, match=f"^{said} must be positive$"):
            take(wrong)
    with pytest.raises(ValueError, match=f"^{said} must not be nan$"):
        take(float("nan"))
    for wrong in ("1", None, True):
        with pytest.raises(TypeError, match=f"^{said} must be a number of seconds, not "):
            take(wrong)
    assert virtual(take(float("inf")).take(0).list()) == []


def test_what_they_are_called():
    assert repr(ait.never().timeout(1.5).heartbeat(20, "~")) == (
        "<Stream heartbeat(20) <- timeout(1.5) <- never>"
    )
    assert repr(ait.interval(0.25).take(3)) == "<Stream take(3) <- interval(0.25)>"
    assert repr(ait.timer(3)) == "<Stream timer(3)>"
    assert repr(ait.never().idle(2, list).deadline(60)) == (
        "<Stream deadline(60) <- idle(2) <- never>"
    )
    with pytest.raises(TypeError, match=r"^idle\(\): 'int' object is not callable$"):
        ait.empty().idle(2, 1)
