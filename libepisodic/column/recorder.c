/* recorder.c - recorders: opening one by name, who owns it, the chunks that are reserved for it, cutting.
 *
 * A recorder's record counts its opens. Each commit looks whether the count is still that of this process: if not,
 * another one has taken the recorder over, and what is pending here can never be stored.
 *
 * Chunk numbers and seats are reserved by commits ahead of their use, so that ids can be given out without one; those
 * that were not used are the next opener's.
 */
#include "parts.h"

#include <stdlib.h>

#include "../text/text.h"

#define MODULE "column"
#define AHEAD_MIN 8u /* chunks that are reserved at once */
#define AHEAD_MAX 256u

/* ---- the record ------------------------------------------------------------------------------------------------- */

static void recorder_key(epi__key *key, const epi__columns *columns, const char *name) {
    epi__key_begin(key, columns->mirror->space, EPI__TABLE_RECORDER);
    epi__key_bytes(key, name, strlen(name));
}

static epi_status put_record(epi__recorder_core *core, epi__change *change, const epi__recorder_record *record) {
    epi__key key;
    epi__buffer out = {0};
    epi__recorder_encode(&out, record);
    recorder_key(&key, core->columns, core->name);
    epi_status status = out.failed ? epi__fail_memory(MODULE, 256) : epi__change_put(change, &key, out.data, out.size);
    epi__buffer_dispose(&out);
    return status;
}

epi_status epi__recorder_owns(epi__recorder_core *core, epi__change *change) {
    epi__key key;
    epi__view body;
    recorder_key(&key, core->columns, core->name);
    epi_status status = epi__change_get(&body, change, &key);
    if (status && status != EPI_ENOTFOUND) return status;
    epi__reader reader = epi__reader_of(body.data, body.size);
    (void)epi__read_u32(&reader);
    if (!status && epi__read_u64(&reader) == core->record.generation) return EPI_OK;
    return epi__fail(EPI_ESTALE, MODULE, "recorder \"%s\" was opened by another process since", core->name);
}

/* ---- chunks ahead ----------------------------------------------------------------------------------------------- */

/* A seat that is free, or one behind the last. */
static epi_status take_seat(uint32_t *seat, epi__change *change) {
    epi__scan scan = {0};
    epi__view key, body;
    EPI__TRY(epi__scan_table(&scan, change->tx.txn, change->space, EPI__TABLE_SEAT));
    epi_status status = epi__scan_next(&key, &body, &scan);
    if (!status) *seat = epi__load_be32((const uint8_t *)key.data + key.size - 4);
    epi__scan_close(&scan);
    if (status == EPI_EDONE) {
        *seat = (uint32_t)change->state.seats++;
        return EPI_OK;
    }
    EPI__TRY(status);
    epi__key taken;
    epi__key_begin(&taken, change->space, EPI__TABLE_SEAT);
    epi__key_u32(&taken, *seat);
    return epi__change_remove(change, &taken);
}

static epi_status add_reserved(epi__recorder_record *record, epi__change *change, uint32_t count) {
    epi__reserved *grown = epi__realloc(record->reserved, record->reserved_count + count, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, (record->reserved_count + count) * sizeof *grown);
    record->reserved = grown;
    for (; count > 0; count--) {
        epi__reserved *next = &record->reserved[record->reserved_count];
        EPI__TRY(take_seat(&next->seat, change));
        next->chunk = change->state.next_chunk++;
        record->reserved_count++;
    }
    return EPI_OK;
}

static epi_status reserve_durably(epi__recorder_core *core) {
    epi__change change;
    epi__mirror *mirror = core->columns->mirror;
    uint32_t before = core->record.reserved_count;
    core->ahead = EPI__MIN(EPI__MAX(core->ahead * 2, AHEAD_MIN), AHEAD_MAX);
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi_status status = epi__recorder_owns(core, &change);
    if (!status) status = add_reserved(&core->record, &change, core->ahead);
    if (!status) status = put_record(core, &change, &core->record);
    if (!status)
        status = epi__change_commit(&change, epi__store_now(mirror->store));
    else
        epi__change_abort(&change);
    if (status) core->record.reserved_count = before;
    return status;
}

epi_status epi__recorder_take(epi__reserved *taken, epi__recorder_core *core) {
    if (core->taken == core->record.reserved_count) EPI__TRY(reserve_durably(core));
    *taken = core->record.reserved[core->taken++];
    return EPI_OK;
}

/* The newest one that was taken: what an append took back is given back in turn. */
void epi__recorder_untake(epi__recorder_core *core, uint64_t chunk) {
    assert(core->taken > 0 && core->record.reserved[core->taken - 1].chunk == chunk);
    (void)chunk;
    core->taken--;
}

/* ---- within a commit -------------------------------------------------------------------------------------------- */

static epi_status copy_record(epi__recorder_record *copy, const epi__recorder_record *record) {
    *copy = *record;
    copy->newest = epi__alloc_zero(record->lane_count, sizeof *copy->newest);
    copy->reserved = epi__alloc_zero(record->reserved_count, sizeof *copy->reserved);
    if (!copy->newest || !copy->reserved) {
        epi__recorder_dispose(copy);
        return epi__fail_memory(MODULE, record->lane_count * sizeof *copy->newest);
    }
    memcpy(copy->newest, record->newest, record->lane_count * sizeof *copy->newest);
    for (uint32_t i = 0; i < record->reserved_count; i++) copy->reserved[i] = record->reserved[i];
    return EPI_OK;
}

epi_status epi__recorder_stage(epi__recorder_core *core, const epi__chunk *begun) {
    epi__recorder_record *staged = &core->staged;
    uint32_t at = 0;
    if (staged->generation == 0) {
        EPI__TRY(copy_record(staged, &core->record));
        core->staged_taken = core->taken;
    }
    while (at < core->staged_taken && staged->reserved[at].chunk != begun->number) at++;
    assert(at < core->staged_taken);
    memmove(staged->reserved + at, staged->reserved + at + 1,
            (--staged->reserved_count - at) * sizeof *staged->reserved);
    core->staged_taken--;
    staged->newest[begun->lane] = EPI__MAX(staged->newest[begun->lane], begun->number);
    return EPI_OK;
}

epi_status epi__recorder_put_staged(epi__recorder_core *core, epi__change *change) {
    if (core->staged.generation == 0) return EPI_OK;
    uint32_t left = core->staged.reserved_count - core->staged_taken;
    if (left < core->ahead / 2) EPI__TRY(add_reserved(&core->staged, change, core->ahead - left));
    return put_record(core, change, &core->staged);
}

void epi__recorder_settle(epi__recorder_core *core, bool stored) {
    if (core->staged.generation == 0) return;
    if (!stored) {
        epi__recorder_dispose(&core->staged);
        return;
    }
    epi__recorder_dispose(&core->record);
    core->record = core->staged;
    core->taken = core->staged_taken;
    core->staged = (epi__recorder_record){0};
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static epi_status check_arguments(const char *name, uint32_t lanes) {
    if (lanes == 0) return epi__fail(EPI_EINVAL, MODULE, "a recorder of 0 lanes");
    if (lanes > EPI_LANE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "a recorder of %u lanes, limit %u", lanes, EPI_LANE_COUNT_MAX);
    if (!name || !name[0]) return epi__fail(EPI_EINVAL, MODULE, "the recorder's name was empty");
    if (strlen(name) > EPI_NAME_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "recorder name has %zu bytes, limit %u", strlen(name), EPI_NAME_SIZE_MAX);
    return epi__utf8_check(MODULE, "recorder name", name, strlen(name));
}

/* The stored record, or a new one, with room for the lanes. */
static epi_status load_record(epi__recorder_record *record, epi__columns *columns, epi__change *change,
                              const char *name, uint32_t lanes) {
    epi__key key;
    epi__view body;
    recorder_key(&key, columns, name);
    epi_status status = epi__change_get(&body, change, &key);
    *record = (epi__recorder_record){0};
    if (!status) status = epi__recorder_decode(record, body);
    if (status == EPI_ENOTFOUND) {
        record->id = (uint32_t)++change->state.recorders;
        status = EPI_OK;
    }
    EPI__TRY(status);
    uint64_t *newest = epi__realloc(record->newest, EPI__MAX(lanes, record->lane_count), sizeof *newest);
    if (!newest) return epi__fail_memory(MODULE, lanes * sizeof *newest);
    record->newest = newest;
    while (record->lane_count < lanes) record->newest[record->lane_count++] = 0;
    return EPI_OK;
}

static epi_status store_record(epi__recorder_record *record, epi__columns *columns, const char *name, uint32_t lanes) {
    epi__change change;
    epi__key key;
    epi__buffer out = {0};
    EPI__TRY(epi__change_begin(&change, columns->mirror->store, columns->mirror->space, true));
    epi_status status = load_record(record, columns, &change, name, lanes);
    record->generation++;
    if (!status) epi__recorder_encode(&out, record);
    recorder_key(&key, columns, name);
    if (!status)
        status = out.failed ? epi__fail_memory(MODULE, 256) : epi__change_put(&change, &key, out.data, out.size);
    if (!status)
        status = epi__change_commit(&change, epi__store_now(columns->mirror->store));
    else
        epi__change_abort(&change);
    epi__buffer_dispose(&out);
    return status;
}

/* Where a lane was left: in the open chunk that is its newest, if it is one. With the mirror to oneself. */
static void adopt(epi__lane_state *lane, epi__columns *columns) {
    epi__chunk *chunk = lane->newest ? epi__columns_chunk(columns, lane->newest) : NULL;
    if (!chunk || !chunk->image) return;
    const epi__image *image = chunk->image;
    chunk->image->lane = lane;
    lane->chunk = chunk;
    if (image->filled == 0) return;
    unsigned flags = epi__slot_stored_flags(&columns->layout, image->data, image->filled - 1);
    lane->open = !(flags & (EPI__SLOT_ENDED | EPI__SLOT_FINAL));
    if (!lane->open) return;
    lane->index = epi__slot_index(&columns->layout, image->data, image->filled - 1) + 1;
    lane->episode = epi__slot_episode(&columns->layout, chunk, image->data, image->filled - 1);
}

static epi_status adopt_all(epi__recorder_core *core) {
    epi__snapshot snapshot;
    epi__mirror *mirror = core->columns->mirror;
    EPI__TRY(epi__snapshot_begin_exclusive_committed(&snapshot, mirror));
    for (uint32_t i = 0; i < core->record.lane_count; i++) {
        core->lanes[i] = (epi__lane_state){.core = core, .number = i, .newest = core->record.newest[i]};
        adopt(&core->lanes[i], core->columns);
    }
    epi__snapshot_end(&snapshot);
    return EPI_OK;
}

void epi__recorder_lose(epi__recorder_core *core) {
    epi__columns *columns = core->columns;
    size_t kept = 0;
    pthread_rwlock_wrlock(&columns->mirror->lock);
    for (size_t i = 0; i < columns->dirty_count; i++) {
        epi__chunk *chunk = columns->dirty[i];
        if (chunk->image->lane->core != core) columns->dirty[kept++] = chunk;
    }
    columns->dirty_count = kept;
    for (size_t i = 0; i < columns->seat_count; i++) {
        epi__chunk *chunk = columns->seats[i];
        if (chunk && chunk->image && chunk->image->lane && chunk->image->lane->core == core) chunk->image->lane = NULL;
    }
    columns->mirror->loaded = false; /* what others wrote there is read anew */
    pthread_rwlock_unlock(&columns->mirror->lock);
    core->lost = true;
}

static epi__recorder_core *find(epi__columns *columns, const char *name) {
    epi__recorder_core *core = columns->recorders;
    while (core && strcmp(core->name, name) != 0) core = core->next;
    return core;
}

static epi_status core_new(epi__recorder_core **made, epi__columns *columns, const char *name) {
    epi__recorder_core *core = epi__alloc_zero(1, sizeof *core);
    if (core) core->name = epi__alloc(strlen(name) + 1);
    if (!core || !core->name) {
        epi__free(core);
        return epi__fail_memory(MODULE, sizeof *core + strlen(name));
    }
    memcpy(core->name, name, strlen(name) + 1);
    core->columns = columns;
    core->lost = true; /* nothing of it is here yet */
    core->next = columns->recorders;
    columns->recorders = core;
    *made = core;
    return EPI_OK;
}

/* The lanes anew, as the store has them. */
static epi_status take_over(epi__recorder_core *core, epi__recorder_record *record) {
    if (!core->lost) epi__recorder_lose(core);
    epi__lane_state *lanes = epi__alloc_zero(record->lane_count, sizeof *lanes);
    if (!lanes) return epi__fail_memory(MODULE, record->lane_count * sizeof *lanes);
    epi__free(core->lanes);
    core->lanes = lanes;
    epi__recorder_dispose(&core->record);
    core->record = *record;
    *record = (epi__recorder_record){0};
    core->taken = 0;
    EPI__TRY(adopt_all(core));
    core->lost = false;
    return EPI_OK;
}

static epi_status open_locked(epi__recorder_core **core, epi__columns *columns, const char *name, uint32_t lanes) {
    epi__recorder_record record = {0};
    EPI__TRY(epi__columnar_commit(columns->mirror));
    *core = find(columns, name);
    if (!*core) EPI__TRY(core_new(core, columns, name));
    epi_status status = store_record(&record, columns, name, lanes);
    if (!status) status = take_over(*core, &record);
    epi__recorder_dispose(&record);
    return status;
}

epi_status epi_recorder_open(epi_recorder **recorder, epi_space *space, const char *name, uint32_t lanes) {
    epi__columns *columns = NULL;
    if (!recorder) return epi__fail(EPI_EINVAL, MODULE, "recorder was NULL");
    *recorder = NULL;
    EPI__TRY(epi__columns_check(&columns, space));
    EPI__TRY(check_arguments(name, lanes));
    epi_recorder *opened = epi__alloc_zero(1, sizeof *opened);
    if (!opened) return epi__fail_memory(MODULE, sizeof *opened);
    pthread_mutex_lock(&columns->mirror->pending_mutex);
    epi_status status = open_locked(&opened->core, columns, name, lanes);
    if (!status) opened->generation = opened->core->record.generation;
    pthread_mutex_unlock(&columns->mirror->pending_mutex);
    if (status) {
        epi__free(opened);
        return status;
    }
    atomic_fetch_add(&space->references, 1);
    opened->space = space;
    *recorder = opened;
    return EPI_OK;
}

void epi_recorder_close(epi_recorder *recorder) {
    if (!recorder) return;
    epi__space_release(recorder->space);
    epi__free(recorder);
}
