/* What help() says of the queues. */
#ifndef AIT_QUEUE_DOC_H
#define AIT_QUEUE_DOC_H

#include <Python.h>

PyDoc_STRVAR(queue_doc,
"Queue(maxsize=0, *, overflow='wait', on_dropped=None)\n--\n\n"
"A queue for tasks and threads: :class:`asyncio.Queue`, which can be iterated and shared.\n\n"
"The methods are asyncio's, ``async for item in queue`` takes items until the queue is shut\n"
"down and drained, and :attr:`sync` is the same queue for plain threads. Tasks of several event\n"
"loops and threads may use it at the same time. Who waits is served in order, and who is\n"
"cancelled leaves nothing behind: no item is lost, none is there twice.\n\n"
"*maxsize* is how many items it holds; zero or less: as many as come. *overflow* says what to\n"
"do with one more: ``wait`` for room, or ``drop_oldest`` or ``drop_newest``; what is dropped is\n"
"counted and given to *on_dropped*, a plain function, whose errors go to\n"
":func:`sys.unraisablehook`.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> async def main():\n"
"...     queue = ait.Queue(2)\n"
"...     async def produce():\n"
"...         await queue.put_many('abc')\n"
"...         queue.shutdown()\n"
"...     async with asyncio.TaskGroup() as tasks:\n"
"...         tasks.create_task(produce())\n"
"...         return [item async for item in queue]\n"
">>> asyncio.run(main())\n"
"['a', 'b', 'c']\n\n"
"Source: :class:`asyncio.Queue`, :class:`queue.Queue`; the policies are Kotlin's and .NET's.");

PyDoc_STRVAR(get_doc,
"get($self, /)\n--\n\n"
"Take the next item, waiting in line until there is one.\n\n"
"Raises QueueShutDown, or the error given to :meth:`shutdown`, once the queue is shut down and\n"
"drained. Cancelled, it has taken nothing.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> queue.put_nowait('a')\n"
">>> asyncio.run(queue.get())\n"
"'a'");

PyDoc_STRVAR(put_doc,
"put($self, item, /)\n--\n\n"
"Put an item, waiting in line until there is room.\n\n"
"Raises QueueShutDown if the queue is shut down, also while it waits. Cancelled, it has put\n"
"nothing.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> asyncio.run(queue.put('a'))\n"
">>> queue.qsize()\n"
"1");

PyDoc_STRVAR(get_many_doc,
"get_many($self, max, /)\n--\n\n"
"Take all that is there, as a list: at least one item, which it waits for, at most *max*.\n\n"
"Raises as :meth:`get` does, and ValueError if *max* is less than one.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> asyncio.run(queue.put_many('abc'))\n"
">>> asyncio.run(queue.get_many(10))\n"
"['a', 'b', 'c']");

PyDoc_STRVAR(put_many_doc,
"put_many($self, items, /)\n--\n\n"
"Put the items in order, waiting for room where there is none.\n\n"
"*items* is an iterable, which is read to its end at once. When it is cancelled, or the queue is\n"
"shut down meanwhile, what was put stays put; the awaitable's ``rest`` is a list of the others.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> async def main():\n"
"...     queue = ait.Queue(2)\n"
"...     putting = queue.put_many('abc')\n"
"...     try:\n"
"...         await asyncio.wait_for(putting, 0.001)\n"
"...     except TimeoutError:\n"
"...         return queue.qsize(), putting.rest\n"
">>> asyncio.run(main())\n"
"(2, ['c'])");

PyDoc_STRVAR(get_nowait_doc,
"get_nowait($self, /)\n--\n\n"
"Take the next item, or raise QueueEmpty.\n\n"
">>> import aitertools as ait\n"
">>> queue = ait.LifoQueue()\n"
">>> queue.put_nowait('a'); queue.put_nowait('b')\n"
">>> queue.get_nowait()\n"
"'b'");

PyDoc_STRVAR(put_nowait_doc,
"put_nowait($self, item, /)\n--\n\n"
"Put an item, or raise QueueFull, or QueueShutDown.\n\n"
">>> import aitertools as ait\n"
">>> queue = ait.Queue(1, overflow='drop_oldest', on_dropped=print)\n"
">>> queue.put_nowait('a'); queue.put_nowait('b')\n"
"a");

PyDoc_STRVAR(peek_nowait_doc,
"peek_nowait($self, /)\n--\n\n"
"Return the item that :meth:`get_nowait` would take, and leave it there.\n\n"
">>> import aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> queue.put_nowait('a')\n"
">>> queue.peek_nowait(), queue.qsize()\n"
"('a', 1)");

PyDoc_STRVAR(join_doc,
"join($self, /)\n--\n\n"
"Wait until :meth:`task_done` was called for every item that was put.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> queue.put_nowait('a')\n"
">>> queue.get_nowait(), queue.task_done()\n"
"('a', None)\n"
">>> asyncio.run(queue.join())");

PyDoc_STRVAR(task_done_doc,
"task_done($self, /)\n--\n\n"
"Say that an item that was taken is done; :meth:`join` waits for that.\n\n"
"Raises ValueError when it is called more often than items were put. Who iterates calls it too.\n\n"
">>> import aitertools as ait\n"
">>> ait.Queue().task_done()\n"
"Traceback (most recent call last):\n"
"ValueError: task_done() called too many times");

PyDoc_STRVAR(shutdown_doc,
"shutdown($self, /, immediate=False, *, error=None)\n--\n\n"
"Let nothing more in: putting raises QueueShutDown, and taking too once the queue is drained.\n\n"
"*immediate* drops what is there, which is told as with *overflow*. *error* is an exception that\n"
"consumers get instead, after the items before it. Iteration ends, or raises *error* once.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> queue.put_nowait('a')\n"
">>> queue.shutdown(error=ConnectionError('lost'))\n"
">>> asyncio.run(ait.stream(queue).catch(ConnectionError, str).list())\n"
"['a', 'lost']");

PyDoc_STRVAR(stats_doc,
"stats($self, /)\n--\n\n"
"Return QueueStats: what is there, who waits, and what went through so far.\n\n"
">>> import aitertools as ait\n"
">>> queue = ait.Queue()\n"
">>> queue.put_nowait('a')\n"
">>> queue.stats().put\n"
"1");

#endif
