/* link.c - choosing the links of an HNSW graph.
 *
 * Idea: a node keeps links to near nodes that lie in different directions: a candidate is dropped when it is nearer to
 * a node already kept than to the node that is choosing, because the way to it leads through the kept one. Links go
 * both ways; a node whose list is full chooses again among all of them.
 * A row that is there already gets no links: hundreds of equal rows would fill their lists with each other and be an
 * island. It joins the ring of its twins instead, and whoever finds one of them goes around the ring.
 * Invariant: the used slots of a list come first; the rest are -1. No node links to itself.
 * Source: Malkov and Yashunin 2018, algorithms 1 and 4 (without extension, without filling up with dropped candidates).
 */
#include "graph.h"

#include <stdlib.h>

#define NEIGHBOURS_MAX 256 /* 2 x the greatest m, checked in index.c */

/* Of candidates sorted by distance, moves the ones to keep to the front; returns how many, at most `limit`. */
static size_t choose(const epi__graph *graph, epi__near *candidates, size_t count, size_t limit) {
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < limit; i++) {
        const void *row = epi__graph_row(graph, candidates[i].node);
        bool is_good = true;
        for (size_t k = 0; k < kept && is_good; k++) {
            const void *other = epi__graph_row(graph, candidates[k].node);
            is_good = epi__graph_between(graph, row, other) >= candidates[i].distance;
        }
        if (is_good) candidates[kept++] = candidates[i];
    }
    return kept;
}

static int by_distance(const void *left, const void *right) {
    const epi__near *a = left, *b = right;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static void write_list(int32_t *list, size_t capacity, const epi__near *chosen, size_t count) {
    for (size_t i = 0; i < capacity; i++) list[i] = i < count ? (int32_t)chosen[i].node : -1;
}

/* Chooses again among the neighbours of a full list and one more. */
static void choose_again(const epi__graph *graph, size_t node, int32_t *list, size_t capacity, epi__near more) {
    epi__near candidates[NEIGHBOURS_MAX + 1];
    const void *row = epi__graph_row(graph, node);
    for (size_t i = 0; i < capacity; i++) {
        const uint32_t neighbour = (uint32_t)list[i];
        candidates[i] = (epi__near){epi__graph_between(graph, row, epi__graph_row(graph, neighbour)), neighbour};
    }
    candidates[capacity] = more;
    qsort(candidates, capacity + 1, sizeof *candidates, by_distance);
    write_list(list, capacity, candidates, choose(graph, candidates, capacity + 1, capacity));
}

static void add_link(const epi__graph *graph, size_t node, int level, epi__near target) {
    size_t capacity, used = 0;
    int32_t *list = epi__graph_neighbours(graph, node, level, &capacity);
    while (used < capacity && list[used] >= 0) used++;
    if (used < capacity)
        list[used] = (int32_t)target.node;
    else
        choose_again(graph, node, list, capacity, target);
}

static void link_level(const epi__graph *graph, epi__walk *walk, uint32_t node, int level) {
    size_t capacity;
    int32_t *list = epi__graph_neighbours(graph, node, level, &capacity);
    const size_t kept = choose(graph, walk->pool, walk->count, graph->options.m);
    write_list(list, capacity, walk->pool, kept);
    for (size_t i = 0; i < kept; i++)
        add_link(graph, walk->pool[i].node, level, (epi__near){walk->pool[i].distance, node});
}

/* Of the nodes the walk found, the one with the same row as `node`; `node` when there is none. Such a one is among the
 * very nearest: nothing is nearer to a row than itself, but for rounding. */
static uint32_t find_twin(const epi__graph *graph, const epi__walk *walk, uint32_t node) {
    const void *row = epi__graph_row(graph, node);
    const float to_itself = epi__graph_between(graph, row, row);
    for (size_t i = 0; i < walk->count && walk->pool[i].distance <= to_itself; i++) {
        const uint32_t other = walk->pool[i].node;
        if (memcmp(epi__graph_row(graph, other), row, graph->row_size) == 0) return other;
    }
    return node;
}

static void join_ring(epi__graph *graph, uint32_t node, uint32_t twin) {
    graph->twins[node] = graph->twins[twin];
    graph->twins[twin] = node;
}

void epi__graph_link(epi__graph *graph, epi__walk *walk) {
    const uint32_t node = (uint32_t)(graph->links.count - 1);
    const int level = graph->links.levels[node] - 1;
    const int top_level = graph->links.top_level;
    for (int at = 0; at <= EPI__MIN(level, top_level); at++) {
        epi__walk_level(graph, walk, epi__walk_descend(graph, walk, at), at);
        const uint32_t twin = at == 0 ? find_twin(graph, walk, node) : node;
        if (twin != node) {
            join_ring(graph, node, twin);
            return;
        }
        link_level(graph, walk, node, at);
    }
    if (level > top_level) epi__hnsw_set_entry(&graph->links, graph->faiss, (int32_t)node);
}
