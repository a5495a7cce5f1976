"""Chunks: the calls that are sent to a worker at once, and what comes back.

In the same process both go as they are. On the way to another one they are pickled, the items and
the outcomes one by one, so that one with which that fails concerns no others.
"""

from __future__ import annotations

import contextvars
import pickle
import traceback
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from .. import runtime
from .calls import Fn, Keep
from .outcomes import Failed

__all__ = ["Chunk", "Reply"]

PLAIN = {int, float, complex, str, bytes, bool, type(None)}
"""With these nothing can go wrong: a list of them is pickled as it is."""


NOTHING = Fn(bool)


class Chunk:
    """Calls of *fn*; called, it makes them. With a *context*, each in a copy of that."""

    __slots__ = ("_context", "_fn", "dropped", "items", "sent", "tickets")

    def __init__(
        self,
        fn: Fn,
        items: list[Any],
        tickets: Sequence[int] = (),
        context: contextvars.Context | None = None,
    ) -> None:
        self._fn = fn
        self.items = items
        self.tickets = tickets
        self._context = context
        self.sent = perf_counter()
        self.dropped = False  # nobody waits for what is not begun

    def __call__(self) -> Reply:
        """Make the calls, in a worker."""
        began = perf_counter()
        call = self._call()
        outcomes: list[Any] = []
        for item in self.items:
            outcomes.append(_outcome(call, item))
            if self.dropped:
                break
        return Reply(outcomes, perf_counter() - began)

    def drop(self) -> None:
        """Have nothing begin any more, and let go of it: an executor may keep this for long."""
        self.dropped = True
        self._fn, self.items, self._context = NOTHING, [], None

    def _call(self) -> Callable[[Any], Any]:
        fn, star, keep, _ = self._fn
        call: Callable[[Any], Any] = (lambda item: fn(*item)) if star else fn
        if keep == Keep.NOTHING:
            call = _then(call, lambda _: None)
        elif keep != Keep.RESULT:
            call = _then(call, bool)
        context = self._context
        if context is None:
            return call
        return lambda item: context.copy().run(call, item)

    def forget(self, reply: object = None) -> None:
        """Let go of items and outcomes: the frames of errors lead here, and so to themselves."""
        self.items.clear()
        if isinstance(reply, Reply):
            reply.outcomes.clear()

    def __repr__(self) -> str:
        """Name the function, for errors of an executor that cannot send it."""
        fn = self._fn.fn
        return f"<{len(self.items)} calls of {getattr(fn, '__qualname__', fn)}>"

    def __reduce__(self) -> Any:
        return _read_chunk, (self._fn._replace(wrap=None), _pickled(self.items, "item"))


def _then(call: Callable[[Any], Any], last: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda item: last(call(item))


def _outcome(call: Callable[[Any], Any], item: Any) -> Any:
    if type(item) is Failed:  # it could not be pickled, or read
        return item
    try:
        return call(item)
    except BaseException as error:
        return Failed(error)


class Reply:
    """The outcomes of a chunk's calls, results or Failed, and for how many seconds it worked."""

    __slots__ = ("outcomes", "seconds")

    def __init__(self, outcomes: list[Any], seconds: float) -> None:
        self.outcomes = outcomes
        self.seconds = seconds

    def __reduce__(self) -> Any:
        return _read_reply, (_pickled(self.outcomes, "result"), self.seconds)


def _read_chunk(fn: Fn, pickles: Any) -> Chunk:
    return Chunk(fn, _read(pickles))


def _read_reply(pickles: Any, seconds: float) -> Reply:
    return Reply(_read(pickles), seconds)


# ---- pickling ------------------------------------------------------------------------------------


class Pickle(bytes):
    """An item or an outcome on its way."""

    __slots__ = ()


def _pickled(values: list[Any], what: str) -> list[Any]:
    """Return what can be pickled for sure, and read so that an error of one is that one's."""
    if PLAIN.issuperset(map(type, values)):
        return values
    return [_pickle(value, what) for value in values]


def _pickle(value: Any, what: str) -> Any:
    if type(value) in PLAIN:
        return value
    try:
        failed = isinstance(value, Failed)
        return Pickle(_dumps_error(value.error) if failed else pickle.dumps(value, -1))
    except Exception as error:
        runtime.name_item(error, f"pickling the {what}", value)
        return Pickle(_dumps_error(error))


def _read(pickles: list[Any]) -> list[Any]:
    return [_loads(one) if type(one) is Pickle else one for one in pickles]


def _loads(one: Pickle) -> Any:
    try:
        value = pickle.loads(one)
        return value.read() if type(value) is _Error else value
    except Exception as error:
        return Failed(error)


class _Trace(Exception):
    """Where an error was raised, in another process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class _Error:
    """An error on its way, and where it was raised."""

    __slots__ = ("error", "trace")

    def __init__(self, error: BaseException, trace: str) -> None:
        self.error = error
        self.trace = trace

    def read(self) -> Failed:
        """Return what it is for who waits for it; raise what comes of what is no exception."""
        # Not as an attribute: a dataclass may be frozen.
        BaseException.__setattr__(self.error, "__cause__", _Trace(self.trace))
        return Failed(self.error)


def _dumps_error(error: BaseException) -> bytes:
    """Pickle an error; one that cannot be read again becomes a RuntimeError that says what it says.

    Exceptions whose arguments are not those of their class are such.
    """
    trace = "".join(traceback.format_exception(error))
    try:
        dumped = pickle.dumps(_Error(error, trace), -1)
        pickle.loads(dumped).read()
    except Exception:
        said = RuntimeError(traceback.format_exception_only(error)[-1].strip())
        dumped = pickle.dumps(_Error(said, trace), -1)
    return dumped
