"""What the tests of the bridges have in common: blocking sources, and threads that must end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 10.0  # seconds, for what has to happen at once


def wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE), "nothing happened"


@contextmanager
def no_threads() -> Iterator[None]:
    """No thread that the block began is left after it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"left behind: {thread}"


class Blocking:
    """An iterator of *items* that logs the threads that use it, and blocks before item *at*."""

    def __init__(
        self, items: Any, *, at: int = -1, error: BaseException | None = None, closing: Any = None
    ) -> None:
        self.items = iter(items)
        self.at = at
        self.error = error
        self.closing = closing
        self.read = 0
        self.closed = 0
        self.threads: set[int] = set()
        self.arrived = threading.Event()
        self.go_on = threading.Event()

    def __iter__(self) -> Blocking:
        self.threads.add(threading.get_ident())
        return self

    def __next__(self) -> Any:
        assert not self.closed
        self.threads.add(threading.get_ident())
        if self.read == self.at:
            self.arrived.set()
            wait_for(self.go_on)
            if self.error is not None:
                raise self.error
        item = next(self.items)
        self.read += 1
        return item

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1
        if self.closing is not None:
            raise self.closing
