/* Readers: a ring as a stream, once for each who subscribes.
 *
 * A reader that finds nothing pulls the source, on behalf of all, unless somebody does that
 * already: then it waits in line. See carry.h for what pulling is.
 */
#include "ring.h"

/* ---- pulling --------------------------------------------------------------------------------- */

/* This thread is in the pull no more, though the pull may go on. */
static void
leave_the_spot(ait_ring *ring)
{
    AIT_LOCK(ring);
    if (ring->spot == PyThread_get_thread_ident()) {
        ring->spot = 0;
    }
    AIT_UNLOCK();
}

/* Nothing will be pulled any more: the task that did that may go. */
static void
dismiss_courier(ait_ring *ring)
{
    PyObject *courier;
    AIT_LOCK(ring);
    courier = Py_XNewRef(ring->carrier.courier);
    AIT_UNLOCK();
    PyObject *done =
        courier == NULL ? NULL : PyObject_CallMethodNoArgs(courier, ring->st->str_dismiss);
    if (done == NULL && courier != NULL) {
        PyErr_WriteUnraisable(courier);
    }
    Py_XDECREF(done);
    Py_XDECREF(courier);
}

/* A pull came to r: an item or an error, which is stolen, or the end. Nobody pulls any more.
 * Whether that was all. */
static bool
settle(ait_ring *ring, PySendResult r, PyObject *entry)
{
    ait_calls calls;
    ait_freed freed;
    bool over = false;
    calls.n = freed.n = 0;
    calls.more = false;
    AIT_LOCK(ring);
    ring->pulling = false;
    ring->spot = 0;
    if (entry != NULL && !ring->ended && ait_ring_reserve(ring) == 0) { /* it was, unless misused */
        ait_ring_append(ring, entry, r == PYGEN_ERROR, &freed);
        entry = NULL;
        over = r == PYGEN_ERROR && ait_has(ring->carrier.source, AIT_ENDED);
    }
    else {
        over = true;
    }
    if (over) {
        ait_ring_end(ring);
        ring->closed = true; /* the source is; who leaves waits for its courier, if any */
    }
    ait_ring_balance((PyObject *)ring, &calls);
    AIT_UNLOCK();
    Py_XDECREF(entry); /* it came too late: the ring was closed meanwhile */
    ait_ring_wake(ring, &calls);
    ait_ring_drop_freed(ring, &freed);
    return over;
}

static void
deliver(PyObject *self, PySendResult r, PyObject *item)
{
    PyObject *entry = r == PYGEN_ERROR ? ait_ring_fetch_error() : item;
    if (entry == NULL && r == PYGEN_ERROR) {
        PyErr_WriteUnraisable(self);
    }
    (void)settle((ait_ring *)self, r, entry);
}

/* Whether that was all, so that the courier may go. */
PyObject *
ait_ring_deliver(PyObject *self, PyObject *args)
{
    ait_ring *ring = (ait_ring *)self;
    PyObject *done = ait_carry_deliver(self, &ring->carrier, args, deliver);
    Py_XDECREF(done);
    return done == NULL ? NULL : PyBool_FromLong(ring->ended);
}

PyObject *
ait_ring_go_on(PyObject *self, PyObject *args)
{
    ait_ring *ring = (ait_ring *)self;
    PyObject *error = ait_carry_go_on(self, &ring->carrier, ring->st, args, deliver);
    return error != Py_None ? error : PyBool_FromLong(ring->ended);
}

/* The one who pulled was cancelled, or the like: another one goes on. */
static void
give_up_the_lead(ait_ring *ring)
{
    ait_calls calls = {.n = 0};
    AIT_LOCK(ring);
    ring->pulling = false;
    ring->spot = 0;
    ring->news = true;
    ait_ring_balance((PyObject *)ring, &calls);
    AIT_UNLOCK();
    ait_ring_wake(ring, &calls);
}

/* Whether what is raised is meant for the task that pulled, and for nobody else. Where there are no
 * couriers that is whatever cancels: trio sends a cancellation as a value that raises. */
static bool
is_cancellation(ait_ring *ring)
{
    return ring->carrier.alone && !PyErr_ExceptionMatches(PyExc_Exception);
}

/* Pull the source. PYGEN_RETURN: see what there is now; else it is the step's answer. */
static PySendResult
pull(ait_seat *seat, ait_drive *d, PyObject **out)
{
    ait_ring *ring = (ait_ring *)Py_NewRef((PyObject *)seat->ring);
    bool thrown = d->resuming && d->thrown != NULL;
    if (d->resuming) {
        AIT_LOCK(ring);
        ring->spot = PyThread_get_thread_ident();
        AIT_UNLOCK();
    }
    int r = ait_carry((PyObject *)ring, &ring->carrier, d, out);
    if (r == PYGEN_NEXT || r == AIT_CARRIED) {
        leave_the_spot(ring);
    }
    if (r == PYGEN_NEXT) {
        Py_DECREF(ring);
        return PYGEN_NEXT;
    }
    seat->leads = false;
    if (r == PYGEN_ERROR && !thrown && !is_cancellation(ring)) {
        *out = ait_ring_fetch_error();
    }
    if (r == PYGEN_ERROR && *out == NULL) {
        give_up_the_lead(ring);
        Py_DECREF(ring);
        return PYGEN_ERROR;
    }
    if (r != AIT_CARRIED && settle(ring, (PySendResult)r, *out)) {
        dismiss_courier(ring);
    }
    Py_DECREF(ring);
    *out = NULL;
    return PYGEN_RETURN;
}

/* ---- reading --------------------------------------------------------------------------------- */

static ait_reading
look(ait_reader *op, bool armed, PyObject **out, int64_t *missed)
{
    ait_ring *ring = op->seat->ring;
    ait_waiter *waiter = (ait_waiter *)op->waiter;
    ait_line *line = &ring->readers;
    ait_calls calls;
    ait_freed freed;
    ait_reading reading;
    bool stays;
    calls.n = freed.n = 0;
    calls.more = false;
    AIT_LOCK(ring);
    reading = ait_ring_read(ring, op->seat, waiter, out, missed, &freed);
    stays = reading == AIT_READ_WAIT || reading == AIT_READ_LEAD; /* who pulls keeps its turn */
    if (waiter != NULL && !stays) {
        ait_line_leave(waiter);
    }
    else if (armed && reading == AIT_READ_WAIT && waiter->row != &line->waiting) {
        ait_line_join(line, waiter, waiter->row == &line->called);
    }
    ait_ring_balance((PyObject *)ring, &calls);
    AIT_UNLOCK();
    ait_ring_wake(ring, &calls);
    ait_ring_drop_freed(ring, &freed);
    if (!stays) {
        Py_CLEAR(op->waiter);
    }
    return reading;
}

/* Whether it is the source itself that reads what is made of it, and would wait for itself: 1, 0,
 * or -1, also if the courier, which is waited for, will never come, as its loop is closed. */
static int
waits_for_itself(ait_ring *ring)
{
    bool on_the_spot, awaited;
    PyObject *courier;
    AIT_LOCK(ring);
    on_the_spot = ring->spot == PyThread_get_thread_ident();
    courier = Py_XNewRef(ring->carrier.courier);
    awaited = courier != NULL && ring->pulling;
    AIT_UNLOCK();
    PyObject *may_come = awaited ? PyObject_CallMethodNoArgs(courier, ring->st->str_check) : NULL;
    Py_XDECREF(may_come);
    if (awaited && may_come == NULL) {
        Py_DECREF(courier);
        return -1;
    }
    PyObject *name = ring->st->str_inside;
    PyObject *inside = on_the_spot       ? Py_NewRef(Py_True)
                       : courier == NULL ? Py_NewRef(Py_False)
                                         : PyObject_CallMethodNoArgs(courier, name);
    Py_XDECREF(courier);
    return inside == NULL ? -1 : ait_truth(inside);
}

/* Look once more, in line. */
static ait_reading
line_up(ait_reader *op, ait_drive *d, PyObject **out, int64_t *missed)
{
    ait_ring *ring = op->seat->ring;
    int by_itself = waits_for_itself(ring);
    if (by_itself != 0) {
        if (by_itself > 0) {
            d->refused = true;
            PyErr_Format(PyExc_RuntimeError, "%s(): already running", op->kind->name);
        }
        Py_CLEAR(op->waiter);
        return AIT_READ_FAIL;
    }
    if (op->waiter == NULL) {
        op->waiter = (PyObject *)ait_waiter_new(ring->st, (PyObject *)ring, ait_ring_balance);
    }
    if (op->waiter == NULL || ait_waiter_arm((ait_waiter *)op->waiter, false) < 0) {
        Py_CLEAR(op->waiter);
        return AIT_READ_FAIL;
    }
    return look(op, true, out, missed);
}

static PySendResult
raise_lagged(ait_state *st, int64_t missed)
{
    PyObject *exc = PyObject_CallFunction(st->hooks[AIT_HOOK_LAGGED], "L", (long long)missed);
    if (exc != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        Py_DECREF(exc);
    }
    return PYGEN_ERROR;
}

/* Go on with what was suspended. PYGEN_RETURN: see what there is now. */
static PySendResult
go_on(ait_reader *op, ait_drive *d, PyObject **out)
{
    PySendResult r =
        op->awaiting == NULL ? pull(op->seat, d, out) : ait_await((ait_op *)op, d, out);
    if (r == PYGEN_RETURN) {
        Py_CLEAR(*out);
    }
    else if (r == PYGEN_ERROR) {
        Py_CLEAR(op->waiter); /* if it had been called, the next one is */
    }
    return r;
}

PySendResult
ait_reader_step(ait_op *self, ait_drive *d, PyObject **out)
{
    ait_reader *op = (ait_reader *)self;
    bool suspended = d->resuming;
    *out = NULL;
    for (;;) {
        PySendResult r = PYGEN_RETURN;
        if (suspended || op->awaiting != NULL || op->seat->leads) {
            r = go_on(op, d, out);
            suspended = false;
        }
        if (r != PYGEN_RETURN) {
            return r;
        }
        int64_t missed;
        ait_reading reading = look(op, false, out, &missed);
        if (reading == AIT_READ_WAIT) {
            reading = line_up(op, d, out, &missed);
        }
        switch (reading) {
        case AIT_READ_LEAD:
            break;
        case AIT_READ_WAIT:
            op->awaiting = ait_awaiter(Py_NewRef(((ait_waiter *)op->waiter)->handle));
            if (op->awaiting == NULL) {
                Py_CLEAR(op->waiter);
                return PYGEN_ERROR;
            }
            break;
        case AIT_READ_ITEM:
        case AIT_READ_END:
            return PYGEN_RETURN;
        case AIT_READ_LAG:
            return raise_lagged(d->st, missed);
        case AIT_READ_ERROR:
            ait_ring_raise(*out);
            Py_CLEAR(*out);
            return PYGEN_ERROR;
        case AIT_READ_FAIL:
            if (!PyErr_Occurred()) {
                PyErr_NoMemory();
            }
            return PYGEN_ERROR;
        }
    }
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* Whether it was the last reader; *closed: whether the source is to be closed, by whatever. */
static bool
leave(ait_seat *seat, bool *closed)
{
    ait_ring *ring = seat->ring;
    ait_calls calls = {.n = 0};
    ait_freed freed;
    bool last, more = true;
    AIT_LOCK(ring);
    last = ait_ring_leave(ring, seat);
    *closed = ring->closed && ring->carrier.source != NULL;
    ait_ring_balance((PyObject *)ring, &calls);
    AIT_UNLOCK();
    ait_ring_wake(ring, &calls);
    while (more) {
        freed.n = 0;
        AIT_LOCK(ring);
        ait_ring_give_back(ring, seat, &freed);
        more = seat->cursor < seat->until;
        calls.n = 0;
        ait_ring_balance((PyObject *)ring, &calls); /* there may be room now */
        AIT_UNLOCK();
        ait_ring_wake(ring, &calls);
        ait_ring_drop_freed(ring, &freed);
    }
    return last;
}

PySendResult
ait_reader_close(ait_op *self, ait_drive *d, PyObject **out)
{
    ait_reader *op = (ait_reader *)self;
    bool closed = true;
    if (!d->resuming) {
        Py_CLEAR(op->waiter);
        (void)leave(op->seat, &closed);
    }
    if (!closed) {
        *out = NULL;
        return PYGEN_RETURN;
    }
    ait_ring *ring = op->seat->ring;
    return ait_carry_close((PyObject *)ring, &ring->carrier, self, d, out);
}

static int
seat_clear(PyObject *self)
{
    ait_seat *seat = (ait_seat *)self;
    ait_ring *ring = seat->ring;
    bool closed;
    if (ring != NULL) {
        if (leave(seat, &closed)) { /* it was dropped and not closed */
            ait_carry_drop((PyObject *)ring, &ring->carrier, ring->st);
        }
        Py_CLEAR(seat->ring);
    }
    return 0;
}

static int
seat_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((ait_seat *)self)->ring);
    return 0;
}

static void
seat_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)seat_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot seat_slots[] = {
    {Py_tp_dealloc, seat_dealloc},
    {Py_tp_traverse, seat_traverse},
    {Py_tp_clear, seat_clear},
    {0, NULL},
};

PyType_Spec ait_seat_spec = {
    .name = "aitertools._core.Seat",
    .basicsize = sizeof(ait_seat),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = seat_slots,
};

/* ---- joining --------------------------------------------------------------------------------- */

PyObject *
ait_ring_subscribe(ait_ring *ring, uint8_t side)
{
    ait_state *st = ring->st;
    ait_reader *op = (ait_reader *)ait_new(st, &ring->kinds[side]);
    if (op == NULL) {
        return NULL;
    }
    ait_seat *seat = (ait_seat *)st->seat_type->tp_alloc(st->seat_type, 0);
    if (seat == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    seat->side = side;
    seat->ring = (ait_ring *)Py_NewRef((PyObject *)ring);
    AIT_LOCK(ring);
    op->source = (ait_op *)Py_XNewRef((PyObject *)ring->carrier.source);
    ait_ring_join(ring, seat);
    AIT_UNLOCK();
    op->seat = seat;
    return ait_ready((ait_op *)op);
}
