/* follow.c - which steps can be drawn: from the column module's looks into the priorities.
 *
 * Idea: every process that samples looks at the slots that changed, and says in the shared block what it finds. Slots
 * go one way only: no step, a step, gone; so a process that is behind can neither bring back what is gone nor say
 * anything twice. Chunk numbers only rise: a seat belongs to the greatest that anybody saw in it.
 */
#include "replay.h"

#define PIECE 256u
#define LOOKS 64u

/* Leaves found in one pass over slots. */
typedef struct epi__findings {
    uint32_t leaves[PIECE];
    double values[PIECE];
    size_t count;
} findings;

static void add_found(epi_replay *replay, findings *found) {
    epi__priorities_set(&replay->priorities, found->leaves, found->values, found->count);
    replay->priorities.head->counts.inserted += found->count;
    found->count = 0;
}

static void clear_found(epi_replay *replay, findings *found) {
    epi__priorities_clear(&replay->priorities, found->leaves, EPI__RAW_GONE, found->count);
    found->count = 0;
}

/* What the priority column says of a new step, or else the greatest priority that was seen. */
static double priority_of(const epi_replay *replay, const uint8_t *data, uint32_t slot) {
    const epi__layout *layout = replay->layout;
    const double greatest = replay->priorities.head->counts.greatest;
    double value = -1;
    if (layout->priority >= 0) {
        const void *at = epi__slot_at(layout, data, layout->priority, slot);
        if (layout->columns[layout->priority].width == sizeof(float)) {
            float narrow;
            memcpy(&narrow, at, sizeof narrow);
            value = (double)narrow;
        } else {
            memcpy(&value, at, sizeof value);
        }
    }
    if (value >= 0) return value;
    return greatest > 0 ? greatest : replay->options.initial_priority;
}

static void set_key(epi_replay *replay, uint32_t leaf, const uint8_t *data, uint32_t slot) {
    const uint32_t sampler = replay->priorities.kind.sampler;
    if (sampler != EPI_SAMPLER_FIFO && sampler != EPI_SAMPLER_LIFO) return;
    const double at = (double)epi__slot_ingested(replay->layout, data, slot);
    replay->priorities.keys[leaf] = sampler == EPI_SAMPLER_FIFO ? -at : at;
}

static void clear_gone(epi_replay *replay, const epi__chunk *chunk, uint32_t first, uint32_t end) {
    const uint32_t base = chunk->seat << replay->layout->shift;
    findings gone = {.count = 0};
    for (uint32_t slot = first; slot < end; slot++) {
        if (!epi__slot_is_gone(chunk, slot) || replay->priorities.raw[base + slot] == EPI__RAW_GONE) continue;
        gone.leaves[gone.count++] = base + slot;
        if (gone.count == PIECE) clear_found(replay, &gone);
    }
    clear_found(replay, &gone);
}

static void add_ready(epi_replay *replay, const epi__chunk *chunk, const uint8_t *data, uint32_t first, uint32_t end) {
    const uint32_t base = chunk->seat << replay->layout->shift;
    findings ready = {.count = 0};
    for (uint32_t slot = first; slot < end; slot++) {
        if (replay->priorities.raw[base + slot] != EPI__RAW_NONE) continue;
        if (!epi__slot_is_ready(replay->layout, chunk, data, slot)) continue;
        ready.leaves[ready.count] = base + slot;
        ready.values[ready.count++] = priority_of(replay, data, slot);
        set_key(replay, base + slot, data, slot);
        if (ready.count == PIECE) add_found(replay, &ready);
    }
    add_found(replay, &ready);
}

/* This process's view of a seat, with room for it in the block. */
static epi_status see_seat(epi_replay *replay, uint32_t seat, uint64_t chunk) {
    if (seat >= replay->seat_count) {
        const size_t count = EPI__MAX(replay->seat_count * 2, (size_t)seat + 64);
        epi__seat_view *grown = epi__realloc(replay->seats, count, sizeof *grown);
        if (!grown) return epi__fail_memory("replay", count * sizeof *grown);
        memset(grown + replay->seat_count, 0, (count - replay->seat_count) * sizeof *grown);
        replay->seats = grown;
        replay->seat_count = count;
    }
    epi__seat_view *view = &replay->seats[seat];
    if (view->chunk == chunk) return EPI_OK;
    if (chunk && !epi__map_put(&replay->seat_of, chunk, seat)) return epi__fail_memory("replay", sizeof *view);
    if (view->chunk) (void)epi__map_remove(&replay->seat_of, view->chunk);
    *view = (epi__seat_view){chunk, 0};
    return epi__priorities_reserve(&replay->priorities, ((size_t)seat + 1) << replay->layout->shift);
}

/* The seat is this chunk's; false: another process is ahead of this one, and knows who came after it. */
static epi_status own_seat(bool *owned, epi_replay *replay, const epi__chunk *chunk) {
    EPI__TRY(see_seat(replay, chunk->seat, chunk->number));
    const uint64_t owner = replay->priorities.seats[chunk->seat].chunk;
    if (owner < chunk->number) epi__priorities_seat(&replay->priorities, chunk->seat, chunk->number);
    *owned = owner <= chunk->number;
    return EPI_OK;
}

/* The first step of a sequence that is complete with this one, in whatever chunk it is. */
static epi_status add_sequence(epi_replay *replay, epi__snapshot *snapshot, const epi__pick *last) {
    epi__pick first;
    bool owned = false;
    EPI__TRY(epi__sequence_first(&first, replay, snapshot, last));
    if (!first.chunk) return EPI_OK;
    EPI__TRY(own_seat(&owned, replay, first.chunk));
    const uint32_t leaf = (first.chunk->seat << replay->layout->shift) + first.slot;
    if (!owned || replay->priorities.raw[leaf] != EPI__RAW_NONE) return EPI_OK;
    findings found = {.leaves = {leaf}, .values = {priority_of(replay, first.data, first.slot)}, .count = 1};
    set_key(replay, leaf, first.data, first.slot);
    add_found(replay, &found);
    return EPI_OK;
}

static epi_status add_sequences(epi_replay *replay, epi__snapshot *snapshot, epi__chunk *chunk, const uint8_t *data,
                                uint32_t first, uint32_t end) {
    for (uint32_t slot = first; slot < end; slot++) {
        const epi__pick last = {.chunk = chunk, .data = data, .slot = slot};
        if (epi__slot_is_ready(replay->layout, chunk, data, slot)) EPI__TRY(add_sequence(replay, snapshot, &last));
    }
    return EPI_OK;
}

/* Nothing is in this seat any more: neither is in the block what this process knew there. */
static epi_status empty_seat(epi_replay *replay, uint32_t seat) {
    const uint64_t known = seat < replay->seat_count ? replay->seats[seat].chunk : 0;
    EPI__TRY(see_seat(replay, seat, 0));
    if (known != 0 && replay->priorities.seats[seat].chunk == known)
        epi__priorities_seat(&replay->priorities, seat, 0);
    return EPI_OK;
}

/* Slots that can be read with what follows them: all but perhaps the last. */
static uint32_t readable(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t extent) {
    if (extent == 0 || epi__slot_has_next(layout, chunk, data, extent - 1)) return extent;
    const unsigned flags = epi__slot_stored_flags(layout, data, extent - 1);
    return flags & (EPI__SLOT_FINAL | EPI__SLOT_ENDED) ? extent : extent - 1;
}

/* Rows of a call of this process that failed are gone as if they had never been; no other process has seen them. */
static void clear_taken_back(epi_replay *replay, const epi__chunk *chunk) {
    const uint32_t base = chunk->seat << replay->layout->shift;
    findings back = {.count = 0};
    if (!epi__chunk_is_written_here(chunk)) return;
    for (uint32_t slot = replay->seats[chunk->seat].ready; slot < replay->layout->capacity; slot++) {
        if (!(replay->priorities.raw[base + slot] >= 0)) continue;
        replay->priorities.head->counts.inserted -= replay->priorities.head->counts.inserted > 0;
        back.leaves[back.count++] = base + slot;
        if (back.count < PIECE) continue;
        epi__priorities_clear(&replay->priorities, back.leaves, EPI__RAW_NONE, back.count);
        back.count = 0;
    }
    epi__priorities_clear(&replay->priorities, back.leaves, EPI__RAW_NONE, back.count);
}

static epi_status look(epi_replay *replay, epi__snapshot *snapshot, uint32_t seat, uint32_t first, uint32_t count) {
    epi__chunk *chunk = epi__columns_seat(replay->columns, seat);
    const uint8_t *data = NULL;
    bool owned = false;
    if (!chunk) return empty_seat(replay, seat);
    EPI__TRY(own_seat(&owned, replay, chunk));
    const uint32_t extent = epi__chunk_count(chunk);
    EPI__TRY(epi__chunk_data(&data, snapshot, chunk));
    replay->seats[seat].ready = readable(replay->layout, chunk, data, extent);
    if (!owned) return EPI_OK;
    first = first > 0 ? first - 1 : 0; /* the step before may have got its successor */
    if (count == replay->layout->capacity) clear_taken_back(replay, chunk);
    const uint32_t end = EPI__MIN(first + count + 1, extent);
    clear_gone(replay, chunk, first, end);
    if (replay->views.length) return add_sequences(replay, snapshot, chunk, data, first, end);
    add_ready(replay, chunk, data, first, end);
    return EPI_OK;
}

epi_status epi__follow_all(epi_replay *replay, epi__snapshot *snapshot) {
    const uint32_t seats = epi__columns_seat_count(replay->columns);
    for (uint32_t seat = 0; seat < EPI__MAX(seats, replay->seat_count); seat++)
        EPI__TRY(look(replay, snapshot, seat, 0, replay->layout->capacity));
    return EPI_OK;
}

epi_status epi__follow(epi_replay *replay, epi__snapshot *snapshot) {
    epi__look looks[LOOKS];
    size_t count = 0;
    while (replay->next_look != epi__columns_look_next(replay->columns)) {
        uint64_t next = replay->next_look;
        if (!epi__columns_looks(looks, &count, LOOKS, &next, replay->columns)) {
            EPI__TRY(epi__follow_all(replay, snapshot));
            count = 0;
        }
        for (size_t i = 0; i < count; i++)
            EPI__TRY(look(replay, snapshot, looks[i].seat, looks[i].first, looks[i].count));
        replay->next_look = next;
    }
    return EPI_OK;
}

epi_status epi__follow_keys(epi_replay *replay, epi__snapshot *snapshot) {
    const uint32_t seats = epi__columns_seat_count(replay->columns);
    for (uint32_t seat = 0; seat < seats; seat++) {
        const uint8_t *data = NULL;
        epi__chunk *chunk = epi__columns_seat(replay->columns, seat);
        const uint32_t base = seat << replay->layout->shift;
        if (!chunk || replay->priorities.seats[seat].chunk != chunk->number) continue;
        EPI__TRY(epi__chunk_data(&data, snapshot, chunk));
        for (uint32_t slot = 0; slot < epi__chunk_count(chunk); slot++)
            if (replay->priorities.raw[base + slot] >= 0) set_key(replay, base + slot, data, slot);
    }
    epi__priorities_rebuild(&replay->priorities);
    replay->priorities.keyless = false;
    return EPI_OK;
}

/* The leaf that an id's slot has; false: its chunk is gone, or is not seen yet. */
static bool find_slot(uint32_t *leaf, const epi_replay *replay, uint64_t id) {
    uint64_t seat = 0;
    const uint64_t chunk = id >> replay->layout->shift;
    if (!epi__map_get(&replay->seat_of, chunk, &seat)) return false;
    *leaf = ((uint32_t)seat << replay->layout->shift) + (uint32_t)(id & (replay->layout->capacity - 1));
    return replay->priorities.seats[seat].chunk == chunk;
}

size_t epi__follow_find(uint32_t *leaves, uint32_t *places, const epi_replay *replay, const uint64_t *ids,
                        size_t count) {
    size_t found = 0, live = 0;
    for (size_t i = 0; i < count; i++) {
        if (!find_slot(&leaves[found], replay, ids[i])) continue;
        epi__priorities_prefetch(&replay->priorities, leaves[found]);
        places[found++] = (uint32_t)i;
    }
    for (size_t i = 0; i < found; i++) { /* without branches: few are gone, and all are on their way */
        leaves[live] = leaves[i];
        places[live] = places[i];
        live += replay->priorities.raw[leaves[i]] >= 0;
    }
    return live;
}

/* Sets what was stored of the slots that have a step now. */
static epi_status restore_slots(epi_replay *replay, epi__snapshot *snapshot, epi__chunk *chunk, const uint8_t *data,
                                epi__view raw, epi__view times) {
    const uint32_t base = chunk->seat << replay->layout->shift;
    epi__reader values = epi__reader_of(raw.data, raw.size), counts = epi__reader_of(times.data, times.size);
    findings kept = {.count = 0};
    for (uint32_t slot = 0; slot < raw.size / sizeof(double); slot++) {
        const double value = epi__read_f64(&values);
        const uint32_t drawn = times.size ? epi__read_u32(&counts) : 0;
        const epi__pick step = {.chunk = chunk, .data = data, .slot = slot};
        bool is_there = value >= 0;
        if (is_there) EPI__TRY(epi__sequence_begins(&is_there, replay, snapshot, &step));
        if (!is_there) continue;
        kept.leaves[kept.count] = base + slot;
        kept.values[kept.count++] = value;
        if (replay->priorities.times) replay->priorities.times[base + slot] = drawn;
        set_key(replay, base + slot, data, slot);
        if (kept.count < PIECE) continue;
        epi__priorities_set(&replay->priorities, kept.leaves, kept.values, kept.count);
        kept.count = 0;
    }
    epi__priorities_set(&replay->priorities, kept.leaves, kept.values, kept.count);
    return EPI_OK;
}

epi_status epi__follow_restore(epi_replay *replay, epi__snapshot *snapshot, uint64_t number, epi__view raw,
                               epi__view times) {
    epi__chunk *chunk = epi__columns_chunk(replay->columns, number);
    const uint8_t *data = NULL;
    if (!chunk) { /* evicted since */
        epi__buffer_append_u64(&replay->orphans, number);
        return EPI_OK;
    }
    EPI__TRY(see_seat(replay, chunk->seat, number));
    epi__priorities_seat(&replay->priorities, chunk->seat, number);
    EPI__TRY(epi__chunk_data(&data, snapshot, chunk));
    EPI__TRY(restore_slots(replay, snapshot, chunk, data, raw, times));
    epi__priority_seat *of = &replay->priorities.seats[chunk->seat];
    of->flushed = number;
    of->written = of->changes;
    return EPI_OK;
}

void epi__follow_settle(epi_replay *replay) {
    epi__priorities *priorities = &replay->priorities;
    const size_t seats = priorities->capacity >> replay->layout->shift;
    for (uint32_t seat = 0; seat < seats; seat++) {
        const epi__seat_view view = seat < replay->seat_count ? replay->seats[seat] : (epi__seat_view){0, 0};
        findings lost = {.count = 0};
        if (priorities->seats[seat].chunk == 0) continue;
        if (priorities->seats[seat].chunk != view.chunk) {
            epi__priorities_seat(priorities, seat, 0);
            continue;
        }
        const uint32_t base = seat << replay->layout->shift;
        for (uint32_t slot = view.ready; slot < replay->layout->capacity; slot++) {
            if (!(priorities->raw[base + slot] >= 0)) continue;
            lost.leaves[lost.count++] = base + slot;
            if (lost.count == PIECE) {
                epi__priorities_clear(priorities, lost.leaves, EPI__RAW_NONE, PIECE);
                lost.count = 0;
            }
        }
        epi__priorities_clear(priorities, lost.leaves, EPI__RAW_NONE, lost.count);
    }
}
