/* Goals: what a run is for, the next item, a close, or a reduction. */
#include "core.h"

/* ---- the goals "next item" and "close" ------------------------------------------------------- */

static PySendResult
next_advance(ait_run *run, PyObject **out)
{
    PySendResult r;
    do {
        r = ait_pull(run->op, &run->d, out);
    } while (r == PYGEN_ERROR && ait_run_swallows(run));
    return r;
}

const ait_goal ait_next_goal = {.advance = next_advance, .spare = offsetof(ait_op, spare)};

PyObject *
ait_anext(PyObject *self)
{
    ait_op *op = (ait_op *)self;
    ait_run *run = ait_run_again(&op->spare);
    if (run != NULL) {
        run->op = (ait_op *)Py_NewRef(self);
        return (PyObject *)run;
    }
    ait_state *st = ait_state_of(Py_TYPE(self));
    return st == NULL ? NULL : (PyObject *)ait_run_new(st, &ait_next_goal, op);
}

/* Ask the run that op is suspended in to end, and wait for that in run->acc; for a turn, if it is
 * not suspended yet, but in the middle of its first step: in another thread, or further up. */
static int
interrupt(ait_run *run)
{
    ait_op *op = run->op;
    PyObject *hook = run->d.st->hooks[AIT_HOOK_CLOSE_RUNNING];
    ait_bits_change(&op->flags, AIT_CLOSE_ASKED, 0);
    PyObject *task;
    bool gone;
    ait_run *driver = ait_run_of(op, &task, &gone);
    int done = 0;
    if (hook != NULL && !gone) {
        PyObject *end = PyObject_CallFunction(
            hook, "OOOn", driver != NULL ? (PyObject *)driver : Py_None,
            task != NULL ? task : Py_None, (PyObject *)op, run->n++);
        run->acc = end == NULL ? NULL : ait_awaiter(end);
        done = run->acc == NULL ? -1 : 0;
    }
    Py_XDECREF(driver);
    Py_XDECREF(task);
    return done;
}

/* Wait until nobody pulls op, who is told that it is to be closed. */
static PySendResult
end_pull(ait_run *run, PyObject **out)
{
    ait_drive *d = &run->d;
    *out = NULL;
    bool again = !d->resuming;
    while (again || run->acc != NULL) {
        if (run->acc == NULL && ait_flag_is_taken(&run->op->busy) && interrupt(run) < 0) {
            return PYGEN_ERROR;
        }
        if (run->acc == NULL) {
            break;
        }
        PySendResult r = ait_drive_slot(&run->acc, d, out);
        if (r != PYGEN_RETURN) {
            return r;
        }
        again = *out == Py_True; /* it waited: look who has it by now */
        Py_CLEAR(*out);
    }
    return PYGEN_RETURN;
}

static PySendResult
close_advance(ait_run *run, PyObject **out)
{
    PySendResult r = end_pull(run, out);
    if (r == PYGEN_RETURN) {
        r = ait_close(run->op, &run->d, out);
    }
    if (r == PYGEN_RETURN) {
        *out = Py_NewRef(Py_None);
    }
    return r;
}

static const ait_goal close_goal = {.name = "aclose", .advance = close_advance};

bool
ait_run_delivers(const ait_run *run)
{
    return run->goal != &close_goal && !run->closing;
}

PyObject *
ait_aclose(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_state *st = ait_state_of(Py_TYPE(self));
    return st == NULL ? NULL : (PyObject *)ait_run_new(st, &close_goal, (ait_op *)self);
}

/* The next pull finds the end, as AIT_CLOSE_ASKED is set, and closes it: in the task that pulls. */
static PySendResult
halt_advance(ait_run *run, PyObject **out)
{
    PySendResult r = end_pull(run, out);
    if (r == PYGEN_RETURN) {
        *out = Py_NewRef(Py_None);
    }
    return r;
}

static const ait_goal halt_goal = {.name = "stop", .advance = halt_advance};

PyObject *
ait_halt(PyObject *module, PyObject *self)
{
    ait_state *st = ait_state_from(module);
    if (!ait_is_op(st, self)) {
        PyErr_SetString(PyExc_TypeError, "halt(): not a stream");
        return NULL;
    }
    return (PyObject *)ait_run_new(st, &halt_goal, (ait_op *)self);
}

/* ---- the goal "reduction" -------------------------------------------------------------------- */

/* Feed until the end, enough, or an error, which is kept: then the stream is closed. */
static PySendResult
reduce_items(ait_run *run, PyObject **out)
{
    for (;;) {
        PyObject *item;
        PySendResult r = ait_pull(run->op, &run->d, &item);
        if (r == PYGEN_NEXT) {
            *out = item;
            return r;
        }
        if (r == PYGEN_ERROR) {
            if (ait_run_swallows(run)) {
                continue;
            }
            ait_keep_error(&run->error);
            break;
        }
        if (item == NULL) {
            break;
        }
        int enough = run->goal->feed(run, item);
        Py_DECREF(item);
        if (enough < 0) {
            ait_keep_error(&run->error);
        }
        if (enough != 0) {
            break;
        }
    }
    run->closing = true;
    return PYGEN_RETURN;
}

PySendResult
ait_reduce(ait_run *run, PyObject **out)
{
    *out = NULL;
    if (!run->closing) {
        PySendResult r = reduce_items(run, out);
        if (r == PYGEN_NEXT) {
            return r;
        }
    }
    PySendResult r = ait_close(run->op, &run->d, out);
    if (r == PYGEN_NEXT) {
        return r;
    }
    if (r == PYGEN_ERROR) {
        if (!ait_run_swallows(run)) {
            ait_keep_error(&run->error);
        }
    }
    if (run->error != NULL) {
        PyObject *error = run->error;
        run->error = NULL;
        PyErr_SetRaisedException(error);
        return PYGEN_ERROR;
    }
    *out = run->goal->finish(run);
    return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
}
