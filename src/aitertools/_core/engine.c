/* Engine: operators with tasks of their own, which are written in Python (the package `engine`).
 *
 * Such an operator has three methods. poll() answers as a step does: an item, END, an error, or
 * PENDING; then what wait() returns is awaited, which says no more than that poll() is worth
 * another try: who is cancelled there has lost nothing. aclose() ends its tasks and closes what it
 * reads. As long as there is something to deliver, an item costs one call. One that is fed in
 * batches (`many`) answers a list of items, which are delivered without asking it; its error is its
 * end.
 */
#include "core.h"

typedef struct {
    AIT_OP_HEAD;
    PyObject *label;
    PyObject *sources; /* the stream that it reads and closes, a tuple of them, NULL: for repr; of
                          one that is fed in batches: what it answered last, or NULL            */
    PyObject *poll, *wait, *close;
    PyObject *guard;   /* is told by its __del__ that the stream was dropped                    */
} engine_op;

/* Await what wait() returned. */
static PySendResult
wait_on(ait_op *self, ait_drive *d, PyObject **out)
{
    PySendResult r = ait_await(self, d, out);
    if (r == PYGEN_RETURN) {
        Py_CLEAR(*out);
    }
    return r;
}

static PySendResult
engine_step(ait_op *self, ait_drive *d, PyObject **out)
{
    engine_op *op = (engine_op *)self;
    for (;;) {
        if (self->awaiting != NULL) {
            PySendResult r = wait_on(self, d, out);
            if (r != PYGEN_RETURN) {
                return r;
            }
            if (ait_has(self, AIT_CLOSE_ASKED)) { /* where a wait cannot be interrupted */
                return PYGEN_RETURN;
            }
        }
        PyObject *answer = ait_vectorcall(op->poll, NULL, 0);
        *out = answer;
        if (answer == NULL) {
            ait_guard_stop("stream");
            return PYGEN_ERROR;
        }
        if (answer != d->st->pending) {
            if (answer == d->st->end) {
                Py_CLEAR(*out);
            }
            return PYGEN_RETURN;
        }
        Py_CLEAR(*out);
        PyObject *waiting = ait_vectorcall(op->wait, NULL, 0);
        self->awaiting = waiting == NULL ? NULL : ait_awaiter(waiting);
        if (self->awaiting == NULL) {
            return PYGEN_ERROR;
        }
    }
}

/* The same, of one that is fed in batches. */
static PySendResult
batches_step(ait_op *self, ait_drive *d, PyObject **out)
{
    engine_op *op = (engine_op *)self;
    for (;;) {
        if ((*out = ait_next_of(&op->sources, &self->position)) != NULL) {
            return PYGEN_RETURN;
        }
        PySendResult r = engine_step(self, d, out);
        if (r != PYGEN_RETURN || *out == NULL) {
            return r;
        }
        if (!PyList_CheckExact(*out)) {
            Py_CLEAR(*out);
            PyErr_SetString(PyExc_TypeError, "engine(): a batch is not a list");
            return PYGEN_ERROR;
        }
        op->sources = *out;
        self->position = 0;
    }
}

static PySendResult
engine_close(ait_op *self, ait_drive *d, PyObject **out)
{
    *out = NULL;
    if (self->awaiting == NULL) {
        PyObject *closing = ait_vectorcall(((engine_op *)self)->close, NULL, 0);
        self->awaiting = closing == NULL ? NULL : ait_awaiter(closing);
        if (self->awaiting == NULL) {
            return PYGEN_ERROR;
        }
    }
    return wait_on(self, d, out);
}

static const ait_kind engine_kind = {
    .name = "engine", .step = engine_step, .close = engine_close,
    .nwords = AIT_WORDS(engine_op), .nrefs = 6,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(engine_op, label),
    .reads = 1 + AIT_WORD_AT(engine_op, sources), .closes = true,
};

static const ait_kind batches_kind = {
    .name = "engine", .step = batches_step, .close = engine_close, .fatal = true,
    .nwords = AIT_WORDS(engine_op), .nrefs = 6,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(engine_op, label), .closes = true,
};

/* The operator's method of that name: 0, or -1. */
static int
take_method(PyObject *operator, PyObject *name, PyObject **method)
{
    *method = PyObject_GetAttr(operator, name);
    return *method == NULL ? -1 : 0;
}

static bool
are_streams(ait_state *st, PyObject *sources)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sources); i++) {
        if (!ait_is_op(st, PyTuple_GET_ITEM(sources, i))) {
            PyErr_SetString(PyExc_TypeError, "engine(): a source is not a stream");
            return false;
        }
    }
    return true;
}

/* What an operator that reads these has; NULL: none. */
static PyObject *
one_or_all(PyObject *sources)
{
    Py_ssize_t n = PyTuple_GET_SIZE(sources);
    return n == 0 ? NULL : Py_NewRef(n == 1 ? PyTuple_GET_ITEM(sources, 0) : sources);
}

/* engine(cls, operator, guard, label, sources, many): a stream over the operator, of that class;
 * None: of the usual one. */
static PyObject *
engine_new(PyObject *module, PyObject *args)
{
    ait_state *st = ait_state_from(module);
    PyObject *cls, *operator, *guard, *label, *sources;
    int many = 0;
    if (!PyArg_ParseTuple(args, "OOOUO!|p:engine", &cls, &operator, &guard, &label, &PyTuple_Type,
                          &sources, &many)) {
        return NULL;
    }
    PyTypeObject *type = cls == Py_None ? st->stream_type : (PyTypeObject *)cls;
    if (!are_streams(st, sources)) {
        return NULL;
    }
    if (many && PyTuple_GET_SIZE(sources) > 0) {
        PyErr_SetString(PyExc_TypeError, "engine(): with many there are no sources");
        return NULL;
    }
    if (!PyType_Check((PyObject *)type) || !PyType_IsSubtype(type, st->op_type)) {
        PyErr_SetString(PyExc_TypeError, "engine(): not a subclass of Op");
        return NULL;
    }
    engine_op *op = (engine_op *)ait_new_as(st, type, many ? &batches_kind : &engine_kind);
    if (op == NULL) {
        return NULL;
    }
    op->label = Py_NewRef(label);
    op->sources = one_or_all(sources);
    op->guard = Py_NewRef(guard);
    if (take_method(operator, st->str_poll, &op->poll) < 0 ||
        take_method(operator, st->str_wait, &op->wait) < 0 ||
        take_method(operator, st->str_aclose, &op->close) < 0) {
        Py_DECREF(op);
        return NULL;
    }
    return ait_ready((ait_op *)op);
}

/* The stream, if engine() made it; NULL if not, without an error. */
static engine_op *
as_engine(ait_state *st, PyObject *stream)
{
    ait_op *op = ait_is_op(st, stream) ? ait_behind_pump((ait_op *)stream) : NULL;
    return op != NULL && op->kind == &engine_kind ? (engine_op *)op : NULL;
}

/* operator_of(stream): the operator under it; None if engine() did not make it, or it is closed. */
static PyObject *
operator_of(PyObject *module, PyObject *stream)
{
    engine_op *op = as_engine(ait_state_from(module), stream);
    bool bound = op != NULL && op->poll != NULL && PyMethod_Check(op->poll);
    return Py_NewRef(bound ? PyMethod_GET_SELF(op->poll) : Py_None);
}

/* relabel(stream, label): before anybody pulls it, as its operator became another one. */
static PyObject *
relabel(PyObject *module, PyObject *args)
{
    PyObject *stream, *label;
    if (!PyArg_ParseTuple(args, "OU:relabel", &stream, &label)) {
        return NULL;
    }
    engine_op *op = as_engine(ait_state_from(module), stream);
    if (op == NULL) {
        PyErr_SetString(PyExc_TypeError, "relabel(): not a stream of the engine");
        return NULL;
    }
    Py_XSETREF(op->label, Py_NewRef(label));
    Py_RETURN_NONE;
}

/* set_sources(stream, sources): it reads others now. */
static PyObject *
set_sources(PyObject *module, PyObject *args)
{
    ait_state *st = ait_state_from(module);
    PyObject *stream, *sources;
    if (!PyArg_ParseTuple(args, "OO!:set_sources", &stream, &PyTuple_Type, &sources) ||
        !are_streams(st, sources)) {
        return NULL;
    }
    engine_op *op = as_engine(st, stream);
    if (op == NULL) {
        PyErr_SetString(PyExc_TypeError, "set_sources(): not a stream of the engine");
        return NULL;
    }
    PyObject *before, *now = one_or_all(sources);
    AIT_LOCK(op);
    before = op->sources;
    op->sources = now;
    AIT_UNLOCK();
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

/* is_awaitable(obj): what a user's function returned has to be awaited. */
static PyObject *
is_awaitable(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return PyBool_FromLong(ait_is_awaitable(obj));
}

/* leaves(stream): a list of the streams that its items come from in the end. All of them are told
 * to be at their end first: where one goes on when another is over, it must not. */
static PyObject *
leaves(PyObject *module, PyObject *stream)
{
    if (!ait_is_op(ait_state_from(module), stream)) {
        PyErr_SetString(PyExc_TypeError, "leaves(): not a stream");
        return NULL;
    }
    PyObject *found = PyList_New(0);
    if (found != NULL && ait_find_leaves((ait_op *)stream, found) < 0) {
        Py_CLEAR(found);
    }
    for (Py_ssize_t i = 0; found != NULL && i < PyList_GET_SIZE(found); i++) {
        ait_op *leaf = (ait_op *)PyList_GET_ITEM(found, i);
        if (!ait_has(leaf, AIT_ENDED)) {
            ait_bits_change(&leaf->flags, AIT_CLOSE_ASKED, 0);
        }
    }
    return found;
}

PyMethodDef ait_engine_functions[] = {
    {"set_sources", set_sources, METH_VARARGS,
     PyDoc_STR("set_sources($module, stream, sources, /)\n--\n\n")},
    {"halt", ait_halt, METH_O, PyDoc_STR("halt($module, stream, /)\n--\n\n")},
    {"family", ait_family, METH_O, PyDoc_STR("family($module, stream, /)\n--\n\n")},
    {"leaves", leaves, METH_O, PyDoc_STR("leaves($module, stream, /)\n--\n\n")},
    {"is_awaitable", is_awaitable, METH_O, PyDoc_STR("is_awaitable($module, obj, /)\n--\n\n")},
    {"engine", engine_new, METH_VARARGS,
     PyDoc_STR("engine($module, cls, operator, guard, label, sources, many=..., /)\n--\n\n")},
    {"operator_of", operator_of, METH_O,
     PyDoc_STR("operator_of($module, stream, /)\n--\n\n")},
    {"relabel", relabel, METH_VARARGS,
     PyDoc_STR("relabel($module, stream, label, /)\n--\n\n")},
    {NULL},
};
