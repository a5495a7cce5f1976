/* Bridges: what comes in blocks that somebody else has cut, in pieces that mean something. */
#include "core.h"

/* ---- lines, chunks: the pieces that split(block) returns -------------------------------------
 *
 *      source   ab\nc  d\ne  |
 *      lines    ab     cd    e|
 *
 * split() is ours, written in Python: it returns a list, keeps what is not a whole piece yet, and
 * called without a block returns what is left. An exception in the list is raised in its place.
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *split;
    PyObject *pieces; /* what is being delivered, or NULL; `position` says how much of it is   */
    Py_ssize_t over;  /* the source is at its end, and split() said what was left            */
} resplit_op;

/* Have the next block, or the end, split into op->pieces: 0, or -1. */
static int
split(resplit_op *op, PyObject *block)
{
    PyObject *args[2] = {NULL, block};
    size_t n = block != NULL;
    op->position = 0;
    op->pieces = ait_vectorcall(op->split, args + 1, n | PY_VECTORCALL_ARGUMENTS_OFFSET);
    if (op->pieces != NULL && !PyList_CheckExact(op->pieces)) {
        Py_CLEAR(op->pieces);
        PyErr_SetString(PyExc_TypeError, "resplit(): split() did not return a list");
    }
    return op->pieces == NULL ? -1 : 0;
}

static PySendResult
resplit_step(ait_op *self, ait_drive *d, PyObject **out)
{
    resplit_op *op = (resplit_op *)self;
    for (;;) {
        *out = ait_next_of(&op->pieces, &self->position);
        if (*out != NULL) {
            if (!PyExceptionInstance_Check(*out)) {
                return PYGEN_RETURN;
            }
            PyErr_SetRaisedException(*out);
            *out = NULL;
            return PYGEN_ERROR; /* asked again, it goes on with the next piece */
        }
        if (op->over) {
            return PYGEN_RETURN;
        }
        PyObject *block;
        PySendResult r = ait_pull(op->source, d, &block);
        if (r != PYGEN_RETURN) {
            *out = block;
            return r;
        }
        op->over = block == NULL;
        int split_it = split(op, block);
        Py_XDECREF(block);
        if (split_it < 0) {
            return PYGEN_ERROR;
        }
    }
}

static const ait_kind lines_kind = {
    .name = "lines", .step = resplit_step,
    .nwords = AIT_WORDS(resplit_op), .nrefs = 3, .nowned = 1,
};

static const ait_kind chunks_kind = {
    .name = "chunks", .step = resplit_step,
    .nwords = AIT_WORDS(resplit_op), .nrefs = 3, .nowned = 1,
};

static PyObject *
lines_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &lines_kind);
}

static PyObject *
chunks_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return ait_new_with_fn(module, args, nargs, &chunks_kind);
}

/* ---- what Python sees ----------------------------------------------------------------------- */

PyMethodDef ait_bridge_functions[] = {
    {"lines", AIT_FASTCALL(lines_new), PyDoc_STR("lines($module, source, split, /)\n--\n\n")},
    {"chunks", AIT_FASTCALL(chunks_new), PyDoc_STR("chunks($module, source, split, /)\n--\n\n")},
    {NULL},
};
