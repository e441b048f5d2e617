/* salvage.h - reading what can still be read of a damaged space.
 *
 * A mirror of its own, beside the shared one, is loaded from whatever records are sound: it has no words and no vector
 * index, and nothing else of the process sees it. What reads through it passes over what fails its checksum, where a
 * call says so with epi__salvage_passes(), and counts it.
 */
#ifndef EPI_MEMORY_SALVAGE_H
#define EPI_MEMORY_SALVAGE_H

#include "mirror.h"

typedef struct epi__salvage {
    uint64_t values;  /* parts, metadata, titles, outcomes and vectors that were passed over */
    uint64_t records; /* records of tables that were passed over */
    bool cut;         /* the last walk that failed did so between records, since this was set to false */
} epi__salvage;

/* A mirror of the same space; *salvage counts, and must live as long. */
epi_status epi__mirror_salvage(epi__mirror **made, const epi__mirror *of, epi__salvage *salvage);
void epi__mirror_free(epi__mirror *mirror); /* one of these; NULL is allowed */

/* Whether the failure is one to pass over. */
static inline bool epi__salvage_passes(const epi__mirror *mirror, epi_status status) {
    return mirror->salvage && status == EPI_EDAMAGED;
}

/* epi__scan_next(); for salvage a record that fails its checksum has a NULL body, and a walk that fails has ended. */
epi_status epi__salvage_next(epi__view *key, epi__view *body, epi__scan *scan, const epi__mirror *mirror);

#endif
