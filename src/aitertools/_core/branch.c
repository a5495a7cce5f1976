/* Group, what makes streams of one stream: groupby.
 *
 * These streams read a hub, an operator that nobody else sees:
 *
 *      groupby ---owns---> hub ---> source           A group ends when its key does;
 *      group --borrows---> hub                       groupby closes the hub.
 *
 * The gate of the hub is what keeps several tasks or threads apart.
 */
#include "valued.h"

/* A hub, or a path to one: like any operator, but not a Stream. */
static ait_op *
new_hidden(ait_state *st, const ait_kind *kind, ait_op *source)
{
    if (source == NULL) {
        return NULL;
    }
    ait_op *op = ait_new_as(st, st->op_type, kind);
    if (op == NULL) {
        Py_DECREF(source);
        return NULL;
    }
    op->refs[0] = (PyObject *)source;
    return (ait_op *)ait_ready(op);
}

/* ---- groupby: (key, stream of the adjacent items that have it) ---------------------------------
 *
 *      source   a a B b A  |
 *      groupby  a:  b:  a: |
 *               a a|
 *                   B b|
 *                       A  |
 *
 * The hub holds at most one item, with its key: the next one, of whatever group. What it holds is
 * looked at and taken only by who has taken the hub itself, so that it belongs to one.
 */
typedef struct {
    AIT_VALUED_HEAD;
    PyObject *next;   /* the item that is next, else NULL                           */
    PyObject *key;    /* its key                                                    */
    PyObject *target; /* the key of the last group that was begun, or NULL          */
    Py_ssize_t turn;  /* counts how often groupby went on: a group lasts for one    */
} group_hub;

typedef struct {
    AIT_OP_HEAD;
    group_hub *hub;
    ait_op *source; /* the hub's: closed with it, here for repr and stats */
    PyObject *fn;
} groupby_op;

typedef struct {
    AIT_OP_HEAD;
    group_hub *hub;
    PyObject *key;
    Py_ssize_t turn;
} group_op;

/* Have the next item and its key; what is answered is None. */
static PySendResult
group_hub_step(ait_op *self, ait_drive *d, PyObject **out)
{
    group_hub *hub = (group_hub *)self;
    if (hub->next == NULL) {
        PyObject *key;
        PySendResult r = ait_pull_valued(self, d, out, &key);
        if (r == PYGEN_RETURN && *out == NULL) { /* the end: no key is needed any more */
            Py_CLEAR(hub->key);
            Py_CLEAR(hub->target);
        }
        if (r != PYGEN_RETURN || *out == NULL) {
            return r;
        }
        hub->next = *out;
        Py_XSETREF(hub->key, key);
    }
    *out = Py_NewRef(Py_None);
    return PYGEN_RETURN;
}

static const ait_kind group_hub_kind = {
    .name = "groupby", .step = group_hub_step,
    .nwords = AIT_WORDS(group_hub), .nrefs = 6, .nowned = 1,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(group_hub, fn),
};

/* Whether the next item has that key; one whose key fails to tell is gone: 1, 0, or -1. */
static int
has_key(group_hub *hub, PyObject *key)
{
    int same = PyObject_RichCompareBool(key, hub->key, Py_EQ);
    if (same < 0) {
        Py_CLEAR(hub->next);
    }
    return same;
}

/* Take the hub, to look at what it has; false with an exception when somebody else uses it. */
static bool
enter(group_hub *hub, ait_drive *d)
{
    if (!ait_flag_take(&hub->busy)) {
        d->refused = true;
        PyErr_SetString(PyExc_RuntimeError, "groupby(): already running");
        return false;
    }
    return true;
}

/* Whether the hub has to be pulled first; also where it has ended or is to be closed. */
static bool
is_empty(group_hub *hub)
{
    return hub->next == NULL || ait_has((ait_op *)hub, AIT_UNUSUAL);
}

/* The group's next item, or its end. PYGEN_NEXT: the hub has to be pulled first. */
static PySendResult
look_for_item(group_op *op, PyObject **out)
{
    group_hub *hub = op->hub;
    *out = NULL;
    if (op->turn != hub->turn) {
        return PYGEN_RETURN;
    }
    if (is_empty(hub)) {
        return PYGEN_NEXT;
    }
    int same = has_key(hub, op->key);
    if (same > 0) {
        *out = hub->next;
        hub->next = NULL;
    }
    return same < 0 ? PYGEN_ERROR : PYGEN_RETURN;
}

static PySendResult
group_step(ait_op *self, ait_drive *d, PyObject **out)
{
    group_op *op = (group_op *)self;
    for (;;) {
        if (!d->resuming) {
            *out = NULL;
            if (!enter(op->hub, d)) {
                return PYGEN_ERROR;
            }
            PySendResult r = look_for_item(op, out);
            ait_flag_drop(&op->hub->busy);
            if (r != PYGEN_NEXT) {
                return r;
            }
        }
        PyObject *ready;
        AIT_PULL((ait_op *)op->hub, ready);
        Py_DECREF(ready);
    }
}

static const ait_kind group_kind = {
    .name = "group", .step = group_step,
    .nwords = AIT_WORDS(group_op), .nrefs = 2, .nowned = 1,
};

/* (key, group) for the next item. */
static PyObject *
begin_group(group_hub *hub, ait_state *st)
{
    group_op *op = (group_op *)ait_new_on(st, &group_kind, (ait_op *)Py_NewRef((PyObject *)hub));
    if (op == NULL) {
        return NULL;
    }
    ait_bits_change(&op->flags, AIT_BORROWED, 0);
    op->key = Py_NewRef(hub->key);
    op->turn = hub->turn;
    PyObject *group = ait_ready((ait_op *)op);
    PyObject *pair = group == NULL ? NULL : PyTuple_Pack(2, hub->key, group);
    Py_XDECREF(group);
    if (pair != NULL) {
        Py_XSETREF(hub->target, Py_NewRef(hub->key));
    }
    return pair;
}

/* The next group, if the next item begins one. PYGEN_NEXT: the hub has to be pulled first. */
static PySendResult
look_for_group(group_hub *hub, ait_state *st, PyObject **out)
{
    *out = NULL;
    if (is_empty(hub)) {
        return PYGEN_NEXT;
    }
    int same = hub->target == NULL ? 0 : has_key(hub, hub->target);
    if (same == 0) {
        *out = begin_group(hub, st);
        return *out == NULL ? PYGEN_ERROR : PYGEN_RETURN;
    }
    Py_CLEAR(hub->next); /* left over from the group before */
    return same < 0 ? PYGEN_ERROR : PYGEN_NEXT;
}

static PySendResult
groupby_step(ait_op *self, ait_drive *d, PyObject **out)
{
    group_hub *hub = ((groupby_op *)self)->hub;
    int goes_on = !d->resuming;
    for (;;) {
        if (!d->resuming) {
            *out = NULL;
            if (!enter(hub, d)) {
                return PYGEN_ERROR;
            }
            hub->turn += goes_on; /* the group before, if there is one, ends here */
            goes_on = 0;
            PySendResult r = look_for_group(hub, d->st, out);
            ait_flag_drop(&hub->busy);
            if (r != PYGEN_NEXT) {
                return r;
            }
        }
        PyObject *ready;
        AIT_PULL((ait_op *)hub, ready);
        Py_DECREF(ready);
    }
}

static const ait_kind groupby_kind = {
    .name = "groupby", .step = groupby_step,
    .nwords = AIT_WORDS(groupby_op), .nrefs = 3, .nowned = 2,
    .arg = AIT_ARG_NAME, .arg_at = AIT_WORD_AT(groupby_op, fn),
};

/* The function given as args[1]; None stands for the item itself. */
static bool
check_optional_fn(PyObject *const *args, Py_ssize_t nargs, const char *who)
{
    return ait_check_count(nargs, 2, 2, who) &&
           (args[1] == Py_None || ait_check_callable(args[1], who));
}

static PyObject *
groupby_new(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ait_state *st = ait_state_from(module);
    if (!check_optional_fn(args, nargs, "groupby")) {
        return NULL;
    }
    group_hub *hub =
        (group_hub *)new_hidden(st, &group_hub_kind, ait_source(st, args[0], "groupby"));
    groupby_op *op = (groupby_op *)ait_new_on(st, &groupby_kind, (ait_op *)hub);
    if (op == NULL) {
        return NULL;
    }
    hub->fn = args[1] != Py_None ? Py_NewRef(args[1]) : NULL;
    op->fn = Py_XNewRef(hub->fn);
    op->source = (ait_op *)Py_NewRef((PyObject *)hub->source);
    return ait_ready((ait_op *)op);
}

/* ---- what Python sees ----------------------------------------------------------------------- */

PyMethodDef ait_branch_functions[] = {
    {"groupby", AIT_FASTCALL(groupby_new), PyDoc_STR("groupby($module, source, key, /)\n--\n\n")},
    {NULL},
};
