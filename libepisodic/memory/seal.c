/* seal.c - moving the tail into postings and vector chunks, in the transaction of whoever finds it full.
 *
 * The tail is where steps are searchable from their commit on; sealing turns a few thousand small records into one
 * write a term and one a chunk. What each reader sees changes in one commit, journaled as SEAL.
 */
#include "append.h"
#include "vectors.h"

#define MODULE "memory"

/* The tail's records, copied out of the store: it changes while they are worked on. */
typedef struct gathered {
    epi__arena arena;
    uint32_t dimension;
    epi__posting_entry *entries;
    size_t entry_count, entry_capacity;
    uint64_t *vector_ids;
    const void **vectors;
    uint64_t *ids;
    size_t vector_count, count, capacity;
} gathered;

static void dispose(gathered *all) {
    epi__arena_dispose(&all->arena);
    epi__free(all->entries);
    epi__free(all->vector_ids);
    epi__free(all->vectors);
    epi__free(all->ids);
}

static epi_status gather_document(gathered *all, uint64_t step, epi__view encoded) {
    epi__document_reader document = epi__document_open(encoded);
    epi__view term;
    uint32_t weight;
    uint8_t length = epi__length_code(document.length);
    while (epi__document_next(&term, &weight, &document)) {
        if (all->entry_count == all->entry_capacity) {
            size_t more = all->entry_capacity ? all->entry_capacity * 2 : 16384;
            epi__posting_entry *grown = epi__realloc(all->entries, more, sizeof *grown);
            if (!grown) return epi__fail_memory(MODULE, more * sizeof *grown);
            all->entries = grown;
            all->entry_capacity = more;
        }
        all->entries[all->entry_count++] = (epi__posting_entry){term, {step, weight, length}};
    }
    return document.reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "a tail record is cut") : EPI_OK;
}

static epi_status gather_record(gathered *all, uint64_t step, epi__view body) {
    epi__view document, vector;
    if (all->count == all->capacity)
        return epi__fail(EPI_EDAMAGED, MODULE, "the tail has more records than were counted");
    void *copy = epi__arena_copy(&all->arena, body.data, body.size);
    if (!copy) return epi__fail_memory(MODULE, body.size);
    EPI__TRY(epi__tail_record_decode(&document, &vector, (epi__view){copy, body.size}));
    if (vector.size > 0 && vector.size != all->dimension * sizeof(float))
        return epi__fail(EPI_EDAMAGED, MODULE, "the tail record of step %llu has a vector of %zu bytes",
                         (unsigned long long)step, vector.size);
    all->ids[all->count++] = step;
    if (vector.size > 0) {
        all->vector_ids[all->vector_count] = step;
        all->vectors[all->vector_count++] = vector.data;
    }
    return document.size ? gather_document(all, step, document) : EPI_OK;
}

static epi_status gather(gathered *all, epi__change *change) {
    epi__scan scan = {0};
    epi__view key, body;
    all->capacity = (size_t)epi__state_count(&change->state, EPI__TABLE_TAIL);
    all->ids = epi__realloc(NULL, all->capacity + 1, sizeof *all->ids);
    all->vector_ids = epi__realloc(NULL, all->capacity + 1, sizeof *all->vector_ids);
    all->vectors = epi__realloc(NULL, all->capacity + 1, sizeof *all->vectors);
    if (!all->ids || !all->vector_ids || !all->vectors) return epi__fail_memory(MODULE, all->capacity * sizeof(void *));
    epi_status status = epi__scan_table(&scan, change->tx.txn, change->space, EPI__TABLE_TAIL);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        status = gather_record(all, epi__key_id(key), body);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status empty_tail(gathered *all, epi__change *change) {
    epi__key key;
    for (size_t i = 0; i < all->count; i++) {
        epi__key_of_u64(&key, change->space, EPI__TABLE_TAIL, all->ids[i]);
        EPI__TRY(epi__change_remove(change, &key));
    }
    return EPI_OK;
}

epi_status epi__seal(uint64_t *sealed, epi__change *change) {
    gathered all = {.dimension = (uint32_t)change->state.dimension};
    size_t added = 0;
    epi_status status = gather(&all, change);
    if (!status && all.count > 0) {
        status = epi__postings_insert(change, all.entries, all.entry_count);
        if (!status && all.vector_count > 0)
            status = epi__vectors_seal(&added, change, all.dimension, change->state.generation, all.vector_ids,
                                       all.vectors, all.vector_count);
        if (!status) status = empty_tail(&all, change);
        epi__change_note(change, EPI__CHANGE_SEAL, all.count, 0);
    }
    if (sealed) *sealed = status ? 0 : all.count;
    dispose(&all);
    return status;
}
