/* The one type of all operators: making, naming, counting, traversing, deallocating. */
#include "core.h"

/* ---- making ---------------------------------------------------------------------------------- */

static int
remember_place(ait_state *st, ait_op *op)
{
    PyObject *hook = st->hooks[AIT_HOOK_PLACE];
    if (hook == NULL) {
        return 0;
    }
    PyObject *place = PyObject_CallNoArgs(hook);
    PyObject *key = place == NULL ? NULL : PyLong_FromVoidPtr(op);
    int r = key == NULL ? -1 : PyDict_SetItem(st->places, key, place);
    Py_XDECREF(key);
    Py_XDECREF(place);
    ait_bits_change(&op->flags, AIT_WATCHED, 0);
    return r;
}

ait_op *
ait_new_as(ait_state *st, PyTypeObject *type, const ait_kind *kind)
{
    /* Two words at least, so that any operator can become one that forwards (source.c). */
    ait_op *op = (ait_op *)type->tp_alloc(type, Py_MAX(kind->nwords, 2));
    if (op == NULL) {
        return NULL;
    }
    op->kind = kind;
    if (ait_bits(&st->debug) && remember_place(st, op) < 0) {
        Py_DECREF(op);
        return NULL;
    }
    return op;
}

ait_op *
ait_new(ait_state *st, const ait_kind *kind)
{
    return ait_new_as(st, st->stream_type, kind);
}

ait_op *
ait_new_on(ait_state *st, const ait_kind *kind, ait_op *source)
{
    if (source == NULL) {
        return NULL;
    }
    ait_op *op = ait_new(st, kind);
    if (op == NULL) {
        Py_DECREF(source);
        return NULL;
    }
    op->refs[0] = (PyObject *)source;
    return op;
}

/* Of a stream, or the deepest of a tuple of streams; NULL: none. */
static int
depth_of(PyObject *streams)
{
    if (streams == NULL) {
        return 0;
    }
    if (!PyTuple_CheckExact(streams)) {
        return ((ait_op *)streams)->depth;
    }
    int depth = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(streams); i++) {
        depth = Py_MAX(depth, ait_nth(streams, i)->depth);
    }
    return depth;
}

PyObject *
ait_ready(ait_op *op)
{
    int depth = op->kind->reads != 0 ? depth_of(op->refs[op->kind->reads - 1]) : 0;
    for (int i = 0; i < op->kind->nowned; i++) {
        depth = Py_MAX(depth, depth_of(op->refs[i]));
    }
    if (depth >= AIT_MAX_DEPTH) {
        PyErr_Format(PyExc_RecursionError, "%s(): more than %d operators deep", op->kind->name,
                     AIT_MAX_DEPTH);
        Py_DECREF(op);
        return NULL;
    }
    op->depth = (uint16_t)(depth + 1);
    return (PyObject *)op;
}

/* ---- argument checks ------------------------------------------------------------------------- */

bool
ait_check_callable(PyObject *fn, const char *who)
{
    if (!PyCallable_Check(fn)) {
        PyErr_Format(PyExc_TypeError, "%s(): '%.200s' object is not callable", who,
                     Py_TYPE(fn)->tp_name);
        return false;
    }
    return true;
}

bool
ait_check_count(Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most, const char *who)
{
    if (nargs < least || nargs > most) {
        PyErr_Format(PyExc_TypeError, "%s(): got %zd arguments", who, nargs);
        return false;
    }
    return true;
}

Py_ssize_t
ait_check_size(PyObject *n, Py_ssize_t least, const char *who, const char *what)
{
    if (!PyIndex_Check(n)) {
        PyErr_Format(PyExc_TypeError, "%s(): %s must be an integer, not %.200s", who, what,
                     Py_TYPE(n)->tp_name);
        return -1;
    }
    Py_ssize_t size = PyNumber_AsSsize_t(n, NULL); /* what is out of range is clipped ... */
    if (size == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (size == PY_SSIZE_T_MAX) { /* ... and was that so? */
        size = PyNumber_AsSsize_t(n, PyExc_OverflowError);
        if (size == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
                PyErr_Format(PyExc_OverflowError, "%s(): %s is too large", who, what);
            }
            return -1;
        }
    }
    if (size < least) {
        PyErr_Format(PyExc_ValueError, least == 0 ? "%s(): %s must not be negative"
                                                  : "%s(): %s must be at least one", who, what);
        return -1;
    }
    return size;
}

PyObject *
ait_new_with_fn(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_kind *kind)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, kind->name) || !ait_check_callable(args[1], kind->name)) {
        return NULL;
    }
    ait_op *op = ait_new_on(st, kind, ait_source(st, args[0], kind->name));
    if (op == NULL) {
        return NULL;
    }
    op->refs[1] = Py_NewRef(args[1]);
    return ait_ready(op);
}

/* ---- names and counts ------------------------------------------------------------------------ */

static PyObject *
name_of(PyObject *obj)
{
    if (PyUnicode_Check(obj)) { /* a name already */
        return Py_NewRef(obj);
    }
    PyObject *name = NULL, *attr = PyUnicode_FromString("__name__");
    if (attr == NULL || PyObject_GetOptionalAttr(obj, attr, &name) < 0) {
        Py_XDECREF(attr);
        return NULL;
    }
    Py_DECREF(attr);
    if (name != NULL && PyUnicode_Check(name)) {
        return name;
    }
    Py_XDECREF(name);
    const char *dot = strrchr(Py_TYPE(obj)->tp_name, '.');
    return PyUnicode_FromString(dot != NULL ? dot + 1 : Py_TYPE(obj)->tp_name);
}

static PyObject *
own_name(ait_op *op)
{
    const ait_kind *kind = op->kind;
    PyObject *arg = kind->arg != AIT_ARG_NONE ? op->refs[kind->arg_at] : NULL;
    if (kind->arg == AIT_ARG_SIZE) {
        return PyUnicode_FromFormat("%s(%zd)", kind->name, (Py_ssize_t)arg);
    }
    if (arg == NULL || arg == Py_None) {
        return PyUnicode_FromString(kind->name);
    }
    PyObject *name = name_of(arg);
    if (name == NULL || kind->arg == AIT_ARG_LABEL) {
        return name;
    }
    PyObject *text = PyUnicode_FromFormat("%s(%U)", kind->name, name);
    Py_DECREF(name);
    return text;
}

/* What op reads: a stream, a tuple of streams, or NULL. It is the last owned reference and stays;
 * the ones before it, such as the open inner stream of a flat_map, come and go. */
static PyObject *
upstream(ait_op *op)
{
    if (op->kind->reads != 0) {
        return op->refs[op->kind->reads - 1];
    }
    int n = op->kind->nowned;
    return n == 0 ? NULL : op->refs[n - 1];
}

static PyObject *
describe_all(PyObject *sources)
{
    PyObject *names = PyList_New(0), *comma = PyUnicode_FromString(", "), *joined = NULL;
    if (names == NULL || comma == NULL) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sources); i++) {
        PyObject *name = ait_describe((ait_op *)PyTuple_GET_ITEM(sources, i));
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_XDECREF(name);
            goto done;
        }
        Py_DECREF(name);
    }
    joined = PyUnicode_Join(comma, names);
done:
    Py_XDECREF(names);
    Py_XDECREF(comma);
    return joined;
}

PyObject *
ait_describe(ait_op *op)
{
    PyObject *above = upstream(op);
    if (op->kind->name == NULL) { /* it only forwards */
        return ait_describe((ait_op *)above);
    }
    PyObject *name = own_name(op);
    if (name == NULL || above == NULL) {
        return name;
    }
    PyObject *rest, *text = NULL;
    if (!PyTuple_CheckExact(above)) {
        rest = ait_describe((ait_op *)above);
        text = rest == NULL ? NULL : PyUnicode_FromFormat("%U <- %U", name, rest);
    }
    else {
        rest = describe_all(above);
        text = rest == NULL ? NULL : PyUnicode_FromFormat("%U <- (%U)", name, rest);
    }
    Py_DECREF(name);
    Py_XDECREF(rest);
    return text;
}

/* Whether it was asked for an item and asks none of those that it reads: the others wait for it. */
static bool
waits(ait_op *op)
{
    PyObject *above = upstream(op);
    if (above == NULL || !PyTuple_CheckExact(above)) {
        return ait_flag_is_taken(&op->busy) &&
               (above == NULL || !ait_flag_is_taken(&((ait_op *)above)->busy));
    }
    bool asks = false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(above); i++) {
        asks = asks || ait_flag_is_taken(&ait_nth(above, i)->busy);
    }
    return !asks && ait_flag_is_taken(&op->busy);
}

static int
add_stages(ait_op *op, PyObject *stages)
{
    if (op->kind->name != NULL) {
        PyObject *name = own_name(op), *waiting = waits(op) ? Py_True : Py_False;
        uint64_t count = ait_count(&op->count);
        PyObject *stage = name == NULL ? NULL : Py_BuildValue("(NKO)", name, count, waiting);
        if (stage == NULL || PyList_Append(stages, stage) < 0) {
            Py_XDECREF(stage);
            return -1;
        }
        Py_DECREF(stage);
    }
    PyObject *above = upstream(op);
    if (above == NULL) {
        return 0;
    }
    if (!PyTuple_CheckExact(above)) {
        return add_stages((ait_op *)above, stages);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(above); i++) {
        if (add_stages((ait_op *)PyTuple_GET_ITEM(above, i), stages) < 0) {
            return -1;
        }
    }
    return 0;
}

int
ait_find_leaves(ait_op *op, PyObject *leaves)
{
    PyObject *above = op->kind->halts ? NULL : upstream(op);
    if (above == NULL) {
        return PyList_Append(leaves, (PyObject *)op);
    }
    ait_op *open = op->kind->halts_open ? (ait_op *)op->refs[0] : NULL;
    if (open != NULL && ait_find_leaves(open, leaves) < 0) {
        return -1;
    }
    if (!PyTuple_CheckExact(above)) {
        return ait_find_leaves((ait_op *)above, leaves);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(above); i++) {
        if (ait_find_leaves(ait_nth(above, i), leaves) < 0) {
            return -1;
        }
    }
    return 0;
}

static int add_family(PyObject *family, ait_op *op);

/* Add the families of a stream, or of a tuple of streams; NULL: none. */
static int
add_families(PyObject *family, PyObject *streams)
{
    if (streams == NULL || !PyTuple_CheckExact(streams)) {
        return streams == NULL ? 0 : add_family(family, (ait_op *)streams);
    }
    int r = 0;
    Py_INCREF(streams);
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(streams); i++) {
        r = add_family(family, ait_nth(streams, i));
    }
    Py_DECREF(streams);
    return r;
}

/* Add op to a set, and all that it reads, and what those read: 0, or -1. */
static int
add_family(PyObject *family, ait_op *op)
{
    int known = PySet_Contains(family, (PyObject *)op); /* it keeps what is added */
    if (known != 0) {
        return known < 0 ? -1 : 0;
    }
    int r = PySet_Add(family, (PyObject *)op);
    for (int i = 0; r == 0 && i < op->kind->nowned; i++) {
        r = add_families(family, op->refs[i]);
    }
    return r < 0 ? r : add_families(family, upstream(op));
}

PyObject *
ait_family(PyObject *module, PyObject *stream)
{
    if (!ait_is_op(ait_state_from(module), stream)) {
        PyErr_SetString(PyExc_TypeError, "family(): not a stream");
        return NULL;
    }
    PyObject *family = PySet_New(NULL);
    if (family != NULL && add_family(family, (ait_op *)stream) < 0) {
        Py_CLEAR(family);
    }
    return family;
}

PyObject *
ait_stages(ait_op *op)
{
    PyObject *stages = PyList_New(0);
    if (stages != NULL && add_stages(op, stages) < 0) {
        Py_CLEAR(stages);
    }
    return stages;
}

static PyObject *
op_repr(PyObject *self)
{
    PyObject *text = ait_describe((ait_op *)self);
    if (text == NULL) {
        return NULL;
    }
    PyObject *name = name_of((PyObject *)Py_TYPE(self));
    PyObject *r = name == NULL ? NULL : PyUnicode_FromFormat("<%U %U>", name, text);
    Py_XDECREF(name);
    Py_DECREF(text);
    return r;
}

/* ---- the end of an object -------------------------------------------------------------------- */

static int
op_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_op *op = (ait_op *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(op->awaiting);
    Py_VISIT(op->error);
    Py_VISIT(op->spare);
    for (int i = 0; op->kind != NULL && i < op->kind->nrefs; i++) {
        Py_VISIT(op->refs[i]);
    }
    return 0;
}

static int
op_clear(PyObject *self)
{
    ait_op *op = (ait_op *)self;
    /* No step ever sees the cleared references. */
    ait_bits_change(&op->flags, AIT_ENDED | AIT_CLOSED, 0);
    Py_CLEAR(op->awaiting);
    Py_CLEAR(op->error);
    Py_CLEAR(op->spare);
    for (int i = 0; op->kind != NULL && i < op->kind->nrefs; i++) {
        Py_CLEAR(op->refs[i]);
    }
    return 0;
}

/* Whether something below op was read and would still have to be closed. */
static bool
is_left_open(ait_op *op)
{
    if (ait_has(op, AIT_CLOSED | AIT_BORROWED)) {
        return false;
    }
    if (op->kind->close != NULL && op->count > 0 &&
        (op->kind->reads == 0 || op->kind->closes)) {
        return true; /* a stream that shares its source leaves the telling to that one */
    }
    for (int i = 0; i < op->kind->nowned; i++) {
        PyObject *owned = op->refs[i];
        if (owned != NULL && !PyTuple_CheckExact(owned) && is_left_open((ait_op *)owned)) {
            return true;
        }
        if (owned == NULL || !PyTuple_CheckExact(owned)) {
            continue;
        }
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(owned); k++) {
            if (is_left_open((ait_op *)PyTuple_GET_ITEM(owned, k))) {
                return true;
            }
        }
    }
    return false;
}

/* Forget where op was made; the place, or NULL, possibly with an exception. */
static PyObject *
take_place(ait_state *st, ait_op *op)
{
    PyObject *key = PyLong_FromVoidPtr(op);
    PyObject *place = key == NULL ? NULL : PyDict_GetItemWithError(st->places, key);
    Py_XINCREF(place);
    if (place != NULL && PyDict_DelItem(st->places, key) < 0) {
        Py_CLEAR(place);
    }
    Py_XDECREF(key);
    ait_bits_change(&op->flags, 0, AIT_WATCHED);
    return place;
}

/* Only the outermost stream warns: what it owns goes with it. */
static void
stop_watching(ait_state *st, ait_op *op)
{
    Py_XDECREF(take_place(st, op));
    for (int i = 0; i < op->kind->nowned; i++) {
        PyObject *owned = op->refs[i];
        if (owned != NULL && !PyTuple_CheckExact(owned)) {
            stop_watching(st, (ait_op *)owned);
        }
        else if (owned != NULL) {
            for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(owned); k++) {
                stop_watching(st, (ait_op *)PyTuple_GET_ITEM(owned, k));
            }
        }
    }
}

static void
warn_left_open(ait_state *st, ait_op *op)
{
    PyObject *place = take_place(st, op);
    if (place != NULL && is_left_open(op)) {
        PyObject *text = ait_describe(op);
        stop_watching(st, op);
        if (text != NULL) {
            PyErr_ResourceWarning((PyObject *)op, 1, "stream left open: %U, made at %U", text,
                                  place);
            Py_DECREF(text);
        }
    }
    Py_XDECREF(place);
}

static void
op_finalize(PyObject *self)
{
    ait_op *op = (ait_op *)self;
    if (op->kind == NULL || !ait_has(op, AIT_WATCHED)) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    ait_state *st = ait_state_of(Py_TYPE(self));
    if (st != NULL && st->places != NULL) {
        warn_left_open(st, op);
    }
    if (PyErr_Occurred()) {
        PyErr_WriteUnraisable(self);
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}

static void
op_dealloc(PyObject *self)
{
    if (PyObject_CallFinalizerFromDealloc(self) < 0) {
        return; /* kept alive by whoever looked at the warning */
    }
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, op_dealloc)
    (void)op_clear(self);
    Py_CLEAR(((ait_op *)self)->run);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* ---- the type -------------------------------------------------------------------------------- */

/* Stream(source): the same as stream(source). */
static PyObject *
op_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *source;
    ait_state *st = ait_state_of(type);
    if (st == NULL) {
        return NULL;
    }
    if (type != st->op_type && type != st->stream_type) {
        PyErr_Format(PyExc_TypeError, "type '%.100s' is not an acceptable base type",
                     st->stream_type->tp_name);
        return NULL;
    }
    static char *names[] = {"source", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Stream", names, &source)) {
        return NULL;
    }
    return (PyObject *)ait_source(st, source, "stream");
}

static PyObject *
op_stages(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ait_stages((ait_op *)self);
}

static PyMethodDef op_methods[] = {
    {"aclose", ait_aclose, METH_NOARGS,
     PyDoc_STR("aclose($self, /)\n--\n\n"
               "Close the stream and everything it owns; awaitable, idempotent.")},
    {"_stages", op_stages, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot op_slots[] = {
    {Py_tp_new, op_new},
    {Py_tp_dealloc, op_dealloc},
    {Py_tp_finalize, op_finalize},
    {Py_tp_traverse, op_traverse},
    {Py_tp_clear, op_clear},
    {Py_tp_repr, op_repr},
    {Py_tp_methods, op_methods},
    {Py_am_aiter, PyObject_SelfIter},
    {Py_am_anext, ait_anext},
    {0, NULL},
};

PyType_Spec ait_op_spec = {
    .name = "aitertools._core.Op",
    .basicsize = offsetof(ait_op, refs),
    .itemsize = sizeof(PyObject *),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = op_slots,
};
