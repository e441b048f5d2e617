/* read.c - reading without a cue: episodes and steps by id, all of a space page by page, vectors, the nearest of a
 * vector. */
#include "../memory/draft.h"
#include "../memory/vectors.h"
#include "../column/column.h"
#include "recall.h"

#define MODULE "recall"

/* ---- episodes and steps ----------------------------------------------------------------------------------------- */

static epi_status render_plain(epi_recollection **found, epi_space *space) {
    epi_status status = epi__render(*found, &space->mirror->schema->schema, EPI_TOKEN_BUDGET_MAX);
    if (!status) return EPI_OK;
    epi_recollection_free(*found);
    *found = NULL;
    return status;
}

/* Whether the step has a row and is not forgotten. Where nothing was removed from its episode, it has one. */
static epi_status is_shown(bool *shown, epi__snapshot *snapshot, uint64_t step, bool whole) {
    epi__row row;
    const epi__mark *mark = epi__mirror_mark(snapshot->mirror, step);
    *shown = !mark || mark->forgotten_at == EPI_TIME_NONE;
    if (!*shown || whole) return EPI_OK;
    epi_status status = epi__row_read(&row, snapshot, step);
    *shown = !status;
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

/* Ids of an episode's steps from index `first` on, at most *count; forgotten and removed ones are left out. */
static epi_status episode_steps(uint64_t *ids, size_t *count, epi__snapshot *snapshot,
                                const epi__episode_record *record, uint64_t first) {
    const epi__mirror *mirror = snapshot->mirror;
    const epi__run *run = record->last_run ? epi__mirror_run(mirror, record->last_run) : NULL;
    size_t most = *count;
    *count = 0;
    while (run && run->first_index > first) run = run->previous ? epi__mirror_run(mirror, run->previous) : NULL;
    uint64_t step = run && first - run->first_index < run->count ? run->first + (first - run->first_index) : 0;
    for (; step && *count < most; step = epi__mirror_neighbour(mirror, step, 1)) {
        bool shown = false;
        EPI__TRY(is_shown(&shown, snapshot, step, record->step_count == record->next_index));
        if (shown) ids[(*count)++] = step;
    }
    return EPI_OK;
}

static epi_status read_column_episode(epi_recollection **found, epi__snapshot *snapshot, uint64_t episode,
                                      uint64_t first, size_t count) {
    if (count == 0 || count > EPI_K_MAX) count = EPI_K_MAX;
    uint64_t *ids = epi__realloc(NULL, count, sizeof *ids);
    if (!ids) return epi__fail_memory(MODULE, count * sizeof *ids);
    epi_status status = epi__columns_episode_ids(ids, &count, snapshot, episode, first);
    if (!status) status = epi__build_columns(found, snapshot, ids, count);
    epi__free(ids);
    return status;
}

static epi_status read_episode(epi_recollection **found, epi__snapshot *snapshot, uint64_t episode, uint64_t first,
                               size_t count) {
    epi__episode_record record;
    if (snapshot->mirror->columns) return read_column_episode(found, snapshot, episode, first, count);
    EPI__TRY(epi__read_episode(&record, snapshot, episode));
    if (count == 0 || count > EPI_K_MAX) count = EPI_K_MAX;
    count = (size_t)EPI__MIN((uint64_t)count, record.next_index);
    uint64_t *ids = epi__realloc(NULL, count + 1, sizeof *ids);
    if (!ids) return epi__fail_memory(MODULE, count * sizeof *ids);
    epi_status status = episode_steps(ids, &count, snapshot, &record, first);
    if (!status) status = epi__build_steps(found, snapshot, ids, count);
    epi__free(ids);
    return status;
}

epi_status epi_episode_read(epi_recollection **found, epi_space *space, uint64_t episode, uint64_t first,
                            size_t count) {
    if (!found) return epi__fail(EPI_EINVAL, MODULE, "found was NULL");
    *found = NULL;
    epi__snapshot snapshot;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    epi_status status = read_episode(found, &snapshot, episode, first, count);
    epi__snapshot_end(&snapshot);
    return status ? status : render_plain(found, space);
}

/* EPI_ENOTFOUND EPI_ESTALE, with a line. */
static epi_status row_of(epi__row *row, epi__snapshot *snapshot, uint64_t step) {
    epi_status status = epi__row_read(row, snapshot, step);
    if (status != EPI_ENOTFOUND) return status;
    bool given = step > 0 && step < snapshot->state.next_step;
    return epi__fail(given ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "step %llu %s", (unsigned long long)step,
                     given ? "was removed" : "was never appended");
}

static epi_status read_step(epi_recollection **found, epi__snapshot *snapshot, uint64_t step) {
    epi__row row;
    if (snapshot->mirror->columns) return epi__build_columns(found, snapshot, &step, 1);
    EPI__TRY(row_of(&row, snapshot, step));
    return epi__build_steps(found, snapshot, &step, 1);
}

epi_status epi_step_read(epi_recollection **found, epi_space *space, uint64_t step) {
    if (!found) return epi__fail(EPI_EINVAL, MODULE, "found was NULL");
    *found = NULL;
    epi__snapshot snapshot;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    epi_status status = read_step(found, &snapshot, step);
    epi__snapshot_end(&snapshot);
    return status ? status : render_plain(found, space);
}

static epi_status find_external(uint64_t *id, epi__snapshot *snapshot, const char *external_id) {
    epi__key key;
    epi__view body;
    epi__key_begin(&key, snapshot->mirror->space, EPI__TABLE_EXTERNAL);
    epi__key_bytes(&key, external_id, strlen(external_id));
    epi_status status = epi__record_get(&body, snapshot->tx.txn, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_ENOTFOUND, MODULE, "no step has the external id \"%s\"", external_id);
    EPI__TRY(status);
    epi__reader reader = epi__reader_of(body.data, body.size);
    *id = epi__read_u64(&reader);
    return EPI_OK;
}

epi_status epi_step_find(uint64_t *id, epi_space *space, const char *external_id) {
    if (!id || !external_id) return epi__fail(EPI_EINVAL, MODULE, "id or external_id was NULL");
    *id = 0;
    epi__snapshot snapshot;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__check_text("external id", external_id, strlen(external_id), EPI_EXTERNAL_ID_SIZE_MAX));
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    epi_status status = find_external(id, &snapshot, external_id);
    epi__snapshot_end(&snapshot);
    return status;
}

/* The ids of at most `count` live steps behind `after`. */
static epi_status page_ids(uint64_t *ids, size_t *found, epi__snapshot *snapshot, uint64_t after, size_t count) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    epi__key_of_u64(&first, snapshot->mirror->space, EPI__TABLE_STEP, after + 1);
    epi__key_begin(&end, snapshot->mirror->space, EPI__TABLE_STEP);
    epi__key_next(&end);
    *found = 0;
    epi_status status = epi__scan_open(&scan, snapshot->tx.txn, &first, &end, false);
    while (!status && *found < count && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        ids[(*found)++] = epi__key_id(key);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi_steps_read(epi_recollection **found, epi_space *space, uint64_t after, size_t count) {
    if (!found) return epi__fail(EPI_EINVAL, MODULE, "found was NULL");
    *found = NULL;
    EPI__TRY(epi__space_check_handle(space));
    if (count == 0) return epi__fail(EPI_EINVAL, MODULE, "count was 0");
    if (count > EPI_K_MAX) return epi__fail(EPI_ELIMIT, MODULE, "count is %zu, limit %u", count, EPI_K_MAX);
    uint64_t *ids = epi__realloc(NULL, count, sizeof *ids);
    if (!ids) return epi__fail_memory(MODULE, count * sizeof *ids);
    epi__snapshot snapshot;
    epi_status status = epi__snapshot_begin(&snapshot, space->mirror);
    if (!status) {
        bool columns = space->mirror->columns != NULL;
        if (after == UINT64_MAX)
            count = 0;
        else
            status = columns ? epi__columns_page_ids(ids, &count, &snapshot, after)
                             : page_ids(ids, &count, &snapshot, after, count);
        if (!status) status = (columns ? epi__build_columns : epi__build_steps)(found, &snapshot, ids, count);
        epi__snapshot_end(&snapshot);
    }
    epi__free(ids);
    return status ? status : render_plain(found, space);
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

static bool is_live(void *context, uint64_t step) {
    const epi__mark *mark = epi__mirror_mark(context, step);
    return !mark || (!mark->superseded_by && mark->forgotten_at == EPI_TIME_NONE);
}

static epi_status nearest(size_t *count, epi__best *best, epi_space *space, const float *vector, size_t size, size_t k,
                          uint32_t ef) {
    epi__mirror *mirror = space->mirror;
    const epi_schema *schema = &mirror->schema->schema;
    if (size > EPI_DIMENSION_MAX)
        return epi__fail(EPI_EDIMENSION, MODULE, "vector has %zu elements, at most %u", size, EPI_DIMENSION_MAX);
    float *query = epi__realloc(NULL, size, sizeof *query);
    if (!query) return epi__fail_memory(MODULE, size * sizeof *query);
    memcpy(query, vector, size * sizeof *query);
    epi__snapshot snapshot;
    epi_status status = epi__snapshot_begin(&snapshot, mirror);
    if (!status) {
        status = epi__check_vector(snapshot.state.dimension, schema->metric, query, size);
        if (!status && schema->metric == EPI_COSINE && !epi__math_normalise(query, size))
            status = epi__fail(EPI_EZERO, MODULE, "the vector is too short to have a direction");
        if (!status)
            status = epi__nearest(count, best, &snapshot, query, k, ef, mirror->mark_count ? is_live : NULL, mirror);
        epi__snapshot_end(&snapshot);
    }
    epi__free(query);
    return status;
}

epi_status epi_nearest(size_t *count, uint64_t *ids, float *scores, epi_space *space, const float *vector,
                       size_t vector_size, size_t k, uint32_t ef) {
    if (!count || !ids || !vector) return epi__fail(EPI_EINVAL, MODULE, "count, ids or vector was NULL");
    *count = 0;
    EPI__TRY(epi__space_check_handle(space));
    if (k == 0) return epi__fail(EPI_EINVAL, MODULE, "k was 0");
    if (k > EPI_K_MAX) return epi__fail(EPI_ELIMIT, MODULE, "k is %zu, limit %u", k, EPI_K_MAX);
    epi__best *best = epi__realloc(NULL, k, sizeof *best);
    if (!best) return epi__fail_memory(MODULE, k * sizeof *best);
    epi_status status = nearest(count, best, space, vector, vector_size, k, ef);
    for (size_t i = 0; !status && i < *count; i++) {
        ids[i] = best[i].id;
        if (scores) scores[i] = best[i].score;
    }
    epi__free(best);
    return status;
}

static epi_status read_vector(float *vector, size_t *size, epi__snapshot *snapshot, uint64_t step) {
    epi__row row;
    EPI__TRY(row_of(&row, snapshot, step));
    if (snapshot->state.dimension == 0) return EPI_OK;
    epi_status status = epi__vectors_get(vector, snapshot->mirror, snapshot->tx.txn, &snapshot->state, step);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    if (!status) *size = (size_t)snapshot->state.dimension;
    return status;
}

epi_status epi_step_vector(float *vector, size_t *size, epi_space *space, uint64_t step) {
    size_t elements = 0;
    if (size) *size = 0;
    if (!vector) return epi__fail(EPI_EINVAL, MODULE, "vector was NULL");
    epi__snapshot snapshot;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    epi_status status = read_vector(vector, &elements, &snapshot, step);
    epi__snapshot_end(&snapshot);
    if (size) *size = elements;
    return status;
}
