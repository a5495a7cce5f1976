/* The one place that asks which Python it is compiled for. */
#ifndef AIT_COMPAT_H
#define AIT_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if PY_VERSION_HEX < 0x030C0000
/* 3.12 made an exception one object; before, it was a triple. */
static inline PyObject *
PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    if (type == NULL) {
        return NULL;
    }
    PyErr_NormalizeException(&type, &value, &tb);
    if (tb != NULL) {
        PyException_SetTraceback(value, tb);
    }
    Py_DECREF(type);
    Py_XDECREF(tb);
    return value;
}

static inline void
PyErr_SetRaisedException(PyObject *exc)
{
    PyErr_Restore(Py_NewRef(Py_TYPE(exc)), exc, PyException_GetTraceback(exc));
}

static inline PyCodeObject *
PyGen_GetCode(PyGenObject *gen)
{
    return (PyCodeObject *)Py_NewRef(gen->gi_code);
}
#endif

#if PY_VERSION_HEX < 0x030D0000
/* 1: found, 0: no such attribute (no error set), -1: another error. */
static inline int
PyObject_GetOptionalAttr(PyObject *obj, PyObject *name, PyObject **result)
{
    return _PyObject_LookupAttr(obj, name, result);
}
#endif

/* What a weak reference leads to, a new reference: 1, or 0 when it is gone. */
static inline int
ait_weakref_get(PyObject *ref, PyObject **obj)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyWeakref_GetRef(ref, obj);
#else
    *obj = PyWeakref_GET_OBJECT(ref);
    *obj = *obj == Py_None ? NULL : Py_NewRef(*obj);
    return *obj != NULL;
#endif
}

/* An `except` block around what C calls: exc is what a bare `raise` raises there, and the context
 * of any other exception. Blocks lie on the C stack, and are left in the order in which they were
 * entered. */
typedef _PyErr_StackItem ait_except;

static inline void
ait_except_enter(ait_except *block, PyObject *exc)
{
    PyThreadState *thread = PyThreadState_Get();
    block->exc_value = Py_NewRef(exc);
    block->previous_item = thread->exc_info;
    thread->exc_info = block;
}

static inline void
ait_except_leave(ait_except *block)
{
    PyThreadState_Get()->exc_info = block->previous_item;
    Py_CLEAR(block->exc_value);
}

/* What of the builtin sum() carries the bits that rounding loses: floats; ints and complex numbers
 * too. */
enum {
    AIT_SUM_COMPENSATES_FLOATS = PY_VERSION_HEX >= 0x030C0000,
    AIT_SUM_COMPENSATES_ALL = PY_VERSION_HEX >= 0x030E0000,
};

/* Whether the caller's reference is the only one, so that nobody can look while we change the
 * object. */
static inline bool
ait_is_unique(PyObject *obj)
{
#if PY_VERSION_HEX >= 0x030E0000
    return PyUnstable_Object_IsUniquelyReferenced(obj);
#elif defined(Py_GIL_DISABLED)
    return obj->ob_tid == _Py_ThreadId() && obj->ob_ref_local == 1 && obj->ob_ref_shared == 0;
#else
    return Py_REFCNT(obj) == 1;
#endif
}

/* The same for an object that may have weak references, such as those of the asyncgen hooks: these
 * are followed in the thread whose event loop runs the object, which is the caller's. */
static inline bool
ait_is_sole_owner(PyObject *obj)
{
#ifdef Py_GIL_DISABLED
    Py_ssize_t shared = __atomic_load_n(&obj->ob_ref_shared, __ATOMIC_RELAXED);
    return obj->ob_tid == _Py_ThreadId() && obj->ob_ref_local == 1 &&
           shared >> _Py_REF_SHARED_SHIFT == 0;
#else
    return Py_REFCNT(obj) == 1;
#endif
}

/* Whether threads run at the same time, so that what was looked at may have changed. */
#ifdef Py_GIL_DISABLED
enum { AIT_FREE_THREADED = 1 };
#else
enum { AIT_FREE_THREADED = 0 };
#endif

/* What is between these two is one step to all other threads, provided that it calls no Python
 * code: with the GIL nothing more is needed. It must not be left by return or goto. */
#ifdef Py_GIL_DISABLED
#define AIT_LOCK(obj) Py_BEGIN_CRITICAL_SECTION(obj)
#define AIT_UNLOCK() Py_END_CRITICAL_SECTION()
#else
#define AIT_LOCK(obj) { (void)(obj);
#define AIT_UNLOCK() }
#endif

/* A byte that says "in use": taken by one, refused to all others, also across threads. */
static inline bool
ait_flag_take(uint8_t *flag)
{
#ifdef Py_GIL_DISABLED
    return __atomic_exchange_n(flag, 1, __ATOMIC_ACQUIRE) == 0;
#else
    bool was_free = *flag == 0;
    *flag = 1;
    return was_free;
#endif
}

static inline void
ait_flag_drop(uint8_t *flag)
{
#ifdef Py_GIL_DISABLED
    __atomic_store_n(flag, 0, __ATOMIC_RELEASE);
#else
    *flag = 0;
#endif
}

static inline bool
ait_flag_is_taken(uint8_t *flag)
{
#ifdef Py_GIL_DISABLED
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
#else
    return *flag != 0;
#endif
}

/* A tuple that is nobody else's is about to get other items: it forgets its hash. */
static inline void
ait_tuple_renew(PyObject *tuple)
{
#if PY_VERSION_HEX >= 0x030E0000
    ((PyTupleObject *)tuple)->ob_hash = -1;
#else
    (void)tuple;
#endif
}

/* It got them: the collector, which gives up tuples that can be in no cycle, has to look again. */
static inline void
ait_tuple_track(PyObject *tuple)
{
    if (!PyObject_GC_IsTracked(tuple)) {
        PyObject_GC_Track(tuple);
    }
}

/* Bits that others than who has taken the flag above may set as well. */
static inline uint8_t
ait_bits(const uint8_t *bits)
{
#ifdef Py_GIL_DISABLED
    return __atomic_load_n(bits, __ATOMIC_RELAXED);
#else
    return *bits;
#endif
}

static inline void
ait_bits_change(uint8_t *bits, uint8_t set, uint8_t cleared)
{
#ifdef Py_GIL_DISABLED
    __atomic_fetch_or(bits, set, __ATOMIC_RELAXED);
    __atomic_fetch_and(bits, (uint8_t)~cleared, __ATOMIC_RELAXED);
#else
    *bits = (uint8_t)((*bits | set) & ~cleared);
#endif
}

static inline void
ait_bits_be(uint8_t *bits, uint8_t value)
{
#ifdef Py_GIL_DISABLED
    __atomic_store_n(bits, value, __ATOMIC_RELAXED);
#else
    *bits = value;
#endif
}

/* A count that only one thread changes, and others may look at. */
static inline void
ait_count_be(uint64_t *count, uint64_t n)
{
#ifdef Py_GIL_DISABLED
    __atomic_store_n(count, n, __ATOMIC_RELAXED);
#else
    *count = n;
#endif
}

static inline uint64_t
ait_count(const uint64_t *count)
{
#ifdef Py_GIL_DISABLED
    return __atomic_load_n(count, __ATOMIC_RELAXED);
#else
    return *count;
#endif
}

/* Swap a pointer that several threads may want: who gets the old value owns it. */
static inline PyObject *
ait_swap(PyObject **place, PyObject *value)
{
#ifdef Py_GIL_DISABLED
    return __atomic_exchange_n(place, value, __ATOMIC_ACQ_REL);
#else
    PyObject *old = *place;
    *place = value;
    return old;
#endif
}

#endif
