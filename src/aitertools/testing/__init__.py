"""Testing asynchronous iteration: virtual time, marble diagrams, laws, leaks.

Plain functions for any test framework; for pytest there is a plugin.
"""

# General layout
#
# clock     an event loop in virtual time
# places    where a task waits, for messages

from .clock import Stuck, VirtualLoop, run

__all__ = ["Stuck", "VirtualLoop", "run"]
