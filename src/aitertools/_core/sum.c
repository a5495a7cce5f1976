/* Reduce: sum, to the last bit what the builtin of the running interpreter gives.
 *
 * The builtin keeps the total in C while the items are of one kind, in this order and never back:
 * ints, then floats, then (from 3.14) complex numbers; what comes after is added as objects are.
 * Here items come one at a time, so the total in C lives in the run; run->acc is NULL meanwhile.
 */
#include "reduce.h"

#include <math.h>

typedef enum { INTS, FLOATS, COMPLEXES, OBJECTS } sum_stage;

/* Neumaier's sum: what rounding lost is added at the end. */
typedef struct {
    double total, lost;
} sum_double;

typedef struct {
    sum_stage stage;
    Py_ssize_t ints;
    sum_double real, imag;
} sum_state;

static inline void
add_double(sum_double *sum, double x, bool compensated)
{
    double total = sum->total + x;
    if (compensated) {
        sum->lost += fabs(sum->total) >= fabs(x) ? (sum->total - total) + x
                                                 : (x - total) + sum->total;
    }
    sum->total = total;
}

/* Neither the sign of a zero nor an infinity is spoilt by what was lost. */
static double
rounded(sum_double sum)
{
    return sum.lost != 0.0 && isfinite(sum.lost) ? sum.total + sum.lost : sum.total;
}

/* ---- adding in C: 1, or 0 if the item is not of the kind for that, or -1 --------------------- */

static int
add_to_ints(sum_state *sum, PyObject *item)
{
    if (!PyLong_CheckExact(item) && !PyBool_Check(item)) {
        return 0;
    }
    int overflow;
    Py_ssize_t total, n = PyLong_AsLongAndOverflow(item, &overflow);
    if (overflow != 0 || __builtin_add_overflow(sum->ints, n, &total)) {
        return 0;
    }
    sum->ints = total;
    return 1;
}

static int
add_int_to_doubles(sum_state *sum, PyObject *item)
{
    if (AIT_SUM_COMPENSATES_ALL) {
        double x = PyLong_AsDouble(item);
        if (x == -1.0 && PyErr_Occurred()) {
            return -1;
        }
        add_double(&sum->real, x, true);
        return 1;
    }
    int overflow;
    long n = PyLong_AsLongAndOverflow(item, &overflow);
    if (overflow != 0) {
        return 0;
    }
    add_double(&sum->real, (double)n, false);
    return 1;
}

static int
add_to_floats(sum_state *sum, PyObject *item)
{
    if (PyFloat_CheckExact(item)) {
        add_double(&sum->real, PyFloat_AS_DOUBLE(item), AIT_SUM_COMPENSATES_FLOATS);
        return 1;
    }
    return PyLong_Check(item) ? add_int_to_doubles(sum, item) : 0;
}

static int
add_to_complexes(sum_state *sum, PyObject *item)
{
    if (PyComplex_CheckExact(item)) {
        Py_complex z = PyComplex_AsCComplex(item);
        add_double(&sum->real, z.real, true);
        add_double(&sum->imag, z.imag, true);
        return 1;
    }
    if (PyFloat_Check(item)) {
        add_double(&sum->real, PyFloat_AS_DOUBLE(item), true);
        return 1;
    }
    return PyLong_Check(item) ? add_int_to_doubles(sum, item) : 0;
}

static int
add_in_c(sum_state *sum, PyObject *item)
{
    switch (sum->stage) {
    case INTS:
        return add_to_ints(sum, item);
    case FLOATS:
        return add_to_floats(sum, item);
    case COMPLEXES:
        return add_to_complexes(sum, item);
    default:
        return 0;
    }
}

/* ---- from one stage to the next -------------------------------------------------------------- */

/* Take *acc over into C, if it is of the kind of a stage from `first` on. */
static void
enter_stage(sum_state *sum, sum_stage first, PyObject **acc)
{
    int overflow = 0;
    sum->stage = OBJECTS;
    if (first <= INTS && PyLong_CheckExact(*acc)) {
        sum->ints = PyLong_AsLongAndOverflow(*acc, &overflow);
        sum->stage = overflow ? OBJECTS : INTS;
    }
    else if (first <= FLOATS && PyFloat_CheckExact(*acc)) {
        sum->real = (sum_double){PyFloat_AS_DOUBLE(*acc), 0.0};
        sum->stage = FLOATS;
    }
    else if (AIT_SUM_COMPENSATES_ALL && first <= COMPLEXES && PyComplex_CheckExact(*acc)) {
        Py_complex z = PyComplex_AsCComplex(*acc);
        sum->real = (sum_double){z.real, 0.0};
        sum->imag = (sum_double){z.imag, 0.0};
        sum->stage = COMPLEXES;
    }
    if (sum->stage != OBJECTS) {
        Py_CLEAR(*acc);
    }
}

static PyObject *
sum_finish(ait_run *run)
{
    sum_state *sum = run->extra;
    switch (sum->stage) {
    case INTS:
        return PyLong_FromSsize_t(sum->ints);
    case FLOATS:
        return PyFloat_FromDouble(rounded(sum->real));
    case COMPLEXES:
        return PyComplex_FromDoubles(rounded(sum->real), rounded(sum->imag));
    default:
        return Py_NewRef(run->acc);
    }
}

static int
sum_feed(ait_run *run, PyObject *item)
{
    sum_state *sum = run->extra;
    int added = add_in_c(sum, item);
    if (added != 0) {
        return added < 0 ? -1 : 0;
    }
    PyObject *total = sum_finish(run);
    PyObject *next = total == NULL ? NULL : PyNumber_Add(total, item);
    Py_XDECREF(total);
    if (next == NULL) {
        return -1;
    }
    Py_XSETREF(run->acc, next);
    if (sum->stage != OBJECTS) {
        enter_stage(sum, sum->stage + 1, &run->acc);
    }
    return 0;
}

static const ait_goal sum_goal = {
    .name = "sum", .advance = ait_reduce, .feed = sum_feed, .finish = sum_finish,
};

static bool
check_start(PyObject *start)
{
    const char *how = PyUnicode_Check(start)     ? "strings [use ''"
                      : PyBytes_Check(start)     ? "bytes [use b''"
                      : PyByteArray_Check(start) ? "bytearray [use b''"
                                                 : NULL;
    if (how != NULL) {
        PyErr_Format(PyExc_TypeError, "sum() can't sum %s.join(seq) instead]", how);
    }
    return how == NULL;
}

static PyObject *
sum_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!ait_check_count(nargs, 2, 2, "sum") || !check_start(args[1])) {
        return NULL;
    }
    sum_state *sum = PyMem_Calloc(1, sizeof(sum_state));
    if (sum == NULL) {
        return PyErr_NoMemory();
    }
    ait_run *run = ait_begin_with(module, args[0], &sum_goal, Py_NewRef(args[1]));
    if (run == NULL) {
        PyMem_Free(sum);
        return NULL;
    }
    run->extra = sum;
    enter_stage(sum, INTS, &run->acc);
    return (PyObject *)run;
}

PyMethodDef ait_sum_functions[] = {
    {"sum", AIT_FASTCALL(sum_new), PyDoc_STR("sum($module, source, start, /)\n--\n\n")},
    {NULL},
};
