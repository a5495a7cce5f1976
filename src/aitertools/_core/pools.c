/* Combine, of whole sources: product combinations combinations_with_replacement permutations. */
#include "core.h"

/* ---- what they share ----------------------------------------------------------------------------
 *
 *      source          a b c |
 *      combinations 2        ab ac bc |
 *
 *      GATHER --all sources have ended--> the iterator of itertools, which delivers
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources; /* product: a tuple of streams; else one stream                          */
    PyObject *pools;   /* while it gathers: a tuple of lists, of what each source has given     */
    PyObject *made;    /* from then on: the iterator of itertools                               */
    Py_ssize_t size;   /* r, or repeat; -1: permutations of all the items                       */
    Py_ssize_t at;     /* the source being gathered                                             */
} pools_op;

static inline ait_op *
source_at(pools_op *op)
{
    return PyTuple_CheckExact(op->sources) ? ait_nth(op->sources, op->at) : (ait_op *)op->sources;
}

static PySendResult
gather(pools_op *op, ait_drive *d, PyObject **out)
{
    while (op->at < PyTuple_GET_SIZE(op->pools)) {
        PyObject *item;
        PySendResult r = ait_pull(source_at(op), d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL) {
            op->at++;
            continue;
        }
        int failed = PyList_Append(PyTuple_GET_ITEM(op->pools, op->at), item);
        Py_DECREF(item);
        if (failed) {
            return PYGEN_ERROR;
        }
    }
    return PYGEN_RETURN;
}

/* name(*args, **kwargs) of itertools; consumes both, which may be NULL with an exception. */
static PyObject *
call_itertools(const char *name, PyObject *args, PyObject *kwargs)
{
    PyObject *itertools = PyImport_ImportModule("itertools");
    PyObject *type = itertools == NULL ? NULL : PyObject_GetAttrString(itertools, name);
    PyObject *made = type == NULL || args == NULL ? NULL : PyObject_Call(type, args, kwargs);
    Py_XDECREF(itertools);
    Py_XDECREF(type);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return made;
}

/* Of what was gathered: the iterator that delivers; NULL, and no exception, if nothing is to be. */
typedef PyObject *make_fn(pools_op *op);

static PySendResult
deliver(pools_op *op, ait_drive *d, make_fn *make, PyObject **out)
{
    *out = NULL;
    if (op->made == NULL) {
        PySendResult r = gather(op, d, out);
        if (r != PYGEN_RETURN) {
            return r;
        }
        op->made = make(op);
        if (op->made == NULL) {
            if (PyErr_Occurred()) { /* it would fail for ever: the stream is at its end */
                ait_keep_error(&op->error);
            }
            return PYGEN_RETURN;
        }
        Py_CLEAR(op->pools);
    }
    *out = Py_TYPE(op->made)->tp_iternext(op->made);
    return *out == NULL && PyErr_Occurred() ? PYGEN_ERROR : PYGEN_RETURN;
}

/* A tuple of n empty lists. */
static PyObject *
empty_pools(Py_ssize_t n)
{
    PyObject *pools = PyTuple_New(n);
    for (Py_ssize_t i = 0; pools != NULL && i < n; i++) {
        PyObject *pool = PyList_New(0);
        if (pool == NULL) {
            Py_CLEAR(pools);
            break;
        }
        PyTuple_SET_ITEM(pools, i, pool);
    }
    return pools;
}

/* Give op its pools; consumes op on error. Ends every `new`. */
static PyObject *
ready_to_gather(pools_op *op, Py_ssize_t n)
{
    op->pools = empty_pools(n);
    if (op->pools == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    return ait_ready((ait_op *)op);
}

/* An int that is not negative, worded as itertools does; -1 with an exception otherwise. */
static Py_ssize_t
check_number(PyObject *obj, const char *who, const char *what, const char *rule)
{
    Py_ssize_t number = ait_check_size(obj, PY_SSIZE_T_MIN, who, what);
    if (number < 0 && !PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "%s(): %s %s", who, what, rule);
        return -1;
    }
    return number;
}

/* ---- product --------------------------------------------------------------------------------- */

static PyObject *
product_make(pools_op *op)
{
    PyObject *kwargs = Py_BuildValue("{s:n}", "repeat", op->size);
    return kwargs == NULL ? NULL : call_itertools("product", Py_NewRef(op->pools), kwargs);
}

static PySendResult
product_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return deliver((pools_op *)self, d, product_make, out);
}

static const ait_kind product_kind = {
    .name = "product", .step = product_step, .nwords = AIT_WORDS(pools_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
product_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "product")) {
        return NULL;
    }
    Py_ssize_t repeat = check_number(args[1], "product", "repeat argument", "cannot be negative");
    if (repeat < 0) {
        return NULL;
    }
    pools_op *op = (pools_op *)ait_new_over(module, args[0], &product_kind);
    if (op == NULL) {
        return NULL;
    }
    op->size = repeat;
    Py_ssize_t n = repeat == 0 ? 0 : PyTuple_GET_SIZE(op->sources); /* nothing read for nothing */
    if (n > 0 && repeat > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(Py_ssize_t) / n) {
        PyErr_SetString(PyExc_OverflowError, "product(): repeat argument too large");
        Py_DECREF(op);
        return NULL;
    }
    return ready_to_gather(op, n);
}

/* ---- combinations, combinations_with_replacement, permutations ------------------------------- */

/* What itertools makes of the pool. r may be larger than what its constructor could allocate for:
 * there is nothing to deliver then, unless items may be repeated. */
static PyObject *
arrangements(pools_op *op, bool repeated)
{
    PyObject *pool = PyTuple_GET_ITEM(op->pools, 0);
    Py_ssize_t n = PyList_GET_SIZE(pool), r = op->size < 0 ? n : op->size;
    if (repeated ? n == 0 && r > 0 : r > n) {
        return NULL;
    }
    return call_itertools(op->kind->name, Py_BuildValue("(On)", pool, r), NULL);
}

static PyObject *
arrangements_make(pools_op *op)
{
    return arrangements(op, false);
}

static PyObject *
repeating_make(pools_op *op)
{
    return arrangements(op, true);
}

static PySendResult
arrangements_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return deliver((pools_op *)self, d, arrangements_make, out);
}

static PySendResult
repeating_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return deliver((pools_op *)self, d, repeating_make, out);
}

#define SIZED_KIND(NAME, STEP)                                                                 \
    {                                                                                          \
        .name = (NAME), .step = (STEP), .nwords = AIT_WORDS(pools_op), .nrefs = 3, .nowned = 1, \
        .arg = AIT_ARG_SIZE, .arg_at = AIT_WORD_AT(pools_op, size),                             \
    }

static const ait_kind combinations_kind = SIZED_KIND("combinations", arrangements_step);
static const ait_kind repeating_kind = SIZED_KIND("combinations_with_replacement", repeating_step);
static const ait_kind permutations_kind = SIZED_KIND("permutations", arrangements_step);
static const ait_kind all_permutations_kind = { /* r is not known yet */
    .name = "permutations", .step = arrangements_step,
    .nwords = AIT_WORDS(pools_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
new_of_one(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, kind->name)) {
        return NULL;
    }
    Py_ssize_t r = -1;
    if (kind != &all_permutations_kind) {
        r = check_number(args[1], kind->name, "r", "must be non-negative");
        if (r < 0) {
            return NULL;
        }
    }
    pools_op *op = (pools_op *)ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op == NULL) {
        return NULL;
    }
    op->size = r;
    return ready_to_gather(op, 1);
}

static PyObject *
combinations_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_of_one(module, args, nargs, &combinations_kind);
}

static PyObject *
repeating_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_of_one(module, args, nargs, &repeating_kind);
}

static PyObject *
permutations_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    bool all = nargs == 2 && args[1] == Py_None;
    return new_of_one(module, args, nargs, all ? &all_permutations_kind : &permutations_kind);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_pool_functions[] = {
    {"product", AIT_FASTCALL(product_new),
     PyDoc_STR("product($module, sources, repeat, /)\n--\n\n")},
    {"combinations", AIT_FASTCALL(combinations_new),
     PyDoc_STR("combinations($module, source, r, /)\n--\n\n")},
    {"combinations_with_replacement", AIT_FASTCALL(repeating_new),
     PyDoc_STR("combinations_with_replacement($module, source, r, /)\n--\n\n")},
    {"permutations", AIT_FASTCALL(permutations_new),
     PyDoc_STR("permutations($module, source, r, /)\n--\n\n")},
    {NULL},
};
