/* Tests of records and changes: what is written is counted and summed, what is damaged or moved is found, the
 * journal tells what happened and says when it no longer can.
 */
#include "opened.h"

#include "quick.h"

#define KEYS 40u

/* ---- counts and sums --------------------------------------------------------------------------------------------- */

/* The naive twin: the size of each record, 0 for none. */
typedef struct twin {
    size_t sizes[KEYS];
} twin;

static void operate(epi__change *change, twin *model, epi__random *random) {
    uint8_t body[64];
    uint64_t at = epi__random_below(random, KEYS);
    size_t size = 1 + (size_t)epi__random_below(random, sizeof body);
    epi__key key = step_key(change->space, at);
    memset(body, (int)at + 1, sizeof body);
    epi__view old;
    switch (epi__random_below(random, 4)) {
    case 0:
        assert_status(model->sizes[at] ? EPI_OK : EPI_ENOTFOUND, epi__change_remove(change, &key));
        model->sizes[at] = 0;
        return;
    case 1:
        if (model->sizes[at]) return;
        assert_status(EPI_OK, epi__change_insert(change, &key, body, size));
        break;
    case 2:
        assert_status(model->sizes[at] ? EPI_OK : EPI_ENOTFOUND, epi__change_take(&old, change, &key));
        assert_int_equal(model->sizes[at], old.size);
        assert_status(EPI_OK, epi__change_insert(change, &key, body, size));
        break;
    default: assert_status(EPI_OK, epi__change_put(change, &key, body, size));
    }
    model->sizes[at] = size;
}

/* The state's count and sum of the table are those of its records, and the records those of the twin. */
static void assert_sums(opened *o, const twin *model) {
    epi__tx tx;
    epi__scan scan;
    epi__view key, body;
    epi__table_sum found = {0, 0};
    epi__state state = opened_state(o);
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    assert_status(EPI_OK, epi__scan_table(&scan, tx.txn, o->space, EPI__TABLE_STEP));
    while (epi__scan_next(&key, &body, &scan) == EPI_OK) {
        assert_int_equal(model->sizes[epi__key_id(key)], body.size);
        found.count++;
        found.sum += epi__hash64_pair(key.data, key.size, body.data, body.size);
    }
    epi__scan_close(&scan);
    epi__tx_abort(&tx);
    size_t expected = 0;
    for (size_t i = 0; i < KEYS; i++) expected += model->sizes[i] > 0;
    assert_int_equal(expected, found.count);
    assert_int_equal(found.count, epi__state_count(&state, EPI__TABLE_STEP));
    assert_int_equal(found.sum, state.tables[epi__table_slot(EPI__TABLE_STEP)].sum);
}

static void counts_and_sums_follow_every_change(void **state) {
    epi__random random = epi__random_seed(quick_seed(11));
    opened o = opened_store(*state);
    twin model = {{0}};
    for (int i = 0; i < 200; i++) {
        twin before = model;
        epi__change change = opened_change(&o);
        for (uint64_t left = epi__random_below(&random, 12); left > 0; left--) operate(&change, &model, &random);
        if (epi__random_below(&random, 5) > 0) {
            opened_commit(&change);
        } else {
            epi__change_abort(&change);
            model = before;
        }
        if (i % 10 == 0) assert_sums(&o, &model);
    }
    assert_sums(&o, &model);
    opened_close(&o);
}

static void a_record_is_read_back_within_its_own_transaction(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    epi__key key = step_key(o.space, 5);
    epi__view body;
    assert_status(EPI_OK, epi__change_put(&change, &key, "one", 3));
    assert_status(EPI_OK, epi__change_put(&change, &key, "second", 6));
    assert_status(EPI_OK, epi__change_get(&body, &change, &key));
    assert_int_equal(body.size, 6);
    assert_memory_equal(body.data, "second", 6);
    assert_int_equal(epi__state_count(&change.state, EPI__TABLE_STEP), 1);
    epi__change_abort(&change);
    opened_close(&o);
}

static void a_record_may_be_empty(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    epi__key key = step_key(o.space, 5);
    epi__view body = {"", 1};
    assert_status(EPI_OK, epi__change_insert(&change, &key, NULL, 0));
    assert_status(EPI_OK, epi__change_get(&body, &change, &key));
    assert_int_equal(body.size, 0);
    opened_commit(&change);
    opened_close(&o);
}

/* ---- checksums --------------------------------------------------------------------------------------------------- */

static void put_one(opened *o, uint64_t step, const char *text) {
    epi__change change = opened_change(o);
    epi__key key = step_key(o->space, step);
    assert_status(EPI_OK, epi__change_put(&change, &key, text, strlen(text)));
    opened_commit(&change);
}

static epi_status get_one(opened *o, uint64_t step) {
    epi__tx tx;
    epi__view body;
    epi__key key = step_key(o->space, step);
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    epi_status status = epi__record_get(&body, tx.txn, &key);
    if (status) assert_int_equal(body.size, 0);
    epi__tx_abort(&tx);
    return status;
}

static void a_flipped_bit_anywhere_in_a_value_is_found(void **state) {
    opened o = opened_store(*state);
    put_one(&o, 3, "four");
    epi__key key = step_key(o.space, 3);
    for (size_t at = 0; at < 4 + 8; at++) { /* the body and its checksum */
        opened_flip(&o, &key, at);
        assert_failure(EPI_EDAMAGED, get_one(&o, 3), "step 3");
        opened_flip(&o, &key, at);
        assert_status(EPI_OK, get_one(&o, 3));
    }
    opened_close(&o);
}

static void a_record_that_stands_under_another_key_is_found(void **state) {
    opened o = opened_store(*state);
    put_one(&o, 3, "four");
    put_one(&o, 4, "five");
    epi__key from = step_key(o.space, 3), to = step_key(o.space, 4);
    opened_copy(&o, &from, &to);
    assert_failure(EPI_EDAMAGED, get_one(&o, 4), "step 4");
    assert_status(EPI_OK, get_one(&o, 3));
    opened_close(&o);
}

static void a_value_too_short_for_a_checksum_is_found(void **state) {
    opened o = opened_store(*state);
    epi__tx tx;
    epi__key key = step_key(o.space, 9);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    assert_status(EPI_OK, epi__tx_ops(tx.txn)->put(tx.txn, epi__key_view(&key), text_view("1234567")));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    assert_failure(EPI_EDAMAGED, get_one(&o, 9), "is cut");
    opened_close(&o);
}

static void a_scan_gives_a_range_both_ways_and_stops_at_damage(void **state) {
    opened o = opened_store(*state);
    for (uint64_t step = 1; step <= 9; step++) put_one(&o, step, "text");
    epi__tx tx;
    epi__scan scan;
    epi__view key, body;
    epi__key first = step_key(o.space, 3), end = step_key(o.space, 7);
    for (int reverse = 0; reverse < 2; reverse++) {
        assert_status(EPI_OK, epi__tx_begin(&tx, o.store, false));
        assert_status(EPI_OK, epi__scan_open(&scan, tx.txn, &first, &end, reverse != 0));
        for (uint64_t i = 0; i < 4; i++) {
            assert_status(EPI_OK, epi__scan_next(&key, &body, &scan));
            assert_int_equal(epi__key_id(key), reverse ? 6 - i : 3 + i);
        }
        assert_status(EPI_EDONE, epi__scan_next(&key, &body, &scan));
        epi__scan_close(&scan);
        epi__scan_close(&scan);
        epi__tx_abort(&tx);
    }
    epi__key damaged = step_key(o.space, 5);
    opened_flip(&o, &damaged, 0);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, false));
    assert_status(EPI_OK, epi__scan_table(&scan, tx.txn, o.space, EPI__TABLE_STEP));
    for (int i = 0; i < 4; i++) assert_status(EPI_OK, epi__scan_next(&key, &body, &scan));
    assert_failure(EPI_EDAMAGED, epi__scan_next(&key, &body, &scan), "step 5");
    epi__scan_close(&scan);
    epi__tx_abort(&tx);
    opened_close(&o);
}

/* ---- the journal ------------------------------------------------------------------------------------------------- */

typedef struct told {
    uint64_t lines[64][4]; /* sequence, kind, a, b */
    size_t count;
} told;

static epi_status hear(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a, uint64_t b) {
    told *heard = context;
    assert_true(heard->count < EPI__COUNT(heard->lines));
    uint64_t line[4] = {sequence, (uint64_t)kind, a, b};
    memcpy(heard->lines[heard->count++], line, sizeof line);
    return EPI_OK;
}

static epi_status listen(told *heard, opened *o, uint64_t after, uint64_t until) {
    epi__tx tx;
    *heard = (told){.count = 0};
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    epi_status status = epi__journal_read(tx.txn, o->space, after, until, hear, heard);
    epi__tx_abort(&tx);
    return status;
}

static void assert_line(const told *heard, size_t at, uint64_t sequence, epi__change_kind kind, uint64_t a,
                        uint64_t b) {
    assert_true(at < heard->count);
    assert_int_equal(heard->lines[at][0], sequence);
    assert_int_equal(heard->lines[at][1], kind);
    assert_int_equal(heard->lines[at][2], a);
    assert_int_equal(heard->lines[at][3], b);
}

static void note_and_commit(opened *o, epi__change_kind kind, uint64_t a, uint64_t b) {
    epi__change change = opened_change(o);
    epi__change_note(&change, kind, a, b);
    opened_commit(&change);
}

static void the_journal_tells_changes_in_order_and_joins_additions(void **state) {
    opened o = opened_store(*state);
    told heard;
    epi__change change = opened_change(&o);
    epi__change_note(&change, EPI__CHANGE_ADD, 10, 1);
    epi__change_note(&change, EPI__CHANGE_ADD, 11, 2);
    epi__change_note(&change, EPI__CHANGE_ADD, 20, 1);
    epi__change_note(&change, EPI__CHANGE_RUN, 10, 0);
    epi__change_note(&change, EPI__CHANGE_ADD, 21, 1);
    opened_commit(&change);
    note_and_commit(&o, EPI__CHANGE_REMOVE, UINT64_MAX, 0);
    assert_status(EPI_OK, listen(&heard, &o, 0, 2));
    assert_int_equal(heard.count, 5);
    assert_line(&heard, 0, 1, EPI__CHANGE_ADD, 10, 3);
    assert_line(&heard, 1, 1, EPI__CHANGE_ADD, 20, 1);
    assert_line(&heard, 2, 1, EPI__CHANGE_RUN, 10, 0);
    assert_line(&heard, 3, 1, EPI__CHANGE_ADD, 21, 1);
    assert_line(&heard, 4, 2, EPI__CHANGE_REMOVE, UINT64_MAX, 0);
    assert_status(EPI_OK, listen(&heard, &o, 1, 2));
    assert_int_equal(heard.count, 1);
    assert_status(EPI_OK, listen(&heard, &o, 2, 2));
    assert_int_equal(heard.count, 0);
    opened_close(&o);
}

static void a_change_that_says_nothing_has_no_sequence(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    change.state.next_step = 50;
    opened_commit(&change);
    epi__state now = opened_state(&o);
    assert_int_equal(now.sequence, 0);
    assert_int_equal(now.next_step, 50);
    opened_close(&o);
}

static void what_was_noted_and_aborted_is_not_in_the_journal(void **state) {
    opened o = opened_store(*state);
    told heard;
    epi__change change = opened_change(&o);
    epi__change_note(&change, EPI__CHANGE_ADD, 10, 1);
    epi__change_abort(&change);
    epi__change_abort(&change);
    note_and_commit(&o, EPI__CHANGE_MARK, 4, 0);
    assert_status(EPI_OK, listen(&heard, &o, 0, 1));
    assert_int_equal(heard.count, 1);
    assert_line(&heard, 0, 1, EPI__CHANGE_MARK, 4, 0);
    opened_close(&o);
}

static void a_gap_in_the_journal_is_stale(void **state) {
    opened o = opened_store(*state);
    told heard;
    for (uint64_t i = 1; i <= 5; i++) note_and_commit(&o, EPI__CHANGE_MARK, i, 0);
    epi__change change = opened_change(&o);
    epi__key key;
    epi__key_of_u64(&key, o.space, EPI__TABLE_JOURNAL, 3);
    assert_status(EPI_OK, epi__change_remove(&change, &key));
    opened_commit(&change);
    assert_status(EPI_OK, listen(&heard, &o, 3, 5));
    assert_int_equal(heard.count, 2);
    assert_status(EPI_ESTALE, listen(&heard, &o, 2, 5));
    assert_status(EPI_ESTALE, listen(&heard, &o, 0, 5));
    assert_status(EPI_ESTALE, listen(&heard, &o, 5, 6)); /* further than it goes */
    opened_close(&o);
}

static void a_journal_entry_that_is_cut_is_damaged(void **state) {
    opened o = opened_store(*state);
    told heard;
    note_and_commit(&o, EPI__CHANGE_MARK, 1, 0);
    epi__change change = opened_change(&o);
    epi__key key;
    epi__key_of_u64(&key, o.space, EPI__TABLE_JOURNAL, 1);
    assert_status(EPI_OK, epi__change_put(&change, &key, "12345678\x03", 9));
    opened_commit(&change);
    assert_failure(EPI_EDAMAGED, listen(&heard, &o, 0, 1), "journal entry 1");
    opened_close(&o);
}

/* A journal as long as it may be cannot be written here; its numbers can be set. */
static void put_entries(opened *o, uint64_t first, uint64_t end) {
    epi__change change = opened_change(o);
    for (uint64_t at = first; at < end; at++) {
        epi__key key;
        epi__key_of_u64(&key, o->space, EPI__TABLE_JOURNAL, at);
        assert_status(EPI_OK, epi__change_insert(&change, &key, "12345678\x03\x01\x00", 11));
    }
    change.state.sequence = end - 1;
    opened_commit(&change);
}

static uint64_t entries_from(opened *o, uint64_t first, uint64_t end) {
    epi__tx tx;
    epi__scan scan;
    epi__view key, body;
    epi__key from, to;
    uint64_t count = 0;
    epi__key_of_u64(&from, o->space, EPI__TABLE_JOURNAL, first);
    epi__key_of_u64(&to, o->space, EPI__TABLE_JOURNAL, end);
    assert_status(EPI_OK, epi__tx_begin(&tx, o->store, false));
    assert_status(EPI_OK, epi__scan_open(&scan, tx.txn, &from, &to, false));
    while (epi__scan_next(&key, &body, &scan) == EPI_OK) count++;
    epi__scan_close(&scan);
    epi__tx_abort(&tx);
    return count;
}

static void old_journal_entries_are_dropped_from_the_first_on(void **state) {
    opened o = opened_store(*state);
    put_entries(&o, 1, 1001); /* the oldest */
    uint64_t trim = (EPI__JOURNAL_COUNT_MAX / 256 + 1) * 256;
    for (uint64_t round = 0; round < 3; round++) {
        epi__change change = opened_change(&o);
        change.state.sequence = trim + 256 * round - 1;
        epi__change_note(&change, EPI__CHANGE_MARK, 1, 0);
        opened_commit(&change);
        uint64_t kept_from = trim + 256 * round - EPI__JOURNAL_COUNT_MAX;
        assert_int_equal(entries_from(&o, 0, kept_from), 0);
        assert_int_equal(entries_from(&o, kept_from, 1001), 1001 - kept_from);
    }
    opened_close(&o);
}

/* ---- the state --------------------------------------------------------------------------------------------------- */

static void the_state_comes_back_with_every_number(void **state) {
    opened o = opened_store(*state);
    epi__change change = opened_change(&o);
    uint64_t *numbers = (uint64_t *)(void *)&change.state;
    for (size_t i = 0; i < sizeof change.state / sizeof *numbers; i++) numbers[i] = 1000 + i;
    epi__state given = change.state;
    opened_commit(&change);
    epi__state back = opened_state(&o);
    assert_memory_equal(&given, &back, sizeof given);
    opened_close(&o);
}

static void a_dropped_space_has_no_state(void **state) {
    opened o = opened_store(*state);
    uint32_t dropped = 0;
    epi__change change;
    assert_status(EPI_OK, epi__catalog_drop(&dropped, o.store, "main"));
    assert_int_equal(dropped, o.space);
    assert_failure(EPI_ESTALE, epi__change_begin(&change, o.store, o.space, false), "dropped");
    epi__change_abort(&change);
    opened_close(&o);
}

static void a_state_of_another_size_is_damaged(void **state) {
    opened o = opened_store(*state);
    epi__tx tx;
    epi__key key;
    epi__state read;
    epi__key_begin(&key, o.space, EPI__TABLE_STATE);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    assert_status(EPI_OK, epi__record_put(NULL, tx.txn, &key, "short", 5));
    assert_failure(EPI_EDAMAGED, epi__state_read(&read, tx.txn, o.space), "5 bytes");
    epi__tx_abort(&tx);
    opened_close(&o);
}

static void past_the_quota_only_what_shrinks_may_begin(void **state) {
    opened o = opened_store(*state);
    opened_close(&o);
    epi_memory_options options = opened_options();
    options.quota = 4096;
    epi__change change;
    assert_status(EPI_OK, epi__store_open(&o.store, scratch_path(*state, "memory"), &options));
    assert_failure(EPI_EQUOTA, epi__change_begin(&change, o.store, o.space, true), "quota 4096");
    assert_status(EPI_OK, epi__change_begin(&change, o.store, o.space, false));
    epi__change_abort(&change);
    opened_close(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(counts_and_sums_follow_every_change),
        TEST(a_record_is_read_back_within_its_own_transaction),
        TEST(a_record_may_be_empty),
        TEST(a_flipped_bit_anywhere_in_a_value_is_found),
        TEST(a_record_that_stands_under_another_key_is_found),
        TEST(a_value_too_short_for_a_checksum_is_found),
        TEST(a_scan_gives_a_range_both_ways_and_stops_at_damage),
        TEST(the_journal_tells_changes_in_order_and_joins_additions),
        TEST(a_change_that_says_nothing_has_no_sequence),
        TEST(what_was_noted_and_aborted_is_not_in_the_journal),
        TEST(a_gap_in_the_journal_is_stale),
        TEST(a_journal_entry_that_is_cut_is_damaged),
        TEST(old_journal_entries_are_dropped_from_the_first_on),
        TEST(the_state_comes_back_with_every_number),
        TEST(a_dropped_space_has_no_state),
        TEST(a_state_of_another_size_is_damaged),
        TEST(past_the_quota_only_what_shrinks_may_begin),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
