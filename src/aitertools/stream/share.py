"""Share: one stream read by several, each at its own pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeGuard, overload

from .. import _core
from .types import Predicate, T_co, U

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from . import Stream

Overflow = Literal["wait", "drop_oldest", "disconnect"]


class Lagged(Exception):
    """Raised once by a reader that was too slow: it missed items, ``missed`` says how many."""

    def __init__(self, missed: int) -> None:
        super().__init__(missed)
        self.missed = missed

    def __str__(self) -> str:
        return f"missed {self.missed} item{'' if self.missed == 1 else 's'}"


class Shared(_core.Shared, Generic[T_co]):
    """A stream to which any number of readers can subscribe, at any time: :meth:`Stream.share`.

    ``async with`` closes it at the end of the block.
    """

    __slots__ = ()

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close the source; subscribers read what is there, then the end. Idempotent."""
        return super().aclose()

    def stats(self) -> _core.TopicStats:
        """Return how many subscribe, the lag of the slowest, items so far, and items missed."""
        return super().stats()

    def subscribe(self) -> Stream[T_co]:
        """Return a stream of what comes from now on, and of up to *replay* items before.

        >>> async def main():
        ...     async with stream("abc").share() as shared:
        ...         one, other = shared.subscribe(), shared.subscribe()
        ...         return await one.list(), await other.list()
        >>> run(main())
        (['a', 'b', 'c'], ['a', 'b', 'c'])

        Cancelled, it loses nothing. Closing or dropping it unsubscribes it. When the source is at
        its end, or was closed, a new subscriber gets what there is to replay, and then the end, or
        the error with which the source ended.
        """
        return super().subscribe()

    async def __aenter__(self) -> Self:
        """Return the object itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the source; an error of that never masks the one that led here."""
        try:
            await self.aclose()
        except Exception as error:
            if exc is None:
                raise
            _core.chain_errors(exc, error)


class Share(Generic[T_co]):
    """The methods of a stream that let several read it."""

    __slots__ = ()

    def tee(
        self, n: int = 2, *, maxlag: int | None = None, overflow: Overflow = "wait"
    ) -> tuple[Stream[T_co], ...]:
        """Make *n* streams of the same items, each of which is read at its own pace.

            source     a b c |
            tee 2 [0]  a b c |
            tee 2 [1]  a b c |

        >>> async def main():
        ...     numbers, again = stream([1, 2, 3]).tee()
        ...     return await numbers.list(), await again.sum()
        >>> run(main())
        ([1, 2, 3], 6)

        Any number of tasks may read them at the same time. An item is pulled when the first of
        them asks for it, and kept until the last has read it, **however many these are**; with
        *maxlag*, at most so many. *overflow* says what is to be done then: ``wait`` (the leading
        reader waits until the slowest catches up, so they have to be read by several tasks),
        ``drop_oldest`` (who is behind misses items; its next pull raises :exc:`Lagged`, which
        says how many, and the one after that goes on with what is there), or ``disconnect`` (its
        next pull raises Lagged, and then it is at its end).

        Errors and the end reach every stream, after the items before them. Cancelling or closing
        one of them leaves the others alone: on asyncio a pull that has to wait is made by a task
        of its own, in a copy of the context of the first who asked; elsewhere by whoever asked,
        and the next one goes on when that is cancelled. Closing, or dropping, the last one closes
        the source. Raises ValueError if *n* is negative or *maxlag* less than one.

        Source: :func:`itertools.tee`. See also :meth:`share`, for readers that come and go.
        """
        return _core.tee(self, n, maxlag, overflow)

    def share(
        self,
        *,
        maxlag: int | None = 16,
        overflow: Overflow = "wait",
        replay: int = 0,
        balance: bool = False,
        stay: bool = False,
    ) -> Shared[T_co]:
        """Let readers subscribe at any time; each gets the items that come from then on.

            source       a b c d |
            subscribe()  a b c d |
            subscribe()      c d |

        >>> async def main():
        ...     async with stream("abcd").share(replay=1) as shared:
        ...         early = shared.subscribe()
        ...         head = await early.head(2)
        ...         late = shared.subscribe()
        ...         return head, await early.list(), await late.list()
        >>> run(main())
        (['a', 'b'], ['c', 'd'], ['b', 'c', 'd'])

        The source is pulled when a subscriber asks for what is not there, and closed when the last
        subscriber leaves; with *stay* only by ``aclose()``, or at the end of ``async with``.
        *maxlag* and *overflow* say how far a subscriber may be behind, and what is done then, as
        for :meth:`tee`. A new one gets up to *replay* items that were there before it.

        With *balance* each item is for one subscriber only, whoever asks first: they share the
        work. An error reaches the one whose item it was; one that ends the source reaches all.

        Cancelling, errors and the end are as for :meth:`tee`. Raises ValueError if *maxlag* is less
        than one, *replay* negative or greater than *maxlag*, or with both *balance* and *replay*.

        Source: Rx's ``share`` and Kotlin's ``shareIn``, with subscribing made visible.
        """
        cls: type[Shared[T_co]] = Shared
        return _core.share(cls, self, maxlag, overflow, replay, balance, stay)

    @overload
    def partition(self, pred: Callable[[T_co], TypeGuard[U]]) -> tuple[Stream[T_co], Stream[U]]: ...
    @overload
    def partition(self, pred: Predicate[T_co] | None) -> tuple[Stream[T_co], Stream[T_co]]: ...
    def partition(self, pred: Callable[[T_co], object] | None) -> tuple[Stream[T_co], Stream[Any]]:
        """Make two streams: the items for which *pred* is false, and those for which it is true.

            source             1 2 3 4 |
            partition odd [0]    2   4 |
            partition odd [1]  1   3   |

        >>> async def main():
        ...     even, odd = stream([1, 2, 3, 4]).partition(lambda n: n % 2)
        ...     return await even.list(), await odd.list()
        >>> run(main())
        ([2, 4], [1, 3])

        Any number of tasks may read them at the same time. Each item is pulled and judged once, as
        soon as one of them asks. What belongs to the other is kept until that asks for it,
        **however much it is**: close or drop a stream that you do not need. With None for *pred*,
        the items themselves count as true or false.

        An item whose *pred* fails is gone; errors reach both streams, and both go on. Cancelling
        and closing are as for :meth:`tee`: the source is closed at its end, or when both are.

        Source: more_itertools.partition.
        """
        return _core.partition(self, pred)


_core.set_hook("lagged", Lagged)
