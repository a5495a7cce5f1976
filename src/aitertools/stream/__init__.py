"""The face: class Stream, one mixin per family of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _core
from .transform import Transform
from .types import Run, T_co

if TYPE_CHECKING:
    from typing_extensions import Self


class Stream(Transform[T_co], _core.Op):
    """An async iterator with operators as methods; made by :func:`stream`, consumed once."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __aiter__(self) -> Self: ...
        def __anext__(self) -> Run[T_co]: ...


_core.set_stream(Stream)
