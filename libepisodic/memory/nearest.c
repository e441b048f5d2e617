/* nearest.c - the vector index of a mirror: making, filling, saving and searching it.
 *
 * A complete index answers by its graph and flat tail. An index that is not complete is empty, and the answer comes
 * from an exact scan of the vector chunks in the store's map and of the tail records: slower, never wrong, and there
 * from the first call on.
 */
#include <stdio.h>
#include <unistd.h>

#include "mirror.h"
#include "vectors.h"

#define MODULE "memory"

/* What a search hands through the index: where exact vectors are, and what the caller allows. */
struct source {
    epi__snapshot *snapshot;
    epi__nearest_filter filter;
    void *context;
    float *unsealed; /* room for a vector that is not in a chunk yet */
};

/* From a chunk in the store's map. A step that was put into the graph before it was sealed has its vector in a tail
 * record, where it is not aligned. */
static const float *vector_of(void *context, uint64_t step) {
    struct source *source = context;
    epi__snapshot *snapshot = source->snapshot;
    const float *vector = epi__vectors_at(snapshot->mirror, snapshot->tx.txn, &snapshot->state, step);
    if (vector) return vector;
    epi_status status = epi__vectors_get(source->unsealed, snapshot->mirror, snapshot->tx.txn, &snapshot->state, step);
    return status ? NULL : source->unsealed;
}

static bool allowed(void *context, uint64_t step) {
    struct source *source = context;
    return source->filter(source->context, step);
}

static epi__metric metric_of(const epi__mirror *mirror) {
    return mirror->schema->schema.metric == EPI_L2 ? EPI__METRIC_L2 : EPI__METRIC_COSINE;
}

static epi__index_options options_of(const epi__mirror *mirror, const epi__state *state) {
    return (epi__index_options){
        .dimension = (uint32_t)state->dimension, .metric = metric_of(mirror), .vector_of = vector_of};
}

epi_status epi__mirror_index_new(epi__index **index, const epi__mirror *mirror, const epi__state *state) {
    epi__index_options options = options_of(mirror, state);
    return epi__index_new(index, &options);
}

/* ---- the cache file --------------------------------------------------------------------------------------------- */

static epi_status cache_path(epi__buffer *path, const epi__store *store, uint32_t space) {
    char name[64];
    snprintf(name, sizeof name, "space-%u.index", space);
    return epi__store_cache_path(path, store, name);
}

epi_status epi__mirror_index_load(epi__index **index, epi__index_stamp *stamp, const epi__mirror *mirror,
                                  const epi__state *state) {
    epi__buffer path = {0};
    epi__index_options options = options_of(mirror, state);
    *index = NULL;
    epi_status status = cache_path(&path, mirror->store, mirror->space);
    if (!status)
        status =
            epi__index_load(index, stamp, epi__buffer_text(&path), &options, mirror->space, state->generation);
    epi__buffer_dispose(&path);
    return status;
}

epi_status epi__mirror_index_save(epi__mirror *mirror, const epi__state *state) {
    epi__buffer path = {0};
    epi__index_stamp stamp = {mirror->space, state->generation, state->sequence};
    epi_status status = cache_path(&path, mirror->store, mirror->space);
    if (!status) status = epi__index_save(mirror->index, epi__buffer_text(&path), &stamp);
    epi__buffer_dispose(&path);
    return status;
}

bool epi__mirror_cache_exists(const epi__mirror *mirror) {
    epi__buffer path = {0};
    bool exists = cache_path(&path, mirror->store, mirror->space) == EPI_OK &&
                  access(epi__buffer_text(&path), F_OK) == 0;
    epi__buffer_dispose(&path);
    return exists;
}

void epi__cache_drop(epi__store *store, uint32_t space) {
    epi__buffer path = {0};
    if (cache_path(&path, store, space) == EPI_OK) (void)unlink(epi__buffer_text(&path));
    epi__buffer_dispose(&path);
}

void epi__cache_drop_all(epi__store *store, uint32_t space) {
    char pattern[64];
    snprintf(pattern, sizeof pattern, "space-%u[.-]*", space);
    (void)epi__store_cache_remove(store, pattern);
}

/* ---- filling ---------------------------------------------------------------------------------------------------- */

static bool bit(const uint8_t *bits, uint32_t at) {
    return bits[at / 8] >> (at % 8) & 1;
}

struct filling {
    epi__index *index;
    uint32_t dimension;
};

static epi_status fill_chunk(void *context, uint64_t first, const uint8_t *present, const float *vectors,
                             uint32_t capacity) {
    struct filling *filling = context;
    for (uint32_t i = 0; i < capacity; i++) {
        uint64_t step = first + i;
        if (bit(present, i))
            EPI__TRY(epi__index_add(filling->index, &step, vectors + (size_t)i * filling->dimension, 1));
    }
    return EPI_OK;
}

static epi_status fill_one(void *context, uint64_t step, const float *vector) {
    struct filling *filling = context;
    return epi__index_add(filling->index, &step, vector, 1);
}

epi_status epi__mirror_index_fill(epi__index *index, epi__mirror *mirror, epi__txn *txn, const epi__state *state) {
    struct filling filling = {index, (uint32_t)state->dimension};
    EPI__TRY(epi__vectors_scan(mirror, txn, state, 0, fill_chunk, &filling));
    return epi__vectors_scan_tail(mirror, txn, state, fill_one, &filling);
}

/* ---- exact search ----------------------------------------------------------------------------------------------- */

struct exact {
    epi__topk best;
    const float *query;
    uint32_t dimension;
    epi__metric metric;
    epi__nearest_filter filter;
    void *context;
    float *scores; /* of one chunk */
};

static void offer(struct exact *exact, uint64_t step, float score) {
    if (!exact->filter || exact->filter(exact->context, step))
        epi__topk_push(&exact->best, step, exact->metric == EPI__METRIC_L2 ? -score : score);
}

static epi_status exact_chunk(void *context, uint64_t first, const uint8_t *present, const float *vectors,
                              uint32_t capacity) {
    struct exact *exact = context;
    if (exact->metric == EPI__METRIC_L2)
        epi__math_l2_rows(exact->scores, exact->query, vectors, capacity, exact->dimension);
    else
        epi__math_dot_rows(exact->scores, exact->query, vectors, capacity, exact->dimension);
    for (uint32_t i = 0; i < capacity; i++)
        if (bit(present, i)) offer(exact, first + i, exact->scores[i]);
    return EPI_OK;
}

static epi_status exact_one(void *context, uint64_t step, const float *vector) {
    struct exact *exact = context;
    bool l2 = exact->metric == EPI__METRIC_L2;
    offer(exact, step,
          l2 ? epi__math_l2_squared(exact->query, vector, exact->dimension)
             : epi__math_dot(exact->query, vector, exact->dimension));
    return EPI_OK;
}

static epi_status search_store(size_t *count, epi__best *found, epi__snapshot *snapshot, struct exact *exact,
                               size_t k) {
    epi__mirror *mirror = snapshot->mirror;
    uint32_t capacity = epi__vectors_capacity(exact->dimension);
    exact->scores = epi__realloc(NULL, capacity, sizeof *exact->scores);
    epi_status status = exact->scores && epi__topk_init(&exact->best, k) ? EPI_OK
                                                                         : epi__fail_memory(MODULE, k * sizeof *found);
    if (!status)
        status = epi__vectors_scan(mirror, snapshot->tx.txn, &snapshot->state, 0, exact_chunk, exact);
    if (!status) status = epi__vectors_scan_tail(mirror, snapshot->tx.txn, &snapshot->state, exact_one, exact);
    if (!status) {
        epi__topk_sort(&exact->best);
        *count = exact->best.count;
        memcpy(found, exact->best.items, *count * sizeof *found);
    }
    epi__topk_dispose(&exact->best);
    epi__free(exact->scores);
    return status;
}

epi_status epi__nearest(size_t *count, epi__best *found, epi__snapshot *snapshot, const float *query, size_t k,
                        uint32_t ef, epi__nearest_filter filter, void *context) {
    epi__mirror *mirror = snapshot->mirror;
    *count = 0;
    if (k == 0 || snapshot->state.vectors == 0 || !mirror->index) return EPI_OK;
    if (mirror->index_complete) {
        struct source source = {snapshot, filter, context, NULL};
        source.unsealed = epi__realloc(NULL, snapshot->state.dimension, sizeof *source.unsealed);
        if (!source.unsealed) return epi__fail_memory(MODULE, snapshot->state.dimension * sizeof(float));
        epi_status status = epi__index_search(count, found, mirror->index, query, k, ef, filter ? allowed : NULL,
                                              &source);
        epi__free(source.unsealed);
        return status;
    }
    struct exact exact = {.query = query,
                          .dimension = (uint32_t)snapshot->state.dimension,
                          .metric = metric_of(mirror),
                          .filter = filter,
                          .context = context};
    return search_store(count, found, snapshot, &exact, k);
}

epi_status epi__nearness(float *scores, epi__snapshot *snapshot, const float *query, const uint64_t *steps,
                         size_t count) {
    return epi__index_score(scores, snapshot->mirror->index, query, steps, count);
}
