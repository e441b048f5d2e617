/* Bytes of any kind as the records of a space: each decoder gets them, and what it lends must lie within them. The
 * first byte chooses. */
#include <stdlib.h>

#include "format/record.h"
#include "lexical/lexical.h"
#include "memory/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static epi__view whole;

static void require(bool condition) {
    if (!condition) abort();
}

static void inside(epi__view view) {
    const uint8_t *from = view.data, *all = whole.data;
    if (view.size > 0) require(from >= all && view.size <= whole.size && from <= all + whole.size - view.size);
}

static void value_inside(const epi__value *value) {
    if (!value->component) inside((epi__view){value->data, (size_t)value->size});
}

static void try_row(epi__view body) {
    epi__row row;
    if (epi__row_decode(&row, body)) return;
    inside(row.external);
    for (unsigned i = 0; i < row.tag_count; i++) inside(epi__read_bytes(&row.rest));
    for (unsigned i = 0; i <= row.part_count; i++) {
        epi__value value;
        epi__value_decode(&value, &row.rest);
        if (!row.rest.failed) value_inside(&value);
    }
}

static void try_episode(epi__view body) {
    epi__episode_record record;
    if (epi__episode_decode(&record, body)) return;
    inside(record.external);
    inside(record.tags);
    value_inside(&record.title);
    value_inside(&record.metadata);
    value_inside(&record.outcome);
}

static void try_run(epi__view body) {
    epi__run run;
    (void)epi__run_decode(&run, 1, body);
}

/* A mark is written as it was read. */
static void try_mark(epi__view body) {
    epi__mark mark;
    epi__buffer again = {0};
    if (epi__mark_decode(&mark, body)) return;
    inside(mark.corrections);
    epi__mark_encode(&again, &mark);
    require(again.size == body.size && memcmp(again.data, body.data, body.size) == 0);
    epi__buffer_dispose(&again);
}

static void try_block(epi__view body) {
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    size_t count = 0;
    require((epi__block_decode(&count, postings, body) == EPI_OK) || count == 0);
    require(count <= EPI__BLOCK_COUNT_MAX);
}

static void try_term(epi__view body) {
    uint64_t documents;
    epi__view block;
    if (epi__term_record_decode(&documents, &block, body) == EPI_OK) inside(block);
}

/* A tail record, and its document through the index of unsealed words. */
static void try_tail(epi__view body) {
    epi__view document, vector, term;
    epi__recent *recent = NULL;
    uint32_t weight;
    if (epi__tail_record_decode(&document, &vector, body)) return;
    inside(document);
    inside(vector);
    epi__document_reader reader = epi__document_open(document);
    while (epi__document_next(&term, &weight, &reader)) inside(term);
    if (epi__recent_new(&recent) == EPI_OK) (void)epi__recent_add(recent, 1, document);
    epi__recent_free(recent);
}

static void try_chunk(epi__view body) {
    const uint8_t *present;
    const float *vectors;
    (void)epi__chunk_open(&present, &vectors, body, 3);
}

static void (*const tries[])(epi__view body) = {try_row,   try_episode, try_run,  try_mark,
                                                try_block, try_term,    try_tail, try_chunk};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    uint8_t *copy = malloc(size); /* aligned, and of its size to the byte */
    if (!copy) return 0;
    memcpy(copy, data + 1, size - 1);
    whole = (epi__view){copy, size - 1};
    tries[data[0] % (sizeof tries / sizeof *tries)](whole);
    free(copy);
    return 0;
}
