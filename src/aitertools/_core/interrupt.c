/* Interruptions: how an aclose() in one task ends the pull that another task waits in.
 *
 * A stream knows by a weak reference which run drives it, from the first suspension of a pull or
 * close to its end. Whoever closes it meanwhile, perhaps in another thread, finds the run there,
 * has it interrupted, and waits to be told that this is over. What threads share of a run -- its
 * phase, its task, who waits, and for what -- changes under its lock, and the Python calls that
 * follow from it are made after that.
 */
#include "core.h"

/* ---- who drives a stream --------------------------------------------------------------------- */

/* op suspends: it can be found out who drives it. */
void
ait_suspend(ait_op *op, ait_drive *d)
{
    if (op->run != NULL) {
        return; /* for the second time */
    }
    ait_run *run = d->run;
    if (run->self == NULL) {
        run->self = PyWeakref_NewRef((PyObject *)run, NULL);
        if (run->self == NULL) {
            PyErr_Clear(); /* no memory: whoever closes it looks again and again */
            return;
        }
    }
    AIT_LOCK(op);
    op->run = Py_NewRef(run->self);
    AIT_UNLOCK();
}

/* Nobody drives op any more, which is taken still. */
void
ait_release_slow(ait_op *op)
{
    PyObject *run;
    AIT_LOCK(op);
    run = op->run;
    op->run = NULL;
    AIT_UNLOCK();
    Py_DECREF(run);
}

/* Who drives op and the task that suspends there, as new references. NULL: nobody, if *gone, as it
 * was dropped; or else it has still to suspend for the first time. */
ait_run *
ait_run_of(ait_op *op, PyObject **task, bool *gone)
{
    PyObject *run = NULL;
    *task = NULL;
    AIT_LOCK(op);
    *gone = op->run != NULL && ait_weakref_get(op->run, &run) == 0;
    AIT_UNLOCK();
    if (run != NULL) {
        AIT_LOCK(run);
        *task = Py_XNewRef(((ait_run *)run)->task);
        AIT_UNLOCK();
    }
    if (*task == NULL) {
        Py_CLEAR(run);
    }
    return (ait_run *)run;
}

/* Remember the task that suspends here, None if there is no loop that we know. */
static void
remember_task(ait_run *run)
{
    PyObject *hook = run->d.st->hooks[AIT_HOOK_CURRENT_TASK], *old;
    PyObject *task = hook == NULL ? NULL : PyObject_CallNoArgs(hook);
    long cancelling = 0;
    if (task != NULL && task != Py_None) {
        PyObject *asked = PyObject_CallMethodNoArgs(task, run->d.st->str_cancelling);
        cancelling = asked == NULL ? 0 : PyLong_AsLong(asked);
        Py_XDECREF(asked);
    }
    PyErr_Clear();
    if (task == NULL) {
        task = Py_NewRef(Py_None);
    }
    AIT_LOCK(run);
    old = run->task;
    run->task = task;
    run->cancelling = cancelling;
    AIT_UNLOCK();
    Py_XDECREF(old);
}

/* ---- its end --------------------------------------------------------------------------------- */

/* What has to be said when an interruption is over: first that it never came up, as what was
 * awaited absorbed it or the run ended before; then the word to those who wait. Consumes both. */
static void
say(PyObject *ours, PyObject *waiters)
{
    if (ours == NULL && waiters == NULL) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException(), *done;
    if (ours != NULL) {
        done = PyObject_CallOneArg(ours, Py_None);
        if (done == NULL) {
            PyErr_WriteUnraisable(ours);
        }
        Py_XDECREF(done);
        Py_DECREF(ours);
    }
    for (Py_ssize_t i = 0; waiters != NULL && i < PyList_GET_SIZE(waiters); i++) {
        done = PyObject_CallNoArgs(PyList_GET_ITEM(waiters, i));
        if (done == NULL) {
            PyErr_WriteUnraisable(waiters);
        }
        Py_XDECREF(done);
    }
    Py_XDECREF(waiters);
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}

void
ait_run_suspended(ait_run *run)
{
    PyObject *waiters = NULL;
    run->d.since = 0;
    if (run->op == NULL || run->d.halted) {
        return; /* halted: whoever asked is not the one who awaits */
    }
    if (run->task == NULL || run->task == Py_None) {
        remember_task(run);
    }
    AIT_LOCK(run);
    if (run->ours == NULL && !run->swallow) { /* the interruption is over, though the run is not */
        waiters = run->waiters;
        run->waiters = NULL;
    }
    AIT_UNLOCK();
    say(NULL, waiters);
}

PyObject *
ait_run_ended(ait_run *run)
{
    PyObject *ours, *waiters, *task, *op;
    AIT_LOCK(run);
    ait_bits_be(&run->phase, AIT_DONE);
    run->swallow = false;
    op = (PyObject *)run->op;
    run->op = NULL;
    ours = run->ours;
    run->ours = NULL;
    waiters = run->waiters;
    run->waiters = NULL;
    task = run->task;
    run->task = NULL;
    AIT_UNLOCK();
    say(ours, waiters);
    Py_XDECREF(task);
    return op;
}

/* ---- its way --------------------------------------------------------------------------------- */

/* interrupt(stream, over, ours): have over() called when the run is over, or waits for something
 * else. The answer is whether the caller has to cancel the task; then ours(exc) will be asked
 * whether what arrives is that cancellation and nothing else. It has not to if an interruption is
 * under way already, if the run is closing the stream, or if ours is None. */
PyObject *
ait_run_interrupt(PyObject *self, PyObject *args)
{
    ait_run *run = (ait_run *)self;
    PyObject *stream, *over, *ours;
    if (!PyArg_ParseTuple(args, "O!OO:interrupt", run->d.st->op_type, &stream, &over, &ours)) {
        return NULL;
    }
    PyObject *waiters = PyList_New(0);
    if (waiters == NULL) {
        return NULL;
    }
    bool begun = false;
    int added = 1;
    AIT_LOCK(run);
    if (ait_bits(&run->phase) == AIT_ITER) {
        if (run->waiters == NULL) {
            run->waiters = Py_NewRef(waiters);
        }
        added = PyList_Append(run->waiters, over);
        if (added == 0 && ours != Py_None && run->ours == NULL && !run->swallow &&
            !ait_has((ait_op *)stream, AIT_CLOSING)) {
            run->ours = Py_NewRef(ours);
            begun = true;
        }
    }
    AIT_UNLOCK();
    Py_DECREF(waiters);
    if (added > 0) { /* over since the caller looked */
        PyObject *told = PyObject_CallNoArgs(over);
        added = told == NULL ? -1 : 0;
        Py_XDECREF(told);
    }
    return added < 0 ? NULL : PyBool_FromLong(begun);
}

/* wants(stream, ours): whether the interruption that interrupt() began is still to be made. If the
 * run closes the stream by now it is taken back. */
PyObject *
ait_run_wants(PyObject *self, PyObject *args)
{
    ait_run *run = (ait_run *)self;
    PyObject *stream, *ours;
    if (!PyArg_ParseTuple(args, "O!O:wants", run->d.st->op_type, &stream, &ours)) {
        return NULL;
    }
    bool wanted, back;
    AIT_LOCK(run);
    wanted = run->ours == ours;
    back = wanted && ait_has((ait_op *)stream, AIT_CLOSING);
    if (back) {
        run->ours = NULL;
    }
    AIT_UNLOCK();
    if (back) {
        Py_DECREF(ours);
    }
    return PyBool_FromLong(wanted && !back);
}

/* Whether the cancellation under way is an interruption of ours; it is asked once. */
static bool
take_swallow(ait_run *run)
{
    bool was;
    AIT_LOCK(run);
    was = run->swallow;
    run->swallow = false;
    AIT_UNLOCK();
    return was;
}

int
ait_run_arrived(ait_run *run, PyObject *exc)
{
    PyObject *ours;
    AIT_LOCK(run);
    ours = run->ours;
    run->ours = NULL;
    run->swallow = ours != NULL; /* nobody begins another one while we ask */
    AIT_UNLOCK();
    Py_CLEAR(run->swallowed);
    if (ours == NULL) {
        return 0;
    }
    run->swallowed = Py_NewRef(Py_TYPE(exc));
    PyObject *verdict = PyObject_CallOneArg(ours, exc);
    Py_DECREF(ours);
    int is_ours = verdict == NULL ? -1 : ait_truth(verdict);
    if (is_ours <= 0) {
        (void)take_swallow(run);
    }
    return is_ours < 0 ? -1 : 0;
}

bool
ait_run_swallows(ait_run *run)
{
    if (!take_swallow(run) || run->swallowed == NULL ||
        !PyErr_ExceptionMatches(run->swallowed)) {
        return false;
    }
    PyErr_Clear();
    return true;
}
