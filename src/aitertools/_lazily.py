"""Modules that are imported when somebody first asks for a name of theirs.

Source: PEP 562, and the way of SPEC 1 of Scientific Python; ``lazy import`` (PEP 810) will do it.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, offered: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that offers names of its modules.

    A name is looked up once: it is a global of the package from then on.
    """
    homes = {name: module for module, names in offered.items() for name in names}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
