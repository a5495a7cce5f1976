"""Bridges: between event loops and threads, callbacks, files and processes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..engine.threaded import reading
from .types import T

if TYPE_CHECKING:
    from . import Stream


def from_thread(
    iterable: Iterable[T], *, batch: int | None = None, buffer: int = 1024
) -> Stream[T]:
    """x"""
    made: Stream[T] = reading(iterable, batch, buffer)
    return made
