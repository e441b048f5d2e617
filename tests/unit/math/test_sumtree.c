/* Tests of the sum tree: every kernel against plain sums, and against each other to the last bit. */
#include "math/sumtree_kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static epi__sumtree tree_new(size_t capacity, size_t kernel) {
    void *memory = epi__alloc_aligned(64, epi__sumtree_size(capacity));
    assert_non_null(memory);
    memset(memory, 0, epi__sumtree_size(capacity));
    epi__sumtree tree = epi__sumtree_over(memory, capacity);
    tree.kernels = epi__tree_kernels_at(kernel);
    assert_non_null(tree.kernels);
    epi__sumtree_rebuild(&tree);
    return tree;
}

static void tree_free(epi__sumtree *tree) {
    epi__free(tree->sums[0]);
}

static size_t kernel_count(void) {
    size_t count = 0;
    while (epi__tree_kernels_at(count) != NULL) count++;
    return count;
}

/* Nearest in the sense of rounding: n additions of numbers that are all positive. */
static void assert_near(double found, double expected, size_t n) {
    const double off = fabs(found - expected), limit = fabs(expected) * (double)n * 0x1p-53;
    if (off > limit) fail_msg("found %.17g, expected %.17g", found, expected);
}

static double sum_of(const epi__sumtree *tree, double *minimum) {
    double sum = 0;
    *minimum = (double)INFINITY;
    for (size_t i = 0; i < tree->capacity; i++) {
        sum += tree->sums[0][i];
        if (tree->sums[0][i] > 0 && tree->sums[0][i] < *minimum) *minimum = tree->sums[0][i];
    }
    return sum;
}

/* Random values with zeros among them, set in batches of random size. */
static void set_random(epi__sumtree *tree, epi__random *random, size_t rounds) {
    uint32_t leaves[600];
    double values[600];
    for (size_t round = 0; round < rounds; round++) {
        const size_t count = epi__random_below(random, 600) + 1;
        for (size_t i = 0; i < count; i++) {
            leaves[i] = (uint32_t)epi__random_below(random, tree->capacity);
            values[i] = epi__random_below(random, 4) == 0 ? 0 : exp(epi__random_normal(random) * 4);
        }
        epi__sumtree_set(tree, leaves, values, count);
    }
}

static const size_t capacities[] = {16, 32, 256, 272, 4096, 4112, 65536, 200000};

static void totals_and_minima_are_those_of_plain_loops(void **state) {
    (void)state;
    for (size_t kernel = 0; kernel < kernel_count(); kernel++) {
        for (size_t c = 0; c < EPI__COUNT(capacities); c++) {
            epi__random random = epi__random_seed(c);
            epi__sumtree tree = tree_new(capacities[c], kernel);
            assert_true(epi__sumtree_total(&tree) == 0);
            assert_true(isinf(epi__sumtree_minimum(&tree)));
            for (size_t round = 0; round < 5; round++) {
                double minimum;
                set_random(&tree, &random, 3);
                assert_near(epi__sumtree_total(&tree), sum_of(&tree, &minimum), tree.capacity);
                assert_true(epi__sumtree_minimum(&tree) == minimum);
            }
            tree_free(&tree);
        }
    }
}

static void all_kernels_agree_to_the_last_bit(void **state) {
    (void)state;
    for (size_t c = 0; c < EPI__COUNT(capacities); c++) {
        epi__sumtree first = tree_new(capacities[c], 0);
        epi__random random = epi__random_seed(100 + c);
        set_random(&first, &random, 20);
        double drawn[1000];
        for (size_t i = 0; i < EPI__COUNT(drawn); i++)
            drawn[i] = epi__random_unit(&random) * epi__sumtree_total(&first);
        uint32_t expected[1000], found[1000];
        double prefixes[1000], left[1000];
        memcpy(prefixes, drawn, sizeof drawn);
        epi__sumtree_find(expected, &first, prefixes, 1000);
        for (size_t kernel = 1; kernel < kernel_count(); kernel++) {
            epi__sumtree other = tree_new(capacities[c], kernel);
            random = epi__random_seed(100 + c);
            set_random(&other, &random, 20);
            assert_memory_equal(first.sums[0], other.sums[0], epi__sumtree_size(capacities[c]));
            memcpy(left, drawn, sizeof drawn);
            epi__sumtree_find(found, &other, left, 1000);
            assert_memory_equal(expected, found, sizeof found);
            assert_memory_equal(prefixes, left, sizeof left);
            tree_free(&other);
        }
        tree_free(&first);
    }
}

static void a_tree_is_a_function_of_its_leaves(void **state) {
    (void)state;
    epi__sumtree tree = tree_new(5008, 0);
    epi__random random = epi__random_seed(3);
    set_random(&tree, &random, 50);
    const size_t size = epi__sumtree_size(5008);
    void *before = malloc(size);
    assert_non_null(before);
    memcpy(before, tree.sums[0], size);
    epi__sumtree_rebuild(&tree);
    assert_memory_equal(before, tree.sums[0], size);
    free(before);
    tree_free(&tree);
}

/* Of integers, sums are exact: each number must find the very leaf that a loop finds. */
static void numbers_find_the_leaf_that_a_loop_finds(void **state) {
    (void)state;
    for (size_t kernel = 0; kernel < kernel_count(); kernel++) {
        epi__sumtree tree = tree_new(512, kernel);
        epi__random random = epi__random_seed(9);
        for (size_t i = 0; i < 512; i++) tree.sums[0][i] = (double)(epi__random_below(&random, 3) * (i % 5));
        epi__sumtree_rebuild(&tree);
        uint32_t expected = 0, found;
        double before = 0;
        for (double at = 0; at < epi__sumtree_total(&tree); at += 0.5) {
            while (before + tree.sums[0][expected] <= at) before += tree.sums[0][expected++];
            double prefix = at;
            epi__sumtree_find(&found, &tree, &prefix, 1);
            assert_int_equal(found, expected);
            assert_true(prefix == at - before);
        }
        tree_free(&tree);
    }
}

static void a_leaf_of_zero_is_never_found_and_every_other_is(void **state) {
    (void)state;
    for (size_t kernel = 0; kernel < kernel_count(); kernel++) {
        const size_t capacity = 4096;
        epi__sumtree tree = tree_new(capacity, kernel);
        epi__random random = epi__random_seed(4);
        for (size_t i = 0; i < capacity; i++) /* 1e-6 to 1, evenly in their logarithm */
            tree.sums[0][i] = i % 3 == 0 ? 0 : pow(10, -6 * epi__random_unit(&random));
        epi__sumtree_rebuild(&tree);
        double running = 0;
        for (uint32_t i = 0; i < capacity; i++) {
            const double value = tree.sums[0][i];
            double probes[3] = {running, running + value / 2, running + value};
            uint32_t found[3];
            epi__sumtree_find(found, &tree, probes, 3);
            for (size_t p = 0; p < 3; p++) assert_true(tree.sums[0][found[p]] > 0);
            if (value > 0) assert_int_equal(found[1], i);
            running += value;
        }
        double outside[2] = {-1, 2 * running};
        uint32_t found[2];
        epi__sumtree_find(found, &tree, outside, 2);
        assert_int_equal(found[0], 1);
        assert_int_equal(found[1], capacity - 2);
        tree_free(&tree);
    }
}

static void powers_are_those_of_the_c_library(void **state) {
    (void)state;
    enum { COUNT = 1003 };
    double bases[COUNT], out[COUNT], first[COUNT];
    epi__random random = epi__random_seed(5);
    for (size_t i = 0; i < COUNT; i++) bases[i] = exp(epi__random_normal(&random) * 20);
    bases[0] = 1;
    for (double exponent = -2; exponent <= 2; exponent += 0.1) {
        for (size_t kernel = 0; kernel < kernel_count(); kernel++) {
            epi__tree_kernels_at(kernel)->power(out, bases, exponent, COUNT);
            if (kernel == 0) memcpy(first, out, sizeof out);
            assert_memory_equal(first, out, sizeof out);
        }
        for (size_t i = 0; i < COUNT; i++) {
            const double expected = pow(bases[i], exponent);
            if (fabs(out[i] / expected - 1) > 1e-13) fail_msg("%.17g ^ %g is %.17g", bases[i], exponent, out[i]);
        }
        assert_true(out[0] == 1);
    }
}

static void powers_stay_positive_and_finite(void **state) {
    (void)state;
    const double bases[] = {0, -1, -0.0, 5e-324, 1e-300, 1e300, 1.7e308};
    double out[EPI__COUNT(bases)];
    for (double exponent = -100; exponent <= 100; exponent += 25) {
        for (size_t kernel = 0; kernel < kernel_count(); kernel++) {
            epi__tree_kernels_at(kernel)->power(out, bases, exponent, EPI__COUNT(bases));
            for (size_t i = 0; i < 3; i++) assert_true(out[i] == 0);
            for (size_t i = 3; i < EPI__COUNT(bases); i++) assert_true(out[i] > 0 && isfinite(out[i]));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_and_minima_are_those_of_plain_loops),
        cmocka_unit_test(all_kernels_agree_to_the_last_bit),
        cmocka_unit_test(a_tree_is_a_function_of_its_leaves),
        cmocka_unit_test(numbers_find_the_leaf_that_a_loop_finds),
        cmocka_unit_test(a_leaf_of_zero_is_never_found_and_every_other_is),
        cmocka_unit_test(powers_are_those_of_the_c_library),
        cmocka_unit_test(powers_stay_positive_and_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
