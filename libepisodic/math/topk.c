/* topk.c - the k best of a stream.
 *
 * Idea: a binary heap of at most k items whose root is the worst one kept, so that most of a stream is refused by one
 * comparison. Invariant while filling: no item is better than its parent. epi__topk_sort turns it into a sorted array.
 */
#include "math.h"

/* Greater score first; of equal scores the lower id first. */
static bool is_better(epi__best a, epi__best b) {
    if (a.score > b.score) return true;
    if (a.score < b.score) return false;
    return a.id < b.id;
}

static void swap(epi__best *items, size_t a, size_t b) {
    const epi__best kept = items[a];
    items[a] = items[b];
    items[b] = kept;
}

static void sift_up(epi__best *items, size_t at) {
    while (at > 0 && is_better(items[(at - 1) / 2], items[at])) {
        swap(items, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sift_down(epi__best *items, size_t count) {
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && is_better(items[child], items[child + 1])) child++;
        if (!is_better(items[at], items[child])) return;
        swap(items, at, child);
        at = child;
    }
}

bool epi__topk_init(epi__topk *topk, size_t k) {
    *topk = (epi__topk){0};
    if (k == 0) return true;
    topk->items = epi__alloc_zero(k, sizeof *topk->items);
    if (topk->items == NULL) return false;
    topk->capacity = k;
    return true;
}

void epi__topk_dispose(epi__topk *topk) {
    epi__free(topk->items);
    *topk = (epi__topk){0};
}

void epi__topk_push(epi__topk *topk, uint64_t id, float score) {
    const epi__best item = {.id = id, .score = score};
    if (topk->count < topk->capacity) {
        topk->items[topk->count] = item;
        sift_up(topk->items, topk->count++);
    } else if (topk->capacity > 0 && is_better(item, topk->items[0])) {
        topk->items[0] = item;
        sift_down(topk->items, topk->count);
    }
}

/* Heap sort: the worst moves to the end, until the best is in front. */
void epi__topk_sort(epi__topk *topk) {
    for (size_t left = topk->count; left > 1; left--) {
        swap(topk->items, 0, left - 1);
        sift_down(topk->items, left - 1);
    }
}
