"""The engine: operators that have work in flight while the consumer does something else.

Each is a pure state machine, which is told what happens and answers what is to be done, and a
shell around it, an :class:`Operator`, that does it: with the tasks of a
:class:`~aitertools.runtime.Crew`, and with intakes, which pull the sources.

What it offers is imported when it is first asked for: who merges nothing does not load what merges.
"""

from typing import TYPE_CHECKING

from .._lazily import lazily

if TYPE_CHECKING:
    from .awaiting import completing, gathering
    from .batches import batching
    from .blocks import blocks_of
    from .buffer import buffering, conflating
    from .concurrently import Way, filtering, mapping, running
    from .debounce import debouncing, sampling
    from .delay import delaying
    from .latest import WithLatest, ZipLatest
    from .merge import Merge, flattening, halt_of
    from .operator import label, make
    from .over import ending_by, ending_within
    from .race import Race
    from .rate import limiting, spacing, throttling
    from .rows import zipping, zipping_longest
    from .splitting import Chunks, Lines
    from .switch import Switch
    from .threaded import reading
    from .ticks import alarming, ticking
    from .timed import beating, noticing, timing_out
    from .windows import windowing

__all__ = [
    "Chunks",
    "Lines",
    "Merge",
    "Race",
    "Switch",
    "Way",
    "WithLatest",
    "ZipLatest",
    "alarming",
    "batching",
    "beating",
    "blocks_of",
    "buffering",
    "completing",
    "conflating",
    "debouncing",
    "delaying",
    "ending_by",
    "ending_within",
    "filtering",
    "flattening",
    "gathering",
    "halt_of",
    "label",
    "limiting",
    "make",
    "mapping",
    "noticing",
    "reading",
    "running",
    "sampling",
    "spacing",
    "throttling",
    "ticking",
    "timing_out",
    "windowing",
    "zipping",
    "zipping_longest",
]

__getattr__ = lazily(
    __name__,
    {
        "awaiting": ("completing", "gathering"),
        "batches": ("batching",),
        "blocks": ("blocks_of",),
        "buffer": ("buffering", "conflating"),
        "concurrently": ("Way", "filtering", "mapping", "running"),
        "debounce": ("debouncing", "sampling"),
        "delay": ("delaying",),
        "latest": ("WithLatest", "ZipLatest"),
        "merge": ("Merge", "flattening", "halt_of"),
        "operator": ("label", "make"),
        "over": ("ending_by", "ending_within"),
        "race": ("Race",),
        "rate": ("limiting", "spacing", "throttling"),
        "rows": ("zipping", "zipping_longest"),
        "splitting": ("Chunks", "Lines"),
        "switch": ("Switch",),
        "threaded": ("reading",),
        "ticks": ("alarming", "ticking"),
        "timed": ("beating", "noticing", "timing_out"),
        "windows": ("windowing",),
    },
)
