/* test_disk_full.c - a really full disk: a small tmpfs, mounted in a name space of a child process.
 *
 * Skipped where a process may not mount (not root, or a container without that right).
 */
#include "scratch.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAY_NOT_MOUNT 77
#define DISK_SIZE "size=4m"

/* The child cannot use cmocka's assertions; it returns the line that did not hold. */
#define EXPECT(condition)                                                                                      \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "line %d: %s; last error: %s\n", __LINE__, #condition, epi_error_last()->message); \
            return 1;                                                                                          \
        }                                                                                                      \
    } while (0)

static bool mount_small_disk(const char *directory) {
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, DISK_SIZE) == 0;
}

/* Commits of 8 KB until one fails; its status. */
static epi_status fill(epi__engine *engine, uint32_t *count) {
    static const char value[8192];
    epi_status status;
    do {
        uint8_t key[4];
        epi__txn *txn;
        epi__store_be32(key, *count);
        status = engine->ops->begin(&txn, engine, true);
        if (status != EPI_OK) return status;
        status = engine->ops->put(txn, (epi__view){key, 4}, (epi__view){value, sizeof(value)});
        if (status == EPI_OK)
            status = engine->ops->commit(txn);
        else
            engine->ops->abort(txn);
    } while (status == EPI_OK && ++*count < 10000);
    return status;
}

static uint64_t entries(epi__engine *engine) {
    epi__engine_stats stats;
    return engine->ops->stats(&stats, engine) == EPI_OK ? stats.entries : UINT64_MAX;
}

static int fill_and_recover(const char *directory) {
    if (!mount_small_disk(directory)) return MAY_NOT_MOUNT;
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    uint32_t count = 0;
    size_t removed;
    epi__txn *txn;
    EXPECT(epi__lmdb_open(&engine, directory, &options) == EPI_OK);
    EXPECT(epi__dir_file_reserve(directory, "ballast", 1u << 20) == EPI_OK);
    EXPECT(fill(engine, &count) == EPI_EDISKFULL);
    EXPECT(strstr(epi_error_last()->message, "is full") != NULL ||
           strstr(epi_error_last()->message, "No space") != NULL);
    EXPECT(count > 100 && entries(engine) == count);
    EXPECT(epi__dir_file_remove(directory, "ballast") == EPI_OK);
    EXPECT(engine->ops->begin(&txn, engine, true) == EPI_OK); /* no reopening: the handle is sound */
    EXPECT(engine->ops->remove_range(&removed, txn, (epi__view){0}, (epi__view){0}, 50) == EPI_OK && removed == 50);
    EXPECT(engine->ops->commit(txn) == EPI_OK);
    EXPECT(entries(engine) == count - 50);
    engine->ops->close(engine);
    options.create = false;
    EXPECT(epi__lmdb_open(&engine, directory, &options) == EPI_OK);
    EXPECT(entries(engine) == count - 50);
    engine->ops->close(engine);
    return 0;
}

static int write_files(const char *directory) {
    if (!mount_small_disk(directory)) return MAY_NOT_MOUNT;
    static const char large[5u << 20];
    uint64_t size;
    EXPECT(epi__dir_file_write(directory, "file", "old", 3) == EPI_OK);
    EXPECT(epi__dir_file_write(directory, "file", large, sizeof(large)) == EPI_EDISKFULL);
    EXPECT(epi__dir_file_size(&size, directory, "file") == EPI_OK && size == 3);
    EXPECT(epi__dir_file_size(&size, directory, "file.tmp") == EPI_ENOTFOUND);
    EXPECT(epi__dir_file_reserve(directory, "ballast", sizeof(large)) == EPI_EDISKFULL);
    EXPECT(epi__dir_file_size(&size, directory, "ballast") == EPI_ENOTFOUND);
    EXPECT(epi__dir_file_write(directory, "file", "new", 3) == EPI_OK);
    return 0;
}

static void run_on_small_disk(int (*child)(const char *directory), void **state) {
    const char *directory = scratch_path(*state, "disk");
    assert_int_equal(0, mkdir(directory, 0700));
    int code = in_child(child, directory);
    if (code == MAY_NOT_MOUNT) skip();
    assert_int_equal(0, code);
}

static void a_full_disk_is_named_and_the_store_goes_on_once_there_is_room(void **state) {
    run_on_small_disk(fill_and_recover, state);
}

static void a_full_disk_leaves_the_old_file_and_no_remains(void **state) {
    run_on_small_disk(write_files, state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_is_named_and_the_store_goes_on_once_there_is_room),
        TEST(a_full_disk_leaves_the_old_file_and_no_remains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
