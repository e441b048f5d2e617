/* kernels.h - the table of vector kernels, one row for each instruction set; private to math/ and its tests.
 *
 * Each kernel reads any dimension and any alignment. Two instruction sets may differ in the last bits of a sum, because
 * they add in another order; one instruction set always gives the same bits for the same input.
 */
#ifndef EPI_MATH_KERNELS_H
#define EPI_MATH_KERNELS_H

#include "math.h"

typedef struct epi__kernels {
    const char *name;
    float (*dot)(const float *a, const float *b, size_t dimension);
    float (*l2_squared)(const float *a, const float *b, size_t dimension);
    float (*dot_bf16)(const uint16_t *a, const uint16_t *b, size_t dimension);
} epi__kernels;

/* The kernels this processor can run, fastest first; NULL past the last, which is always "scalar". */
const epi__kernels *epi__kernels_at(size_t index);
/* The fastest of them, or what EPISODIC_KERNELS names. */
const epi__kernels *epi__kernels_best(void);
/* Whether the environment's EPISODIC_KERNELS is this name: to compare instruction sets on one machine. */
bool epi__kernels_named(const char *name);

#if defined(__x86_64__) && defined(__GNUC__)
#define EPI__KERNELS_X86 1
extern const epi__kernels epi__kernels_avx2;
extern const epi__kernels epi__kernels_avx512;
extern const epi__kernels epi__kernels_avx512bf16;
#else
#define EPI__KERNELS_X86 0
#endif

#endif
