"""The ends of each library's queue, as its own documentation has them used.

    put, get                  awaited, in a task of the event loop that made the queue
    put_nowait, get_nowait    what does not wait
    put_many, get_many        awaited, a batch at once
    items                     what is iterated until the queue is shut down and drained
    thread_put, thread_get    called in other threads
    far_put                   awaited in a task of another event loop
    topic                     what is published there reaches every subscriber

What a library lacks is a dash in the tables. Where it can be had in a few lines by hand, with what
the documentation of asyncio or anyio says about threads, these lines are measured.
"""

import asyncio
import math
import queue
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, ClassVar

import aitertools as ait
from benchmarks.peers import PeerMissing, aiochannel, anyio_core, culsans, janus

LACKS = {
    "put": "not for tasks",
    "get": "not for tasks",
    "thread_put": "not for threads",
    "thread_get": "not for threads",
    "far_put": "for one event loop",
}


class Channel:
    """One queue with its ends; what it has not raises PeerMissing."""

    label: ClassVar[str]
    iterable: ClassVar[bool] = False
    batches: ClassVar[bool] = False
    publishes: ClassVar[bool] = False

    put: Any
    get: Any
    thread_put: Any
    thread_get: Any
    far_put: Any

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize

    def __getattr__(self, name: str) -> Any:
        raise PeerMissing(LACKS.get(name, f"has no {name}"))

    def another(self) -> "Channel":
        return type(self)(self.maxsize)

    async def finish(self) -> None:
        """Clean up, where the library wants that."""


class Ours(Channel):
    label = "aitertools"
    iterable = True
    batches = True
    publishes = True

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self.items = made = ait.Queue[int](maxsize)
        self.put, self.get = made.put, made.get
        self.put_nowait, self.get_nowait = made.put_nowait, made.get_nowait
        self.put_many, self.get_many = made.put_many, made.get_many
        self.thread_put, self.thread_get = made.sync.put, made.sync.get
        self.far_put, self.close = made.put, made.shutdown

    def topic(self) -> ait.Topic[int]:
        return ait.Topic(maxlag=self.maxsize or None)


class Asyncio(Channel):
    """Other threads have the loop put and get for them."""

    label = "asyncio.Queue"

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        made: Any = asyncio.Queue[int](maxsize)
        self._loop = asyncio.get_running_loop()
        self.put, self.get, self.empty = made.put, made.get, made.empty
        self.put_nowait, self.get_nowait = made.put_nowait, made.get_nowait
        self.thread_get = lambda: self._have_done(made.get()).result()
        if maxsize:
            self.thread_put = lambda item: self._have_done(made.put(item)).result()
        else:
            self.thread_put = partial(self._loop.call_soon_threadsafe, made.put_nowait)

        self.far_put = lambda item: asyncio.wrap_future(self._have_done(made.put(item)))

    def _have_done(self, what: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)


class Threads(Channel):
    """Tasks have a thread wait for them."""

    label = "queue.Queue"

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        made: Any = queue.Queue[int](maxsize)
        self.put_nowait, self.get_nowait, self.empty = made.put_nowait, made.get_nowait, made.empty
        self.thread_put, self.thread_get = made.put, made.get
        self.put = self.far_put = partial(asyncio.to_thread, made.put)
        self.get = partial(asyncio.to_thread, made.get)


class Aiochannel(Channel):
    label = "aiochannel"
    iterable = True

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self.items = made = aiochannel.Channel(maxsize)
        self.put, self.get, self.close = made.put, made.get, made.close
        self.put_nowait, self.get_nowait = made.put_nowait, made.get_nowait


class Janus(Channel):
    label = "janus"

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self._queue = made = janus.Queue(maxsize)
        tasks, threads = made.async_q, made.sync_q
        self.put, self.get, self.empty = tasks.put, tasks.get, tasks.empty
        self.put_nowait, self.get_nowait = tasks.put_nowait, tasks.get_nowait
        self.thread_put, self.thread_get = threads.put, threads.get

    async def finish(self) -> None:
        await self._queue.aclose()


class Culsans(Channel):
    label = "culsans"

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        made = culsans.Queue(maxsize)
        tasks, threads = made.async_q, made.sync_q
        self.put, self.get, self.empty = tasks.put, tasks.get, tasks.empty
        self.put_nowait, self.get_nowait = tasks.put_nowait, tasks.get_nowait
        self.thread_put, self.thread_get = threads.put, threads.get
        self.far_put = tasks.put


class Anyio(Channel):
    """Memory object streams; other threads have the loop send and receive for them."""

    label = "anyio"
    iterable = True

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        create = anyio_core.create_memory_object_stream
        self._send, self.items = send, receive = create(maxsize or math.inf)
        self.put, self.get, self.close = send.send, receive.receive, send.close
        self.put_nowait, self.get_nowait = send.send_nowait, receive.receive_nowait
        threads, token = anyio_core.from_thread, anyio_core.lowlevel.current_token()
        if maxsize:
            self.thread_put = partial(threads.run, send.send, token=token)
        else:
            self.thread_put = partial(threads.run_sync, send.send_nowait, token=token)

        self.thread_get = partial(threads.run, receive.receive, token=token)

    async def finish(self) -> None:
        self._send.close()
        self.items.close()


LIBRARIES: tuple[type[Channel], ...] = (
    *(Ours, Asyncio, Threads),
    *(Aiochannel, Janus, Culsans, Anyio),
)
