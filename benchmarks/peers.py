"""The libraries measured beside ours. One that is missing costs a dash, not the run."""

import importlib
import importlib.metadata
from typing import Any

NAMES = ("asyncstdlib", "aioitertools", "aiostream", "streamable", "anyio")
QUEUES = ("aiochannel", "janus", "culsans")
STOCK = ("gather", "TaskGroup", "as_completed")  # asyncio's own, as its documentation has them
RIVALS = (*STOCK, *NAMES, "reactivex")


class PeerMissing(Exception):
    """A peer is not there, or cannot be imported by this interpreter."""


class _Absent:
    """Stands in for what a peer lacks: any call raises *reason*."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        raise PeerMissing(self._reason)


class _Peer:
    """A module of a peer, in which every name can be looked up."""

    def __init__(self, name: str) -> None:
        self._module: Any
        try:
            self._module = importlib.import_module(name)
        except ModuleNotFoundError:
            self._module = _Absent("not installed")
        except Exception as error:  # a peer may break in any way on a new interpreter
            self._module = _Absent(f"import failed: {type(error).__name__}: {error}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name, _Absent(f"has no {name}"))


asyncstdlib: Any = _Peer("asyncstdlib")
aioitertools: Any = _Peer("aioitertools")
aioitertools_asyncio: Any = _Peer("aioitertools.asyncio")
aiostream: Any = _Peer("aiostream.stream")
streamable: Any = _Peer("streamable")
anyio: Any = _Peer("anyio.itertools")
anyio_functools: Any = _Peer("anyio.functools")
anyio_core: Any = _Peer("anyio")
aiochannel: Any = _Peer("aiochannel")
janus: Any = _Peer("janus")
culsans: Any = _Peer("culsans")
rx: Any = _Peer("reactivex")
rx_ops: Any = _Peer("reactivex.operators")
rx_asyncio: Any = _Peer("reactivex.scheduler.eventloop")


def is_aiostream(made: object) -> bool:
    """Whether *made* is an aiostream stream, which wants `async with made.stream()`."""
    return type(made).__module__.startswith("aiostream.")


def versions() -> dict[str, str]:
    """Name and version of aitertools and of each peer that is installed."""
    found = {}
    for name in ("aitertools", *NAMES, *QUEUES, "reactivex", "uvloop"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue

    return found
