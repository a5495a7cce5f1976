/* Runs: the awaitables that drive a pipeline, for one item, for a close, or for a whole reduction.
 *
 * am_send does the work; tp_iternext, send(), throw() and close() are other faces of it.
 */
#include "core.h"

#include <structmember.h>

ait_run *
ait_run_new(ait_state *st, const ait_goal *goal, ait_op *op)
{
    ait_run *run = (ait_run *)st->run_type->tp_alloc(st->run_type, 0);
    if (run == NULL) {
        return NULL;
    }
    run->d.st = st;
    run->d.run = run;
    run->goal = goal;
    run->op = (ait_op *)Py_XNewRef(op);
    return run;
}

ait_run *
ait_run_again(PyObject **spare)
{
    ait_run *run = (ait_run *)ait_swap(spare, NULL);
    if (run == NULL || run->finalized || !ait_is_sole_owner((PyObject *)run)) {
        Py_XDECREF(run);
        return NULL;
    }
    if (run->stop != NULL && !ait_is_unique(run->stop)) {
        Py_CLEAR(run->stop); /* somebody caught and kept it, with its value */
    }
    else if (run->stop != NULL) {
        Py_CLEAR(((PyStopIterationObject *)run->stop)->value);
    }
    run->d.refused = run->quiet = false;
    ait_bits_be(&run->phase, AIT_INIT);
    return run;
}

/* ---- beginning, suspending, ending ----------------------------------------------------------- */

static void
run_over(ait_run *run)
{
    PyObject *owner = ait_run_ended(run);
    if (owner == NULL) {
        owner = run->arg;
        run->arg = NULL;
        if (run->goal->spare != 0) {
            Py_CLEAR(run->item);
        }
    }
    ait_flag_drop(&run->busy);
    if (run->goal->spare != 0 && !run->finalized) { /* its finalizer would not run again */
        PyObject **spare = (PyObject **)((char *)owner + run->goal->spare);
        Py_XDECREF(ait_swap(spare, Py_NewRef((PyObject *)run)));
    }
    Py_XDECREF(owner);
}

/* What follows an advance: stay suspended, or be over. An end is an exception in the protocol, and
 * no other error may look like one (PEP 479): a StopIteration would be taken for a result. */
static PySendResult
run_settle(ait_run *run, PySendResult r, PyObject **out)
{
    if (r == PYGEN_NEXT) {
        ait_run_suspended(run);
        ait_flag_drop(&run->busy);
        return r;
    }
    if (r == PYGEN_ERROR) {
        *out = NULL;
        ait_guard_stop("stream");
        if (run->op != NULL && !run->quiet) {
            ait_add_note(run);
        }
    }
    run_over(run);
    if (r == PYGEN_RETURN && *out == NULL) {
        PyErr_SetNone(PyExc_StopAsyncIteration);
        return PYGEN_ERROR;
    }
    return r;
}

static PySendResult
run_go(ait_run *run, PyObject **out)
{
    return run_settle(run, run->goal->advance(run, out), out);
}

/* The usual case of run_send(): an __anext__ that finds an item without suspending. */
static PySendResult
next_item(ait_run *run, PyObject **out)
{
    ait_op *op = run->op;
    ait_bits_be(&run->phase, AIT_ITER);
    PySendResult r = ait_pull(op, &run->d, out);
    if (r != PYGEN_RETURN || *out == NULL) {
        return run_settle(run, r, out);
    }
    ait_bits_be(&run->phase, AIT_DONE);
    run->op = NULL;
    ait_flag_drop(&run->busy);
    Py_XDECREF(ait_swap(&op->spare, Py_NewRef((PyObject *)run)));
    Py_DECREF(op);
    return r;
}

/* Take the run for this caller; false with an exception if it is running or over. */
static bool
run_enter(ait_run *run)
{
    if (!ait_flag_take(&run->busy)) {
        PyErr_SetString(PyExc_RuntimeError, "coroutine already executing");
        return false;
    }
    if (ait_bits(&run->phase) == AIT_DONE) {
        ait_flag_drop(&run->busy);
        PyErr_Format(PyExc_RuntimeError, "cannot reuse already awaited %s()",
                     run->goal->name != NULL ? run->goal->name : "__anext__");
        return false;
    }
    return true;
}

/* ---- the faces ------------------------------------------------------------------------------- */

static PySendResult
run_resume(ait_run *run, PyObject *value, PyObject **out)
{
    if (!run_enter(run)) {
        return PYGEN_ERROR;
    }
    if (ait_bits(&run->phase) == AIT_INIT) {
        if (run->goal == &ait_next_goal && value == Py_None) {
            return next_item(run, out);
        }
        if (value != Py_None) {
            ait_flag_drop(&run->busy);
            PyErr_SetString(PyExc_TypeError,
                            "can't send non-None value to a just-started coroutine");
            return PYGEN_ERROR;
        }
        ait_bits_be(&run->phase, AIT_ITER);
    }
    else if (run->held != NULL) {
        *out = run->held;
        run->held = NULL;
        ait_flag_drop(&run->busy);
        return PYGEN_NEXT;
    }
    else {
        run->d.resuming = true;
        run->d.value = value;
    }
    return run_go(run, out);
}

PySendResult
ait_run_send(PyObject *self, PyObject *value, PyObject **out)
{
    ait_run *run = (ait_run *)self;
    *out = NULL;
    /* A stream may read another one by way of Python objects, which AIT_MAX_DEPTH does not see. */
    bool fresh = ait_bits(&run->phase) == AIT_INIT; /* what waits is on no way back to here */
    if (fresh && Py_EnterRecursiveCall(" in a stream")) {
        return PYGEN_ERROR;
    }
    PySendResult r = run_resume(run, value, out);
    if (fresh) {
        Py_LeaveRecursiveCall();
    }
    return r;
}

/* Raise StopIteration(item), consuming item. From 3.12 on this is the way an item reaches `async
 * for`: the exception is used again while nobody else has it and nobody caught it. */
static void
raise_stop(ait_run *run, PyObject *item)
{
    PyStopIterationObject *stop = (PyStopIterationObject *)run->stop;
    if (stop == NULL || !ait_is_unique(run->stop) || stop->traceback != NULL ||
        stop->context != NULL) {
        Py_XSETREF(run->stop, PyObject_CallNoArgs(PyExc_StopIteration));
        stop = (PyStopIterationObject *)run->stop;
        if (stop == NULL) {
            Py_DECREF(item);
            return;
        }
    }
    Py_XSETREF(stop->value, item);
    PyErr_SetRaisedException(Py_NewRef(run->stop));
}

static PyObject *
answer(ait_run *run, PySendResult r, PyObject *out)
{
    if (r == PYGEN_RETURN) {
        raise_stop(run, out);
        return NULL;
    }
    return out; /* NULL on error */
}

static PyObject *
run_iternext(PyObject *self)
{
    PyObject *out;
    PySendResult r = ait_run_send(self, Py_None, &out);
    if (r == PYGEN_RETURN && out == Py_None) { /* to tp_iternext, that is no exception at all */
        Py_DECREF(out);
        return NULL;
    }
    return answer((ait_run *)self, r, out);
}

/* As with coroutines, one that somebody awaits is not driven from a second place. Of an __anext__
 * that cannot be said: the builtin anext() with a default asks for its iterator at every step. */
static PyObject *
run_await(PyObject *self)
{
    ait_run *run = (ait_run *)self;
    if (ait_bits(&run->phase) == AIT_ITER && run->goal != &ait_next_goal) {
        PyErr_SetString(PyExc_RuntimeError, "coroutine is being awaited already");
        return NULL;
    }
    return Py_NewRef(self);
}

static PyObject *
run_send_method(PyObject *self, PyObject *value)
{
    PyObject *out;
    PySendResult r = ait_run_send(self, value, &out);
    return answer((ait_run *)self, r, out);
}

/* The exception that throw(type[, value[, traceback]]) means. */
static PyObject *
thrown_exception(PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *exc;
    if (PyExceptionInstance_Check(args[0])) {
        exc = Py_NewRef(args[0]);
    }
    else if (!PyExceptionClass_Check(args[0])) {
        PyErr_Format(PyExc_TypeError,
                     "exceptions must be classes or instances deriving from BaseException, not %s",
                     Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    else if (nargs < 2 || args[1] == Py_None) {
        exc = PyObject_CallNoArgs(args[0]);
    }
    else if (PyObject_TypeCheck(args[1], (PyTypeObject *)args[0])) {
        exc = Py_NewRef(args[1]);
    }
    else {
        exc = PyObject_CallOneArg(args[0], args[1]);
    }
    if (exc != NULL && nargs == 3 && args[2] != Py_None &&
        PyException_SetTraceback(exc, args[2]) < 0) {
        Py_CLEAR(exc);
    }
    return exc;
}

/* The same, of one that is taken already. */
static PySendResult
throw_taken(ait_run *run, PyObject *exc, PyObject **out)
{
    *out = NULL;
    if (ait_bits(&run->phase) == AIT_INIT) {
        ait_bits_be(&run->phase, AIT_ITER);
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        if (run->goal->feed == NULL) {
            ait_guard_stop("stream");
            run_over(run);
            return PYGEN_ERROR;
        }
        /* A reduction owes its stream a close, also when it is cancelled before it began. */
        ait_keep_error(&run->error);
        run->closing = true;
        return run_go(run, out);
    }
    Py_CLEAR(run->held);
    if (ait_run_arrived(run, exc) < 0) {
        ait_flag_drop(&run->busy);
        return PYGEN_ERROR;
    }
    run->d.resuming = true;
    run->d.thrown = exc;
    return run_go(run, out);
}

PySendResult
ait_run_throw(PyObject *self, PyObject *exc, PyObject **out)
{
    *out = NULL;
    return run_enter((ait_run *)self) ? throw_taken((ait_run *)self, exc, out) : PYGEN_ERROR;
}

static PyObject *
run_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 1, 3, "throw")) {
        return NULL;
    }
    PyObject *exc = thrown_exception(args, nargs), *out;
    if (exc == NULL) {
        return NULL;
    }
    PySendResult r = ait_run_throw(self, exc, &out);
    Py_DECREF(exc);
    return answer((ait_run *)self, r, out);
}

static PyObject *
run_close(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_run *run = (ait_run *)self;
    if (ait_bits(&run->phase) == AIT_DONE) { /* also while it lets go of what it had */
        Py_RETURN_NONE;
    }
    PyObject *exit = PyObject_CallNoArgs(PyExc_GeneratorExit), *out;
    if (exit == NULL) {
        return NULL;
    }
    if (!ait_flag_take(&run->busy)) {
        Py_DECREF(exit);
        if (ait_bits(&run->phase) == AIT_DONE) {
            Py_RETURN_NONE;
        }
        PyErr_SetString(PyExc_RuntimeError, "coroutine already executing");
        return NULL;
    }
    if (ait_bits(&run->phase) != AIT_ITER) { /* it has not begun, and never will; or is over */
        ait_op *op = run->op;
        ait_bits_be(&run->phase, AIT_DONE);
        run->op = NULL;
        ait_flag_drop(&run->busy);
        Py_XDECREF(op);
        Py_DECREF(exit);
        Py_RETURN_NONE;
    }
    PySendResult r = throw_taken(run, exit, &out);
    Py_DECREF(exit);
    if (r == PYGEN_NEXT) {
        Py_DECREF(out);
        PyErr_SetString(PyExc_RuntimeError, "coroutine ignored GeneratorExit");
        return NULL;
    }
    if (r == PYGEN_ERROR && !PyErr_ExceptionMatches(PyExc_GeneratorExit) &&
        !PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
        return NULL;
    }
    PyErr_Clear();
    Py_XDECREF(out);
    Py_RETURN_NONE;
}

/* ---- the type -------------------------------------------------------------------------------- */

static int
run_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_run *run = (ait_run *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(run->op);
    Py_VISIT(run->stop);
    Py_VISIT(run->task);
    Py_VISIT(run->waiters);
    Py_VISIT(run->ours);
    Py_VISIT(run->swallowed);
    Py_VISIT(run->error);
    Py_VISIT(run->acc);
    Py_VISIT(run->arg);
    Py_VISIT(run->item);
    Py_VISIT(run->waiter);
    Py_VISIT(run->held);
    return 0;
}

static int
run_clear(PyObject *self)
{
    ait_run *run = (ait_run *)self;
    if (ait_bits(&run->phase) == AIT_ITER && run->op != NULL) { /* it was finalized before */
        ait_abandon(run->op, run);
    }
    Py_XDECREF(ait_run_ended(run));
    Py_CLEAR(run->stop);
    Py_CLEAR(run->swallowed);
    Py_CLEAR(run->error);
    Py_CLEAR(run->acc);
    Py_CLEAR(run->waiter);
    Py_CLEAR(run->held);
    Py_CLEAR(run->arg);
    Py_CLEAR(run->item);
    return 0;
}

/* Take back, if it is that, the error of a generator that the collector has found together with the
 * coroutine which it awaits: that was closed first, and cannot be told of GeneratorExit any more.
 * The generator has ended all the same. */
static bool
is_of_collector(void)
{
    static const char said[] = "cannot reuse already awaited coroutine";
    PyObject *exc = PyErr_GetRaisedException();
    bool may = PyErr_GivenExceptionMatches(exc, PyExc_RuntimeError);
    PyObject *text = may ? PyObject_Str(exc) : NULL;
    bool is = text != NULL && PyUnicode_CompareWithASCIIString(text, said) == 0;
    Py_XDECREF(text);
    PyObject *context = is ? PyException_GetContext(exc) : NULL;
    if (context != NULL && PyErr_GivenExceptionMatches(context, PyExc_GeneratorExit)) {
        is = false; /* it had been told, and its own code awaits something twice */
    }
    Py_XDECREF(context);
    if (is) {
        Py_DECREF(exc);
    }
    else {
        PyErr_SetRaisedException(exc);
    }
    return is;
}

/* As a coroutine: one that was never awaited warns, a suspended one is closed. */
static void
run_finalize(PyObject *self)
{
    ait_run *run = (ait_run *)self;
    uint8_t phase = ait_bits(&run->phase);
    run->finalized = true;
    if (phase == AIT_DONE || (phase == AIT_INIT && run->goal == &ait_next_goal)) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    if (phase == AIT_INIT) {
        if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "'%s.%s' was never awaited",
                             run->goal->of != NULL ? run->goal->of : "Stream",
                             run->goal->name) < 0) {
            PyErr_WriteUnraisable(self);
        }
    }
    else {
        ait_op *op = (ait_op *)Py_XNewRef(run->op);
        PyObject *done = run_close(self, NULL);
        if (done == NULL && !is_of_collector()) {
            PyErr_WriteUnraisable(self);
        }
        Py_XDECREF(done);
        if (op != NULL) {
            ait_abandon(op, run);
            Py_DECREF(op);
        }
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}

static void
run_dealloc(PyObject *self)
{
    if (((ait_run *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self); /* first, so that nobody finds it in the middle of its end */
    }
    if (PyObject_CallFinalizerFromDealloc(self) < 0) {
        return;
    }
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)run_clear(self);
    PyMem_Free(((ait_run *)self)->extra);
    Py_CLEAR(((ait_run *)self)->self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
run_repr(PyObject *self)
{
    ait_run *run = (ait_run *)self;
    const char *name = run->goal->name != NULL ? run->goal->name : "__anext__";
    if (!ait_flag_take(&run->busy)) { /* who runs it may end it while we look */
        return PyUnicode_FromFormat("<awaitable %s, running>", name);
    }
    const char *of = run->arg != NULL && run->goal->of != NULL ? run->goal->of : "done";
    PyObject *path = run->op == NULL ? PyUnicode_FromString(of) : ait_describe(run->op);
    ait_flag_drop(&run->busy);
    PyObject *text = path == NULL ? NULL : PyUnicode_FromFormat("<awaitable %s of %U>", name, path);
    Py_XDECREF(path);
    return text;
}

static PyMethodDef run_methods[] = {
    {"send", run_send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))run_throw, METH_FASTCALL, NULL},
    {"close", run_close, METH_NOARGS, NULL},
    {"interrupt", ait_run_interrupt, METH_VARARGS, NULL},
    {"wants", ait_run_wants, METH_VARARGS, NULL},
    {NULL},
};

static PyObject *
run_cancelling(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyLong_FromLong(((ait_run *)self)->cancelling);
}

static PyObject *
run_rest(PyObject *self, void *Py_UNUSED(ignored))
{
    return ait_put_many_rest((ait_run *)self);
}

static PyObject *
run_stream(PyObject *self, void *Py_UNUSED(ignored))
{
    ait_run *run = (ait_run *)self;
    if (!ait_flag_take(&run->busy)) { /* who runs it may end it while we look */
        Py_RETURN_NONE;
    }
    PyObject *stream = run->op == NULL ? Py_None : (PyObject *)run->op;
    Py_INCREF(stream);
    ait_flag_drop(&run->busy);
    return stream;
}

static PyGetSetDef run_getset[] = {
    {"stream", run_stream, NULL,
     PyDoc_STR("The stream that it consumes, to stop it and for its stats; None when it is over."),
     NULL},
    {"cancelling", run_cancelling, NULL,
     PyDoc_STR("How often the task had been asked to cancel when it suspended."), NULL},
    {"rest", run_rest, NULL, PyDoc_STR("Of Queue.put_many(): the items not put yet, a list."),
     NULL},
    {NULL},
};

static PyMemberDef run_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ait_run, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot run_slots[] = {
    {Py_tp_dealloc, run_dealloc},
    {Py_tp_finalize, run_finalize},
    {Py_tp_traverse, run_traverse},
    {Py_tp_clear, run_clear},
    {Py_tp_repr, run_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, run_iternext},
    {Py_tp_methods, run_methods},
    {Py_tp_members, run_members},
    {Py_tp_getset, run_getset},
    {Py_am_await, run_await},
    {Py_am_send, ait_run_send},
    {0, NULL},
};

PyType_Spec ait_run_spec = {
    .name = "aitertools._core.Run",
    .basicsize = sizeof(ait_run),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = run_slots,
};
