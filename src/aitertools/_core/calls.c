/* Calls: who begins, delivers and waits; and their type. */
#include "calls.h"
#include "carry.h"

/* ---- what begins ----------------------------------------------------------------------------- */

PyObject *
ait_calls_ref(ait_calls *c, PyObject **place)
{
    PyObject *there;
    AIT_LOCK(c);
    there = Py_XNewRef(*place);
    AIT_UNLOCK();
    return there;
}

static void
wake(ait_calls *c)
{
    PyObject *wake = c->thirsty ? ait_calls_ref(c, &c->wake) : NULL;
    if (wake == NULL) {
        return;
    }
    c->thirsty = false;
    PyObject *done = PyObject_CallNoArgs(wake);
    if (done == NULL) {
        PyErr_WriteUnraisable(wake);
    }
    Py_XDECREF(done);
    Py_DECREF(wake);
}

void
ait_calls_settle(ait_calls *c, int64_t ticket, ait_outcome outcome, PyObject *value)
{
    if (c->closing) { /* nobody is told: what it leads to, a frame of the worker, is let go of */
        outcome = AIT_SKIPPED;
        Py_CLEAR(value);
    }
    if (ait_flight_settle(c->flight, ticket, outcome, value)) {
        wake(c);
    }
}

PyObject *
ait_job_tuple(int64_t ticket, PyObject *item, PyObject *lane)
{
    return Py_BuildValue("(LOO)", (long long)ticket, item, lane != NULL ? lane : Py_None);
}

/* Of a pair (key, item), which is consumed: whether it may begin, and has not to wait. */
static bool
enter_lane(ait_calls *c, PyObject *pair, ait_job *next)
{
    next->item = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
    PyObject *ticket = PyLong_FromLongLong(next->ticket);
    next->lane = ticket == NULL ? NULL
                                : PyObject_CallMethodObjArgs(c->lanes, c->st->str_enter,
                                                             PyTuple_GET_ITEM(pair, 0), ticket,
                                                             next->item, NULL);
    Py_XDECREF(ticket);
    Py_DECREF(pair);
    if (next->lane == NULL) {
        ait_calls_settle(c, next->ticket, AIT_FAILURE, PyErr_GetRaisedException());
    }
    bool may = next->lane != NULL && next->lane != Py_None;
    if (!may) {
        Py_CLEAR(next->lane);
        Py_CLEAR(next->item);
    }
    return may;
}

int
ait_calls_next(ait_calls *c, ait_job *next)
{
    ait_flight *flight = c->flight;
    while (!c->over && !c->closing) {
        if (flight->held >= flight->most) {
            c->stalled = true;
            return 0;
        }
        PyObject *intake = ait_calls_ref(c, &c->intake);
        if (intake == NULL) { /* dropped */
            return 0;
        }
        PyObject *taken = ait_intake_take(intake);
        Py_DECREF(intake);
        if (taken == c->st->pending) {
            Py_DECREF(taken);
            return 0;
        }
        if (taken == c->st->end) {
            Py_DECREF(taken);
            c->over = true;
            if (flight->held == 0) {
                wake(c);
            }
            return 0;
        }
        PyObject *error = taken == NULL ? PyErr_GetRaisedException() : NULL;
        next->ticket = ait_flight_begin(flight);
        if (next->ticket < 0) {
            Py_XDECREF(taken);
            Py_XDECREF(error);
            return -1;
        }
        next->lane = NULL;
        next->item = taken;
        if (taken == NULL) {
            ait_calls_settle(c, next->ticket, AIT_FAILURE, error);
        }
        else if (c->lanes == NULL || enter_lane(c, taken, next)) {
            return 1;
        }
    }
    return 0;
}

/* next() -> job, or None */
static PyObject *
calls_next(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_job next;
    int there = ait_calls_next((ait_calls *)self, &next);
    if (there <= 0) {
        return there < 0 ? NULL : Py_NewRef(Py_None);
    }
    PyObject *tuple = ait_job_tuple(next.ticket, next.item, next.lane);
    Py_DECREF(next.item);
    Py_XDECREF(next.lane);
    return tuple;
}

/* ---- the consumer ---------------------------------------------------------------------------- */

/* There is room again: 0, or -1 if that cannot be used. */
static int
resume(ait_calls *c)
{
    bool lame = c->lame;
    c->stalled = c->lame = false;
    PyObject *go_on = ait_calls_ref(c, &c->go_on);
    PyObject *done = go_on == NULL ? Py_NewRef(Py_None) : PyObject_CallNoArgs(go_on);
    Py_XDECREF(go_on);
    if (done == NULL) {
        c->stalled = true;
        c->lame |= lame;
        return -1;
    }
    Py_DECREF(done);
    return 0;
}

static PyObject *
at_the_end(ait_calls *c)
{
    PyObject *finish = ait_calls_ref(c, &c->finish);
    PyObject *done = finish == NULL ? Py_NewRef(Py_None) : PyObject_CallNoArgs(finish);
    Py_XDECREF(finish);
    if (done == NULL) {
        return NULL;
    }
    Py_DECREF(done);
    return Py_NewRef(c->st->end);
}

/* Whether nobody asks for items, as there was no room, but there is; or as workers are gone. */
static bool
has_room(const ait_calls *c)
{
    return c->stalled && (c->lame || c->flight->held <= c->resume) && !c->closing;
}

static PyObject *
calls_poll(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_calls *c = (ait_calls *)self;
    PyObject *value = NULL;
    ait_outcome outcome = ait_flight_pop(c->flight, &value);
    while (has_room(c) && outcome != AIT_FAILURE) { /* who is told of one may not want any more */
        int resumed = resume(c);
        if (outcome != AIT_IN_FLIGHT) {
            if (resumed < 0) { /* told again when there is nothing to deliver */
                PyErr_Clear();
            }
            break;
        }
        if (resumed < 0) {
            return NULL;
        }
        /* Calls that were begun just now may be over, all those that there was room for. */
        outcome = ait_flight_pop(c->flight, &value);
    }
    if (outcome == AIT_RESULT) {
        return value;
    }
    if (outcome == AIT_FAILURE) {
        PyErr_SetRaisedException(value);
        return NULL;
    }
    if (c->over && c->flight->held == 0) {
        return at_the_end(c);
    }
    c->thirsty = true;
    return Py_NewRef(c->st->pending);
}

/* ---- for those who see to failures ----------------------------------------------------------- */

static PyObject *
settle_by(PyObject *self, PyObject *ticket, ait_outcome outcome, PyObject *value)
{
    int64_t number = PyLong_AsLongLong(ticket);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    ait_calls_settle((ait_calls *)self, number, outcome, Py_XNewRef(value));
    Py_RETURN_NONE;
}

static PyObject *
calls_settle(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    bool fine = ait_check_count(nargs, 2, 2, "settle");
    return fine ? settle_by(self, args[0], AIT_RESULT, args[1]) : NULL;
}

static PyObject *
calls_fail(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    bool fine = ait_check_count(nargs, 2, 2, "fail");
    return fine ? settle_by(self, args[0], AIT_FAILURE, args[1]) : NULL;
}

static PyObject *
calls_skip(PyObject *self, PyObject *ticket)
{
    return settle_by(self, ticket, AIT_SKIPPED, NULL);
}

/* ---- the type -------------------------------------------------------------------------------- */

static int
calls_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_calls *c = (ait_calls *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(c->flight);
    Py_VISIT(c->intake);
    Py_VISIT(c->fn);
    Py_VISIT(c->wrap);
    Py_VISIT(c->lanes);
    Py_VISIT(c->handed);
    Py_VISIT(c->go_on);
    Py_VISIT(c->wake);
    Py_VISIT(c->failed);
    Py_VISIT(c->finish);
    return 0;
}

/* Let go of the source, which is closed in its task, and of the operator. */
static int
calls_clear(PyObject *self)
{
    ait_calls *c = (ait_calls *)self;
    PyObject *intake, *go_on, *wake, *failed, *finish;
    c->closing = c->over = true;
    AIT_LOCK(c);
    intake = ait_swap(&c->intake, NULL);
    go_on = ait_swap(&c->go_on, NULL);
    wake = ait_swap(&c->wake, NULL);
    failed = ait_swap(&c->failed, NULL);
    finish = ait_swap(&c->finish, NULL);
    AIT_UNLOCK();
    Py_XDECREF(intake);
    Py_XDECREF(go_on);
    Py_XDECREF(wake);
    Py_XDECREF(failed);
    Py_XDECREF(finish);
    return 0;
}

static PyObject *
calls_drop(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    (void)calls_clear(self);
    ait_flight_forget(((ait_calls *)self)->flight);
    Py_RETURN_NONE;
}

static void
calls_dealloc(PyObject *self)
{
    ait_calls *c = (ait_calls *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)calls_clear(self);
    Py_CLEAR(c->flight);
    Py_CLEAR(c->fn);
    Py_CLEAR(c->wrap);
    Py_CLEAR(c->lanes);
    Py_CLEAR(c->handed);
    type->tp_free(self);
    Py_DECREF(type);
}

/* Calls(operator, source, fn, most, resume, ordered, star, keep, wrap, lanes, raises, handed) */
static PyObject *
calls_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    ait_state *st = ait_state_of(type);
    PyObject *operator, *source, *fn, *wrap, *lanes, *handed;
    Py_ssize_t most, resume;
    int ordered, star, keep, raises;
    if (st == NULL ||
        !PyArg_ParseTuple(args, "OO!OnnppiOOpO:Calls", &operator, st->op_type, &source, &fn,
                          &most, &resume, &ordered, &star, &keep, &wrap, &lanes, &raises,
                          &handed)) {
        return NULL;
    }
    ait_calls *c = (ait_calls *)type->tp_alloc(type, 0);
    if (c == NULL) {
        return NULL;
    }
    c->st = st;
    c->fn = Py_NewRef(fn);
    c->wrap = wrap != Py_None ? Py_NewRef(wrap) : NULL;
    c->lanes = lanes != Py_None ? Py_NewRef(lanes) : NULL;
    c->handed = Py_NewRef(handed);
    c->resume = resume;
    c->star = star;
    c->keep = (uint8_t)keep;
    c->raises = raises;
    c->stalled = true;
    c->flight = (ait_flight *)ait_flight_new(st, most, ordered);
    PyObject *arrived = PyObject_GetAttr(operator, st->str_dispatch);
    c->intake = arrived == NULL ? NULL : ait_intake_new(st, source, arrived, true);
    Py_XDECREF(arrived);
    c->go_on = PyObject_GetAttr(operator, st->str_go_on);
    c->wake = PyObject_GetAttr(operator, st->str_wake);
    c->failed = PyObject_GetAttr(operator, st->str_failed);
    c->finish = PyObject_GetAttr(operator, st->str_finish);
    if (c->flight == NULL || c->intake == NULL || c->go_on == NULL || c->wake == NULL ||
        c->failed == NULL || c->finish == NULL) {
        Py_DECREF(c);
        return NULL;
    }
    return (PyObject *)c;
}

/* shut() -> what the source is to be closed by. The calls are the operator's to end. */
static PyObject *
calls_shut(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_calls *c = (ait_calls *)self;
    PyObject *intake = ait_calls_ref(c, &c->intake);
    c->closing = true;
    if (intake == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "aclose(): was dropped");
    }
    return intake;
}

/* Somebody else cancelled a worker. Whoever asks for items has another one go on: nobody does when
 * the event loop shuts down, which cancels all tasks, and would leave what begins then. */
static PyObject *
calls_stall(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_calls *c = (ait_calls *)self;
    c->stalled = c->lame = true;
    wake(c);
    Py_RETURN_NONE;
}

/* check(): see that what is waited for can come. */
static PyObject *
calls_check(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_calls *c = (ait_calls *)self;
    PyObject *intake = ait_calls_ref(c, &c->intake);
    PyObject *checked = intake == NULL ? Py_NewRef(Py_None) : ait_intake_check(intake);
    Py_XDECREF(intake);
    return checked;
}

static PyObject *
calls_held(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyLong_FromSsize_t(((ait_calls *)self)->flight->held);
}

static PyObject *
calls_over(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(((ait_calls *)self)->over);
}

static PyMethodDef calls_methods[] = {
    {"poll", calls_poll, METH_NOARGS, PyDoc_STR("poll($self, /)\n--\n\nSee engine.c.")},
    {"next", calls_next, METH_NOARGS,
     PyDoc_STR("next($self, /)\n--\n\nThe next job: (ticket, item, lane). None: not just now.")},
    {"work", ait_calls_work, METH_O,
     PyDoc_STR("work($self, job, /)\n--\n\nDo it, and more, as long as there is something.")},
    {"settle", AIT_FASTCALL(calls_settle),
     PyDoc_STR("settle($self, ticket, result, /)\n--\n\n")},
    {"fail", AIT_FASTCALL(calls_fail), PyDoc_STR("fail($self, ticket, error, /)\n--\n\n")},
    {"skip", calls_skip, METH_O, PyDoc_STR("skip($self, ticket, /)\n--\n\n")},
    {"stall", calls_stall, METH_NOARGS,
     PyDoc_STR("stall($self, /)\n--\n\nHave the next poll() go on.")},
    {"check", calls_check, METH_NOARGS, PyDoc_STR("check($self, /)\n--\n\nSee intake.c.")},
    {"shut", calls_shut, METH_NOARGS,
     PyDoc_STR("shut($self, /)\n--\n\nBegin no more; returns the intake, to be closed.")},
    {"drop", calls_drop, METH_NOARGS, PyDoc_STR("drop($self, /)\n--\n\n")},
    {NULL},
};

static PyGetSetDef calls_getset[] = {
    {"held", calls_held, NULL, PyDoc_STR("Calls whose outcomes were not delivered."), NULL},
    {"over", calls_over, NULL, PyDoc_STR("Whether no job will come any more."), NULL},
    {NULL},
};

static PyType_Slot calls_slots[] = {
    {Py_tp_doc, PyDoc_STR("The calls of an operator: see calls.c.")},
    {Py_tp_new, calls_new},
    {Py_tp_dealloc, calls_dealloc},
    {Py_tp_traverse, calls_traverse},
    {Py_tp_clear, calls_clear},
    {Py_tp_methods, calls_methods},
    {Py_tp_getset, calls_getset},
    {0, NULL},
};

static PyType_Spec calls_spec = {
    .name = "aitertools._core.Calls",
    .basicsize = sizeof(ait_calls),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = calls_slots,
};

int
ait_calls_types(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &calls_spec, NULL);
    int added = type == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return added;
}
