/* embed.h - making the vectors that steps wait for, and those of an encoder that is to serve next; for upkeep. */
#ifndef EPI_MEMORY_EMBED_H
#define EPI_MEMORY_EMBED_H

#include <episodic/space.h>

#include "generation.h"

/* Adds to report->embedded, sets report->waiting, and takes report->complete away when `until`, a time of
 * epi__clock_monotonic_us(), came first (0: no limit) or options->progress ended it. Fails when an encoder did. */
epi_status epi__embed(epi_upkeep_report *report, epi__mirror *mirror, const epi_upkeep_options *options,
                      uint64_t until);

/* How much there is to do: stats->backlog, building_done, building_left. */
epi_status epi__embed_left(epi_space_stats *stats, epi__txn *txn, uint32_t space, const epi__state *state);

/* Begins another generation, for an encoder; it serves at once where there is no step. */
epi_status epi__embed_begin(epi__change *change, const epi_encoder *encoder);

/* The text of a step that an encoder gets, in scratch->text. EPI_ENOTFOUND: there is no such step. */
epi_status epi__embed_text(epi__scratch *scratch, const epi__mirror *mirror, epi__txn *txn, uint64_t step);

/* The generation that is building takes the place of the one that serves, if no step waits and it is no untrained
 * one; *done. */
epi_status epi__embed_switch(bool *done, epi__change *change);

/* The same in a change of its own. */
epi_status epi__embed_finish(epi__mirror *mirror);

/* Sets the building generation aside: its records are reclaimed by the next epi__embed(). */
epi_status epi__embed_retire(epi__change *change, uint64_t generation);
/* Takes away the records of generations that were set aside, some in each transaction. */
epi_status epi__embed_reclaim(epi__mirror *mirror);

#endif
