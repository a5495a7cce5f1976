"""The catalogue: one line per operator and reducer, which puts it through every general test.

    operator("map", lambda s, f: s.map(f(double)), lambda a: map(double, a))

says its name, how to build it on streams ``s``, ``t``, ``u``, and how its synchronous original does
the same with iterables ``a``, ``b``, ``c``. Functions are handed over through ``f``, which may make
them ``async def``. The rest, where it differs from the usual one source of small integers:

    data      what the sources have: INTS, PAIRS, LISTS, TEXTS, BOOLS; one for all, or one for each
    early     it may come to its end before its first source does
    shares    its results are streams, or share its source: some laws have tests of their own
    carried   what it reads may be pulled, and the functions there called, in a task of its own
    reordered the original reads its sources in another order, or more of them
    tasks     of the engine: it works in tasks of its own, so it needs an event loop, asyncio's
    ahead     how many items of a source it may read before they are asked for
    cuts      an error has what is open delivered before it, which the original does not deliver
"""

from __future__ import annotations

import collections
import functools
import heapq
import itertools
import operator as op

import more_itertools as mit

import aitertools as ait

from .entry import BOOLS, ENTRIES, INTS, LISTS, PAIRS, TEXTS, enter
from .executors import AtOnce, InTurn
from .models import (
    Never,
    Promises,
    ascending,
    breaking,
    caught,
    chunked_by,
    chunked_by_weight,
    chunks,
    collected,
    double,
    even,
    first,
    fussy,
    groups,
    iterated,
    lines,
    once,
    one,
    opened,
    pages,
    pair,
    promised,
    published,
    results,
    shown,
    small,
    suppressed,
    twice,
    with_dropped,
)

__all__ = ["ENTRIES"]

# ---- create: no source but what it is made of ----------------------------------------------------

operator = functools.partial(enter, "create")

operator("aiter(fn, sentinel)", lambda f: ait.aiter(f(iter([3, 1, 0]).__next__), 0), lambda: [3, 1])
operator("count", lambda f: ait.count(3, -2).take(3), lambda: [3, 1, -1], early=True)
operator("empty", lambda f: ait.empty(), list)
operator("iterate", lambda f: ait.iterate(f(double), 1).take(4), lambda: iterated(double, 1, 4))
operator("once", lambda f: ait.once(None), lambda: [None])
operator("paginate", lambda f: ait.paginate(f(pages.get)), lambda: ["ab", "cd", "e"])
operator("range", lambda f: ait.range(7, 1, -2), lambda: range(7, 1, -2))
operator(
    "retry",
    lambda f: ait.retry(f(breaking([1, 2], [], [3])), ait.fixed(0), on=OSError),
    lambda: [1, 2, 3],
)
operator("repeat", lambda f: ait.repeat(None, 3), lambda: itertools.repeat(None, 3))

# ---- transform -----------------------------------------------------------------------------------

operator = functools.partial(enter, "transform")

operator("stream", lambda s, f: s, iter)
operator("borrow(stream)", lambda s, f: ait.borrow(s), iter, shares=True)
operator("map", lambda s, f: s.map(f(double)), lambda a: map(double, a))
operator(
    "map of 2", lambda s, t, f: s.map(f(op.mul), t), lambda a, b: map(op.mul, a, b), early=True
)
operator(
    "map of 3", lambda s, t, u, f: s.map(f(max), t, u), lambda *abc: map(max, *abc), early=True
)
operator(
    "starmap", lambda s, f: s.starmap(f(op.mul)), lambda a: itertools.starmap(op.mul, a), PAIRS
)
operator("flat_map", lambda s, f: s.flat_map(f(twice)), lambda a: mit.flatten(map(twice, a)))
operator("flatten", lambda s, f: s.flatten(), mit.flatten, LISTS)
operator("enumerate", lambda s, f: s.enumerate(-2), lambda a: enumerate(a, -2))
operator("accumulate", lambda s, f: s.accumulate(), itertools.accumulate)
operator(
    "accumulate(fn)", lambda s, f: s.accumulate(f(max)), lambda a: itertools.accumulate(a, max)
)
operator(
    "accumulate(fn, initial)",
    lambda s, f: s.accumulate(f(op.sub), initial=7),
    lambda a: itertools.accumulate(a, op.sub, initial=7),
)
operator("pairwise", lambda s, f: s.pairwise(), itertools.pairwise)
operator("tap", lambda s, f: s.tap(f(repr)), iter)
operator("intersperse", lambda s, f: s.intersperse(None), lambda a: mit.intersperse(None, a))
operator("prepend", lambda s, f: s.prepend(None, 8), lambda a: itertools.chain([None, 8], a))
operator("append", lambda s, f: s.append(None, 8), lambda a: itertools.chain(a, [None, 8]))

# ---- select --------------------------------------------------------------------------------------

operator = functools.partial(enter, "select")

operator("filter", lambda s, f: s.filter(), lambda a: filter(None, a))
operator("filter(pred)", lambda s, f: s.filter(f(even)), lambda a: filter(even, a))
operator("filterfalse", lambda s, f: s.filterfalse(), lambda a: itertools.filterfalse(None, a))
operator(
    "filterfalse(pred)",
    lambda s, f: s.filterfalse(f(even)),
    lambda a: itertools.filterfalse(even, a),
)
operator("take", lambda s, f: s.take(3), lambda a: itertools.islice(a, 3), early=True)
operator("take(0)", lambda s, f: s.take(0), lambda a: itertools.islice(a, 0), early=True)
operator("skip", lambda s, f: s.skip(2), lambda a: itertools.islice(a, 2, None))
operator(
    "takewhile",
    lambda s, f: s.takewhile(f(small)),
    lambda a: itertools.takewhile(small, a),
    early=True,
)
operator("dropwhile", lambda s, f: s.dropwhile(f(small)), lambda a: itertools.dropwhile(small, a))
operator(
    "islice", lambda s, f: s.islice(1, 5, 2), lambda a: itertools.islice(a, 1, 5, 2), early=True
)
operator("[1:4]", lambda s, f: s[1:4], lambda a: itertools.islice(a, 1, 4), early=True)
operator("[::3]", lambda s, f: s[::3], lambda a: itertools.islice(a, 0, None, 3))
operator(
    "compress", lambda s, t, f: s.compress(t), itertools.compress, data=(INTS, BOOLS), early=True
)
operator("unique", lambda s, f: s.unique(), mit.unique_everseen)
operator("unique(key)", lambda s, f: s.unique(f(even)), lambda a: mit.unique_everseen(a, even))
operator("unique_justseen", lambda s, f: s.unique_justseen(), mit.unique_justseen)
operator(
    "unique_justseen(key)",
    lambda s, f: s.unique_justseen(f(even)),
    lambda a: mit.unique_justseen(a, even),
)
operator("take_last", lambda s, f: s.take_last(2), lambda a: mit.tail(2, a))
operator("take_last(0)", lambda s, f: s.take_last(0), lambda a: mit.tail(0, a))
operator("skip_last", lambda s, f: s.skip_last(2), lambda a: list(a)[:-2], reordered=True)
operator("skip_last(0)", lambda s, f: s.skip_last(0), iter)

# ---- group ---------------------------------------------------------------------------------------

operator = functools.partial(enter, "group")

operator("batched", lambda s, f: s.batched(2), lambda a: mit.batched(a, 2))
operator(
    "batched(strict)",
    lambda s, f: s.batched(2, strict=True),
    lambda a: mit.batched(a, 2, strict=True),
)
operator("windowed", lambda s, f: s.windowed(3), lambda a: mit.windowed(a, 3))
operator(
    "windowed(step, fillvalue)",
    lambda s, f: s.windowed(2, step=3, fillvalue=0),
    lambda a: mit.windowed(a, 2, step=3, fillvalue=0),
)
operator("groupby", lambda s, f: s.groupby().map(first), lambda a: map(first, itertools.groupby(a)))
operator(
    "groupby(key)",
    lambda s, f: s.groupby(f(even)).map(first),
    lambda a: map(first, itertools.groupby(a, even)),
)
operator(
    "groupby and its groups",
    lambda s, f: s.groupby(f(even)).map(opened),
    lambda a: groups(itertools.groupby(a, even)),
    shares=True,
)
operator("split_at", lambda s, f: s.split_at(f(even)), lambda a: mit.split_at(a, even))
operator(
    "split_at(maxsplit, keep)",
    lambda s, f: s.split_at(f(even), maxsplit=1, keep_separator=True),
    lambda a: mit.split_at(a, even, maxsplit=1, keep_separator=True),
)
operator("chunked_by", lambda s, f: s.chunked_by(f(ascending)), lambda a: chunked_by(ascending, a))
operator(
    "chunked_by(weight)",
    lambda s, f: s.chunked_by(weight=f(abs), limit=6),
    lambda a: chunked_by_weight(abs, 6, a),
)

# ---- share ---------------------------------------------------------------------------------------

operator = functools.partial(enter, "share")

operator(
    "partition(pred)[0]",
    lambda s, f: s.partition(f(even))[0],
    lambda a: mit.partition(even, a)[0],
    shares=True,
    carried=True,
)
operator(
    "partition(pred)[1]",
    lambda s, f: s.partition(f(even))[1],
    lambda a: mit.partition(even, a)[1],
    shares=True,
    carried=True,
)
operator("tee()[0]", lambda s, f: s.tee()[0], iter, shares=True, carried=True)
operator(
    "tee(3)[2]",
    lambda s, f: s.map(f(double)).tee(3)[2],
    lambda a: map(double, a),
    shares=True,
    carried=True,
)
operator("share", lambda s, f: s.share().subscribe(), iter, shares=True, carried=True)
operator(
    "share(replay)", lambda s, f: s.share(replay=2).subscribe(), iter, shares=True, carried=True
)
operator(
    "share(balance)",
    lambda s, f: s.share(balance=True).subscribe(),
    iter,
    shares=True,
    carried=True,
)
operator("Topic", lambda f: published([3, 1, 4]), lambda: [3, 1, 4])

# ---- combine -------------------------------------------------------------------------------------

operator = functools.partial(enter, "combine")

operator("chain", lambda s, t, u, f: s.chain(t, u), itertools.chain)
operator(
    "chain.from_iterable",
    lambda s, f: ait.chain.from_iterable(s),
    itertools.chain.from_iterable,
    LISTS,
)
operator("zip", lambda s, t, f: s.zip(t), zip, early=True)
operator("zip of 3", lambda s, t, u, f: s.zip(t, u), zip, early=True)
operator(
    "zip(strict)",
    lambda s, t, f: s.zip(t, strict=True),
    lambda a, b: zip(a, b, strict=True),
    early=True,
)
operator(
    "zip_longest",
    lambda s, t, f: s.zip_longest(t, fillvalue="-"),
    lambda a, b: itertools.zip_longest(a, b, fillvalue="-"),
)
operator("interleave", lambda s, t, u, f: s.interleave(t, u), mit.roundrobin)
operator(
    "cycle",
    lambda s, f: s.cycle().take(8),
    lambda a: itertools.islice(itertools.cycle(a), 8),
    early=True,
)
operator("merge_sorted", lambda s, t, u, f: s.merge_sorted(t, u), heapq.merge)
operator(
    "merge_sorted(key, reverse)",
    lambda s, t, f: s.merge_sorted(t, key=f(abs), reverse=True),
    lambda a, b: heapq.merge(a, b, key=abs, reverse=True),
)
operator("product", lambda s, t, f: s.product(t), itertools.product)
operator(
    "product(repeat)", lambda s, f: s.product(repeat=2), lambda a: itertools.product(a, repeat=2)
)
operator("combinations", lambda s, f: s.combinations(2), lambda a: itertools.combinations(a, 2))
operator(
    "combinations_with_replacement",
    lambda s, f: s.combinations_with_replacement(2),
    lambda a: itertools.combinations_with_replacement(a, 2),
)
operator("permutations", lambda s, f: s.permutations(2), lambda a: itertools.permutations(a, 2))
operator("peekable", lambda s, f: s.peekable(), iter)

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

# ---- bridge --------------------------------------------------------------------------------------

operator = functools.partial(enter, "bridge")

operator("from_thread", lambda f: ait.from_thread([3, 1, 4]), lambda: [3, 1, 4], tasks=True)
operator(
    "from_thread(batch, buffer)",
    lambda f: ait.from_thread([3, 1, 4], batch=2, buffer=3),
    lambda: [3, 1, 4],
    tasks=True,
)
operator("lines", lambda s, f: s.lines(newline=","), lambda a: lines(",", a), TEXTS)
operator(
    "lines(keepends)",
    lambda s, f: s.lines(encoding="utf-8", errors="strict", newline="ab", keepends=True, limit=99),
    lambda a: lines("ab", a, keepends=True),
    TEXTS,
)
operator("chunks", lambda s, f: ait.chunks(s, 2), lambda a: chunks(2, a), TEXTS)

# ---- errors --------------------------------------------------------------------------------------

operator = functools.partial(enter, "errors")

operator(
    "catch", lambda s, f: s.map(fussy).catch(ValueError, f(str)), lambda a: caught(fussy, str, a)
)
operator("suppress", lambda s, f: s.map(fussy).suppress(ValueError), lambda a: suppressed(fussy, a))
operator("on_close", lambda s, f: s.on_close(f(list)), iter)

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
