/* fixture.h - a memory in a directory of its own, in RAM where there is a place, and short ways to import into it and
 * to read from it. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <episodic/episodic.h>

#include "base/base.h"

typedef struct fixture {
    char path[64];
    epi_memory *memory;
    epi_import_report report; /* of the last import */
} fixture;

void fixture_open(fixture *f);
void fixture_close(fixture *f); /* removes the directory too */

/* A cmocka test whose *state is an open fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

/* Imports a text with a space and a source (both may be NULL). */
epi_status fixture_import(fixture *f, const char *text, epi_format format, const char *space, const char *source);
/* Fails the test when the import fails or reports other counts. */
void fixture_imports(fixture *f, const char *text, const char *space, uint64_t steps, uint64_t present,
                     uint64_t skipped);
/* Fails the test unless the import fails so, with a message that holds the text. */
void fixture_refuses(fixture *f, const char *text, epi_format format, epi_status status, const char *message);
/* The same for each of a table, with EPI_EFORMAT. What came before the mistake is dropped. */
typedef struct refusal {
    const char *text;
    const char *message;
} refusal;
void fixture_refuses_all(fixture *f, epi_format format, const refusal *bad, size_t count);

epi_space *fixture_space(fixture *f, const char *name);
/* All of a space: "speaker: text" lines, in order of time of the episodes; other roles as "role=value". */
void fixture_read(epi__buffer *out, fixture *f, const char *name);
void fixture_export(epi__buffer *out, fixture *f, const char *name);
void assert_space_is(fixture *f, const char *name, const char *lines);

#endif
