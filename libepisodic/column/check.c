/* check.c - the records of a columnar space against each other: a chunk's head against its columns or rows, seats
 * against chunks, lanes against chunks, and the counts of live steps and episodes against what is there.
 */
#include "parts.h"

#define MODULE "column"

/* One chunk under check. */
struct chunk_check {
    epi__check *check;
    const epi__layout *layout;
    epi__view key;
    epi__head head;
    const uint8_t *data;
    uint32_t count;
    bool ahead;
    uint32_t steps, gone;
};

static epi_status wrong(struct chunk_check *chunk, const char *what) {
    return epi__check_violation(chunk->check, EPI__TABLE_CHUNK, chunk->key, "%s", what);
}

static bool is_gone(const struct chunk_check *chunk, uint32_t offset) {
    const uint8_t *bits = chunk->head.removed.data;
    return offset < chunk->head.evicted || (chunk->head.removed.size > 0 && (bits[offset / 8] >> (offset % 8) & 1));
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

/* Episodes begin at 0 and go on by one; ingest times rise. A slot whose fixed columns are those of the one before is
 * told by its flags. */
static epi_status check_slot(struct chunk_check *chunk, uint32_t offset) {
    const epi__layout *layout = chunk->layout;
    unsigned flags = epi__slot_stored_flags(layout, chunk->data, offset);
    uint32_t index = epi__slot_index(layout, chunk->data, offset);
    if (flags > (EPI__SLOT_ENDED | EPI__SLOT_FIRST | EPI__SLOT_FINAL)) return wrong(chunk, "has unknown flags");
    if ((flags & EPI__SLOT_FIRST) && index != 0) return wrong(chunk, "has an episode that does not begin at 0");
    if (offset == 0) {
        if (!(flags & (EPI__SLOT_FIRST | EPI__SLOT_FINAL)) && chunk->head.episode == 0)
            return wrong(chunk, "goes on with no episode");
        return EPI_OK;
    }
    unsigned before = epi__slot_stored_flags(layout, chunk->data, offset - 1);
    bool ended = before & (EPI__SLOT_ENDED | EPI__SLOT_FINAL);
    if ((flags & EPI__SLOT_FIRST) && !ended) return wrong(chunk, "begins an episode within another");
    if (!(flags & (EPI__SLOT_FIRST | EPI__SLOT_FINAL)) && ended) return wrong(chunk, "goes on behind an end");
    if ((flags & EPI__SLOT_FINAL) && !(before & EPI__SLOT_ENDED))
        return wrong(chunk, "has a final slot without an end");
    if (!(flags & EPI__SLOT_FIRST) && index != epi__slot_index(layout, chunk->data, offset - 1) + 1)
        return wrong(chunk, "has a gap in an episode");
    if (epi__slot_ingested(layout, chunk->data, offset) < epi__slot_ingested(layout, chunk->data, offset - 1))
        return wrong(chunk, "has ingest times that fall");
    return EPI_OK;
}

static epi_status note_live(struct chunk_check *chunk, uint32_t offset) {
    epi__check *check = chunk->check;
    uint32_t index = epi__slot_index(chunk->layout, chunk->data, offset);
    uint64_t id = (chunk->head.chunk << chunk->layout->shift) + offset;
    check->column_steps++;
    uint64_t episode = index <= offset ? id - index : chunk->head.episode;
    return epi__map_put(&check->column_episodes, episode, 1) ? EPI_OK : epi__fail_memory(MODULE, sizeof id);
}

static epi_status check_slots(struct chunk_check *chunk) {
    for (uint32_t i = 0; i < chunk->count; i++) {
        EPI__TRY(check_slot(chunk, i));
        if (epi__slot_stored_flags(chunk->layout, chunk->data, i) & EPI__SLOT_FINAL) continue;
        chunk->steps++;
        if (is_gone(chunk, i))
            chunk->gone++;
        else
            EPI__TRY(note_live(chunk, i));
    }
    if (chunk->head.sealed && chunk->steps != chunk->head.steps)
        return wrong(chunk, "says another number of steps than its columns have");
    if (chunk->gone != chunk->head.dead) return wrong(chunk, "says another number of removed steps than are marked");
    return EPI_OK;
}

/* A sealed chunk that is stored as a list of rows. */
static epi_status check_spread(struct chunk_check *chunk, epi__view body) {
    uint8_t *data = epi__alloc_zero(1, chunk->layout->data_size);
    if (!data) return epi__fail_memory(MODULE, chunk->layout->data_size);
    epi_status status = epi__columns_spread(data, chunk->layout, body, chunk->head.chunk);
    chunk->data = data;
    status = status == EPI_EDAMAGED ? wrong(chunk, "has columns of another size") : check_slots(chunk);
    epi__free(data);
    return status;
}

static epi_status check_sealed(struct chunk_check *chunk) {
    epi__key key;
    epi__view body;
    epi__key_of_u64(&key, chunk->check->mirror->space, EPI__TABLE_COLUMN, chunk->head.chunk);
    epi_status status = epi__record_get(&body, chunk->check->txn, &key);
    if (status == EPI_ENOTFOUND) return wrong(chunk, "is sealed, and its columns are missing");
    if (status) return epi__check_unreadable(chunk->check, EPI__TABLE_COLUMN, epi__key_view(&key), status);
    chunk->count = chunk->head.count;
    if (!epi__columns_are_dense(chunk->layout, body)) return check_spread(chunk, body);
    chunk->data = (const uint8_t *)body.data + EPI__COLUMN_HEADER;
    return check_slots(chunk);
}

/* The rows of an open chunk put together; each record follows on the ones before, or writes their last row again. */
static epi_status gather_rows(struct chunk_check *chunk, uint8_t *data) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    epi__rows rows;
    epi__rows_key(&first, chunk->check->mirror->space, chunk->head.chunk, 0);
    epi__key_of_u64(&end, chunk->check->mirror->space, EPI__TABLE_ROWS, chunk->head.chunk + 1);
    epi_status status = epi__scan_open(&scan, chunk->check->txn, &first, &end, false);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__rows_decode(&rows, chunk->layout, key, body);
        if (!status && rows.first > chunk->count) status = wrong(chunk, "lacks rows");
        if (status) break;
        epi__rows_copy(data, chunk->layout, &rows);
        chunk->count = rows.first + rows.count;
        chunk->ahead = rows.ahead;
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status check_open(struct chunk_check *chunk) {
    uint8_t *data = epi__alloc_zero(1, chunk->layout->data_size);
    if (!data) return epi__fail_memory(MODULE, chunk->layout->data_size);
    epi_status status = gather_rows(chunk, data);
    if (status == EPI_EDAMAGED) status = epi__check_unreadable(chunk->check, EPI__TABLE_ROWS, chunk->key, status);
    chunk->data = data;
    if (!status) status = check_slots(chunk);
    epi__free(data);
    return status;
}

static epi_status check_chunk(epi__check *check, epi__view key, epi__view body) {
    struct chunk_check chunk = {.check = check, .layout = &check->mirror->columns->layout, .key = key};
    epi_status status = epi__head_decode(&chunk.head, epi__key_id(key), body, chunk.layout);
    if (status) return epi__check_unreadable(check, EPI__TABLE_CHUNK, key, status);
    if (chunk.head.chunk >= check->state.next_chunk) EPI__TRY(wrong(&chunk, "has a number that was never given out"));
    if (chunk.head.seat >= check->state.seats) EPI__TRY(wrong(&chunk, "has a seat that was never given out"));
    if (chunk.head.recorder == 0 || chunk.head.recorder > check->state.recorders)
        EPI__TRY(wrong(&chunk, "belongs to no recorder"));
    if (epi__map_get(&check->seats, chunk.head.seat, NULL)) EPI__TRY(wrong(&chunk, "has the seat of another chunk"));
    if (!epi__map_put(&check->seats, chunk.head.seat, chunk.head.chunk)) return epi__fail_memory(MODULE, sizeof chunk);
    return chunk.head.sealed ? check_sealed(&chunk) : check_open(&chunk);
}

/* ---- the other tables -------------------------------------------------------------------------------------------- */

/* Columns belong to a sealed chunk, rows to an open one. */
static epi_status check_owned(epi__check *check, uint8_t table, epi__view key) {
    epi__key of;
    epi__view body;
    epi__head head = {0};
    epi__key_of_u64(&of, check->mirror->space, EPI__TABLE_CHUNK, epi__key_id(key));
    epi_status status = epi__record_get(&body, check->txn, &of);
    if (!status) status = epi__head_decode(&head, epi__key_id(key), body, &check->mirror->columns->layout);
    if (!status && head.sealed == (table == EPI__TABLE_COLUMN)) return EPI_OK;
    return epi__check_violation(check, table, key, "belongs to no chunk that is %s",
                                table == EPI__TABLE_COLUMN ? "sealed" : "open");
}

static epi_status check_recorder(epi__check *check, epi__view key, epi__view body) {
    epi__recorder_record record;
    epi_status status = epi__recorder_decode(&record, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_RECORDER, key, status);
    for (uint32_t i = 0; !status && i < record.lane_count; i++)
        if (record.newest[i] >= check->state.next_chunk)
            status = epi__check_violation(check, EPI__TABLE_RECORDER, key, "has a lane in a chunk that never was");
    for (uint32_t i = 0; !status && i < record.reserved_count; i++) {
        if (record.reserved[i].chunk >= check->state.next_chunk || record.reserved[i].seat >= check->state.seats)
            status = epi__check_violation(check, EPI__TABLE_RECORDER, key, "reserves what was never given out");
        else if (epi__map_get(&check->seats, record.reserved[i].seat, NULL))
            status = epi__check_violation(check, EPI__TABLE_RECORDER, key, "reserves the seat of a chunk");
        else if (!epi__map_put(&check->seats, record.reserved[i].seat, 0))
            status = epi__fail_memory(MODULE, sizeof record);
    }
    epi__recorder_dispose(&record);
    return status;
}

static epi_status check_seat(epi__check *check, epi__view key) {
    uint32_t seat = epi__load_be32((const uint8_t *)key.data + key.size - 4);
    if (seat >= check->state.seats) return epi__check_violation(check, EPI__TABLE_SEAT, key, "was never given out");
    if (epi__map_get(&check->seats, seat, NULL))
        return epi__check_violation(check, EPI__TABLE_SEAT, key, "is free and taken");
    return epi__map_put(&check->seats, seat, 0) ? EPI_OK : epi__fail_memory(MODULE, sizeof seat);
}

epi_status epi__columnar_check(epi__check *check, uint8_t table, epi__view key, epi__view body) {
    epi_transition_limits limits;
    if (!check->mirror->columns) return epi__check_violation(check, table, key, "stands in a space without columns");
    switch (table) {
    case EPI__TABLE_CHUNK: return check_chunk(check, key, body);
    case EPI__TABLE_COLUMN:
    case EPI__TABLE_ROWS: return check_owned(check, table, key);
    case EPI__TABLE_RECORDER: return check_recorder(check, key, body);
    case EPI__TABLE_SEAT: return check_seat(check, key);
    case EPI__TABLE_LIMIT: {
        epi_status status = epi__limits_decode(&limits, body);
        return status ? epi__check_unreadable(check, table, key, status) : EPI_OK;
    }
    default: return EPI_OK;
    }
}

epi_status epi__columnar_check_end(epi__check *check) {
    if (!check->mirror->columns) return EPI_OK;
    if (check->state.column_steps != check->column_steps)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_STATE, (epi__view){0}, "says %llu live steps, counted %llu",
                                      (unsigned long long)check->state.column_steps,
                                      (unsigned long long)check->column_steps));
    if (check->state.column_episodes != check->column_episodes.count)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_STATE, (epi__view){0},
                                      "says %llu episodes of live steps, counted %zu",
                                      (unsigned long long)check->state.column_episodes, check->column_episodes.count));
    return EPI_OK;
}
