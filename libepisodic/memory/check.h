/* check.h - what the check of a memory carries from record to record. */
#ifndef EPI_MEMORY_CHECK_H
#define EPI_MEMORY_CHECK_H

#include "mirror.h"

/* One space under check, in one snapshot. Each map says what the rows promise; walking the other tables takes it off
 * again, so what is left over at the end is missing, and what was not promised is surplus. */
typedef struct epi__check {
    epi_check_report report;
    bool (*found)(void *context, const epi_violation *violation);
    void *context;
    const char *space_name;

    epi__mirror *mirror;
    epi__scratch *scratch;
    epi__txn *txn;
    epi__state state;
    epi__table_sum sums[EPI__TABLE_SLOTS];
    epi__map episodes; /* episode -> its live steps */
    epi__map uses;     /* hash of a component's address -> uses */
    epi__map promised; /* step -> sum of the hashes of its postings, and of its vector where the caller gives it */
    uint64_t journal;  /* the entry visited last */
    uint64_t externals, told, facts, words, documents, vectors, questions, user_steps, assistant_steps, assistant_words;
    uint64_t forgotten, superseded, component_size, component_count;
    uint64_t building_said, building_vectors, generations_live, backlog, learned_said, learned;
    uint64_t column_steps;
    epi__map column_episodes, seats; /* of a columnar space: with a live step; taken or free */
    epi__arena arena; /* of one step */
} epi__check;

/* Reports a violation; EPI_ECANCELLED when the caller has had enough. */
epi_status epi__check_violation(epi__check *check, uint8_t table, epi__view key, const char *format, ...)
    EPI__PRINTF(4, 5);
/* A violation where the status says that something could not be read; other failures pass through. */
epi_status epi__check_unreadable(epi__check *check, uint8_t table, epi__view key, epi_status status);

epi_status epi__check_space(epi__check *check);

/* check_step.c: one row and all that it promises. */
epi_status epi__check_step(epi__check *check, epi__view key, epi__view body);
/* Takes one posting, or a vector (term.size 0), off what its step promises. */
epi_status epi__check_take(epi__check *check, uint64_t step, epi__view term, uint32_t weight, uint8_t length);
/* Counts a vector of a generation; its step must be there. */
epi_status epi__check_vector_of(epi__check *check, epi__view key, uint64_t generation, uint64_t step);
uint64_t epi__check_address(epi__hash128 hash, uint32_t ordinal);
epi_status epi__check_uses(epi__check *check, epi__view key, const epi__value *value);

#endif
