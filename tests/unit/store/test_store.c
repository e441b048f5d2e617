/* Tests of a memory's directory: what may be opened, what is refused and why, and moving to a compact copy, with
 * what a crash in the middle of it leaves behind.
 */
#include "opened.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quick.h"

static const char *memory_path(const char *directory, const char *name) {
    static char paths[4][1024];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%.900s/memory%s%.64s", directory, name ? "/" : "", name ? name : "");
    return path;
}

static epi_status open_with(epi__store **store, const char *directory, const epi_memory_options *options) {
    return epi__store_open(store, memory_path(directory, NULL), options);
}

static epi_status open_plain(epi__store **store, const char *directory) {
    epi_memory_options options = opened_options();
    return open_with(store, directory, &options);
}

/* ---- CURRENT ----------------------------------------------------------------------------------------------------- */

static void make_memory(const char *directory) {
    opened o = opened_store(directory);
    opened_close(&o);
}

static epi_status open_naming(const char *directory, const char *current) {
    epi__store *store = NULL;
    scratch_write(memory_path(directory, "CURRENT"), current, strlen(current));
    epi_status status = open_plain(&store, directory);
    if (!status) assert_status(EPI_OK, epi__store_close(store));
    return status;
}

static void a_current_that_names_no_store_is_damaged(void **state) {
    static const char *const texts[] = {"",
                                        "\n",
                                        "garbage",
                                        "episodic",
                                        "episodic 1\n",
                                        "episodic 1\nstore 1\n",
                                        "episodic 1\nstore 1\nmap 12\n",
                                        "episodic 1\nstore 0\nmap 268435456\n",
                                        "episodic 0\nstore 1\nmap 268435456\n",
                                        "episodic 1\nstore one\nmap 268435456\n",
                                        "episodic 1\nstore 1\nmap 999999999999999999\n",
                                        "sqlite 1\nstore 1\nmap 268435456\n"};
    make_memory(*state);
    for (size_t i = 0; i < EPI__COUNT(texts); i++)
        assert_failure(EPI_EDAMAGED, open_naming(*state, texts[i]), "CURRENT does not name a store");
    assert_status(EPI_OK, open_naming(*state, "episodic 1\nstore 1\nmap 268435456\n"));
}

static void a_newer_format_is_refused_by_its_number(void **state) {
    make_memory(*state);
    assert_failure(EPI_EVERSION, open_naming(*state, "episodic 2\nshards 7\n"), "format 2");
    assert_failure(EPI_EVERSION, open_naming(*state, "episodic 99\nstore 1\nmap 268435456\n"), "up to 1");
}

static void a_newer_format_in_the_store_itself_is_refused(void **state) {
    opened o = opened_store(*state);
    epi__tx tx;
    epi__key key;
    static const uint8_t meta[16] = {2};
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    assert_status(EPI_OK, epi__tx_begin(&tx, o.store, true));
    assert_status(EPI_OK, epi__record_put(NULL, tx.txn, &key, meta, sizeof meta));
    assert_status(EPI_OK, epi__tx_commit(&tx));
    opened_close(&o);
    epi__store *store = NULL;
    assert_failure(EPI_EVERSION, open_plain(&store, *state), "format 2");
    assert_null(store);
}

static void a_current_that_names_a_missing_store_is_not_made_good_by_an_empty_one(void **state) {
    make_memory(*state);
    epi_status status = open_naming(*state, "episodic 1\nstore 7\nmap 268435456\n");
    assert_true(status == EPI_ENOTFOUND || status == EPI_EDAMAGED);
    assert_int_not_equal(access(memory_path(*state, "store.7"), F_OK), 0);
}

/* ---- the directory ----------------------------------------------------------------------------------------------- */

static void a_directory_of_other_files_is_left_alone(void **state) {
    epi__store *store = NULL;
    char directory[1024];
    static const char *const others[] = {"letter", "cache", "lock", "store.1"};
    for (size_t i = 0; i < EPI__COUNT(others); i++) {
        (void)snprintf(directory, sizeof directory, "%s/%zu", (const char *)*state, i);
        assert_int_equal(mkdir(directory, 0700), 0);
        assert_int_equal(mkdir(memory_path(directory, NULL), 0700), 0);
        scratch_write(memory_path(directory, "letter"), "dear", 4);
        if (i > 0) scratch_write(memory_path(directory, others[i]), "x", 1);
        assert_failure(EPI_ENOTMEMORY, open_plain(&store, directory), "holds other files");
        assert_int_not_equal(access(memory_path(directory, "CURRENT"), F_OK), 0);
        assert_int_equal(scratch_file_size(memory_path(directory, "letter")), 4);
    }
}

static void what_a_cut_short_creation_left_is_made_whole(void **state) {
    static const char *const left[] = {"lock", "ballast", "CURRENT.tmp"};
    assert_int_equal(mkdir(memory_path(*state, NULL), 0700), 0);
    for (size_t i = 0; i < EPI__COUNT(left); i++) scratch_write(memory_path(*state, left[i]), "", 0);
    assert_int_equal(mkdir(memory_path(*state, "cache"), 0700), 0);
    assert_int_equal(mkdir(memory_path(*state, "store.1"), 0700), 0);
    make_memory(*state);
}

static void a_memory_that_lost_its_current_keeps_its_spaces(void **state) {
    opened o = opened_store(*state);
    epi__schema_copy *schema = NULL;
    uint32_t space = 0, before = o.space;
    opened_close(&o);
    assert_int_equal(unlink(memory_path(*state, "CURRENT")), 0);
    o = opened_store(*state);
    assert_int_equal(o.space, before);
    assert_status(EPI_OK, epi__catalog_open(&space, &schema, o.store, "next", epi_schema_conversation()));
    assert_true(space > before);
    epi__schema_copy_free(schema);
    opened_close(&o);
}

static void a_file_in_place_of_a_directory_is_no_memory(void **state) {
    epi__store *store = NULL;
    scratch_write(memory_path(*state, NULL), "x", 1);
    assert_status(EPI_ENOTMEMORY, open_plain(&store, *state));
}

static void options_are_checked_at_their_borders(void **state) {
    epi__store *store = NULL;
    static const struct {
        uint64_t map;
        uint32_t readers, size, ms;
        epi_status status;
    } cases[] = {{EPI_MAP_SIZE_MIN - 1, 0, 0, 0, EPI_ELIMIT}, {EPI_MAP_SIZE_MAX + 1, 0, 0, 0, EPI_ELIMIT},
                 {0, EPI_READERS_MIN - 1, 0, 0, EPI_ELIMIT},  {0, EPI_READERS_MAX + 1, 0, 0, EPI_ELIMIT},
                 {0, 0, EPI_GROUP_SIZE_MAX + 1, 0, EPI_ELIMIT}, {0, 0, 0, EPI_GROUP_MS_MAX + 1, EPI_ELIMIT},
                 {EPI_MAP_SIZE_MIN, EPI_READERS_MIN, EPI_GROUP_SIZE_MAX, EPI_GROUP_MS_MAX, EPI_OK}};
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        epi_memory_options options = epi_memory_options_default();
        options.map_size = cases[i].map;
        options.readers_max = cases[i].readers;
        options.group_size = cases[i].size;
        options.group_ms = cases[i].ms;
        assert_status(cases[i].status, open_with(&store, *state, &options));
        assert_int_equal(cases[i].status == EPI_OK, store != NULL);
        if (store) assert_status(EPI_OK, epi__store_close(store));
    }
    epi_memory_options options = opened_options();
    options.version = 3;
    assert_failure(EPI_EINVAL, open_with(&store, *state, &options), "version 3");
    options = opened_options();
    options.sync = 3;
    assert_failure(EPI_EINVAL, open_with(&store, *state, &options), "sync policy 3");
}

static void a_second_open_shares_the_store_or_says_why_not(void **state) {
    epi__store *first = NULL, *second = NULL;
    epi_memory_options options = opened_options();
    assert_status(EPI_OK, open_with(&first, *state, &options));
    assert_status(EPI_OK, open_with(&second, *state, &options));
    assert_ptr_equal(first, second);
    options.quota = 12345678;
    epi__store *third = NULL;
    assert_failure(EPI_EMISMATCH, open_with(&third, *state, &options), "other options");
    assert_null(third);
    assert_status(EPI_OK, epi__store_close(first));
    epi__tx tx;
    assert_status(EPI_OK, epi__tx_begin(&tx, second, true));
    epi__tx_abort(&tx);
    assert_status(EPI_OK, epi__store_close(second));
    assert_status(EPI_OK, open_with(&third, *state, &options));
    assert_status(EPI_OK, epi__store_close(third));
    options.map_size = 512u << 20;
    assert_failure(EPI_EMISMATCH, open_with(&third, *state, &options), "created with a map of");
}

/* ---- compaction -------------------------------------------------------------------------------------------------- */

static void fill(opened *o, uint64_t first, uint64_t end) {
    epi__change change = opened_change(o);
    char text[200];
    memset(text, 'a', sizeof text);
    for (uint64_t i = first; i < end; i++) {
        epi__key key = step_key(o->space, i);
        assert_status(EPI_OK, epi__change_put(&change, &key, text, (size_t)(i % sizeof text)));
    }
    opened_commit(&change);
}

/* A hash of every key and value, in order. */
static uint64_t content(epi__store *store) {
    epi__tx tx;
    epi__range *range = NULL;
    epi__view key, value, all = {"", 1}, none = {NULL, 0};
    uint64_t hash = 0;
    assert_status(EPI_OK, epi__tx_begin(&tx, store, false));
    const epi__engine_ops *ops = epi__tx_ops(tx.txn);
    assert_status(EPI_OK, ops->range_open(&range, tx.txn, all, none, false));
    while (ops->range_next(&key, &value, range) == EPI_OK) {
        hash = epi__hash64_pair(&hash, sizeof hash, key.data, key.size);
        hash = epi__hash64_pair(&hash, sizeof hash, value.data, value.size);
    }
    ops->range_close(range);
    epi__tx_abort(&tx);
    return hash;
}

static bool is_there(const char *directory, const char *name) {
    return access(memory_path(directory, name), F_OK) == 0;
}

static void a_compact_copy_holds_the_same_records_in_fewer_pages(void **state) {
    opened o = opened_store(*state);
    fill(&o, 1, 5000);
    epi__change change = opened_change(&o);
    for (uint64_t i = 1; i < 4000; i++) {
        epi__key key = step_key(o.space, i);
        assert_status(EPI_OK, epi__change_remove(&change, &key));
    }
    opened_commit(&change);
    uint64_t before = content(o.store), size = scratch_file_size(memory_path(*state, "store.1/data.mdb"));
    assert_status(EPI_OK, epi__store_compact(o.store));
    assert_int_equal(content(o.store), before);
    assert_true(scratch_file_size(memory_path(*state, "store.2/data.mdb")) < size / 2);
    assert_false(is_there(*state, "store.1"));
    fill(&o, 1, 10);
    uint64_t after = content(o.store);
    opened_close(&o);
    o = opened_store(*state);
    assert_int_equal(content(o.store), after);
    opened_close(&o);
}

static void compaction_reclaims_what_a_drop_left(void **state) {
    opened o = opened_store(*state);
    uint32_t dropped = 0;
    fill(&o, 1, 100);
    assert_status(EPI_OK, epi__catalog_drop(&dropped, o.store, "main"));
    for (int i = 0; i < 3; i++) assert_status(EPI_OK, epi__store_compact(o.store));
    assert_true(is_there(*state, "store.4"));
    assert_false(is_there(*state, "store.3"));
    opened_close(&o);
}

static void a_reader_keeps_its_snapshot_while_the_store_moves(void **state) {
    opened o = opened_store(*state);
    epi__tx reader;
    epi__key key = step_key(o.space, 7), late = step_key(o.space, 100);
    epi__view body;
    fill(&o, 1, 10);
    assert_status(EPI_OK, epi__tx_begin(&reader, o.store, false));
    assert_status(EPI_OK, epi__store_compact(o.store));
    fill(&o, 100, 101);
    assert_status(EPI_OK, epi__record_get(&body, reader.txn, &key));
    assert_status(EPI_ENOTFOUND, epi__record_get(&body, reader.txn, &late));
    epi__tx_abort(&reader);
    assert_status(EPI_OK, epi__tx_begin(&reader, o.store, false));
    assert_status(EPI_OK, epi__record_get(&body, reader.txn, &late));
    epi__tx_abort(&reader);
    opened_close(&o);
}

static void a_copy_that_a_crash_left_unfinished_is_made_anew(void **state) {
    opened o = opened_store(*state);
    fill(&o, 1, 50);
    assert_int_equal(mkdir(memory_path(*state, "store.2"), 0700), 0);
    scratch_write(memory_path(*state, "store.2/data.mdb"), "half a page", 11);
    uint64_t before = content(o.store);
    assert_status(EPI_OK, epi__store_compact(o.store));
    assert_int_equal(content(o.store), before);
    opened_close(&o);
    o = opened_store(*state);
    assert_int_equal(content(o.store), before);
    opened_close(&o);
}

/* The directory as a crash leaves it right after the commit that says "moved": both stores there, CURRENT behind. */
static uint64_t crash_after_the_switch(const char *directory) {
    opened o = opened_store(directory);
    fill(&o, 1, 50);
    const char *kept = scratch_path(directory, "kept.mdb");
    assert_int_equal(link(memory_path(directory, "store.1/data.mdb"), kept), 0);
    assert_status(EPI_OK, epi__store_compact(o.store));
    uint64_t before = content(o.store);
    opened_close(&o);
    assert_int_equal(mkdir(memory_path(directory, "store.1"), 0700), 0);
    assert_int_equal(rename(kept, memory_path(directory, "store.1/data.mdb")), 0);
    static const char current[] = "episodic 1\nstore 1\nmap 268435456\n";
    scratch_write(memory_path(directory, "CURRENT"), current, sizeof current - 1);
    return before;
}

static int open_in_ten_seconds(const char *directory) {
    epi__store *store = NULL;
    (void)alarm(10); /* a deadlock ends the child, not the test */
    epi_status status = open_plain(&store, directory);
    return status ? 1 : 0;
}

static void a_crash_after_the_switch_loses_nothing(void **state) {
    uint64_t before = crash_after_the_switch(*state);
    assert_int_equal(in_child(open_in_ten_seconds, *state), 0);
    opened o = opened_store(*state);
    assert_int_equal(content(o.store), before);
    fill(&o, 50, 60);
    before = content(o.store);
    opened_close(&o);
    o = opened_store(*state);
    assert_int_equal(content(o.store), before);
    opened_close(&o);
}

static void the_old_store_of_a_crash_after_the_switch_does_not_stay(void **state) {
    (void)crash_after_the_switch(*state);
    opened o = opened_store(*state);
    assert_status(EPI_OK, epi__store_compact(o.store));
    assert_false(is_there(*state, "store.1"));
    assert_false(is_there(*state, "store.2"));
    assert_true(is_there(*state, "store.3"));
    opened_close(&o);
}

/* Opens, says so, waits until the parent has compacted twice, and reads. */
static int ends[2][2];
static int read_after_two_moves(const char *directory) {
    char byte = 1;
    opened o = opened_store(directory);
    if (write(ends[0][1], &byte, 1) != 1 || read(ends[1][0], &byte, 1) != 1) return 9;
    epi__tx tx;
    (void)alarm(10);
    for (int write_too = 0; write_too < 2; write_too++) {
        if (epi__tx_begin(&tx, o.store, write_too) != EPI_OK) {
            (void)fprintf(stderr, "%s\n", epi_error_last()->message);
            return 1;
        }
        epi__key key = step_key(o.space, 7);
        epi__view body;
        if (epi__record_get(&body, tx.txn, &key) != EPI_OK) return 2;
        epi__tx_abort(&tx);
    }
    return 0;
}

static int compact_twice(const char *directory) {
    char byte = 1;
    if (read(ends[0][0], &byte, 1) != 1) return 9;
    opened o = opened_store(directory);
    fill(&o, 1, 10);
    assert_status(EPI_OK, epi__store_compact(o.store));
    assert_status(EPI_OK, epi__store_compact(o.store));
    opened_close(&o);
    return write(ends[1][1], &byte, 1) == 1 ? 0 : 9;
}

static int both(const char *directory) {
    pid_t other = fork();
    if (other == 0) _exit(compact_twice(directory));
    return read_after_two_moves(directory);
}

static void a_process_that_slept_through_two_moves_finds_the_store(void **state) {
    make_memory(*state);
    assert_int_equal(pipe(ends[0]) + pipe(ends[1]), 0);
    assert_int_equal(in_child(both, *state), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(close(ends[i / 2][i % 2]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_current_that_names_no_store_is_damaged),
        TEST(a_newer_format_is_refused_by_its_number),
        TEST(a_newer_format_in_the_store_itself_is_refused),
        TEST(a_current_that_names_a_missing_store_is_not_made_good_by_an_empty_one),
        TEST(a_directory_of_other_files_is_left_alone),
        TEST(what_a_cut_short_creation_left_is_made_whole),
        TEST(a_memory_that_lost_its_current_keeps_its_spaces),
        TEST(a_file_in_place_of_a_directory_is_no_memory),
        TEST(options_are_checked_at_their_borders),
        TEST(a_second_open_shares_the_store_or_says_why_not),
        TEST(a_compact_copy_holds_the_same_records_in_fewer_pages),
        TEST(compaction_reclaims_what_a_drop_left),
        TEST(a_reader_keeps_its_snapshot_while_the_store_moves),
        TEST(a_copy_that_a_crash_left_unfinished_is_made_anew),
        TEST(a_crash_after_the_switch_loses_nothing),
        TEST(the_old_store_of_a_crash_after_the_switch_does_not_stay),
        TEST(a_process_that_slept_through_two_moves_finds_the_store),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
