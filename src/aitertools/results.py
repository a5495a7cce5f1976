"""Results: what came of an item, as a value; and a place for those that failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeAlias, TypeVar

__all__ = ["Err", "Ok", "Result", "dead_letters"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Ok(Generic[T_co]):
    """The value of an item that did not fail.

    >>> match Ok(3):
    ...     case Ok(value):
    ...         print(value)
    ...     case Err(error, item):
    ...         print(item, "failed:", error)
    3
    """

    __slots__ = ("value",)  # not those of dataclass(), with which Ok[int](3) fails on 3.11
    value: T_co

    def __reduce__(self) -> tuple[type[Ok[T_co]], tuple[T_co]]:
        return type(self), (self.value,)

    def unwrap(self) -> T_co:
        """Return the value.

        >>> Ok(3).unwrap()
        3
        """
        return self.value


@dataclass(frozen=True)
class Err(Generic[T_co]):
    """The error of an item that failed, and the item.

    >>> failed = Err(ValueError("no number"), "x")
    >>> failed.error, failed.item
    (ValueError('no number'), 'x')
    """

    __slots__ = ("error", "item")
    error: Exception
    item: T_co

    def __reduce__(self) -> tuple[type[Err[T_co]], tuple[Exception, T_co]]:
        return type(self), (self.error, self.item)

    def unwrap(self) -> NoReturn:
        """Raise the error.

        >>> Err(ValueError("no number"), "x").unwrap()
        Traceback (most recent call last):
          ...
        ValueError: no number
        """
        raise self.error


_Value = TypeVar("_Value")
_Item = TypeVar("_Item")

Result: TypeAlias = Ok[_Value] | Err[_Item]
"""What came of an item: ``Result[float, str]`` is ``Ok[float] | Err[str]``."""


class _HasPut(Protocol):
    def put(self, item: Any, /) -> object: ...


def dead_letters(queue: _HasPut) -> Callable[[Exception, Any], Any]:
    """Return what puts an item that failed into *queue*, with its error, for somebody to look at.

    It is called with the error and the item, and puts ``Err(error, item)``. Where it is awaited, it
    waits for room in the queue; so nothing is dropped, and nothing goes on without room.

    >>> async def main():
    ...     failed = ait.Queue()
    ...     handler = dead_letters(failed)
    ...     await handler(ValueError("no number"), "x")
    ...     return await failed.get()
    >>> run(main())
    Err(error=ValueError('no number'), item='x')

    *queue* is anything with a ``put()``, such as :class:`Queue` or ``asyncio.Queue``; a ``put()``
    that is not async must not block. What it raises, such as ``QueueShutDown``, goes to whoever
    called. Raises TypeError if *queue* has no ``put()``.

    Source: message brokers, where such a queue is called so.
    """
    put = getattr(queue, "put", None)
    if not callable(put):
        raise TypeError(f"dead_letters(): {type(queue).__name__!r} object has no put()")

    def handler(error: Exception, item: Any) -> Any:
        return put(Err(error, item))

    return handler
