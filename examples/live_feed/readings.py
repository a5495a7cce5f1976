"""What is measured of this machine."""

import os
import time
from typing import Annotated, NamedTuple

import psutil
from pydantic import BaseModel, Field

import aitertools as ait
from aitertools import Stream


class Reading(BaseModel, extra="forbid"):
    """A value, and when it was read, in seconds of the epoch."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    value: Annotated[float, Field(allow_inf_nan=False)]
    time: float = Field(default_factory=time.time, allow_inf_nan=False)


class Traffic(NamedTuple):
    """What the network cards had counted, and when."""

    sent: int
    received: int
    time: float


def measured(every: float) -> Stream[Reading]:
    """Read load, memory and network each so many seconds."""
    return ait.merge(load(every), memory(every), network(every))


def load(every: float) -> Stream[Reading]:
    """Say how many processes run or want to: the average of a minute."""
    return ait.interval(every, start=0).map(
        lambda _: Reading(name="load", value=os.getloadavg()[0])
    )


def memory(every: float) -> Stream[Reading]:
    """Say how much memory is in use, in percent."""
    return ait.interval(every, start=0).map(
        lambda _: Reading(name="memory", value=psutil.virtual_memory().percent)
    )


def network(every: float) -> Stream[Reading]:
    """Say how many bytes per second are sent and received: what was counted between two looks."""

    def count(_: int) -> Traffic:
        seen = psutil.net_io_counters()
        return Traffic(seen.bytes_sent, seen.bytes_recv, time.monotonic())

    def rates(before: Traffic, now: Traffic) -> list[Reading]:
        seconds = now.time - before.time
        return [
            Reading(name="sent", value=(now.sent - before.sent) / seconds),
            Reading(name="received", value=(now.received - before.received) / seconds),
        ]

    return ait.interval(every, start=0).map(count).pairwise().starmap(rates).flatten()
