/* Every call of the library with its n-th system call failing, for n = 1, 2, ... until the call makes no more: EIO
 * and ENOSPC, once and for ever. The status names the failure, what was acknowledged is there, and the next open works.
 *
 * Wrapped in the library and in LMDB, which is linked as an archive: what writes, syncs, cuts, renames and removes,
 * and what opens.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define STEPS 30

static struct {
    bool armed, for_ever, fired;
    int error;
    size_t left; /* system calls that still succeed */
} fault;

static bool must_fail(void) {
    if (!fault.armed) return false;
    if (fault.left > 0) {
        fault.left--;
        return false;
    }
    fault.fired = true;
    fault.armed = fault.for_ever;
    errno = fault.error;
    return true;
}

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __real_pwritev(int file, const struct iovec *parts, int count, off_t offset);
ssize_t __real_writev(int file, const struct iovec *parts, int count);
ssize_t __real_write(int file, const void *data, size_t size);
int __real_fdatasync(int file);
int __real_fsync(int file);
int __real_ftruncate(int file, off_t size);
int __real_posix_fallocate(int file, off_t offset, off_t size);
int __real_renameat(int from, const char *old, int to, const char *new);
int __real_rename(const char *old, const char *new);
int __real_mkdir(const char *path, mode_t mode);
int __real_open(const char *path, int flags, ...);
int __real_openat(int directory, const char *path, int flags, ...);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwritev(int file, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_writev(int file, const struct iovec *parts, int count);
ssize_t __wrap_write(int file, const void *data, size_t size);
int __wrap_fdatasync(int file);
int __wrap_fsync(int file);
int __wrap_ftruncate(int file, off_t size);
int __wrap_posix_fallocate(int file, off_t offset, off_t size);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_rename(const char *old, const char *new);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset) {
    return must_fail() ? -1 : __real_pwrite(file, data, size, offset);
}
ssize_t __wrap_pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    return must_fail() ? -1 : __real_pwritev(file, parts, count, offset);
}
ssize_t __wrap_writev(int file, const struct iovec *parts, int count) {
    return must_fail() ? -1 : __real_writev(file, parts, count);
}
ssize_t __wrap_write(int file, const void *data, size_t size) {
    return must_fail() ? -1 : __real_write(file, data, size);
}
int __wrap_fdatasync(int file) {
    return must_fail() ? -1 : __real_fdatasync(file);
}
int __wrap_fsync(int file) {
    return must_fail() ? -1 : __real_fsync(file);
}
int __wrap_ftruncate(int file, off_t size) {
    return must_fail() ? -1 : __real_ftruncate(file, size);
}
int __wrap_posix_fallocate(int file, off_t offset, off_t size) {
    return must_fail() ? fault.error : __real_posix_fallocate(file, offset, size);
}
int __wrap_renameat(int from, const char *old, int to, const char *new) {
    return must_fail() ? -1 : __real_renameat(from, old, to, new);
}
int __wrap_rename(const char *old, const char *new) {
    return must_fail() ? -1 : __real_rename(old, new);
}
int __wrap_mkdir(const char *path, mode_t mode) {
    return must_fail() ? -1 : __real_mkdir(path, mode);
}
int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail() ? -1 : __real_open(path, flags, mode);
}
int __wrap_openat(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail() ? -1 : __real_openat(directory, path, flags, mode);
}

/* ---- the memory that each call meets ----------------------------------------------------------------------------- */

typedef struct world {
    place place;
    uint64_t steps[STEPS];
    uint64_t acknowledged; /* one more step that a call stored; 0: none */
} world;

static world model; /* made once and copied */

static void make_model(void) {
    char text[64];
    place_make(&model.place);
    place_open(&model.place);
    epi_episode *episode = place_episode(model.place.space);
    for (int i = 0; i < STEPS; i++) {
        (void)snprintf(text, sizeof text, "word%dx and others", i);
        model.steps[i] = place_say(episode, text);
        if (i == STEPS / 2) EXPECT(EPI_OK, epi_space_upkeep(NULL, model.place.space, NULL));
    }
    epi_episode_close(episode);
    place_close(&model.place);
}

static void meet(world *w) {
    char command[256];
    memset(w, 0, sizeof *w);
    place_make(&w->place);
    memcpy(w->steps, model.steps, sizeof w->steps);
    (void)snprintf(command, sizeof command, "cp -r '%s' '%s'", model.place.path, w->place.path);
    assert_int_equal(system(command), 0);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status open_all(world *w) {
    epi_status status = epi_memory_open(&w->place.memory, w->place.path, &w->place.options);
    return status ? status : epi_space_open(&w->place.space, w->place.memory, "main", epi_schema_conversation());
}

static epi_status create(world *w) {
    (void)snprintf(w->place.path, sizeof w->place.path, "%s/another", w->place.base);
    return open_all(w);
}

static epi_status append(world *w) {
    epi_status status = epi_remember_text(w->place.space, "Ann", "wordnewx", &w->acknowledged);
    return status ? status : epi_sync(NULL, w->place.memory);
}

static epi_status append_twice(world *w) {
    epi_status status = append(w), again = epi_remember_text(w->place.space, "Ann", "more", NULL);
    if (!again) again = epi_sync(NULL, w->place.memory);
    return status ? status : again;
}

static epi_status upkeep(world *w) {
    return epi_space_upkeep(NULL, w->place.space, NULL);
}

static epi_filter some(const world *w) {
    epi_filter filter = epi_filter_default();
    filter.steps = w->steps + 5;
    filter.step_count = 10;
    return filter;
}

static epi_status remove_some(world *w) {
    epi_filter filter = some(w);
    return epi_remove(NULL, w->place.space, &filter, false);
}

static epi_status purge_some(world *w) {
    epi_filter filter = some(w);
    return epi_purge(NULL, w->place.space, &filter);
}

static epi_status compact(world *w) {
    return epi_memory_compact(w->place.memory);
}

static epi_status drop(world *w) {
    epi_space *space = NULL;
    epi_status status = epi_space_open(&space, w->place.memory, "brief", epi_schema_trajectory());
    epi_space_close(space);
    return status ? status : epi_space_drop(w->place.memory, "brief");
}

/* ---- failing ----------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *name;
    epi_status (*run)(world *w);
    bool opened;
    epi_sync_policy sync;
} call;

static const call calls[] = {
    {"create", create, false, EPI_SYNC_EACH_COMMIT},
    {"open", open_all, false, EPI_SYNC_EACH_COMMIT},
    {"append", append, true, EPI_SYNC_EACH_COMMIT},
    {"append and sync", append, true, EPI_SYNC_MANUAL},
    {"append twice", append_twice, true, EPI_SYNC_EACH_COMMIT},
    {"upkeep", upkeep, true, EPI_SYNC_EACH_COMMIT},
    {"remove", remove_some, true, EPI_SYNC_EACH_COMMIT},
    {"purge", purge_some, true, EPI_SYNC_EACH_COMMIT},
    {"compact", compact, true, EPI_SYNC_EACH_COMMIT},
    {"drop a space", drop, true, EPI_SYNC_EACH_COMMIT},
};

static void assert_named(const call *c, size_t n, epi_status status) {
    epi_status expected = fault.error == ENOSPC ? EPI_EDISKFULL : EPI_EIO;
    if (status == EPI_OK || status == expected || status == EPI_EIO) return; /* LMDB tells EIO of a short write */
    fail_msg("%s, system call %zu: %s (%s)", c->name, n, epi_status_name(status), epi_error_last()->message);
}

/* The next open works, and everything acknowledged is there. */
static void verify(world *w, const call *c, epi_status status) {
    w->place.options.sync = EPI_SYNC_EACH_COMMIT;
    w->place.memory = NULL;
    w->place.space = NULL;
    EXPECT(EPI_OK, open_all(w));
    place_check(w->place.memory);
    if (c->run != create) {
        place_assert_text(w->place.space, w->steps[1], "word1x and others");
        assert_true(place_finds(w->place.space, "word29x", w->steps[29]));
        uint64_t fewest = c->run == remove_some || c->run == purge_some ? STEPS - 10 : STEPS;
        assert_true(place_stats(w->place.space).steps >= fewest);
        if (!status && c->run == append) assert_true(place_finds(w->place.space, "wordnewx", w->acknowledged));
    }
    EXPECT(EPI_OK, epi_remember_text(w->place.space, "Ann", "life goes on", NULL));
    EXPECT(EPI_OK, epi_memory_compact(w->place.memory));
    EXPECT(EPI_OK, epi_space_upkeep(NULL, w->place.space, NULL));
    place_check(w->place.memory);
    place_close(&w->place);
}

static bool fail_at(const call *c, size_t n, int error, bool for_ever) {
    world w;
    meet(&w);
    w.place.options.sync = c->sync;
    if (c->opened) {
        EXPECT(EPI_OK, open_all(&w));
        assert_true(place_finds(w.place.space, "word2x", w.steps[2]));
    }
    fault.left = n - 1;
    fault.for_ever = for_ever;
    fault.error = error;
    fault.fired = false;
    fault.armed = true;
    epi_status status = c->run(&w);
    assert_named(c, n, status);
    if (!fault.fired) assert_int_equal(status, EPI_OK);
    epi_space_close(w.place.space);
    (void)epi_memory_close(w.place.memory);
    fault.armed = false;
    verify(&w, c, status);
    place_remove(&w.place);
    return fault.fired;
}

static void fail_everywhere(const call *c) {
    static const int errors[] = {EIO, ENOSPC};
    for (int i = 0; i < 4; i++) {
        size_t n = 1;
        while (fail_at(c, n, errors[i % 2], i >= 2)) n++;
        assert_true(n > 5); /* the wrapping works, in LMDB too */
        print_message("%-16s %-6s %s: %zu system calls\n", c->name, i % 2 ? "ENOSPC" : "EIO",
                      i >= 2 ? "for ever" : "once", n - 1);
    }
}

static void every_system_call_may_fail(void **state) {
    const char *only = getenv("EPISODIC_TEST_CALL");
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!only || strcmp(only, calls[i].name) == 0) fail_everywhere(&calls[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_system_call_may_fail)};
    if (access("/dev/shm", W_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0);
    make_model();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    place_remove(&model.place);
    return failed;
}
