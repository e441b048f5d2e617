/* fuzz_import.c - any bytes as a file to import, in whatever form they look like.
 *
 * Beyond not crashing: what was imported once is there the second time, an export of it can be imported, and the store
 * is sound after all of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <episodic/episodic.h>

#include "base/base.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static epi_memory *memory;

static void must(bool held, const char *what) {
    if (held) return;
    fprintf(stderr, "%s: %s\n", what, epi_error_last()->message);
    abort();
}

static void close_memory(void) {
    epi_memory_close(memory);
}

static void open_memory(void) {
    epi_memory_options options = epi_memory_options_default();
    options.map_size = 256u << 20;
    must(epi_memory_open(&memory, scratch_folder(), &options) == EPI_OK, "opening a memory");
    atexit(close_memory);
}

static bool append_piece(void *context, const char *text, size_t size) {
    epi__buffer_append(context, text, size);
    return true;
}

static bool keep_name(void *context, const char *name) {
    epi__buffer_append(context, name, strlen(name) + 1);
    return true;
}

static epi_status import_as(epi_import_report *report, const void *text, size_t size, const char *space) {
    epi_import_options options = epi_import_options_default();
    options.space = space;
    options.source = "fuzz";
    return epi_import(report, memory, text, size, &options);
}

static void check_copy(const char *name) {
    epi_space *space = NULL;
    epi__buffer text = {0};
    epi_import_report report;
    must(epi_space_open(&space, memory, name, NULL) == EPI_OK, "opening a space that was imported");
    must(epi_export(space, append_piece, &text) == EPI_OK, "exporting what was imported");
    epi_space_close(space);
    must(import_as(&report, text.data, text.size, "(copy)") == EPI_OK, "importing what was exported");
    epi__buffer_dispose(&text);
    must(epi_space_drop(memory, "(copy)") == EPI_OK, "dropping the copy");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    epi_import_report report;
    epi_check_report sound;
    epi__buffer names = {0};
    if (memory == NULL) open_memory();
    if (import_as(&report, data, size, "(fuzz)") == EPI_OK) {
        must(import_as(&report, data, size, "(fuzz)") == EPI_OK, "importing it again");
        must(report.steps == 0, "a second import added steps");
    }
    must(epi_space_list(memory, keep_name, &names) == EPI_OK, "listing the spaces");
    for (size_t at = 0; at < names.size; at += strlen((char *)names.data + at) + 1) check_copy((char *)names.data + at);
    must(epi_memory_check(&sound, memory, NULL, NULL) == EPI_OK && sound.violations == 0, "checking the memory");
    for (size_t at = 0; at < names.size; at += strlen((char *)names.data + at) + 1) {
        must(epi_space_drop(memory, (char *)names.data + at) == EPI_OK, "dropping a space");
    }
    epi__buffer_dispose(&names);
    return 0;
}
