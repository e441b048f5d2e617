/* ledger.h - what several processes agree on while they write to one memory: steps that were acknowledged, in shared
 * memory.
 *
 * Each step's text follows from its writer and its number in that writer, so a reader can tell every byte.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "place.h"

#include <stdatomic.h>
#include <stdbool.h>

#define LEDGER_WRITERS 2
#define LEDGER_STEPS 65536

enum { LEDGER_ADDING = 1, LEDGER_STORED, LEDGER_REMOVING, LEDGER_REMOVED };

typedef struct ledger_entry {
    uint64_t step;
    _Atomic uint32_t state; /* 0: not begun */
} ledger_entry;

typedef struct ledger {
    _Atomic uint32_t counts[LEDGER_WRITERS]; /* numbers that were begun, from 0 on */
    _Atomic uint32_t failures;
    ledger_entry entries[LEDGER_WRITERS][LEDGER_STEPS];
} ledger;

ledger *ledger_new(void); /* shared with children */
void ledger_free(ledger *l);

/* A writer's life: adds, batches, removals and upkeep by a seed, until `until` (0: for ever) in microseconds of the
 * monotonic clock. Returns 0, or 1 after it has printed what failed. */
int ledger_write(ledger *l, unsigned writer, const char *path, const epi_memory_options *options, uint64_t seed,
                 uint64_t until);
/* Compares a memory with the ledger: every acknowledged step byte for byte, no acknowledged removal undone, no holes
 * in what each writer appended, words and vectors that find every step (1 of `every`), a clean check. 0, or 1 after
 * printing. */
int ledger_compare(const ledger *l, const char *path, const epi_memory_options *options, unsigned every);

void ledger_text(char text[128], unsigned writer, uint32_t number);
uint64_t ledger_clock_us(void);
uint64_t ledger_random(uint64_t *state);

#endif
