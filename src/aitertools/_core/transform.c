/* Transform: map starmap flat_map flatten enumerate accumulate pairwise tap intersperse. */
#include "core.h"

/* ---- map: fn(item) ------------------------------------------------------------------------------
 *
 *      source  a b c |
 *      map f   A B C |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *fn;
} map_op;

static PySendResult
map_step(ait_op *self, ait_drive *d, PyObject **out)
{
    map_op *op = (map_op *)self;
    if (self->awaiting != NULL) {
        return ait_resume(self, d, out);
    }
    PyObject *item;
    AIT_PULL(op->source, item);
    PySendResult r = ait_call(self, d, op->fn, item, out);
    Py_DECREF(item);
    return r;
}

static const ait_kind map_kind = {
    .name = "map", .step = map_step, .nwords = AIT_WORDS(map_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(map_op, fn),
};

/* The same under the name of the reducer that runs it. */
static const ait_kind for_each_kind = {
    .name = "for_each", .step = map_step, .nwords = AIT_WORDS(map_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(map_op, fn),
};

static PyObject *
map_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &map_kind);
}

static PyObject *
for_each_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &for_each_kind);
}

/* ---- starmap: fn(*item) ---------------------------------------------------------------------- */

static PySendResult
starmap_step(ait_op *self, ait_drive *d, PyObject **out)
{
    map_op *op = (map_op *)self;
    if (self->awaiting != NULL) {
        return ait_resume(self, d, out);
    }
    PyObject *item;
    *out = NULL;
    AIT_PULL(op->source, item);
    if (!PyTuple_CheckExact(item)) {
        Py_SETREF(item, PySequence_Tuple(item));
        if (item == NULL) {
            return PYGEN_ERROR;
        }
    }
    PyObject *result = PyObject_Call(op->fn, item, NULL);
    Py_DECREF(item);
    return ait_called(self, d, result, out);
}

static const ait_kind starmap_kind = {
    .name = "starmap", .step = starmap_step, .nwords = AIT_WORDS(map_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(map_op, fn),
};

/* map() of several sources: the same over their zip. */
static const ait_kind map_many_kind = {
    .name = "map", .step = starmap_step, .nwords = AIT_WORDS(map_op), .nrefs = 2, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(map_op, fn),
};

static PyObject *
starmap_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &starmap_kind);
}

static PyObject *
map_many_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &map_many_kind);
}

/* ---- flat_map, flatten: the items of fn(item), one source after the other -----------------------
 *
 *      source      a       b     |
 *      flat_map f  a1 a2   b1 b2 |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *inner; /* the source being read, if any */
    ait_op *source;
    PyObject *fn;  /* NULL: the item itself         */
} flat_map_op;

PySendResult
ait_pull_inner(ait_op *inner, ait_drive *d, PyObject **out)
{
    *out = NULL;
    bool guarded = !d->resuming; /* on the way to what waits there is no way back */
    if (guarded && d->nested + inner->depth > 10 * AIT_MAX_DEPTH) {
        PyErr_SetString(PyExc_RecursionError, "too many operators in nested streams");
        return PYGEN_ERROR;
    }
    if (guarded && Py_EnterRecursiveCall(" in a nested stream")) {
        return PYGEN_ERROR;
    }
    d->nested += inner->depth;
    PySendResult r = ait_pull(inner, d, out);
    d->nested -= inner->depth;
    if (guarded) {
        Py_LeaveRecursiveCall();
    }
    return r;
}

static PySendResult
flat_map_step(ait_op *self, ait_drive *d, PyObject **out)
{
    flat_map_op *op = (flat_map_op *)self;
    for (;;) {
        PySendResult r;
        PyObject *made;
        if (op->inner != NULL) {
            r = ait_pull_inner(op->inner, d, out);
            if (r != PYGEN_RETURN || *out != NULL) {
                return r;
            }
            Py_CLEAR(op->inner); /* ended, and therefore closed */
        }
        if (self->awaiting != NULL) {
            r = ait_resume(self, d, &made);
        }
        else {
            AIT_PULL(op->source, made);
            if (op->fn != NULL) {
                PyObject *item = made;
                r = ait_call(self, d, op->fn, item, &made);
                Py_DECREF(item);
            }
            else {
                r = PYGEN_RETURN;
            }
        }
        if (r != PYGEN_RETURN) {
            *out = made;
            return r;
        }
        op->inner = ait_source(d->st, made, self->kind->name);
        Py_DECREF(made);
        if (op->inner == NULL) {
            *out = NULL;
            return PYGEN_ERROR;
        }
    }
}

static const ait_kind flat_map_kind = {
    .name = "flat_map", .step = flat_map_step,
    .nwords = AIT_WORDS(flat_map_op), .nrefs = 3, .nowned = 2,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(flat_map_op, fn),
};

static const ait_kind flatten_kind = {
    .name = "flatten", .step = flat_map_step,
    .nwords = AIT_WORDS(flat_map_op), .nrefs = 3, .nowned = 2,
};

static PyObject *
flat_map_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    const ait_kind *kind = nargs == 1 ? &flatten_kind : &flat_map_kind;
    if (!ait_check_count(nargs, 1, 2, kind->name) ||
        (nargs == 2 && !ait_check_callable(args[1], kind->name))) {
        return NULL;
    }
    ait_op *source = ait_source(st, args[0], kind->name);
    flat_map_op *op = source == NULL ? NULL : (flat_map_op *)ait_new(st, kind);
    if (op == NULL) {
        Py_XDECREF(source);
        return NULL;
    }
    op->source = source;
    op->fn = nargs == 2 ? Py_NewRef(args[1]) : NULL;
    return ait_ready((ait_op *)op);
}

/* ---- enumerate: (index, item) ---------------------------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *big; /* the index once it no longer fits n, else NULL */
    Py_ssize_t n;
} enumerate_op;

/* The next index, or NULL with an exception. */
static PyObject *
next_index(enumerate_op *op)
{
    if (op->big == NULL && op->n < PY_SSIZE_T_MAX) {
        return PyLong_FromSsize_t(op->n++);
    }
    if (op->big == NULL) {
        op->big = PyLong_FromSsize_t(op->n);
    }
    PyObject *index = op->big, *one = PyLong_FromLong(1);
    op->big = index == NULL || one == NULL ? NULL : PyNumber_Add(index, one);
    Py_XDECREF(one);
    if (op->big == NULL) {
        Py_CLEAR(index);
    }
    return index;
}

static PySendResult
enumerate_step(ait_op *self, ait_drive *d, PyObject **out)
{
    enumerate_op *op = (enumerate_op *)self;
    PyObject *item;
    AIT_PULL(op->source, item);
    PyObject *index = next_index(op);
    PyObject *pair = index == NULL ? NULL : PyTuple_New(2);
    *out = pair;
    if (pair == NULL) {
        Py_XDECREF(index);
        Py_DECREF(item);
        return PYGEN_ERROR;
    }
    PyTuple_SET_ITEM(pair, 0, index);
    PyTuple_SET_ITEM(pair, 1, item);
    return PYGEN_RETURN;
}

static const ait_kind enumerate_kind = {
    .name = "enumerate", .step = enumerate_step,
    .nwords = AIT_WORDS(enumerate_op), .nrefs = 2, .nowned = 1,
};

static PyObject *
enumerate_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, "enumerate")) {
        return NULL;
    }
    PyObject *start = PyNumber_Index(args[1]);
    if (start == NULL) {
        return NULL;
    }
    ait_op *source = ait_source(st, args[0], "enumerate");
    enumerate_op *op = (enumerate_op *)ait_new_on(st, &enumerate_kind, source);
    if (op == NULL) {
        Py_DECREF(start);
        return NULL;
    }
    op->n = PyLong_AsSsize_t(start);
    if (op->n == -1 && PyErr_Occurred()) {
        PyErr_Clear(); /* too large for n: an OverflowError, as start is an int */
        op->n = PY_SSIZE_T_MAX;
        op->big = Py_NewRef(start);
    }
    Py_DECREF(start);
    return ait_ready((ait_op *)op);
}

/* ---- accumulate: running totals -----------------------------------------------------------------
 *
 *      source        1 2 3 |
 *      accumulate    1 3 6 |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *fn;      /* NULL: addition              */
    PyObject *total;   /* NULL before the first item  */
    PyObject *initial; /* to be delivered first, or NULL */
} accumulate_op;

static PySendResult
accumulate_step(ait_op *self, ait_drive *d, PyObject **out)
{
    accumulate_op *op = (accumulate_op *)self;
    PySendResult r;
    *out = NULL;
    if (op->initial != NULL) {
        op->total = op->initial;
        op->initial = NULL;
        *out = Py_NewRef(op->total);
        return PYGEN_RETURN;
    }
    if (self->awaiting != NULL) {
        r = ait_resume(self, d, out);
    }
    else {
        PyObject *item;
        AIT_PULL(op->source, item);
        if (op->total == NULL) {
            op->total = Py_NewRef(item);
            *out = item;
            return PYGEN_RETURN;
        }
        if (op->fn != NULL) {
            r = ait_call2(self, d, op->fn, op->total, item, out);
        }
        else {
            *out = PyNumber_Add(op->total, item);
            r = *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
        }
        Py_DECREF(item);
    }
    if (r == PYGEN_RETURN) {
        Py_SETREF(op->total, Py_NewRef(*out));
    }
    return r;
}

static const ait_kind accumulate_kind = {
    .name = "accumulate", .step = accumulate_step,
    .nwords = AIT_WORDS(accumulate_op), .nrefs = 4, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(accumulate_op, fn),
};

/* The same under the name of the reducer that takes its last item. */
static const ait_kind reduce_kind = {
    .name = "reduce", .step = accumulate_step,
    .nwords = AIT_WORDS(accumulate_op), .nrefs = 4, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(accumulate_op, fn),
};

static PyObject *
accumulate_with(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 3, kind->name) ||
        (args[1] != Py_None && !ait_check_callable(args[1], kind->name))) {
        return NULL;
    }
    accumulate_op *op = (accumulate_op *)ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op == NULL) {
        return NULL;
    }
    op->fn = args[1] != Py_None ? Py_NewRef(args[1]) : NULL;
    op->initial = nargs == 3 ? Py_NewRef(args[2]) : NULL;
    return ait_ready((ait_op *)op);
}

static PyObject *
accumulate_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return accumulate_with(module, args, nargs, &accumulate_kind);
}

static PyObject *
reduce_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return accumulate_with(module, args, nargs, &reduce_kind);
}

/* ---- pairwise: (previous, item) -----------------------------------------------------------------
 *
 *      source    a    b    c |
 *      pairwise      ab   bc |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *previous; /* NULL before the first item */
} pairwise_op;

static PySendResult
pairwise_step(ait_op *self, ait_drive *d, PyObject **out)
{
    pairwise_op *op = (pairwise_op *)self;
    PyObject *item;
    if (op->previous == NULL) {
        AIT_PULL(op->source, op->previous);
    }
    AIT_PULL(op->source, item);
    PyObject *pair = PyTuple_New(2);
    *out = pair;
    if (pair == NULL) {
        Py_DECREF(item);
        return PYGEN_ERROR;
    }
    PyTuple_SET_ITEM(pair, 0, op->previous);
    PyTuple_SET_ITEM(pair, 1, item);
    op->previous = Py_NewRef(item);
    return PYGEN_RETURN;
}

static const ait_kind pairwise_kind = {
    .name = "pairwise", .step = pairwise_step,
    .nwords = AIT_WORDS(pairwise_op), .nrefs = 2, .nowned = 1,
};

static PyObject *
pairwise_new(PyObject *module, PyObject *source)
{
    ait_state *st = ait_state_from(module);
    ait_op *op = ait_new_on(st, &pairwise_kind, ait_source(st, source, "pairwise"));
    return op == NULL ? NULL : ait_ready(op);
}

/* ---- tap: fn(item) for its effect; the item goes on ------------------------------------------ */

typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *fn;
    PyObject *item; /* held while fn(item) is awaited */
} tap_op;

static PySendResult
tap_step(ait_op *self, ait_drive *d, PyObject **out)
{
    tap_op *op = (tap_op *)self;
    PyObject *ignored;
    PySendResult r;
    if (self->awaiting != NULL) {
        r = ait_resume(self, d, &ignored);
    }
    else {
        AIT_PULL(op->source, op->item);
        r = ait_call(self, d, op->fn, op->item, &ignored);
    }
    *out = ignored;
    if (r == PYGEN_NEXT) {
        return r;
    }
    if (r == PYGEN_ERROR) {
        Py_CLEAR(op->item);
        return r;
    }
    Py_DECREF(ignored);
    *out = op->item;
    op->item = NULL;
    return r;
}

static const ait_kind tap_kind = {
    .name = "tap", .step = tap_step, .nwords = AIT_WORDS(tap_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(tap_op, fn),
};

static PyObject *
tap_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &tap_kind);
}

/* ---- intersperse: a separator between items -----------------------------------------------------
 *
 *      source         a     b     c |
 *      intersperse x  a  x  b  x  c |
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *separator;
    PyObject *held; /* the item that follows the separator just delivered, else NULL */
    intptr_t begun; /* the first item is out: a separator precedes any other         */
} intersperse_op;

static PySendResult
intersperse_step(ait_op *self, ait_drive *d, PyObject **out)
{
    intersperse_op *op = (intersperse_op *)self;
    if (op->held != NULL) {
        *out = op->held;
        op->held = NULL;
        return PYGEN_RETURN;
    }
    PyObject *item;
    AIT_PULL(op->source, item);
    if (!op->begun) {
        op->begun = 1;
        *out = item;
        return PYGEN_RETURN;
    }
    op->held = item;
    *out = Py_NewRef(op->separator);
    return PYGEN_RETURN;
}

static const ait_kind intersperse_kind = {
    .name = "intersperse", .step = intersperse_step,
    .nwords = AIT_WORDS(intersperse_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
intersperse_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, "intersperse")) {
        return NULL;
    }
    ait_op *op = ait_new_on(st, &intersperse_kind, ait_source(st, args[0], "intersperse"));
    if (op == NULL) {
        return NULL;
    }
    op->refs[1] = Py_NewRef(args[1]);
    return ait_ready(op);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_transform_functions[] = {
    {"map", AIT_FASTCALL(map_new), PyDoc_STR("map($module, source, fn, /)\n--\n\n")},
    {"map_many", AIT_FASTCALL(map_many_new), PyDoc_STR("map_many($module, source, fn, /)\n--\n\n")},
    {"for_each", AIT_FASTCALL(for_each_new), PyDoc_STR("for_each($module, source, fn, /)\n--\n\n")},
    {"starmap", AIT_FASTCALL(starmap_new), PyDoc_STR("starmap($module, source, fn, /)\n--\n\n")},
    {"flat_map", AIT_FASTCALL(flat_map_new),
     PyDoc_STR("flat_map($module, source, fn=..., /)\n--\n\n")},
    {"enumerate", AIT_FASTCALL(enumerate_new),
     PyDoc_STR("enumerate($module, source, start, /)\n--\n\n")},
    {"accumulate", AIT_FASTCALL(accumulate_new),
     PyDoc_STR("accumulate($module, source, fn, initial=..., /)\n--\n\n")},
    {"reduce", AIT_FASTCALL(reduce_new),
     PyDoc_STR("reduce($module, source, fn, initial=..., /)\n--\n\n")},
    {"pairwise", pairwise_new, METH_O, PyDoc_STR("pairwise($module, source, /)\n--\n\n")},
    {"tap", AIT_FASTCALL(tap_new), PyDoc_STR("tap($module, source, fn, /)\n--\n\n")},
    {"intersperse", AIT_FASTCALL(intersperse_new),
     PyDoc_STR("intersperse($module, source, separator, /)\n--\n\n")},
    {NULL},
};
