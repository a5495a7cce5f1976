/* What the reducers share: reduce.c, pick.c and sum.c. */
#ifndef AIT_REDUCE_H
#define AIT_REDUCE_H

#include "valued.h"

/* A reduction of source; and one with an accumulator, which is consumed (NULL: an error is set). */
ait_run *ait_begin(PyObject *module, PyObject *source, const ait_goal *goal);
ait_run *ait_begin_with(PyObject *module, PyObject *source, const ait_goal *goal, PyObject *acc);
/* A finish: the accumulator is the result. */
PyObject *ait_take_acc(ait_run *run);

/* Below a reducer with a key function: delivers the items, and has the key of the last one. */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *key;
    PyObject *best; /* min and max: the key of the best item so far */
} ait_keyed;

#define AIT_KEYED_KIND(NAME)                                                                   \
    {                                                                                          \
        .name = NAME, .step = ait_keyed_step, .nwords = AIT_WORDS(ait_keyed), .nrefs = 5,      \
        .nowned = 1, .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(ait_keyed, fn),                \
    }

PySendResult ait_keyed_step(ait_op *self, ait_drive *d, PyObject **out);
ait_run *ait_begin_keyed(PyObject *module, PyObject *source, PyObject *fn, const ait_goal *goal,
                         const ait_kind *kind);

#endif
