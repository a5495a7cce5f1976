"""The event loop: the only package that imports one.

The core forwards what awaitables yield and so runs on any loop. What it cannot do by itself is
here: give way to the loop, know who waits, interrupt a wait, and pull in a task of its own.
"""

from .. import _core
from .loop import checkpoint, close_running, current_task, park, timeout
from .pump import pump
from .queues import adapt

__all__ = ["park", "pump", "timeout"]

_core.set_hook("adapt", adapt)
_core.set_hook("checkpoint", checkpoint)
_core.set_hook("close_running", close_running)
_core.set_hook("current_task", current_task)
