/* Flights: which calls have begun, and in what order their outcomes are delivered.
 *
 *           base                        next
 *            |                           |
 *      ----  v  .  v  skip  error  .  v          ordered: a slot for each call, in the order in
 *            ^  ^                                which they began; . is still in flight
 *            |  `-- nothing is delivered past this one
 *            `-- to be delivered next
 *
 * As the calls complete instead: a slot for each outcome, in the order in which they came.
 *
 * A state machine: it is told what happens and makes no calls.
 */
#ifndef AIT_FLIGHT_H
#define AIT_FLIGHT_H

#include "core.h"

typedef enum {
    AIT_IN_FLIGHT,
    AIT_RESULT,
    AIT_FAILURE, /* the value is an exception */
    AIT_SKIPPED, /* nothing is delivered      */
} ait_outcome;

typedef struct {
    PyObject *value;
    uint8_t outcome;
} ait_flight_slot;

typedef struct {
    PyObject_HEAD
    ait_state *st;
    ait_flight_slot *slots;
    int64_t room; /* a power of two, or zero                                */
    int64_t base, next;
    Py_ssize_t flying; /* calls that are not over                           */
    Py_ssize_t held;   /* calls whose outcomes were not delivered           */
    Py_ssize_t most;   /* never more than these                             */
    bool ordered;
} ait_flight;

/* Begin a call; its ticket, or -1 with MemoryError. Only while held < most. */
int64_t ait_flight_begin(ait_flight *flight);
/* The outcome of the call with that ticket; value is stolen. Whether who waits should look. */
bool ait_flight_settle(ait_flight *flight, int64_t ticket, ait_outcome outcome, PyObject *value);
/* The next outcome; AIT_IN_FLIGHT: none is there. */
ait_outcome ait_flight_pop(ait_flight *flight, PyObject **value);
/* Drop all outcomes that are there: none is delivered any more. */
void ait_flight_forget(ait_flight *flight);

PyObject *ait_flight_new(ait_state *st, Py_ssize_t most, bool ordered);
int ait_flight_types(PyObject *module);
int ait_calls_types(PyObject *module);

#endif
