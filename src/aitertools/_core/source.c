/* Sources: how anything that can be iterated becomes a stream, and how it is closed. */
#include "core.h"

/* ---- closing a foreign object ---------------------------------------------------------------- */

/* The method that closes obj: aclose(), or close() where it has only that. 1, 0: none, -1. */
static int
find_closer(ait_state *st, PyObject *obj, PyObject **method)
{
    int r = PyObject_GetOptionalAttr(obj, st->str_aclose, method);
    return r != 0 ? r : PyObject_GetOptionalAttr(obj, st->str_close, method);
}

static int
has_closer(ait_state *st, PyObject *obj)
{
    PyObject *method = NULL;
    int r = find_closer(st, obj, &method);
    Py_XDECREF(method);
    return r;
}

static PySendResult
close_object(ait_op *self, ait_drive *d, PyObject *obj, PyObject **out)
{
    *out = NULL;
    if (self->awaiting == NULL) {
        PyObject *method = NULL;
        int found = find_closer(d->st, obj, &method);
        if (found <= 0) {
            return found < 0 ? PYGEN_ERROR : PYGEN_RETURN;
        }
        PyObject *result = PyObject_CallNoArgs(method);
        Py_DECREF(method);
        return ait_called(self, d, result, out);
    }
    return ait_resume(self, d, out);
}

/* Close the iterator, then what it came from, if anything; each is NULL once that is done. */
static PySendResult
close_both(ait_op *self, ait_drive *d, PyObject **it, PyObject **given, PyObject **out)
{
    PySendResult r;
    if (*it != NULL) {
        r = close_object(self, d, *it, out);
        if (r == PYGEN_NEXT) {
            return r;
        }
        Py_CLEAR(*it);
        if (r == PYGEN_ERROR) {
            ait_keep_op_error(self);
        }
        Py_CLEAR(*out);
    }
    if (*given == NULL) {
        return PYGEN_RETURN;
    }
    r = close_object(self, d, *given, out);
    if (r != PYGEN_NEXT) {
        Py_CLEAR(*given);
    }
    return r;
}

/* What a repr calls a source: a generator's name, else the name of its type. */
static PyObject *
label_of(ait_state *st, PyObject *obj)
{
    if (PyAsyncGen_CheckExact(obj) || PyGen_CheckExact(obj)) {
        return PyObject_GetAttr(obj, st->str___name__);
    }
    return Py_NewRef(Py_TYPE(obj));
}

/* ---- an ordinary iterator -------------------------------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    PyObject *it;    /* NULL once closed                                       */
    PyObject *label; /* what a repr shows: must outlive `it`                   */
    iternextfunc next;
} iter_op;

static PySendResult
iter_step(ait_op *self, ait_drive *Py_UNUSED(d), PyObject **out)
{
    iter_op *op = (iter_op *)self;
    *out = op->next(op->it);
    if (*out != NULL) {
        return PYGEN_RETURN;
    }
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration)) {
            ait_guard_stop("iterator");
            return PYGEN_ERROR;
        }
        PyErr_Clear();
    }
    return PYGEN_RETURN;
}

static PySendResult
iter_close(ait_op *self, ait_drive *d, PyObject **out)
{
    iter_op *op = (iter_op *)self;
    PySendResult r = close_object(self, d, op->it, out);
    if (r != PYGEN_NEXT) {
        Py_CLEAR(op->it);
    }
    return r;
}

static const ait_kind iter_kind = {
    .name = "stream", .step = iter_step, .fatal = true,
    .nwords = AIT_WORDS(iter_op), .nrefs = 2,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(iter_op, label),
};

static const ait_kind closing_iter_kind = {
    .name = "stream", .step = iter_step, .close = iter_close, .fatal = true,
    .nwords = AIT_WORDS(iter_op), .nrefs = 2,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(iter_op, label),
};

static ait_op *
iter_new(ait_state *st, PyObject *obj)
{
    PyObject *it = PyObject_GetIter(obj);
    int closes = it == NULL ? -1 : has_closer(st, it);
    if (closes < 0) {
        Py_XDECREF(it);
        return NULL;
    }
    iter_op *op = (iter_op *)ait_new(st, closes ? &closing_iter_kind : &iter_kind);
    if (op == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    op->it = it;
    op->next = Py_TYPE(it)->tp_iternext;
    op->label = label_of(st, obj);
    if (op->label == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    return (ait_op *)op;
}

/* ---- an async iterator ----------------------------------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    PyObject *it;    /* NULL once closed                                             */
    PyObject *given; /* what it came from, if that is to be closed too; else NULL    */
    PyObject *label;
} anext_op;

/* Drive an awaitable whose StopAsyncIteration means the end. */
static PySendResult
await_item(ait_op *self, ait_drive *d, PyObject **out)
{
    PySendResult r = ait_await(self, d, out);
    if (r != PYGEN_ERROR) {
        return r;
    }
    if (PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
        PyErr_Clear();
        return PYGEN_RETURN;
    }
    ait_guard_stop("async iterator");
    return r;
}

/* Ask for the next item by the ordinary protocol. */
static PySendResult
call_anext(ait_op *self, ait_drive *d, PyObject *it, PyObject **out)
{
    PyAsyncMethods *async = Py_TYPE(it)->tp_as_async;
    *out = NULL;
    if (async == NULL || async->am_anext == NULL) { /* its class was changed */
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an async iterator",
                     Py_TYPE(it)->tp_name);
        return PYGEN_ERROR;
    }
    PyObject *item = async->am_anext(it);
    if (item == NULL) {
        if (PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
            PyErr_Clear();
            return PYGEN_RETURN;
        }
        ait_guard_stop("async iterator");
        return PYGEN_ERROR;
    }
    self->awaiting = ait_awaiter(item);
    return self->awaiting == NULL ? PYGEN_ERROR : await_item(self, d, out);
}

static PySendResult
anext_step(ait_op *self, ait_drive *d, PyObject **out)
{
    if (self->awaiting != NULL) {
        return await_item(self, d, out);
    }
    return call_anext(self, d, ((anext_op *)self)->it, out);
}

static PySendResult
anext_close(ait_op *self, ait_drive *d, PyObject **out)
{
    anext_op *op = (anext_op *)self;
    return close_both(self, d, &op->it, &op->given, out);
}

static const ait_kind anext_kind = {
    .name = "stream", .step = anext_step, .fatal = true,
    .nwords = AIT_WORDS(anext_op), .nrefs = 3,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(anext_op, label),
};

static const ait_kind closing_anext_kind = {
    .name = "stream", .step = anext_step, .close = anext_close, .fatal = true,
    .nwords = AIT_WORDS(anext_op), .nrefs = 3,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(anext_op, label),
};

/* A pump passes on errors that do not end what it pulls. */
static const ait_kind pump_kind = {
    .name = "pump", .step = anext_step, .close = anext_close,
    .nwords = AIT_WORDS(anext_op), .nrefs = 3,
};

/* A stream over the async iterator `it` (consumed), which came from `given`. */
static ait_op *
anext_new(ait_state *st, PyObject *it, PyObject *given)
{
    int closes = has_closer(st, it);
    int closes_given = given == it || closes < 0 ? 0 : has_closer(st, given);
    PyObject *label = closes < 0 || closes_given < 0 ? NULL : label_of(st, given);
    anext_op *op = NULL;
    if (label != NULL) {
        op = (anext_op *)ait_new(st, closes || closes_given ? &closing_anext_kind : &anext_kind);
    }
    if (op == NULL) {
        Py_XDECREF(label);
        Py_DECREF(it);
        return NULL;
    }
    op->it = it;
    op->label = label;
    op->given = closes_given ? Py_NewRef(given) : NULL;
    return (ait_op *)op;
}

/* ---- an async generator -------------------------------------------------------------------------
 *
 * Its type has am_send: PyIter_Send(agen, None) resumes the frame without an asend object. What it
 * yields comes back in a private wrapper, what it awaits comes back bare. That is sound only while
 * nobody else can reach the generator, so it is asked at each pull; otherwise, and for the first
 * pull, on which the asyncgen hooks run, the ordinary protocol is used. So it is where nothing may
 * be awaited (halting): a frame that runs cannot be told to stop short of it.
 */

typedef struct {
    AIT_OP_HEAD;
    PyObject *agen;     /* NULL once closed                            */
    PyObject *given;    /* whose __aiter__ made it, if that is to be closed too; else NULL */
    PyObject *label;
    intptr_t started;   /* the first pull was made                     */
    intptr_t suspended; /* driven directly, at an await of its own     */
} agen_op;

typedef struct {
    PyObject_HEAD
    PyObject *value;
} wrapped_value; /* as _PyAsyncGenWrappedValue; ait_learn_asyncgen() checks it */

static PySendResult
agen_drive(agen_op *op, ait_drive *d, PyObject *value, PyObject **out)
{
    PySendResult r = PyAsyncGen_Type.tp_as_async->am_send(op->agen, value, out);
    if (r == PYGEN_RETURN) { /* its end: None */
        Py_CLEAR(*out);
        return r;
    }
    if (r == PYGEN_NEXT) {
        if (!Py_IS_TYPE(*out, d->st->wrapped)) {
            op->suspended = 1;
            return r;
        }
        PyObject *item = Py_NewRef(((wrapped_value *)*out)->value);
        Py_DECREF(*out);
        *out = item;
        return PYGEN_RETURN;
    }
    return r;
}

static PySendResult
agen_step(ait_op *self, ait_drive *d, PyObject **out)
{
    agen_op *op = (agen_op *)self;
    *out = NULL;
    if (self->awaiting != NULL) {
        return await_item(self, d, out);
    }
    if (op->suspended) {
        op->suspended = 0;
        d->resuming = false;
        if (d->thrown == NULL) {
            return agen_drive(op, d, d->value, out);
        }
        PyObject *thrown = d->thrown;
        d->thrown = NULL;
        PyObject *athrow = PyObject_CallMethodOneArg(op->agen, d->st->str_athrow, thrown);
        self->awaiting = athrow == NULL ? NULL : ait_awaiter(athrow);
        return self->awaiting == NULL ? PYGEN_ERROR : await_item(self, d, out);
    }
    if (op->started && d->st->wrapped != NULL && !d->halting && ait_is_sole_owner(op->agen)) {
        return agen_drive(op, d, Py_None, out);
    }
    op->started = 1;
    return call_anext(self, d, op->agen, out);
}

static PySendResult
agen_close(ait_op *self, ait_drive *d, PyObject **out)
{
    agen_op *op = (agen_op *)self;
    return close_both(self, d, &op->agen, &op->given, out);
}

static const ait_kind agen_kind = {
    .name = "stream", .step = agen_step, .close = agen_close, .fatal = true,
    .nwords = AIT_WORDS(agen_op), .nrefs = 3,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(agen_op, label),
};

/* A stream over the async generator agen, which is consumed, and came from `given`. */
static ait_op *
agen_new(ait_state *st, PyObject *agen, PyObject *given)
{
    int closes_given = given == agen ? 0 : has_closer(st, given);
    PyObject *label = closes_given < 0 ? NULL : label_of(st, given);
    agen_op *op = label == NULL ? NULL : (agen_op *)ait_new(st, &agen_kind);
    if (op == NULL) {
        Py_XDECREF(label);
        Py_DECREF(agen);
        return NULL;
    }
    op->agen = agen;
    op->given = closes_given ? Py_NewRef(given) : NULL;
    op->label = label;
    return (ait_op *)op;
}

/* Drives the generator of the probe one step and takes what comes if it is of that result. */
static PyObject *
probe_step(PyObject *agen, PySendResult expected)
{
    PyObject *out = NULL;
    if (PyIter_Send(agen, Py_None, &out) != expected) {
        PyErr_Clear();
        Py_CLEAR(out);
    }
    return out;
}

int
ait_learn_asyncgen(ait_state *st)
{
    static const char code[] = "class Once:\n"
                               "    def __await__(self):\n"
                               "        yield 'awaited'\n"
                               "async def probe():\n"
                               "    yield 'yielded'\n"
                               "    await Once()\n"
                               "agen = probe()\n";
    PyObject *names = PyDict_New();
    PyObject *done = names == NULL ? NULL : PyRun_String(code, Py_file_input, names, names);
    if (done == NULL) {
        Py_XDECREF(names);
        return -1;
    }
    Py_DECREF(done);
    PyObject *agen = PyDict_GetItemString(names, "agen");
    PyObject *first = probe_step(agen, PYGEN_NEXT);
    PyObject *second = probe_step(agen, PYGEN_NEXT);
    PyObject *last = probe_step(agen, PYGEN_RETURN);
    if (first != NULL && second != NULL && last == Py_None && PyUnicode_CheckExact(second) &&
        !PyUnicode_CheckExact(first) && Py_TYPE(first)->tp_basicsize == sizeof(wrapped_value)) {
        PyObject *value = ((wrapped_value *)first)->value;
        if (PyUnicode_CheckExact(value) &&
            PyUnicode_CompareWithASCIIString(value, "yielded") == 0) {
            st->wrapped = (PyTypeObject *)Py_NewRef(Py_TYPE(first));
        }
    }
    Py_XDECREF(first);
    Py_XDECREF(second);
    Py_XDECREF(last);
    Py_DECREF(names);
    return 0;
}

/* ---- anything -------------------------------------------------------------------------------- */

static ait_op *
async_iterable_new(ait_state *st, PyObject *obj)
{
    PyObject *it = Py_TYPE(obj)->tp_as_async->am_aiter(obj);
    if (it == NULL) {
        return NULL;
    }
    if (it != obj && ait_is_op(st, it)) {
        return (ait_op *)it;
    }
    if (PyAsyncGen_CheckExact(it)) {
        return agen_new(st, it, obj);
    }
    PyAsyncMethods *async = Py_TYPE(it)->tp_as_async;
    if (async == NULL || async->am_anext == NULL) {
        PyErr_Format(PyExc_TypeError,
                     "aiter() returned not an async iterator of type '%.100s'",
                     Py_TYPE(it)->tp_name);
        Py_DECREF(it);
        return NULL;
    }
    return anext_new(st, it, obj);
}

/* What the package knows to iterate although it is not iterable, such as an asyncio.Queue. */
static ait_op *
adapted_new(ait_state *st, PyObject *obj, const char *who)
{
    PyObject *adapt = st->hooks[AIT_HOOK_ADAPT];
    PyObject *it = adapt == NULL ? Py_NewRef(Py_None) : PyObject_CallOneArg(adapt, obj);
    if (it == NULL) {
        return NULL;
    }
    if (it == Py_None) {
        Py_DECREF(it);
        PyErr_Format(PyExc_TypeError,
                     "%s(): '%.200s' object is neither an async iterable nor an iterable", who,
                     Py_TYPE(obj)->tp_name);
        return NULL;
    }
    ait_op *op = ait_source(st, it, who);
    Py_DECREF(it);
    return op;
}

static ait_op *
ready(ait_op *op)
{
    return op == NULL ? NULL : (ait_op *)ait_ready(op);
}

ait_op *
ait_source(ait_state *st, PyObject *obj, const char *who)
{
    if (ait_is_op(st, obj)) {
        return (ait_op *)Py_NewRef(obj);
    }
    PyTypeObject *type = Py_TYPE(obj);
    if (PyAsyncGen_CheckExact(obj)) {
        return ready(agen_new(st, Py_NewRef(obj), obj));
    }
    if (type->tp_as_async != NULL && type->tp_as_async->am_aiter != NULL) {
        return ready(async_iterable_new(st, obj));
    }
    if (type->tp_iter != NULL || PySequence_Check(obj)) {
        return ready(iter_new(st, obj));
    }
    return adapted_new(st, obj, who);
}

PyObject *
ait_sources(ait_state *st, PyObject *const *objs, Py_ssize_t n, const char *who)
{
    PyObject *streams = PyTuple_New(n);
    for (Py_ssize_t i = 0; streams != NULL && i < n; i++) {
        ait_op *stream = ait_source(st, objs[i], who);
        if (stream == NULL) {
            Py_CLEAR(streams);
            break;
        }
        PyTuple_SET_ITEM(streams, i, (PyObject *)stream);
    }
    return streams;
}

ait_op *
ait_pump_source(ait_state *st, PyObject *pump)
{
    ait_op *op = ready(anext_new(st, pump, pump));
    if (op != NULL) {
        op->kind = &pump_kind;
    }
    return op;
}

/* ---- what Python sees ------------------------------------------------------------------------ */

/* source(obj[, label]): the label is what a repr shows, if obj is not a stream already. */
static PyObject *
source(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 1, 2, "stream")) {
        return NULL;
    }
    ait_op *op = ait_source(st, args[0], "stream");
    if (op != NULL && nargs == 2 && op->kind->arg == AIT_ARG_LABEL) {
        Py_SETREF(op->refs[op->kind->arg_at], Py_NewRef(args[1]));
    }
    return (PyObject *)op;
}

/* source_for(obj, name): errors about obj name that function. */
static PyObject *
source_for(PyObject *module, PyObject *args)
{
    PyObject *obj;
    const char *who;
    if (!PyArg_ParseTuple(args, "Os:source_for", &obj, &who)) {
        return NULL;
    }
    return (PyObject *)ait_source(ait_state_from(module), obj, who);
}

PyMethodDef ait_source_functions[] = {
    {"source", AIT_FASTCALL(source), PyDoc_STR("source($module, obj, label=..., /)\n--\n\n")},
    {"source_for", source_for, METH_VARARGS,
     PyDoc_STR("source_for($module, obj, name, /)\n--\n\n")},
    {NULL},
};
