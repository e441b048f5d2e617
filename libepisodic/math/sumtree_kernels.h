/* sumtree_kernels.h - the sum tree's inner loops, one row for each instruction set; private to math/ and its tests.
 *
 * Unlike the vector kernels these agree to the bit: sums are taken in one order that suits registers of every width,
 * and the power function is one source compiled three times, without fused multiply-add.
 */
#ifndef EPI_MATH_SUMTREE_KERNELS_H
#define EPI_MATH_SUMTREE_KERNELS_H

#include "sumtree.h"

typedef struct epi__tree_kernels {
    const char *name;
    /* Computes the sums and minima of nodes of a level >= 1 from their children, one level below, and the running sums
     * of these where they are kept. */
    void (*refresh)(epi__sumtree *tree, size_t level, const uint32_t *nodes, size_t count);
    /* Of each node, one level above, finds the child in `level` at which its prefix is passed: replaces the node by it,
     * and the prefix by what is left of it there. */
    void (*descend)(const epi__sumtree *tree, size_t level, uint32_t *nodes, double *prefixes, size_t count);
    void (*power)(double *out, const double *bases, double exponent, size_t count);
} epi__tree_kernels;

/* The kernels this processor can run, fastest first; NULL past the last, which is always "scalar". */
const epi__tree_kernels *epi__tree_kernels_at(size_t index);
/* The fastest of them, or what EPISODIC_KERNELS names. */
const epi__tree_kernels *epi__tree_kernels_best(void);

#if defined(__x86_64__) && defined(__GNUC__)
#define EPI__TREE_KERNELS_X86 1
extern const epi__tree_kernels epi__tree_kernels_avx2;
extern const epi__tree_kernels epi__tree_kernels_avx512;
#else
#define EPI__TREE_KERNELS_X86 0
#endif

/* The child to descend to: the first whose running sum passes the prefix; bit i of the mask is child i. When rounding
 * has put the prefix past all of them, the last child that adds something. A child of 0 is never chosen: its running
 * sum is that of the child before it, to the bit, as each is the sum of the same numbers and a 0. */
static inline uint32_t epi__tree_choose(uint32_t passed, const double *running) {
    if (passed != 0) return (uint32_t)__builtin_ctz(passed);
    uint32_t child = 0;
    while (running[child] < running[EPI__SUMTREE_FANOUT - 1]) child++;
    return child;
}

/* What is still to be passed inside the chosen child; rounding may have put it a hair below 0. */
static inline double epi__tree_left(double prefix, uint32_t child, const double *running) {
    const double left = child == 0 ? prefix : prefix - running[child - 1];
    return left > 0 ? left : 0;
}

EPI__INLINE int64_t epi__bits_of(double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

EPI__INLINE double epi__double_of(int64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* log2 of a positive normal number given as bits: from its mantissa m in [sqrt 1/2, sqrt 2) by the series of
 * atanh((m - 1) / (m + 1)). The exponent becomes a double by being put below 2^52. */
EPI__INLINE double epi__log2_of(int64_t bits) {
    const int64_t root = INT64_C(0x3FE6A09E667F3BCD); /* sqrt 1/2 */
    const int64_t moved = bits + (INT64_C(0x3FF0000000000000) - root);
    const double exponent = epi__double_of((moved >> 52) | INT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    const double m = epi__double_of((moved & INT64_C(0x000FFFFFFFFFFFFF)) + root);
    const double s = (m - 1) / (m + 1), z = s * s;
    double series = 1.0 / 23;
    series = series * z + 1.0 / 21;
    series = series * z + 1.0 / 19;
    series = series * z + 1.0 / 17;
    series = series * z + 1.0 / 15;
    series = series * z + 1.0 / 13;
    series = series * z + 1.0 / 11;
    series = series * z + 1.0 / 9;
    series = series * z + 1.0 / 7;
    series = series * z + 1.0 / 5;
    series = series * z + 1.0 / 3;
    series = s + s * z * series;
    return exponent + series * 0x1.71547652b82fep+1; /* 2 / ln 2 */
}

/* 2^f for |f| <= 1/2 by the series of exp. */
EPI__INLINE double epi__exp2_of(double f) {
    const double x = f * 0x1.62e42fefa39efp-1; /* ln 2 */
    double series = 1.0 / 6227020800;
    series = series * x + 1.0 / 479001600;
    series = series * x + 1.0 / 39916800;
    series = series * x + 1.0 / 3628800;
    series = series * x + 1.0 / 362880;
    series = series * x + 1.0 / 40320;
    series = series * x + 1.0 / 5040;
    series = series * x + 1.0 / 720;
    series = series * x + 1.0 / 120;
    series = series * x + 1.0 / 24;
    series = series * x + 1.0 / 6;
    series = series * x + 0.5;
    series = series * x + 1;
    return series * x + 1;
}

/* x^y as 2^n 2^f with n + f = y log2 x. Series are cut where the next term is below half a unit in the last place.
 * All choices are made on bits, as whole numbers: comparing doubles could trap, and would keep the loop from being
 * vectorised. */
EPI__INLINE double epi__power_one(double x, double y) {
    const double magic = 0x1.8p52; /* added to a number, it leaves that number rounded in the low bits */
    const int64_t least = INT64_C(0x0010000000000000), bits = epi__bits_of(x);
    const double power = y * epi__log2_of(bits < least ? least : bits);
    const double turned = power + magic;
    const double value = epi__exp2_of(power - (turned - magic));
    int64_t n = epi__bits_of(turned) - epi__bits_of(magic);
    n = n < -1022 ? -1022 : n;
    n = n > 1023 ? 1023 : n;
    const int64_t scale = (int64_t)((uint64_t)(n + 1023) << 52), positive = bits > 0 ? -1 : 0;
    return epi__double_of(epi__bits_of(value * epi__double_of(scale)) & positive);
}

/* The loop that each instruction set compiles for itself. */
EPI__INLINE void epi__power_loop(double *out, const double *bases, double exponent, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = epi__power_one(bases[i], exponent);
}

#endif
