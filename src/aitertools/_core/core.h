/* aitertools._core: what the operator families share.
 *
 * Every operator is one object of one type, Op, whose kind says how it steps. A step answers
 *
 *     PYGEN_RETURN  an item       here it is (a new reference)
 *     PYGEN_RETURN  NULL          the end; no exception is set
 *     PYGEN_NEXT    a yield       suspended: hand this to the event loop, step again later
 *     PYGEN_ERROR   NULL          an exception is set
 *
 * A step pulls its source with ait_pull() and calls user functions with ait_call(). When either
 * answers PYGEN_NEXT the step returns it, and is called again later to go on at that very place:
 * what it needs then it keeps in its own struct. The rest -- closing, re-entry, giving way,
 * references -- is done around the step, once for all (drive.c, close.c).
 */
#ifndef AIT_CORE_H
#define AIT_CORE_H

#include "compat.h"

typedef struct ait_op ait_op;
typedef struct ait_kind ait_kind;
typedef struct ait_drive ait_drive;
typedef struct ait_run ait_run;
typedef struct ait_goal ait_goal;
typedef struct ait_state ait_state;

typedef PySendResult ait_step_fn(ait_op *op, ait_drive *d, PyObject **out);

/* ---- operators ------------------------------------------------------------------------------- */

enum { AIT_MAX_DEPTH = 1000 };

/* Bits of ait_op.flags; none is set while items flow. */
enum {
    AIT_ENDED = 1,        /* further pulls end at once                                       */
    AIT_CLOSING = 2,      /* its owned streams are being closed                              */
    AIT_CLOSED = 4,       /* that is done                                                    */
    AIT_CLOSE_ASKED = 8,  /* aclose() came while it ran: the next pull closes it             */
    AIT_GIVING_WAY = 16,  /* waits for one turn of the event loop before it steps            */
    AIT_BORROWED = 32,    /* does not own what it reads                                      */
    AIT_WATCHED = 64,     /* made in development mode: warns when it is left open            */
    AIT_OVERTAKEN = 128,  /* a cancellation came while it was closed for an error: `error`   */
};

/* Bits that send a pull to ait_pull_slow(). */
#define AIT_UNUSUAL (AIT_ENDED | AIT_CLOSING | AIT_CLOSED | AIT_CLOSE_ASKED | AIT_GIVING_WAY)

#define AIT_OP_HEAD                                                                            \
    PyObject_VAR_HEAD                                                                          \
    const ait_kind *kind;                                                                      \
    PyObject *awaiting; /* iterator of the awaitable it waits for, while suspended there    */ \
    PyObject *error;    /* the first error of a close in progress; see AIT_OVERTAKEN        */ \
    PyObject *spare;    /* a finished __anext__ awaitable, for the next call                */ \
    PyObject *run;      /* weak reference to who drives it, from the first suspension on    */ \
    uint64_t count;     /* items delivered                                                  */ \
    uint8_t busy;       /* taken from the beginning of a pull or close to its end           */ \
    uint8_t flags;                                                                             \
    uint16_t depth;     /* of the tree below, itself included                               */ \
    uint32_t position   /* which owned stream is being closed                               */

/* After the head come kind->nrefs strong references, then plain words. */
struct ait_op {
    AIT_OP_HEAD;
    PyObject *refs[];
};

/* What the name of an operator is followed by in a repr: filter(is_ok), batched(500). */
typedef enum { AIT_ARG_NONE, AIT_ARG_NAME, AIT_ARG_SIZE, AIT_ARG_LABEL } ait_arg;

struct ait_kind {
    const char *name;
    ait_step_fn *step;
    ait_step_fn *close; /* NULL, or closes what it holds itself, after its owned streams      */
    uint8_t nwords;     /* size after the head                                                */
    uint8_t nrefs;      /* of these, the leading ones that are references ...                 */
    uint8_t nowned;     /* ... and of these the leading ones that are streams, or tuples of
                           streams, which are closed with it, in this order                   */
    bool fatal;         /* an Exception out of its step means that it is at its end           */
    ait_arg arg;        /* what its name is followed by ...                                   */
    uint8_t arg_at;     /* ... and the word where that is                                     */
    uint8_t reads;      /* 0, or 1 + the word of a stream, or of a tuple of streams, that it
                           reads and does not own                                              */
    bool closes;        /* ... but closes all the same                                        */
    bool halts;         /* to stop a stream is to end this one, and not what it reads          */
    bool halts_open;    /* ... is to end the source as well that this one has open, its first
                           word: that is read to no end of its own, but until it fails         */
};

#define AIT_WORDS(type) ((uint8_t)((sizeof(type) - offsetof(ait_op, refs)) / sizeof(PyObject *)))
#define AIT_WORD_AT(type, field) \
    ((uint8_t)((offsetof(type, field) - offsetof(ait_op, refs)) / sizeof(PyObject *)))

/* An operator of that kind, its words zeroed; its owned streams are filled in by the caller. */
ait_op *ait_new(ait_state *st, const ait_kind *kind);
ait_op *ait_new_as(ait_state *st, PyTypeObject *type, const ait_kind *kind);
/* ait_new() with its first word set to source, which is consumed (also on error). */
ait_op *ait_new_on(ait_state *st, const ait_kind *kind, ait_op *source);
/* Sets the depth from the owned streams and checks it; consumes op on error. Ends every `new`. */
PyObject *ait_ready(ait_op *op);

/* The names of op and of what it reads, outermost first; and the counts. */
PyObject *ait_describe(ait_op *op);
PyObject *ait_stages(ait_op *op);
/* family(stream): a set of it and of all that it reads, directly or not. */
PyObject *ait_family(PyObject *module, PyObject *stream);
/* Append the streams to `leaves` that all items of op come from in the end: 0, or -1. */
int ait_find_leaves(ait_op *op, PyObject *leaves);

extern PyType_Spec ait_op_spec;
extern PyType_Spec ait_run_spec;

/* ---- sources --------------------------------------------------------------------------------- */

/* A stream over obj, which it owns; obj itself when it is one. `who` names the caller in errors. */
ait_op *ait_source(ait_state *st, PyObject *obj, const char *who);
/* A tuple of streams over the objects. */
PyObject *ait_sources(ait_state *st, PyObject *const *objs, Py_ssize_t n, const char *who);

static inline ait_op *
ait_nth(PyObject *streams, Py_ssize_t i)
{
    return (ait_op *)PyTuple_GET_ITEM(streams, i);
}

/* A stream over the same that does not close it. */
ait_op *ait_borrow(ait_state *st, PyObject *obj, const char *who);
/* op, or what it was before it became a pump's: a borrowed reference. */
ait_op *ait_behind_pump(ait_op *op);
/* A stream over a pump, an async iterator which is consumed, that passes on errors and goes on. */
ait_op *ait_pump_source(ait_state *st, PyObject *pump);
/* Learns how async generators wrap what they yield, and whether they can be driven directly. */
int ait_learn_asyncgen(ait_state *st);

/* ---- driving --------------------------------------------------------------------------------- */

/* What one walk down a pipeline carries. */
struct ait_drive {
    ait_state *st;
    ait_run *run;      /* whose drive this is                                       */
    PyObject *value;   /* borrowed: what send() brought for the innermost awaitable */
    PyObject *thrown;  /* borrowed: what throw() brought instead, or NULL           */
    bool resuming;     /* on the way down to that awaitable                         */
    bool refused;      /* a pull was: "already running"; errors.c resets it         */
    bool halting;      /* it must not begin to await anything: see carry.h ...      */
    bool halted;       /* ... and stopped short of it                               */
    int nested;        /* operators below inner streams, on the way down            */
    int budget;        /* pulls until the clock is read                             */
    int allowance;     /* how many that were the last time                          */
    int64_t since;     /* ns: since when the loop had no turn; 0 when it just had   */
    int64_t looked;    /* ns: when the clock was read last                          */
};

PySendResult ait_pull_slow(ait_op *op, ait_drive *d, PyObject **out);
PySendResult ait_settle(ait_op *op, ait_drive *d, PyObject **out, PySendResult r);

/* Whether op has any of these bits. */
static inline bool
ait_has(const ait_op *op, unsigned bits)
{
    return (ait_bits(&op->flags) & bits) != 0;
}

/* The next item of op, under the one safety gate of all operators. */
static inline PySendResult
ait_pull(ait_op *op, ait_drive *d, PyObject **out)
{
    if (ait_has(op, AIT_UNUSUAL) || --d->budget < 0 || !ait_flag_take(&op->busy)) {
        return ait_pull_slow(op, d, out);
    }
    if (AIT_FREE_THREADED && ait_has(op, AIT_UNUSUAL)) { /* since the first look */
        ait_flag_drop(&op->busy);
        return ait_pull_slow(op, d, out);
    }
    PySendResult r = op->kind->step(op, d, out);
    if (r == PYGEN_RETURN && *out != NULL) {
        ait_count_be(&op->count, op->count + 1);
        ait_flag_drop(&op->busy);
        return r;
    }
    return ait_settle(op, d, out, r);
}

/* Pull into ITEM inside a step; anything but an item is the step's own answer. */
#define AIT_PULL(SOURCE, ITEM)                                                                 \
    do {                                                                                       \
        PyObject *item_;                                                                       \
        PySendResult r_ = ait_pull((SOURCE), d, &item_);                                       \
        if (r_ != PYGEN_RETURN || item_ == NULL) {                                             \
            *out = item_;                                                                      \
            return r_;                                                                         \
        }                                                                                      \
        (ITEM) = item_;                                                                        \
    } while (0)

/* Whether it is the loop's turn, after a call that is not a pull: then *turn is what to drive. */
int ait_turn(ait_drive *d, PyObject **turn);

/* The same for a source that was made at run time, and may nest as deep again: guards the stack. */
PySendResult ait_pull_inner(ait_op *inner, ait_drive *d, PyObject **out);

/* Drive the awaiter in *slot, which is cleared when it is done. */
PySendResult ait_drive_slot(PyObject **slot, ait_drive *d, PyObject **out);

/* Drive op->awaiting; when it is done op->awaiting is NULL again. */
static inline PySendResult
ait_await(ait_op *op, ait_drive *d, PyObject **out)
{
    return ait_drive_slot(&op->awaiting, d, out);
}

/* The same for what a user's function returned: StopIteration becomes RuntimeError (PEP 479). */
PySendResult ait_resume(ait_op *op, ait_drive *d, PyObject **out);
/* What `await obj` would iterate over; consumes obj. */
PyObject *ait_awaiter(PyObject *obj);
/* Turn StopIteration and StopAsyncIteration out of a user's function into RuntimeError. */
void ait_guard_stop(const char *what);

/* Close op and all it owns, exactly once; on error everything is closed all the same. */
PySendResult ait_close(ait_op *op, ait_drive *d, PyObject **out);
/* End op: ait_close() for one whose `busy` is taken already. */
PySendResult ait_finish(ait_op *op, ait_drive *d, PyObject **out);
/* Close *stream, which op has done with, inside a step, and clear it. */
PySendResult ait_discard(ait_op **stream, ait_drive *d, PyObject **out);
/* Add the raised exception to *first: the first stays the one that is raised later. */
void ait_keep_error(PyObject **first);
/* The same for an op that is being closed: an error that a cancellation overtakes is kept. */
void ait_keep_op_error(ait_op *op);
/* Raise what was overtaken, once; op is taken, and let go of. */
PySendResult ait_raise_overtaken(ait_op *op);
/* Make the exception later, which is consumed, reachable from first by its context. */
void ait_chain_errors(PyObject *first, PyObject *later);
/* Take what a dropped run left suspended. */
void ait_abandon(ait_op *op, ait_run *run);

static inline bool
ait_is_awaitable(PyObject *obj)
{
    PyTypeObject *type = Py_TYPE(obj);
    if (type->tp_as_async != NULL && type->tp_as_async->am_await != NULL) {
        return true;
    }
    if (type == &PyGen_Type) { /* a generator-based coroutine: @types.coroutine */
        PyCodeObject *code = PyGen_GetCode((PyGenObject *)obj);
        bool yes = (code->co_flags & CO_ITERABLE_COROUTINE) != 0;
        Py_DECREF(code);
        return yes;
    }
    return false;
}

PySendResult ait_called_slow(ait_op *op, ait_drive *d, PyObject *result, PyObject **out);

/* What a call gave: the result itself, or, awaited, what it leads to. Consumes result. */
static inline PySendResult
ait_called(ait_op *op, ait_drive *d, PyObject *result, PyObject **out)
{
    if (result != NULL && !ait_is_awaitable(result)) {
        *out = result;
        return PYGEN_RETURN;
    }
    return ait_called_slow(op, d, result, out);
}

/* PyObject_Vectorcall() without its detours: one call less where a pipeline spends its time. */
static inline PyObject *
ait_vectorcall(PyObject *fn, PyObject *const *args, size_t nargsf)
{
    PyTypeObject *type = Py_TYPE(fn);
    if (PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL)) {
        vectorcallfunc call;
        memcpy(&call, (char *)fn + type->tp_vectorcall_offset, sizeof(call));
        if (call != NULL) {
            return call(fn, args, nargsf, NULL);
        }
    }
    return PyObject_Vectorcall(fn, args, nargsf, NULL);
}

/* fn(item), awaited when it has to be: on PYGEN_NEXT the step returns, and goes on with
 * ait_resume(). */
static inline PySendResult
ait_call(ait_op *op, ait_drive *d, PyObject *fn, PyObject *item, PyObject **out)
{
    PyObject *args[2] = {NULL, item};
    size_t nargsf = 1 | PY_VECTORCALL_ARGUMENTS_OFFSET;
    return ait_called(op, d, ait_vectorcall(fn, args + 1, nargsf), out);
}

static inline PySendResult
ait_call2(ait_op *op, ait_drive *d, PyObject *fn, PyObject *a, PyObject *b, PyObject **out)
{
    PyObject *args[3] = {NULL, a, b};
    size_t nargsf = 2 | PY_VECTORCALL_ARGUMENTS_OFFSET;
    return ait_called(op, d, ait_vectorcall(fn, args + 1, nargsf), out);
}

/* The next item out of a list that nobody else has, of which *at are out (op->position, which is
 * free until op is closed); NULL, and the list is let go, when there is none, or no list. */
static inline PyObject *
ait_next_of(PyObject **list, uint32_t *at)
{
    if (*list != NULL && (Py_ssize_t)*at < PyList_GET_SIZE(*list)) {
        PyObject *item = PyList_GET_ITEM(*list, *at);
        PyList_SET_ITEM(*list, *at, Py_NewRef(Py_None));
        ++*at;
        return item;
    }
    Py_CLEAR(*list);
    return NULL;
}

/* Truth of a verdict, which is consumed: 1, 0, or -1 with an exception. */
static inline int
ait_truth(PyObject *verdict)
{
    int truth = verdict == Py_True ? 1 : verdict == Py_False ? 0 : PyObject_IsTrue(verdict);
    Py_DECREF(verdict);
    return truth;
}

/* ---- runs: the awaitables that drive --------------------------------------------------------- */

typedef enum { AIT_INIT, AIT_ITER, AIT_DONE } ait_phase;

/* What a run is for: the next item, closing, or a reduction. */
struct ait_goal {
    const char *name;
    const char *of;                                          /* whose method; NULL: Stream's    */
    bool in_op;                                              /* run->op has this name already   */
    size_t spare;                                            /* where run->op, else run->arg,
                                                                keeps a finished one; 0: not    */
    PySendResult (*advance)(ait_run *run, PyObject **out);
    int (*feed)(ait_run *run, PyObject *item);               /* 0: go on, 1: enough, -1: error  */
    PyObject *(*finish)(ait_run *run);                       /* the result                      */
};

struct ait_run {
    PyObject_HEAD
    ait_drive d;
    const ait_goal *goal;
    ait_op *op;          /* NULL once done                                            */
    PyObject *stop;      /* a StopIteration to use again                              */
    PyObject *task;      /* the task that suspends in it, from the first time on      */
    PyObject *waiters;   /* list of callables: told when an interrupted run is over   */
    PyObject *swallowed; /* the type of the interruption while swallow is set           */
    PyObject *ours;      /* callable: is this exception the interruption? or NULL     */
    PyObject *error;     /* what a reduction ends with, while it closes the stream    */
    PyObject *acc;       /* what a reduction has so far                               */
    PyObject *arg;       /* its parameter; of a run without an op, the object it is of */
    PyObject *item;      /* what to put into a queue                                  */
    PyObject *waiter;    /* while it waits in line for that                           */
    PyObject *held;      /* what it yielded to somebody else than its event loop      */
    Py_ssize_t n;        /* its counter                                               */
    void *extra;         /* PyMem: its private state                                  */
    PyObject *self;      /* a weak reference to it, once it has suspended             */
    PyObject *weakrefs;
    long cancelling;     /* how often the task had been asked to cancel, then         */
    uint8_t phase;       /* an ait_phase; others may look at it at any time           */
    uint8_t busy;        /* taken while its code runs                                 */
    bool closing;        /* a reduction that has its outcome and closes the stream    */
    bool finalized;      /* collected while it was under way                          */
    bool quiet;          /* errors get no note: the consumer's run adds it            */
    bool swallow;        /* the cancellation under way is an interruption of ours     */
};

/* Say on the raised exception, once, through which operators it came. */
void ait_add_note(ait_run *run);

extern const ait_goal ait_next_goal;

ait_run *ait_run_new(ait_state *st, const ait_goal *goal, ait_op *op);
/* A finished one out of that place, to be used again; NULL if there is none. */
ait_run *ait_run_again(PyObject **spare);
/* What send() and throw() do. */
PySendResult ait_run_send(PyObject *run, PyObject *value, PyObject **out);
PySendResult ait_run_throw(PyObject *run, PyObject *exc, PyObject **out);
/* What the awaitable of Queue.put_many() has not put yet. */
PyObject *ait_put_many_rest(ait_run *run);
/* The advance of every reduction: feed until enough, close the stream, finish. */
PySendResult ait_reduce(ait_run *run, PyObject **out);
PyObject *ait_anext(PyObject *op);
PyObject *ait_aclose(PyObject *op, PyObject *ignored);
PyObject *ait_halt(PyObject *module, PyObject *op);

/* ---- interruptions: one task closes what another one pulls ----------------------------------- */

/* A pull or close of op, which is taken, suspends; it is over, just before it is let go. */
void ait_suspend(ait_op *op, ait_drive *d);
void ait_release_slow(ait_op *op);

static inline void
ait_release(ait_op *op)
{
    if (op->run != NULL) {
        ait_release_slow(op);
    }
    ait_flag_drop(&op->busy);
}

ait_run *ait_run_of(ait_op *op, PyObject **task, bool *gone);

/* The run suspends; it is over (its op, which was its own, is the caller's now). */
void ait_run_suspended(ait_run *run);
PyObject *ait_run_ended(ait_run *run);
/* Whether somebody waits for what comes of it, an item or an error, and not only for a close. */
bool ait_run_delivers(const ait_run *run);
/* exc is thrown into it: note whether it is an interruption. 0, or -1 */
int ait_run_arrived(ait_run *run, PyObject *exc);
/* Whether the error is our own interruption coming back: then the pull is made once more and finds
 * that the stream is to be closed. */
bool ait_run_swallows(ait_run *run);
PyObject *ait_run_interrupt(PyObject *run, PyObject *args);
PyObject *ait_run_wants(PyObject *run, PyObject *args);

/* ---- the module ------------------------------------------------------------------------------ */

/* The names of attributes that are looked up: a string made for each look-up would be slow, and
 * stay in the interpreter's cache of attributes. */
#define AIT_NAMES(name)                                                                          \
    name(__name__) name(__notes__) name(aclose) name(acquire) name(add_note) name(adopt)         \
    name(append) name(athrow) name(cancelling) name(close) name(context) name(cr_frame)          \
    name(check) name(create_future) name(dismiss) name(dispatch) name(done) name(enter)          \
    name(failed) name(finish) name(get_loop) name(go_on) name(inside) name(leave) name(loop)     \
    name(poll) name(popleft) name(release) name(set_result) name(stop) name(task) name(throw)    \
    name(wait) name(wake) name(watch)

struct ait_state {
    PyTypeObject *op_type;
    PyTypeObject *stream_type; /* what `new` makes: Op, until the package registers its Stream */
    PyTypeObject *run_type;
    PyTypeObject *wrapped;     /* what an async generator yields its items in; NULL: unknown   */
    PyTypeObject *waiter_type, *queue_type, *lifo_type, *priority_type, *sync_queue_type;
    PyTypeObject *queue_stats_type;
    PyTypeObject *ring_type, *seat_type, *shared_type, *topic_type, *topic_stats_type;
    PyTypeObject *intake_type, *flight_type;
    PyTypeObject *future_type; /* asyncio's                                                    */
    PyTypeObject *lock_type;   /* of the locks that threads block on ...                       */
    PyObject *allocate_lock;   /* ... and what makes them                                      */
    PyObject *pending, *end;   /* what an engine operator's poll() answers: see engine.c       */
    struct {
        PyObject *empty, *full, *shut_down;                /* of tasks ...    */
        PyObject *sync_empty, *sync_full, *sync_shut_down; /* ... and threads */
    } queue_errors;
#define AIT_NAME(name) PyObject *str_##name;
    AIT_NAMES(AIT_NAME)
#undef AIT_NAME
    uint8_t debug;             /* warn about streams left open                                 */
    PyObject *places;          /* dict: id of a stream -> where it was made (debug only)       */
    /* What the package registers; each may be NULL. */
    PyObject *hooks[12];
};

/* Indexes of ait_state.hooks, in the order of the names in module.c. */
enum {
    AIT_HOOK_ADAPT,        /* (obj) -> async iterator, or None                        */
    AIT_HOOK_CHECKPOINT,   /* () -> awaitable that takes one turn of the loop, or None */
    AIT_HOOK_CURRENT_TASK, /* () -> the running task; an error where there is none    */
    AIT_HOOK_CLOSE_RUNNING,/* (run, its task, stream, looks) -> awaitable: the end of a pull */
    AIT_HOOK_PLACE,        /* () -> str, where the stream is being made                */
    AIT_HOOK_HANDLE,       /* () -> an awaitable that waits until ...                  */
    AIT_HOOK_WAKE,         /* (it) -> ... this; False: nobody waits for it any more    */
    AIT_HOOK_COURIER,      /* (shared, source) -> a task that pulls it, or None: see carry.h */
    AIT_HOOK_RUNNING_LOOP, /* () -> asyncio's in this thread, or None                  */
    AIT_HOOK_SWAP_TASK,    /* (loop, task) -> who was its running task; task is now    */
    AIT_HOOK_IN_LOOP,      /* () -> whether this thread runs an event loop             */
    AIT_HOOK_LAGGED,       /* (n) -> the exception for who missed n items              */
};

ait_state *ait_state_of(PyTypeObject *type);

static inline ait_state *
ait_state_from(PyObject *module)
{
    return (ait_state *)PyModule_GetState(module);
}

static inline bool
ait_is_op(ait_state *st, PyObject *obj)
{
    return PyObject_TypeCheck(obj, st->op_type);
}

/* Function tables of the families; module.c joins them. */
extern PyMethodDef ait_source_functions[];
extern PyMethodDef ait_forward_functions[];
extern PyMethodDef ait_create_functions[];
extern PyMethodDef ait_transform_functions[];
extern PyMethodDef ait_select_functions[];
extern PyMethodDef ait_slice_functions[];
extern PyMethodDef ait_group_functions[];
extern PyMethodDef ait_branch_functions[];
extern PyMethodDef ait_combine_functions[];
extern PyMethodDef ait_merge_functions[];
extern PyMethodDef ait_pool_functions[];
extern PyMethodDef ait_reduce_functions[];
extern PyMethodDef ait_pick_functions[];
extern PyMethodDef ait_sum_functions[];
extern PyMethodDef ait_error_functions[];
extern PyMethodDef ait_share_functions[];
extern PyMethodDef ait_engine_functions[];
extern PyMethodDef ait_bridge_functions[];
/* The types of the queues, the rings and the engine, made with the module. */
int ait_queue_types(PyObject *module);
int ait_ring_types(PyObject *module);
int ait_engine_types(PyObject *module);

/* Argument checks of the `new` functions, in CPython's voice. */
bool ait_check_callable(PyObject *fn, const char *who);
bool ait_check_count(Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most, const char *who);
/* An int that is at least `least`; -1 with an exception otherwise. */
Py_ssize_t ait_check_size(PyObject *n, Py_ssize_t least, const char *who, const char *what);
/* What many `new` functions are: (source, fn), where fn is the second word. */
PyObject *ait_new_with_fn(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                          const ait_kind *kind);
/* An operator of that kind, its first word the streams over a tuple of sources. */
ait_op *ait_new_over(PyObject *module, PyObject *sources, const ait_kind *kind);

#define AIT_FASTCALL(fn) (PyCFunction)(void (*)(void))(fn), METH_FASTCALL

#endif
