/* Forward: streams that pass on what another one delivers: borrow; what stands before a pump. */
#include "core.h"

/* ---- streams over streams -------------------------------------------------------------------- */

typedef struct {
    AIT_OP_HEAD;
    ait_op *source; /* what is pulled                                                     */
    ait_op *inner;  /* behind a pump: the stream that it pulls, for repr and stats; NULL  */
} forward_op;

static PySendResult
forward_step(ait_op *self, ait_drive *d, PyObject **out)
{
    return ait_pull(((forward_op *)self)->source, d, out);
}

static const ait_kind borrow_kind = {
    .name = "borrow", .step = forward_step, .halts = true,
    .nwords = AIT_WORDS(forward_op), .nrefs = 1, .nowned = 1,
};

static const ait_kind pumped_kind = {
    .name = NULL, .step = forward_step, .nwords = AIT_WORDS(forward_op), .nrefs = 2, .nowned = 2,
};

ait_op *
ait_borrow(ait_state *st, PyObject *obj, const char *who)
{
    ait_op *source = ait_source(st, obj, who);
    if (source != NULL && !ait_is_op(st, obj)) {
        ait_bits_change(&source->flags, AIT_BORROWED, 0);
    }
    ait_op *op = ait_new_on(st, &borrow_kind, source);
    if (op != NULL) {
        ait_bits_change(&op->flags, AIT_BORROWED, 0);
    }
    return op == NULL ? NULL : (ait_op *)ait_ready(op);
}

ait_op *
ait_behind_pump(ait_op *op)
{
    return op->kind == &pumped_kind ? ((forward_op *)op)->inner : op;
}

/* Move what op is into a new object, so that op can become something in front of it. */
static ait_op *
move_out(ait_state *st, ait_op *op)
{
    ait_op *moved = ait_new(st, op->kind);
    if (moved == NULL) {
        return NULL;
    }
    memcpy(moved->refs, op->refs, op->kind->nwords * sizeof(PyObject *));
    moved->flags = (uint8_t)((ait_bits(&op->flags) & ~AIT_WATCHED) |
                             (ait_bits(&moved->flags) & AIT_WATCHED));
    moved->depth = op->depth;
    moved->count = op->count;
    return moved;
}

/* interpose(stream, factory): from now on stream reads factory(what it was), an async iterator, by
 * which all that hold the stream pull it from then on; once is enough. Nothing may be running. */
static PyObject *
interpose(PyObject *module, PyObject *args)
{
    ait_state *st = ait_state_from(module);
    PyObject *stream, *factory;
    if (!PyArg_ParseTuple(args, "O!O:interpose", st->op_type, &stream, &factory)) {
        return NULL;
    }
    forward_op *op = (forward_op *)stream;
    if (op->kind == &pumped_kind) {
        Py_RETURN_NONE;
    }
    if (!ait_flag_take(&op->busy)) {
        PyErr_SetString(PyExc_RuntimeError, "anext(): already running");
        return NULL;
    }
    ait_op *moved = move_out(st, (ait_op *)op);
    if (moved == NULL) {
        ait_flag_drop(&op->busy);
        return NULL;
    }
    /* The references are moved's now; until op has new ones it owns nothing. */
    ait_bits_change(&op->flags, 0, AIT_BORROWED); /* the pump is its own, whatever moved reads */
    op->kind = &pumped_kind;
    op->source = NULL;
    op->inner = moved;
    PyObject *pump = PyObject_CallOneArg(factory, (PyObject *)moved);
    op->source = pump == NULL ? NULL : ait_pump_source(st, pump);
    if (op->source == NULL) { /* without a pump it reads the stream itself, as before */
        op->source = (ait_op *)Py_NewRef((PyObject *)moved);
    }
    ait_flag_drop(&op->busy);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- what Python sees ------------------------------------------------------------------------ */

static PyObject *
borrow(PyObject *module, PyObject *obj)
{
    return (PyObject *)ait_borrow(ait_state_from(module), obj, "borrow");
}

PyMethodDef ait_forward_functions[] = {
    {"borrow", borrow, METH_O, PyDoc_STR("borrow($module, obj, /)\n--\n\n")},
    {"interpose", interpose, METH_VARARGS,
     PyDoc_STR("interpose($module, stream, factory, /)\n--\n\n")},
    {NULL},
};
