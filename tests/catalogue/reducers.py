"""Entries of reducers, and of operators whose items have no order until they are reduced."""

from __future__ import annotations

import collections
import functools
import itertools
import operator as op

import more_itertools as mit

import aitertools as ait

from ..entry import LISTS, PAIRS, TEXTS, enter
from ..executors import InTurn
from ..models import Promises, double, even, fussy, pair, promised, twice, with_dropped

# ---- reduce --------------------------------------------------------------------------------------

reducer = functools.partial(enter, "reduce", reduces=True)

reducer("list", lambda s, f: s.list(), list)
reducer("tuple", lambda s, f: s.tuple(), tuple)
reducer("set", lambda s, f: s.set(), set)
reducer("frozenset", lambda s, f: s.frozenset(), frozenset)
reducer("dict", lambda s, f: s.dict(), dict, PAIRS)
reducer("deque", lambda s, f: s.deque(2), lambda a: collections.deque(a, 2))
reducer("sorted", lambda s, f: s.sorted(), sorted)
reducer(
    "sorted(key, reverse)",
    lambda s, f: s.sorted(key=f(even), reverse=True),
    lambda a: sorted(a, key=even, reverse=True),
)
reducer("sum", lambda s, f: s.sum(), sum)
reducer("sum(start)", lambda s, f: s.sum(0.5), lambda a: sum(a, 0.5))
reducer("min", lambda s, f: s.min(), min)
reducer("min(key)", lambda s, f: s.min(key=f(even)), lambda a: min(a, key=even))
reducer("max(default)", lambda s, f: s.max(default=None), lambda a: max(a, default=None))
reducer("max(key)", lambda s, f: s.max(key=f(even)), lambda a: max(a, key=even))
reducer("any", lambda s, f: s.any(), any, early=True)
reducer("all", lambda s, f: s.all(), all, early=True)
reducer("count()", lambda s, f: s.count(), mit.ilen)
reducer("reduce", lambda s, f: s.reduce(f(op.sub)), lambda a: functools.reduce(op.sub, a))
reducer(
    "reduce(initial)",
    lambda s, f: s.reduce(f(pair), None),
    lambda a: functools.reduce(pair, a, None),
)
reducer("first", lambda s, f: s.first(), mit.first, early=True)
reducer("first(default)", lambda s, f: s.first(None), lambda a: mit.first(a, None), early=True)
reducer("last", lambda s, f: s.last(), lambda a: mit.last(iter(a)))
reducer("last(default)", lambda s, f: s.last(None), lambda a: mit.last(iter(a), None))
reducer("one", lambda s, f: s.one(), mit.one, early=True)
reducer("only", lambda s, f: s.only(), mit.only, early=True)
reducer("nth", lambda s, f: s.nth(2), lambda a: mit.nth(a, 2), early=True)
reducer("contains", lambda s, f: s.contains(4), lambda a: 4 in a, early=True)
reducer("for_each", lambda s, f: s.for_each(f(double)), lambda a: mit.consume(map(double, a)))
reducer(
    "for_each(executor)",
    lambda s, f: s.for_each(double, executor=InTurn(), concurrency=2, chunksize=2),
    lambda a: mit.consume(map(double, a)),
    tasks=True,
)
reducer(
    "for_each(concurrency)",
    lambda s, f: s.for_each(f(double), concurrency=2),
    lambda a: mit.consume(map(double, a)),
    tasks=True,
)
reducer(
    "zip(strict, concurrent)",
    lambda s, t, f: s.zip(t, strict=True, concurrent=True).list(),
    lambda a, b: list(zip(a, b, strict=True)),
    tasks=True,
    early=True,
    reordered=True,
)
reducer(
    "zip_longest(concurrent)",
    lambda s, t, f: s.zip_longest(t, fillvalue=0, concurrent=True).list(),
    lambda a, b: list(itertools.zip_longest(a, b, fillvalue=0)),
    tasks=True,
    reordered=True,
)
reducer(  # what comes when several sources are read at once has no order
    "merge of 3",
    lambda s, t, u, f: s.merge(t, u).sorted(),
    lambda a, b, c: sorted([*a, *b, *c]),
    tasks=True,
    reordered=True,
)
reducer(
    "flatten(concurrency)",
    lambda s, f: s.flatten(concurrency=2).sorted(),
    lambda a: sorted(mit.flatten(a)),
    LISTS,
    tasks=True,
)
reducer(
    "for_each(concurrency, key, on_error)",
    lambda s, f: s.for_each(fussy, concurrency=2, key=f(repr), on_error="skip"),
    mit.consume,
    tasks=True,
)
reducer(
    "map(concurrency, ordered=False)",
    lambda s, f: s.map(f(double), concurrency=3, ordered=False).sorted(),
    lambda a: sorted(map(double, a)),
    tasks=True,
)
reducer(
    "flat_map(concurrency)",
    lambda s, f: s.flat_map(f(twice), concurrency=2).sorted(),
    lambda a: sorted(mit.flatten(map(twice, a))),
    tasks=True,
)
reducer(
    "as_completed",
    lambda f: ait.as_completed(promised([3, 1])).sorted(),
    lambda: [2, 6],
    tasks=True,
)
reducer("gather", lambda f: ait.gather(promised([3, 1])), lambda: [6, 2], tasks=True)
reducer(
    "gather(limit)",
    lambda s, f: ait.gather(Promises(s), limit=2),
    lambda a: list(map(double, a)),
    tasks=True,
)
reducer("conflate", lambda s, f: s.conflate(op.add).sum(), sum, tasks=True)
reducer(
    "zip_latest of 2 at the end",
    lambda s, t, f: s.zip_latest(t).last(),
    lambda a, b: (mit.last(iter(a)), mit.last(iter(b))),
    tasks=True,
    reordered=True,
)
reducer(
    "buffer(latest) at the end",
    lambda s, f: s.buffer(overflow="latest").last(),
    lambda a: mit.last(iter(a)),
    tasks=True,
)
reducer(  # what is delivered and what is dropped is all
    "buffer(drop_oldest, on_dropped)",
    lambda s, f: with_dropped(lambda fn: s.buffer(2, overflow="drop_oldest", on_dropped=fn)),
    sorted,
    tasks=True,
)
reducer(
    "debounce(on_dropped)",
    lambda s, f: with_dropped(lambda fn: s.debounce(60, on_dropped=fn)),
    sorted,
    tasks=True,
)
reducer(
    "sample(on_dropped)",
    lambda s, f: with_dropped(lambda fn: s.sample(60, on_dropped=fn)),
    sorted,
    tasks=True,
)
reducer(
    "throttle(on_dropped)",
    lambda s, f: with_dropped(lambda fn: s.throttle(60, on_dropped=fn)),
    sorted,
    tasks=True,
)
reducer("drain", lambda s, f: s.drain(), mit.consume)
reducer("join(str)", lambda s, f: s.join(", "), ", ".join, TEXTS)
reducer(
    "join(bytes)",
    lambda s, f: s.map(str.encode).join(b"-"),
    lambda a: b"-".join(map(str.encode, a)),
    TEXTS,
)
reducer("counter", lambda s, f: s.counter(), collections.Counter)
reducer("into", lambda s, f: s.into(f(sum)), sum)
