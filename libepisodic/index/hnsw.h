/* hnsw.h - what faiss_c_shim.cpp adds to FAISS's official C API: the links of an HNSW graph, for C to walk and to
 * write.
 *
 * FAISS owns the graph (faiss::HNSW inside an IndexHNSWFlat) and writes and reads it; the vectors are ours, so its flat
 * storage stays empty. Every function here catches every exception, as those of the C API do, and returns 0 or a
 * FaissErrorCode; faiss_get_last_error() has the words.
 */
#ifndef EPI_INDEX_HNSW_H
#define EPI_INDEX_HNSW_H

#include <faiss/c_api/Index_c.h>
#include <faiss/c_api/error_c.h>
#include <faiss/c_api/index_factory_c.h>
#include <faiss/c_api/index_io_c.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed from the FaissIndex: pointers move with the next epi__hnsw_append. The neighbours of a node fill the slots
 * from offsets[node] on: first those of level 0, then those of level 1, ...; the unused slots of a level are -1, at
 * its end. */
typedef struct epi__hnsw {
    int32_t *neighbours;
    const size_t *offsets; /* count + 1 */
    const int32_t *levels; /* count; 1 for a node that is only in level 0, as FAISS counts */
    size_t count;
    size_t neighbour_count;
    int32_t entry;     /* -1: none yet */
    int32_t top_level; /* of the entry; -1: none yet */
} epi__hnsw;

/* FAISS_EXCEPT when the index is no HNSW graph, or its tables contradict each other. */
int epi__hnsw_view(epi__hnsw *view, const FaissIndex *index);
int epi__hnsw_reserve(FaissIndex *index, size_t count);
/* One node more, with no links, in the levels 0 .. level; a failure leaves the graph as it was. */
int epi__hnsw_append(epi__hnsw *view, FaissIndex *index, int level);
/* The node where walks begin, and its level. */
void epi__hnsw_set_entry(epi__hnsw *view, FaissIndex *index, int32_t node);
/* How many neighbours a node may have in a level. */
int epi__hnsw_capacity(const FaissIndex *index, int level);

#ifdef __cplusplus
}
#endif

#endif
