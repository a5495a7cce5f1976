/* Group: batched windowed split_at chunked_by. What makes streams of one stream: branch.c. */
#include "valued.h"

/* ---- tuples that are filled item by item -------------------------------------------------------
 *
 * Between two pulls they lie in an operator, where the garbage collector, and through it anybody,
 * can find them. So their free places are not NULL, and one that the collector stopped to track,
 * because nothing in it could be part of a cycle, is tracked again when an item comes in.
 */

static PyObject *
filled_tuple(Py_ssize_t n, PyObject *filler)
{
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple != NULL && i < n; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(filler));
    }
    return tuple;
}

/* Put item, which is consumed, in the place of a filler. */
static inline void
put(PyObject *tuple, Py_ssize_t i, PyObject *item)
{
    PyObject *filler = PyTuple_GET_ITEM(tuple, i);
    PyTuple_SET_ITEM(tuple, i, item);
    Py_DECREF(filler);
    if (!PyObject_GC_IsTracked(tuple)) {
        PyObject_GC_Track(tuple);
    }
}

/* ---- batched: tuples of n items ----------------------------------------------------------------
 *
 *      source     a b c d e |
 *      batched 2    ab cd   e |
 */
enum { FIRST_ROOM = 1024 };

typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *batch;   /* the open batch, with room for more, or NULL */
    Py_ssize_t n;
    Py_ssize_t filled; /* how many items it has                       */
    intptr_t strict;   /* the last one has to be complete             */
} batched_op;

/* Have a free place in the batch: 0, or -1. It grows, as of a huge n most may never come. */
static int
make_room(batched_op *op)
{
    Py_ssize_t have = op->batch == NULL ? 0 : PyTuple_GET_SIZE(op->batch);
    if (op->filled < have) {
        return 0;
    }
    Py_ssize_t room = have == 0 ? FIRST_ROOM : have > op->n / 2 ? op->n : 2 * have;
    PyObject *larger = filled_tuple(Py_MIN(room, op->n), Py_None);
    if (larger == NULL) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < have; i++) {
        put(larger, i, Py_NewRef(PyTuple_GET_ITEM(op->batch, i)));
    }
    Py_XSETREF(op->batch, larger);
    return 0;
}

/* What is left when the source has ended. */
static PySendResult
last_batch(batched_op *op, PyObject **out)
{
    *out = NULL;
    if (op->filled > 0 && op->strict) {
        PyErr_SetString(PyExc_ValueError, "batched(): incomplete batch");
    }
    else if (op->filled > 0) {
        *out = PyTuple_GetSlice(op->batch, 0, op->filled);
    }
    op->filled = 0;
    Py_CLEAR(op->batch);
    return PyErr_Occurred() ? PYGEN_ERROR : PYGEN_RETURN;
}

static PySendResult
batched_step(ait_op *self, ait_drive *d, PyObject **out)
{
    batched_op *op = (batched_op *)self;
    do {
        *out = NULL;
        if (make_room(op) < 0) {
            return PYGEN_ERROR;
        }
        PyObject *item;
        PySendResult r = ait_pull(op->source, d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL) {
            return last_batch(op, out);
        }
        put(op->batch, op->filled++, item);
    } while (op->filled < op->n);
    *out = op->batch;
    op->batch = NULL;
    op->filled = 0;
    return PYGEN_RETURN;
}

static const ait_kind batched_kind = {
    .name = "batched", .step = batched_step,
    .nwords = AIT_WORDS(batched_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(batched_op, n),
};

static PyObject *
batched_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 3, 3, "batched")) {
        return NULL;
    }
    Py_ssize_t n = ait_check_size(args[1], 1, "batched", "n");
    int strict = n < 0 ? -1 : PyObject_IsTrue(args[2]);
    if (strict < 0) {
        return NULL;
    }
    ait_op *source = ait_source(st, args[0], "batched");
    batched_op *op = (batched_op *)ait_new_on(st, &batched_kind, source);
    if (op == NULL) {
        return NULL;
    }
    op->n = n;
    op->strict = strict;
    return ait_ready((ait_op *)op);
}

/* ---- windowed: tuples of n items, each beginning step items after the one before ---------------
 *
 *      source          a b c  d  e |
 *      windowed 3      abc bcd cde |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *fillvalue;
    PyObject *window;  /* the next one: items of the one before, new ones, fillvalues  */
    Py_ssize_t n;
    Py_ssize_t step;
    Py_ssize_t filled; /* how many items it has; negative: so many are to be left out first */
} windowed_op;

/* How many items a window shares with the one before. */
static Py_ssize_t
overlap(windowed_op *op)
{
    return op->step < op->n ? op->n - op->step : 0;
}

/* Begin the next window; the one before, or NULL with an exception. */
static PyObject *
next_window(windowed_op *op)
{
    Py_ssize_t shared = overlap(op);
    PyObject *next = filled_tuple(op->n, op->fillvalue), *window = op->window;
    if (next == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < shared; i++) {
        put(next, i, Py_NewRef(PyTuple_GET_ITEM(window, i + op->step)));
    }
    op->window = next;
    op->filled = op->step > op->n ? op->n - op->step : shared;
    return window;
}

/* Whether the window has an item that the one before had not. */
static bool
has_news(windowed_op *op)
{
    return op->filled > (op->count == 0 ? 0 : overlap(op));
}

static PySendResult
windowed_step(ait_op *self, ait_drive *d, PyObject **out)
{
    windowed_op *op = (windowed_op *)self;
    *out = NULL;
    if (op->window == NULL && (op->window = filled_tuple(op->n, op->fillvalue)) == NULL) {
        return PYGEN_ERROR;
    }
    while (op->filled < op->n) {
        PyObject *item;
        PySendResult r = ait_pull(op->source, d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL && !has_news(op)) {
            Py_CLEAR(op->window);
            return r;
        }
        if (item == NULL) {
            break;
        }
        if (op->filled < 0) {
            Py_DECREF(item);
        }
        else {
            put(op->window, op->filled, item);
        }
        op->filled++;
    }
    *out = next_window(op);
    return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
}

static const ait_kind windowed_kind = {
    .name = "windowed", .step = windowed_step,
    .nwords = AIT_WORDS(windowed_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(windowed_op, n),
};

static PyObject *
windowed_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 4, 4, "windowed")) {
        return NULL;
    }
    Py_ssize_t n = ait_check_size(args[1], 1, "windowed", "n");
    Py_ssize_t step = n < 0 ? -1 : ait_check_size(args[2], 1, "windowed", "step");
    if (step < 0) {
        return NULL;
    }
    ait_op *source = ait_source(st, args[0], "windowed");
    windowed_op *op = (windowed_op *)ait_new_on(st, &windowed_kind, source);
    if (op == NULL) {
        return NULL;
    }
    op->fillvalue = Py_NewRef(args[3]);
    op->n = n;
    op->step = step;
    return ait_ready((ait_op *)op);
}

/* ---- lists that are filled item by item ----------------------------------------------------- */

/* A list of item, which is consumed. */
static PyObject *
list_of(PyObject *item)
{
    PyObject *list = PyList_New(1);
    if (list == NULL) {
        Py_DECREF(item);
        return NULL;
    }
    PyList_SET_ITEM(list, 0, item);
    return list;
}

/* Append item, which is consumed: 0, or -1. */
static int
append(PyObject *list, PyObject *item)
{
    int r = PyList_Append(list, item);
    Py_DECREF(item);
    return r;
}

/* ---- split_at: lists of what lies between separators -------------------------------------------
 *
 *      source      a  b , c ,     |
 *      split_at ,         ab  c   [] |
 */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *chunk; /* what came since the last separator; NULL: nothing                */
    Py_ssize_t left; /* how many splits are left; negative: any number                   */
    bool keep;       /* separators are given, too; meanwhile they wait in `item`         */
    bool over;       /* the last chunk, which may be empty, was given                    */
} split_at_op;

/* The chunk is complete. */
static PySendResult
give_chunk(split_at_op *op, PyObject **out)
{
    *out = op->chunk != NULL ? op->chunk : PyList_New(0);
    op->chunk = NULL;
    return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
}

static PySendResult
give_separator(split_at_op *op, PyObject **out)
{
    PyObject *separator = op->item;
    op->item = NULL;
    *out = list_of(separator);
    return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
}

static PySendResult
split_at_step(ait_op *self, ait_drive *d, PyObject **out)
{
    split_at_op *op = (split_at_op *)self;
    if (op->item != NULL && self->awaiting == NULL) {
        return give_separator(op, out);
    }
    *out = NULL;
    while (!op->over) {
        int splits = 0;
        PySendResult r = op->left != 0 ? ait_pull_judged(self, d, out, &splits)
                                       : ait_pull(op->source, d, out);
        if (r != PYGEN_RETURN) {
            return r;
        }
        PyObject *item = *out;
        *out = NULL;
        if (item == NULL) {
            op->over = true;
            return give_chunk(op, out);
        }
        if (splits) {
            op->left -= op->left > 0;
            if (op->keep) {
                op->item = item;
            }
            else {
                Py_DECREF(item);
            }
            return give_chunk(op, out);
        }
        if (op->chunk == NULL ? (op->chunk = list_of(item)) == NULL : append(op->chunk, item) < 0) {
            return PYGEN_ERROR;
        }
    }
    return PYGEN_RETURN;
}

static const ait_kind split_at_kind = {
    .name = "split_at", .step = split_at_step,
    .nwords = AIT_WORDS(split_at_op), .nrefs = 4, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(split_at_op, fn),
};

static PyObject *
split_at_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 4, 4, "split_at")) {
        return NULL;
    }
    Py_ssize_t left = ait_check_size(args[2], PY_SSIZE_T_MIN, "split_at", "maxsplit");
    int keep = left == -1 && PyErr_Occurred() ? -1 : PyObject_IsTrue(args[3]);
    if (keep < 0) {
        return NULL;
    }
    split_at_op *op = (split_at_op *)ait_new_with_fn(module, args, 2, &split_at_kind);
    if (op != NULL) {
        op->left = left;
        op->keep = keep;
    }
    return (PyObject *)op;
}

/* ---- chunked_by: lists of adjacent items that belong together ----------------------------------
 *
 *      source                      1 2 5 6 4 |
 *      chunked_by ascending              1256 4 |
 *      chunked_by weight, limit 8      125 6    4 |
 */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *chunk; /* the open chunk, or NULL                                    */
    PyObject *last;  /* what the next item is held against: the item before; or the
                        weight of the chunk                                        */
    PyObject *limit; /* of the weight                                              */
} chunked_op;

/* The source has ended: give the open chunk, if any. */
static PySendResult
last_chunk(chunked_op *op, PyObject **out)
{
    *out = op->chunk;
    op->chunk = NULL;
    Py_CLEAR(op->last);
    return PYGEN_RETURN;
}

/* Have item and last, which are consumed, join the chunk; or begin the next, then *out is the one
 * before. */
static PySendResult
add(chunked_op *op, PyObject *item, PyObject *last, bool joins, PyObject **out)
{
    *out = NULL;
    PyObject *begun = NULL;
    if (joins ? append(op->chunk, item) < 0 : (begun = list_of(item)) == NULL) {
        Py_DECREF(last);
        return PYGEN_ERROR;
    }
    if (begun != NULL) {
        *out = op->chunk;
        op->chunk = begun;
    }
    Py_XSETREF(op->last, last);
    return PYGEN_RETURN;
}

/* fn(the item before, item), also for the first. Where there is no item, as ait_pull_valued(). */
static PySendResult
pull_compared(chunked_op *op, ait_drive *d, PyObject **out, int *together)
{
    ait_op *self = (ait_op *)op;
    PyObject *item, *verdict;
    PySendResult r;
    if (self->awaiting != NULL) {
        item = op->item;
        op->item = NULL;
        r = ait_resume(self, d, &verdict);
    }
    else {
        AIT_PULL(op->source, item);
        *out = item;
        *together = 0;
        if (op->chunk == NULL) {
            return PYGEN_RETURN;
        }
        r = ait_call2(self, d, op->fn, op->last, item, &verdict);
    }
    if (r == PYGEN_NEXT) {
        op->item = item;
        *out = verdict; /* for the event loop */
        return r;
    }
    *out = item;
    *together = r == PYGEN_RETURN ? ait_truth(verdict) : -1;
    if (*together < 0) {
        Py_CLEAR(*out);
        return PYGEN_ERROR;
    }
    return PYGEN_RETURN;
}

static PySendResult
chunked_by_step(ait_op *self, ait_drive *d, PyObject **out)
{
    chunked_op *op = (chunked_op *)self;
    PySendResult r;
    do {
        int together;
        r = pull_compared(op, d, out, &together);
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (*out == NULL) {
            return last_chunk(op, out);
        }
        r = add(op, *out, Py_NewRef(*out), together, out);
    } while (r == PYGEN_RETURN && *out == NULL);
    return r;
}

/* The weight of the chunk with an item of that weight, which is consumed; *fits tells whether it
 * may join. NULL with an exception. */
static PyObject *
add_weight(chunked_op *op, PyObject *weight, bool *fits)
{
    *fits = false;
    if (op->chunk == NULL) {
        return weight;
    }
    PyObject *sum = PyNumber_Add(op->last, weight);
    int over = sum == NULL ? -1 : PyObject_RichCompareBool(sum, op->limit, Py_GT);
    *fits = over == 0;
    PyObject *loser = *fits ? weight : sum, *winner = *fits ? sum : weight;
    Py_XDECREF(loser);
    if (over < 0) {
        Py_CLEAR(winner);
    }
    return winner;
}

static PySendResult
chunked_by_weight_step(ait_op *self, ait_drive *d, PyObject **out)
{
    chunked_op *op = (chunked_op *)self;
    PySendResult r;
    do {
        PyObject *weight;
        bool fits;
        r = ait_pull_valued(self, d, out, &weight);
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (*out == NULL) {
            return last_chunk(op, out);
        }
        weight = add_weight(op, weight, &fits);
        if (weight == NULL) {
            Py_CLEAR(*out);
            return PYGEN_ERROR;
        }
        r = add(op, *out, weight, fits, out);
    } while (r == PYGEN_RETURN && *out == NULL);
    return r;
}

static const ait_kind chunked_by_kind = {
    .name = "chunked_by", .step = chunked_by_step,
    .nwords = AIT_WORDS(chunked_op), .nrefs = 6, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(chunked_op, fn),
};

static const ait_kind chunked_by_weight_kind = {
    .name = "chunked_by", .step = chunked_by_weight_step,
    .nwords = AIT_WORDS(chunked_op), .nrefs = 6, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(chunked_op, fn),
};

static PyObject *
chunked_by_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &chunked_by_kind);
}

/* Whether limit is a number above zero; else an exception is set. */
static bool
check_limit(PyObject *limit)
{
    if (!PyNumber_Check(limit)) {
        PyErr_Format(PyExc_TypeError, "chunked_by(): limit must be a number, not %.200s",
                     Py_TYPE(limit)->tp_name);
        return false;
    }
    PyObject *zero = PyLong_FromLong(0);
    int positive = zero == NULL ? -1 : PyObject_RichCompareBool(limit, zero, Py_GT);
    Py_XDECREF(zero);
    if (positive == 0) {
        PyErr_SetString(PyExc_ValueError, "chunked_by(): limit must be greater than zero");
    }
    return positive > 0;
}

static PyObject *
chunked_by_weight_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 3, 3, "chunked_by") || !check_limit(args[2])) {
        return NULL;
    }
    chunked_op *op = (chunked_op *)ait_new_with_fn(module, args, 2, &chunked_by_weight_kind);
    if (op != NULL) {
        op->limit = Py_NewRef(args[2]);
    }
    return (PyObject *)op;
}

/* ---- what Python sees ----------------------------------------------------------------------- */

PyMethodDef ait_group_functions[] = {
    {"batched", AIT_FASTCALL(batched_new),
     PyDoc_STR("batched($module, source, n, strict, /)\n--\n\n")},
    {"windowed", AIT_FASTCALL(windowed_new),
     PyDoc_STR("windowed($module, source, n, step, fillvalue, /)\n--\n\n")},
    {"split_at", AIT_FASTCALL(split_at_new),
     PyDoc_STR("split_at($module, source, pred, maxsplit, keep_separator, /)\n--\n\n")},
    {"chunked_by", AIT_FASTCALL(chunked_by_new),
     PyDoc_STR("chunked_by($module, source, together, /)\n--\n\n")},
    {"chunked_by_weight", AIT_FASTCALL(chunked_by_weight_new),
     PyDoc_STR("chunked_by_weight($module, source, weight, limit, /)\n--\n\n")},
    {NULL},
};
