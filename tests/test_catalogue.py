"""Nothing is forgotten: what the engine does is in the catalogue, with all its options.

The general tests (laws, faults, threads, references) see what the catalogue has, and no more.
"""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections import defaultdict
from importlib import import_module
from typing import Any

import pytest

import aitertools as ait
from aitertools import engine
from aitertools.engine import operator
from aitertools.engine.concurrently import Way

from .catalogue import ENTRIES
from .oracle import synced

"""Modules of the engine that make no operators."""

HAVE_NOT = {
    # options of map() that others with a concurrency do not have
    "filter": {"key"},
    "filterfalse": {"key"},
    "for_each": {"ordered", "buffer"},
}

NOT_OF_THE_ENGINE = {
    # options of forms that are those of the core
    "batched": {"strict"},
    "windowed": {"n", "step", "fillvalue"},
}

WORDS = {
    "overflow": {"wait", "drop_oldest", "drop_newest", "latest"},
    "halt": {"all", "any"},
    "on_error": {"raise", "skip", "collect", "result", "a function"},
    "ordered": {True, False},
}
"""What an option may say, of one operator or another."""


def uses_the_engine(fn: Any) -> bool:
    """Whether it makes an operator of the engine itself, and not by another public name."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return False
    return "engine" in code.co_names and fn.__globals__["engine"] is engine


METHODS = {
    name: fn
    for cls in (ait.Stream, ait.Merged)
    for name, fn in inspect.getmembers(cls)
    if not name.startswith("_") and uses_the_engine(fn)
}
FUNCTIONS = {name: fn for name in ait.__all__ if uses_the_engine(fn := getattr(ait, name))}


def options(name: str, fn: Any) -> set[str]:
    """The arguments that need not be given."""
    parameters = inspect.signature(fn).parameters.values()
    found = {it.name for it in parameters if it.default is not it.empty}
    if any(it.kind is it.VAR_KEYWORD for it in parameters):
        found |= {*Way._fields[1:]} - HAVE_NOT.get(name, set())
    return found - NOT_OF_THE_ENGINE.get(name, set())


class Record:
    """What the entries of the catalogue call, with what, and which operators are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: dict[str, set[str]] = defaultdict(set)
        self.words: dict[str, set[Any]] = defaultdict(set)
        self.made: dict[str, set[bool]] = defaultdict(set)  # and whether that was expected
        self.entry: Any = None
        for name, fn in METHODS.items():
            (home,) = [cls for cls in ait.Stream.__mro__ if name in vars(cls)]
            monkeypatch.setattr(home, name, self.watched(name, fn))
        for name, fn in FUNCTIONS.items():
            watched = self.watched(name, fn)
            monkeypatch.setattr(ait, name, watched)
            monkeypatch.setitem(fn.__globals__, name, watched)  # methods call it there
        init = operator.Operator.__init__

        def noted(made: Any) -> None:
            self.made[type(made).__qualname__].add(self.entry.tasks)
            init(made)

        monkeypatch.setattr(operator.Operator, "__init__", noted)

    def watched(self, name: str, fn: Any) -> Any:
        signature = inspect.signature(fn)

        @functools.wraps(fn)
        def noting(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            given |= given.pop("way", {})
            self.given[name] |= given.keys()
            for option, value in given.items():
                if option in WORDS:
                    self.words[option].add("a function" if callable(value) else value)
            return fn(*args, **kwargs)

        return noting


@pytest.fixture(scope="module")
def record():
    with pytest.MonkeyPatch.context() as monkeypatch:
        record = Record(monkeypatch)
        for entry in ENTRIES:
            record.entry = entry
            built = entry.build(synced, *(list(items) for items in entry.examples))
            if inspect.isawaitable(built):
                built.close()
        return record


@pytest.mark.parametrize("name", [*METHODS | FUNCTIONS])
def test_all_that_is_made_by_the_engine_is_in_the_catalogue_with_all_options(record, name):
    fn = (METHODS | FUNCTIONS)[name]
    assert name in record.given, "has no entry"
    missing = options(name, fn) - record.given[name]
    assert not missing, f"no entry has {missing}"


@pytest.mark.parametrize("option", WORDS)
def test_all_that_an_option_may_say_is_in_the_catalogue(record, option):
    usual = {"wait", "all", "raise", True}
    assert record.words[option] >= WORDS[option] - usual


def test_all_operators_of_the_engine_are_in_the_catalogue(record):
    """And known there to need an event loop."""
    for module in pkgutil.iter_modules(engine.__path__, f"{engine.__name__}."):
        import_module(module.name)
    todo, leaves = [operator.Operator], set()
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if not cls.__subclasses__() and cls.__module__.startswith(engine.__name__):
            leaves.add(cls.__qualname__)
    assert leaves <= record.made.keys()
    assert {name for name, tasks in record.made.items() if tasks != {True}} == set()


def test_these_tests_know_what_the_engine_makes():
    assert {"map", "starmap", "buffer", "batched", "timeout", "zip"} <= METHODS.keys()
    assert {"merge", "race", "as_completed", "gather", "interval", "timer"} <= FUNCTIONS.keys()
    assert "retry" not in FUNCTIONS
    assert "take" not in METHODS
