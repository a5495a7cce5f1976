/* Combine: merge_sorted. */
#include "core.h"

/* ---- merge_sorted: sorted sources as one sorted stream ------------------------------------------
 *
 *      source        1     4   6 |
 *      other           2 3   5   |
 *      merge_sorted  1 2 3 4 5 6 |
 *
 * A binary heap of the sources, ordered by the item that each has to offer. The source on top
 * delivers, which leaves its place vacant; the next pull asks that source for another item and lets
 * it sink from there. What fails to be compared is dropped, as is what the key function fails on,
 * and its source is asked again. It is stable: of equal items the earlier source's come first.
 */
typedef struct {
    AIT_OP_HEAD;
    PyObject *sources;
    PyObject *key;    /* NULL: the items themselves are compared                              */
    PyObject *offers; /* tuple: what each source has to offer, None where that is nothing;
                         with a key, then come what these are compared by                     */
    PyObject *memory; /* bytes: of the heap                                                   */
    Py_ssize_t begun; /* how many sources were asked for their first item                     */
    bool vacant;      /* the item of the first in the heap was delivered                      */
    bool reverse;
} merge_op;

typedef struct {
    Py_ssize_t size;
    Py_ssize_t source[]; /* numbers of sources; i does not go before (i - 1) / 2 */
} source_heap;

static inline source_heap *
heap_of(merge_op *op)
{
    return (source_heap *)(void *)PyBytes_AS_STRING(op->memory);
}

/* Where in `offers` that is by which the item of source i is compared. */
static inline Py_ssize_t
key_at(merge_op *op, Py_ssize_t i)
{
    return op->key == NULL ? i : i + PyTuple_GET_SIZE(op->sources);
}

static void
set_offer(merge_op *op, Py_ssize_t at, PyObject *value)
{
    PyObject *old = PyTuple_GET_ITEM(op->offers, at);
    PyTuple_SET_ITEM(op->offers, at, value);
    ait_tuple_track(op->offers);
    Py_DECREF(old);
}

/* Whether the item of source a goes before that of source b: 1, 0, or -1. As heapq.merge() does, it
 * asks for equality first, so that None may meet None. */
static int
goes_before(merge_op *op, Py_ssize_t a, Py_ssize_t b)
{
    PyObject *x = PyTuple_GET_ITEM(op->offers, key_at(op, a));
    PyObject *y = PyTuple_GET_ITEM(op->offers, key_at(op, b));
    int equal = PyObject_RichCompareBool(x, y, Py_EQ);
    if (equal != 0) {
        return equal < 0 ? -1 : a < b;
    }
    return PyObject_RichCompareBool(op->reverse ? y : x, op->reverse ? x : y, Py_LT);
}

/* Add source a to the heap: 0; -1: nothing has changed. */
static int
rise(merge_op *op, Py_ssize_t a)
{
    source_heap *heap = heap_of(op);
    Py_ssize_t place = heap->size;
    while (place > 0) {
        int before = goes_before(op, a, heap->source[(place - 1) / 2]);
        if (before < 0) {
            return -1;
        }
        if (!before) {
            break;
        }
        place = (place - 1) / 2;
    }
    for (Py_ssize_t i = heap->size++; i != place; i = (i - 1) / 2) {
        heap->source[i] = heap->source[(i - 1) / 2];
    }
    heap->source[place] = a;
    return 0;
}

/* Put source a in the place of the first in the heap and let it sink: 0; -1: it stays the first. */
static int
sink(merge_op *op, Py_ssize_t a)
{
    source_heap *heap = heap_of(op);
    Py_ssize_t *source = heap->source, place = 0, child;
    source[0] = a;
    while ((child = 2 * place + 1) < heap->size) {
        int before = child + 1 < heap->size ? goes_before(op, source[child + 1], source[child]) : 0;
        if (before < 0) {
            return -1;
        }
        child += before;
        before = goes_before(op, source[child], a);
        if (before < 0) {
            return -1;
        }
        if (!before) {
            break;
        }
        place = child;
    }
    for (; place > 0; place = (place - 1) / 2) { /* the way back up: all on it move up by one */
        Py_ssize_t up = source[place];
        source[place] = a;
        a = up;
    }
    source[0] = a;
    return 0;
}

/* Ask source i for an item and for its key: *came, unless the source has ended. */
static PySendResult
ask(merge_op *op, Py_ssize_t i, ait_drive *d, PyObject **out, bool *came)
{
    ait_op *self = (ait_op *)op;
    PySendResult r;
    *came = false;
    if (self->awaiting != NULL) {
        r = ait_resume(self, d, out);
    }
    else {
        PyObject *item;
        AIT_PULL(ait_nth(op->sources, i), item);
        set_offer(op, i, item);
        bool alone = op->vacant && heap_of(op)->size == 1; /* nothing to compare it with */
        if (op->key == NULL || alone) {
            *came = true;
            return PYGEN_RETURN;
        }
        r = ait_call(self, d, op->key, item, out);
    }
    if (r == PYGEN_RETURN) {
        set_offer(op, key_at(op, i), *out);
        *out = NULL;
        *came = true;
    }
    else if (r == PYGEN_ERROR) {
        set_offer(op, i, Py_NewRef(Py_None));
    }
    return r;
}

/* Place source i in the heap, or take it out if no item came: 0, or -1 if there was one that failed
 * to be compared, and was dropped. */
static int
place_source(merge_op *op, Py_ssize_t i, bool came)
{
    source_heap *heap = heap_of(op);
    int r = 0;
    if (!op->vacant) {
        r = came ? rise(op, i) : 0;
        op->begun += r == 0;
    }
    else {
        if (!came) {
            heap->size--;
            i = heap->source[heap->size];
        }
        r = heap->size > 0 ? sink(op, i) : 0;
        op->vacant = r < 0;
    }
    if (r < 0) {
        set_offer(op, i, Py_NewRef(Py_None));
    }
    return r;
}

static PySendResult
merge_step(ait_op *self, ait_drive *d, PyObject **out)
{
    merge_op *op = (merge_op *)self;
    source_heap *heap = heap_of(op);
    *out = NULL;
    while (op->vacant || op->begun < PyTuple_GET_SIZE(op->sources)) {
        Py_ssize_t i = op->vacant ? heap->source[0] : op->begun;
        bool came;
        PySendResult r = ask(op, i, d, out, &came);
        if (r != PYGEN_RETURN) {
            return r;
        }
        if (place_source(op, i, came) < 0) {
            return PYGEN_ERROR;
        }
    }
    if (heap->size > 0) {
        Py_ssize_t first = heap->source[0];
        *out = Py_NewRef(PyTuple_GET_ITEM(op->offers, first));
        set_offer(op, first, Py_NewRef(Py_None));
        op->vacant = true;
    }
    return PYGEN_RETURN;
}

static const ait_kind merge_kind = {
    .name = "merge_sorted", .step = merge_step,
    .nwords = AIT_WORDS(merge_op), .nrefs = 4, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(merge_op, key),
};

static PyObject *
tuple_of_none(Py_ssize_t n)
{
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple != NULL && i < n; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(Py_None));
    }
    return tuple;
}

static PyObject *
merge_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 3, 3, "merge_sorted") ||
        (args[1] != Py_None && !ait_check_callable(args[1], "merge_sorted"))) {
        return NULL;
    }
    int reverse = PyObject_IsTrue(args[2]);
    merge_op *op = reverse < 0 ? NULL : (merge_op *)ait_new_over(module, args[0], &merge_kind);
    if (op == NULL) {
        return NULL;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(op->sources);
    op->reverse = reverse;
    op->key = args[1] != Py_None ? Py_NewRef(args[1]) : NULL;
    op->offers = tuple_of_none(op->key == NULL ? n : 2 * n);
    op->memory = PyBytes_FromStringAndSize(NULL, (n + 1) * (Py_ssize_t)sizeof(Py_ssize_t));
    if (op->offers == NULL || op->memory == NULL) {
        Py_DECREF(op);
        return NULL;
    }
    heap_of(op)->size = 0;
    return ait_ready((ait_op *)op);
}

PyMethodDef ait_merge_functions[] = {
    {"merge_sorted", AIT_FASTCALL(merge_new),
     PyDoc_STR("merge_sorted($module, sources, key, reverse, /)\n--\n\n")},
    {NULL},
};
