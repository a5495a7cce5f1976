/* Waiting in tasks: the awaitables of a queue, and a queue as the source of a stream. */
#include "queue.h"

/* Ask, and await what the waiter has to wait for, until there is an answer: PYGEN_RETURN with a
 * result, or with none when the queue is shut down. */
static PySendResult
drive_ask(ait_ask *ask, PyObject **awaiting, ait_drive *d, PyObject **out)
{
    *out = NULL;
    for (;;) {
        if (*awaiting != NULL) {
            PySendResult r = ait_drive_slot(awaiting, d, out);
            if (r != PYGEN_RETURN) {
                if (r == PYGEN_ERROR) {
                    Py_CLEAR(*ask->waiter); /* if it had been called, the next one is */
                }
                return r;
            }
            Py_CLEAR(*out);
        }
        switch (ait_ask_or_wait(ask, false)) {
        case AIT_MUST_WAIT:
            *awaiting = ait_awaiter(Py_NewRef((*ask->waiter)->handle));
            if (*awaiting == NULL) {
                Py_CLEAR(*ask->waiter);
                return PYGEN_ERROR;
            }
            break;
        case AIT_GOT_IT:
            *out = ask->result != NULL ? ask->result : Py_NewRef(Py_None);
            return PYGEN_RETURN;
        case AIT_IS_SHUT:
            return PYGEN_RETURN;
        default:
            return PYGEN_ERROR;
        }
    }
}

/* ---- awaitables ------------------------------------------------------------------------------ */

typedef struct {
    ait_goal goal;
    const ait_verb *verb;
} queue_goal;

/* At the end of a put_many(): only what is not put yet is held. */
static void
forget_put(ait_run *run)
{
    PyObject *raised = PyErr_GetRaisedException();
    if (PyList_SetSlice(run->item, 0, run->n, NULL) < 0) {
        PyErr_Clear();
    }
    else {
        run->n = 0;
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}

static PySendResult
wait_advance(ait_run *run, PyObject **out)
{
    ait_queue *q = (ait_queue *)run->arg;
    ait_ask ask = {
        .verb = ((const queue_goal *)run->goal)->verb,
        .q = q, .item = run->item, .n = run->n, .waiter = (ait_waiter **)&run->waiter,
    };
    PySendResult r = drive_ask(&ask, &run->acc, &run->d, out);
    run->n = ask.n;
    if (r != PYGEN_NEXT && ask.verb == &ait_put_many) {
        forget_put(run);
    }
    if (r == PYGEN_RETURN && *out == NULL) {
        ait_raise_shut(q, ask.verb, q->st->queue_errors.shut_down);
        r = PYGEN_ERROR;
    }
    return r;
}

static const queue_goal get_goal = {
    {.name = "get", .of = "Queue", .advance = wait_advance,
     .spare = offsetof(ait_queue, spare_get)}, &ait_get,
};
static const queue_goal put_goal = {
    {.name = "put", .of = "Queue", .advance = wait_advance,
     .spare = offsetof(ait_queue, spare_put)}, &ait_put,
};
static const queue_goal get_many_goal = {
    {.name = "get_many", .of = "Queue", .advance = wait_advance}, &ait_get_many,
};
static const queue_goal put_many_goal = {
    {.name = "put_many", .of = "Queue", .advance = wait_advance}, &ait_put_many,
};
static const queue_goal join_goal = {
    {.name = "join", .of = "Queue", .advance = wait_advance}, &ait_join,
};

static PyObject *
run_for(PyObject *q, const queue_goal *goal, PyObject *item, Py_ssize_t n)
{
    ait_run *run = goal->goal.spare == 0
                       ? NULL
                       : ait_run_again((PyObject **)((char *)q + goal->goal.spare));
    if (run == NULL) {
        run = ait_run_new(((ait_queue *)q)->st, &goal->goal, NULL);
    }
    if (run != NULL) {
        run->arg = Py_NewRef(q);
        run->item = Py_XNewRef(item);
        run->n = n;
    }
    return (PyObject *)run;
}

PyObject *
ait_queue_get(PyObject *q, PyObject *Py_UNUSED(ignored))
{
    return run_for(q, &get_goal, NULL, 0);
}

PyObject *
ait_queue_put(PyObject *q, PyObject *item)
{
    return run_for(q, &put_goal, item, 0);
}

PyObject *
ait_queue_join(PyObject *q, PyObject *Py_UNUSED(ignored))
{
    return run_for(q, &join_goal, NULL, 0);
}

PyObject *
ait_queue_get_many(PyObject *q, PyObject *max)
{
    Py_ssize_t n = ait_check_size(max, 1, "get_many", "max");
    return n < 0 ? NULL : run_for(q, &get_many_goal, NULL, n);
}

PyObject *
ait_queue_put_many(PyObject *q, PyObject *items)
{
    PyObject *list = PySequence_List(items);
    PyObject *run = list == NULL ? NULL : run_for(q, &put_many_goal, list, 0);
    Py_XDECREF(list);
    return run;
}

PyObject *
ait_put_many_rest(ait_run *run)
{
    if (run->goal != &put_many_goal.goal) {
        PyErr_SetString(PyExc_AttributeError, "only the awaitable of put_many() has a rest");
        return NULL;
    }
    return PyList_GetSlice(run->item, run->n, PyList_GET_SIZE(run->item));
}

/* ---- a source -------------------------------------------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    PyObject *label;
    ait_queue *queue;
    PyObject *waiter;
} items_op;

static PySendResult
items_step(ait_op *self, ait_drive *d, PyObject **out)
{
    items_op *op = (items_op *)self;
    ait_queue *q = op->queue;
    ait_ask ask = {.verb = &ait_get, .q = q, .waiter = (ait_waiter **)&op->waiter};
    PySendResult r = drive_ask(&ask, &self->awaiting, d, out);
    if (r == PYGEN_RETURN && *out == NULL && q->error != NULL) {
        ait_raise_shut(q, &ait_get, NULL);
        ait_bits_change(&self->flags, AIT_ENDED, 0); /* raised once, and then it is over */
        return PYGEN_ERROR;
    }
    return r;
}

static const ait_kind items_kind = {
    .name = "Queue", .step = items_step, .nwords = AIT_WORDS(items_op), .nrefs = 3,
    .arg = AIT_ARG_LABEL, .arg_at = AIT_WORD_AT(items_op, label),
};

PyObject *
ait_queue_aiter(PyObject *q)
{
    items_op *op = (items_op *)ait_new(((ait_queue *)q)->st, &items_kind);
    if (op == NULL) {
        return NULL;
    }
    op->label = Py_NewRef(Py_TYPE(q));
    op->queue = (ait_queue *)Py_NewRef(q);
    return ait_ready((ait_op *)op);
}
