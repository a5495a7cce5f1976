"""Testing asynchronous iteration: virtual time, marble diagrams, laws, leaks.

Plain functions for any test framework; for pytest there is a plugin.
"""

# General layout
#
# clock     an event loop in virtual time
# leaks     tasks, generators and complaints that are left behind
# places    where a task waits, for messages
# marbles   marble diagrams: what comes when, as a line of text
# diagram, names, source, consumer   its parts: the language, what its names stand for, both ends

from . import marbles
from .clock import Stuck, VirtualLoop, run
from .leaks import LeakError, no_leaks
from .marbles import MarbleError, assert_marbles

__all__ = [
    "LeakError",
    "MarbleError",
    "Stuck",
    "VirtualLoop",
    "assert_marbles",
    "marbles",
    "no_leaks",
    "run",
]
