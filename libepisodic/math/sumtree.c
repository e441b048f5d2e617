/* sumtree.c - where the numbers of a sum tree lie, and how whole batches move through it.
 *
 * Idea: sixteen doubles are two cache lines and two registers of AVX-512, so a wide node costs what a narrow one does
 * and the tree is a quarter as deep as a binary one. Batches go level by level: while one item's node is worked on, the
 * lines of the others are on their way. Setting leaves gathers the nodes above them without repetition, so that what
 * many leaves share is computed once a level.
 * Memory: the leaves, then the sums of each level, then the running sums, then the minima; every level a multiple of 16
 * numbers.
 * Source: sum trees for replay: Schaul et al., Prioritized experience replay (2016), appendix B.2.1; there binary, here
 * wide and recomputed.
 */
#include "sumtree.h"

#include <math.h>

#include "sumtree_kernels.h"

#define PIECE 256u          /* items that go through the levels together */
#define MARKED_MAX 8192u    /* levels of at most so many nodes are freed of repetitions by marking bits */

static size_t level_up(size_t count) {
    return (count + EPI__SUMTREE_FANOUT - 1) / EPI__SUMTREE_FANOUT;
}

static size_t padded(size_t count) {
    return level_up(count) * EPI__SUMTREE_FANOUT;
}

/* Numbers in all levels above the leaves. */
static size_t inner_count(size_t capacity) {
    size_t sum = 0;
    for (size_t count = capacity; count > 1;) {
        count = level_up(count);
        sum += padded(count);
    }
    return sum;
}

size_t epi__sumtree_size(size_t capacity) {
    return (capacity + 3 * inner_count(capacity)) * sizeof(double);
}

epi__sumtree epi__sumtree_over(void *memory, size_t capacity) {
    assert(capacity > 0 && capacity % EPI__SUMTREE_FANOUT == 0 && capacity <= EPI__SUMTREE_CAPACITY_MAX);
    epi__sumtree tree = {.capacity = capacity, .kernels = epi__tree_kernels_best()};
    double *at = memory;
    tree.sums[0] = at;
    at += capacity;
    size_t level = 0;
    for (size_t count = capacity; count > 1;) {
        count = level_up(count);
        tree.sums[++level] = at;
        tree.running[level] = at + inner_count(capacity);
        tree.minima[level] = at + 2 * inner_count(capacity);
        at += padded(count);
    }
    tree.levels = level + 1;
    return tree;
}

void epi__sumtree_rebuild(epi__sumtree *tree) {
    size_t count = tree->capacity;
    for (size_t level = 1; level < tree->levels; level++) {
        count = level_up(count);
        for (size_t node = count; node < padded(count); node++) { /* stands for no child */
            tree->sums[level][node] = 0;
            tree->running[level][node] = 0;
            tree->minima[level][node] = (double)INFINITY;
        }
        uint32_t nodes[PIECE];
        for (size_t done = 0; done < count; done += PIECE) {
            const size_t piece = EPI__MIN(count - done, PIECE);
            for (size_t i = 0; i < piece; i++) nodes[i] = (uint32_t)(done + i);
            tree->kernels->refresh(tree, level, nodes, piece);
        }
    }
}

/* The parents of nodes of which there are at most MARKED_MAX: each once, in order. */
static size_t parents_marked(uint32_t *nodes, size_t count, size_t limit) {
    uint64_t marks[MARKED_MAX / 64] = {0};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t parent = nodes[i] / EPI__SUMTREE_FANOUT;
        marks[parent / 64] |= UINT64_C(1) << parent % 64;
    }
    for (size_t word = 0; word < (limit + 63) / 64; word++)
        for (uint64_t bits = marks[word]; bits != 0; bits &= bits - 1)
            nodes[kept++] = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
    return kept;
}

/* Replaces nodes by their parents on the level above, which has `limit` of them; few repetitions are left. */
static size_t to_parents(uint32_t *nodes, size_t count, size_t limit) {
    if (limit <= MARKED_MAX && count > 1) return parents_marked(nodes, count, limit);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t parent = nodes[i] / EPI__SUMTREE_FANOUT;
        if (kept == 0 || nodes[kept - 1] != parent) nodes[kept++] = parent;
    }
    return kept;
}

static void refresh_piece(epi__sumtree *tree, uint32_t *nodes, size_t count) {
    size_t limit = tree->capacity;
    for (size_t level = 1; level < tree->levels; level++) {
        limit = level_up(limit);
        count = to_parents(nodes, count, limit);
        tree->kernels->refresh(tree, level, nodes, count);
    }
}

void epi__sumtree_refresh(epi__sumtree *tree, const uint32_t *leaves, size_t count) {
    uint32_t nodes[PIECE];
    for (size_t done = 0; done < count; done += PIECE) {
        const size_t piece = EPI__MIN(count - done, PIECE);
        memcpy(nodes, leaves + done, piece * sizeof *nodes);
        refresh_piece(tree, nodes, piece);
    }
}

void epi__sumtree_set(epi__sumtree *tree, const uint32_t *leaves, const double *values, size_t count) {
    for (size_t done = 0; done < count; done += PIECE) {
        const size_t piece = EPI__MIN(count - done, PIECE);
        for (size_t i = 0; i < piece; i++) epi__sumtree_prefetch(tree, leaves[done + i]);
        for (size_t i = 0; i < piece; i++) tree->sums[0][leaves[done + i]] = values[done + i];
        epi__sumtree_refresh(tree, leaves + done, piece);
    }
}

void epi__sumtree_find(uint32_t *leaves, const epi__sumtree *tree, double *prefixes, size_t count) {
    for (size_t done = 0; done < count; done += PIECE) {
        const size_t piece = EPI__MIN(count - done, PIECE);
        uint32_t *nodes = leaves + done;
        memset(nodes, 0, piece * sizeof *nodes);
        for (size_t level = tree->levels - 1; level-- > 0;)
            tree->kernels->descend(tree, level, nodes, prefixes + done, piece);
    }
}

void epi__math_power(double *out, const double *bases, double exponent, size_t count) {
    epi__tree_kernels_best()->power(out, bases, exponent, count);
}

const char *epi__sumtree_kernel_name(void) {
    return epi__tree_kernels_best()->name;
}
