"""Queues and errors: shut down with one, comparisons that fail, arguments that are wrong."""

from __future__ import annotations

import asyncio
import random
import traceback

import pytest

import aitertools as ait
from aitertools import QueueShutDown, stream

from .oracle import Failed, listed, pulls, run
from .queues import begun, drained, each_of_ours, filled, in_order
from .rig import about

# ---- shut down with an error ---------------------------------------------------------------------


def raised(call, *args):
    """The error that the call comes to, at once or when awaited."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any: it is looked at
        _ = run(got) if hasattr(got := call(*args), "__await__") else got
    return caught.value


def askings(queue):
    return [
        queue.get,
        queue.get_nowait,
        queue.peek_nowait,
        queue.sync.get,
        queue.sync.get_nowait,
        lambda: queue.get_many(2),
        lambda: queue.sync.get_many(2),
        lambda: queue.sync.get(timeout=5),
        lambda: list(queue.sync),
        lambda: listed(queue),
        lambda: stream(queue).map(str).list(),
    ]


@each_of_ours
def test_consumers_get_the_error_after_the_items(kind):
    error = OSError("lost")
    queue = filled(kind, [2, 1])
    queue.shutdown(error=error)
    assert queue.is_shutdown
    assert run(queue.get()) == in_order(kind, [2, 1])[0]
    assert queue.get_nowait() == in_order(kind, [2, 1])[1]
    for ask in askings(queue):
        assert raised(ask) is error


@each_of_ours
def test_who_waits_for_an_item_gets_the_error(kind):
    async def main():
        queue, error = kind(), OSError("lost")
        getters = await begun(queue.get(), queue.get_many(2), listed(queue), queue.get())
        queue.shutdown(error=error)
        results = await asyncio.gather(*getters, return_exceptions=True)
        assert [each is error for each in results] == [True] * 4

    run(main())


@each_of_ours
def test_putting_names_the_error_as_the_cause(kind):
    async def main():
        queue, error = filled(kind, [1], 1), OSError("lost")
        putters = await begun(queue.put(2), queue.put_many([3]))
        queue.shutdown(error=error)
        results = await asyncio.gather(*putters, return_exceptions=True)
        for ask in (lambda: queue.put(2), lambda: queue.put_many([2])):
            with pytest.raises(QueueShutDown) as caught:
                await ask()
            results.append(caught.value)
        with pytest.raises(QueueShutDown) as caught:
            queue.put_nowait(2)
        for result in [*results, caught.value]:
            assert type(result) is QueueShutDown
            assert result.__cause__ is error

    run(main())


def test_iterating_raises_it_once_and_then_ends():
    async def main():
        queue = filled(ait.Queue, [1, 2])
        streams = [stream(queue).map(str), stream(queue)]
        queue.shutdown(error=OSError("lost"))
        return [await pulls(each) for each in streams]

    assert run(main()) == [["1", "2", Failed(OSError)], [Failed(OSError)]]


def test_it_can_be_caught_as_any_error_of_a_stream():
    queue = filled(ait.Queue, [1])
    queue.shutdown(error=OSError("lost"))
    assert run(stream(queue).catch(OSError, str).list()) == [1, "lost"]


def test_the_traceback_does_not_grow():
    """However often it is raised, and from wherever."""

    def caught_before():
        try:
            raise OSError("lost")
        except OSError as error:
            return error

    for error in (OSError("lost"), caught_before()):
        queue = ait.Queue()
        queue.shutdown(error=error)
        depths = []
        for _ in range(30):
            for ask in askings(queue):
                assert raised(ask) is error
            depths.append(len(traceback.extract_tb(error.__traceback__)))
        assert depths[0] == depths[-1]


def test_the_first_error_stays():
    first, second = OSError("first"), OSError("second")
    queue = ait.Queue()
    queue.shutdown(error=first)
    queue.shutdown(error=second)
    queue.shutdown()
    queue.shutdown(immediate=True)
    assert raised(queue.get) is first


def test_an_immediate_shutdown_with_an_error_drops_the_items_before_it():
    told, error = [], OSError("lost")
    queue = filled(ait.Queue, [1, 2], on_dropped=told.append)
    queue.shutdown(immediate=True, error=error)
    assert told == [1, 2]
    assert raised(queue.get) is error


def test_an_error_may_be_given_as_a_class():
    queue = ait.Queue()
    queue.shutdown(error=OSError)
    first, second = raised(queue.get), raised(queue.get_nowait)
    assert type(first) is OSError
    assert first is second


def test_no_error_is_none():
    queue = ait.Queue()
    queue.shutdown(error=None)
    assert type(raised(queue.get)) is QueueShutDown
    assert run(listed(queue)) == []


@pytest.mark.parametrize("error", [42, "lost", int, object()])
def test_what_is_no_exception_is_refused_and_nothing_is_shut_down(error):
    queue = ait.Queue()
    with pytest.raises(TypeError, match=r"shutdown\(\): error must be an exception"):
        queue.shutdown(error=error)
    assert not queue.is_shutdown


@pytest.mark.parametrize("error", [StopIteration("lost"), StopAsyncIteration("lost")])
def test_an_error_that_means_the_end_elsewhere_is_not_taken_for_it(error):
    """It becomes a RuntimeError, as out of a generator; or it is refused."""
    queue = ait.Queue()
    try:
        queue.shutdown(error=error)
    except TypeError:
        return
    for consume in (listed, lambda queue: stream(queue).list(), lambda queue: queue.get()):
        assert type(raised(consume, queue)) in (RuntimeError, StopAsyncIteration)
    for consume in (list, lambda view: view.get()):
        assert raised(consume, queue.sync)


# ---- comparisons ---------------------------------------------------------------------------------


class Item:
    """Compared by its rank, with something done at a chosen comparison."""

    left = None  # comparisons until then
    then = None  # what is done

    def __init__(self, rank, n=0):
        self.rank, self.n = rank, n

    def __lt__(self, other):
        if Item.left is not None:
            Item.left -= 1
            if Item.left < 0:
                Item.left = None
                Item.then()
        return self.rank < other.rank


@pytest.fixture(autouse=True)
def _no_mischief():
    yield
    Item.left = None


def broken():
    raise ZeroDivisionError("compared")


def test_equal_items_come_in_the_order_in_which_they_were_put():
    ranks = random.Random(1).choices(range(5), k=200)
    items = [Item(rank, n) for n, rank in enumerate(ranks)]
    queue = filled(ait.PriorityQueue, items[:100])
    got = [queue.get_nowait() for _ in range(30)]
    assert got == sorted(items[:100], key=lambda item: item.rank)[:30]
    for item in items[100:]:
        queue.put_nowait(item)
    left = [item for item in items if item not in got]
    assert drained(queue) == sorted(left, key=lambda item: item.rank)


def test_items_need_no_more_than_less_than():
    class Least:
        def __init__(self, n):
            self.n = n

        def __lt__(self, other):
            return self.n < other.n

        __eq__ = __gt__ = __le__ = __ge__ = None

    queue = filled(ait.PriorityQueue, map(Least, [3, 1, 2]))
    assert [item.n for item in drained(queue)] == [1, 2, 3]


PUTS = {
    "put": lambda queue, item: run(queue.put(item)),
    "put_nowait": lambda queue, item: queue.put_nowait(item),
    "put_many": lambda queue, item: run(queue.put_many([item])),
    "sync.put": lambda queue, item: queue.sync.put(item),
}
GETS = {
    "get": lambda queue: [run(queue.get())],
    "get_nowait": lambda queue: [queue.get_nowait()],
    "get_many": lambda queue: run(queue.get_many(3)),
    "sync.get": lambda queue: [queue.sync.get()],
}


def swept(act, check):
    """Fail at each comparison of the act in turn, until there are no more; how many there were."""
    for n in range(100):
        ranks = [5, 3, 8, 1, 9, 2, 7, 4, 6, 0, 3, 5]
        queue = filled(ait.PriorityQueue, [Item(rank, i) for i, rank in enumerate(ranks)])
        Item.left, Item.then = n, broken
        with about("comparison", n):
            try:
                done = act(queue)
            except ZeroDivisionError:
                done = None
            if Item.left is not None:
                return n
            check(queue, sorted(ranks), done)
    raise AssertionError


@pytest.mark.parametrize("put", PUTS)
@pytest.mark.parametrize("rank", [-1, 4, 10])
def test_a_comparison_that_fails_is_the_error_of_put_and_nothing_is_put(put, rank):
    def check(queue, ranks, done):
        assert done is None
        assert queue.stats().put == len(ranks)
        assert [item.rank for item in drained(queue)] == ranks

    assert swept(lambda queue: PUTS[put](queue, Item(rank)), check) > 0


@pytest.mark.parametrize("get", GETS)
def test_a_comparison_that_fails_while_an_item_is_taken_loses_none(get):
    def check(queue, ranks, got):
        got = [item.rank for item in got or []]
        assert queue.stats().got == len(got)
        assert got + [item.rank for item in drained(queue)] == ranks

    assert swept(GETS[get], check) > 0


@pytest.mark.parametrize("put", PUTS)
def test_a_comparison_that_fails_in_a_full_queue_drops_nothing(put):
    told = []
    queue = ait.PriorityQueue(3, overflow="drop_oldest", on_dropped=told.append)
    for rank in (2, 1, 3):
        queue.put_nowait(Item(rank))
    for n in range(20):
        Item.left, Item.then = n, broken
        try:
            PUTS[put](queue, Item(0))
        except ZeroDivisionError:
            assert told == []
            assert queue.qsize() == 3
        else:
            break
    Item.left = None
    assert [item.rank for item in told] == [2]
    assert [item.rank for item in drained(queue)] == [0, 1, 3]


def test_items_that_cannot_be_compared_are_a_type_error():
    queue = filled(ait.PriorityQueue, [1])
    for put in PUTS.values():
        with pytest.raises(TypeError, match="'<' not supported between instances of"):
            put(queue, "a")
    assert drained(queue) == [1]


def test_put_many_that_fails_half_way_has_the_rest():
    queue = filled(ait.PriorityQueue, [1])
    putting = queue.put_many([2, 3, "a", 4])
    with pytest.raises(TypeError):
        run(putting)
    assert putting.rest == ["a", 4]
    assert drained(queue) == [1, 2, 3]


def test_a_putter_whose_comparison_fails_passes_its_call_on():
    async def main():
        queue = filled(ait.PriorityQueue, [1, 2], 2)
        first, second = await begun(queue.put("a"), queue.put(3))
        queue.get_nowait()
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(result) for result in results] == [TypeError, type(None)]
        assert queue.stats().putting == 0
        return drained(queue)

    assert run(main()) == [2, 3]


REENTRIES = {
    "put_nowait": lambda queue: queue.put_nowait(Item(1)),
    "get_nowait": lambda queue: queue.get_nowait(),
    "peek_nowait": lambda queue: queue.peek_nowait(),
    "shutdown": lambda queue: queue.shutdown(),
    "immediate": lambda queue: queue.shutdown(immediate=True),
    "sync.get": lambda queue: queue.sync.get(timeout=5),
    "sync.put": lambda queue: queue.sync.put(Item(1)),
    "get": lambda queue: queue.get().send(None),
    "put": lambda queue: queue.put(Item(1)).send(None),
}


@pytest.mark.parametrize("reentry", REENTRIES)
@pytest.mark.parametrize("act", ["put", "get"])
def test_a_comparison_that_uses_its_queue_gets_a_runtime_error(act, reentry):
    ranks = [5, 3, 8, 1, 9]
    queue = filled(ait.PriorityQueue, map(Item, ranks))
    Item.left, Item.then = 0, lambda: REENTRIES[reentry](queue)
    with pytest.raises(RuntimeError, match="PriorityQueue"):
        queue.put_nowait(Item(0)) if act == "put" else queue.get_nowait()
    assert not queue.is_shutdown
    assert [item.rank for item in drained(queue)] == sorted(ranks)


def test_a_comparison_may_look_at_its_queue_and_use_others():
    other = ait.PriorityQueue()
    queue = filled(ait.PriorityQueue, map(Item, [2, 1]))
    seen = []

    def look():
        seen.append((queue.qsize(), queue.empty(), queue.full(), queue.maxsize, queue.is_shutdown))
        other.put_nowait(1)

    Item.left, Item.then = 0, look
    queue.put_nowait(Item(0))
    assert seen in ([(2, False, False, 0, False)], [(3, False, False, 0, False)])
    assert other.get_nowait() == 1


# ---- arguments -----------------------------------------------------------------------------------

WRONG = {
    "a word as maxsize": (lambda kind: kind("3"), TypeError, "'str' object cannot be interpreted"),
    "none as maxsize": (lambda kind: kind(None), TypeError, "'NoneType' object cannot be"),
    "a huge maxsize": (lambda kind: kind(2**70), OverflowError, "cannot fit 'int'"),
    "another overflow": (
        lambda kind: kind(1, overflow="drop"),
        ValueError,
        r"^{kind}\(\): overflow must be 'wait', 'drop_oldest' or 'drop_newest', not 'drop'$",
    ),
    "a number as overflow": (lambda kind: kind(1, overflow=1), TypeError, "must be str, not int"),
    "overflow of what has no end": (
        lambda kind: kind(overflow="drop_oldest"),
        ValueError,
        r"^{kind}\(\): overflow='drop_oldest' needs a maxsize of at least one$",
    ),
    "overflow and less than zero": (
        lambda kind: kind(-1, overflow="drop_newest"),
        ValueError,
        r"^{kind}\(\): overflow='drop_newest' needs a maxsize of at least one$",
    ),
    "no function": (
        lambda kind: kind(1, on_dropped=42),
        TypeError,
        r"^{kind}\(\): .*'?int'? .*callable",
    ),
    "overflow by position": (lambda kind: kind(1, "wait"), TypeError, "at most 1 positional"),
    "another name": (lambda kind: kind(size=1), TypeError, "'size'"),
    "too much at once": (
        lambda kind: kind().get_many(2**70),
        OverflowError,
        r"^get_many\(\): max is too large$",
    ),
    "none at once": (
        lambda kind: kind().get_many(0),
        ValueError,
        r"^get_many\(\): max must be at least one$",
    ),
    "less at once": (
        lambda kind: kind().get_many(-1),
        ValueError,
        r"^get_many\(\): max must be at least one$",
    ),
    "a word at once": (
        lambda kind: kind().get_many("2"),
        TypeError,
        r"^get_many\(\): max must be an integer, not str$",
    ),
    "no iterable": (lambda kind: kind().put_many(1), TypeError, "'int' object is not iterable"),
    "nothing to put": (lambda kind: kind().put(), TypeError, "exactly one argument"),
    "immediate by another name": (lambda kind: kind().shutdown(now=True), TypeError, "'now'"),
    "an error by position": (
        lambda kind: kind().shutdown(False, OSError()),
        TypeError,
        "at most 1 positional",
    ),
}


@each_of_ours
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_arguments_fail_at_once(wrong, kind):
    call, error, message = WRONG[wrong]
    with pytest.raises(error, match=message.replace("{kind}", kind.__name__)):
        call(kind)


@each_of_ours
def test_a_subclass_that_calls_no_init_is_unbounded(kind):
    class Bare(kind):
        def __init__(self):
            pass

    queue = filled(lambda maxsize: Bare(), [2, 1])
    assert queue.maxsize == 0
    assert drained(queue) == in_order(kind, [2, 1])
