/* append.c - appending: drafting outside any lock, then one transaction (batch.c), or a place in the pending list; see
 * append.h.
 *
 * The pending list belongs to the mirror, so all handles of a space in the process share it; ids are given out at once,
 * from ranges that were reserved durably. What is pending is in this process only, and is committed before this process
 * reads.
 */
#include "append.h"

#include <stdlib.h>

#include "columnar.h"
#include "extract.h"
#include "place.h"

#define MODULE "memory"
#define GROW_MIN 8u
#define GROW_MAX 1024u
#define PENDING_RESERVE 256u

struct epi__pending {
    epi__arena arena;
    epi__draft *drafts;
    size_t count, capacity;
    size_t size; /* bytes, about */
    uint64_t oldest_us;
    epi__map external; /* hash of the external id -> place */
};

/* ---- ids -------------------------------------------------------------------------------------------------------- */

/* Makes room for count ids in the lane. Where nobody wrote in between, the range goes on and the run grows. */
void epi__lane_reserve(epi__lane *lane, epi__state *state, uint64_t count, uint64_t least) {
    if (lane->end - lane->next >= count) return;
    bool alone = lane->end == state->next_step;
    if (!alone && lane->end != 0) lane->grow = lane->grow ? EPI__MIN(lane->grow * 2, GROW_MAX) : GROW_MIN;
    uint64_t more = EPI__MAX(alone ? count - (lane->end - lane->next) : count, EPI__MAX((uint64_t)lane->grow, least));
    if (!alone) lane->next = state->next_step;
    state->next_step += more;
    lane->end = state->next_step;
}

void epi__lane_return(epi__lane *lane, epi__change *change) {
    if (lane->end == change->state.next_step && lane->next < lane->end) change->state.next_step = lane->next;
    lane->next = lane->end = 0;
}

/* ---- the pending list ------------------------------------------------------------------------------------------- */

void epi__pending_free(epi__pending *pending) {
    if (!pending) return;
    epi__arena_dispose(&pending->arena);
    epi__map_dispose(&pending->external);
    epi__free(pending->drafts);
    epi__free(pending);
}

static bool lost(epi_status status) {
    return status == EPI_ECONFLICT || status == EPI_ESTALE || status == EPI_ENOTFOUND;
}

/* Writes the list in one transaction. A draft that can never be stored is passed over, and its status kept in
 * *dropped. The quota was looked at when the drafts were accepted: a read or a removal must not fail for it now. */
static epi_status write_pending(epi_status *dropped, epi__mirror *mirror, epi__pending *pending) {
    epi__writer writer;
    *dropped = EPI_OK;
    EPI__TRY(epi__writer_begin_shrinking(&writer, mirror));
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < pending->count; i++) {
        bool present = false;
        status = epi__writer_put(&writer, &pending->drafts[i], &present);
        if (!lost(status)) continue;
        epi__store_log(mirror->store, "space \"%s\": a pending step was dropped: %s", mirror->name,
                       epi_error_last()->message);
        *dropped = status;
        status = EPI_OK;
    }
    if (!status) return epi__writer_commit(&writer);
    epi__writer_abort(&writer);
    return status;
}

static epi_status commit_locked(epi__mirror *mirror) {
    epi__pending *pending = mirror->pending;
    epi_status dropped = EPI_OK;
    if (mirror->columns) return epi__columnar_commit(mirror);
    if (!pending || pending->count == 0) return EPI_OK;
    epi_status status = write_pending(&dropped, mirror, pending);
    if (status == EPI_EDISKFULL) {
        EPI__TRY(epi__commit_between(mirror));
        status = write_pending(&dropped, mirror, pending);
    }
    if (status && status != EPI_ESTALE) return status;
    mirror->pending = NULL; /* written; or the space was dropped, and they can never be */
    if (dropped) mirror->dropped = dropped;
    epi__pending_free(pending);
    return status;
}

epi_status epi__pending_commit(epi__mirror *mirror) {
    pthread_mutex_lock(&mirror->pending_mutex);
    epi_status status = commit_locked(mirror);
    pthread_mutex_unlock(&mirror->pending_mutex);
    return status;
}

epi_status epi__pending_sync(epi__mirror *mirror) {
    pthread_mutex_lock(&mirror->pending_mutex);
    epi_status status = commit_locked(mirror), dropped = mirror->dropped;
    if (!status) mirror->dropped = EPI_OK;
    pthread_mutex_unlock(&mirror->pending_mutex);
    if (status || !dropped) return status;
    return epi__fail(dropped, MODULE, "a step of space \"%s\" that was pending could not be stored (%s)", mirror->name,
                     epi_status_text(dropped));
}

static bool is_due(const epi__mirror *mirror) {
    const epi_memory_options *options = epi__store_options(mirror->store);
    const epi__pending *pending = mirror->pending;
    if (options->sync == EPI_SYNC_MANUAL) return pending->size >= EPI_PENDING_SIZE_MAX;
    return pending->size >= options->group_size ||
           epi__clock_monotonic_us() - pending->oldest_us >= (uint64_t)options->group_ms * 1000u;
}

/* ---- what is known of a draft, so that the caller hears of it when it appends ------------------------------------ */

static epi_status conflict(const epi__draft *draft, uint64_t step) {
    epi__view external = draft->row.external;
    return epi__fail(EPI_ECONFLICT, MODULE, "external id \"%.*s\" exists with other content, as step %llu",
                     (int)external.size, (const char *)external.data, (unsigned long long)step);
}

/* The draft takes the id and the episode of the step that has its external id. */
static epi_status known_as(bool *present, epi__draft *draft, uint64_t step, uint64_t episode, uint64_t content) {
    if (content != draft->row.content) return conflict(draft, step);
    *present = true;
    draft->id = step;
    draft->episode = episode;
    return EPI_OK;
}

static epi_status find_stored(bool *present, epi__mirror *mirror, epi__txn *txn, epi__draft *draft) {
    epi__key key;
    epi__view body;
    epi__row row;
    epi__key_begin(&key, mirror->space, EPI__TABLE_EXTERNAL);
    epi__key_bytes(&key, draft->row.external.data, draft->row.external.size);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status) return status == EPI_ENOTFOUND ? EPI_OK : status;
    epi__reader reader = epi__reader_of(body.data, body.size);
    uint64_t step = epi__read_u64(&reader), content = epi__read_u64(&reader);
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_STEP, step);
    EPI__TRY(epi__record_get(&body, txn, &key));
    EPI__TRY(epi__row_decode(&row, body));
    return known_as(present, draft, step, row.episode, content);
}

static epi_status find_external(bool *present, epi__mirror *mirror, epi__txn *txn, epi__draft *draft) {
    uint64_t at = 0;
    epi__view external = draft->row.external;
    const epi__pending *pending = mirror->pending;
    if (external.size == 0) return EPI_OK;
    if (!pending || !epi__map_get(&pending->external, epi__hash64(external.data, external.size), &at))
        return find_stored(present, mirror, txn, draft);
    const epi__draft *same = &pending->drafts[at];
    return known_as(present, draft, same->id, same->episode, same->row.content);
}

static epi_status check_superseded(epi__mirror *mirror, epi__txn *txn, uint64_t step) {
    epi__key key;
    epi__view body;
    epi__state state;
    const epi__pending *pending = mirror->pending;
    if (!step) return EPI_OK;
    for (size_t i = pending ? pending->count : 0; i > 0; i--)
        if (pending->drafts[i - 1].id == step) return EPI_OK;
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_STEP, step);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status != EPI_ENOTFOUND) return status;
    EPI__TRY(epi__state_read(&state, txn, mirror->space));
    bool given = step < state.next_step;
    return epi__fail(given ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "step %llu, which was to be superseded, %s",
                     (unsigned long long)step, given ? "was removed" : "never was");
}

/* *present: the step is there already, under draft->id. */
static epi_status look_up(bool *present, epi__mirror *mirror, epi__txn *txn, epi__draft *draft) {
    *present = false;
    EPI__TRY(find_external(present, mirror, txn, draft));
    return *present ? EPI_OK : check_superseded(mirror, txn, draft->row.supersedes);
}

static epi_status check_episode(epi__mirror *mirror, epi__txn *txn, uint64_t episode) {
    epi__key key;
    epi__view body;
    epi__state state;
    epi__episode_record record;
    EPI__TRY(epi__state_read(&state, txn, mirror->space));
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_EPISODE, episode);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_ESTALE, MODULE, "episode %llu was removed", (unsigned long long)episode);
    EPI__TRY(status);
    EPI__TRY(epi__episode_decode(&record, body));
    if (!record.ended) return EPI_OK;
    return epi__fail(EPI_EENDED, MODULE, "episode %llu has ended; resume it to append", (unsigned long long)episode);
}

/* ---- putting off ------------------------------------------------------------------------------------------------- */

/* A durable range of ids for the lane. */
static epi_status reserve_durably(epi__lane *lane, epi__mirror *mirror, uint64_t count) {
    epi__change change;
    epi__lane taken = *lane;
    if (lane->end - lane->next >= count) return EPI_OK;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi__lane_reserve(&taken, &change.state, count, EPI__MAX(count, (uint64_t)PENDING_RESERVE));
    EPI__TRY(epi__change_commit(&change, epi__store_now(mirror->store)));
    *lane = taken;
    return EPI_OK;
}

static epi_status pending_ready(epi__mirror *mirror, size_t count) {
    if (!mirror->pending) {
        mirror->pending = epi__alloc_zero(1, sizeof *mirror->pending);
        if (!mirror->pending) return epi__fail_memory(MODULE, sizeof *mirror->pending);
    }
    epi__pending *pending = mirror->pending;
    if (pending->count + count > pending->capacity) {
        size_t more = EPI__MAX(pending->capacity * 2, pending->count + count + 64);
        epi__draft *grown = epi__realloc(pending->drafts, more, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, more * sizeof *grown);
        pending->drafts = grown;
        pending->capacity = more;
    }
    if (pending->count == 0) pending->oldest_us = epi__clock_monotonic_us();
    return EPI_OK;
}

/* Makes the list own a copy of the draft. */
static epi_status push(epi__mirror *mirror, epi__draft *draft) {
    epi__pending *pending = mirror->pending;
    const epi_schema *schema = &mirror->schema->schema;
    epi__draft copy = *draft;
    copy.parts = epi__arena_copy(&pending->arena, draft->parts, schema->role_count * sizeof *draft->parts);
    void *tail = draft->tail.size ? epi__arena_copy(&pending->arena, draft->tail.data, draft->tail.size) : NULL;
    void *tags = draft->tags.size ? epi__arena_copy(&pending->arena, draft->tags.data, draft->tags.size) : NULL;
    if (!copy.parts || (draft->tail.size && !tail) || (draft->tags.size && !tags))
        return epi__fail_memory(MODULE, draft->size);
    copy.tail.data = tail;
    copy.text.data = NULL;
    copy.tags.data = tags;
    EPI__TRY(epi__draft_own(&copy, &pending->arena, schema));
    uint64_t hash = epi__hash64(copy.row.external.data, copy.row.external.size);
    if (copy.row.external.size > 0 && !epi__map_put(&pending->external, hash, pending->count))
        return epi__fail_memory(MODULE, sizeof hash);
    pending->drafts[pending->count++] = copy;
    pending->size += copy.size;
    return EPI_OK;
}

/* The list as it was before a call that failed. */
static void cut_back(epi__pending *pending, size_t count) {
    while (pending && pending->count > count) {
        const epi__draft *draft = &pending->drafts[--pending->count];
        epi__view external = draft->row.external;
        if (external.size > 0) (void)epi__map_remove(&pending->external, epi__hash64(external.data, external.size));
        pending->size -= draft->size;
    }
}

static epi_status push_new(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__txn *txn, epi__draft *drafts,
                           size_t count) {
    EPI__TRY(check_episode(mirror, txn, drafts[0].episode));
    for (size_t i = 0; i < count; i++) {
        bool present = false;
        EPI__TRY(look_up(&present, mirror, txn, &drafts[i]));
        if (!present) {
            drafts[i].id = lane->next++;
            EPI__TRY(push(mirror, &drafts[i]));
        }
        if (ids) ids[i] = drafts[i].id;
    }
    return EPI_OK;
}

static epi_status push_all(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__draft *drafts, size_t count) {
    epi__tx tx = {0};
    size_t before = mirror->pending ? mirror->pending->count : 0;
    epi_status status = reserve_durably(lane, mirror, count);
    if (!status) status = pending_ready(mirror, count);
    if (!status) status = epi__tx_begin(&tx, mirror->store, false);
    if (!status) status = epi__store_quota(mirror->store, &tx);
    if (!status) status = push_new(ids, lane, mirror, tx.txn, drafts, count);
    epi__tx_abort(&tx);
    if (!status && mirror->pending->count > 0 && is_due(mirror)) status = commit_locked(mirror);
    if (status) cut_back(mirror->pending, before); /* all or none; where the commit failed, the others still wait */
    return status;
}

/* Steps of the running episode have no handle to keep their ids in, so its lane is the mirror's. */
static epi_status write_later(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__draft *drafts, size_t count,
                              bool running) {
    pthread_mutex_lock(&mirror->pending_mutex);
    epi_status status = push_all(ids, running ? &mirror->running_lane : lane, mirror, drafts, count);
    pthread_mutex_unlock(&mirror->pending_mutex);
    return status;
}

/* ---- the door --------------------------------------------------------------------------------------------------- */

/* Whether the step is there already; what it corrects must be. */
static epi_status look_up_alone(bool *present, epi__mirror *mirror, epi__draft *draft) {
    epi__tx tx;
    *present = false;
    if (draft->row.external.size == 0 && !draft->row.supersedes) return EPI_OK;
    pthread_mutex_lock(&mirror->pending_mutex);
    epi_status status = epi__tx_begin(&tx, mirror->store, false);
    if (!status) status = look_up(present, mirror, tx.txn, draft);
    epi__tx_abort(&tx);
    pthread_mutex_unlock(&mirror->pending_mutex);
    return status;
}

/* A step that is there already is shown to no extractor. */
static epi_status extract(epi__draft *draft, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                          const epi_step *step) {
    bool present = false;
    EPI__TRY(look_up_alone(&present, mirror, draft));
    return present ? EPI_OK : epi__extract(draft, arena, mirror, scratch, step);
}

static epi_status draft_batch(epi__batch *batch, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                              const epi__generation *generation) {
    bool extracts = epi__extracts(mirror);
    for (size_t i = 0; i < batch->count; i++) {
        epi__draft *draft = &batch->drafts[i];
        EPI__TRY(epi__draft_make(draft, arena, mirror, scratch, generation, &batch->steps[i]));
        draft->episode = batch->episode;
        if (extracts) EPI__TRY(extract(draft, arena, mirror, scratch, &batch->steps[i]));
    }
    return EPI_OK;
}

epi_status epi__batches_draft(epi__batch *batches, size_t count, epi__arena *arena, epi__mirror *mirror) {
    size_t total = 0, at = 0;
    epi__scratch *scratch = NULL;
    const epi__generation *generation = NULL;
    for (size_t i = 0; i < count; i++) total += batches[i].count;
    epi__draft *drafts = epi__arena_alloc(arena, total, sizeof *drafts);
    if (!drafts) return epi__fail_memory(MODULE, total * sizeof *drafts);
    EPI__TRY(epi__generation_serving(&generation, mirror));
    EPI__TRY(epi__scratch_take(&scratch, mirror));
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < count; at += batches[i++].count) {
        batches[i].drafts = drafts + at;
        status = draft_batch(&batches[i], arena, mirror, scratch, generation);
    }
    epi__scratch_give(scratch, mirror);
    return status ? status : epi__draft_encode(drafts, total, arena, mirror, generation);
}

/* A step that is there already begins no episode, and under a relaxed policy its place is looked for now. */
static epi_status find_place(bool *present, epi__batch *batch, epi__mirror *mirror, bool now) {
    epi__draft *draft = batch->drafts;
    EPI__TRY(look_up_alone(present, mirror, draft));
    if (!*present && !now) EPI__TRY(epi__place_running_alone(&draft->episode, mirror, draft->row.event_from));
    batch->episode = draft->episode;
    return EPI_OK;
}

epi_status epi__append(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, const epi_step *steps, size_t count) {
    EPI__TRY(epi__columnar_refuse(mirror, "append to it by epi_transitions_append()"));
    epi__arena arena = {0};
    bool present = false, now = epi__store_options(mirror->store)->sync == EPI_SYNC_EACH_COMMIT;
    epi__batch batch = {.episode = lane->episode, .running = lane->episode == 0, .steps = steps, .count = count};
    epi_status status = epi__batches_draft(&batch, 1, &arena, mirror);
    if (!status && batch.running) status = find_place(&present, &batch, mirror, now);
    if (!status && present && ids) ids[0] = batch.drafts[0].id;
    if (!status && !present)
        status = now ? epi__batches_write(ids, lane, mirror, &batch, 1)
                     : write_later(ids, lane, mirror, batch.drafts, count, batch.running);
    if (!status) lane->episode = batch.episode;
    epi__arena_dispose(&arena);
    return status;
}
