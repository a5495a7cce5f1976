"""Testing asynchronous iteration: virtual time, marble diagrams, laws, leaks.

Plain functions for any test framework; for pytest there is a plugin.
"""

# General layout
#
# clock     an event loop in virtual time
# check     check_operator: laws/ tried on any operator, over the zoo of sources
# specimens, puller, trial, verdict   its parts: a source and its log, a run, what came of it
# steps     a loop that drives one awaitable step by step
# leaks     tasks, generators and complaints that are left behind
# places    where a task waits, for messages
# marbles   marble diagrams: what comes when, as a line of text
# diagram, names, source, consumer   its parts: the language, what its names stand for, both ends

from . import marbles, sources
from .check import check_operator
from .clock import Stuck, VirtualLoop, run
from .laws import LAWS
from .leaks import LeakError, no_leaks
from .marbles import MarbleError, assert_marbles
from .verdict import LawBroken, Report

__all__ = [
    "LAWS",
    "LawBroken",
    "LeakError",
    "MarbleError",
    "Report",
    "Stuck",
    "VirtualLoop",
    "assert_marbles",
    "check_operator",
    "marbles",
    "no_leaks",
    "run",
    "sources",
]
