"""Count the lines of Python in a folder: several producers, one queue, several consumers.

    python examples/producer_consumer.py [FOLDER]

A producer lists each package, four consumers read the files. FOLDER: else the standard library.
"""

import argparse
import asyncio
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from aitertools import Queue, QueueStats


async def produce(files: Iterable[Path], queue: Queue[Path]) -> None:
    for file in files:
        await queue.put(file)  # waits while the queue is full


async def consume(queue: Queue[Path], lines: Counter[Path]) -> None:
    async for file in queue:  # until it is shut down and drained
        try:
            lines[file] = (await asyncio.to_thread(file.read_bytes)).count(b"\n")
        except OSError as error:
            print(error, file=sys.stderr)


async def count(packages: Sequence[Iterable[Path]]) -> tuple[Counter[Path], QueueStats]:
    queue, lines = Queue[Path](maxsize=100), Counter[Path]()
    async with asyncio.TaskGroup() as consumers:
        for _ in range(4):
            consumers.create_task(consume(queue, lines))
        async with asyncio.TaskGroup() as producers:
            for files in packages:
                producers.create_task(produce(files, queue))
        queue.shutdown()  # nothing more will come
    return lines, queue.stats()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=sysconfig.get_path("stdlib"), type=Path)
    root = parser.parse_args(argv).folder
    if not root.is_dir():
        parser.error(f"not a folder: {root}")
    folders = [path for path in root.iterdir() if path.is_dir() and path.name != "site-packages"]
    packages = [root.glob("*.py"), *(folder.rglob("*.py") for folder in folders)]
    lines, stats = asyncio.run(count(packages))
    print(f"{lines.total():,} lines in {len(lines):,} files, most of them in")
    for file, number in lines.most_common(3):
        print(f"  {file.relative_to(root)} {number:,}")
    print(stats)


if __name__ == "__main__":
    main()
