/* Reduce: the awaitables that consume a stream. */
#include "core.h"

static int
list_feed(ait_run *run, PyObject *item)
{
    return PyList_Append(run->acc, item);
}

/* The accumulator is the result. */
static PyObject *
take_acc(ait_run *run)
{
    PyObject *acc = run->acc;
    run->acc = NULL;
    return acc;
}

static const ait_goal list_goal = {
    .name = "list", .advance = ait_reduce, .feed = list_feed, .finish = take_acc,
};

static PyObject *
list_new(PyObject *module, PyObject *source)
{
    ait_state *st = ait_state_from(module);
    ait_op *op = ait_source(st, source, "list");
    ait_run *run = op == NULL ? NULL : ait_run_new(st, &list_goal, op);
    Py_XDECREF(op);
    if (run != NULL && (run->acc = PyList_New(0)) == NULL) {
        Py_CLEAR(run);
    }
    return (PyObject *)run;
}

PyMethodDef ait_reduce_functions[] = {
    {"list", list_new, METH_O, PyDoc_STR("list($module, source, /)\n--\n\n")},
    {NULL},
};
