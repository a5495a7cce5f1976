"""The engine: operators that have work in flight while the consumer does something else.

Each is a pure state machine, which is told what happens and answers what is to be done, and a
shell around it, an :class:`Operator`, that does it: with the tasks of a
:class:`~aitertools.runtime.Crew`, and with intakes, which pull the sources.
"""
