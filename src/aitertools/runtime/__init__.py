"""The event loop: the only package that imports one.

The core forwards what awaitables yield and so runs on any loop. What it cannot do by itself is
here: give way to the loop, know who waits, interrupt a wait, and pull in a task of its own.

What only the engine and a few functions need is imported when it is first asked for.
"""

import asyncio
from typing import TYPE_CHECKING

from .. import _core
from .._lazily import lazily
from .courier import courier, swap_task
from .lines import handle, in_loop, let_go, wake
from .loop import checkpoint, close_running, current_task, park, running_loop, timeout
from .nursery import enter, leave, shield
from .queues import ERRORS, QueueEmpty, QueueFull, QueueShutDown, adapt

if TYPE_CHECKING:
    from .alarm import Alarm
    from .clock import now, sleep, wait
    from .crew import Crew, is_cancelled, outcome
    from .executors import for_item, is_executor, name_item, outcome_of, workers_of
    from .pump import install_pump
    from .threads import LoopReader, Reader

__all__ = [
    "ERRORS",
    "Alarm",
    "Crew",
    "LoopReader",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "Reader",
    "enter",
    "for_item",
    "handle",
    "in_loop",
    "install_pump",
    "is_cancelled",
    "is_executor",
    "leave",
    "let_go",
    "name_item",
    "now",
    "outcome",
    "outcome_of",
    "park",
    "running_loop",
    "shield",
    "sleep",
    "timeout",
    "wait",
    "workers_of",
]

__getattr__ = lazily(
    __name__,
    {
        "alarm": ("Alarm",),
        "clock": ("now", "sleep", "wait"),
        "crew": ("Crew", "is_cancelled", "outcome"),
        "executors": ("for_item", "is_executor", "name_item", "outcome_of", "workers_of"),
        "pump": ("install_pump",),
        "threads": ("LoopReader", "Reader"),
    },
)

_core.set_hook("adapt", adapt)
_core.set_hook("checkpoint", checkpoint)
_core.set_hook("close_running", close_running)
_core.set_hook("courier", courier)
_core.set_hook("current_task", current_task)
_core.set_hook("handle", handle)
_core.set_hook("in_loop", in_loop)
_core.set_hook("running_loop", running_loop)
_core.set_hook("swap_task", swap_task)
_core.set_hook("wake", wake)
_core.set_future(asyncio.Future)
_core.set_queue_errors(*ERRORS)
