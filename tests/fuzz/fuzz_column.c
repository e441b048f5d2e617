/* fuzz_column.c - bytes of any kind as the records of a columnar space: each decoder gets them, and what it lends lies
 * within them. What was read is written, and reads back the same. The first byte chooses. */
#include <stdlib.h>

#include "column/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static epi__layout layout;
static uint8_t *columns; /* of a chunk */

static void require(bool condition) {
    if (!condition) abort();
}

/* A space with an observation of three numbers, and a role of each width. */
static void make_layout(void) {
    epi_role roles[8];
    epi_schema schema;
    require(epi_schema_transitions(&schema, roles, 3, EPI_I32, 0) == EPI_OK);
    require(epi__layout_init(&layout, &schema) == EPI_OK);
    columns = malloc(layout.data_size);
    require(columns != NULL);
}

static void try_head(epi__view body) {
    epi__head head, again;
    epi__buffer out = {0};
    if (epi__head_decode(&head, 1, body, &layout)) return;
    const uint8_t *removed = head.removed.data, *from = body.data;
    if (head.removed.size > 0) require(removed >= from && removed + head.removed.size <= from + body.size);
    epi__head_encode(&out, &head);
    require(epi__head_decode(&again, 1, (epi__view){out.data, out.size}, &layout) == EPI_OK);
    require(again.count == head.count && again.steps == head.steps && again.evicted == head.evicted &&
            again.sealed == head.sealed && again.removed.size == head.removed.size);
    epi__buffer_dispose(&out);
}

/* The record's key has the place of its first row: the first four bytes. */
static void try_rows(epi__view body) {
    epi__key key;
    epi__rows rows;
    uint32_t first = 0;
    if (body.size < sizeof first) return;
    memcpy(&first, body.data, sizeof first);
    epi__rows_key(&key, 1, 1, first);
    epi__view rest = {(const uint8_t *)body.data + sizeof first, body.size - sizeof first};
    if (epi__rows_decode(&rows, &layout, (epi__view){key.bytes, key.size}, rest)) return;
    epi__rows_copy(columns, &layout, &rows);
    size_t size = epi__rows_size(&layout, rows.count, rows.ahead);
    uint8_t *out = malloc(size);
    require(out != NULL && size == rest.size);
    epi__rows_encode(out, &layout, columns, rows.first, rows.count, rows.ahead);
    require(memcmp(out, rest.data, size) == 0);
    free(out);
}

static void try_recorder(epi__view body) {
    epi__recorder_record record;
    epi__buffer out = {0};
    if (epi__recorder_decode(&record, body)) return;
    epi__recorder_encode(&out, &record);
    require(out.size == body.size && memcmp(out.data, body.data, out.size) == 0);
    epi__buffer_dispose(&out);
    epi__recorder_dispose(&record);
}

static void try_limits(epi__view body) {
    epi_transition_limits limits, again;
    epi__buffer out = {0};
    if (epi__limits_decode(&limits, body)) return;
    epi__limits_encode(&out, &limits);
    require(epi__limits_decode(&again, (epi__view){out.data, out.size}) == EPI_OK);
    require(again.max_steps == limits.max_steps && again.unit == limits.unit);
    epi__buffer_dispose(&out);
}

static void (*const tries[])(epi__view body) = {try_head, try_rows, try_recorder, try_limits};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (columns == NULL) make_layout();
    if (size == 0) return 0;
    uint8_t *copy = malloc(size); /* aligned, and of its size to the byte */
    if (copy == NULL) return 0;
    memcpy(copy, data + 1, size - 1);
    tries[data[0] % (sizeof tries / sizeof *tries)]((epi__view){copy, size - 1});
    free(copy);
    return 0;
}
