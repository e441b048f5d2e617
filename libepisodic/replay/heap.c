/* heap.c - a binary heap of leaves in arrays of a priority block, with the place of each leaf.
 *
 * Idea: one structure serves four samplers. FIFO, LIFO and MAX_HEAP take from the top; RANK takes a place for a rank,
 * as Schaul et al. do: the heap is an array that is nearly sorted.
 * Invariant: places[heap[i]] = i + 1, and no parent comes behind its children.
 */
#include <stdlib.h>

#include "priority.h"

static bool comes_first(const epi__priorities *in, uint32_t a, uint32_t b) {
    return in->keys[a] > in->keys[b] || (in->keys[a] == in->keys[b] && a < b);
}

static void stand(epi__priorities *in, uint32_t leaf, uint64_t place) {
    in->heap[place] = leaf;
    in->places[leaf] = (uint32_t)place + 1;
}

static uint64_t rise(epi__priorities *in, uint32_t leaf, uint64_t place) {
    while (place > 0 && comes_first(in, leaf, in->heap[(place - 1) / 2])) {
        stand(in, in->heap[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    stand(in, leaf, place);
    return place;
}

static void sink(epi__priorities *in, uint32_t leaf, uint64_t place) {
    const uint64_t count = in->head->ordered;
    for (uint64_t child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && comes_first(in, in->heap[child + 1], in->heap[child])) child++;
        if (!comes_first(in, in->heap[child], leaf)) break;
        stand(in, in->heap[child], place);
    }
    stand(in, leaf, place);
}

void epi__heap_put(epi__priorities *in, uint32_t leaf) {
    const uint64_t place = in->places[leaf] ? in->places[leaf] - 1 : in->head->ordered++;
    if (rise(in, leaf, place) == place) sink(in, leaf, place);
}

void epi__heap_remove(epi__priorities *in, uint32_t leaf) {
    if (in->places[leaf] == 0) return;
    const uint64_t place = in->places[leaf] - 1;
    const uint32_t last = in->heap[--in->head->ordered];
    in->places[leaf] = 0;
    if (last == leaf) return;
    if (rise(in, last, place) == place) sink(in, last, place);
}

static int order(const void *a, const void *b, void *context) {
    uint32_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return comes_first(context, left, right) ? -1 : 1;
}

void epi__heap_sort(epi__priorities *in) {
    qsort_r(in->heap, (size_t)in->head->ordered, sizeof *in->heap, order, in);
    for (uint64_t place = 0; place < in->head->ordered; place++) stand(in, in->heap[place], place);
}
