/* Carrying: pulls of a shared source, on the spot or by its courier. */
#include "carry.h"

/* What came of the pull: its end is a StopAsyncIteration to all others. */
static PySendResult
settle(ait_carrier *c, PySendResult r, PyObject **out)
{
    if (r == PYGEN_NEXT) {
        return r;
    }
    Py_CLEAR(c->pull);
    if (r == PYGEN_ERROR) {
        *out = NULL;
        if (PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
            PyErr_Clear();
            return PYGEN_RETURN;
        }
    }
    return r;
}

/* ---- couriers -------------------------------------------------------------------------------- */

/* Engage a courier, in the running loop; where that is not asyncio's there is none. */
static int
engage(PyObject *shared, ait_carrier *c, ait_state *st)
{
    PyObject *hook = st->hooks[AIT_HOOK_COURIER];
    PyObject *courier =
        hook == NULL ? Py_NewRef(Py_None)
                     : PyObject_CallFunctionObjArgs(hook, shared, (PyObject *)c->source, NULL);
    if (courier == NULL) {
        return -1;
    }
    if (courier == Py_None) {
        Py_DECREF(courier);
        c->alone = true;
        return 0;
    }
    c->context = PyObject_GetAttrString(courier, "context");
    if (c->context == NULL) {
        Py_DECREF(courier);
        return -1;
    }
    c->courier = courier;
    return 0;
}

/* Hand the pull over. */
static int
hand_over(ait_carrier *c)
{
    PyObject *pull = (PyObject *)c->pull;
    c->pull = NULL; /* before: once it is adopted it may be over, and the next one begun */
    PyObject *done = PyObject_CallMethod(c->courier, "adopt", "O", pull);
    Py_DECREF(pull);
    if (done == NULL) {
        return PYGEN_ERROR;
    }
    Py_DECREF(done);
    return AIT_CARRIED;
}

/* Its task was cancelled by somebody else: that is told once, as an error. */
static int
its_task_is_over(ait_carrier *c)
{
    Py_CLEAR(c->pull);
    if (c->over) {
        return PYGEN_RETURN;
    }
    c->over = true;
    PyErr_SetString(PyExc_RuntimeError, "the task that pulled the shared source was cancelled");
    return PYGEN_ERROR;
}

/* Make the pull on the spot, as if the courier made it; when it has to wait, hand it over. */
static int
pull_as_courier(ait_carrier *c, ait_state *st, PyObject **out)
{
    PyObject *before = PyObject_CallMethodNoArgs(c->courier, st->str_enter);
    if (before == NULL) {
        return PYGEN_ERROR;
    }
    if (before == Py_False || before == Py_NotImplemented) {
        bool elsewhere = before == Py_NotImplemented; /* it is a task of another loop */
        Py_DECREF(before);
        return elsewhere ? hand_over(c) : its_task_is_over(c);
    }
    PySendResult r = PYGEN_ERROR;
    if (PyContext_Enter(c->context) == 0) {
        r = ait_run_send((PyObject *)c->pull, Py_None, out);
        PyObject *raised = PyErr_GetRaisedException();
        if (PyContext_Exit(c->context) < 0) {
            PyErr_WriteUnraisable(c->courier);
        }
        if (raised != NULL) {
            PyErr_SetRaisedException(raised);
        }
    }
    PyObject *raised = PyErr_GetRaisedException();
    PyObject *left = PyObject_CallMethodOneArg(c->courier, st->str_leave, before);
    if (left == NULL) {
        PyErr_WriteUnraisable(c->courier);
    }
    Py_XDECREF(left);
    Py_DECREF(before);
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
    if (r == PYGEN_NEXT) {
        c->pull->held = *out; /* what it yielded, it yields once more: to the courier's loop */
        *out = NULL;
        return hand_over(c);
    }
    return settle(c, r, out);
}

/* ---- pulling --------------------------------------------------------------------------------- */

/* The pull, made without a courier, came to r: when it stopped short of awaiting, that begins. */
static int
begin_to_await(PyObject *shared, ait_carrier *c, ait_state *st, PySendResult r, PyObject **out)
{
    if (r != PYGEN_NEXT || !c->pull->d.halted) {
        return settle(c, r, out);
    }
    c->pull->d.halting = c->pull->d.halted = false;
    Py_CLEAR(c->pull->task); /* whoever asked is not the one who awaits */
    if (engage(shared, c, st) < 0) {
        return PYGEN_ERROR;
    }
    if (c->courier != NULL) {
        return pull_as_courier(c, st, out);
    }
    return settle(c, ait_run_send((PyObject *)c->pull, Py_None, out), out);
}

/* The consumer waited itself: outside of asyncio, or when it gave way to its loop. */
static PySendResult
resume(ait_carrier *c, ait_drive *d, PyObject **out)
{
    PyObject *value = d->value, *thrown = d->thrown;
    d->resuming = false;
    d->thrown = NULL;
    return thrown != NULL ? ait_run_throw((PyObject *)c->pull, thrown, out)
                          : ait_run_send((PyObject *)c->pull, value, out);
}

int
ait_carry(PyObject *shared, ait_carrier *c, ait_drive *d, PyObject **out)
{
    PySendResult r;
    *out = NULL;
    if (d->resuming) {
        r = resume(c, d, out);
        return begin_to_await(shared, c, d->st, r, out);
    }
    if (c->pull == NULL) {
        c->pull = (ait_run *)ait_anext((PyObject *)c->source);
        if (c->pull == NULL) {
            return PYGEN_ERROR;
        }
    }
    if (c->courier != NULL) {
        return pull_as_courier(c, d->st, out);
    }
    c->pull->d.halting = !c->alone;
    r = ait_run_send((PyObject *)c->pull, Py_None, out);
    return begin_to_await(shared, c, d->st, r, out);
}

PySendResult
ait_carry_close(ait_carrier *c, ait_op *op, ait_drive *d, PyObject **out)
{
    *out = NULL;
    if (op->awaiting == NULL && c->courier != NULL) {
        PyObject *stop = PyObject_CallMethod(c->courier, "stop", NULL);
        op->awaiting = stop == NULL ? NULL : ait_awaiter(stop);
        if (op->awaiting == NULL) {
            return PYGEN_ERROR;
        }
    }
    if (op->awaiting == NULL) {
        return ait_close(c->source, d, out);
    }
    PySendResult r = ait_await(op, d, out);
    if (r == PYGEN_RETURN) {
        Py_CLEAR(*out);
    }
    return r;
}

void
ait_carry_drop(ait_carrier *c)
{
    if (c->courier != NULL) {
        PyObject *raised = PyErr_GetRaisedException();
        PyObject *done = PyObject_CallMethod(c->courier, "dismiss", NULL);
        if (done == NULL) {
            PyErr_WriteUnraisable(c->courier);
        }
        Py_XDECREF(done);
        if (raised != NULL) {
            PyErr_SetRaisedException(raised);
        }
    }
    Py_CLEAR(c->courier);
    Py_CLEAR(c->context);
    Py_CLEAR(c->pull);
    Py_CLEAR(c->source);
}

int
ait_carry_traverse(ait_carrier *c, visitproc visit, void *arg)
{
    Py_VISIT(c->source);
    Py_VISIT(c->pull);
    Py_VISIT(c->courier);
    Py_VISIT(c->context);
    return 0;
}

PyObject *
ait_carry_deliver(PyObject *shared, PyObject *args, ait_deliver_fn *deliver)
{
    const char *outcome;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "sO:deliver", &outcome, &value)) {
        return NULL;
    }
    if (strcmp(outcome, "item") == 0) {
        deliver(shared, PYGEN_RETURN, Py_NewRef(value));
    }
    else if (strcmp(outcome, "end") == 0) {
        deliver(shared, PYGEN_RETURN, NULL);
    }
    else if (PyExceptionInstance_Check(value)) {
        PyErr_SetRaisedException(Py_NewRef(value));
        deliver(shared, PYGEN_ERROR, NULL);
    }
    Py_RETURN_NONE;
}
