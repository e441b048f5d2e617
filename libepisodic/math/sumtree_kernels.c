/* sumtree_kernels.c - the choice of the sum tree's kernels at run time, and the scalar ones that run everywhere.
 *
 * The scalar loops take sums in the order that the wide registers do. Of sixteen children: [i] + [i + 8], then halves
 * of what is left. Running sums: pairs, then fours, then eights, each taking over the last of what stands before it.
 * Source of the running sums' order: Sklansky, Conditional-sum addition logic (1960).
 */
#include "sumtree_kernels.h"

#include <math.h>
#include <stdatomic.h>

#include "kernels.h"

#define FANOUT EPI__SUMTREE_FANOUT

static double sum_scalar(const double *children) {
    double sums[FANOUT];
    memcpy(sums, children, sizeof sums);
    for (size_t half = FANOUT / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++) sums[i] += sums[i + half];
    return sums[0];
}

static double minimum_scalar(const double *children) {
    double least = (double)INFINITY;
    for (size_t i = 0; i < FANOUT; i++)
        if (children[i] > 0 && children[i] < least) least = children[i];
    return least;
}

static void running_sums(double *sums, const double *children) {
    memcpy(sums, children, FANOUT * sizeof *sums);
    for (size_t width = 1; width < FANOUT; width *= 2)
        for (size_t i = 0; i < FANOUT; i++)
            if (i & width) sums[i] += sums[(i & ~(width - 1)) - 1];
}

static void refresh_scalar(epi__sumtree *tree, size_t level, const uint32_t *nodes, size_t count) {
    const double *below = tree->sums[level - 1];
    const double *least = level == 1 ? below : tree->minima[level - 1];
    for (size_t i = 0; i < count; i++) {
        const size_t first = (size_t)nodes[i] * FANOUT;
        if (level == 1) {
            tree->sums[level][nodes[i]] = sum_scalar(below + first);
        } else {
            double *running = tree->running[level - 1] + first;
            running_sums(running, below + first);
            tree->sums[level][nodes[i]] = running[FANOUT - 1];
        }
        tree->minima[level][nodes[i]] = minimum_scalar(least + first);
    }
}

static void descend_scalar(const epi__sumtree *tree, size_t level, uint32_t *nodes, double *prefixes, size_t count) {
    double made[FANOUT];
    for (size_t i = 0; i < count; i++) {
        const size_t first = (size_t)nodes[i] * FANOUT;
        const double *running = level == 0 ? made : tree->running[level] + first;
        if (level == 0) running_sums(made, tree->sums[0] + first);
        uint32_t passed = 0;
        for (uint32_t child = 0; child < FANOUT; child++) passed |= (uint32_t)(running[child] > prefixes[i]) << child;
        const uint32_t child = epi__tree_choose(passed, running);
        prefixes[i] = epi__tree_left(prefixes[i], child, running);
        nodes[i] = nodes[i] * FANOUT + child;
    }
}

static void power_scalar(double *out, const double *bases, double exponent, size_t count) {
    epi__power_loop(out, bases, exponent, count);
}

static const epi__tree_kernels kernels_scalar = {"scalar", refresh_scalar, descend_scalar, power_scalar};

const epi__tree_kernels *epi__tree_kernels_at(size_t index) {
    const epi__tree_kernels *usable[3];
    size_t count = 0;
#if EPI__TREE_KERNELS_X86
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2");
    if (avx2 && __builtin_cpu_supports("avx512f")) usable[count++] = &epi__tree_kernels_avx512;
    if (avx2) usable[count++] = &epi__tree_kernels_avx2;
#endif
    usable[count++] = &kernels_scalar;
    return index < count ? usable[index] : NULL;
}

const epi__tree_kernels *epi__tree_kernels_best(void) {
    static const epi__tree_kernels *_Atomic chosen;
    const epi__tree_kernels *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (kernels == NULL) {
        kernels = epi__tree_kernels_at(0);
        const epi__tree_kernels *other;
        for (size_t i = 1; (other = epi__tree_kernels_at(i)) != NULL; i++)
            if (epi__kernels_named(other->name)) kernels = other;
        atomic_store_explicit(&chosen, kernels, memory_order_release);
    }
    return kernels;
}
