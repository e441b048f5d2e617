/* scratch.c - see scratch.h. */
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int scratch_setup(void **state) {
    const char *base = getenv("TMPDIR");
    char *path = malloc(512);
    if (path == NULL) return -1;
    (void)snprintf(path, 512, "%s/episodic-XXXXXX", base != NULL ? base : "/tmp");
    *state = mkdtemp(path);
    return *state == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)kind, (void)where;
    return remove(path);
}

int scratch_teardown(void **state) {
    int code = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return code;
}

const char *scratch_path(const char *directory, const char *name) {
    static char paths[4][1024];
    static size_t next;
    char *path = paths[next++ % EPI__COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

void scratch_write(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(size, size == 0 ? 0 : fwrite(data, 1, size, file));
    assert_int_equal(0, fclose(file));
}

uint64_t scratch_file_size(const char *path) {
    struct stat info;
    assert_int_equal(0, stat(path, &info));
    return (uint64_t)info.st_size;
}

epi__engine_options scratch_options(void) {
    return (epi__engine_options){.map_size = 64u << 20, .readers_max = 16, .create = true, .no_sync = true};
}

epi__engine *scratch_open(const char *directory) {
    epi__engine *engine = NULL;
    epi__engine_options options = scratch_options();
    assert_status(EPI_OK, epi__lmdb_open(&engine, directory, &options));
    return engine;
}

epi__view text_view(const char *text) {
    return (epi__view){.data = text, .size = strlen(text)};
}

epi__txn *begin(epi__engine *engine, bool write) {
    epi__txn *txn = NULL;
    assert_status(EPI_OK, engine->ops->begin(&txn, engine, write));
    return txn;
}

void put_text(epi__txn *txn, const char *key, const char *value) {
    assert_status(EPI_OK, txn->engine->ops->put(txn, text_view(key), text_view(value)));
}

void commit_text(epi__engine *engine, const char *key, const char *value) {
    epi__txn *txn = begin(engine, true);
    put_text(txn, key, value);
    assert_status(EPI_OK, engine->ops->commit(txn));
}

void assert_text(epi__txn *txn, const char *key, const char *value) {
    epi__view found;
    assert_status(value != NULL ? EPI_OK : EPI_ENOTFOUND, txn->engine->ops->get(&found, txn, text_view(key)));
    assert_int_equal(value != NULL ? strlen(value) : 0, found.size);
    if (value != NULL) assert_memory_equal(value, found.data, found.size);
}

void assert_status(epi_status expected, epi_status status) {
    if (status == expected) return;
    fail_msg("%s instead of %s; last error: %s", epi_status_name(status), epi_status_name(expected),
             epi_error_last()->message);
}

void assert_failure(epi_status expected, epi_status status, const char *part) {
    assert_status(expected, status);
    assert_int_equal(expected, epi_error_last()->status);
    assert_string_equal("store", epi_error_last()->module);
    if (strstr(epi_error_last()->message, part) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", epi_error_last()->message, part);
}

int in_child(int (*child)(const char *directory), const char *directory) {
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) _exit(child(directory));
    int status = 0;
    assert_int_equal(process, waitpid(process, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
