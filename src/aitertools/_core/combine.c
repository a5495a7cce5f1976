/* Combine: zip zip_longest chain interleave cycle peekable; see also merge.c and pools.c. */
#include "core.h"

ait_op *
ait_new_over(PyObject *module, PyObject *sources, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!PyTuple_Check(sources)) {
        PyErr_Format(PyExc_TypeError, "%s(): sources must be a tuple, not %.200s", kind->name,
                     Py_TYPE(sources)->tp_name);
        return NULL;
    }
    PyObject *streams = ait_sources(st, ((PyTupleObject *)sources)->ob_item,
                                    PyTuple_GET_SIZE(sources), kind->name);
    ait_op *op = streams == NULL ? NULL : ait_new(st, kind);
    if (op == NULL) {
        Py_XDECREF(streams);
        return NULL;
    }
    op->refs[0] = streams;
    return op;
}

/* ---- zip: one item of each ----------------------------------------------------------------------
 *
 *      source    a   b   c |
 *      other     1   2 |
 *      zip       a1  b2  |
 *
 * A row that is interrupted, by a cancellation or an error, stays; the next pull goes on with it.
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources;
    PyObject *row;       /* the row being filled; between rows the last one, or NULL        */
    PyObject *fillvalue; /* zip_longest only                                                */
    Py_ssize_t filled;   /* how many slots of the row are; the source whose turn it is      */
    Py_ssize_t ended;    /* zip_longest: how many of these have the fillvalue; strict:
                            whether the first source has ended, and so the others have to   */
    intptr_t strict;     /* zip only                                                        */
} zip_op;

/* Begin a row: as the builtin does, with the last one if everybody else has let go of it. */
static bool
begin_row(zip_op *op)
{
    if (op->row != NULL && ait_is_unique(op->row)) {
        ait_tuple_renew(op->row);
        return true;
    }
    PyObject *row = PyTuple_New(PyTuple_GET_SIZE(op->sources));
    for (Py_ssize_t i = 0; row != NULL && i < PyTuple_GET_SIZE(row); i++) {
        PyTuple_SET_ITEM(row, i, Py_NewRef(Py_None));
    }
    Py_XSETREF(op->row, row);
    return row != NULL;
}

/* Fill the next slot with item, which is consumed. */
static inline void
fill_slot(zip_op *op, PyObject *item)
{
    PyObject *old = PyTuple_GET_ITEM(op->row, op->filled);
    PyTuple_SET_ITEM(op->row, op->filled, item);
    op->filled++;
    Py_DECREF(old);
}

static inline PySendResult
deliver_row(zip_op *op, PyObject **out)
{
    op->filled = 0;
    ait_tuple_track(op->row);
    *out = Py_NewRef(op->row);
    return PYGEN_RETURN;
}

/* strict: the source whose turn it is breaks the rule. The stream is at its end, with an error. */
static PySendResult
zip_mismatch(zip_op *op, const char *how)
{
    PyErr_Format(PyExc_ValueError, "zip() argument %zd is %s than argument%s%zd", op->filled + 1,
                 how, op->filled == 1 ? " " : "s 1-", op->filled);
    ait_keep_error(&op->error);
    return PYGEN_RETURN;
}

/* strict: the first source has ended, and so must each of the others. */
static PySendResult
zip_check(zip_op *op, ait_drive *d, PyObject **out)
{
    for (; op->filled < PyTuple_GET_SIZE(op->sources); op->filled++) {
        PyObject *item;
        PySendResult r = ait_pull(ait_nth(op->sources, op->filled), d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item != NULL) {
            Py_DECREF(item);
            return zip_mismatch(op, "longer");
        }
    }
    return PYGEN_RETURN;
}

/* The source whose turn it is has ended. */
static PySendResult
zip_end(zip_op *op, ait_drive *d, PyObject **out)
{
    Py_CLEAR(op->row);
    if (!op->strict) {
        return PYGEN_RETURN;
    }
    if (op->filled > 0) {
        return zip_mismatch(op, "shorter");
    }
    op->ended = 1;
    op->filled = 1;
    return zip_check(op, d, out);
}

static PySendResult
zip_step(ait_op *self, ait_drive *d, PyObject **out)
{
    zip_op *op = (zip_op *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(op->sources);
    *out = NULL;
    if (n == 0) {
        return PYGEN_RETURN;
    }
    if (op->ended) {
        return zip_check(op, d, out);
    }
    if (op->filled == 0 && !begin_row(op)) {
        return PYGEN_ERROR;
    }
    while (op->filled < n) {
        PyObject *item;
        PySendResult r = ait_pull(ait_nth(op->sources, op->filled), d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL) {
            return zip_end(op, d, out);
        }
        fill_slot(op, item);
    }
    return deliver_row(op, out);
}

static const ait_kind zip_kind = {
    .name = "zip", .step = zip_step, .nwords = AIT_WORDS(zip_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
zip_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "zip")) {
        return NULL;
    }
    int strict = PyObject_IsTrue(args[1]);
    zip_op *op = strict < 0 ? NULL : (zip_op *)ait_new_over(module, args[0], &zip_kind);
    if (op == NULL) {
        return NULL;
    }
    op->strict = strict;
    return ait_ready((ait_op *)op);
}

/* ---- zip_longest: the same, until the last source ends ------------------------------------------
 *
 *      source        a   b   c |
 *      other         1   2 |
 *      zip_longest   a1  b2  c- |
 */
static PySendResult
zip_longest_step(ait_op *self, ait_drive *d, PyObject **out)
{
    zip_op *op = (zip_op *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(op->sources);
    *out = NULL;
    if (n == 0) {
        return PYGEN_RETURN;
    }
    if (op->filled == 0) {
        op->ended = 0;
        if (!begin_row(op)) {
            return PYGEN_ERROR;
        }
    }
    while (op->filled < n) {
        PyObject *item;
        PySendResult r = ait_pull(ait_nth(op->sources, op->filled), d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL) {
            if (++op->ended == n) {
                Py_CLEAR(op->row);
                return PYGEN_RETURN;
            }
            item = Py_NewRef(op->fillvalue);
        }
        fill_slot(op, item);
    }
    return deliver_row(op, out);
}

static const ait_kind zip_longest_kind = {
    .name = "zip_longest", .step = zip_longest_step,
    .nwords = AIT_WORDS(zip_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
zip_longest_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "zip_longest")) {
        return NULL;
    }
    zip_op *op = (zip_op *)ait_new_over(module, args[0], &zip_longest_kind);
    if (op == NULL) {
        return NULL;
    }
    op->fillvalue = Py_NewRef(args[1]);
    return ait_ready((ait_op *)op);
}

/* ---- chain: one source after the other ----------------------------------------------------------
 *
 *      source  a b |
 *      other       c d |
 *      chain   a b c d |
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources;
    Py_ssize_t at; /* the source being read; those before it have ended */
} chain_op;

static PySendResult
chain_step(ait_op *self, ait_drive *d, PyObject **out)
{
    chain_op *op = (chain_op *)self;
    *out = NULL;
    for (; op->at < PyTuple_GET_SIZE(op->sources); op->at++) {
        PySendResult r = ait_pull(ait_nth(op->sources, op->at), d, out);
        if (r != PYGEN_RETURN || *out != NULL) {
            return r;
        }
    }
    return PYGEN_RETURN;
}

static const ait_kind chain_kind = {
    .name = "chain", .step = chain_step, .nwords = AIT_WORDS(chain_op), .nrefs = 1, .nowned = 1,
};

static PyObject *
chain_new(PyObject *module, PyObject *sources)
{
    ait_op *op = ait_new_over(module, sources, &chain_kind);
    return op == NULL ? NULL : ait_ready(op);
}

/* ---- interleave: each source in turn, until all have ended --------------------------------------
 *
 *      source      a   b   c d |
 *      other         1   2 |
 *      interleave  a 1 b 2 c d |
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources;
    PyObject *ring; /* tuple of those that have not ended */
    Py_ssize_t at;  /* in the ring: whose turn it is      */
} interleave_op;

/* The tuple without its i-th item. */
static PyObject *
tuple_without(PyObject *tuple, Py_ssize_t i)
{
    Py_ssize_t n = PyTuple_GET_SIZE(tuple) - 1;
    PyObject *rest = PyTuple_New(n);
    for (Py_ssize_t k = 0; rest != NULL && k < n; k++) {
        PyTuple_SET_ITEM(rest, k, Py_NewRef(PyTuple_GET_ITEM(tuple, k < i ? k : k + 1)));
    }
    return rest;
}

static PySendResult
interleave_step(ait_op *self, ait_drive *d, PyObject **out)
{
    interleave_op *op = (interleave_op *)self;
    *out = NULL;
    while (PyTuple_GET_SIZE(op->ring) > 0) {
        if (op->at == PyTuple_GET_SIZE(op->ring)) {
            op->at = 0;
        }
        PySendResult r = ait_pull(ait_nth(op->ring, op->at), d, out);
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (*out != NULL) {
            op->at++;
            return r;
        }
        PyObject *rest = tuple_without(op->ring, op->at);
        if (rest == NULL) {
            return PYGEN_ERROR;
        }
        Py_SETREF(op->ring, rest);
    }
    return PYGEN_RETURN;
}

static const ait_kind interleave_kind = {
    .name = "interleave", .step = interleave_step,
    .nwords = AIT_WORDS(interleave_op), .nrefs = 2, .nowned = 1,
};

static PyObject *
interleave_new(PyObject *module, PyObject *sources)
{
    interleave_op *op = (interleave_op *)ait_new_over(module, sources, &interleave_kind);
    if (op == NULL) {
        return NULL;
    }
    op->ring = Py_NewRef(op->sources);
    return ait_ready((ait_op *)op);
}

/* ---- cycle: the same items again and again ------------------------------------------------------
 *
 *      source  a b |
 *      cycle   a b a b a b …
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *saved;    /* list of the items so far                    */
    Py_ssize_t next;    /* of these, once the source has ended         */
    intptr_t repeating; /* it has                                      */
} cycle_op;

static PySendResult
cycle_step(ait_op *self, ait_drive *d, PyObject **out)
{
    cycle_op *op = (cycle_op *)self;
    if (!op->repeating) {
        PySendResult r = ait_pull(op->source, d, out);
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (*out != NULL) {
            if (PyList_Append(op->saved, *out) < 0) {
                Py_CLEAR(*out);
                return PYGEN_ERROR;
            }
            return r;
        }
        op->repeating = 1;
    }
    *out = NULL;
    if (op->next >= PyList_GET_SIZE(op->saved)) {
        op->next = 0;
    }
    if (op->next < PyList_GET_SIZE(op->saved)) {
        *out = Py_NewRef(PyList_GET_ITEM(op->saved, op->next));
        op->next++;
    }
    return PYGEN_RETURN;
}

static const ait_kind cycle_kind = {
    .name = "cycle", .step = cycle_step, .halts = true,
    .nwords = AIT_WORDS(cycle_op), .nrefs = 2, .nowned = 1,
};

static PyObject *
cycle_new(PyObject *module, PyObject *source)
{
    ait_state *st = ait_state_from(module);
    cycle_op *op = (cycle_op *)ait_new_on(st, &cycle_kind, ait_source(st, source, "cycle"));
    if (op == NULL) {
        return NULL;
    }
    op->saved = PyList_New(0);
    if (op->saved == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    return ait_ready((ait_op *)op);
}

/* ---- peekable: items can be put back before the source ------------------------------------------
 *
 * peek() is Python: it pulls, and puts back what came.
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *held; /* list of what comes before the source, the first one last; or NULL */
} peekable_op;

static PySendResult
peekable_step(ait_op *self, ait_drive *d, PyObject **out)
{
    peekable_op *op = (peekable_op *)self;
    Py_ssize_t n = op->held == NULL ? 0 : PyList_GET_SIZE(op->held);
    if (n > 0) {
        *out = Py_NewRef(PyList_GET_ITEM(op->held, n - 1));
        if (PyList_SetSlice(op->held, n - 1, n, NULL) == 0) {
            return PYGEN_RETURN;
        }
        Py_CLEAR(*out);
        return PYGEN_ERROR;
    }
    return ait_pull(op->source, d, out);
}

static const ait_kind peekable_kind = {
    .name = "peekable", .step = peekable_step,
    .nwords = AIT_WORDS(peekable_op), .nrefs = 2, .nowned = 1,
};

/* peekable(cls, source): as an instance of cls. */
static PyObject *
peekable_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, "peekable")) {
        return NULL;
    }
    PyTypeObject *type = (PyTypeObject *)args[0];
    if (!PyType_Check(args[0]) || !PyType_IsSubtype(type, st->op_type)) {
        PyErr_SetString(PyExc_TypeError, "peekable(): not a subclass of Op");
        return NULL;
    }
    ait_op *source = ait_source(st, args[1], "peekable");
    ait_op *op = source == NULL ? NULL : ait_new_as(st, type, &peekable_kind);
    if (op == NULL) {
        Py_XDECREF(source);
        return NULL;
    }
    op->refs[0] = (PyObject *)source;
    return ait_ready(op);
}

/* The operator behind a Peekable, its `busy` taken; NULL with an exception if it is not free. */
static peekable_op *
take_peekable(ait_state *st, PyObject *stream)
{
    ait_op *op = (ait_op *)stream;
    while (ait_is_op(st, (PyObject *)op)) {
        if (!ait_flag_take(&op->busy)) {
            PyErr_SetString(PyExc_RuntimeError, "peekable(): already running");
            return NULL;
        }
        bool found = op->kind == &peekable_kind;
        bool forwards = op->kind->name == NULL;
        if (ait_has(op, AIT_ENDED)) {
            ait_flag_drop(&op->busy);
            PyErr_SetString(PyExc_ValueError, "prepend(): the stream is at its end");
            return NULL;
        }
        if (found) {
            return (peekable_op *)op;
        }
        ait_op *inner = forwards ? (ait_op *)op->refs[op->kind->nowned - 1] : NULL;
        ait_flag_drop(&op->busy);
        if (inner == NULL) {
            break;
        }
        op = inner;
    }
    PyErr_Format(PyExc_TypeError, "prepend(): '%.200s' object is not peekable",
                 Py_TYPE(stream)->tp_name);
    return NULL;
}

/* Put items, given as the C array, before what op still has: 0, or -1. */
static int
put_back(peekable_op *op, PyObject *const *items, Py_ssize_t n)
{
    if (op->held == NULL && (op->held = PyList_New(0)) == NULL) {
        return -1;
    }
    for (Py_ssize_t i = n - 1; i >= 0; i--) {
        if (PyList_Append(op->held, items[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* prepend(stream, items) */
static PyObject *
peekable_prepend(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "prepend")) {
        return NULL;
    }
    if (!PyTuple_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "prepend(): items must be a tuple");
        return NULL;
    }
    peekable_op *op = take_peekable(ait_state_from(module), args[0]);
    if (op == NULL) {
        return NULL;
    }
    int r = put_back(op, ((PyTupleObject *)args[1])->ob_item, PyTuple_GET_SIZE(args[1]));
    ait_flag_drop(&op->busy);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}

/* unread(stream, item): the item that came last was only looked at. */
static PyObject *
peekable_unread(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "unread")) {
        return NULL;
    }
    peekable_op *op = take_peekable(ait_state_from(module), args[0]);
    if (op == NULL) {
        return NULL;
    }
    int r = put_back(op, args + 1, 1);
    ait_count_be(&op->count, op->count - (op->count > 0));
    ait_flag_drop(&op->busy);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_combine_functions[] = {
    {"chain", chain_new, METH_O, PyDoc_STR("chain($module, sources, /)\n--\n\n")},
    {"zip", AIT_FASTCALL(zip_new), PyDoc_STR("zip($module, sources, strict, /)\n--\n\n")},
    {"zip_longest", AIT_FASTCALL(zip_longest_new),
     PyDoc_STR("zip_longest($module, sources, fillvalue, /)\n--\n\n")},
    {"interleave", interleave_new, METH_O, PyDoc_STR("interleave($module, sources, /)\n--\n\n")},
    {"cycle", cycle_new, METH_O, PyDoc_STR("cycle($module, source, /)\n--\n\n")},
    {"peekable", AIT_FASTCALL(peekable_new),
     PyDoc_STR("peekable($module, cls, source, /)\n--\n\n")},
    {"prepend", AIT_FASTCALL(peekable_prepend),
     PyDoc_STR("prepend($module, stream, items, /)\n--\n\n")},
    {"unread", AIT_FASTCALL(peekable_unread),
     PyDoc_STR("unread($module, stream, item, /)\n--\n\n")},
    {NULL},
};
