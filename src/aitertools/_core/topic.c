/* Topic: a ring that is published to, by tasks of any event loop and by threads. */
#include "ring.h"

#include <structmember.h>

static inline ait_ring *
as_ring(PyObject *self)
{
    return (ait_ring *)self;
}

static const ait_kind topic_kind = {.name = "Topic", .step = ait_reader_step, AIT_READER};

/* ---- making ---------------------------------------------------------------------------------- */

static PyObject *
topic_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    return (PyObject *)ait_ring_new(type, NULL, &topic_kind, &(ait_policy){.maxlag = 1024});
}

static int
topic_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"maxlag", "overflow", "replay", NULL};
    ait_ring *ring = as_ring(self);
    ait_policy policy = {.who = "Topic"};
    PyObject *maxlag = NULL, *replay = NULL;
    const char *overflow = "wait";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OsO:Topic", names, &maxlag, &overflow,
                                     &replay)) {
        return -1;
    }
    PyObject *usual = maxlag == NULL ? PyLong_FromLong(1024) : Py_NewRef(maxlag);
    int r = usual == NULL ? -1 : ait_ring_policy(&policy, usual, overflow, replay);
    Py_XDECREF(usual);
    if (r == 0) {
        ring->maxlag = policy.maxlag;
        ring->replay = policy.replay;
        ring->overflow = (uint8_t)policy.overflow;
    }
    return r;
}

/* ---- publishing ------------------------------------------------------------------------------ */

typedef enum { PUBLISHED, MUST_WAIT, IS_SHUT, NO_MEMORY } reply;

/* Under the lock. In turn: those in line come first. */
static reply
publish(ait_ring *ring, PyObject *item, ait_waiter *waiter, bool in_turn, ait_freed *freed)
{
    if (ring->ended) {
        return IS_SHUT;
    }
    Py_ssize_t space = (Py_ssize_t)Py_MIN(ait_ring_space(ring), PY_SSIZE_T_MAX);
    if (in_turn ? !ait_line_may(&ring->publishers, waiter, space) : space == 0) {
        return MUST_WAIT;
    }
    if (ait_ring_reserve(ring) < 0) {
        return NO_MEMORY;
    }
    ait_ring_append(ring, Py_NewRef(item), false, freed);
    return PUBLISHED;
}

static reply
publish_once(ait_ring *ring, PyObject *item, ait_waiter *waiter, bool in_turn, bool armed)
{
    ait_line *line = &ring->publishers;
    ait_calls calls;
    ait_freed freed;
    reply r;
    calls.n = freed.n = 0;
    calls.more = false;
    AIT_LOCK(ring);
    r = publish(ring, item, waiter, in_turn, &freed);
    if (waiter != NULL && r != MUST_WAIT) {
        ait_line_leave(waiter);
    }
    else if (armed && waiter->row != &line->waiting) {
        ait_line_join(line, waiter, waiter->row == &line->called);
    }
    ait_ring_balance((PyObject *)ring, &calls);
    AIT_UNLOCK();
    ait_ring_wake(ring, &calls);
    ait_ring_drop_freed(ring, &freed);
    return r;
}

/* What publish() raises after shutdown(error): that is the cause. */
static void
raise_shut(ait_ring *ring)
{
    PyObject *entry = NULL;
    AIT_LOCK(ring);
    entry = Py_XNewRef(ring->failure);
    AIT_UNLOCK();
    PyErr_SetNone(ring->st->queue_errors.shut_down);
    if (entry != NULL) {
        PyObject *exc = PyErr_GetRaisedException();
        PyException_SetCause(exc, Py_NewRef(PyTuple_GET_ITEM(entry, 0)));
        PyErr_SetRaisedException(exc);
        Py_DECREF(entry);
    }
}

static reply
publish_or_line_up(ait_run *run)
{
    ait_ring *ring = as_ring(run->arg);
    reply r = publish_once(ring, run->item, (ait_waiter *)run->waiter, true, false);
    if (r != MUST_WAIT) {
        return r;
    }
    if (run->waiter == NULL) {
        run->waiter = (PyObject *)ait_waiter_new(ring->st, run->arg, ait_ring_balance);
    }
    if (run->waiter == NULL || ait_waiter_arm((ait_waiter *)run->waiter, false) < 0) {
        return NO_MEMORY;
    }
    return publish_once(ring, run->item, (ait_waiter *)run->waiter, true, true);
}

static PySendResult
publish_advance(ait_run *run, PyObject **out)
{
    *out = NULL;
    for (;;) {
        if (run->acc != NULL) {
            PySendResult r = ait_drive_slot(&run->acc, &run->d, out);
            if (r == PYGEN_ERROR) {
                Py_CLEAR(run->waiter);
            }
            if (r != PYGEN_RETURN) {
                return r;
            }
            Py_CLEAR(*out);
        }
        reply r = publish_or_line_up(run);
        if (r == MUST_WAIT) {
            run->acc = ait_awaiter(Py_NewRef(((ait_waiter *)run->waiter)->handle));
            if (run->acc != NULL) {
                continue;
            }
        }
        Py_CLEAR(run->waiter);
        if (r == PUBLISHED) {
            *out = Py_NewRef(Py_None);
            return PYGEN_RETURN;
        }
        if (r == IS_SHUT) {
            raise_shut(as_ring(run->arg));
        }
        else if (!PyErr_Occurred()) {
            PyErr_NoMemory();
        }
        return PYGEN_ERROR;
    }
}

static const ait_goal publish_goal = {
    .name = "publish", .of = "Topic", .advance = publish_advance,
    .spare = offsetof(ait_ring, spare),
};

static PyObject *
topic_publish(PyObject *self, PyObject *item)
{
    ait_ring *ring = as_ring(self);
    ait_run *run = ait_run_again(&ring->spare);
    if (run == NULL) {
        run = ait_run_new(ring->st, &publish_goal, NULL);
    }
    if (run != NULL) {
        run->arg = Py_NewRef(self);
        run->item = Py_NewRef(item);
    }
    return (PyObject *)run;
}

static PyObject *
topic_publish_nowait(PyObject *self, PyObject *item)
{
    ait_ring *ring = as_ring(self);
    switch (publish_once(ring, item, NULL, false, false)) {
    case PUBLISHED:
        Py_RETURN_NONE;
    case MUST_WAIT:
        PyErr_SetNone(ring->st->queue_errors.full);
        return NULL;
    case IS_SHUT:
        raise_shut(ring);
        return NULL;
    default:
        return PyErr_NoMemory();
    }
}

/* ---- subscribing, shutting down -------------------------------------------------------------- */

static PyObject *
topic_subscribe(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ait_ring_subscribe(as_ring(self), 0);
}

/* (error, traceback), None, or NULL with an exception. */
static PyObject *
error_entry(PyObject *error)
{
    if (error == Py_None) {
        return Py_NewRef(Py_None);
    }
    PyObject *exc = PyExceptionClass_Check(error) ? PyObject_CallNoArgs(error) : Py_NewRef(error);
    if (exc != NULL && !PyExceptionInstance_Check(exc)) {
        PyErr_Format(PyExc_TypeError, "Topic.shutdown(): error must be an exception, not %.200s",
                     Py_TYPE(exc)->tp_name);
        Py_CLEAR(exc);
    }
    if (exc == NULL) {
        return NULL;
    }
    PyObject *tb = PyException_GetTraceback(exc);
    PyObject *entry = PyTuple_Pack(2, exc, tb != NULL ? tb : Py_None);
    Py_XDECREF(tb);
    Py_DECREF(exc);
    return entry;
}

static PyObject *
topic_shutdown(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"error", NULL};
    ait_ring *ring = as_ring(self);
    PyObject *error = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:shutdown", names, &error)) {
        return NULL;
    }
    PyObject *entry = error_entry(error);
    if (entry == NULL) {
        return NULL;
    }
    ait_calls calls = {.n = 0};
    AIT_LOCK(ring);
    ait_ring_end(ring);
    if (entry != Py_None && ring->failure == NULL) {
        ring->failure = Py_NewRef(entry);
        ring->failed_at = ring->next;
    }
    ait_ring_balance(self, &calls);
    AIT_UNLOCK();
    Py_DECREF(entry);
    ait_ring_wake(ring, &calls);
    Py_RETURN_NONE;
}

static PyObject *
topic_is_shutdown(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(as_ring(self)->ended);
}

static PyObject *
topic_replay(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyLong_FromLongLong(as_ring(self)->replay);
}

static PyObject *
topic_repr(PyObject *self)
{
    ait_ring *ring = as_ring(self);
    const char *dot = strrchr(Py_TYPE(self)->tp_name, '.');
    return PyUnicode_FromFormat("<%s at %p subscribers=%u%s>",
                                dot != NULL ? dot + 1 : Py_TYPE(self)->tp_name, self,
                                (unsigned)ring->n_reading, ring->ended ? " shutdown" : "");
}

/* ---- the type -------------------------------------------------------------------------------- */

PyDoc_STRVAR(topic_doc,
"Topic(*, maxlag=1024, overflow='wait', replay=0)\n--\n\n"
"Items for many: each subscriber reads all that is published, at its own pace.\n\n"
"A subscriber is a stream, of the items that come after :meth:`subscribe` was called and of up\n"
"to *replay* items before. Tasks of several event loops and threads may publish and read at the\n"
"same time.\n\n"
"*maxlag* is how many items a subscriber may be behind, or None: any number. *overflow* says what\n"
"to do with one more: ``wait`` (who publishes waits for the slowest subscriber),\n"
"``drop_oldest`` (who is behind misses items; its next pull raises :exc:`Lagged`, which says how\n"
"many, and the one after that goes on with what is there), or ``disconnect`` (it gets nothing\n"
"more: its next pull raises Lagged, and then it is at its end).\n\n"
"Closing or dropping a subscriber unsubscribes it. Without one, items are kept for *replay* only.\n"
"Raises ValueError if *maxlag* is less than one, or *replay* negative or greater than *maxlag*.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> async def main():\n"
"...     topic = ait.Topic()\n"
"...     one, other = topic.subscribe(), topic.subscribe()\n"
"...     await topic.publish('a')\n"
"...     topic.shutdown()\n"
"...     return await one.list(), await other.list()\n"
">>> asyncio.run(main())\n"
"(['a'], ['a'])\n\n"
"Source: Go's and Kotlin's broadcast channels, Rust's ``tokio::sync::broadcast``.");

PyDoc_STRVAR(publish_doc,
"publish($self, item, /)\n--\n\n"
"Give an item to every subscriber; with ``overflow='wait'`` it waits for the slowest, in line.\n\n"
"Raises QueueShutDown if the topic is shut down, also while it waits. Cancelled, it has\n"
"published nothing.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> topic = ait.Topic(replay=1)\n"
">>> asyncio.run(topic.publish('a'))\n"
">>> asyncio.run(topic.subscribe().first())\n"
"'a'");

PyDoc_STRVAR(publish_nowait_doc,
"publish_nowait($self, item, /)\n--\n\n"
"Give an item to every subscriber, without waiting; from any thread, with or without a loop.\n\n"
"Raises QueueFull if it would have to wait, QueueShutDown if the topic is shut down.\n\n"
">>> import asyncio, aitertools as ait\n"
">>> topic = ait.Topic()\n"
">>> subscriber = topic.subscribe()\n"
">>> topic.publish_nowait('a')\n"
">>> asyncio.run(anext(subscriber))\n"
"'a'");

PyDoc_STRVAR(subscribe_doc,
"subscribe($self, /)\n--\n\n"
"Return a stream of what is published from now on, and of up to *replay* items before.\n\n"
"Cancelled, it loses nothing. Closing it unsubscribes it. After :meth:`shutdown` it still gives\n"
"what there is to replay, then the end, or the error.\n\n"
">>> import aitertools as ait\n"
">>> topic = ait.Topic()\n"
">>> topic.subscribe()\n"
"<Stream Topic>");

PyDoc_STRVAR(shutdown_doc,
"shutdown($self, /, error=None)\n--\n\n"
"Say that nothing will come any more: subscribers read what is there, then the end.\n\n"
"With *error*, an exception, they get that before the end. publish() raises QueueShutDown from\n"
"now on, also where it waits. Shutting down twice is fine; the first error stays.\n\n"
">>> import aitertools as ait\n"
">>> topic = ait.Topic()\n"
">>> topic.shutdown()\n"
">>> topic.is_shutdown\n"
"True");

PyDoc_STRVAR(stats_doc,
"stats($self, /)\n--\n\n"
"Return TopicStats: subscribers, the lag of the slowest, items published and dropped so far.\n\n"
">>> import aitertools as ait\n"
">>> ait.Topic().stats().published\n"
"0");

static PyMethodDef topic_methods[] = {
    {"publish", topic_publish, METH_O, publish_doc},
    {"publish_nowait", topic_publish_nowait, METH_O, publish_nowait_doc},
    {"shutdown", (PyCFunction)(void (*)(void))topic_shutdown, METH_VARARGS | METH_KEYWORDS,
     shutdown_doc},
    {"stats", ait_ring_stats, METH_NOARGS, stats_doc},
    {"subscribe", topic_subscribe, METH_NOARGS, subscribe_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL},
};

static PyMemberDef topic_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ait_ring, weakrefs), READONLY, NULL},
    {NULL},
};

static PyGetSetDef topic_getset[] = {
    {"is_shutdown", topic_is_shutdown, NULL, PyDoc_STR("Whether it was shut down."), NULL},
    {"replay", topic_replay, NULL, PyDoc_STR("How many items a new one gets at most."), NULL},
    {"subscribers", ait_ring_subscribers, NULL, PyDoc_STR("How many streams read it."), NULL},
    {NULL},
};

static PyType_Slot topic_slots[] = {
    {Py_tp_doc, (void *)topic_doc},
    {Py_tp_new, topic_new},
    {Py_tp_init, topic_init},
    {Py_tp_dealloc, ait_ring_dealloc},
    {Py_tp_traverse, ait_ring_traverse},
    {Py_tp_clear, ait_ring_clear},
    {Py_tp_repr, topic_repr},
    {Py_tp_methods, topic_methods},
    {Py_tp_members, topic_members},
    {Py_tp_getset, topic_getset},
    {0, NULL},
};

PyType_Spec ait_topic_spec = {
    .name = "aitertools.Topic",
    .basicsize = sizeof(ait_ring),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = topic_slots,
};
