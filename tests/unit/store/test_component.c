/* Tests of components: equal bytes are kept once and counted, different bytes are kept apart even under one hash. */
#include "opened.h"
#include "store/component.h"

#include <episodic/limits.h>

#include "quick.h"

#define SIZE (EPI_INLINE_SIZE_MAX + 36u)

static epi__value put(epi__change *change, const uint8_t *data, size_t size) {
    epi__value value;
    assert_status(EPI_OK, epi__component_put(&value, change, data, size));
    assert_int_equal(value.size, size);
    return value;
}

static void assert_holds(epi__change *change, const epi__value *value, const uint8_t *data) {
    epi__view found;
    assert_status(EPI_OK, epi__component_get(&found, change->tx.txn, change->space, value));
    assert_int_equal(found.size, value->size);
    assert_memory_equal(found.data, data, value->size);
}

static void assert_counts(const epi__change *change, uint64_t components, uint64_t shares, uint64_t size) {
    assert_int_equal(epi__state_count(&change->state, EPI__TABLE_COMPONENT), components);
    assert_int_equal(epi__state_count(&change->state, EPI__TABLE_SHARE), shares);
    assert_int_equal(change->state.component_size, size);
}

static void a_short_value_stays_in_its_row(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint8_t data[EPI_INLINE_SIZE_MAX + 1] = {7};
    epi__value value = put(&change, data, EPI_INLINE_SIZE_MAX);
    assert_false(value.component);
    assert_ptr_equal(value.data, data);
    assert_counts(&change, 0, 0, 0);
    assert_holds(&change, &value, data);
    assert_status(EPI_OK, epi__component_drop(&change, &value));
    value = put(&change, data, EPI_INLINE_SIZE_MAX + 1);
    assert_true(value.component);
    assert_counts(&change, 1, 0, EPI_INLINE_SIZE_MAX + 1);
    epi__change_abort(&change);
    opened_close(&o);
}

static void uses_are_counted_up_and_down_to_none(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint8_t data[SIZE];
    memset(data, 'x', SIZE);
    static const uint64_t shares_up[] = {0, 1, 1}, shares_down[] = {1, 0};
    epi__value value = {0};
    for (int uses = 1; uses <= 3; uses++) {
        value = put(&change, data, SIZE);
        assert_counts(&change, 1, shares_up[uses - 1], SIZE);
    }
    for (int left = 2; left >= 1; left--) {
        assert_status(EPI_OK, epi__component_drop(&change, &value));
        assert_counts(&change, 1, shares_down[2 - left], SIZE);
        assert_holds(&change, &value, data);
    }
    assert_status(EPI_OK, epi__component_drop(&change, &value));
    assert_counts(&change, 0, 0, 0);
    epi__view found;
    assert_failure(EPI_EDAMAGED, epi__component_get(&found, change.tx.txn, o.space, &value), "missing");
    assert_failure(EPI_EDAMAGED, epi__component_drop(&change, &value), "missing");
    epi__change_abort(&change);
    opened_close(&o);
}

/* Two values of one 128-bit hash cannot be made; a record under the hash's key can. */
static void place_under(epi__change *change, const epi__value *value, uint32_t ordinal, const uint8_t *data) {
    epi__key key;
    epi__key_begin(&key, change->space, EPI__TABLE_COMPONENT);
    epi__key_u64(&key, value->hash.high);
    epi__key_u64(&key, value->hash.low);
    epi__key_u32(&key, ordinal);
    assert_status(EPI_OK, epi__change_put(change, &key, data, SIZE));
}

static void other_bytes_under_one_hash_get_the_next_ordinal(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint8_t data[SIZE], other[SIZE], third[SIZE];
    memset(data, 'x', SIZE);
    memset(other, 'y', SIZE);
    memset(third, 'z', SIZE);
    epi__value value = put(&change, data, SIZE);
    place_under(&change, &value, 0, other); /* as if `other` had come first, with this hash */
    epi__value second = put(&change, data, SIZE);
    assert_int_equal(second.ordinal, 1);
    place_under(&change, &value, 1, third);
    epi__value last = put(&change, data, SIZE);
    assert_int_equal(last.ordinal, 2);
    assert_holds(&change, &last, data);
    assert_holds(&change, &value, other);
    assert_holds(&change, &second, third);
    epi__value again = put(&change, data, SIZE);
    assert_int_equal(again.ordinal, 2);
    assert_status(EPI_OK, epi__component_drop(&change, &again));
    assert_status(EPI_OK, epi__component_drop(&change, &last));
    assert_holds(&change, &value, other);
    assert_holds(&change, &second, third);
    epi__change_abort(&change);
    opened_close(&o);
}

static void a_component_of_another_size_than_its_row_says_is_damaged(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint8_t data[SIZE] = {1};
    epi__view found;
    epi__value value = put(&change, data, SIZE);
    value.size++;
    assert_failure(EPI_EDAMAGED, epi__component_get(&found, change.tx.txn, o.space, &value), "another size");
    epi__change_abort(&change);
    opened_close(&o);
}

static void a_count_that_makes_no_sense_is_damaged(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint8_t data[SIZE] = {1};
    static const uint8_t one[8] = {1};
    epi__value value = put(&change, data, SIZE), again;
    epi__key key;
    epi__key_begin(&key, o.space, EPI__TABLE_SHARE);
    epi__key_u64(&key, value.hash.high);
    epi__key_u64(&key, value.hash.low);
    epi__key_u32(&key, 0);
    assert_status(EPI_OK, epi__change_put(&change, &key, one, 8)); /* one use has no count record */
    assert_failure(EPI_EDAMAGED, epi__component_put(&again, &change, data, SIZE), "count is cut");
    assert_failure(EPI_EDAMAGED, epi__component_drop(&change, &value), "count is cut");
    assert_status(EPI_OK, epi__change_put(&change, &key, one, 7));
    assert_failure(EPI_EDAMAGED, epi__component_drop(&change, &value), "count is cut");
    epi__change_abort(&change);
    opened_close(&o);
}

/* A naive twin: how often each of some values is in use. */
static void random_uses_agree_with_a_plain_count(void **state) {
    enum { VALUES = 8 };
    opened o = opened_store(*state);
    epi__random random = epi__random_seed(quick_seed(21));
    uint64_t uses[VALUES] = {0};
    epi__value values[VALUES];
    for (int i = 0; i < 100; i++) {
        epi__change change = opened_change(&o);
        for (int j = 0; j < 10; j++) {
            uint64_t at = epi__random_below(&random, VALUES);
            uint8_t data[SIZE + VALUES];
            memset(data, (int)at, sizeof data);
            if (epi__random_below(&random, 2) && uses[at]) {
                assert_status(EPI_OK, epi__component_drop(&change, &values[at]));
                uses[at]--;
            } else {
                values[at] = put(&change, data, SIZE + at);
                uses[at]++;
            }
        }
        uint64_t components = 0, shares = 0, size = 0;
        for (size_t v = 0; v < VALUES; v++) {
            components += uses[v] > 0;
            shares += uses[v] > 1;
            size += uses[v] ? SIZE + v : 0;
        }
        assert_counts(&change, components, shares, size);
        opened_commit(&change);
    }
    opened_close(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_short_value_stays_in_its_row),
        TEST(uses_are_counted_up_and_down_to_none),
        TEST(other_bytes_under_one_hash_get_the_next_ordinal),
        TEST(a_component_of_another_size_than_its_row_says_is_damaged),
        TEST(a_count_that_makes_no_sense_is_damaged),
        TEST(random_uses_agree_with_a_plain_count),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
