/* Waiting in threads: SyncQueue, which is to a queue what queue.Queue is to asyncio.Queue. */
#include "queue.h"

#include <math.h>
#include <time.h>

typedef struct {
    PyObject_HEAD
    ait_queue *q;
} sync_queue;

/* ---- blocking -------------------------------------------------------------------------------- */

static double
monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A thread that runs an event loop must not wait for what only its own tasks may bring. */
static int
may_block(ait_queue *q, const ait_verb *verb)
{
    PyObject *in_loop = PyObject_CallNoArgs(q->st->hooks[AIT_HOOK_IN_LOOP]);
    int yes = in_loop == NULL ? -1 : ait_truth(in_loop);
    if (yes > 0) {
        PyErr_Format(PyExc_RuntimeError,
                     "%s.sync.%s(): would block the running event loop; await %s.%s() instead",
                     q->order->name, verb->name, q->order->name, verb->name);
    }
    return yes == 0 ? 0 : -1;
}

/* Block on the waiter's lock for so many seconds, or for good: 1, 0 when time is up, or -1. */
static int
block(ait_waiter *waiter, double seconds)
{
    enum { LONGEST = 1000000 }; /* what every platform's locks can take; then it waits again */
    PyObject *got = PyObject_CallMethod(waiter->handle, "acquire", "id", 1,
                                        seconds == INFINITY ? -1.0 : Py_MIN(seconds, LONGEST));
    return got == NULL ? -1 : ait_truth(got);
}

/* Ask, and block until there is an answer or the time is up: then it is AIT_MUST_WAIT. */
static ait_reply
ask_blocking(ait_ask *ask, double timeout)
{
    double deadline = timeout == INFINITY ? INFINITY : monotonic() + timeout;
    for (;;) {
        ait_reply reply = ait_ask_or_wait(ask, true);
        if (reply != AIT_MUST_WAIT) {
            return reply;
        }
        double left = deadline == INFINITY ? INFINITY : deadline - monotonic();
        if (left <= 0) {
            return ait_ask_last(ask);
        }
        if ((left == INFINITY && may_block(ask->q, ask->verb) < 0) ||
            block(*ask->waiter, left) < 0) {
            Py_CLEAR(*ask->waiter);
            return AIT_FAILED;
        }
    }
}

/* Raise or return what came of it. */
static PyObject *
result_of(ait_ask *ask, ait_reply reply, PyObject *missing, PyObject *shut_down)
{
    switch (reply) {
    case AIT_GOT_IT:
        return ask->result != NULL ? ask->result : Py_NewRef(Py_None);
    case AIT_MUST_WAIT:
        PyErr_SetNone(missing);
        return NULL;
    case AIT_IS_SHUT:
        ait_raise_shut(ask->q, ask->verb, shut_down);
        return NULL;
    default:
        return NULL;
    }
}

PyObject *
ait_queue_ask_now(ait_queue *q, const ait_verb *verb, PyObject *item, PyObject *missing,
                  PyObject *shut_down)
{
    ait_ask ask = {.verb = verb, .q = q, .item = item};
    return result_of(&ask, ait_ask_now(&ask), missing, shut_down);
}

static PyObject *
ask_in_thread(PyObject *self, const ait_verb *verb, PyObject *item, Py_ssize_t n, double timeout)
{
    ait_queue *q = ((sync_queue *)self)->q;
    ait_waiter *waiter = NULL;
    ait_ask ask = {.verb = verb, .q = q, .item = item, .n = n, .waiter = &waiter};
    ait_reply reply = ask_blocking(&ask, timeout);
    PyObject *missing = verb == &ait_put ? q->st->queue_errors.sync_full
                                         : q->st->queue_errors.sync_empty;
    return result_of(&ask, reply, missing, q->st->queue_errors.sync_shut_down);
}

/* Seconds to wait at most: none where it must not block, INFINITY where there is no timeout; -1
 * with an exception. */
static double
patience(PyObject *block, PyObject *timeout)
{
    int blocks = PyObject_IsTrue(block);
    if (blocks <= 0) {
        return blocks;
    }
    if (timeout == Py_None) {
        return INFINITY;
    }
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (!(seconds >= 0)) {
        PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
        return -1;
    }
    return seconds;
}

/* ---- the methods of queue.Queue -------------------------------------------------------------- */

static PyObject *
sync_get(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"block", "timeout", NULL};
    PyObject *block = Py_True, *timeout = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:get", names, &block, &timeout)) {
        return NULL;
    }
    double seconds = patience(block, timeout);
    if (seconds < 0) {
        return NULL;
    }
    if (seconds == 0) {
        ait_queue *q = ((sync_queue *)self)->q;
        return ait_queue_ask_now(q, &ait_get, NULL, q->st->queue_errors.sync_empty,
                                 q->st->queue_errors.sync_shut_down);
    }
    return ask_in_thread(self, &ait_get, NULL, 0, seconds);
}

static PyObject *
sync_get_nowait(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_queue *q = ((sync_queue *)self)->q;
    return ait_queue_ask_now(q, &ait_get, NULL, q->st->queue_errors.sync_empty,
                             q->st->queue_errors.sync_shut_down);
}

static PyObject *
sync_put_nowait(PyObject *self, PyObject *item)
{
    ait_queue *q = ((sync_queue *)self)->q;
    return ait_queue_ask_now(q, &ait_put, item, q->st->queue_errors.sync_full,
                             q->st->queue_errors.sync_shut_down);
}

static PyObject *
sync_put(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"item", "block", "timeout", NULL};
    PyObject *item, *block = Py_True, *timeout = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:put", names, &item, &block, &timeout)) {
        return NULL;
    }
    double seconds = patience(block, timeout);
    if (seconds < 0) {
        return NULL;
    }
    if (seconds == 0) {
        return sync_put_nowait(self, item);
    }
    return ask_in_thread(self, &ait_put, item, 0, seconds);
}

static PyObject *
sync_get_many(PyObject *self, PyObject *max)
{
    Py_ssize_t n = ait_check_size(max, 1, "get_many", "max");
    return n < 0 ? NULL : ask_in_thread(self, &ait_get_many, NULL, n, INFINITY);
}

static PyObject *
sync_put_many(PyObject *self, PyObject *items)
{
    PyObject *list = PySequence_List(items);
    PyObject *done =
        list == NULL ? NULL : ask_in_thread(self, &ait_put_many, list, 0, INFINITY);
    Py_XDECREF(list);
    return done;
}

static PyObject *
sync_join(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ask_in_thread(self, &ait_join, NULL, 0, INFINITY);
}

static PyObject *
sync_next(PyObject *self)
{
    ait_queue *q = ((sync_queue *)self)->q;
    ait_waiter *waiter = NULL;
    ait_ask ask = {.verb = &ait_get, .q = q, .waiter = &waiter};
    ait_reply reply = ask_blocking(&ask, INFINITY);
    if (reply == AIT_IS_SHUT && q->error == NULL) {
        return NULL; /* the end */
    }
    PyObject *item = result_of(&ask, reply, NULL, NULL);
    if (item == NULL) {
        ait_guard_stop("queue"); /* the error of a shutdown may be any: it is not the end */
    }
    return item;
}

/* What is the same for tasks and threads. */

static PyObject *
of_queue(PyObject *self)
{
    return (PyObject *)((sync_queue *)self)->q;
}

static PyObject *
sync_qsize(PyObject *self, PyObject *ignored)
{
    return ait_queue_qsize(of_queue(self), ignored);
}

static PyObject *
sync_empty(PyObject *self, PyObject *ignored)
{
    return ait_queue_empty(of_queue(self), ignored);
}

static PyObject *
sync_full(PyObject *self, PyObject *ignored)
{
    return ait_queue_full(of_queue(self), ignored);
}

static PyObject *
sync_task_done(PyObject *self, PyObject *ignored)
{
    return ait_queue_task_done(of_queue(self), ignored);
}

static PyObject *
sync_shutdown(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return ait_queue_shutdown(of_queue(self), args, kwargs);
}

static PyObject *
sync_attribute(PyObject *self, void *name)
{
    return PyObject_GetAttrString(of_queue(self), name);
}

/* ---- the type -------------------------------------------------------------------------------- */

PyObject *
ait_queue_sync(PyObject *q, void *Py_UNUSED(ignored))
{
    PyTypeObject *type = ((ait_queue *)q)->st->sync_queue_type;
    sync_queue *view = (sync_queue *)type->tp_alloc(type, 0);
    if (view != NULL) {
        view->q = (ait_queue *)Py_NewRef(q);
    }
    return (PyObject *)view;
}

static int
sync_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((sync_queue *)self)->q);
    return 0;
}

static int
sync_clear(PyObject *self)
{
    Py_CLEAR(((sync_queue *)self)->q);
    return 0;
}

static void
sync_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)sync_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
sync_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<sync view of %R>", ((sync_queue *)self)->q);
}

static PyMethodDef sync_methods[] = {
    {"empty", sync_empty, METH_NOARGS,
     PyDoc_STR("empty($self, /)\n--\n\nWhether there is no item just now.")},
    {"full", sync_full, METH_NOARGS,
     PyDoc_STR("full($self, /)\n--\n\nWhether there is no room just now.")},
    {"get", (PyCFunction)(void (*)(void))sync_get, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("get($self, /, block=True, timeout=None)\n--\n\n"
               "Take the next item, blocking until there is one, for *timeout* seconds at most.\n\n"
               "Raises queue.Empty when there is none in time, and QueueShutDown (from Python\n"
               "3.13 on a queue.ShutDown, too) once the queue is shut down and drained.")},
    {"get_many", sync_get_many, METH_O,
     PyDoc_STR("get_many($self, max, /)\n--\n\n"
               "Take all that is there, at least one item and at most *max*, as a list.")},
    {"get_nowait", sync_get_nowait, METH_NOARGS,
     PyDoc_STR("get_nowait($self, /)\n--\n\nTake the next item, or raise queue.Empty.")},
    {"join", sync_join, METH_NOARGS,
     PyDoc_STR("join($self, /)\n--\n\nBlock until every item that was put is done.")},
    {"put", (PyCFunction)(void (*)(void))sync_put, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("put($self, /, item, block=True, timeout=None)\n--\n\n"
               "Put an item, blocking until there is room, for *timeout* seconds at most.\n\n"
               "Raises queue.Full when there is none in time, and QueueShutDown (from Python\n"
               "3.13 on a queue.ShutDown, too) once the queue is shut down.")},
    {"put_many", sync_put_many, METH_O,
     PyDoc_STR("put_many($self, items, /)\n--\n\nPut the items in order, blocking for room.")},
    {"put_nowait", sync_put_nowait, METH_O,
     PyDoc_STR("put_nowait($self, item, /)\n--\n\nPut an item, or raise queue.Full.")},
    {"qsize", sync_qsize, METH_NOARGS,
     PyDoc_STR("qsize($self, /)\n--\n\nHow many items there are just now.")},
    {"shutdown", (PyCFunction)(void (*)(void))sync_shutdown, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("shutdown($self, /, immediate=False, *, error=None)\n--\n\n"
               "What Queue.shutdown() does.")},
    {"task_done", sync_task_done, METH_NOARGS,
     PyDoc_STR("task_done($self, /)\n--\n\nSay that an item that was taken is done.")},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL},
};

static PyGetSetDef sync_getset[] = {
    {"is_shutdown", sync_attribute, NULL, PyDoc_STR("Whether it was shut down."), "is_shutdown"},
    {"maxsize", sync_attribute, NULL,
     PyDoc_STR("Room for so many items; 0 or less: no limit."), "maxsize"},
    {NULL},
};

static PyType_Slot sync_slots[] = {
    {Py_tp_doc, PyDoc_STR("A queue as plain threads use it: the methods of queue.Queue, blocking, "
                          "and iteration\nuntil it is shut down and drained. Made by Queue.sync.")},
    {Py_tp_dealloc, sync_dealloc},
    {Py_tp_traverse, sync_traverse},
    {Py_tp_clear, sync_clear},
    {Py_tp_repr, sync_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, sync_next},
    {Py_tp_methods, sync_methods},
    {Py_tp_getset, sync_getset},
    {0, NULL},
};

PyType_Spec ait_sync_queue_spec = {
    .name = "aitertools.SyncQueue",
    .basicsize = sizeof(sync_queue),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = sync_slots,
};
