/* Queues: the types Queue, LifoQueue and PriorityQueue, asyncio's made iterable and thread-safe. */
#include "queue.h"
#include "queue_doc.h"

#include <math.h>
#include <structmember.h>

static ait_queue *
as_queue(PyObject *self)
{
    return (ait_queue *)self;
}

/* ---- making ---------------------------------------------------------------------------------- */

static PyObject *
queue_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    ait_state *st = ait_state_of(type);
    ait_queue *q = st == NULL ? NULL : (ait_queue *)type->tp_alloc(type, 0);
    if (q == NULL) {
        return NULL;
    }
    q->st = st;
    q->order = PyType_IsSubtype(type, st->priority_type) ? &ait_priority
               : PyType_IsSubtype(type, st->lifo_type)   ? &ait_lifo
                                                         : &ait_fifo;
    if (q->order->compares && (q->sorter = PyObject_CallNoArgs(st->allocate_lock)) == NULL) {
        Py_DECREF(q);
        return NULL;
    }
    return (PyObject *)q;
}

/* What `overflow` names; -1 with an exception. */
static int
overflow_named(const char *name, const char *who)
{
    static const char *const names[] = {"wait", "drop_oldest", "drop_newest"};
    for (int i = 0; i < (int)Py_ARRAY_LENGTH(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    PyErr_Format(PyExc_ValueError,
                 "%s(): overflow must be 'wait', 'drop_oldest' or 'drop_newest', not '%s'", who,
                 name);
    return -1;
}

/* How many items that is: asyncio's queues take a float too, and stop at the next int. */
static Py_ssize_t
size_of(PyObject *maxsize)
{
    if (!PyFloat_Check(maxsize)) {
        return PyNumber_AsSsize_t(maxsize, PyExc_OverflowError);
    }
    double most = ceil(PyFloat_AS_DOUBLE(maxsize));
    return most >= 0 && most < (double)PY_SSIZE_T_MAX ? (Py_ssize_t)most : 0;
}

static int
queue_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"maxsize", "overflow", "on_dropped", NULL};
    ait_queue *q = as_queue(self);
    const char *who = q->order->name, *overflow = "wait";
    PyObject *maxsize = NULL, *on_dropped = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$sO", names, &maxsize, &overflow,
                                     &on_dropped)) {
        return -1;
    }
    Py_ssize_t most = maxsize == NULL ? 0 : size_of(maxsize);
    int policy = most == -1 && PyErr_Occurred() ? -1 : overflow_named(overflow, who);
    if (policy < 0 || (on_dropped != Py_None && !ait_check_callable(on_dropped, who))) {
        return -1;
    }
    if (policy != AIT_WAIT && most <= 0) {
        PyErr_Format(PyExc_ValueError, "%s(): overflow='%s' needs a maxsize of at least one", who,
                     overflow);
        return -1;
    }
    PyObject *before;
    ait_calls calls = {.n = 0};
    AIT_LOCK(q);
    before = q->on_dropped;
    q->maxsize = most;
    q->overflow = (uint8_t)policy;
    q->on_dropped = on_dropped != Py_None ? Py_NewRef(on_dropped) : NULL;
    ait_queue_balance(self, &calls); /* it may be in use, and there may be room now */
    AIT_UNLOCK();
    Py_XDECREF(before);
    ait_wake(q->st, self, ait_queue_balance, &calls);
    return 0;
}

/* ---- looking --------------------------------------------------------------------------------- */

typedef struct {
    Py_ssize_t size, maxsize;
    bool shut;
} glance;

/* As it is at some moment. */
static glance
look_at(PyObject *self)
{
    ait_queue *q = as_queue(self);
    glance seen;
    AIT_LOCK(q);
    seen = (glance){.size = q->store.size, .maxsize = q->maxsize, .shut = q->shut};
    AIT_UNLOCK();
    return seen;
}

PyObject *
ait_queue_qsize(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSsize_t(look_at(self).size);
}

PyObject *
ait_queue_empty(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(look_at(self).size == 0);
}

PyObject *
ait_queue_full(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    glance seen = look_at(self);
    return PyBool_FromLong(seen.maxsize > 0 && seen.size >= seen.maxsize);
}

static PyObject *
queue_maxsize(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyLong_FromSsize_t(look_at(self).maxsize);
}

static PyObject *
queue_is_shutdown(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(look_at(self).shut);
}

static PyObject *
queue_stats(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_queue *q = as_queue(self);
    unsigned long long numbers[6];
    AIT_LOCK(q);
    numbers[0] = (unsigned long long)q->store.size;
    numbers[1] = (unsigned long long)(q->getters.waiting.n + q->getters.called.n);
    numbers[2] = (unsigned long long)(q->putters.waiting.n + q->putters.called.n);
    numbers[3] = q->put;
    numbers[4] = q->got;
    numbers[5] = q->dropped;
    AIT_UNLOCK();
    PyObject *stats = PyStructSequence_New(q->st->queue_stats_type);
    for (Py_ssize_t i = 0; stats != NULL && i < (Py_ssize_t)Py_ARRAY_LENGTH(numbers); i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(numbers[i]);
        if (number == NULL) {
            Py_CLEAR(stats);
            break;
        }
        PyStructSequence_SetItem(stats, i, number);
    }
    return stats;
}

static PyObject *
queue_repr(PyObject *self)
{
    glance seen = look_at(self);
    const char *dot = strrchr(Py_TYPE(self)->tp_name, '.');
    return PyUnicode_FromFormat("<%s at %p maxsize=%zd qsize=%zd%s>",
                                dot != NULL ? dot + 1 : Py_TYPE(self)->tp_name, self,
                                seen.maxsize, seen.size, seen.shut ? " shutdown" : "");
}

/* ---- doing ----------------------------------------------------------------------------------- */

static PyObject *
queue_get_nowait(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_queue *q = as_queue(self);
    return ait_queue_ask_now(q, &ait_get, NULL, q->st->queue_errors.empty,
                             q->st->queue_errors.shut_down);
}

static PyObject *
queue_peek_nowait(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_queue *q = as_queue(self);
    return ait_queue_ask_now(q, &ait_peek, NULL, q->st->queue_errors.empty,
                             q->st->queue_errors.shut_down);
}

static PyObject *
queue_put_nowait(PyObject *self, PyObject *item)
{
    ait_queue *q = as_queue(self);
    return ait_queue_ask_now(q, &ait_put, item, q->st->queue_errors.full,
                             q->st->queue_errors.shut_down);
}

PyObject *
ait_queue_task_done(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_queue *q = as_queue(self);
    ait_calls calls = {.n = 0};
    bool too_often;
    AIT_LOCK(q);
    too_often = q->unfinished == 0;
    q->unfinished -= !too_often;
    ait_queue_balance(self, &calls);
    AIT_UNLOCK();
    ait_wake(q->st, self, ait_queue_balance, &calls);
    if (too_often) {
        PyErr_SetString(PyExc_ValueError, "task_done() called too many times");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Drop all that is there; as with asyncio each counts as done, as far as there is something to be
 * done. */
static void
drop_all(ait_queue *q, ait_store *dropped)
{
    *dropped = q->store;
    q->store = (ait_store){.items = NULL};
    q->dropped += (uint64_t)dropped->size;
    q->unfinished -= Py_MIN(q->unfinished, dropped->size);
}

static void
tell_all_dropped(ait_queue *q, ait_store *dropped)
{
    for (Py_ssize_t i = 0; i < dropped->size; i++) {
        Py_ssize_t at = q->order->compares ? i : (dropped->head + i) & (dropped->room - 1);
        ait_queue_tell_dropped(q, dropped->items[at]);
        Py_DECREF(dropped->items[at]);
    }
    PyMem_Free(dropped->items);
    PyMem_Free(dropped->arrivals);
}

static int
check_error(ait_queue *q, PyObject **error)
{
    if (PyExceptionClass_Check(*error)) {
        *error = PyObject_CallNoArgs(*error);
        if (*error == NULL) {
            return -1;
        }
    }
    else {
        Py_INCREF(*error);
    }
    if (*error != Py_None && !PyExceptionInstance_Check(*error)) {
        PyErr_Format(PyExc_TypeError, "%s.shutdown(): error must be an exception, not %.200s",
                     q->order->name, Py_TYPE(*error)->tp_name);
        Py_CLEAR(*error);
        return -1;
    }
    if (PyErr_GivenExceptionMatches(*error, PyExc_StopIteration) ||
        PyErr_GivenExceptionMatches(*error, PyExc_StopAsyncIteration)) {
        PyErr_Format(PyExc_TypeError, "%s.shutdown(): error must not be a %s, which means the end",
                     q->order->name, Py_TYPE(*error)->tp_name);
        Py_CLEAR(*error);
        return -1;
    }
    return 0;
}

PyObject *
ait_queue_shutdown(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"immediate", "error", NULL};
    ait_queue *q = as_queue(self);
    int immediate = 0;
    PyObject *error = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p$O:shutdown", names, &immediate, &error) ||
        check_error(q, &error) < 0) {
        return NULL;
    }
    PyObject *tb = error == Py_None ? NULL : PyException_GetTraceback(error);
    ait_store dropped = {.items = NULL};
    ait_calls calls = {.n = 0};
    if (ait_queue_enter(q) < 0) {
        Py_DECREF(error);
        Py_XDECREF(tb);
        return NULL;
    }
    AIT_LOCK(q);
    q->shut = 1;
    if (error != Py_None && q->error == NULL) {
        q->error = Py_NewRef(error);
        q->error_tb = Py_XNewRef(tb);
    }
    if (immediate) {
        drop_all(q, &dropped);
    }
    ait_queue_balance(self, &calls);
    AIT_UNLOCK();
    ait_queue_leave(q);
    Py_DECREF(error);
    Py_XDECREF(tb);
    ait_wake(q->st, self, ait_queue_balance, &calls);
    tell_all_dropped(q, &dropped);
    Py_RETURN_NONE;
}

/* ---- the type -------------------------------------------------------------------------------- */

static int
queue_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_queue *q = as_queue(self);
    Py_VISIT(Py_TYPE(self));
    for (Py_ssize_t i = 0; i < q->store.size; i++) {
        bool heap = q->order->compares;
        Py_VISIT(q->store.items[heap ? i : (q->store.head + i) & (q->store.room - 1)]);
    }
    ait_line *lines[] = {&q->getters, &q->putters, &q->joiners};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(lines); i++) {
        int stop = ait_line_traverse(lines[i], visit, arg);
        if (stop != 0) {
            return stop;
        }
    }
    Py_VISIT(q->on_dropped);
    Py_VISIT(q->error);
    Py_VISIT(q->error_tb);
    Py_VISIT(q->spare_get);
    Py_VISIT(q->spare_put);
    return 0;
}

static int
queue_clear(PyObject *self)
{
    ait_queue *q = as_queue(self);
    Py_CLEAR(q->on_dropped);
    ait_store dropped = q->store;
    q->store = (ait_store){.items = NULL};
    tell_all_dropped(q, &dropped); /* to nobody: what is in a queue that is gone was not dropped */
    Py_CLEAR(q->error);
    Py_CLEAR(q->error_tb);
    Py_CLEAR(q->spare_get);
    Py_CLEAR(q->spare_put);
    return 0;
}

static void
queue_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, queue_dealloc); /* queues in queues in queues ... */
    if (as_queue(self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    (void)queue_clear(self);
    Py_CLEAR(as_queue(self)->sorter);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

static PyMethodDef queue_methods[] = {
    {"empty", ait_queue_empty, METH_NOARGS,
     PyDoc_STR("empty($self, /)\n--\n\nWhether there is no item just now.\n\n"
               ">>> import aitertools as ait\n>>> ait.Queue().empty()\nTrue")},
    {"full", ait_queue_full, METH_NOARGS,
     PyDoc_STR("full($self, /)\n--\n\nWhether there is no room just now.\n\n"
               ">>> import aitertools as ait\n>>> ait.Queue(1).full()\nFalse")},
    {"get", ait_queue_get, METH_NOARGS, get_doc},
    {"get_many", ait_queue_get_many, METH_O, get_many_doc},
    {"get_nowait", queue_get_nowait, METH_NOARGS, get_nowait_doc},
    {"join", ait_queue_join, METH_NOARGS, join_doc},
    {"peek_nowait", queue_peek_nowait, METH_NOARGS, peek_nowait_doc},
    {"put", ait_queue_put, METH_O, put_doc},
    {"put_many", ait_queue_put_many, METH_O, put_many_doc},
    {"put_nowait", queue_put_nowait, METH_O, put_nowait_doc},
    {"qsize", ait_queue_qsize, METH_NOARGS,
     PyDoc_STR("qsize($self, /)\n--\n\nHow many items there are just now.\n\n"
               ">>> import aitertools as ait\n>>> ait.Queue().qsize()\n0")},
    {"shutdown", (PyCFunction)(void (*)(void))ait_queue_shutdown, METH_VARARGS | METH_KEYWORDS,
     shutdown_doc},
    {"stats", queue_stats, METH_NOARGS, stats_doc},
    {"task_done", ait_queue_task_done, METH_NOARGS, task_done_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL},
};

static PyMemberDef queue_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ait_queue, weakrefs), READONLY, NULL},
    {NULL},
};

static PyGetSetDef queue_getset[] = {
    {"is_shutdown", queue_is_shutdown, NULL, PyDoc_STR("Whether it was shut down."), NULL},
    {"maxsize", queue_maxsize, NULL,
     PyDoc_STR("Room for so many items; 0 or less: no limit."), NULL},
    {"sync", ait_queue_sync, NULL,
     PyDoc_STR("The same queue for plain threads: a SyncQueue."), NULL},
    {NULL},
};

static PyType_Slot queue_slots[] = {
    {Py_tp_doc, (void *)queue_doc},
    {Py_tp_new, queue_new},
    {Py_tp_init, queue_init},
    {Py_tp_dealloc, queue_dealloc},
    {Py_tp_traverse, queue_traverse},
    {Py_tp_clear, queue_clear},
    {Py_tp_repr, queue_repr},
    {Py_tp_methods, queue_methods},
    {Py_tp_members, queue_members},
    {Py_tp_getset, queue_getset},
    {Py_am_aiter, ait_queue_aiter},
    {0, NULL},
};

static PyType_Slot lifo_slots[] = {
    {Py_tp_doc, PyDoc_STR("LifoQueue(maxsize=0, *, overflow='wait', on_dropped=None)\n--\n\n"
                          "A :class:`Queue` that gives the item first that came last.\n\n"
                          ">>> import aitertools as ait\n>>> queue = ait.LifoQueue()\n"
                          ">>> queue.put_nowait('a'); queue.put_nowait('b')\n"
                          ">>> queue.get_nowait()\n'b'")},
    {0, NULL},
};

static PyType_Slot priority_slots[] = {
    {Py_tp_doc,
     PyDoc_STR("PriorityQueue(maxsize=0, *, overflow='wait', on_dropped=None)\n--\n\n"
               "A :class:`Queue` that gives the lowest item first; equal ones in their order.\n\n"
               "Items are compared by ``<``. If that raises, whoever puts or takes gets the error\n"
               "and the queue stays as it is.\n\n"
               ">>> import aitertools as ait\n>>> queue = ait.PriorityQueue()\n"
               ">>> queue.put_nowait(2); queue.put_nowait(1)\n>>> queue.get_nowait()\n1")},
    {0, NULL},
};

enum { QUEUE_FLAGS = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE };

PyType_Spec ait_queue_spec = {
    .name = "aitertools.Queue", .basicsize = sizeof(ait_queue),
    .flags = QUEUE_FLAGS | Py_TPFLAGS_HAVE_GC, .slots = queue_slots,
};

PyType_Spec ait_lifo_spec = {
    .name = "aitertools.LifoQueue", .basicsize = sizeof(ait_queue), .flags = QUEUE_FLAGS,
    .slots = lifo_slots,
};

PyType_Spec ait_priority_spec = {
    .name = "aitertools.PriorityQueue", .basicsize = sizeof(ait_queue), .flags = QUEUE_FLAGS,
    .slots = priority_slots,
};

static PyStructSequence_Field stats_fields[] = {
    {"size", "items in the queue"},
    {"getting", "tasks and threads that wait for an item"},
    {"putting", "tasks and threads that wait for room"},
    {"put", "items put so far"},
    {"got", "items taken so far"},
    {"dropped", "items dropped so far"},
    {NULL, NULL},
};

static PyStructSequence_Desc stats_desc = {
    .name = "aitertools.QueueStats",
    .doc = "What Queue.stats() returns.",
    .fields = stats_fields,
    .n_in_sequence = 6,
};

static PyTypeObject *
type_from(PyObject *module, PyType_Spec *spec, PyTypeObject *base)
{
    PyTypeObject *type =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
    return type == NULL || PyModule_AddType(module, type) < 0 ? NULL : type;
}

int
ait_queue_types(PyObject *module)
{
    ait_state *st = ait_state_from(module);
    st->queue_type = type_from(module, &ait_queue_spec, NULL);
    if (st->queue_type == NULL) {
        return -1;
    }
    st->lifo_type = type_from(module, &ait_lifo_spec, st->queue_type);
    st->priority_type = type_from(module, &ait_priority_spec, st->queue_type);
    st->sync_queue_type = type_from(module, &ait_sync_queue_spec, NULL);
    st->queue_stats_type = PyStructSequence_NewType(&stats_desc);
    return st->lifo_type == NULL || st->priority_type == NULL || st->sync_queue_type == NULL ||
                   st->queue_stats_type == NULL
               ? -1
               : PyModule_AddType(module, st->queue_stats_type);
}
