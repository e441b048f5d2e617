/* index.c - items going into the tail, from there into the graph, and away.
 *
 * Idea: an id is in one place, in the tail or a node of the graph; `places` knows it. A removed item leaves `places` at
 * once; in the tail it is stepped over, in the graph it stays as a tombstone, a node walks still pass through.
 * Invariant: places has exactly the live ids; node i has the id node_ids[i] and is live unless is_removed[i].
 * Ownership: the index owns its graph, tail and map; vectors are copied in.
 */
#include "parts.h"

static uint32_t or_default(uint32_t value, uint32_t otherwise) {
    return value != 0 ? value : otherwise;
}

epi_status epi__index_options_fill(epi__index_options *filled, const epi__index_options *options) {
    epi__index_options o = *options;
    o.m = or_default(o.m, EPI__INDEX_M_DEFAULT);
    o.ef_construction = or_default(o.ef_construction, EPI__INDEX_EF_CONSTRUCTION_DEFAULT);
    o.ef_search = or_default(o.ef_search, EPI__INDEX_EF_SEARCH_DEFAULT);
    o.threads = or_default(o.threads, 1);
    if (o.dimension == 0 || o.dimension > EPI__INDEX_DIMENSION_MAX)
        return epi__fail(EPI_EINVAL, "index", "dimension was %u, limit %u", o.dimension, EPI__INDEX_DIMENSION_MAX);
    if (o.metric != EPI__METRIC_COSINE && o.metric != EPI__METRIC_L2)
        return epi__fail(EPI_EINVAL, "index", "metric %d does not exist", (int)o.metric);
    if (o.m < EPI__INDEX_M_MIN || o.m > EPI__INDEX_M_MAX)
        return epi__fail(EPI_EINVAL, "index", "m was %u, limits %u and %u", o.m, EPI__INDEX_M_MIN, EPI__INDEX_M_MAX);
    if (o.ef_construction > EPI__INDEX_EF_MAX || o.ef_search > EPI__INDEX_EF_MAX)
        return epi__fail(EPI_EINVAL, "index", "ef was %u, limit %u", EPI__MAX(o.ef_construction, o.ef_search),
                         EPI__INDEX_EF_MAX);
    if (o.threads > 1) return epi__fail(EPI_EINVAL, "index", "threads was %u, limit 1", o.threads);
    *filled = o;
    return EPI_OK;
}

epi__graph_options epi__index_graph_options(const epi__index_options *options) {
    return (epi__graph_options){
        .dimension = options->dimension,
        .metric = options->metric,
        .m = options->m,
        .ef_construction = options->ef_construction,
        .halves = options->vector_of != NULL && options->metric == EPI__METRIC_COSINE &&
                  options->dimension >= EPI__INDEX_HALVES_DIMENSION_MIN,
    };
}

epi_status epi__index_alloc(epi__index **out, const epi__index_options *options) {
    epi__index *index = epi__alloc_zero(1, sizeof *index);
    *out = index;
    if (index == NULL) return epi__fail_memory("index", sizeof *index);
    index->options = *options;
    index->tail.dimension = options->dimension;
    return EPI_OK;
}

epi_status epi__index_new(epi__index **out, const epi__index_options *options) {
    epi__index_options filled;
    epi__index *index = NULL;
    *out = NULL;
    EPI__TRY(epi__index_options_fill(&filled, options));
    EPI__TRY(epi__index_alloc(&index, &filled));
    const epi__graph_options graph_options = epi__index_graph_options(&filled);
    const epi_status status = epi__graph_new(&index->graph, &graph_options);
    if (status != EPI_OK) {
        epi__index_free(index);
        return status;
    }
    *out = index;
    return EPI_OK;
}

void epi__index_free(epi__index *index) {
    if (index == NULL) return;
    epi__graph_free(index->graph);
    epi__free(index->node_ids);
    epi__free(index->is_removed);
    epi__tail_dispose(&index->tail);
    epi__map_dispose(&index->places);
    epi__free(index);
}

/* ---- adding and removing --------------------------------------------------------------------------------------- */

/* Gives each id its place in the tail; none when one of them is there already. */
static epi_status claim_places(epi__index *index, const uint64_t *ids, size_t count) {
    const uint64_t position = epi__tail_next_position(&index->tail);
    epi_status status = EPI_OK;
    size_t claimed = 0;
    for (; claimed < count && status == EPI_OK; claimed++) {
        const uint64_t id = ids[claimed];
        if (epi__map_get(&index->places, id, NULL))
            status = epi__fail(EPI_EEXISTS, "index", "id %llu was in the index already", (unsigned long long)id);
        else if (!epi__map_put(&index->places, id, epi__place_of_position(position + claimed)))
            status = epi__fail_memory("index", index->places.capacity * sizeof(uint64_t));
        if (status != EPI_OK) break;
    }
    if (status == EPI_OK) return EPI_OK;
    while (claimed > 0) (void)epi__map_remove(&index->places, ids[--claimed]);
    return status;
}

epi_status epi__index_add(epi__index *index, const uint64_t *ids, const float *vectors, size_t count) {
    EPI__TRY(epi__tail_reserve(&index->tail, count));
    EPI__TRY(claim_places(index, ids, count));
    epi__tail_put(&index->tail, ids, vectors, count);
    return EPI_OK;
}

epi_status epi__index_remove(epi__index *index, uint64_t id) {
    uint64_t place;
    if (!epi__map_get(&index->places, id, &place)) return EPI_OK;
    (void)epi__map_remove(&index->places, id);
    if (place & 1) {
        epi__tail_remove(&index->tail, place >> 1);
    } else {
        index->is_removed[place >> 1] = true;
        index->removed_count++;
    }
    return EPI_OK;
}

/* ---- from the tail into the graph ------------------------------------------------------------------------------ */

epi_status epi__index_reserve_nodes(epi__index *index, size_t count) {
    if (count <= index->node_capacity) return EPI_OK;
    const size_t grown = index->node_capacity + index->node_capacity / 2;
    const size_t capacity = EPI__MAX(EPI__MAX(count, grown), (size_t)16);
    uint64_t *node_ids = epi__realloc(index->node_ids, capacity, sizeof *node_ids);
    if (node_ids != NULL) index->node_ids = node_ids;
    bool *is_removed = epi__realloc(index->is_removed, capacity, sizeof *is_removed);
    if (is_removed != NULL) index->is_removed = is_removed;
    if (node_ids == NULL || is_removed == NULL) return epi__fail_memory("index", capacity * sizeof *node_ids);
    index->node_capacity = capacity;
    return EPI_OK;
}

static epi_status absorb_one(epi__index *index, uint64_t id, const float *vector) {
    const size_t node = epi__graph_count(index->graph);
    EPI__TRY(epi__index_reserve_nodes(index, node + 1));
    EPI__TRY(epi__graph_insert(index->graph, vector));
    index->node_ids[node] = id;
    index->is_removed[node] = false;
    (void)epi__map_put(&index->places, id, epi__place_of_node(node)); /* the key is there: nothing to allocate */
    epi__tail_take(&index->tail);
    return EPI_OK;
}

epi_status epi__index_absorb(size_t *absorbed, epi__index *index, size_t limit) {
    uint64_t id;
    const float *vector;
    for (*absorbed = 0; *absorbed < limit && epi__tail_oldest(&index->tail, &id, &vector); (*absorbed)++)
        EPI__TRY(absorb_one(index, id, vector));
    return EPI_OK;
}

/* ---- what is in it --------------------------------------------------------------------------------------------- */

size_t epi__index_count(const epi__index *index) {
    return index->places.count;
}

size_t epi__index_tail_count(const epi__index *index) {
    return index->tail.live;
}

bool epi__index_contains(const epi__index *index, uint64_t id) {
    return epi__map_get(&index->places, id, NULL);
}

bool epi__index_wants_rebuild(const epi__index *index) {
    return index->removed_count > epi__graph_count(index->graph) / 4;
}
