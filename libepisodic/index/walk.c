/* walk.c - finding near nodes by walking an HNSW graph.
 *
 * Idea: the pool is an array sorted by distance that holds at most `limit` nodes. The nearest node whose neighbours
 * were not yet looked at is next; its new neighbours are put where they belong; when every node of the pool has been
 * looked at, the pool is the answer. That visits exactly what the two heaps of the paper visit. The rows of the
 * neighbours are called into the cache some steps before they are needed: a walk waits for memory more than it
 * computes.
 * Source: Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using HNSW graphs, 2018,
 * algorithms 2 and 5; the single sorted pool after Fu et al., NSG, 2019, algorithm 1.
 */
#include "graph.h"

#define AHEAD 4u             /* rows called into the cache before they are needed */
#define EXPANDED 0x80000000u /* in epi__near.node while a walk is under way: its neighbours were looked at */
#define NODE_OF(item) ((item).node & ~EXPANDED)

float epi__graph_between(const epi__graph *graph, const void *row, const void *other) {
    const size_t dimension = graph->options.dimension;
    if (graph->options.halves) return -graph->kernels->dot_bf16(row, other, dimension);
    if (graph->options.metric == EPI__METRIC_COSINE) return -graph->kernels->dot(row, other, dimension);
    return graph->kernels->l2_squared(row, other, dimension);
}

float epi__graph_distance(const epi__graph *graph, const epi__walk *walk, size_t node) {
    return epi__graph_between(graph, walk->query, epi__graph_row(graph, node));
}

static inline void prefetch_neighbours(const epi__graph *graph, size_t node) {
    size_t capacity;
    const int32_t *neighbours = epi__graph_neighbours(graph, node, 0, &capacity);
    for (size_t at = 0; at < capacity; at += 16) __builtin_prefetch(neighbours + at);
}

/* Moves to the nearest neighbour as long as one is nearer. */
static epi__near descend_level(const epi__graph *graph, const epi__walk *walk, epi__near best, int level) {
    for (bool moved = true; moved;) {
        size_t capacity;
        const int32_t *neighbours = epi__graph_neighbours(graph, best.node, level, &capacity);
        moved = false;
        for (size_t i = 0; i < capacity && neighbours[i] >= 0; i++) epi__graph_prefetch(graph, (size_t)neighbours[i]);
        for (size_t i = 0; i < capacity && neighbours[i] >= 0; i++) {
            const float distance = epi__graph_distance(graph, walk, (size_t)neighbours[i]);
            if (distance >= best.distance) continue;
            best = (epi__near){distance, (uint32_t)neighbours[i]};
            moved = true;
        }
    }
    return best;
}

epi__near epi__walk_descend(const epi__graph *graph, const epi__walk *walk, int level) {
    const uint32_t entry = (uint32_t)graph->links.entry;
    epi__near best = {epi__graph_distance(graph, walk, entry), entry};
    for (int at = graph->links.top_level; at > level; at--) best = descend_level(graph, walk, best, at);
    return best;
}

static inline bool is_before(epi__near a, epi__near b) {
    return a.distance < b.distance || (a.distance == b.distance && NODE_OF(a) < NODE_OF(b));
}

/* Puts an item where it belongs and returns where that is; `limit` when the pool is full of nearer ones. */
static size_t pool_put(epi__walk *walk, epi__near item) {
    if (walk->count == walk->limit && !is_before(item, walk->pool[walk->count - 1])) return walk->limit;
    size_t low = 0, high = walk->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (is_before(walk->pool[middle], item))
            low = middle + 1;
        else
            high = middle;
    }
    if (walk->count < walk->limit) walk->count++;
    memmove(walk->pool + low + 1, walk->pool + low, (walk->count - 1 - low) * sizeof *walk->pool);
    walk->pool[low] = item;
    return low;
}

bool epi__walk_offer(epi__walk *walk, float distance, size_t node) {
    return pool_put(walk, (epi__near){distance, (uint32_t)node}) < walk->limit;
}

/* Forgets every visit; only one time in 65,535 does that touch the whole table. */
static void forget_visits(epi__walk *walk) {
    if (walk->mark == UINT16_MAX) {
        memset(walk->visited, 0, walk->visited_count * sizeof *walk->visited);
        walk->mark = 0;
    }
    walk->mark++;
}

/* The neighbours of a node that this walk has not seen, into walk->fresh. */
static size_t take_fresh(const epi__graph *graph, epi__walk *walk, size_t node, int level) {
    size_t capacity, count = 0;
    const int32_t *neighbours = epi__graph_neighbours(graph, node, level, &capacity);
    for (size_t i = 0; i < capacity && neighbours[i] >= 0; i++) {
        const size_t neighbour = (size_t)neighbours[i];
        if (walk->visited[neighbour] == walk->mark) continue;
        walk->visited[neighbour] = walk->mark;
        if (count < AHEAD) epi__graph_prefetch(graph, neighbour);
        walk->fresh[count++] = (uint32_t)neighbour;
    }
    return count;
}

/* Looks at the neighbours of a node; returns the first place of the pool that changed, or `limit`. */
static size_t expand(const epi__graph *graph, epi__walk *walk, size_t node, int level) {
    const size_t count = take_fresh(graph, walk, node, level);
    size_t first = walk->limit;
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) epi__graph_prefetch(graph, walk->fresh[i + AHEAD]);
        const uint32_t neighbour = walk->fresh[i];
        const size_t place = pool_put(walk, (epi__near){epi__graph_distance(graph, walk, neighbour), neighbour});
        first = EPI__MIN(first, place);
    }
    return first;
}

void epi__walk_level(const epi__graph *graph, epi__walk *walk, epi__near start, int level) {
    forget_visits(walk);
    walk->visited[start.node] = walk->mark;
    walk->pool[0] = start;
    walk->count = 1;
    for (size_t next = 0; next < walk->count;) {
        if (walk->pool[next].node & EXPANDED) {
            next++;
            continue;
        }
        const uint32_t node = walk->pool[next].node;
        walk->pool[next].node |= EXPANDED;
        if (level == 0 && next + 1 < walk->count) prefetch_neighbours(graph, NODE_OF(walk->pool[next + 1]));
        const size_t changed = expand(graph, walk, node, level);
        next = EPI__MIN(changed, next + 1);
    }
    for (size_t i = 0; i < walk->count; i++) walk->pool[i].node &= ~EXPANDED;
}

void epi__graph_search(const epi__graph *graph, epi__walk *walk) {
    walk->count = 0;
    if (graph->links.count == 0) return;
    epi__walk_level(graph, walk, epi__walk_descend(graph, walk, 0), 0);
}
