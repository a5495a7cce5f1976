/* Create: streams out of functions: calls (until a sentinel), iterate, paginate. */
#include "core.h"

/* ---- a callable, asked until it returns a sentinel ------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    PyObject *fn;
    PyObject *sentinel;
} callable_op;

static PySendResult
callable_step(ait_op *self, ait_drive *d, PyObject **out)
{
    callable_op *op = (callable_op *)self;
    PySendResult r = self->awaiting != NULL ? ait_resume(self, d, out)
                                            : ait_called(self, d, PyObject_CallNoArgs(op->fn), out);
    if (r != PYGEN_RETURN) {
        return r;
    }
    int is_end = PyObject_RichCompareBool(*out, op->sentinel, Py_EQ);
    if (is_end != 0) {
        Py_CLEAR(*out);
    }
    return is_end < 0 ? PYGEN_ERROR : PYGEN_RETURN;
}

static const ait_kind callable_kind = {
    .name = "aiter", .step = callable_step, .nwords = AIT_WORDS(callable_op), .nrefs = 2,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(callable_op, fn),
};

/* ---- iterate: start, fn(start), fn(fn(start)) ... -------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    PyObject *fn;
    PyObject *last;  /* the item delivered last; the start before that */
    intptr_t begun;  /* the start is out                               */
} iterate_op;

static PySendResult
iterate_step(ait_op *self, ait_drive *d, PyObject **out)
{
    iterate_op *op = (iterate_op *)self;
    if (!op->begun) {
        op->begun = 1;
        *out = Py_NewRef(op->last);
        return PYGEN_RETURN;
    }
    PySendResult r = self->awaiting != NULL ? ait_resume(self, d, out)
                                            : ait_call(self, d, op->fn, op->last, out);
    if (r == PYGEN_RETURN) {
        Py_SETREF(op->last, Py_NewRef(*out));
    }
    return r;
}

static const ait_kind iterate_kind = {
    .name = "iterate", .step = iterate_step, .nwords = AIT_WORDS(iterate_op), .nrefs = 2,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(iterate_op, fn),
};

/* ---- paginate: pages, until there is no next cursor ------------------------------------------ */

typedef struct {
    AIT_OP_HEAD;
    PyObject *fetch;
    PyObject *cursor; /* of the page to fetch next          */
    intptr_t done;    /* the last page came without a next  */
} paginate_op;

/* Take (page, next_cursor) apart; consumes answer. */
static PyObject *
turn_page(paginate_op *op, PyObject *answer)
{
    if (!PyTuple_Check(answer) || PyTuple_GET_SIZE(answer) != 2) {
        PyErr_Format(PyExc_TypeError,
                     "paginate(): fetch must return (page, next_cursor), not %.200s",
                     Py_TYPE(answer)->tp_name);
        Py_DECREF(answer);
        return NULL;
    }
    PyObject *page = Py_NewRef(PyTuple_GET_ITEM(answer, 0));
    PyObject *next = Py_NewRef(PyTuple_GET_ITEM(answer, 1));
    Py_DECREF(answer);
    op->done = next == Py_None;
    Py_SETREF(op->cursor, next);
    return page;
}

static PySendResult
paginate_step(ait_op *self, ait_drive *d, PyObject **out)
{
    paginate_op *op = (paginate_op *)self;
    *out = NULL;
    if (op->done) {
        return PYGEN_RETURN;
    }
    PySendResult r = self->awaiting != NULL ? ait_resume(self, d, out)
                                            : ait_call(self, d, op->fetch, op->cursor, out);
    if (r == PYGEN_RETURN) {
        *out = turn_page(op, *out);
        r = *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
    }
    return r;
}

static const ait_kind paginate_kind = {
    .name = "paginate", .step = paginate_step, .nwords = AIT_WORDS(paginate_op), .nrefs = 2,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(paginate_op, fetch),
};

/* Both are (fn, start). */
static PyObject *
new_from(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    if (!ait_check_count(nargs, 2, 2, kind->name) || !ait_check_callable(args[0], kind->name)) {
        return NULL;
    }
    ait_op *op = ait_new(ait_state_from(module), kind);
    if (op == NULL) {
        return NULL;
    }
    op->refs[0] = Py_NewRef(args[0]);
    op->refs[1] = Py_NewRef(args[1]);
    return ait_ready(op);
}

static PyObject *
iterate_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_from(module, args, nargs, &iterate_kind);
}

static PyObject *
paginate_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_from(module, args, nargs, &paginate_kind);
}

static PyObject *
calls(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_from(module, args, nargs, &callable_kind);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_create_functions[] = {
    {"calls", AIT_FASTCALL(calls), PyDoc_STR("calls($module, fn, sentinel, /)\n--\n\n")},
    {"iterate", AIT_FASTCALL(iterate_new), PyDoc_STR("iterate($module, fn, start, /)\n--\n\n")},
    {"paginate", AIT_FASTCALL(paginate_new),
     PyDoc_STR("paginate($module, fetch, cursor, /)\n--\n\n")},
    {NULL},
};
