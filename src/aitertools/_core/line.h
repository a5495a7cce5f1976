/* Waiting lines: who waits for a change of a shared object, in tasks of any loop and in threads.
 *
 * The owner of a line, a queue say, is what is locked. Waiting is done in four steps:
 *
 *     ait_waiter_arm()    have something to wait for (calls Python)
 *     ait_line_join()     under the lock, once it is sure that there is nothing to be had
 *     await the waiter's handle, or block on it
 *     ait_line_leave()    under the lock, with what was waited for taken or not
 *
 * Who changes the owner calls up waiters under the lock (ait_line_call), as many as can go on, and
 * wakes them when it has left it (ait_wake). One that was called has a claim until it leaves: it
 * counts in line->called, and others take only what is beyond these claims. A waiter that is
 * cancelled, or is just dropped, leaves too, and its call goes to the next one.
 */
#ifndef AIT_LINE_H
#define AIT_LINE_H

#include "core.h"

typedef struct ait_waiter ait_waiter;

typedef struct {
    ait_waiter *first, *last; /* borrowed: a waiter leaves before it is gone ... */
    Py_ssize_t n;
} ait_row;

typedef struct {
    ait_row waiting; /* ... but their handles are the line's too: they keep the tasks that wait */
    ait_row called;
    uint64_t tickets; /* how many were given out */
} ait_line;

/* Those that were called, to be woken after the lock is left; `more` when not all fitted in. */
typedef struct {
    PyObject *handles[8];
    ait_line *lines[8];
    int n;
    bool more;
} ait_calls;

/* Calls up whoever of the owner's waiters can go on; called under the lock. */
typedef void ait_balance_fn(PyObject *owner, ait_calls *calls);

struct ait_waiter {
    PyObject_HEAD
    ait_state *st;
    PyObject *owner;
    ait_balance_fn *balance;
    PyObject *handle;           /* what is awaited, or a lock to block on */
    ait_waiter *before, *after; /* in its row ...                         */
    ait_row *row;               /* ... which is NULL when it is in none   */
    ait_line *line;
    uint64_t ticket;            /* by which they stand in the line        */
};

extern PyType_Spec ait_waiter_spec;

ait_waiter *ait_waiter_new(ait_state *st, PyObject *owner, ait_balance_fn *balance);
/* Give it a fresh handle: a lock for a thread that blocks, else what its event loop has. */
int ait_waiter_arm(ait_waiter *waiter, bool blocks);

/* What is called here needs the owner's lock. */
/* At the end; or in front, where it came from, behind others that went back and came before it. */
void ait_line_join(ait_line *line, ait_waiter *waiter, bool in_front);
void ait_line_leave(ait_waiter *waiter);
bool ait_line_call(ait_line *line, ait_calls *calls);

/* What the owner visits. */
int ait_line_traverse(ait_line *line, visitproc visit, void *arg);

/* Whether it may have something of `there`, or has to get in line. */
static inline bool
ait_line_may(const ait_line *line, const ait_waiter *waiter, Py_ssize_t there)
{
    bool called = waiter != NULL && waiter->row == &line->called;
    return called ? there > 0 : there > line->called.n && line->waiting.n == 0;
}

/* Whoever waits behind one that was called asks after that one: its event loop may have been closed
 * since. The lock is not held. */
void ait_line_check(ait_state *st, PyObject *owner, ait_balance_fn *balance, ait_line *line);

/* Wake those that were called; the lock is not held. */
void ait_wake_slow(ait_state *st, PyObject *owner, ait_balance_fn *balance, ait_calls *calls);

static inline void
ait_wake(ait_state *st, PyObject *owner, ait_balance_fn *balance, ait_calls *calls)
{
    if (calls->n != 0) {
        ait_wake_slow(st, owner, balance, calls);
    }
}

#endif
