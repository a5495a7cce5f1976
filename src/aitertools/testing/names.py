"""What the names in a marble diagram stand for: items and errors, there and back."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any, cast

__all__ = ["Errors", "MarbleError", "Names", "Values"]

Values = Mapping[str, Any] | Callable[[str], Any] | None
Errors = Mapping[str, BaseException | type[BaseException]] | None


class MarbleError(Exception):
    """The error that is written ``^`` in a marble diagram."""


class Names:
    """The items and errors that names stand for."""

    def __init__(self, values: Values = None, errors: Errors = None) -> None:
        self._find = values if callable(values) else None
        self._known: Mapping[str, Any] = {} if values is None or callable(values) else values
        self.errors: Mapping[str, BaseException | type[BaseException]] = errors or {}

    def item(self, name: str) -> Any:
        """Return the item of that name."""
        return self._find(name) if self._find is not None else self._known.get(name, name)

    def error(self, name: str) -> BaseException:
        """Return the error of that name."""
        error = self.errors.get(name, getattr(builtins, name[1:], None))
        if error is None and name == "^":
            return MarbleError(name)
        if isinstance(error, type) and issubclass(error, BaseException):
            return error()
        if isinstance(error, BaseException):
            return error
        raise ValueError(f"what error is {name!r}?")

    def of_item(self, item: Any) -> str:
        """Return the name of *item*: that of *values*, or what it looks like."""
        for name, value in self._known.items():
            if type(value) is type(item) and value == item:
                return name
        parts = cast("list[Any]", item) if isinstance(item, tuple | list) else []
        name = "".join(map(self.of_item, parts)) if parts else str(cast("object", item))
        if not _is_balanced(name):
            raise ValueError(f"{item!r} cannot be written in a diagram: give it a name in values")
        return repr(name) if name.startswith("^") and len(name) > 1 else name

    def of_error(self, error: BaseException) -> str:
        """Return the name of *error*."""
        for name, known in self.errors.items():
            if error is known or (isinstance(known, type) and isinstance(error, known)):
                return name
        return "^" if isinstance(error, MarbleError) else f"^{type(error).__name__}"


def _is_balanced(name: str) -> bool:
    depth = 0
    for sign in name:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0
