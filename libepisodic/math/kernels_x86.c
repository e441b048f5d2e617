/* kernels_x86.c - AVX2+FMA, AVX-512 and AVX-512 BF16 kernels, each compiled for its own instruction set.
 *
 * Idea: two to four independent sums hide the latency of the fused multiply-add; AVX-512 finishes with masked loads, so
 * it has no scalar tail. A bfloat16 is the upper half of a float32: of a 32-bit lane holding two of them, the upper one
 * is the lane with its low half masked off, and the lower one is the lane shifted left.
 */
#include "kernels.h"

#if EPI__KERNELS_X86

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,fma")))
#define AVX512BF16 __attribute__((target("avx512bf16,avx512f,avx512bw,avx512vl,avx2,fma")))

/* ---- AVX2 + FMA ------------------------------------------------------------------------------------------------- */

AVX2 static inline float sum_avx2(__m256 sum) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

AVX2 static inline __m256 dot_step_avx2(__m256 sum, const float *a, const float *b) {
    return _mm256_fmadd_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b), sum);
}

AVX2 static float dot_avx2(const float *a, const float *b, size_t dimension) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 32 <= dimension; i += 32) {
        s0 = dot_step_avx2(s0, a + i, b + i);
        s1 = dot_step_avx2(s1, a + i + 8, b + i + 8);
        s2 = dot_step_avx2(s2, a + i + 16, b + i + 16);
        s3 = dot_step_avx2(s3, a + i + 24, b + i + 24);
    }
    for (; i + 8 <= dimension; i += 8) s0 = dot_step_avx2(s0, a + i, b + i);
    float total = sum_avx2(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; i < dimension; i++) total += a[i] * b[i];
    return total;
}

AVX2 static inline __m256 l2_step_avx2(__m256 sum, const float *a, const float *b) {
    const __m256 difference = _mm256_sub_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b));
    return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 static float l2_squared_avx2(const float *a, const float *b, size_t dimension) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 32 <= dimension; i += 32) {
        s0 = l2_step_avx2(s0, a + i, b + i);
        s1 = l2_step_avx2(s1, a + i + 8, b + i + 8);
        s2 = l2_step_avx2(s2, a + i + 16, b + i + 16);
        s3 = l2_step_avx2(s3, a + i + 24, b + i + 24);
    }
    for (; i + 8 <= dimension; i += 8) s0 = l2_step_avx2(s0, a + i, b + i);
    float total = sum_avx2(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; i < dimension; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
    return total;
}

AVX2 static inline float dot_bf16_one(uint16_t a, uint16_t b) {
    const __m128i first = _mm_cvtsi32_si128((int)((uint32_t)a << 16));
    const __m128i second = _mm_cvtsi32_si128((int)((uint32_t)b << 16));
    return _mm_cvtss_f32(_mm_castsi128_ps(first)) * _mm_cvtss_f32(_mm_castsi128_ps(second));
}

AVX2 static float dot_bf16_avx2(const uint16_t *a, const uint16_t *b, size_t dimension) {
    const __m256i upper = _mm256_set1_epi32((int)0xffff0000u);
    __m256 high = _mm256_setzero_ps(), low = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 16 <= dimension; i += 16) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(a + i));
        const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(b + i));
        high = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(x, upper)),
                               _mm256_castsi256_ps(_mm256_and_si256(y, upper)), high);
        low = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)),
                              _mm256_castsi256_ps(_mm256_slli_epi32(y, 16)), low);
    }
    float total = sum_avx2(_mm256_add_ps(high, low));
    for (; i < dimension; i++) total += dot_bf16_one(a[i], b[i]);
    return total;
}

const epi__kernels epi__kernels_avx2 = {"avx2", dot_avx2, l2_squared_avx2, dot_bf16_avx2};

/* ---- AVX-512 ---------------------------------------------------------------------------------------------------- */

AVX512 static inline float sum_avx512(__m512 sum) {
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sum), 1));
    const __m256 both = _mm256_add_ps(_mm512_castps512_ps256(sum), high);
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

/* The first `rest` of 16 lanes; all of them from 16 on. */
AVX512 static inline __mmask16 mask16_of(size_t rest) {
    return (__mmask16)(rest < 16 ? (1u << rest) - 1u : 0xffffu);
}

AVX512 static inline __m512 dot_step_avx512(__m512 sum, const float *a, const float *b) {
    return _mm512_fmadd_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), sum);
}

AVX512 static float dot_avx512(const float *a, const float *b, size_t dimension) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 64 <= dimension; i += 64) {
        s0 = dot_step_avx512(s0, a + i, b + i);
        s1 = dot_step_avx512(s1, a + i + 16, b + i + 16);
        s2 = dot_step_avx512(s2, a + i + 32, b + i + 32);
        s3 = dot_step_avx512(s3, a + i + 48, b + i + 48);
    }
    for (; i < dimension; i += 16) {
        const __mmask16 mask = mask16_of(dimension - i);
        s0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), s0);
    }
    return sum_avx512(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

AVX512 static inline __m512 l2_step_avx512(__m512 sum, __m512 a, __m512 b) {
    const __m512 difference = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(difference, difference, sum);
}

AVX512 static float l2_squared_avx512(const float *a, const float *b, size_t dimension) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 64 <= dimension; i += 64) {
        s0 = l2_step_avx512(s0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
        s1 = l2_step_avx512(s1, _mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16));
        s2 = l2_step_avx512(s2, _mm512_loadu_ps(a + i + 32), _mm512_loadu_ps(b + i + 32));
        s3 = l2_step_avx512(s3, _mm512_loadu_ps(a + i + 48), _mm512_loadu_ps(b + i + 48));
    }
    for (; i < dimension; i += 16) {
        const __mmask16 mask = mask16_of(dimension - i);
        s0 = l2_step_avx512(s0, _mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i));
    }
    return sum_avx512(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

AVX512 static inline __mmask32 mask32_of(size_t rest) {
    return rest < 32 ? (1u << rest) - 1u : 0xffffffffu;
}

AVX512 static float dot_bf16_avx512(const uint16_t *a, const uint16_t *b, size_t dimension) {
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000u);
    __m512 high = _mm512_setzero_ps(), low = _mm512_setzero_ps();
    for (size_t i = 0; i < dimension; i += 32) {
        const __mmask32 mask = mask32_of(dimension - i);
        const __m512i x = _mm512_maskz_loadu_epi16(mask, a + i), y = _mm512_maskz_loadu_epi16(mask, b + i);
        high = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(x, upper)),
                               _mm512_castsi512_ps(_mm512_and_si512(y, upper)), high);
        low = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)),
                              _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)), low);
    }
    return sum_avx512(_mm512_add_ps(high, low));
}

const epi__kernels epi__kernels_avx512 = {"avx512", dot_avx512, l2_squared_avx512, dot_bf16_avx512};

/* ---- AVX-512 BF16: one instruction multiplies 32 pairs and adds them to 16 sums -------------------------------- */

AVX512BF16 static inline __m512 step_bf16(__m512 sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

AVX512BF16 static float dot_bf16_avx512bf16(const uint16_t *a, const uint16_t *b, size_t dimension) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 128 <= dimension; i += 128) {
        s0 = step_bf16(s0, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        s1 = step_bf16(s1, _mm512_loadu_si512(a + i + 32), _mm512_loadu_si512(b + i + 32));
        s2 = step_bf16(s2, _mm512_loadu_si512(a + i + 64), _mm512_loadu_si512(b + i + 64));
        s3 = step_bf16(s3, _mm512_loadu_si512(a + i + 96), _mm512_loadu_si512(b + i + 96));
    }
    for (; i < dimension; i += 32) {
        const __mmask32 mask = mask32_of(dimension - i);
        s0 = step_bf16(s0, _mm512_maskz_loadu_epi16(mask, a + i), _mm512_maskz_loadu_epi16(mask, b + i));
    }
    return sum_avx512(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

const epi__kernels epi__kernels_avx512bf16 = {"avx512bf16", dot_avx512, l2_squared_avx512, dot_bf16_avx512bf16};

#endif

typedef int epi__kernels_x86_is_not_empty; /* where there are no x86 kernels, ISO C still wants a declaration */
