/* Select: filter filterfalse take skip takewhile dropwhile islice compress unique unique_justseen
 * take_last skip_last. */
#include "core.h"

/* ---- what those with a function begin with -------------------------------------------------------- */

#define SELECT_HEAD                                                                            \
    AIT_OP_HEAD;                                                                               \
    ait_op *source;                                                                            \
    PyObject *fn;  /* the predicate or the key; NULL: the item itself */                       \
    PyObject *item /* held while fn(item) is awaited                  */

typedef struct {
    SELECT_HEAD;
} select_op;

/* The next item and fn(item). When there is none, *out and the result are the step's own answer. */
static inline PySendResult
pull_valued(ait_op *self, ait_drive *d, PyObject **out, PyObject **value)
{
    select_op *op = (select_op *)self;
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
pull_judged(ait_op *self, ait_drive *d, PyObject **out, int *truth)
{
    PyObject *verdict;
    PySendResult r = pull_valued(self, d, out, &verdict);
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
    select_op *op = (select_op *)ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op != NULL) {
        op->fn = args[1] != Py_None ? Py_NewRef(args[1]) : NULL;
    }
    return (ait_op *)op;
}

/* ---- filter, filterfalse: the items for which fn(item) is true, or false ----------------------------
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
        PySendResult r = pull_judged(self, d, out, &truth);
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
    .name = "filter", .step = filter_step, .nwords = AIT_WORDS(select_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(select_op, fn),
};

static const ait_kind filterfalse_kind = {
    .name = "filterfalse", .step = filterfalse_step,
    .nwords = AIT_WORDS(select_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(select_op, fn),
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

/* ---- take, skip: the first n items, or all but these ------------------------------------------------
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
        *(Py_ssize_t *)&op->refs[kind->arg_at] = n;
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

/* ---- takewhile: up to the first item for which fn(item) is false ------------------------------------
 *
 *      source        1 4 6 3 |
 *      takewhile <5  1 4|
 */
static PySendResult
takewhile_step(ait_op *self, ait_drive *d, PyObject **out)
{
    int truth;
    PySendResult r = pull_judged(self, d, out, &truth);
    if (r == PYGEN_RETURN && *out != NULL && !truth) {
        Py_CLEAR(*out); /* the end */
    }
    return r;
}

static const ait_kind takewhile_kind = {
    .name = "takewhile", .step = takewhile_step,
    .nwords = AIT_WORDS(select_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(select_op, fn),
};

static PyObject *
takewhile_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &takewhile_kind);
}

/* ---- dropwhile: from the first item on for which fn(item) is false ----------------------------------
 *
 *      source        1 4 6 3 |
 *      dropwhile <5      6 3 |
 */
typedef struct {
    SELECT_HEAD;
    intptr_t begun; /* that item is out */
} dropwhile_op;

static PySendResult
dropwhile_step(ait_op *self, ait_drive *d, PyObject **out)
{
    dropwhile_op *op = (dropwhile_op *)self;
    while (!op->begun) {
        int truth;
        PySendResult r = pull_judged(self, d, out, &truth);
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

/* ---- islice: the items number start, start + step, ... below stop -----------------------------------
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
    /* As in itertools, what lies between the last one delivered and stop is pulled before the end. */
    op->next = op->step < op->stop - op->next ? op->next + op->step : op->stop;
    *out = item;
    return PYGEN_RETURN;
}

static const ait_kind islice_kind = {
    .name = "islice", .step = islice_step, .nwords = AIT_WORDS(islice_op), .nrefs = 1, .nowned = 1,
};

/* obj as an index, `none` for None, -1 for what cannot be one; false with an exception of its own. */
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

/* start, stop and step from the arguments that follow the source: the rules and words of itertools. */
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

/* ---- compress: the items whose selector is true -----------------------------------------------------
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

/* ---- unique: the items whose key was not seen before ------------------------------------------------
 *
 *      source  a b a c b |
 *      unique  a b   c   |
 */
typedef struct {
    SELECT_HEAD;
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
        PySendResult r = pull_valued(self, d, out, &key);
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
    .name = "unique", .step = unique_step, .nwords = AIT_WORDS(unique_op), .nrefs = 5, .nowned = 1,
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

/* ---- unique_justseen: the items whose key differs from the one before -------------------------------
 *
 *      source           a a b b a |
 *      unique_justseen  a   b   a |
 */
typedef struct {
    SELECT_HEAD;
    PyObject *key; /* of the item delivered last; NULL before the first */
} justseen_op;

static PySendResult
justseen_step(ait_op *self, ait_drive *d, PyObject **out)
{
    justseen_op *op = (justseen_op *)self;
    for (;;) {
        PyObject *key;
        PySendResult r = pull_valued(self, d, out, &key);
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

/* ---- take_last, skip_last: the last n items, or all but these ---------------------------------------
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

/* Keep item, which is consumed, among the last n; *older is one that is no longer among them, or NULL. */
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

/* ---- what Python sees ------------------------------------------------------------------------------- */

PyMethodDef ait_select_functions[] = {
    {"filter", AIT_FASTCALL(filter_new), PyDoc_STR("filter($module, source, pred, /)\n--\n\n")},
    {"filterfalse", AIT_FASTCALL(filterfalse_new),
     PyDoc_STR("filterfalse($module, source, pred, /)\n--\n\n")},
    {"take", AIT_FASTCALL(take_new), PyDoc_STR("take($module, source, n, /)\n--\n\n")},
    {"skip", AIT_FASTCALL(skip_new), PyDoc_STR("skip($module, source, n, /)\n--\n\n")},
    {"takewhile", AIT_FASTCALL(takewhile_new), PyDoc_STR("takewhile($module, source, pred, /)\n--\n\n")},
    {"dropwhile", AIT_FASTCALL(dropwhile_new), PyDoc_STR("dropwhile($module, source, pred, /)\n--\n\n")},
    {"islice", AIT_FASTCALL(islice_new), PyDoc_STR("islice($module, source, /, *args)\n--\n\n")},
    {"compress", AIT_FASTCALL(compress_new),
     PyDoc_STR("compress($module, source, selectors, /)\n--\n\n")},
    {"unique", AIT_FASTCALL(unique_new), PyDoc_STR("unique($module, source, key, /)\n--\n\n")},
    {"unique_justseen", AIT_FASTCALL(justseen_new),
     PyDoc_STR("unique_justseen($module, source, key, /)\n--\n\n")},
    {"take_last", AIT_FASTCALL(take_last_new), PyDoc_STR("take_last($module, source, n, /)\n--\n\n")},
    {"skip_last", AIT_FASTCALL(skip_last_new), PyDoc_STR("skip_last($module, source, n, /)\n--\n\n")},
    {NULL},
};
