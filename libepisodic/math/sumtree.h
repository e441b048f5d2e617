/* sumtree.h - a sum tree of doubles with 16 children a node: drawing leaves in proportion to their values.
 *
 *     leaves    v0 ... v15 | v16 ... v31 | ...          level 0
 *     sums         s0            s1        ...          level 1: each the sum of 16 below
 *     ...                                               until one number is left: the total
 *
 * Beside the sums, two things are kept: running sums within each inner node, so that finding a child is comparing; and
 * the least positive value below each node, which normalises importance weights.
 *
 * Invariant: every inner number is computed from its 16 children, in one fixed order, and never by adding differences;
 * so the tree is a function of its leaves alone, to the last bit, whatever was set in what order, by whichever kernel.
 * A leaf of value 0 is never found.
 * Ownership: the numbers lie in memory of the caller, which may be shared with other processes; the struct is a view.
 * Not thread-safe.
 */
#ifndef EPI_MATH_SUMTREE_H
#define EPI_MATH_SUMTREE_H

#include "../base/base.h"

#define EPI__SUMTREE_FANOUT 16u
#define EPI__SUMTREE_LEVELS_MAX 9u         /* inner levels and leaves, for 2^32 leaves */
#define EPI__SUMTREE_CAPACITY_MAX (1u << 31) /* a power of two, so that a leaf is a uint32_t */

struct epi__tree_kernels;

typedef struct epi__sumtree {
    double *sums[EPI__SUMTREE_LEVELS_MAX];   /* of each level; [0] are the leaves, [levels - 1][0] the total */
    double *running[EPI__SUMTREE_LEVELS_MAX]; /* sums up to each child within its node, from level 1 on */
    double *minima[EPI__SUMTREE_LEVELS_MAX]; /* likewise from level 1 on; infinity where nothing is positive */
    size_t levels;
    size_t capacity;
    const struct epi__tree_kernels *kernels;
} epi__sumtree;

/* Bytes that a tree needs; capacity is a positive multiple of 16. */
size_t epi__sumtree_size(size_t capacity);
/* A tree over memory that is 64-byte aligned and holds a tree of this capacity, or zeros, or nothing yet: then it must
 * be rebuilt before use. */
epi__sumtree epi__sumtree_over(void *memory, size_t capacity);
/* Computes all inner numbers from the leaves. */
void epi__sumtree_rebuild(epi__sumtree *tree);
/* Sets leaves to finite values >= 0; of a leaf that comes twice the later value counts. */
void epi__sumtree_set(epi__sumtree *tree, const uint32_t *leaves, const double *values, size_t count);
/* Computes what stands above leaves whose values were written by the caller. */
void epi__sumtree_refresh(epi__sumtree *tree, const uint32_t *leaves, size_t count);

static inline double epi__sumtree_total(const epi__sumtree *tree) {
    return tree->sums[tree->levels - 1][0];
}
/* The least positive leaf; infinity when there is none. */
static inline double epi__sumtree_minimum(const epi__sumtree *tree) {
    return tree->minima[tree->levels - 1][0];
}

/* For each of `count` numbers in [0, total): the leaf at which the running sum of the leaves passes it. Numbers outside
 * find the first resp. last positive leaf. The total must be positive. `prefixes` is used up. */
void epi__sumtree_find(uint32_t *leaves, const epi__sumtree *tree, double *prefixes, size_t count);

/* The lines of a leaf and its siblings, which setting it will read. */
EPI__INLINE void epi__sumtree_prefetch(const epi__sumtree *tree, uint32_t leaf) {
    const double *node = tree->sums[0] + (leaf & ~(EPI__SUMTREE_FANOUT - 1));
    EPI__PREFETCH(node);
    EPI__PREFETCH(node + EPI__SUMTREE_FANOUT / 2);
}
const char *epi__sumtree_kernel_name(void); /* "avx512", "avx2" or "scalar" */

/* out[i] = bases[i] ^ exponent for finite bases; 0 for bases <= 0. Never 0 or infinite for a positive base: it stops at
 * 2^-1022 and 2^1023. Relative error below 1e-13; the same bits from every kernel. May work in place. */
void epi__math_power(double *out, const double *bases, double exponent, size_t count);

#endif
