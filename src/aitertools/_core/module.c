/* The module: its state, its types, and what the package tells it. */
#include "line.h"

static PyModuleDef ait_module;

ait_state *
ait_state_of(PyTypeObject *type)
{
    PyObject *module = PyType_GetModuleByDef(type, &ait_module);
    return module == NULL ? NULL : ait_state_from(module);
}

/* ---- what the package tells it --------------------------------------------------------------- */

static const char *const hook_names[] = {
    "adapt", "checkpoint", "current_task", "close_running", "place", "handle", "wake",
    "courier", "running_loop", "swap_task", "in_loop", "lagged", NULL,
};

/* set_hook(name, callable): what the core calls where it needs an event loop or the package. */
static PyObject *
set_hook(PyObject *module, PyObject *args)
{
    const char *name;
    PyObject *hook;
    if (!PyArg_ParseTuple(args, "sO:set_hook", &name, &hook)) {
        return NULL;
    }
    for (int i = 0; hook_names[i] != NULL; i++) {
        if (strcmp(name, hook_names[i]) == 0) {
            Py_XSETREF(ait_state_from(module)->hooks[i], Py_NewRef(hook));
            Py_RETURN_NONE;
        }
    }
    PyErr_Format(PyExc_ValueError, "no such hook: %s", name);
    return NULL;
}

/* set_stream(type): the subclass of Op that every operator is made as. */
static PyObject *
set_stream(PyObject *module, PyObject *type)
{
    ait_state *st = ait_state_from(module);
    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, st->op_type)) {
        PyErr_SetString(PyExc_TypeError, "set_stream(): not a subclass of Op");
        return NULL;
    }
    Py_XSETREF(st->stream_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

/* set_debug(on): whether streams remember where they were made and warn when left open. */
static PyObject *
set_debug(PyObject *module, PyObject *on)
{
    int truth = PyObject_IsTrue(on);
    if (truth < 0) {
        return NULL;
    }
    ait_bits_be(&ait_state_from(module)->debug, (uint8_t)truth);
    Py_RETURN_NONE;
}

/* chain_errors(first, later): make `later` reachable from `first`, which is the one that is
 * raised. */
static PyObject *
chain_errors(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *base = PyExc_BaseException, *first, *later;
    if (!PyArg_ParseTuple(args, "O!O!:chain_errors", base, &first, base, &later)) {
        return NULL;
    }
    ait_chain_errors(first, Py_NewRef(later));
    Py_RETURN_NONE;
}

/* set_queue_errors(empty, full, shut_down, sync_empty, sync_full, sync_shut_down): what the methods
 * of a queue raise, and those of its view for threads. */
static PyObject *
set_queue_errors(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    PyObject **errors = &st->queue_errors.empty;
    enum { N = sizeof(st->queue_errors) / sizeof(PyObject *) };
    if (!ait_check_count(nargs, N, N, "set_queue_errors")) {
        return NULL;
    }
    for (int i = 0; i < N; i++) {
        Py_XSETREF(errors[i], Py_NewRef(args[i]));
    }
    Py_RETURN_NONE;
}

/* set_future(type): what loop.create_future() makes. */
static PyObject *
set_future(PyObject *module, PyObject *type)
{
    ait_state *st = ait_state_from(module);
    Py_XSETREF(st->future_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

static PyMethodDef module_functions[] = {
    {"chain_errors", chain_errors, METH_VARARGS, NULL},
    {"set_queue_errors", AIT_FASTCALL(set_queue_errors), NULL},
    {"set_hook", set_hook, METH_VARARGS, NULL},
    {"set_future", set_future, METH_O, NULL},
    {"set_stream", set_stream, METH_O, NULL},
    {"set_debug", set_debug, METH_O, NULL},
    {NULL},
};

/* ---- making and unmaking --------------------------------------------------------------------- */

static int
intern_names(ait_state *st)
{
#define INTERN(name)                                                                             \
    if ((st->str_##name = PyUnicode_InternFromString(#name)) == NULL) {                          \
        return -1;                                                                               \
    }
    AIT_NAMES(INTERN)
#undef INTERN
    return 0;
}

/* The locks that threads block on. */
static int
find_locks(ait_state *st)
{
    PyObject *threads = PyImport_ImportModule("_thread");
    st->allocate_lock = threads == NULL ? NULL : PyObject_GetAttrString(threads, "allocate_lock");
    Py_XDECREF(threads);
    PyObject *lock = st->allocate_lock == NULL ? NULL : PyObject_CallNoArgs(st->allocate_lock);
    if (lock == NULL) {
        return -1;
    }
    st->lock_type = (PyTypeObject *)Py_NewRef(Py_TYPE(lock));
    Py_DECREF(lock);
    return 0;
}

static int
module_exec(PyObject *module)
{
    static PyMethodDef *const tables[] = {
        module_functions, ait_source_functions, ait_forward_functions, ait_create_functions,
        ait_transform_functions, ait_select_functions, ait_slice_functions,
        ait_group_functions, ait_branch_functions, ait_combine_functions,
        ait_merge_functions, ait_pool_functions, ait_reduce_functions, ait_pick_functions,
        ait_sum_functions, ait_error_functions, ait_share_functions, ait_engine_functions,
        ait_bridge_functions,
    };
    ait_state *st = ait_state_from(module);
    st->op_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ait_op_spec, NULL);
    st->run_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ait_run_spec, NULL);
    st->places = PyDict_New();
    st->waiter_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ait_waiter_spec, NULL);
    if (st->op_type == NULL || st->run_type == NULL || st->waiter_type == NULL ||
        st->places == NULL || intern_names(st) < 0 || find_locks(st) < 0 ||
        ait_queue_types(module) < 0 || ait_ring_types(module) < 0 ||
        ait_engine_types(module) < 0) {
        return -1;
    }
    st->stream_type = (PyTypeObject *)Py_NewRef(st->op_type);
    for (size_t i = 0; i < Py_ARRAY_LENGTH(tables); i++) {
        if (PyModule_AddFunctions(module, tables[i]) < 0) {
            return -1;
        }
    }
    if (PyModule_AddType(module, st->op_type) < 0 || PyModule_AddType(module, st->run_type) < 0) {
        return -1;
    }
    return ait_learn_asyncgen(st);
}

/* The references of the state that can be in a cycle, one by one; the rest are strings. */
static PyObject **
state_ref(ait_state *st, size_t i)
{
    PyObject **const refs[] = {
        (PyObject **)&st->op_type, (PyObject **)&st->stream_type, (PyObject **)&st->run_type,
        (PyObject **)&st->wrapped, (PyObject **)&st->waiter_type, (PyObject **)&st->queue_type,
        (PyObject **)&st->lifo_type, (PyObject **)&st->priority_type,
        (PyObject **)&st->sync_queue_type, (PyObject **)&st->queue_stats_type,
        (PyObject **)&st->ring_type, (PyObject **)&st->seat_type,
        (PyObject **)&st->shared_type, (PyObject **)&st->topic_type,
        (PyObject **)&st->topic_stats_type,
        (PyObject **)&st->future_type, (PyObject **)&st->lock_type, &st->allocate_lock, &st->places,
        &st->pending, &st->end, (PyObject **)&st->intake_type, (PyObject **)&st->flight_type,
        &st->queue_errors.empty, &st->queue_errors.full, &st->queue_errors.shut_down,
        &st->queue_errors.sync_empty, &st->queue_errors.sync_full,
        &st->queue_errors.sync_shut_down,
    };
    if (i < Py_ARRAY_LENGTH(refs)) {
        return refs[i];
    }
    i -= Py_ARRAY_LENGTH(refs);
    return i < Py_ARRAY_LENGTH(st->hooks) ? &st->hooks[i] : NULL;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    ait_state *st = ait_state_from(module);
    PyObject **ref;
    for (size_t i = 0; (ref = state_ref(st, i)) != NULL; i++) {
        Py_VISIT(*ref);
    }
    return 0;
}

static int
module_clear(PyObject *module)
{
    ait_state *st = ait_state_from(module);
    PyObject **ref;
    for (size_t i = 0; (ref = state_ref(st, i)) != NULL; i++) {
        Py_CLEAR(*ref);
    }
#define FORGET(name) Py_CLEAR(st->str_##name);
    AIT_NAMES(FORGET)
#undef FORGET
    return 0;
}

static void
module_free(void *module)
{
    (void)module_clear((PyObject *)module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef ait_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "aitertools._core",
    .m_doc = PyDoc_STR("The compiled core of aitertools: operators, and the driver below them."),
    .m_size = sizeof(ait_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&ait_module);
}
