/* test_lmdb_model.c - random transactions against a sorted array, the naive twin of an ordered map.
 *
 * The seed is printed; EPISODIC_SEED=n repeats a run.
 */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>

#define ENTRIES_MAX 2000u
#define TRANSACTIONS 400u
#define OPERATIONS_MAX 40u

typedef struct entry {
    uint8_t key[EPI__ENGINE_KEY_MAX];
    size_t key_size;
    uint64_t value_seed;
    size_t value_size;
} entry;

typedef struct model {
    entry entries[ENTRIES_MAX];
    size_t count;
} model;

static int compare(const entry *a, const entry *b) {
    int order = memcmp(a->key, b->key, EPI__MIN(a->key_size, b->key_size));
    return order != 0 ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

/* The first entry that does not sort before `wanted`. */
static size_t model_find(const model *m, const entry *wanted) {
    size_t at = 0;
    while (at < m->count && compare(&m->entries[at], wanted) < 0) at++;
    return at;
}

static bool model_has(const model *m, size_t at, const entry *wanted) {
    return at < m->count && compare(&m->entries[at], wanted) == 0;
}

static void model_put(model *m, const entry *put) {
    size_t at = model_find(m, put);
    if (!model_has(m, at, put)) {
        assert_true(m->count < ENTRIES_MAX);
        memmove(&m->entries[at + 1], &m->entries[at], (m->count++ - at) * sizeof(entry));
    }
    m->entries[at] = *put;
}

static void model_remove(model *m, size_t at, size_t count) {
    memmove(&m->entries[at], &m->entries[at + count], (m->count - at - count) * sizeof(entry));
    m->count -= count;
}

/* Keys from few bytes, so that they meet again and are each other's prefixes; some as long as may be. */
static entry random_entry(epi__random *random) {
    static const uint8_t letters[] = {0, 1, 'a', 'b', 127, 128, 255};
    entry made = {.value_seed = epi__random_next(random)};
    bool longest = epi__random_below(random, 20) == 0;
    made.key_size = longest ? 500 + epi__random_below(random, 12) : 1 + epi__random_below(random, 5);
    for (size_t i = 0; i < made.key_size; i++)
        made.key[i] = longest && i > 2 ? 'z' : letters[epi__random_below(random, sizeof(letters))];
    uint64_t kind = epi__random_below(random, 10);
    made.value_size = kind == 0 ? 0 : epi__random_below(random, kind < 8 ? 100 : kind == 8 ? 3000 : 20000);
    return made;
}

static void fill_value(uint8_t *value, const entry *of) {
    epi__random random = epi__random_seed(of->value_seed);
    for (size_t i = 0; i < of->value_size; i++) value[i] = (uint8_t)epi__random_next(&random);
}

static void assert_value(const entry *expected, epi__view value) {
    uint8_t bytes[20000];
    fill_value(bytes, expected);
    assert_int_equal(expected->value_size, value.size);
    if (value.size > 0) assert_memory_equal(bytes, value.data, value.size);
}

static epi__view key_of(const entry *of) {
    return (epi__view){.data = of->key, .size = of->key_size};
}

static void check_get(const model *m, epi__txn *txn, const entry *wanted) {
    epi__view value;
    size_t at = model_find(m, wanted);
    bool present = model_has(m, at, wanted);
    assert_status(present ? EPI_OK : EPI_ENOTFOUND, txn->engine->ops->get(&value, txn, key_of(wanted)));
    if (present) assert_value(&m->entries[at], value);
}

static void put(model *m, epi__txn *txn, const entry *made, bool reserve) {
    uint8_t bytes[20000];
    fill_value(bytes, made);
    if (reserve) {
        void *space;
        assert_status(EPI_OK, txn->engine->ops->put_reserve(&space, txn, key_of(made), made->value_size));
        memcpy(space, bytes, made->value_size);
    } else {
        epi__view value = {.data = bytes, .size = made->value_size};
        assert_status(EPI_OK, txn->engine->ops->put(txn, key_of(made), value));
    }
    model_put(m, made);
}

static void remove_one(model *m, epi__txn *txn, const entry *wanted) {
    size_t at = model_find(m, wanted);
    bool present = model_has(m, at, wanted);
    assert_status(present ? EPI_OK : EPI_ENOTFOUND, txn->engine->ops->remove(txn, key_of(wanted)));
    if (present) model_remove(m, at, 1);
}

/* Bounds in either order, each of them absent now and then. */
static void random_bounds(epi__random *random, entry bounds[2]) {
    for (int i = 0; i < 2; i++) {
        bounds[i] = random_entry(random);
        if (epi__random_below(random, 8) == 0) bounds[i].key_size = 0;
    }
}

static void model_range(const model *m, const entry bounds[2], size_t *from, size_t *to) {
    *from = model_find(m, &bounds[0]);
    *to = bounds[1].key_size == 0 ? m->count : model_find(m, &bounds[1]);
    *to = EPI__MAX(*from, *to);
}

static void check_range(const model *m, epi__txn *txn, const entry bounds[2], bool reverse) {
    size_t from, to;
    model_range(m, bounds, &from, &to);
    const epi__engine_ops *ops = txn->engine->ops;
    epi__range *range;
    epi__view key, value;
    assert_status(EPI_OK, ops->range_open(&range, txn, key_of(&bounds[0]), key_of(&bounds[1]), reverse));
    for (size_t i = 0; i < to - from; i++) {
        const entry *expected = &m->entries[reverse ? to - 1 - i : from + i];
        assert_status(EPI_OK, ops->range_next(&key, &value, range));
        assert_int_equal(expected->key_size, key.size);
        assert_memory_equal(expected->key, key.data, key.size);
        assert_value(expected, value);
    }
    assert_status(EPI_EDONE, ops->range_next(&key, &value, range));
    ops->range_close(range);
}

static void remove_range(model *m, epi__txn *txn, const entry bounds[2], size_t limit) {
    size_t from, to, removed;
    model_range(m, bounds, &from, &to);
    assert_status(EPI_OK, txn->engine->ops->remove_range(&removed, txn, key_of(&bounds[0]), key_of(&bounds[1]), limit));
    assert_int_equal(EPI__MIN(limit, to - from), removed);
    model_remove(m, from, removed);
}

static void operate(model *m, epi__txn *txn, epi__random *random) {
    entry one = random_entry(random), bounds[2];
    random_bounds(random, bounds);
    uint64_t kind = epi__random_below(random, 100);
    if (kind < 55)
        put(m, txn, &one, kind < 10);
    else if (kind < 70)
        remove_one(m, txn, &one);
    else if (kind < 90)
        check_get(m, txn, &one);
    else if (kind < 96)
        check_range(m, txn, bounds, kind % 2 == 0);
    else
        remove_range(m, txn, bounds, epi__random_below(random, kind == 99 ? 200 : 20));
}

static void check_all(const model *m, epi__engine *engine) {
    const entry bounds[2] = {{.key_size = 0}, {.key_size = 0}};
    epi__engine_stats stats;
    epi__txn *txn = begin(engine, false);
    check_range(m, txn, bounds, false);
    check_range(m, txn, bounds, true);
    engine->ops->abort(txn);
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(m->count, stats.entries);
}

static void random_transactions_leave_what_a_sorted_array_holds(void **state) {
    const char *given = getenv("EPISODIC_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : epi__clock_monotonic_us();
    printf("EPISODIC_SEED=%llu\n", (unsigned long long)seed);
    epi__random random = epi__random_seed(seed);
    model *now = calloc(2, sizeof(*now)), *before = now + 1;
    assert_non_null(now);
    epi__engine *engine = scratch_open(*state);
    for (size_t i = 0; i < TRANSACTIONS; i++) {
        epi__txn *txn = begin(engine, true);
        *before = *now;
        for (size_t left = epi__random_below(&random, OPERATIONS_MAX); left > 0; left--) operate(now, txn, &random);
        if (epi__random_below(&random, 4) > 0) {
            assert_status(EPI_OK, engine->ops->commit(txn));
        } else {
            engine->ops->abort(txn);
            *now = *before;
        }
        if (i % 10 == 0) check_all(now, engine);
        if (i % 97 == 0) {
            engine->ops->close(engine);
            engine = scratch_open(*state);
        }
    }
    check_all(now, engine);
    engine->ops->close(engine);
    free(now);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_transactions_leave_what_a_sorted_array_holds, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
