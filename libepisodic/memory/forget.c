/* forget.c - three ways to go: forgetting hides and can be undone, removing is final, purging leaves no byte.
 *
 * Forgetting and restoring touch marks only: one small transaction. Removing takes a step out of everything that knows
 * it: row, components, time, external id, marks, postings or tail, vector, episode. Much of it is marked as forgotten
 * at once, past its time, and removed in bounded transactions; what a crash leaves is removed by upkeep.
 */
#include "../store/component.h"
#include "append.h"
#include "columnar.h"
#include "facts.h"
#include "filter.h"
#include "handle.h"
#include "learn.h"
#include "mark.h"
#include "remove.h"
#include "profile.h"
#include "vectors.h"

#define MODULE "memory"
#define REMOVE_BATCH 1000u
#define MARK_BATCH 20000u
#define DAY_US 86400000000ll

/* ---- choosing --------------------------------------------------------------------------------------------------- */

/* Commits what is pending, so that it can be meant too; but where nothing can be appended any more, removing goes on
 * without it. */
static epi_status commit_if_possible(epi__mirror *mirror) {
    epi_status status = epi__pending_commit(mirror);
    if (status == EPI_EDISKFULL) {
        epi__store_release_ballast(mirror->store);
        status = epi__pending_commit(mirror);
    }
    return status == EPI_EDISKFULL || status == EPI_EMAPFULL || status == EPI_EQUOTA ? EPI_OK : status;
}

static epi_status collect(uint64_t **ids, size_t *count, epi__mirror *mirror, const epi_filter *given) {
    epi__filter filter;
    epi__snapshot snapshot;
    *ids = NULL;
    *count = 0;
    epi_status status = epi__filter_init(&filter, mirror, given);
    if (!status) status = commit_if_possible(mirror);
    if (!status) status = epi__snapshot_begin_committed(&snapshot, mirror);
    if (!status) {
        status = epi__filter_collect(ids, count, &filter, &snapshot);
        epi__snapshot_end(&snapshot);
    }
    epi__filter_dispose(&filter);
    return status;
}

static epi_status check(uint64_t *count, epi_space *space, const epi_filter *filter) {
    if (count) *count = 0;
    EPI__TRY(epi__space_check_handle(space));
    if (!filter) return epi__fail(EPI_EINVAL, MODULE, "filter was NULL");
    if (filter->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "filter has version %u, expected 1", filter->version);
    if (epi__filter_is_empty(filter))
        return epi__fail(EPI_EINVAL, MODULE, "the filter is empty: name steps or episodes, or drop the space");
    return EPI_OK;
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static epi_status mark_batch(uint64_t *changed, epi__mirror *mirror, const uint64_t *ids, size_t count,
                             int64_t purge_at) {
    epi__change change;
    uint64_t here = 0;
    int64_t now = epi__store_now(mirror->store);
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < count; i++) {
        bool one = false;
        status = epi__mark_hide(&one, &change, ids[i], now, purge_at);
        here += one;
    }
    if (!status)
        status = epi__change_commit(&change, now);
    else
        epi__change_abort(&change);
    if (!status) *changed += here;
    return status;
}

static epi_status mark_all(uint64_t *changed, epi__mirror *mirror, const uint64_t *ids, size_t count,
                           int64_t purge_at) {
    epi_status status = EPI_OK;
    for (size_t at = 0; !status && at < count; at += MARK_BATCH) {
        size_t some = EPI__MIN(count - at, (size_t)MARK_BATCH);
        status = mark_batch(changed, mirror, ids + at, some, purge_at);
        if (status != EPI_EDISKFULL) continue;
        epi__store_release_ballast(mirror->store);
        status = mark_batch(changed, mirror, ids + at, some, purge_at);
    }
    return status;
}

epi_status epi_forget(uint64_t *count, epi_space *space, const epi_filter *filter, uint32_t purge_after_days,
                      bool dry_run) {
    uint64_t *ids = NULL, changed = 0;
    size_t found = 0;
    EPI__TRY(check(count, space, filter));
    EPI__TRY(epi__columnar_refuse(space->mirror, "its steps are removed or evicted, not forgotten"));
    epi__mirror *mirror = space->mirror;
    int64_t days = purge_after_days ? purge_after_days : EPI_PURGE_AFTER_DAYS_DEFAULT;
    int64_t now = epi__store_now(mirror->store), left = (EPI_TIME_MAX - EPI__MIN(now, EPI_TIME_MAX)) / DAY_US;
    int64_t purge_at = days > left ? INT64_MAX : now + days * DAY_US;
    epi_filter visible = *filter;
    visible.include_forgotten = false;
    EPI__TRY(collect(&ids, &found, mirror, &visible));
    epi_status status = EPI_OK;
    if (dry_run)
        changed = found;
    else if (found)
        status = mark_all(&changed, mirror, ids, found, purge_at);
    epi__free(ids);
    if (count) *count = status ? 0 : changed;
    return status;
}

epi_status epi_restore(uint64_t *count, epi_space *space, const epi_filter *filter) {
    uint64_t *ids = NULL, changed = 0;
    size_t found = 0;
    EPI__TRY(check(count, space, filter));
    epi_filter all = *filter;
    all.include_forgotten = all.include_superseded = true;
    EPI__TRY(collect(&ids, &found, space->mirror, &all));
    epi_status status = found ? mark_all(&changed, space->mirror, ids, found, EPI_TIME_NONE) : EPI_OK;
    epi__free(ids);
    if (count) *count = status ? 0 : changed;
    return status;
}

/* ---- removing --------------------------------------------------------------------------------------------------- */

/* A step's record while it is taken apart: a copy, because the store's pages change under the removal. */
struct removal {
    epi__writer *writer;
    epi__scratch *scratch;
    uint64_t step;
    epi__row row;
    epi__buffer body;
    epi__arena arena;
    epi__value *values; /* metadata first, then the parts */
    epi__view *parts;   /* one a role */
    epi__view tags;
};

static epi_status load_values(struct removal *removal) {
    epi__change *change = &removal->writer->change;
    const epi_schema *schema = &removal->writer->mirror->schema->schema;
    epi__reader reader = removal->row.rest;
    const uint8_t *tags = reader.next;
    for (uint8_t i = 0; i < removal->row.tag_count; i++) (void)epi__read_bytes(&reader);
    removal->tags = (epi__view){tags, (size_t)(reader.next - tags)};
    removal->values = epi__arena_alloc(&removal->arena, removal->row.part_count + 1u, sizeof *removal->values);
    removal->parts = epi__arena_alloc(&removal->arena, schema->role_count, sizeof *removal->parts);
    if (!removal->values || !removal->parts) return epi__fail_memory(MODULE, sizeof *removal->values);
    for (unsigned i = 0; i <= removal->row.part_count; i++) {
        epi__value *value = &removal->values[i];
        epi__view data;
        epi__value_decode(value, &reader);
        if (reader.failed)
            return epi__fail(EPI_EDAMAGED, MODULE, "step %llu cannot be read", (unsigned long long)removal->step);
        if (i == 0 || value->role >= schema->role_count ||
            !(schema->roles[value->role].flags & (EPI_ROLE_SEARCH | EPI_ROLE_KEYWORD)))
            continue;
        EPI__TRY(epi__component_get(&data, change->tx.txn, change->space, value));
        void *copy = data.size ? epi__arena_copy(&removal->arena, data.data, data.size)
                               : epi__arena_text(&removal->arena, "", 0);
        if (!copy) return epi__fail_memory(MODULE, data.size);
        removal->parts[value->role] = (epi__view){copy, data.size};
    }
    return EPI_OK;
}

static epi_status remove_words(struct removal *removal) {
    epi__change *change = &removal->writer->change;
    const epi_schema *schema = &removal->writer->mirror->schema->schema;
    const epi__row *row = &removal->row;
    EPI__TRY(epi__draft_words(removal->scratch, schema, removal->parts, removal->tags, row->tag_count, row->event_from,
                              row->utc_offset_min));
    for (size_t i = 0; i < removal->scratch->document.count; i++)
        EPI__TRY(epi__postings_remove(change, epi__document_at(&removal->scratch->document, i), removal->step));
    return EPI_OK;
}

/* Out of the generation that is being made, and out of what waits for its vector. */
static epi_status remove_awaited(epi__change *change, uint64_t step) {
    bool removed = false;
    epi__generation_record record;
    epi__state *state = &change->state;
    EPI__TRY(epi__backlog_remove(change, state->generation, step));
    EPI__TRY(epi__backlog_remove(change, state->building, step));
    if (!state->building) return EPI_OK;
    EPI__TRY(epi__vectors_remove(&removed, change, (uint32_t)state->building_dimension, state->building, step));
    if (!removed) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, state->building));
    record.vectors--;
    return epi__generation_put(change, state->building, &record);
}

/* The vector, in the step's tail record (which is taken) or in its chunk. */
static epi_status remove_vector(epi__change *change, uint64_t step, size_t in_tail) {
    bool removed = in_tail > 0;
    epi__state *state = &change->state;
    if (!removed && state->dimension > 0)
        EPI__TRY(epi__vectors_remove(&removed, change, (uint32_t)state->dimension, state->generation, step));
    state->vectors -= removed;
    return remove_awaited(change, step);
}

/* Words and vector: in the tail record, or in postings and a chunk. */
static epi_status remove_derived(struct removal *removal) {
    epi__key key;
    epi__view body, document, vector = {0};
    epi__change *change = &removal->writer->change;
    epi__key_of_u64(&key, change->space, EPI__TABLE_TAIL, removal->step);
    epi_status status = epi__change_get(&body, change, &key);
    if (!status) status = epi__tail_record_decode(&document, &vector, body);
    if (!status) status = epi__change_remove(change, &key);
    if (status == EPI_ENOTFOUND && (removal->row.flags & EPI__ROW_WORDS)) status = remove_words(removal);
    if (status && status != EPI_ENOTFOUND) return status;
    return remove_vector(change, removal->step, vector.size);
}

static epi_status remove_told(struct removal *removal) {
    epi__key key;
    epi__told told;
    epi__change *change = &removal->writer->change;
    epi__reader reader = epi__reader_of(removal->row.told.data, removal->row.told.size);
    for (uint8_t place = 0; epi__told_next(&told, &reader); place++) {
        epi__key_of_told(&key, change->space, told.from, removal->step, place);
        EPI__TRY(epi__change_remove(change, &key));
    }
    return EPI_OK;
}

static epi_status remove_entries(struct removal *removal) {
    epi__key key;
    epi__change *change = &removal->writer->change;
    const epi__row *row = &removal->row;
    epi__key_begin(&key, change->space, EPI__TABLE_TIME);
    epi__key_time(&key, row->event_from);
    epi__key_u64(&key, removal->step);
    EPI__TRY(epi__change_remove(change, &key));
    EPI__TRY(remove_told(removal));
    EPI__TRY(epi__facts_remove(change, removal->step, row->facts));
    if (row->external.size > 0) {
        epi__key_begin(&key, change->space, EPI__TABLE_EXTERNAL);
        epi__key_bytes(&key, row->external.data, row->external.size);
        EPI__TRY(epi__change_remove(change, &key));
    }
    for (unsigned i = 0; i <= row->part_count; i++) EPI__TRY(epi__component_drop(change, &removal->values[i]));
    epi__key_of_u64(&key, change->space, EPI__TABLE_STEP, removal->step);
    return epi__change_remove(change, &key);
}

static epi_status drop_runs(epi__change *change, uint64_t first) {
    while (first) {
        epi__key key;
        epi__view body;
        epi__run run;
        epi__key_of_u64(&key, change->space, EPI__TABLE_RUN, first);
        EPI__TRY(epi__change_get(&body, change, &key));
        EPI__TRY(epi__run_decode(&run, first, body));
        EPI__TRY(epi__change_remove(change, &key));
        epi__change_note(change, EPI__CHANGE_RUN, first, 0);
        first = run.previous;
    }
    return EPI_OK;
}

/* An episode left without steps goes, and its runs with it. */
static epi_status drop_episode(epi__writer *writer) {
    epi__key key;
    epi__change *change = &writer->change;
    epi__episode_record *record = &writer->record;
    EPI__TRY(drop_runs(change, record->last_run));
    EPI__TRY(epi__component_drop(change, &record->title));
    EPI__TRY(epi__component_drop(change, &record->metadata));
    EPI__TRY(epi__component_drop(change, &record->outcome));
    if (record->external.size > 0) {
        epi__key_begin(&key, change->space, EPI__TABLE_EPISODE_EXTERNAL);
        epi__key_bytes(&key, record->external.data, record->external.size);
        EPI__TRY(epi__change_remove(change, &key));
    }
    if (change->state.running_episode == writer->episode) change->state.running_episode = 0;
    epi__key_of_u64(&key, change->space, EPI__TABLE_EPISODE, writer->episode);
    epi__change_note(change, EPI__CHANGE_EPISODE, writer->episode, 0);
    writer->episode = 0;
    writer->dirty = false;
    return epi__change_remove(change, &key);
}

static epi_status remove_loaded(struct removal *removal) {
    epi__writer *writer = removal->writer;
    epi__state *state = &writer->change.state;
    EPI__TRY(load_values(removal));
    EPI__TRY(remove_derived(removal));
    EPI__TRY(remove_entries(removal));
    EPI__TRY(epi__mark_remove(&writer->change, removal->step));
    EPI__TRY(epi__mark_uncorrect(&writer->change, removal->row.supersedes, removal->step));
    state->documents -= removal->row.length > 0;
    state->words -= removal->row.length;
    epi__profile_count(state, &removal->row, -1);
    if (epi__state_count(state, EPI__TABLE_STEP) == 0) state->first_event = state->last_event = 0;
    epi__change_note(&writer->change, EPI__CHANGE_REMOVE, removal->step, 0);
    EPI__TRY(epi__writer_episode(writer, removal->row.episode));
    writer->dirty = true;
    return --writer->record.step_count == 0 ? drop_episode(writer) : EPI_OK;
}

static epi_status remove_one(bool *removed, epi__writer *writer, epi__scratch *scratch, uint64_t step) {
    struct removal removal = {.writer = writer, .scratch = scratch, .step = step};
    epi__key key;
    epi__view body;
    *removed = false;
    epi__key_of_u64(&key, writer->change.space, EPI__TABLE_STEP, step);
    epi_status status = epi__change_get(&body, &writer->change, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    epi__buffer_append(&removal.body, body.data, body.size);
    status = removal.body.failed ? epi__fail_memory(MODULE, body.size)
                                 : epi__row_decode(&removal.row, (epi__view){removal.body.data, removal.body.size});
    if (!status) status = remove_loaded(&removal);
    *removed = !status;
    epi__buffer_dispose(&removal.body);
    epi__arena_dispose(&removal.arena);
    return status;
}

static epi_status remove_batch(uint64_t *removed, epi__mirror *mirror, epi__scratch *scratch, const uint64_t *ids,
                               size_t count) {
    epi__writer writer;
    uint64_t here = 0;
    EPI__TRY(epi__writer_begin_shrinking(&writer, mirror));
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < count; i++) {
        bool one = false;
        status = remove_one(&one, &writer, scratch, ids[i]);
        here += one;
    }
    if (!status)
        status = epi__writer_commit(&writer);
    else
        epi__writer_abort(&writer);
    if (!status) *removed += here;
    return status;
}

epi_status epi__remove_steps(uint64_t *removed, epi__mirror *mirror, const uint64_t *ids, size_t count) {
    epi__scratch *scratch = NULL;
    *removed = 0;
    EPI__TRY(epi__scratch_take(&scratch, mirror));
    epi_status status = EPI_OK;
    for (size_t at = 0; !status && at < count; at += REMOVE_BATCH) {
        size_t some = EPI__MIN(count - at, (size_t)REMOVE_BATCH);
        status = remove_batch(removed, mirror, scratch, ids + at, some);
        if (status != EPI_EDISKFULL) continue;
        epi__store_release_ballast(mirror->store);
        status = remove_batch(removed, mirror, scratch, ids + at, some);
    }
    epi__scratch_give(scratch, mirror);
    return status;
}

epi_status epi_remove(uint64_t *count, epi_space *space, const epi_filter *filter, bool dry_run) {
    uint64_t *ids = NULL, removed = 0, hidden = 0;
    size_t found = 0;
    EPI__TRY(check(count, space, filter));
    epi__mirror *mirror = space->mirror;
    if (mirror->columns) return epi__columnar_remove(count ? count : &removed, mirror, filter, dry_run);
    epi_filter all = *filter;
    all.include_forgotten = all.include_superseded = true;
    EPI__TRY(collect(&ids, &found, mirror, &all));
    epi_status status = EPI_OK;
    if (dry_run) removed = found;
    if (!dry_run && found > REMOVE_BATCH) status = mark_all(&hidden, mirror, ids, found, epi__store_now(mirror->store));
    if (!dry_run && !status) status = epi__remove_steps(&removed, mirror, ids, found);
    epi__free(ids);
    if (count) *count = removed;
    return status;
}

/* Tells every process to make its index anew; graphs keep rows of what was removed. */
static epi_status note_purge(epi__mirror *mirror) {
    epi__change change;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    epi_status status = epi__learn_forget(&change);
    epi__change_note(&change, EPI__CHANGE_PURGE, 0, 0);
    if (!status) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

epi_status epi_purge(uint64_t *count, epi_space *space, const epi_filter *filter) {
    EPI__TRY(epi_remove(count, space, filter, false));
    EPI__TRY(note_purge(space->mirror));
    epi__cache_drop(space->mirror->store, space->mirror->space);
    return epi__store_compact(space->mirror->store);
}
