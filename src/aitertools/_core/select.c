/* Select, by what an item is: filter filterfalse takewhile dropwhile compress unique
 * unique_justseen. By where it is: slice.c. */
#include "valued.h"

/* (source, fn or None) */
static ait_op *
new_with_optional_fn(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                     const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, kind->name) ||
        (args[1] != Py_None && !ait_check_callable(args[1], kind->name))) {
        return NULL;
    }
    ait_valued_op *op = (ait_valued_op *)ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op != NULL) {
        op->fn = args[1] != Py_None ? Py_NewRef(args[1]) : NULL;
    }
    return (ait_op *)op;
}

/* ---- filter, filterfalse: the items for which fn(item) is true, or false ----------------------
 *
 *      source          1 2 3 4 |
 *      filter odd      1   3   |
 *      filterfalse odd   2   4 |
 */
static inline PySendResult
filter_for(int wanted, ait_op *self, ait_drive *d, PyObject **out)
{
    for (;;) {
        int truth;
        PySendResult r = ait_pull_judged(self, d, out, &truth);
        if (r != PYGEN_RETURN || *out == NULL || truth == wanted) {
            return r;
        }
        Py_DECREF(*out);
    }
}

static PySendResult
filter_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return filter_for(1, self, d, out);
}

static PySendResult
filterfalse_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return filter_for(0, self, d, out);
}

static const ait_kind filter_kind = {
    .name = "filter", .step = filter_step,
    .nwords = AIT_WORDS(ait_valued_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(ait_valued_op, fn),
};

static const ait_kind filterfalse_kind = {
    .name = "filterfalse", .step = filterfalse_step,
    .nwords = AIT_WORDS(ait_valued_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(ait_valued_op, fn),
};

static PyObject *
filter_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_optional_fn(module, args, nargs, &filter_kind);
    return op == NULL ? NULL : ait_ready(op);
}

static PyObject *
filterfalse_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_optional_fn(module, args, nargs, &filterfalse_kind);
    return op == NULL ? NULL : ait_ready(op);
}

/* ---- takewhile: up to the first item for which fn(item) is false ------------------------------
 *
 *      source        1 4 6 3 |
 *      takewhile <5  1 4|
 */
static PySendResult
takewhile_step(ait_op *self, ait_drive *d, PyObject **out)
{
    int truth;
    PySendResult r = ait_pull_judged(self, d, out, &truth);
    if (r == PYGEN_RETURN && *out != NULL && !truth) {
        Py_CLEAR(*out); /* the end */
    }
    return r;
}

static const ait_kind takewhile_kind = {
    .name = "takewhile", .step = takewhile_step,
    .nwords = AIT_WORDS(ait_valued_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(ait_valued_op, fn),
};

static PyObject *
takewhile_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &takewhile_kind);
}

/* ---- dropwhile: from the first item on for which fn(item) is false ----------------------------
 *
 *      source        1 4 6 3 |
 *      dropwhile <5      6 3 |
 */
typedef struct {
    AIT_VALUED_HEAD;
    intptr_t begun; /* that item is out */
} dropwhile_op;

static PySendResult
dropwhile_step(ait_op *self, ait_drive *d, PyObject **out)
{
    dropwhile_op *op = (dropwhile_op *)self;
    while (!op->begun) {
        int truth;
        PySendResult r = ait_pull_judged(self, d, out, &truth);
        if (r != PYGEN_RETURN || *out == NULL) {
            return r;
        }
        if (!truth) {
            op->begun = 1;
            return r;
        }
        Py_DECREF(*out);
    }
    return ait_pull(op->source, d, out);
}

static const ait_kind dropwhile_kind = {
    .name = "dropwhile", .step = dropwhile_step,
    .nwords = AIT_WORDS(dropwhile_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(dropwhile_op, fn),
};

static PyObject *
dropwhile_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &dropwhile_kind);
}

/* ---- compress: the items whose selector is true -----------------------------------------------
 *
 *      source     a b c d |
 *      selectors  1 0 1 1 |
 *      compress   a   c d |
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources; /* a pair of streams: the items, the selectors */
    PyObject *item;    /* held until it has a selector                */
} compress_op;

static PySendResult
compress_step(ait_op *self, ait_drive *d, PyObject **out)
{
    compress_op *op = (compress_op *)self;
    ait_op *items = (ait_op *)PyTuple_GET_ITEM(op->sources, 0);
    ait_op *selectors = (ait_op *)PyTuple_GET_ITEM(op->sources, 1);
    for (;;) {
        PyObject *selector;
        if (op->item == NULL) {
            AIT_PULL(items, op->item);
        }
        AIT_PULL(selectors, selector);
        PyObject *item = op->item;
        op->item = NULL;
        int truth = ait_truth(selector);
        if (truth > 0) {
            *out = item;
            return PYGEN_RETURN;
        }
        Py_DECREF(item);
        if (truth < 0) {
            *out = NULL;
            return PYGEN_ERROR;
        }
    }
}

static const ait_kind compress_kind = {
    .name = "compress", .step = compress_step,
    .nwords = AIT_WORDS(compress_op), .nrefs = 2, .nowned = 1,
};

static PyObject *
compress_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, "compress")) {
        return NULL;
    }
    PyObject *sources = ait_sources(st, args, 2, "compress");
    compress_op *op = sources == NULL ? NULL : (compress_op *)ait_new(st, &compress_kind);
    if (op == NULL) {
        Py_XDECREF(sources);
        return NULL;
    }
    op->sources = sources;
    return ait_ready((ait_op *)op);
}

/* ---- unique: the items whose key was not seen before ------------------------------------------
 *
 *      source  a b a c b |
 *      unique  a b   c   |
 */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *seen;       /* set of the keys                                     */
    PyObject *unhashable; /* list of those that cannot be in a set, or NULL: none */
} unique_op;

/* The same for a key that no set can hold. */
static int
add_unhashable(unique_op *op, PyObject *key)
{
    if (op->unhashable == NULL && (op->unhashable = PyList_New(0)) == NULL) {
        return -1;
    }
    int known = PySequence_Contains(op->unhashable, key);
    if (known != 0) {
        return known < 0 ? -1 : 0;
    }
    return PyList_Append(op->unhashable, key) < 0 ? -1 : 1;
}

/* Add key to what was seen: 1 if it is new, 0 if not, -1 with an exception. */
static int
add_key(unique_op *op, PyObject *key)
{
    Py_ssize_t before = PySet_GET_SIZE(op->seen);
    if (PySet_Add(op->seen, key) == 0) {
        return PySet_GET_SIZE(op->seen) > before;
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) {
        return -1;
    }
    PyErr_Clear(); /* the TypeError that says: unhashable */
    return add_unhashable(op, key);
}

static PySendResult
unique_step(ait_op *self, ait_drive *d, PyObject **out)
{
    for (;;) {
        PyObject *key;
        PySendResult r = ait_pull_valued(self, d, out, &key);
        if (r != PYGEN_RETURN || *out == NULL) {
            return r;
        }
        int is_new = add_key((unique_op *)self, key);
        Py_DECREF(key);
        if (is_new > 0) {
            return r;
        }
        Py_CLEAR(*out);
        if (is_new < 0) {
            return PYGEN_ERROR;
        }
    }
}

static const ait_kind unique_kind = {
    .name = "unique", .step = unique_step,
    .nwords = AIT_WORDS(unique_op), .nrefs = 5, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(unique_op, fn),
};

static PyObject *
unique_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_optional_fn(module, args, nargs, &unique_kind);
    if (op == NULL) {
        return NULL;
    }
    ((unique_op *)op)->seen = PySet_New(NULL);
    if (((unique_op *)op)->seen == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    return ait_ready(op);
}

/* ---- unique_justseen: the items whose key differs from the one before -------------------------
 *
 *      source           a a b b a |
 *      unique_justseen  a   b   a |
 */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *key; /* of the item delivered last; NULL before the first */
} justseen_op;

static PySendResult
justseen_step(ait_op *self, ait_drive *d, PyObject **out)
{
    justseen_op *op = (justseen_op *)self;
    for (;;) {
        PyObject *key;
        PySendResult r = ait_pull_valued(self, d, out, &key);
        if (r != PYGEN_RETURN || *out == NULL) {
            return r;
        }
        int same = op->key == NULL ? 0 : PyObject_RichCompareBool(op->key, key, Py_EQ);
        if (same == 0) {
            Py_XSETREF(op->key, key);
            return r;
        }
        Py_DECREF(key);
        Py_CLEAR(*out);
        if (same < 0) {
            return PYGEN_ERROR;
        }
    }
}

static const ait_kind justseen_kind = {
    .name = "unique_justseen", .step = justseen_step,
    .nwords = AIT_WORDS(justseen_op), .nrefs = 4, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(justseen_op, fn),
};

static PyObject *
justseen_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_op *op = new_with_optional_fn(module, args, nargs, &justseen_kind);
    return op == NULL ? NULL : ait_ready(op);
}

/* ---- what Python sees ---------------------------------------------------------------------- */

PyMethodDef ait_select_functions[] = {
    {"filter", AIT_FASTCALL(filter_new), PyDoc_STR("filter($module, source, pred, /)\n--\n\n")},
    {"filterfalse", AIT_FASTCALL(filterfalse_new),
     PyDoc_STR("filterfalse($module, source, pred, /)\n--\n\n")},
    {"takewhile", AIT_FASTCALL(takewhile_new),
     PyDoc_STR("takewhile($module, source, pred, /)\n--\n\n")},
    {"dropwhile", AIT_FASTCALL(dropwhile_new),
     PyDoc_STR("dropwhile($module, source, pred, /)\n--\n\n")},
    {"compress", AIT_FASTCALL(compress_new),
     PyDoc_STR("compress($module, source, selectors, /)\n--\n\n")},
    {"unique", AIT_FASTCALL(unique_new), PyDoc_STR("unique($module, source, key, /)\n--\n\n")},
    {"unique_justseen", AIT_FASTCALL(justseen_new),
     PyDoc_STR("unique_justseen($module, source, key, /)\n--\n\n")},
    {NULL},
};
