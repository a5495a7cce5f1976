/* The driver: the safety gate around every step, awaiting, and giving way to the event loop.
 *
 * One walk down a pipeline is an ait_drive. A fresh pull goes down step by step until a source has
 * an item. When an awaitable on the way suspends, every step returns PYGEN_NEXT and stays `busy`.
 * To go on, the same walk is made again with d->resuming set: each step finds in its struct where
 * it was, and the innermost ait_await() takes d->value, or throws d->thrown, into what it awaits.
 */
#include "core.h"

#include <time.h>

enum { MOST_ALLOWANCE = 16 };

static const int64_t TURN_NS = 5 * 1000 * 1000; /* how long a stream may keep the loop */

/* ---- giving way ------------------------------------------------------------------------------ */

/* A clock that is quick to read; one that ticks every few milliseconds will do. */
#ifdef CLOCK_MONOTONIC_COARSE
#define TURN_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define TURN_CLOCK CLOCK_MONOTONIC
#endif

static int64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(TURN_CLOCK, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Called every d->allowance pulls: is it the loop's turn? While the clock stands still from one
 * look to the next, looks become rare; as soon as it moves, every pull is followed by one. */
static bool
turn_is_over(ait_drive *d)
{
    int64_t now = now_ns();
    bool moved = now - d->looked >= TURN_NS / 10;
    d->allowance = moved ? 1 : Py_MIN(MOST_ALLOWANCE, 2 * d->allowance + 1);
    d->budget = d->allowance - 1;
    d->looked = now;
    if (d->since == 0) { /* the loop had its turn since the last look */
        d->since = now;
    }
    return now - d->since >= TURN_NS;
}

/* What to await for one turn of the loop, in *turn, if there is a loop: 0, or -1. */
static int
begin_turn(ait_drive *d, PyObject **turn)
{
    PyObject *checkpoint = d->st->hooks[AIT_HOOK_CHECKPOINT];
    d->since = 0;
    PyObject *awaitable = checkpoint == NULL ? Py_NewRef(Py_None) : PyObject_CallNoArgs(checkpoint);
    if (awaitable == NULL) {
        return -1;
    }
    if (awaitable == Py_None) {
        Py_DECREF(awaitable);
        return 0;
    }
    *turn = ait_awaiter(awaitable);
    return *turn == NULL ? -1 : 0;
}

int
ait_turn(ait_drive *d, PyObject **turn)
{
    return --d->budget < 0 && turn_is_over(d) ? begin_turn(d, turn) : 0;
}

/* Make op wait for one turn of the loop before its step, if there is a loop: 0, or -1. */
static int
give_way(ait_op *op, ait_drive *d)
{
    if (begin_turn(d, &op->awaiting) < 0) {
        return -1;
    }
    if (op->awaiting != NULL) {
        ait_bits_change(&op->flags, AIT_GIVING_WAY, 0);
    }
    return 0;
}

/* ---- the gate -------------------------------------------------------------------------------- */

/* What follows a step (or a close) of an op that is taken: let go of it, or keep it suspended. */
PySendResult
ait_settle(ait_op *op, ait_drive *d, PyObject **out, PySendResult r)
{
    if (r == PYGEN_NEXT) {
        ait_suspend(op, d);
        return r;
    }
    if (r == PYGEN_RETURN) {
        if (*out == NULL) {
            return ait_finish(op, d, out);
        }
        ait_count_be(&op->count, op->count + 1);
    }
    else {
        *out = NULL;
        if (op->kind->fatal && PyErr_ExceptionMatches(PyExc_Exception)) {
            ait_keep_error(&op->error);
            return ait_finish(op, d, out);
        }
    }
    ait_release(op);
    return r;
}

/* The way in when something is unusual: the end, a close, a resumption, a turn for the loop. */
PySendResult
ait_pull_slow(ait_op *op, ait_drive *d, PyObject **out)
{
    *out = NULL;
    if (!d->resuming) {
        if (!ait_flag_take(&op->busy)) {
            d->refused = true;
            PyErr_Format(PyExc_RuntimeError, "%s(): already running",
                         op->kind->name != NULL ? op->kind->name : "anext");
            return PYGEN_ERROR;
        }
        if (ait_has(op, AIT_OVERTAKEN)) {
            return ait_raise_overtaken(op);
        }
        if (ait_has(op, AIT_ENDED)) {
            ait_flag_drop(&op->busy);
            return PYGEN_RETURN;
        }
        if (ait_has(op, AIT_CLOSE_ASKED)) {
            return ait_finish(op, d, out);
        }
        if (d->budget < 0 && turn_is_over(d) && give_way(op, d) < 0) {
            ait_flag_drop(&op->busy);
            return PYGEN_ERROR;
        }
    }
    if (ait_has(op, AIT_CLOSING)) {
        return ait_finish(op, d, out);
    }
    if (ait_has(op, AIT_GIVING_WAY)) {
        bool halting = d->halting; /* whoever pulls it may give way */
        d->halting = false;
        PySendResult r = ait_await(op, d, out);
        d->halting = halting;
        if (r == PYGEN_NEXT) {
            ait_suspend(op, d);
            return r;
        }
        ait_bits_change(&op->flags, 0, AIT_GIVING_WAY);
        if (r == PYGEN_ERROR) {
            ait_release(op);
            return r;
        }
        Py_CLEAR(*out);
    }
    return ait_settle(op, d, out, op->kind->step(op, d, out));
}

/* ---- awaiting -------------------------------------------------------------------------------- */

PyObject *
ait_awaiter(PyObject *obj)
{
    if (PyCoro_CheckExact(obj) || PyGen_CheckExact(obj)) {
        return obj;
    }
    PyAsyncMethods *async = Py_TYPE(obj)->tp_as_async;
    if (async == NULL || async->am_await == NULL) {
        PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                     Py_TYPE(obj)->tp_name);
        Py_DECREF(obj);
        return NULL;
    }
    PyObject *awaiter = async->am_await(obj);
    Py_DECREF(obj);
    if (awaiter != NULL && !PyIter_Check(awaiter)) {
        PyErr_Format(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'",
                     Py_TYPE(awaiter)->tp_name);
        Py_CLEAR(awaiter);
    }
    return awaiter;
}

/* The value of the StopIteration that is raised, if it is one. */
static bool
fetch_stop_value(PyObject **value)
{
    if (!PyErr_Occurred()) {
        *value = Py_NewRef(Py_None);
        return true;
    }
    if (!PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return false;
    }
    PyObject *stop = PyErr_GetRaisedException();
    *value = Py_XNewRef(((PyStopIterationObject *)stop)->value);
    if (*value == NULL) {
        *value = Py_NewRef(Py_None);
    }
    Py_DECREF(stop);
    return true;
}

/* Whether it is a coroutine that is over, as it is when the collector closed it before us. */
static bool
is_over(ait_state *st, PyObject *awaiter)
{
    if (!PyCoro_CheckExact(awaiter)) {
        return false;
    }
    PyObject *frame = PyObject_GetAttr(awaiter, st->str_cr_frame);
    PyErr_Clear();
    Py_XDECREF(frame);
    return frame == Py_None;
}

/* awaiter.throw(exc); where that cannot be, exc is simply raised there. */
static PySendResult
throw_into(ait_state *st, PyObject *awaiter, PyObject *exc, PyObject **out)
{
    PyObject *method = NULL;
    *out = NULL;
    if (!is_over(st, awaiter) && PyObject_GetOptionalAttr(awaiter, st->str_throw, &method) < 0) {
        return PYGEN_ERROR;
    }
    if (method == NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        return PYGEN_ERROR;
    }
    *out = PyObject_CallOneArg(method, exc);
    Py_DECREF(method);
    if (*out != NULL) {
        return PYGEN_NEXT;
    }
    return fetch_stop_value(out) ? PYGEN_RETURN : PYGEN_ERROR;
}

PySendResult
ait_drive_slot(PyObject **slot, ait_drive *d, PyObject **out)
{
    if (d->halting && !d->resuming) {
        d->halted = true;
        *out = NULL;
        return PYGEN_NEXT;
    }
    PyObject *awaiter = Py_NewRef(*slot);
    PySendResult r;
    if (d->resuming && d->thrown != NULL) {
        PyObject *thrown = d->thrown;
        d->resuming = false;
        d->thrown = NULL;
        r = throw_into(d->st, awaiter, thrown, out);
    }
    else {
        PyObject *value = d->resuming ? d->value : Py_None;
        d->resuming = false;
        r = PyIter_Send(awaiter, value, out);
    }
    Py_DECREF(awaiter);
    if (r != PYGEN_NEXT) {
        Py_CLEAR(*slot);
    }
    return r;
}

/* Raise what is raised anew as the cause of a RuntimeError. */
void
ait_guard_stop(const char *what)
{
    bool async_stop = PyErr_ExceptionMatches(PyExc_StopAsyncIteration);
    if (!async_stop && !PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return;
    }
    PyObject *stop = PyErr_GetRaisedException();
    PyErr_Format(PyExc_RuntimeError, "%s raised %s", what,
                 async_stop ? "StopAsyncIteration" : "StopIteration");
    PyObject *error = PyErr_GetRaisedException();
    PyException_SetCause(error, Py_NewRef(stop));
    PyException_SetContext(error, stop);
    PyErr_SetRaisedException(error);
}

PySendResult
ait_resume(ait_op *op, ait_drive *d, PyObject **out)
{
    PySendResult r = ait_await(op, d, out);
    if (r == PYGEN_ERROR) {
        ait_guard_stop("function");
    }
    return r;
}

PySendResult
ait_called_slow(ait_op *op, ait_drive *d, PyObject *result, PyObject **out)
{
    *out = NULL;
    if (result == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_SystemError,
                            "function returned NULL without setting an exception");
        }
        ait_guard_stop("function");
        return PYGEN_ERROR;
    }
    PyObject *awaiter = ait_awaiter(result);
    if (awaiter == NULL) {
        return PYGEN_ERROR;
    }
    if (d->halting) {
        op->awaiting = awaiter;
        return ait_await(op, d, out);
    }
    PySendResult r = PyIter_Send(awaiter, Py_None, out);
    if (r == PYGEN_NEXT) {
        op->awaiting = awaiter;
        return r;
    }
    Py_DECREF(awaiter);
    if (r == PYGEN_ERROR) {
        ait_guard_stop("function");
    }
    return r;
}
