/* Orders: first in first out, last in first out, and lowest first. */
#include "queue.h"

/* ---- a ring ---------------------------------------------------------------------------------- */

static Py_ssize_t
ring_index(const ait_store *s, Py_ssize_t i)
{
    return (s->head + i) & (s->room - 1);
}

static bool
ring_resize(ait_store *s, Py_ssize_t room)
{
    PyObject **items = PyMem_New(PyObject *, room);
    if (items == NULL) {
        return false;
    }
    for (Py_ssize_t i = 0; i < s->size; i++) {
        items[i] = s->items[ring_index(s, i)];
    }
    PyMem_Free(s->items);
    s->items = items;
    s->head = 0;
    s->room = room;
    return true;
}

/* One item less: give memory back once most of it is idle, so that one long backlog does not keep
 * it for good. */
static void
shrink(ait_store *s, bool (*resize)(ait_store *s, Py_ssize_t room))
{
    enum { KEPT = 64 };
    s->size--;
    if (s->room > KEPT && s->size < s->room / 8) {
        (void)resize(s, s->room / 2); /* or not, if there is no memory to do so */
    }
}

static int
ring_add(ait_queue *q, PyObject *item)
{
    ait_store *s = &q->store;
    if (s->size == s->room && !ring_resize(s, s->room == 0 ? 8 : 2 * s->room)) {
        PyErr_NoMemory();
        return -1;
    }
    s->items[ring_index(s, s->size++)] = Py_NewRef(item);
    return 0;
}

static PyObject *
ring_take_first(ait_queue *q)
{
    ait_store *s = &q->store;
    PyObject *item = s->items[s->head];
    s->head = (s->head + 1) & (s->room - 1);
    shrink(s, ring_resize);
    return item;
}

static PyObject *
ring_take_last(ait_queue *q)
{
    ait_store *s = &q->store;
    PyObject *item = s->items[ring_index(s, s->size - 1)];
    shrink(s, ring_resize);
    return item;
}

static PyObject *
ring_first(const ait_queue *q)
{
    return q->store.items[q->store.head];
}

static PyObject *
ring_last(const ait_queue *q)
{
    return q->store.items[ring_index(&q->store, q->store.size - 1)];
}

const ait_order ait_fifo = {
    .name = "Queue", .add = ring_add,
    .take = ring_take_first, .take_oldest = ring_take_first, .next = ring_first,
};

const ait_order ait_lifo = {
    .name = "LifoQueue", .add = ring_add,
    .take = ring_take_last, .take_oldest = ring_take_first, .next = ring_last,
};

/* ---- a heap ----------------------------------------------------------------------------------
 *
 * Comparing calls Python, which may raise: so where everything will go is found first, and then
 * moved in one go. Nobody else changes the heap meanwhile (ait_queue_enter).
 */

/* Whether a, which arrived at that number, comes before b: 1, 0, or -1. Equal ones keep their
 * order. */
static int
comes_before(PyObject *a, uint64_t a_arrival, PyObject *b, uint64_t b_arrival)
{
    int less = PyObject_RichCompareBool(a, b, Py_LT);
    if (less != 0 || a_arrival > b_arrival) {
        return less;
    }
    int more = PyObject_RichCompareBool(b, a, Py_LT);
    return more < 0 ? -1 : !more;
}

static void
heap_set(ait_store *s, Py_ssize_t at, PyObject *item, uint64_t arrival)
{
    s->items[at] = item;
    s->arrivals[at] = arrival;
}

static bool
heap_resize(ait_store *s, Py_ssize_t room)
{
    PyObject **items = PyMem_New(PyObject *, room);
    uint64_t *arrivals = PyMem_New(uint64_t, room);
    if (items == NULL || arrivals == NULL) {
        PyMem_Free(items);
        PyMem_Free(arrivals);
        return false;
    }
    if (s->size > 0) {
        memcpy(items, s->items, s->size * sizeof(*items));
        memcpy(arrivals, s->arrivals, s->size * sizeof(*arrivals));
    }
    PyMem_Free(s->items);
    PyMem_Free(s->arrivals);
    s->items = items;
    s->arrivals = arrivals;
    s->room = room;
    return true;
}

/* Where, on the way up from the hole `at`, the item belongs; -1 on error. */
static Py_ssize_t
place_above(const ait_store *s, Py_ssize_t at, PyObject *item, uint64_t arrival)
{
    while (at > 0) {
        Py_ssize_t parent = (at - 1) / 2;
        int before = comes_before(item, arrival, s->items[parent], s->arrivals[parent]);
        if (before < 0) {
            return -1;
        }
        if (before == 0) {
            break;
        }
        at = parent;
    }
    return at;
}

/* Move what lies between `from` and `to`, its ancestor, down by one, and put the item at `to`. */
static void
move_down(ait_store *s, Py_ssize_t from, Py_ssize_t to, PyObject *item, uint64_t arrival)
{
    while (from > to) {
        Py_ssize_t parent = (from - 1) / 2;
        heap_set(s, from, s->items[parent], s->arrivals[parent]);
        from = parent;
    }
    heap_set(s, to, item, arrival);
}

static int
heap_add(ait_queue *q, PyObject *item)
{
    ait_store *s = &q->store;
    if (s->size == s->room && !heap_resize(s, s->room == 0 ? 8 : 2 * s->room)) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t to = place_above(s, s->size, item, q->put);
    if (to < 0) {
        return -1;
    }
    move_down(s, s->size, to, Py_NewRef(item), q->put);
    s->size++;
    return 0;
}

/* Where, on the way down from the hole `at`, the last item belongs once it is taken off the end;
 * -1 on error. */
static Py_ssize_t
place_below(const ait_store *s, Py_ssize_t at)
{
    Py_ssize_t last = s->size - 1, child;
    while ((child = 2 * at + 1) < last) {
        if (child + 1 < last) {
            int other = comes_before(s->items[child + 1], s->arrivals[child + 1], s->items[child],
                                     s->arrivals[child]);
            if (other < 0) {
                return -1;
            }
            child += other;
        }
        int before = comes_before(s->items[child], s->arrivals[child], s->items[last],
                                  s->arrivals[last]);
        if (before < 0) {
            return -1;
        }
        if (before == 0) {
            break;
        }
        at = child;
    }
    return at;
}

/* Move what lies between `from` and `to`, its descendant, up by one, and put the last item
 * there. */
static void
move_up(ait_store *s, Py_ssize_t from, Py_ssize_t to)
{
    Py_ssize_t last = s->size - 1;
    /* The way from `to` up to `from`, written down to be walked the other way. */
    Py_ssize_t way[8 * sizeof(Py_ssize_t)], n = 0;
    for (Py_ssize_t at = to; at > from; at = (at - 1) / 2) {
        way[n++] = at;
    }
    while (n > 0) {
        Py_ssize_t child = way[--n];
        heap_set(s, from, s->items[child], s->arrivals[child]);
        from = child;
    }
    heap_set(s, from, s->items[last], s->arrivals[last]);
}

static PyObject *
heap_take_at(ait_queue *q, Py_ssize_t at)
{
    ait_store *s = &q->store;
    PyObject *item = s->items[at];
    Py_ssize_t last = s->size - 1;
    if (at == last) {
        shrink(s, heap_resize);
        return item;
    }
    Py_ssize_t to = place_below(s, at);
    if (to == at) { /* it does not belong below: perhaps above, when it comes of another branch */
        to = place_above(s, at, s->items[last], s->arrivals[last]);
    }
    if (to < 0) {
        return NULL;
    }
    if (to > at) {
        move_up(s, at, to);
    }
    else {
        move_down(s, at, to, s->items[last], s->arrivals[last]);
    }
    shrink(s, heap_resize);
    return item;
}

static PyObject *
heap_take_first(ait_queue *q)
{
    return heap_take_at(q, 0);
}

static PyObject *
heap_take_oldest(ait_queue *q)
{
    const ait_store *s = &q->store;
    Py_ssize_t oldest = 0;
    for (Py_ssize_t i = 1; i < s->size; i++) {
        if (s->arrivals[i] < s->arrivals[oldest]) {
            oldest = i;
        }
    }
    return heap_take_at(q, oldest);
}

static void
heap_unadd(ait_queue *q)
{
    ait_store *s = &q->store;
    Py_ssize_t newest = 0;
    for (Py_ssize_t i = 1; i < s->size; i++) {
        if (s->arrivals[i] > s->arrivals[newest]) {
            newest = i;
        }
    }
    Py_DECREF(s->items[newest]);
    if (newest < s->size - 1) {
        move_up(s, newest, s->size - 1); /* the way that heap_add() moved down */
    }
    s->size--;
}

static PyObject *
heap_first(const ait_queue *q)
{
    return q->store.items[0];
}

const ait_order ait_priority = {
    .name = "PriorityQueue", .compares = true, .add = heap_add,
    .take = heap_take_first, .take_oldest = heap_take_oldest, .unadd = heap_unadd,
    .next = heap_first,
};

/* ---- one thread at a time -------------------------------------------------------------------- */

int
ait_queue_enter(ait_queue *q)
{
    if (!q->order->compares) {
        return 0;
    }
    unsigned long me = PyThread_get_thread_ident();
    if (__atomic_load_n(&q->sorting, __ATOMIC_RELAXED) == me) {
        PyErr_Format(PyExc_RuntimeError, "%s: used from a comparison of its items",
                     q->order->name);
        return -1;
    }
    PyObject *taken = PyObject_CallMethodNoArgs(q->sorter, q->st->str_acquire);
    if (taken == NULL) {
        return -1;
    }
    Py_DECREF(taken);
    __atomic_store_n(&q->sorting, me, __ATOMIC_RELAXED);
    return 0;
}

void
ait_queue_leave(ait_queue *q)
{
    if (!q->order->compares) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    __atomic_store_n(&q->sorting, 0, __ATOMIC_RELAXED);
    PyObject *done = PyObject_CallMethodNoArgs(q->sorter, q->st->str_release);
    if (done == NULL) {
        PyErr_WriteUnraisable((PyObject *)q);
    }
    Py_XDECREF(done);
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
}
