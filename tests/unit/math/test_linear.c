/* Tests of the door to LAPACK and of the randomised decomposition, against matrices whose singular values are known. */
#include "math/linear.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 60u
#define COLUMNS 40u
#define RANK 5u

struct dense {
    float values[ROWS * COLUMNS];
};

static void apply(void *context, float *out, const float *in, size_t width) {
    const struct dense *a = context;
    memset(out, 0, ROWS * width * sizeof *out);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            for (size_t w = 0; w < width; w++) out[i * width + w] += a->values[i * COLUMNS + j] * in[j * width + w];
}

static void transposed(void *context, float *out, const float *in, size_t width) {
    const struct dense *a = context;
    memset(out, 0, COLUMNS * width * sizeof *out);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            for (size_t w = 0; w < width; w++) out[j * width + w] += a->values[i * COLUMNS + j] * in[i * width + w];
}

static void assert_orthonormal(const float *q, size_t rows, size_t columns, size_t used) {
    for (size_t a = 0; a < used; a++)
        for (size_t b = 0; b <= a; b++) {
            float sum = 0.0f;
            for (size_t i = 0; i < rows; i++) sum += q[i * columns + a] * q[i * columns + b];
            assert_true(fabsf(sum - (a == b ? 1.0f : 0.0f)) < 1e-4f);
        }
}

static void fill(float *values, size_t count, uint64_t seed) {
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < count; i++) values[i] = (float)epi__random_normal(&random);
}

static void a_matrix_is_its_q_times_its_r(void **state) {
    (void)state;
    float a[12 * 7], q[12 * 7], r[7 * 7], back[12 * 7];
    fill(a, 12 * 7, 1);
    memcpy(q, a, sizeof a);
    assert_int_equal(EPI_OK, epi__linear_qr(q, r, 12, 7));
    assert_orthonormal(q, 12, 7, 7);
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < i; j++) assert_true(r[i * 7 + j] == 0.0f);
    epi__linear_multiply(back, q, r, 12, 7, 7);
    for (size_t i = 0; i < 12 * 7; i++) assert_true(fabsf(back[i] - a[i]) < 1e-5f);
}

/* U diag(values) V^T of orthonormal U and V; the values fall to a tail that is far below. */
static void make(struct dense *a, float *u, const float *values) {
    float v[COLUMNS * RANK], scaled[ROWS * RANK], turned[RANK * COLUMNS];
    fill(u, ROWS * RANK, 2);
    fill(v, COLUMNS * RANK, 3);
    assert_int_equal(EPI_OK, epi__linear_qr(u, NULL, ROWS, RANK));
    assert_int_equal(EPI_OK, epi__linear_qr(v, NULL, COLUMNS, RANK));
    for (size_t i = 0; i < ROWS * RANK; i++) scaled[i] = u[i] * values[i % RANK];
    for (size_t i = 0; i < RANK * COLUMNS; i++) turned[i] = v[i % COLUMNS * RANK + i / COLUMNS];
    epi__linear_multiply(a->values, scaled, turned, ROWS, RANK, COLUMNS);
}

static void singular_vectors_and_values_are_found(void **state) {
    (void)state;
    static const float values[RANK] = {9.0f, 4.0f, 2.0f, 1.0f, 0.5f};
    struct dense a;
    float u[ROWS * RANK], got[ROWS * 8], sizes[8];
    make(&a, u, values);
    epi__operator matrix = {ROWS, COLUMNS, &a, apply, transposed};
    assert_int_equal(EPI_OK, epi__svd_left(got, sizes, &matrix, 8, 7));
    for (size_t k = 0; k < RANK; k++) {
        float along = 0.0f;
        for (size_t i = 0; i < ROWS; i++) along += u[i * RANK + k] * got[i * 8 + k];
        assert_true(fabsf(sizes[k] - values[k]) < 1e-4f);
        assert_true(fabsf(fabsf(along) - 1.0f) < 1e-3f);
    }
    assert_orthonormal(got, ROWS, 8, RANK);
    for (size_t k = RANK; k < 8; k++) { /* the matrix has no more */
        assert_true(sizes[k] == 0.0f);
        for (size_t i = 0; i < ROWS; i++) assert_true(got[i * 8 + k] == 0.0f);
    }
}

static void more_may_be_asked_for_than_there_is(void **state) {
    (void)state;
    struct dense a;
    static float got[ROWS * 100], again[ROWS * 100], sizes[100];
    fill(a.values, ROWS * COLUMNS, 4);
    epi__operator matrix = {ROWS, COLUMNS, &a, apply, transposed};
    assert_int_equal(EPI_OK, epi__svd_left(got, sizes, &matrix, 100, 7));
    assert_orthonormal(got, ROWS, 100, COLUMNS);
    for (size_t k = 1; k < 100; k++) assert_true(sizes[k] <= sizes[k - 1]);
    assert_true(sizes[COLUMNS - 1] > 0.0f && sizes[COLUMNS] == 0.0f);
    assert_int_equal(EPI_OK, epi__svd_left(again, sizes, &matrix, 100, 7));
    assert_memory_equal(got, again, sizeof got);
}

static void an_empty_matrix_is_refused(void **state) {
    (void)state;
    float u[1], values[1];
    epi__operator matrix = {0, 3, NULL, apply, transposed};
    assert_int_equal(EPI_EINVAL, epi__svd_left(u, values, &matrix, 1, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matrix_is_its_q_times_its_r),
        cmocka_unit_test(singular_vectors_and_values_are_found),
        cmocka_unit_test(more_may_be_asked_for_than_there_is),
        cmocka_unit_test(an_empty_matrix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
