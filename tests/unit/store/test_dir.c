/* test_dir.c - files are made for their owner only, replaced at once, and never reached through a link. */
#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static mode_t mode_of(const char *path) {
    struct stat info;
    assert_int_equal(0, lstat(path, &info));
    return info.st_mode & 07777;
}

static bool exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

static void assert_content(const char *directory, const char *name, const char *expected) {
    epi__buffer content = {0};
    assert_status(EPI_OK, epi__dir_file_read(&content, directory, name, 1000));
    assert_string_equal(expected, epi__buffer_text(&content));
    epi__buffer_dispose(&content);
}

/* ---- directories ------------------------------------------------------------------------------------------------ */

static void a_directory_is_made_for_its_owner_and_may_be_there_already(void **state) {
    const char *path = scratch_path(*state, "memory");
    mode_t mask = umask(0);
    assert_status(EPI_OK, epi__dir_make(path));
    umask(mask);
    assert_int_equal(0700, mode_of(path));
    assert_status(EPI_OK, epi__dir_make(path));
    assert_status(EPI_OK, epi__dir_check(path));
    assert_status(EPI_OK, epi__dir_make(scratch_path(*state, "slashes//")));
    assert_status(EPI_OK, epi__dir_check(scratch_path(*state, "slashes/")));
}

static void a_directory_is_made_by_a_name_relative_to_the_working_directory(void **state) {
    char before[1024];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(0, chdir(*state));
    assert_status(EPI_OK, epi__dir_make("memory"));
    assert_status(EPI_OK, epi__dir_check("."));
    assert_int_equal(0, chdir(before));
    assert_true(exists(scratch_path(*state, "memory")));
}

static void a_directory_without_a_parent_is_not_made(void **state) {
    assert_failure(EPI_ENOTFOUND, epi__dir_make(scratch_path(*state, "no/memory")), "no/memory");
    assert_failure(EPI_ENOTFOUND, epi__dir_check(scratch_path(*state, "memory")), "memory");
    assert_failure(EPI_EINVAL, epi__dir_make(""), "empty");
}

static void a_path_that_is_too_long_is_refused(void **state) {
    (void)state;
    char path[5000];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_failure(EPI_ELIMIT, epi__dir_check(path), "4999 bytes, limit 4095");
}

static void make_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(0, bind(descriptor, (const struct sockaddr *)&address, sizeof(address)));
    close(descriptor);
}

/* Everything that is neither a directory nor a plain file, by name. */
static void make_impostors(const char *directory) {
    assert_int_equal(0, mkdir(scratch_path(directory, "away"), 0700));
    scratch_write(scratch_path(directory, "away/file"), "theirs", 6);
    assert_int_equal(0, symlink(scratch_path(directory, "away"), scratch_path(directory, "link")));
    assert_int_equal(0, symlink(scratch_path(directory, "away/file"), scratch_path(directory, "file_link")));
    assert_int_equal(0, symlink("nowhere", scratch_path(directory, "dangling")));
    assert_int_equal(0, mkfifo(scratch_path(directory, "fifo"), 0600));
    make_socket(scratch_path(directory, "socket"));
}

static void no_link_pipe_socket_or_file_passes_for_a_directory(void **state) {
    static const char *const names[] = {"link", "link/", "file_link", "dangling", "fifo", "socket", "plain"};
    make_impostors(*state);
    scratch_write(scratch_path(*state, "plain"), "x", 1);
    for (size_t i = 0; i < EPI__COUNT(names); i++) {
        const char *path = scratch_path(*state, names[i]);
        epi__dir_identity identity;
        bool empty;
        assert_failure(EPI_ENOTMEMORY, epi__dir_make(path), "is not a directory");
        assert_failure(EPI_ENOTMEMORY, epi__dir_check(path), "is not a directory");
        assert_failure(EPI_ENOTMEMORY, epi__dir_identify(&identity, path), "is not a directory");
        assert_failure(EPI_ENOTMEMORY, epi__dir_is_empty(&empty, path), "is not a directory");
        assert_failure(EPI_ENOTMEMORY, epi__dir_file_write(path, "file", "ours", 4), "is not a directory");
        assert_failure(EPI_ENOTMEMORY, epi__dir_remove_flat(path, &names[6], 1), "is not a directory");
    }
    assert_content(scratch_path(*state, "away"), "file", "theirs");
}

static void one_directory_has_one_identity(void **state) {
    epi__dir_identity here, again, other;
    assert_status(EPI_OK, epi__dir_make(scratch_path(*state, "other")));
    assert_status(EPI_OK, epi__dir_identify(&here, *state));
    assert_status(EPI_OK, epi__dir_identify(&again, scratch_path(*state, "other/..")));
    assert_status(EPI_OK, epi__dir_identify(&other, scratch_path(*state, "other")));
    assert_true(here.device == again.device && here.inode == again.inode);
    assert_true(here.inode != other.inode);
}

static void an_empty_directory_is_told_from_a_used_one(void **state) {
    bool empty = false;
    assert_status(EPI_OK, epi__dir_is_empty(&empty, *state));
    assert_true(empty);
    scratch_write(scratch_path(*state, ".hidden"), "", 0);
    assert_status(EPI_OK, epi__dir_is_empty(&empty, *state));
    assert_false(empty);
}

static void a_directory_of_known_files_is_removed(void **state) {
    static const char *const names[] = {"one", "two", "missing"};
    const char *path = scratch_path(*state, "store.1");
    assert_status(EPI_OK, epi__dir_make(path));
    assert_status(EPI_OK, epi__dir_file_write(path, "one", "1", 1));
    assert_status(EPI_OK, epi__dir_file_write(path, "two", "2", 1));
    assert_status(EPI_OK, epi__dir_file_write(path, "two.tmp", "left behind by a crash", 22));
    assert_status(EPI_OK, epi__dir_remove_flat(path, names, EPI__COUNT(names)));
    assert_false(exists(path));
    assert_failure(EPI_ENOTFOUND, epi__dir_remove_flat(path, names, EPI__COUNT(names)), "store.1");
}

static void a_directory_with_other_files_is_left(void **state) {
    static const char *const names[] = {"one"};
    const char *path = scratch_path(*state, "store.1");
    assert_status(EPI_OK, epi__dir_make(path));
    assert_status(EPI_OK, epi__dir_file_write(path, "thesis", "years of work", 13));
    assert_failure(EPI_ENOTMEMORY, epi__dir_remove_flat(path, names, 1), "it was left");
    assert_content(path, "thesis", "years of work");
    assert_failure(EPI_EINVAL, epi__dir_remove_flat(path, (const char *const[]){"../x"}, 1), "not the name of a file");
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static void a_written_file_is_read_back_and_replaced_at_once(void **state) {
    mode_t mask = umask(0);
    assert_status(EPI_OK, epi__dir_file_write(*state, "CURRENT", "store.1\n", 8));
    umask(mask);
    assert_int_equal(0600, mode_of(scratch_path(*state, "CURRENT")));
    assert_content(*state, "CURRENT", "store.1\n");
    int old;
    assert_status(EPI_OK, epi__dir_file_open(&old, *state, "CURRENT"));
    assert_status(EPI_OK, epi__dir_file_write(*state, "CURRENT", "store.22\n", 9));
    char bytes[16] = "";
    assert_int_equal(8, read(old, bytes, sizeof(bytes))); /* who has the old file open still sees all of it */
    assert_string_equal("store.1\n", bytes);
    close(old);
    assert_content(*state, "CURRENT", "store.22\n");
    assert_false(exists(scratch_path(*state, "CURRENT.tmp")));
    assert_status(EPI_OK, epi__dir_file_write(*state, "CURRENT", NULL, 0));
    assert_content(*state, "CURRENT", "");
}

static void a_temporary_of_a_crash_is_in_nobodys_way(void **state) {
    scratch_write(scratch_path(*state, "CURRENT.tmp"), "torn and longer than the new one", 32);
    assert_status(EPI_OK, epi__dir_file_write(*state, "CURRENT", "new", 3));
    assert_content(*state, "CURRENT", "new");
}

static void a_file_longer_than_the_limit_is_refused(void **state) {
    epi__buffer content = {0};
    char bytes[10000];
    memset(bytes, 'x', sizeof(bytes));
    assert_status(EPI_OK, epi__dir_file_write(*state, "file", bytes, sizeof(bytes)));
    assert_status(EPI_OK, epi__dir_file_read(&content, *state, "file", sizeof(bytes)));
    assert_int_equal(sizeof(bytes), content.size);
    assert_memory_equal(bytes, content.data, sizeof(bytes));
    epi__buffer_clear(&content);
    assert_failure(EPI_ELIMIT, epi__dir_file_read(&content, *state, "file", sizeof(bytes) - 1), "more than 9999 bytes");
    epi__buffer_dispose(&content);
}

static void what_is_not_a_plain_file_is_neither_read_nor_written(void **state) {
    static const char *const names[] = {"link", "file_link", "dangling", "fifo", "socket", "away"};
    make_impostors(*state);
    for (size_t i = 0; i < EPI__COUNT(names); i++) {
        epi__buffer content = {0};
        uint64_t size;
        epi__dir_lock lock;
        assert_failure(EPI_ENOTMEMORY, epi__dir_file_read(&content, *state, names[i], 100), "is not a plain file");
        assert_failure(EPI_ENOTMEMORY, epi__dir_file_size(&size, *state, names[i]), "is not a plain file");
        assert_failure(EPI_ENOTMEMORY, epi__dir_lock_take(&lock, *state, names[i]), "is not a plain file");
        assert_failure(EPI_ENOTMEMORY, epi__dir_file_reserve(*state, names[i], 10), "is not a plain file");
        assert_int_equal(-1, lock.file);
        epi__buffer_dispose(&content);
    }
    assert_int_equal(0, symlink("away/file", scratch_path(*state, "new.tmp"))); /* a trap for the temporary */
    assert_failure(EPI_ENOTMEMORY, epi__dir_file_write(*state, "new", "ours", 4), "is not a plain file");
    assert_content(scratch_path(*state, "away"), "file", "theirs");
}

static void a_name_with_a_path_in_it_is_refused(void **state) {
    static const char *const names[] = {"../file", "a/b", "/etc/passwd", "..", ".", ""};
    for (size_t i = 0; i < EPI__COUNT(names); i++) {
        epi__buffer content = {0};
        assert_failure(EPI_EINVAL, epi__dir_file_write(*state, names[i], "x", 1), "not the name of a file");
        assert_failure(EPI_EINVAL, epi__dir_file_read(&content, *state, names[i], 1), "not the name of a file");
        assert_failure(EPI_EINVAL, epi__dir_file_remove(*state, names[i]), "not the name of a file");
        assert_failure(EPI_EINVAL, epi__dir_file_reserve(*state, names[i], 1), "not the name of a file");
    }
    char name[EPI__DIR_NAME_MAX + 2];
    memset(name, 'x', sizeof(name));
    name[EPI__DIR_NAME_MAX + 1] = '\0';
    assert_failure(EPI_ELIMIT, epi__dir_file_write(*state, name, "x", 1), "64 bytes, limit 63");
    name[EPI__DIR_NAME_MAX] = '\0';
    assert_status(EPI_OK, epi__dir_file_write(*state, name, "x", 1));
    assert_content(*state, name, "x");
}

static void a_missing_file_is_not_found(void **state) {
    epi__buffer content = {0};
    uint64_t size;
    int file;
    assert_failure(EPI_ENOTFOUND, epi__dir_file_read(&content, *state, "no", 10), "no");
    assert_failure(EPI_ENOTFOUND, epi__dir_file_size(&size, *state, "no"), "no");
    assert_failure(EPI_ENOTFOUND, epi__dir_file_open(&file, *state, "no"), "no");
    assert_failure(EPI_ENOTFOUND, epi__dir_file_remove(*state, "no"), "no");
    assert_failure(EPI_ENOTFOUND, epi__dir_file_replace(*state, "no", "yes"), "no");
    assert_failure(EPI_ENOTFOUND, epi__dir_file_sync(*state, "no"), "no");
    assert_int_equal(-1, file);
}

static void a_file_of_the_caller_is_put_in_place_and_removed(void **state) {
    uint64_t size;
    scratch_write(scratch_path(*state, "index.new"), "graph", 5);
    scratch_write(scratch_path(*state, "index"), "old", 3);
    assert_status(EPI_OK, epi__dir_file_sync(*state, "index.new"));
    assert_status(EPI_OK, epi__dir_file_replace(*state, "index.new", "index"));
    assert_status(EPI_OK, epi__dir_file_size(&size, *state, "index"));
    assert_int_equal(5, size);
    assert_false(exists(scratch_path(*state, "index.new")));
    assert_status(EPI_OK, epi__dir_file_remove(*state, "index"));
    assert_false(exists(scratch_path(*state, "index")));
}

static void a_ballast_takes_its_blocks_and_gives_them_back(void **state) {
    const char *path = scratch_path(*state, "ballast");
    struct stat info;
    uint64_t left = 0;
    assert_status(EPI_OK, epi__dir_file_reserve(*state, "ballast", 1u << 20));
    assert_status(EPI_OK, epi__dir_file_reserve(*state, "ballast", 1u << 19)); /* large enough: left as it is */
    assert_int_equal(0, stat(path, &info));
    assert_int_equal(1u << 20, info.st_size);
    assert_true((uint64_t)info.st_blocks * 512 >= 1u << 20);
    assert_int_equal(0600, mode_of(path));
    assert_status(EPI_OK, epi__dir_free_size(&left, *state));
    assert_true(left > 0);
    assert_status(EPI_OK, epi__dir_file_remove(*state, "ballast"));
    assert_failure(EPI_ENOTFOUND, epi__dir_free_size(&left, scratch_path(*state, "no")), "no");
    assert_int_equal(0, left);
}

static void a_joined_path_has_one_slash(void **state) {
    (void)state;
    char *path = epi__dir_join("memory", "CURRENT");
    assert_string_equal("memory/CURRENT", path);
    epi__free(path);
}

/* ---- the lock --------------------------------------------------------------------------------------------------- */

static int try_lock(const char *directory) {
    epi__dir_lock lock;
    epi_status status = epi__dir_lock_take(&lock, directory, "lock");
    if (status == EPI_OK) raise(SIGKILL); /* with the lock in hand */
    return status == EPI_EBUSY ? 7 : 8;
}

static void a_lock_excludes_other_handles_and_processes_until_it_is_released(void **state) {
    epi__dir_lock first, second;
    assert_status(EPI_OK, epi__dir_lock_take(&first, *state, "lock"));
    assert_failure(EPI_EBUSY, epi__dir_lock_take(&second, *state, "lock"), "was locked");
    assert_int_equal(-1, second.file);
    epi__dir_lock_release(&second); /* never held: nothing happens */
    assert_int_equal(7, in_child(try_lock, *state));
    epi__dir_lock_release(&first);
    epi__dir_lock_release(&first);
    assert_int_equal(128 + SIGKILL, in_child(try_lock, *state));
    assert_status(EPI_OK, epi__dir_lock_take(&second, *state, "lock")); /* the dead hold nothing */
    epi__dir_lock_release(&second);
}

static void a_lock_is_not_lost_by_closing_the_file_elsewhere(void **state) {
    epi__dir_lock lock;
    int file;
    assert_status(EPI_OK, epi__dir_lock_take(&lock, *state, "lock"));
    assert_status(EPI_OK, epi__dir_file_open(&file, *state, "lock"));
    close(file);
    assert_int_equal(7, in_child(try_lock, *state));
    epi__dir_lock_release(&lock);
}

static void files_of_one_pattern_are_removed(void **state) {
    static const char *const names[] = {"a.vectors", ".vectors", "b.vectors.tmp", "vectors", "c.index"};
    for (size_t i = 0; i < 5; i++) assert_status(EPI_OK, epi__dir_file_write(*state, names[i], "x", 1));
    assert_status(EPI_OK, epi__dir_remove_all(*state, "*.vectors"));
    for (size_t i = 0; i < 5; i++) assert_int_equal(i >= 2, exists(scratch_path(*state, names[i])));
    assert_failure(EPI_ENOTFOUND, epi__dir_remove_all(scratch_path(*state, "none"), "*.vectors"), "none");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_directory_is_made_for_its_owner_and_may_be_there_already),
        TEST(a_directory_is_made_by_a_name_relative_to_the_working_directory),
        TEST(a_directory_without_a_parent_is_not_made),
        TEST(a_path_that_is_too_long_is_refused),
        TEST(no_link_pipe_socket_or_file_passes_for_a_directory),
        TEST(one_directory_has_one_identity),
        TEST(an_empty_directory_is_told_from_a_used_one),
        TEST(a_directory_of_known_files_is_removed),
        TEST(a_directory_with_other_files_is_left),
        TEST(files_of_one_pattern_are_removed),
        TEST(a_written_file_is_read_back_and_replaced_at_once),
        TEST(a_temporary_of_a_crash_is_in_nobodys_way),
        TEST(a_file_longer_than_the_limit_is_refused),
        TEST(what_is_not_a_plain_file_is_neither_read_nor_written),
        TEST(a_name_with_a_path_in_it_is_refused),
        TEST(a_missing_file_is_not_found),
        TEST(a_file_of_the_caller_is_put_in_place_and_removed),
        TEST(a_ballast_takes_its_blocks_and_gives_them_back),
        TEST(a_joined_path_has_one_slash),
        TEST(a_lock_excludes_other_handles_and_processes_until_it_is_released),
        TEST(a_lock_is_not_lost_by_closing_the_file_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
