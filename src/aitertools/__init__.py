"""Async iteration, complete and at C speed.

What the builtins and itertools do for ``for``, this does for ``async for``.
"""

# General layout
#
# _core/      the C extension: driver, sources, operator families, reducers; knows none of ours
# _lazily     modules that are imported when something of them is asked for
# runtime/    what needs an event loop; the only package that imports one
# results     what came of an item: values, no more
# engine/     what goes on while the consumer does something else: calls, merging, timers
# schedules   how often to try, and when
# stream/     class Stream, one mixin file per family; each operator is documented there
# functions   the names of the builtins, itertools and more-itertools, with the originals' arguments
# queues      Queue and its kin, and Topic, for tasks and threads
# debug       the development mode
#
# Imports point down this list from its end: functions know stream, stream knows engine, that knows
# runtime and _core.
# tests/test_layers.py holds that. All public names are here, and nothing else is public.

from .debug import debug
from .functions import (
    accumulate,
    all,
    any,
    batched,
    chain,
    combinations,
    combinations_with_replacement,
    compress,
    cycle,
    deque,
    dict,
    drain,
    dropwhile,
    enumerate,
    filter,
    filterfalse,
    first,
    flatten,
    for_each,
    frozenset,
    groupby,
    interleave,
    intersperse,
    islice,
    last,
    list,
    map,
    max,
    merge_sorted,
    min,
    nth,
    one,
    only,
    pairwise,
    partition,
    peekable,
    permutations,
    prepend,
    product,
    reduce,
    set,
    sorted,
    split_at,
    starmap,
    sum,
    takewhile,
    tee,
    tuple,
    unique,
    unique_justseen,
    windowed,
    zip,
    zip_longest,
)
from .queues import (
    LifoQueue,
    PriorityQueue,
    Queue,
    QueueEmpty,
    QueueFull,
    QueueShutDown,
    QueueStats,
    SyncQueue,
    Topic,
    TopicStats,
)
from .results import Err, Ok, Result, dead_letters
from .schedules import Schedule, exponential, fixed
from .stream import Lagged, Merged, Peekable, Shared, Stage, Stream
from .stream.awaiting import as_completed, gather
from .stream.bridge import chunks, from_thread, lines
from .stream.concurrent import race, zip_latest
from .stream.create import (
    aiter,
    anext,
    borrow,
    count,
    empty,
    iterate,
    never,
    once,
    paginate,
    range,
    repeat,
    stream,
)
from .stream.merged import merge
from .stream.pushable import Pushable, from_callbacks
from .stream.retry import retry, retrying
from .stream.synced import SyncStream
from .stream.time import interval, timer

__all__ = [
    "Err",
    "Lagged",
    "LifoQueue",
    "Merged",
    "Ok",
    "Peekable",
    "PriorityQueue",
    "Pushable",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "QueueStats",
    "Result",
    "Schedule",
    "Shared",
    "Stage",
    "Stream",
    "SyncQueue",
    "SyncStream",
    "Topic",
    "TopicStats",
    "accumulate",
    "aiter",
    "all",
    "anext",
    "any",
    "as_completed",
    "batched",
    "borrow",
    "chain",
    "chunks",
    "combinations",
    "combinations_with_replacement",
    "compress",
    "count",
    "cycle",
    "dead_letters",
    "debug",
    "deque",
    "dict",
    "drain",
    "dropwhile",
    "empty",
    "enumerate",
    "exponential",
    "filter",
    "filterfalse",
    "first",
    "fixed",
    "flatten",
    "for_each",
    "from_callbacks",
    "from_thread",
    "frozenset",
    "gather",
    "groupby",
    "interleave",
    "intersperse",
    "interval",
    "islice",
    "iterate",
    "last",
    "lines",
    "list",
    "map",
    "max",
    "merge",
    "merge_sorted",
    "min",
    "never",
    "nth",
    "once",
    "one",
    "only",
    "paginate",
    "pairwise",
    "partition",
    "peekable",
    "permutations",
    "prepend",
    "product",
    "race",
    "range",
    "reduce",
    "repeat",
    "retry",
    "retrying",
    "set",
    "sorted",
    "split_at",
    "starmap",
    "stream",
    "sum",
    "takewhile",
    "tee",
    "timer",
    "tuple",
    "unique",
    "unique_justseen",
    "windowed",
    "zip",
    "zip_latest",
    "zip_longest",
]


def _make_public() -> None:
    """Have help() and tracebacks say aitertools.map, whatever file it is in."""
    for name in __all__:
        public = globals()[name]
        named = public if hasattr(public, "__qualname__") else public.__class__
        if named.__module__.startswith(__name__):  # QueueEmpty and others are asyncio's
            named.__module__ = __name__


_make_public()
