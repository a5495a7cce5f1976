/* Select, by where an item is: take skip islice take_last skip_last. By what it is: select.c. */
#include "core.h"

/* ---- take, skip: the first n items, or all but these ------------------------------------------
 *
 *      source  a b c d |
 *      take 2  a b|
 *      skip 2      c d |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    Py_ssize_t n;
} take_op;

static PySendResult
take_step(ait_op *self, ait_drive *d, PyObject **out)
{
    take_op *op = (take_op *)self;
    if (self->count >= (uint64_t)op->n) { /* what the gate counts is what was delivered */
        *out = NULL;
        return PYGEN_RETURN;
    }
    return ait_pull(op->source, d, out);
}

static const ait_kind take_kind = {
    .name = "take", .step = take_step, .nwords = AIT_WORDS(take_op), .nrefs = 1, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(take_op, n),
};

typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    Py_ssize_t n;
    Py_ssize_t skipped; /* up to n */
} skip_op;

static PySendResult
skip_step(ait_op *self, ait_drive *d, PyObject **out)
{
    skip_op *op = (skip_op *)self;
    while (op->skipped < op->n) {
        PyObject *item;
        AIT_PULL(op->source, item);
        op->skipped++;
        Py_DECREF(item);
    }
    return ait_pull(op->source, d, out);
}

static const ait_kind skip_kind = {
    .name = "skip", .step = skip_step, .nwords = AIT_WORDS(skip_op), .nrefs = 1, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(skip_op, n),
};

/* (source, n), where n is the word that the name speaks of. */
static ait_op *
new_with_size(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, kind->name)) {
        return NULL;
    }
    Py_ssize_t n = ait_check_size(args[1], 0, kind->name, "n");
    if (n < 0) {
        return NULL;
    }
    ait_op *op = ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op != NULL) {
        memcpy(&op->refs[kind->arg_at], &n, sizeof(n));
    }
    return op;
}

static PyObject *
take_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_size(module, args, nargs, &take_kind);
    return op == NULL ? NULL : ait_ready(op);
}

static PyObject *
skip_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_size(module, args, nargs, &skip_kind);
    return op == NULL ? NULL : ait_ready(op);
}

/* ---- islice: the items number start, start + step, ... below stop -----------------------------
 *
 *      source          a b c d e f |
 *      islice 1, 5, 2    b   d   |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    Py_ssize_t at;   /* how many items were pulled                        */
    Py_ssize_t next; /* the number of the next to be delivered, or `stop` */
    Py_ssize_t stop;
    Py_ssize_t step;
} islice_op;

static PySendResult
islice_step(ait_op *self, ait_drive *d, PyObject **out)
{
    islice_op *op = (islice_op *)self;
    PyObject *item;
    while (op->at < op->next) {
        AIT_PULL(op->source, item);
        op->at++;
        Py_DECREF(item);
    }
    *out = NULL;
    if (op->at >= op->stop) {
        return PYGEN_RETURN;
    }
    AIT_PULL(op->source, item);
    op->at++;
    /* As in itertools: what lies between the last one delivered and stop is pulled all the same. */
    op->next = op->step < op->stop - op->next ? op->next + op->step : op->stop;
    *out = item;
    return PYGEN_RETURN;
}

static const ait_kind islice_kind = {
    .name = "islice", .step = islice_step,
    .nwords = AIT_WORDS(islice_op), .nrefs = 1, .nowned = 1,
};

/* obj as an index: `none` for None, -1 for what is none; false with an exception of its own. */
static bool
slice_index(PyObject *obj, Py_ssize_t none, Py_ssize_t *index)
{
    *index = none;
    if (obj == Py_None) {
        return true;
    }
    *index = PyNumber_AsSsize_t(obj, PyExc_OverflowError);
    if (*index != -1 || !PyErr_Occurred()) {
        return true;
    }
    if (PyIndex_Check(obj) && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
        return false;
    }
    PyErr_Clear();
    return true;
}

/* start, stop and step from what follows the source, by the rules and in the words of itertools. */
static bool
islice_range(PyObject *const *args, Py_ssize_t nargs, Py_ssize_t *start, Py_ssize_t *stop,
             Py_ssize_t *step)
{
    PyObject *last = nargs == 1 ? args[0] : args[1];
    *start = 0;
    *step = 1;
    if ((nargs > 1 && !slice_index(args[0], 0, start)) ||
        !slice_index(last, PY_SSIZE_T_MAX, stop) ||
        (nargs == 3 && !slice_index(args[2], 1, step))) {
        return false;
    }
    const char *rule = NULL;
    if (*stop == -1) {
        rule = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    }
    else if (*start < 0 || *stop < 0) {
        rule = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    }
    else if (*step < 1) {
        rule = "Step for islice() must be a positive integer or None.";
    }
    if (rule != NULL) {
        PyErr_SetString(PyExc_ValueError, rule);
    }
    return rule == NULL;
}

static PyObject *
islice_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    Py_ssize_t start, stop, step;
    if (!ait_check_count(nargs, 2, 4, "islice") ||
        !islice_range(args + 1, nargs - 1, &start, &stop, &step)) {
        return NULL;
    }
    islice_op *op = (islice_op *)ait_new_on(st, &islice_kind, ait_source(st, args[0], "islice"));
    if (op == NULL) {
        return NULL;
    }
    op->next = start;
    op->stop = stop;
    op->step = step;
    return ait_ready((ait_op *)op);
}

/* ---- take_last, skip_last: the last n items, or all but these ---------------------------------
 *
 *      source       a b c d |
 *      take_last 2          c d |
 *      skip_last 2      a b |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *ring;    /* list of the last items, n at most                    */
    Py_ssize_t oldest; /* where the oldest of them is                          */
    Py_ssize_t left;   /* take_last: to be delivered; -1 while the source runs */
    Py_ssize_t n;
} last_op;

/* Put item, which is consumed, where the oldest is, which is returned. */
static PyObject *
ring_turn(last_op *op, PyObject *item)
{
    PyObject *oldest = PyList_GET_ITEM(op->ring, op->oldest);
    PyList_SET_ITEM(op->ring, op->oldest, item);
    op->oldest = op->oldest + 1 < PyList_GET_SIZE(op->ring) ? op->oldest + 1 : 0;
    return oldest;
}

/* Keep item, which is consumed, as the last of n; *older is what is too old by that, or NULL. */
static int
ring_keep(last_op *op, PyObject *item, PyObject **older)
{
    *older = NULL;
    if (PyList_GET_SIZE(op->ring) < op->n) {
        int r = PyList_Append(op->ring, item);
        Py_DECREF(item);
        return r;
    }
    *older = op->n == 0 ? item : ring_turn(op, item);
    return 0;
}

static PySendResult
take_last_step(ait_op *self, ait_drive *d, PyObject **out)
{
    last_op *op = (last_op *)self;
    while (op->left < 0) {
        PyObject *item, *older;
        PySendResult r = ait_pull(op->source, d, &item);
        *out = item;
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (item == NULL) {
            op->left = PyList_GET_SIZE(op->ring);
            break;
        }
        *out = NULL;
        if (ring_keep(op, item, &older) < 0) {
            return PYGEN_ERROR;
        }
        Py_XDECREF(older);
    }
    if (op->left > 0) {
        op->left--;
        *out = ring_turn(op, Py_NewRef(Py_None));
    }
    else {
        *out = NULL;
    }
    return PYGEN_RETURN;
}

static PySendResult
skip_last_step(ait_op *self, ait_drive *d, PyObject **out)
{
    last_op *op = (last_op *)self;
    for (;;) {
        PyObject *item;
        AIT_PULL(op->source, item);
        if (ring_keep(op, item, out) < 0) {
            return PYGEN_ERROR;
        }
        if (*out != NULL) {
            return PYGEN_RETURN;
        }
    }
}

static const ait_kind take_last_kind = {
    .name = "take_last", .step = take_last_step,
    .nwords = AIT_WORDS(last_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(last_op, n),
};

static const ait_kind skip_last_kind = {
    .name = "skip_last", .step = skip_last_step,
    .nwords = AIT_WORDS(last_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(last_op, n),
};

static PyObject *
last_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    last_op *op = (last_op *)new_with_size(module, args, nargs, kind);
    if (op == NULL) {
        return NULL;
    }
    op->left = -1;
    op->ring = PyList_New(0);
    if (op->ring == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    return ait_ready((ait_op *)op);
}

static PyObject *
take_last_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return last_new(module, args, nargs, &take_last_kind);
}

static PyObject *
skip_last_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return last_new(module, args, nargs, &skip_last_kind);
}

/* ---- what Python sees ---------------------------------------------------------------------- */

PyMethodDef ait_slice_functions[] = {
    {"take", AIT_FASTCALL(take_new), PyDoc_STR("take($module, source, n, /)\n--\n\n")},
    {"skip", AIT_FASTCALL(skip_new), PyDoc_STR("skip($module, source, n, /)\n--\n\n")},
    {"islice", AIT_FASTCALL(islice_new), PyDoc_STR("islice($module, source, /, *args)\n--\n\n")},
    {"take_last", AIT_FASTCALL(take_last_new),
     PyDoc_STR("take_last($module, source, n, /)\n--\n\n")},
    {"skip_last", AIT_FASTCALL(skip_last_new),
     PyDoc_STR("skip_last($module, source, n, /)\n--\n\n")},
    {NULL},
};
