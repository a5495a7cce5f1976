"""Async iteration, complete and at C speed."""

from . import runtime as runtime
from .debug import debug
from .stream import Stage, Stream
from .stream.create import (
    aiter,
    anext,
    borrow,
    count,
    empty,
    iterate,
    never,
    once,
    paginate,
    range,
    repeat,
    stream,
)
