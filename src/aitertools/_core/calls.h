/* Calls: a function of each item of a source, made by several workers at a time.
 *
 *      source --intake--> next() --> work(job): fn(item) --> flight --poll()--> consumer
 *                                        |  ^
 *                                        `--' goes on with the next item itself
 *
 * calls.c      who begins, delivers and waits
 * work.c       what a worker awaits: call after call
 *
 * This is the part without tasks; engine/calls.py has those. A worker awaits work(), and again when
 * there is something to do. So a call costs what the function costs, and as little as an operator
 * costs besides.
 */
#ifndef AIT_CALLS_H
#define AIT_CALLS_H

#include "flight.h"

/* ait_calls.keep */
enum { AIT_KEEP_RESULT, AIT_KEEP_ITEM_IF_TRUE, AIT_KEEP_NOTHING, AIT_KEEP_ITEM_IF_FALSE };

typedef struct {
    PyObject_HEAD
    ait_state *st;
    ait_flight *flight;
    PyObject *intake;
    PyObject *fn;
    PyObject *wrap;   /* what is delivered is wrap(result); or NULL                             */
    PyObject *lanes;  /* what keeps calls with the same key apart; or NULL                      */
    PyObject *handed; /* a deque of jobs: handed out, and not begun                             */
    PyObject *go_on;  /* () : there is room again                                               */
    PyObject *wake;   /* () : who waits should poll                                             */
    PyObject *failed; /* (error, job) -> awaitable: sees to a call that failed                  */
    PyObject *finish; /* () : raises what is left to be raised at the end                       */
    Py_ssize_t resume; /* how many may be held when workers that found no room go on            */
    uint8_t keep;
    bool star;        /* fn(*item)                                                              */
    bool raises;      /* an error is delivered as it is, without `failed`                       */
    bool over;        /* the source is at its end                                               */
    bool closing;     /* nothing begins any more                                                */
    bool stalled;     /* nobody asks for items: there was no room, or nothing was asked for yet */
    bool lame;        /* a worker is gone: so the next poll() goes on, however little is free   */
    bool thirsty;     /* poll() had nothing to deliver                                          */
} ait_calls;

/* A call that is to be made. */
typedef struct {
    int64_t ticket;
    PyObject *item, *lane;
} ait_job;

/* The same for Python: (ticket, item, lane). */
PyObject *ait_job_tuple(int64_t ticket, PyObject *item, PyObject *lane);
/* What the source has next: 1, 0: nothing, or nothing just now, -1. */
int ait_calls_next(ait_calls *calls, ait_job *next);
/* What is there, a new reference; NULL: the operator was dropped, which any thread may do. */
PyObject *ait_calls_ref(ait_calls *calls, PyObject **place);
/* The outcome of a call; value is stolen. */
void ait_calls_settle(ait_calls *calls, int64_t ticket, ait_outcome outcome, PyObject *value);
/* work(job) -> awaitable */
PyObject *ait_calls_work(PyObject *calls, PyObject *job);

#endif
