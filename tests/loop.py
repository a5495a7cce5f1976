"""A loop of our own, which goes step by step."""

from aitertools.testing.steps import (
    Cancelled,
    Task,
    Turn,
    current_task,
    points,
    run,
    run_to,
    running,
)

__all__ = ["Cancelled", "Task", "Turn", "current_task", "points", "run", "run_to", "running"]
