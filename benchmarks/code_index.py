"""`make demo`, against itself without threads and processes: `python -m benchmarks.code_index`.

Each round runs both forms, as a user does: start of the interpreter and of the workers included.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

FORMS = {"sequential": ["workers=0"], "concurrent": []}


def indexed(database: Path, *options: str) -> float:
    """Make an index, and return how many seconds that takes."""
    target = ["examples.code_index:index", f"database={database}", *options]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "aitertools", "run", "--quiet", *target],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def content(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT * FROM symbols ORDER BY rowid").fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare both forms of `make demo`.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    times: dict[str, list[float]] = {form: [] for form in FORMS}
    with tempfile.TemporaryDirectory() as folder:
        databases = {form: Path(folder, form) for form in FORMS}
        for number in range(1, rounds + 1):
            for form, options in FORMS.items():
                times[form].append(indexed(databases[form], *options))
            now = ", ".join(f"{form} {times[form][-1]:.2f} s" for form in FORMS)
            print(f"round {number}: {now}", flush=True)
        if content(databases["sequential"]) != content(databases["concurrent"]):
            sys.exit("their databases differ")
    slow, fast = (statistics.median(times[form]) for form in FORMS)
    print(f"medians: sequential {slow:.2f} s, concurrent {fast:.2f} s, {slow / fast:.2f} × as fast")


if __name__ == "__main__":
    main()
