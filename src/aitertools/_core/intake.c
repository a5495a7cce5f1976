/* Intakes: how an engine operator pulls a source, without waiting for it.
 *
 * take() makes the pull on the spot if the source is ready. If it has to wait, its courier goes on
 * with it (carry.h), in the task in which all pulls of this source are made, and `arrived` is
 * called there when there is an answer for the next take(). At most one pull is under way, and none
 * that was not asked for.
 */
#include "carry.h"
#include "flight.h"

#include <structmember.h>

typedef enum {
    IDLE,      /* the next take() pulls                        */
    PULLING,   /* somebody is in the middle of that            */
    WAITING,   /* the courier has it                           */
    DELIVERED, /* `value` is an item that was not taken yet    */
    FAILED,    /* `value` is an error that was not taken yet   */
    ENDED,
} intake_phase;

typedef struct {
    PyObject_HEAD
    ait_state *st;
    ait_carrier carrier;
    PyObject *arrived; /* callable without arguments; NULL once it has ended */
    PyObject *value;
    PyObject *weakrefs;
    uint8_t phase;
    bool polite; /* who takes sees to it that the loop has its turns */
} ait_intake;

/* ---- pulling --------------------------------------------------------------------------------- */

/* What is there: PYGEN_RETURN, also of the end, PYGEN_ERROR, or PYGEN_NEXT: the caller has to pull,
 * or, if *waits, to wait. */
static PySendResult
look(ait_intake *intake, PyObject **out, bool *waits)
{
    PyObject *value;
    uint8_t phase;
    AIT_LOCK(intake);
    phase = intake->phase;
    value = intake->value;
    intake->value = NULL;
    if (phase == IDLE) {
        intake->phase = PULLING;
    }
    else if (phase == DELIVERED || phase == FAILED) {
        intake->phase = IDLE;
    }
    AIT_UNLOCK();
    *out = phase == FAILED ? NULL : value;
    *waits = phase == WAITING;
    if (phase == FAILED) {
        PyErr_SetRaisedException(value);
        return PYGEN_ERROR;
    }
    if (phase == PULLING) {
        PyErr_SetString(PyExc_RuntimeError, "take(): already running");
        return PYGEN_ERROR;
    }
    return phase == IDLE || phase == WAITING ? PYGEN_NEXT : PYGEN_RETURN;
}

/* The pull is over, or with the courier, who may have delivered already. */
static void
pulled(ait_intake *intake, uint8_t phase)
{
    AIT_LOCK(intake);
    if (intake->phase == PULLING) {
        intake->phase = phase;
    }
    AIT_UNLOCK();
}

/* It will not be called any more, and may lead back here. */
static void
forget_arrived(ait_intake *intake)
{
    PyObject *arrived;
    AIT_LOCK(intake);
    arrived = intake->arrived;
    intake->arrived = NULL;
    AIT_UNLOCK();
    Py_XDECREF(arrived);
}

/* Have the courier, if there is one, end, which closes the source: nobody waits for that here. */
static int
dismiss(ait_intake *intake)
{
    PyObject *courier;
    AIT_LOCK(intake);
    courier = Py_XNewRef(intake->carrier.courier);
    AIT_UNLOCK();
    PyObject *told = courier == NULL ? Py_NewRef(Py_None)
                                     : PyObject_CallMethodNoArgs(courier, intake->st->str_dismiss);
    Py_XDECREF(courier);
    Py_XDECREF(told);
    return told == NULL ? -1 : 0;
}

PyObject *
ait_intake_take(PyObject *self)
{
    ait_intake *intake = (ait_intake *)self;
    PyObject *item;
    bool waits;
    int r = look(intake, &item, &waits);
    if (waits) {
        return Py_NewRef(intake->st->pending);
    }
    if (r == PYGEN_NEXT) {
        r = ait_carry_aside(self, &intake->carrier, intake->st, intake->polite, &item);
        if (r == AIT_CARRIED) {
            pulled(intake, WAITING);
            return Py_NewRef(intake->st->pending);
        }
        bool ended = r == PYGEN_RETURN && item == NULL;
        pulled(intake, ended ? ENDED : IDLE);
        if (ended && dismiss(intake) < 0) {
            return NULL;
        }
    }
    if (r == PYGEN_ERROR) {
        return NULL;
    }
    if (item == NULL) {
        forget_arrived(intake);
        return Py_NewRef(intake->st->end);
    }
    return item;
}

static PyObject *
intake_take(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ait_intake_take(self);
}

/* ---- what the courier brings ----------------------------------------------------------------- */

static void
deliver(PyObject *self, PySendResult r, PyObject *item)
{
    ait_intake *intake = (ait_intake *)self;
    PyObject *value = r == PYGEN_ERROR ? PyErr_GetRaisedException() : item, *arrived = NULL;
    AIT_LOCK(intake);
    if (intake->phase != ENDED) {
        intake->phase = value == NULL ? ENDED : r == PYGEN_ERROR ? FAILED : DELIVERED;
        intake->value = value;
        value = NULL;
        arrived = Py_XNewRef(intake->arrived);
    }
    AIT_UNLOCK();
    Py_XDECREF(value);
    PyObject *done = arrived == NULL ? Py_NewRef(Py_None) : PyObject_CallNoArgs(arrived);
    if (done == NULL) {
        PyErr_WriteUnraisable(arrived);
    }
    Py_XDECREF(done);
    Py_XDECREF(arrived);
}

/* deliver(outcome, value) -> whether that was all */
static PyObject *
intake_deliver(PyObject *self, PyObject *args)
{
    ait_intake *intake = (ait_intake *)self;
    PyObject *done = ait_carry_deliver(self, &intake->carrier, args, deliver);
    if (done == NULL) {
        return NULL;
    }
    Py_DECREF(done);
    return PyBool_FromLong(intake->phase == ENDED);
}

/* go_on(pull, failure) -> whether that was all, or an error for the courier's task */
static PyObject *
intake_go_on(PyObject *self, PyObject *args)
{
    ait_intake *intake = (ait_intake *)self;
    PyObject *error = ait_carry_go_on(self, &intake->carrier, intake->st, args, deliver);
    return error != Py_None ? error : PyBool_FromLong(intake->phase == ENDED);
}

/* ---- its end --------------------------------------------------------------------------------- */

/* Nothing will be delivered any more. */
static void
end(ait_intake *intake)
{
    PyObject *value;
    AIT_LOCK(intake);
    intake->phase = ENDED;
    value = intake->value;
    intake->value = NULL;
    AIT_UNLOCK();
    Py_XDECREF(value);
    forget_arrived(intake);
}

/* dismiss(): the first half of aclose(), so that several can be closed at the same time. */
static PyObject *
intake_dismiss(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    end((ait_intake *)self);
    if (dismiss((ait_intake *)self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* aclose() -> awaitable: the source is closed, in the task in which it is pulled. */
static PyObject *
intake_aclose(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_intake *intake = (ait_intake *)self;
    PyObject *courier, *source, *pull = NULL;
    end(intake);
    AIT_LOCK(intake);
    courier = Py_XNewRef(intake->carrier.courier);
    source = Py_XNewRef((PyObject *)intake->carrier.source);
    if (intake->carrier.stranded) { /* the source is busy with it */
        pull = (PyObject *)intake->carrier.pull;
        intake->carrier.pull = NULL;
    }
    AIT_UNLOCK();
    Py_XDECREF(pull);
    PyObject *closing = NULL;
    if (courier == NULL && source == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "aclose(): was dropped");
    }
    else {
        closing = courier != NULL ? PyObject_CallMethodNoArgs(courier, intake->st->str_stop)
                                  : ait_aclose(source, NULL);
    }
    Py_XDECREF(courier);
    Py_XDECREF(source);
    return closing;
}

static int
intake_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_intake *intake = (ait_intake *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(intake->arrived);
    Py_VISIT(intake->value);
    return ait_carry_traverse(&intake->carrier, visit, arg);
}

static int
intake_clear(PyObject *self)
{
    ait_intake *intake = (ait_intake *)self;
    intake->phase = ENDED;
    ait_carry_drop(self, &intake->carrier, intake->st);
    Py_CLEAR(intake->arrived);
    Py_CLEAR(intake->value);
    return 0;
}

static void
intake_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((ait_intake *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    (void)intake_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- the type -------------------------------------------------------------------------------- */

static PyObject *
intake_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    ait_state *st = ait_state_of(type);
    PyObject *source, *arrived;
    int polite = false;
    if (st == NULL ||
        !PyArg_ParseTuple(args, "O!O|p:Intake", st->op_type, &source, &arrived, &polite) ||
        !ait_check_callable(arrived, "Intake")) {
        return NULL;
    }
    return ait_intake_new(st, source, arrived, polite);
}

PyObject *
ait_intake_new(ait_state *st, PyObject *source, PyObject *arrived, bool polite)
{
    ait_intake *intake = (ait_intake *)st->intake_type->tp_alloc(st->intake_type, 0);
    if (intake != NULL) {
        intake->st = st;
        intake->arrived = Py_NewRef(arrived);
        intake->polite = polite;
        intake->carrier.source = (ait_op *)Py_NewRef(source);
    }
    return (PyObject *)intake;
}

static PyObject *
intake_source(PyObject *self, void *Py_UNUSED(ignored))
{
    PyObject *source = (PyObject *)((ait_intake *)self)->carrier.source;
    return Py_NewRef(source != NULL ? source : Py_None);
}

static PyObject *
intake_ended(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(((ait_intake *)self)->phase == ENDED);
}

/* Whether its courier goes on: of one that has ended, not for long. */
static PyObject *
intake_at_work(PyObject *self, void *Py_UNUSED(ignored))
{
    PyObject *task;
    AIT_LOCK(self);
    task = Py_XNewRef(((ait_intake *)self)->carrier.task);
    AIT_UNLOCK();
    if (task == NULL) {
        Py_RETURN_FALSE;
    }
    PyObject *done = PyObject_CallMethodNoArgs(task, ((ait_intake *)self)->st->str_done);
    Py_DECREF(task);
    int is_done = done == NULL ? -1 : ait_truth(done);
    return is_done < 0 ? NULL : PyBool_FromLong(!is_done);
}

static PyMethodDef intake_methods[] = {
    {"take", intake_take, METH_NOARGS,
     PyDoc_STR("take($self, /)\n--\n\nThe next item, END, or PENDING.")},
    {"aclose", intake_aclose, METH_NOARGS,
     PyDoc_STR("aclose($self, /)\n--\n\nClose the source, in the task that pulls it.")},
    {"dismiss", intake_dismiss, METH_NOARGS,
     PyDoc_STR("dismiss($self, /)\n--\n\nHave its task, if any, end: the first half of aclose().")},
    {"deliver", intake_deliver, METH_VARARGS, NULL},
    {"go_on", intake_go_on, METH_VARARGS, NULL},
    {NULL},
};

static PyGetSetDef intake_getset[] = {
    {"source", intake_source, NULL, PyDoc_STR("The stream that it pulls."), NULL},
    {"ended", intake_ended, NULL, PyDoc_STR("Whether nothing will come any more."), NULL},
    {"at_work", intake_at_work, NULL, PyDoc_STR("Whether it has a task that goes on."), NULL},
    {NULL},
};

static PyMemberDef intake_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ait_intake, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot intake_slots[] = {
    {Py_tp_doc, PyDoc_STR("Intake(source, arrived): pulls a stream in the name of one task.")},
    {Py_tp_new, intake_new},
    {Py_tp_dealloc, intake_dealloc},
    {Py_tp_traverse, intake_traverse},
    {Py_tp_clear, intake_clear},
    {Py_tp_methods, intake_methods},
    {Py_tp_getset, intake_getset},
    {Py_tp_members, intake_members},
    {0, NULL},
};

static PyType_Spec intake_spec = {
    .name = "aitertools._core.Intake",
    .basicsize = sizeof(ait_intake),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = intake_slots,
};

/* A value that is nothing else, and can be told apart by what it is called. */
static PyObject *
sentinel(PyObject *module, const char *name)
{
    PyObject *made = PyUnicode_FromFormat("<aitertools.%s>", name);
    if (made != NULL && PyModule_AddObjectRef(module, name, made) < 0) {
        Py_CLEAR(made);
    }
    return made;
}

int
ait_engine_types(PyObject *module)
{
    ait_state *st = ait_state_from(module);
    st->pending = sentinel(module, "PENDING");
    st->end = st->pending == NULL ? NULL : sentinel(module, "END");
    if (st->end == NULL) {
        return -1;
    }
    st->intake_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &intake_spec, NULL);
    return st->intake_type == NULL || PyModule_AddType(module, st->intake_type) < 0 ||
                   ait_flight_types(module) < 0 || ait_calls_types(module) < 0
               ? -1
               : 0;
}
