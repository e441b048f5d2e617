/* kernels.c - the choice of kernels at run time, and the scalar ones that run everywhere.
 *
 * Idea: the library is built for the oldest processor of its architecture; each faster kernel is compiled for its own
 * instruction set and taken only where the processor says it has that set. The choice is made once and is the same in
 * every thread, so a race to make it is harmless.
 */
#include "kernels.h"

#include <stdatomic.h>
#include <stdlib.h>

#define LANES 8 /* independent sums, so that a compiler may use whatever vectors the baseline has */

static float sum_lanes(const float *lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static float dot_scalar(const float *a, const float *b, size_t dimension) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= dimension; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += a[i + lane] * b[i + lane];
    for (; i < dimension; i++) lanes[i % LANES] += a[i] * b[i];
    return sum_lanes(lanes);
}

static float l2_squared_scalar(const float *a, const float *b, size_t dimension) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= dimension; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float difference = a[i + lane] - b[i + lane];
            lanes[lane] += difference * difference;
        }
    }
    for (; i < dimension; i++) lanes[i % LANES] += (a[i] - b[i]) * (a[i] - b[i]);
    return sum_lanes(lanes);
}

static float from_bf16(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float dot_bf16_scalar(const uint16_t *a, const uint16_t *b, size_t dimension) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= dimension; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += from_bf16(a[i + lane]) * from_bf16(b[i + lane]);
    for (; i < dimension; i++) lanes[i % LANES] += from_bf16(a[i]) * from_bf16(b[i]);
    return sum_lanes(lanes);
}

static const epi__kernels kernels_scalar = {"scalar", dot_scalar, l2_squared_scalar, dot_bf16_scalar};

#if EPI__KERNELS_X86
static bool can_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool can_avx512(void) {
    return can_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}
static bool can_avx512bf16(void) {
    return can_avx512() && __builtin_cpu_supports("avx512bf16");
}
#endif

const epi__kernels *epi__kernels_at(size_t index) {
    const epi__kernels *usable[4];
    size_t count = 0;
#if EPI__KERNELS_X86
    __builtin_cpu_init();
    if (can_avx512bf16()) usable[count++] = &epi__kernels_avx512bf16;
    if (can_avx512()) usable[count++] = &epi__kernels_avx512;
    if (can_avx2()) usable[count++] = &epi__kernels_avx2;
#endif
    usable[count++] = &kernels_scalar;
    return index < count ? usable[index] : NULL;
}

bool epi__kernels_named(const char *name) {
    const char *wanted = getenv("EPISODIC_KERNELS");
    return wanted != NULL && strcmp(wanted, name) == 0;
}

const epi__kernels *epi__kernels_best(void) {
    static const epi__kernels *_Atomic chosen;
    const epi__kernels *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (kernels == NULL) {
        kernels = epi__kernels_at(0);
        const epi__kernels *other;
        for (size_t i = 1; (other = epi__kernels_at(i)) != NULL; i++)
            if (epi__kernels_named(other->name)) kernels = other;
        atomic_store_explicit(&chosen, kernels, memory_order_release);
    }
    return kernels;
}
