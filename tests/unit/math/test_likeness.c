/* Likeness of vectors: what turning and scaling leave alone, what is unrelated, and small cases by hand. The values of
 * a whole space are compared with NumPy's by tests/e2e/test_compare.py. */
#include "math/likeness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 120u
#define DIMENSION 12u

struct both {
    float a[COUNT * DIMENSION], b[COUNT * DIMENSION];
};

static void draw(float *rows, uint64_t seed) {
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < COUNT * DIMENSION; i++) rows[i] = (float)epi__random_normal(&random);
}

static double spearman(const float *a, const float *b, size_t dimension, size_t count) {
    const epi__cloud x = {a, dimension}, y = {b, dimension};
    double value = 9.0;
    assert_true(epi__likeness_spearman(&value, &x, &y, count, EPI__METRIC_L2));
    return value;
}

static double cka(const float *a, const float *b, size_t dimension, size_t count, const size_t *order) {
    const epi__cloud x = {a, dimension}, y = {b, dimension};
    double value = 9.0;
    assert_true(epi__likeness_cka(&value, &x, &y, count, order));
    return value;
}

static void near(double value, double expected, double tolerance) {
    if (fabs(value - expected) <= tolerance) return;
    print_error("%.9f, expected %.9f\n", value, expected);
    fail();
}

/* b is a with two axes turned, two exchanged, and all of it moved and three times as large. */
static void turning_moving_and_scaling_change_nothing(void **state) {
    struct both *v = malloc(sizeof *v);
    (void)state;
    assert_non_null(v);
    draw(v->a, 101);
    for (size_t i = 0; i < COUNT; i++) {
        const float *from = v->a + i * DIMENSION;
        float *to = v->b + i * DIMENSION;
        for (size_t j = 0; j < DIMENSION; j++) to[j] = 3.0f * from[(j + 5) % DIMENSION] + 2.0f;
        float x = to[0] - 2.0f, y = to[1] - 2.0f;
        to[0] = 0.6f * x - 0.8f * y;
        to[1] = 0.8f * x + 0.6f * y;
    }
    near(spearman(v->a, v->b, DIMENSION, COUNT), 1.0, 1e-4);
    near(cka(v->a, v->b, DIMENSION, COUNT, NULL), 1.0, 1e-5);
    near(spearman(v->a, v->a, DIMENSION, COUNT), 1.0, 1e-12);
    free(v);
}

static void what_is_unrelated_is_no_more_alike_than_by_chance(void **state) {
    struct both *v = malloc(sizeof *v);
    size_t order[COUNT];
    (void)state;
    assert_non_null(v);
    draw(v->a, 102);
    draw(v->b, 103);
    for (size_t i = 0; i < COUNT; i++) order[i] = (i + COUNT / 2) % COUNT;
    near(spearman(v->a, v->b, DIMENSION, COUNT), 0.0, 0.1);
    double alike = cka(v->a, v->b, DIMENSION, COUNT, NULL), by_chance = cka(v->a, v->b, DIMENSION, COUNT, order);
    assert_true(alike > 0.02 && alike < 0.2);
    near(alike, by_chance, 0.06);
    assert_true(cka(v->a, v->a, DIMENSION, COUNT, order) < 0.3);
    free(v);
}

/* Points on a line: 0 1 3 and 0 2 3; distances of pairs 10 20 21: 1 3 2 and 2 3 1 (ranks 0 2 1 and 1 2 0). */
static void small_cases_are_as_by_hand(void **state) {
    const float a[] = {0.0f, 1.0f, 3.0f}, b[] = {0.0f, 2.0f, 3.0f};
    const float even[] = {0.0f, 1.0f, 2.0f}, same[] = {5.0f, 5.0f, 5.0f};
    (void)state;
    near(spearman(a, b, 1, 3), 0.5, 1e-12);
    near(spearman(a, even, 1, 3), 0.8660254037844387, 1e-12); /* ties: ranks 0.5 2 0.5 */
    near(spearman(a, same, 1, 3), 0.0, 0.0);
    near(cka(a, b, 1, 3, NULL), 13.0 / 14.0 * 13.0 / 14.0, 1e-6); /* in one dimension the squared correlation */
    near(cka(a, same, 1, 3, NULL), 0.0, 0.0);
    near(spearman(a, b, 1, 1), 0.0, 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turning_moving_and_scaling_change_nothing),
        cmocka_unit_test(what_is_unrelated_is_no_more_alike_than_by_chance),
        cmocka_unit_test(small_cases_are_as_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
