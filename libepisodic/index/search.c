/* search.c - the k nearest live items of graph and tail together.
 *
 * Idea: a walk over the graph gives candidates; tombstones and what the filter refuses fall out; if fewer than k are
 * left, a wider walk follows, and when a walk would see much of the graph anyway every row is looked at instead, which
 * is exact and, of a small graph, faster. A graph of halves gives more candidates than asked for, and their exact
 * vectors decide. The tail is compared exactly, always.
 */
#include <math.h>

#include "parts.h"

#define SCAN_FACTOR 4u /* a graph of at most so many times ef nodes is scanned */
#define WIDEN_FACTOR 4u

typedef struct lookup {
    const epi__index *index;
    const float *query;
    size_t k;
    epi__index_filter filter;
    void *context;
    epi__topk *best;
} lookup;

/* How many candidates of the graph are compared exactly. Halves are wrong by about 1e-4, so what belongs in front is at
 * most a few places off. */
static size_t wanted_of(const lookup *look) {
    return look->index->graph->options.halves ? look->k + look->k / 2 + 8 : look->k;
}

static bool is_wanted(const lookup *look, size_t node) {
    if (look->index->is_removed[node]) return false;
    return look->filter == NULL || look->filter(look->context, look->index->node_ids[node]);
}

/* Pushes a wanted node with its exact score; false when its vector is gone. */
static bool push_node(const lookup *look, size_t node, float distance) {
    const epi__index_options *options = &look->index->options;
    const uint64_t id = look->index->node_ids[node];
    float score = -distance;
    if (look->index->graph->options.halves) {
        const float *vector = options->vector_of(options->vector_context ? options->vector_context : look->context, id);
        if (vector == NULL) return false;
        score = epi__math_dot(look->query, vector, options->dimension);
    }
    epi__topk_push(look->best, id, score);
    return true;
}

/* Pushes what is wanted of a candidate and its twins; returns how many. */
static size_t push_ring(const lookup *look, epi__near candidate) {
    size_t count = 0, node = candidate.node;
    do {
        count += is_wanted(look, node) && push_node(look, node, candidate.distance);
        node = look->index->graph->twins[node];
    } while (node != candidate.node);
    return count;
}

/* Pushes the pool, nearest first, until there are enough and all as near as the last; returns how many. */
static size_t push_pool(const lookup *look, const epi__walk *walk) {
    const size_t enough = wanted_of(look);
    float last = 0;
    size_t count = 0;
    for (size_t i = 0; i < walk->count; i++) {
        const epi__near candidate = walk->pool[i];
        if (count >= enough && candidate.distance > last) break;
        count += push_ring(look, candidate);
        last = candidate.distance;
    }
    return count;
}

static bool is_hopeless(const epi__topk *best, float score) {
    return best->count == best->capacity && score < best->items[0].score;
}

static void scan_exact_rows(const lookup *look, const epi__walk *walk) {
    for (size_t node = 0; node < epi__graph_count(look->index->graph); node++) {
        const float distance = epi__graph_distance(look->index->graph, walk, node);
        if (!is_hopeless(look->best, -distance) && is_wanted(look, node)) (void)push_node(look, node, distance);
    }
}

/* Halves choose the candidates, exact vectors the best of those. */
static void scan_halves(const lookup *look, epi__walk *walk) {
    for (size_t node = 0; node < epi__graph_count(look->index->graph); node++) {
        const float distance = epi__graph_distance(look->index->graph, walk, node);
        if (walk->count == walk->limit && distance > walk->pool[walk->count - 1].distance) continue;
        if (is_wanted(look, node)) (void)epi__walk_offer(walk, distance, node);
    }
    for (size_t i = 0; i < walk->count; i++) (void)push_node(look, walk->pool[i].node, walk->pool[i].distance);
}

/* One walk, or the scan that ends all attempts; *is_done when it gave k items or none can give more. */
static epi_status attempt(const lookup *look, size_t ef, bool *is_done) {
    epi__graph *graph = look->index->graph;
    const size_t count = epi__graph_count(graph);
    const bool is_scan = count / SCAN_FACTOR <= ef;
    const size_t limit = is_scan ? EPI__MIN(wanted_of(look), count) : ef;
    epi__walk *walk = epi__graph_borrow(graph, look->query, limit);
    if (walk == NULL) return epi__fail_memory("index", limit * sizeof(epi__near));
    look->best->count = 0;
    *is_done = true;
    if (is_scan && graph->options.halves) {
        scan_halves(look, walk);
    } else if (is_scan) {
        scan_exact_rows(look, walk);
    } else {
        epi__graph_search(graph, walk);
        *is_done = push_pool(look, walk) >= look->k;
    }
    epi__graph_return(graph, walk);
    return EPI_OK;
}

static epi_status search_graph(const lookup *look, size_t ef) {
    if (epi__graph_count(look->index->graph) == look->index->removed_count) return EPI_OK;
    for (bool is_done = false; !is_done; ef *= WIDEN_FACTOR) EPI__TRY(attempt(look, ef, &is_done));
    return EPI_OK;
}

/* Room in the walk for the tombstones it will meet. */
static size_t widen_for_removed(const epi__index *index, size_t ef) {
    const size_t count = epi__graph_count(index->graph);
    return count > index->removed_count ? ef + ef * index->removed_count / count : ef;
}

epi_status epi__index_search(size_t *count, epi__best *found, const epi__index *index, const float *query, size_t k,
                             uint32_t ef, epi__index_filter filter, void *context) {
    epi__topk best = {.items = found, .capacity = k};
    const lookup look = {index, query, k, filter, context, &best};
    *count = 0;
    if (k == 0) return EPI_OK;
    const size_t width = EPI__MAX((size_t)(ef != 0 ? ef : index->options.ef_search), wanted_of(&look));
    EPI__TRY(search_graph(&look, widen_for_removed(index, width)));
    epi__tail_search(&index->tail, &best, query, index->options.metric, filter, context);
    epi__topk_sort(&best);
    *count = best.count;
    return EPI_OK;
}

/* ---- scoring without search -------------------------------------------------------------------------------------- */

#define AT_ONCE 32u /* items looked up and called into the cache before they are compared */
#define NOWHERE UINT64_MAX

static void find_places(uint64_t places[AT_ONCE], const epi__index *index, const uint64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!epi__map_get(&index->places, ids[i], &places[i])) places[i] = NOWHERE;
        else if (!(places[i] & 1)) epi__graph_prefetch(index->graph, places[i] >> 1);
    }
}

static float score_at(const epi__index *index, epi__walk *walk, uint64_t place) {
    if (place == NOWHERE) return -INFINITY;
    if (place & 1) return -epi__graph_distance_to(index->graph, walk, epi__tail_vector(&index->tail, place >> 1));
    return -epi__graph_distance(index->graph, walk, place >> 1);
}

epi_status epi__index_score(float *scores, const epi__index *index, const float *query, const uint64_t *ids,
                            size_t count) {
    uint64_t places[AT_ONCE];
    epi__walk *walk = epi__graph_borrow(index->graph, query, 1);
    if (walk == NULL) return epi__fail_memory("index", sizeof *walk);
    for (size_t first = 0; first < count; first += AT_ONCE) {
        const size_t n = EPI__MIN(count - first, (size_t)AT_ONCE);
        find_places(places, index, ids + first, n);
        for (size_t i = 0; i < n; i++) scores[first + i] = score_at(index, walk, places[i]);
    }
    epi__graph_return(index->graph, walk);
    return EPI_OK;
}
