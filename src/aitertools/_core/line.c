/* Waiting lines: order, calls, and waiters that are gone. */
#include "line.h"

/* ---- rows ------------------------------------------------------------------------------------ */

static void
row_leave(ait_waiter *waiter)
{
    ait_row *row = waiter->row;
    *(waiter->before != NULL ? &waiter->before->after : &row->first) = waiter->after;
    *(waiter->after != NULL ? &waiter->after->before : &row->last) = waiter->before;
    waiter->before = waiter->after = NULL;
    waiter->row = NULL;
    row->n--;
}

/* Join the row before `next`, or as the last one. */
static void
row_join(ait_row *row, ait_waiter *waiter, ait_waiter *next)
{
    waiter->after = next;
    waiter->before = next != NULL ? next->before : row->last;
    *(waiter->before != NULL ? &waiter->before->after : &row->first) = waiter;
    *(next != NULL ? &next->before : &row->last) = waiter;
    waiter->row = row;
    row->n++;
}

/* ---- lines -----------------------------------------------------------------------------------
 *
 * An event loop does not keep its tasks. One that waits is kept by what it waits for: the line owns
 * the handle, whose callback is the task. Once it is called that is up to the loop again.
 */

static bool
is_waiting(const ait_waiter *waiter)
{
    return waiter->row != NULL && waiter->row == &waiter->line->waiting;
}

void
ait_line_leave(ait_waiter *waiter)
{
    if (is_waiting(waiter)) {
        Py_DECREF(waiter->handle); /* which it has itself: nothing happens here */
    }
    if (waiter->row != NULL) {
        row_leave(waiter);
    }
}

void
ait_line_join(ait_line *line, ait_waiter *waiter, bool in_front)
{
    ait_line_leave(waiter);
    waiter->line = line;
    ait_waiter *next = NULL;
    if (in_front) {
        next = line->waiting.first;
        while (next != NULL && next->ticket < waiter->ticket) {
            next = next->after;
        }
    }
    else {
        waiter->ticket = ++line->tickets;
    }
    row_join(&line->waiting, waiter, next);
    Py_INCREF(waiter->handle);
}

/* Call the first of the line: false if there is none, or no room to note one more. */
bool
ait_line_call(ait_line *line, ait_calls *calls)
{
    ait_waiter *waiter = line->waiting.first;
    if (waiter == NULL) {
        return false;
    }
    if (calls->n == (int)Py_ARRAY_LENGTH(calls->handles)) {
        calls->more = true;
        return false;
    }
    ait_line_leave(waiter);
    row_join(&line->called, waiter, NULL);
    calls->handles[calls->n] = Py_NewRef(waiter->handle);
    calls->lines[calls->n++] = line;
    return true;
}

int
ait_line_traverse(ait_line *line, visitproc visit, void *arg)
{
    for (ait_waiter *waiter = line->waiting.first; waiter != NULL; waiter = waiter->after) {
        Py_VISIT(waiter->handle);
    }
    return 0;
}

/* ---- waking ---------------------------------------------------------------------------------- */

/* The call of whoever waits for handle is void: it will never come, as its event loop is closed.
 * Or it could not be woken (`back`), and waits for another call. */
static void
call_off(PyObject *owner, ait_line *line, PyObject *handle, bool back)
{
    AIT_LOCK(owner);
    ait_waiter *waiter = line->called.first;
    while (waiter != NULL && waiter->handle != handle) {
        waiter = waiter->after;
    }
    if (waiter != NULL && back) {
        ait_line_join(line, waiter, true);
    }
    else if (waiter != NULL) {
        ait_line_leave(waiter);
    }
    AIT_UNLOCK();
}

/* Whether handle is a future of the loop that this thread runs, which may set it by itself. */
static bool
is_of_this_loop(ait_state *st, PyObject *handle)
{
    if (!Py_IS_TYPE(handle, st->future_type)) {
        return false;
    }
    PyObject *running = ait_vectorcall(st->hooks[AIT_HOOK_RUNNING_LOOP], NULL, 0);
    PyObject *loop = running == NULL ? NULL : PyObject_CallMethodNoArgs(handle, st->str_get_loop);
    Py_XDECREF(running);
    Py_XDECREF(loop);
    PyErr_Clear();
    return loop != NULL && loop == running;
}

/* Set the future, unless it is done: cancelled, say. */
static PyObject *
set_future(ait_state *st, PyObject *future)
{
    PyObject *done = PyObject_CallMethodNoArgs(future, st->str_done);
    if (done != Py_False) {
        return done;
    }
    Py_DECREF(done);
    return PyObject_CallMethodOneArg(future, st->str_set_result, Py_None);
}

/* Set the handle off: 1, 0 when nobody will come, or -1. */
static int
set_off(ait_state *st, PyObject *handle)
{
    PyObject *done;
    if (Py_IS_TYPE(handle, st->lock_type)) {
        done = PyObject_CallMethodNoArgs(handle, st->str_release);
    }
    else if (is_of_this_loop(st, handle)) {
        done = set_future(st, handle);
    }
    else {
        done = PyObject_CallOneArg(st->hooks[AIT_HOOK_WAKE], handle);
    }
    int came = done == NULL ? -1 : done != Py_False;
    Py_XDECREF(done);
    return came;
}

/* The same, for a caller who has done what it was asked for and cannot fail any more: a Ctrl-C that
 * comes meanwhile is put off. */
static int
set_off_surely(ait_state *st, PyObject *owner, PyObject *handle)
{
    int came = set_off(st, handle);
    if (came < 0 && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();
        came = set_off(st, handle);
        PyErr_SetInterrupt();
    }
    if (came < 0) {
        PyErr_WriteUnraisable(owner);
    }
    return came;
}

void
ait_wake_slow(ait_state *st, PyObject *owner, ait_balance_fn *balance, ait_calls *calls)
{
    PyObject *raised = PyErr_GetRaisedException();
    bool again = true, stuck = false;
    while (again) {
        again = calls->more;
        for (int i = 0; i < calls->n; i++) {
            int came = set_off_surely(st, owner, calls->handles[i]);
            if (came <= 0) {
                call_off(owner, calls->lines[i], calls->handles[i], came < 0);
            }
            again |= came == 0;
            stuck |= came < 0; /* as would be the next ones: that is left to who calls later */
            Py_DECREF(calls->handles[i]);
        }
        calls->n = 0;
        calls->more = false;
        again &= !stuck;
        if (again) {
            AIT_LOCK(owner);
            balance(owner, calls);
            AIT_UNLOCK();
        }
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}

void
ait_line_check(ait_state *st, PyObject *owner, ait_balance_fn *balance, ait_line *line)
{
    ait_calls calls = {.n = 0};
    AIT_LOCK(owner);
    ait_waiter *first = line->called.first;
    if (first != NULL && !Py_IS_TYPE(first->handle, st->lock_type)) { /* threads do come */
        calls.handles[0] = Py_NewRef(first->handle);
        calls.lines[0] = line;
        calls.n = 1;
    }
    AIT_UNLOCK();
    ait_wake(st, owner, balance, &calls); /* once more does no harm */
}

/* ---- waiters --------------------------------------------------------------------------------- */

ait_waiter *
ait_waiter_new(ait_state *st, PyObject *owner, ait_balance_fn *balance)
{
    ait_waiter *waiter = (ait_waiter *)st->waiter_type->tp_alloc(st->waiter_type, 0);
    if (waiter != NULL) {
        waiter->st = st;
        waiter->owner = Py_NewRef(owner);
        waiter->balance = balance;
    }
    return waiter;
}

/* A lock that is taken. */
static PyObject *
taken_lock(ait_state *st)
{
    PyObject *lock = PyObject_CallNoArgs(st->allocate_lock);
    PyObject *taken = lock == NULL ? NULL : PyObject_CallMethodNoArgs(lock, st->str_acquire);
    if (taken == NULL) {
        Py_XDECREF(lock);
        return NULL;
    }
    Py_DECREF(taken);
    return lock;
}

/* A future of the running loop, or what else a task can await. */
static PyObject *
new_handle(ait_state *st)
{
    PyObject *loop = ait_vectorcall(st->hooks[AIT_HOOK_RUNNING_LOOP], NULL, 0);
    if (loop == NULL || loop == Py_None) {
        Py_XDECREF(loop);
        return loop == NULL ? NULL : PyObject_CallNoArgs(st->hooks[AIT_HOOK_HANDLE]);
    }
    PyObject *future = PyObject_CallMethodNoArgs(loop, st->str_create_future);
    Py_DECREF(loop);
    return future;
}

int
ait_waiter_arm(ait_waiter *waiter, bool blocks)
{
    ait_state *st = waiter->st;
    PyObject *handle = blocks ? taken_lock(st) : new_handle(st);
    if (handle == NULL) {
        return -1;
    }
    PyObject *used, *lines_own = NULL;
    AIT_LOCK(waiter->owner);
    used = waiter->handle;
    waiter->handle = handle;
    if (is_waiting(waiter)) {
        Py_INCREF(handle);
        lines_own = used;
    }
    AIT_UNLOCK();
    Py_XDECREF(lines_own);
    Py_XDECREF(used);
    return 0;
}

/* Whoever waited is gone: if it had been called, that goes to the next one. */
static int
waiter_clear(PyObject *self)
{
    ait_waiter *waiter = (ait_waiter *)self;
    if (waiter->owner != NULL) {
        ait_calls calls = {.n = 0};
        AIT_LOCK(waiter->owner);
        if (waiter->row != NULL) {
            ait_line_leave(waiter);
            waiter->balance(waiter->owner, &calls);
        }
        AIT_UNLOCK();
        ait_wake(waiter->st, waiter->owner, waiter->balance, &calls);
    }
    Py_CLEAR(waiter->owner);
    Py_CLEAR(waiter->handle);
    return 0;
}

static int
waiter_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_waiter *waiter = (ait_waiter *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(waiter->owner);
    Py_VISIT(waiter->handle);
    return 0;
}

static void
waiter_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)waiter_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot waiter_slots[] = {
    {Py_tp_dealloc, waiter_dealloc},
    {Py_tp_traverse, waiter_traverse},
    {Py_tp_clear, waiter_clear},
    {0, NULL},
};

PyType_Spec ait_waiter_spec = {
    .name = "aitertools._core.Waiter",
    .basicsize = sizeof(ait_waiter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = waiter_slots,
};
