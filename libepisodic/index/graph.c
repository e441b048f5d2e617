/* graph.c - the memory of an HNSW graph: its rows, its links in FAISS, and the walks lent to searches.
 *
 * Idea: rows lie in one block that grows by half, on huge pages where the system has them, because a walk jumps from
 * row to row and would miss the address cache at each of them. The level of a node is drawn from its number, not from
 * a generator with a state, so that a graph that was saved and loaded in between grows as one that was not.
 * Ownership: the graph owns the FaissIndex, the rows and every walk.
 */
#include "graph.h"

#include <stdio.h>
#include <sys/mman.h>

#define ROW_ALIGNMENT 64u
#define HUGE_PAGE_SIZE ((size_t)2 << 20)
#define LEVEL_SEED UINT64_C(0x6570695f686e7377)

epi_status epi__graph_fail(int code, epi_status status, const char *what) {
    const char *reason = faiss_get_last_error();
    if (code == STD_EXCEPT && strcmp(reason, "std::bad_alloc") == 0) status = EPI_ENOMEM;
    return epi__fail(status, "index", "%s failed in FAISS (%d): %s", what, code, reason);
}

static epi_status graph_alloc(epi__graph **out, const epi__graph_options *options) {
    epi__graph *graph = epi__alloc_zero(1, sizeof *graph);
    if (graph == NULL) return epi__fail_memory("index", sizeof *graph);
    graph->options = *options;
    graph->kernels = epi__kernels_best();
    const size_t element = options->halves ? sizeof(uint16_t) : sizeof(float);
    graph->row_size = (options->dimension * element + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
    if (pthread_mutex_init(&graph->walks_lock, NULL) != 0) {
        epi__free(graph);
        return epi__fail(EPI_ENOMEM, "index", "a lock could not be made");
    }
    *out = graph;
    return EPI_OK;
}

epi_status epi__graph_new(epi__graph **out, const epi__graph_options *options) {
    char description[32];
    FaissIndex *faiss = NULL;
    *out = NULL;
    snprintf(description, sizeof description, "HNSW%u,Flat", options->m);
    const FaissMetricType metric = options->metric == EPI__METRIC_L2 ? METRIC_L2 : METRIC_INNER_PRODUCT;
    const int code = faiss_index_factory(&faiss, (int)options->dimension, description, metric);
    if (code != 0) return epi__graph_fail(code, EPI_EINTERNAL, "making a graph");
    const epi_status status = epi__graph_adopt(out, faiss, options);
    if (status != EPI_OK) faiss_Index_free(faiss);
    return status;
}

static epi_status check_links(const epi__graph *graph) {
    const epi__hnsw *links = &graph->links;
    const int32_t count = (int32_t)links->count;
    if (links->entry >= count || (links->entry < 0) != (count == 0))
        return epi__fail(EPI_EDAMAGED, "index", "the graph begins at node %d of %d", links->entry, count);
    for (size_t i = 0; i < links->neighbour_count; i++) {
        if (links->neighbours[i] < -1 || links->neighbours[i] >= count)
            return epi__fail(EPI_EDAMAGED, "index", "a link leads to node %d of %d", links->neighbours[i], count);
    }
    return EPI_OK;
}

epi_status epi__graph_check_twins(const epi__graph *graph) {
    const size_t count = graph->links.count;
    bool *seen = epi__alloc_zero(count, sizeof *seen);
    if (seen == NULL) return epi__fail_memory("index", count);
    epi_status status = EPI_OK;
    for (size_t node = 0; node < count && status == EPI_OK; node++) {
        const uint32_t twin = graph->twins[node];
        if (twin >= count || seen[twin]) /* each node once: a permutation, and so all rings */
            status = epi__fail(EPI_EDAMAGED, "index", "node %zu had the twin %u of %zu", node, twin, count);
        else
            seen[twin] = true;
    }
    epi__free(seen);
    return status;
}

static uint8_t *rows_alloc(size_t size) {
    const bool is_huge = size >= 2 * HUGE_PAGE_SIZE;
    uint8_t *rows = epi__alloc_aligned(is_huge ? HUGE_PAGE_SIZE : ROW_ALIGNMENT, size);
    if (rows != NULL && is_huge) (void)madvise(rows, size, MADV_HUGEPAGE); /* advice: refused, all still works */
    return rows;
}

static epi_status rows_reserve(epi__graph *graph, size_t count) {
    if (count <= graph->row_capacity) return EPI_OK;
    const size_t grown = graph->row_capacity + graph->row_capacity / 2;
    const size_t capacity = EPI__MAX(EPI__MAX(count, grown), (size_t)16);
    uint32_t *twins = epi__realloc(graph->twins, capacity, sizeof *twins);
    if (twins != NULL) graph->twins = twins;
    uint8_t *rows = twins != NULL ? rows_alloc(capacity * graph->row_size) : NULL;
    if (rows == NULL) return epi__fail_memory("index", capacity * graph->row_size);
    if (graph->rows != NULL) memcpy(rows, graph->rows, graph->links.count * graph->row_size);
    epi__free(graph->rows);
    graph->rows = rows;
    graph->row_capacity = capacity;
    return EPI_OK;
}

epi_status epi__graph_adopt(epi__graph **out, FaissIndex *faiss, const epi__graph_options *options) {
    epi__graph *graph = NULL;
    *out = NULL;
    EPI__TRY(graph_alloc(&graph, options));
    epi_status status = EPI_OK;
    const int code = epi__hnsw_view(&graph->links, faiss);
    if (code != 0) status = epi__graph_fail(code, EPI_EDAMAGED, "looking at a graph");
    if (status == EPI_OK && epi__hnsw_capacity(faiss, 1) != (int)options->m)
        status = epi__fail(EPI_EDAMAGED, "index", "the graph was built for other neighbour lists");
    if (status == EPI_OK) status = check_links(graph);
    if (status == EPI_OK) status = rows_reserve(graph, graph->links.count);
    if (status != EPI_OK) {
        epi__graph_free(graph);
        return status;
    }
    graph->faiss = faiss;
    *out = graph;
    return EPI_OK;
}

static void walk_free(epi__walk *walk) {
    epi__free(walk->pool);
    epi__free(walk->visited);
    epi__free(walk->fresh);
    epi__free(walk->query);
    epi__free(walk);
}

void epi__graph_free(epi__graph *graph) {
    if (graph == NULL) return;
    while (graph->walks != NULL) {
        epi__walk *walk = graph->walks;
        graph->walks = walk->next;
        walk_free(walk);
    }
    if (graph->faiss != NULL) faiss_Index_free(graph->faiss);
    pthread_mutex_destroy(&graph->walks_lock);
    epi__free(graph->rows);
    epi__free(graph->twins);
    epi__free(graph);
}

int32_t *epi__graph_neighbours(const epi__graph *graph, size_t node, int level, size_t *capacity) {
    const size_t m = graph->options.m;
    const size_t before = level == 0 ? 0 : 2 * m + (size_t)(level - 1) * m;
    *capacity = level == 0 ? 2 * m : m;
    return graph->links.neighbours + graph->links.offsets[node] + before;
}

/* ---- walks: borrowed, never freed before the graph ------------------------------------------------------------- */

static bool walk_reserve(epi__walk *walk, const epi__graph *graph, size_t ef) {
    if (walk->query == NULL) walk->query = epi__alloc_aligned(ROW_ALIGNMENT, 2 * graph->row_size);
    if (walk->fresh == NULL) walk->fresh = epi__alloc_zero(2 * graph->options.m, sizeof *walk->fresh);
    if (walk->query == NULL || walk->fresh == NULL) return false;
    if (walk->capacity < ef) {
        epi__near *pool = epi__realloc(walk->pool, ef, sizeof *pool);
        if (pool == NULL) return false;
        walk->pool = pool;
        walk->capacity = ef;
    }
    if (walk->visited_count < graph->row_capacity) {
        uint16_t *visited = epi__alloc_zero(graph->row_capacity, sizeof *visited);
        if (visited == NULL) return false;
        epi__free(walk->visited);
        walk->visited = visited;
        walk->visited_count = graph->row_capacity;
        walk->mark = 0;
    }
    return true;
}

static void fill_row(const epi__graph *graph, void *row, const float *vector) {
    if (graph->options.halves)
        epi__math_to_bf16(row, vector, graph->options.dimension);
    else
        memcpy(row, vector, graph->options.dimension * sizeof *vector);
}

epi__walk *epi__graph_borrow(epi__graph *graph, const float *query, size_t ef) {
    pthread_mutex_lock(&graph->walks_lock);
    epi__walk *walk = graph->walks;
    if (walk != NULL) graph->walks = walk->next;
    pthread_mutex_unlock(&graph->walks_lock);
    if (walk == NULL) walk = epi__alloc_zero(1, sizeof *walk);
    if (walk == NULL) return NULL;
    if (!walk_reserve(walk, graph, ef)) {
        epi__graph_return(graph, walk);
        return NULL;
    }
    walk->limit = ef;
    walk->count = 0;
    fill_row(graph, walk->query, query);
    return walk;
}

void epi__graph_return(epi__graph *graph, epi__walk *walk) {
    if (walk == NULL) return;
    pthread_mutex_lock(&graph->walks_lock);
    walk->next = graph->walks;
    graph->walks = walk;
    pthread_mutex_unlock(&graph->walks_lock);
}

float epi__graph_distance_to(const epi__graph *graph, epi__walk *walk, const float *vector) {
    uint8_t *other = (uint8_t *)walk->query + graph->row_size;
    fill_row(graph, other, vector);
    return epi__graph_between(graph, walk->query, other);
}

/* ---- insertion: everything that can fail, then everything that cannot ------------------------------------------ */

/* In level l with probability m^-l (Malkov and Yashunin 2018, section 4, with mL = 1/ln m). */
static int draw_level(const epi__graph *graph, size_t node) {
    epi__random random = epi__random_seed(LEVEL_SEED ^ (uint64_t)node);
    const double unit = epi__random_unit(&random);
    double chance = 1.0;
    int level = -1;
    do {
        chance /= graph->options.m;
        level++;
    } while (unit < chance && epi__hnsw_capacity(graph->faiss, level + 1) > 0);
    return level;
}

static void set_row(epi__graph *graph, size_t node, const float *vector) {
    uint8_t *row = graph->rows + node * graph->row_size;
    memset(row + graph->row_size - ROW_ALIGNMENT, 0, ROW_ALIGNMENT); /* the padding is saved with the row */
    fill_row(graph, row, vector);
    graph->twins[node] = (uint32_t)node;
}

epi_status epi__graph_insert(epi__graph *graph, const float *vector) {
    const size_t node = graph->links.count;
    if (node >= EPI__GRAPH_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, "index", "the graph has %zu nodes, limit %zu", node, EPI__GRAPH_COUNT_MAX);
    EPI__TRY(rows_reserve(graph, node + 1));
    epi__walk *walk = epi__graph_borrow(graph, vector, graph->options.ef_construction);
    if (walk == NULL) return epi__fail_memory("index", graph->row_capacity * sizeof(uint16_t));
    const int code = epi__hnsw_append(&graph->links, graph->faiss, draw_level(graph, node));
    if (code == 0) {
        set_row(graph, node, vector);
        epi__graph_link(graph, walk);
    }
    epi__graph_return(graph, walk);
    return code == 0 ? EPI_OK : epi__graph_fail(code, EPI_EINTERNAL, "adding a node");
}
