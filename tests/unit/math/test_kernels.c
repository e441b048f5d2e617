/* Tests of the vector kernels: each one this processor can run, against sums in double, at every small dimension. */
#include "math/kernels.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DIMENSION_MAX 300u

typedef struct pair {
    float *a;
    float *b;
} pair;

/* Exactly `dimension` floats each, so that a sanitizer sees a read past the end. */
static pair pair_new(size_t dimension, uint64_t seed) {
    pair p = {calloc(dimension + 1, sizeof(float)), calloc(dimension + 1, sizeof(float))};
    assert_non_null(p.a);
    assert_non_null(p.b);
    p.a = realloc(p.a, EPI__MAX(dimension, (size_t)1) * sizeof(float));
    p.b = realloc(p.b, EPI__MAX(dimension, (size_t)1) * sizeof(float));
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < dimension; i++) {
        p.a[i] = (float)epi__random_normal(&random);
        p.b[i] = (float)epi__random_normal(&random);
    }
    return p;
}

static void pair_free(pair p) {
    free(p.a);
    free(p.b);
}

static double dot_of(const float *a, const float *b, size_t dimension) {
    double sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static double l2_of(const float *a, const float *b, size_t dimension) {
    double sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

static float widen(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void assert_near(double value, double expected, size_t dimension) {
    const double tolerance = 4e-6 * (double)(dimension + 1);
    if (fabs(value - expected) > tolerance) fail_msg("%.9g is not %.9g", value, expected);
}

static void every_kernel_agrees_with_double_sums_at_every_dimension(void **state) {
    (void)state;
    for (size_t k = 0; epi__kernels_at(k) != NULL; k++) {
        const epi__kernels *kernels = epi__kernels_at(k);
        for (size_t dimension = 0; dimension <= DIMENSION_MAX; dimension++) {
            const pair p = pair_new(dimension, dimension);
            assert_near((double)kernels->dot(p.a, p.b, dimension), dot_of(p.a, p.b, dimension), dimension);
            assert_near((double)kernels->l2_squared(p.a, p.b, dimension), l2_of(p.a, p.b, dimension), dimension);
            pair_free(p);
        }
    }
}

static void every_kernel_multiplies_halves_exactly(void **state) {
    (void)state;
    for (size_t k = 0; epi__kernels_at(k) != NULL; k++) {
        const epi__kernels *kernels = epi__kernels_at(k);
        for (size_t dimension = 0; dimension <= DIMENSION_MAX; dimension++) {
            const pair p = pair_new(dimension, 1000 + dimension);
            uint16_t *a = malloc(EPI__MAX(dimension, (size_t)1) * sizeof *a);
            uint16_t *b = malloc(EPI__MAX(dimension, (size_t)1) * sizeof *b);
            epi__math_to_bf16(a, p.a, dimension);
            epi__math_to_bf16(b, p.b, dimension);
            double expected = 0;
            for (size_t i = 0; i < dimension; i++) expected += (double)widen(a[i]) * (double)widen(b[i]);
            assert_near((double)kernels->dot_bf16(a, b, dimension), expected, dimension);
            free(a);
            free(b);
            pair_free(p);
        }
    }
}

static void the_last_kernel_is_scalar_and_the_first_is_used(void **state) {
    (void)state;
    size_t count = 0;
    while (epi__kernels_at(count) != NULL) count++;
    assert_true(count >= 1);
    assert_string_equal(epi__kernels_at(count - 1)->name, "scalar");
    assert_string_equal(epi__kernels_at(0)->name, epi__math_kernel_name());
    assert_null(epi__kernels_at(count + 5));
}

static void rows_are_compared_one_by_one(void **state) {
    (void)state;
    const pair p = pair_new(7 * 19, 5);
    float dots[7], distances[7];
    epi__math_dot_rows(dots, p.a, p.b, 7, 19);
    epi__math_l2_rows(distances, p.a, p.b, 7, 19);
    for (size_t i = 0; i < 7; i++) {
        assert_true(dots[i] == epi__math_dot(p.a, p.b + i * 19, 19));
        assert_true(distances[i] == epi__math_l2_squared(p.a, p.b + i * 19, 19));
    }
    pair_free(p);
}

static void normalising_gives_unit_norm_to_tiny_and_huge_vectors(void **state) {
    (void)state;
    const float scales[] = {1e-30f, 1e-3f, 1.0f, 1e30f};
    for (size_t s = 0; s < EPI__COUNT(scales); s++) {
        const pair p = pair_new(65, s);
        for (size_t i = 0; i < 65; i++) p.a[i] *= scales[s];
        assert_true(epi__math_normalise(p.a, 65));
        assert_near(dot_of(p.a, p.a, 65), 1.0, 1);
        pair_free(p);
    }
}

static void normalising_refuses_what_has_no_direction_and_leaves_it(void **state) {
    (void)state;
    float zero[3] = {0, -0.0f, 0}, infinite[3] = {1, INFINITY, 2}, nan[3] = {1, NAN, 2};
    assert_false(epi__math_normalise(zero, 3));
    assert_false(epi__math_normalise(infinite, 3));
    assert_false(epi__math_normalise(nan, 3));
    assert_false(epi__math_normalise(zero, 0));
    assert_true(infinite[0] == 1 && infinite[2] == 2 && nan[0] == 1);
}

static void not_finite_values_are_seen_at_every_place(void **state) {
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t place = 0; place < 37; place++) {
        for (size_t b = 0; b < EPI__COUNT(bad); b++) {
            float values[37] = {FLT_MAX, -FLT_MAX, FLT_MIN};
            assert_true(epi__math_all_finite(values, 37));
            values[place] = bad[b];
            assert_false(epi__math_all_finite(values, 37));
        }
    }
}

static void halves_round_to_nearest_and_ties_to_even(void **state) {
    (void)state;
    const float values[] = {1.0f, -2.0f, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, 0x1.ffp0f, 0.0f};
    const uint16_t expected[] = {0x3f80, 0xc000, 0x3f80, 0x3f82, 0x3f81, 0x4000, 0};
    uint16_t halves[7];
    epi__math_to_bf16(halves, values, 7);
    for (size_t i = 0; i < 7; i++) assert_int_equal(halves[i], expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_agrees_with_double_sums_at_every_dimension),
        cmocka_unit_test(every_kernel_multiplies_halves_exactly),
        cmocka_unit_test(the_last_kernel_is_scalar_and_the_first_is_used),
        cmocka_unit_test(rows_are_compared_one_by_one),
        cmocka_unit_test(normalising_gives_unit_norm_to_tiny_and_huge_vectors),
        cmocka_unit_test(normalising_refuses_what_has_no_direction_and_leaves_it),
        cmocka_unit_test(not_finite_values_are_seen_at_every_place),
        cmocka_unit_test(halves_round_to_nearest_and_ties_to_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
