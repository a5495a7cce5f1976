"""Queues and topics that tasks and threads share, and that can be iterated."""

from ._core import (
    LifoQueue,
    PriorityQueue,
    Queue,
    QueueStats,
    SyncQueue,
    Topic,
    TopicStats,
)
from .runtime import QueueEmpty, QueueFull, QueueShutDown

__all__ = [
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "QueueStats",
    "SyncQueue",
    "Topic",
    "TopicStats",
]
