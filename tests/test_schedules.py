"""Schedules are values: what they say about delays, exactly, and what they refuse."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aitertools as ait
from aitertools import exponential, fixed

seconds = st.floats(0.001, 1e6)
limits = st.fixed_dictionaries(
    {},
    optional={
        "jitter": st.one_of(st.floats(0, 1), st.booleans()),
        "attempts": st.one_of(st.none(), st.integers(1, 40)),
        "within": st.one_of(st.none(), seconds),
    },
)
growth = st.fixed_dictionaries(
    {"base": seconds},
    optional={"factor": st.floats(1.01, 1e3), "cap": st.one_of(st.none(), seconds)},
)
schedules = st.one_of(
    st.builds(lambda grows, limits: exponential(**grows, **limits), growth, limits),
    st.builds(lambda delay, limits: fixed(delay, **limits), st.just(0) | seconds, limits),
)


def some(schedule: ait.Schedule, rng: random.Random | None = None, n: int = 50) -> list[float]:
    return list(itertools.islice(schedule.delays(rng), n))


def without_jitter(schedule: ait.Schedule) -> ait.Schedule:
    plain = copy.copy(schedule)
    object.__setattr__(plain, "jitter", 0.0)
    return plain


# ---- delays --------------------------------------------------------------------------------------


@given(base=seconds, factor=st.floats(1.01, 100), cap=seconds, n=st.integers(1, 20))
def test_a_delay_is_the_power_of_the_factor_up_to_the_cap(base, factor, cap, n):
    delays = list(exponential(base, factor=factor, cap=cap, jitter=0, attempts=n))
    powers = [min(base * factor**k, cap) for k in range(n - 1)]
    assert delays == pytest.approx(powers)


@given(schedules)
def test_delays_grow_until_the_cap_and_stay_there(schedule):
    delays = some(without_jitter(schedule))
    assert delays == sorted(delays)
    if schedule.cap is not None:
        reached = list(itertools.dropwhile(lambda delay: delay < schedule.cap, delays))
        assert set(reached) <= {schedule.cap}


@given(schedule=schedules, seed=st.integers())
def test_jitter_takes_off_no_more_than_its_share(schedule, seed):
    delays = some(schedule, random.Random(seed))
    full = some(without_jitter(schedule))
    assert len(full) == len(delays)
    for delay, most in zip(delays, full, strict=True):
        assert most * (1 - schedule.jitter) * (1 - 1e-12) <= delay <= most


def test_full_jitter_is_evenly_spread():
    """Each quarter of the delay gets its quarter of the draws: a bent spread would be far off."""
    delays = some(fixed(8, jitter=1), random.Random(2015), n=4000)
    quarters = [sum(2 * k <= delay < 2 * k + 2 for delay in delays) for k in range(4)]
    assert all(900 < n < 1100 for n in quarters), quarters


@given(schedule=schedules, seed=st.integers())
def test_the_same_chance_gives_the_same_delays(schedule, seed):
    assert some(schedule, random.Random(seed)) == some(schedule, random.Random(seed))


@given(n=st.integers(1, 30), delay=seconds)
def test_n_attempts_have_n_minus_one_delays_between_them(n, delay):
    for schedule in (exponential(delay, attempts=n), fixed(delay, attempts=n)):
        assert len(list(schedule)) == n - 1


@given(schedules)
def test_without_attempts_there_is_no_end(schedule):
    assert len(some(schedule, n=50)) == (50 if schedule.attempts is None else schedule.attempts - 1)


def test_after_ever_so_many_attempts_a_delay_is_a_number():
    """The powers overflow; the delays must not, nor become nan by jitter."""
    for schedule in (
        exponential(1e300, factor=1e300),
        exponential(math.inf, cap=math.inf),
        fixed(math.inf, jitter=1),
    ):
        delays = some(schedule, random.Random(0), n=2000)
        assert all(math.isfinite(delay) for delay in delays)


def test_it_can_be_read_many_times_at_once():
    schedule = exponential(1, jitter=0, attempts=4)
    one, other = iter(schedule), iter(schedule)
    assert [next(one), next(one), next(other), next(one)] == [1, 2, 1, 4]
    assert list(other) == [2, 4]


# ---- values --------------------------------------------------------------------------------------


@given(schedules)
def test_its_repr_makes_an_equal_one(schedule):
    made = eval(repr(schedule), {"exponential": exponential, "fixed": fixed})
    assert made == schedule
    assert hash(made) == hash(schedule)


@given(a=schedules, b=schedules)
def test_they_are_equal_when_they_say_the_same(a, b):
    assert (a == b) == (repr(a) == repr(b))


@given(schedules)
def test_it_can_be_copied_and_pickled(schedule):
    assert copy.deepcopy(schedule) == schedule == pickle.loads(pickle.dumps(schedule))


def test_a_repr_says_what_is_unusual():
    assert repr(exponential()) == "exponential(0.1)"
    assert repr(fixed(2, jitter=True, attempts=3)) == "fixed(2.0, jitter=1.0, attempts=3)"
    assert repr(exponential(1, factor=3, within=9)) == "exponential(1.0, factor=3.0, within=9.0)"


@given(schedules)
def test_it_cannot_be_changed(schedule):
    with pytest.raises(AttributeError):
        schedule.attempts = 3


@given(milliseconds=st.integers(1, 10**9))
def test_durations_may_be_timedeltas(milliseconds):
    duration = timedelta(milliseconds=milliseconds)
    plain = duration.total_seconds()
    by_numbers = exponential(plain, cap=plain, within=plain), fixed(plain, within=plain)
    assert by_numbers == (
        exponential(duration, cap=duration, within=duration),
        fixed(duration, within=duration),
    )


# ---- what is refused -----------------------------------------------------------------------------

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (exponential, {"base": 0}, "base must be positive"),
    (exponential, {"base": -1}, "base must be positive"),
    (exponential, {"base": timedelta(seconds=-1)}, "base must be positive"),
    (exponential, {"base": math.nan}, "base must not be nan"),
    (exponential, {"factor": 1}, "factor must be greater than one, and finite"),
    (exponential, {"factor": math.nan}, "factor must be greater than one, and finite"),
    (exponential, {"cap": 0}, "cap must be positive"),
    (exponential, {"cap": math.nan}, "cap must not be nan"),
    (exponential, {"jitter": 1.5}, "jitter must be between 0 and 1"),
    (exponential, {"jitter": -0.5}, "jitter must be between 0 and 1"),
    (exponential, {"attempts": 0}, "attempts must be at least one"),
    (exponential, {"within": 0}, "within must be positive"),
    (exponential, {"within": -1}, "within must be positive"),
    (exponential, {"factor": math.inf}, "factor must be greater than one, and finite"),
    (fixed, {"delay": -1}, "delay must not be negative"),
    (fixed, {"delay": math.nan}, "delay must not be nan"),
    (fixed, {"delay": 1, "jitter": math.nan}, "jitter must be between 0 and 1"),
    (fixed, {"delay": 1, "attempts": -3}, "attempts must be at least one"),
    (fixed, {"delay": 1, "within": math.nan}, "within must not be nan"),
]


@pytest.mark.parametrize(
    ("make", "how", "rule"), REFUSED, ids=lambda part: getattr(part, "__name__", str(part))[:40]
)
def test_what_makes_no_sense_is_refused(make, how, rule):
    with pytest.raises(ValueError, match=rf"^{make.__name__}\(\): {rule}$"):
        make(**how)


@pytest.mark.parametrize("what", ["base", "factor", "cap", "jitter", "within"])
def test_what_is_no_number_is_refused(what):
    with pytest.raises(TypeError, match=rf"exponential\(\): {what} must be a number.*, not str$"):
        exponential(**{what: "1"})


def test_half_an_attempt_is_refused():
    with pytest.raises(TypeError, match="integer"):
        fixed(1, attempts=1.5)
