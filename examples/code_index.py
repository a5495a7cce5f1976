"""Full-text search over what the standard library defines: its modules, classes and functions.

    aitertools run examples.code_index:index database=build/code_index.sqlite
    aitertools run examples.code_index:search database=build/code_index.sqlite query="event loop"

One pipeline (see `index`) walks a folder, reads files in threads, finds their symbols in processes,
and writes these to SQLite in batches. What cannot be used is named at the end; Ctrl-C finishes what
is under way.
"""

import ast
import os
import signal
import sqlite3
import sysconfig
import tokenize
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from aitertools import stream

TABLE = """DROP TABLE IF EXISTS symbols; CREATE VIRTUAL TABLE symbols USING fts5(
    name, summary, kind UNINDEXED, file UNINDEXED, line UNINDEXED, tokenize = porter)"""
SEARCH = "SELECT * FROM symbols WHERE symbols MATCH ? ORDER BY bm25(symbols, 1, 3) LIMIT 8"
STDLIB, DATABASE = Path(sysconfig.get_path("stdlib")), Path("code_index.sqlite")
Row = tuple[str, str, str, str, int]


class File(NamedTuple):
    """A file on its way: its name is relative to the root, its text comes later."""

    path: Path
    name: str
    text: str = ""


class FileError(Exception):
    """A file that cannot be read or parsed: its name, and why."""


@contextmanager
def named(file: File) -> Generator[None]:
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


def read(file: File) -> File:
    """Read a file as its coding cookie says."""
    with named(file), tokenize.open(file.path) as lines:
        return file._replace(text=lines.read())


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


@contextmanager
def index(
    database: Path = DATABASE, root: Path = STDLIB, workers: int = os.cpu_count() or 1
) -> Generator[Awaitable[None]]:
    """Fill the table, one transaction per batch. Without workers, do one thing after the other."""
    failures: list[str] = []

    def skip(error: Exception) -> list[Row]:
        failures.append(str(error))
        return []

    def insert(rows: tuple[Row, ...]) -> None:
        with db:
            db.executemany("INSERT INTO symbols VALUES (?, ?, ?, ?, ?)", rows)

    server = get_context("forkserver")  # no copies of a process that has threads
    ignore = signal.signal, (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process only
    with (
        opened(root, database) as db,
        ThreadPoolExecutor(workers or 1) as threads,
        ProcessPoolExecutor(workers or 1, server, *ignore) as processes,
    ):
        files = stream(walk(root, onerror=skip))
        if workers:
            chunks = 2 * workers  # so that these have something to do while rows are inserted
            texts = files.map(read, executor=threads)
            found = texts.map(symbols, executor=processes, concurrency=chunks)
        else:
            found = files.map(read).map(symbols)
        try:
            yield found.catch(FileError, skip).flatten().batched(500, within=1).for_each(insert)
        finally:
            count = db.execute("SELECT count(*), count(DISTINCT file) FROM symbols").fetchone()
            print("indexed {:,} symbols of {:,} files".format(*count))
            print(f"{len(failures)} cannot be read or parsed", *failures, sep="\n  ")


@contextmanager
def opened(root: Path, database: Path) -> Generator[sqlite3.Connection]:
    """Begin a new index, if both can be used."""
    if not root.is_dir():
        raise NotADirectoryError(f"not a folder: {root}")
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as db:
        db.executescript(TABLE)
        yield db


def search(query: str, database: Path = DATABASE) -> Awaitable[None]:
    """Print what the query, in the language of FTS5, finds: the best first."""

    def show(row: Row) -> None:
        name, summary, kind, file, line = row
        print(f"  {name}  {kind}, {file}:{line}\n      {summary}".rstrip())

    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(SEARCH, (query,)).fetchall()
    print(f"{query}:")
    return stream(rows).for_each(show)
