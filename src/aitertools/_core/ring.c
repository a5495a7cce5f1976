/* Rings: items, cursors, and the policies for those who lag. */
#include "ring.h"

enum { SMALL = 8, LARGE = 1024 }; /* rooms: the first one; one that is given back when empty */

static inline ait_slot *
slot_at(const ait_ring *ring, int64_t number)
{
    return &ring->slots[number & (ring->room - 1)];
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void
note_freed(ait_freed *freed, PyObject *item)
{
    if (item != NULL) {
        freed->items[freed->n++] = item;
    }
}

static bool
is_full(const ait_freed *freed)
{
    return freed->n + 2 >= (int)Py_ARRAY_LENGTH(freed->items); /* two that must be noted */
}

/* Whether new readers may get it. */
static bool
is_replayed(const ait_ring *ring, int64_t number)
{
    return number >= ring->next - ring->replay;
}

void
ait_ring_trim(ait_ring *ring, ait_freed *freed)
{
    while (ring->unread < ring->next && slot_at(ring, ring->unread)->left == 0) {
        ring->unread++;
    }
    while (ring->base < ring->unread && !is_replayed(ring, ring->base) && !is_full(freed)) {
        ait_slot *slot = slot_at(ring, ring->base++);
        note_freed(freed, slot->item);
        slot->item = NULL;
    }
}

/* Give the memory back that a long lag took; not while a pull has its slot reserved. */
static void
shrink(ait_ring *ring)
{
    if (ring->base == ring->next && ring->room >= LARGE && !ring->pulling) {
        PyMem_Free(ring->slots);
        ring->slots = NULL;
        ring->room = 0;
    }
}

void
ait_ring_drop_freed(ait_ring *ring, ait_freed *freed)
{
    bool more;
    do {
        more = is_full(freed);
        while (freed->n > 0) {
            Py_DECREF(freed->items[--freed->n]);
        }
        if (more) {
            AIT_LOCK(ring);
            ait_ring_trim(ring, freed);
            AIT_UNLOCK();
        }
    } while (more);
}

int
ait_ring_reserve(ait_ring *ring)
{
    if (ring->next - ring->base < ring->room) {
        return 0;
    }
    int64_t room = ring->room == 0 ? SMALL : 2 * ring->room;
    if ((uint64_t)room > PY_SSIZE_T_MAX / sizeof(ait_slot)) {
        return -1;
    }
    ait_slot *slots = PyMem_Calloc((size_t)room, sizeof(ait_slot));
    if (slots == NULL) {
        return -1;
    }
    for (int64_t n = ring->base; n < ring->next; n++) {
        slots[n & (room - 1)] = *slot_at(ring, n);
    }
    PyMem_Free(ring->slots);
    ring->slots = slots;
    ring->room = room;
    return 0;
}

int64_t
ait_ring_space(const ait_ring *ring)
{
    bool waits = ring->maxlag != 0 && ring->overflow == AIT_RING_WAIT;
    return waits ? Py_MAX(0, ring->maxlag - (ring->next - ring->unread)) : INT64_MAX;
}

/* ---- readers --------------------------------------------------------------------------------- */

void
ait_ring_join(ait_ring *ring, ait_seat *seat)
{
    seat->cursor = ring->balance ? ring->unread : Py_MAX(ring->base, ring->next - ring->replay);
    for (int64_t n = seat->cursor; n < ring->next && !ring->balance; n++) {
        slot_at(ring, n)->left++;
    }
    ring->unread = Py_MIN(ring->unread, seat->cursor);
    seat->after = ring->seats;
    if (ring->seats != NULL) {
        ring->seats->before = seat;
    }
    ring->seats = seat;
    ring->n_reading++;
    ring->n_staying++;
    seat->told = -1;
    seat->reads = seat->stays = true;
}

/* It has no share of the items any more; what it has not read lies before seat->until. */
static void
stop_reading(ait_ring *ring, ait_seat *seat)
{
    *(seat->before != NULL ? &seat->before->after : &ring->seats) = seat->after;
    if (seat->after != NULL) {
        seat->after->before = seat->before;
    }
    seat->before = seat->after = NULL;
    seat->reads = false;
    seat->cursor = Py_MAX(seat->cursor, ring->unread);
    seat->until = ring->balance ? seat->cursor : ring->next;
    ring->n_reading--;
}

static bool
is_for(const ait_ring *ring, const ait_slot *slot, const ait_seat *seat)
{
    return !ring->sided || slot->side == seat->side || slot->side == AIT_BOTH_SIDES;
}

void
ait_ring_give_back(ait_ring *ring, ait_seat *seat, ait_freed *freed)
{
    seat->cursor = Py_MAX(seat->cursor, ring->unread); /* as drop_oldest may have gone on */
    while (seat->cursor < seat->until && !is_full(freed)) {
        ait_slot *slot = slot_at(ring, seat->cursor);
        if (is_for(ring, slot, seat) && --slot->left == 0 && !is_replayed(ring, seat->cursor)) {
            note_freed(freed, slot->item);
            slot->item = NULL;
        }
        seat->cursor++;
    }
    ait_ring_trim(ring, freed);
    shrink(ring);
}

bool
ait_ring_leave(ait_ring *ring, ait_seat *seat)
{
    if (seat->reads) {
        stop_reading(ring, seat);
    }
    if (seat->leads) {
        seat->leads = false;
        ring->pulling = false;
        ring->news = true;
    }
    if (!seat->stays) {
        return false;
    }
    seat->stays = false;
    ring->n_staying--;
    if (ring->n_staying > 0 || ring->stay || ring->closed || ring->carrier.source == NULL) {
        return false;
    }
    ring->closed = true;
    ait_ring_end(ring);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The oldest item makes room; who has not read it misses it. */
static void
drop_oldest(ait_ring *ring)
{
    ait_slot *slot = slot_at(ring, ring->unread++);
    ring->dropped += slot->left;
    slot->left = 0;
}

/* Who has not read the oldest item is thrown out: it misses that, all after it, and the next. Who
 * has left, but is only about to give it back, does not hold it any longer. */
static void
disconnect(ait_ring *ring)
{
    ait_seat *after;
    for (ait_seat *seat = ring->seats; seat != NULL; seat = after) {
        after = seat->after;
        if (seat->cursor <= ring->unread) {
            stop_reading(ring, seat);
            for (int64_t n = seat->cursor; n < seat->until; n++) {
                slot_at(ring, n)->left--;
            }
            seat->missed = seat->until + 1 - seat->cursor;
            seat->until = 0;
            ring->dropped += (uint64_t)seat->missed;
        }
    }
    slot_at(ring, ring->unread)->left = 0;
}

static uint32_t
how_many_read(const ait_ring *ring, uint8_t side)
{
    if (!ring->sided || side == AIT_BOTH_SIDES) {
        return ring->balance ? 1 : ring->n_reading;
    }
    uint32_t n = 0;
    for (ait_seat *seat = ring->seats; seat != NULL; seat = seat->after) {
        n += seat->side == side;
    }
    return n;
}

void
ait_ring_append(ait_ring *ring, PyObject *item, bool failed, ait_freed *freed)
{
    if (ring->maxlag != 0 && ring->overflow != AIT_RING_WAIT && !ring->balance) {
        while (ring->next - ring->unread >= ring->maxlag) {
            (ring->overflow == AIT_RING_DISCONNECT ? disconnect : drop_oldest)(ring);
            ait_ring_trim(ring, freed);
        }
    }
    if (ring->failure != NULL) { /* it was not the last of all */
        note_freed(freed, ring->failure);
        ring->failure = NULL;
    }
    if (failed) {
        ring->failure = Py_NewRef(item);
        ring->failed_at = ring->next;
    }
    ait_slot *slot = slot_at(ring, ring->next++);
    slot->item = item;
    slot->failed = failed;
    slot->side = !ring->sided ? 0
                 : failed     ? AIT_BOTH_SIDES
                              : (uint8_t)((ait_judge *)ring->carrier.source)->side;
    slot->left = how_many_read(ring, slot->side);
    if (slot->left == 0 && ring->replay == 0) {
        note_freed(freed, item);
        slot->item = NULL;
    }
    ring->news = true;
    ait_ring_trim(ring, freed);
}

void
ait_ring_end(ait_ring *ring)
{
    ring->ended = true;
    ring->news = true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static PyObject *
take(ait_ring *ring, ait_seat *seat, ait_freed *freed)
{
    int64_t number = seat->cursor++;
    ait_slot *slot = slot_at(ring, number);
    if (slot->failed) {
        seat->told = number;
    }
    PyObject *item = slot->item;
    if (--slot->left > 0) {
        return Py_NewRef(item);
    }
    if (is_replayed(ring, number)) {
        Py_INCREF(item);
    }
    else {
        slot->item = NULL;
    }
    ait_ring_trim(ring, freed);
    shrink(ring);
    return item;
}

static bool
can_be_pulled(const ait_ring *ring)
{
    return ring->carrier.source != NULL && !ring->pulling && !ring->ended &&
           ait_ring_space(ring) > 0;
}

/* Bring the cursor to the next item that is for this reader; how many items it has missed. */
static int64_t
move_on(ait_ring *ring, ait_seat *seat)
{
    if (ring->balance) {
        seat->cursor = ring->unread;
        return 0;
    }
    int64_t missed = ring->unread - seat->cursor;
    if (missed > 0 && !ring->sided) {
        seat->cursor = ring->unread;
        return missed;
    }
    while (ring->sided && seat->cursor < ring->next &&
           (seat->cursor < ring->unread || !is_for(ring, slot_at(ring, seat->cursor), seat))) {
        seat->cursor++;
    }
    return 0;
}

/* In balance: whether it is this one's turn, to have an item or to pull one. */
static bool
is_its_turn(const ait_ring *ring, const ait_waiter *waiter)
{
    int64_t there = ring->next - ring->unread + can_be_pulled(ring);
    return !ring->balance || ring->ended ||
           ait_line_may(&ring->readers, waiter, (Py_ssize_t)there);
}

ait_reading
ait_ring_read(ait_ring *ring, ait_seat *seat, ait_waiter *waiter, PyObject **out, int64_t *missed,
              ait_freed *freed)
{
    if (seat->missed != 0 || !seat->reads) {
        *missed = seat->missed;
        seat->missed = -1;
        return *missed > 0 ? AIT_READ_LAG : AIT_READ_END;
    }
    *missed = move_on(ring, seat);
    if (*missed > 0) {
        return AIT_READ_LAG;
    }
    if (!is_its_turn(ring, waiter)) {
        return AIT_READ_WAIT;
    }
    if (seat->cursor < ring->next) {
        bool failed = slot_at(ring, seat->cursor)->failed;
        *out = take(ring, seat, freed);
        return failed ? AIT_READ_ERROR : AIT_READ_ITEM;
    }
    if (ring->ended) {
        if (ring->failure == NULL || seat->told >= ring->failed_at) {
            return AIT_READ_END;
        }
        seat->told = ring->failed_at;
        *out = Py_NewRef(ring->failure);
        return AIT_READ_ERROR;
    }
    if (!can_be_pulled(ring)) {
        return AIT_READ_WAIT;
    }
    if (ait_ring_reserve(ring) < 0) {
        return AIT_READ_FAIL;
    }
    ring->pulling = seat->leads = true;
    ring->spot = PyThread_get_thread_ident();
    return AIT_READ_LEAD;
}

/* All that wait have to look when there is something new, or when one of them has to pull; in
 * balance as many as there are items, and one to pull. */
void
ait_ring_balance(PyObject *self, ait_calls *calls)
{
    ait_ring *ring = (ait_ring *)self;
    ait_line *line = &ring->readers;
    bool lead = line->waiting.n > 0 && can_be_pulled(ring);
    int64_t there = ring->ended ? INT64_MAX : ring->next - ring->unread + lead;
    while (line->waiting.n > 0 &&
           (ring->balance ? line->called.n < there : ring->news || lead)) {
        if (!ait_line_call(line, calls)) {
            return;
        }
    }
    ring->news = false;
    while (ring->publishers.waiting.n > 0 &&
           (ring->ended || ring->publishers.called.n < ait_ring_space(ring))) {
        if (!ait_line_call(&ring->publishers, calls)) {
            return;
        }
    }
}

/* ---- errors ---------------------------------------------------------------------------------- */

PyObject *
ait_ring_fetch_error(void)
{
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *tb = PyException_GetTraceback(exc);
    PyObject *entry = PyTuple_Pack(2, exc, tb != NULL ? tb : Py_None);
    Py_XDECREF(tb);
    Py_DECREF(exc);
    return entry;
}

void
ait_ring_raise(PyObject *entry)
{
    PyObject *exc = PyTuple_GET_ITEM(entry, 0);
    PyException_SetTraceback(exc, PyTuple_GET_ITEM(entry, 1));
    PyErr_SetRaisedException(Py_NewRef(exc));
}

/* ---- the end of a ring ----------------------------------------------------------------------- */

int
ait_ring_traverse(PyObject *self, visitproc visit, void *arg)
{
    ait_ring *ring = (ait_ring *)self;
    Py_VISIT(Py_TYPE(self));
    for (int64_t n = ring->base; n < ring->next; n++) {
        Py_VISIT(slot_at(ring, n)->item);
    }
    Py_VISIT(ring->failure);
    Py_VISIT(ring->spare);
    int stop = ait_line_traverse(&ring->readers, visit, arg);
    if (stop == 0) {
        stop = ait_line_traverse(&ring->publishers, visit, arg);
    }
    return stop != 0 ? stop : ait_carry_traverse(&ring->carrier, visit, arg);
}

int
ait_ring_clear(PyObject *self)
{
    ait_ring *ring = (ait_ring *)self;
    ring->ended = ring->closed = true;
    for (ait_seat *seat = ring->seats; seat != NULL; seat = seat->after) {
        seat->missed = -1; /* it sees the end */
    }
    ait_carry_drop(self, &ring->carrier, ring->st);
    for (int64_t n = ring->base; n < ring->next; n++) {
        Py_CLEAR(slot_at(ring, n)->item);
    }
    Py_CLEAR(ring->failure);
    Py_CLEAR(ring->spare);
    return 0;
}

void
ait_ring_dealloc(PyObject *self)
{
    ait_ring *ring = (ait_ring *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, ait_ring_dealloc)
    if (ring->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    (void)ait_ring_clear(self);
    PyMem_Free(ring->slots);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}
