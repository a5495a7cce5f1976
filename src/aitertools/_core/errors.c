/* Errors: catch suppress on_close retry. */
#include "core.h"

/* ---- which errors ---------------------------------------------------------------------------- */

static bool
check_exception(PyObject *type, const char *who)
{
    if (PyExceptionClass_Check(type) &&
        PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)PyExc_Exception)) {
        return true;
    }
    PyErr_Format(PyExc_TypeError,
                 "%s(): catching classes that do not inherit from Exception is not allowed: %R",
                 who, type);
    return false;
}

/* One class, or a tuple of classes; what stops a task or the program is none of them. */
static bool
check_exceptions(PyObject *exceptions, const char *who)
{
    if (!PyTuple_Check(exceptions)) {
        return check_exception(exceptions, who);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(exceptions); i++) {
        if (!check_exception(PyTuple_GET_ITEM(exceptions, i), who)) {
            return false;
        }
    }
    return true;
}

/* What a repr shows of them: ValueError, or (ValueError, KeyError) without its brackets. */
static PyObject *
label_of(PyObject *exceptions)
{
    if (!PyTuple_Check(exceptions)) {
        return Py_NewRef(exceptions);
    }
    PyObject *label = PyUnicode_FromString("");
    for (Py_ssize_t i = 0; label != NULL && i < PyTuple_GET_SIZE(exceptions); i++) {
        PyObject *name = PyType_GetName((PyTypeObject *)PyTuple_GET_ITEM(exceptions, i));
        if (name != NULL && PyUnicode_GET_LENGTH(label) > 0) {
            Py_SETREF(label, PyUnicode_FromFormat("%U, %U", label, name));
            Py_DECREF(name);
        }
        else {
            Py_SETREF(label, name);
        }
    }
    return label;
}

/* ---- catch: handler(error) in the place of an item that failed ----------------------------------
 *
 *      source             1 2 ^ 4 |
 *      catch(Error, h)    1 2 h 4 |
 *
 * suppress is the same without a handler: nothing takes the place.
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *exceptions;
    PyObject *handler; /* NULL: suppress                         */
    PyObject *label;
    PyObject *caught;  /* the error while its handler is awaited */
} catch_op;

/* Pull; 1 when the pull ended in an error that is to be caught and now is in op->caught. Not so
 * when the pull was refused: that stays true however often one pulls, and no item has failed. */
static bool
pull_or_catch(catch_op *op, ait_drive *d, PyObject **out, PySendResult *r)
{
    d->refused = false;
    *r = ait_pull(op->source, d, out);
    if (*r != PYGEN_ERROR || d->refused || !PyErr_ExceptionMatches(op->exceptions)) {
        return false;
    }
    op->caught = PyErr_GetRaisedException();
    return true;
}

/* Call or resume the handler as if inside of `except`: a bare `raise` raises the error again, and
 * another error leads back to it. */
static PySendResult
handle(catch_op *op, ait_drive *d, PyObject **out)
{
    ait_op *self = (ait_op *)op;
    ait_except block;
    ait_except_enter(&block, op->caught);
    PySendResult r = self->awaiting != NULL ? ait_resume(self, d, out)
                                            : ait_call(self, d, op->handler, op->caught, out);
    ait_except_leave(&block);
    if (r != PYGEN_NEXT) {
        Py_CLEAR(op->caught);
    }
    return r;
}

static PySendResult
catch_step(ait_op *self, ait_drive *d, PyObject **out)
{
    catch_op *op = (catch_op *)self;
    PySendResult r;
    *out = NULL;
    if (self->awaiting != NULL || pull_or_catch(op, d, out, &r)) {
        return handle(op, d, out);
    }
    return r;
}

static PySendResult
suppress_step(ait_op *self, ait_drive *d, PyObject **out)
{
    catch_op *op = (catch_op *)self;
    PySendResult r;
    while (pull_or_catch(op, d, out, &r)) {
        Py_CLEAR(op->caught);
    }
    return r;
}

static const ait_kind catch_kind = {
    .name = "catch", .step = catch_step, .nwords = AIT_WORDS(catch_op), .nrefs = 5, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(catch_op, label),
};

static const ait_kind suppress_kind = {
    .name = "suppress", .step = suppress_step,
    .nwords = AIT_WORDS(catch_op), .nrefs = 5, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(catch_op, label),
};

static catch_op *
new_on_errors(PyObject *module, PyObject *const *args, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    PyObject *label = check_exceptions(args[1], kind->name) ? label_of(args[1]) : NULL;
    if (label == NULL) {
        return NULL;
    }
    catch_op *op = (catch_op *)ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op == NULL) {
        Py_DECREF(label);
        return NULL;
    }
    op->label = label;
    op->exceptions = Py_NewRef(args[1]);
    return op;
}

static PyObject *
catch_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 3, 3, "catch") || !ait_check_callable(args[2], "catch")) {
        return NULL;
    }
    catch_op *op = new_on_errors(module, args, &catch_kind);
    if (op == NULL) {
        return NULL;
    }
    op->handler = Py_NewRef(args[2]);
    return ait_ready((ait_op *)op);
}

static PyObject *
suppress_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "suppress")) {
        return NULL;
    }
    catch_op *op = new_on_errors(module, args, &suppress_kind);
    return op == NULL ? NULL : ait_ready((ait_op *)op);
}

/* ---- on_close: callback() once the source is closed ------------------------------------------ */

typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *callback;
    PyObject *failure; /* of the source, to be raised after the callback */
    intptr_t called;
} on_close_op;

/* Whether all that op reads is closed already, as a source is that failed. */
static bool
is_spent(ait_op *op)
{
    if (ait_has(op, AIT_CLOSED)) {
        return true;
    }
    int streams = 0;
    for (int i = 0; i < op->kind->nowned; i++) {
        PyObject *owned = op->refs[i];
        bool many = owned != NULL && PyTuple_CheckExact(owned);
        Py_ssize_t n = many ? PyTuple_GET_SIZE(owned) : owned != NULL;
        for (Py_ssize_t k = 0; k < n; k++, streams++) {
            if (!is_spent(many ? ait_nth(owned, k) : (ait_op *)owned)) {
                return false;
            }
        }
    }
    return streams > 0;
}

static PySendResult
call_back(on_close_op *op, ait_drive *d, PyObject **out)
{
    ait_op *self = (ait_op *)op;
    *out = NULL;
    if (self->awaiting != NULL) {
        return ait_resume(self, d, out);
    }
    if (op->called) {
        return PYGEN_RETURN;
    }
    op->called = 1;
    return ait_called(self, d, PyObject_CallNoArgs(op->callback), out);
}

/* A source that fails is closed, though op is not: who got the error may never come back. */
static PySendResult
on_close_step(ait_op *self, ait_drive *d, PyObject **out)
{
    on_close_op *op = (on_close_op *)self;
    PySendResult r;
    if (op->failure == NULL) {
        r = ait_pull(op->source, d, out);
        if (r != PYGEN_ERROR || op->called || !is_spent(op->source)) {
            return r;
        }
        ait_keep_error(&op->failure);
    }
    r = call_back(op, d, out);
    if (r == PYGEN_NEXT) {
        return r;
    }
    if (r == PYGEN_ERROR) {
        ait_keep_error(&op->failure);
    }
    Py_CLEAR(*out);
    PyErr_SetRaisedException(op->failure);
    op->failure = NULL;
    return PYGEN_ERROR;
}

static PySendResult
on_close_close(ait_op *self, ait_drive *d, PyObject **out)
{
    return call_back((on_close_op *)self, d, out);
}

static const ait_kind on_close_kind = {
    .name = "on_close", .step = on_close_step, .close = on_close_close,
    .nwords = AIT_WORDS(on_close_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(on_close_op, callback),
};

static PyObject *
on_close_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &on_close_kind);
}

/* ---- retry: one source after the other, until one ends instead of failing -----------------------
 *
 *      attempts    a     b      |
 *      retry       a1 ^  b1 b2  |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *attempt;    /* the source being read, if any                                       */
    ait_op *attempts;   /* has the next one when it is time; fails when there is none          */
    PyObject *factory;  /* for the repr                                                        */
    PyObject *trial;    /* failed(error): whether the source is given up; begin(): it has items */
    PyObject *failure;  /* for which the source was given up, until it is closed               */
    intptr_t delivered; /* the source had an item                                              */
} retry_op;

/* Ask whether the source is to be given up for the error, which is consumed, and is in op->failure
 * then: 1, 0, or -1 with an exception. */
static int
give_up(retry_op *op, PyObject *error)
{
    ait_except block;
    ait_except_enter(&block, error);
    PyObject *verdict = PyObject_CallMethod(op->trial, "failed", "O", error);
    ait_except_leave(&block);
    int truth = verdict == NULL ? -1 : ait_truth(verdict);
    if (truth < 0) {
        ait_guard_stop("function");
    }
    if (truth > 0) {
        op->failure = error;
    }
    else {
        Py_DECREF(error);
    }
    return truth;
}

/* The same for the raised exception, that stays raised unless the source is given up for it. */
static bool
is_given_up(retry_op *op)
{
    PyObject *error = PyErr_GetRaisedException();
    int given_up = give_up(op, Py_NewRef(error));
    if (given_up == 0) {
        PyErr_SetRaisedException(error);
        return false;
    }
    Py_DECREF(error);
    return given_up > 0;
}

/* Close the source that was given up. An error of that is reachable from the one that led to it;
 * a cancellation is raised, and the next pull goes on with another source. */
static PySendResult
close_attempt(retry_op *op, ait_drive *d, PyObject **out)
{
    PySendResult r = ait_discard(&op->attempt, d, out);
    if (r == PYGEN_NEXT) {
        return r;
    }
    if (r == PYGEN_ERROR && PyErr_ExceptionMatches(PyExc_Exception)) {
        ait_keep_error(&op->failure);
        r = PYGEN_RETURN;
    }
    Py_CLEAR(op->failure);
    return r;
}

/* Wait for the next source. */
static PySendResult
begin_attempt(retry_op *op, ait_drive *d, PyObject **out)
{
    PyObject *made;
    AIT_PULL(op->attempts, made);
    op->attempt = ait_source(d->st, made, op->kind->name);
    Py_DECREF(made);
    op->delivered = 0;
    return op->attempt == NULL ? PYGEN_ERROR : PYGEN_RETURN;
}

/* Tell that the source has delivered: what failed before it is over. */
static PySendResult
first_item(retry_op *op, PyObject **out)
{
    op->delivered = 1;
    PyObject *told = PyObject_CallMethod(op->trial, "begin", NULL);
    if (told == NULL) {
        Py_CLEAR(*out);
        return PYGEN_ERROR;
    }
    Py_DECREF(told);
    return PYGEN_RETURN;
}

static PySendResult
retry_step(ait_op *self, ait_drive *d, PyObject **out)
{
    retry_op *op = (retry_op *)self;
    PySendResult r;
    *out = NULL;
    for (;;) {
        if (op->failure != NULL) {
            r = close_attempt(op, d, out);
            if (r != PYGEN_RETURN) {
                return r;
            }
        }
        if (op->attempt == NULL) {
            r = begin_attempt(op, d, out);
            if (r != PYGEN_RETURN || op->attempt == NULL) {
                return r;
            }
        }
        d->refused = false;
        r = ait_pull_inner(op->attempt, d, out);
        if (r == PYGEN_RETURN) {
            return *out != NULL && !op->delivered ? first_item(op, out) : r;
        }
        if (r == PYGEN_NEXT || d->refused) {
            return r;
        }
        if (!PyErr_ExceptionMatches(PyExc_Exception) || !is_given_up(op)) {
            return r;
        }
    }
}

static const ait_kind retry_kind = {
    .name = "retry", .step = retry_step,
    .nwords = AIT_WORDS(retry_op), .nrefs = 5, .nowned = 2, .halts_open = true,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(retry_op, factory),
};

/* retry(attempts, factory, trial) */
static PyObject *
retry_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 3, 3, "retry")) {
        return NULL;
    }
    ait_op *attempts = ait_source(st, args[0], "retry");
    retry_op *op = attempts == NULL ? NULL : (retry_op *)ait_new(st, &retry_kind);
    if (op == NULL) {
        Py_XDECREF(attempts);
        return NULL;
    }
    op->attempts = attempts;
    op->factory = Py_NewRef(args[1]);
    op->trial = Py_NewRef(args[2]);
    return ait_ready((ait_op *)op);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_error_functions[] = {
    {"catch", AIT_FASTCALL(catch_new),
     PyDoc_STR("catch($module, source, exceptions, handler, /)\n--\n\n")},
    {"suppress", AIT_FASTCALL(suppress_new),
     PyDoc_STR("suppress($module, source, exceptions, /)\n--\n\n")},
    {"on_close", AIT_FASTCALL(on_close_new),
     PyDoc_STR("on_close($module, source, callback, /)\n--\n\n")},
    {"retry", AIT_FASTCALL(retry_new),
     PyDoc_STR("retry($module, attempts, factory, trial, /)\n--\n\n")},
    {NULL},
};
