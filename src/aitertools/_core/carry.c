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
    c->courier = courier;
    c->task = PyObject_GetAttr(courier, st->str_task);
    c->loop = c->task == NULL ? NULL : PyObject_GetAttr(courier, st->str_loop);
    c->context = c->loop == NULL ? NULL : PyObject_GetAttr(courier, st->str_context);
    return c->context == NULL ? -1 : 0;
}

/* Its task was cancelled by somebody else, or its loop closed: that is told once, as an error. */
static int
its_task_is_over(ait_carrier *c, const char *why)
{
    Py_CLEAR(c->pull);
    if (ait_bits(&c->over)) {
        return PYGEN_RETURN;
    }
    ait_bits_be(&c->over, true);
    PyErr_SetString(PyExc_RuntimeError, why);
    return PYGEN_ERROR;
}

/* Hand the pull over, which is ours no more from then on: before the call is back, the courier may
 * have delivered what came of it, in its thread, and another consumer may have begun the next. */
static int
hand_over(ait_carrier *c, ait_state *st)
{
    PyObject *pull = (PyObject *)c->pull;
    c->pull = NULL;
    PyObject *adopted = PyObject_CallMethodOneArg(c->courier, st->str_adopt, pull);
    Py_DECREF(pull);
    int has_it = adopted == NULL ? -1 : ait_truth(adopted);
    if (has_it == 0) {
        return its_task_is_over(c, "the event loop that pulled the shared source is closed");
    }
    return has_it < 0 ? PYGEN_ERROR : AIT_CARRIED;
}

/* The pull, made in the courier's name, waits for *out, which is consumed. What asyncio waits for
 * the courier watches, without a turn of its task, and has us go on when it is there. */
static int
watch(ait_carrier *c, ait_state *st, PyObject **out)
{
    ait_run *pull = c->pull;
    PyObject *awaited = *out;
    c->pull = NULL;
    *out = NULL;
    PyObject *watched =
        PyObject_CallMethodObjArgs(c->courier, st->str_watch, (PyObject *)pull, awaited, NULL);
    int has_it = watched == NULL ? -1 : ait_truth(watched);
    if (has_it == 0) {
        c->pull = pull;
        pull->held = awaited; /* what it yielded, it yields once more: to the courier's loop */
        return hand_over(c, st);
    }
    Py_DECREF(awaited);
    Py_DECREF(pull);
    return has_it < 0 ? PYGEN_ERROR : AIT_CARRIED;
}

/* Whether this thread runs the courier's loop: 1, 0, or -1. */
static int
is_in_its_loop(ait_carrier *c, ait_state *st)
{
    PyObject *running = ait_vectorcall(st->hooks[AIT_HOOK_RUNNING_LOOP], NULL, 0);
    Py_XDECREF(running);
    return running == NULL ? -1 : running == c->loop;
}

static int
is_over(ait_carrier *c, ait_state *st)
{
    PyObject *done = PyObject_CallMethodNoArgs(c->task, st->str_done);
    return done == NULL ? -1 : ait_truth(done);
}

/* Have it be the running task of that loop; answers with the one that was, or None. */
static PyObject *
swap_task(ait_state *st, PyObject *loop, PyObject *task)
{
    PyObject *swap = st->hooks[AIT_HOOK_SWAP_TASK];
    if (!PyDict_CheckExact(swap)) {
        PyObject *args[] = {loop, task};
        return ait_vectorcall(swap, args, 2);
    }
    /* Up to 3.11: a dict of the running tasks by their loops. */
    PyObject *before = PyDict_GetItemWithError(swap, loop);
    if (before == NULL && PyErr_Occurred()) {
        return NULL;
    }
    before = Py_NewRef(before != NULL ? before : Py_None);
    if ((task != Py_None ? PyDict_SetItem(swap, loop, task) : PyDict_DelItem(swap, loop)) < 0) {
        Py_CLEAR(before);
    }
    return before;
}

/* Make the pull on the spot, as if the courier made it; what it waited for failed: with that. */
static PySendResult
send_as_courier(ait_carrier *c, ait_state *st, PyObject *failure, PyObject **out)
{
    PyObject *before = swap_task(st, c->loop, c->task);
    if (before == NULL) {
        return PYGEN_ERROR;
    }
    PySendResult r = PYGEN_ERROR;
    bool entered = PyContext_Enter(c->context) == 0;
    if (entered) {
        r = failure == NULL ? ait_run_send((PyObject *)c->pull, Py_None, out)
                            : ait_run_throw((PyObject *)c->pull, failure, out);
    }
    PyObject *raised = PyErr_GetRaisedException();
    if (entered && PyContext_Exit(c->context) < 0) {
        PyErr_WriteUnraisable(c->courier);
    }
    PyObject *after = swap_task(st, c->loop, before);
    if (after == NULL) {
        PyErr_WriteUnraisable(c->courier);
    }
    Py_XDECREF(after);
    Py_DECREF(before);
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
    return r;
}

static int
pull_as_courier(ait_carrier *c, ait_state *st, PyObject **out)
{
    int over = ait_bits(&c->over) ? 1 : is_over(c, st);
    if (over < 0) {
        return PYGEN_ERROR;
    }
    if (over) {
        return its_task_is_over(c, "the task that pulled the shared source was cancelled");
    }
    /* Who closes answers when that is done. */
    bool busy = ait_bits(&c->closing) || ait_bits(&c->delivering);
    int here = busy ? 0 : is_in_its_loop(c, st);
    if (here <= 0) {
        return here < 0 ? PYGEN_ERROR : hand_over(c, st);
    }
    PySendResult r = send_as_courier(c, st, NULL, out);
    return r == PYGEN_NEXT ? watch(c, st, out) : settle(c, r, out);
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

static int
begin(ait_carrier *c)
{
    c->pull = (ait_run *)ait_anext((PyObject *)c->source);
    if (c->pull == NULL) {
        return -1;
    }
    c->pull->quiet = true;
    return 0;
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
    if (c->pull == NULL && begin(c) < 0) {
        return PYGEN_ERROR;
    }
    if (c->courier != NULL) {
        return pull_as_courier(c, d->st, out);
    }
    c->pull->d.halting = !c->alone;
    r = ait_run_send((PyObject *)c->pull, Py_None, out);
    return begin_to_await(shared, c, d->st, r, out);
}

/* The pull gave way to the loop on the spot: its turn is the courier's to wait for. */
static int
go_aside(ait_carrier *c, ait_state *st, PyObject **out)
{
    ait_run *pull = c->pull;
    PyObject *task;
    pull->held = *out;
    *out = NULL;
    AIT_LOCK(pull);
    task = pull->task;
    pull->task = Py_NewRef(c->task);
    AIT_UNLOCK();
    Py_XDECREF(task);
    return hand_over(c, st);
}

/* Raise that there can be no courier; true. */
static bool
no_place(ait_state *st)
{
    PyObject *in_loop = PyObject_CallNoArgs(st->hooks[AIT_HOOK_IN_LOOP]);
    if (in_loop != NULL) {
        PyErr_SetString(PyExc_RuntimeError,
                        in_loop == Py_True
                            ? "under trio, use a stream with concurrency inside 'async with'"
                            : "no running event loop");
        Py_DECREF(in_loop);
    }
    return true;
}

int
ait_carry_aside(PyObject *shared, ait_carrier *c, ait_state *st, bool polite, PyObject **out)
{
    *out = NULL;
    if (c->pull == NULL && begin(c) < 0) {
        return PYGEN_ERROR;
    }
    if (polite) {
        c->pull->d.since = 0;
    }
    if (c->courier != NULL) {
        return pull_as_courier(c, st, out);
    }
    c->stranded = false;
    bool halted = c->pull->d.halted; /* before, when it was stranded */
    if (!halted) {
        c->pull->d.halting = true;
        PySendResult r = ait_run_send((PyObject *)c->pull, Py_None, out);
        halted = c->pull->d.halted;
        c->pull->d.halting = false;
        if (r != PYGEN_NEXT) {
            return settle(c, r, out);
        }
    }
    if (engage(shared, c, st) < 0 || (c->courier == NULL && no_place(st))) {
        Py_CLEAR(*out);
        c->stranded = true; /* to be gone on with when there is */
        return PYGEN_ERROR;
    }
    c->pull->d.halted = false;
    return halted ? pull_as_courier(c, st, out) : go_aside(c, st, out);
}

PySendResult
ait_carry_close(PyObject *shared, ait_carrier *c, ait_op *op, ait_drive *d, PyObject **out)
{
    PyObject *courier = NULL;
    ait_op *source;
    PySendResult r = PYGEN_RETURN;
    *out = NULL;
    AIT_LOCK(shared);
    source = (ait_op *)Py_XNewRef((PyObject *)c->source);
    courier = op->awaiting == NULL ? Py_XNewRef(c->courier) : NULL;
    AIT_UNLOCK();
    if (courier != NULL) {
        PyObject *stop = PyObject_CallMethodNoArgs(courier, d->st->str_stop);
        Py_DECREF(courier);
        op->awaiting = stop == NULL ? NULL : ait_awaiter(stop);
        r = op->awaiting == NULL ? PYGEN_ERROR : PYGEN_RETURN;
    }
    if (op->awaiting != NULL) {
        r = ait_await(op, d, out);
        if (r == PYGEN_RETURN) {
            Py_CLEAR(*out);
        }
    }
    else if (r != PYGEN_ERROR && source != NULL) {
        r = ait_close(source, d, out);
    }
    Py_XDECREF(source);
    return r;
}

/* Take all first: what is done with it runs Python code, and others may look. */
void
ait_carry_drop(PyObject *shared, ait_carrier *c, ait_state *st)
{
    ait_carrier gone;
    AIT_LOCK(shared);
    gone = *c;
    c->courier = c->task = c->loop = c->context = NULL;
    c->pull = NULL;
    c->source = NULL;
    AIT_UNLOCK();
    if (gone.courier != NULL) {
        PyObject *raised = PyErr_GetRaisedException();
        PyObject *done = PyObject_CallMethodNoArgs(gone.courier, st->str_dismiss);
        if (done == NULL) {
            PyErr_WriteUnraisable(gone.courier);
        }
        Py_XDECREF(done);
        if (raised != NULL) {
            PyErr_SetRaisedException(raised);
        }
    }
    Py_XDECREF(gone.courier);
    Py_XDECREF(gone.task);
    Py_XDECREF(gone.loop);
    Py_XDECREF(gone.context);
    Py_XDECREF((PyObject *)gone.pull);
    Py_XDECREF((PyObject *)gone.source);
}

int
ait_carry_traverse(ait_carrier *c, visitproc visit, void *arg)
{
    Py_VISIT(c->source);
    Py_VISIT(c->pull);
    Py_VISIT(c->courier);
    Py_VISIT(c->task);
    Py_VISIT(c->loop);
    Py_VISIT(c->context);
    return 0;
}

PyObject *
ait_carry_deliver(PyObject *shared, ait_carrier *c, PyObject *args, ait_deliver_fn *deliver)
{
    const char *outcome;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "sO:deliver", &outcome, &value)) {
        return NULL;
    }
    ait_bits_be(&c->delivering, true);
    if (strcmp(outcome, "item") == 0) {
        deliver(shared, PYGEN_RETURN, Py_NewRef(value));
    }
    else if (strcmp(outcome, "end") == 0) {
        deliver(shared, PYGEN_RETURN, NULL);
    }
    else if (strcmp(outcome, "closing") == 0) {
        ait_bits_be(&c->closing, true);
    }
    else if (PyExceptionInstance_Check(value)) {
        if (ait_bits(&c->closing)) { /* the last word: who asks again, meanwhile, is at the end */
            ait_bits_be(&c->over, true);
        }
        PyErr_SetRaisedException(Py_NewRef(value));
        deliver(shared, PYGEN_ERROR, NULL);
    }
    ait_bits_be(&c->delivering, false);
    Py_RETURN_NONE;
}

PyObject *
ait_carry_go_on(PyObject *shared, ait_carrier *c, ait_state *st, PyObject *args,
                ait_deliver_fn *deliver)
{
    PyObject *pull, *failure, *out = NULL;
    if (!PyArg_ParseTuple(args, "O!O:go_on", st->run_type, &pull, &failure)) {
        return NULL;
    }
    c->pull = (ait_run *)Py_NewRef(pull);
    PySendResult r = send_as_courier(c, st, failure != Py_None ? failure : NULL, &out);
    if (r == PYGEN_NEXT) {
        return watch(c, st, &out) == AIT_CARRIED ? Py_NewRef(Py_None) : NULL;
    }
    r = settle(c, r, &out);
    if (r == PYGEN_ERROR && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return PyErr_GetRaisedException();
    }
    deliver(shared, r, out);
    Py_RETURN_NONE;
}
