"""Entries of what has tasks of its own: to read ahead, for calls in flight, or by the clock."""

from __future__ import annotations

import functools
import itertools
import operator as op

import more_itertools as mit

import aitertools as ait

from ..entry import LISTS, PAIRS, enter
from ..executors import AtOnce, InTurn
from ..models import (
    Never,
    Promises,
    collected,
    double,
    even,
    first,
    fussy,
    once,
    one,
    pair,
    results,
    shown,
    small,
    suppressed,
    twice,
)

# ---- buffers: read ahead, in no time but what the loop takes -------------------------------------

operator = functools.partial(enter, "buffers", tasks=True)

operator("buffer(1)", lambda s, f: s.buffer(1), iter, ahead=1)
operator("buffer(3)", lambda s, f: s.buffer(3), iter, ahead=3)
operator("prefetch", lambda s, f: s.prefetch(n=2), iter, ahead=2)
operator("buffer(drop_oldest)", lambda s, f: s.buffer(9, overflow="drop_oldest"), iter, ahead=9)
operator("buffer(drop_newest)", lambda s, f: s.buffer(9, overflow="drop_newest"), iter, ahead=9)

timed = functools.partial(operator, cuts=True)

timed("batched(within)", lambda s, f: s.batched(2, within=60), lambda a: mit.batched(a, 2))
timed("batched(within alone)", lambda s, f: s.batched(within=60), lambda a: mit.batched(a, 99))
timed("windowed(within)", lambda s, f: s.windowed(within=60), lambda a: mit.batched(a, 99))
timed(
    "windowed(within, every)",
    lambda s, f: s.windowed(within=60, every=30),
    lambda a: mit.batched(a, 99),
)
timed("debounce", lambda s, f: s.debounce(60), lambda a: mit.tail(1, a))
timed("sample", lambda s, f: s.sample(60), lambda a: mit.tail(1, a))

# ---- concurrent: several calls in flight ---------------------------------------------------------

operator = functools.partial(enter, "concurrent", tasks=True)

operator(
    "map(concurrency)",
    lambda s, f: s.map(f(double), concurrency=2),
    lambda a: map(double, a),
    ahead=6,
)
operator(
    "map(concurrency, buffer)",
    lambda s, f: s.map(f(double), concurrency=3, buffer=0),
    lambda a: map(double, a),
    ahead=3,
)
operator(
    "map(concurrency, key)",
    lambda s, f: s.map(f(double), concurrency=2, key=even, buffer=1),
    lambda a: map(double, a),
    ahead=3,
)
operator(
    "map(concurrency) of 2",
    lambda s, t, f: s.map(f(op.mul), t, concurrency=2),
    lambda a, b: map(op.mul, a, b),
    early=True,
    ahead=6,
)
operator(
    "map(concurrency=1, ordered=False)",
    lambda s, f: s.map(f(double), concurrency=1, ordered=False),
    lambda a: map(double, a),
    ahead=3,
)
operator(
    "map(concurrency, on_error=result)",
    lambda s, f: s.map(fussy, concurrency=2, on_error="result").map(shown),
    lambda a: map(shown, results(fussy, a)),
    ahead=6,
)
operator(
    "map(concurrency, on_error=skip)",
    lambda s, f: s.map(fussy, concurrency=2, on_error="skip"),
    lambda a: suppressed(fussy, a, Exception),
    ahead=6,
)
operator(
    "map(concurrency, on_error=fn)",
    lambda s, f: s.map(fussy, concurrency=2, on_error=pair),
    lambda a: suppressed(fussy, a, Exception),
    ahead=6,
)
operator(
    "map(concurrency, on_error=collect)",
    lambda s, f: s.map(fussy, concurrency=2, on_error="collect"),
    lambda a: collected(fussy, a),
    ahead=6,
)
operator(
    "starmap(concurrency)",
    lambda s, f: s.starmap(f(op.mul), concurrency=2),
    lambda a: itertools.starmap(op.mul, a),
    PAIRS,
    ahead=6,
)
operator(
    "starmap(concurrency, key, on_error=result)",
    lambda s, f: s.starmap(
        op.floordiv, concurrency=1, key=repr, buffer=2, ordered=False, on_error="result"
    ).map(shown),
    lambda a: map(shown, results(lambda pair: op.floordiv(*pair), a)),
    PAIRS,
    ahead=3,
)
operator(
    "filter(pred, concurrency)",
    lambda s, f: s.filter(f(even), concurrency=2),
    lambda a: filter(even, a),
    ahead=6,
)
operator(
    "filter(concurrency, buffer=0)",
    lambda s, f: s.filter(f(small), concurrency=2, buffer=0),
    lambda a: filter(small, a),
    ahead=2,
)
operator(
    "filter(concurrency=1, ordered=False, on_error)",
    lambda s, f: s.filter(fussy, concurrency=1, ordered=False, on_error=pair),
    lambda a: filter(None, suppressed(fussy, a, Exception)),
    ahead=3,
)
operator(
    "filterfalse(concurrency)",
    lambda s, f: s.filterfalse(concurrency=3, buffer=1),
    lambda a: itertools.filterfalse(None, a),
    ahead=4,
)
operator(
    "filterfalse(concurrency=1, ordered=False, on_error)",
    lambda s, f: s.filterfalse(fussy, concurrency=1, ordered=False, on_error="skip"),
    lambda a: itertools.filterfalse(None, suppressed(fussy, a, Exception)),
    ahead=3,
)

# ---- executors: chunks of calls in flight --------------------------------------------------------

operator(
    "map(executor)",
    lambda s, f: s.map(double, executor=InTurn(), concurrency=2),
    lambda a: map(double, a),
    ahead=100,
)
operator(
    "map(executor, chunksize)",
    lambda s, f: s.map(double, executor=InTurn(), concurrency=2, chunksize=2, buffer=0),
    lambda a: map(double, a),
    ahead=4,
)
operator(
    "map(executor at once)",
    lambda s, f: s.map(double, executor=AtOnce(), concurrency=1, ordered=False, chunksize=1),
    lambda a: map(double, a),
    ahead=3,
)
operator(
    "map(executor) of 2",
    lambda s, t, f: s.map(op.mul, t, executor=InTurn(), concurrency=1, chunksize=2),
    lambda a, b: map(op.mul, a, b),
    early=True,
    ahead=6,
)
operator(
    "map(executor, on_error=result)",
    lambda s, f: s.map(
        fussy, executor=InTurn(), concurrency=1, chunksize=2, buffer=1, on_error="result"
    ).map(shown),
    lambda a: map(shown, results(fussy, a)),
    ahead=3,
)
operator(
    "map(executor, on_error=fn)",
    lambda s, f: s.map(fussy, executor=InTurn(), concurrency=2, chunksize=1, on_error=pair),
    lambda a: suppressed(fussy, a, Exception),
    ahead=6,
)
operator(
    "map(executor, on_error=collect)",
    lambda s, f: s.map(fussy, executor=InTurn(), concurrency=2, chunksize=1, on_error="collect"),
    lambda a: collected(fussy, a),
    ahead=6,
)
operator(
    "starmap(executor)",
    lambda s, f: s.starmap(op.mul, executor=InTurn(), concurrency=2, chunksize=2, buffer=1),
    lambda a: itertools.starmap(op.mul, a),
    PAIRS,
    ahead=5,
)
operator(
    "filter(executor)",
    lambda s, f: s.filter(even, executor=InTurn(), concurrency=2, chunksize=2, buffer=0),
    lambda a: filter(even, a),
    ahead=4,
)
operator(
    "filterfalse(executor)",
    lambda s, f: s.filterfalse(executor=InTurn(), concurrency=2, chunksize=1, buffer=0),
    lambda a: itertools.filterfalse(None, a),
    ahead=2,
)

# ---- concurrent: several sources

operator("merge", lambda s, f: s.merge(), iter)
operator("merge(halt=any)", lambda s, f: s.merge(ait.never(), halt="any"), iter)
operator(
    "flat_map(concurrency=1)",
    lambda s, f: s.flat_map(f(twice), concurrency=1),
    lambda a: mit.flatten(map(twice, a)),
)
operator(
    "flatten(concurrency=1)",
    lambda s, f: s.flatten(concurrency=1),
    mit.flatten,
    LISTS,
)
operator(
    "zip(concurrent) of 1",
    lambda s, f: ait.zip(s, ait.count(), concurrent=True),
    lambda a: zip(a, itertools.count()),
)
operator(
    "zip_longest(concurrent) of 1",
    lambda s, f: s.zip_longest([], concurrent=True),
    lambda a: ((x, None) for x in a),
)
operator(
    "zip(concurrent)",
    lambda s, t, u, f: s.zip(t, u, concurrent=True),
    zip,
    early=True,
    reordered=True,
)
operator("race", lambda s, f: s.race([]), iter)
operator(
    "as_completed(limit)",
    lambda s, f: ait.as_completed(Promises(s), limit=1),
    lambda a: map(double, a),
    ahead=3,
)
operator("zip_latest", lambda s, f: s.zip_latest(), zip)
operator("zip_latest of 2", lambda s, f: s.zip_latest([7]), lambda a: ((x, 7) for x in a))
operator(
    "with_latest_from",
    lambda s, f: s.with_latest_from([7], [8]),
    lambda a: ((x, 7, 8) for x in a),
)
operator(  # the next source is there when the one before has ended
    "switch_map",
    lambda s, f: s.map(lambda x: x).switch_map(f(once)),
    iter,
    ahead=1,
)

# ---- time: a clock that goes on only when all wait -----------------------------------------------

operator = functools.partial(enter, "time", tasks=True)

operator(
    "interval",
    lambda f: ait.interval(0.001).enumerate().map(first).take(3),  # a real clock may skip some
    lambda: range(3),
    early=True,
)
operator(
    "interval(start)",
    lambda f: ait.interval(0.001, start=0).enumerate().map(first).take(3),
    lambda: range(3),
    early=True,
)
operator("timer", lambda f: ait.timer(0.001, None), lambda: [None])
operator("timer(value)", lambda f: ait.timer(0, value=1), lambda: [1])
operator("timeout", lambda s, f: s.timeout(60), iter)
operator("deadline", lambda s, f: s.deadline(60), iter)
operator("idle", lambda s, f: s.idle(60, list), iter)
operator("take_until", lambda s, f: s.take_until(Never()), iter)
operator("throttle", lambda s, f: s.throttle(60), lambda a: (x for i, x in enumerate(a) if i == 0))
operator("delay", lambda s, f: s.delay(0.001, buffer=3), iter, ahead=3)
operator("space_out", lambda s, f: s.space_out(0.001), iter)
operator("rate_limit", lambda s, f: s.rate_limit(1, per=0.001), iter)
operator("rate_limit(burst)", lambda s, f: s.rate_limit(1, per=0.001, burst=2), iter)
operator("rate_limit(cost)", lambda s, f: s.rate_limit(4, per=0.001, cost=f(one)), iter)
operator("heartbeat", lambda s, f: s.heartbeat(60, None), iter)
