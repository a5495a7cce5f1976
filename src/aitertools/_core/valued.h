/* What operators begin with that ask a function about each item. */
#ifndef AIT_VALUED_H
#define AIT_VALUED_H

#include "core.h"

#define AIT_VALUED_HEAD                                                                        \
    AIT_OP_HEAD;                                                                               \
    ait_op *source;                                                                            \
    PyObject *fn;  /* NULL: the item itself          */                                        \
    PyObject *item /* held while fn(item) is awaited */

typedef struct {
    AIT_VALUED_HEAD;
} ait_valued_op;

/* The next item and fn(item). Where there is none, *out and the result are the step's answer; an
 * item whose fn(item) fails is gone. */
static inline PySendResult
ait_pull_valued(ait_op *self, ait_drive *d, PyObject **out, PyObject **value)
{
    ait_valued_op *op = (ait_valued_op *)self;
    PyObject *item;
    PySendResult r;
    if (self->awaiting != NULL) {
        item = op->item;
        op->item = NULL;
        r = ait_resume(self, d, value);
    }
    else {
        AIT_PULL(op->source, item);
        if (op->fn == NULL) {
            *value = Py_NewRef(item);
            *out = item;
            return PYGEN_RETURN;
        }
        r = ait_call(self, d, op->fn, item, value);
    }
    if (r == PYGEN_RETURN) {
        *out = item;
        return r;
    }
    if (r == PYGEN_NEXT) {
        op->item = item;
        *out = *value; /* for the event loop */
        return r;
    }
    Py_DECREF(item);
    *out = NULL;
    return r;
}

/* The same with the truth of fn(item). */
static inline PySendResult
ait_pull_judged(ait_op *self, ait_drive *d, PyObject **out, int *truth)
{
    PyObject *verdict;
    PySendResult r = ait_pull_valued(self, d, out, &verdict);
    if (r != PYGEN_RETURN || *out == NULL) {
        return r;
    }
    *truth = ait_truth(verdict);
    if (*truth < 0) {
        Py_CLEAR(*out);
        return PYGEN_ERROR;
    }
    return r;
}

#endif
