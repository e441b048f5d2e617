/* search.c - the k nearest live items of graph and tail together.
 *
 * Idea: a walk over the graph gives candidates; tombstones and what the filter refuses fall out; if fewer than k are
 * left, a wider walk follows, and when a walk would see much of the graph anyway every row is looked at instead, which
 * is exact and, of a small graph, faster. A graph of halves gives more candidates than asked for, and their exact
 * vectors decide. The tail is compared exactly, always.
 */
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

/* The exact score of a candidate; false when its vector is gone. */
static bool score_of(const lookup *look, epi__near candidate, float *score) {
    const epi__index_options *options = &look->index->options;
    *score = -candidate.distance;
    if (!look->index->graph->options.halves) return true;
    void *context = options->vector_context != NULL ? options->vector_context : look->context;
    const float *vector = options->vector_of(context, look->index->node_ids[candidate.node]);
    if (vector == NULL) return false;
    *score = epi__math_dot(look->query, vector, options->dimension);
    return true;
}

/* Of the pool, nearest first, the wanted ones until there are enough, and those as near as the last; returns how many.
 * */
static size_t keep_wanted(const lookup *look, epi__walk *walk) {
    const size_t enough = wanted_of(look);
    size_t kept = 0;
    for (size_t i = 0; i < walk->count; i++) {
        const epi__near candidate = walk->pool[i];
        if (kept >= enough && candidate.distance > walk->pool[kept - 1].distance) break;
        if (is_wanted(look, candidate.node)) walk->pool[kept++] = candidate;
    }
    return kept;
}

static void push_pool(const lookup *look, const epi__walk *walk, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float score;
        if (!score_of(look, walk->pool[i], &score)) continue;
        epi__topk_push(look->best, look->index->node_ids[walk->pool[i].node], score);
    }
}

/* Compares the query with every wanted node; exact rows need no second look, so those go where the answer is. */
static void scan(const lookup *look, epi__walk *walk) {
    const epi__graph *graph = look->index->graph;
    const epi__topk *best = look->best;
    for (size_t node = 0; node < epi__graph_count(graph); node++) {
        const float distance = epi__graph_distance(graph, walk, node);
        if (graph->options.halves) {
            if (walk->count == walk->limit && distance > walk->pool[walk->count - 1].distance) continue;
            if (is_wanted(look, node)) (void)epi__walk_offer(walk, distance, node);
        } else {
            if (best->count == best->capacity && -distance < best->items[0].score) continue;
            if (is_wanted(look, node)) epi__topk_push(look->best, look->index->node_ids[node], -distance);
        }
    }
    push_pool(look, walk, walk->count);
}

/* One walk, or the scan that ends all attempts; *is_done when it gave k items or none can give more. */
static epi_status attempt(const lookup *look, size_t ef, bool *is_done) {
    epi__graph *graph = look->index->graph;
    const bool is_scan = epi__graph_count(graph) / SCAN_FACTOR <= ef;
    epi__walk *walk = epi__graph_borrow(graph, look->query, is_scan ? wanted_of(look) : ef);
    if (walk == NULL) return epi__fail_memory("index", ef * sizeof(epi__near));
    if (is_scan) {
        scan(look, walk);
        *is_done = true;
    } else {
        epi__graph_search(graph, walk);
        const size_t kept = keep_wanted(look, walk);
        *is_done = kept >= look->k;
        if (*is_done) push_pool(look, walk, kept);
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
