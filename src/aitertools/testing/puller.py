"""Pulling a stream in one task, where a single pull can be cancelled and the task goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal, NamedTuple

__all__ = ["Answer", "Puller", "close"]


class Answer(NamedTuple):
    """What a pull came to."""

    kind: Literal["item", "error", "end", "cancelled"]
    value: Any = None

    def __repr__(self) -> str:
        if self.kind in {"item", "error"}:
            return repr(self.value)
        return f"<{self.kind}>"


class Puller:
    """Pulls *stream* in the task that makes it."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.stream = stream
        self._task = task
        self._others = task.cancelling()  # cancellations that somebody else asked for
        self._pulling = False
        self._cancelling = False  # the pull, not the task

    def cancel(self) -> bool:
        """Cancel the pull that goes on; whether one does."""
        if not self._pulling or self._cancelling:
            return False
        self._cancelling = True
        self._task.cancel()
        return True

    async def pull(self) -> Answer:
        """Pull once; what came."""
        self._pulling = True
        try:
            return Answer("item", await anext(self.stream))
        except StopAsyncIteration:
            return Answer("end")
        except asyncio.CancelledError:
            if not self._cancelling or self._task.cancelling() > self._others + 1:
                raise  # somebody else meant the task
            return Answer("cancelled")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is an answer
            return Answer("error", error)
        finally:
            self._pulling = False
            if self._cancelling:
                self._cancelling = False
                self._task.uncancel()


async def close(stream: object) -> None:
    """Close *stream* if it can be closed."""
    aclose = getattr(stream, "aclose", None)
    if aclose is not None:
        await aclose()
