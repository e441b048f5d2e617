/* flush.c - priorities and samplers' states in the store.
 *
 * A name has one record of its own, and one for each chunk whose priorities were ever flushed:
 *
 *     PRIORITY · hash of the name · 0      -> nonce u64 · saved u8 · random 4 x u64 · inserted, sampled, updated u64 ·
 *                                             greatest f64 · the name
 *     PRIORITY · hash of the name · chunk  -> slots u32 · has times u32 · raw f64 x slots · times u32 x slots
 *
 * Idea: a flush copies what changed under the mutex, some chunks at a time, and writes without it, so that no trainer
 * waits for the disk. Steps that are pending are committed first: a priority never is of a step that a crash takes
 * away. What could not be written is marked as changed again.
 */
#include "replay.h"

#include "../memory/append.h"

#define MODULE "replay"
#define SEATS_AT_ONCE 64u

static void key_of(epi__key *key, const epi_replay *replay, uint64_t chunk) {
    epi__key_begin(key, replay->mirror->space, EPI__TABLE_PRIORITY);
    epi__key_u64(key, replay->name_hash);
    epi__key_u64(key, chunk);
}

/* ---- a name's record --------------------------------------------------------------------------------------------- */

static epi_status decode_sampler(epi__sampler_record *record, const epi_replay *replay, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    record->nonce = epi__read_u64(&reader);
    record->saved = epi__read_u8(&reader) != 0;
    for (size_t i = 0; i < EPI__COUNT(record->random.state); i++) record->random.state[i] = epi__read_u64(&reader);
    record->counts.inserted = epi__read_u64(&reader);
    record->counts.sampled = epi__read_u64(&reader);
    record->counts.updated = epi__read_u64(&reader);
    record->counts.greatest = epi__read_f64(&reader);
    const epi__view name = epi__read_bytes(&reader);
    if (reader.failed || !(record->counts.greatest >= 0))
        return epi__fail(EPI_EDAMAGED, MODULE, "the record of sampler \"%s\" is cut", replay->name);
    if (name.size == strlen(replay->name) && memcmp(name.data, replay->name, name.size) == 0) return EPI_OK;
    return epi__fail(EPI_ECONFLICT, MODULE, "sampler \"%s\" has the hash of another one", replay->name);
}

static epi_status put_sampler(epi__change *change, const epi_replay *replay, const epi__sampler_record *record) {
    epi__key key;
    epi__buffer body = {0};
    epi__buffer_append_u64(&body, record->nonce);
    epi__buffer_append_u8(&body, record->saved);
    for (size_t i = 0; i < EPI__COUNT(record->random.state); i++)
        epi__buffer_append_u64(&body, record->random.state[i]);
    epi__buffer_append_u64(&body, record->counts.inserted);
    epi__buffer_append_u64(&body, record->counts.sampled);
    epi__buffer_append_u64(&body, record->counts.updated);
    epi__buffer_append_f64(&body, record->counts.greatest);
    epi__buffer_append_bytes(&body, replay->name, strlen(replay->name));
    key_of(&key, replay, 0);
    epi_status status = body.failed ? epi__fail_memory(MODULE, 64) : EPI_OK;
    if (!status) status = epi__change_put(change, &key, body.data, body.size);
    epi__buffer_dispose(&body);
    return status;
}

/* A number that no other store's sampler has. */
static uint64_t make_nonce(const epi_replay *replay) {
    const uint64_t parts[] = {(uint64_t)epi__clock_now_us(), epi__clock_monotonic_us(), (uint64_t)(uintptr_t)replay,
                              replay->name_hash};
    return epi__hash64(parts, sizeof parts);
}

static epi_status get_sampler(epi__sampler_record *record, const epi_replay *replay, epi__txn *txn) {
    epi__key key;
    epi__view body;
    key_of(&key, replay, 0);
    epi_status status = epi__record_get(&body, txn, &key);
    return status ? status : decode_sampler(record, replay, body);
}

static epi_status finish(epi__change *change, const epi_replay *replay, epi_status status) {
    if (!status) return epi__change_commit(change, epi__store_now(replay->mirror->store));
    epi__change_abort(change);
    return status;
}

epi_status epi__sampler_open(epi__sampler_record *record, epi_replay *replay) {
    epi__tx tx;
    epi__change change;
    epi__mirror *mirror = replay->mirror;
    *record = (epi__sampler_record){.saved = false};
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = get_sampler(record, replay, tx.txn);
    epi__tx_abort(&tx);
    if (status != EPI_ENOTFOUND) return status;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    status = get_sampler(record, replay, change.tx.txn);
    if (status == EPI_ENOTFOUND) {
        record->nonce = make_nonce(replay);
        status = put_sampler(&change, replay, record);
    }
    return finish(&change, replay, status);
}

static epi_status remove_orphans(epi__change *change, epi_replay *replay) {
    epi__key key;
    epi__reader chunks = epi__reader_of(replay->orphans.data, replay->orphans.size);
    while (chunks.next < chunks.end) {
        key_of(&key, replay, epi__read_u64(&chunks));
        epi_status status = epi__change_remove(change, &key);
        if (status && status != EPI_ENOTFOUND) return status;
    }
    return EPI_OK;
}

static epi_status write_sampler(epi_replay *replay, bool save) {
    epi__change change;
    epi__sampler_record record;
    EPI__TRY(epi__priorities_lock(&replay->priorities));
    const epi__priority_counts counts = replay->priorities.head->counts;
    epi__priorities_unlock(&replay->priorities);
    EPI__TRY(epi__change_begin(&change, replay->mirror->store, replay->mirror->space, false));
    epi_status status = get_sampler(&record, replay, change.tx.txn);
    if (status == EPI_ENOTFOUND) status = epi__fail(EPI_ESTALE, MODULE, "sampler \"%s\" is gone", replay->name);
    record.counts = counts;
    if (save) {
        record.saved = true;
        record.random = replay->random;
    }
    if (!status) status = put_sampler(&change, replay, &record);
    if (!status) status = remove_orphans(&change, replay);
    EPI__TRY(finish(&change, replay, status));
    epi__buffer_clear(&replay->orphans);
    return EPI_OK;
}

epi_status epi__sampler_save(epi_replay *replay) {
    if (replay->priorities.kind.sampler == EPI_SAMPLER_RANK) { /* as a heap that is made anew would be */
        EPI__TRY(epi__priorities_lock(&replay->priorities));
        epi__heap_sort(&replay->priorities);
        epi__priorities_unlock(&replay->priorities);
    }
    return write_sampler(replay, true);
}

/* ---- chunks ------------------------------------------------------------------------------------------------------ */

static epi_status decode_chunk(epi__view *raw, epi__view *times, epi__view body, uint32_t capacity) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    const size_t slots = epi__read_u32(&reader), counted = epi__read_u32(&reader);
    *raw = epi__read_view(&reader, slots * sizeof(double));
    *times = epi__read_view(&reader, counted ? slots * sizeof(uint32_t) : 0);
    if (!reader.failed && slots <= capacity && reader.next == reader.end) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "the priorities of a chunk had %zu bytes for %zu slots", body.size, slots);
}

epi_status epi__sampler_load(epi_replay *replay, epi__snapshot *snapshot) {
    epi__key first, end;
    epi__scan scan = {0};
    key_of(&first, replay, 1);
    epi__key_begin(&end, replay->mirror->space, EPI__TABLE_PRIORITY);
    epi__key_u64(&end, replay->name_hash);
    epi__key_next(&end);
    EPI__TRY(epi__scan_open(&scan, snapshot->tx.txn, &first, &end, false));
    epi_status status;
    epi__view key, body, raw, times;
    while (!(status = epi__scan_next(&key, &body, &scan))) {
        const uint64_t chunk = epi__load_be64((const uint8_t *)epi__key_rest(key).data + sizeof(uint64_t));
        status = decode_chunk(&raw, &times, body, replay->layout->capacity);
        if (!status) status = epi__follow_restore(replay, snapshot, chunk, raw, times);
        if (status) break;
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* What changed in some seats, copied. */
typedef struct harvest {
    uint32_t seats[SEATS_AT_ONCE];
    uint64_t chunks[SEATS_AT_ONCE];  /* 0: there is none any more */
    uint64_t flushed[SEATS_AT_ONCE]; /* whose record is there */
    uint32_t changes[SEATS_AT_ONCE]; /* counted when it was copied */
    size_t count;
    epi__buffer bodies[SEATS_AT_ONCE];
} harvest;

static void copy_seat(epi__buffer *body, const epi__priorities *priorities, uint32_t seat) {
    const size_t slots = (size_t)1 << priorities->shift, first = (size_t)seat << priorities->shift;
    epi__buffer_clear(body);
    epi__buffer_append_u32(body, (uint32_t)slots);
    epi__buffer_append_u32(body, priorities->times != NULL);
    for (size_t i = 0; i < slots; i++) epi__buffer_append_f64(body, priorities->raw[first + i]);
    for (size_t i = 0; priorities->times && i < slots; i++) epi__buffer_append_u32(body, priorities->times[first + i]);
}

/* Takes the next changed seats from *seat on. Under the mutex. */
static bool reap(harvest *taken, epi__priorities *priorities, uint32_t *seat) {
    const size_t seats = priorities->capacity >> priorities->shift;
    bool failed = false;
    taken->count = 0;
    for (; *seat < seats && taken->count < SEATS_AT_ONCE; ++*seat) {
        epi__priority_seat *of = &priorities->seats[*seat];
        if (of->changes == of->written) continue;
        const size_t at = taken->count++;
        taken->seats[at] = *seat;
        taken->chunks[at] = of->chunk;
        taken->flushed[at] = of->flushed;
        if (of->chunk) copy_seat(&taken->bodies[at], priorities, *seat);
        taken->changes[at] = of->changes;
        failed |= taken->bodies[at].failed;
    }
    return !failed;
}

static epi_status write_harvest(epi_replay *replay, harvest *taken) {
    epi__change change;
    epi__key key;
    EPI__TRY(epi__change_begin(&change, replay->mirror->store, replay->mirror->space, false));
    epi_status status = EPI_OK;
    for (size_t i = 0; i < taken->count && !status; i++) {
        if (taken->flushed[i] && taken->flushed[i] != taken->chunks[i]) {
            key_of(&key, replay, taken->flushed[i]);
            status = epi__change_remove(&change, &key);
            if (status == EPI_ENOTFOUND) status = EPI_OK;
        }
        key_of(&key, replay, taken->chunks[i]);
        if (!status && taken->chunks[i])
            status = epi__change_put(&change, &key, taken->bodies[i].data, taken->bodies[i].size);
    }
    return finish(&change, replay, status);
}

/* The seats' chunks have records now. Only now, since whoever is killed before must leave them to be written still; and
 * what changed meanwhile stays to be written too. */
static epi_status settle(epi_replay *replay, const harvest *taken) {
    EPI__TRY(epi__priorities_lock(&replay->priorities));
    for (size_t i = 0; i < taken->count; i++) {
        epi__priority_seat *of = &replay->priorities.seats[taken->seats[i]];
        of->flushed = taken->chunks[i];
        of->written = taken->changes[i];
    }
    epi__priorities_unlock(&replay->priorities);
    return EPI_OK;
}

static epi_status flush_some(epi_replay *replay, harvest *taken, uint32_t *seat) {
    EPI__TRY(epi__priorities_lock(&replay->priorities));
    const bool copied = reap(taken, &replay->priorities, seat);
    epi__priorities_unlock(&replay->priorities);
    if (taken->count == 0) return EPI_OK;
    EPI__TRY(copied ? write_harvest(replay, taken) : epi__fail_memory(MODULE, 1u << 20));
    return settle(replay, taken);
}

epi_status epi__sampler_flush(epi_replay *replay) {
    harvest *taken = epi__alloc_zero(1, sizeof *taken);
    if (!taken) return epi__fail_memory(MODULE, sizeof *taken);
    uint32_t seat = 0;
    epi_status status = epi__pending_commit(replay->mirror);
    const uint64_t unflushed = replay->priorities.head->unflushed;
    do {
        if (!status) status = flush_some(replay, taken, &seat);
    } while (!status && taken->count > 0);
    if (!status) status = write_sampler(replay, false);
    for (size_t i = 0; i < SEATS_AT_ONCE; i++) epi__buffer_dispose(&taken->bodies[i]);
    epi__free(taken);
    if (status || epi__priorities_lock(&replay->priorities) != EPI_OK) return status;
    replay->priorities.head->unflushed -= EPI__MIN(unflushed, replay->priorities.head->unflushed);
    replay->priorities.head->flushed_us = epi__clock_monotonic_us();
    epi__priorities_unlock(&replay->priorities);
    return EPI_OK;
}

epi_status epi__sampler_flush_due(epi_replay *replay) {
    const epi__priority_head *head = replay->priorities.head;
    const epi_replay_options *options = &replay->options;
    if (!replay->name || head->unflushed == 0) return EPI_OK;
    if (options->flush_updates && head->unflushed >= options->flush_updates) return epi__sampler_flush(replay);
    if (!options->flush_ms) return EPI_OK;
    const uint64_t waited_us = epi__clock_monotonic_us() - head->flushed_us;
    return waited_us >= (uint64_t)options->flush_ms * 1000 ? epi__sampler_flush(replay) : EPI_OK;
}
