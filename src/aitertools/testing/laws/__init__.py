"""The laws of asynchronous iteration, tried from outside: on any operator, over a zoo of sources.

Each law is a function that makes its trials: its name is what users see, its docstring the law.
"""

from . import closing, going_on, items, leaks  # each enters its laws
from .registry import LAWS

__all__ = ["LAWS", "closing", "going_on", "items", "leaks"]
