/* The hash map against a naive array, with keys chosen to collide and a seed that is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/base.h"

enum { KEYS = 600, STEPS = 60000 };

typedef struct model {
    uint64_t key[KEYS];
    uint64_t value[KEYS];
    bool there[KEYS];
    size_t count;
} model;

/* Key 0, the greatest, neighbours, and keys that differ only in high bits. */
static void choose_keys(model *naive, epi__random *random) {
    for (size_t i = 0; i < KEYS; i++) {
        uint64_t kinds[] = {i, i << 48, UINT64_MAX - i, epi__random_next(random), i << 20};
        naive->key[i] = kinds[i % 5];
    }
    for (size_t i = 0; i < KEYS; i++) { /* all different */
        for (size_t j = 0; j < i; j++) {
            if (naive->key[i] == naive->key[j]) naive->key[i] = epi__random_next(random), j = 0;
        }
    }
}

static void check_iteration(const epi__map *map, const model *naive) {
    size_t at = 0, visited = 0;
    bool seen[KEYS] = {false};
    for (uint64_t key, value; epi__map_next(map, &at, &key, &value); visited++) {
        size_t i = 0;
        while (i < KEYS && naive->key[i] != key) i++;
        assert_true(i < KEYS && naive->there[i] && !seen[i]);
        assert_int_equal(naive->value[i], value);
        seen[i] = true;
    }
    assert_int_equal(visited, naive->count);
}

static void step(epi__map *map, model *naive, epi__random *random, uint64_t bias) {
    size_t i = (size_t)epi__random_below(random, KEYS);
    uint64_t value = epi__random_next(random);
    if (epi__random_below(random, 10) < bias) {
        assert_true(epi__map_put(map, naive->key[i], value));
        naive->count += !naive->there[i];
        naive->there[i] = true;
        naive->value[i] = value;
    } else {
        assert_int_equal(epi__map_remove(map, naive->key[i]), naive->there[i]);
        naive->count -= naive->there[i];
        naive->there[i] = false;
    }
    size_t j = (size_t)epi__random_below(random, KEYS);
    uint64_t found = 0;
    assert_int_equal(epi__map_get(map, naive->key[j], &found), naive->there[j]);
    if (naive->there[j]) assert_int_equal(found, naive->value[j]);
    assert_int_equal(map->count, naive->count);
}

static void a_map_agrees_with_a_naive_array(void **state) {
    (void)state;
    const char *given = getenv("EPISODIC_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : epi__clock_monotonic_us();
    print_message("seed %llu (EPISODIC_SEED repeats it)\n", (unsigned long long)seed);
    epi__random random = epi__random_seed(seed);
    static model naive;
    choose_keys(&naive, &random);
    epi__map map = {0};
    for (size_t i = 0; i < STEPS; i++) {
        step(&map, &naive, &random, i / 5000 % 2 == 0 ? 8 : 2); /* it fills, it empties */
        if (i % 500 == 0) check_iteration(&map, &naive);
    }
    check_iteration(&map, &naive);
    epi__map_dispose(&map);
}

static void key_zero_is_a_key_as_any_other(void **state) {
    (void)state;
    epi__map map = {0};
    uint64_t value = 9;
    assert_false(epi__map_get(&map, 0, &value));
    assert_false(epi__map_remove(&map, 0));
    assert_true(epi__map_put(&map, 1, 5));
    assert_false(epi__map_get(&map, 0, &value));
    assert_true(epi__map_put(&map, 0, 0));
    assert_true(epi__map_get(&map, 0, &value));
    assert_int_equal(value, 0);
    for (uint64_t key = 2; key < 1000; key++) assert_true(epi__map_put(&map, key, key)); /* survives growing */
    assert_true(epi__map_put(&map, 0, UINT64_MAX));
    assert_true(epi__map_get(&map, 0, &value));
    assert_int_equal(value, UINT64_MAX);
    assert_int_equal(map.count, 1000);
    assert_true(epi__map_remove(&map, 0));
    assert_false(epi__map_get(&map, 0, NULL));
    assert_int_equal(map.count, 999);
    epi__map_dispose(&map);
}

static void a_cleared_map_is_empty_and_usable(void **state) {
    (void)state;
    epi__map map = {0};
    epi__map_clear(&map);
    for (uint64_t key = 0; key < 100; key++) assert_true(epi__map_put(&map, key, key));
    epi__map_clear(&map);
    size_t at = 0;
    uint64_t key, value;
    assert_false(epi__map_next(&map, &at, &key, &value));
    for (key = 0; key < 100; key++) assert_false(epi__map_get(&map, key, NULL));
    assert_true(epi__map_put(&map, 0, 1));
    assert_int_equal(map.count, 1);
    epi__map_dispose(&map);
    assert_int_equal(map.count, 0);
    assert_false(epi__map_get(&map, 0, NULL));
}

static void a_map_used_for_ever_does_not_grow(void **state) {
    (void)state;
    epi__map map = {0};
    for (uint64_t key = 0; key < 100000; key++) {
        assert_true(epi__map_put(&map, key, key));
        if (key >= 5) assert_true(epi__map_remove(&map, key - 5));
    }
    assert_int_equal(map.count, 5);
    assert_int_equal(map.capacity, 16);
    epi__map_dispose(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_agrees_with_a_naive_array),
        cmocka_unit_test(key_zero_is_a_key_as_any_other),
        cmocka_unit_test(a_cleared_map_is_empty_and_usable),
        cmocka_unit_test(a_map_used_for_ever_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
