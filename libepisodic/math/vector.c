/* vector.c - the vector calls of math.h, over the kernels this processor can run. */
#include "kernels.h"

#include <math.h>

float epi__math_dot(const float *a, const float *b, size_t dimension) {
    return epi__kernels_best()->dot(a, b, dimension);
}

float epi__math_l2_squared(const float *a, const float *b, size_t dimension) {
    return epi__kernels_best()->l2_squared(a, b, dimension);
}

float epi__math_dot_bf16(const uint16_t *a, const uint16_t *b, size_t dimension) {
    return epi__kernels_best()->dot_bf16(a, b, dimension);
}

void epi__math_dot_rows(float *out, const float *query, const float *rows, size_t count, size_t dimension) {
    const epi__kernels *kernels = epi__kernels_best();
    for (size_t i = 0; i < count; i++) out[i] = kernels->dot(query, rows + i * dimension, dimension);
}

void epi__math_l2_rows(float *out, const float *query, const float *rows, size_t count, size_t dimension) {
    const epi__kernels *kernels = epi__kernels_best();
    for (size_t i = 0; i < count; i++) out[i] = kernels->l2_squared(query, rows + i * dimension, dimension);
}

/* Summed in double, so that neither tiny nor huge components lose the norm. A vector that is unit already, but for the
 * rounding of its elements, is left as it is: what is read back and stored again keeps its bits. */
bool epi__math_normalise(float *vector, size_t dimension) {
    double sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += (double)vector[i] * (double)vector[i];
    const double norm = sqrt(sum);
    if (!(norm > 0) || !isfinite(norm)) return false;
    if (fabs(norm - 1) < 0x1p-23) return true;
    for (size_t i = 0; i < dimension; i++) vector[i] = (float)((double)vector[i] / norm);
    return true;
}

bool epi__math_all_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Adds half of the last kept bit, less one when that bit is 0, so that ties go to even. Finite values only. */
void epi__math_to_bf16(uint16_t *out, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        out[i] = (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
    }
}

const char *epi__math_kernel_name(void) {
    return epi__kernels_best()->name;
}
