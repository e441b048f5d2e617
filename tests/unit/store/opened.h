/* opened.h - a memory's store with one space in it, for tests of what lies between the engine and the memory. */
#ifndef EPI_TESTS_STORE_OPENED_H
#define EPI_TESTS_STORE_OPENED_H

#include "scratch.h"
#include "store/catalog.h"
#include "store/table.h"

typedef struct opened {
    epi__store *store;
    uint32_t space;
} opened;

epi_memory_options opened_options(void); /* a map of 256 MiB */
/* The store in directory/memory, made when missing, and the space "main" with the conversation schema. */
opened opened_store(const char *directory);
void opened_close(opened *o);

epi__change opened_change(opened *o);
void opened_commit(epi__change *change);
epi__state opened_state(opened *o);

/* Overwrites a record past all checks: its stored value with one bit of byte `at` (from the end) turned. */
void opened_flip(opened *o, const epi__key *key, size_t at_from_end);
/* Copies the stored value, checksum and all, to another key. */
void opened_copy(opened *o, const epi__key *from, const epi__key *to);

epi__key step_key(uint32_t space, uint64_t step);

#endif
