/* Queues: what their files share.
 *
 * queue.c        the types Queue, LifoQueue, PriorityQueue; what help() says is in queue_doc.h
 * queue_order.c  how the items lie, and which one is next
 * queue_ask.c    what is asked of a queue and may have to wait: get, put, join, ...
 * queue_wait.c   waiting for that: awaitables, and a queue as a source of a stream
 * queue_sync.c   waiting for that in plain threads: SyncQueue
 */
#ifndef AIT_QUEUE_H
#define AIT_QUEUE_H

#include "line.h"

typedef struct ait_queue ait_queue;

/* The items of a queue: a ring, or a heap whose entries carry the number of their arrival. */
typedef struct {
    PyObject **items;
    uint64_t *arrivals; /* heap only */
    Py_ssize_t head;    /* ring only: where the first one is; `room` is a power of two */
    Py_ssize_t size;
    Py_ssize_t room;
} ait_store;

/* Under the lock; the pointers that come out are owned. Only those of a heap can fail. */
typedef struct {
    const char *name;
    bool compares;                                       /* calls Python: see ait_queue_enter() */
    int (*add)(ait_queue *q, PyObject *item);            /* 0, or -1                            */
    PyObject *(*take)(ait_queue *q);                     /* of one that is not empty            */
    PyObject *(*take_oldest)(ait_queue *q);
    void (*unadd)(ait_queue *q);                         /* the one added last: never fails     */
    PyObject *(*next)(const ait_queue *q);               /* borrowed                            */
} ait_order;

extern const ait_order ait_fifo, ait_lifo, ait_priority;

enum { AIT_WAIT, AIT_DROP_OLDEST, AIT_DROP_NEWEST }; /* ait_queue.overflow */

struct ait_queue {
    PyObject_HEAD
    ait_state *st;
    const ait_order *order;
    ait_store store;
    Py_ssize_t maxsize; /* 0 or less: unbounded */
    ait_line getters, putters, joiners;
    Py_ssize_t unfinished;
    uint64_t put, got, dropped; /* totals; put also numbers the arrivals */
    PyObject *on_dropped;       /* or NULL */
    PyObject *error;            /* what consumers get in the end, or NULL: QueueShutDown */
    PyObject *error_tb;         /* its traceback when it was given */
    PyObject *spare_get, *spare_put; /* finished awaitables, for the next call */
    PyObject *sorter;           /* a lock: taken while items are compared; heap only */
    unsigned long sorting;      /* the thread that has it, or 0 */
    PyObject *weakrefs;
    uint8_t overflow;
    uint8_t shut;
};

extern PyType_Spec ait_queue_spec, ait_lifo_spec, ait_priority_spec, ait_sync_queue_spec;

/* Have the items to oneself while they are compared: 0, or -1 with an exception. */
int ait_queue_enter(ait_queue *q);
void ait_queue_leave(ait_queue *q);

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct ait_ask ait_ask;

/* What is asked for; how it is done under the lock: */
typedef enum {
    AIT_MUST_WAIT,
    AIT_GOT_IT,
    AIT_FAILED,   /* an exception is set            */
    AIT_IS_SHUT,  /* none is set                    */
    AIT_ONCE_MORE /* after what was dropped is told */
} ait_reply;

typedef struct {
    const char *name;
    size_t line; /* offset of its line in the queue */
    ait_reply (*answer)(ait_ask *ask, bool may_wait);
} ait_verb;

struct ait_ask {
    const ait_verb *verb;
    ait_queue *q;        /* borrowed                                         */
    PyObject *item;      /* borrowed: the item, or the list of items, to put */
    Py_ssize_t n;        /* how many at most, or how many so far             */
    ait_waiter **waiter; /* where the one who asks keeps its waiter          */
    PyObject *result;    /* owned                                            */
    PyObject *dropped;   /* owned: to be told                                */
};

extern const ait_verb ait_get, ait_get_many, ait_put, ait_put_many, ait_join, ait_peek;

/* Try without waiting: whoever asks so may be served before those in line, as in asyncio. */
ait_reply ait_ask_now(ait_ask *ask);
/* Try, in turn, until it is done or has to wait: then its waiter is armed and in line. */
ait_reply ait_ask_or_wait(ait_ask *ask, bool blocks);
/* Go on with what has to wait no longer, or not to wait any more. */
ait_reply ait_ask_last(ait_ask *ask);
/* Raise what a queue that was shut down answers: the error given for its consumers, if any. */
void ait_raise_shut(ait_queue *q, const ait_verb *verb, PyObject *shut_down);

void ait_queue_balance(PyObject *q, ait_calls *calls);
void ait_queue_tell_dropped(ait_queue *q, PyObject *item);

/* ---- the faces ------------------------------------------------------------------------------- */

PyObject *ait_queue_get(PyObject *q, PyObject *ignored);
PyObject *ait_queue_put(PyObject *q, PyObject *item);
PyObject *ait_queue_get_many(PyObject *q, PyObject *max);
PyObject *ait_queue_put_many(PyObject *q, PyObject *items);
PyObject *ait_queue_join(PyObject *q, PyObject *ignored);
PyObject *ait_queue_aiter(PyObject *q);
PyObject *ait_queue_sync(PyObject *q, void *ignored);
PyObject *ait_queue_qsize(PyObject *q, PyObject *ignored);
PyObject *ait_queue_empty(PyObject *q, PyObject *ignored);
PyObject *ait_queue_full(PyObject *q, PyObject *ignored);
PyObject *ait_queue_task_done(PyObject *q, PyObject *ignored);
PyObject *ait_queue_shutdown(PyObject *q, PyObject *args, PyObject *kwargs);
/* put_nowait() and get_nowait(), with the exceptions of whoever asks. */
PyObject *ait_queue_ask_now(ait_queue *q, const ait_verb *verb, PyObject *item, PyObject *missing,
                            PyObject *shut_down);

#endif
