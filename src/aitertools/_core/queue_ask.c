/* Asking: what a queue does or answers in one step, and the lines of those who have to wait.
 *
 * Calls go to as many getters as there are items, and to as many putters as there is room. One that
 * was called takes or puts when it comes; until then items and room are left to it by all that wait
 * in line. put_nowait() and get_nowait() do not: who finds nothing left goes back to the front.
 */
#include "queue.h"

static Py_ssize_t
room_of(const ait_queue *q)
{
    return q->maxsize <= 0 ? PY_SSIZE_T_MAX : Py_MAX(0, q->maxsize - q->store.size);
}

/* Whether nothing will come any more: what is there when it is shut down is for those in line. */
static bool
is_drained(const ait_queue *q)
{
    return q->shut && q->store.size == 0;
}

void
ait_queue_balance(PyObject *self, ait_calls *calls)
{
    ait_queue *q = (ait_queue *)self;
    while (q->getters.waiting.n > 0 && (q->getters.called.n < q->store.size || is_drained(q))) {
        if (!ait_line_call(&q->getters, calls)) {
            break;
        }
    }
    while (q->putters.waiting.n > 0 && (q->shut || q->putters.called.n < room_of(q))) {
        if (!ait_line_call(&q->putters, calls)) {
            break;
        }
    }
    while (q->joiners.waiting.n > 0 && q->unfinished == 0) {
        if (!ait_line_call(&q->joiners, calls)) {
            break;
        }
    }
}

/* ---- answers, under the lock ----------------------------------------------------------------- */

static ait_waiter *
waiter_of(const ait_ask *ask)
{
    return ask->waiter == NULL ? NULL : *ask->waiter;
}

/* How many items are for who asks; AIT_GOT_IT if any. */
static ait_reply
items_for(const ait_ask *ask, bool in_turn, Py_ssize_t *n)
{
    ait_queue *q = ask->q;
    *n = q->store.size;
    if (*n == 0) {
        return q->shut ? AIT_IS_SHUT : AIT_MUST_WAIT;
    }
    if (in_turn) {
        ait_waiter *waiter = waiter_of(ask);
        if (!ait_line_may(&q->getters, waiter, *n)) {
            return AIT_MUST_WAIT;
        }
        bool called = waiter != NULL && waiter->row == &q->getters.called;
        *n = Py_MAX(1, *n - q->getters.called.n + called);
    }
    return AIT_GOT_IT;
}

static ait_reply
answer_get(ait_ask *ask, bool in_turn)
{
    Py_ssize_t n;
    ait_reply reply = items_for(ask, in_turn, &n);
    if (reply != AIT_GOT_IT) {
        return reply;
    }
    ask->result = ask->q->order->take(ask->q);
    if (ask->result == NULL) {
        return AIT_FAILED;
    }
    ask->q->got++;
    return AIT_GOT_IT;
}

/* ask->result is a list of places to fill; those that were not are cut off by shorten(). */
static ait_reply
answer_get_many(ait_ask *ask, bool in_turn)
{
    ait_queue *q = ask->q;
    Py_ssize_t n;
    ait_reply reply = items_for(ask, in_turn, &n);
    if (reply != AIT_GOT_IT) {
        return reply;
    }
    if (ask->result == NULL) { /* there was nothing when the places were counted */
        return AIT_ONCE_MORE;
    }
    n = Py_MIN(n, PyList_GET_SIZE(ask->result));
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = q->order->take(q);
        if (item == NULL) { /* what was taken is delivered first, should the error come again */
            if (i == 0) {
                return AIT_FAILED;
            }
            if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
                PyErr_SetInterrupt(); /* that comes again for sure */
            }
            PyErr_Clear();
            break;
        }
        PyList_SET_ITEM(ask->result, i, item);
        q->got++;
    }
    return AIT_GOT_IT;
}

static ait_reply
answer_peek(ait_ask *ask, bool in_turn)
{
    Py_ssize_t n;
    ait_reply reply = items_for(ask, in_turn, &n);
    if (reply == AIT_GOT_IT) {
        ask->result = Py_NewRef(ask->q->order->next(ask->q));
    }
    return reply;
}

/* Put into a full queue that never lets wait: something is dropped. */
static ait_reply
put_dropping(ait_ask *ask, PyObject *item)
{
    ait_queue *q = ask->q;
    if (q->overflow == AIT_DROP_NEWEST) {
        ask->dropped = Py_NewRef(item);
        q->put++;
        q->dropped++;
        return AIT_GOT_IT;
    }
    if (q->order->add(q, item) < 0) {
        return AIT_FAILED;
    }
    ask->dropped = q->order->take_oldest(q);
    if (ask->dropped == NULL) {
        q->order->unadd(q);
        return AIT_FAILED;
    }
    q->put++; /* and `unfinished` stays: what is dropped counts as done */
    q->dropped++;
    return AIT_GOT_IT;
}

static ait_reply
put_one(ait_ask *ask, PyObject *item, bool in_turn)
{
    ait_queue *q = ask->q;
    if (q->shut) {
        return AIT_IS_SHUT;
    }
    if (q->overflow != AIT_WAIT) {
        if (room_of(q) == 0) {
            return put_dropping(ask, item);
        }
    }
    else if (in_turn ? !ait_line_may(&q->putters, waiter_of(ask), room_of(q)) : room_of(q) == 0) {
        return AIT_MUST_WAIT;
    }
    if (q->order->add(q, item) < 0) {
        return AIT_FAILED;
    }
    q->put++;
    q->unfinished++;
    return AIT_GOT_IT;
}

static ait_reply
answer_put(ait_ask *ask, bool in_turn)
{
    return put_one(ask, ask->item, in_turn);
}

static ait_reply
answer_put_many(ait_ask *ask, bool in_turn)
{
    ait_reply reply = ask->q->shut ? AIT_IS_SHUT : AIT_GOT_IT;
    while (reply == AIT_GOT_IT && ask->n < PyList_GET_SIZE(ask->item)) {
        reply = put_one(ask, PyList_GET_ITEM(ask->item, ask->n), in_turn);
        ask->n += reply == AIT_GOT_IT;
        if (ask->dropped != NULL) {
            return AIT_ONCE_MORE;
        }
    }
    return reply;
}

static ait_reply
answer_join(ait_ask *ask, bool Py_UNUSED(in_turn))
{
    ait_queue *q = ask->q;
    ait_waiter *waiter = waiter_of(ask);
    bool called = waiter != NULL && waiter->row == &q->joiners.called;
    return called || q->unfinished == 0 ? AIT_GOT_IT : AIT_MUST_WAIT;
}

const ait_verb ait_get = {"get", offsetof(ait_queue, getters), answer_get};
const ait_verb ait_get_many = {"get_many", offsetof(ait_queue, getters), answer_get_many};
const ait_verb ait_peek = {"peek", offsetof(ait_queue, getters), answer_peek};
const ait_verb ait_put = {"put", offsetof(ait_queue, putters), answer_put};
const ait_verb ait_put_many = {"put_many", offsetof(ait_queue, putters), answer_put_many};
const ait_verb ait_join = {"join", offsetof(ait_queue, joiners), answer_join};

/* ---- one question ---------------------------------------------------------------------------- */

void
ait_queue_tell_dropped(ait_queue *q, PyObject *item)
{
    PyObject *on_dropped;
    AIT_LOCK(q);
    on_dropped = Py_XNewRef(q->on_dropped);
    AIT_UNLOCK();
    PyObject *told = on_dropped == NULL ? Py_NewRef(Py_None)
                                        : PyObject_CallOneArg(on_dropped, item);
    if (told == NULL) {
        PyErr_WriteUnraisable(on_dropped);
    }
    Py_XDECREF(told);
    Py_XDECREF(on_dropped);
}

/* As the list is made outside of the lock, it has places for what is there just now. */
static int
make_places(ait_ask *ask)
{
    ask->result = NULL;
    if (ask->verb != &ait_get_many) {
        return 0;
    }
    Py_ssize_t n;
    AIT_LOCK(ask->q);
    n = Py_MIN(ask->n, ask->q->store.size);
    AIT_UNLOCK();
    if (n > 0) {
        ask->result = PyList_New(n);
        if (ask->result == NULL) {
            return -1;
        }
        PyObject_GC_UnTrack(ask->result); /* nobody finds it while its places are empty */
    }
    return 0;
}

static ait_reply
shorten(ait_ask *ask, ait_reply reply)
{
    if (reply != AIT_GOT_IT) {
        Py_CLEAR(ask->result);
        return reply;
    }
    Py_ssize_t places = PyList_GET_SIZE(ask->result), n = places;
    while (PyList_GET_ITEM(ask->result, n - 1) == NULL) {
        n--;
    }
    if (n < places) {
        Py_SET_SIZE((PyVarObject *)ask->result, n);
    }
    PyObject_GC_Track(ask->result);
    return reply;
}

static ait_line *
line_of(const ait_ask *ask)
{
    return (ait_line *)((char *)ask->q + ask->verb->line);
}

static void
line_up(ait_line *line, ait_waiter *waiter, ait_reply reply, bool armed)
{
    if (reply == AIT_ONCE_MORE) { /* its place is settled then: a handle is for one call only */
        return;
    }
    if (reply != AIT_MUST_WAIT) {
        ait_line_leave(waiter);
    }
    else if (armed && waiter->row != &line->waiting) {
        ait_line_join(line, waiter, waiter->row == &line->called);
    }
}

static ait_reply
ask_once(ait_ask *ask, bool in_turn, bool armed)
{
    ait_queue *q = ask->q;
    ait_calls calls;
    ait_reply reply;
    calls.n = 0;
    calls.more = false;
    if (make_places(ask) < 0) {
        return AIT_FAILED;
    }
    if (ait_queue_enter(q) < 0) {
        Py_CLEAR(ask->result);
        return AIT_FAILED;
    }
    AIT_LOCK(q);
    reply = ask->verb->answer(ask, in_turn);
    if (waiter_of(ask) != NULL) {
        line_up(line_of(ask), waiter_of(ask), reply, armed);
    }
    ait_queue_balance((PyObject *)q, &calls);
    AIT_UNLOCK();
    ait_queue_leave(q);
    ait_wake(q->st, (PyObject *)q, ait_queue_balance, &calls);
    if (ask->verb == &ait_get_many) {
        reply = shorten(ask, reply);
    }
    if (ask->dropped != NULL) {
        ait_queue_tell_dropped(q, ask->dropped);
        Py_CLEAR(ask->dropped);
    }
    return reply;
}

static ait_reply
ask_until_answered(ait_ask *ask, bool in_turn, bool armed)
{
    ait_reply reply;
    do {
        reply = ask_once(ask, in_turn, armed);
    } while (reply == AIT_ONCE_MORE);
    return reply;
}

ait_reply
ait_ask_now(ait_ask *ask)
{
    return ask_until_answered(ask, false, false);
}

ait_reply
ait_ask_last(ait_ask *ask)
{
    ait_reply reply = ask_until_answered(ask, true, false);
    Py_CLEAR(*ask->waiter);
    return reply;
}

ait_reply
ait_ask_or_wait(ait_ask *ask, bool blocks)
{
    ait_queue *q = ask->q;
    ait_reply reply = ask_until_answered(ask, true, false);
    if (reply == AIT_MUST_WAIT) {
        if (*ask->waiter == NULL) {
            *ask->waiter = ait_waiter_new(q->st, (PyObject *)q, ait_queue_balance);
        }
        if (*ask->waiter == NULL || ait_waiter_arm(*ask->waiter, blocks) < 0) {
            reply = AIT_FAILED;
        }
        else {
            reply = ask_until_answered(ask, true, true);
        }
        if (reply == AIT_MUST_WAIT) {
            ait_line_check(q->st, (PyObject *)q, ait_queue_balance, line_of(ask));
        }
    }
    if (reply != AIT_MUST_WAIT) {
        Py_CLEAR(*ask->waiter);
    }
    return reply;
}

/* ---- a queue that was shut down -------------------------------------------------------------- */

void
ait_raise_shut(ait_queue *q, const ait_verb *verb, PyObject *shut_down)
{
    bool consumes = verb->line == offsetof(ait_queue, getters);
    if (q->error == NULL) {
        PyErr_SetNone(shut_down);
    }
    else if (consumes) {
        /* The same exception for each of them: as it was given, so that its traceback does not
         * grow. */
        PyException_SetTraceback(q->error, q->error_tb != NULL ? q->error_tb : Py_None);
        PyErr_SetRaisedException(Py_NewRef(q->error));
    }
    else {
        PyErr_SetNone(shut_down);
        PyObject *exc = PyErr_GetRaisedException();
        PyException_SetCause(exc, Py_NewRef(q->error));
        PyErr_SetRaisedException(exc);
    }
}
