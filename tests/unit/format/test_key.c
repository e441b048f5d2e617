/* Tests of keys: their bytes sort as their numbers and times do, ranges end where they should, messages can be read. */
#include "format/key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <episodic/time.h>

static int compare(const epi__key *a, const epi__key *b) {
    int order = memcmp(a->bytes, b->bytes, EPI__MIN(a->size, b->size));
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static void numbers_sort_as_numbers(void **state) {
    (void)state;
    static const uint64_t rising[] = {0,      1,          2,           127,  128,
                                      255,    256,        257,         65535, 65536,
                                      1u << 31, UINT32_MAX, 1ull << 32, 1ull << 63, UINT64_MAX};
    for (size_t i = 1; i < EPI__COUNT(rising); i++) {
        epi__key before, after;
        epi__key_of_u64(&before, 7, EPI__TABLE_STEP, rising[i - 1]);
        epi__key_of_u64(&after, 7, EPI__TABLE_STEP, rising[i]);
        assert_true(compare(&before, &after) < 0);
        assert_int_equal(epi__key_id(epi__key_view(&after)), rising[i]);
    }
}

static void times_sort_as_times_before_1970_too(void **state) {
    (void)state;
    static const int64_t rising[] = {INT64_MIN, EPI_TIME_MIN, -86400000001, -86400000000, -1, 0, 1, 86400000000,
                                     EPI_TIME_MAX, INT64_MAX};
    for (size_t i = 1; i < EPI__COUNT(rising); i++) {
        epi__key before, after;
        epi__key_begin(&before, 7, EPI__TABLE_TIME);
        epi__key_begin(&after, 7, EPI__TABLE_TIME);
        epi__key_time(&before, rising[i - 1]);
        epi__key_time(&after, rising[i]);
        assert_true(compare(&before, &after) < 0);
    }
}

static void random_times_sort_as_times(void **state) {
    (void)state;
    epi__random random = epi__random_seed(1);
    for (int i = 0; i < 10000; i++) {
        int64_t a = (int64_t)epi__random_next(&random), b = (int64_t)epi__random_next(&random);
        epi__key x, y;
        epi__key_begin(&x, 1, EPI__TABLE_TIME);
        epi__key_begin(&y, 1, EPI__TABLE_TIME);
        epi__key_time(&x, a);
        epi__key_time(&y, b);
        assert_int_equal(a < b, compare(&x, &y) < 0);
    }
}

static void a_space_is_one_range(void **state) {
    (void)state;
    epi__key first = {0}, end, inside, outside;
    epi__key_u32(&first, 255);
    end = first;
    epi__key_next(&end);
    epi__key_of_u64(&inside, 255, 0xFF, UINT64_MAX);
    epi__key_of_u64(&outside, 256, 0, 0);
    assert_true(compare(&first, &inside) < 0);
    assert_true(compare(&inside, &end) < 0);
    assert_true(compare(&end, &outside) <= 0);
    assert_int_equal(epi__key_space(epi__key_view(&inside)), 255);
    assert_int_equal(epi__key_table(epi__key_view(&inside)), 0xFF);
}

/* The end of a prefix's range: behind all that begin with it, before all others. */
static void the_key_behind_a_prefix_is_the_end_of_its_range(void **state) {
    (void)state;
    epi__random random = epi__random_seed(2);
    for (int i = 0; i < 20000; i++) {
        static const uint8_t letters[] = {0, 1, 254, 255};
        epi__key prefix = {0}, end, other = {0};
        for (uint64_t size = 1 + epi__random_below(&random, 4); size > 0; size--)
            epi__key_bytes(&prefix, &letters[epi__random_below(&random, 4)], 1);
        for (uint64_t size = 1 + epi__random_below(&random, 6); size > 0; size--)
            epi__key_bytes(&other, &letters[epi__random_below(&random, 4)], 1);
        end = prefix;
        epi__key_next(&end);
        bool begins = other.size >= prefix.size && memcmp(other.bytes, prefix.bytes, prefix.size) == 0;
        bool in_range = compare(&other, &prefix) >= 0 && (end.size == 0 || compare(&other, &end) < 0);
        assert_int_equal(begins, in_range);
    }
}

static void behind_all_ones_there_is_no_end(void **state) {
    (void)state;
    epi__key key = {0};
    epi__key_bytes(&key, "\xFF\xFF\xFF", 3);
    epi__key_next(&key);
    assert_int_equal(key.size, 0);
}

static void a_key_holds_as_many_bytes_as_the_engine_takes(void **state) {
    (void)state;
    epi__key key;
    uint8_t bytes[EPI__KEY_SIZE_MAX] = {0};
    epi__key_begin(&key, 1, EPI__TABLE_EXTERNAL);
    epi__key_bytes(&key, bytes, EPI__KEY_SIZE_MAX - 5);
    assert_int_equal(key.size, EPI__KEY_SIZE_MAX);
    epi__key_bytes(&key, NULL, 0);
    assert_int_equal(key.size, EPI__KEY_SIZE_MAX);
}

static void every_table_has_a_slot_and_a_name_of_its_own(void **state) {
    (void)state;
    size_t found = 0;
    for (unsigned table = 0; table < 256; table++) {
        int slot = epi__table_slot((uint8_t)table);
        if (slot < 0) continue;
        found++;
        assert_int_equal(epi__table_at(slot), table);
        for (int other = 0; other < slot; other++)
            assert_string_not_equal(epi__table_name((uint8_t)table), epi__table_name(epi__table_at(other)));
    }
    assert_int_equal(found, EPI__TABLE_SLOTS);
    assert_int_equal(epi__table_slot(EPI__TABLE_STATE), -1);
    assert_string_equal(epi__table_name(EPI__TABLE_STATE), "state");
    assert_string_equal(epi__table_name(0x99), "unknown");
}

static void assert_described(const epi__key *key, const char *text) {
    epi__buffer out = {0};
    epi__key_describe(&out, epi__key_view(key));
    assert_string_equal(epi__buffer_text(&out), text);
    epi__buffer_dispose(&out);
}

static void a_key_is_described_as_its_table_means_it(void **state) {
    (void)state;
    epi__key key;
    epi__key_of_u64(&key, 3, EPI__TABLE_STEP, 17);
    assert_described(&key, "step 17");
    epi__key_begin(&key, 3, EPI__TABLE_SCHEMA);
    assert_described(&key, "schema");
    epi__key_begin(&key, 3, EPI__TABLE_TERM);
    epi__key_bytes(&key, "wlisbon", 7);
    assert_described(&key, "term \"wlisbon\"");
    epi__key_begin(&key, 3, EPI__TABLE_COMPONENT);
    epi__key_bytes(&key, "\x01\xAB", 2);
    assert_described(&key, "component 01ab");
    epi__key_begin(&key, 3, 0x99);
    assert_described(&key, "unknown");
}

static void a_text_of_eight_bytes_is_described_as_text(void **state) {
    (void)state;
    epi__key key;
    epi__key_begin(&key, 3, EPI__TABLE_EXTERNAL);
    epi__key_bytes(&key, "turn-001", 8);
    assert_described(&key, "external \"turn-001\"");
    epi__key_begin(&key, 3, EPI__TABLE_TERM);
    epi__key_bytes(&key, "wteacher", 8);
    assert_described(&key, "term \"wteacher\"");
}

static void the_memory_s_own_tables_have_their_own_names(void **state) {
    (void)state;
    epi__key key;
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME);
    epi__key_bytes(&key, "8 bytes!", 8);
    assert_described(&key, "space-name \"8 bytes!\"");
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    assert_described(&key, "meta");
    epi__key_begin(&key, EPI__SPACE_MEMORY, 0x77);
    assert_described(&key, "unknown");
}

static void a_key_too_short_to_have_a_table_is_described_too(void **state) {
    (void)state;
    epi__buffer out = {0};
    epi__key_describe(&out, (epi__view){"ab", 2});
    assert_string_equal(epi__buffer_text(&out), "key of 2 bytes");
    epi__buffer_dispose(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_sort_as_numbers),
        cmocka_unit_test(times_sort_as_times_before_1970_too),
        cmocka_unit_test(random_times_sort_as_times),
        cmocka_unit_test(a_space_is_one_range),
        cmocka_unit_test(the_key_behind_a_prefix_is_the_end_of_its_range),
        cmocka_unit_test(behind_all_ones_there_is_no_end),
        cmocka_unit_test(a_key_holds_as_many_bytes_as_the_engine_takes),
        cmocka_unit_test(every_table_has_a_slot_and_a_name_of_its_own),
        cmocka_unit_test(a_key_is_described_as_its_table_means_it),
        cmocka_unit_test(a_text_of_eight_bytes_is_described_as_text),
        cmocka_unit_test(the_memory_s_own_tables_have_their_own_names),
        cmocka_unit_test(a_key_too_short_to_have_a_table_is_described_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
