/* priority.c - the layout of a priority block, and how its leaves change; see priority.h.
 *
 * Idea: a leaf can be drawn when it has a step, its raw priority is positive, and it was not drawn too often. Whether
 * it can is written into what is derived (0 in the tree, no place in the heap), so that drawing never asks.
 */
#include "priority.h"

#include <math.h>
#include <stdatomic.h>

#define PIECE 256u

static size_t rounded(size_t size) {
    return (size + 63u) & ~(size_t)63u;
}

static size_t derived_size(const epi__priority_kind *kind, size_t capacity) {
    if (kind->sampler <= EPI_SAMPLER_PROPORTIONAL) return rounded(epi__sumtree_size(capacity));
    return rounded(capacity * (sizeof(double) + 2 * sizeof(uint32_t)));
}

static size_t seats_size(const epi__priority_kind *kind, size_t capacity) {
    return rounded(EPI__MAX(capacity >> kind->shift, (size_t)1) * sizeof(epi__priority_seat));
}

size_t epi__priorities_size(const epi__priority_kind *kind, size_t capacity) {
    const size_t times = kind->max_times ? capacity * sizeof(uint32_t) : 0;
    return rounded(sizeof(epi__priority_head)) + seats_size(kind, capacity) + rounded(capacity * sizeof(double)) +
           derived_size(kind, capacity) + rounded(times);
}

void epi__priorities_view(epi__priorities *in, void *block) {
    uint8_t *at = block;
    in->head = block;
    in->kind = in->head->kind;
    in->capacity = (size_t)in->head->capacity;
    in->shift = in->kind.shift;
    at += rounded(sizeof *in->head);
    in->seats = (epi__priority_seat *)(void *)at;
    at += seats_size(&in->kind, in->capacity);
    in->raw = (double *)(void *)at;
    at += rounded(in->capacity * sizeof *in->raw);
    if (epi__priorities_has_tree(in)) {
        in->tree = epi__sumtree_over(at, in->capacity);
    } else {
        in->keys = (double *)(void *)at;
        in->heap = (uint32_t *)(void *)(in->keys + in->capacity);
        in->places = in->heap + in->capacity;
    }
    at += derived_size(&in->kind, in->capacity);
    in->times = in->kind.max_times ? (uint32_t *)(void *)at : NULL;
}

epi_status epi__priorities_init(epi__priorities *in, void *block, size_t capacity) {
    epi__priority_head *head = block;
    pthread_mutexattr_t attributes;
    head->magic = EPI__NAMED_MAGIC;
    head->kind = in->kind;
    head->capacity = capacity;
    head->size = epi__priorities_size(&in->kind, capacity);
    if (pthread_mutexattr_init(&attributes) != 0) return epi__fail_memory("replay", sizeof attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    const int failed = pthread_mutex_init(&head->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (failed) return epi__fail_errno("replay", failed, "making a shared mutex", NULL);
    epi__priorities_view(in, block);
    for (size_t leaf = 0; leaf < capacity; leaf++) in->raw[leaf] = EPI__RAW_NONE;
    if (epi__priorities_has_tree(in)) epi__sumtree_rebuild(&in->tree);
    return EPI_OK;
}

/* ---- what is derived --------------------------------------------------------------------------------------------- */

static bool is_used_up(const epi__priorities *in, uint32_t leaf) {
    return in->times && in->times[leaf] >= in->kind.max_times;
}

/* Raw values of leaves to what the tree holds, in place. */
static void transform(const epi__priorities *in, const uint32_t *leaves, double *values, size_t count) {
    epi__math_power(values, values, in->kind.alpha, count);
    for (size_t i = 0; in->times && i < count; i++)
        if (is_used_up(in, leaves[i])) values[i] = 0;
}

static bool has_key_of_time(const epi__priorities *in) {
    return in->kind.sampler == EPI_SAMPLER_FIFO || in->kind.sampler == EPI_SAMPLER_LIFO;
}

static void order_leaf(epi__priorities *in, uint32_t leaf) {
    if (!(in->raw[leaf] > 0) || is_used_up(in, leaf)) {
        epi__heap_remove(in, leaf);
        return;
    }
    if (!has_key_of_time(in)) in->keys[leaf] = in->raw[leaf];
    epi__heap_put(in, leaf);
}

/* Leaves whose raw values have just changed. */
static void derive(epi__priorities *in, const uint32_t *leaves, double *values, size_t count) {
    if (epi__priorities_has_tree(in)) {
        transform(in, leaves, values, count);
        epi__sumtree_set(&in->tree, leaves, values, count);
    } else {
        for (size_t i = 0; i < count; i++) order_leaf(in, leaves[i]);
    }
}

static void rebuild_heap(epi__priorities *in) {
    memset(in->places, 0, in->capacity * sizeof *in->places);
    in->head->ordered = 0;
    for (size_t leaf = 0; leaf < in->capacity; leaf++) {
        if (!(in->raw[leaf] > 0) || is_used_up(in, (uint32_t)leaf)) continue;
        if (!has_key_of_time(in)) in->keys[leaf] = in->raw[leaf];
        in->heap[in->head->ordered++] = (uint32_t)leaf;
    }
    epi__heap_sort(in);
}

static void rebuild_tree(epi__priorities *in) {
    uint32_t leaves[PIECE];
    for (size_t first = 0; first < in->capacity; first += PIECE) {
        const size_t count = EPI__MIN(in->capacity - first, PIECE);
        for (size_t i = 0; i < count; i++) leaves[i] = (uint32_t)(first + i);
        memcpy(in->tree.sums[0] + first, in->raw + first, count * sizeof *in->raw);
        transform(in, leaves, in->tree.sums[0] + first, count);
    }
    epi__sumtree_rebuild(&in->tree);
}

void epi__priorities_rebuild(epi__priorities *in) {
    in->head->live = 0;
    for (size_t leaf = 0; leaf < in->capacity; leaf++) in->head->live += in->raw[leaf] >= 0;
    if (epi__priorities_has_tree(in)) rebuild_tree(in);
    else rebuild_heap(in);
}

/* ---- changing leaves --------------------------------------------------------------------------------------------- */

/* Before the change itself, and seen before it: whoever is killed in between leaves one flush too many, never one too
 * few. */
static void note_change(epi__priorities *in, uint32_t seat) {
    in->seats[seat].changes++;
    atomic_signal_fence(memory_order_release);
}

void epi__priorities_set(epi__priorities *in, const uint32_t *leaves, double *values, size_t count) {
    double greatest = in->head->counts.greatest;
    uint64_t added = 0;
    for (size_t i = 0; i < count; i++) {
        double *raw = in->raw + leaves[i];
        note_change(in, leaves[i] >> in->shift);
        added += *raw < 0;
        *raw = values[i];
        if (values[i] > greatest) greatest = values[i];
    }
    in->head->counts.greatest = greatest;
    in->head->live += added;
    derive(in, leaves, values, count);
}

void epi__priorities_clear(epi__priorities *in, const uint32_t *leaves, double raw, size_t count) {
    for (size_t i = 0; i < count; i++) {
        note_change(in, leaves[i] >> in->shift);
        in->head->live -= in->raw[leaves[i]] >= 0;
        in->raw[leaves[i]] = raw;
        if (in->times) in->times[leaves[i]] = 0;
    }
    epi__priorities_exclude(in, leaves, count);
}

void epi__priorities_exclude(epi__priorities *in, const uint32_t *leaves, size_t count) {
    static const double zeros[PIECE];
    for (size_t done = 0; done < count; done += PIECE) {
        const size_t piece = EPI__MIN(count - done, PIECE);
        if (epi__priorities_has_tree(in)) {
            epi__sumtree_set(&in->tree, leaves + done, zeros, piece);
        } else {
            for (size_t i = 0; i < piece; i++) epi__heap_remove(in, leaves[done + i]);
        }
    }
}

void epi__priorities_include(epi__priorities *in, const uint32_t *leaves, size_t count) {
    double values[PIECE];
    for (size_t done = 0; done < count; done += PIECE) {
        const size_t piece = EPI__MIN(count - done, PIECE);
        for (size_t i = 0; i < piece; i++) values[i] = in->raw[leaves[done + i]];
        derive(in, leaves + done, values, piece);
    }
}

void epi__priorities_seat(epi__priorities *in, uint32_t seat, uint64_t chunk) {
    const uint32_t first = seat << in->shift, end = first + (1u << in->shift);
    if (in->seats[seat].chunk != 0) {
        uint32_t leaves[PIECE];
        for (uint32_t leaf = first; leaf < end;) {
            size_t count = 0;
            for (; leaf < end && count < PIECE; leaf++)
                if (in->raw[leaf] != EPI__RAW_NONE) leaves[count++] = leaf;
            epi__priorities_clear(in, leaves, EPI__RAW_NONE, count);
        }
    }
    note_change(in, seat);
    in->seats[seat].chunk = chunk;
}
