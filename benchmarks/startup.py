"""Import time on top of asyncio: CPU time, a new process for each import, interleaved."""

import os
import statistics
import subprocess
import sys

MODULES = (
    "aitertools",
    "asyncstdlib",
    "aioitertools",
    "aiostream",
    "streamable",
    "anyio.itertools",
)

CODE = """
import asyncio, time
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def once(module: str) -> float | None:
    """Milliseconds of one import, None if it fails."""
    command = [sys.executable, "-c", CODE.format(module=module)]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    return float(done.stdout) * 1000 if done.returncode == 0 else None


def measure(rounds: int) -> dict[str, float | None]:
    """Median milliseconds of each import. The first round writes byte code and does not count."""
    present = [module for module in MODULES if once(module) is not None]
    times = [{module: once(module) for module in present} for _ in range(rounds)]
    medians: dict[str, float | None] = dict.fromkeys(MODULES)
    for module in present:
        ran = [time for round in times if (time := round[module]) is not None]
        medians[module] = statistics.median(ran) if ran else None

    return medians
