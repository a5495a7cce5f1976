/* Flights, and their face for Python, which is for tests. */
#include "flight.h"

#include <structmember.h>

static ait_flight_slot *
slot_at(const ait_flight *flight, int64_t n)
{
    return &flight->slots[n & (flight->room - 1)];
}

/* Have room for `needed` slots: 0, or -1. */
static int
reserve(ait_flight *flight, int64_t needed)
{
    if (needed <= flight->room) {
        return 0;
    }
    int64_t room = flight->room == 0 ? 8 : flight->room;
    while (room < needed) {
        room *= 2;
    }
    ait_flight_slot *slots = PyMem_Calloc((size_t)room, sizeof(ait_flight_slot));
    if (slots == NULL) {
        return -1;
    }
    for (int64_t n = flight->base; n < flight->next; n++) {
        slots[n & (room - 1)] = *slot_at(flight, n);
    }
    PyMem_Free(flight->slots);
    flight->slots = slots;
    flight->room = room;
    return 0;
}

int64_t
ait_flight_begin(ait_flight *flight)
{
    int64_t ticket = -1;
    AIT_LOCK(flight);
    /* As they complete, too: so there is a slot for every outcome that may come. */
    if (reserve(flight, flight->held + 1) == 0) {
        ticket = flight->next;
        flight->held++;
        flight->flying++;
        if (flight->ordered) {
            *slot_at(flight, flight->next++) = (ait_flight_slot){NULL, AIT_IN_FLIGHT};
        }
    }
    AIT_UNLOCK();
    if (ticket < 0) {
        PyErr_NoMemory();
    }
    return ticket;
}

bool
ait_flight_settle(ait_flight *flight, int64_t ticket, ait_outcome outcome, PyObject *value)
{
    bool news;
    AIT_LOCK(flight);
    flight->flying--;
    if (flight->ordered) {
        *slot_at(flight, ticket) = (ait_flight_slot){value, outcome};
        news = ticket == flight->base;
    }
    else if (outcome == AIT_SKIPPED) {
        news = --flight->held == 0; /* it may have been the last one */
    }
    else {
        *slot_at(flight, flight->next++) = (ait_flight_slot){value, outcome};
        news = flight->next - flight->base == 1;
    }
    AIT_UNLOCK();
    return news;
}

ait_outcome
ait_flight_pop(ait_flight *flight, PyObject **value)
{
    ait_outcome outcome = AIT_IN_FLIGHT;
    AIT_LOCK(flight);
    while (flight->base < flight->next) {
        ait_flight_slot *slot = slot_at(flight, flight->base);
        outcome = slot->outcome;
        if (outcome == AIT_IN_FLIGHT) {
            break;
        }
        *value = slot->value;
        slot->value = NULL;
        flight->base++;
        flight->held--;
        if (outcome != AIT_SKIPPED) {
            break;
        }
        outcome = AIT_IN_FLIGHT;
    }
    AIT_UNLOCK();
    return outcome;
}

void
ait_flight_forget(ait_flight *flight)
{
    for (int64_t i = flight->base; i < flight->next; i++) {
        PyObject *value = NULL;
        AIT_LOCK(flight);
        if (i >= flight->base && i < flight->next && slot_at(flight, i)->outcome != AIT_IN_FLIGHT) {
            value = slot_at(flight, i)->value;
            *slot_at(flight, i) = (ait_flight_slot){NULL, AIT_SKIPPED};
        }
        AIT_UNLOCK();
        Py_XDECREF(value);
    }
}

/* ---- its face -------------------------------------------------------------------------------- */

PyObject *
ait_flight_new(ait_state *st, Py_ssize_t most, bool ordered)
{
    ait_flight *flight = (ait_flight *)st->flight_type->tp_alloc(st->flight_type, 0);
    if (flight != NULL) {
        flight->st = st;
        flight->most = most;
        flight->ordered = ordered;
    }
    return (PyObject *)flight;
}

static PyObject *
flight_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    ait_state *st = ait_state_of(type);
    PyObject *size;
    int ordered;
    if (st == NULL || !PyArg_ParseTuple(args, "Op:Flight", &size, &ordered)) {
        return NULL;
    }
    Py_ssize_t most = ait_check_size(size, 1, "Flight", "most");
    return most < 0 ? NULL : ait_flight_new(st, most, ordered);
}

static PyObject *
flight_begin(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_flight *flight = (ait_flight *)self;
    if (flight->held >= flight->most) {
        PyErr_SetString(PyExc_RuntimeError, "begin(): no room");
        return NULL;
    }
    int64_t ticket = ait_flight_begin(flight);
    return ticket < 0 ? NULL : PyLong_FromLongLong(ticket);
}

/* The ticket of a call that has not been settled; -1 with an exception. */
static int64_t
ticket_of(ait_flight *flight, PyObject *number)
{
    int64_t ticket = PyLong_AsLongLong(number);
    if (ticket == -1 && PyErr_Occurred()) {
        return -1;
    }
    bool known = flight->flying > 0;
    if (flight->ordered) {
        known = ticket >= flight->base && ticket < flight->next &&
                slot_at(flight, ticket)->outcome == AIT_IN_FLIGHT;
    }
    if (!known) {
        PyErr_SetString(PyExc_ValueError, "settle(): no such call is in flight");
        return -1;
    }
    return ticket;
}

static PyObject *
settle(PyObject *self, PyObject *ticket, ait_outcome outcome, PyObject *value)
{
    ait_flight *flight = (ait_flight *)self;
    int64_t number = ticket_of(flight, ticket);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyBool_FromLong(ait_flight_settle(flight, number, outcome, Py_XNewRef(value)));
}

static PyObject *
flight_settle(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_check_count(nargs, 2, 2, "settle") ? settle(self, args[0], AIT_RESULT, args[1])
                                                  : NULL;
}

static PyObject *
flight_fail(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "fail")) {
        return NULL;
    }
    if (!PyExceptionInstance_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "fail(): not an exception");
        return NULL;
    }
    return settle(self, args[0], AIT_FAILURE, args[1]);
}

static PyObject *
flight_skip(PyObject *self, PyObject *ticket)
{
    return settle(self, ticket, AIT_SKIPPED, NULL);
}

static PyObject *
flight_pop(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_flight *flight = (ait_flight *)self;
    PyObject *value = NULL;
    switch (ait_flight_pop(flight, &value)) {
    case AIT_RESULT:
        return value;
    case AIT_FAILURE:
        PyErr_SetRaisedException(value);
        return NULL;
    default:
        return Py_NewRef(flight->st->pending);
    }
}

static PyObject *
flight_forget(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_flight_forget((ait_flight *)self);
    Py_RETURN_NONE;
}

static PyObject *
flight_may_begin(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(((ait_flight *)self)->held < ((ait_flight *)self)->most);
}

static int
flight_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_flight *flight = (ait_flight *)self;
    Py_VISIT(Py_TYPE(self));
    for (int64_t n = flight->base; n < flight->next; n++) {
        Py_VISIT(slot_at(flight, n)->value);
    }
    return 0;
}

static int
flight_clear(PyObject *self)
{
    ait_flight *flight = (ait_flight *)self;
    for (int64_t n = flight->base; n < flight->next; n++) {
        Py_CLEAR(slot_at(flight, n)->value);
    }
    return 0;
}

static void
flight_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)flight_clear(self);
    PyMem_Free(((ait_flight *)self)->slots);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef flight_methods[] = {
    {"begin", flight_begin, METH_NOARGS,
     PyDoc_STR("begin($self, /)\n--\n\nBegin a call; returns its ticket.")},
    {"settle", AIT_FASTCALL(flight_settle),
     PyDoc_STR("settle($self, ticket, result, /)\n--\n\nWhether who waits should look.")},
    {"fail", AIT_FASTCALL(flight_fail),
     PyDoc_STR("fail($self, ticket, error, /)\n--\n\nWhether who waits should look.")},
    {"skip", flight_skip, METH_O,
     PyDoc_STR("skip($self, ticket, /)\n--\n\nWhether who waits should look.")},
    {"pop", flight_pop, METH_NOARGS,
     PyDoc_STR("pop($self, /)\n--\n\nThe next result, or PENDING; or raises the next error.")},
    {"forget", flight_forget, METH_NOARGS,
     PyDoc_STR("forget($self, /)\n--\n\nDrop the outcomes that are there.")},
    {NULL},
};

static PyMemberDef flight_members[] = {
    {"held", T_PYSSIZET, offsetof(ait_flight, held), READONLY, NULL},
    {"most", T_PYSSIZET, offsetof(ait_flight, most), READONLY, NULL},
    {NULL},
};

static PyGetSetDef flight_getset[] = {
    {"may_begin", flight_may_begin, NULL, PyDoc_STR("Whether there is room for one more."), NULL},
    {NULL},
};

static PyType_Slot flight_slots[] = {
    {Py_tp_doc, PyDoc_STR("Flight(most, ordered): which calls are in flight.")},
    {Py_tp_new, flight_new},
    {Py_tp_dealloc, flight_dealloc},
    {Py_tp_traverse, flight_traverse},
    {Py_tp_clear, flight_clear},
    {Py_tp_methods, flight_methods},
    {Py_tp_members, flight_members},
    {Py_tp_getset, flight_getset},
    {0, NULL},
};

static PyType_Spec flight_spec = {
    .name = "aitertools._core.Flight",
    .basicsize = sizeof(ait_flight),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = flight_slots,
};

int
ait_flight_types(PyObject *module)
{
    ait_state *st = ait_state_from(module);
    st->flight_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &flight_spec, NULL);
    return st->flight_type == NULL ? -1 : PyModule_AddType(module, st->flight_type);
}
