/* Closing: every owned stream exactly once, awaited, in order, whatever else goes wrong. */
#include "core.h"

/* Whether the context chain that begins with `exc` leads to `other`. A chain may have been made a
 * circle by assignments: the slow walker, half as fast, notices. */
static bool
leads_to(PyObject *exc, PyObject *other)
{
    PyObject *fast = Py_NewRef(exc), *slow = Py_NewRef(exc);
    bool odd = false, found = false;
    while (fast != NULL && !(found = fast == other)) {
        Py_SETREF(fast, PyException_GetContext(fast));
        if (odd) {
            Py_SETREF(slow, PyException_GetContext(slow));
        }
        odd = !odd;
        if (fast == slow) {
            break;
        }
    }
    Py_XDECREF(fast);
    Py_XDECREF(slow);
    return found;
}

/* Append `later`, which is consumed, where the context chain of `first` ends. */
void
ait_chain_errors(PyObject *first, PyObject *later)
{
    if (leads_to(first, later)) {
        Py_DECREF(later);
        return;
    }
    /* Cut the chain of `later` where it enters that of `first`: no circles, and nothing is lost. */
    PyObject *node = Py_NewRef(later), *next;
    while ((next = PyException_GetContext(node)) != NULL) {
        if (leads_to(first, next) || leads_to(next, node)) {
            Py_DECREF(next);
            PyException_SetContext(node, NULL);
            break;
        }
        Py_SETREF(node, next);
    }
    Py_DECREF(node);
    PyObject *tail = Py_NewRef(first);
    while ((next = PyException_GetContext(tail)) != NULL) {
        if (leads_to(next, tail)) { /* a circle of the user's: later takes the place of one link */
            Py_DECREF(next);
            break;
        }
        Py_SETREF(tail, next);
    }
    PyException_SetContext(tail, later);
    Py_DECREF(tail);
}

void
ait_keep_error(PyObject **first)
{
    PyObject *later = PyErr_GetRaisedException();
    if (*first == NULL) {
        *first = later;
        return;
    }
    /* A cancellation is never hidden behind an ordinary error. */
    if (PyObject_TypeCheck(*first, (PyTypeObject *)PyExc_Exception) &&
        !PyObject_TypeCheck(later, (PyTypeObject *)PyExc_Exception)) {
        PyObject *swap = *first;
        *first = later;
        later = swap;
    }
    ait_chain_errors(*first, later);
}

static bool
is_ordinary(PyObject *error)
{
    return PyObject_TypeCheck(error, (PyTypeObject *)PyExc_Exception);
}

/* As ait_keep_error() for op->error; but when a cancellation takes the place of an ordinary error,
 * that is kept besides, in a tuple of both, as nobody will have been told of it. */
void
ait_keep_op_error(ait_op *op)
{
    PyObject *first = op->error;
    if (first == NULL || (!PyTuple_CheckExact(first) && !is_ordinary(first))) {
        ait_keep_error(&op->error);
        return;
    }
    PyObject *later = PyErr_GetRaisedException();
    if (PyTuple_CheckExact(first)) {
        ait_chain_errors(PyTuple_GET_ITEM(first, 0), later);
        return;
    }
    PyObject *both = is_ordinary(later) ? NULL : PyTuple_Pack(2, later, first);
    if (both == NULL) {
        PyErr_Clear();
        PyErr_SetRaisedException(later);
        ait_keep_error(&op->error);
        return;
    }
    ait_chain_errors(later, first);
    Py_DECREF(later);
    op->error = both;
}

/* Take the error that comes out of the end of op; what it has overtaken stays for the next pull. */
static PyObject *
take_error(ait_op *op, uint8_t *overtaken)
{
    PyObject *error = op->error;
    op->error = NULL;
    *overtaken = 0;
    if (error != NULL && PyTuple_CheckExact(error)) {
        PyObject *both = error;
        error = Py_NewRef(PyTuple_GET_ITEM(both, 0));
        op->error = Py_NewRef(PyTuple_GET_ITEM(both, 1));
        *overtaken = AIT_OVERTAKEN;
        Py_DECREF(both);
    }
    return error;
}

PySendResult
ait_raise_overtaken(ait_op *op)
{
    PyObject *error = op->error;
    op->error = NULL;
    ait_bits_change(&op->flags, 0, AIT_OVERTAKEN);
    ait_flag_drop(&op->busy);
    if (error == NULL) { /* the collector has cleared it */
        return PYGEN_RETURN;
    }
    PyErr_SetRaisedException(error);
    return PYGEN_ERROR;
}

/* The i-th stream that op owns; NULL past the last. */
static ait_op *
owned_stream(ait_op *op, uint32_t i)
{
    for (int k = 0; k < op->kind->nowned; k++) {
        PyObject *owned = op->refs[k];
        uint32_t n = owned == NULL ? 0
                     : PyTuple_CheckExact(owned) ? (uint32_t)PyTuple_GET_SIZE(owned) : 1;
        if (i < n) {
            return (ait_op *)(PyTuple_CheckExact(owned) ? PyTuple_GET_ITEM(owned, i) : owned);
        }
        i -= n;
    }
    return NULL;
}

/* At the end: items and functions are held no longer. What a repr shows stays. */
static void
let_go(ait_op *op)
{
    const ait_kind *kind = op->kind;
    for (int i = kind->nowned; i < kind->nrefs; i++) {
        bool shown = i + 1 == kind->reads || (kind->arg != AIT_ARG_NONE && i == kind->arg_at);
        if (!shown) {
            Py_CLEAR(op->refs[i]);
        }
    }
    Py_XDECREF(ait_swap(&op->spare, NULL)); /* it may have the last item */
}

PySendResult
ait_finish(ait_op *op, ait_drive *d, PyObject **out)
{
    if (!ait_has(op, AIT_CLOSING)) {
        ait_bits_change(&op->flags, AIT_CLOSING | AIT_ENDED, 0);
        op->position = 0;
    }
    ait_op *child;
    while ((child = owned_stream(op, op->position)) != NULL) {
        PySendResult r = ait_has(op, AIT_BORROWED) ? PYGEN_RETURN : ait_close(child, d, out);
        if (r == PYGEN_NEXT) {
            ait_suspend(op, d);
            return r;
        }
        if (r == PYGEN_ERROR) {
            ait_keep_op_error(op);
        }
        op->position++;
    }
    if (op->kind->close != NULL && !ait_has(op, AIT_BORROWED)) {
        PySendResult r = op->kind->close(op, d, out);
        if (r == PYGEN_NEXT) {
            ait_suspend(op, d);
            return r;
        }
        if (r == PYGEN_ERROR) {
            ait_keep_op_error(op);
        }
        else {
            Py_XDECREF(*out);
        }
    }
    *out = NULL;
    let_go(op);
    uint8_t overtaken;
    PyObject *error = take_error(op, &overtaken);
    ait_bits_change(&op->flags, AIT_CLOSED | overtaken, AIT_CLOSING | AIT_CLOSE_ASKED);
    ait_release(op);
    if (error != NULL) {
        PyErr_SetRaisedException(error);
        return PYGEN_ERROR;
    }
    return PYGEN_RETURN;
}

PySendResult
ait_close(ait_op *op, ait_drive *d, PyObject **out)
{
    *out = NULL;
    if (d->resuming) { /* its close is suspended: go on */
        return ait_finish(op, d, out);
    }
    if (!ait_flag_take(&op->busy)) {
        /* Somebody else pulls it: it is closed at that one's next pull. But who was refused because
         * of that has no business to end it. */
        if (!d->refused) {
            ait_bits_change(&op->flags, AIT_CLOSE_ASKED, 0);
        }
        return PYGEN_RETURN;
    }
    if (ait_has(op, AIT_OVERTAKEN) && ait_run_delivers(d->run)) {
        return ait_raise_overtaken(op);
    }
    if (ait_has(op, AIT_CLOSED)) {
        PyObject *error = op->error;
        op->error = NULL; /* nobody asked for it */
        ait_bits_change(&op->flags, 0, AIT_OVERTAKEN);
        ait_flag_drop(&op->busy);
        Py_XDECREF(error);
        return PYGEN_RETURN;
    }
    return ait_finish(op, d, out);
}

PySendResult
ait_discard(ait_op **stream, ait_drive *d, PyObject **out)
{
    PySendResult r = ait_close(*stream, d, out);
    if (r != PYGEN_NEXT) {
        Py_CLEAR(*stream);
    }
    return r;
}

/* A run was dropped while op was suspended in it: nobody will resume these steps. */
void
ait_abandon(ait_op *op, ait_run *run)
{
    if (op->run == NULL || op->run != run->self) {
        return;
    }
    ait_bits_change(&op->flags, AIT_ENDED | AIT_CLOSED, 0);
    Py_CLEAR(op->awaiting);
    ait_op *child;
    for (uint32_t i = 0; (child = owned_stream(op, i)) != NULL; i++) {
        ait_abandon(child, run);
    }
    ait_release(op);
}
