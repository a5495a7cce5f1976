/* Reduce: the awaitables that consume a stream. Here those that find one item, or something out:
 * first last one only nth min max any all contains count. */
#include "reduce.h"

/* ---- first, last, nth: acc is the item, arg the default or NULL ------------------------------ */

static int
first_feed(ait_run *run, PyObject *item)
{
    run->acc = Py_NewRef(item);
    return 1;
}

static int
last_feed(ait_run *run, PyObject *item)
{
    Py_XSETREF(run->acc, Py_NewRef(item));
    return 0;
}

/* The item, else the default, else NULL without an exception. */
static PyObject *
item_or_default(ait_run *run)
{
    PyObject *item = ait_take_acc(run);
    return item != NULL ? item : Py_XNewRef(run->arg);
}

static PyObject *
found_finish(ait_run *run)
{
    PyObject *item = item_or_default(run);
    if (item == NULL) {
        PyErr_Format(PyExc_ValueError,
                     "%s() was called on an empty iterable, and no default value was provided.",
                     run->goal->name);
    }
    return item;
}

static const ait_goal first_goal = {
    .name = "first", .advance = ait_reduce, .feed = first_feed, .finish = found_finish,
};

static const ait_goal last_goal = {
    .name = "last", .advance = ait_reduce, .feed = last_feed, .finish = found_finish,
};

/* (source[, default]) */
static PyObject *
new_with_default(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_goal *goal)
{
    if (!ait_check_count(nargs, 1, 2, goal->name)) {
        return NULL;
    }
    ait_run *run = ait_begin(module, args[0], goal);
    if (run != NULL && nargs == 2) {
        run->arg = Py_NewRef(args[1]);
    }
    return (PyObject *)run;
}

static PyObject *
first_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_with_default(module, args, nargs, &first_goal);
}

static PyObject *
last_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_with_default(module, args, nargs, &last_goal);
}

static int
nth_feed(ait_run *run, PyObject *item)
{
    return run->n-- == 0 ? first_feed(run, item) : 0;
}

static const ait_goal nth_goal = {
    .name = "nth", .advance = ait_reduce, .feed = nth_feed, .finish = item_or_default,
};

static PyObject *
nth_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 3, 3, "nth")) {
        return NULL;
    }
    Py_ssize_t n = ait_check_size(args[1], 0, "nth", "n");
    ait_run *run = n < 0 ? NULL : ait_begin(module, args[0], &nth_goal);
    if (run != NULL) {
        run->n = n;
        run->arg = Py_NewRef(args[2]);
    }
    return (PyObject *)run;
}

/* ---- one, only: no second item --------------------------------------------------------------- */

static int
one_feed(ait_run *run, PyObject *item)
{
    if (run->acc == NULL) {
        run->acc = Py_NewRef(item);
        return 0;
    }
    PyErr_Format(PyExc_ValueError,
                 "Expected exactly one item in iterable, but got %R, %R, and perhaps more.",
                 run->acc, item);
    return -1;
}

static PyObject *
one_finish(ait_run *run)
{
    PyObject *item = item_or_default(run);
    if (item == NULL) {
        PyErr_SetString(PyExc_ValueError, "too few items in iterable (expected 1)");
    }
    return item;
}

static const ait_goal one_goal = {
    .name = "one", .advance = ait_reduce, .feed = one_feed, .finish = one_finish,
};

static const ait_goal only_goal = {
    .name = "only", .advance = ait_reduce, .feed = one_feed, .finish = one_finish,
};

static PyObject *
one_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin(module, source, &one_goal);
}

static PyObject *
only_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_with_default(module, args, nargs, &only_goal);
}

/* ---- min, max: the first of the best --------------------------------------------------------- */

/* Keep the item if it is the first, or if it compares so with the best so far. */
static int
feed_best(ait_run *run, PyObject *item, int comparison)
{
    int better = run->acc == NULL ? 1 : PyObject_RichCompareBool(item, run->acc, comparison);
    if (better > 0) {
        Py_XSETREF(run->acc, Py_NewRef(item));
    }
    return better < 0 ? -1 : 0;
}

static int
feed_best_by(ait_run *run, PyObject *item, int comparison)
{
    ait_keyed *op = (ait_keyed *)run->op;
    int better = run->acc == NULL ? 1 : PyObject_RichCompareBool(op->key, op->best, comparison);
    if (better > 0) {
        Py_XSETREF(run->acc, Py_NewRef(item));
        Py_XSETREF(op->best, Py_NewRef(op->key));
    }
    return better < 0 ? -1 : 0;
}

static int
min_feed(ait_run *run, PyObject *item)
{
    return feed_best(run, item, Py_LT);
}

static int
min_by_feed(ait_run *run, PyObject *item)
{
    return feed_best_by(run, item, Py_LT);
}

static int
max_feed(ait_run *run, PyObject *item)
{
    return feed_best(run, item, Py_GT);
}

static int
max_by_feed(ait_run *run, PyObject *item)
{
    return feed_best_by(run, item, Py_GT);
}

static PyObject *
best_finish(ait_run *run)
{
    PyObject *item = item_or_default(run);
    if (item == NULL) {
        PyErr_Format(PyExc_ValueError, "%s() iterable argument is empty", run->goal->name);
    }
    return item;
}

static const ait_goal min_goal = {
    .name = "min", .advance = ait_reduce, .feed = min_feed, .finish = best_finish,
};

static const ait_goal min_by_goal = {
    .name = "min", .in_op = true, .advance = ait_reduce, .feed = min_by_feed, .finish = best_finish,
};

static const ait_goal max_goal = {
    .name = "max", .advance = ait_reduce, .feed = max_feed, .finish = best_finish,
};

static const ait_goal max_by_goal = {
    .name = "max", .in_op = true, .advance = ait_reduce, .feed = max_by_feed, .finish = best_finish,
};

static const ait_kind min_kind = AIT_KEYED_KIND("min");
static const ait_kind max_kind = AIT_KEYED_KIND("max");

static PyObject *
min_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_with_default(module, args, nargs, &min_goal);
}

static PyObject *
max_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_with_default(module, args, nargs, &max_goal);
}

/* (source, key[, default]) */
static PyObject *
new_by(PyObject *module, PyObject *const *args, Py_ssize_t nargs, const ait_goal *goal,
       const ait_kind *kind)
{
    if (!ait_check_count(nargs, 2, 3, goal->name)) {
        return NULL;
    }
    ait_run *run = ait_begin_keyed(module, args[0], args[1], goal, kind);
    if (run != NULL && nargs == 3) {
        run->arg = Py_NewRef(args[2]);
    }
    return (PyObject *)run;
}

static PyObject *
min_by_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_by(module, args, nargs, &min_by_goal, &min_kind);
}

static PyObject *
max_by_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    return new_by(module, args, nargs, &max_by_goal, &max_kind);
}

/* ---- any, all, contains: n says whether an item settled it ----------------------------------- */

static int
any_feed(ait_run *run, PyObject *item)
{
    int truth = PyObject_IsTrue(item);
    run->n = truth > 0;
    return truth;
}

static int
all_feed(ait_run *run, PyObject *item)
{
    int truth = PyObject_IsTrue(item);
    run->n = truth == 0;
    return truth < 0 ? -1 : truth == 0;
}

static int
contains_feed(ait_run *run, PyObject *item)
{
    int same = PyObject_RichCompareBool(item, run->arg, Py_EQ);
    run->n = same > 0;
    return same;
}

static PyObject *
settled_finish(ait_run *run)
{
    return PyBool_FromLong(run->n != 0);
}

static PyObject *
unsettled_finish(ait_run *run)
{
    return PyBool_FromLong(run->n == 0);
}

static const ait_goal any_goal = {
    .name = "any", .advance = ait_reduce, .feed = any_feed, .finish = settled_finish,
};

static const ait_goal all_goal = {
    .name = "all", .advance = ait_reduce, .feed = all_feed, .finish = unsettled_finish,
};

static const ait_goal contains_goal = {
    .name = "contains", .advance = ait_reduce, .feed = contains_feed, .finish = settled_finish,
};

static PyObject *
any_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin(module, source, &any_goal);
}

static PyObject *
all_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin(module, source, &all_goal);
}

static PyObject *
contains_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "contains")) {
        return NULL;
    }
    ait_run *run = ait_begin(module, args[0], &contains_goal);
    if (run != NULL) {
        run->arg = Py_NewRef(args[1]);
    }
    return (PyObject *)run;
}

/* ---- count ----------------------------------------------------------------------------------- */

static int
count_feed(ait_run *run, PyObject *Py_UNUSED(item))
{
    run->n++;
    return 0;
}

static PyObject *
count_finish(ait_run *run)
{
    return PyLong_FromSsize_t(run->n);
}

static const ait_goal count_goal = {
    .name = "count", .advance = ait_reduce, .feed = count_feed, .finish = count_finish,
};

static PyObject *
count_new(PyObject *module, PyObject *source)
{
    return (PyObject *)ait_begin(module, source, &count_goal);
}

/* ---- what Python sees ------------------------------------------------------------------------ */

PyMethodDef ait_pick_functions[] = {
    {"first", AIT_FASTCALL(first_new), PyDoc_STR("first($module, source, default=..., /)\n--\n\n")},
    {"last", AIT_FASTCALL(last_new), PyDoc_STR("last($module, source, default=..., /)\n--\n\n")},
    {"nth", AIT_FASTCALL(nth_new), PyDoc_STR("nth($module, source, n, default, /)\n--\n\n")},
    {"one", one_new, METH_O, PyDoc_STR("one($module, source, /)\n--\n\n")},
    {"only", AIT_FASTCALL(only_new), PyDoc_STR("only($module, source, default, /)\n--\n\n")},
    {"min", AIT_FASTCALL(min_new), PyDoc_STR("min($module, source, default=..., /)\n--\n\n")},
    {"min_by", AIT_FASTCALL(min_by_new),
     PyDoc_STR("min_by($module, source, key, default=..., /)\n--\n\n")},
    {"max", AIT_FASTCALL(max_new), PyDoc_STR("max($module, source, default=..., /)\n--\n\n")},
    {"max_by", AIT_FASTCALL(max_by_new),
     PyDoc_STR("max_by($module, source, key, default=..., /)\n--\n\n")},
    {"any", any_new, METH_O, PyDoc_STR("any($module, source, /)\n--\n\n")},
    {"all", all_new, METH_O, PyDoc_STR("all($module, source, /)\n--\n\n")},
    {"contains", AIT_FASTCALL(contains_new),
     PyDoc_STR("contains($module, source, item, /)\n--\n\n")},
    {"count", count_new, METH_O, PyDoc_STR("count($module, source, /)\n--\n\n")},
    {NULL},
};
