"""What comes with the extra, and what to type if it is not there."""

from __future__ import annotations

from importlib import import_module

__all__ = ["need"]


def need(module: str) -> None:
    """Raise ImportError, in one line that says what to type, if *module* is not installed."""
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        message = f"aitertools.web needs {module}: pip install 'aitertools[web]'"
        raise ImportError(message, name=module) from None
