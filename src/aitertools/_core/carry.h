/* Carrying: the pulls of a source that several consumers share, made for whoever asks.
 *
 * A source may hold a cancel scope or set context variables, so it has to be pulled by one task,
 * and a consumer that is cancelled must not cancel the pull that the others wait for. So a pull is
 * begun where it is asked for, and stops short of anything that has to be awaited: a source that
 * never awaits is simply pulled there. For one that does, a task is begun, its courier. While its
 * pull is ready at once it is still made on the spot, in the courier's name: with its context, and
 * the courier as the running task. As soon as it has to wait, the courier goes on with it.
 *
 * Outside of asyncio there are no couriers: who asks waits itself.
 */
#ifndef AIT_CARRY_H
#define AIT_CARRY_H

#include "core.h"

/* Part of the object that the consumers share, which has to have weak references, and a method
 * deliver(outcome, value) that calls ait_carry_deliver(). */
typedef struct {
    ait_op *source;
    ait_run *pull;     /* in the hands of who asks: begun and not over   */
    PyObject *courier; /* or NULL: none was needed so far ...            */
    PyObject *task, *loop, *context; /* ... the courier's                */
    bool alone;         /* there are no couriers here                                       */
    bool stranded;      /* there was nobody to go on with the pull                          */
    uint8_t delivering; /* the courier does: what is asked for there, it goes on with itself */
    uint8_t closing;    /* the courier closes the source: it goes on with no pull           */
    uint8_t over;       /* the courier's task was cancelled, that was told                  */
} ait_carrier;

/* Besides those of a step: the courier goes on, and will deliver what comes of it. */
enum { AIT_CARRIED = 100 };

/* One item of the source, for one consumer at a time, who has the lead until it is told something
 * else than PYGEN_NEXT. PYGEN_NEXT: the consumer waits itself and comes back, resuming. When it is
 * thrown into meanwhile, an error that comes of it is its own. */
int ait_carry(PyObject *shared, ait_carrier *carrier, ait_drive *d, PyObject **out);

/* The same for who cannot wait: never PYGEN_NEXT. Where there are no couriers, and the source is
 * not ready, that is an error. Who is polite gives way to the loop between two pulls. */
int ait_carry_aside(PyObject *shared, ait_carrier *carrier, ait_state *st, bool polite,
                    PyObject **out);

/* Close the source, on behalf of the last consumer `op`, in its close: as ait_kind.close. */
PySendResult ait_carry_close(PyObject *shared, ait_carrier *carrier, ait_op *op, ait_drive *d,
                             PyObject **out);

/* The shared object is dropped: what is under way ends, the source is closed by its courier. */
void ait_carry_drop(PyObject *shared, ait_carrier *carrier, ait_state *st);
int ait_carry_traverse(ait_carrier *carrier, visitproc visit, void *arg);

/* Intakes, which are built on that: see intake.c. */
PyObject *ait_intake_new(ait_state *st, PyObject *source, PyObject *arrived, bool polite);
PyObject *ait_intake_take(PyObject *intake);
/* None, or an error if what is waited for cannot come: a pull that is under way in another event
 * loop goes on only there, and not at all if that is closed. */
PyObject *ait_intake_check(PyObject *intake);

/* What a pull that was carried came to, as a step tells it: the item is stolen, of an error the
 * exception is set. */
typedef void ait_deliver_fn(PyObject *shared, PySendResult r, PyObject *item);

/* The method deliver(outcome, value) of the shared object, called by the courier. */
PyObject *ait_carry_deliver(PyObject *shared, ait_carrier *carrier, PyObject *args,
                            ait_deliver_fn *deliver);

/* The method go_on(pull, failure), called by the courier in its loop when what it watches is there,
 * or has failed: the pull is gone on with as if by its task. Answers None, or an error that ends
 * tasks: it is to be raised in that one. */
PyObject *ait_carry_go_on(PyObject *shared, ait_carrier *carrier, ait_state *st, PyObject *args,
                          ait_deliver_fn *deliver);

#endif
