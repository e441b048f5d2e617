/* scratch.h - a directory of its own for each test of the store, and an engine in it. */
#ifndef EPI_TESTS_STORE_SCRATCH_H
#define EPI_TESTS_STORE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/dir.h"
#include "store/engine.h"

/* Setup and teardown of a cmocka test: *state is the path of an empty directory, removed with all in it afterwards. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* directory/name; valid until the fourth call from here. */
const char *scratch_path(const char *directory, const char *name);
void scratch_write(const char *path, const void *data, size_t size);
uint64_t scratch_file_size(const char *path);

/* Options of a test: a map of 64 MiB, 16 readers, made when missing, no sync. */
epi__engine_options scratch_options(void);
epi__engine *scratch_open(const char *directory);

epi__view text_view(const char *text); /* without its NUL */
epi__txn *begin(epi__engine *engine, bool write);
void put_text(epi__txn *txn, const char *key, const char *value);
void commit_text(epi__engine *engine, const char *key, const char *value); /* in a transaction of its own */
void assert_text(epi__txn *txn, const char *key, const char *value);       /* value NULL: absent */

void assert_status(epi_status expected, epi_status status);
/* ... and that the message contains `part`. */
void assert_failure(epi_status expected, epi_status status, const char *part);

/* Runs `child` in a forked process and returns its exit code, 128 + n when signal n ended it. */
int in_child(int (*child)(const char *directory), const char *directory);

#endif
