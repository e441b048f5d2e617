/* slot.c - what a slot is: ready or not, what stands before and behind it in its episode, and which episode that is.
 *
 * Nothing is stored of a hole that removing made: the step before one is truncated because the next is gone. Of the
 * last step of a sealed chunk this is known too, because a chunk is sealed only when it is known how that step goes on.
 */
#include "parts.h"

#define MODULE "column"

/* Whether the episode of a slot that did not end goes on in the slot behind it, which is gone. */
static bool is_cut(const epi__layout *layout, const epi__chunk *chunk, uint32_t offset) {
    if (offset + 1 < epi__chunk_count(chunk)) return chunk->removed && epi__slot_is_gone(chunk, offset + 1);
    return offset + 1 == layout->capacity && (chunk->cut || (chunk->sealed && chunk->next == 0));
}

unsigned epi__slot_flags(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset) {
    unsigned flags = epi__slot_stored_flags(layout, data, offset);
    if (flags & (EPI__SLOT_ENDED | EPI__SLOT_FINAL)) return flags;
    return is_cut(layout, chunk, offset) ? flags | EPI__SLOT_TRUNCATED : flags;
}

bool epi__slot_is_ready(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset) {
    if (offset >= epi__chunk_count(chunk) || epi__slot_is_gone(chunk, offset)) return false;
    unsigned flags = epi__slot_stored_flags(layout, data, offset);
    if (flags & EPI__SLOT_FINAL) return false;
    return (flags & EPI__SLOT_TERMINATED) || epi__slot_has_next(layout, chunk, data, offset);
}

/* ---- what is gone ----------------------------------------------------------------------------------------------- */

static bool is_gone_in(const epi__head *head, uint32_t offset) {
    const uint8_t *bits = head->removed.data;
    return offset < head->evicted || (head->removed.size > 0 && (bits[offset / 8] >> (offset % 8) & 1));
}

static void zero(const epi__layout *layout, uint8_t *data, int column, uint32_t row) {
    const epi__column_place *place = &layout->columns[column];
    memset(data + place->offset + row * place->width, 0, place->width);
}

/* What came after the step before: a final slot's observation, or that of a step of the same episode. */
static void scrub(const epi__layout *layout, uint8_t *data, uint32_t offset, const epi__head *head) {
    const bool final = epi__slot_stored_flags(layout, data, offset) & EPI__SLOT_FINAL;
    const bool before = offset > 0 && !is_gone_in(head, offset - 1);
    const unsigned ended = EPI__SLOT_ENDED | EPI__SLOT_FINAL;
    const bool needed = before && (final || !(epi__slot_stored_flags(layout, data, offset - 1) & ended));
    for (int i = 0; i < layout->flags; i++)
        if (i != layout->observation || !needed) zero(layout, data, i, offset);
}

void epi__slots_scrub(const epi__layout *layout, uint8_t *data, uint32_t count, const epi__head *head) {
    for (uint32_t i = 0; i < count; i++)
        if (is_gone_in(head, i) || (epi__slot_stored_flags(layout, data, i) & EPI__SLOT_FINAL))
            scrub(layout, data, i, head);
    if (head->sealed && count > 0 && is_gone_in(head, count - 1)) zero(layout, data, layout->observation, count);
}

/* ---- by id ------------------------------------------------------------------------------------------------------ */

static epi_status missing(uint64_t id, bool given) {
    return epi__fail(given ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "step %llu %s", (unsigned long long)id,
                     given ? "was removed" : "was never appended");
}

epi_status epi__columns_find(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot, uint64_t id) {
    const epi__columns *columns = snapshot->mirror->columns;
    const uint8_t *data = NULL;
    uint64_t number = id >> columns->layout.shift;
    *offset = (uint32_t)(id & (columns->layout.capacity - 1u));
    *chunk = epi__columns_chunk(columns, number);
    if (!*chunk) return missing(id, number > 0 && number < snapshot->state.next_chunk);
    if (*offset >= epi__chunk_count(*chunk)) return missing(id, false);
    EPI__TRY(epi__chunk_data(&data, snapshot, *chunk));
    if (epi__slot_stored_flags(&columns->layout, data, *offset) & EPI__SLOT_FINAL) return missing(id, false);
    return epi__slot_is_gone(*chunk, *offset) ? missing(id, true) : EPI_OK;
}

/* ---- neighbours ------------------------------------------------------------------------------------------------- */

epi_status epi__slot_following(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot) {
    const epi__columns *columns = snapshot->mirror->columns;
    const uint8_t *data = NULL;
    epi__chunk *at = *chunk;
    *chunk = NULL;
    EPI__TRY(epi__chunk_data(&data, snapshot, at));
    if (epi__slot_flags(&columns->layout, at, data, *offset) & EPI__SLOT_ENDED) return EPI_OK;
    if (++*offset == columns->layout.capacity) {
        at = at->next ? epi__columns_chunk(columns, at->next) : NULL;
        *offset = 0;
    }
    if (at && *offset < epi__chunk_count(at)) *chunk = at;
    return EPI_OK;
}

epi_status epi__slot_preceding(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot) {
    const epi__columns *columns = snapshot->mirror->columns;
    const uint8_t *data = NULL;
    epi__chunk *at = *chunk;
    *chunk = NULL;
    EPI__TRY(epi__chunk_data(&data, snapshot, at));
    if (epi__slot_stored_flags(&columns->layout, data, *offset) & EPI__SLOT_FIRST) return EPI_OK;
    if (*offset == 0) {
        at = at->previous ? epi__columns_chunk(columns, at->previous) : NULL;
        *offset = columns->layout.capacity;
    }
    --*offset;
    if (at && !epi__slot_is_gone(at, *offset)) *chunk = at;
    return EPI_OK;
}

/* ---- episodes --------------------------------------------------------------------------------------------------- */

uint64_t epi__slot_episode(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset) {
    uint32_t index = epi__slot_index(layout, data, offset);
    return index <= offset ? epi__slot_id(layout, chunk, offset) - index : chunk->episode;
}

/* The oldest chunk that an episode goes on in, for where that of its first step is gone. */
static epi__chunk *going_on(const epi__columns *columns, uint64_t episode) {
    epi__chunk *oldest = NULL;
    for (size_t i = 0; i < columns->seat_count; i++) {
        epi__chunk *chunk = columns->seats[i];
        if (chunk && chunk->episode == episode && (!oldest || chunk->number < oldest->number)) oldest = chunk;
    }
    return oldest;
}

/* Keeps the slot if it is a step of the episode; otherwise the walk is over. */
static epi_status look(epi__walk *walk) {
    const epi__layout *layout = &walk->columns->layout;
    if (walk->chunk && walk->offset >= epi__chunk_count(walk->chunk)) walk->chunk = NULL;
    if (!walk->chunk) return EPI_OK;
    EPI__TRY(epi__chunk_data_in(&walk->data, walk->columns, walk->txn, walk->chunk));
    if (epi__slot_episode(layout, walk->chunk, walk->data, walk->offset) != walk->episode ||
        (epi__slot_stored_flags(layout, walk->data, walk->offset) & EPI__SLOT_FINAL))
        walk->chunk = NULL;
    return EPI_OK;
}

epi_status epi__walk_begin(epi__walk *walk, epi__columns *columns, epi__txn *txn, uint64_t episode) {
    *walk = (epi__walk){.columns = columns, .txn = txn, .episode = episode};
    walk->chunk = epi__columns_chunk(columns, episode >> columns->layout.shift);
    walk->offset = (uint32_t)(episode & (columns->layout.capacity - 1u));
    if (!walk->chunk && episode) {
        walk->chunk = going_on(columns, episode);
        walk->offset = 0;
    }
    return look(walk);
}

epi_status epi__walk_next(epi__walk *walk) {
    if (++walk->offset < walk->columns->layout.capacity) return look(walk);
    walk->offset = 0;
    walk->chunk = walk->chunk->newer;
    return look(walk);
}

epi_status epi__columns_episode(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot, uint64_t episode) {
    epi__walk walk;
    EPI__TRY(epi__walk_begin(&walk, snapshot->mirror->columns, snapshot->tx.txn, episode));
    while (walk.chunk && epi__slot_is_gone(walk.chunk, walk.offset)) EPI__TRY(epi__walk_next(&walk));
    *chunk = walk.chunk;
    *offset = walk.offset;
    return EPI_OK;
}

epi_status epi__columns_episode_ids(uint64_t *ids, size_t *count, epi__snapshot *snapshot, uint64_t episode,
                                    uint64_t first) {
    epi__walk walk;
    const epi__layout *layout = &snapshot->mirror->columns->layout;
    size_t most = *count;
    bool live = false;
    *count = 0;
    EPI__TRY(epi__walk_begin(&walk, snapshot->mirror->columns, snapshot->tx.txn, episode));
    while (walk.chunk && *count < most) {
        bool here = !epi__slot_is_gone(walk.chunk, walk.offset);
        live = live || here;
        if (here && epi__slot_index(layout, walk.data, walk.offset) >= first)
            ids[(*count)++] = epi__slot_id(layout, walk.chunk, walk.offset);
        EPI__TRY(epi__walk_next(&walk));
    }
    if (live) return EPI_OK;
    bool given = episode >> layout->shift > 0 && episode >> layout->shift < snapshot->state.next_chunk;
    return epi__fail(given ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "episode %llu %s", (unsigned long long)episode,
                     given ? "was removed" : "was never begun");
}

static epi_status page_of_chunk(uint64_t *ids, size_t *count, size_t most, epi__snapshot *snapshot, uint64_t number,
                                uint64_t after) {
    const epi__columns *columns = snapshot->mirror->columns;
    epi__chunk *chunk = epi__columns_chunk(columns, number);
    const uint8_t *data = NULL;
    if (!chunk) return EPI_OK;
    EPI__TRY(epi__chunk_data(&data, snapshot, chunk));
    for (uint32_t i = 0; i < epi__chunk_count(chunk) && *count < most; i++) {
        uint64_t id = epi__slot_id(&columns->layout, chunk, i);
        bool step = !(epi__slot_stored_flags(&columns->layout, data, i) & EPI__SLOT_FINAL);
        if (id > after && step && !epi__slot_is_gone(chunk, i)) ids[(*count)++] = id;
    }
    return EPI_OK;
}

epi_status epi__columns_page_ids(uint64_t *ids, size_t *count, epi__snapshot *snapshot, uint64_t after) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    const epi__layout *layout = &snapshot->mirror->columns->layout;
    size_t most = *count;
    *count = 0;
    epi__key_of_u64(&first, snapshot->mirror->space, EPI__TABLE_CHUNK, after >> layout->shift);
    epi__key_begin(&end, snapshot->mirror->space, EPI__TABLE_CHUNK);
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, snapshot->tx.txn, &first, &end, false);
    while (!status && *count < most && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        status = page_of_chunk(ids, count, most, snapshot, epi__key_id(key), after);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}
