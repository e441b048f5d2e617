/* vectors.h - where vectors are kept: in a step's tail record until it is sealed, then in chunks.
 *
 * A chunk holds the vectors of a range of step ids, so that id -> vector is arithmetic: chunk = id / capacity. Its body
 * is a bitmap (capacity / 8 bytes, at least 8; bit i: step chunk x capacity + i has a vector) and capacity x dimension
 * float32. Large values lie in pages of their own in the store's map, and are searched there, in place.
 */
#ifndef EPI_MEMORY_VECTORS_H
#define EPI_MEMORY_VECTORS_H

#include "mirror.h"

uint32_t epi__vectors_capacity(uint32_t dimension); /* steps a chunk: a power of two, about 128 KiB of vectors */

/* A tail record: the size of its document, the document, the vector if it has one. */
void epi__tail_record_encode(epi__buffer *out, const epi__document *document, const float *vector, uint32_t dimension);
epi_status epi__tail_record_decode(epi__view *document, epi__view *vector, epi__view body); /* vector.size 0: none */

/* Merges count vectors (ids rising; vectors[i] has `dimension` float32, unaligned) into their chunks; *added says how
 * many had none before. */
epi_status epi__vectors_seal(size_t *added, epi__change *change, uint32_t dimension, uint64_t generation,
                             const uint64_t *ids, const void *const *vectors, size_t count);
/* *removed: it was there. */
epi_status epi__vectors_remove(bool *removed, epi__change *change, uint32_t dimension, uint64_t generation,
                               uint64_t id);
/* Removes at most `limit` chunks of a generation, and what its encoder learned; *left: there may be more. */
epi_status epi__vectors_drop(bool *left, epi__change *change, uint64_t generation, size_t limit);

/* Of the generation that serves. One vector, copied to `out` (dimension floats), from the tail or its chunk.
 * EPI_ENOTFOUND: the step has none. */
epi_status epi__vectors_get(float *out, const epi__mirror *mirror, epi__txn *txn, const epi__state *state, uint64_t id);
/* The same in place; NULL when the step has none in a chunk. */
const float *epi__vectors_at(epi__mirror *mirror, epi__txn *txn, const epi__state *state, uint64_t id);

/* Of any generation, from its chunk, whose checksum is verified. EPI_ENOTFOUND: the step has none there. */
epi_status epi__vectors_read(float *out, const epi__mirror *mirror, epi__txn *txn, uint64_t generation,
                             uint32_t dimension, uint64_t id);

/* Calls visit for each chunk from the one of step `from` on: vectors[i] belongs to step first + i where bit i of
 * present is set. EPI_EDONE from visit ends the scan well. */
typedef epi_status (*epi__vectors_visit)(void *context, uint64_t first, const uint8_t *present, const float *vectors,
                                         uint32_t capacity);
epi_status epi__vectors_scan(epi__mirror *mirror, epi__txn *txn, const epi__state *state, uint64_t from,
                             epi__vectors_visit visit, void *context);
/* ... and for each vector of the tail table. */
typedef epi_status (*epi__vector_visit)(void *context, uint64_t step, const float *vector);
epi_status epi__vectors_scan_tail(epi__mirror *mirror, epi__txn *txn, const epi__state *state, epi__vector_visit visit,
                                  void *context);

/* A chunk's body taken apart, for the check. */
epi_status epi__chunk_open(const uint8_t **present, const float **vectors, epi__view body, uint32_t dimension);

#endif
