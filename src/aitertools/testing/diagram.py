"""The language of marble diagrams: text to events, and back. What they do is in marbles.py."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

__all__ = ["Event", "Kind", "aligned", "parse", "write"]

Kind = Literal["cancel", "close", "item", "error", "end", "open"]


class Event(NamedTuple):
    """What happens in a diagram: at which tick, what it is, and how it is written."""

    at: int
    kind: Kind
    name: str


SIGNS: dict[str, Kind] = {"|": "end", "^": "error", "!": "cancel", "/": "close"}
ACTS = ("cancel", "close")  # of the consumer; they come first in their tick
TOKEN = re.compile(r"\.\.\.|…|[^\s{}]|\s+|\{")


def parse(diagram: str, errors: Container[str] = ()) -> list[Event]:
    """Return the events of *diagram*, in their order; what is named in *errors* is an error.

    >>> for event in parse("a-(b^)|"):
    ...     print(event.at, event.kind, event.name)
    0 item a
    2 item b
    2 error ^
    3 end |

    Raises ValueError where it is no diagram.
    """
    events: list[Event] = []
    at, group = 0, None  # the events of the group that is open
    for token in _tokens(diagram):
        if token == "(" and group is None:
            group = len(events)
        elif token == ")" and group is not None and len(events) > group:
            at, group = at + 1, None
        elif token in "()" or (token in {"-", "...", "…"} and group is not None):
            raise ValueError(f"{diagram!r}: {token!r} is out of place")
        else:
            if events and events[-1].kind in {"end", "open"}:
                raise ValueError(f"{diagram!r}: something comes after the end")
            if token != "-":
                events.append(_event(at, token, errors))
            at += group is None
    if group is not None:
        raise ValueError(f"{diagram!r}: a group is not closed")
    return _complete(events, diagram)


def _tokens(diagram: str) -> Iterator[str]:
    """Yield the signs of *diagram*; what is in braces is one sign."""
    at = 0
    while at < len(diagram):
        found = TOKEN.match(diagram, at)
        if found is None:
            raise ValueError(f"{diagram!r}: '}}' is out of place")
        token = found.group()
        if token == "{":
            token = _braced(diagram, at)
        at += len(token)
        if not token.isspace():
            yield token


def _braced(diagram: str, at: int) -> str:
    """Return what begins with the brace at *at*, up to its twin."""
    depth = 0
    for end, sign in enumerate(diagram[at:], at + 1):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return diagram[at:end]
    raise ValueError(f"{diagram!r}: a brace is not closed")


def _event(at: int, token: str, errors: Container[str]) -> Event:
    if token in {"...", "…"}:
        return Event(at, "open", "...")
    braced = len(token) > 1
    name = token[1:-1] if braced else token
    if not braced and token in SIGNS:
        return Event(at, SIGNS[token], name)
    is_error = name in errors or (name.startswith("^") and len(name) > 1)
    return Event(at, "error" if is_error else "item", name)


def _complete(events: list[Event], diagram: str) -> list[Event]:
    """With what is not written: an end after a last error, or after a close."""
    if not events or events[-1].kind in {"item", "cancel"}:
        raise ValueError(f"{diagram!r} has no end: | or ^ or / or ...")
    last = events[-1]
    if last.kind in {"error", "close"}:
        events = [*events, Event(last.at, "end", "|")]
    return sorted(events, key=lambda event: (event.at, event.kind not in ACTS))


# ---- writing -------------------------------------------------------------------------------------


def write(events: Iterable[Event]) -> str:
    """Return the diagram of *events*, which have an end.

    >>> write(parse("a - (b ^) |"))
    'a-(b^)|'
    """
    return "".join(_cells(list(events)))


def aligned(rows: Mapping[str, Sequence[Event]]) -> str:
    """Return these diagrams under each other: what is of one tick is in one column."""
    cells = {name: _cells(events) for name, events in rows.items()}
    widths = [
        max(
            (len(row[at]) for row in cells.values() if row[at:][:1] not in ([], ["..."])), default=1
        )
        for at in range(max(map(len, cells.values())))
    ]
    margin = max(map(len, rows))
    return "\n".join(
        f"  {name:{margin}}  " + "".join(map(str.ljust, row, widths)).rstrip()
        for name, row in cells.items()
    )


def _cells(events: Sequence[Event]) -> list[str]:
    """Return what is written for each tick."""
    last = events[-1].at
    ticks: list[list[Event]] = [[] for _ in range(last + 1)]
    for event in events:
        ticks[event.at].append(event)
    if len(ticks[last]) > 1 and ticks[last][-2].kind in {"error", "close"}:
        del ticks[last][-1]  # goes without saying
    return [_cell([_sign(event) for event in tick]) for tick in ticks]


def _cell(signs: list[str]) -> str:
    return "-" if not signs else signs[0] if len(signs) == 1 else f"({''.join(signs)})"


def _sign(event: Event) -> str:
    name = event.name
    is_sign = event.kind not in {"item", "error"} or (event.kind == "error" and name == "^")
    return name if is_sign or _is_plain(name) else f"{{{name}}}"


def _is_plain(name: str) -> bool:
    """Whether *name* needs no braces."""
    return len(name) == 1 and not name.isspace() and name not in "-(){}…|^!/"
