"""check_operator: the laws over anybody's operator."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .laws import LAWS
from .laws.registry import PACES, Slow
from .sources import KINDS
from .specimens import Kind
from .trial import Case
from .verdict import LawBroken, Report, Session

__all__ = ["check_operator"]

ITEMS = ([3, 1, 4, 1, 5], [2, 7, 1, 8], [6, 2, 5])


def check_operator(
    build: Callable[..., Any],
    *,
    sources: int = 1,
    items: Sequence[Iterable[Any]] | None = None,
    expected: Callable[..., Iterable[Any]] | None = None,
    ordered: bool = True,
    prefetch: int = 0,
    laws: Iterable[str] | None = None,
    without: Iterable[str] = (),
    kinds: Sequence[Kind] = KINDS,
) -> Report:
    """Try the laws of asynchronous iteration on an operator; a table of what was tried.

    >>> print(check_operator(lambda s: stream(s).map(abs), expected=lambda s: map(abs, s)))
    ...     # doctest: +ELLIPSIS
    law                  trials  broken
    items                    18       0
    end                       6       0
    ...

    *build* is called with so many fresh *sources*, and returns an async iterator: a stream, an
    async generator, an object of one's own. The sources are plain async iterators with their
    :class:`Log`: generators and classes, that suspend or not, are slow to close, fail. *items* says
    what they give; *expected*, what comes of that, as a function of plain iterables (the builtin,
    itertools). Without it, whatever an undisturbed run gives is right.

    With ``ordered=False`` the items may come in any order. *prefetch* is how many items each source
    may be asked for beforehand. *laws* names the laws to try, else all are, but those *without*.
    *kinds* are the kinds of sources, of :mod:`aitertools.testing.sources`.

    Raises :exc:`LawBroken`, which names each law that is broken, for which kind of source, and
    where in its run; the names of the laws are in ``aitertools.testing.LAWS``. It needs no event
    loop: each trial has one of its own, in virtual time.
    """
    given = itertools.islice(itertools.cycle(ITEMS) if items is None else items, sources)
    case = Case(build, tuple(map(list, given)), expected, ordered, prefetch, tuple(kinds))
    chosen = _chosen(laws, without)
    session = Session(case, looks_for_leaks="leaks" in chosen)
    session.observe([*PACES, Slow()])
    for name in chosen if not session.report.failures else ():
        session.law = name
        LAWS[name](session)
    if session.report.failures:
        raise LawBroken(session.report)
    return session.report


def _chosen(laws: Iterable[str] | None, without: Iterable[str]) -> list[str]:
    """Return the names of the laws to try."""
    excluded = set(without)
    chosen = list(LAWS) if laws is None else list(laws)
    for name in [*chosen, *excluded]:
        if name not in LAWS:
            raise ValueError(f"there is no law {name!r}, but {', '.join(LAWS)}")
    return [name for name in chosen if name not in excluded]
