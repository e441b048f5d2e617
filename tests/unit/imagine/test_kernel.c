/* Tests of kernels: that what matters is told from what does not, that rates are drawn to the prior, that intervals are
 * Wilson's. */
#include <math.h>

#include "imagine/kernel.h"
#include "place.h"

enum { CASES = 120, ATTRIBUTES = 4 };

/* Attribute 2 decides, the others are noise. */
static void make_cases(uint8_t *distances, bool *labels, uint64_t seed) {
    static uint8_t value[CASES][ATTRIBUTES];
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < CASES; i++) {
        for (size_t a = 0; a < ATTRIBUTES; a++) value[i][a] = (uint8_t)epi__random_below(&random, 3);
        labels[i] = epi__random_unit(&random) < (value[i][2] == 1 ? 0.9 : 0.1);
    }
    for (size_t a = 0; a < ATTRIBUTES; a++)
        for (size_t i = 0; i < CASES; i++)
            for (size_t j = 0; j < CASES; j++)
                distances[(a * CASES + i) * CASES + j] = value[i][a] == value[j][a] ? 0 : EPI__FAR;
}

/* Noise may look like a reason now and then; not often. */
static void what_matters_gets_a_level_and_noise_seldom_does(void **state) {
    static uint8_t distances[ATTRIBUTES * CASES * CASES];
    bool labels[CASES];
    epi__kernel kernel;
    size_t fooled = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        make_cases(distances, labels, seed);
        EXPECT(EPI_OK, epi__kernel_fit(&kernel, distances, ATTRIBUTES, CASES, labels, 0.5));
        assert_true(kernel.level[2] >= 2);
        for (size_t a = 0; a < ATTRIBUTES; a++) fooled += a != 2 && kernel.level[a] > 0;
        uint8_t same[ATTRIBUTES] = {0}, other[ATTRIBUTES] = {0, 0, EPI__FAR, 0};
        assert_true(epi__kernel_weight(&kernel, same, ATTRIBUTES) == 1.0);
        assert_true(epi__kernel_weight(&kernel, other, ATTRIBUTES) < 0.2);
    }
    print_message("noise had a say in %zu of 30 cases\n", fooled);
    assert_true(fooled <= 6);
}

static void nothing_is_learned_from_labels_without_a_reason(void **state) {
    static uint8_t distances[ATTRIBUTES * CASES * CASES];
    bool labels[CASES];
    epi__kernel kernel;
    (void)state;
    make_cases(distances, labels, 2);
    for (size_t i = 0; i < CASES; i++) labels[i] = true;
    EXPECT(EPI_OK, epi__kernel_fit(&kernel, distances, ATTRIBUTES, CASES, labels, 0.5));
    for (size_t a = 0; a < ATTRIBUTES; a++) assert_int_equal(kernel.level[a], 0);
    assert_true(kernel.prior > 0.95 && kernel.prior < 1.0);
}

static void few_cases_keep_to_the_base_rate(void **state) {
    epi__kernel kernel;
    bool label = true;
    uint8_t distance = 0;
    (void)state;
    EXPECT(EPI_OK, epi__kernel_fit(&kernel, &distance, 1, 1, &label, 0.25));
    assert_true(kernel.prior > 0.25 && kernel.prior < 1.0);
    assert_true(epi__kernel_rate(&kernel, 0.0, 0.0) == kernel.prior);
    assert_true(epi__kernel_rate(&kernel, 1000.0, 1000.0) > 0.99);
}

/* 8 of 10 at 95 %: .4901 to .9433, the textbook's example. */
static void the_interval_is_wilsons(void **state) {
    double low, high;
    (void)state;
    epi__wilson(&low, &high, 0.8, 10.0, 0.95);
    assert_true(fabs(low - 0.4901625) < 1e-6);
    assert_true(fabs(high - 0.9433178) < 1e-6);
    epi__wilson(&low, &high, 0.0, 10.0, 0.95);
    assert_true(low >= 0.0 && low < 1e-9 && high > 0.2 && high < 0.3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matters_gets_a_level_and_noise_seldom_does),
        cmocka_unit_test(nothing_is_learned_from_labels_without_a_reason),
        cmocka_unit_test(few_cases_keep_to_the_base_rate),
        cmocka_unit_test(the_interval_is_wilsons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
