"""The examples in the docstrings run."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import inspect
import itertools
import pkgutil

import pytest

import aitertools as ait
from aitertools import _core, testing

MODULES = [
    module.name
    for module in pkgutil.walk_packages(ait.__path__, "aitertools.")
    if not module.name.endswith("_core")
]


NAMES = {"run": testing.run, "stream": ait.stream, "ait": ait, "asyncio": asyncio}


def examples(name):
    """The doctests of what is defined in a module, in whose names they run."""
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = vars(module) | NAMES
    for value in vars(module).values():
        if (inspect.isfunction(value) or inspect.isclass(value)) and file_of(
            value
        ) == module.__file__:
            yield from finder.find(value, globs=names, module=False)


def file_of(value):
    try:
        return inspect.getsourcefile(inspect.unwrap(value))
    except TypeError:  # it is built in
        return None


def core_examples():
    """The doctests of what is public and written in C."""
    parser = doctest.DocTestParser()
    for cls in vars(_core).values():
        if inspect.isclass(cls) and cls.__module__ == "aitertools":
            documented = {f"{cls.__name__}.{name}": value for name, value in vars(cls).items()}
            for name, value in {cls.__name__: cls, **documented}.items():
                doc = inspect.getdoc(value) if callable(value) else None
                yield parser.get_doctest(doc or "", dict(NAMES), name, None, 0)


TESTS = {
    test.name: test
    for test in itertools.chain(*map(examples, MODULES), core_examples())
    if test.examples
}


@pytest.mark.parametrize("name", sorted(TESTS))
def test_the_example_gives_what_it_says(name):
    test = TESTS[name]
    output = []
    result = doctest.DocTestRunner().run(test, out=output.append)
    assert result.failed == 0, "".join(output)


def test_there_are_examples():
    assert len(TESTS) > 80
