"""What is to be run: ``MODULE:PIPELINE``, and its arguments as ``KEY=VALUE``."""

from __future__ import annotations

import difflib
import enum
import inspect
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from importlib import import_module
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import click

from aitertools import Stream, stream

__all__ = ["NotThere", "Pipeline", "called", "find"]


class NotThere(click.ClickException):
    """What was given on the command line cannot be run; one line says what was looked for."""

    exit_code = 2


class Pipeline(NamedTuple):
    """A stream that is to be read, or an awaitable that reads it by itself."""

    stream: Stream[Any]
    reduction: Coroutine[Any, Any, Any] | None = None


def find(target: str) -> Any:
    """Return the object that ``MODULE:NAME`` means; the current directory is looked through too."""
    module_name, colon, name = target.partition(":")
    parts = [*module_name.split("."), name]
    if module_name.endswith(".py") or not all(part.isidentifier() for part in parts):
        hint = "" if colon else ", without a colon"
        if module_name.endswith(".py"):
            dotted = ".".join(PurePath(module_name).with_suffix("").parts)
            hint = f"; perhaps {dotted}:{name or 'PIPELINE'}"
        raise NotThere(f"MODULE:PIPELINE is looked for, such as demo:rows, not {target}{hint}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _imported(module_name)
    try:
        return getattr(module, name)
    except AttributeError:
        near = difflib.get_close_matches(name, dir(module), 1)
        hint = f"; perhaps {near[0]}" if near else ""
        place = getattr(module, "__file__", None) or "a namespace package"
        raise NotThere(f"no {name} in the module {module_name} ({place}){hint}") from None


def _imported(name: str) -> Any:
    """Import a module; one that it needs and that is missing is its own error."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        what = name if error.name == name else f"{error.name} for {name}"
        places = f"in {Path.cwd()} and where Python is installed"
        raise NotThere(f"no module {what}: looked for {places}") from None


# What a function may return; of no type, so that nobody infers what it is that they hold.
STREAM: Any = Stream
FUNCTION: Any = Callable
AWAITABLE: Any = Awaitable
SOURCE: Any = (AsyncIterable, Iterator)
CONTEXT: Any = AbstractContextManager
ASYNC_CONTEXT: Any = AbstractAsyncContextManager


async def called(found: Any, target: str, pairs: Sequence[str], opened: AsyncExitStack) -> Pipeline:
    """Call what was found, and return what comes of it as a pipeline.

    A context manager is entered, and left with *opened*: it is where a pipeline opens what it
    needs.
    """
    given = found
    if isinstance(found, FUNCTION) and not isinstance(found, SOURCE):
        given = found(**_arguments(found, target, pairs))
        if isinstance(given, AWAITABLE) and _read_by(given) is None:
            given = await given
    elif pairs:
        raise NotThere(f"{target} is no function and takes no arguments, such as {pairs[0]}")
    if isinstance(given, ASYNC_CONTEXT) and not isinstance(given, SOURCE):
        given = await opened.enter_async_context(given)
    elif isinstance(given, CONTEXT) and not isinstance(given, SOURCE):
        given = opened.enter_context(given)
    read = _read_by(given)
    if read is not None:
        return Pipeline(read, given)
    if isinstance(given, SOURCE):
        return Pipeline(stream(given))
    how = "is" if given is found else "returned"
    kind = "None" if given is None else f"an object of the type {type(given).__name__}"
    raise NotThere(f"{target} {how} {kind}: a stream is looked for, or what a reducer returns")


def _read_by(given: Any) -> Stream[Any] | None:
    """Return the stream that an awaitable of ours reads."""
    read: Any = getattr(given, "stream", None) if isinstance(given, AWAITABLE) else None
    return read if isinstance(read, STREAM) else None


# ---- arguments -----------------------------------------------------------------------------------


def _arguments(function: Callable[..., Any], target: str, pairs: Sequence[str]) -> dict[str, Any]:
    """Return what ``KEY=VALUE`` says, each value as the annotation of its parameter wants it."""
    try:
        signature = _signature(function)
    except ValueError as error:  # it is built in, and has none
        raise NotThere(f"{target}: {error}") from None
    named = [p for p in signature.parameters.values() if p.kind is not p.VAR_POSITIONAL]
    takes = {p.name: p for p in named if p.kind is not p.VAR_KEYWORD}
    rest = next((p for p in named if p.kind is p.VAR_KEYWORD), None)
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        parameter = takes.get(key, rest)
        if not equals or parameter is None:
            has = f"it takes {', '.join(takes)}" if takes else "it takes none"
            what = f"no argument {key}" if equals else f"KEY=VALUE is looked for, not {key}"
            raise NotThere(f"{target}: {what}; {has}")
        values[key] = _converted(text, parameter.annotation, f"{target}: {key}")
    try:
        signature.bind(**values)
    except TypeError as error:
        raise NotThere(f"{target}: {error}") from None
    return values


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature, its annotations evaluated where they can be."""
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # noqa: BLE001 -- what is imported for type checkers only is not there
        return inspect.signature(function)


TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
SIMPLE = (int, float, PurePath, enum.Enum)
UNIONS = (Union, UnionType)


def _converted(text: str, annotation: Any, what: str) -> Any:
    """Return *text* as a bool, a number, a path or a member of an enum, if one is asked for."""
    kind = annotation
    if get_origin(annotation) in UNIONS:
        options = [option for option in get_args(annotation) if option is not NoneType]
        kind = options[0] if len(options) == 1 else None
    if not isinstance(kind, type) or not issubclass(kind, SIMPLE):
        return text
    try:
        if issubclass(kind, enum.Enum):
            return _member(text, kind)
        return TRUTH[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise NotThere(f"{what} has to be of the type {kind.__name__}, not {text!r}") from None


def _member(text: str, kind: type[enum.Enum]) -> enum.Enum:
    """Return the member whose value is *text*, or looks so; or the one of that name."""
    for member in kind:
        if str(member.value) == text:
            return member
    return kind.__members__.get(text) or kind(text)
