/* sumtree_x86.c - the sum tree's inner loops in AVX2 and AVX-512, each compiled for its own instruction set.
 *
 * A node is two registers of eight doubles, or four of four. Running sums are made in registers: a shuffle that repeats
 * the last number of what stands before, zeros elsewhere, and an addition for each doubling of the width.
 */
#include "sumtree_kernels.h"

#if EPI__TREE_KERNELS_X86

#include <immintrin.h>
#include <math.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx2")))
#define FANOUT EPI__SUMTREE_FANOUT

/* The lines that an item will read next. */
EPI__INLINE void prefetch_children(const epi__sumtree *tree, size_t level, uint32_t node) {
    if (level == 0) return;
    const double *children = (level == 1 ? tree->sums[0] : tree->running[level - 1]) + (size_t)node * FANOUT;
    EPI__PREFETCH(children);
    EPI__PREFETCH(children + FANOUT / 2);
}

/* An item goes down to the child that was found. */
static inline void go_down(uint32_t *node, double *prefix, uint32_t passed, const double *running) {
    const uint32_t child = epi__tree_choose(passed, running);
    *prefix = epi__tree_left(*prefix, child, running);
    *node = *node * FANOUT + child;
}

/* ---- AVX2 -------------------------------------------------------------------------------------------------------- */

AVX2 static inline double sum4(__m256d v) {
    const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

AVX2 static inline double least4(__m256d v) {
    const __m128d half = _mm_min_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_min_sd(half, _mm_unpackhi_pd(half, half)));
}

AVX2 static inline double sum_avx2(const double *c) {
    const __m256d low = _mm256_add_pd(_mm256_loadu_pd(c), _mm256_loadu_pd(c + 8));
    const __m256d high = _mm256_add_pd(_mm256_loadu_pd(c + 4), _mm256_loadu_pd(c + 12));
    return sum4(_mm256_add_pd(low, high));
}

/* Infinity in place of what is not positive. */
AVX2 static inline __m256d positive4(const double *c) {
    const __m256d v = _mm256_loadu_pd(c);
    const __m256d none = _mm256_set1_pd((double)INFINITY);
    return _mm256_blendv_pd(none, v, _mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_GT_OQ));
}

AVX2 static inline double minimum_avx2(const double *c) {
    const __m256d low = _mm256_min_pd(positive4(c), positive4(c + 8));
    return least4(_mm256_min_pd(low, _mm256_min_pd(positive4(c + 4), positive4(c + 12))));
}

/* Running sums of four. */
AVX2 static inline __m256d running4(__m256d v) {
    const __m256d zero = _mm256_setzero_pd();
    v = _mm256_add_pd(v, _mm256_unpacklo_pd(zero, v));
    return _mm256_add_pd(v, _mm256_blend_pd(zero, _mm256_permute4x64_pd(v, 0x55), 0xC));
}

AVX2 static inline __m256d last4(__m256d v) {
    return _mm256_permute4x64_pd(v, 0xFF);
}

AVX2 static inline void running_avx2(double *running, const double *c) {
    const __m256d first = running4(_mm256_loadu_pd(c)), third = running4(_mm256_loadu_pd(c + 8));
    const __m256d second = _mm256_add_pd(running4(_mm256_loadu_pd(c + 4)), last4(first));
    const __m256d fourth = _mm256_add_pd(running4(_mm256_loadu_pd(c + 12)), last4(third));
    const __m256d half = last4(second);
    _mm256_storeu_pd(running, first);
    _mm256_storeu_pd(running + 4, second);
    _mm256_storeu_pd(running + 8, _mm256_add_pd(third, half));
    _mm256_storeu_pd(running + 12, _mm256_add_pd(fourth, half));
}

AVX2 static void refresh_avx2(epi__sumtree *tree, size_t level, const uint32_t *nodes, size_t count) {
    const double *below = tree->sums[level - 1];
    const double *least = level == 1 ? below : tree->minima[level - 1];
    for (size_t i = 0; i < count; i++) {
        const size_t first = (size_t)nodes[i] * FANOUT;
        if (level == 1) {
            tree->sums[level][nodes[i]] = sum_avx2(below + first);
        } else {
            running_avx2(tree->running[level - 1] + first, below + first);
            tree->sums[level][nodes[i]] = tree->running[level - 1][first + FANOUT - 1];
        }
        tree->minima[level][nodes[i]] = minimum_avx2(least + first);
    }
}

AVX2 static inline uint32_t above4(const double *values, __m256d limit) {
    return (uint32_t)_mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(values), limit, _CMP_GT_OQ));
}

AVX2 static inline uint32_t above_avx2(const double *values, double limit) {
    const __m256d all = _mm256_set1_pd(limit);
    return above4(values, all) | above4(values + 4, all) << 4 | above4(values + 8, all) << 8 |
           above4(values + 12, all) << 12;
}

AVX2 static void descend_avx2(const epi__sumtree *tree, size_t level, uint32_t *nodes, double *prefixes, size_t count) {
    double made[FANOUT];
    for (size_t i = 0; i < count; i++) {
        const size_t first = (size_t)nodes[i] * FANOUT;
        const double *running = level == 0 ? made : tree->running[level] + first;
        if (level == 0) running_avx2(made, tree->sums[0] + first);
        go_down(&nodes[i], &prefixes[i], above_avx2(running, prefixes[i]), running);
        prefetch_children(tree, level, nodes[i]);
    }
}

AVX2 static void power_avx2(double *out, const double *bases, double exponent, size_t count) {
    epi__power_loop(out, bases, exponent, count);
}

const epi__tree_kernels epi__tree_kernels_avx2 = {"avx2", refresh_avx2, descend_avx2, power_avx2};

/* ---- AVX-512 ----------------------------------------------------------------------------------------------------- */

AVX512 static inline __m256d upper(__m512d v) {
    return _mm512_extractf64x4_pd(v, 1);
}

AVX512 static inline __m512d positive8(const double *c) {
    const __m512d v = _mm512_loadu_pd(c);
    const __mmask8 positive = _mm512_cmp_pd_mask(v, _mm512_setzero_pd(), _CMP_GT_OQ);
    return _mm512_mask_mov_pd(_mm512_set1_pd((double)INFINITY), positive, v);
}

/* Running sums of eight. */
AVX512 static inline __m512d running8(__m512d v) {
    v = _mm512_add_pd(v, _mm512_maskz_permute_pd(0xAA, v, 0));
    v = _mm512_add_pd(v, _mm512_maskz_permutex_pd(0xCC, v, 0x55));
    return _mm512_add_pd(v, _mm512_maskz_permutexvar_pd(0xF0, _mm512_set1_epi64(3), v));
}

AVX512 static inline void running_avx512(__m512d *low, __m512d *high, const double *c) {
    *low = running8(_mm512_loadu_pd(c));
    *high = _mm512_add_pd(running8(_mm512_loadu_pd(c + 8)), _mm512_permutexvar_pd(_mm512_set1_epi64(7), *low));
}

AVX512 static inline double sum_avx512(const double *c) {
    const __m512d sum = _mm512_add_pd(_mm512_loadu_pd(c), _mm512_loadu_pd(c + 8));
    return sum4(_mm256_add_pd(_mm512_castpd512_pd256(sum), upper(sum)));
}

AVX512 static void refresh_avx512(epi__sumtree *tree, size_t level, const uint32_t *nodes, size_t count) {
    const double *below = tree->sums[level - 1];
    const double *least = level == 1 ? below : tree->minima[level - 1];
    for (size_t i = 0; i < count; i++) {
        const size_t first = (size_t)nodes[i] * FANOUT;
        const double *m = least + first;
        const __m512d minimum = _mm512_min_pd(positive8(m), positive8(m + 8));
        tree->minima[level][nodes[i]] = least4(_mm256_min_pd(_mm512_castpd512_pd256(minimum), upper(minimum)));
        if (level == 1) {
            tree->sums[level][nodes[i]] = sum_avx512(below + first);
            continue;
        }
        __m512d low, high;
        running_avx512(&low, &high, below + first);
        _mm512_storeu_pd(tree->running[level - 1] + first, low);
        _mm512_storeu_pd(tree->running[level - 1] + first + 8, high);
        tree->sums[level][nodes[i]] = _mm512_cvtsd_f64(_mm512_permutexvar_pd(_mm512_set1_epi64(7), high));
    }
}

AVX512 static inline uint32_t above_avx512(__m512d low, __m512d high, double limit) {
    const __m512d all = _mm512_set1_pd(limit);
    return (uint32_t)_mm512_cmp_pd_mask(low, all, _CMP_GT_OQ) |
           (uint32_t)_mm512_cmp_pd_mask(high, all, _CMP_GT_OQ) << 8;
}

AVX512 static void descend_leaves(const epi__sumtree *tree, uint32_t *nodes, double *prefixes, size_t count) {
    double running[FANOUT];
    __m512d low, high;
    for (size_t i = 0; i < count; i++) {
        running_avx512(&low, &high, tree->sums[0] + (size_t)nodes[i] * FANOUT);
        _mm512_storeu_pd(running, low);
        _mm512_storeu_pd(running + 8, high);
        go_down(&nodes[i], &prefixes[i], above_avx512(low, high, prefixes[i]), running);
    }
}

AVX512 static void descend_avx512(const epi__sumtree *tree, size_t level, uint32_t *nodes, double *prefixes,
                                  size_t count) {
    if (level == 0) {
        descend_leaves(tree, nodes, prefixes, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const double *running = tree->running[level] + (size_t)nodes[i] * FANOUT;
        const __m512d low = _mm512_loadu_pd(running), high = _mm512_loadu_pd(running + 8);
        go_down(&nodes[i], &prefixes[i], above_avx512(low, high, prefixes[i]), running);
        prefetch_children(tree, level, nodes[i]);
    }
}

AVX512 static void power_avx512(double *out, const double *bases, double exponent, size_t count) {
    epi__power_loop(out, bases, exponent, count);
}

const epi__tree_kernels epi__tree_kernels_avx512 = {"avx512", refresh_avx512, descend_avx512, power_avx512};

#endif

typedef int epi__sumtree_x86_is_not_empty; /* where there are no x86 kernels, ISO C still wants a declaration */
