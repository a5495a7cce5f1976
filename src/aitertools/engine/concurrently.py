"""The concurrent forms of operators that call a function of each item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core, runtime
from ..results import Ok
from .calls import Calls, Fn, Keep, Limits
from .checks import check_callable, check_count, check_executor, check_plain
from .executing import Executing, Means
from .operator import label, make
from .pace import Pace
from .policies import policy

if TYPE_CHECKING:
    from ..stream import Stream

__all__ = ["Way", "filtering", "mapping", "running"]


class Way(NamedTuple):
    """How calls are made: the keyword arguments of the operator *name*."""

    name: str
    concurrency: Any = None
    ordered: Any = True
    key: Any = None
    buffer: Any = None
    on_error: Any = "raise"
    executor: Any = None
    chunksize: Any = None

    @classmethod
    def of(cls, name: str, keywords: dict[str, Any], *without: str) -> Way:
        """Return what the keyword arguments say; *without* names those that it does not have."""
        for keyword in keywords:
            if keyword not in cls._fields[1:] or keyword in without:
                raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}")
        if "executor" in keywords:
            check_executor(keywords["executor"], name)
        elif "chunksize" in keywords:
            raise TypeError(f"{name}(): chunksize needs executor")
        elif "concurrency" not in keywords:
            raise TypeError(f"{name}(): {next(iter(keywords))} needs concurrency")
        return cls(name, **keywords)


def mapping(way: Way, source: Any, fn: Callable[..., Any], *, star: bool = False) -> Any:
    """Return a stream of the results of *fn*, with *star* of ``fn(*item)``."""
    wrap = Ok if way.on_error == "result" else None
    return _calls(way, source, Fn(fn, star, wrap=wrap), results=True)


def filtering(
    way: Way, source: Any, pred: Callable[[Any], Any] | None, *, true: bool = True
) -> Any:
    """Return a stream of the items for which *pred* is true, or false."""
    keep = Keep.ITEM_IF_TRUE if true else Keep.ITEM_IF_FALSE
    return _calls(way, source, Fn(pred if pred is not None else bool, keep=keep))


def running(way: Way, source: Any, fn: Callable[[Any], Any]) -> Any:
    """Return a stream without items, that calls *fn* with those of *source*.

    The first error is told at once, whatever other calls are in flight.
    """
    way = way._replace(ordered=False, buffer=0)
    return _calls(way, source, Fn(fn, keep=Keep.NOTHING))


def _calls(way: Way, source: Stream[Any], fn: Fn, *, results: bool = False) -> Any:
    name = way.name
    check_callable(fn.fn, name)
    if way.executor is not None:
        return _executing(way, source, fn, results=results)
    concurrency = check_count(way.concurrency, name, "concurrency")
    # Twice as many: the consumer has its turn once while each call has one, sooner or later in it.
    buffer = 2 * concurrency if way.buffer is None else way.buffer
    buffer = check_count(buffer, name, "buffer", least=0)
    limits = Limits(concurrency, buffer, bool(way.ordered))
    on_error = policy(way.on_error, name, results=results)
    keyed = way.key is not None
    items = _keyed(source, way.key, name) if keyed else source
    operator = Calls(items, fn, limits, on_error, keyed=keyed)
    return make(operator, label(name, fn.fn), source)


def _executing(way: Way, source: Stream[Any], fn: Fn, *, results: bool) -> Any:
    name, executor = way.name, way.executor
    check_plain(fn.fn, name)
    if way.key is not None:
        raise TypeError(f"{name}(): key cannot be used with executor")
    concurrency = way.concurrency
    concurrency = runtime.workers_of(executor) if concurrency is None else concurrency
    concurrency = check_count(concurrency, name, "concurrency")
    buffer, size = way.buffer, way.chunksize
    buffer = None if buffer is None else check_count(buffer, name, "buffer", least=0)
    pace = Pace(None if size is None else check_count(size, name, "chunksize"))
    on_error = policy(way.on_error, name, results=results)
    means = Means(executor, pace, concurrency, buffer, bool(way.ordered))
    operator = Executing(source, fn, means, on_error)
    return make(operator, label(name, fn.fn), source)


def _keyed(source: Stream[Any], key: Callable[[Any], Any], name: str) -> Stream[Any]:
    """Return the pairs ``(key(item), item)``."""
    check_callable(key, name)

    def pair(item: Any) -> Any:
        of_item = key(item)
        if _core.is_awaitable(of_item):
            return _pair(of_item, item)
        hash(of_item)
        return of_item, item

    pair.__name__ = getattr(key, "__name__", type(key).__name__)  # for notes
    return _core.map(source, pair)


async def _pair(key: Any, item: Any) -> tuple[Any, Any]:
    of_item = await key
    hash(of_item)
    return of_item, item
