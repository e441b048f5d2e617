/* queue.c - a binary heap with places.
 *
 * Invariant: heap[place[item]] == item for every queued item; an item does not come after its parent.
 * Ownership: the caller's struct owns its arrays until epi__queue_dispose(). A queue of all zeros is empty and valid.
 */
#include "queue.h"

void epi__queue_dispose(epi__queue *queue) {
    epi__free(queue->heap);
    epi__free(queue->place);
    epi__free(queue->priority);
    *queue = (epi__queue){0};
}

epi_status epi__queue_grow(epi__queue *queue, uint32_t item_count) {
    uint32_t *items;
    double *priority;
    if (item_count <= queue->item_count) return EPI_OK;
    if (!(items = epi__realloc(queue->heap, item_count, sizeof *items)))
        return epi__fail_memory("imagine", item_count * sizeof *items);
    queue->heap = items;
    if (!(items = epi__realloc(queue->place, item_count, sizeof *items)))
        return epi__fail_memory("imagine", item_count * sizeof *items);
    queue->place = items;
    if (!(priority = epi__realloc(queue->priority, item_count, sizeof *priority)))
        return epi__fail_memory("imagine", item_count * sizeof *priority);
    queue->priority = priority;
    for (uint32_t i = queue->item_count; i < item_count; i++) queue->place[i] = EPI__NOWHERE;
    queue->item_count = item_count;
    return EPI_OK;
}

static bool comes_before(const epi__queue *queue, uint32_t a, uint32_t b) {
    return queue->priority[a] > queue->priority[b] || (queue->priority[a] == queue->priority[b] && a < b);
}

static void put(epi__queue *queue, uint32_t at, uint32_t item) {
    queue->heap[at] = item;
    queue->place[item] = at;
}

static void rise(epi__queue *queue, uint32_t at) {
    const uint32_t item = queue->heap[at];
    for (; at > 0 && comes_before(queue, item, queue->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(queue, at, queue->heap[(at - 1) / 2]);
    put(queue, at, item);
}

static void sink(epi__queue *queue, uint32_t at) {
    const uint32_t item = queue->heap[at];
    for (uint32_t below = 2 * at + 1; below < queue->count; below = 2 * at + 1) {
        if (below + 1 < queue->count && comes_before(queue, queue->heap[below + 1], queue->heap[below])) below++;
        if (!comes_before(queue, queue->heap[below], item)) break;
        put(queue, at, queue->heap[below]);
        at = below;
    }
    put(queue, at, item);
}

void epi__queue_set(epi__queue *queue, uint32_t item, double priority) {
    queue->priority[item] = priority;
    if (queue->place[item] == EPI__NOWHERE) put(queue, queue->count++, item);
    rise(queue, queue->place[item]);
    sink(queue, queue->place[item]);
}

void epi__queue_remove(epi__queue *queue, uint32_t item) {
    const uint32_t at = queue->place[item];
    if (at == EPI__NOWHERE) return;
    const uint32_t last = queue->heap[--queue->count];
    queue->place[item] = EPI__NOWHERE;
    if (last == item) return;
    put(queue, at, last);
    rise(queue, at);
    sink(queue, queue->place[last]);
}
