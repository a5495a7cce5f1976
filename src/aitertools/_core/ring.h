/* Rings: the items that several readers share, each at its own pace.
 *
 * ring.c       the items, who still has to read them, and what happens when somebody lags
 * reader.c     reading: a reader as an operator, and pulling the source on behalf of all
 * share.c      tee, share, partition
 * topic.c      the type Topic: a ring that is published to
 *
 *          base        unread                  next
 *           |            |                      |
 *      ---- i  i  i  i   i   i   i   i   i   i   .
 *           `--replay--'     ^           ^      ^
 *                            a           b      c: has read all there is
 *
 * Items are numbered from zero. Each knows how many readers have still to read it; the oldest that
 * somebody has to read is `unread`. What lies before it is kept for new readers only (`replay`).
 */
#ifndef AIT_RING_H
#define AIT_RING_H

#include "carry.h"
#include "line.h"
#include "valued.h"

typedef struct ait_ring ait_ring;
typedef struct ait_seat ait_seat;

typedef struct {
    PyObject *item; /* or (exception, traceback); NULL when nobody will want it any more */
    uint32_t left;  /* how many readers have still to read it                            */
    uint8_t side;   /* of partition: for whom it is                                      */
    bool failed;    /* it is an error                                                    */
} ait_slot;

/* The place of a reader: when it is dropped, the reader has left. */
struct ait_seat {
    PyObject_HEAD
    ait_ring *ring;
    ait_seat *before, *after; /* in ring->seats, as long as it reads                        */
    int64_t cursor;           /* what it reads next                                         */
    int64_t told;             /* the last error it was told, or -1                          */
    int64_t until;            /* when it has left: gives back what lies before this         */
    int64_t missed;           /* it was thrown out, having missed so much; -1: and told so  */
    uint8_t side;             /* of partition                                               */
    bool reads;               /* has its share of the items                                 */
    bool stays;               /* has not left                                               */
    bool leads;               /* pulls the source                                           */
};

enum { AIT_RING_WAIT, AIT_RING_DROP_OLDEST, AIT_RING_DISCONNECT }; /* ait_ring.overflow */
enum { AIT_BOTH_SIDES = 2 };                                       /* of an error       */

struct ait_ring {
    PyObject_HEAD
    ait_state *st;
    const ait_kind *kinds; /* of the readers of each side */
    ait_carrier carrier;  /* the source; none when it is published to */
    ait_slot *slots;
    int64_t room; /* a power of two, or zero */
    int64_t base, unread, next;
    int64_t maxlag; /* 0: any */
    int64_t replay;
    ait_seat *seats;     /* of those who read */
    uint32_t n_reading;  /* how many these are */
    uint32_t n_staying;  /* how many have not left */
    ait_line readers, publishers;
    PyObject *failure;   /* the last error, (exception, traceback), which may be the last of all */
    int64_t failed_at;   /* its number, or -1 */
    uint64_t dropped;    /* items that a reader missed, for each reader */
    PyObject *spare;     /* a finished publish(), for the next */
    PyObject *weakrefs;
    unsigned long spot;  /* the thread that pulls the source just now, or 0 */
    uint8_t overflow;
    bool balance;        /* each item is for one reader only, whoever comes first */
    bool stay;           /* the source is not closed with the last reader */
    bool sided;          /* partition: the source is a judge, that says for whom an item is */
    bool pulling;        /* somebody has the lead, or the courier has */
    bool news;           /* all that wait have to look */
    bool ended;          /* nothing will come any more */
    bool closed;         /* who leaves closes the source */
};

/* What was freed under the lock, to be dropped after it. */
typedef struct {
    PyObject *items[16];
    int n;
} ait_freed;

/* ---- under the lock -------------------------------------------------------------------------- */

typedef enum {
    AIT_READ_ITEM,
    AIT_READ_ERROR, /* (exception, traceback) */
    AIT_READ_LAG,   /* how many items were missed is in *missed */
    AIT_READ_END,
    AIT_READ_LEAD,  /* the reader has to pull the source: ait_ring_lead() was done for it */
    AIT_READ_WAIT,
    AIT_READ_FAIL,  /* no memory */
} ait_reading;

/* What there is for that reader. */
ait_reading ait_ring_read(ait_ring *ring, ait_seat *seat, ait_waiter *waiter, PyObject **out,
                          int64_t *missed, ait_freed *freed);
/* Room for one item more, so that ait_ring_append() cannot fail: 0, or -1 without an exception. */
int ait_ring_reserve(ait_ring *ring);
/* The next item, which is stolen. What it pushes out is freed. */
void ait_ring_append(ait_ring *ring, PyObject *item, bool failed, ait_freed *freed);
/* How many items more can be had before somebody lags too much. */
int64_t ait_ring_space(const ait_ring *ring);
void ait_ring_join(ait_ring *ring, ait_seat *seat);
/* That one reads no more; whether it was the last one, so that the ring is closed now. */
bool ait_ring_leave(ait_ring *ring, ait_seat *seat);
/* Give back what it has not read, as far as what is freed can be noted. */
void ait_ring_give_back(ait_ring *ring, ait_seat *seat, ait_freed *freed);
/* Nothing will come any more. */
void ait_ring_end(ait_ring *ring);
/* The ait_balance_fn of rings. */
void ait_ring_balance(PyObject *ring, ait_calls *calls);
/* Free what nobody needs, as far as it can be noted. */
void ait_ring_trim(ait_ring *ring, ait_freed *freed);

/* ---- after it -------------------------------------------------------------------------------- */

static inline void
ait_ring_wake(ait_ring *ring, ait_calls *calls)
{
    ait_wake(ring->st, (PyObject *)ring, ait_ring_balance, calls);
}

/* Drop what was freed, and what could not be noted. */
void ait_ring_drop_freed(ait_ring *ring, ait_freed *freed);
/* The exception that is raised, as an entry: (exception, traceback). */
PyObject *ait_ring_fetch_error(void);
/* Raise what an entry says: the same exception for each reader, as it was, so that its traceback
 * does not grow. */
void ait_ring_raise(PyObject *entry);

/* ---- rings and readers ----------------------------------------------------------------------- */

/* How a ring is to be, as its maker was told; maxlag 0: any. */
typedef struct {
    const char *who;
    int64_t maxlag, replay;
    int overflow;
} ait_policy;

/* Check it; maxlag may be None, replay NULL. */
int ait_ring_policy(ait_policy *policy, PyObject *maxlag, const char *overflow, PyObject *replay);
/* A ring over source, which is consumed (also on error); NULL: one to be published to. */
ait_ring *ait_ring_new(PyTypeObject *type, ait_op *source, const ait_kind *kind,
                       const ait_policy *policy);
/* A stream that reads it from now on. */
PyObject *ait_ring_subscribe(ait_ring *ring, uint8_t side);
/* stats() and subscribers */
PyObject *ait_ring_stats(PyObject *ring, PyObject *ignored);
PyObject *ait_ring_subscribers(PyObject *ring, void *ignored);

extern PyType_Spec ait_ring_spec, ait_seat_spec, ait_shared_spec, ait_topic_spec;
/* What every type of rings has: its end, its collection, and deliver(). */
void ait_ring_dealloc(PyObject *self);
int ait_ring_traverse(PyObject *self, visitproc visit, void *arg);
int ait_ring_clear(PyObject *self);
PyObject *ait_ring_deliver(PyObject *self, PyObject *args);
PyObject *ait_ring_go_on(PyObject *self, PyObject *args);

/* A reader: its step and its close. */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source; /* the ring's, for repr and stats; or NULL */
    ait_seat *seat;
    PyObject *waiter;
} ait_reader;

PySendResult ait_reader_step(ait_op *op, ait_drive *d, PyObject **out);
PySendResult ait_reader_close(ait_op *op, ait_drive *d, PyObject **out);

/* What their kinds have besides name and step. */
#define AIT_READER                                                                             \
    .close = ait_reader_close, .nwords = AIT_WORDS(ait_reader), .nrefs = 3,                    \
    .reads = 1 + AIT_WORD_AT(ait_reader, source), .halts = true

/* The source of a partition, which says for which side its last item is. */
typedef struct {
    AIT_VALUED_HEAD;
    Py_ssize_t side;
} ait_judge;

#endif
