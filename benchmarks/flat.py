"""Resident memory while items flow: `python -m benchmarks.flat ITEMS` prints the samples as JSON.

A process of its own, so that nothing else moves the figure.
"""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SAMPLES = 100
WARM_UP = 10


class Flatness(NamedTuple):
    """Resident bytes after the first tenth of the items, and the most seen after that."""

    items: int
    settled: int
    peak: int

    @property
    def growth(self) -> int:
        return self.peak - self.settled


def resident() -> int:
    """Resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def watched(items: int, samples: list[int]) -> Iterator[int]:
    """The numbers below *items*; notes the resident memory a hundred times on the way."""
    step = max(items // SAMPLES, 1)
    for start in range(0, items, step):
        yield from range(start, min(start + step, items))
        samples.append(resident())


async def run(items: int) -> list[int]:
    """Half of the items in one awaited pipeline, half with `async for`."""
    import aitertools as ait
    from benchmarks.cases.work import inc, odd

    samples: list[int] = []
    half = items // 2
    await ait.stream(watched(half, samples)).map(inc).filter(odd).pairwise().batched(100).drain()
    async for _ in ait.stream(watched(half, samples)).map(inc).filter(odd).pairwise():
        pass

    return samples


def measure(items: int) -> Flatness | None:
    """None where the system does not tell resident memory."""
    if not Path("/proc/self/statm").exists():
        return None

    command = [sys.executable, "-m", "benchmarks.flat", str(items)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    samples = json.loads(done.stdout)
    settled = max(samples[:WARM_UP])
    return Flatness(items, settled, max(samples[WARM_UP:]))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(int(sys.argv[1])))))
