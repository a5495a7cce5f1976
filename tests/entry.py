"""What a line of the catalogue says, and what the laws do with it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st

from aitertools import stream

from .oracle import answers

# ---- data ----------------------------------------------------------------------------------------


class Data(NamedTuple):
    """What a source has: any, and for the laws examples, of the first source, of the second …."""

    items: st.SearchStrategy[Any]
    examples: tuple[list[Any], ...]


INTS = Data(st.integers(-3, 9), ([3, 1, 4, 1, 5], [2, 7, 1, 8], [6, 2, 5]))
PAIRS = Data(st.tuples(st.integers(0, 3), st.integers(-3, 9)), ([(1, 2), (0, 5), (1, 7)],))
LISTS = Data(st.lists(st.integers(0, 9), max_size=3), ([[1, 2], [], [3, 4, 5]],))
TEXTS = Data(st.text("ab,", max_size=2), (["ab", "", "c"],))
BOOLS = Data(st.booleans(), ([True, False, True, True],) * 3)


# ---- the entries ---------------------------------------------------------------------------------

Paint = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Entry:
    """One operator or reducer, as its line says."""

    name: str
    family: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    data: tuple[Data, ...]
    reduces: bool
    early: bool
    shares: bool
    carried: bool
    reordered: bool
    tasks: bool
    ahead: int
    cuts: bool

    def __repr__(self) -> str:
        return self.name

    @property
    def arity(self) -> int:
        """How many sources it reads."""
        return len(self.data)

    @property
    def examples(self) -> list[list[Any]]:
        """What its sources have in the laws."""
        return [data.examples[i % len(data.examples)] for i, data in enumerate(self.data)]

    @functools.cached_property
    def functions(self) -> int:
        """How many functions it takes."""
        painted: list[object] = []

        def paint(fn: Callable[..., Any]) -> Callable[..., Any]:
            painted.append(fn)
            return fn

        built = self.build(paint, *([] for _ in self.data))
        if inspect.isawaitable(built):
            built.close()  # type: ignore[attr-defined]
        return len(painted)

    def build(self, paint: Paint, *sources: Any) -> Any:
        """The stream, or the awaitable, over *sources*, which it owns from now on."""
        return self.ours(*map(stream, sources), paint)

    def expected(self, *data: Any) -> list[Any]:
        """What the original makes of *data*: items and errors, or the one result of a reducer."""
        if self.reduces:
            return answers(lambda: iter([self.theirs(*data)]))
        return answers(lambda: iter(self.theirs(*data)))


ENTRIES: list[Entry] = []


def enter(
    family: str,
    name: str,
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    data: Data | tuple[Data, ...] = INTS,
    *,
    reduces: bool = False,
    early: bool = False,
    shares: bool = False,
    carried: bool = False,
    reordered: bool = False,
    tasks: bool = False,
    ahead: int = 0,
    cuts: bool = False,
) -> None:
    """Put one line into the catalogue."""
    arity = len(inspect.signature(ours).parameters) - 1
    each = (data,) * arity if isinstance(data, Data) else data
    assert len(each) == arity, name
    assert name not in {entry.name for entry in ENTRIES}, name
    traits = reduces, early, shares, carried or tasks, reordered, tasks, ahead, cuts
    ENTRIES.append(Entry(name, family, ours, theirs, each, *traits))
