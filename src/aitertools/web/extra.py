"""What comes with the extra, and what to type if it is not there."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["need"]


def need(module: str) -> None:
    """Raise ImportError, in one line that says what to type, if *module* is not installed."""
    if find_spec(module) is None:
        raise ImportError(
            f"aitertools.web needs {module}: pip install 'aitertools[web]'", name=module
        ) from None
