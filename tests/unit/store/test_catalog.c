/* Tests of the catalog: names to numbers, one schema for each, dropping for good, and what names may be. */
#include "opened.h"

#include "quick.h"

static epi_status open_space(uint32_t *space, opened *o, const char *name, const epi_schema *schema) {
    epi__schema_copy *copy = (epi__schema_copy *)o;
    epi_status status = epi__catalog_open(space, &copy, o->store, name, schema);
    if (status) {
        assert_null(copy);
        return status;
    }
    assert_non_null(copy);
    epi__schema_copy_free(copy);
    return EPI_OK;
}

static void the_same_name_and_schema_are_the_same_space(void **state) {
    opened o = opened_store(*state);
    uint32_t again = 0, existing = 0;
    assert_status(EPI_OK, open_space(&again, &o, "main", epi_schema_conversation()));
    assert_status(EPI_OK, open_space(&existing, &o, "main", NULL));
    assert_int_equal(again, o.space);
    assert_int_equal(existing, o.space);
    opened_close(&o);
}

static void another_schema_is_refused_and_changes_nothing(void **state) {
    opened o = opened_store(*state);
    uint32_t space = 0;
    assert_failure(EPI_ESCHEMA, open_space(&space, &o, "main", epi_schema_trajectory()), "\"main\"");
    assert_status(EPI_OK, open_space(&space, &o, "main", epi_schema_conversation()));
    opened_close(&o);
}

static void a_space_that_is_not_there_is_not_made_without_a_schema(void **state) {
    opened o = opened_store(*state);
    uint32_t space = 7;
    assert_failure(EPI_ENOTFOUND, open_space(&space, &o, "other", NULL), "\"other\"");
    assert_failure(EPI_ENOTFOUND, open_space(&space, &o, "other", NULL), "\"other\"");
    opened_close(&o);
}

static void names_have_one_to_255_bytes_of_utf8(void **state) {
    opened o = opened_store(*state);
    char name[258];
    uint32_t space = 0;
    memset(name, 'n', sizeof name);
    name[256] = 0;
    assert_failure(EPI_ELIMIT, open_space(&space, &o, name, epi_schema_conversation()), "256 bytes, limit 255");
    assert_failure(EPI_ELIMIT, epi__catalog_drop(&space, o.store, name), "256 bytes, limit 255");
    name[255] = 0;
    assert_status(EPI_OK, open_space(&space, &o, name, epi_schema_conversation()));
    assert_status(EPI_OK, epi__catalog_drop(&space, o.store, name));
    assert_failure(EPI_EINVAL, open_space(&space, &o, "", epi_schema_conversation()), "no name");
    assert_failure(EPI_EINVAL, open_space(&space, &o, NULL, epi_schema_conversation()), "no name");
    assert_status(EPI_EUTF8, open_space(&space, &o, "\xC3\x28", epi_schema_conversation()));
    assert_status(EPI_OK, open_space(&space, &o, "räume/..", epi_schema_conversation()));
    opened_close(&o);
}

static void names_are_compared_byte_by_byte(void **state) {
    opened o = opened_store(*state);
    static const char *const names[] = {"Main", "main ", "mai", "maine", "MAIN"};
    uint32_t space = 0;
    for (size_t i = 0; i < EPI__COUNT(names); i++) {
        assert_status(EPI_ENOTFOUND, open_space(&space, &o, names[i], NULL));
        assert_status(EPI_OK, open_space(&space, &o, names[i], epi_schema_conversation()));
        assert_int_not_equal(space, o.space);
    }
    opened_close(&o);
}

static uint64_t records_of(opened *o, uint32_t space) {
    epi__tx tx;
    epi__range *range = NULL;
    epi__key first = {0}, end;
    epi__view key, value;
    uint64_t count = 0;
    epi__key_u32(&first, space);
    end = first;
    epi__key_next(&end);
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    const epi__engine_ops *ops = epi__tx_ops(tx.txn);
    assert_status(EPI_OK, ops->range_open(&range, tx.txn, epi__key_view(&first), epi__key_view(&end), false));
    while (ops->range_next(&key, &value, range) == EPI_OK) count++;
    ops->range_close(range);
    epi__tx_abort(&tx);
    return count;
}

static void fill(opened *o, uint64_t count) {
    epi__change change = opened_change(o);
    for (uint64_t i = 1; i <= count; i++) {
        epi__key key = step_key(o->space, i);
        assert_status(EPI_OK, epi__change_insert(&change, &key, "text", 4));
    }
    opened_commit(&change);
}

static void dropping_leaves_no_record_and_numbers_are_not_given_again(void **state) {
    opened o = opened_store(*state);
    uint32_t dropped = 0, again = 0;
    fill(&o, 45000); /* more than two batches */
    assert_status(EPI_OK, epi__catalog_drop(&dropped, o.store, "main"));
    assert_int_equal(dropped, o.space);
    assert_int_equal(records_of(&o, dropped), 0);
    assert_status(EPI_ENOTFOUND, open_space(&again, &o, "main", NULL));
    assert_failure(EPI_ENOTFOUND, epi__catalog_drop(&dropped, o.store, "main"), "\"main\"");
    assert_status(EPI_OK, open_space(&again, &o, "main", epi_schema_trajectory()));
    assert_true(again > o.space);
    opened_close(&o);
}

/* A crash in the middle of reclaiming leaves a number marked as dropped, with records. */
static void what_a_cut_short_drop_left_is_reclaimed_later(void **state) {
    opened o = opened_store(*state);
    epi__tx tx;
    epi__key key;
    uint8_t number[4] = {(uint8_t)o.space, 0, 0, 0};
    fill(&o, 100);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME);
    epi__key_bytes(&key, "main", 4);
    assert_status(EPI_OK, epi__tx_ops(tx.txn)->remove(tx.txn, epi__key_view(&key)));
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_DROPPED);
    epi__key_u32(&key, o.space);
    assert_status(EPI_OK, epi__record_put(NULL, tx.txn, &key, number, sizeof number));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    assert_true(records_of(&o, o.space) >= 100);
    assert_status(EPI_OK, epi__catalog_reclaim(o.store, 0));
    assert_int_equal(records_of(&o, o.space), 0);
    assert_status(EPI_OK, epi__catalog_reclaim(o.store, 0));
    opened_close(&o);
}

static void a_neighbouring_space_survives_a_drop(void **state) {
    opened o = opened_store(*state);
    opened next = o;
    uint32_t dropped = 0;
    assert_status(EPI_OK, open_space(&next.space, &o, "next", epi_schema_conversation()));
    fill(&o, 10);
    fill(&next, 10);
    uint64_t before = records_of(&o, next.space);
    assert_status(EPI_OK, epi__catalog_drop(&dropped, o.store, "main"));
    assert_int_equal(records_of(&o, next.space), before);
    assert_int_equal(epi__state_count(&(epi__state){0}, EPI__TABLE_STEP), 0);
    epi__state left = opened_state(&next);
    assert_int_equal(epi__state_count(&left, EPI__TABLE_STEP), 10);
    opened_close(&o);
}

typedef struct listed {
    char names[8][32];
    uint32_t spaces[8];
    size_t count, most;
} listed;

static bool list_one(void *context, const char *name, uint32_t space) {
    listed *list = context;
    assert_true(list->count < 8 && strlen(name) < sizeof list->names[0]);
    memcpy(list->names[list->count], name, strlen(name) + 1);
    list->spaces[list->count++] = space;
    return list->count < list->most;
}

static void spaces_are_listed_until_the_caller_has_enough(void **state) {
    opened o = opened_store(*state);
    uint32_t space = 0;
    listed list = {.most = 8};
    assert_status(EPI_OK, open_space(&space, &o, "zebra", epi_schema_trajectory()));
    assert_status(EPI_OK, open_space(&space, &o, "ant", epi_schema_trajectory()));
    assert_status(EPI_OK, epi__catalog_list(o.store, list_one, &list));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.names[0], "ant");
    assert_string_equal(list.names[1], "main");
    assert_string_equal(list.names[2], "zebra");
    assert_int_equal(list.spaces[0], space);
    assert_int_equal(list.spaces[1], o.space);
    list = (listed){.most = 2};
    assert_failure(EPI_ECANCELLED, epi__catalog_list(o.store, list_one, &list), "stopped");
    assert_int_equal(list.count, 2);
    opened_close(&o);
}

static void a_damaged_schema_is_not_opened(void **state) {
    opened o = opened_store(*state);
    uint32_t space = 0;
    epi__key key;
    epi__key_begin(&key, o.space, EPI__TABLE_SCHEMA);
    opened_flip(&o, &key, 3);
    assert_failure(EPI_EDAMAGED, open_space(&space, &o, "main", NULL), "schema");
    epi__tx tx;
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    assert_status(EPI_OK, epi__tx_ops(tx.txn)->remove(tx.txn, epi__key_view(&key)));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    assert_failure(EPI_EDAMAGED, open_space(&space, &o, "main", NULL), "no schema record");
    opened_close(&o);
}

/* Its checksum holds, but no release writes such a schema. */
static void a_schema_record_that_is_no_schema_is_damage_not_a_mistake_of_the_caller(void **state) {
    opened o = opened_store(*state);
    uint32_t space = 0;
    epi__tx tx;
    epi__key key;
    static const uint8_t no_roles[] = {1, 'x', 7, 'e', 'n', 'g', 'l', 'i', 's', 'h', 1, 1, 0, 1, 0, 0, 0};
    epi__key_begin(&key, o.space, EPI__TABLE_SCHEMA);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    assert_status(EPI_OK, epi__record_put(NULL, tx.txn, &key, no_roles, sizeof no_roles));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    assert_failure(EPI_EDAMAGED, open_space(&space, &o, "main", NULL), "schema");
    opened_close(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_same_name_and_schema_are_the_same_space),
        TEST(another_schema_is_refused_and_changes_nothing),
        TEST(a_space_that_is_not_there_is_not_made_without_a_schema),
        TEST(names_have_one_to_255_bytes_of_utf8),
        TEST(names_are_compared_byte_by_byte),
        TEST(dropping_leaves_no_record_and_numbers_are_not_given_again),
        TEST(what_a_cut_short_drop_left_is_reclaimed_later),
        TEST(a_neighbouring_space_survives_a_drop),
        TEST(spaces_are_listed_until_the_caller_has_enough),
        TEST(a_damaged_schema_is_not_opened),
        TEST(a_schema_record_that_is_no_schema_is_damage_not_a_mistake_of_the_caller),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
