"""asyncio, turned by hand: what has tasks of its own is driven as `loop.Task` drives the others.

An await point of such a stream is any turn of the event loop, whoever of its tasks waits there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from aitertools.testing import VirtualLoop

from .loop import Cancelled

MOST = 10_000  # turns: who needs more of them hangs


class TurnedLoop(VirtualLoop):
    """An event loop that counts its turns, and stops at any of them; its time is virtual."""

    turns = 0
    stops_at: int | None = None

    def _run_once(self) -> None:
        super()._run_once()  # type: ignore[misc]  # asyncio's: a turn
        self.turns += 1
        if self.turns == self.stops_at:
            self.stop()

    def turn(self) -> None:
        """Turn once, or until something happens."""
        self.stops_at = self.turns + 1
        self.run_forever()
        self.stops_at = None

    def pass_time(self, seconds: float) -> None:
        """Let the clock go on."""
        self._now += seconds


_runner: asyncio.Runner | None = None
complaints: list[dict[str, Any]] = []  # "was never retrieved" and its like


def runner() -> asyncio.Runner:
    """The one that all tests use: making a loop costs more than most of them."""
    global _runner  # noqa: PLW0603 - it is made when it is needed
    if _runner is None:
        _runner = asyncio.Runner(loop_factory=TurnedLoop)
        _runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
    return _runner


def forget_loop() -> None:
    """Take another one, as tasks were left that would disturb the next test."""
    global _runner  # noqa: PLW0603 - see above
    abandoned.append(_runner)  # what goes on there is nobody's concern: it stays as it is
    _runner = None


abandoned: list[object] = []


def loop() -> TurnedLoop:
    """Its event loop."""
    found = runner().get_loop()
    assert isinstance(found, TurnedLoop)
    return found


def own_tasks(*others: object) -> set[asyncio.Task[Any]]:
    """The tasks that are there, but for these."""
    return asyncio.all_tasks(loop()) - set(others)


@contextmanager
def tidy() -> Iterator[None]:
    """Nothing is left after the block; and if it fails, nothing for the tests that follow."""
    try:
        yield
        check_nothing_is_left()
    except BaseException:
        forget_loop()
        raise


def let_end() -> None:
    """Turn until the tasks of streams that were dropped are over; they have little to do."""
    for _ in range(20):
        if not own_tasks():
            break
        loop().turn()
    loop().call_soon(list)  # a turn also if there is nothing to do: something is called back
    loop().turn()
    check_nothing_is_left()


def check_nothing_is_left() -> None:
    """No task, and no complaint of the loop."""
    said = f"left behind: {(left := own_tasks())}"
    assert not left, said
    assert not complaints, complaints


class Task:
    """One awaitable as a task of asyncio, driven turn by turn."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        complaints.clear()
        self._relay = _Relay(awaitable)
        self.task = loop().create_task(self._relay.main())
        self.suspensions = 0  # turns of the loop after which it was not over
        self.done = False
        self.result: Any = None

    def step(self) -> None:
        """Give the loop one turn."""
        assert self.suspensions < MOST, f"hangs: {asyncio.all_tasks(loop())}"
        if not self.task.done():  # or it ended while others were driven
            loop().turn()
        if not self.task.done():
            self.suspensions += 1
            return
        self.done = True
        self.result = self._outcome()

    def throw(self, error: BaseException) -> None:
        """Raise *error* where the awaitable waits; Cancelled is asyncio's cancellation."""
        if not isinstance(error, Cancelled):
            self._relay.instead = error
        self.task.cancel()
        self.step()

    def close(self) -> None:
        """Raise GeneratorExit there, as dropping a coroutine does; it must not await any more."""
        self._relay.closes = True
        self.task.cancel()
        while not self.done:
            self.step()

    def finish(self) -> Any:
        """Go on to the end; the result."""
        while not self.done:
            self.step()
        return self.result

    def _outcome(self) -> Any:
        try:
            return self.task.result()
        except asyncio.CancelledError:
            raise Cancelled from None


class _Relay:
    """Forwards between the task and the awaitable, but what cancels may be another error."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.iterator: Any = awaitable.__await__()
        self.instead: BaseException | None = None
        self.closes = False

    async def main(self) -> Any:
        return await self

    def __await__(self) -> Generator[Any, Any, Any]:
        return self  # type: ignore[return-value]

    __iter__ = __await__

    def __next__(self) -> Any:
        return self.iterator.send(None)

    def throw(self, error: BaseException) -> Any:
        task = asyncio.current_task()
        assert task is not None
        if self.closes:
            task.uncancel()
            self.iterator.close()
            raise StopIteration
        if self.instead is not None:
            task.uncancel()
            error, self.instead = self.instead, None
        return self.iterator.throw(error)


def taken_back(error: BaseException) -> type[BaseException]:
    """What kind of error that is; a cancellation of the running task is taken back."""
    if not isinstance(error, asyncio.CancelledError):
        return type(error)
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    return Cancelled
