/* math.h - vector kernels, top-k selection and small statistics. Kernels are chosen once at run time: AVX-512, AVX2 or
 * scalar. Vectors are float32, contiguous; no alignment is required.
 */
#ifndef EPI_MATH_MATH_H
#define EPI_MATH_MATH_H

#include "../base/base.h"

typedef enum epi__metric {
    EPI__METRIC_COSINE = 1, /* vectors are normalised when stored; similarity is the inner product, [-1, 1] */
    EPI__METRIC_L2 = 2      /* squared Euclidean distance */
} epi__metric;

float epi__math_dot(const float *a, const float *b, size_t dimension);
float epi__math_l2_squared(const float *a, const float *b, size_t dimension);
/* out[i] = dot(query, rows[i]) resp. squared distance; rows is count x dimension, row-major. */
void epi__math_dot_rows(float *out, const float *query, const float *rows, size_t count, size_t dimension);
void epi__math_l2_rows(float *out, const float *query, const float *rows, size_t count, size_t dimension);
/* Scales to unit norm; false (vector untouched) when the norm is 0 or not finite. */
bool epi__math_normalise(float *vector, size_t dimension);
bool epi__math_all_finite(const float *values, size_t count);
/* bfloat16: the upper half of a float32, rounded to nearest even. Half the bytes to read for eight bits of precision.
 * */
void epi__math_to_bf16(uint16_t *out, const float *values, size_t count);
float epi__math_dot_bf16(const uint16_t *a, const uint16_t *b, size_t dimension);
const char *epi__math_kernel_name(void); /* "avx512bf16", "avx512", "avx2", "scalar" */

/* The k best of a stream of (score, id), greatest score first, ties to the lowest id. */
typedef struct epi__best {
    uint64_t id;
    float score;
} epi__best;

typedef struct epi__topk {
    epi__best *items; /* a heap while filling; sorted by epi__topk_sort */
    size_t count;
    size_t capacity;
} epi__topk;

bool epi__topk_init(epi__topk *topk, size_t k);
void epi__topk_dispose(epi__topk *topk);
void epi__topk_push(epi__topk *topk, uint64_t id, float score);
void epi__topk_sort(epi__topk *topk);

#endif
