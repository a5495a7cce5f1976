/* Reduce: the awaitables that consume a stream. Here those that collect: list tuple set frozenset
 * dict deque counter sorted join into; and those that only run it: drain for_each reduce. */
#include "reduce.h"

/* ---- beginning and ending -------------------------------------------------------------------- */

ait_run *
ait_begin(PyObject *module, PyObject *source, const ait_goal *goal)
{
    ait_state *st = ait_state_from(module);
    ait_op *op = ait_source(st, source, goal->name);
    ait_run *run = op == NULL ? NULL : ait_run_new(st, goal, op);
    Py_XDECREF(op);
    return run;
}

ait_run *
ait_begin_with(PyObject *module, PyObject *source, const ait_goal *goal, PyObject *acc)
{
    ait_run *run = acc == NULL ? NULL : ait_begin(module, source, goal);
    if (run == NULL) {
        Py_XDECREF(acc);
        return NULL;
    }
    run->acc = acc;
    return run;
}

PyObject *
ait_take_acc(ait_run *run)
{
    PyObject *acc = run->acc;
    run->acc = NULL;
    return acc;
}

/* ---- keys ------------------------------------------------------------------------------------ */

PySendResult
ait_keyed_step(ait_op *self, ait_drive *d, PyObject **out)
{
    ait_keyed *op = (ait_keyed *)self;
    PyObject *key;
    PySendResult r = ait_pull_valued(self, d, out, &key);
    if (r == PYGEN_RETURN && *out != NULL) {
        Py_XSETREF(op->key, key);
    }
    return r;
}

ait_run *
ait_begin_keyed(PyObject *module, PyObject *source, PyObject *fn, const ait_goal *goal,
                const ait_kind *kind)
{
    PyObject *args[] = {source, fn};
    PyObject *keyed = ait_new_with_fn(module, args, 2, kind);
    ait_run *run = keyed == NULL ? NULL : ait_begin(module, keyed, goal);
    Py_XDECREF(keyed);
    return run;
}

/* ---- list, tuple ----------------------------------------------------------------------------- */

static int
list_feed(ait_run *run, PyObject *item)
{
    return PyList_Append(run->acc, item);
}

static const ait_goal list_goal = {
    .name = "list", .advance = ait_reduce, .feed = list_feed, .finish = ait_take_acc,
};

static PyObject *
list_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin_with(module, source, &list_goal, PyList_New(0));
}

static PyObject *
tuple_finish(ait_run *run)
{
    return PyList_AsTuple(run->acc);
}

static const ait_goal tuple_goal = {
    .name = "tuple", .advance = ait_reduce, .feed = list_feed, .finish = tuple_finish,
};

static PyObject *
tuple_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin_with(module, source, &tuple_goal, PyList_New(0));
}

/* ---- set, frozenset -------------------------------------------------------------------------- */

static int
set_feed(ait_run *run, PyObject *item)
{
    return PySet_Add(run->acc, item);
}

static const ait_goal set_goal = {
    .name = "set", .advance = ait_reduce, .feed = set_feed, .finish = ait_take_acc,
};

static PyObject *
set_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin_with(module, source, &set_goal, PySet_New(NULL));
}

/* Frozen at the end: PySet_Add() fills a frozenset only while one thread alone has it. */
static PyObject *
frozenset_finish(ait_run *run)
{
    return PyFrozenSet_New(run->acc);
}

static const ait_goal frozenset_goal = {
    .name = "frozenset", .advance = ait_reduce, .feed = set_feed, .finish = frozenset_finish,
};

static PyObject *
frozenset_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin_with(module, source, &frozenset_goal, PySet_New(NULL));
}

/* ---- dict: of (key, value) pairs ------------------------------------------------------------- */

/* An item that is not a tuple of two: any other iterable of two will do, as in dict(). */
static int
dict_feed_other(ait_run *run, PyObject *item, Py_ssize_t i)
{
    PyObject *pair = PySequence_Fast(item, "");
    if (pair == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Format(PyExc_TypeError,
                         "cannot convert dictionary update sequence element #%zd to a sequence", i);
        }
        return -1;
    }
    Py_ssize_t size = PySequence_Fast_GET_SIZE(pair);
    int r = -1;
    if (size != 2) {
        PyErr_Format(PyExc_ValueError,
                     "dictionary update sequence element #%zd has length %zd; 2 is required", i,
                     size);
    }
    else {
        PyObject *key = Py_NewRef(PySequence_Fast_GET_ITEM(pair, 0));
        PyObject *value = Py_NewRef(PySequence_Fast_GET_ITEM(pair, 1));
        r = PyDict_SetItem(run->acc, key, value);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    Py_DECREF(pair);
    return r;
}

static int
dict_feed(ait_run *run, PyObject *item)
{
    Py_ssize_t i = run->n++;
    if (!PyTuple_CheckExact(item) || PyTuple_GET_SIZE(item) != 2) {
        return dict_feed_other(run, item, i);
    }
    return PyDict_SetItem(run->acc, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
}

static const ait_goal dict_goal = {
    .name = "dict", .advance = ait_reduce, .feed = dict_feed, .finish = ait_take_acc,
};

static PyObject *
dict_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin_with(module, source, &dict_goal, PyDict_New());
}

/* ---- deque, counter: of the module collections ----------------------------------------------- */

/* collections.<name>(*args), where args is consumed. */
static PyObject *
new_collection(const char *name, PyObject *args)
{
    PyObject *module = args == NULL ? NULL : PyImport_ImportModule("collections");
    PyObject *type = module == NULL ? NULL : PyObject_GetAttrString(module, name);
    PyObject *made = type == NULL ? NULL : PyObject_CallObject(type, args);
    Py_XDECREF(type);
    Py_XDECREF(module);
    Py_XDECREF(args);
    return made;
}

static int
deque_feed(ait_run *run, PyObject *item)
{
    PyObject *args[] = {NULL, item};
    PyObject *done = ait_vectorcall(run->arg, args + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static const ait_goal deque_goal = {
    .name = "deque", .advance = ait_reduce, .feed = deque_feed, .finish = ait_take_acc,
};

static PyObject *
deque_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "deque")) {
        return NULL;
    }
    PyObject *deque = new_collection("deque", Py_BuildValue("(()O)", args[1]));
    PyObject *name = ait_state_from(module)->str_append;
    PyObject *append = deque == NULL ? NULL : PyObject_GetAttr(deque, name);
    if (append == NULL) {
        Py_XDECREF(deque);
        return NULL;
    }
    ait_run *run = ait_begin_with(module, args[0], &deque_goal, deque);
    if (run == NULL) {
        Py_DECREF(append);
        return NULL;
    }
    run->arg = append;
    return (PyObject *)run;
}

static int
counter_feed(ait_run *run, PyObject *item)
{
    PyObject *count = PyDict_GetItemWithError(run->acc, item);
    if (count == NULL && PyErr_Occurred()) {
        return -1;
    }
    Py_ssize_t n = count == NULL ? 0 : PyLong_AsSsize_t(count);
    PyObject *next = PyLong_FromSsize_t(n + 1);
    int r = next == NULL ? -1 : PyDict_SetItem(run->acc, item, next);
    Py_XDECREF(next);
    return r;
}

static const ait_goal counter_goal = {
    .name = "counter", .advance = ait_reduce, .feed = counter_feed, .finish = ait_take_acc,
};

static PyObject *
counter_new(PyObject *module, PyObject *source)
{
    PyObject *counter = new_collection("Counter", PyTuple_New(0));
    return (PyObject *)ait_begin_with(module, source, &counter_goal, counter);
}

/* ---- sorted ---------------------------------------------------------------------------------- */

/* list.sort(key=key, reverse=reverse) */
static int
sort_list(PyObject *list, PyObject *key, Py_ssize_t reverse)
{
    PyObject *args[] = {list, key, reverse ? Py_True : Py_False};
    PyObject *name = PyUnicode_FromString("sort"), *names = Py_BuildValue("(ss)", "key", "reverse");
    PyObject *done = NULL;
    if (name != NULL && names != NULL) {
        done = PyObject_VectorcallMethod(name, args, 1, names);
    }
    Py_XDECREF(name);
    Py_XDECREF(names);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *
sorted_finish(ait_run *run)
{
    return sort_list(run->acc, Py_None, run->n) < 0 ? NULL : ait_take_acc(run);
}

static const ait_goal sorted_goal = {
    .name = "sorted", .advance = ait_reduce, .feed = list_feed, .finish = sorted_finish,
};

static int
sorted_by_feed(ait_run *run, PyObject *item)
{
    PyObject *key = ((ait_keyed *)run->op)->key;
    return PyList_Append(run->arg, key) < 0 ? -1 : PyList_Append(run->acc, item);
}

/* The key function of the sort itself, which asks for each item's key once, in their order. */
static PyObject *
next_key(PyObject *keys, PyObject *Py_UNUSED(item))
{
    return PyIter_Next(keys);
}

static PyMethodDef next_key_def = {"next_key", next_key, METH_O, NULL};

static PyObject *
sorted_by_finish(ait_run *run)
{
    PyObject *keys = PyObject_GetIter(run->arg);
    PyObject *key = keys == NULL ? NULL : PyCFunction_New(&next_key_def, keys);
    int r = key == NULL ? -1 : sort_list(run->acc, key, run->n);
    Py_XDECREF(key);
    Py_XDECREF(keys);
    return r < 0 ? NULL : ait_take_acc(run);
}

static const ait_goal sorted_by_goal = {
    .name = "sorted", .in_op = true,
    .advance = ait_reduce, .feed = sorted_by_feed, .finish = sorted_by_finish,
};

static const ait_kind sorted_kind = AIT_KEYED_KIND("sorted");

static PyObject *
sorted_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    int reverse = ait_check_count(nargs, 3, 3, "sorted") ? PyObject_IsTrue(args[2]) : -1;
    if (reverse < 0) {
        return NULL;
    }
    PyObject *items = PyList_New(0), *keys = PyList_New(0);
    ait_run *run = NULL;
    if (items != NULL && keys != NULL) {
        run = args[1] == Py_None
                  ? ait_begin(module, args[0], &sorted_goal)
                  : ait_begin_keyed(module, args[0], args[1], &sorted_by_goal, &sorted_kind);
    }
    if (run == NULL) {
        Py_XDECREF(items);
        Py_XDECREF(keys);
        return NULL;
    }
    run->acc = items;
    run->arg = keys;
    run->n = reverse;
    return (PyObject *)run;
}

/* ---- join ------------------------------------------------------------------------------------ */

static PyObject *
join_finish(ait_run *run)
{
    if (PyUnicode_Check(run->arg)) {
        return PyUnicode_Join(run->arg, run->acc);
    }
    return PyObject_CallMethod(run->arg, "join", "O", run->acc);
}

static const ait_goal join_goal = {
    .name = "join", .advance = ait_reduce, .feed = list_feed, .finish = join_finish,
};

static PyObject *
join_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "join")) {
        return NULL;
    }
    if (!PyUnicode_Check(args[1]) && !PyBytes_Check(args[1])) {
        PyErr_Format(PyExc_TypeError, "join(): separator must be str or bytes, not %.200s",
                     Py_TYPE(args[1])->tp_name);
        return NULL;
    }
    ait_run *run = ait_begin_with(module, args[0], &join_goal, PyList_New(0));
    if (run != NULL) {
        run->arg = Py_NewRef(args[1]);
    }
    return (PyObject *)run;
}

/* ---- into: fn(items) ----------------------------------------------------------------------------
 *
 * An operator with one item, what fn makes of the list of all items; so fn may be async.
 */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source;
    PyObject *fn;
    PyObject *items; /* NULL once fn has them */
} into_op;

static PySendResult
into_step(ait_op *self, ait_drive *d, PyObject **out)
{
    into_op *op = (into_op *)self;
    if (self->awaiting != NULL) {
        return ait_resume(self, d, out);
    }
    *out = NULL;
    while (op->items != NULL) {
        PyObject *item;
        PySendResult r = ait_pull(op->source, d, &item);
        if (r != PYGEN_RETURN) {
            *out = item;
            return r;
        }
        if (item == NULL) {
            PyObject *items = op->items;
            op->items = NULL;
            r = ait_call(self, d, op->fn, items, out);
            Py_DECREF(items);
            return r;
        }
        int failed = PyList_Append(op->items, item);
        Py_DECREF(item);
        if (failed) {
            return PYGEN_ERROR;
        }
    }
    return PYGEN_RETURN;
}

static const ait_kind into_kind = {
    .name = "into", .step = into_step, .nwords = AIT_WORDS(into_op), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(into_op, fn),
};

static int
into_feed(ait_run *run, PyObject *item)
{
    run->acc = Py_NewRef(item);
    return 1;
}

static const ait_goal into_goal = {
    .name = "into", .in_op = true,
    .advance = ait_reduce, .feed = into_feed, .finish = ait_take_acc,
};

static PyObject *
into_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    into_op *op = (into_op *)ait_new_with_fn(module, args, nargs, &into_kind);
    ait_run *run = NULL;
    if (op != NULL && (op->items = PyList_New(0)) != NULL) {
        run = ait_begin(module, (PyObject *)op, &into_goal);
    }
    Py_XDECREF(op);
    return (PyObject *)run;
}

/* ---- drain, for_each, reduce: what counts is done on the way --------------------------------- */

static int
drain_feed(ait_run *Py_UNUSED(run), PyObject *Py_UNUSED(item))
{
    return 0;
}

static PyObject *
none_finish(ait_run *Py_UNUSED(run))
{
    Py_RETURN_NONE;
}

static const ait_goal drain_goal = {
    .name = "drain", .advance = ait_reduce, .feed = drain_feed, .finish = none_finish,
};

static PyObject *
drain_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin(module, source, &drain_goal);
}

static const ait_goal for_each_goal = {
    .name = "for_each", .in_op = true,
    .advance = ait_reduce, .feed = drain_feed, .finish = none_finish,
};

static PyObject *
run_for_each(PyObject *module, PyObject *stream)
{
    return (PyObject *)ait_begin(module, stream, &for_each_goal);
}

static int
reduce_feed(ait_run *run, PyObject *total)
{
    Py_XSETREF(run->acc, Py_NewRef(total));
    return 0;
}

static PyObject *
reduce_finish(ait_run *run)
{
    if (run->acc == NULL) {
        PyErr_SetString(PyExc_TypeError, "reduce() of empty iterable with no initial value");
    }
    return ait_take_acc(run);
}

static const ait_goal reduce_goal = {
    .name = "reduce", .in_op = true,
    .advance = ait_reduce, .feed = reduce_feed, .finish = reduce_finish,
};

static PyObject *
run_reduce(PyObject *module, PyObject *stream)
{
    return (PyObject *)ait_begin(module, stream, &reduce_goal);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_reduce_functions[] = {
    {"list", list_new, METH_O, PyDoc_STR("list($module, source, /)\n--\n\n")},
    {"tuple", tuple_new, METH_O, PyDoc_STR("tuple($module, source, /)\n--\n\n")},
    {"set", set_new, METH_O, PyDoc_STR("set($module, source, /)\n--\n\n")},
    {"frozenset", frozenset_new, METH_O, PyDoc_STR("frozenset($module, source, /)\n--\n\n")},
    {"dict", dict_new, METH_O, PyDoc_STR("dict($module, source, /)\n--\n\n")},
    {"deque", AIT_FASTCALL(deque_new), PyDoc_STR("deque($module, source, maxlen, /)\n--\n\n")},
    {"counter", counter_new, METH_O, PyDoc_STR("counter($module, source, /)\n--\n\n")},
    {"sorted", AIT_FASTCALL(sorted_new),
     PyDoc_STR("sorted($module, source, key, reverse, /)\n--\n\n")},
    {"join", AIT_FASTCALL(join_new), PyDoc_STR("join($module, source, separator, /)\n--\n\n")},
    {"into", AIT_FASTCALL(into_new), PyDoc_STR("into($module, source, fn, /)\n--\n\n")},
    {"drain", drain_new, METH_O, PyDoc_STR("drain($module, source, /)\n--\n\n")},
    {"run_for_each", run_for_each, METH_O, PyDoc_STR("run_for_each($module, stream, /)\n--\n\n")},
    {"run_reduce", run_reduce, METH_O, PyDoc_STR("run_reduce($module, stream, /)\n--\n\n")},
    {NULL},
};
