"""Entries of the families that the core makes, without tasks of their own; and the bridges."""

from __future__ import annotations

import functools
import heapq
import itertools
import operator as op

import more_itertools as mit

import aitertools as ait

from ..entry import BOOLS, INTS, LISTS, PAIRS, TEXTS, enter
from ..models import (
    ascending,
    breaking,
    caught,
    chunked_by,
    chunked_by_weight,
    chunks,
    double,
    even,
    first,
    fussy,
    groups,
    iterated,
    lines,
    opened,
    pages,
    published,
    small,
    suppressed,
    twice,
)

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
