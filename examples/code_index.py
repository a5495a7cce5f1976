"""Full-text search over what the standard library defines: its modules, classes and functions.

    python examples/code_index.py --database build/code_index.sqlite --query "event loop"

One pipeline (see `index`) walks a folder, reads each file, extracts its symbols and writes them to
SQLite in batches. Files that cannot be used are named at the end; Ctrl-C keeps what is written.
"""

import argparse
import ast
import asyncio
import os
import shutil
import sqlite3
import sys
import sysconfig
import time
import tokenize
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aitertools import Stream, stream

TABLE = """DROP TABLE IF EXISTS symbols; CREATE VIRTUAL TABLE symbols USING fts5(
    name, summary, kind UNINDEXED, file UNINDEXED, line UNINDEXED, tokenize = porter)"""
SEARCH = "SELECT * FROM symbols WHERE symbols MATCH ? ORDER BY bm25(symbols, 1, 3) LIMIT 8"
Row = tuple[str, str, str, str, int]


class File(NamedTuple):
    """A file on its way: its name is relative to the root, its text comes later."""

    path: Path
    name: str
    text: str = ""


class FileError(Exception):
    """A file that cannot be read or parsed: its name, and why."""


@contextmanager
def named(file: File) -> Iterator[None]:
    """Whatever is wrong with a file, say which file it is."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FileError(f"{file.name}: {type(error).__name__}: {error}") from error


def walk(root: Path, onerror: Callable[[OSError], object]) -> Iterator[File]:
    """Find the Python files, but not those of installed packages."""
    for folder, subfolders, names in os.walk(root, onerror=onerror):
        subfolders[:] = sorted({*subfolders} - {"__pycache__", "site-packages", "dist-packages"})
        for path in (Path(folder, name) for name in sorted(names) if name.endswith(".py")):
            yield File(path, storable(path.relative_to(root).as_posix()))


async def read(file: File) -> File:
    """Read a file as its coding cookie says; a slow disk does not hold up the event loop."""
    with named(file), tokenize.open(file.path) as lines:
        return file._replace(text=await asyncio.to_thread(lines.read))


def symbols(file: File) -> list[Row]:
    """List the module itself and the classes, methods and functions in it."""

    def visit(node: ast.AST, name: str, kind: str) -> Iterator[Row]:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            yield name, storable(summary), kind, file.name, getattr(node, "lineno", 1)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from visit(child, f"{name}.{child.name}", "class")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                function = "method" if kind == "class" else "function"
                yield from visit(child, f"{name}.{child.name}", function)
            elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                yield from visit(child, name, kind)  # definitions under an if, a try, a with

    module = file.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    with named(file), warnings.catch_warnings(action="ignore"):
        return list(visit(ast.parse(file.text, file.name), module, "module"))


def storable(text: str) -> str:
    """Replace lone surrogates, which SQLite refuses."""
    return text.encode(errors="replace").decode()


async def index(root: Path, db: sqlite3.Connection, failures: list[str]) -> None:
    """Fill the table, one transaction per batch."""

    def skip(error: Exception) -> list[Row]:
        failures.append(str(error))
        return []

    def insert(rows: tuple[Row, ...]) -> None:
        with db:
            db.executemany("INSERT INTO symbols VALUES (?, ?, ?, ?, ?)", rows)
        progress.show(batches)

    progress = Progress()
    files = stream(walk(root, onerror=skip)).map(read)
    batches = files.map(symbols).catch(FileError, skip).flatten().batched(500)
    try:
        await batches.for_each(insert)
    finally:
        progress.show(batches, last=True)


class Progress:
    """A line on stderr, redrawn ten times a second; a new one each second if not on a terminal."""

    def __init__(self) -> None:
        """Start the clock."""
        self.began, self.due = time.perf_counter(), 0.0

    def show(self, pipeline: Stream[Any], *, last: bool = False) -> None:
        """Tell the rate and what each stage has done, if it is time to."""
        elapsed = time.perf_counter() - self.began
        if elapsed >= self.due or last:
            terminal = sys.stderr.isatty()
            self.due = elapsed + (0.1 if terminal else 1)
            stages = pipeline.stats()[::-1]  # the source first
            counts = " → ".join(f"{stage.name} {stage.items:,}" for stage in stages)
            line = f"{elapsed:.1f} s  {stages[0].items / elapsed:,.0f} files/s  {counts}"
            if terminal:
                line = "\r\x1b[K" + (line if last else line[: shutil.get_terminal_size()[0] - 1])
            print(line, end="" if terminal and not last else "\n", file=sys.stderr, flush=True)


def run(root: Path, database: Path, query: str) -> int:
    """Build the index, say what is in it, and look up the query."""
    failures: list[str] = []
    status, outcome = 0, "indexed"
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as db:
        db.executescript(TABLE)
        db.execute(SEARCH, (query,))  # a malformed query fails here, not after the work
        try:
            asyncio.run(index(root, db, failures))
        except KeyboardInterrupt:
            status, outcome = 130, "interrupted, kept"
        rows, files = db.execute("SELECT count(*), count(DISTINCT file) FROM symbols").fetchone()
        print(f"{outcome} {rows:,} symbols of {files:,} files in {database}")
        print(f"{len(failures)} cannot be read or parsed", *failures, sep="\n  ")
        if status == 0:
            print(f"{query}:")
            for name, summary, kind, file, line in db.execute(SEARCH, (query,)):
                print(f"  {name}  {kind}, {file}:{line}\n      {summary}".rstrip())
    return status


def main(argv: list[str] | None = None) -> int:
    """Read the command line and do the job."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", default=sysconfig.get_path("stdlib"), type=Path)
    parser.add_argument("--database", default="code_index.sqlite", type=Path)
    parser.add_argument("--query", default="event loop", help="in the language of FTS5")
    args = parser.parse_args(argv)
    if not args.root.is_dir():
        parser.error(f"not a folder: {args.root}")
    try:
        return run(args.root, args.database, args.query)
    except (OSError, sqlite3.Error) as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
