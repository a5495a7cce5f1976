"""Retry: trying again what failed, as a schedule says."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar, cast, overload

from .. import _core, runtime
from ..engine.checks import check_callable
from ..engine.outcomes import failure
from ..runtime.loop import checkpoint
from ..schedules import Schedule
from .types import Run, Source, T

if TYPE_CHECKING:
    from . import Stream

P = ParamSpec("P")
R = TypeVar("R")

On: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], object]
"""Which errors to try again after."""

OnRetry: TypeAlias = Callable[[Exception, int, float], Awaitable[object] | object]
"""``(error, number, delay)``: told before the wait for the retry of that number, from 1 on."""

KEPT = 10  # earlier errors, where the schedule does not say how many there can be


@overload
def retry(
    factory: Callable[[], Awaitable[Source[T]]],
    schedule: Schedule,
    *,
    on: On = ...,
    on_retry: OnRetry | None = ...,
) -> Stream[T]: ...
@overload
def retry(
    factory: Callable[[], Source[T]],
    schedule: Schedule,
    *,
    on: On = ...,
    on_retry: OnRetry | None = ...,
) -> Stream[T]: ...
def retry(
    factory: Callable[[], Any],
    schedule: Schedule,
    *,
    on: On = Exception,
    on_retry: OnRetry | None = None,
) -> Stream[Any]:
    """Read a source that *factory* makes; when it fails, wait, and read a new one.

        factory()                      1 2 ^
        factory()                                3 |
        retry(factory, fixed(2))       1 2 - - - 3 |

    >>> pages = iter([[1, 2, OSError("lost")], [3]])
    >>> async def connect():
    ...     for item in next(pages):
    ...         if isinstance(item, OSError):
    ...             raise item
    ...         yield item
    >>> run(retry(connect, ait.exponential(0.001, attempts=5), on=OSError).list())
    [1, 2, 3]

    *factory* is a function without arguments that returns a source, ``def`` or ``async def``; its
    own errors count as well. The source that failed is closed before the wait. Items delivered so
    far stay delivered, so the new source should begin where the old one stopped; after an item the
    schedule starts again. When it is over, the last error is raised, and that is the end; the ones
    before it are reachable by its ``__context__`` (the last ten, if ``attempts`` does not say how
    many there can be).

    *on* is a class of exceptions, a tuple of them, or a function that says of an error whether to
    try again. Another error just passes: as without ``retry``, the stream goes on if the source
    does. *on_retry* is called before each wait with the error, the number of the retry since the
    last item, and the seconds to wait; its own error ends the stream.

    Cancelling during the wait, or in *factory*, loses nothing: the next pull waits for the rest of
    the time, or calls *factory* again. A cancellation is never a failure. Closing ends the wait,
    and so does :meth:`Stream.stop`, which ends the source that is being read as well.

    Raises TypeError if *factory*, *on* or *on_retry* cannot be called, or a class in *on* is no
    subclass of Exception.

    Source: ZIO's ``retry(Schedule)``, Pekko's ``RestartSource``.
    """
    check_callable(factory, "retry")
    trial = _Trial(*_checked("retry", schedule, on, on_retry))
    attempts = _core.source(_Attempts(factory, trial), "attempts")
    return _core.retry(attempts, factory, trial)


@overload
def retrying(
    fn: Callable[P, Awaitable[R]],
    schedule: Schedule,
    *,
    on: On = ...,
    on_retry: OnRetry | None = ...,
) -> Callable[P, Run[R]]: ...
@overload
def retrying(
    fn: Callable[P, R],
    schedule: Schedule,
    *,
    on: On = ...,
    on_retry: OnRetry | None = ...,
) -> Callable[P, Run[R]]: ...
def retrying(
    fn: Callable[..., Any],
    schedule: Schedule,
    *,
    on: On = Exception,
    on_retry: OnRetry | None = None,
) -> Callable[..., Any]:
    """Return an async function that calls *fn*, and again if that fails, as *schedule* says.

        fn(x)                       ^
        fn(x)                             y
        retrying(fn, fixed(2))(x)   - - - y

    >>> codes = iter([503, 503, 200])
    >>> async def fetch(page):
    ...     if (code := next(codes)) != 200:
    ...         raise OSError(code)
    ...     return f"page {page}"
    >>> patient = retrying(fetch, ait.exponential(0.001, attempts=5), on=OSError)
    >>> run(stream([7]).map(patient).list())
    ['page 7']

    Each call begins the schedule anew, and calls may be made side by side: this is the retry of a
    single item, as in ``.map(retrying(fetch, schedule), concurrency=8)``. *fn* may be ``def`` or
    ``async def``. *on*, *on_retry*, the error that is raised at last, and what raises TypeError are
    as for :func:`retry`. A cancellation is never retried: it ends the call, also while that waits.

    Source: stamina, tenacity, backoff.
    """
    check_callable(fn, "retrying")
    plan = _checked("retrying", schedule, on, on_retry)

    @functools.wraps(fn)
    async def patient(*args: Any, **kwargs: Any) -> Any:
        trial = None
        try:
            while True:
                try:
                    result = fn(*args, **kwargs)
                    return await result if _core.is_awaitable(result) else result
                except Exception as error:
                    if trial is None:
                        trial = _Trial(*plan)
                    if not trial.failed(error):
                        raise
                await trial.pause()
        finally:
            trial = None  # an error leads to this frame: it must not lead back

    return patient


class _Trial:
    """What has failed, and what the schedule says to that."""

    __slots__ = (
        *("_delay", "_delays", "_earlier", "_error", "_matches", "_number", "_on_retry"),
        *("_schedule", "_start", "_told", "_until"),
    )

    def __init__(
        self, schedule: Schedule, matches: Callable[[Exception], object], on_retry: OnRetry | None
    ) -> None:
        self._schedule = schedule
        self._matches = matches
        self._on_retry = on_retry
        kept = min(schedule.attempts or KEPT, sys.maxsize)
        self._earlier: deque[Exception] = deque(maxlen=kept)
        self._error: Exception | None = None  # after which nothing was tried yet
        self._delay: float | None = None  # before the next attempt; None: there is none
        self._until = 0.0  # when that is over
        self._told = False  # on_retry was called
        self.begin()

    def begin(self) -> None:
        """Begin the schedule; what has failed is over."""
        self._delays = self._schedule.delays()
        self._number = 0
        self._start: float | None = None  # the time of the first failure
        self._earlier.clear()

    def failed(self, error: Exception) -> bool:
        """Take note of *error*, and return whether it is one to :meth:`pause` for."""
        if not self._matches(error):
            return False
        self._number += 1
        self._error, self._told = error, False
        self._delay = next(self._delays, None)
        within = self._schedule.within
        if self._delay or within is not None:  # else no clock is needed
            now = runtime.now()
            if self._start is None:
                self._start = now
            self._until = now + (self._delay or 0)
            if within is not None and self._until > self._start + within:
                self._delay = None
        return True

    async def pause(self) -> None:
        """Wait until it is time to try again; raise the error if it is not to be tried again.

        Cancelled, it can be called again, and waits for the rest of the time.
        """
        if self._error is None:
            return
        if self._delay is None:
            self._give_up()
        elif not self._told:
            self._told = True
            await self._tell(self._error, self._delay)
        await self._wait()
        self._earlier.append(self._error)
        self._error = None

    async def _tell(self, error: Exception, delay: float) -> None:
        if self._on_retry is None:
            return
        try:
            done: Any = self._on_retry(error, self._number, delay)
            if _core.is_awaitable(done):
                await done
        except Exception as later:
            _core.chain_errors(later, error)
            raise

    async def _wait(self) -> None:
        rest = self._until - runtime.now() if self._delay else 0.0
        if rest <= 0:  # one turn of the loop, if it is one that we know: who fails may never wait
            turn = checkpoint()
            if turn is not None:
                await turn
        while rest > 0:
            await runtime.sleep(rest)
            rest = self._until - runtime.now()

    def _give_up(self) -> None:
        error, self._error = self._error, None
        assert error is not None
        for earlier in reversed(self._earlier):
            _core.chain_errors(error, earlier)
        self._earlier.clear()
        try:
            raise error
        finally:
            del error  # it leads to this frame


class _Attempts:
    """The sources that a factory makes: each when the one before it has failed."""

    __slots__ = ("_factory", "_trial")

    def __init__(self, factory: Callable[[], Any], trial: _Trial) -> None:
        self._factory = factory
        self._trial = trial

    def __aiter__(self) -> _Attempts:
        return self

    async def __anext__(self) -> Stream[Any]:
        try:
            return await self._next()
        except StopAsyncIteration as stop:  # of a user's function: see PEP 479
            raise failure(stop) from stop

    async def _next(self) -> Stream[Any]:
        while True:
            await self._trial.pause()
            try:
                source: Any = self._factory()
                if _core.is_awaitable(source):
                    source = await source
            except Exception as error:
                if not self._trial.failed(error):
                    raise
            else:
                return _core.source_for(source, "retry")

    async def aclose(self) -> None:
        self._trial.begin()  # holds no errors any more


_Plan: TypeAlias = tuple[Schedule, Callable[[Exception], object], OnRetry | None]
"""What a _Trial is made of."""


def _checked(name: str, schedule: Any, on: Any, on_retry: Any) -> _Plan:
    if not isinstance(schedule, Schedule):
        kind = type(schedule).__name__
        raise TypeError(f"{name}(): schedule must be a Schedule, as of exponential(), not {kind}")
    if on_retry is not None:
        check_callable(on_retry, name)
    return schedule, _matcher(name, on), on_retry


def _matcher(name: str, on: Any) -> Callable[[Exception], object]:
    """Return a function that says whether to try again after an error."""
    classes: Any = on
    if isinstance(on, type):
        classes = (on,)
    elif not isinstance(on, tuple):
        check_callable(on, name)
        if inspect.iscoroutinefunction(on):
            raise TypeError(f"{name}(): on must be a function that is not async")
        return cast(Callable[[Exception], object], on)
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, Exception)):
            raise TypeError(
                f"{name}(): catching classes that do not inherit from Exception "
                f"is not allowed: {cls!r}"
            )
    return lambda error: isinstance(error, classes)
