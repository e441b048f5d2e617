/* beside.h - vectors that the caller gives beside those of the space's encoder: of images, sounds or anything else that
 * a step has besides its text, in the role with EPI_ROLE_VECTOR of a space whose encoder is not EPI_ENCODER_GIVEN.
 *
 * They are parts of their steps and kept as such; what is here is derived: a flat index of them all in memory, made
 * when a cue asks for the first time, followed from the journal from then on, and searched exactly. The mirror's lock
 * guards it, and its making has a mutex of its own.
 */
#ifndef EPI_MEMORY_BESIDE_H
#define EPI_MEMORY_BESIDE_H

#include "mirror.h"

/* The role's place in the schema; -1: the space has none. */
int epi__beside_role(const epi_schema *schema);

/* While catching up: a step came, or went. Nothing where no cue has asked yet. */
epi_status epi__beside_add(epi__mirror *mirror, epi__txn *txn, uint64_t step);
epi_status epi__beside_remove(epi__mirror *mirror, uint64_t step);
/* It will be made anew. */
void epi__beside_drop(epi__mirror *mirror);

/* The k nearest steps of a vector of the role's size, of unit norm under the cosine metric; best first. */
epi_status epi__beside_nearest(size_t *count, epi__best *found, epi__snapshot *snapshot, const float *query, size_t k,
                               epi__nearest_filter filter, void *context);

#endif
