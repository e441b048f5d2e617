/* Random numbers, hashes and clocks: pinned values where the file format or reproducibility depends on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <time.h>

#include "base/base.h"

static void the_generator_gives_the_published_numbers(void **state) {
    (void)state;
    epi__random random = {{1, 2, 3, 4}}; /* the state that reference outputs of xoshiro256** are given for */
    static const uint64_t expected[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                        UINT64_C(1215971899390074240)};
    for (size_t i = 0; i < EPI__COUNT(expected); i++) assert_int_equal(epi__random_next(&random), expected[i]);
    assert_int_equal(epi__random_seed(0).state[0], UINT64_C(0xE220A8397B1DCDAF)); /* splitmix64 of 0 */
}

static void a_copy_of_the_state_repeats_the_stream(void **state) {
    (void)state;
    epi__random one = epi__random_seed(42), two = one, other = epi__random_seed(43);
    size_t same = 0;
    for (size_t i = 0; i < 100; i++) {
        uint64_t number = epi__random_next(&one);
        assert_int_equal(number, epi__random_next(&two));
        same += number == epi__random_next(&other);
    }
    assert_int_equal(same, 0);
}

static void numbers_below_a_bound_are_all_reached_evenly(void **state) {
    (void)state;
    epi__random random = epi__random_seed(7);
    size_t hits[7] = {0};
    for (size_t i = 0; i < 70000; i++) hits[epi__random_below(&random, 7)]++;
    for (size_t i = 0; i < 7; i++) assert_in_range(hits[i], 9500, 10500); /* 5 standard deviations are 463 */
    assert_int_equal(epi__random_below(&random, 1), 0);
    uint64_t bound = (UINT64_C(1) << 63) + 1; /* nearly half of all draws are refused */
    for (size_t i = 0; i < 1000; i++) assert_true(epi__random_below(&random, bound) < bound);
}

static void units_and_normals_have_their_moments(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    epi__random random = epi__random_seed(9);
    double units = 0, normals = 0, squares = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double unit = epi__random_unit(&random), normal = epi__random_normal(&random);
        assert_true(unit >= 0.0 && unit < 1.0);
        units += unit;
        normals += normal;
        squares += normal * normal;
    }
    assert_true(fabs(units / COUNT - 0.5) < 0.005);
    assert_true(fabs(normals / COUNT) < 0.016);
    assert_true(fabs(squares / COUNT - 1.0) < 0.023);
}

/* These are on disk: if one changes, old memories cannot be read. */
static void hashes_never_change(void **state) {
    (void)state;
    assert_int_equal(epi__hash64(NULL, 0), UINT64_C(0x2D06800538D394C2)); /* published: XXH3 of nothing */
    epi__hash128 nothing = epi__hash128_of(NULL, 0);
    assert_int_equal(nothing.high, UINT64_C(0x99AA06D3014798D8)); /* published: XXH128 of nothing */
    assert_int_equal(nothing.low, UINT64_C(0x6001C324468D497F));
    assert_int_equal(epi__hash64("episodic", 8), UINT64_C(0xD2BDAD252478A802));
    assert_int_equal(epi__hash64_pair("key", 3, "value", 5), UINT64_C(0x6F25C498CCA2EBDE));
    assert_int_equal(epi__hash64_pair("", 0, "", 0), UINT64_C(0x412F1275E10017F3));
}

static void every_bit_of_a_pair_counts(void **state) {
    (void)state;
    uint8_t bytes[600] = {0};
    for (size_t split = 0; split <= 600; split += 75) {
        uint64_t whole = epi__hash64_pair(bytes, split, bytes + split, 600 - split);
        for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(epi__hash64_pair(bytes, split, bytes + split, 600 - split), whole);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_not_equal(epi__hash64_pair("ab", 2, "c", 1), epi__hash64_pair("a", 1, "bc", 2));
    assert_int_not_equal(epi__hash64_pair("a", 1, "b", 1), epi__hash64_pair("b", 1, "a", 1));
}

static void clocks_tell_the_time(void **state) {
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t now = epi__clock_now_us();
    assert_in_range(now / 1000000, before, before + 2);
    uint64_t start = epi__clock_monotonic_us(), last = start;
    while (last < start + 1000) {
        uint64_t next = epi__clock_monotonic_us();
        assert_true(next >= last);
        last = next;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_gives_the_published_numbers),
        cmocka_unit_test(a_copy_of_the_state_repeats_the_stream),
        cmocka_unit_test(numbers_below_a_bound_are_all_reached_evenly),
        cmocka_unit_test(units_and_normals_have_their_moments),
        cmocka_unit_test(hashes_never_change),
        cmocka_unit_test(every_bit_of_a_pair_counts),
        cmocka_unit_test(clocks_tell_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
