/* Share, what makes several streams of one: tee share partition.
 *
 * They are readers of one ring, which pulls the source when one of them asks for what is not there:
 *
 *      tee(3) ---> reader ---> seat --.
 *             ---> reader ---> seat ----> ring ---> source
 *             ---> reader ---> seat --'
 *
 * A ring whose readers are all dropped is gone, as nothing else refers to it; for share() that is
 * the Shared, which is a ring itself, to which streams can be added.
 */
#include "ring.h"

#include <structmember.h>

/* ---- making a ring --------------------------------------------------------------------------- */

static int
overflow_named(const char *name, const char *who)
{
    static const char *const names[] = {"wait", "drop_oldest", "disconnect"};
    for (int i = 0; i < (int)Py_ARRAY_LENGTH(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    PyErr_Format(PyExc_ValueError,
                 "%s(): overflow must be 'wait', 'drop_oldest' or 'disconnect', not '%s'", who,
                 name);
    return -1;
}

int
ait_ring_policy(ait_policy *policy, PyObject *maxlag, const char *overflow, PyObject *replay)
{
    const char *who = policy->who;
    policy->maxlag = maxlag == Py_None ? 0 : ait_check_size(maxlag, 1, who, "maxlag");
    policy->replay = replay == NULL ? 0 : ait_check_size(replay, 0, who, "replay");
    bool fine = policy->maxlag >= 0 && policy->replay >= 0;
    policy->overflow = fine ? overflow_named(overflow, who) : -1;
    if (policy->overflow < 0) {
        return -1;
    }
    if (policy->overflow != AIT_RING_WAIT && policy->maxlag == 0) {
        PyErr_Format(PyExc_ValueError, "%s(): overflow='%s' needs a maxlag", who, overflow);
        return -1;
    }
    if (policy->maxlag != 0 && policy->replay > policy->maxlag) {
        PyErr_Format(PyExc_ValueError, "%s(): replay must not be greater than maxlag", who);
        return -1;
    }
    return 0;
}

ait_ring *
ait_ring_new(PyTypeObject *type, ait_op *source, const ait_kind *kinds, const ait_policy *policy)
{
    ait_state *st = ait_state_of(type);
    ait_ring *ring = st == NULL ? NULL : (ait_ring *)type->tp_alloc(type, 0);
    if (ring == NULL) {
        Py_XDECREF(source);
        return NULL;
    }
    ring->st = st;
    ring->kinds = kinds;
    ring->carrier.source = source;
    ring->maxlag = policy->maxlag;
    ring->replay = policy->replay;
    ring->overflow = (uint8_t)policy->overflow;
    ring->failed_at = -1;
    return ring;
}

PyObject *
ait_ring_subscribers(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLong(((ait_ring *)self)->n_reading);
}

PyObject *
ait_ring_stats(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_ring *ring = (ait_ring *)self;
    unsigned long long numbers[4];
    AIT_LOCK(ring);
    numbers[0] = ring->n_reading;
    numbers[1] = (unsigned long long)(ring->next - ring->unread);
    numbers[2] = (unsigned long long)ring->next;
    numbers[3] = ring->dropped;
    AIT_UNLOCK();
    PyObject *stats = PyStructSequence_New(ring->st->topic_stats_type);
    for (Py_ssize_t i = 0; stats != NULL && i < (Py_ssize_t)Py_ARRAY_LENGTH(numbers); i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(numbers[i]);
        if (number == NULL) {
            Py_CLEAR(stats);
            break;
        }
        PyStructSequence_SetItem(stats, i, number);
    }
    return stats;
}

/* A tuple of n readers, of one side each if they are sided; the ring is consumed. */
static PyObject *
readers_of(ait_ring *ring, Py_ssize_t n)
{
    PyObject *readers = ring == NULL ? NULL : PyTuple_New(n);
    for (Py_ssize_t i = 0; readers != NULL && i < n; i++) {
        PyObject *reader = ait_ring_subscribe(ring, ring->sided ? (uint8_t)i : 0);
        if (reader == NULL) {
            Py_CLEAR(readers);
            break;
        }
        PyTuple_SET_ITEM(readers, i, reader);
    }
    Py_XDECREF(ring);
    return readers;
}

/* ---- tee: n streams of the same items ----------------------------------------------------------
 *
 *      source     a b c |
 *      tee 2 [0]  a b c |
 *      tee 2 [1]  a b c |
 */
static const ait_kind tee_kind = {.name = "tee", .step = ait_reader_step, AIT_READER};

static PyObject *
tee_new(PyObject *module, PyObject *args)
{
    ait_state *st = ait_state_from(module);
    ait_policy policy = {.who = "tee"};
    PyObject *source, *size, *maxlag;
    const char *overflow;
    if (!PyArg_ParseTuple(args, "OOOs:tee", &source, &size, &maxlag, &overflow)) {
        return NULL;
    }
    Py_ssize_t n = ait_check_size(size, 0, "tee", "n");
    if (n < 0 || ait_ring_policy(&policy, maxlag, overflow, NULL) < 0) {
        return NULL;
    }
    if (n == 0) { /* as with itertools: it is not even looked at */
        return PyTuple_New(0);
    }
    ait_op *op = ait_source(st, source, "tee");
    return op == NULL ? NULL : readers_of(ait_ring_new(st->ring_type, op, &tee_kind, &policy), n);
}

/* ---- share: streams of the same items, from when each was made ---------------------------------
 *
 *      source         a b c d |
 *      subscribe()    a b c d |
 *      subscribe()        c d |
 */
static const ait_kind share_kind = {.name = "share", .step = ait_reader_step, AIT_READER};

/* share(cls, source, maxlag, overflow, replay, balance, stay) */
static PyObject *
share_new(PyObject *module, PyObject *args)
{
    ait_state *st = ait_state_from(module);
    ait_policy policy = {.who = "share"};
    PyObject *type, *source, *maxlag, *replay;
    const char *overflow;
    int balance, stay;
    if (!PyArg_ParseTuple(args, "O!OOsOpp:share", &PyType_Type, &type, &source, &maxlag, &overflow,
                          &replay, &balance, &stay) ||
        ait_ring_policy(&policy, maxlag, overflow, replay) < 0) {
        return NULL;
    }
    if (balance && policy.replay > 0) {
        PyErr_SetString(PyExc_ValueError, "share(): takes either balance or replay");
        return NULL;
    }
    if (!PyType_IsSubtype((PyTypeObject *)type, st->shared_type)) {
        PyErr_SetString(PyExc_TypeError, "share(): not a subclass of Shared");
        return NULL;
    }
    ait_op *op = ait_source(st, source, "share");
    ait_ring *ring =
        op == NULL ? NULL : ait_ring_new((PyTypeObject *)type, op, &share_kind, &policy);
    if (ring != NULL) {
        ring->balance = balance;
        ring->stay = stay;
    }
    return (PyObject *)ring;
}

static PyObject *
shared_subscribe(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ait_ring_subscribe((ait_ring *)self, 0);
}

/* What closes a Shared: a stream of nothing, closed by aclose(). */
typedef struct {
    AIT_OP_HEAD;
    ait_op *source; /* for repr */
    ait_ring *ring;
} closer_op;

static PySendResult
closer_step(ait_op *Py_UNUSED(op), ait_drive *Py_UNUSED(d), PyObject **out)
{
    *out = NULL;
    return PYGEN_RETURN;
}

static PySendResult
closer_close(ait_op *op, ait_drive *d, PyObject **out)
{
    ait_ring *ring = ((closer_op *)op)->ring;
    *out = NULL;
    if (!d->resuming) {
        ait_calls calls = {.n = 0};
        AIT_LOCK(ring);
        ring->closed = true;
        ait_ring_end(ring);
        ait_ring_balance((PyObject *)ring, &calls);
        AIT_UNLOCK();
        ait_ring_wake(ring, &calls);
    }
    return ait_carry_close((PyObject *)ring, &ring->carrier, op, d, out);
}

static const ait_kind closer_kind = {
    .name = "share", .step = closer_step, .close = closer_close, .nwords = AIT_WORDS(closer_op),
    .nrefs = 2, .reads = 1 + AIT_WORD_AT(closer_op, source),
};

static PyObject *
shared_aclose(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ait_ring *ring = (ait_ring *)self;
    closer_op *op = (closer_op *)ait_new_as(ring->st, ring->st->op_type, &closer_kind);
    if (op == NULL) {
        return NULL;
    }
    op->ring = (ait_ring *)Py_NewRef(self);
    AIT_LOCK(ring);
    op->source = (ait_op *)Py_XNewRef((PyObject *)ring->carrier.source);
    AIT_UNLOCK();
    PyObject *ready = ait_ready((ait_op *)op);
    PyObject *run = ready == NULL ? NULL : ait_aclose(ready, NULL);
    Py_XDECREF(ready);
    return run;
}

static PyObject *
shared_repr(PyObject *self)
{
    ait_ring *ring = (ait_ring *)self;
    const char *dot = strrchr(Py_TYPE(self)->tp_name, '.');
    const char *name = dot != NULL ? dot + 1 : Py_TYPE(self)->tp_name;
    PyObject *source;
    AIT_LOCK(ring);
    source = Py_XNewRef((PyObject *)ring->carrier.source);
    AIT_UNLOCK();
    PyObject *path = source == NULL ? PyUnicode_FromString("closed")
                                    : ait_describe((ait_op *)source);
    PyObject *text = path == NULL ? NULL
                                  : PyUnicode_FromFormat("<%s %U, subscribers=%u>", name, path,
                                                         (unsigned)ring->n_reading);
    Py_XDECREF(path);
    Py_XDECREF(source);
    return text;
}

/* ---- partition: the items for which pred is false, and those for which it is true --------------
 *
 *      source             1 2 3 4 |
 *      partition odd [0]    2   4 |
 *      partition odd [1]  1   3   |
 *
 * The source of the ring is a judge; what it said about an item is still there when the item is
 * appended, as it is pulled no more before.
 */
static PySendResult
judge_step(ait_op *self, ait_drive *d, PyObject **out)
{
    int truth;
    PySendResult r = ait_pull_judged(self, d, out, &truth);
    if (r == PYGEN_RETURN && *out != NULL) {
        ((ait_judge *)self)->side = truth;
    }
    return r;
}

static const ait_kind judge_kind = {
    .name = "partition", .step = judge_step,
    .nwords = AIT_WORDS(ait_judge), .nrefs = 3, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(ait_judge, fn),
};

static const ait_kind side_kinds[2] = {
    {.name = "partition.false", .step = ait_reader_step, AIT_READER},
    {.name = "partition.true", .step = ait_reader_step, AIT_READER},
};

static ait_op *
judge_new(ait_state *st, PyObject *source, PyObject *pred)
{
    ait_op *stream = ait_source(st, source, "partition");
    ait_judge *judge =
        stream == NULL ? NULL : (ait_judge *)ait_new_as(st, st->op_type, &judge_kind);
    if (judge == NULL) {
        Py_XDECREF(stream);
        return NULL;
    }
    judge->source = stream;
    judge->fn = pred != Py_None ? Py_NewRef(pred) : NULL;
    return (ait_op *)ait_ready((ait_op *)judge);
}

static PyObject *
partition_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!ait_check_count(nargs, 2, 2, "partition") ||
        (args[1] != Py_None && !ait_check_callable(args[1], "partition"))) {
        return NULL;
    }
    ait_op *judge = judge_new(st, args[0], args[1]);
    ait_ring *ring = judge == NULL ? NULL
                                   : ait_ring_new(st->ring_type, judge, side_kinds,
                                                  &(ait_policy){.who = "partition"});
    if (ring == NULL) {
        return NULL;
    }
    ring->sided = true;
    return readers_of(ring, 2);
}

/* ---- the types ------------------------------------------------------------------------------- */

static PyMethodDef ring_methods[] = {
    {"deliver", ait_ring_deliver, METH_VARARGS, NULL},
    {"go_on", ait_ring_go_on, METH_VARARGS, NULL},
    {NULL},
};

static PyMemberDef ring_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ait_ring, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot ring_slots[] = {
    {Py_tp_dealloc, ait_ring_dealloc},
    {Py_tp_traverse, ait_ring_traverse},
    {Py_tp_clear, ait_ring_clear},
    {Py_tp_methods, ring_methods},
    {Py_tp_members, ring_members},
    {0, NULL},
};

PyType_Spec ait_ring_spec = {
    .name = "aitertools._core.Ring",
    .basicsize = sizeof(ait_ring),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ring_slots,
};

static PyObject *
shared_refuse(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyErr_Format(PyExc_TypeError, "cannot create '%.100s' instances; see Stream.share()",
                 type->tp_name);
    return NULL;
}

static PyMethodDef shared_methods[] = {
    {"aclose", shared_aclose, METH_NOARGS, NULL},
    {"deliver", ait_ring_deliver, METH_VARARGS, NULL},
    {"go_on", ait_ring_go_on, METH_VARARGS, NULL},
    {"stats", ait_ring_stats, METH_NOARGS, NULL},
    {"subscribe", shared_subscribe, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef shared_getset[] = {
    {"subscribers", ait_ring_subscribers, NULL, NULL, NULL},
    {NULL},
};

static PyType_Slot shared_slots[] = {
    {Py_tp_new, shared_refuse},
    {Py_tp_dealloc, ait_ring_dealloc},
    {Py_tp_traverse, ait_ring_traverse},
    {Py_tp_clear, ait_ring_clear},
    {Py_tp_repr, shared_repr},
    {Py_tp_methods, shared_methods},
    {Py_tp_getset, shared_getset},
    {Py_tp_members, ring_members},
    {0, NULL},
};

PyType_Spec ait_shared_spec = {
    .name = "aitertools._core.Shared",
    .basicsize = sizeof(ait_ring),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = shared_slots,
};

static PyStructSequence_Field stats_fields[] = {
    {"subscribers", "streams that read it"},
    {"lag", "items that the slowest of them has not read yet"},
    {"published", "items so far"},
    {"dropped", "items that a subscriber missed, added up over all"},
    {NULL, NULL},
};

static PyStructSequence_Desc stats_desc = {
    .name = "aitertools.TopicStats",
    .doc = "What Topic.stats() and Shared.stats() return.",
    .fields = stats_fields,
    .n_in_sequence = 4,
};

static int
make_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec)
{
    *place = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *place == NULL ? -1 : 0;
}

int
ait_ring_types(PyObject *module)
{
    ait_state *st = ait_state_from(module);
    if (make_type(module, &st->ring_type, &ait_ring_spec) < 0 ||
        make_type(module, &st->seat_type, &ait_seat_spec) < 0 ||
        make_type(module, &st->shared_type, &ait_shared_spec) < 0 ||
        make_type(module, &st->topic_type, &ait_topic_spec) < 0) {
        return -1;
    }
    st->topic_stats_type = PyStructSequence_NewType(&stats_desc);
    return st->topic_stats_type == NULL || PyModule_AddType(module, st->topic_stats_type) < 0 ||
                   PyModule_AddType(module, st->shared_type) < 0 ||
                   PyModule_AddType(module, st->topic_type) < 0
               ? -1
               : 0;
}

PyMethodDef ait_share_functions[] = {
    {"tee", tee_new, METH_VARARGS,
     PyDoc_STR("tee($module, source, n, maxlag, overflow, /)\n--\n\n")},
    {"share", share_new, METH_VARARGS,
     PyDoc_STR("share($module, cls, source, maxlag, overflow, replay, balance, stay, /)\n--\n\n")},
    {"partition", AIT_FASTCALL(partition_new),
     PyDoc_STR("partition($module, source, pred, /)\n--\n\n")},
    {NULL},
};
