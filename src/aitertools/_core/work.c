/* Work: what a worker of an operator awaits, call after call, as long as there is an item. */
#include "calls.h"

/* Put a job that is a tuple into a run. */
static int
take_on(ait_run *run, PyObject *tuple)
{
    long long ticket;
    PyObject *item, *lane;
    if (!PyArg_ParseTuple(tuple, "LOO:work", &ticket, &item, &lane)) {
        return -1;
    }
    run->n = (Py_ssize_t)ticket;
    run->item = Py_NewRef(item);
    run->waiter = Py_NewRef(lane);
    return 0;
}

/* The call is over: a job that had to wait for it, or NULL; 0, or -1. */
static int
leave(ait_calls *c, ait_run *run, PyObject **following)
{
    PyObject *lane = run->waiter;
    *following = NULL;
    run->waiter = NULL;
    Py_CLEAR(run->item);
    if (c->lanes != NULL) {
        *following = PyObject_CallMethodOneArg(c->lanes, c->st->str_leave, lane);
    }
    Py_XDECREF(lane);
    if (c->lanes != NULL && *following == NULL) {
        return -1;
    }
    if (*following == Py_None) {
        Py_CLEAR(*following);
    }
    return 0;
}

static PyObject *
call_fn(ait_calls *c, PyObject *item)
{
    if (!c->star) {
        PyObject *args[2] = {NULL, item};
        return ait_vectorcall(c->fn, args + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET);
    }
    PyObject *args = PySequence_Tuple(item);
    PyObject *result = args == NULL ? NULL : PyObject_Call(c->fn, args, NULL);
    Py_XDECREF(args);
    return result;
}

/* Make the call, or go on with it. */
static PySendResult
drive_call(ait_calls *c, ait_run *run, PyObject **out)
{
    if (run->acc == NULL) {
        *out = call_fn(c, run->item);
        if (*out == NULL || !ait_is_awaitable(*out)) {
            return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
        }
        run->acc = ait_awaiter(*out);
        *out = NULL;
        if (run->acc == NULL) {
            return PYGEN_ERROR;
        }
    }
    return ait_drive_slot(&run->acc, &run->d, out);
}

/* What is delivered for a result, which is consumed; false with an exception. */
static bool
deliver(ait_calls *c, ait_run *run, PyObject *result)
{
    ait_outcome outcome = AIT_RESULT;
    if (c->keep == AIT_KEEP_NOTHING) {
        Py_CLEAR(result);
        outcome = AIT_SKIPPED;
    }
    else if (c->keep != AIT_KEEP_RESULT) {
        int truth = ait_truth(result);
        if (truth < 0) {
            return false;
        }
        bool kept = truth == (c->keep == AIT_KEEP_ITEM_IF_TRUE);
        result = kept ? Py_NewRef(run->item) : NULL;
        outcome = kept ? AIT_RESULT : AIT_SKIPPED;
    }
    else if (c->wrap != NULL) {
        Py_SETREF(result, PyObject_CallOneArg(c->wrap, result));
        if (result == NULL) {
            return false;
        }
    }
    ait_calls_settle(c, run->n, outcome, result);
    return true;
}

/* The call failed, the error is raised: true if that is settled. Else run->acc will see to it, or,
 * if there is none, an exception is set. */
static bool
fail(ait_calls *c, ait_run *run)
{
    ait_guard_stop("function");
    bool plain = PyErr_ExceptionMatches(PyExc_Exception);
    PyObject *error = PyErr_GetRaisedException();
    PyObject *failed = ait_calls_ref(c, &c->failed), *seeing = NULL;
    if (plain && (c->raises || failed == NULL)) { /* NULL: dropped, nobody sees to it */
        Py_XDECREF(failed);
        ait_calls_settle(c, run->n, AIT_FAILURE, error);
        return true;
    }
    PyObject *tuple = ait_job_tuple(run->n, run->item, run->waiter);
    if (failed == NULL) { /* dropped */
        PyErr_SetRaisedException(Py_NewRef(error));
    }
    else if (tuple != NULL) {
        seeing = PyObject_CallFunctionObjArgs(failed, error, tuple, NULL);
    }
    Py_XDECREF(failed);
    Py_XDECREF(tuple);
    Py_DECREF(error);
    run->acc = seeing == NULL ? NULL : ait_awaiter(seeing);
    run->closing = true;
    return false;
}

/* Whether the call that is over left the context of its task as it was; not, if that cannot be
 * said: the values are compared, and may object. */
static bool
is_untouched(ait_run *run)
{
    PyObject *context = PyContext_CopyCurrent();
    int same = context == NULL ? -1 : PyObject_RichCompareBool(context, run->error, Py_EQ);
    Py_XDECREF(context);
    if (same < 0) {
        PyErr_Clear();
    }
    return same > 0;
}

/* Whether the worker is dropped, and not at its end: then nothing begins any more. */
static bool
is_dropped(ait_run *run)
{
    PyObject *thrown = run->d.thrown;
    return thrown != NULL && PyErr_GivenExceptionMatches(thrown, PyExc_GeneratorExit);
}

/* Make the call, or go on with it, until its outcome is settled. */
static PySendResult
finish_call(ait_calls *c, ait_run *run, PyObject **out)
{
    bool dropped = is_dropped(run);
    for (;;) {
        PySendResult r = drive_call(c, run, out);
        if (r == PYGEN_NEXT || dropped) {
            return r;
        }
        if (run->closing) {
            run->closing = false;
            if (r == PYGEN_RETURN) {
                Py_CLEAR(*out);
            }
            return r; /* an error: the worker was cancelled */
        }
        bool settled = r == PYGEN_RETURN && deliver(c, run, *out);
        *out = NULL;
        if (settled || fail(c, run)) {
            return PYGEN_RETURN;
        }
        if (run->acc == NULL) {
            return PYGEN_ERROR;
        }
    }
}

/* After a call: 1: this worker goes on, 0: it ends with the result in *out, -1. */
static int
may_go_on(ait_calls *c, ait_run *run, PyObject **out)
{
    PyObject *following;
    bool same = is_untouched(run);
    if (leave(c, run, &following) < 0) {
        return -1;
    }
    if (c->closing) { /* what waited for this call does not begin any more */
        Py_CLEAR(following);
    }
    if (!same) {
        *out = following != NULL ? following : Py_NewRef(Py_False);
        return 0;
    }
    if (following != NULL) {
        int taken = take_on(run, following);
        Py_DECREF(following);
        return taken < 0 ? -1 : 1;
    }
    return ait_turn(&run->d, &run->acc) < 0 ? -1 : 1;
}

/* The next item for this worker: 1, 0: there is none just now, -1. What was handed out before and
 * not begun comes first, whoever is called up for it: calls begin in the order of the items. */
static int
take_next(ait_calls *c, ait_run *run)
{
    ait_job next;
    Py_ssize_t handed = PyObject_Size(c->handed);
    if (handed != 0) {
        PyObject *tuple =
            handed < 0 ? NULL : PyObject_CallMethodNoArgs(c->handed, c->st->str_popleft);
        int taken = tuple == NULL ? -1 : take_on(run, tuple);
        Py_XDECREF(tuple);
        return taken < 0 ? -1 : 1;
    }
    int there = ait_calls_next(c, &next);
    if (there == 1) {
        run->n = (Py_ssize_t)next.ticket;
        run->item = next.item;
        run->waiter = next.lane;
    }
    return there;
}

/* Call after call, as long as there is an item. The result is None, unless a function has set a
 * context variable, which no other call is to see: then another worker has to go on, with the job
 * that is the result, or False.
 *
 * run->item, ->waiter and ->n are the item, its lane and its ticket; there is no item while it
 * gives way to the loop. run->acc is what is awaited, and run->closing says that this is `failed`;
 * run->error is the context as it was. */
static PySendResult
work_advance(ait_run *run, PyObject **out)
{
    ait_calls *c = (ait_calls *)run->arg;
    *out = NULL;
    if (run->error == NULL) {
        run->error = PyContext_CopyCurrent();
        if (run->error == NULL) {
            return PYGEN_ERROR;
        }
    }
    for (;;) {
        if (run->item != NULL) {
            bool dropped = is_dropped(run);
            PySendResult r = finish_call(c, run, out);
            if (dropped) {
                return r;
            }
            int goes_on = r == PYGEN_RETURN ? may_go_on(c, run, out) : -1;
            if (goes_on <= 0) {
                return goes_on < 0 && r == PYGEN_RETURN ? PYGEN_ERROR : r;
            }
        }
        if (run->item == NULL && run->acc != NULL) {
            PySendResult r = ait_drive_slot(&run->acc, &run->d, out);
            if (r != PYGEN_RETURN) {
                return r;
            }
            Py_CLEAR(*out);
        }
        int there = run->item != NULL ? 1 : take_next(c, run);
        if (there <= 0) {
            *out = there == 0 ? Py_NewRef(Py_None) : NULL;
            return there == 0 ? PYGEN_RETURN : PYGEN_ERROR;
        }
    }
}

static const ait_goal work_goal = {.name = "work", .of = "Calls", .advance = work_advance};

/* work(job) -> awaitable */
PyObject *
ait_calls_work(PyObject *self, PyObject *tuple)
{
    if (!PyTuple_Check(tuple)) {
        PyErr_SetString(PyExc_TypeError, "work(): not a job");
        return NULL;
    }
    ait_run *run = ait_run_new(((ait_calls *)self)->st, &work_goal, NULL);
    if (run == NULL || take_on(run, tuple) < 0) {
        Py_XDECREF(run);
        return NULL;
    }
    run->arg = Py_NewRef(self);
    return (PyObject *)run;
}
