/* test_lmdb.c - what the engine promises to one transaction at a time: opening, keys, ranges. */
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#define NO_BOUND ((epi__view){0})

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static void an_absent_store_is_not_found_unless_it_may_be_made(void **state) {
    epi__engine *engine = NULL;
    epi__engine_options options = scratch_options();
    options.create = false;
    assert_failure(EPI_ENOTFOUND, epi__lmdb_open(&engine, *state, &options), "no data.mdb");
    assert_null(engine);
    options.create = options.read_only = true;
    assert_failure(EPI_ENOTFOUND, epi__lmdb_open(&engine, *state, &options), "no data.mdb");
    engine = scratch_open(*state);
    engine->ops->close(engine);
    options = scratch_options();
    options.create = false;
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    engine->ops->close(engine);
}

static void an_absent_directory_is_not_found(void **state) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    assert_failure(EPI_ENOTFOUND, epi__lmdb_open(&engine, scratch_path(*state, "no"), &options), "no");
}

static void files_of_a_store_are_for_their_owner_only(void **state) {
    mode_t mask = umask(0);
    epi__engine *engine = scratch_open(*state);
    umask(mask);
    struct stat info;
    assert_int_equal(0, stat(scratch_path(*state, "data.mdb"), &info));
    assert_int_equal(0600, info.st_mode & 07777);
    assert_int_equal(0, stat(scratch_path(*state, "lock.mdb"), &info));
    assert_int_equal(0600, info.st_mode & 07777);
    engine->ops->close(engine);
}

static void reopened_data_persists(void **state) {
    epi__engine *engine = NULL;
    epi__engine_options options = scratch_options();
    options.no_sync = false;
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    commit_text(engine, "key", "value");
    engine->ops->close(engine);
    options.create = false;
    options.map_size = 0; /* what the store was made with */
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    epi__txn *txn = begin(engine, false);
    assert_text(txn, "key", "value");
    engine->ops->abort(txn);
    epi__engine_stats stats;
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(64u << 20, stats.map_size);
    engine->ops->close(engine);
}

static void usage_counts_what_the_transaction_itself_wrote(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__engine_stats before, inside, after;
    commit_text(engine, "key", "value");
    assert_status(EPI_OK, engine->ops->stats(&before, engine));
    epi__txn *txn = begin(engine, true);
    void *space = NULL;
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, (epi__view){"large", 5}, 100000));
    memset(space, 1, 100000);
    assert_status(EPI_OK, engine->ops->usage(&inside, txn));
    assert_int_equal(2, inside.entries);
    assert_int_equal(before.map_size, inside.map_size);
    assert_true(inside.used_size >= before.used_size + 100000);
    engine->ops->abort(txn);
    assert_status(EPI_OK, engine->ops->stats(&after, engine));
    assert_int_equal(before.used_size, after.used_size);
    engine->ops->close(engine);
}

static void a_read_only_store_reads_and_refuses_to_write(void **state) {
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "key", "value");
    engine->ops->close(engine);
    epi__engine_options options = scratch_options();
    options.read_only = true;
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    epi__txn *txn = begin(engine, false);
    assert_text(txn, "key", "value");
    engine->ops->abort(txn);
    assert_failure(EPI_EREADONLY, engine->ops->begin(&txn, engine, true), "read-only");
    assert_null(txn);
    engine->ops->close(engine);
}

/* Another user than root, for root may write everywhere. */
static int open_as_nobody(const char *directory) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 1;
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    epi_status status = epi__lmdb_open(&engine, directory, &options);
    if (status != EPI_EPERMISSION) return 2;
    options.read_only = true;
    if (epi__lmdb_open(&engine, directory, &options) != EPI_OK) return 3;
    epi__txn *txn;
    if (engine->ops->reader_check(engine) != EPI_OK || engine->ops->begin(&txn, engine, false) != EPI_OK) return 4;
    epi__view value;
    if (engine->ops->get(&value, txn, text_view("key")) != EPI_OK || value.size != 5) return 5;
    epi__engine_stats stats;
    if (engine->ops->stats(&stats, engine) != EPI_OK || stats.entries != 1 || stats.readers != 0) return 6;
    engine->ops->abort(txn);
    engine->ops->close(engine);
    return 0;
}

static void a_directory_that_may_not_be_written_opens_read_only(void **state) {
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "key", "value");
    engine->ops->close(engine);
    assert_int_equal(0, unlink(scratch_path(*state, "lock.mdb")));
    assert_int_equal(0, chmod(scratch_path(*state, "data.mdb"), 0444));
    assert_int_equal(0, chmod(*state, 0555));
    int code = in_child(open_as_nobody, *state);
    assert_int_equal(0, chmod(*state, 0700));
    assert_int_equal(0, code);
}

/* ---- one key ---------------------------------------------------------------------------------------------------- */

static void what_is_put_is_got_back_and_can_be_removed(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    put_text(txn, "key", "first");
    put_text(txn, "key", "second");
    assert_text(txn, "key", "second");
    assert_status(EPI_OK, engine->ops->remove(txn, text_view("key")));
    assert_text(txn, "key", NULL);
    assert_status(EPI_ENOTFOUND, engine->ops->remove(txn, text_view("key")));
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void what_is_aborted_never_was(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    put_text(txn, "key", "value");
    engine->ops->abort(txn);
    txn = begin(engine, false);
    assert_text(txn, "key", NULL);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void an_empty_value_is_present(void **state) {
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "key", "");
    epi__txn *txn = begin(engine, false);
    epi__view value;
    assert_status(EPI_OK, engine->ops->get(&value, txn, text_view("key")));
    assert_non_null(value.data);
    assert_int_equal(0, value.size);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void an_absent_key_leaves_the_last_error_alone(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    (void)epi__fail(EPI_EBUSY, "store", "something earlier");
    epi__view value;
    assert_status(EPI_ENOTFOUND, engine->ops->get(&value, txn, text_view("key")));
    assert_status(EPI_ENOTFOUND, engine->ops->remove(txn, text_view("key")));
    assert_string_equal("something earlier", epi_error_last()->message);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void a_key_of_511_bytes_is_stored_and_one_of_512_refused(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    uint8_t bytes[512];
    memset(bytes, 0xFF, sizeof(bytes));
    epi__view longest = {.data = bytes, .size = 511}, longer = {.data = bytes, .size = 512}, value;
    void *space;
    assert_status(EPI_OK, engine->ops->put(txn, longest, text_view("value")));
    assert_failure(EPI_ELIMIT, engine->ops->put(txn, longer, text_view("x")), "a key has 512 bytes, limit 511");
    assert_failure(EPI_ELIMIT, engine->ops->put_reserve(&space, txn, longer, 1), "512 bytes, limit 511");
    assert_failure(EPI_ELIMIT, engine->ops->get(&value, txn, longer), "512 bytes, limit 511");
    assert_failure(EPI_ELIMIT, engine->ops->remove(txn, longer), "512 bytes, limit 511");
    epi__range *range;
    assert_failure(EPI_ELIMIT, engine->ops->range_open(&range, txn, longer, NO_BOUND, false), "512 bytes, limit 511");
    assert_failure(EPI_EINVAL, engine->ops->put(txn, NO_BOUND, text_view("x")), "a key was empty");
    assert_failure(EPI_EINVAL, engine->ops->get(&value, txn, NO_BOUND), "a key was empty");
    assert_status(EPI_OK, engine->ops->commit(txn)); /* a refusal spoils nothing */
    txn = begin(engine, false);
    assert_status(EPI_OK, engine->ops->get(&value, txn, longest));
    assert_int_equal(5, value.size);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void a_value_of_4_gigabytes_is_refused(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    void *space;
    assert_failure(EPI_ELIMIT, engine->ops->put_reserve(&space, txn, text_view("key"), (size_t)1 << 32),
                   "a value has 4294967296 bytes, limit 4294967295");
    assert_status(EPI_OK, engine->ops->commit(txn));
    engine->ops->close(engine);
}

static void reserved_room_keeps_what_is_written_to_it(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, true);
    void *space;
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view("large"), 100000));
    memset(space, 'x', 100000);
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view("small"), 3));
    memcpy(space, "abc", 3);
    assert_status(EPI_OK, engine->ops->commit(txn));
    txn = begin(engine, false);
    epi__view value;
    assert_text(txn, "small", "abc");
    assert_status(EPI_OK, engine->ops->get(&value, txn, text_view("large")));
    assert_int_equal(100000, value.size);
    for (size_t i = 0; i < value.size; i++) assert_int_equal('x', ((const char *)value.data)[i]);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void many_keys_are_got_at_once_and_the_absent_ones_marked(void **state) {
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "a", "1");
    commit_text(engine, "c", "");
    epi__txn *txn = begin(engine, false);
    epi__view keys[] = {text_view("c"), text_view("b"), text_view("a")}, values[3];
    assert_status(EPI_OK, engine->ops->get_many(values, txn, keys, 3));
    assert_non_null(values[0].data);
    assert_int_equal(0, values[0].size);
    assert_null(values[1].data);
    assert_memory_equal("1", values[2].data, 1);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void a_read_transaction_refuses_to_write(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, false);
    size_t removed;
    assert_failure(EPI_EREADONLY, engine->ops->put(txn, text_view("k"), text_view("v")), "read transaction");
    assert_failure(EPI_EREADONLY, engine->ops->remove(txn, text_view("k")), "read transaction");
    assert_failure(EPI_EREADONLY, engine->ops->remove_range(&removed, txn, NO_BOUND, NO_BOUND, 1), "read transaction");
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

/* ---- ranges ----------------------------------------------------------------------------------------------------- */

/* The keys between the bounds, joined: keys here are one letter each. */
static void assert_range(epi__txn *txn, const char *first, const char *end, bool reverse, const char *expected) {
    char visited[32] = "";
    size_t count = 0;
    const epi__engine_ops *ops = txn->engine->ops;
    epi__range *range;
    epi__view key, value;
    assert_status(EPI_OK, ops->range_open(&range, txn, text_view(first), text_view(end), reverse));
    epi_status status;
    while ((status = ops->range_next(&key, &value, range)) == EPI_OK && count + 1 < sizeof(visited)) {
        assert_int_equal(key.size, value.size); /* put_letters stores each letter under itself */
        assert_memory_equal(key.data, value.data, key.size);
        visited[count++] = *(const char *)key.data;
    }
    assert_status(EPI_EDONE, status);
    assert_status(EPI_EDONE, ops->range_next(&key, &value, range)); /* and stays so */
    assert_null(key.data);
    ops->range_close(range);
    assert_string_equal(expected, visited);
}

static void put_letters(epi__engine *engine, const char *letters) {
    epi__txn *txn = begin(engine, true);
    for (const char *p = letters; *p != '\0'; p++) put_text(txn, (char[]){*p, '\0'}, (char[]){*p, '\0'});
    assert_status(EPI_OK, engine->ops->commit(txn));
}

static void a_range_is_half_open_and_ordered_both_ways(void **state) {
    static const struct {
        const char *first, *end, *forward, *reverse;
    } cases[] = {
        {"", "", "bdfh", "hfdb"}, {"b", "h", "bdf", "fdb"}, {"b", "i", "bdfh", "hfdb"}, {"c", "g", "df", "fd"},
        {"d", "d", "", ""},       {"d", "e", "d", "d"},     {"a", "b", "", ""},         {"a", "bb", "b", "b"},
        {"h", "", "h", "h"},      {"i", "", "", ""},        {"", "a", "", ""},          {"", "b", "", ""},
        {"", "c", "b", "b"},      {"g", "c", "", ""},       {"hh", "z", "", ""},        {"", "z", "bdfh", "hfdb"},
    };
    epi__engine *engine = scratch_open(*state);
    put_letters(engine, "fbhd");
    for (int write = 0; write <= 1; write++) {
        epi__txn *txn = begin(engine, write == 1);
        for (size_t i = 0; i < EPI__COUNT(cases); i++) {
            assert_range(txn, cases[i].first, cases[i].end, false, cases[i].forward);
            assert_range(txn, cases[i].first, cases[i].end, true, cases[i].reverse);
        }
        engine->ops->abort(txn);
    }
    engine->ops->close(engine);
}

static void a_range_of_an_empty_store_is_empty(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *txn = begin(engine, false);
    assert_range(txn, "", "", false, "");
    assert_range(txn, "", "", true, "");
    assert_range(txn, "a", "z", true, "");
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void a_key_sorts_before_its_extensions_and_bytes_are_unsigned(void **state) {
    static const char *const order[] = {"a", "a\x01", "a\x7F", "a\x80", "a\xFF", "b", "\xC3", "\xFF", "\xFF\x01"};
    epi__engine *engine = scratch_open(*state);
    for (size_t i = EPI__COUNT(order); i-- > 0;) commit_text(engine, order[i], "");
    epi__txn *txn = begin(engine, false);
    epi__range *range;
    epi__view key, value;
    assert_status(EPI_OK, engine->ops->range_open(&range, txn, NO_BOUND, NO_BOUND, false));
    for (size_t i = 0; i < EPI__COUNT(order); i++) {
        assert_status(EPI_OK, engine->ops->range_next(&key, &value, range));
        assert_int_equal(strlen(order[i]), key.size);
        assert_memory_equal(order[i], key.data, key.size);
    }
    assert_status(EPI_EDONE, engine->ops->range_next(&key, &value, range));
    engine->ops->range_close(range);
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void removing_a_range_stops_at_its_limit_and_its_end(void **state) {
    epi__engine *engine = scratch_open(*state);
    put_letters(engine, "abcdefgh");
    epi__txn *txn = begin(engine, true);
    size_t removed = 99;
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, text_view("b"), text_view("g"), 2));
    assert_int_equal(2, removed);
    assert_range(txn, "", "", false, "adefgh");
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, text_view("b"), text_view("g"), 100));
    assert_int_equal(3, removed);
    assert_range(txn, "", "", false, "agh");
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, text_view("b"), text_view("g"), 100));
    assert_int_equal(0, removed);
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, text_view("h"), NO_BOUND, 1));
    assert_int_equal(1, removed);
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, NO_BOUND, NO_BOUND, 5));
    assert_int_equal(2, removed);
    assert_range(txn, "", "", false, "");
    assert_status(EPI_OK, engine->ops->commit(txn));
    engine->ops->close(engine);
}

static void removing_a_range_may_be_told_by_views_of_the_same_transaction(void **state) {
    epi__engine *engine = scratch_open(*state);
    put_letters(engine, "abcdefgh");
    epi__txn *txn = begin(engine, true);
    put_text(txn, "e", "changed"); /* so that the page is a private copy, rearranged in place */
    epi__range *range;
    epi__view first, end, value;
    assert_status(EPI_OK, engine->ops->range_open(&range, txn, text_view("b"), NO_BOUND, false));
    assert_status(EPI_OK, engine->ops->range_next(&first, &value, range));
    for (int i = 0; i < 4; i++) assert_status(EPI_OK, engine->ops->range_next(&end, &value, range));
    engine->ops->range_close(range);
    size_t removed;
    assert_status(EPI_OK, engine->ops->remove_range(&removed, txn, first, end, 100));
    assert_int_equal(4, removed);
    assert_range(txn, "", "", false, "afgh");
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_absent_store_is_not_found_unless_it_may_be_made),
        TEST(an_absent_directory_is_not_found),
        TEST(files_of_a_store_are_for_their_owner_only),
        TEST(reopened_data_persists),
        TEST(usage_counts_what_the_transaction_itself_wrote),
        TEST(a_read_only_store_reads_and_refuses_to_write),
        TEST(a_directory_that_may_not_be_written_opens_read_only),
        TEST(what_is_put_is_got_back_and_can_be_removed),
        TEST(what_is_aborted_never_was),
        TEST(an_empty_value_is_present),
        TEST(an_absent_key_leaves_the_last_error_alone),
        TEST(a_key_of_511_bytes_is_stored_and_one_of_512_refused),
        TEST(a_value_of_4_gigabytes_is_refused),
        TEST(reserved_room_keeps_what_is_written_to_it),
        TEST(many_keys_are_got_at_once_and_the_absent_ones_marked),
        TEST(a_read_transaction_refuses_to_write),
        TEST(a_range_is_half_open_and_ordered_both_ways),
        TEST(a_range_of_an_empty_store_is_empty),
        TEST(a_key_sorts_before_its_extensions_and_bytes_are_unsigned),
        TEST(removing_a_range_stops_at_its_limit_and_its_end),
        TEST(removing_a_range_may_be_told_by_views_of_the_same_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
