/* tail.c - the queue of vectors that are not in the graph yet.
 *
 * Idea: three parallel arrays. Taking moves `first`; when room is needed and half of it lies before `first`, the rest
 * moves to the front, so an item moves at most once for each time it is stepped over. Removing marks, so that
 * positions hold.
 * Invariant: first <= end <= capacity; `live` counts what is not marked between them.
 */
#include "tail.h"

#define BLOCK 64u /* vectors compared at a time */

void epi__tail_dispose(epi__tail *tail) {
    epi__free(tail->ids);
    epi__free(tail->vectors);
    epi__free(tail->is_removed);
    *tail = (epi__tail){.dimension = tail->dimension};
}

static void move_to_front(epi__tail *tail) {
    const size_t count = tail->end - tail->first;
    memmove(tail->ids, tail->ids + tail->first, count * sizeof *tail->ids);
    memmove(tail->vectors, tail->vectors + tail->first * tail->dimension, count * tail->dimension * sizeof(float));
    memmove(tail->is_removed, tail->is_removed + tail->first, count * sizeof *tail->is_removed);
    tail->before += tail->first;
    tail->first = 0;
    tail->end = count;
}

static bool grow(epi__tail *tail, size_t capacity) {
    uint64_t *ids = epi__realloc(tail->ids, capacity, sizeof *ids);
    if (ids != NULL) tail->ids = ids;
    float *vectors = epi__realloc(tail->vectors, capacity, tail->dimension * sizeof *vectors);
    if (vectors != NULL) tail->vectors = vectors;
    bool *is_removed = epi__realloc(tail->is_removed, capacity, sizeof *is_removed);
    if (is_removed != NULL) tail->is_removed = is_removed;
    if (ids == NULL || vectors == NULL || is_removed == NULL) return false;
    tail->capacity = capacity;
    return true;
}

epi_status epi__tail_reserve(epi__tail *tail, size_t more) {
    if (more <= tail->capacity - tail->end) return EPI_OK;
    if (tail->first > 0 && tail->first >= tail->capacity / 2) move_to_front(tail);
    if (more <= tail->capacity - tail->end) return EPI_OK;
    if (more > SIZE_MAX / 4) return epi__fail_memory("index", more);
    const size_t capacity = EPI__MAX(EPI__MAX(tail->end + more, tail->capacity + tail->capacity / 2), (size_t)16);
    if (!grow(tail, capacity)) return epi__fail_memory("index", capacity * tail->dimension * sizeof(float));
    return EPI_OK;
}

void epi__tail_put(epi__tail *tail, const uint64_t *ids, const float *vectors, size_t count) {
    if (count == 0) return;
    memcpy(tail->ids + tail->end, ids, count * sizeof *ids);
    memcpy(tail->vectors + tail->end * tail->dimension, vectors, count * tail->dimension * sizeof *vectors);
    memset(tail->is_removed + tail->end, 0, count * sizeof *tail->is_removed);
    tail->end += count;
    tail->live += count;
}

void epi__tail_remove(epi__tail *tail, uint64_t position) {
    tail->is_removed[position - tail->before] = true;
    tail->live--;
}

bool epi__tail_oldest(epi__tail *tail, uint64_t *id, const float **vector) {
    while (tail->first < tail->end && tail->is_removed[tail->first]) tail->first++;
    if (tail->first == tail->end) return false;
    *id = tail->ids[tail->first];
    *vector = tail->vectors + tail->first * tail->dimension;
    return true;
}

void epi__tail_take(epi__tail *tail) {
    tail->first++;
    tail->live--;
}

static void push_block(const epi__tail *tail, epi__topk *topk, const float *scores, size_t first, size_t count,
                       epi__index_filter filter, void *context) {
    for (size_t i = 0; i < count; i++) {
        const uint64_t id = tail->ids[first + i];
        if (tail->is_removed[first + i]) continue;
        if (topk->count == topk->capacity && scores[i] < topk->items[0].score) continue;
        if (filter != NULL && !filter(context, id)) continue;
        epi__topk_push(topk, id, scores[i]);
    }
}

void epi__tail_search(const epi__tail *tail, epi__topk *topk, const float *query, epi__metric metric,
                      epi__index_filter filter, void *context) {
    float scores[BLOCK];
    for (size_t first = tail->first; first < tail->end; first += BLOCK) {
        const size_t count = EPI__MIN((size_t)BLOCK, tail->end - first);
        const float *rows = tail->vectors + first * tail->dimension;
        if (metric == EPI__METRIC_COSINE) {
            epi__math_dot_rows(scores, query, rows, count, tail->dimension);
        } else {
            epi__math_l2_rows(scores, query, rows, count, tail->dimension);
            for (size_t i = 0; i < count; i++) scores[i] = -scores[i];
        }
        push_block(tail, topk, scores, first, count, filter, context);
    }
}
