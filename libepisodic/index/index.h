/* index.h - nearest vectors: an HNSW graph over what was there at the last build, an exact flat tail over what came
 * since.
 *
 * Derived state: everything here can be dropped and built again from the store. An item is (id, vector); ids are the
 * caller's 64-bit step ids, in any order, no duplicates. The tail makes a new vector searchable at once; graph
 * insertion is epi__index_absorb's work, never a hidden thread's. HNSW cannot remove, so removing is a tombstone;
 * search over-fetches past tombstones, and epi__index_wants_rebuild() says when a rebuild is due.
 *
 * Threads: epi__index_search may run in many threads at once; the caller keeps it apart from all other calls
 * (reader/writer lock). Vectors are refused at the edge above, so here they are finite, of the right size, and unit
 * norm under EPI__METRIC_COSINE.
 */
#ifndef EPI_INDEX_INDEX_H
#define EPI_INDEX_INDEX_H

#include "../base/base.h"
#include "../math/math.h"

typedef struct epi__index epi__index;

/* Where the exact vector of an id is (the store's map), for a graph that keeps a smaller copy and re-ranks exactly.
 * Returns NULL when the id is gone. May be NULL as a whole: then the graph keeps exact vectors. The pointer is used
 * before the callback is called again. */
typedef const float *(*epi__index_vector_fn)(void *context, uint64_t id);

typedef struct epi__index_options {
    uint32_t dimension;
    epi__metric metric;
    uint32_t m;               /* HNSW neighbours a node; 0: 16 */
    uint32_t ef_construction; /* 0: 200 */
    uint32_t ef_search;       /* 0: 64 */
    uint32_t threads;         /* for building; 0: 1, which is the limit: one thread builds reproducibly */
    /* It makes the graph smaller (bfloat16 rows) only under EPI__METRIC_COSINE and from EPI__INDEX_HALVES_DIMENSION_MIN
     * dimensions on; else it is not called. */
    epi__index_vector_fn vector_of;
    void *vector_context; /* of vector_of; NULL: the context of the search that calls it */
} epi__index_options;

#define EPI__INDEX_M_MIN 2u
#define EPI__INDEX_M_MAX 128u
#define EPI__INDEX_M_DEFAULT 16u
#define EPI__INDEX_EF_MAX 65536u
#define EPI__INDEX_EF_CONSTRUCTION_DEFAULT 200u
#define EPI__INDEX_EF_SEARCH_DEFAULT 64u
#define EPI__INDEX_DIMENSION_MAX 65536u
#define EPI__INDEX_HALVES_DIMENSION_MIN 64u

epi_status epi__index_new(epi__index **index, const epi__index_options *options);
void epi__index_free(epi__index *index);

/* Puts count items into the tail (searchable at once). vectors: count x dimension. */
epi_status epi__index_add(epi__index *index, const uint64_t *ids, const float *vectors, size_t count);
epi_status epi__index_remove(epi__index *index, uint64_t id); /* EPI_OK also when absent */
/* Moves at most `limit` items from the tail into the graph, oldest first; *absorbed says how many. */
epi_status epi__index_absorb(size_t *absorbed, epi__index *index, size_t limit);

size_t epi__index_count(const epi__index *index); /* live items, graph and tail */
size_t epi__index_tail_count(const epi__index *index);
bool epi__index_contains(const epi__index *index, uint64_t id);
bool epi__index_wants_rebuild(const epi__index *index); /* tombstones past a quarter of the graph */

typedef bool (*epi__index_filter)(void *context, uint64_t id);
/* The k nearest live items, best first: score is the cosine, or minus the squared distance. Ties to the lowest id.
 * ef 0: the default. filter may be NULL. *count <= k. found holds room for k. */
epi_status epi__index_search(size_t *count, epi__best *found, const epi__index *index, const float *query, size_t k,
                             uint32_t ef, epi__index_filter filter, void *context);

/* What search would score each of count ids, within what a row of the graph loses (bfloat16: some 1e-4), in the tail
 * as in the graph; -INFINITY: the id is not there. */
epi_status epi__index_score(float *scores, const epi__index *index, const float *query, const uint64_t *ids,
                            size_t count);

/* The cache file: our header (magic, format, space, generation, dimension, metric, count, sequence, checksum of the
 * body) before FAISS's bytes, which are never parsed before the checksum holds. Written to a temporary, fsynced,
 * renamed, directory fsynced. The tail is saved too. */
typedef struct epi__index_stamp {
    uint64_t space;
    uint64_t generation;
    uint64_t sequence; /* of the journal: the changes up to here are in the file */
} epi__index_stamp;

epi_status epi__index_save(epi__index *index, const char *path, const epi__index_stamp *stamp);
/* EPI_ENOTFOUND none · EPI_EDAMAGED anything wrong with it (drop and rebuild) · EPI_EMISMATCH other options, space or
 * generation. *stamp receives the file's. */
epi_status epi__index_load(epi__index **index, epi__index_stamp *stamp, const char *path,
                           const epi__index_options *options, uint64_t space, uint64_t generation);

#endif
