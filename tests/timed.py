"""What the tests of the time operators share: schedules, and what is expected of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest
from hypothesis import strategies as st

gaps = st.lists(st.integers(0, 4), max_size=9)
times = gaps.map(lambda gaps: list(itertools.accumulate(gaps)))
"""When the items of a source come."""

pauses = st.lists(st.sampled_from([0, 0.5, 1, 2.5, 6]), max_size=12)
"""How long the consumer is busy after each answer."""

Seen = list[tuple[float, object]]


def waiting(
    times: list[int], pauses: Iterable[float], instead: Callable[[float], tuple[float, object]]
) -> Seen:
    """What comes and when, if who asked at ``t`` waits no longer than to a time.

    ``instead(t)`` says which, and what comes then.
    """
    seen: Seen = []
    clock, busy = 0.0, itertools.chain(pauses, itertools.repeat(0))
    ends = times[-1] if times else 0
    for i, time in [*enumerate(times), (None, ends)]:
        while max(time, clock) > (late := instead(clock))[0]:
            seen.append(late)
            clock = late[0] + next(busy)
        clock = max(time, clock)
        if i is not None:
            seen.append((clock, i))
            clock += next(busy)
    return seen


def same(seen: Seen, expected: Seen) -> None:
    """Assert that the answers are the same, and their times as good as that."""
    assert [answer for _, answer in seen] == [answer for _, answer in expected]
    assert [time for time, _ in seen] == pytest.approx([time for time, _ in expected])
