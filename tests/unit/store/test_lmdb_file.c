/* test_lmdb_file.c - damaged, cut and foreign files are told apart before LMDB maps them; whole ones are let in. */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
#define KEYS 300u

static const char *data_path(void **state) {
    return scratch_path(*state, "data.mdb");
}

static void number_key(char key[8], unsigned number) {
    (void)snprintf(key, 8, "%05u", number);
}

/* A store of KEYS keys, each with a value of its own text; some of the values fill pages of their own. */
static void make_store(const char *directory) {
    epi__engine *engine = scratch_open(directory);
    epi__txn *txn = begin(engine, true);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[8];
        void *space;
        number_key(key, i);
        size_t size = i % 10 == 0 ? 9000 : 40;
        assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view(key), size));
        memset(space, (int)(i % 251), size);
    }
    assert_status(EPI_OK, engine->ops->commit(txn));
    engine->ops->close(engine);
}

/* Every key and byte of make_store is read; a page that is missing would be a SIGBUS here. */
static void assert_store(epi__engine *engine) {
    epi__txn *txn = begin(engine, false);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[8];
        epi__view value;
        number_key(key, i);
        assert_status(EPI_OK, engine->ops->get(&value, txn, text_view(key)));
        assert_int_equal(i % 10 == 0 ? 9000 : 40, value.size);
        for (size_t j = 0; j < value.size; j++) assert_int_equal(i % 251, ((const uint8_t *)value.data)[j]);
    }
    engine->ops->abort(txn);
}

static epi_status reopen(epi__engine **engine, const char *directory) {
    epi__engine_options options = scratch_options();
    options.create = false;
    return epi__lmdb_open(engine, directory, &options);
}

static void overwrite(void **state, long offset, const void *data, size_t size) {
    FILE *file = fopen(data_path(state), "r+b");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, offset, SEEK_SET));
    assert_int_equal(1, fwrite(data, size, 1, file));
    assert_int_equal(0, fclose(file));
}

static void assert_refused(void **state, epi_status expected, const char *part) {
    epi__engine *engine;
    assert_failure(expected, reopen(&engine, *state), part);
    assert_null(engine);
}

static void garbage_is_no_store(void **state) {
    uint8_t bytes[3 * PAGE];
    epi__random random = epi__random_seed(1);
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (uint8_t)epi__random_next(&random);
    scratch_write(data_path(state), bytes, sizeof(bytes));
    assert_refused(state, EPI_EDAMAGED, "no LMDB file");
    epi__engine *engine;
    epi__engine_options options = scratch_options(); /* nor is it overwritten by one */
    assert_failure(EPI_EDAMAGED, epi__lmdb_open(&engine, *state, &options), "no LMDB file");
    assert_int_equal(sizeof(bytes), scratch_file_size(data_path(state)));
}

static void a_few_bytes_are_no_store(void **state) {
    scratch_write(data_path(state), "hello", 5);
    assert_refused(state, EPI_EDAMAGED, "was cut");
}

static void an_empty_file_is_a_store_only_where_one_may_be_made(void **state) {
    scratch_write(data_path(state), "", 0);
    assert_refused(state, EPI_EDAMAGED, "is empty");
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "key", "value");
    engine->ops->close(engine);
}

static void another_format_is_named(void **state) {
    make_store(*state);
    overwrite(state, 20, &(uint32_t){2}, 4);
    assert_refused(state, EPI_EVERSION, "LMDB format 2, this build reads 1");
}

static void each_bad_field_of_either_meta_page_is_refused(void **state) {
    static const struct {
        long offset;
        uint32_t value;
        const char *part;
    } cases[] = {
        {16, 0xDEADBEEF, "magic 0xdeadbeef"},
        {40, 0, "pages of 0 bytes"},
        {40, 3000, "pages of 3000 bytes"},
        {40, 65536, "limits 512 and 32768"},
        {PAGE + 16, 1, "meta page 1"},
        {PAGE + 40, 8192, "of 4096 and of 8192"},
        {8, 0, "meta page 0"},
        {PAGE + 40, 100, "pages of 100 bytes"},
    };
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        make_store(*state);
        overwrite(state, cases[i].offset, &cases[i].value, 4);
        assert_refused(state, EPI_EDAMAGED, cases[i].part);
        assert_int_equal(0, unlink(data_path(state)));
    }
}

/* Cut to every number of pages, and in the middle of each. */
static void a_file_cut_anywhere_is_refused_or_whole(void **state) {
    make_store(*state);
    uint64_t size = scratch_file_size(data_path(state));
    uint64_t refused = 0, cuts = 0;
    for (uint64_t left = size - PAGE / 2; left > 0; left -= EPI__MIN(left, PAGE / 2), cuts++) {
        assert_int_equal(0, truncate(data_path(state), (off_t)left));
        epi__engine *engine;
        epi_status status = reopen(&engine, *state);
        if (status == EPI_OK) {
            assert_store(engine);
            engine->ops->close(engine);
        } else {
            assert_status(EPI_EDAMAGED, status);
            refused++;
        }
    }
    assert_true(cuts > 100);
    assert_int_equal(cuts, refused); /* every page of this store is in use */
}

/* Claims pages at the end that it never writes: LMDB takes them for a large value and gives them back at once. */
static void claim_unwritten_pages(epi__engine *engine, size_t size) {
    epi__txn *txn = begin(engine, true);
    void *space;
    put_text(txn, "00000x", "touches the list of free pages");
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view("zzz"), size));
    assert_status(EPI_OK, engine->ops->remove(txn, text_view("zzz")));
    assert_status(EPI_OK, engine->ops->remove(txn, text_view("00000x")));
    assert_status(EPI_OK, engine->ops->commit(txn));
}

static uint64_t claimed_pages(void **state) {
    uint64_t transactions[2], last[2];
    FILE *file = fopen(data_path(state), "rb");
    assert_non_null(file);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(0, fseek(file, i * (long)PAGE + 136, SEEK_SET));
        assert_int_equal(1, fread(&last[i], 8, 1, file));
        assert_int_equal(1, fread(&transactions[i], 8, 1, file));
    }
    assert_int_equal(0, fclose(file));
    return last[transactions[0] < transactions[1]] + 1;
}

static void a_file_that_lacks_only_free_pages_is_whole(void **state) {
    make_store(*state);
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "zz", "frees a few pages");
    commit_text(engine, "zz", "and a few more");
    claim_unwritten_pages(engine, 20 << 20); /* 5,120 pages: their list fills pages of its own */
    engine->ops->close(engine);
    uint64_t pages = scratch_file_size(data_path(state)) / PAGE;
    assert_true(claimed_pages(state) > pages + 5000);
    assert_status(EPI_OK, reopen(&engine, *state));
    assert_store(engine);
    epi__txn *txn = begin(engine, true); /* the missing pages are used from here on */
    void *space;
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view("zzz"), 10 << 20));
    memset(space, 7, 10 << 20);
    assert_status(EPI_OK, engine->ops->commit(txn));
    assert_store(engine);
    engine->ops->close(engine);
    assert_status(EPI_OK, reopen(&engine, *state));
    assert_store(engine);
    engine->ops->close(engine);
}

static void a_file_that_lacks_free_pages_and_others_is_refused(void **state) {
    make_store(*state);
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "zz", "frees a few pages");
    commit_text(engine, "zz", "and a few more");
    claim_unwritten_pages(engine, 100 * PAGE);
    engine->ops->close(engine);
    assert_true(claimed_pages(state) > scratch_file_size(data_path(state)) / PAGE);
    uint64_t size = scratch_file_size(data_path(state));
    uint64_t refused = 0;
    for (uint64_t left = size - PAGE; left > 0; left -= PAGE) {
        assert_int_equal(0, truncate(data_path(state), (off_t)left));
        epi_status status = reopen(&engine, *state);
        if (status == EPI_OK) {
            assert_store(engine);
            engine->ops->close(engine);
        } else {
            assert_status(EPI_EDAMAGED, status);
            refused++;
        }
    }
    assert_true(refused > 100);
}

static void a_damaged_free_list_of_a_short_file_is_refused_not_followed(void **state) {
    make_store(*state);
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "zz", "frees a few pages");
    commit_text(engine, "zz", "and a few more");
    claim_unwritten_pages(engine, 5000 * PAGE);
    engine->ops->close(engine);
    uint64_t size = scratch_file_size(data_path(state));
    uint8_t *whole = malloc(size), *bent = malloc(size);
    assert_non_null(whole);
    assert_non_null(bent);
    FILE *file = fopen(data_path(state), "rb");
    assert_non_null(file);
    assert_int_equal(size, fread(whole, 1, size, file));
    assert_int_equal(0, fclose(file));
    epi__random random = epi__random_seed(7);
    for (int i = 0; i < 100; i++) { /* noise over the pages behind the meta pages */
        memcpy(bent, whole, size);
        for (uint64_t at = (uint64_t)PAGE * 2; at < size; at += 1 + epi__random_below(&random, 64))
            bent[at] = (uint8_t)epi__random_next(&random);
        scratch_write(data_path(state), bent, size);
        assert_refused(state, EPI_EDAMAGED, "was cut");
    }
    free(whole);
    free(bent);
}

static void links_and_pipes_are_refused(void **state) {
    make_store(*state);
    char away[1024];
    (void)snprintf(away, sizeof(away), "%s", scratch_path(*state, "elsewhere"));
    assert_int_equal(0, rename(data_path(state), away));
    assert_int_equal(0, symlink(away, data_path(state)));
    assert_refused(state, EPI_ENOTMEMORY, "data.mdb is not a plain file");
    assert_int_equal(0, unlink(data_path(state)));
    assert_int_equal(0, mkfifo(data_path(state), 0600));
    assert_refused(state, EPI_ENOTMEMORY, "data.mdb is not a plain file");
    assert_int_equal(0, unlink(data_path(state)));
    assert_int_equal(0, rename(away, data_path(state)));
    assert_int_equal(0, unlink(scratch_path(*state, "lock.mdb")));
    assert_int_equal(0, symlink("/dev/null", scratch_path(*state, "lock.mdb")));
    assert_refused(state, EPI_ENOTMEMORY, "lock.mdb is not a plain file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(garbage_is_no_store),
        TEST(a_few_bytes_are_no_store),
        TEST(an_empty_file_is_a_store_only_where_one_may_be_made),
        TEST(another_format_is_named),
        TEST(each_bad_field_of_either_meta_page_is_refused),
        TEST(a_file_cut_anywhere_is_refused_or_whole),
        TEST(a_file_that_lacks_only_free_pages_is_whole),
        TEST(a_file_that_lacks_free_pages_and_others_is_refused),
        TEST(a_damaged_free_list_of_a_short_file_is_refused_not_followed),
        TEST(links_and_pipes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
